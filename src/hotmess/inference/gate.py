"""The diagnostics gate: no verdict and no `reliable` without it (methods, section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

RHAT, RHAT_LATENT, ESS = 1.01, 1.05, 400


@dataclass(frozen=True)
class Gate:
    """Whether a fit's draws may be spoken of, and if not, why not.

    `values` holds, per quantity, (rank-normalised R-hat, bulk ESS, tail ESS); `reasons` one sentence per failure.
    """

    reasons: tuple[str, ...] = ()
    values: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    divergences: int = 0

    @property
    def passed(self) -> bool:
        return not self.reasons

    def __and__(self, other: Gate) -> Gate:
        return Gate(
            tuple(dict.fromkeys(self.reasons + other.reasons)),
            {**self.values, **other.values},
            self.divergences + other.divergences,
        )


def diagnose(x: np.ndarray) -> tuple[float, float, float]:
    """Rank-normalised split R-hat, bulk ESS and tail ESS of draws of shape (chain, draw).

    A constant is reported as nan for all three: it has no Monte Carlo error, and nothing to diagnose.

    >>> rhat, bulk, tail = diagnose(np.random.default_rng(0).normal(size=(4, 500)))
    >>> rhat < 1.01, bulk > 1000, tail > 1000
    (True, True, True)
    """
    from arviz_stats.base import array_stats

    x = np.asarray(x, float)
    if not np.isfinite(x).all():
        return np.inf, 0.0, 0.0
    if np.ptp(x) == 0:
        return np.nan, np.nan, np.nan
    if x.shape[1] < 4 or x.shape[0] < 2:
        return np.inf, 0.0, 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        rhat = float(array_stats.rhat(x, chain_axis=0, draw_axis=1))
        bulk = float(array_stats.ess(x, chain_axis=0, draw_axis=1, method="bulk"))
        tail = float(array_stats.ess(x, chain_axis=0, draw_axis=1, method="tail", prob=(0.05, 0.95)))
    # 0/0 where chains stand still, each at a place of its own: that is a failure, not a constant.
    return np.inf if np.isnan(rhat) else rhat, float(np.nan_to_num(bulk)), float(np.nan_to_num(tail))


def gate_draws(draws: Mapping[str, np.ndarray], *, rhat: float = RHAT, ess: float = ESS) -> Gate:
    """The gate for named scalar quantities with draws of shape (chain, draw)."""
    values, reasons = {}, []
    for name, x in draws.items():
        r, bulk, tail = values[name] = diagnose(x)
        if np.isnan(r):
            continue
        if r >= rhat:
            reasons.append(f"R-hat of {name} is {r:.3f}, not below {rhat}: the chains disagree")
        if min(bulk, tail) <= ess:
            reasons.append(f"effective sample size of {name} is {min(bulk, tail):.0f}, not above {ess:.0f}")
    return Gate(tuple(reasons), values)


def gate_tree(tree: xr.DataTree, *, names: list[str] | None = None) -> Gate:
    """The gate for a fit: every scalar of the named posterior variables (default: all), and divergences.

    Variables called `latent` in their attributes' `role` are question-level: R-hat below 1.05 suffices.
    """
    posterior = tree["posterior"].dataset
    gate = Gate()
    for name in names or [str(name) for name in posterior.data_vars]:
        array = posterior[name]
        latent = array.attrs.get("role") == "latent"
        flat = array.values.reshape(*array.shape[:2], -1)
        labels = [name] if flat.shape[2] == 1 and array.ndim == 2 else [f"{name}[{i}]" for i in range(flat.shape[2])]
        gate &= gate_draws(
            {label: flat[:, :, i] for i, label in enumerate(labels)},
            rhat=RHAT_LATENT if latent else RHAT,
            ess=0 if latent else ESS,
        )
    divergences = 0
    if "sample_stats" in tree.children and "diverging" in tree["sample_stats"].dataset:
        divergences = int(tree["sample_stats"]["diverging"].sum())
    if divergences:
        many = "s" if divergences > 1 else ""
        sentence = f"{divergences} divergent transition{many}: the sampler missed part of the posterior"
        gate &= Gate((sentence,), {}, divergences)
    return gate
