"""The claim about budgets by assignment: the same questions at the largest and the smallest budget, without lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotmess.claims.claim import Claim
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.budgets import without_budgets
from hotmess.claims.kinds.joint_model import JointModel
from hotmess.claims.kinds.paired import LEAVE_OUT, TwoSides
from hotmess.claims.scope import base_scope
from hotmess.design.components import half_components
from hotmess.temperature.assigned import budget_cells
from hotmess.temperature.scalars import budget_slope
from hotmess.words import number

if TYPE_CHECKING:
    from hotmess.claims.study import Study


def _scope(study: Study, _: Any) -> str:
    table = study.budget_halves.table
    silent = without_budgets(study)
    if study.responses.length is None or table["log2_length"].isna().all():
        return base_scope(table) + silent
    low, high = (2 ** table.loc[table["half"] == half, "log2_length"].mean() for half in ("shorter", "longer"))
    unit = str(study.responses.length).replace("_", " ")
    spent = f"budgets of {number(round(low))} and {number(round(high))} {unit} (geometric means)"
    return f"{base_scope(table)}, {spent}{silent}"


SIDES = TwoSides(
    sign=-1.0,
    contrast=lambda study: study.budget_contrast,
    cells=lambda study: study.budget_halves,
    again=budget_cells,
    scope=_scope,
    undefined="At one budget {} makes no errors at all, so its incoherence there is undefined.",
    permuted="budgets permuted within model and question",
)
JOINT = JointModel(
    "budget",
    budget_slope,
    "change of logit incoherence per doubling of tokens spent by budget, which takes for granted that a budget acts "
    "through its tokens alone",
    sign=-1.0,
)
CLAIM = Claim(
    name="budget-lowers-incoherence",
    place="claim 3; figure of incoherence against reasoning budget",
    statement="the same questions are answered less incoherently at the largest budget than at the smallest",
    estimand=(
        "incoherence at the smallest minus that at the largest budget by assignment, an intervention, mean over the "
        "models with two budgets"
    ),
    quantity=SIDES.quantity,
    needs="any outcome with a target, two budgets with tokens (column budget), 3 responses of a question at each",
    by_unit=True,
    estimate=SIDES.estimate,
    control=SIDES.control,
    variants=SIDES.variants,
    change=True,
    across=("budget",),
    fit=SIDES.fit,
    densities=SIDES.densities,
    leave_out=LEAVE_OUT,
    design=lambda study, draws: half_components(SIDES.fit(study), draws=draws, sign=-1.0, share=1.0),
    guards=(JOINT,),
    of_models=True,
    absent=absent.budgets,
    negligible=0.02,
    by_questions=True,
    order=40,
)
