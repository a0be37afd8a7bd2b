"""The claim about accuracy and budgets: what can be said of budgets where questions have one response at each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.claim import Case, Claim, Finding, Guard, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.paired import LEAVE_OUT
from hotmess.claims.scope import base_scope
from hotmess.estimates.control import PERMUTATIONS, Control, run_control
from hotmess.estimates.estimate import Estimate, with_scatter
from hotmess.inference.gate import Gate
from hotmess.statements.effective import effective_of
from hotmess.words import show

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.runs.budget_accuracy import BudgetAccuracy

MOST = 6


def _made(study: Study) -> BudgetAccuracy:
    from hotmess.runs.budget_accuracy import budget_accuracy

    return study.once("budget accuracy", lambda: budget_accuracy(study.responses))


def _quantity(study: Study, population: str) -> Quantity:
    """The change; for these questions as uncertain as for others like them, which is at least what it is."""
    data = _made(study)
    settled = data.settled(draws=study.draws * study.chains, seed=study.seed)
    values = settled.draws.reshape(study.chains, study.draws, -1)
    each = {arm: values[..., i] for i, arm in enumerate(data.arms)}
    table = study.responses.table
    scope = base_scope(table[table["model"].astype(str).isin(set(data.levels["model"]))])
    gate = Gate(independent=True).over(each, "the change of accuracy")
    effective = effective_of(settled, -1, data.questions.units) if population == "like-these" else None
    return Quantity(values[..., -1], gate, scope, each, notes=data.notes, effective=effective)


def _estimate(study: Study) -> Estimate:
    return with_scatter(*_made(study).influences())


def _control(study: Study, seed: int) -> Control:
    data = _made(study)

    def permuted() -> Iterator[Estimate]:
        for p in range(PERMUTATIONS):
            sign = np.random.default_rng([seed, p, 83]).choice([-1.0, 1.0], len(data.changes))
            yield with_scatter(*data.influences(sign))

    return run_control("budgets exchanged within questions, alike for all models", _estimate(study), permuted())


class Levels(Guard):
    """Accuracy and agreement at every budget; and what one response at each cannot say. It decides nothing."""

    name, title = "levels", "Budgets"

    def run(self, case: Case) -> Finding | None:
        from hotmess.runs.budget_accuracy import ONE_EACH

        data = _made(case.study)
        rows = data.levels.astype(object).where(data.levels.notna(), None).to_dict("records")
        cannot = ONE_EACH if data.one_each else ""
        return Finding(self, {"levels": rows, "cannot_say": cannot or None})

    def line(self, record: Any, units: str) -> str:
        return "; ".join(_said(row, units) for row in record["levels"]) + "."

    def shell(self, record: Any) -> str:
        """The largest budget of every arm, at most six."""
        last = list({row["arm"]: row for row in record["levels"]}.values())
        more = f"; and {len(last) - MOST} more" if len(last) > MOST else ""
        return f"Budgets: {'; '.join(_said(row, 'questions') for row in last[:MOST])}{more}."

    def clause(self, record: Any) -> str:
        return str(record["cannot_say"] or "")


def _said(row: dict[str, Any], units: str) -> str:
    """A level in words.

    >>> _said({"arm": "owl", "budget": "500", "questions": 1200, "accuracy": 0.755, "shared": None}, "questions")
    'owl at 500: 75.5% of 1,200 questions right'
    """
    out = f"{row['arm']} at {row['budget']}: {row['accuracy']:.1%} of {row['questions']:,} {units} right"
    if row["shared"]:
        out += (
            f", {show(100 * row['change'], 1)} points from its smallest budget, the same answer in "
            f"{row['agreement']:.1%}, {row['gained']:.1%} gained and {row['lost']:.1%} lost"
        )
    return out


CLAIM = Claim(
    name="accuracy-rises-with-budget",
    place="claim 3; accuracy beside incoherence against reasoning budget",
    statement="the same questions are answered right more often at the largest budget than at the smallest",
    estimand="share right at the largest minus at the smallest budget, by assignment, mean over models",
    quantity=_quantity,
    needs="right and wrong answers, two budgets (column budget), questions that were asked at both",
    estimate=_estimate,
    control=_control,
    across=("budget",),
    by_unit=True,
    leave_out=LEAVE_OUT,
    guards=(Levels(),),
    of_models=True,
    absent=absent.budgets,
    negligible=0.01,
    most=1.0,
    by_questions=True,
    order=45,
)
