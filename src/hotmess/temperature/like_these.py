"""Effects for questions like these: the infinitesimal jackknife over questions (methods, section 5).

The posterior is of one set of questions under the model. Where questions differ by more than it knows, as where each
option has a length of its own, their own slopes scatter, and the posterior is too narrow. With weights w on questions
the posterior mean of g moves by

    c_q = Cov_posterior(g, ℓ_q) + the direct influence of w_q where g is itself a mean over questions,

ℓ_q the log likelihood of question q with its scores integrated out, summed over its cells (Giordano and Broderick
2023), so that its variance over sets of questions is V = Q/(Q - 1) Σ_q (c_q - c̄)², less what the Monte Carlo error of
the covariances adds. What the prior leaves uncertain is added as by a randomised location of it, Σ of Cov(g, θ) P
Cov(θ, g) with P the prior precision: where the model holds the sum is the posterior's variance. Draws are moved away
from their mean to that variance where it is the larger, and spread as Student's t with the effective questions of c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.statements.effective import Effective
from hotmess.statements.influence import effective
from hotmess.statements.settle import spread

if TYPE_CHECKING:
    from jaxtyping import Float

    from hotmess.arrays import Floats, Ints
    from hotmess.temperature.data import LengthData
    from hotmess.temperature.effects import Curves


@dataclass(frozen=True)
class QuestionInfluence:
    """What the questions do to a posterior.

    Attributes
    ----------
    likelihood
        (samples, Q) log likelihoods of the questions, centred.
    theta
        (samples, p) parameters, centred, times the root of the prior's precision.
    question
        (n,) question of each cell, or the cluster that it comes in: then all here is of clusters.
    effective
        How many samples are effective.
    """

    likelihood: Float[np.ndarray, "samples Q"]
    theta: Float[np.ndarray, "samples p"]
    question: Ints
    effective: float

    def settle(
        self, g: Floats, direct: Float[np.ndarray, " n"] | None = None, *, least: float = 0.0
    ) -> tuple[Floats, Effective]:
        """Draws of a statement (samples,) for questions like these, and how many it rests on.

        direct: (n,) direct influence of each cell on it; least: the least standard deviation.

        A normal mean with known variance 1 where the data scatter by 2: the standard error is that of the scatter.

        >>> rng = np.random.default_rng(0)
        >>> y = 2.0 * rng.normal(size=400)
        >>> theta = y.mean() + rng.normal(size=20_000) / 20
        >>> ell = -0.5 * (y - theta[:, None]) ** 2
        >>> here = QuestionInfluence(ell - ell.mean(0), np.zeros((20_000, 1)), np.arange(400), 20_000)
        >>> round(float(here.settle(theta)[0].std() / (y.std() / 20)), 1)
        1.0
        """
        away = g - g.mean()
        n, questions = self.likelihood.shape
        c = away @ self.likelihood / n
        if direct is not None:
            c = c + np.bincount(self.question, direct, questions)
        variance = float(((c - c.mean()) ** 2).sum() * questions / (questions - 1))
        variance -= float(away.var() * self.likelihood.var(axis=0).sum() / self.effective)
        slope = away @ self.theta / n
        wanted = max(variance, 0.0) + float(slope @ slope)
        sd = float(away.std())
        ratio = max(1.0, np.sqrt(wanted) / sd, least / sd) if sd > 0 else 1.0
        df = float(effective(c[:, None], questions)[0])
        df = min(df if np.isfinite(df) else questions, float(questions))
        return spread(g.mean() + ratio * away, df), Effective(df, df, questions)


def question_influence(
    data: LengthData,
    theta: Float[np.ndarray, "samples G T"],
    cells: Float[np.ndarray, "samples n"],
    precision: Float[np.ndarray, "p p"],
    effective_samples: float,
) -> QuestionInfluence:
    """From posterior draws of the parameters and of the cells' log likelihoods, and the prior's precision."""
    question = data.dependent()
    order = np.argsort(question, kind="stable")
    first = np.searchsorted(question[order], np.arange(int(question.max()) + 1))
    likelihood = np.add.reduceat(cells[:, order], first, axis=1)
    flat = theta.reshape(len(theta), -1)
    root = np.linalg.cholesky(precision)
    return QuestionInfluence(
        likelihood - likelihood.mean(axis=0), (flat - flat.mean(axis=0)) @ root, question, effective_samples
    )


def slope_influence(curve: Curves, distance: Floats, unit: Ints) -> Float[np.ndarray, "G n"]:
    """(G, n) direct influence of every cell on each unit's slope of logit incoherence, log(v/b) between two points.

    At a point it is (v_i - v)(1/v + 1/b) - (e_i - e)/b over the number of the unit's cells, with b = e - v.
    """
    assert curve.by_cell is not None
    error, variance = curve.error.mean(axis=0), curve.variance.mean(axis=0)  # (G, P)
    bias = error - variance
    e, v = np.moveaxis(curve.by_cell, -1, 0)  # (n, P)
    count = np.bincount(unit, minlength=len(error))
    own = (v - variance[unit]) * (1 / variance + 1 / bias)[unit] - (e - error[unit]) / bias[unit]
    own = (own[:, 1] - own[:, 0]) / count[unit] / distance[unit]
    return np.where(unit == np.arange(len(error))[:, None], own, 0.0)
