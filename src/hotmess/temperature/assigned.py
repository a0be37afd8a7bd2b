"""Budgets as interventions: the same questions at the smallest and at the largest budget, by assignment.

What a budget was, not what was spent: no assumption about how a budget acts. The two arms take the places of the
shorter and the longer half in `hotmess.laws.contrast`, whose estimators, parts and permutations serve both.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import NotTestable

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses

ARM = ("model", "condition")
ONE_BUDGET = "No model has two budgets with tokens (column budget) in one condition: nothing can be said about budgets."
ONE_CONDITION = (
    "The column condition differs with the budget: where it only names it, make it one for each model (--column "
    "condition=model)"
)
FEW = "No question has three or more responses both at the smallest and at the largest budget."


def budget_levels(responses: Responses) -> pd.DataFrame:
    """Budgets of every model and condition: model, condition, budget, log2_tokens, responses; smallest first.

    The size of a budget is the geometric mean of the tokens spent at it; where no lengths are recorded, its label's
    number. Budgets without tokens, levels of their own, have log2_tokens -inf.

    Raises
    ------
    NotTestable
        If labels have no order.
    """
    import pandas as pd

    table = responses.table
    keys = [*ARM, "budget"]
    out = table.groupby(keys, observed=True).size().rename("responses").reset_index()
    if responses.length is not None:
        tokens = table[responses.length].to_numpy(float, na_value=np.nan)
        positive = tokens > 0
        frame = table[keys].assign(log2=np.log2(np.where(positive, tokens, 1.0)), tokens=tokens)
        spent = frame[positive].groupby(keys, observed=True)["log2"].mean()
        most = frame.groupby(keys, observed=True)["tokens"].max()
        at = pd.MultiIndex.from_frame(out[keys])
        out["log2_tokens"] = np.where(most.reindex(at) == 0, -np.inf, spent.reindex(at))
    else:
        with np.errstate(divide="ignore"):
            out["log2_tokens"] = np.log2(pd.to_numeric(out["budget"], errors="coerce"))
    several = out.groupby(list(ARM), observed=True)["budget"].transform("nunique") > 1
    if (several & out["log2_tokens"].isna()).any():
        raise NotTestable(
            "Budgets have neither lengths nor numbers for labels, so which is larger cannot be told; name the column "
            "of lengths (--length)."
        )
    return out.sort_values([*ARM, "log2_tokens"]).reset_index(drop=True)


def budget_cells(responses: Responses) -> Cells:
    """Cells of the smallest (`shorter`) and the largest (`longer`) budget with tokens of every model and condition.

    Raises
    ------
    NotTestable
        If no model has two such budgets, or no question three responses at both.
    """
    import pandas as pd

    from hotmess.laws.contrast import HALVES, whole_pairs
    from hotmess.responses.cells import reduce

    if responses.table["budget"].astype(str).nunique() < 2:
        raise NotTestable(ONE_BUDGET)
    levels = budget_levels(responses)
    levels = levels[np.isfinite(levels["log2_tokens"])]
    groups = levels.groupby(list(ARM), observed=True)["log2_tokens"]
    apart = groups.transform("max") - groups.transform("min") > 1e-9
    levels = levels[apart]
    if levels.empty:
        raise NotTestable(ONE_BUDGET, _one_condition(responses))
    ends = {name: levels.groupby(list(ARM), observed=True)["budget"].agg(how) for name, how in _ENDS}
    arm = pd.MultiIndex.from_frame(responses.table[list(ARM)])
    budget = responses.table["budget"].to_numpy(object)
    code = np.full(len(budget), -1)
    for i, name in enumerate(HALVES):
        code[budget == ends[name].reindex(arm).to_numpy(object)] = i
    half = pd.Categorical.from_codes(code, pd.Index(HALVES), ordered=True)
    table = responses.table.assign(half=half, budget="")[code >= 0].reset_index(drop=True)
    return whole_pairs(
        reduce(replace(responses, table=table), split=["half"]),
        FEW,
    )


def _one_condition(responses: Responses) -> str:
    """What to do where there would be two budgets if conditions were none; else nothing.

    It is of models with lengths at every budget, where lengths are recorded. Where a budget has several conditions of a
    model, they are to be chosen among first.
    """
    table = responses.table
    if responses.length is not None:
        known = table.groupby(["model", "budget"], observed=True)[responses.length].transform("count") > 0
        table = table[known.groupby(table["model"], observed=True).transform("all")].reset_index(drop=True)
    if table["condition"].nunique() < 2:
        return ""
    also = ""
    try:
        budget_cells(replace(responses, table=table.assign(condition="")))
    except NotTestable as reason:
        if str(reason) != FEW:
            return ""
        also = ", and draw three or more responses of each question at two budgets"
    several = table.groupby(["model", "budget"], observed=True)["condition"].nunique().max() > 1
    first = ", once one condition is chosen at every budget (--where)" if several else ""
    return f"{ONE_CONDITION}{first}{also}."


_ENDS = (("shorter", "first"), ("longer", "last"))


def doublings(cells: Cells) -> np.ndarray:
    """(models,) mean log2 length of the longer halves (or larger budgets) minus that of the shorter, by model name."""
    model = np.unique(cells.table["model"].astype(str).to_numpy(), return_inverse=True)[1]
    log2 = cells.table["log2_length"].to_numpy(float)
    gap = log2[1::2] - log2[0::2]
    return np.bincount(model[0::2], weights=gap) / np.bincount(model[0::2])
