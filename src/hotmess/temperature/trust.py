"""Whether the fast path may be trusted, unit by unit; and what the slow engine would take (methods, section 5)."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hotmess.temperature.data import LengthData
    from hotmess.temperature.prior import Pooling, TemperaturePrior

PARETO_K, LEAST_EFFECTIVE = 0.7, 100
"""Pareto k from which on weights are not to be trusted (Vehtari et al. 2024), and effective draws that are too few."""

PATIENCE = 120.0
"""Seconds that the slow engine may take by itself."""

STEPS = 31
"""Leapfrog steps of a draw by NUTS in these coordinates, about."""

REPEATS = 5
"""Gradients that are timed; the fastest counts, since whatever else the machine does only makes one slower."""


def failed_units(attrs: Mapping[Any, Any], labels: Sequence[str]) -> dict[int, str]:
    """Units in which the fast path failed, and why: Pareto k 0.7 or more, or too few effective draws.

    attrs: of the draws: `unit_k` and `unit_effective`, or where units were drawn together `pareto_k` and `effective`.

    >>> failed_units({"unit_k": [0.2, 0.9], "unit_effective": [500.0, 60.0]}, ["owl", "elk"])
    {1: 'in elk (Pareto k 0.90, not below 0.7)'}
    """
    k = np.broadcast_to(attrs["unit_k" if "unit_k" in attrs else "pareto_k"], len(labels))
    effective = np.broadcast_to(attrs["unit_effective" if "unit_effective" in attrs else "effective"], len(labels))
    out = {}
    for g, label in enumerate(labels):
        if not k[g] < PARETO_K:
            out[g] = f"in {label} (Pareto k {k[g]:.2f}, not below {PARETO_K})"
        elif not effective[g] > LEAST_EFFECTIVE:
            out[g] = f"in {label} ({effective[g]:.0f} effective draws, not above {LEAST_EFFECTIVE})"
    return out


def slow_seconds(data: LengthData, prior: TemperaturePrior, pool: Pooling, draws: int) -> float:
    """About how long NUTS takes here for so many draws, warm-up included, from the time that one gradient takes.

    The gradient of the whole density: with many units their covariance takes longer than the responses do.
    """
    from numpyro.infer.util import potential_energy

    from hotmess.inference.compiled import cached_jax
    from hotmess.inference.sample import enable_x64
    from hotmess.temperature.laplace import around
    from hotmess.temperature.likelihood import single
    from hotmess.temperature.model import temperature_model

    jax = cached_jax()
    width = prior.widths(data.features)
    center = np.r_[[mean for mean, _ in prior.level], np.zeros(2 * len(data.features))]
    theta = np.tile(center, (len(data.units), 1))  # anywhere will do
    at = around(data.dense, theta, np.tile(np.diag(width**2) / 2, (len(data.units), 1, 1)), width)
    with enable_x64():
        scales = {"scales": np.zeros((len(pool.groupings), 2 * len(data.features)))} if pool.groupings else {}
        here = {"raw_theta": np.zeros(theta.size), "raw_scores": np.zeros(at.mode.shape), **scales}
        model: tuple[Any, ...] = (temperature_model, (single(data.dense), at, prior, pool, data.features), {})
        gradient = jax.jit(jax.grad(functools.partial(potential_energy, *model)))
        jax.block_until_ready(gradient(here))
        times = [perf_counter()]
        for _ in range(REPEATS):
            jax.block_until_ready(gradient(here))
            times.append(perf_counter())
    return float(STEPS * draws * np.diff(times).min())


def remedy(seconds: float) -> str:
    """The option that lets the slow engine run, and the time that it takes.

    >>> remedy(700.0)
    'the slow engine would take about 12 minutes here, and runs by itself with --patience 1060 (Python: patience=1060)'
    """
    minutes = max(1, round(seconds / 60))
    time = f"{minutes} minute{'s' * (minutes != 1)}"
    enough = 10 * round(1.5 * seconds / 10) + 10
    own = f"--patience {enough} (Python: patience={enough})"
    return f"the slow engine would take about {time} here, and runs by itself with {own}"


REFIT = "in Python, fit.refit(engine='nuts') tries the slow engine"
"""What to do about a fast path that failed, where the fit does not say it."""
