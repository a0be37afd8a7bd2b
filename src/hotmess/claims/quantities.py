"""Draws, estimates and negative controls of users' expressions, from the study's own fits."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.claim import Quantity
from hotmess.claims.expression import Expression, Term, nearest
from hotmess.claims.scope import base_scope, length_scope, scale_scope
from hotmess.errors import BadInput, NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import Estimate

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.posterior import Fit
    from hotmess.claims.study import Study
    from hotmess.responses.cells import Cells

BOOTSTRAP, PERMUTATIONS, EACH = 400, 99, 200
NOT_FILTERS = ("question", "target", "responses", "right", "unparsable", "log2_length", "n_choices")


def quantity_of(study: Study, expression: Expression, population: str, sign: float) -> Quantity:
    """Posterior draws of an expression; `each` holds its quantities."""
    if expression.source == "answers":
        fit = answer_fit(study, expression)
        columns = tuple(sorted({k for t in expression.terms for k, _ in t.filters}))
        values = {t: _set_draws(study, fit, t, columns, population) for t in expression.terms}
        gate, scope = fit.gate, base_scope(fit.cells.table)
        notes: tuple[str, ...] = ()
    elif expression.source == "power laws":
        laws = study.power_laws
        values = {t: _law_draws(study, t, population) for t in expression.terms}
        gate, scope, notes = laws.gate, scale_scope(study, laws), laws.notes
    elif expression.source == "length law":
        law = study.length_law
        values = {t: _arm_draws(study, t, population) for t in expression.terms}
        gate, scope, notes = law.gate, length_scope(study, law.fit.cells.table), law.notes
    else:
        contrast = study.contrast
        assert contrast.fit is not None
        values = {t: _half_draws(study, t, population) for t in expression.terms}
        gate, scope, notes = contrast.fit.gate, length_scope(study, contrast.fit.cells.table), contrast.notes
    each = {str(t): np.asarray(v, float) for t, v in values.items()}
    draws = sign * expression.value(values)
    if not np.isfinite(draws).all():
        share = float(np.mean(~np.isfinite(draws)))
        raise NotTestable(f"The quantity {expression.text} is undefined in {share:.1%} of the posterior draws.")
    return Quantity(draws, gate.over(each), scope, each, notes=notes)


def pick(table: pd.DataFrame, term: Term, *, without: tuple[str, ...] = ()) -> np.ndarray:
    """Rows of a table that a term's filters mean; BadInput with the nearest name where there are none."""
    keep = np.ones(len(table), bool)
    for column, value in term.filters:
        names = [str(c) for c in table.columns if c not in NOT_FILTERS and c not in without]
        if column not in names:
            raise BadInput(f"{term}: there is no filter {column!r}; {nearest(column, names, 'filters')}")
        found = table[column].astype(str).to_numpy()
        same = found == value
        if not same.any():
            with contextlib.suppress(TypeError, ValueError):  # 32 and 32.0 are one size
                same = table[column].to_numpy(float) == float(value)
        if not same.any():
            values = list(dict.fromkeys(found))
            raise BadInput(f"{term}: there is no {column} {value!r}; {nearest(value, values, 'values')}")
        keep &= same
    if not keep.any():
        raise BadInput(f"{term}: no questions have all of these at once.")
    return np.flatnonzero(keep)


def answer_cells(study: Study, expression: Expression) -> Cells:
    """Cells split as finely as the expression's filters need."""
    from hotmess.responses.cells import reduce
    from hotmess.responses.halves import split_halves

    used = {k for t in expression.terms for k, _ in t.filters}
    split: list[str] = [c for c in ("difficulty", "half") if c in used]
    own = set(study.responses.table.columns) - {"sample", "answer", "target", "context"}
    standard = set(study.cells.table.columns)
    split += sorted(c for c in used & own if c not in standard and c not in split)
    if not split:
        return study.cells

    def make() -> Cells:
        responses = study.grouped if "difficulty" in split else study.responses
        if "half" in split:
            if responses.length is None:
                raise NotTestable("There is no length column, so longer and shorter responses cannot be told apart.")
            responses = split_halves(responses)
        return reduce(responses, split=split)

    made: Cells = study.once(f"cells by {', '.join(split)}", make)
    return made


def answer_fit(study: Study, expression: Expression) -> Fit:
    """The latent answer distributions behind an expression, groups unpooled."""
    from hotmess.answers.fit import fit

    cells = answer_cells(study, expression)
    if cells is study.cells:
        return study.fit
    standard = set(study.cells.table.columns)
    split = [str(c) for c in cells.table.columns if c not in standard]
    made: Fit = study.once(
        f"fit by {', '.join(split)}",
        lambda: fit(
            cells,
            groups=["benchmark", "model", "condition", "budget", *split],
            seed=study.seed,
            draws=study.draws,
            warmup=study.warmup,
            chains=study.chains,
            pointwise=False,
        ),
    )
    return made


def _set_draws(study: Study, fit: Fit, term: Term, columns: tuple[str, ...], population: str) -> np.ndarray:
    """Draws of a term, from sets divided by the columns of all terms of its expression.

    Sets of one division are disjoint and drawn jointly, so that terms that share cells share their uncertainty.
    """
    pick(fit.cells.table, term)  # a good sentence before the fit's own
    sets = fit.draws(columns, population=population, metric=study.metric)
    rows = pick(sets.table, term) if columns else np.array([0])
    if term.name == "accuracy":
        if study.metric != "brier" or study.responses.outcome != "answer":
            raise NotTestable("accuracy() is for letters under the Brier score; use error() instead.")
        parts = {"accuracy": fit.moments(columns, population=population)[..., 0]}
    else:
        parts = {"error": sets.error, "bias2": sets.bias2, "variance": sets.variance}
    if len(rows) > 1:
        weight = fit.set_weights(columns, population)[..., rows]
        mean = {k: (np.asarray(x, float)[..., rows] * weight).sum(-1) / weight.sum(-1) for k, x in parts.items()}
    else:
        mean = {k: np.asarray(x, float)[..., rows[0]] for k, x in parts.items()}
    if term.name != "incoherence":
        out: np.ndarray = mean[term.name]
        return out
    return replace(sets, **mean).incoherence


def _law_draws(study: Study, term: Term, population: str) -> np.ndarray:
    laws = study.power_laws
    rows = pick(laws.groups, term)
    slope = term.name == "size_slope"
    draws = laws.slope_of_logit_incoherence(population) if slope else laws.draws(population)[term.name].values
    return np.asarray(draws[..., rows].mean(-1))


def _arm_draws(study: Study, term: Term, population: str) -> np.ndarray:
    law = study.length_law
    out: np.ndarray = law.slopes("odds", population)[..., pick(law.arms, term)].mean(-1)
    return out


def _half_draws(study: Study, term: Term, population: str) -> np.ndarray:
    contrast = study.contrast
    out: np.ndarray = contrast.change(population)[..., pick(contrast.models, term)].mean(-1)
    return out


# --- without a model ----------------------------------------------------------------------------------------------


def _question_terms(study: Study, expression: Expression) -> tuple[dict[Term, int], np.ndarray]:
    """Sets by term, and (sets, questions, 3) unbiased error, variance and number of cells of each question."""
    from hotmess.answers.population import question_index
    from hotmess.decompose.squared import unbiased

    cells = answer_cells(study, expression)
    terms = unbiased(cells.points)
    question = question_index(cells.table)
    filters = list(dict.fromkeys(t.filters for t in expression.terms))
    out = np.zeros((len(filters), int(question.max()) + 1, 3))
    for s, one in enumerate(filters):
        rows = pick(cells.table, Term("error", one))
        rows = rows[np.isfinite(terms.variance[rows])]
        for i, value in enumerate((terms.error[rows], terms.variance[rows], np.ones(len(rows)))):
            np.add.at(out[s, :, i], question[rows], value)
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
    from hotmess.decompose.intervals import question_weights

    q = data.shape[1]
    fewest = int((data[..., 2] > 0).sum(1).min())
    if fewest < 3:
        return Estimate(np.nan, np.nan)
    value = float(_plain(expression, sets, data, np.ones((1, q)))[0])
    spread = _plain(expression, sets, data, question_weights(q, draws, seed))
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
        permuted.append(_estimate(expression, sets, new, sign, seed + p, EACH))
    real = _estimate(expression, sets, data, sign, seed, BOOTSTRAP)
    return run_control("labels permuted between the sets compared, question by question", real, permuted)
