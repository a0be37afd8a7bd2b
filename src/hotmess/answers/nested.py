"""The nested Dirichlet model in NumPyro: group parameters with a hierarchical regression (methods, section 3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from hotmess.answers.prior import AnswerPrior
from hotmess.answers.tails import TailCounts, log_likelihood_accuracy, log_likelihood_wrong


def nested_dirichlet(
    tails: TailCounts,
    prior: AnswerPrior,
    design: np.ndarray | None,
    unit: np.ndarray | None,
    unparsable: TailCounts | None = None,
) -> None:
    """NumPyro model of (logit a_g, log kappa_g, log phi_g), collapsed over the questions' answer distributions.

    Parameters
    ----------
    tails
        Tail counts, one row per group g.
    design
        (groups, P) standardised design matrix with the intercept first; None: every group on its own weak prior.
    unit
        (groups,) index of the residual unit of each group: groups that differ only in covariates that vary by
        question share their unit's residual.
    unparsable
        Tail counts of unparsable against wrong-option responses, of the groups that have any.

    Sites: `coefficients` (3, P), `sigma` (3,), `residual` (3, units) where there is a design, and the deterministic
    `logit_a`, `log_kappa`, `log_phi`, each (groups,).
    """
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    location, scale = jnp.asarray(prior.location), jnp.asarray(prior.scale)
    if design is None or unit is None:
        with numpyro.handlers.scope(prefix="free", divider="_"):
            eta = numpyro.sample(
                "eta", dist.Normal(location[:, None], scale[:, None]).expand([3, tails.groups]).to_event(2)
            )
    else:
        columns = design.shape[1]
        center = jnp.zeros((3, columns)).at[:, 0].set(location)
        width = jnp.full((3, columns), prior.coefficient).at[:, 0].set(scale)
        beta = numpyro.sample("coefficients", dist.Normal(center, width).to_event(2))
        eta = beta @ jnp.asarray(design).T
        units = int(unit.max()) + 1
        if units > 1:
            sigma = numpyro.sample("sigma", dist.HalfNormal(prior.residual).expand([3]).to_event(1))
            # Centred: many questions per unit make the data speak louder than the regression.
            mean = _unit_mean(eta, unit, units)
            level = numpyro.sample("level", dist.Normal(mean, sigma[:, None]).to_event(2))
            eta = eta + (level - mean)[:, unit]
    logit_a, log_kappa, log_phi = (
        numpyro.deterministic(name, eta[i]) for i, name in enumerate(("logit_a", "log_kappa", "log_phi"))
    )
    a = 1 / (1 + jnp.exp(-logit_a))
    likelihood = log_likelihood_accuracy(tails, a, jnp.exp(log_kappa), jnp) + log_likelihood_wrong(
        tails, jnp.exp(log_phi), jnp
    )
    numpyro.factor("responses", likelihood.sum())
    if unparsable is not None:
        groups = [unparsable.groups]
        logit_u = numpyro.sample("logit_u", dist.Normal(*prior.unparsable).expand(groups).to_event(1))
        log_psi = numpyro.sample("log_psi", dist.Normal(0.0, 1.5).expand(groups).to_event(1))
        share = 1 / (1 + jnp.exp(-logit_u))
        numpyro.factor("unparsable", log_likelihood_accuracy(unparsable, share, jnp.exp(log_psi), jnp).sum())


def _unit_mean(eta: Any, unit: np.ndarray, units: int) -> Any:
    import jax.numpy as jnp

    weights = np.zeros((units, len(unit)))
    weights[unit, np.arange(len(unit))] = 1
    return eta @ jnp.asarray(weights / weights.sum(1, keepdims=True)).T
