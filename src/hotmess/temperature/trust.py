"""Whether the fast path may be trusted, unit by unit; and what the slow engine would take (methods, section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hotmess.temperature.data import LengthData

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


def slow_seconds(data: LengthData, draws: int) -> float:
    """About how long NUTS takes here for so many draws, warm-up included, from the time that one gradient takes."""
    import jax
    import jax.numpy as jnp

    from hotmess.inference.sample import enable_x64
    from hotmess.temperature.likelihood import Dense, log_likelihood

    with enable_x64():
        dense = Dense(*(jnp.asarray(x) for x in data.dense))
        theta = jnp.zeros((data.parameters, len(data.cells)))
        gradient = jax.jit(jax.grad(lambda d: log_likelihood(d, theta, dense).sum()))
        at = jnp.zeros(data.dense.real.shape)
        gradient(at).block_until_ready()
        times = [perf_counter()]
        for _ in range(REPEATS):
            gradient(at).block_until_ready()
            times.append(perf_counter())
        return float(3 * STEPS * draws * np.diff(times).min())


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
