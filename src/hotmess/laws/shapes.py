"""Which shape a law in length has: power, odds, saturating, linear or constant, by leave-one-out prediction of bins.

All shapes predict the same vector, the incoherences of the bins on the identity scale, with its joint covariance as
measurement error (methods, section 4). What is left out is a bin: given parameters, y ~ Normal(mu, C) with
P = C^-1 has the exact leave-one-out density (Burkner, Gabry and Vehtari 2021, section 2)

    y_i | y_-i ~ Normal(y_i - [P (y - mu)]_i / P_ii, 1 / P_ii),

averaged over the posterior without bin i by Pareto-smoothed importance sampling (Vehtari, Gelman and Gabry 2017) of the
weighted draws themselves, or by a fit without bin i where its Pareto k says that this cannot be trusted. Draws are
spread evenly by a scrambled Sobol sequence, the same for all shapes: what chance is left in them largely cancels in a
difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from hotmess.errors import NotTestable
from hotmess.inference.pareto import smoothed
from hotmess.laws.curve_draws import Even, Proposals, even, propose
from hotmess.laws.curves import CURVES, Bins, CurveLaw, Floats
from hotmess.laws.length_bins import BINS
from hotmess.words import counted

if TYPE_CHECKING:
    from hotmess.laws.length import LengthLaw

NAMES = ("power", "odds", "saturating", "linear", "constant")
MIN_UNITS, MIN_DIFFERENCE, MIN_ERRORS, MAX_K = 20, 4.0, 2.0, 0.7
GRID = 16
"""Points of each scale."""
KNEES, WIDTH = 7, 0.2
"""The saturating law: odds up to a knee, flat beyond it, the bend WIDTH of a natural log length wide. Its knee is one
of KNEES places between the 15% and the 85% quantile of the bins' lengths, equally probable beforehand."""
BENT = 4
"""Times as many draws of the law with a knee: of each place it has fewer."""
MOST_BINS = 240
"""Bins of length that shapes are compared on: each may have to be left out in earnest, minutes at so many."""


def bend(x: np.ndarray, knee: float | np.ndarray, width: float = WIDTH) -> np.ndarray:
    """x below the knee, the knee beyond it, smoothly: a soft minimum.

    >>> bend(np.array([-2.0, 0.0, 3.0]), 0.0)[:2].round(2).tolist()
    [-2.0, -0.14]
    """
    return x - width * np.logaddexp(0, (x - knee) / width)


@dataclass(frozen=True)
class ShapeFit:
    """One shape's predictions: per bin the expected log density when left out, and its Pareto k; slopes (draws, arms).

    `refitted`: bins whose k was not below 0.7, and which were therefore left out in earnest; `error`: Monte Carlo
    standard error of the sum over bins.
    """

    name: str
    elpd: np.ndarray
    pareto_k: np.ndarray
    slopes: np.ndarray
    log_evidence: float
    refitted: tuple[int, ...] = ()
    error: float = 0.0

    @property
    def largest_k(self) -> float:
        """The largest Pareto k among the bins that were not left out in earnest."""
        return float(np.delete(self.pareto_k, self.refitted).max(initial=-np.inf))


@dataclass(frozen=True)
class Shapes:
    """The comparison for one population."""

    fits: Mapping[str, ShapeFit]
    weights: Mapping[str, float]
    units: int

    def difference(self, name: str, other: str) -> tuple[float, float]:
        """elpd of `name` minus that of `other`, summed over bins, and its standard error."""
        d = self.fits[name].elpd - self.fits[other].elpd
        return float(d.sum()), float(np.sqrt(len(d)) * d.std(ddof=1)) if len(d) > 1 else np.inf

    def undecided(self, name: str, other: str) -> str:
        """Why the comparison is not decidable; empty where it is.

        Decidable: |difference of elpd| > 4 and > 2 standard errors, at least 20 units, every Pareto k < 0.7.
        """
        value, error = self.difference(name, other)
        k = max(self.fits[n].largest_k for n in (name, other))
        if self.units < MIN_UNITS:
            return f"there are {self.units} length bins, and fewer than {MIN_UNITS} do not tell shapes apart"
        if k >= MAX_K:
            return f"the largest Pareto k is {k:.2f}, not below {MAX_K}: prediction of one bin cannot be trusted"
        if abs(value) <= MIN_DIFFERENCE or abs(value) <= MIN_ERRORS * error:
            return (
                f"the shapes cannot be told apart: {name} against {other} differs by {value:+.1f} ± {error:.1f} in "
                f"expected log predictive density, where more than {MIN_DIFFERENCE:.0f} and {MIN_ERRORS:.0f} standard "
                "errors are needed"
            )
        return ""


def compare_shapes(
    law: LengthLaw, *, population: str = "like-these", names: tuple[str, ...] = NAMES, draws: int = 2000, seed: int = 0
) -> Shapes:
    """Fit every shape to the bins of a length law and compare their leave-one-out predictions.

    Raises
    ------
    NotTestable
        For more than `MOST_BINS` bins, and where the weights of a shape's draws cannot be trusted.

    Examples
    --------
    >>> from hotmess.laws.length import length_law
    >>> from hotmess.responses.validate import validate
    >>> from hotmess.simulate import simulate
    >>> data = simulate("noisy-length", seed=1, questions=100, samples=10)
    >>> shapes = compare_shapes(length_law(validate(data.table), bins=20, draws=100), draws=200)
    >>> shapes.units, max(shapes.weights, key=shapes.weights.get) != "constant"
    (20, True)
    """
    if len(law.rows) > MOST_BINS:
        raise NotTestable(
            f"Shapes over {len(law.rows)} bins of length, those of {counted(len(law.arms), 'arm')} (model, condition, "
            f"budget), are not compared: {MOST_BINS} bins at most are left out one at a time.",
            f"Take {MOST_BINS // BINS} models and settings at most (--where).",
        )
    model = law.curves(population)
    at = _even_draws(2 * model.arms, 2 * draws, seed)
    fits = {
        name: _fit(name, model, at, draws=draws, rng=np.random.default_rng([seed, 41, i]))
        for i, name in enumerate(names)
    }
    return Shapes(fits, stacking({n: f.elpd for n, f in fits.items()}), len(model.x))


def _even_draws(size: int, least: int, seed: int) -> Even:
    """Of so many levels and slopes: BENT times as many as there are at least of any shape."""
    from scipy.stats import qmc

    power = int(np.ceil(np.log2(BENT * least)))
    return even(qmc.Sobol(size + 2, rng=np.random.default_rng([seed, 41])).random_base2(power))


def _fit(name: str, model: CurveLaw, at: Even, *, draws: int, rng: np.random.Generator) -> ShapeFit:
    if name == "saturating":
        knees = np.quantile(model.x, np.linspace(0.15, 0.85, KNEES))
        laws = [replace(model, shape="odds", x=bend(model.x, knee)) for knee in knees]
    else:
        laws, at = [replace(model, shape=name)], at.first(len(at.u) // BENT)
    made, modes = _weighted(laws, at)
    log_w = made.log_weights
    own = float(smoothed(log_w[None])[1][0])
    if not own < MAX_K:
        raise NotTestable(
            f"The {name} law over bins of length cannot be drawn well enough to be compared (Pareto k {own:.2f}, not "
            f"below {MAX_K}).",
            "Take fewer models or settings (--where)." if model.arms > 1 else "",
        )
    elpd, k, moved = loo(_left_out(model.bins, made), log_w)
    again = np.flatnonzero(~(k < MAX_K) | ~np.isfinite(elpd))
    moved[again] = 0.0
    error = float((moved.sum(axis=0) ** 2).sum())
    for i in again.tolist():
        elpd[i], own = _in_earnest(laws, at.first(len(at.u) // 2), modes, i)
        error += own**2
    p = np.exp(log_w - log_w.max())
    take = rng.choice(len(p), draws, p=p / p.sum())
    slopes = made.points[take, 2 + model.arms :]
    evidence = float(logsumexp(log_w) - np.log(len(log_w)))
    return ShapeFit(name, elpd, k, slopes, evidence, tuple(again.tolist()), float(np.sqrt(error)))


def _weighted(laws: list[CurveLaw], at: Even, starts: Sequence[Floats] = ()) -> tuple[Proposals, list[Floats]]:
    """Weighted draws of laws that differ in their lengths alone, and their modes; starts: from where these are sought,
    by default from those of the law before."""
    grid = laws[0].hyper.grid(GRID)
    found: list[tuple[Floats, Floats, Floats]] = []
    for i, law in enumerate(laws):
        start = starts[i] if len(starts) else found[-1][0] if found else None
        found.append(law.laplace(grid, start))
    return propose(laws, at, found, grid), [mode for mode, _, _ in found]


def _left_out(bins: Bins, made: Proposals) -> Floats:
    """(n, B) log density of every bin given the others and the parameters."""
    precision = made.precisions @ (bins.vectors**2).T
    pull = made.weighted @ bins.vectors.T
    pull *= pull
    pull /= precision[made.cell]
    return np.asarray(0.5 * ((np.log(precision) - np.log(2 * np.pi))[made.cell] - pull))


def _in_earnest(laws: list[CurveLaw], at: Even, starts: Sequence[Floats], i: int) -> tuple[float, float]:
    """Expected log density of bin i by draws of the laws without it: given these Normal, as the others have errors in
    common with it; and its Monte Carlo standard error."""
    bins, arm = laws[0].bins, laws[0].arm
    rest = np.delete(np.arange(len(arm)), i)
    covariance = (bins.vectors * bins.values) @ bins.vectors.T
    part = Bins.of(bins.mean[rest], covariance[np.ix_(rest, rest)])
    made, _ = _weighted([replace(law, bins=part, x=law.x[rest], arm=arm[rest]) for law in laws], at, starts)
    shared = covariance[i, rest] @ part.vectors
    level, slope = made.points[:, 2 + arm[i]], made.points[:, 2 + laws[0].arms + arm[i]]
    curve = CURVES[laws[0].shape].value(level, slope, np.array([law.x[i] for law in laws])[made.which])
    away = bins.mean[i] - curve - made.weighted @ shared
    variance = covariance[i, i] + made.points[:, 1] ** 2 - (made.precisions @ shared**2)[made.cell]
    log_density = -0.5 * (np.log(2 * np.pi * variance) + away**2 / variance)
    value = float(logsumexp(made.log_weights + log_density) - logsumexp(made.log_weights))
    weights = np.exp(made.log_weights - logsumexp(made.log_weights))
    return value, float(np.sqrt((weights**2 * np.expm1(log_density - value) ** 2).sum()))


def loo(log_density: np.ndarray, log_weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected log density of every unit when left out, its Pareto k, and (units, draws) what each draw adds to it.

    With normalised weights w_s the last is w_s (p_s / Σ w p - 1), by the delta method: their sums of squares over draws
    are Monte Carlo variances (of independent draws; of those that are spread evenly they are upper ones).

    log_density: (draws, units), of each unit given the others and the parameters. log_weights: (draws,) of draws that
    are weighted and not drawn from the posterior; those without a unit are theirs over its density, and it is these
    that are smoothed. Resampled draws would not do: tails of ties have no Pareto fit.

    >>> x = np.random.default_rng(0).normal(size=(4000, 1))  # the posterior of a mean; y = 0 with variance 1
    >>> log_density = -0.5 * x**2 - 0.5 * np.log(2 * np.pi)
    >>> same, k, _ = loo(log_density)
    >>> bool(abs(same[0] - loo(log_density, np.zeros(4000))[0][0]) < 1e-9)
    True
    """
    base = 0.0 if log_weights is None else log_weights
    weights, k = smoothed(base - log_density.T)
    top = log_density.max(axis=0)
    density = np.exp(log_density - top).T
    mean = np.einsum("un,un->u", weights, density)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(mean) + top, k, weights * (density / mean[:, None] - 1)


def stacking(elpd: Mapping[str, np.ndarray], rounds: int = 2000) -> dict[str, float]:
    """Weights on the simplex that maximise Σ_i log Σ_k w_k exp(elpd_ik) (Yao et al. 2018), by EM.

    >>> stacking({"a": np.array([0.0, 0.0]), "b": np.array([-9.0, -9.0])})["a"] > 0.99
    True
    """
    each = np.stack(list(elpd.values()))
    density = np.exp(each - each.max(0))
    w = np.full(len(each), 1 / len(each))
    for _ in range(rounds):
        w = w * (density @ (1 / (w @ density))) / density.shape[1]
    return dict(zip(elpd, w.tolist()))
