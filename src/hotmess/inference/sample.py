"""Sampling a NumPyro model into a DataTree with ArviZ's groups. Knows no model."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from hotmess.inference.compiled import cached_jax
from hotmess.inference.resume import resumed

CHAINS, DRAWS, WARMUP = 4, 500, 500
FIELDS = ("diverging", "energy", "num_steps", "accept_prob", "potential_energy")


@resumed
def sample(
    model: Callable[..., Any],
    *args: Any,
    seed: int,
    draws: int = DRAWS,
    warmup: int = WARMUP,
    chains: int = CHAINS,
    target_accept: float = 0.9,
    chain_method: str = "vectorized",
    coords: Mapping[str, Sequence[Any]] | None = None,
    dims: Mapping[str, Sequence[str]] | None = None,
    **kwargs: Any,
) -> xr.DataTree:
    """Draw from the posterior of `model(*args, **kwargs)` by NUTS, in float64.

    Chains run side by side (`chain_method="vectorized"`) or one after another (`"sequential"`, in less memory).
    Likelihoods enter the model by `numpyro.factor` or observed sites; log likelihoods per unit are the caller's to
    add. The result has groups `posterior`, `sample_stats` (diverging, energy, tree_depth, acceptance_rate, lp) and
    `log_prior` (one array per sampled site, which prior power-scaling needs).

    Examples
    --------
    >>> import numpyro, numpyro.distributions as dist
    >>> def model():
    ...     numpyro.sample("x", dist.Normal(0.0, 1.0))
    >>> tree = sample(model, seed=1, draws=50, warmup=50, chains=2)
    >>> tree["posterior"]["x"].shape
    (2, 50)
    """
    jax = cached_jax()
    from numpyro.infer import MCMC, NUTS
    from numpyro.infer.util import constrain_fn, potential_energy

    with enable_x64():
        kernel = NUTS(
            potential_fn=functools.partial(potential_energy, model, args, kwargs),
            target_accept_prob=target_accept,
            dense_mass=False,
        )

        def run(key: Any, together: int) -> Any:
            mcmc = MCMC(
                kernel,
                num_warmup=warmup,
                num_samples=draws,
                num_chains=together,
                chain_method="vectorized",
                progress_bar=False,
            )
            first, key = jax.random.split(key)
            place = functools.partial(_start, model, args, kwargs)
            start = jax.vmap(place)(jax.random.split(first, together)) if together > 1 else place(first)
            mcmc.run(key, init_params=start, extra_fields=FIELDS)
            constrained = functools.partial(constrain_fn, model, args, kwargs, return_deterministic=True)
            free = mcmc.get_samples(group_by_chain=True)
            return _each(constrained, free), mcmc.get_extra_fields(group_by_chain=True)

        key = jax.random.PRNGKey(seed)
        # one program: step by step NumPyro compiles some three hundred, and the density with its gradient thrice
        if chain_method == "vectorized" and chains > 1:
            samples, stats = jax.jit(run, static_argnums=1)(key, chains)
        else:
            alone = jax.jit(functools.partial(jax.lax.map, functools.partial(run, together=1)))
            samples, stats = jax.tree.map(lambda x: x[:, 0], alone(jax.random.split(key, chains)))
        log_prior = _log_prior(model, args, kwargs, samples)
    posterior = {k: np.asarray(v) for k, v in samples.items()}
    steps = np.asarray(stats["num_steps"])
    return to_tree(
        posterior,
        sample_stats={
            "diverging": np.asarray(stats["diverging"]),
            "energy": np.asarray(stats["energy"]),
            "tree_depth": np.ceil(np.log2(steps + 1)).astype(int),
            "acceptance_rate": np.asarray(stats["accept_prob"]),
            "lp": -np.asarray(stats["potential_energy"]),
        },
        log_prior=log_prior,
        coords=coords,
        dims=dims,
    )


def to_tree(
    posterior: Mapping[str, np.ndarray],
    *,
    sample_stats: Mapping[str, np.ndarray] | None = None,
    log_prior: Mapping[str, np.ndarray] | None = None,
    coords: Mapping[str, Sequence[Any]] | None = None,
    dims: Mapping[str, Sequence[str]] | None = None,
) -> xr.DataTree:
    """Arrays of shape (chain, draw, …) as a DataTree with ArviZ's group and dimension names."""
    from arviz_base import from_dict

    tree = from_dict(
        {"posterior": dict(posterior)}, coords=dict(coords or {}), dims={k: list(v) for k, v in (dims or {}).items()}
    )
    others = {
        name: dict(value)
        for name, value in (("sample_stats", sample_stats), ("log_prior", log_prior))
        if value  # their arrays share names with the posterior's but not its dimensions
    }
    for name, group in from_dict(others).children.items() if others else ():
        tree[name] = group
    return tree


def _start(model: Callable[..., Any], args: Any, kwargs: Any, key: Any) -> dict[str, Any]:
    """Where a chain starts, on the unconstrained scale: at each site the median of ten draws from its prior."""
    from numpyro import handlers
    from numpyro.distributions import biject_to
    from numpyro.infer import init_to_median

    placed = handlers.substitute(handlers.seed(model, key), substitute_fn=init_to_median(num_samples=10))
    return {
        name: biject_to(site["fn"].support).inv(site["value"])
        for name, site in handlers.trace(placed).get_trace(*args, **kwargs).items()
        if site["type"] == "sample" and not site["is_observed"]
    }


def _each(one: Callable[..., Any], draws: Any) -> Any:
    """`one` of each draw of each chain, in turn.

    Not `jax.vmap`: it would batch what a model asks of LAPACK, and JAX hands the parts of a batch to the threads that
    wait for them. Two such calls at once on two processors, and all threads wait for ever.
    """
    import jax

    return jax.lax.map(functools.partial(jax.lax.map, one), draws)


def _log_prior(model: Callable[..., Any], args: Any, kwargs: Any, samples: Mapping[str, Any]) -> dict[str, np.ndarray]:
    jax = cached_jax()
    from numpyro import handlers

    def one(values: Mapping[str, Any]) -> dict[str, Any]:
        trace = handlers.trace(handlers.substitute(handlers.seed(model, jax.random.PRNGKey(0)), values)).get_trace(
            *args, **kwargs
        )
        return {
            name: site["fn"].log_prob(site["value"]).sum()
            for name, site in trace.items()
            if site["type"] == "sample" and not site["is_observed"] and name in values
        }

    result = jax.jit(functools.partial(_each, one))(dict(samples))
    return {k: np.asarray(v) for k, v in result.items()}


@contextlib.contextmanager
def enable_x64() -> Iterator[None]:
    """Double precision inside the block only: other users of JAX in the same process keep their setting."""
    jax = cached_jax()
    context: Any = getattr(jax, "enable_x64", None)
    if context is None:
        context = importlib.import_module("jax.experimental").enable_x64  # its place in earlier versions
    with context(True):
        yield
