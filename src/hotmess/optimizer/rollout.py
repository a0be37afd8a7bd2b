"""Rollouts of a trained model: constrained greedy decoding of each update, added in floating point, tokenised again."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from hotmess.errors import BadInput
from hotmess.optimizer.encoding import Encoding
from hotmess.optimizer.quadratic import Quadratic
from hotmess.optimizer.transformer import Cache, Transformer

Carry = tuple[jax.Array, Cache, jax.Array]
"""Logits, cache, the token before."""


class Spread(NamedTuple):
    """Decomposition about the optimum in the A-norm, per step, with standard deviations over starts."""

    bias2: np.ndarray
    variance: np.ndarray
    bias2_sd: np.ndarray
    variance_sd: np.ndarray

    @property
    def incoherence(self) -> np.ndarray:
        """variance / (bias² + variance), NaN where both are 0."""
        total = self.bias2 + self.variance
        out: np.ndarray = np.divide(self.variance, total, out=np.full_like(total, np.nan), where=total > 0)
        return out


def next_update(model: Transformer, code: Encoding, x: jax.Array) -> jax.Array:
    """The model's greedy update (n, d) at points x (n, d), with the cache of keys and values."""
    prompt = code.encode(x)
    logits, cache = model.prefill(prompt)

    def one(carry: Carry, position: jax.Array) -> tuple[Carry, jax.Array]:
        logits, cache, previous = carry
        token = choose(logits, code.allowed(position, previous))
        logits, cache = model.step(token, code.length + position, cache)
        return (logits, cache, token), token

    # the last token is chosen outside the loop: nothing has to be computed after it
    carry, tokens = jax.lax.scan(one, (logits, cache, prompt[:, -1]), jnp.arange(code.length - 1))
    last = choose(carry[0], code.allowed(code.length - 1, carry[2]))
    return code.decode(jnp.concatenate([tokens.T, last[:, None]], axis=1))


def next_update_plain(model: Transformer, code: Encoding, x: jax.Array) -> jax.Array:
    """`next_update` without a cache: every token from a full pass over all before it. For tests and timings."""
    tokens = code.encode(x)
    for position in range(code.length):
        logits = model(tokens)[:, -1]
        token = choose(logits, code.allowed(position, tokens[:, -1]))
        tokens = jnp.concatenate([tokens, token[:, None]], axis=1)
    return code.decode(tokens[:, code.length :])


def choose(logits: jax.Array, allowed: jax.Array) -> jax.Array:
    """The likeliest of the allowed tokens, int32."""
    return jnp.argmax(jnp.where(allowed, logits, -jnp.inf), axis=-1).astype(jnp.int32)


Updater = Callable[[Transformer, Encoding, jax.Array], jax.Array]


@eqx.filter_jit
def roll(model: Transformer, code: Encoding, starts: jax.Array, steps: int, update: Updater = next_update) -> jax.Array:
    """Points (steps + 1, n, d) of the model's own paths from `starts` (n, d), the starts included."""

    def one(x: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        x = x + update(model, code, x)
        return x, x

    _, path = jax.lax.scan(one, starts, None, length=steps)
    return jnp.concatenate([starts[None], path])


def decompose(problem: Quadratic, path: jax.Array, *, unbiased: bool = True) -> Spread:
    """bias² = ‖b − x̄‖²_A and variance = E‖x − x̄‖²_A over the starts, for points (steps, n, d): per step.

    The randomness is the start's: greedy decoding has none. `unbiased` multiplies the variance by n/(n − 1) and takes
    variance/n from bias² (methods, section 2), which may then be below 0; without it these are the plug-in terms.
    Standard deviations are jackknife ones, over starts.

    >>> q = Quadratic(jnp.eye(2), jnp.zeros(2))
    >>> s = decompose(q, jnp.array([[[1.0, 0.0], [3.0, 0.0]]]), unbiased=False)
    >>> s.bias2.tolist(), s.variance.tolist(), s.incoherence.tolist()
    ([4.0], [1.0], [0.2])
    """
    x = np.asarray(path, float) - np.asarray(problem.optimum, float)
    a, n = np.asarray(problem.matrix, float), x.shape[1]
    if n < 2:
        raise BadInput("A decomposition needs at least 2 starts: with one there is no variance to see.")
    mean = x.mean(axis=1)
    apart = x - mean[:, None]
    squares = np.einsum("tnd,de,tne->tn", apart, a, apart)
    plain_bias2 = np.einsum("td,de,te->t", mean, a, mean)
    plain_variance = squares.mean(axis=1)
    variance, bias2 = plain_variance, plain_bias2
    if unbiased:
        variance = plain_variance * n / (n - 1)
        bias2 = plain_bias2 - variance / n
    # leaving start i out moves the mean by −apart_i/(n−1) and the variance by a multiple of its own square
    along = np.einsum("tnd,de,te->tn", apart, a, mean)
    out_bias2 = plain_bias2[:, None] - 2 * along / (n - 1) + squares / (n - 1) ** 2
    out_variance = (n * plain_variance[:, None] - squares * n / (n - 1)) / (n - 2 if unbiased else n - 1)
    if unbiased:
        out_bias2 = out_bias2 - out_variance / (n - 1)
    jackknife = np.sqrt((n - 1) * np.stack([out_bias2.var(axis=1), out_variance.var(axis=1)]))
    return Spread(bias2, variance, jackknife[0], jackknife[1])


def true_distance(path: jax.Array, truth: jax.Array) -> np.ndarray:
    """Median Euclidean distance between the model's and the true points, per step: (steps,)."""
    out: np.ndarray = np.median(np.linalg.norm(np.asarray(path, float) - np.asarray(truth, float), axis=-1), axis=1)
    return out
