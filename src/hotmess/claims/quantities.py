"""Draws of users' expressions, from the study's own fits."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Quantity
from hotmess.claims.expression import Expression, Term, nearest
from hotmess.claims.scope import base_scope, length_scope, scale_scope
from hotmess.errors import BadInput, NotTestable, OtherOutcome
from hotmess.laws.contrast_parts import changes
from hotmess.statements.effective import effective_of

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.posterior import Fit
    from hotmess.claims.study import Study
    from hotmess.responses.cells import Cells

NOT_FILTERS = ("question", "target", "responses", "right", "unparsable", "log2_length", "n_choices")


def quantity_of(study: Study, expression: Expression, population: str, sign: float) -> Quantity:
    """Posterior draws of an expression; `each` holds its quantities."""
    if population == "like-these" and expression.source in ("answers", "halves"):
        return _settled(study, expression, sign)
    if expression.source == "answers":
        fit = answer_fit(study, expression)
        _only_letters(study, expression)
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
    _defined(expression, draws)
    return Quantity(draws, gate.over(each), scope, each, notes=notes)


def _defined(expression: Expression, draws: np.ndarray) -> None:
    if not np.isfinite(draws).all():
        share = float(np.mean(~np.isfinite(draws)))
        raise NotTestable(f"The quantity {expression.text} is undefined in {share:.1%} of the posterior draws.")


def _only_letters(study: Study, expression: Expression) -> None:
    named = any(term.name == "accuracy" for term in expression.terms)
    if named and (study.metric != "brier" or study.responses.outcome != "answer"):
        raise OtherOutcome("accuracy() is for letters under the Brier score; use error() instead.")


def _settled(study: Study, expression: Expression, sign: float) -> Quantity:
    """A statement about questions like these: the expression, and each of its quantities, settled one by one."""
    notes: tuple[str, ...] = ()
    if expression.source == "answers":
        fit = answer_fit(study, expression)
        scope = base_scope(fit.cells.table)
        _only_letters(study, expression)
        firsts = {t.filters: t for t in reversed(expression.terms)}
        filters = list(dict.fromkeys(t.filters for t in expression.terms))
        rows = [pick(fit.cells.table, firsts[f]) for f in filters]
        means = fit.statement(rows=rows, metric=study.metric)
        place = {t: filters.index(t.filters) for t in expression.terms}
        if fit.with_unparsable and any(t.name == "accuracy" for t in expression.terms):
            means = means.join(fit.unparsable_as_wrong.statement(rows=rows))  # where accuracy is 1 - error/2
            place = {t: i + len(rows) * (t.name == "accuracy") for t, i in place.items()}

        def value_of(term: Term, m: np.ndarray) -> np.ndarray:
            return named(term.name, m[..., place[term], :])
    else:
        contrast = study.contrast
        assert contrast.fit is not None and contrast.means is not None
        fit, means = contrast.fit, contrast.means
        scope, notes = length_scope(study, fit.cells.table), contrast.notes
        models = {t: pick(contrast.models, t) for t in expression.terms}

        def value_of(term: Term, m: np.ndarray) -> np.ndarray:
            return np.asarray(changes(m)[..., :-1][..., models[term]].mean(axis=-1))

    terms = list(dict.fromkeys(expression.terms))

    def all_of(m: np.ndarray) -> np.ndarray:
        values = {t: value_of(t, m) for t in terms}
        return np.stack([sign * expression.value(values), *values.values()], axis=-1)

    found = means.settle(all_of)
    draws = found.draws.reshape(fit.chains, -1, len(terms) + 1)
    _defined(expression, draws[..., 0])
    each = {str(t): draws[..., i] for i, t in enumerate(terms, 1)}
    effective = effective_of(found, 0, means.units)
    return Quantity(draws[..., 0], fit.gate.over(each), scope, each, notes=notes, effective=effective)


def named(name: str, terms: np.ndarray) -> np.ndarray:
    """A term of an expression from means (…, 3) of error, bias² and variance."""
    error, bias2, variance = (terms[..., i] for i in range(3))
    with np.errstate(invalid="ignore", divide="ignore"):
        every = {"error": error, "bias2": bias2, "variance": variance, "accuracy": 1 - error / 2}
        return every[name] if name in every else np.where(error > 0, variance / error, np.nan)


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
            pointwise=False,
            **study.answers,
            **study.sampled,
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
    return np.asarray(contrast.change(population)[..., pick(contrast.models, term)].mean(-1))
