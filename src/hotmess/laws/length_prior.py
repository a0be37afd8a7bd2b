"""The prior of laws in length, in units of the data: per standard deviation of log length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class LengthPrior:
    """Priors of the length law, on logit incoherence (odds; log incoherence for the power law).

    slope_arm ~ Normal(mu, tau) per standard deviation of the arm's log lengths, mu ~ Normal(0, slope), tau ~
    HalfNormal(spread); level_arm ~ Normal(logit ½, level) at the arm's mean log length. residual: of bins around a
    curve, where shapes are compared, on the scale of incoherence, ~ HalfNormal(residual).

    Per standard deviation, since lengths of some models vary tenfold and of others by a twentieth: a prior per token
    or per doubling lets the data of the one speak and overrules those of the other.
    """

    slope: float = 0.5
    level: float = 1.5
    spread: float = 0.3
    residual: float = 0.1

    def slopes(self, rng: np.random.Generator, n: int, arms: int) -> Floats:
        """(n, arms) draws of the slopes per standard deviation."""
        tau = self.spread * np.abs(rng.standard_normal((n, 1)))
        return np.asarray(self.slope * rng.standard_normal((n, 1)) + tau * rng.standard_normal((n, arms)))

    def curves(self, z: Floats, rng: np.random.Generator, n: int) -> Floats:
        """(n, points) curves of incoherence over z standard deviations of log length, drawn from the prior (odds).

        >>> LengthPrior().curves(np.array([0.0, 1.0]), np.random.default_rng(0), 4000).mean(0).round(1).tolist()
        [0.5, 0.5]
        """
        level = self.level * rng.standard_normal((n, 1))
        return np.asarray(expit(level + self.slopes(rng, n, 1) * z))
