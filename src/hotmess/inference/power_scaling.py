"""Power-scaling: draws reweighted as if prior or likelihood were to a power
(Kallioinen et al. 2024; methods, section 7).

Weights are smoothed by a Pareto tail (PSIS); where its k exceeds 0.7 they cannot be trusted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hotmess.inference.pareto import smoothed

PARETO_K, SENSE = 0.7, 0.05
POWERS = (1.25, 1.1, 1.05, 1.01)  # the widest pair (1/p, p) whose weights can be trusted is reported


def power_scaling_sense(draws: np.ndarray, log_prior: np.ndarray, log_likelihood: np.ndarray) -> dict[str, float]:
    """Power-scaling sensitivity of a scalar to prior and likelihood, by arviz-stats (`psense`); (chain, draw) each.

    Above `SENSE` the prior moves the scalar: say which it was, and try a wider one. Below it the likelihood does not:
    the data say little of the scalar. Both above it: prior and data may disagree.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(1.0, 0.5, (4, 500))         # prior Normal(0, 1); an observation 1.25 with sd 0.577
    >>> sense = power_scaling_sense(x, -0.5 * x**2, -0.5 * (x - 4 / 3) ** 2 * 3)
    >>> sense["prior"] > 0.05, sense["likelihood"] > 0.05
    (True, True)
    """
    import warnings

    from arviz_base import from_dict
    from arviz_stats.psense import psense

    groups = {"posterior": draws, "log_prior": log_prior, "log_likelihood": log_likelihood[..., None]}
    tree = from_dict({k: {"claim": np.asarray(v, float)} for k, v in groups.items()})
    out = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group, density in (("prior", log_prior), ("likelihood", log_likelihood)):
            if np.ptp(density) < 1e-12:
                out[group] = 0.0  # a constant density moves nothing
                continue
            found: Any = psense(tree, group=group)
            found = getattr(found, "dataset", found)
            out[group] = float(np.asarray(found["claim"]))
    return out


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
