"""Quick estimates without a model, for negative controls and for the guard of agreement.

All use the unbiased estimator of section 2 of the methods; standard errors are of the estimand for questions like
these (scatter between questions, bins or models), so that permuted data can be judged by the same rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.population import question_index
from hotmess.claims.claim import Estimate
from hotmess.claims.control import PERMUTATIONS

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.laws.power import PowerLaws
    from hotmess.responses.cells import Cells

NOTHING = Estimate(np.nan, np.nan)


def letter_terms(
    counts: np.ndarray, choices: np.ndarray, target: np.ndarray, *, unparsable: str = "uniform"
) -> tuple[np.ndarray, np.ndarray]:
    """Unbiased Brier variance and error of cells of independent letters.

    counts: (cells, K + 1), the last column unparsable; returns variance and error, nan below two responses.

    >>> v, e = letter_terms(np.array([[10, 12, 8, 0, 0]]), np.array([4]), np.array([3]))
    >>> round(float(v[0]) * 29 / 30, 3), float(e[0])
    (0.658, 2.0)
    """
    n = counts.sum(axis=1).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = counts / n[:, None]
        a = p[np.arange(len(p)), target]
        u = p[:, -1] if unparsable == "uniform" else np.zeros(len(p))
        squares = (p[:, :-1] ** 2).sum(1) + (2 * u * (1 - u) + u**2) / choices
        if unparsable != "uniform":
            squares = (p**2).sum(1)
        off = u * (1 - 1 / choices)
        variance = (1 - off - squares) * n / (n - 1)
        return np.where(n > 1, variance, np.nan), 2 * (1 - a - u) + off


def ratio_influence(variance: np.ndarray, error: np.ndarray) -> tuple[float, np.ndarray]:
    """Ratio of sums and each cell's influence on it (delta method)."""
    total = error.sum()
    if total <= 0:
        return np.nan, np.zeros(len(error))
    ratio = variance.sum() / total
    return float(ratio), (variance - ratio * error) / total


# --- longer against shorter halves ------------------------------------------------------------------------------


def half_estimate(
    counts: np.ndarray,
    table: pd.DataFrame,
    *,
    unparsable: str = "uniform",
    terms: Terms | None = None,
    model_index: np.ndarray,
    question: np.ndarray,
) -> Estimate:
    """Mean over models of the change of incoherence; scatter over questions, shared by the models.

    Rows alternate: shorter, longer half of one cell. `terms` makes unbiased variance and error of counts; default:
    those of letters.
    """
    variance, error = (terms or _of_letters(table, unparsable))(counts)
    models = int(model_index.max()) + 1
    influence = np.zeros(int(question.max()) + 1)
    change = 0.0
    for m in range(models):
        for start, sign in ((0, -1.0), (1, 1.0)):
            rows = np.flatnonzero(model_index == m)[start::2]
            ratio, psi = ratio_influence(variance[rows], error[rows])
            change += sign * ratio / models
            np.add.at(influence, question[rows], sign * psi / models)
    return with_scatter(change, influence)


Terms = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def _of_letters(table: pd.DataFrame, unparsable: str) -> Terms:
    choices, target = table["n_choices"].to_numpy(), table["target"].to_numpy(int)
    return lambda counts: letter_terms(counts, choices, target, unparsable=unparsable)


def half_counts(cells: Cells, *, unparsable: str = "uniform") -> tuple[np.ndarray, Terms]:
    """Counts of halved cells over answers, or over positions, alike in both halves of a cell; and their terms."""
    if cells.counts is not None:
        return cells.counts, _of_letters(cells.table, unparsable)
    from hotmess.answers.positions import tally

    place, copies, z = tally(cells)
    pair = place // 2
    code = np.unique(np.round(z, 12), axis=0, return_inverse=True)[1].ravel()
    kinds, column = np.unique(np.stack([pair, code], axis=1), axis=0, return_inverse=True)
    column = column.ravel() - np.searchsorted(kinds[:, 0], kinds[:, 0])[column.ravel()]
    width = int(column.max()) + 1
    counts = np.zeros((len(cells), width), np.int64)
    counts[place, column] = copies
    d = z - cells.points.target[place]
    if cells.outcome == "text" and unparsable == "wrong":
        d = np.column_stack([d, 1.0 - z.sum(axis=1)])
    away = np.zeros((len(cells), width, d.shape[1]))
    away[2 * pair, column] = away[2 * pair + 1, column] = d
    across = np.einsum("cmd,cnd->cmn", away, away)
    square = np.einsum("cmm->cm", across)

    def terms(new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n = new.sum(axis=1).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            error = (new * square).sum(axis=1) / n
            bias2 = np.einsum("cm,cmn,cn->c", new, across, new, optimize=True) / n**2
            return np.where(n > 1, (error - bias2) * n / (n - 1), np.nan), error

    return counts, terms


def halves_estimate(cells: Cells, *, unparsable: str = "uniform") -> Estimate:
    """`half_estimate` of halved cells of any outcome."""
    counts, terms = half_counts(cells, unparsable=unparsable)
    model, question = half_index(cells.table)
    return half_estimate(counts, cells.table, terms=terms, model_index=model, question=question)


def permuted_halves(cells: Cells, seed: int, *, permutations: int = PERMUTATIONS) -> Iterator[np.ndarray]:
    """Counts of letters with lengths permuted within every (model, question, budget): halves keep their sizes."""
    assert cells.counts is not None
    return permuted_counts(cells.counts, seed, permutations=permutations)


def permuted_counts(counts: np.ndarray, seed: int, *, permutations: int = PERMUTATIONS) -> Iterator[np.ndarray]:
    """Counts of halves, rows alternating, with responses dealt anew between the halves of each cell."""
    shorter, longer = counts[0::2], counts[1::2]
    total, size = longer + shorter, longer.sum(1)
    seen = np.flatnonzero(total.any(axis=0))
    for p in range(permutations):
        rng = np.random.default_rng([seed, p, 17])
        out = np.zeros_like(counts)
        left, need = total.sum(1), size.copy()
        for k in seen[:-1]:  # multivariate hypergeometric, option by option; the last takes what is left
            left = left - total[:, k]
            take = rng.hypergeometric(total[:, k], left, need)
            out[1::2, k] = take
            need = need - take
        out[1::2, seen[-1:]] = need[:, None]
        out[0::2] = total - out[1::2]
        yield out


def half_index(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(model index, question index) of halved cells; rows must alternate shorter, longer."""
    half = table["half"].astype(str).to_numpy()
    assert (half[0::2] == "shorter").all() and (half[1::2] == "longer").all()
    codes = np.unique(table["model"].astype(str).to_numpy(), return_inverse=True)[1]
    return codes, question_index(table)


# --- laws in length ---------------------------------------------------------------------------------------------


def arm_index(table: pd.DataFrame) -> np.ndarray:
    """(cells,) index of the arm (model, condition, budget) of each cell."""
    from hotmess.laws.length import ARM

    return table.groupby(list(ARM), observed=True, sort=True).ngroup().to_numpy()


def length_estimate(variance: np.ndarray, error: np.ndarray, x: np.ndarray, arm: np.ndarray, *, bins: int) -> Estimate:
    """Mean over arms of the slope of logit incoherence on log length over bins; jackknife over bins.

    variance, error, x: (cells,) unbiased terms and mean log length; bin k of all arms is left out together.
    """
    arms = int(arm.max()) + 1
    sums = np.full((arms, bins, 3), np.nan)
    for a in range(arms):
        rows = np.flatnonzero(arm == a)
        order = rows[np.argsort(x[rows], kind="stable")]
        for b, part in enumerate(np.array_split(order, bins)):
            if len(part):
                sums[a, b] = variance[part].sum(), error[part].sum(), x[part].mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.clip(sums[..., 0] / sums[..., 1], 0.02, 0.98)
    y = np.where(sums[..., 1] > 0, np.log(ratio / (1 - ratio)), np.nan)
    whole = _mean_slope(sums[..., 2], y)
    left = np.array([_mean_slope(np.delete(sums[..., 2], b, 1), np.delete(y, b, 1)) for b in range(bins)])
    left = left[np.isfinite(left)]
    if len(left) < 3 or not np.isfinite(whole):
        return NOTHING
    error_ = np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
    return Estimate(whole, float(error_), len(left) - 1)


def _mean_slope(x: np.ndarray, y: np.ndarray) -> float:
    """Mean over arms (rows) of the least squares slope over bins; arms with three or more bins that differ in x."""
    use = np.isfinite(x) & np.isfinite(y)
    n = np.maximum(use.sum(1), 1)
    x, y = np.where(use, x, 0.0), np.where(use, y, 0.0)
    away = np.where(use, x - (x.sum(1) / n)[:, None], 0.0)
    spread = (away**2).sum(1)
    has = (use.sum(1) >= 3) & (spread > 1e-12 * n * (1 + (x**2).max(1, initial=0.0)))  # more than rounding
    return float(np.mean((away * y).sum(1)[has] / spread[has])) if has.any() else np.nan


# --- laws in size -----------------------------------------------------------------------------------------------


def size_statistics(laws: PowerLaws, of: str = "ratio") -> tuple[np.ndarray, np.ndarray]:
    """(models,) x and (models, groups) unbiased log(variance/bias²), or log of `of` (bias2 or variance) alone.

    nan where an estimate is not positive.
    """
    import pandas as pd

    from hotmess.decompose.squared import unbiased

    cells = laws.fit.cells
    terms = unbiased(cells.points)
    keys = ["model", *laws.by]
    frame = cells.table[keys].assign(variance=terms.variance, bias2=terms.bias2)
    sums = frame.groupby(keys, observed=True)[["variance", "bias2"]].sum()
    kept = laws.law.cells
    rows = sums.reindex(pd.MultiIndex.from_frame(kept[keys]))
    with np.errstate(invalid="ignore", divide="ignore"):
        what = rows["variance"] / rows["bias2"] if of == "ratio" else rows[of]
        positive = (rows["variance"] > 0) & (rows["bias2"] > 0) if of == "ratio" else rows[of] > 0
        value = np.where(positive, np.log(what), np.nan)
    groups = pd.MultiIndex.from_frame(laws.groups[list(laws.by)].astype(str))
    g = groups.get_indexer(pd.MultiIndex.from_frame(kept[list(laws.by)].astype(str)))
    models = kept.groupby("model")["x"].first().sort_values()
    m = pd.Index(models.index).get_indexer(kept["model"])
    y = np.full((len(models), len(laws.groups)), np.nan)
    y[m, g] = value
    return models.to_numpy(), y


def size_estimate(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Estimate:
    """Weighted mean over groups of the slope of log(variance/bias²) on x: alpha_B - alpha_V, with k - 2 degrees.

    Models contribute their weighted mean over groups, so that residuals shared by a model's groups count once.
    """
    return size_estimates(x[None], y, weights)[0]


def size_estimates(orders: np.ndarray, y: np.ndarray, weights: np.ndarray) -> list[Estimate]:
    """`size_estimate` for each row of (permutations, models) sizes, all at once.

    >>> x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([[0.0], [1.0], [2.0], [3.5]])
    >>> [round(e.value, 2) for e in size_estimates(np.stack([x, x[::-1]]), y, np.ones(1))]
    [1.15, -1.15]
    """
    use = np.flatnonzero(weights != 0)
    rows = np.isfinite(y[:, use]).all(axis=1)
    if rows.sum() < 3:
        return [NOTHING] * len(orders)
    t, v = orders[:, rows], y[rows][:, use] @ weights[use]
    t = t - t.mean(axis=1, keepdims=True)
    v = v - v.mean()
    spread = (t**2).sum(axis=1)
    df = len(v) - 2
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = t @ v / spread
        error = np.sqrt(((v - slope[:, None] * t) ** 2).sum(axis=1) / df / spread)
    return [Estimate(b, e, df) if s > 0 else NOTHING for b, e, s in zip(slope.tolist(), error.tolist(), spread)]


def size_permutations(x: np.ndarray, seed: int, *, limit: int = 5040) -> tuple[np.ndarray, bool]:
    """(permutations, models) sizes permuted between models: all of them (but the real order) where few, else 999."""
    if factorial(len(x)) <= limit:
        return x[np.array(list(permutations(range(len(x)))))[1:]], True
    rng = np.random.default_rng([seed, 23])
    return np.stack([rng.permutation(x) for _ in range(999)]), False


def with_scatter(value: float, influence: np.ndarray) -> Estimate:
    """A value with the standard error that its influences by question give it, and Student's degrees of freedom."""
    q = len(influence)
    if q < 3:
        return NOTHING
    return Estimate(float(value), float(np.sqrt((influence**2).sum() * q / (q - 1))), q - 1)
