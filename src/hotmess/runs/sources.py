"""`hm.sources`: how much of a question's variance is sampling, and how much the prompt, the judge, the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.arrays import Ints
from hotmess.decompose.intervals import question_shares
from hotmess.decompose.never_differ import not_shown
from hotmess.decompose.records import plain_value
from hotmess.errors import BadInput, NotTestable, checked_interval, either_seed, listed
from hotmess.responses.outcomes import refuse_outcomes
from hotmess.responses.source_columns import level_names, need_source
from hotmess.responses.table import CELL
from hotmess.responses.units import refuse_units
from hotmess.responses.values import suggest
from hotmess.runs.places import places
from hotmess.runs.sets_of_cells import refuse_taken, sets_of
from hotmess.runs.split import Rows, Split, below_nothing, splits
from hotmess.words import Tabled, join

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

DRAWS = 2000
FEW_LEVELS = 5
MOST = 4
MOST_COMPARED = 12


@dataclass(frozen=True, repr=False)
class Sources(Tabled):
    """Parts of variance by source.

    Attributes
    ----------
    table
        One row per set and part: the `by` columns, `part`, `sources` (of which it is the part), `questions`, `value`,
        `low`, `high`, and `share` of the whole variance with `share_low`, `share_high`, and `incoherence` (part /
        error) with its interval, where there is a target. The last part is sampling; `total` is the whole variance of
        one response whose levels are all new.
    notes
        What the numbers leave out or depend on.
    differences
        One row per pair of models and part, on the questions that both answered: `of`, `against`, `part`, `questions`,
        `difference` (of − against) of the values, of the shares and of the parts of incoherence, with intervals.
        Questions, and levels that models share, are the same on both sides.
    """

    table: pd.DataFrame
    notes: tuple[str, ...] = field(default=())
    differences: pd.DataFrame = field(default_factory=pd.DataFrame)

    def records(self) -> list[dict[str, Any]]:
        """The table's rows for JSON: undefined numbers are None."""
        return _records(self.table)

    def difference_records(self) -> list[dict[str, Any]]:
        """The differences' rows for JSON."""
        return _records(self.differences)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): plain_value(v) for name, v in row.items()} for row in table.to_dict("records")]


@either_seed
@listed("names", "by")
def sources(
    responses: Responses,
    names: Sequence[str],
    by: Sequence[str] = ("model",),
    *,
    interval: float = 0.9,
    seed: int = 0,
    draws: int = DRAWS,
    differences: bool = True,
) -> Sources:
    """Split the variance of responses to a question into parts by their sources, without a model.

    Parts are combinations of D(A) = ½ E|z − z′|² over pairs of responses that agree in the sources A and in no other
    (`hotmess.runs.pairs`), as means over questions; sources may be nested or crossed, as the data are. The whole, D(∅),
    is the variance of the unbiased decomposition with the sources as contexts, so that the parts of incoherence, part /
    error, add up to it. Intervals: Bayesian bootstrap over questions; where questions share the levels of a source (the
    same prompts or judges for all), generalised pivots of its levels too (`hotmess.runs.levels`).

    Parameters
    ----------
    responses
        Letters, probability vectors, texts, unit tests, scores, embeddings or points.
    names
        Columns: context, prompt, judge, backend, day, … A column that is part of the cell (condition, budget) is taken
        out of it.
    by
        Columns that make sets.
    differences
        Whether models are compared (where `by` is the model alone, and there are at most 12).

    Raises
    ------
    BadInput
        For a column that is not there, sets made by an outcome, or more than four sources.
    NotTestable
        If no question has two responses that differ in a source, or the sources are the same division.

    >>> import hotmess as hm
    >>> sorted(set(hm.sources(hm.example(), ["budget"]).table["part"]))
    ['budget', 'sampling', 'total']
    """
    interval = checked_interval(interval)
    made = source_splits(responses, names, by, settle=True, seed=seed, draws=draws)
    notes = [*made.notes]
    if "judged_response" in names:
        notes.append("Sampling is of judgements here: those of one judged_response differ by it.")
    rows: list[dict[str, Any]] = []
    for head, one in made.sets:
        point, spread = one.ratios()
        where = ", ".join(map(str, head.values()))
        notes += [*below_nothing(one, where), *_all_alike(one, where, interval)]
        for at, name in enumerate(one.parts):
            row: dict[str, Any] = {"part": name, "questions": one.questions}
            for kind, label in enumerate(("", "share", "incoherence")):
                low, high = one.ends(spread[:, kind, at], interval)
                if label == "incoherence":  # variance is no more than error
                    high = min(high, max(1.0, float(point[kind, at])))
                side = f"{label}_" if label else ""
                row |= {label or "value": float(point[kind, at]), f"{side}low": low, f"{side}high": high}
            rows.append(head | row)
    between: list[dict[str, Any]] = []
    if differences and tuple(by) == ("model",) and 1 < len(made.sets) <= MOST_COMPARED:
        settings = {"settle": True, "seed": seed, "draws": draws}
        for one, other in combinations([head["model"] for head, _ in made.sets], 2):
            between += _difference(responses, names, made, (one, other), interval, settings)
    return Sources(pd.DataFrame(rows), tuple(notes), pd.DataFrame(between))


def _all_alike(one: Split, where: str, interval: float) -> list[str]:
    """A sentence where no two responses differ, so that the bootstrap of every part is a point."""
    if one.draws.any():
        return []
    return [
        f"No two responses to a question differ ({where}), and the intervals of its parts are points: up to "
        f"{not_shown(one.questions, interval):.0%} of questions like these {one.questions} may yet have responses that "
        "do."
    ]


KINDS = {"difference": 0, "share_difference": 1, "incoherence_difference": 2}


def _difference(
    responses: Responses,
    names: Sequence[str],
    made: Splits,
    models: tuple[Any, Any],
    interval: float,
    settings: dict[str, Any],
) -> list[dict[str, Any]]:
    """Rows of one pair of models, on the questions of both."""
    own = responses.table[responses.table["model"].isin(models)]
    asked = own.groupby(["benchmark", "question"], observed=True)["model"].transform("nunique").to_numpy() == len(
        models
    )
    sets = {head["model"]: one for head, one in made.sets}
    if not asked.any():
        return []
    if not asked.all():
        both = replace(responses, table=own[asked].reset_index(drop=True))
        try:
            sets = {head["model"]: one for head, one in source_splits(both, names, **settings).sets}
        except NotTestable:
            return []
    if not set(models) <= set(sets):
        return []
    of, against = (sets[name] for name in models)
    (first, one), (second, two) = of.ratios(), against.ratios()
    least = min((of, against), key=lambda side: side.questions)
    rows = []
    for part in (name for name in of.parts if name in against.parts):
        at, to = of.parts.index(part), against.parts.index(part)
        row = {"of": models[0], "against": models[1], "part": part, "questions": least.questions}
        for label, kind in KINDS.items():
            value, spread = float(first[kind, at] - second[kind, to]), one[:, kind, at] - two[:, kind, to]
            low, high = least.ends(spread, interval)
            row |= {label: value, f"{label}_low": low, f"{label}_high": high}
        rows.append(row)
    return rows


@dataclass(frozen=True)
class Splits:
    """Sets with their names, and what to say of them."""

    sets: tuple[tuple[dict[str, Any], Split], ...]
    notes: tuple[str, ...]


def source_splits(
    responses: Responses,
    names: Sequence[str],
    by: Sequence[str] = ("model",),
    *,
    settle: bool = False,
    seed: int = 0,
    draws: int = DRAWS,
) -> Splits:
    """What `sources` makes its table of: estimates and draws of every set, the draws paired over sets.

    settle: whether draws are settled where few questions carry them (`hotmess.runs.settled`).
    """
    responses.need_single("A division of variance by source")
    refuse_units(responses.table, "A division of variance by source")
    given = _checked(responses, names, by)
    table = responses.table
    cell = list(dict.fromkeys(c for c in (*CELL, *by) if c not in given))
    z, error = places(responses)
    named = {name: level_names(table, name) for name in given}
    keep = np.isfinite(z).all(axis=1) & ~np.any([values.isna() for values in named.values()], axis=0)
    if not keep.any():
        raise NotTestable(f"No response has a value in {', '.join(given)}.")
    notes = []
    if not keep.all():
        notes.append(f"{int((~keep).sum()):,} responses without a value in {', '.join(given)} are left out.")
    frame = table.loc[keep, cell].reset_index(drop=True)
    where = np.asarray(frame.groupby(cell, sort=True, dropna=False, observed=True).ngroup(), np.int64)
    z, error = z[keep], error[keep]
    levels = [pd.factorize(values[keep], sort=True)[0].astype(np.int64) for values in named.values()]
    heads = frame.iloc[np.unique(where, return_index=True)[1]].reset_index(drop=True)
    question = np.asarray(heads.groupby(["benchmark", "question"], sort=True).ngroup(), np.int64)
    notes += _level_notes(given, levels, where)
    keyed = sets_of(heads, by)
    sets = []
    for _, cells in keyed:
        inside = np.isin(where, cells)
        own = np.searchsorted(cells, where[inside])
        sets.append(Rows(z[inside], error[inside], own, [x[inside] for x in levels], question[cells]))
    weights = question_shares(int(question.max()) + 1, draws, seed)
    made, why = splits(sets, given, weights, settle=settle, seed=seed)
    if not made:
        raise NotTestable(next(iter(why.values())))
    for reason in dict.fromkeys(why.values()):
        lost = [", ".join(map(str, keyed[i][0])) for i in why if why[i] == reason]
        notes.append(f"{join(lost)}: {reason}")
    if left := sum(one.left for one in made.values()):
        alike = given[0] if len(given) == 1 else f"one of {', '.join(given)} only"
        they = " of a model lacks" if left == 1 else "s of a model lack"
        notes.append(f"{left:,} question{they} pairs that agree in {alike}; left out.")
    return Splits(tuple((dict(zip(by, keyed[i][0])), one) for i, one in made.items()), tuple(notes))


def _checked(responses: Responses, names: Sequence[str], by: Sequence[str]) -> list[str]:
    given = list(dict.fromkeys(names))
    if not given:
        raise BadInput("Name a source, as --source prompt.")
    if len(given) > MOST:
        raise BadInput(f"There are {len(given)} sources; at most {MOST} can be told apart at once.")
    refuse_outcomes(by)
    refuse_taken(by, ("part", "questions", "value", "low", "high", "share", "incoherence"))
    for name in by:
        if name not in responses.table.columns:
            near = suggest(name, responses.table.columns)
            raise BadInput(f"There is no column {name!r} to make sets by{near}.")
    for name in given:
        need_source(responses.table, name, sets=by)
    return given


def _level_notes(given: Sequence[str], levels: Sequence[Ints], where: np.ndarray) -> list[str]:
    out = []
    for name, level in zip(given, levels):
        pair = np.unique(np.stack([where, level], axis=1), axis=0)
        most = int(np.bincount(pair[:, 0]).max())
        if most < 2:
            raise NotTestable(f"No question has responses with two values of {name}, so its part cannot be told.")
        if len(pair) == len(where):
            out.append(
                f"Every response to a question has its own {name}, so that its part cannot be told from sampling."
            )
        elif most < FEW_LEVELS:
            out.append(
                f"{name} has {most} levels in a question: fewer than {FEW_LEVELS} say little about others, so "
                f"the interval of its part is {'for these two, over questions' if most < 3 else 'wide'}."
            )
    for (one, a), (other, b) in combinations(zip(given, levels), 2):
        pairs = np.unique(np.stack([where, a, b], axis=1), axis=0)
        if all(len(np.unique(np.stack([where, x], axis=1), axis=0)) == len(pairs) for x in (a, b)):
            out.append(f"{one} and {other} divide every question alike, so that their parts cannot be told apart.")
    return out
