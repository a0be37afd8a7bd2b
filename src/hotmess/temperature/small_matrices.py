"""Cholesky factors and triangular solutions of one small matrix for each cell, cells along the last axis.

In NumPy they are written out; in JAX too up to `UNROLLED` rows, which XLA fuses; of more rows they are scans there,
which compile quickly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

UNROLLED = 4


def namespace(x: Any) -> Any:
    """NumPy for its own arrays, JAX's for its."""
    if isinstance(x, np.ndarray):
        return np
    import jax.numpy as jnp

    return jnp


def _written_out(k: int, xp: Any) -> bool:
    return k <= UNROLLED or xp is np


def cholesky(a: Any) -> Any:
    """Cholesky factors of (K, K, n) matrices, column by column: many small matrices without LAPACK calls."""
    k, xp = a.shape[0], namespace(a)
    if _written_out(k, xp):
        low: list[list[Any]] = [[xp.zeros_like(a[0, 0])] * k for _ in range(k)]
        for j in range(k):
            low[j][j] = xp.sqrt(xp.maximum(a[j, j] - sum(low[j][i] ** 2 for i in range(j)), 1e-12))
            for i in range(j + 1, k):
                low[i][j] = (a[i, j] - sum(low[i][h] * low[j][h] for h in range(j))) / low[j][j]
        return xp.stack([xp.stack(row) for row in low])
    import jax

    def column(rest: Any, j: Any) -> tuple[Any, Any]:
        pivot = xp.sqrt(xp.maximum(rest[j, j], 1e-12))
        out = xp.where((xp.arange(k) > j)[:, None], rest[:, j] / pivot, 0.0)
        out = xp.where((xp.arange(k) == j)[:, None], pivot, out)
        return rest - out[:, None] * out[None], out

    return xp.swapaxes(jax.lax.scan(column, a, xp.arange(k))[1], 0, 1)


def solve_lower(low: Any, b: Any) -> Any:
    """x with L x = b; low (K, K, n), b (K, n); or (K, K, 1, n) and (K, M, n)."""
    k, xp = low.shape[0], namespace(low)
    if _written_out(k, xp):
        x: list[Any] = []
        for i in range(k):
            x.append((b[i] - sum(low[i, j] * x[j] for j in range(i))) / low[i, i])
        return xp.stack(x)
    import jax

    def row(rest: Any, i: Any) -> tuple[Any, Any]:
        out = rest[i] / low[i, i]
        return rest - low[:, i] * out, out

    return jax.lax.scan(row, b, xp.arange(k))[1]


def solve_upper(low: Any, b: Any) -> Any:
    """x with L' x = b; low (K, K, n), b (K, n); or (K, K, 1, n) and (K, M, n)."""
    k, xp = low.shape[0], namespace(low)
    if _written_out(k, xp):
        x: list[Any] = [None] * k
        for i in reversed(range(k)):
            x[i] = (b[i] - sum(low[j, i] * x[j] for j in range(i + 1, k))) / low[i, i]
        return xp.stack(x)
    import jax

    def row(rest: Any, i: Any) -> tuple[Any, Any]:
        out = rest[i] / low[i, i]
        return rest - low[i] * out, out

    return jax.lax.scan(row, b, xp.arange(k), reverse=True)[1]
