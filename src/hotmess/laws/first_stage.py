"""How far a law's answer would move if what it is fitted to were drawn again (methods, section 7).

A law is fitted to the mean y and the covariance N of draws of a first stage. Both are as exact as these are many, and
no number of draws from the law's own posterior tells how much of that is left in a statement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.laws.gaussian import JITTER, GaussianLaw, shrunk_covariance

if TYPE_CHECKING:
    from jaxtyping import Float

BATCHES = 10
"""Parts of the first stage's draws that are left out one at a time."""


def location_error(
    law: GaussianLaw,
    seen: Float[np.ndarray, "n m"],
    points: Float[np.ndarray, "d h"],
    of: Callable[[np.ndarray], float],
) -> float:
    """Standard error of `of` at the coefficients' posterior mean, from the draws (n, m) behind the law's y and N.

    By the jackknife over `BATCHES` consecutive parts of these (Efron and Stein 1981), √((K - 1)/K Σ (θ_k - θ̄)²),
    hyperparameters held at the mean of their draws (d, h). That the covariance is one of draws, too, is most of it
    where a law weighs many estimates that have errors in common.

    Two coefficients with wide priors, each seen as the mean of draws: their standard deviation over √n.

    >>> from hotmess.laws.gaussian import Part
    >>> from hotmess.laws.hyperprior import HyperPrior
    >>> draws, eye = np.random.default_rng(0).normal(size=(4000, 2)), np.eye(2)
    >>> seen, none = (draws.mean(0), shrunk_covariance(draws), eye), (Part((0, 0), 0 * eye),)
    >>> law = GaussianLaw(*seen, np.zeros(2), 1e6 * eye, HyperPrior((1.0,)), none)
    >>> bool(0.5 < location_error(law, draws, np.ones((1, 1)), lambda b: b[0]) * np.sqrt(4000) < 2)
    True
    """
    point, part = points.mean(axis=0, keepdims=True), np.arange(len(seen)) * BATCHES // len(seen)
    found = np.empty(BATCHES)
    for k in range(BATCHES):
        kept = seen[part != k]
        again = replace(law, y=kept.mean(axis=0), noise=shrunk_covariance(kept) + JITTER * np.eye(len(law.y)))
        found[k] = of(again.conditional(point)[0][0])
    return float(np.sqrt((BATCHES - 1) / BATCHES * ((found - found.mean()) ** 2).sum()))
