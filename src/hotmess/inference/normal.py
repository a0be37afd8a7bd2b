"""Normal log densities of many vectors with many covariances, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

ABOVE = 1e200
"""More than any square length that can be computed with."""


def log_normal(x: Float[np.ndarray, "*n d"], covariance: Float[np.ndarray, "*n d d"]) -> Float[np.ndarray, " *n"]:
    """(…,) log densities of Normal(0, covariance) (…, d, d) at x (…, d).

    With Σ = L Lᵀ, the Cholesky root of [[Σ, x], [xᵀ, c]] is [[L, 0], [zᵀ, …]] with L z = x, whatever c > zᵀz: one call
    makes the root and solves with it.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a covariance is not positive definite.

    Examples
    --------
    >>> from scipy.stats import multivariate_normal
    >>> x, covariance = np.array([[1.0, 2.0]]), np.array([[[2.0, 0.5], [0.5, 1.0]]])
    >>> bool(np.isclose(log_normal(x, covariance)[0], multivariate_normal.logpdf(x[0], cov=covariance[0])))
    True
    """
    return log_normal_bordered(bordered(x, covariance))


def bordered(x: Float[np.ndarray, "*n d"], covariance: Float[np.ndarray, "*n d d"]) -> Float[np.ndarray, "*n e e"]:
    """[[Σ, x], [xᵀ, c]] (…, d + 1, d + 1)."""
    d = x.shape[-1]
    whole = np.empty((*x.shape[:-1], d + 1, d + 1))
    whole[..., :d, :d], whole[..., d, :d], whole[..., :d, d], whole[..., d, d] = covariance, x, x, ABOVE
    return whole


def log_normal_bordered(whole: Float[np.ndarray, "*n e e"]) -> Float[np.ndarray, " *n"]:
    """The log densities from these matrices, for those who make them at once."""
    d = whole.shape[-1] - 1
    root = np.linalg.cholesky(whole)
    log_det = np.log(np.diagonal(root, axis1=-2, axis2=-1)[..., :d]).sum(-1)
    return np.asarray(-0.5 * (root[..., d, :d] ** 2).sum(-1) - log_det - 0.5 * d * np.log(2 * np.pi))
