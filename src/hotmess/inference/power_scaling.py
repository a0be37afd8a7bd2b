"""Power-scaling: draws reweighted as if prior or likelihood were to a power
(Kallioinen et al. 2024; methods, section 7).

Weights are smoothed by a Pareto tail (PSIS); where its k exceeds 0.7 they cannot be trusted.
"""

from __future__ import annotations

import numpy as np

from hotmess.inference.converged import tail_ess
from hotmess.inference.pareto import smoothed, tail_length

PARETO_K, SENSE = 0.7, 0.05
NEAR = (0.99, 1.01)  # powers whose difference is the sensitivity
POWERS = (1.25, 1.1, 1.05, 1.01)  # the widest pair (1/p, p) whose weights can be trusted is reported


def power_scaling_sense(draws: np.ndarray, log_prior: np.ndarray, log_likelihood: np.ndarray) -> dict[str, float]:
    """Power-scaling sensitivity of a scalar to prior and likelihood, the numbers of arviz-stats' `psense`; (chain,
    draw) each.

    Above `SENSE` the prior moves the scalar: say which it was, and try a wider one. Below it the likelihood does not:
    the data say little of the scalar. Both above it: prior and data may disagree.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(1.0, 0.5, (4, 500))         # prior Normal(0, 1); an observation 1.25 with sd 0.577
    >>> sense = power_scaling_sense(x, -0.5 * x**2, -0.5 * (x - 4 / 3) ** 2 * 3)
    >>> sense["prior"] > 0.05, sense["likelihood"] > 0.05
    (True, True)
    """
    flat = np.asarray(draws, float).ravel()
    return {name: _sense(flat, d.ravel()) for name, d in (("prior", log_prior), ("likelihood", log_likelihood))}


def _sense(x: np.ndarray, density: np.ndarray) -> float:
    """How far the distribution of x moves per doubling of the density's power, from powers just below and above 1."""
    if np.ptp(density) < 1e-12:
        return 0.0  # a constant density moves nothing
    n = len(x)
    tail = min(n // 2, max(5, tail_length(n, tail_ess(density[None]) / n)))
    moved = []
    for power in NEAR:
        weights, _ = smoothed((power - 1) * density, tail)
        moved.append(max(_distance(x, weights), _distance(-x, weights)) / abs(np.log2(power)))
    return float(np.mean(moved))


def _distance(x: np.ndarray, weights: np.ndarray) -> float:
    """Cumulative Jensen-Shannon distance of weighted draws from the same unweighted, between 0 and 1."""
    order = np.argsort(x)
    width, q = np.diff(x[order]), np.cumsum(weights[order])[:-1]
    p = np.linspace(1 / len(x), 1 - 1 / len(x), len(x) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = np.log2((p + q) / 2)
        apart = (np.nan_to_num(x * (np.log2(x) - middle), posinf=0.0, neginf=0.0) @ width for x in (p, q))
        drift = 0.5 / np.log(2) * ((q - p) @ width)
        total = sum(max(0.0, d + side * drift) for d, side in zip(apart, (1, -1)))
        return float(np.sqrt(total / ((p + q) @ width)))


def scaled_weights(density: np.ndarray) -> list[tuple[float, np.ndarray, float]]:
    """(power, normalised weights, Pareto k) for density^(power - 1), for the widest pair of `POWERS` with k < 0.7."""
    flat = np.asarray(density, float).ravel()
    pair: list[tuple[float, np.ndarray, float]] = []
    for power in POWERS:
        both = [(p, smoothed((p - 1) * flat)) for p in (1 / power, power)]
        pair = [(p, weights, float(k)) for p, (weights, k) in both]
        if all(k < PARETO_K for _, _, k in pair):
            return pair
    return []


def weighted_median(x: np.ndarray, weights: np.ndarray) -> float:
    """The median of x under weights.

    >>> weighted_median(np.array([3.0, 1.0, 2.0]), np.array([0.6, 0.2, 0.2]))
    3.0
    """
    return float(np.quantile(x, 0.5, weights=weights, method="inverted_cdf"))
