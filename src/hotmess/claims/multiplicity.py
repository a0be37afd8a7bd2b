"""Several claims at once: how many of those decided have the wrong sign by their own posteriors; few questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from hotmess.decompose.intervals import FEW

if TYPE_CHECKING:
    from hotmess.claims.claim import Verdict


def expected_false_signs(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Posterior expected number, and rate, of false signs among the claims called supported or contradicted.

    The sum of 1 - P over the supported and of P over the contradicted (Stephens 2017's local false sign rates, added
    up). It takes each posterior at its word; that it may is what calibration and null worlds are for.

    >>> expected_false_signs([])
    {'decided': 0, 'expected_false_signs': 0.0, 'rate': None}
    """
    from hotmess.claims.claim import CONTRADICTED, SUPPORTED

    wrong = []
    for v in verdicts:
        if v.probability is not None and v.verdict in (SUPPORTED, CONTRADICTED):
            wrong.append(1 - v.probability if v.verdict == SUPPORTED else v.probability)
    total = float(sum(wrong))
    return {
        "decided": len(wrong),
        "expected_false_signs": round(total, 12),
        "rate": total / len(wrong) if wrong else None,
    }


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
    return middle + factor * (draws - middle)
