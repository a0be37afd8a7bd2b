"""How far positions never seen at a question resemble those that were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hotmess.responses.bases import Base

PAIRS = 10
"""Uncorrelated pairs that a base measure counts as."""


@dataclass(frozen=True)
class Alike:
    """How far new positions at a question resemble those D that were seen there: an urn around the base measure.

    Distinct positions of one question are exchangeable, with a correlation rho that all pairs of distinct positions
    show together; a new one is then like those seen with weight s = D rho / (1 + (D - 1) rho), else from the base.

    Attributes
    ----------
    weight
        (cells,) s along the line to the origin: the shortfall of a new position is that of one seen with probability s.
    cross
        (cells, M) expected inner product, across the line, of a new position and each position seen.
    mutual
        (cells,) and of two new ones.
    """

    weight: np.ndarray
    cross: np.ndarray
    mutual: np.ndarray


def resemblance(wrong: np.ndarray, shortfall: np.ndarray, square: np.ndarray, across: np.ndarray, base: Base) -> Alike:
    """Pair correlations along and across the line, and what follows for every question.

    The base measure counts as `PAIRS` uncorrelated pairs: few pairs say little.
    """
    seen = (wrong > 0).astype(float)
    count = seen.sum(axis=1)
    pairs = (count * (count - 1)).sum()
    away = np.where(wrong > 0, shortfall - base.shortfall[:, None], 0.0)
    spread = base.shortfall2 - base.shortfall**2

    def weight(products: float, squares: float, own: float) -> tuple[np.ndarray, float]:
        between = max(products / (pairs + PAIRS), 0.0)
        whole = (squares + PAIRS * own) / (count.sum() + PAIRS)
        rho = min(between / whole, 1.0) if whole > 0 else 0.0
        return count * rho / (1 + (count - 1) * rho), between

    squares = (away**2).sum(axis=1)
    s, _ = weight(float((away.sum(axis=1) ** 2 - squares).sum()), float(squares.sum()), float(spread.mean()))
    length = np.where(wrong > 0, np.maximum(square - shortfall**2, 0), 0.0)
    sums = np.einsum("cmn,cn->cm", across, seen)
    products = (sums * seen).sum(axis=1)
    own = float(np.maximum(base.square - base.shortfall2, 0).mean())
    t, between = weight(float((products - length.sum(axis=1)).sum()), float(length.sum()), own)
    scale = t / np.maximum(count, 1)
    mutual = products * scale**2 + (1 - t) * between
    return Alike(s, sums * scale[:, None], mutual)
