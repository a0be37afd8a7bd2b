"""The posterior of the temperature model: effects of length and budget, and the terms they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import Gate, gate_tree
from hotmess.inference.spec import Spec
from hotmess.temperature.called import called
from hotmess.temperature.data import LengthData
from hotmess.temperature.design_effects import narrowed
from hotmess.temperature.effects import Curves, average_slopes, curves, points
from hotmess.temperature.like_these import QuestionInfluence, question_influence, slope_influence
from hotmess.temperature.prior import Pooling, TemperaturePrior
from hotmess.temperature.trust import REFIT, failed_units

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.statements.effective import Effective

EFFECTS = ("incoherence", "heat", "lift")


@dataclass(frozen=True)
class LengthFit:
    """Posterior of the temperature model.

    `lengths` are the arranged responses; `data` is an `xarray.DataTree`: `theta` (chain, draw, unit, parameter),
    `scores` (chain, draw, option, cell), `scales` where units are pooled; for the fast path the attributes `pareto_k`
    and `effective` say whether it may be trusted.
    """

    lengths: LengthData
    data: xr.DataTree
    spec: Spec
    pool: Pooling
    notes: tuple[str, ...] = ()
    source: Any = field(default=None, repr=False, compare=False)
    make: Callable[[Any, Spec], LengthFit] | None = field(default=None, repr=False, compare=False)
    _cache: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def engine(self) -> str:
        return self.spec.engine

    @property
    def prior(self) -> TemperaturePrior:
        prior: TemperaturePrior = self.spec.prior
        return prior

    @property
    def seed(self) -> int:
        return self.spec.seed

    def refit(self, **changes: Any) -> LengthFit:
        """The same responses fitted again, with the settings of `spec` but for the changes.

        Raises
        ------
        BadInput
            For a setting that a spec does not have, or where the responses are not at hand.
        """
        return self._made(lambda table: table, self.spec.changed(**changes))

    def without(self, *, questions: Sequence[Any] = (), models: Sequence[str] = ()) -> LengthFit:
        """The rest fitted without some questions (names, or (benchmark, question) pairs) or some models."""
        from hotmess.responses.left_out import kept_rows

        return self._made(lambda table: table.iloc[kept_rows(table, questions, models)], self.spec)

    def _made(self, change: Callable[[pd.DataFrame], pd.DataFrame], spec: Spec) -> LengthFit:
        if self.source is None or self.make is None:
            raise BadInput("The responses of this fit are not at hand; fit them again with fit_lengths.")
        whole = getattr(self.source, "table", self.source)
        rest = change(whole).reset_index(drop=True)
        return self.make(rest if whole is self.source else replace(self.source, table=rest), spec)

    def saved(self) -> dict[str, Any]:
        """What belongs to this fit beside its draws; the responses are not kept."""
        return {"lengths": self.lengths, "spec": self.spec, "pool": self.pool, "notes": self.notes}

    def save(self, path: str) -> None:
        """Write the posterior as netCDF, whole, for `hotmess.load`."""
        from hotmess.inference.store import save_posterior

        save_posterior(self, path)

    @cached_property
    def labels(self) -> list[str]:
        """One label per unit."""
        columns = [c for c in ("model", "benchmark", "condition") if c in self.lengths.units]
        vary = [c for c in columns if self.lengths.units[c].nunique() > 1] or ["model"]
        return self.lengths.units[vary].agg(", ".join, axis=1).tolist()

    @cached_property
    def gate(self) -> Gate:
        """R-hat, effective sizes, divergences; the fast path fails where all units do (`failed`: they are left out)."""
        if self.engine == "fast":
            if len(self.failed) == len(self.lengths.units):
                other = self.data.attrs.get("remedy", REFIT)
                return Gate((f"the fast path failed {'; '.join(self.failed.values())}: {other}",))
            # Of one unit, and of all at once, draws are weighted: judged by Pareto k and the weights, not by R-hat.
            return Gate(independent=not self.pool.groupings)
        names = [n for n in ("theta", "scales") if n in self.data["posterior"]]
        return gate_tree(self.data, names=names, called=called(self.labels))

    @cached_property
    def failed(self) -> dict[int, str]:
        """Units in which the fast path failed, and why (`hotmess.temperature.trust`)."""
        return failed_units(self.data.attrs, self.labels) if self.engine == "fast" else {}

    @cached_property
    def influence(self) -> QuestionInfluence | None:
        """What each question does to the posterior; None where the cells' likelihoods are not at hand."""
        if "log_likelihood" not in self.data.children or "cell_responses" not in self.data["log_likelihood"]:
            return None
        from hotmess.temperature.model import prior_moments

        features = self.lengths.features
        scales = np.median(self.flat("scales"), axis=0) if self.pool.groupings else np.zeros((0, 2 * len(features)))
        precision = prior_moments(scales, self.prior, self.pool, features)[0]
        cells = self.data["log_likelihood"].to_dataset()["cell_responses"].values
        theta = self._narrow()
        n = float(self.data.attrs.get("effective", len(theta)))
        return question_influence(self.lengths, theta, cells.reshape(len(theta), -1), precision, n)

    def _narrow(self) -> np.ndarray:
        """(samples, G, T) parameters before what contexts widened (`hotmess.temperature.design_effects`)."""
        return narrowed(self.flat("theta"), self.data.attrs.get("design_effects"))

    def flat(self, name: str) -> np.ndarray:
        """(samples, …) draws of a variable, chain by chain."""
        values = self.data["posterior"].to_dataset()[name].values
        return values.reshape(-1, *values.shape[2:])

    def _shape(self, flat: np.ndarray) -> np.ndarray:
        sizes = self.data["posterior"].sizes
        return flat.reshape(sizes["chain"], sizes["draw"], *flat.shape[1:])

    @cached_property
    def at(self) -> dict[str, np.ndarray]:
        """Features at which units are compared: see `hotmess.temperature.effects.points`."""
        return points(self.lengths)

    def curves(self, where: str, *, population: str = "like-these", effects: np.ndarray | None = None) -> Curves:
        """Set terms at the points called `where`: natural, budget, zero, natural_curve or budget_curve.

        Raises
        ------
        NotTestable
            If lengths, or budgets, do not vary.
        """
        at = self.at
        if where not in at:
            what = {
                "natural": "Lengths do not vary within the budgets",
                "budget": "No model has two budgets with tokens",
            }
            raise NotTestable(f"{what.get(where.partition('_')[0], 'There is no budget without tokens')}.")
        key = (where, population)
        if effects is not None or key not in self._cache:
            draws = self.flat("theta"), self.flat("scores")
            result = curves(self.lengths, *draws, at[where], population=population, seed=self.seed, effects=effects)
            if effects is not None:
                return result
            self._cache[key] = result
        out: Curves = self._cache[key]
        return out

    def slopes(self, kind: str, *, population: str = "like-these") -> dict[str, np.ndarray]:
        """Average slopes per doubling, `kind` natural or budget: (chain, draw, G) arrays, see `effects.average_slopes`.

        `incoherence` is beta, the change of logit incoherence; `heat` the change of log temperature; `lift` that of the
        target's score. nan for units whose lengths, or budgets, do not vary, and for those that failed.
        """
        key = ("slopes", kind, population)
        if key not in self._cache:
            self._cache[key] = self._slopes(kind, population)
        return {name: self._shape(value.copy()) for name, value in self._cache[key].items()}

    def _slopes(self, kind: str, population: str) -> dict[str, np.ndarray]:
        out = average_slopes(self.curves(kind, population=population), self.reach(kind))
        out |= {name: self._own(kind, name) for name in EFFECTS}
        if population == "like-these" and self.influence is not None:
            for name in EFFECTS:
                each = [self._settled(kind, name, alone)[0] for alone in np.eye(len(self.lengths.units))]
                out[name] = np.stack(each, axis=1)
        lost = [g for g in self.failed if len(self.failed) < len(self.lengths.units)]
        for value in out.values():
            value[:, lost] = np.nan
        return out

    def dataset(self, *, population: str = "like-these") -> xr.Dataset:
        """Slopes by label: incoherence, accuracy, heat, lift over chain, draw, kind (natural, budget), unit."""
        import xarray as xr

        kinds = [kind for kind in ("natural", "budget") if kind in self.lengths.features]
        found = [self.slopes(kind, population=population) for kind in kinds]
        dims = ("chain", "draw", "kind", "unit")
        names = ("incoherence", "accuracy", "heat", "lift")
        values = {name: (dims, np.stack([slopes[name] for slopes in found], axis=2)) for name in names}
        return xr.Dataset(values, coords={"kind": kinds, "unit": self.labels})

    def mean_slope(
        self, kind: str, name: str, *, population: str = "like-these", units: np.ndarray | None = None
    ) -> tuple[np.ndarray, Effective | None]:
        """(chain, draw) mean over models of a slope, a statement of its own; and how many questions it rests on.

        For questions like these by the infinitesimal jackknife (`hotmess.temperature.like_these`). units: (G,) which
        have a say; default: all that have the slope.
        """
        each = self.slopes(kind, population="these")[name]
        known = np.isfinite(each).all((0, 1)) & (True if units is None else units)
        if population == "these" or self.influence is None:
            return each[..., known] @ self._weights(known)[known], None
        draws, effective = self._settled(kind, name, self._weights(known))
        return self._shape(draws), effective

    def _own(self, kind: str, name: str, theta: np.ndarray | None = None) -> np.ndarray:
        """(samples, G) slopes for these questions."""
        i, f, distance = self.lengths.features.index(kind), len(self.lengths.features), self.reach(kind)
        effects = (self.flat("theta") if theta is None else theta)[:, :, 3:]
        if name != "incoherence":
            return np.where(distance > 0, effects[:, :, i if name == "heat" else f + i], np.nan)
        curve = self.curves(kind, population="these", effects=None if theta is None else effects)
        return np.array(average_slopes(curve, distance)["incoherence"])

    def _settled(self, kind: str, name: str, weights: np.ndarray) -> tuple[np.ndarray, Effective | None]:
        """A weighted sum over units of their slopes, for questions like these; nan where one of them has none."""
        assert self.influence is not None
        used = weights > 0
        whole = self._own(kind, name)[:, used] @ weights[used]
        if not np.isfinite(whole).all():
            return whole, None
        narrow, theta, direct = whole, self._narrow(), None
        if "design_effects" in self.data.attrs:
            narrow = self._own(kind, name, theta)[:, used] @ weights[used]
        if name == "incoherence":
            curve, unit = self.curves(kind, population="these"), np.asarray(self.lengths.dense.unit)
            direct = weights[used] @ slope_influence(curve, self.reach(kind), unit)[used]
        return self.influence.settle(narrow, direct, least=float(whole.std()))

    def reach(self, kind: str) -> np.ndarray:
        """(G,) doublings between the two points of `kind`, natural or budget; nan where nothing varies."""
        at, i = self.at[kind], self.lengths.features.index(kind)
        distance = at[:, 1, i] - at[:, 0, i]
        return np.where(distance > 1e-9, distance, np.nan)

    def mean_over_models(self, values: np.ndarray) -> np.ndarray:
        """Mean over models of the mean over each model's units; the units' axis is the third; nan units have no say."""
        known = np.isfinite(values).reshape(*values.shape[:3], -1).all((0, 1, 3))
        out: np.ndarray = np.moveaxis(values, 2, -1)[..., known] @ self._weights(known)[known]
        return out

    def _weights(self, known: np.ndarray) -> np.ndarray:
        """(G,) weights of the units in a mean over models, each the mean of its known units."""
        model = np.unique(self.lengths.units["model"].to_numpy(str), return_inverse=True)[1]
        count = np.bincount(model[known], minlength=int(model.max()) + 1)
        return np.where(known, 1 / np.maximum(count, 1)[model] / max((count > 0).sum(), 1), 0.0)

    def new_model(self, kind: str) -> dict[str, np.ndarray]:
        """Effects for a new model of size N0 like these: `heat`, `lift`, and beta as `incoherence`, each (chain, draw).

        Its effects are drawn from the population of models; its answers are those of one of these, drawn at random.
        """
        from hotmess.temperature.model import population_draws

        theta = self.flat("theta")
        scales = self.flat("scales") if self.pool.groupings else np.zeros((len(theta), 0, theta.shape[2] - 3))
        new = population_draws(theta, scales, self.prior, self.pool, self.lengths.features, seed=self.seed)["new_model"]
        effects = np.repeat(new[:, None], theta.shape[1], axis=1)
        i, distance = self.lengths.features.index(kind), self.reach(kind)
        beta = average_slopes(self.curves(kind, effects=effects), distance)["incoherence"]
        known = np.flatnonzero(np.isfinite(distance))
        pick = known[np.random.default_rng([self.seed, 13]).integers(len(known), size=len(theta))]
        f = len(self.lengths.features)
        out = {"heat": new[:, i], "lift": new[:, f + i], "incoherence": beta[np.arange(len(theta)), pick]}
        return {name: self._shape(value) for name, value in out.items()}

    def summary(self, *, population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
        """One row per unit, effect and kind of length: median, interval, P(> 0), natural and budgeted side by side."""
        from hotmess.temperature.summary import slope_summary

        return slope_summary(self, population=population, interval=interval)
