"""The correlation of two ranked attributes without a model: mean normal scores, corrected for the raters' noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hotmess.arrays import Floats
from hotmess.rankings.table import Rankings


@dataclass(frozen=True)
class RankCorrelation:
    """Correlations of mean scores over entities.

    Attributes
    ----------
    raw
        Correlation of the raters' mean scores: what is usually printed; drawn towards 0 by the raters' noise.
    reliability
        Of each attribute's mean score: Cronbach's α, the share of its variance that raters agree on.
    corrected
        raw / √(α₁ α₂) (Spearman 1904); noise can carry it beyond ±1. NaN where raters do
        not agree at all (α not positive).
    error
        Jackknife standard error of `corrected` over entities.
    """

    raw: float
    reliability: tuple[float, float]
    corrected: float
    error: float
    entities: int


def mean_rank_correlation(data: Rankings, *, permute: np.random.Generator | None = None) -> RankCorrelation:
    """Correlation of mean normal scores of the entities that both attributes' raters ranked.

    permute: entities of the second attribute are permuted, for the negative control.
    """
    scores = data.scores()
    known = [np.isfinite(scores[data.attribute == a]).all(0) for a in (0, 1)]
    use = np.flatnonzero(known[0] & known[1])
    both = [scores[data.attribute == a][:, use] for a in (0, 1)]
    if permute is not None:
        both[1] = both[1][:, permute.permutation(len(use))]
    n = len(use)
    every = _correlate(both, np.zeros((n, 1)))
    left = _correlate(both, np.eye(n))[-1]
    error = float(np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum()))
    raw, first, second, corrected = (float(x[0]) for x in every)
    return RankCorrelation(raw, (first, second), corrected, error, n)


def _correlate(both: list[Floats], out: Floats) -> tuple[Floats, ...]:
    """Raw correlation, Cronbach's α of each, and corrected correlation, without the entities of each column of `out`.

    >>> same = np.array([[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]])
    >>> [round(float(x[0]), 6) for x in _correlate([same, same[:, ::-1]], np.zeros((3, 1)))]
    [-0.928571, 1.0, 1.0, -0.928571]
    """
    keep = (1 - out) / (1 - out).sum(0)
    means = [x.mean(0) for x in both]

    def covariance(x: Floats, y: Floats) -> Floats:
        out: Floats = (x * y) @ keep - (x @ keep) * (y @ keep)
        return out

    spread = [covariance(m, m) for m in means]
    raw = covariance(*means) / np.sqrt(spread[0] * spread[1])
    alphas = []
    for x, total in zip(both, spread):
        k = len(x)
        alphas.append(k / (k - 1) * (1 - covariance(x, x).sum(0) / k**2 / total))
    known = (alphas[0] > 0) & (alphas[1] > 0)
    product = np.where(known, alphas[0] * alphas[1], np.nan)
    return raw, alphas[0], alphas[1], raw / np.sqrt(product)
