"""Log prior and log likelihood of the draws of a fit on tail counts, for reweighting: priors and data to a power."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from hotmess.answers.posterior import Fit


def fit_densities(fit: Fit) -> tuple[np.ndarray, np.ndarray] | None:
    """(chain, draw) log prior and log likelihood of the draws behind a fit's estimands; None with a formula.

    The collapsed likelihood of all counts, up to a constant: the sums over groups of the tail-count form.
    """
    from hotmess.answers.engines import counts_of
    from hotmess.answers.tails import log_likelihood_accuracy, log_likelihood_wrong

    if fit.formula is not None:
        return None
    parameters, tails = fit.parameters(), counts_of(fit.letters, fit.groups)
    logit_a, log_kappa, log_phi = (parameters[n] for n in ("logit_a", "log_kappa", "log_phi"))
    a = expit(logit_a.T)
    likelihood = log_likelihood_accuracy(tails, a, np.exp(log_kappa.T)) + log_likelihood_wrong(tails, np.exp(log_phi.T))
    prior = sum(
        -0.5 * ((x - m) / s) ** 2 for x, m, s in zip((logit_a, log_kappa, log_phi), fit.prior.location, fit.prior.scale)
    )
    assert isinstance(prior, np.ndarray)
    shape = (fit.chains, -1)
    return prior.sum(axis=1).reshape(shape), likelihood.sum(axis=0).reshape(shape)
