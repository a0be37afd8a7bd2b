"""Laws of incoherence in reasoning (or action) length, between questions (methods, section 4).

Questions are sorted by their mean log length into many equal bins, fixed beforehand; each bin's incoherence is
inferred on its own (nothing is pooled over length), and a law is fitted to the vector of all bins' incoherences on the
identity scale with its joint covariance as measurement error:

    odds    logit I = c + beta log L          power   log I = c + alpha log L (the paper's, impossible near I = 1)

Arms (model, condition, budget) have their own level and slope; slopes are partially pooled over arms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput, NotTestable

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.answers.fit import Fit
    from hotmess.inference.gate import Gate
    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses

BINS, MIN_BINS, MIN_WRONG = 12, 4, 10
ARM = ("model", "condition", "budget")


def _expit(x: Any, xp: Any) -> Any:
    return 1 / (1 + xp.exp(-x))


SHAPES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "odds": lambda eta, slope_x, xp: _expit(eta + slope_x, xp),
    "power": lambda eta, slope_x, xp: xp.exp(eta + slope_x),
}
"""Incoherence as a function of (level c_arm, slope_arm × centred log length)."""


@dataclass(frozen=True)
class LengthLaw:
    """Posterior of the length laws. `bins` has arm columns, `bin`, `log_length` (natural), `x` (centred), `questions`,
    and per population the posterior mean and standard deviation of the bin's incoherence."""

    bins: pd.DataFrame
    arms: pd.DataFrame
    data: xr.DataTree
    shapes: tuple[str, ...]
    center: float
    length: str
    notes: tuple[str, ...]
    fit: Fit = field(repr=False)

    @cached_property
    def gate(self) -> Gate:
        """Diagnostics of the laws and of the first stage."""
        from hotmess.inference.gate import gate_tree

        return gate_tree(self.data) & self.fit.gate

    def slopes(self, shape: str = "odds", population: str = "like-these") -> np.ndarray:
        """(chain, draw, arm) slopes of logit incoherence (odds) or exponents (power) in log length."""
        return self.data["posterior"]["slope"].sel(shape=shape, population=population).values

    def curve(
        self, log_length: np.ndarray, arm: int, shape: str = "odds", population: str = "like-these"
    ) -> np.ndarray:
        """(draws, points) incoherence of an arm at natural log lengths."""
        post = self.data["posterior"].sel(shape=shape, population=population)
        level = post["level"].values[..., arm].ravel()[:, None]
        slope = post["slope"].values[..., arm].ravel()[:, None]
        return SHAPES[shape](level, slope * (np.asarray(log_length) - self.center), np)

    def summary(self, shape: str = "odds", population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
        """Median and interval of the slope of every arm."""
        flat = self.slopes(shape, population).reshape(-1, len(self.arms))
        low, high = np.quantile(flat, [(1 - interval) / 2, (1 + interval) / 2], axis=0)
        return self.arms.assign(slope=np.median(flat, axis=0), slope_low=low, slope_high=high)


def binned_cells(responses: Responses, *, bins: int = BINS) -> tuple[Cells, tuple[str, ...]]:
    """Cells with a `bin` of equally many questions by mean log length within each arm, and what was left out.

    Raises
    ------
    NotTestable
        If there is no length, it does not vary between questions, or there are too few questions for `MIN_BINS` bins.
    """
    from hotmess.laws.contrast import take_cells
    from hotmess.responses.cells import reduce

    if responses.length is None:
        raise NotTestable(
            "There is no length column (reasoning_tokens or actions), so nothing can be said about length."
        )
    cells = reduce(responses)
    table = cells.table
    has = table["log2_length"].notna() & (table["responses"] >= 2)
    notes = []
    if (~has).any():
        notes.append(
            f"{int((~has).sum())} cells without a length or with a single response are left out of the length law."
        )
    if not has.any():
        raise NotTestable(
            f"No question has {responses.length} and two or more responses, so nothing can be said about length."
        )
    cells = take_cells(cells, np.flatnonzero(has.to_numpy()))
    table = cells.table.copy()
    arms = table.groupby(list(ARM), observed=True)["log2_length"]
    if (arms.transform("max") - arms.transform("min") < 1e-9).all():
        raise NotTestable(f"{responses.length} does not vary between questions, so nothing can be said about length.")
    rank = arms.rank(method="first") - 1
    size = arms.transform("size")
    if size.max() < 2 * MIN_BINS:
        raise NotTestable(
            f"A law in length needs at least {2 * MIN_BINS} questions of one model and budget; there are {int(size.max())}."
        )
    per_arm = np.minimum(bins, size // 2).clip(lower=1)
    table["bin"] = (rank * per_arm // size).astype(int)
    return type(cells)(table, cells.points, cells.counts, cells.clusters, cells.outcome), tuple(notes)


def length_law(
    responses: Responses,
    *,
    bins: int = BINS,
    shapes: Sequence[str] = ("odds", "power"),
    metric: str = "brier",
    seed: int = 0,
    draws: int = 500,
    warmup: int = 500,
    chains: int = 4,
) -> LengthLaw:
    """Fit length laws over many bins.

    Raises
    ------
    NotTestable
        As `binned_cells`; or if fewer than 4 bins have 10 wrong responses.
    BadInput
        For a shape that does not exist.
    """
    import pandas as pd

    from hotmess.answers.fit import fit
    from hotmess.inference.sample import sample

    for shape in shapes:
        if shape not in SHAPES:
            raise BadInput(f"There is no length law {shape!r}; there are {', '.join(SHAPES)}.")
    cells, notes = binned_cells(responses, bins=bins)
    keys = [*ARM, "bin"]
    first = fit(cells, groups=keys, seed=seed, draws=draws, chains=chains)
    populations = ("like-these", "these")
    sets = {p: first.draws(keys, population=p, metric=metric) for p in populations}
    table = sets["these"].table
    more = cells.table.assign(wrong=cells.table["responses"] - cells.table["right"]).groupby(keys, observed=True)
    extra = more.agg(
        wrong=("wrong", "sum"), log2=("log2_length", "mean"), family=("family", "first"), size=("model_size_b", "first")
    )
    extra = extra.reindex(pd.MultiIndex.from_frame(table[keys]))
    table = table.assign(
        wrong=extra["wrong"].to_numpy(),
        log_length=extra["log2"].to_numpy() * np.log(2),
        family=extra["family"].to_numpy(),
        model_size_b=extra["size"].to_numpy(),
    )
    ok = (table["wrong"] >= MIN_WRONG).to_numpy()
    per_arm = table.assign(ok=ok).groupby(list(ARM), observed=True)["ok"].transform("sum")
    ok &= (per_arm >= MIN_BINS).to_numpy()
    if not ok.any():
        raise NotTestable(
            f"No model has {MIN_BINS} length bins with {MIN_WRONG} or more wrong responses: there are too few errors to decompose."
        )
    if (~ok).any():
        notes = (
            *notes,
            f"{int((~ok).sum())} of {len(ok)} length bins are left out: fewer than {MIN_WRONG} wrong responses, or too few such bins of that model.",
        )
    bins_table = table[ok].reset_index(drop=True)
    arms = bins_table[[*ARM, "family", "model_size_b"]].drop_duplicates(list(ARM))
    arms = arms.sort_values(["family", "model_size_b", *ARM]).reset_index(drop=True)
    arm = pd.MultiIndex.from_frame(arms[list(ARM)]).get_indexer(pd.MultiIndex.from_frame(bins_table[list(ARM)]))
    center = float(bins_table["log_length"].mean())
    x = bins_table["log_length"].to_numpy() - center
    eigen = []
    for p in populations:
        flat = sets[p].incoherence.reshape(-1, len(ok))[:, ok]
        bins_table[f"incoherence_{p}"], bins_table[f"sd_{p}"] = flat.mean(0), flat.std(0)
        cov = np.cov(flat, rowvar=False)
        keep = 1 - min(0.5, flat.shape[1] / flat.shape[0])
        value, vector = np.linalg.eigh(keep * cov + (1 - keep) * np.diag(np.diag(cov)))
        eigen.append((flat.mean(0), np.maximum(value, 1e-12), vector))
    tree = sample(_model, eigen, x, arm, len(arms), tuple(shapes), seed=seed, draws=draws, warmup=warmup, chains=chains)
    tree = _tidy(tree, arms, shapes, populations)
    bins_table["arm"] = arm
    bins_table["x"] = x
    return LengthLaw(bins_table, arms, tree, tuple(shapes), center, str(responses.length), notes, first)


def _model(eigen: list[Any], x: np.ndarray, arm: np.ndarray, arms: int, shapes: tuple[str, ...]) -> None:
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    for s, shape in enumerate(shapes):  # shapes and populations are separate posteriors, sampled side by side
        for p, (mean, value, vector) in enumerate(eigen):
            tag = f"{s}_{p}"
            start = float(np.mean(mean))
            guess = np.log(start / (1 - start)) if shape == "odds" else np.log(start)
            mu = numpyro.sample(f"mean_{tag}", dist.Normal(0.0, 0.5))
            tau = numpyro.sample(f"spread_{tag}", dist.HalfNormal(0.3))
            raw = numpyro.sample(f"raw_{tag}", dist.Normal(0, 1).expand([arms]).to_event(1))
            slope = mu + tau * raw
            level = numpyro.sample(f"level_{tag}", dist.Normal(float(guess), 1.5).expand([arms]).to_event(1))
            sigma = numpyro.sample(f"residual_{tag}", dist.HalfNormal(0.05))
            numpyro.deterministic(f"slope_{tag}", slope)
            predicted = SHAPES[shape](level[arm], slope[arm] * x, jnp)
            rotated = jnp.asarray(vector.T) @ (jnp.asarray(mean) - predicted)
            numpyro.factor(f"bins_{tag}", dist.Normal(0, jnp.sqrt(value + sigma**2)).log_prob(rotated).sum())


def _tidy(tree: xr.DataTree, arms: pd.DataFrame, shapes: Sequence[str], populations: Sequence[str]) -> xr.DataTree:
    import xarray as xr

    post = tree["posterior"].dataset

    def gather(name: str) -> np.ndarray:
        return np.stack(
            [
                np.stack([post[f"{name}_{s}_{p}"].values for p in range(len(populations))], 2)
                for s in range(len(shapes))
            ],
            2,
        )

    dims = ("chain", "draw", "shape", "population", "arm")
    data = {n: (dims[: gather(n).ndim], gather(n)) for n in ("mean", "spread", "residual", "level", "slope")}
    varying = [c for c in ARM if arms[c].nunique() > 1] or ["model"]
    tree["posterior"] = xr.Dataset(
        data,
        coords={
            "chain": post.chain,
            "draw": post.draw,
            "shape": list(shapes),
            "population": list(populations),
            "arm": [", ".join(map(str, r)) for r in arms[varying].itertuples(index=False)],
        },
    )
    return tree
