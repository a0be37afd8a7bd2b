"""`hm.reliability`: how far one can rely on a model's answer being the same, and right, the next time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.decompose.grouping import natural
from hotmess.decompose.intervals import question_shares
from hotmess.decompose.rare import rare_ends
from hotmess.decompose.records import plain_value
from hotmess.errors import BadInput, NotTestable, checked_interval, either_seed, is_whole, listed
from hotmess.responses.table import CELL
from hotmess.runs import counts
from hotmess.runs.bounds import beyond
from hotmess.runs.drift import common_untold, drift, in_common, level
from hotmess.runs.question_means import influence_of, statistic, top_of
from hotmess.runs.scores import Runs, runs, unread
from hotmess.runs.sets_of_cells import sets_of
from hotmess.runs.settled import settled_ends
from hotmess.runs.stopping import GROUP, deciding_column, never_differ, outcome_dependent, too_few_to_tell
from hotmess.words import Tabled

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

DRAWS, NEED = 2000, 2
LARGEST_K = 10**12  # beyond it the logarithms of binomial coefficients lose their last figures


@dataclass(frozen=True, repr=False)
class Reliability(Tabled):
    """Reliability of sets of questions.

    Attributes
    ----------
    table
        One row per set, quantity and k: the `by` columns, `quantity`, `k` (NA where there is none), `questions`,
        `value`, `low`, `high` and `kind`: `estimate` (unbiased, with an interval) or `bounds` (k is beyond the
        responses drawn: no value, and the two numbers hold it).
    differences
        One row per pair of models on the questions that both answered: `of`, `against`, `quantity`, `k`, `difference`
        (of − against), `low`, `high`.
    notes
        What the numbers leave out or depend on.
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    notes: tuple[str, ...] = field(default=())

    def records(self) -> list[dict[str, Any]]:
        """The table's rows for JSON: undefined numbers are None."""
        return _records(self.table)

    def difference_records(self) -> list[dict[str, Any]]:
        """The differences' rows for JSON."""
        return _records(self.differences)


@either_seed
@listed("by", "k")
def reliability(
    responses: Responses,
    by: Sequence[str] = ("model",),
    *,
    k: Sequence[int] | None = None,
    right: float | None = None,
    interval: float = 0.9,
    seed: int = 0,
    draws: int = DRAWS,
    differences: bool = True,
) -> Reliability:
    """pass@k, pass^k, flips, agreement, intra-class correlation and entropy of repeated responses.

    Every quantity is a mean over questions, each counted once, of a statistic of the question's own responses that is
    unbiased whatever their distribution (`hotmess.runs.counts`): `accuracy`; `pass@k`, that one of k is right, and
    `pass^k`, that all are (scores that are not 0 or 1: `best of k` and `worst of k`); `flips`, that of two runs one
    is right and one is not; `agreement`, that two runs give the same answer; `entropy` of the answers, in nats; `icc`,
    the share of the scores' variance that lies between questions. Intervals: Bayesian bootstrap over questions, the
    same weights for every set. Beyond the responses of the questions k has bounds and no value (`hotmess.runs.bounds`).

    Parameters
    ----------
    responses
        Letters, texts, unit tests (right: all pass) or scores; counted tables too. Replies without a target have
        agreement and entropy.
    by
        Columns that make sets.
    k
        How many responses are taken; default: 1, 2, 4, … up to the smallest number that a question has.
    right
        A score from which a response counts as right, where scores lie between 0 and 1.
    interval
        Probability inside intervals (and confidence of bounds).
    differences
        Whether models are compared, which takes long where there are many.

    Raises
    ------
    BadInput
        For a column that is not there, or a k that is not a whole number from 1.
    NotTestable
        If every question has one response; or the outcome is no answer.

    >>> import hotmess as hm
    >>> found = hm.reliability(hm.example(), k=[1, 4])
    >>> sorted(set(found.table["quantity"]))
    ['accuracy', 'agreement', 'entropy', 'flips', 'icc', 'pass@k', 'pass^k']
    """
    interval = checked_interval(interval)
    found = runs(responses, by, right=right)
    n = found.table["responses"].to_numpy()
    if k is not None and responses.outcome == "reply":
        raise BadInput("k counts right ones, and replies have no target; leave out --k, or name a target.")
    if n.max() < NEED:
        raise NotTestable(
            "Every question has one response only: nothing can be said about the next; draw at least two responses per "
            "question."
        )
    ks = _ks(k, int(n.min()))
    notes = [*unread(responses), *_notes(found, ks, responses)]
    notes += filter(None, [deciding_column(found, responses.table)])
    each = _each(found, ks)
    sets = sets_of(found.table, by)
    question = found.table.groupby(["benchmark", "question"], sort=True).ngroup().to_numpy()
    weights = question_shares(int(question.max()) + 1, draws, seed)
    rows: list[dict[str, Any]] = []
    for key, at in sets:
        head = dict(zip(by, key))
        for (name, size), value in each.items():
            rows.append(head | _row(found, name, size, value, at, question, weights, interval))
    table = pd.DataFrame(rows).astype({"k": "Int64"})
    between = pd.DataFrame(_differences(found, each, by, question, weights, interval) if differences else [])
    between = between.astype({"k": "Int64"} if len(between) else {})
    return Reliability(table, between, tuple(notes))


def _ks(given: Sequence[int] | None, least: int) -> list[int]:
    if given is None:
        return [2**i for i in range(int(np.log2(max(least, 1))) + 1)]
    for one in given:
        if not (is_whole(one) and 1 <= one <= LARGEST_K):
            raise BadInput(f"k is {one!r}; it counts responses and is a whole number from 1 to {LARGEST_K:,}.")
    return sorted({int(one) for one in given})


def _each(found: Runs, ks: Sequence[int]) -> dict[tuple[str, int | None], np.ndarray]:
    """(quantity, k) -> (cells,) its unbiased value in each cell, or (cells, 3) moments for the correlation."""
    cells = len(found.table)
    out: dict[tuple[str, int | None], np.ndarray] = {}
    if np.isfinite(found.score).all():
        scores = counts.sort_scores(found.score, found.cell, cells)
        moments = counts.pair_moments(scores)
        out["accuracy" if found.binary else "score", None] = moments[0]
        best, worst = ("pass@k", "pass^k") if found.binary else ("best of k", "worst of k")
        for k in ks:
            out[best, k] = counts.best_of(scores, k)
            out[worst, k] = counts.worst_of(scores, k)
        if found.binary:
            out["flips", None] = counts.flips(scores)
        out["icc", None] = np.stack(moments, axis=1)
    out["agreement", None] = counts.agreement(found.answer, found.cell, cells)
    out["entropy", None] = counts.entropy(found.answer, found.cell, cells)
    return out


def _row(
    found: Runs,
    name: str,
    k: int | None,
    value: np.ndarray,
    at: np.ndarray,
    question: np.ndarray,
    weights: np.ndarray,
    interval: float,
) -> dict[str, Any]:
    """One quantity of one set."""
    out: dict[str, Any] = {"quantity": name, "k": k, "questions": len(np.unique(question[at]))}
    missing = np.isnan(value[at]) if value.ndim == 1 else np.isnan(value[at]).any(axis=1)
    if k is not None and missing.any():
        out |= {"value": np.nan, "low": np.nan, "high": np.nan, "kind": "bounds"}
        if not found.binary:
            return out
        scored = np.bincount(found.cell, found.score, minlength=len(found.table))[at]
        n = found.table["responses"].to_numpy()[at]
        low, high = beyond(np.rint(scored).astype(int), n, k, best=name == "pass@k", interval=interval)
        return out | {"low": low, "high": high}
    at = at[~missing]
    out["questions"] = len(np.unique(question[at]))
    if not len(at):
        return out | {"value": np.nan, "low": np.nan, "high": np.nan, "kind": "estimate"}
    point, spread = (statistic(value[at], question[at], w) for w in (np.ones((1, weights.shape[1])), weights))
    influence = influence_of(value[at], question[at])
    ends = settled_ends(spread, float(point[0]), influence, interval, link="identity" if name == "entropy" else "logit")
    if name != "icc":
        ends = rare_ends(value[at], question[at], spread, ends, interval, top_of(found, name))
    least, most = -1.0 if name == "icc" else 0.0, np.inf if name == "entropy" else 1.0
    low, high = (float(np.clip(end, least, most)) for end in ends)
    return out | {"value": float(point[0]), "low": low, "high": high, "kind": "estimate"}


def _differences(
    found: Runs,
    each: dict[tuple[str, int | None], np.ndarray],
    by: Sequence[str],
    question: np.ndarray,
    weights: np.ndarray,
    interval: float,
) -> list[dict[str, Any]]:
    """Pairs of models on the cells that both have, with the same weights."""
    model = found.table["model"].astype(str).to_numpy()
    models = sorted(set(model), key=natural)
    if len(models) < 2 or len(models) > 12 or "model" not in by:
        return []
    rest = [name for name in (*CELL, *by) if name != "model"]
    shared = found.table.groupby(list(dict.fromkeys(rest)), dropna=False, observed=True).ngroup().to_numpy()
    place = {m: dict(zip(shared[model == m], np.flatnonzero(model == m))) for m in models}
    out = []
    for of, against in combinations(models, 2):
        both = sorted(place[of].keys() & place[against].keys())
        if not both:
            continue
        pair = [np.array([place[m][s] for s in both]) for m in (of, against)]
        for (name, k), value in each.items():
            flat = value if value.ndim == 1 else value.sum(axis=1)
            known = np.isfinite(flat[pair[0]]) & np.isfinite(flat[pair[1]])
            if not known.any() or (k is not None and not known.all()):
                continue
            sides = [(value[p[known]], question[p[known]]) for p in pair]
            one = np.ones((1, weights.shape[1]))
            point, spread = (np.subtract(*(statistic(v, q, w) for v, q in sides)) for w in (one, weights))
            influence = np.subtract(*(influence_of(v, q) for v, q in sides))
            ends = settled_ends(spread, float(point[0]), influence, interval)
            if name != "icc":
                top = top_of(found, name)
                ends = rare_ends(sides[0][0] - sides[1][0], sides[0][1], spread, ends, interval, top, -top)
            most = {"icc": 2.0, "entropy": np.inf}.get(name, 1.0)
            within = np.clip(ends, -most, most)
            difference, low, high = (round(float(one), 12) + 0.0 for one in (point[0], *within))
            row = {"of": of, "against": against, "quantity": name, "k": k, "questions": len(influence)}
            out.append(row | {"difference": difference, "low": low, "high": high})
    return out


def _notes(found: Runs, ks: Sequence[int], responses: Responses) -> list[str]:
    table, out = found.table, []
    ordered = not in_common(responses.table)  # the levels of a source in their order are no drift
    n = table["responses"].to_numpy()
    if n.min() < NEED:
        few = int((n < NEED).sum())
        out.append(
            f"{few:,} question{'s have' if few > 1 else ' has'} one response only; they count for accuracy and for "
            "nothing that compares two."
        )
    if len(table.drop_duplicates(["benchmark", "question"])) == 1:
        out.append("There is one question only, which says nothing of questions like it: there are no intervals.")
    if past := [k for k in ks if k > n.min()]:
        what = "there are bounds and no value" if found.binary else "there is no value"
        out.append(f"k = {', '.join(map(str, past))} is more than the {n.min()} responses of some questions: {what}.")
    if ((table["contexts"] > 1) & (n > table["contexts"])).any():
        out.append(
            f"Responses share {responses.shared}: k responses are k of those drawn, with what they share, and are more "
            "alike than responses that share nothing would be."
        )
    out += common_untold(responses)
    sets = sets_of(table, GROUP)
    going_on = [outcome_dependent(found, np.sort(at), below=np.inf) for _, at in sets]
    below = level(sum(one is not None for one in going_on))  # of sets asked equally often there is nothing to test
    for (key, at), one in zip(sets, going_on):
        stopped = one if one is not None and one.p < below else None
        drifted = drift(found, at, tested=len(sets)) if ordered else None
        where = f" ({', '.join(str(one) for one in key if str(one) not in ('', 'nan', 'None', '<NA>'))})"
        if stopped is not None:
            once = (table["contexts"].to_numpy()[at] == n[at]).all()  # each has a level of its own
            out.append(stopped.sentence(where, responses.shared if once else ""))
        if drifted is not None:
            out.append(drifted.sentence(where))
        out += [said for said in (f(found, at, where) for f in (never_differ, too_few_to_tell)) if said]
    return out


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): plain_value(value) for name, value in row.items()} for row in table.to_dict("records")]
