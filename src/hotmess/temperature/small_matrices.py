"""Cholesky factors and triangular solutions of one small matrix for each cell, cells along the last axis, in JAX.

Up to `UNROLLED` rows they are written out, which XLA fuses; of more rows they are scans, which compile quickly.
"""

from __future__ import annotations

from typing import Any

UNROLLED = 4


def cholesky(a: Any) -> Any:
    """Cholesky factors of (K, K, n) matrices, column by column: many small matrices without LAPACK calls.

    Few columns are unrolled, which runs fastest; more are a loop, which compiles as fast for ten options as for four.
    """
    import jax
    import jax.numpy as jnp

    k = a.shape[0]
    if k <= UNROLLED:
        low: list[list[Any]] = [[jnp.zeros_like(a[0, 0])] * k for _ in range(k)]
        for j in range(k):
            low[j][j] = jnp.sqrt(jnp.maximum(a[j, j] - sum(low[j][i] ** 2 for i in range(j)), 1e-12))
            for i in range(j + 1, k):
                low[i][j] = (a[i, j] - sum(low[i][h] * low[j][h] for h in range(j))) / low[j][j]
        return jnp.stack([jnp.stack(row) for row in low])

    def column(rest: Any, j: Any) -> tuple[Any, Any]:
        pivot = jnp.sqrt(jnp.maximum(rest[j, j], 1e-12))
        out = jnp.where((jnp.arange(k) > j)[:, None], rest[:, j] / pivot, 0.0)
        out = jnp.where((jnp.arange(k) == j)[:, None], pivot, out)
        return rest - out[:, None] * out[None], out

    return jnp.swapaxes(jax.lax.scan(column, a, jnp.arange(k))[1], 0, 1)


def solve_lower(low: Any, b: Any) -> Any:
    """x with L x = b; low (K, K, n), b (K, n)."""
    import jax
    import jax.numpy as jnp

    k = low.shape[0]
    if k <= UNROLLED:
        x: list[Any] = []
        for i in range(k):
            x.append((b[i] - sum(low[i, j] * x[j] for j in range(i))) / low[i, i])
        return jnp.stack(x)

    def row(rest: Any, i: Any) -> tuple[Any, Any]:
        out = rest[i] / low[i, i]
        return rest - low[:, i] * out, out

    return jax.lax.scan(row, b, jnp.arange(k))[1]


def solve_upper(low: Any, b: Any) -> Any:
    """x with L' x = b; low (K, K, n), b (K, n)."""
    import jax
    import jax.numpy as jnp

    k = low.shape[0]
    if k <= UNROLLED:
        x: list[Any] = [None] * k
        for i in reversed(range(k)):
            x[i] = (b[i] - sum(low[j, i] * x[j] for j in range(i + 1, k))) / low[i, i]
        return jnp.stack(x)

    def row(rest: Any, i: Any) -> tuple[Any, Any]:
        out = rest[i] / low[i, i]
        return rest - low[i] * out, out

    return jax.lax.scan(row, b, jnp.arange(k), reverse=True)[1]
