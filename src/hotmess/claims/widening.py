"""Few questions say less about questions like these than their bootstrap knows: distances from the median grow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

from hotmess.claims.claim import Quantity
from hotmess.decompose.intervals import FEW
from hotmess.inference.gate import Gate


def widening(questions: int, tail: float = 0.025) -> float:
    """Factor on distances from the median for questions like these, where they are fewer than 50; else 1.

    t_{Q-1}/z √((Q + 1)/(Q - 1)), as for the Bayesian bootstrap without a model (`hotmess.decompose.intervals`):
    Student's t for the unknown spread between questions, and the bootstrap's own deficit in variance.

    >>> round(widening(25), 3), widening(50)
    (1.096, 1.0)
    """
    if questions >= FEW:
        return 1.0
    if questions < 2:
        return float("inf")
    student = stats.t.isf(tail, questions - 1) / stats.norm.isf(tail)
    return float(student * np.sqrt((questions + 1) / (questions - 1)))


def widen(draws: np.ndarray, factor: float) -> np.ndarray:
    """Draws moved away from their median by a factor.

    >>> widen(np.array([[1.0, 2.0, 4.0]]), 2.0).tolist()
    [[0.0, 2.0, 6.0]]
    """
    if factor == 1:
        return draws
    middle = np.median(draws)
    out: np.ndarray = middle + factor * (draws - middle)
    return out


def widened(quantity: Quantity, factor: float, units: str) -> Quantity:
    """Fewer than 50 questions say less about questions like these than their bootstrap knows."""
    if factor == 1:
        return quantity
    if not np.isfinite(factor):
        why = f"there is one of the {units} only, which says nothing about {units} like these"
        return replace(quantity, gate=quantity.gate & Gate((why,)))
    return replace(
        quantity,
        draws=widen(quantity.draws, factor),
        each={k: widen(v, factor) for k, v in quantity.each.items()},
        scope=f"{quantity.scope}; intervals are widened by {factor - 1:.0%}, as there are few {units}",
    )
