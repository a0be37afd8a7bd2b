"""Models that a comparison of budgets says nothing about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotmess.claims.study import Study


def without_budgets(study: Study) -> str:
    """Names the models that a comparison of budgets says nothing about."""
    with_two = set(study.budget_halves.table["model"].astype(str))
    others = [m for m in dict.fromkeys(study.cells.table["model"].astype(str)) if m not in with_two]
    if not others:
        return ""
    listed = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
    return f"; left out for want of a second budget: {listed}"
