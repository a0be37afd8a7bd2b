"""Modes of failure inside variance: does a model alternate with one favourite
mistake, lose its format, or guess? (methods, section 10)

The variance of one-hot answers is the chance that two responses differ, 1 − Σ p², and two responses differ in one of
three ways, so it has three parts:

    right or wrong          one is right, the other is not                              2 a (1 − a)
    answered or not         both are wrong, one of them is no answer at all (refused, cut off, malformed)
    among wrong answers     both are wrong answers, and not the same one

The chances are those of pairs of different responses, so each part is unbiased. Among pairs that are both wrong
answers, the chance that they are the same one is Σ w², the concentration of mistakes; its inverse is the *effective
number of wrong answers* (Hill 1973, order 2): 1 for one favourite mistake, 2 for two equally frequent ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.arrays import Floats, Ints
from hotmess.decompose.intervals import bootstrap_interval, question_shares
from hotmess.decompose.mistakes import MISTAKES, mistakes
from hotmess.decompose.rare import rare_ends
from hotmess.decompose.records import plain_value
from hotmess.errors import NotTestable, checked_interval, either_seed, listed
from hotmess.responses.beside import another
from hotmess.responses.table import CELL
from hotmess.runs.drift import common_untold
from hotmess.runs.scores import Runs, runs
from hotmess.runs.sets_of_cells import refuse_taken, sets_of
from hotmess.words import Tabled

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

PARTS = ("right or wrong", "answered or not", "among wrong answers")


@dataclass(frozen=True, repr=False)
class Modes(Tabled):
    """Modes of failure.

    Attributes
    ----------
    table
        One row per set and part of variance: the `by` columns, `part`, `questions`, `value`, `low`, `high`, `share`
        of the variance; then the part `effective wrong answers`.
    questions
        One row per cell: its names, the `by` columns, `responses`, `wrong` (answers that are wrong), `no_answer`,
        `modes` (wrong answers that hold more than a fifth of the wrong answers, by the posterior), `first` and `second`
        (the largest shares of wrong answers: posterior means) with `first_low` and `first_high`.
    notes
        What the numbers leave out or depend on.
    """

    table: pd.DataFrame
    questions: pd.DataFrame
    notes: tuple[str, ...] = field(default=())

    def records(self) -> list[dict[str, Any]]:
        """The table's rows for JSON: undefined numbers are None."""
        return [{str(name): plain_value(v) for name, v in row.items()} for row in self.table.to_dict("records")]


@either_seed
@listed("by")
def modes(
    responses: Responses, by: Sequence[str] = ("model",), *, interval: float = 0.9, seed: int = 0, draws: int = 2000
) -> Modes:
    """Divide the variance of answers by how responses differ, and count the favourite mistakes of every question.

    Per question, shares of wrong answers have the posterior Dirichlet(½ + m) over the wrong options of letters, and
    over
    the wrong answers seen and one unseen of texts.

    Raises
    ------
    NotTestable
        If the outcome is neither letters nor texts, or every question has one response.

    >>> import hotmess as hm
    >>> found = hm.modes(hm.example())
    >>> found.table["part"].iloc[:4].tolist()
    ['right or wrong', 'answered or not', 'among wrong answers', 'effective wrong answers']
    """
    if responses.outcome not in ("answer", "text"):
        raise NotTestable(
            f"Modes of failure are counted among answers, letters or texts, and the outcome is {responses.outcome}"
            f"{another(responses.table, ('answer', 'text'))}."
        )
    interval = checked_interval(interval)
    refuse_taken(by, ("share", "wrong", "no_answer", *MISTAKES))
    found = runs(responses, by)
    n = found.table["responses"].to_numpy()
    if n.max() < 2:
        raise NotTestable("Every question has one response only: draw at least two responses per question.")
    pairs = _pairs(found)
    question = np.asarray(found.table.groupby(["benchmark", "question"], sort=True).ngroup(), np.int64)
    weights = question_shares(int(question.max()) + 1, draws, seed)
    rows: list[dict[str, Any]] = []
    for key, at in sets_of(found.table, by):
        at = at[n[at] > 1]
        if len(at):
            rows += [dict(zip(by, key)) | row for row in _rows(pairs[at], question[at], weights, interval)]
    notes = [*common_untold(responses)]
    if (n < 2).any():
        notes.append(f"{int((n < 2).sum()):,} questions have one response only and are left out.")
    if int(question.max()) == 0:
        notes.append("There is one question only, which says nothing of questions like it: there are no intervals.")
    return Modes(pd.DataFrame(rows), _questions(responses, found, by, interval, seed), tuple(notes))


def _pairs(found: Runs) -> Floats:
    """(cells, 5): chances of pairs by part, of both being wrong answers, and of those being the same."""
    cells = len(found.table)
    n = found.table["responses"].to_numpy(float)
    right, none = found.score == 1, found.answer < 0
    r = np.bincount(found.cell, right, minlength=cells)
    u = np.bincount(found.cell, none & ~right, minlength=cells)
    wrong = ~right & ~none
    w = np.bincount(found.cell, wrong, minlength=cells)
    pair, m = np.unique(np.stack([found.cell[wrong], found.answer[wrong]], axis=1), axis=0, return_counts=True)
    same = np.bincount(pair[:, 0], m * (m - 1.0), minlength=cells)
    both = w * (w - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        out: Floats = np.stack([2 * r * (n - r), 2 * u * w, both - same, both, same], axis=1) / (n * (n - 1))[:, None]
        return out


def _rows(pairs: Floats, question: Ints, weights: Floats, interval: float) -> list[dict[str, Any]]:
    share = 1.0 / np.bincount(question)[question]
    asked = len(np.unique(question))

    def means(w: Floats) -> Floats:
        own = w[:, question] * share
        out: Floats = (own / own.sum(axis=1, keepdims=True)) @ pairs
        return out

    point, spread = means(np.ones((1, weights.shape[1])))[0], means(weights)
    out = []
    for at, name in enumerate(PARTS):
        ends = bootstrap_interval(spread[:, at], point[at], interval=interval, questions=asked)
        low, high = rare_ends(pairs[:, at], question, spread[:, at], ends, interval)
        whole = point[:3].sum()
        row = {
            "part": name,
            "questions": asked,
            "value": point[at],
            "low": float(np.maximum(low, 0.0)),
            "high": float(np.minimum(high, 1.0)),
        }
        out.append(row | {"share": point[at] / whole if whole > 0 else np.nan})
    with np.errstate(invalid="ignore", divide="ignore"):
        number, band = point[3] / point[4], spread[:, 3] / spread[:, 4]
    low, high = _ratio_interval(number, band, interval, asked)
    row = {"part": "effective wrong answers", "questions": asked, "value": number}
    return [*out, row | {"low": float(np.maximum(low, 1.0)), "high": float(high), "share": np.nan}]


def _ratio_interval(number: Floats, band: Floats, interval: float, asked: int) -> tuple[Floats, Floats]:
    """The interval of a ratio whose denominator may be 0 in some draws: that of its reciprocal, turned over."""
    if np.isfinite(band).all():
        return bootstrap_interval(band, number, interval=interval, questions=asked)
    if np.isnan(band).any():
        return np.asarray(np.nan), np.asarray(np.nan)
    least, most = bootstrap_interval(1 / band, 1 / number, interval=interval, questions=asked)
    with np.errstate(divide="ignore"):
        return 1 / np.maximum(most, 0.0), 1 / np.maximum(least, 0.0)


def _questions(responses: Responses, found: Runs, by: Sequence[str], interval: float, seed: int) -> pd.DataFrame:
    """Favourite mistakes of every cell, by the posterior of its shares of wrong answers."""
    table = found.table[[*dict.fromkeys((*CELL, *by)), "responses"]].copy()
    wrong = (found.score != 1) & (found.answer >= 0)
    cells = len(table)
    table["wrong"] = np.bincount(found.cell[wrong], minlength=cells)
    table["no_answer"] = np.bincount(found.cell[found.answer < 0], minlength=cells)
    pair, m = np.unique(np.stack([found.cell[wrong], found.answer[wrong]], axis=1), axis=0, return_counts=True)
    values = mistakes(pair[:, 0], m, _options(responses, found), cells, interval=interval, seed=seed)
    for at, name in enumerate(MISTAKES):
        table[name] = values[:, at]
    table["modes"] = table["modes"].astype("Int64")
    return table


def _options(responses: Responses, found: Runs) -> Ints | None:
    """(cells,) wrong options of letters; None for texts, whose number of wrong answers nobody knows."""
    if responses.outcome != "answer":
        return None
    own = responses.table[[*CELL, "n_choices"]].drop_duplicates(list(CELL))
    merged = found.table[list(CELL)].merge(own, on=list(CELL), how="left")
    out: Ints | None = np.maximum(merged["n_choices"].to_numpy(np.int64) - 1, 1)
    return out
