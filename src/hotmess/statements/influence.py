"""What each question does to a statement, and how well its variance is known (methods, section 3).

A statement g of set means mu_s = sum_q w_q T_sq / sum_q w_q m_sq (T_sq the sum of question q's terms in set s, m_sq its
number of cells there) moves with the weights by

    d_q = sum_s grad_s g · (T_sq - m_sq mu_s) / sum_q m_sq,          Var g = sum_q d_q² to first order,

the influences. By unbiased terms they need no model. The variance is itself estimated from them: with b = their
kurtosis it has the relative variance (b - 1)/Q of a chi-square with

    df = 2Q / (b - 1)          (Satterthwaite 1946)

degrees of freedom, the effective questions: Q of normal influences, few where few questions carry the errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, Real


Statement = Callable[[np.ndarray], np.ndarray]


def gradient(g: Statement, means: Float[np.ndarray, "sets terms"]) -> Float[np.ndarray, "k sets terms"]:
    """(k, sets, terms) derivatives of g, which makes (…, k) of (…, sets, terms), at means (sets, terms).

    By central differences: exact up to about 1e-9 of each term's own size.

    >>> gradient(lambda m: m[..., 0, 1:] / m[..., 0, :1], np.array([[2.0, 1.0]])).round(6).tolist()
    [[[-0.25, 0.5]]]
    """
    step = 1e-5 * np.maximum(np.abs(means), 1e-3).ravel()
    moved = means.ravel() + np.concatenate([np.diag(step), -np.diag(step)])
    value = np.asarray(g(moved.reshape(-1, *means.shape)), dtype=float)
    size = len(step)
    slope = (value[:size] - value[size:]) / (2 * step)[:, None]
    out: np.ndarray = slope.T.reshape(-1, *means.shape)
    return out


def influences(
    slope: Float[np.ndarray, "k sets terms"],
    terms: Float[np.ndarray, "questions sets terms"],
    cells: Real[np.ndarray, "questions sets"],
) -> Float[np.ndarray, "questions k"]:
    """(questions, k) influences on statements with gradients (k, sets, terms).

    Parameters
    ----------
    terms
        (questions, sets, terms) sums of the terms over the cells of each question in each set.
    cells
        (questions, sets) how many those are (times the question's own weight).

    One mean of three questions: their distances from it, over three.

    >>> d = influences(np.ones((1, 1, 1)), np.array([[[1.0]], [[2.0]], [[6.0]]]), np.ones((3, 1)))
    >>> d.ravel().round(3).tolist()
    [-0.667, -0.333, 1.0]
    """
    size = cells.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):  # nan where a set has no cells
        means = terms.sum(axis=0) / size[:, None]
        away = (terms - cells[:, :, None] * means) / size[:, None]
    out: np.ndarray = away.reshape(len(away), -1) @ slope.reshape(len(slope), -1).T
    return out


def effective(d: Float[np.ndarray, "rows k"], units: int) -> Float[np.ndarray, " k"]:
    """(k,) degrees of freedom 2Q/(kurtosis - 1) of statements with influences d (rows, k), at Q units.

    Normal influences have kurtosis 3; one unit that carries all leaves none.

    >>> z = np.random.default_rng(0).normal(size=(100_000, 1))
    >>> 98 < effective(z, 100).item() < 102
    True
    >>> effective(np.r_[1.0, np.zeros(99)][:, None], 100).round(2).item()
    2.06
    """
    d = d - d.mean(axis=0)
    square = d * d
    second, fourth = square.mean(axis=0), (square * square).mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        out: np.ndarray = 2 * units / np.maximum(fourth / second**2 - 1, 1e-12)
        return out


def acceleration(d: Float[np.ndarray, "rows k"]) -> Float[np.ndarray, " k"]:
    """(k,) sum d³ / (6 (sum d²)^1.5), a sixth of the skewness of the statement's linear part (Efron 1987).

    >>> acceleration(np.array([[-1.0], [-1.0], [2.0]])).round(4).item()
    0.068
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        square = d * d
        out: np.ndarray = (square * d).sum(axis=0) / (6 * square.sum(axis=0) ** 1.5)
        return out
