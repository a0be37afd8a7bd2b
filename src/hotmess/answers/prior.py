"""Priors of the nested Dirichlet model, stated once for every engine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np

from hotmess.errors import BadInput

PARAMETERS = ("logit_a", "log_kappa", "log_phi")
UNPARSABLE = ("logit_u", "log_psi")
IN_WORDS = {
    "logit_a": "mean accuracy",
    "log_kappa": "the spread of accuracy over questions",
    "log_phi": "the concentration of wrong answers",
    "logit_u": "the share of unparsable responses",
    "log_psi": "the spread of that share over questions",
}
UNPARSABLE_SPREAD = 1.5
"""Standard deviation of log psi around 0."""


@dataclass(frozen=True)
class AnswerPrior:
    """Normal priors on (logit a_g, log kappa_g, log phi_g), and on their regression where there is a formula.

    Without a formula every group has its own prior Normal(location, scale): 90% of the prior lies at accuracies from
    0.08 to 0.92, kappa from 0.08 to 12 (nearly every question always right or always wrong, to all questions alike)
    and phi from 0.17 to 24 (one favourite wrong answer, to no favourite). With a formula the intercept has that prior,
    each standardised coefficient Normal(0, coefficient), and groups scatter around the regression with a standard
    deviation sigma ~ HalfNormal(residual).

    Where a group has unparsable responses, their share among the responses that are not right is Beta with mean
    logit^-1 Normal(unparsable) and concentration exp Normal(0, 1.5), never pooled.
    """

    location: tuple[float, float, float] = (0.0, 0.0, float(np.log(2.0)))
    scale: tuple[float, float, float] = (1.5, 1.5, 1.5)
    coefficient: float = 1.0
    residual: float = 0.5
    unparsable: tuple[float, float] = (-3.0, 1.5)

    def __post_init__(self) -> None:
        for name, like in (
            ("location", "(0.0, 0.0, 0.7)"),
            ("scale", "(1.5, 1.5, 1.5)"),
            ("unparsable", "(-3.0, 1.5)"),
        ):
            given, size = getattr(self, name), 1 + like.count(",")
            many = isinstance(given, (tuple, list, np.ndarray)) and len(given) == size
            if not many or not all(isinstance(x, Real) and math.isfinite(x) for x in given):
                raise BadInput(f"The {name} of a prior of answers is {given!r}; it must be {size} numbers, as {like}.")
