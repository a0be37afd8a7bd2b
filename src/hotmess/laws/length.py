"""Laws of incoherence in reasoning (or action) length, between questions (methods, section 4).

Questions are sorted by their latent log length into many equal bins, fixed beforehand; each bin's incoherence is
inferred on its own (nothing is pooled over length), and a law is fitted to the vector of all bins' incoherences on the
identity scale with its joint covariance as measurement error:

    odds    logit I = c + beta log L          power   log I = c + alpha log L (the paper's, impossible near I = 1)

Arms (model, condition, budget) have their own level and slope; slopes are partially pooled over arms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import need_draws
from hotmess.inference.independence import metropolis_chains
from hotmess.inference.resume import resumed

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.answers.posterior import Fit
    from hotmess.inference.gate import Gate
    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses

BINS, MIN_BINS, MIN_WRONG = 12, 4, 10
ARM = ("model", "condition", "budget")


def _expit(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -700, 700)))


def _odds(level: np.ndarray, slope: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    p = _expit(level + slope * x)
    return p, p * (1 - p), p * (1 - p) * x


def _power(level: np.ndarray, slope: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    value = np.exp(np.clip(level + slope * x, -50, 50))
    return value, value, value * x


SHAPES: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]] = {
    "odds": _odds,
    "power": _power,
}
"""(level, slope, centred log length) -> incoherence and its derivatives in level and slope."""
LINKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"odds": lambda p: np.log(p / (1 - p)), "power": np.log}


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
        return self.data["posterior"].dataset["slope"].sel(shape=shape, population=population).values

    def curve(
        self, log_length: np.ndarray, arm: int, shape: str = "odds", population: str = "like-these"
    ) -> np.ndarray:
        """(draws, points) incoherence of an arm at natural log lengths."""
        post = self.data["posterior"].dataset.sel(shape=shape, population=population)
        level = post["level"].values[..., arm].ravel()[:, None]
        slope = post["slope"].values[..., arm].ravel()[:, None]
        return SHAPES[shape](level, slope, np.asarray(log_length) - self.center)[0]

    def summary(self, shape: str = "odds", population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
        """Median and interval of the slope of every arm."""
        flat = self.slopes(shape, population).reshape(-1, len(self.arms))
        low, high = np.quantile(flat, [(1 - interval) / 2, (1 + interval) / 2], axis=0)
        return self.arms.assign(slope=np.median(flat, axis=0), slope_low=low, slope_high=high)


def latent_lengths(responses: Responses, table: pd.DataFrame, *, latent: bool = True) -> np.ndarray:
    """Posterior mean of the latent log₂ length of every cell of `table`, from all runs (`hotmess.laws.latent_length`).

    Noise in x flattens a law between questions (0.5 becomes 0.45 with three runs each); latent lengths, runs cut off at
    a token limit censored there, are the cure. latent=False gives the means of the runs, for comparison.
    """
    import pandas as pd

    from hotmess.laws.latent_length import latent_length
    from hotmess.responses.cut import cut_off
    from hotmess.responses.table import CELL

    known = latent_length(
        responses.table, length=str(responses.length), censored=cut_off(responses), enabled=latent
    ).set_index(list(CELL))["log2_length"]
    return known.reindex(pd.MultiIndex.from_frame(table[list(CELL)].astype(str))).to_numpy(float)


def binned_cells(responses: Responses, *, bins: int = BINS, latent: bool = True) -> tuple[Cells, tuple[str, ...]]:
    """Cells with a `latent_log2_length` and a `bin` of equally many questions by it within each arm; what is left out.

    latent=False: means of the runs in the place of latent lengths, for comparison.

    Raises
    ------
    NotTestable
        If there is no length, it does not vary between questions, or there are too few questions for `MIN_BINS` bins.
    """
    from hotmess.responses.cells import reduce, take_cells
    from hotmess.responses.cut import missing_lengths_note

    if responses.length is None:
        raise NotTestable(
            "There is no length column (reasoning_tokens or actions), so nothing can be said about length."
        )
    cells = reduce(responses)
    table = cells.table
    has = table["log2_length"].notna() & (table["responses"] >= 2)
    missing = missing_lengths_note(responses)
    notes = [missing] if missing else []
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
    table["latent_log2_length"] = latent_lengths(responses, table, latent=latent)
    arms = table.groupby(list(ARM), observed=True)["latent_log2_length"]
    if (arms.transform("max") - arms.transform("min") < 1e-9).all():
        raise NotTestable(
            f"{responses.length} varies between questions no more than between runs of one question, so nothing can be "
            "said about length."
        )
    rank = arms.rank(method="first") - 1
    size = arms.transform("size")
    if size.max() < 2 * MIN_BINS:
        raise NotTestable(
            f"A law in length needs at least {2 * MIN_BINS} questions of one model and budget; there are "
            f"{int(size.max())}."
        )
    per_arm = (size // 2).clip(1, bins)
    table["bin"] = (rank * per_arm // size).astype(int)
    return type(cells)(table, cells.points, cells.counts, cells.clusters, cells.outcome), tuple(notes)


def length_law(
    responses: Responses,
    *,
    bins: int = BINS,
    latent: bool = True,
    shapes: Sequence[str] = ("odds", "power"),
    metric: str = "brier",
    seed: int = 0,
    draws: int = 500,
    chains: int = 4,
) -> LengthLaw:
    """Fit length laws over many bins; latent=False: in the means of the runs, noise and all, for comparison.

    Raises
    ------
    NotTestable
        As `binned_cells`; or if fewer than 4 bins have 10 wrong responses.
    BadInput
        For a shape that does not exist.
    """
    import pandas as pd

    from hotmess.answers.fit import fit

    for shape in shapes:
        if shape not in SHAPES:
            raise BadInput(f"There is no length law {shape!r}; there are {', '.join(SHAPES)}.")
    cells, notes = binned_cells(responses, bins=bins, latent=latent)
    keys = [*ARM, "bin"]
    first = fit(cells, groups=keys, seed=seed, draws=draws, chains=chains, pointwise=False)
    need_draws(first.kept_draws)
    first = replace(first, source=responses)
    populations = ("like-these", "these")
    sets = {p: first.draws(keys, population=p, metric=metric) for p in populations}
    table = sets["these"].table
    more = cells.table.assign(wrong=cells.table["responses"] - cells.table["right"]).groupby(keys, observed=True)
    extra = more.agg(
        wrong=("wrong", "sum"),
        log2=("latent_log2_length", "mean"),
        family=("family", "first"),
        size=("model_size_b", "first"),
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
    ok = ok & (per_arm >= MIN_BINS).to_numpy()
    if not ok.any():
        raise NotTestable(
            f"No model has {MIN_BINS} length bins with {MIN_WRONG} or more wrong responses: there are too few errors "
            "to decompose."
        )
    if (~ok).any():
        notes = (
            *notes,
            f"{int((~ok).sum())} of {len(ok)} length bins are left out: fewer than {MIN_WRONG} wrong responses, or too "
            "few such bins of that model.",
        )
    bins_table = table[ok].reset_index(drop=True)
    arms = bins_table[[*ARM, "family", "model_size_b"]].drop_duplicates(list(ARM))
    arms = arms.sort_values(["family", "model_size_b", *ARM]).reset_index(drop=True)
    arm = pd.MultiIndex.from_frame(arms[list(ARM)]).get_indexer(pd.MultiIndex.from_frame(bins_table[list(ARM)]))
    center = float(bins_table["log_length"].mean())
    x = bins_table["log_length"].to_numpy() - center
    eigen: list[tuple[np.ndarray, ...]] = []
    for p in populations:
        flat = sets[p].incoherence.reshape(-1, len(ok))[:, ok]
        bins_table[f"incoherence_{p}"], bins_table[f"sd_{p}"] = flat.mean(0), flat.std(0)
        cov = np.cov(flat, rowvar=False)
        keep = 1 - min(0.5, flat.shape[1] / flat.shape[0])
        value, vector = np.linalg.eigh(keep * cov + (1 - keep) * np.diag(np.diag(cov)))
        eigen.append((flat.mean(0), np.maximum(value, 1e-12), vector))
    tree = _sample(eigen, x, arm, arms, shapes, populations, seed=seed, draws=draws, chains=chains)
    bins_table["arm"] = arm
    bins_table["x"] = x
    return LengthLaw(bins_table, arms, tree, tuple(shapes), center, str(responses.length), notes, first)


class _Law:
    """One shape for one population: bins ~ Normal(shape(level_arm, slope_arm, x), noise + sigma² I).

    level_arm ~ Normal(start, 1.5); slope_arm ~ Normal(mu, tau), mu ~ Normal(0, 0.5), tau ~ HalfNormal(0.3);
    sigma ~ HalfNormal(0.1). A point is (log tau, log sigma). Proposals come from Laplace's method on a grid of points;
    the chains are exact.
    """

    SLOPE, LEVEL, TAU, SIGMA, STEPS, DF = 0.5, 1.5, 0.3, 0.1, 8, 4

    def __init__(self, shape: str, eigen: tuple[np.ndarray, ...], x: np.ndarray, arm: np.ndarray, arms: int) -> None:
        self.f, self.x, self.arm, self.arms = SHAPES[shape], x, arm, arms
        self.y, self.values, self.vectors = eigen
        start = np.array([np.clip(self.y[arm == a].mean(), 0.02, 0.98) for a in range(arms)])
        self.prior_mean = np.concatenate([np.full(arms, LINKS[shape](start.mean())), np.zeros(arms)])
        self.start = np.concatenate([LINKS[shape](start), np.zeros(arms)])
        self.select = np.eye(arms)[arm]

    def log_prior(self, points: np.ndarray) -> np.ndarray:
        width, s = np.array([self.TAU, self.SIGMA]), np.exp(points)
        return (0.5 * np.log(2 / np.pi) - np.log(width) - 0.5 * (s / width) ** 2 + points).sum(1)

    def chains(self, *, seed: int, draws: int, chains: int, thin: int = 20) -> np.ndarray:
        """(chains, draws, 2 + 2 arms): log tau, log sigma, levels, slopes."""
        rng = np.random.default_rng(seed)
        points, log_w = self.proposals(rng, chains * draws * thin)
        return metropolis_chains(points, log_w, draws=draws, chains=chains, rng=rng)[0]

    def proposals(self, rng: np.random.Generator, n: int, grid_points: int = 40) -> tuple[np.ndarray, np.ndarray]:
        """(n, 2 + 2 arms) proposals and (n,) log weights: log joint density minus log proposal density.

        The mean of exp(log weight) estimates the marginal likelihood without bias.
        """
        axes = [np.linspace(np.log(w) - 7, np.log(w) + 1.5, grid_points) for w in (self.TAU, self.SIGMA)]
        step = np.array([a[1] - a[0] for a in axes])
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
        mode, root, marginal = self._laplace(grid)
        log_p = marginal + self.log_prior(grid)
        keep = log_p > log_p.max() - 25
        p = np.where(keep, np.exp(0.9 * (log_p - log_p.max())), 0) + 1e-3 * keep / keep.sum()
        p /= p.sum()
        at = rng.choice(len(grid), n, p=p)
        points = grid[at] + step * (rng.random((n, 2)) - 0.5)
        d = mode.shape[1]
        z = rng.standard_normal((n, d)) / np.sqrt(rng.chisquare(self.DF, (n, 1)) / self.DF)
        spread = np.linalg.inv(np.swapaxes(root, 1, 2))
        theta = mode[at] + np.einsum("nij,nj->ni", spread[at], z)
        log_q = (
            np.log(p[at] / step.prod())
            + gammaln((self.DF + d) / 2)
            - gammaln(self.DF / 2)
            - 0.5 * d * np.log(self.DF * np.pi)
            - 0.5 * (self.DF + d) * np.log1p((z**2).sum(1) / self.DF)
            + np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1)[at]
        )
        log_w = self._log_joint(theta, points) + self.log_prior(points) - log_q
        return np.column_stack([points, theta]), log_w

    def _weights(self, points: np.ndarray) -> np.ndarray:
        return 1 / (self.values + np.exp(2 * points[:, 1:2]))

    def _precision(self, points: np.ndarray) -> np.ndarray:
        m, tau2 = self.arms, np.exp(2 * points[:, 0]) + 1e-12
        out = np.zeros((len(points), 2 * m, 2 * m))
        level, slope = np.arange(m), np.arange(m, 2 * m)
        out[:, level, level] = self.LEVEL**-2
        out[:, slope, slope] = (1 / tau2)[:, None]
        shared = self.SLOPE**2 / (tau2 * (tau2 + m * self.SLOPE**2))  # Sherman-Morrison: mu is integrated out
        out[:, m:, m:] -= shared[:, None, None]
        return out

    def _residual(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        value, by_level, by_slope = self.f(theta[:, self.arm], theta[:, self.arms + self.arm], self.x)
        return (self.y - value) @ self.vectors, by_level, by_slope

    def _log_joint(self, theta: np.ndarray, points: np.ndarray) -> np.ndarray:
        w, precision = self._weights(points), self._precision(points)
        r, away = self._residual(theta)[0], theta - self.prior_mean
        tau2 = np.exp(2 * points[:, 0]) + 1e-12
        log_det = -2 * self.arms * np.log(self.LEVEL) - (self.arms - 1) * np.log(tau2)
        log_det -= np.log(tau2 + self.arms * self.SLOPE**2)
        quadratic = (w * r**2).sum(1) + np.einsum("ni,nij,nj->n", away, precision, away)
        constant = (len(self.y) + 2 * self.arms) * np.log(2 * np.pi)
        return 0.5 * (np.log(w).sum(1) + log_det - quadratic - constant)

    def _laplace(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mode (n, 2M), root of the Gauss-Newton precision (n, 2M, 2M), log marginal likelihood (n,)."""
        w, precision = self._weights(points), self._precision(points)
        theta = np.repeat(self.start[None], len(points), axis=0)
        best = self._log_joint(theta, points)
        for step in range(self.STEPS + 1):
            r, by_level, by_slope = self._residual(theta)
            jacobian = np.concatenate([by_level[:, :, None] * self.select, by_slope[:, :, None] * self.select], axis=2)
            rotated = np.swapaxes(jacobian, 1, 2) @ self.vectors  # (n, 2M, bins)
            weighted = rotated * w[:, None, :]
            hessian = weighted @ np.swapaxes(rotated, 1, 2) + precision
            if step == self.STEPS:
                break
            gradient = (weighted @ r[..., None])[..., 0] - np.einsum("nij,nj->ni", precision, theta - self.prior_mean)
            move = np.linalg.solve(hessian, gradient[..., None])[..., 0]
            new = theta + move
            value = self._log_joint(new, points)
            worse = ~(value >= best)
            new[worse] = theta[worse] + 0.2 * move[worse]  # a shorter step where the full one overshoots
            value[worse] = self._log_joint(new[worse], points[worse])
            keep = value >= best
            theta[keep], best[keep] = new[keep], value[keep]
        root = np.linalg.cholesky(hessian)
        log_det = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1)
        return theta, root, best + self.arms * np.log(2 * np.pi) - 0.5 * log_det


@resumed
def _sample(
    eigen: list[tuple[np.ndarray, ...]],
    x: np.ndarray,
    arm: np.ndarray,
    arms: pd.DataFrame,
    shapes: Sequence[str],
    populations: Sequence[str],
    *,
    seed: int,
    draws: int,
    chains: int,
) -> xr.DataTree:
    from hotmess.inference.sample import to_tree

    m = len(arms)
    out = np.empty((chains, draws, len(shapes), len(populations), 2 + 2 * m))
    for s, shape in enumerate(shapes):
        for p in range(len(populations)):
            law = _Law(shape, eigen[p], x, arm, m)
            out[:, :, s, p] = law.chains(seed=seed + 10 * s + p, draws=draws, chains=chains)
    varying = [c for c in ARM if arms[c].nunique() > 1] or ["model"]
    by_arm = ["shape", "population", "arm"]
    return to_tree(
        {
            "spread": np.exp(out[..., 0]),
            "residual": np.exp(out[..., 1]),
            "level": out[..., 2 : 2 + m],
            "slope": out[..., 2 + m :],
        },
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        coords={
            "shape": list(shapes),
            "population": list(populations),
            "arm": [", ".join(map(str, r)) for r in arms[varying].itertuples(index=False)],
        },
        dims={"spread": by_arm[:2], "residual": by_arm[:2], "level": by_arm, "slope": by_arm},
    )
