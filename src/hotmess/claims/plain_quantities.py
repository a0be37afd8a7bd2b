"""Estimates and negative controls of users' expressions, without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.expression import Expression, Term
from hotmess.claims.quantities import answer_cells, named, pick
from hotmess.estimates.control import DRAWS, Control, Stated, run_control, stated
from hotmess.estimates.estimate import Estimate
from hotmess.statements.means import SetMeans

if TYPE_CHECKING:
    from hotmess.claims.study import Study

BOOTSTRAP, PERMUTATIONS = 400, 99


def _question_terms(study: Study, expression: Expression) -> tuple[dict[Term, int], np.ndarray]:
    """Sets by term, and (sets, units, 3) unbiased error, variance and weight of the cells of each question,
    or of each cluster of them."""
    from hotmess.decompose.grouping import unit_index
    from hotmess.decompose.squared import unbiased

    cells = answer_cells(study, expression)
    terms = unbiased(cells.points)
    unit, own = unit_index(cells.table)
    filters = list(dict.fromkeys(t.filters for t in expression.terms))
    out = np.zeros((len(filters), int(unit.max()) + 1, 3))
    for s, one in enumerate(filters):
        rows = pick(cells.table, Term("error", one))
        rows = rows[np.isfinite(terms.variance[rows])]
        for i, value in enumerate((terms.error[rows], terms.variance[rows], np.ones(len(rows)))):
            np.add.at(out[s, :, i], unit[rows], own[rows] * value)
    return {t: filters.index(t.filters) for t in expression.terms}, out


def _plain(expression: Expression, sets: dict[Term, int], data: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The expression from weighted sums; weights (draws, questions)."""
    sums = np.einsum("dq,sqi->dsi", weights, data)
    with np.errstate(invalid="ignore", divide="ignore"):
        error, variance = sums[..., 0] / sums[..., 2], sums[..., 1] / sums[..., 2]
        every: dict[str, Any] = {
            "error": error,
            "variance": variance,
            "bias2": error - variance,
            "incoherence": variance / error,
            "accuracy": 1 - error / 2,
        }
    return expression.value({t: every[t.name][:, s] for t, s in sets.items()})


def plain_estimate(study: Study, expression: Expression, sign: float) -> Estimate:
    """The expression from unbiased terms, its standard error by the Bayesian bootstrap over questions."""
    sets, data = _question_terms(study, expression)
    return _estimate(expression, sets, data, sign, study.seed, BOOTSTRAP)


def _estimate(
    expression: Expression, sets: dict[Term, int], data: np.ndarray, sign: float, seed: int, draws: int
) -> Estimate:
    from hotmess.decompose.intervals import question_shares

    q = data.shape[1]
    fewest = int((data[..., 2] > 0).sum(1).min())
    if fewest < 3:
        return Estimate(np.nan, np.nan)
    value = float(_plain(expression, sets, data, np.ones((1, q)))[0])
    spread = _plain(expression, sets, data, question_shares(q, draws, seed))
    spread = spread[np.isfinite(spread)]
    if len(spread) <= draws // 2:
        return Estimate(sign * value, np.nan)
    deficit = np.sqrt((fewest + 1) / (fewest - 1))  # the bootstrap's own, as in hotmess.decompose.intervals
    return Estimate(sign * value, float(spread.std() * deficit), fewest - 1)


def exchange_control(study: Study, expression: Expression, sign: float, seed: int) -> Control:
    """The sets' labels permuted: within each question where it has several, else between the questions."""
    sets, data = _question_terms(study, expression)
    present = data[..., 2] > 0
    several, single = present.sum(0) > 1, present.sum(0) == 1
    permuted = []
    for p in range(PERMUTATIONS):
        rng = np.random.default_rng([seed, p, 73])
        new = np.zeros_like(data)
        for q in np.flatnonzero(several):
            has = np.flatnonzero(present[:, q])
            new[has, q] = data[rng.permutation(has), q]
        alone = np.flatnonzero(single)
        owner = present[:, alone].argmax(0)
        new[owner[rng.permutation(len(alone))], alone] = data[owner, alone]
        permuted.append(_settled(expression, sets, new, sign, seed + p, DRAWS))
    real = _settled(expression, sets, data, sign, seed, BOOTSTRAP)
    return run_control("labels permuted between the sets compared, question by question", real, permuted)


def _settled(
    expression: Expression, sets: dict[Term, int], data: np.ndarray, sign: float, seed: int, draws: int
) -> Stated:
    """The expression as the statement that a verdict rests on: shifted, spread, and silent on too few questions."""
    from hotmess.decompose.intervals import question_shares

    sums, cells = np.moveaxis(data[..., :2], 0, 1), data[..., 2].T
    three = np.stack([sums[..., 0], sums[..., 0] - sums[..., 1], sums[..., 1]], axis=-1)
    weights = question_shares(len(cells), draws, seed) * len(cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn, centre = (
            np.einsum("dq,qsi->dsi", w, three) / (w @ cells)[..., None] for w in (weights, np.ones((1, len(cells))))
        )
    if not (np.isfinite(drawn).all() and np.isfinite(centre).all()):
        return Stated(0.5)

    def value(means: np.ndarray) -> np.ndarray:
        return sign * expression.value({t: named(t.name, means[..., s, :]) for t, s in sets.items()})[..., None]

    return stated(SetMeans(drawn, centre[0], None, None, three, cells).settle(value), 0)
