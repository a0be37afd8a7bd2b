"""The model of answers with a latent distribution for every question, as general packages sample it.

Right (cells,), wrong (cells, K) and group (cells,) are responses counted by model and question; groups have parameters
(logit a, log kappa, log phi) on the weak priors of `hotmess.answers.prior`. A run takes cells, steps of warmup and
draws, and returns seconds of sampling, seconds of compiling, and the draws of the groups' parameters.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

NAMES = ("logit_a", "log_kappa", "log_phi")


def counts(found: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Right (cells,), wrong (cells, K), group (cells,) and the number of groups."""
    from hotmess.answers.groups import find_groups, letter_cells

    letters, groups = letter_cells(found), find_groups(found, None)
    return letters.right, letters.wrong, groups.index, len(groups.table)


def _shapes(eta: dict[str, Any], group: np.ndarray, options: int) -> tuple[Any, Any, Any]:
    import jax.numpy as jnp

    a, kappa, phi = 1 / (1 + jnp.exp(-eta["logit_a"])), jnp.exp(eta["log_kappa"]), jnp.exp(eta["log_phi"])
    return (kappa * a)[group], (kappa * (1 - a))[group], (phi / options)[group]


def _group_parameters(groups: int) -> dict[str, Any]:
    import numpyro
    import numpyro.distributions as dist

    from hotmess.answers.prior import AnswerPrior

    prior = AnswerPrior()
    return {
        name: numpyro.sample(name, dist.Normal(m, s).expand([groups]).to_event(1))
        for name, m, s in zip(NAMES, prior.location, prior.scale)
    }


def centred_model(right: np.ndarray, wrong: np.ndarray, group: np.ndarray, groups: int) -> None:
    """b_i ~ Beta(kappa a, kappa (1 - a)), w_i ~ Dirichlet(phi/K, …), counts multinomial."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    alpha, beta, each = _shapes(_group_parameters(groups), group, wrong.shape[1])
    missed = wrong.sum(1)
    b = numpyro.sample("b", dist.Beta(alpha, beta).to_event(1))
    w = numpyro.sample("w", dist.Dirichlet(jnp.repeat(each[:, None], wrong.shape[1], 1)).to_event(1))
    tiny = 1e-38
    value = right * jnp.log(b + tiny) + missed * jnp.log1p(-b + tiny) + (wrong * jnp.log(w + tiny)).sum(1)
    numpyro.factor("responses", value.sum())


def free_model(right: np.ndarray, wrong: np.ndarray, group: np.ndarray, groups: int) -> None:
    """The same with b_i and the sticks of w_i (Betas again) on the logit scale, not centred."""
    import numpyro

    alpha, beta, each = _shapes(_group_parameters(groups), group, wrong.shape[1])
    missed = wrong.sum(1)
    value = _stick("b", alpha, beta, right, missed)
    left = missed
    for k in range(wrong.shape[1] - 1):
        left = left - wrong[:, k]
        value = value + _stick(f"v{k}", each, each * (wrong.shape[1] - 1 - k), wrong[:, k], left)
    numpyro.factor("responses", value.sum())


def _stick(name: str, alpha: Any, beta: Any, yes: np.ndarray, no: np.ndarray) -> Any:
    """Log density of a free variable z whose b = logit⁻¹(m + s z) is Beta(alpha, beta), and of the counts given b."""
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from jax.scipy.special import betaln, digamma, polygamma

    m = digamma(alpha) - digamma(beta)
    s = jnp.sqrt(polygamma(1, alpha) + polygamma(1, beta))
    z = numpyro.sample(name, dist.ImproperUniform(dist.constraints.real, (), alpha.shape).mask(False))
    logit = m + s * z
    up, down = jax.nn.log_sigmoid(logit), jax.nn.log_sigmoid(-logit)
    return (alpha + yes) * up + (beta + no) * down - betaln(alpha, beta) + jnp.log(s)


def numpyro_run(model: Callable[..., None]) -> Callable[[Any, int, int], dict[str, Any]]:
    """One chain of NUTS; compiled by a first run of a few steps."""

    def run(found: Any, warmup: int, draws: int) -> dict[str, Any]:
        import jax
        from numpyro.infer import MCMC, NUTS, init_to_median

        jax.config.update("jax_enable_x64", True)
        data = counts(found)
        kernel = NUTS(model, init_strategy=init_to_median(num_samples=5))
        sampler = MCMC(kernel, num_warmup=warmup, num_samples=draws, progress_bar=False)
        began = time.process_time()
        sampler._compile(jax.random.PRNGKey(0), *data)
        first = time.process_time() - began
        began = time.process_time()
        sampler.run(jax.random.PRNGKey(1), *data)
        jax.block_until_ready(sampler.get_samples())
        seconds = time.process_time() - began
        chains = sampler.get_samples(group_by_chain=True)
        return {"seconds": seconds, "first": first, "draws": {n: np.asarray(chains[n]) for n in NAMES}}

    return run


def pymc_model(right: np.ndarray, wrong: np.ndarray, group: np.ndarray, groups: int) -> Any:
    """The centred model in PyMC."""
    import pymc as pm

    from hotmess.answers.prior import AnswerPrior

    prior, options, missed = AnswerPrior(), wrong.shape[1], wrong.sum(1)
    with pm.Model() as model:
        eta = [
            pm.Normal(name, m, s, shape=groups) for name, m, s in zip(NAMES, prior.location, prior.scale, strict=True)
        ]
        kappa, phi = pm.math.exp(eta[1])[group], pm.math.exp(eta[2])[group]
        b = pm.Beta("b", kappa * pm.math.sigmoid(eta[0])[group], kappa * pm.math.sigmoid(-eta[0])[group])
        w = pm.Dirichlet("w", (phi / options)[:, None] * np.ones((1, options)), shape=(len(right), options))
        pm.Binomial("right", n=right + missed, p=b, observed=right)
        rows = np.flatnonzero(missed)
        pm.Multinomial("wrong", n=missed[rows], p=w[rows], observed=wrong[rows])
    return model


def pymc_run(found: Any, warmup: int, draws: int) -> dict[str, Any]:
    """The centred model in PyMC, one chain of nutpie."""
    import nutpie

    model = pymc_model(*counts(found))
    began = time.process_time()
    compiled = nutpie.compile_pymc_model(model)
    first = time.process_time() - began
    began = time.process_time()
    trace = nutpie.sample(
        compiled, draws=draws, tune=warmup, chains=1, cores=1, seed=1, progress_bar=False, store_divergences=False
    )
    seconds = time.process_time() - began
    posterior = trace["posterior"] if not hasattr(trace, "posterior") else trace.posterior
    return {"seconds": seconds, "first": first, "draws": {n: np.asarray(posterior[n]) for n in NAMES}}
