"""The claim about natural against budgeted length: by which incoherence changes more, per doubling of tokens."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.claim import Case, Claim, Finding, Guard, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.budgets import without_budgets
from hotmess.claims.kinds.joint_model import LEAVE_OUT, joint_densities, joint_quantity, joint_scope
from hotmess.claims.kinds.option_length import OptionLengths
from hotmess.claims.rates import rates_beside
from hotmess.claims.rule import INCONCLUSIVE
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import Estimate

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.responses.cells import Cells


def _quantity(study: Study, population: str) -> Quantity:
    from hotmess.temperature.ready import check_ready
    from hotmess.temperature.scalars import natural_exceeds_budget

    if study.fitted("temperature") is None and study.responses.table["budget"].nunique() > 1:
        check_ready(study.responses)  # before a fit is made in vain
    _ = study.budget_halves  # without two budgets there is nothing to fit
    fit = study.temperature
    if "budget" not in fit.lengths.features:
        raise NotTestable("Tokens spent do not differ between the budgets, so no effect per doubling can be had.")
    quantity = joint_quantity(study, natural_exceeds_budget(fit, population), fit)
    scope = joint_scope(study, fit, set(study.budget_halves.table["model"])) + without_budgets(study)
    return replace(quantity, scope=scope)


class SameScores(Guard):
    """Answers at different budgets agree as often as the joint model says: a question's scores are the same at all."""

    name, title, lowers = "same_scores", "Same scores", INCONCLUSIVE

    def run(self, case: Case) -> Finding | None:
        check = case.study.budget_agreement
        passed = check.share >= 0.025
        record = {"passed": passed, "observed": check.observed, "share": check.share, "what": check.sentence}
        why = "answers at different budgets agree less often than the joint model allows"
        return Finding(self, record, () if passed else (why,))

    def line(self, record: Any, units: str) -> str:
        return str(record["what"])

    def remedy(self, record: Any) -> str:
        return (
            "More data do not mend it, since the joint model takes a question's scores as the same at all budgets: "
            "test natural-overthinking and budget-lowers-incoherence, which need no such model."
        )


def _both(natural: Cells, budget: Cells) -> tuple[Cells, Cells]:
    """Halves by natural length and by budget of the models that have both."""
    from hotmess.responses.cells import take_cells

    shared = set(natural.table["model"]) & set(budget.table["model"])
    if not shared:
        raise NotTestable("No model has both lengths that vary within budgets and two budgets.")
    keep = (np.flatnonzero(cells.table["model"].isin(list(shared))) for cells in (natural, budget))
    first, second = (take_cells(cells, rows) for cells, rows in zip((natural, budget), keep))
    return first, second


def _estimate(study: Study) -> Estimate:
    from hotmess.temperature.score import exceeds_estimate

    return exceeds_estimate(*_both(study.halves, study.budget_halves))


def _control(study: Study, seed: int) -> Control:
    from hotmess.temperature.score import permuted_exceeds

    what = "lengths permuted within model, question and budget, budgets within model and question"
    return run_control(what, _estimate(study), permuted_exceeds(*_both(study.halves, study.budget_halves), seed))


def _variants(study: Study) -> dict[str, Estimate]:
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


CLAIM = Claim(
    name="natural-exceeds-budget",
    place="claim 3; natural against budgeted overthinking",
    statement=(
        "incoherence changes more with a doubling of tokens by natural variation than with a doubling by budget"
    ),
    estimand=(
        "|change of logit incoherence per doubling of natural length, an association| - |change per doubling of tokens "
        "by budget, an intervention that is taken to act through tokens alone|, means over the models with two budgets"
    ),
    quantity=_quantity,
    needs="letters, 3 responses above and below each question's median length within a budget, two budgets with tokens",
    estimate=_estimate,
    control=_control,
    variants=_variants,
    long=True,
    across=("response", "budget"),
    densities=joint_densities,
    leave_out=LEAVE_OUT,
    rates=rates_beside(__file__),
    guards=(SameScores(), OptionLengths()),
    of_models=True,
    absent=absent.lengths_or_budgets,
    negligible=0.05,
    by_questions=True,
    order=30,
)
