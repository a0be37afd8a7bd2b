"""The claim about budgets by assignment: the same questions at the largest and the smallest budget, without lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotmess.claims.kinds import absent
from hotmess.claims.kinds.budgets import without_budgets
from hotmess.claims.kinds.joint_model import JointModel
from hotmess.claims.kinds.paired import TwoSides
from hotmess.claims.scope import base_scope
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
CLAIM = SIDES.claim(
    name="budget-lowers-incoherence",
    place="claim 3; figure of incoherence against reasoning budget",
    statement="the same questions are answered less incoherently at the largest budget than at the smallest",
    estimand=(
        "incoherence at the smallest minus that at the largest budget by assignment, an intervention, mean over the "
        "models with two budgets"
    ),
    needs="any outcome with a target, two budgets with tokens (column budget), 3 responses of a question at each",
    across=("budget",),
    guards=(JOINT,),
    absent=absent.budgets,
    order=40,
)
