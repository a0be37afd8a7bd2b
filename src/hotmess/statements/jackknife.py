"""The same for posteriors that are sampled: the Bayesian infinitesimal
jackknife (Giordano and Broderick 2023; methods, section 3).

The posterior mean of a set mean mu under weights w on questions moves with each weight by

    c_q = Cov_posterior(mu, l_q) + (E t_q - m_q mu)/sum m

l_q the log likelihood of question q with everything that belongs to it integrated out and summed over its cells (given
the question's own latents the sum of squares comes out at 0.02 to 0.15 of the truth), the second part the weights that
the mean itself carries. Draws are mu + sum_q (w_q - 1) c_q, at the weights that everything else has: to first order the
draws of a weighted fit. What a Normal(m, s²) prior on theta leaves uncertain is added, Cov(mu, theta)/s times a
standard normal, as a randomised prior location does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.statements.questions import Questions

if TYPE_CHECKING:
    from jaxtyping import Float, Real


def linear_draws(
    means: Float[np.ndarray, "samples sets terms"],
    likelihood: Float[np.ndarray, "samples questions"],
    terms: Float[np.ndarray, "questions sets terms"],
    cells: Real[np.ndarray, "questions sets"],
    questions: Questions,
    *,
    draws: int,
    seed: int,
    prior: Sequence[tuple[np.ndarray, float]] = (),
) -> tuple[Float[np.ndarray, "draws sets terms"], Float[np.ndarray, "sets terms"]]:
    """Draws (draws, sets, terms) of set means under question weights, and their centre (sets, terms).

    Parameters
    ----------
    means
        (samples, sets, terms) posterior draws of the means at even weights.
    likelihood
        (samples, questions) log likelihood of each question in the same posterior draws.
    terms, cells
        (questions, sets, terms) posterior means of the sums of each question's terms, and (questions, sets) how many.
    prior
        (posterior draws of a parameter, standard deviation of its normal prior).

    A normal mean with known variance 1, a flat prior: c_q is (y_q - mean)/Q, so draws are the Bayesian bootstrap's.

    >>> rng = np.random.default_rng(0)
    >>> y = np.array([1.0, 2.0, 6.0, 3.0])
    >>> theta = rng.normal(3.0, 0.5, 200_000)
    >>> nothing = np.zeros((4, 1, 1)), np.ones((4, 1))
    >>> out, _ = linear_draws(theta[:, None, None], -0.5 * (y - theta[:, None]) ** 2, *nothing,
    ...                       Questions(np.arange(4)), draws=2000, seed=0)
    >>> w = next(Questions(np.arange(4)).blocks(2000, 0))[1]
    >>> bool(np.abs(out.ravel() - w @ y / 4).max() < 0.05)
    True
    """
    centre = means.mean(axis=0)
    size = cells.sum(axis=0)
    away = (means - centre).reshape(len(means), -1)
    spread = likelihood - likelihood.mean(axis=0)
    own = questions.even()[0]
    moved = spread.T @ away / len(means)
    direct = (terms - cells[:, :, None] * (terms.sum(axis=0) / size[:, None])) / size[:, None]
    influence = moved + direct.reshape(len(direct), -1)
    out = np.empty((draws, away.shape[1]))
    for block, w in questions.blocks(draws, seed):
        out[block] = (w - own) @ influence
    rng = np.random.default_rng([seed, 937])
    for theta, scale in prior:
        slope = (theta - theta.mean()) @ away / len(away) / scale
        out += rng.standard_normal((draws, 1)) * slope
    return out.reshape(draws, *centre.shape) + centre, centre
