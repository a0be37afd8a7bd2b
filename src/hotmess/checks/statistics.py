"""Statistics of letter counts on which the model of answers can fail. Each is a mean over cells, without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    pass

NAMES = ("pairs", "triples", "spread", "settled", "middle", "concentration")
WORDS = {
    "pairs": "agreement of pairs",
    "triples": "agreement of triples",
    "spread": "spread of accuracy",
    "settled": "always or never right",
    "middle": "questions right 25 to 75%",
    "concentration": "wrong answers alike",
    "contexts": "effect of contexts",
    "between models": "correlation between models",
}


ALIKE = 1e-12
"""Variance of accuracy between questions below which a model's questions are all alike, and correlate with nothing."""


def cell_statistics(right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """(cells, 8) statistics of cells; nan where a cell has too few responses.

    right: (cells,); wrong: (cells, K). Columns: share of pairs of responses that agree; of triples; accuracy; share of
    pairs that are both right; whether all responses are right or none is; whether a quarter to three quarters are;
    pairs of wrong responses that agree; pairs of wrong responses.

    >>> out = cell_statistics(np.array([2]), np.array([[2, 0]]))
    >>> out[0].round(3).tolist()                        # 2 right, 2 wrong alike: 2 of 6 pairs agree, no triple
    [0.333, 0.0, 0.5, 0.167, 0.0, 1.0, 2.0, 2.0]
    """
    counts = np.column_stack([right, wrong]).astype(float)
    n = counts.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        two = np.where(n > 1, n * (n - 1), np.nan)
        three = np.where(n > 2, n * (n - 1) * (n - 2), np.nan)
        pairs = (counts * (counts - 1)).sum(1) / two
        triples = (counts * (counts - 1) * (counts - 2)).sum(1) / three
        both = counts[:, 0] * (counts[:, 0] - 1) / two
    off = counts[:, 1:]
    r = off.sum(1)
    settled = ((right == 0) | (r == 0)).astype(float)
    middle = ((4 * right >= n) & (4 * right <= 3 * n)).astype(float)
    return np.column_stack([pairs, triples, right / n, both, settled, middle, (off * (off - 1)).sum(1), r * (r - 1)])


def summarise(statistics: np.ndarray, index: np.ndarray, sets: int) -> np.ndarray:
    """(sets, len(NAMES)) statistics of sets of cells from `cell_statistics`.

    Spread is the intraclass correlation (E a² - (E a)²) / (E a (1 - E a)), from pairs; concentration is a ratio of sums
    over cells, agreeing pairs of wrong responses over all their pairs.
    """
    known = np.isfinite(statistics)
    filled = np.where(known, statistics, 0.0)
    total = np.stack([np.bincount(index, filled[:, j], sets) for j in range(8)], 1)
    count = np.stack([np.bincount(index, known[:, j], sets) for j in range(8)], 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        a = mean[:, 2]
        spread = (mean[:, 3] - a**2) / (a * (1 - a))
        concentration = total[:, 6] / total[:, 7]
    return np.column_stack([mean[:, 0], mean[:, 1], spread, mean[:, 4], mean[:, 5], concentration])


def between_models(accuracy: np.ndarray, model: np.ndarray, question: np.ndarray) -> float:
    """Mean over pairs of models of the correlation of their accuracy over the questions of both; nan with one model.

    >>> a = np.array([0.0, 0.5, 1.0, 0.1, 0.6, 0.9])
    >>> bool(between_models(a, np.repeat([0, 1], 3), np.tile([0, 1, 2], 2)) > 0.9)
    True
    """
    shape = int(model.max()) + 1, int(question.max()) + 1
    at = np.ravel_multi_index((model, question), shape)
    count = np.bincount(at, minlength=shape[0] * shape[1]).reshape(shape)
    grid = np.bincount(at, accuracy, minlength=shape[0] * shape[1]).reshape(shape) / np.maximum(count, 1)
    known = (count > 0).astype(float)
    x = (grid - (grid * known).sum(1, keepdims=True) / known.sum(1, keepdims=True)) * known
    n = known @ known.T  # questions that both answered, and the moments of either over them
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = x @ known.T / n
        spread = x**2 @ known.T / n - mean**2
        correlation = (x @ x.T / n - mean * mean.T) / np.sqrt(spread * spread.T)
        told = (n > 2) & (spread > ALIKE) & (spread.T > ALIKE) & np.tri(len(n), k=-1, dtype=bool)
    return float(correlation[told].mean()) if told.any() else np.nan
