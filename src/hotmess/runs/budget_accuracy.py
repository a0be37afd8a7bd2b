"""Accuracy and agreement against budget, paired over questions: all that one response a level can
say (methods, section 10).

With scores s of the responses to a question at two budgets a and b, the change of accuracy is the mean over questions
of s̄_b - s̄_a, and its scatter over questions is known from one response each. Agreement, the probability that a
response at a and one at b are the same answer, is the mean of Σ_k p_k q_k over questions. How much of what changes is
chance at a budget takes two responses of a question at that budget, and so does incoherence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.grouping import question_units
from hotmess.errors import NotTestable
from hotmess.responses.table import Responses
from hotmess.responses.units import CLUSTER, WEIGHT
from hotmess.runs.scores import runs
from hotmess.statements.means import SetMeans
from hotmess.statements.questions import Questions
from hotmess.words import join

if TYPE_CHECKING:
    import pandas as pd
    from jaxtyping import Float

    from hotmess.statements.settle import Settled

ONE_EACH = (
    "Every question has one response at each budget: what of its changes is chance, and so incoherence, cannot be "
    "said; that takes two responses of a question at one budget."
)

NO_ORDER = (
    "No model has two budgets (column budget) whose order is known, by numbers or by lengths, with questions in common."
)
TWICE = "Left out of accuracy by budget, since several conditions share a budget: {}; choose among them (--where)."
APART = "Left out of accuracy by budget, since no question is shared by the smallest and the largest: {}."


@dataclass(frozen=True)
class BudgetAccuracy:
    """Levels of every arm (a model, and its condition where budgets have several), smallest budget first.

    Attributes
    ----------
    levels
        One row per arm and budget: arm, model, condition, budget, questions, responses, accuracy; and over the
        questions that have both, against the arm's smallest budget: shared, change (of accuracy), agreement, gained
        and lost (wrong before and right now, right before and wrong now).
    arms
        Names.
    changes
        (questions, arms) change of accuracy from the smallest to the largest budget; nan where one is missing.
    questions
        Who is weighted.
    most
        The most responses that a question has at a budget.
    notes
        Models that are left out.
    """

    levels: pd.DataFrame
    arms: tuple[str, ...]
    changes: Float[np.ndarray, "questions arms"]
    questions: Questions
    most: int
    notes: tuple[str, ...] = ()

    @property
    def one_each(self) -> bool:
        """Whether no question has two responses at a budget."""
        return self.most < 2

    def settled(self, *, draws: int, seed: int) -> Settled:
        """Every arm's change, then their mean, for questions like these (`hotmess.statements.settle`)."""
        has = np.isfinite(self.changes)
        sums, cells = np.where(has, self.changes, 0.0)[..., None], has.astype(float)
        drawn, centre = self.questions.weighted(sums, cells, draws, seed)
        units = self.questions.by_unit(sums), self.questions.by_unit(cells)
        return SetMeans(drawn, centre, None, None, *units).settle(_each_and_mean)

    def influences(self, sign: Float[np.ndarray, " questions"] | None = None) -> tuple[float, np.ndarray]:
        """Mean over arms of the change, and each unit's influence on it; `sign` exchanges the budgets of questions."""
        has = np.isfinite(self.changes)
        d = np.where(has, self.changes, 0.0) * (1.0 if sign is None else sign[:, None])
        own = np.ones(len(d)) if self.questions.own is None else self.questions.own
        count = (has * own[:, None]).sum(axis=0)
        mean = (d * own[:, None]).sum(axis=0) / count
        away = self.questions.by_unit(np.where(has, d - mean, 0.0)) / count
        return float(mean.mean()), away.mean(axis=1)


def _each_and_mean(means: np.ndarray) -> np.ndarray:
    each = means[..., 0]
    return np.concatenate([each, each.mean(axis=-1, keepdims=True)], axis=-1)


def budget_accuracy(responses: Responses) -> BudgetAccuracy:
    """Accuracy and agreement by budget.

    Conditions that go with budgets one to one (`effort-low`, `effort-high`) are names of the budgets, not arms.

    Raises
    ------
    NotTestable
        If no model has two budgets whose order is known (numbers for labels, or lengths) with questions in common, or
        the outcome has no right answers.

    Examples
    --------
    Three questions at two budgets: one is learned, one stays right, one stays wrong with another answer.

    >>> import pandas as pd
    >>> from hotmess.responses.validate import validate
    >>> table = pd.DataFrame({"question": list("abc") * 2, "budget": [100] * 3 + [200] * 3, "model": "m"})
    >>> table = table.assign(answer=[1, 0, 1, 0, 0, 2], target=0, n_choices=3)
    >>> found = budget_accuracy(validate(table))
    >>> found.levels[["budget", "accuracy", "change", "agreement"]].round(3).values.tolist()
    [['100', 0.333, nan, nan], ['200', 0.667, 0.333, 0.333]]
    """
    bare = responses.table.drop(columns=[c for c in (CLUSTER, WEIGHT) if c in responses.table])
    found = runs(replace(responses, table=bare))
    if not np.isfinite(found.score).all():
        raise NotTestable(f"The outcome {responses.outcome} has no right answers to count by budget.")
    cells = found.table.copy()
    n = np.bincount(found.cell)
    cells["accuracy"] = np.bincount(found.cell, found.score) / n
    cells["arm"] = _arms(cells)
    cells["size"] = _sizes(cells, responses)
    question = cells.groupby(["benchmark", "question"], observed=True, sort=True).ngroup().to_numpy(np.int64)
    cells["q"] = question
    answers = _shares(found.cell, found.answer)
    rows, changes, names, twice, apart = [], [], [], [], []
    for arm, own in cells.groupby("arm", sort=True):
        several = own.groupby("budget", observed=True)["size"].first().sort_values()
        if len(several) < 2 or several.isna().any():
            continue
        if own.groupby("budget", observed=True)["condition"].nunique().max() > 1:
            twice.append(str(arm))
            continue
        levels = [own[own["budget"] == b] for b in several.index]
        told = [_level(str(arm), levels[0], level, answers) for level in levels]
        change = _change(levels[0], levels[-1], int(question.max()) + 1)
        if np.isfinite(change).any():
            rows += told
            changes.append(change)
            names.append(str(arm))
        else:
            apart.append(str(arm))
    notes = tuple(why.format(join(arms)) for why, arms in ((TWICE, twice), (APART, apart)) if arms)
    if not rows:
        raise NotTestable(notes[0] if notes else NO_ORDER)
    import pandas as pd

    first = responses.table.drop_duplicates(["benchmark", "question"]).sort_values(["benchmark", "question"])
    cluster, own_weight = question_units(first, np.arange(len(first)))
    return BudgetAccuracy(
        pd.DataFrame(rows),
        tuple(names),
        np.stack(changes, axis=1),
        Questions(question, cluster, own_weight),
        int(n.max()),
        notes,
    )


def _arms(cells: pd.DataFrame) -> pd.Series:
    """Model, and condition where a condition of that model has several budgets."""
    model, condition = cells["model"].astype(str), cells["condition"].astype(str)
    budgets = cells.groupby(["model", "condition"], observed=True)["budget"].transform("nunique")
    named = budgets.groupby(model).transform("max") > 1
    several = condition.groupby(model).transform("nunique") > 1
    return model.where(~(named & several), model + ", " + condition)


def _sizes(cells: pd.DataFrame, responses: Responses) -> pd.Series:
    """The budgets' numbers; where labels are none, the geometric mean of the tokens spent (0 where none were)."""
    import pandas as pd

    number = pd.to_numeric(cells["budget"].astype(str), errors="coerce")
    if responses.length is None or number.notna().all():
        return number
    tokens = responses.table[responses.length].to_numpy(float, na_value=np.nan)
    keys = ["model", "budget"]
    spent = responses.table[keys].assign(log=np.log(np.where(tokens > 0, tokens, np.nan)))
    mean = spent.groupby(keys, observed=True)["log"].mean()
    most = responses.table[keys].assign(tokens=tokens).groupby(keys, observed=True)["tokens"].max()
    size = np.exp(mean).where(most != 0, 0.0)
    return pd.Series(size.reindex(pd.MultiIndex.from_frame(cells[keys])).to_numpy(float), index=cells.index)


def _shares(cell: np.ndarray, answer: np.ndarray) -> pd.Series:
    """(cell, answer) -> share of the cell's responses."""
    import pandas as pd

    count = pd.Series(1.0, index=pd.MultiIndex.from_arrays([cell, answer], names=["cell", "answer"]))
    count = count.groupby(level=[0, 1]).sum()
    return count / count.groupby(level=0).transform("sum")


def _level(arm: str, first: pd.DataFrame, own: pd.DataFrame, answers: pd.Series) -> dict[str, object]:
    """One row of the levels."""
    head = own.iloc[0]
    row: dict[str, object] = {"arm": arm, "model": str(head["model"]), "condition": str(head["condition"])}
    row |= {"budget": str(head["budget"]), "questions": len(own), "responses": int(own["responses"].sum())}
    row["accuracy"] = float(own["accuracy"].mean())
    row |= dict.fromkeys(("shared", "change", "agreement", "gained", "lost"), np.nan)
    if own is first or own.index.equals(first.index):
        return row
    both = first.assign(cell=first.index).merge(own.assign(cell=own.index), on="q", suffixes=("_a", "_b"))
    if both.empty:
        return row
    a, b = both["accuracy_a"], both["accuracy_b"]
    shares = [answers.loc[both[f"cell_{side}"]].reset_index() for side in "ab"]
    place = [both.reset_index().set_index(f"cell_{side}")["index"] for side in "ab"]
    frames = [s.assign(pair=p.reindex(s["cell"]).to_numpy()).drop(columns="cell") for s, p in zip(shares, place)]
    same = frames[0].merge(frames[1], on=["pair", "answer"])
    agreement = float((same.iloc[:, 1] * same.iloc[:, 3]).sum() / len(both))
    row |= {"shared": len(both), "change": float((b - a).mean()), "agreement": agreement}
    row |= {"gained": float((b * (1 - a)).mean()), "lost": float((a * (1 - b)).mean())}
    return row


def _change(first: pd.DataFrame, last: pd.DataFrame, questions: int) -> np.ndarray:
    """(questions,) change of accuracy; nan where a budget is missing."""
    out = np.full((2, questions), np.nan)
    for i, level in enumerate((first, last)):
        out[i, level["q"].to_numpy()] = level["accuracy"].to_numpy()
    return np.asarray(out[1] - out[0])
