"""Quadratics and steepest descent with steps of a fixed length (paper, appendix B.4)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hotmess.errors import BadInput


class Quadratic(NamedTuple):
    """f(x) = ½ (x − b)ᵀ A (x − b): `matrix` is A (d, d), symmetric positive definite; `optimum` is b (d,)."""

    matrix: jax.Array
    optimum: jax.Array

    def value(self, x: jax.Array) -> jax.Array:
        """f at points of shape (…, d)."""
        r = x - self.optimum
        return 0.5 * jnp.sum(r * (r @ self.matrix), axis=-1)

    def gradient(self, x: jax.Array) -> jax.Array:
        """A (x − b) at points of shape (…, d)."""
        return (x - self.optimum) @ self.matrix


def random_quadratic(seed: int, *, dimension: int = 4, condition: float = 50.0, offset: float = 2.0) -> Quadratic:
    """A quadratic in a random rotation, eigenvalues spaced evenly in log from 1 to `condition`, optimum in ±`offset`.

    The rotation is Haar distributed (QR with the signs of R's diagonal put right), the optimum uniform in a cube.

    >>> q = random_quadratic(0)
    >>> round(float(np.linalg.cond(np.asarray(q.matrix, float))), 2)
    50.0
    """
    if dimension < 1 or condition < 1:
        raise BadInput(f"A quadratic needs dimension ≥ 1 and condition number ≥ 1, not {dimension} and {condition}.")
    rng = np.random.default_rng(seed)
    q, r = np.linalg.qr(rng.normal(size=(dimension, dimension)))
    q = q * np.sign(np.diag(r))
    matrix = (q * np.geomspace(1.0, condition, dimension)) @ q.T
    optimum = rng.uniform(-offset, offset, dimension)
    return Quadratic(jnp.asarray((matrix + matrix.T) / 2, jnp.float32), jnp.asarray(optimum, jnp.float32))


def steepest_step(problem: Quadratic, x: jax.Array, norm: float) -> jax.Array:
    """The update −norm · ∇f / ‖∇f‖, of Euclidean length `norm` wherever the gradient is not exactly 0 (there: 0).

    >>> q = Quadratic(jnp.diag(jnp.array([1.0, 4.0])), jnp.zeros(2))
    >>> steepest_step(q, jnp.array([3.0, 1.0]), 0.5).tolist()  # gradient (3, 4)
    [-0.30000001192092896, -0.4000000059604645]
    """
    g = problem.gradient(x)
    length = jnp.linalg.norm(g, axis=-1, keepdims=True)
    return jnp.where(length > 0, -norm * g / jnp.where(length > 0, length, 1.0), 0.0)


def random_starts(key: jax.Array, count: int, *, dimension: int, spread: float) -> jax.Array:
    """Starting points (count, d), uniform in the cube ±spread."""
    return jax.random.uniform(key, (count, dimension), minval=-spread, maxval=spread)


def descend(problem: Quadratic, starts: jax.Array, *, steps: int, norm: float) -> jax.Array:
    """True paths (steps + 1, n, d) of steepest descent from `starts` (n, d), the starts included.

    >>> q = Quadratic(jnp.eye(1), jnp.zeros(1))
    >>> descend(q, jnp.array([[1.0]]), steps=3, norm=0.25)[:, 0, 0].tolist()
    [1.0, 0.75, 0.5, 0.25]
    """

    def one(x: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        x = x + steepest_step(problem, x, norm)
        return x, x

    _, path = jax.lax.scan(one, starts, None, length=steps)
    return jnp.concatenate([starts[None], path])
