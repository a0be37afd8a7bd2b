"""The nested Dirichlet model in NumPyro: group parameters with a hierarchical regression (methods, section 3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from hotmess.answers.grid import grid_posterior
from hotmess.answers.prior import AnswerPrior
from hotmess.answers.tails import TailCounts, log_likelihood_accuracy, log_likelihood_wrong


def centring(tails: TailCounts, prior: AnswerPrior, unit: np.ndarray) -> np.ndarray:
    """(3, units) how far each unit's level is centred: 0 where its data say little, towards 1 where they say much.

    With a posterior variance s² from the data alone and a spread sigma between units, a Gaussian level is free of the
    funnel between it and sigma at the centring sigma²/(sigma² + s²) (Papaspiliopoulos et al. 2007, section 2). s² is
    taken from the exact posterior of each group without pooling; for sigma stands a quarter of its prior's scale, as
    the funnel is where sigma is small.

    >>> from hotmess.answers.tails import tail_counts
    >>> right = np.array([1, 2] + [10, 20] * 500)
    >>> wrong = (30 - right)[:, None] * np.array([[2, 1]]) // 3
    >>> group = np.array([0, 0] + [1] * 1000)
    >>> tails = tail_counts(right, wrong, group, groups=2, options=np.full(1002, 2))
    >>> (centring(tails, AnswerPrior(), group[[0, -1]])[0] > 0.5).tolist()
    [False, True]
    """
    draws = grid_posterior(tails, prior, draws=200, seed=0)
    weak = np.asarray(prior.scale)[:, None] ** -2
    precision = np.stack([x.var(axis=0) ** -1 for x in draws.values()]) - weak
    units = np.stack([np.bincount(unit, row) for row in np.maximum(precision, 0.0)])
    return units / (units + (prior.residual / 4) ** -2)


def nested_dirichlet(
    tails: TailCounts,
    prior: AnswerPrior,
    design: np.ndarray | None,
    unit: np.ndarray | None,
    unparsable: TailCounts | None = None,
    centred: np.ndarray | None = None,
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
    centred
        (3, units) of `centring`; None: computed here.

    Sites: `coefficients` (3, P), `sigma` (3,), `free_level` (3, units) where there is a design, and the deterministic
    `level` (3, units) and `logit_a`, `log_kappa`, `log_phi`, each (groups,).
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
            mean = _unit_mean(eta, unit, units)
            c = jnp.asarray(centring(tails, prior, unit) if centred is None else centred)
            width = sigma[:, None]
            free = numpyro.sample("free_level", dist.Normal(c * mean, width**c).to_event(2))
            level = numpyro.deterministic("level", mean + width ** (1 - c) * (free - c * mean))
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
