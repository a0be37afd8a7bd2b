"""A small decoder-only transformer, with and without a cache of keys and values.

Pre-norm blocks (RMS norm, causal attention, GELU network of four times the width), learned positions, no biases, no
dropout. Everything is batch-first: tokens (batch, length) in, logits (batch, length, vocabulary) out.
"""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp

from hotmess.errors import BadInput


@dataclass(frozen=True)
class Shape:
    """Depth, width and heads of a transformer; `parameters` counts its weights for a vocabulary and a length.

    >>> Shape(depth=2, width=32, heads=2).parameters(vocabulary=12, length=48)
    27040
    """

    depth: int
    width: int
    heads: int = 1

    def __post_init__(self) -> None:
        if min(self.depth, self.width, self.heads) < 1 or self.width % self.heads:
            raise BadInput(
                f"A transformer of depth {self.depth}, width {self.width} and {self.heads} heads cannot be built: "
                "all must be at least 1 and the width a multiple of the heads."
            )

    def parameters(self, *, vocabulary: int, length: int) -> int:
        """12 depth width² for the blocks, their norms, and the embeddings of tokens (in and out) and positions."""
        blocks = self.depth * (12 * self.width**2 + 2 * self.width)
        return blocks + (2 * vocabulary + length) * self.width + self.width


# keys and values of every block, each (batch, heads, length, width / heads)
Cache = tuple[tuple[jax.Array, jax.Array], ...]


def _norm(x: jax.Array, gain: jax.Array) -> jax.Array:
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + 1e-6) * gain


def _dot(x: jax.Array, weights: jax.Array) -> jax.Array:
    """x @ weights with x's leading axes merged: its gradient is then one plain matrix product."""
    return (x.reshape(-1, x.shape[-1]) @ weights).reshape(*x.shape[:-1], weights.shape[-1])


class Block(eqx.Module):
    """Attention and a two-layer network, each added to its input."""

    qkv: jax.Array
    out: jax.Array
    up: jax.Array
    down: jax.Array
    gain1: jax.Array
    gain2: jax.Array
    heads: int = eqx.field(static=True)

    def __init__(self, shape: Shape, key: jax.Array):
        w, keys = shape.width, jax.random.split(key, 4)
        quiet = (2 * shape.depth) ** -0.5  # keeps the variance of the residual stream from growing with depth
        self.qkv = jax.random.normal(keys[0], (w, 3 * w)) * w**-0.5
        self.out = jax.random.normal(keys[1], (w, w)) * w**-0.5 * quiet
        self.up = jax.random.normal(keys[2], (w, 4 * w)) * w**-0.5
        self.down = jax.random.normal(keys[3], (4 * w, w)) * (4 * w) ** -0.5 * quiet
        self.gain1, self.gain2 = jnp.ones(w), jnp.ones(w)
        self.heads = shape.heads

    def project(self, h: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Queries, keys and values, (…, heads, width / heads) each."""
        parts = jnp.split(_dot(_norm(h, self.gain1), self.qkv), 3, axis=-1)
        q, k, v = (p.reshape(*p.shape[:-1], self.heads, -1) for p in parts)
        return q, k, v

    def finish(self, h: jax.Array, mixed: jax.Array) -> jax.Array:
        """Add the attention's output (…, heads, width / heads) to h, then the network's."""
        h = h + _dot(mixed.reshape(h.shape), self.out)
        return h + _dot(jax.nn.gelu(_dot(_norm(h, self.gain2), self.up)), self.down)

    def attend(self, q: jax.Array, k: jax.Array, v: jax.Array, visible: jax.Array) -> jax.Array:
        """Softmax attention: q (batch, t, heads, e), k and v (batch, s, heads, e), visible (t, s) or (batch, t, s)."""
        scores = jnp.einsum("bthe,bshe->bhts", q, k) * q.shape[-1] ** -0.5
        mask = visible if visible.ndim == 2 else visible[:, None]
        weights = jax.nn.softmax(jnp.where(mask, scores, -1e9), axis=-1)
        return jnp.einsum("bhts,bshe->bthe", weights, v)


class Transformer(eqx.Module):
    """The decoder. `model(tokens)` gives logits at every position; `prefill` and `step` do the same piece by piece."""

    tokens: jax.Array
    positions: jax.Array
    blocks: tuple[Block, ...]
    gain: jax.Array
    readout: jax.Array

    def __init__(self, shape: Shape, *, vocabulary: int, length: int, key: jax.Array):
        keys = jax.random.split(key, shape.depth + 3)
        w = shape.width
        self.tokens = jax.random.normal(keys[0], (vocabulary, w)) * 0.5
        self.positions = jax.random.normal(keys[1], (length, w)) * 0.5
        self.readout = jax.random.normal(keys[2], (w, vocabulary)) * 0.5 * w**-0.5
        self.blocks = tuple(Block(shape, k) for k in keys[3:])
        self.gain = jnp.ones(w)

    @property
    def length(self) -> int:
        return self.positions.shape[0]

    def embed(self, tokens: jax.Array) -> jax.Array:
        """The tokens' vectors, by a product with one-hot rows: with few tokens its gradient beats a scatter."""
        return _dot(jax.nn.one_hot(tokens, self.tokens.shape[0], dtype=self.tokens.dtype), self.tokens)

    def __call__(self, tokens: jax.Array, *, start: int = 0) -> jax.Array:
        """Logits (batch, length − start, vocabulary) at positions `start` and later.

        Where only the later positions' logits are wanted, the last block computes no others.
        """
        t = tokens.shape[1]
        h = self.embed(tokens) + self.positions[:t]
        visible = jnp.tril(jnp.ones((t, t), bool))
        for i, block in enumerate(self.blocks):
            first = start if i == len(self.blocks) - 1 else 0
            q, k, v = block.project(h)
            h = block.finish(h[:, first:], block.attend(q[:, first:], k, v, visible[first:]))
        return _dot(_norm(h, self.gain), self.readout)

    def prefill(self, tokens: jax.Array) -> tuple[jax.Array, Cache]:
        """Logits (batch, vocabulary) after the given tokens, and the cache that holds them."""
        t = tokens.shape[1]
        h = self.embed(tokens) + self.positions[:t]
        visible = jnp.tril(jnp.ones((t, t), bool))
        cache = []
        for i, block in enumerate(self.blocks):
            first = t - 1 if i == len(self.blocks) - 1 else 0
            q, k, v = block.project(h)
            room = [(0, 0), (0, 0), (0, self.length - t), (0, 0)]
            cache.append((jnp.pad(k.transpose(0, 2, 1, 3), room), jnp.pad(v.transpose(0, 2, 1, 3), room)))
            h = block.finish(h[:, first:], block.attend(q[:, first:], k, v, visible[first:]))
        return _dot(_norm(h[:, -1], self.gain), self.readout), tuple(cache)

    def step(self, token: jax.Array, position: jax.Array | int, cache: Cache) -> tuple[jax.Array, Cache]:
        """Logits (batch, vocabulary) after one more token (batch,) at `position`, and the cache with it."""
        h = self.embed(token) + self.positions[position]
        visible = jnp.arange(self.length) <= position
        later = []
        for block, (keys, values) in zip(self.blocks, cache):
            q, k, v = block.project(h)
            keys = jax.lax.dynamic_update_slice_in_dim(keys, k[:, :, None], position, axis=2)
            values = jax.lax.dynamic_update_slice_in_dim(values, v[:, :, None], position, axis=2)
            later.append((keys, values))
            scores = jnp.einsum("bhe,bhte->bht", q, keys) * q.shape[-1] ** -0.5
            weights = jax.nn.softmax(jnp.where(visible, scores, -1e9), axis=-1)
            h = block.finish(h, jnp.einsum("bht,bhte->bhe", weights, values))
        return _dot(_norm(h, self.gain), self.readout), tuple(later)


def count_parameters(model: Transformer) -> int:
    """How many weights the model has."""
    return sum(leaf.size for leaf in jax.tree_util.tree_leaves(eqx.filter(model, eqx.is_array)))
