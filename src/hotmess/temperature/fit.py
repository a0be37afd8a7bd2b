"""Fitting the temperature model: responses with lengths in, a `LengthFit` with posterior draws out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import ESS, Gate
from hotmess.inference.weights import resample, smoothed
from hotmess.temperature.data import LengthData, length_data
from hotmess.temperature.effects import Curves, average_slopes, curves, points
from hotmess.temperature.prior import Pooling, TemperaturePrior, pooling

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.responses.table import Responses

ENGINES = ("nuts", "fast")
PARETO_K = 0.7


@dataclass(frozen=True)
class Effects:
    """Draws of an effect per unit and over units.

    Attributes
    ----------
    draws
        (chain, draw) mean over units (models, each the mean of its benchmarks).
    each
        unit's label -> (chain, draw).
    parts
        accuracy, spread, concentration -> (chain, draw): the parts of the change of incoherence over the range.
    gate
        diagnostics of the fit and of `draws`.
    """

    draws: np.ndarray
    each: Mapping[str, np.ndarray]
    gate: Gate
    parts: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LengthFit:
    """Posterior of the temperature model.

    `tree` is an `xarray.DataTree`: `theta` (chain, draw, unit, parameter), `scores` (chain, draw, option, cell),
    `scales` where units are pooled; for the fast path the attributes `pareto_k` and `effective` say whether it may be
    trusted.
    """

    data: LengthData
    tree: xr.DataTree
    engine: str
    prior: TemperaturePrior
    pool: Pooling
    seed: int
    notes: tuple[str, ...] = ()
    _cache: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def labels(self) -> list[str]:
        """One label per unit."""
        columns = [c for c in ("model", "benchmark", "condition") if c in self.data.units]
        vary = [c for c in columns if self.data.units[c].nunique() > 1] or ["model"]
        return self.data.units[vary].agg(", ".join, axis=1).tolist()

    @cached_property
    def gate(self) -> Gate:
        """Parameters and scales: R-hat, effective sizes, divergences; for the fast path Pareto k and its weights."""
        if self.engine == "fast":
            k, effective = float(self.tree.attrs["pareto_k"]), float(self.tree.attrs["effective"])
            reasons = []
            if not k < PARETO_K:
                reasons.append(f"Pareto k of the fast path is {k:.2f}, not below {PARETO_K}: use the engine 'nuts'")
            if effective <= ESS:
                reasons.append(f"effective sample size of the fast path is {effective:.0f}, not above {ESS}")
            # Duplicates would fool R-hat: weighted draws are judged by Pareto k and their weights.
            return Gate(tuple(reasons), independent=True)
        from hotmess.inference.gate import gate_tree

        names = [n for n in ("theta", "scales") if n in self.tree["posterior"]]
        return gate_tree(self.tree, names=names)

    def _flat(self, name: str) -> np.ndarray:
        values = self.tree["posterior"].to_dataset()[name].values
        return values.reshape(-1, *values.shape[2:])

    def _shape(self, flat: np.ndarray) -> np.ndarray:
        sizes = self.tree["posterior"].sizes
        return flat.reshape(sizes["chain"], sizes["draw"], *flat.shape[1:])

    def curves(self, where: str, *, population: str = "like-these", effects: np.ndarray | None = None) -> Curves:
        """Set terms at the points called `where`: natural, budget, zero, natural_curve or budget_curve.

        Raises
        ------
        NotTestable
            If lengths, or budgets, do not vary.
        """
        at = points(self.data)
        if where not in at:
            what = {
                "natural": "Lengths do not vary within the budgets",
                "budget": "No model has two budgets with tokens",
            }
            raise NotTestable(f"{what.get(where.partition('_')[0], 'There is no budget without tokens')}.")
        key = (where, population)
        if effects is not None or key not in self._cache:
            result = curves(
                self.data,
                self._flat("theta"),
                self._flat("scores"),
                at[where],
                population=population,
                seed=self.seed,
                effects=effects,
            )
            if effects is not None:
                return result
            self._cache[key] = result
        return self._cache[key]

    def slopes(self, kind: str, *, population: str = "like-these") -> dict[str, np.ndarray]:
        """Average slopes per doubling, `kind` natural or budget: (chain, draw, G) arrays, see `effects.average_slopes`.

        `incoherence` is beta, the change of logit incoherence; `heat` the change of log temperature; `lift` that of the
        target's score. nan for units whose lengths, or budgets, do not vary.
        """
        curve = self.curves(kind, population=population)
        i = self.data.features.index(kind)
        distance = self.reach(kind)
        out = average_slopes(curve, distance)
        theta = self._flat("theta")
        heat, lift = theta[:, :, 3 + i], theta[:, :, 3 + len(self.data.features) + i]
        out |= {"heat": np.where(distance > 0, heat, np.nan), "lift": np.where(distance > 0, lift, np.nan)}
        return {name: self._shape(value) for name, value in out.items()}

    def reach(self, kind: str) -> np.ndarray:
        """(G,) doublings between the two points of `kind`, natural or budget; nan where nothing varies."""
        at, i = points(self.data)[kind], self.data.features.index(kind)
        distance = at[:, 1, i] - at[:, 0, i]
        return np.where(distance > 1e-9, distance, np.nan)

    def mean_over_models(self, values: np.ndarray) -> np.ndarray:
        """Mean over models of the mean over each model's units; the units' axis is the third; nan units have no say."""
        model = self.data.units["model"].to_numpy(str)
        known = np.isfinite(values).reshape(*values.shape[:3], -1).all((0, 1, 3))
        groups = [values[:, :, (model == m) & known].mean(2) for m in np.unique(model[known])]
        return np.mean(groups, axis=0)

    def new_model(self, kind: str) -> dict[str, np.ndarray]:
        """Effects for a new model of size N0 like these: `heat`, `lift`, and beta as `incoherence`, each (chain, draw).

        Its effects are drawn from the population of models; its answers are those of one of these, drawn at random.
        """
        from hotmess.temperature.model import population_draws

        theta = self._flat("theta")
        scales = self._flat("scales") if self.pool.groupings else np.zeros((len(theta), 0, theta.shape[2] - 3))
        new = population_draws(theta, scales, self.prior, self.pool, self.data.features, seed=self.seed)["new_model"]
        effects = np.repeat(new[:, None], theta.shape[1], axis=1)
        i, distance = self.data.features.index(kind), self.reach(kind)
        beta = average_slopes(self.curves(kind, effects=effects), distance)["incoherence"]
        known = np.flatnonzero(np.isfinite(distance))
        pick = known[np.random.default_rng([self.seed, 13]).integers(len(known), size=len(theta))]
        f = len(self.data.features)
        out = {"heat": new[:, i], "lift": new[:, f + i], "incoherence": beta[np.arange(len(theta)), pick]}
        return {name: self._shape(value) for name, value in out.items()}

    def summary(self, *, population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
        """One row per unit, effect and kind of length: median, interval, P(> 0), natural and budgeted side by side."""
        import pandas as pd

        rows = []
        tails = [(1 - interval) / 2, (1 + interval) / 2]
        for kind in ("natural", "budget"):
            if kind not in self.data.features:
                continue
            out = self.slopes(kind, population=population)
            for effect in ("incoherence", "accuracy", "heat"):
                columns = {label: out[effect][:, :, g] for g, label in enumerate(self.labels)}
                columns = {label: x for label, x in columns.items() if np.isfinite(x).all()}
                columns["mean over models"] = self.mean_over_models(out[effect])
                for label, x in columns.items():
                    low, high = np.quantile(x, tails)
                    reliable = self.gate.passed and self.gate.judge({effect: x}).passed
                    rows.append((label, kind, effect, float(np.median(x)), low, high, float((x > 0).mean()), reliable))
        names = ["unit", "kind", "effect", "median", "low", "high", "probability", "reliable"]
        return pd.DataFrame(rows, columns=names)


def fit_lengths(
    responses: Responses | pd.DataFrame,
    *,
    length: str | None = None,
    unparsable: str = "leave-out",
    pool: bool = False,
    engine: str = "nuts",
    prior: TemperaturePrior | None = None,
    seed: int = 0,
    draws: int = 400,
    warmup: int = 250,
    chains: int = 4,
    points: int | None = None,
    target_accept: float = 0.75,
    contexts: bool = True,
) -> LengthFit:
    """Fit the temperature model (methods, section 5).

    Parameters
    ----------
    responses
        letter answers with lengths: validated responses or a table in their columns.
    pool
        one unit per model, all its benchmarks together.
    engine
        `nuts`, or `fast`: Laplace's approximation with importance sampling, checked by its Pareto k; `draws` × `chains`
        parameter draws with `points` importance points per cell (default 16 to 128, more for fewer cells).
    contexts
        widen the effects where few-shot contexts repeat within questions (`hotmess.temperature.contexts`).

    Raises
    ------
    BadInput
        If the answers are not letters, or there is nothing to compare.
    """
    if engine not in ENGINES:
        raise BadInput(f"The engine is {engine!r}; it can be 'nuts' or 'fast'.")
    table: Any = getattr(responses, "table", responses)
    column = length or getattr(responses, "length", None) or "reasoning_tokens"
    data = length_data(table, length=column, unparsable=unparsable, pool=pool)
    return fit_data(
        data,
        engine=engine,
        prior=prior or TemperaturePrior(),
        seed=seed,
        draws=draws,
        warmup=warmup,
        chains=chains,
        points=points,
        target_accept=target_accept,
        contexts=contexts,
    )


def fit_data(
    data: LengthData,
    *,
    engine: str,
    prior: TemperaturePrior,
    seed: int,
    draws: int,
    warmup: int,
    chains: int,
    points: int | None,
    target_accept: float,
    contexts: bool = True,
) -> LengthFit:
    """Fit arranged data; see `fit_lengths`."""
    from hotmess.inference.sample import enable_x64
    from hotmess.temperature.fast import refine
    from hotmess.temperature.laplace import approximate
    from hotmess.temperature.likelihood import parameter_names

    groups = pooling(data)
    center = np.r_[[m for m, _ in prior.level], np.zeros(2 * len(data.features))]
    width = np.r_[[sd for _, sd in prior.level], prior.effect_scales(data.features)]
    coords = {
        "unit": np.arange(len(data.units)),
        "parameter": list(parameter_names(data.features)),
        "grouping": list(groups.groupings),
        "effect": list(parameter_names(data.features))[3:],
        "option": np.arange(1, data.dense.real.shape[0] + 1),
        "cell": np.arange(data.dense.real.shape[1]),
    }
    dims = {"theta": ["unit", "parameter"], "scores": ["option", "cell"], "scales": ["grouping", "effect"]}
    with enable_x64():
        points = points or 2 ** round(np.log2(np.clip(40_000 / len(data.cells), 16, 128)))
        rough = approximate(data.dense, center, width)
        approximation = refine(data.dense, rough, center, width, points=points, seed=seed)
        run = _nuts if engine == "nuts" else _fast
        options = {"seed": seed, "draws": draws, "warmup": warmup, "chains": chains}
        extra = {"target_accept": target_accept} if engine == "nuts" else {"points": points}
        tree = run(data, approximation, prior, groups, coords=coords, dims=dims, **options, **extra)
    notes = data.notes
    if data.contexts is not None and contexts:
        notes = (*notes, _widen(tree, data))
    tree["posterior"]["scores"].attrs["role"] = "latent"
    return LengthFit(data, tree, engine, prior, groups, seed, notes)


def _widen(tree: xr.DataTree, data: LengthData) -> str:
    """Stretch the draws of the effects by their design effects, in place; the sentence that says so."""
    from hotmess.temperature.contexts import design_effects, said, widened

    posterior = tree["posterior"].to_dataset()
    theta, scores = posterior["theta"].values, posterior["scores"].values
    effects = design_effects(data, theta.mean((0, 1)), scores.mean((0, 1)))
    tree["posterior"] = posterior.assign(theta=(posterior["theta"].dims, widened(theta, effects)))
    tree.attrs["design_effects"] = effects.ravel().tolist()
    return said(effects, data.features)


def _nuts(
    data: LengthData,
    approximation: Any,
    prior: TemperaturePrior,
    groups: Pooling,
    *,
    coords: Any,
    dims: Any,
    **options: Any,
) -> xr.DataTree:
    import jax.numpy as jnp

    from hotmess.inference.sample import sample
    from hotmess.temperature.likelihood import Dense
    from hotmess.temperature.model import temperature_model

    dense = Dense(*(jnp.asarray(x) for x in data.dense))
    tree = sample(
        temperature_model,
        dense,
        approximation,
        prior,
        groups,
        data.features,
        chain_method="sequential",
        coords=coords,
        dims=dims,
        **options,
    )
    posterior = tree["posterior"].to_dataset().drop_vars(["raw_theta", "raw_scores"])
    tree["posterior"] = posterior.drop_dims([d for d in posterior.dims if str(d).startswith("raw_")])
    return _with_prior(tree, prior, groups, data)


def _fast(
    data: LengthData,
    approximation: Any,
    prior: TemperaturePrior,
    groups: Pooling,
    *,
    coords: Any,
    dims: Any,
    points: int,
    **options: Any,
) -> xr.DataTree:
    import xarray as xr

    from hotmess.inference.sample import to_tree
    from hotmess.temperature import fast

    seed, draws, chains = options["seed"], options["draws"], options["chains"]
    theta, scales = fast.propose(approximation, prior, groups, data.features, seed=seed, draws=draws * chains)
    marginal, scores = fast.integrate_scores(data.dense, approximation, theta, points=points, seed=seed)
    log_weights = marginal.sum(1) - fast.approximate_log_likelihood(approximation, theta)
    weights, k = smoothed(log_weights)
    index, effective = resample(weights, np.random.default_rng([seed, 17])), float(1 / (weights**2).sum())
    posterior = {"theta": theta[index], "scores": scores[index]} | (
        {"scales": scales[index]} if groups.groupings else {}
    )
    posterior = {name: value.reshape(chains, draws, *value.shape[1:]) for name, value in posterior.items()}
    out = to_tree(posterior, coords=coords, dims=dims)
    out.attrs.update(pareto_k=float(k), effective=effective)
    likelihood = marginal[index].reshape(chains, draws, -1)
    out["log_likelihood"] = xr.Dataset({"unit_responses": (("chain", "draw", "unit"), likelihood)})
    return _with_prior(out, prior, groups, data)


def _with_prior(tree: xr.DataTree, prior: TemperaturePrior, groups: Pooling, data: LengthData) -> xr.DataTree:
    """Log prior density of theta and of the scales, for prior power-scaling."""
    import xarray as xr
    from scipy import stats

    from hotmess.temperature.model import log_normal, prior_moments

    posterior = tree["posterior"].to_dataset()
    theta = posterior["theta"].values
    chains, draws = theta.shape[:2]
    width = prior.spread * prior.effect_scales(data.features)
    density = {"theta": np.empty((chains, draws))}
    if groups.groupings:
        scales = posterior["scales"].values
        density["scales"] = stats.halfnorm.logpdf(scales, scale=width).sum((-1, -2))
    else:
        scales = np.zeros((chains, draws, 0, len(width)))
    for c in range(chains):
        for s in range(draws):
            moments = prior_moments(scales[c, s], prior, groups, data.features)
            density["theta"][c, s] = log_normal(theta[c, s].ravel(), *moments)
    tree["log_prior"] = xr.Dataset({name: (("chain", "draw"), value) for name, value in density.items()})
    return tree
