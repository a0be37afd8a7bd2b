"""The optimizer's law as a collapsed Gaussian law: levels, exponents, what varies around them, residuals of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotmess.laws.gaussian import GaussianLaw, Part
from hotmess.laws.hyperprior import HyperPrior
from hotmess.optimizer.logarithms import Logarithms

Floats = NDArray[np.floating[Any]]
SCALES = (  # what varies, and between what
    ("alpha", "problem"),
    ("level", "sweep"),
    ("alpha", "sweep"),
    ("level", "size"),
    ("level", "model"),
)
PROBLEM = 0
"""The scale whose effects are coefficients: exponents of problems are reported."""

CORRELATED = ("size", "model")  # residuals that outcomes share
FLOOR = 0.01  # the loss is a mean over thousands of held-out pairs, known but not exactly


@dataclass(frozen=True)
class RolloutPrior:
    """Levels are normal around the data's mean with sd `level`, exponents normal with mean and sd `alpha`, standard
    deviations half-normal with `widths` in the order of `SCALES`, correlations uniform."""

    level: float = 3.0
    alpha: tuple[float, float] = (1.0, 1.5)
    widths: tuple[float, ...] = (0.5, 1.0, 0.5, 0.5, 0.5)


def rollout_law(data: Logarithms, outcomes: Sequence[int], prior: RolloutPrior | None = None) -> GaussianLaw:
    """The law of one or two outcomes.

    A point has one scale for each of `SCALES`, those of the first outcome first, and for two outcomes one correlation
    for each of `CORRELATED`. Coefficients: levels (K,), mean exponents (K,), and of each outcome the deviations of the
    problems' exponents (K, P).
    """
    prior = prior or RolloutPrior()
    k, problems = len(outcomes), int(data.problem.max()) + 1
    seen = data.seen[:, outcomes]
    row, col = np.nonzero(seen)
    x, y = data.x[row], data.y[:, outcomes][seen]
    middle = np.array([y[col == j].mean() if (col == j).any() else 0.0 for j in range(k)])
    lines = {"level": np.ones((len(x), len(x))), "alpha": np.outer(x, x)}
    unit = {
        "sweep": data.sweep,
        "size": np.unique(data.x, return_inverse=True)[1],
        "model": np.arange(len(data.x)),
    }
    same = col[:, None] == col
    residuals = []
    for i, (what, between) in enumerate(SCALES):
        if i == PROBLEM:
            continue
        index = unit[between][row]
        alike = lines[what] * (index[:, None] == index)
        at = [i + j * len(SCALES) for j in range(k)]
        residuals += [Part((at[j], at[j]), alike * same * (col == j)) for j in range(k)]
        if k == 2 and between in CORRELATED:
            rho = 2 * len(SCALES) + CORRELATED.index(between)
            residuals.append(Part((at[0], at[1], rho), alike * ~same))
    member = (col[:, None] == np.arange(k)).astype(float)
    mine = (data.problem[row][:, None] == np.arange(problems)).astype(float)
    own = np.einsum("mk,mp->mkp", member, mine).reshape(len(x), k * problems)
    along = -x[:, None]
    deviations = [np.diag(np.r_[np.zeros(2 * k), np.repeat(np.arange(k) == j, problems)]) for j in range(k)]
    error = np.hypot(data.sd[:, outcomes][seen], FLOOR)
    return GaussianLaw(
        y=y,
        noise=np.diag(error**2),
        design=np.concatenate([member, member * along, own * along], axis=1),
        mean=np.concatenate([middle, np.full(k, prior.alpha[0]), np.zeros(k * problems)]),
        fixed=np.diag(np.r_[np.full(k, prior.level**2), np.full(k, prior.alpha[1] ** 2), np.zeros(k * problems)]),
        hyper=HyperPrior(prior.widths * k, len(CORRELATED) if k == 2 else 0),
        coefficients=tuple(Part((PROBLEM + j * len(SCALES),) * 2, d) for j, d in enumerate(deviations)),
        residuals=tuple(residuals),
    )


def as_coefficients(level: Floats, alpha: Floats, own: Floats) -> Floats:
    """(n, p) coefficients of the law, from what `by_problem` makes of them."""
    deviations = np.swapaxes(own - alpha[:, None], 1, 2).reshape(len(level), -1)
    return np.concatenate([level, alpha, deviations], axis=1)


def by_problem(coefficients: Floats, outcomes: int) -> tuple[Floats, Floats, Floats]:
    """Levels (n, K), mean exponents (n, K), and exponents of each problem (n, P, K) of draws of coefficients."""
    k = outcomes
    level, alpha = coefficients[:, :k], coefficients[:, k : 2 * k]
    own = np.swapaxes(coefficients[:, 2 * k :].reshape(len(coefficients), k, -1), 1, 2)
    return level, alpha, alpha[:, None] + own
