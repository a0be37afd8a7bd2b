"""Which shape a law in length has: power, odds, saturating, linear or constant, by leave-one-out prediction of bins.

All shapes predict the same vector, the incoherences of the bins on the identity scale, with its joint covariance as
measurement error (methods, section 4). What is left out is a bin: given parameters, y ~ Normal(mu, C) with
P = C^-1 has the exact leave-one-out density (Burkner, Gabry and Vehtari 2021, section 2)

    y_i | y_-i ~ Normal(y_i - [P (y - mu)]_i / P_ii, 1 / P_ii),

averaged over the posterior without bin i by Pareto-smoothed importance sampling (Vehtari, Gelman and Gabry 2017), or
by a fit without bin i where its Pareto k says that this cannot be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from hotmess.laws.length import SHAPES, _Law

if TYPE_CHECKING:
    from hotmess.laws.length import LengthLaw

NAMES = ("power", "odds", "saturating", "linear", "constant")
MIN_UNITS, MIN_DIFFERENCE, MIN_ERRORS, MAX_K = 20, 4.0, 2.0, 0.7
KNEES, WIDTH, GRID, MAX_REFITS = 7, 0.2, 16, 10
"""The saturating law: odds up to a knee, flat beyond it, the bend WIDTH of a natural log length wide. Its knee is one
of KNEES places between the 15% and the 85% quantile of the bins' lengths, equally probable beforehand."""


def _linear(level: np.ndarray, slope: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return level + slope * x, np.ones(np.broadcast(level, x).shape), np.broadcast_to(x, np.broadcast(level, x).shape)


def _constant(level: np.ndarray, slope: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ones = np.ones(np.broadcast(level, x).shape)
    return level * ones, ones, 0 * ones


def bend(x: np.ndarray, knee: float, width: float = WIDTH) -> np.ndarray:
    """x below the knee, the knee beyond it, smoothly: a soft minimum.

    >>> bend(np.array([-2.0, 0.0, 3.0]), 0.0)[:2].round(2).tolist()
    [-2.0, -0.14]
    """
    return x - width * np.logaddexp(0, (x - knee) / width)


class _Shape(_Law):
    """`_Law` with one more shape than it knows."""

    def __init__(self, shape: str, eigen: tuple[np.ndarray, ...], x: np.ndarray, arm: np.ndarray, arms: int) -> None:
        super().__init__(shape if shape in SHAPES else "odds", eigen, x, arm, arms)
        if shape in ("linear", "constant"):
            self.f = {"linear": _linear, "constant": _constant}[shape]
            level = 1 / (1 + np.exp(-self.start[:arms]))
            self.start = np.concatenate([level, np.zeros(arms)])
            self.prior_mean = np.concatenate([np.full(arms, level.mean()), np.zeros(arms)])


@dataclass(frozen=True)
class ShapeFit:
    """One shape's predictions: per bin the expected log density when left out, and its Pareto k; slopes (draws, arms).

    `refitted`: bins whose k was not below 0.7, and which were therefore left out in earnest.
    """

    name: str
    elpd: np.ndarray
    pareto_k: np.ndarray
    slopes: np.ndarray
    log_evidence: float
    refitted: tuple[int, ...] = ()

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
                "expected log predictive density"
            )
        return ""


def compare_shapes(
    law: LengthLaw, *, population: str = "like-these", names: tuple[str, ...] = NAMES, draws: int = 2000, seed: int = 0
) -> Shapes:
    """Fit every shape to the bins of a length law and compare their leave-one-out predictions.

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
    eigen = law_eigen(law, population)
    x, arm = law.bins["x"].to_numpy(), law.bins["arm"].to_numpy()
    fits = {
        name: _fit(name, eigen, x, arm, len(law.arms), draws=draws, rng=np.random.default_rng([seed, 41, i]))
        for i, name in enumerate(names)
    }
    return Shapes(fits, stacking({n: f.elpd for n, f in fits.items()}), len(x))


def law_eigen(law: LengthLaw, population: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of the bins' incoherences, and eigenvalues and eigenvectors of their covariance, for one population."""
    keys = ["model", "condition", "budget", "bin"]
    sets = law.fit.draws(keys, population=population)
    place = {tuple(r): i for i, r in enumerate(sets.table[keys].itertuples(index=False, name=None))}
    index = [place[tuple(r)] for r in law.bins[keys].itertuples(index=False, name=None)]
    flat = sets.incoherence[..., index].reshape(-1, len(index))
    keep = 1 - min(0.5, flat.shape[1] / flat.shape[0])
    cov = np.cov(flat, rowvar=False)
    value, vector = np.linalg.eigh(keep * cov + (1 - keep) * np.diag(np.diag(cov)))
    return flat.mean(0), np.maximum(value, 1e-12), vector


def _fit(
    name: str,
    eigen: tuple[np.ndarray, ...],
    x: np.ndarray,
    arm: np.ndarray,
    arms: int,
    *,
    draws: int,
    rng: np.random.Generator,
) -> ShapeFit:
    knees = np.quantile(x, np.linspace(0.15, 0.85, KNEES)) if name == "saturating" else np.array([np.inf])
    laws = [_Shape(name, eigen, bend(x, k) if np.isfinite(k) else x, arm, arms) for k in knees]
    points, log_w = _weighted(laws, 4 * draws, rng)
    logs = np.concatenate([_left_out(law, part) for law, part in zip(laws, points)])
    p = np.exp(log_w - log_w.max())
    take = rng.choice(len(p), draws, p=p / p.sum())
    elpd, k = loo(logs[take])
    again = np.flatnonzero(~(k < MAX_K))[:MAX_REFITS]
    covariance = (eigen[2] * eigen[1]) @ eigen[2].T
    for i in again:
        rest = np.delete(np.arange(len(x)), i)
        value, vector = np.linalg.eigh(covariance[np.ix_(rest, rest)])
        part = (eigen[0][rest], np.maximum(value, 1e-12), vector)
        fewer = [_Shape(name, part, law.x[rest], arm[rest], arms) for law in laws]
        points_i, log_w_i = _weighted(fewer, draws, rng)
        ll = np.concatenate([_left_out(law, new)[:, i] for law, new in zip(laws, points_i)])
        elpd[i] = logsumexp(log_w_i + ll) - logsumexp(log_w_i)
    slopes = np.concatenate(points)[take, 2 + arms :]
    return ShapeFit(name, elpd, k, slopes, float(logsumexp(log_w) - np.log(len(log_w))), tuple(again.tolist()))


def _weighted(laws: list[_Shape], n: int, rng: np.random.Generator) -> tuple[list[np.ndarray], np.ndarray]:
    """n proposals for each law, and the log weights of all of them."""
    both = [law.proposals(rng, n, GRID) for law in laws]
    log_w = np.concatenate([w for _, w in both])
    return [points for points, _ in both], np.where(np.isfinite(log_w), log_w, -np.inf)


def _left_out(law: _Law, points: np.ndarray) -> np.ndarray:
    """(n, bins) log density of every bin given the others and the parameters."""
    w = law._weights(points[:, :2])
    rotated = law._residual(points[:, 2:])[0]
    precision = w @ (law.vectors**2).T
    pull = (w * rotated) @ law.vectors.T
    return 0.5 * (np.log(precision) - np.log(2 * np.pi) - pull**2 / precision)


def loo(log_density: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Expected log density of every unit when left out, and its Pareto k; (draws, units) log densities."""
    from hotmess.inference.weights import smoothed

    weights, k = smoothed(-log_density.T)
    return logsumexp(log_density.T, b=weights, axis=-1), k


def stacking(elpd: Mapping[str, np.ndarray], rounds: int = 2000) -> dict[str, float]:
    """Weights on the simplex that maximise Σ_i log Σ_k w_k exp(elpd_ik) (Yao et al. 2018), by EM.

    >>> stacking({"a": np.array([0.0, 0.0]), "b": np.array([-9.0, -9.0])})["a"] > 0.99
    True
    """
    each = np.stack(list(elpd.values()))
    density = np.exp(each - each.max(0))
    w = np.full(len(each), 1 / len(each))
    for _ in range(rounds):
        share = w[:, None] * density
        w = (share / share.sum(0)).mean(1)
    return dict(zip(elpd, w.tolist()))
