"""The claims about budgets, and about natural against budgeted length: by assignment, and by the joint model.

`budget-lowers-incoherence` compares budgets by assignment and needs no lengths. The other two need the temperature
model of `hotmess.temperature`, by its fast path with its Pareto k as the gate. The claim `natural-overthinking` is
decided without that model (`hotmess.claims.natural`); where the model has been fitted for another claim of the same
study, its slope stands beside that verdict as the guard `joint_model`, which changes nothing.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.claim import Claim, Estimate, Quantity
from hotmess.claims.scope import base_scope, length_scope
from hotmess.decompose.parts import NAMES
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.halves import half_counts, half_estimate, half_index, halves_estimate, permuted_counts
from hotmess.inference.gate import gate_draws
from hotmess.words import number

if TYPE_CHECKING:
    from collections.abc import Collection

    from hotmess.claims.study import Study
    from hotmess.responses.cells import Cells
    from hotmess.temperature.fit import Effects, LengthFit


ONLY_POWERS = (
    "Sensitivity of the joint model is to powers of its prior and likelihood alone: no model and no benchmark was left "
    "out, since every new fit takes long."
)


# --- by assignment ----------------------------------------------------------------------------------------------


def _budget(study: Study, population: str) -> Quantity:
    contrast = study.budget_contrast
    change = -contrast.change(population)
    if not np.isfinite(change).all():
        bad = [m for i, m in enumerate(contrast.models["model"]) if not np.isfinite(change[..., i]).all()]
        raise NotTestable(f"At one budget {bad[0]} makes no errors at all, so its incoherence there is undefined.")
    assert contrast.fit is not None
    each = {str(m): change[..., i] for i, m in enumerate(contrast.models["model"])}
    three = contrast.parts.get(population)
    parts = {} if three is None else {name: -three[..., i].mean(-1) for i, name in enumerate(NAMES)}
    guards = {}
    fit = study.fitted("temperature")
    if fit is not None and "budget" in fit.data.features:
        from hotmess.temperature.statements import budget_slope

        what = (
            "change of logit incoherence per doubling of tokens spent by budget, which takes for granted that a budget "
            "acts through its tokens alone"
        )
        guards["joint_model"] = beside(budget_slope(fit, population), what, -1.0)
    return Quantity(
        change.mean(-1),
        contrast.fit.gate & gate_draws(each),
        _budget_scope(study),
        each,
        parts,
        contrast.notes,
        guards=guards,
    )


def _budget_scope(study: Study) -> str:
    table = study.budget_halves.table
    silent = _without_budgets(study)
    if study.responses.length is None or table["log2_length"].isna().all():
        return base_scope(table) + silent
    low, high = (2 ** table.loc[table["half"] == half, "log2_length"].mean() for half in ("shorter", "longer"))
    unit = str(study.responses.length).replace("_", " ")
    spent = f"budgets of {number(round(low))} and {number(round(high))} {unit} (geometric means)"
    return f"{base_scope(table)}, {spent}{silent}"


def _without_budgets(study: Study) -> str:
    """Names the models that a comparison of budgets says nothing about."""
    with_two = set(study.budget_halves.table["model"].astype(str))
    others = [m for m in dict.fromkeys(study.cells.table["model"].astype(str)) if m not in with_two]
    if not others:
        return ""
    listed = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
    return f"; left out for want of a second budget: {listed}"


def _minus(estimate: Estimate) -> Estimate:
    return Estimate(-estimate.value, estimate.error, estimate.df)


def _budget_estimate(study: Study) -> Estimate:
    return _minus(halves_estimate(study.budget_halves))


def _budget_control(study: Study, seed: int) -> Control:
    cells = study.budget_halves
    model, question = half_index(cells.table)
    counts, terms = half_counts(cells)
    permuted = (
        _minus(half_estimate(new, cells.table, terms=terms, model_index=model, question=question))
        for new in permuted_counts(counts, seed)
    )
    return run_control("budgets permuted within model and question", _budget_estimate(study), permuted)


def _budget_variants(study: Study) -> dict[str, Estimate]:
    from hotmess.temperature.assigned import budget_cells

    cells, out = study.budget_halves, {}
    if cells.table["unparsable"].any():
        out["unparsable as wrong"] = _minus(halves_estimate(cells, unparsable="wrong"))
    without = study.without_truncated
    if without is not None:
        with contextlib.suppress(NotTestable):
            out["cut off and unparsable left out"] = _minus(halves_estimate(budget_cells(without)))
    return out


# --- by the joint model -----------------------------------------------------------------------------------------


def beside(effects: Effects, what: str, sign: float = 1.0) -> dict[str, Any]:
    """A reading of the joint model as a record: median and 90% interval, or why it may not be relied on."""
    record: dict[str, Any] = {"what": what, "passed": effects.gate.passed}
    if not effects.gate.passed:
        return record | {"reasons": list(effects.gate.reasons)}
    low, median, high = np.quantile(sign * effects.draws, [0.05, 0.5, 0.95])
    return record | {
        "median": float(median),
        "low": float(low),
        "high": float(high),
        "probability_above_zero": float((sign * effects.draws > 0).mean()),
    }


def _quantity(study: Study, effects: Effects, fit: LengthFit) -> Quantity:
    notes = effects.notes
    if len(fit.data.units) > 1 or fit.data.cells["benchmark"].nunique() > 1:
        notes = (*notes, ONLY_POWERS)
    return Quantity(effects.draws, effects.gate, _joint_scope(study, fit), effects.each, effects.parts, notes)


def _joint_scope(study: Study, fit: LengthFit, models: Collection[str] | None = None) -> str:
    table = study.cells.table
    models = fit.data.units["model"].tolist() if models is None else models
    return length_scope(study, table[table["model"].isin(list(models)) & table["log2_length"].notna()])


def _hotter(study: Study, population: str) -> Quantity:
    from hotmess.temperature.statements import hotter_with_length

    fit = study.temperature
    return _quantity(study, hotter_with_length(fit, population), fit)


def _hotter_control(study: Study, seed: int) -> Control:
    from hotmess.temperature.score import heat_score

    score = heat_score(study.responses.table, length=str(study.responses.length), unparsable="wrong")
    if score is None:
        raise NotTestable("Lengths do not vary within the budgets, so long and short cannot be compared.")
    return run_control("lengths permuted within model, question and budget", score.estimate(), score.permuted(seed))


def _hotter_variants(study: Study) -> dict[str, Estimate]:
    from hotmess.temperature.statements import hotter_with_length

    out = {}
    for name, fit in study.temperature_variants.items():
        draws = hotter_with_length(fit, "these").draws
        out[name] = Estimate(float(draws.mean()), float(draws.std()))
    return out


def _exceeds(study: Study, population: str) -> Quantity:
    from hotmess.temperature.statements import natural_exceeds_budget

    _ = study.budget_halves  # without two budgets there is nothing to fit
    fit = study.temperature
    if "budget" not in fit.data.features:
        raise NotTestable("Tokens spent do not differ between the budgets, so no effect per doubling can be had.")
    check = study.budget_agreement
    record = {"passed": check.share >= 0.025, "observed": check.observed, "share": check.share, "what": check.sentence}
    held = () if record["passed"] else ("answers at different budgets agree less often than the joint model allows",)
    quantity = _quantity(study, natural_exceeds_budget(fit, population), fit)
    scope = _joint_scope(study, fit, set(study.budget_halves.table["model"])) + _without_budgets(study)
    return replace(quantity, held=held, guards={"same_scores": record}, scope=scope)


def _both(natural: Cells, budget: Cells) -> tuple[Cells, Cells]:
    """Halves by natural length and by budget of the models that have both."""
    from hotmess.laws.contrast import take_cells

    shared = set(natural.table["model"]) & set(budget.table["model"])
    if not shared:
        raise NotTestable("No model has both lengths that vary within budgets and two budgets.")
    keep = (np.flatnonzero(cells.table["model"].isin(list(shared))) for cells in (natural, budget))
    first, second = (take_cells(cells, rows) for cells, rows in zip((natural, budget), keep))
    return first, second


def _exceeds_estimate(study: Study) -> Estimate:
    from hotmess.temperature.score import exceeds_estimate

    return exceeds_estimate(*_both(study.halves, study.budget_halves))


def _exceeds_control(study: Study, seed: int) -> Control:
    from hotmess.temperature.score import permuted_exceeds

    what = "lengths permuted within model, question and budget, budgets within model and question"
    return run_control(
        what, _exceeds_estimate(study), permuted_exceeds(*_both(study.halves, study.budget_halves), seed)
    )


def _exceeds_variants(study: Study) -> dict[str, Estimate]:
    from hotmess.laws.contrast import halved_cells
    from hotmess.temperature.assigned import budget_cells
    from hotmess.temperature.score import exceeds_estimate

    out = {}
    others = {"cut off and unparsable left out": study.without_truncated, **study.filled_lengths}
    for name, responses in others.items():
        if responses is not None:
            with contextlib.suppress(NotTestable):
                out[name] = exceeds_estimate(*_both(halved_cells(responses), budget_cells(responses)))
    return out


answers_get_hotter_with_length = Claim(
    name="answers-get-hotter-with-length",
    place="claim 2, against its critics: a wrong answer that merely takes longer is no overthinking",
    statement=(
        "within a question, longer responses are drawn from a hotter distribution, beyond what a shift away from the "
        "right answer explains"
    ),
    estimand="change of log temperature per doubling of natural length at a fixed budget, mean over models",
    quantity=_hotter,
    needs="letters, lengths that vary within budgets, wrong answers on at least 10 questions",
    control=_hotter_control,
    variants=_hotter_variants,
    association=True,
    long=True,
    across=("response",),
)
natural_exceeds_budget = Claim(
    name="natural-exceeds-budget",
    place="claim 3; natural against budgeted overthinking",
    statement=(
        "incoherence changes more with a doubling of tokens by natural variation than with a doubling by budget"
    ),
    estimand=(
        "|change of logit incoherence per doubling of natural length, an association| - |change per doubling of tokens "
        "by budget, an intervention that is taken to act through tokens alone|, means over the models with two budgets"
    ),
    quantity=_exceeds,
    needs="letters, lengths that vary within budgets, two budgets with tokens",
    estimate=_exceeds_estimate,
    control=_exceeds_control,
    variants=_exceeds_variants,
    long=True,
    across=("response", "budget"),
)
budget_lowers_incoherence = Claim(
    name="budget-lowers-incoherence",
    place="claim 3; figure of incoherence against reasoning budget",
    statement="the same questions are answered less incoherently at the largest budget than at the smallest",
    estimand=(
        "incoherence at the smallest minus that at the largest budget by assignment, an intervention, mean over the "
        "models with two budgets"
    ),
    quantity=_budget,
    needs="any outcome with a target, two budgets with tokens (column budget), 3 responses of a question at each",
    estimate=_budget_estimate,
    control=_budget_control,
    variants=_budget_variants,
    change=True,
    across=("budget",),
)
