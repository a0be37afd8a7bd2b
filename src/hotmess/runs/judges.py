"""A judge's errors, known from a validation table, taken out of bias² and
variance with their own uncertainty (methods, section 10).

A judge calls a right answer right with probability s (sensitivity) and a wrong one wrong with probability t
(specificity),
independently from response to response. Of a question answered rightly with probability a, responses are then called
right
with probability

    m = a s + (1 − a)(1 − t),       so       a = (m − (1 − t)) / (s + t − 1)

(Rogan and Gladen 1978). Since a is linear in m, its square is unbiased from pairs of responses: with M₁, M₂ the
means over
questions of m and of m² (by pairs), A₁ = (M₁ − u)/J and A₂ = (M₂ − 2 u M₁ + u²)/J² for u = 1 − t, J = s + t − 1.
Error of
scores (1 right, 0 wrong) is 1 − A₁, bias² is 1 − 2 A₁ + A₂, variance A₁ − A₂. A judge that errs at random makes
systematic
failures look like a hot mess: it adds variance that the model does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.arrays import Floats
from hotmess.decompose.intervals import bootstrap_interval, question_shares
from hotmess.decompose.records import plain_value
from hotmess.errors import BadInput, NotTestable, checked_interval, either_seed, listed, tails
from hotmess.runs.scores import Runs, runs
from hotmess.runs.sets_of_cells import sets_of
from hotmess.words import Tabled

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

QUANTITIES = ("accuracy", "error", "bias2", "variance", "incoherence")
FEW = 20
"""Fewer validated responses of a kind than this are said."""


@dataclass(frozen=True, repr=False)
class Judged(Tabled):
    """Decompositions with a judge's errors taken out.

    Attributes
    ----------
    table
        One row per set and quantity: the `by` columns, `quantity`, `questions`, `as_judged`, `value` (corrected; the
        median),
        `low`, `high`.
    sensitivity, specificity
        (draws,) posterior of the judge's rates.
    notes
        What the numbers depend on.
    """

    table: pd.DataFrame
    sensitivity: Floats
    specificity: Floats
    notes: tuple[str, ...] = field(default=())

    def records(self) -> list[dict[str, Any]]:
        """The table's rows for JSON: undefined numbers are None."""
        return [{str(name): plain_value(v) for name, v in row.items()} for row in self.table.to_dict("records")]


@either_seed
@listed("by")
def judged(
    responses: Responses,
    validation: pd.DataFrame,
    by: Sequence[str] = ("model",),
    *,
    judged_as: str = "score",
    truth: str = "truth",
    interval: float = 0.9,
    seed: int = 0,
    draws: int = 4000,
) -> Judged:
    """Accuracy, bias², variance and incoherence of judged responses, with the judge's error rates taken out.

    Rates have the posteriors Beta(½ + hits, ½ + misses) of the validation table; questions weigh by the Bayesian
    bootstrap.

    Parameters
    ----------
    responses
        Scores of 0 and 1 by the judge. Judgements of one response (column judged_response) are told from responses:
        products are those of pairs of different responses, whose rightness is independent.
    validation
        Responses judged by the same judge and by somebody who knows: columns `judged_as` and `truth`, 0 or 1.

    Raises
    ------
    BadInput
        If a column is not there, or holds something other than 0 and 1.
    NotTestable
        If the judge cannot be told from one who guesses, or no question has two responses.

    >>> import hotmess as hm, pandas as pd
    >>> rows = pd.DataFrame({"model": "m", "question": [0, 0, 1, 1, 2, 2], "sample": [0, 1] * 3})
    >>> rows["score"] = [1, 1, 0, 1, 0, 0]
    >>> checked = pd.DataFrame({"score": [1] * 45 + [0] * 55, "truth": [1] * 43 + [0] * 2 + [1] * 3 + [0] * 52})
    >>> found = hm.judged(hm.read(rows, allow_copies=True), checked)
    >>> found.table["quantity"].tolist()
    ['accuracy', 'error', 'bias2', 'variance', 'incoherence']
    """
    interval = checked_interval(interval)
    said, right = (_zero_one(validation, name) for name in (judged_as, truth))
    found = runs(responses, by)
    if not (found.binary and np.isfinite(found.score).all()):
        raise NotTestable("Only scores of 0 and 1 are verdicts of right and wrong; the judge's rates are of those.")
    n = found.table["responses"].to_numpy()
    if n.max() < 2:
        raise NotTestable("Every question has one response only: draw at least two responses per question.")
    rng = np.random.default_rng([seed, 53])
    hits, misses = (said & right).sum(), (~said & right).sum()
    passed, alarms = (~said & ~right).sum(), (said & ~right).sum()
    if min(hits + misses, passed + alarms) == 0:
        missing = "right" if hits + misses == 0 else "wrong"
        raise NotTestable(f"No validated response is {missing}, so how the judge treats such ones is unknown.")
    sensitivity, specificity = rng.beta(0.5 + hits, 0.5 + misses, draws), rng.beta(0.5 + passed, 0.5 + alarms, draws)
    power = sensitivity + specificity - 1
    if (power <= 0).mean() > tails(interval)[0]:
        raise NotTestable(
            "The validation table does not tell this judge from one who guesses; validate more responses."
        )
    notes = [
        "The judge's errors are taken for independent from response to response; one who errs the same way on all "
        "responses "
        "to a question moves bias², and validation of several responses to the same questions would show it."
    ]
    for name, kind in (("right", hits + misses), ("wrong", passed + alarms)):
        if kind < FEW:
            notes.append(f"Only {kind} validated responses are {name}: the judge's rate there is known poorly.")
    mean, pairs = _moments(found, responses)
    several = np.isfinite(pairs)
    if not several.any():
        raise NotTestable("Every question has one judged response only: judge two responses or more to a question.")
    question = np.asarray(found.table.groupby(["benchmark", "question"], sort=True).ngroup(), np.int64)
    weights = question_shares(int(question.max()) + 1, draws, seed)
    rows: list[dict[str, Any]] = []
    for key, at in sets_of(found.table, by):
        at = at[several[at]]
        if not len(at):
            continue
        share = 1.0 / np.bincount(question[at])[question[at]]
        w = weights[:, question[at]] * share
        w = w / w.sum(axis=1, keepdims=True)
        naive = _terms(*((share / share.sum()) @ x[at] for x in (mean, pairs)))
        kept = power > 0
        first, second = (w[kept] @ x[at] for x in (mean, pairs))
        u, j = 1 - specificity[kept], power[kept]
        own = _terms((first - u) / j, (second - 2 * u * first + u**2) / j**2)
        notes += _doubts(own, ", ".join(map(str, key)), interval)
        if _no_error(own, interval):
            own = (*own[:-1], np.full_like(own[-1], np.nan))
        for name, before, values in zip(QUANTITIES, naive, own):
            asked, median = len(np.unique(question[at])), float(np.median(values))
            low, high = bootstrap_interval(values, np.asarray(median), interval=interval, questions=asked)
            row = {"quantity": name, "questions": asked, "as_judged": float(before)}
            rows.append(dict(zip(by, key)) | row | {"value": median, "low": float(low), "high": float(high)})
    return Judged(pd.DataFrame(rows), sensitivity, specificity, tuple(notes))


def _no_error(terms: tuple[Any, ...], interval: float) -> bool:
    """Whether the error, which incoherence is a share of, is not told from 0."""
    return bool((terms[1] <= 0).mean() > tails(interval)[0])


def _doubts(terms: tuple[Any, ...], where: str, interval: float) -> list[str]:
    """What to say of corrected numbers that cannot be."""
    out = []
    if not 0 <= float(np.median(terms[0])) <= 1:
        out.append(
            f"The corrected accuracy of {where} is not between 0 and 1: its responses were called right more often, "
            "or more seldom, than the validation table lets a judge do. Is it of responses like these?"
        )
    if _no_error(terms, interval):
        out.append(f"The corrected error of {where} is not told from 0, so incoherence, a share of it, has no value.")
    return out


def _moments(found: Runs, responses: Responses) -> tuple[Floats, Floats]:
    """(cells,) means of judgements, and of their products over pairs of different responses; NaN where there is one."""
    cells, judgement = len(found.table), np.arange(len(found.cell))
    table = responses.table
    if "judged_response" in table:
        name = pd.factorize(table["judged_response"])[0][found.row]  # −1: no name, and a response of its own
        judgement = np.where(name >= 0, name, name.max() + 1 + judgement)
    one = np.unique(np.stack([found.cell, judgement], axis=1), axis=0, return_inverse=True)
    cell, response = one[0][:, 0], one[1].ravel()
    total, n = np.bincount(found.cell, found.score, minlength=cells), np.bincount(found.cell, minlength=cells)
    own, m = np.bincount(response, found.score), np.bincount(response).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        products = total**2 - np.bincount(cell, own**2, minlength=cells)
        return total / n, products / (n**2.0 - np.bincount(cell, m**2, minlength=cells))


def _terms(first: Any, second: Any) -> tuple[Any, ...]:
    """Accuracy, error, bias², variance and incoherence from means of a and a²."""
    error, variance = 1 - first, first - second
    with np.errstate(invalid="ignore", divide="ignore"):
        return first, error, 1 - 2 * first + second, variance, variance / error


def _zero_one(table: pd.DataFrame, name: str) -> Any:
    if name not in table.columns:
        raise BadInput(f"The validation table has no column {name!r}; it has {', '.join(map(str, table.columns))}.")
    words = {"true": 1, "false": 0}
    plain = table[name].map(lambda value: words.get(str(value).lower(), value))
    values = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = ~np.isin(values, (0.0, 1.0))
    if bad.any():
        at = int(np.argmax(bad))
        raise BadInput(
            f"Column {name} of the validation table holds {table[name].iloc[at]!r} in row {at + 1}, not 0 "
            "(wrong) or 1 (right)."
        )
    return values == 1
