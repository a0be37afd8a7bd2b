"""`hm.sources`: how much of a question's variance is sampling, and how much the prompt, the judge, the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.decompose.intervals import bootstrap_interval, question_weights
from hotmess.decompose.points import Floats, Ints
from hotmess.decompose.records import plain_value
from hotmess.errors import BadInput, NotTestable
from hotmess.responses.table import CELL
from hotmess.responses.values import suggest
from hotmess.runs.intervals import jackknife_variance, share_interval, variance_interval
from hotmess.runs.pairs import Subset, pair_sums, parts
from hotmess.runs.places import places
from hotmess.runs.sets import sets_of

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

DRAWS = 400
FEW_LEVELS = 5
MOST = 4
MOST_JACKKNIFED = 50
"""More levels than this are left out in so many groups."""


@dataclass(frozen=True)
class Sources:
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
    """

    table: pd.DataFrame
    notes: tuple[str, ...] = field(default=())

    def records(self) -> list[dict[str, Any]]:
        """The table's rows for JSON: undefined numbers are None."""
        return [{str(name): plain_value(v) for name, v in row.items()} for row in self.table.to_dict("records")]


def sources(
    responses: Responses,
    names: Sequence[str],
    by: Sequence[str] = ("model",),
    *,
    interval: float = 0.9,
    seed: int = 0,
    draws: int = DRAWS,
) -> Sources:
    """Split the variance of responses to a question into parts by their sources, without a model.

    Parts are combinations of D(A) = ½ E|z − z′|² over pairs of responses that agree in the sources A and in no other
    (`hotmess.runs.pairs`), as means over questions; sources may be nested or crossed, as the data are. The whole, D(∅),
    is the variance of the unbiased decomposition with the sources as contexts, so that the parts of incoherence, part /
    error, add up to it. Intervals: Bayesian bootstrap over questions; where questions share the levels of a source (the
    same prompts or judges for all), a jackknife over levels is added (`hotmess.runs.intervals`).

    Parameters
    ----------
    responses
        Letters, probability vectors, texts, unit tests, scores, embeddings or points.
    names
        Columns: context, prompt, judge, backend, day, … A column that is part of the cell (condition, budget) is taken
        out of it.
    by
        Columns that make sets.

    Raises
    ------
    BadInput
        For a column that is not there, or more than four sources.
    NotTestable
        If no question has two responses that differ in a source, or the sources are the same division.

    >>> import hotmess as hm
    >>> sorted(set(hm.sources(hm.example(), ["budget"]).table["part"]))
    ['budget', 'sampling', 'total']
    """
    responses.need_single("A division of variance by source")
    given = _checked(responses, names, by)
    table = responses.table
    cell = [c for c in (*CELL, *by) if c not in given]
    z, error = places(responses)
    keep = np.isfinite(z).all(axis=1) & ~table[given].isna().any(axis=1).to_numpy()
    if not keep.any():
        raise NotTestable(f"No response has a value in {', '.join(given)}.")
    notes = []
    if not keep.all():
        notes.append(f"{int((~keep).sum()):,} responses without a value in {', '.join(given)} are left out.")
    frame = table.loc[keep, list(dict.fromkeys(cell))].reset_index(drop=True)
    where = frame.groupby(list(dict.fromkeys(cell)), sort=True, dropna=False, observed=True).ngroup().to_numpy(np.int64)
    where = np.asarray(where, np.int64)
    z, error = z[keep], error[keep]
    levels = [pd.factorize(table.loc[keep, name], sort=True)[0].astype(np.int64) for name in given]
    first = np.unique(where, return_index=True)[1]
    heads = frame.iloc[first].reset_index(drop=True)
    question = np.asarray(heads.groupby(["benchmark", "question"], sort=True).ngroup(), np.int64)
    notes += _level_notes(given, levels, where)
    rows: list[dict[str, Any]] = []
    for key, cells in sets_of(heads, by):
        inside = np.isin(where, cells)
        one = _Set(z[inside], error[inside], np.searchsorted(cells, where[inside]), [x[inside] for x in levels])
        rows += [dict(zip(by, key)) | row for row in one.rows(given, question[cells], interval, seed, draws, notes)]
    return Sources(pd.DataFrame(rows), tuple(dict.fromkeys(notes)))


def _checked(responses: Responses, names: Sequence[str], by: Sequence[str]) -> list[str]:
    given = list(dict.fromkeys(names))
    if not given:
        raise BadInput("Name a source, as --source prompt.")
    if len(given) > MOST:
        raise BadInput(f"There are {len(given)} sources; at most {MOST} can be told apart at once.")
    for name in (*given, *by):
        if name not in responses.table.columns:
            near = suggest(name, responses.table.columns)
            raise BadInput(f"There is no column {name!r} to divide variance by{near}.")
    for name in given:
        if name in by or name in ("model", "question", "benchmark"):
            raise BadInput(f"The column {name} makes the sets or the questions, so it is no source of variance there.")
    return given


def _level_notes(given: Sequence[str], levels: Sequence[Ints], where: np.ndarray) -> list[str]:
    out = []
    for name, level in zip(given, levels):
        pair = np.unique(np.stack([where, level], axis=1), axis=0)
        most = int(np.bincount(pair[:, 0]).max())
        if most < 2:
            raise NotTestable(f"No question has responses with two values of {name}, so its part cannot be told.")
        if most < FEW_LEVELS:
            out.append(
                f"{name} has {most} levels in a question: fewer than {FEW_LEVELS} say little about others, so "
                f"the interval of its part is {'for these two, over questions' if most < 3 else 'rough'}."
            )
    return out


@dataclass(frozen=True)
class _Set:
    """Responses of one set of questions."""

    z: Floats
    error: Floats
    cell: Ints
    levels: list[Ints]

    def rows(
        self, given: Sequence[str], question: Ints, interval: float, seed: int, draws: int, notes: list[str]
    ) -> list[dict[str, Any]]:
        sums = pair_sums(self.z, self.cell, self.levels)
        if frozenset() not in sums.shared:
            raise NotTestable(f"No two responses to a question differ in all of {', '.join(given)}: drop one of them.")
        found = parts(sums.shared)
        use = np.asarray(np.isfinite(sums.distance()).all(axis=0))
        if not use.any():
            raise NotTestable(f"No question has pairs of responses of every kind that {', '.join(given)} would need.")
        if not use.all():
            left = int((~use).sum())
            notes.append(
                f"{left:,} questions lack pairs that agree in one of {', '.join(given)} only; they are left out."
            )
        one = np.ones((1, int(question.max()) + 1))
        point = self._ratios(found, use, one, question)
        spread = self._ratios(found, use, question_weights(one.shape[1], draws, seed), question)
        levels, over_levels = self._over_levels(found, question)
        asked = len(np.unique(question[use]))
        out = []
        for at, key in enumerate([*found, "total"]):
            name = "total" if key == "total" else _name(key, given, sums.shared, len(given))  # type: ignore[arg-type]
            row: dict[str, Any] = {"part": name, "questions": asked}
            for kind, label in enumerate(("", "share", "incoherence")):
                value = float(point[0, kind, at])
                if levels and key is not None:
                    variance = float(spread[:, kind, at].var(ddof=1) + over_levels[kind, at])
                    low, high = (share_interval if label else variance_interval)(value, variance, levels, interval)
                else:
                    band, centre = spread[:, kind, at], point[0, kind, at]
                    ends = bootstrap_interval(band, centre, interval=interval, questions=asked)
                    low, high = (float(end) for end in ends)
                side = f"{label}_" if label else ""
                row |= {label or "value": value, f"{side}low": low, f"{side}high": high}
            out.append(row)
        return out

    def _ratios(
        self, found: dict[Subset | None, dict[Subset, float]], use: np.ndarray, weights: Floats, question: Ints
    ) -> Floats:
        """(draws, 3, parts + 1): parts and the whole under weights of questions; over the whole; over the error."""
        sums = pair_sums(self.z, self.cell, self.levels)
        place = {one: i for i, one in enumerate(sums.shared)}
        d = sums.distance()
        share = 1.0 / np.bincount(question[use], minlength=int(question.max()) + 1)[question[use]]
        w = weights[:, question[use]] * share
        w = w / w.sum(axis=1, keepdims=True)
        error = np.bincount(self.cell, self.error) / np.bincount(self.cell)
        each = [sum(c * d[place[a]] for a, c in one.items()) for one in found.values()]
        terms = w @ np.stack([*each, d[place[frozenset()]], error])[:, use].T
        value, whole, error = terms[:, :-1], terms[:, -2:-1], terms[:, -1:]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.stack([value, value / whole, value / error], axis=1)

    def _over_levels(self, found: dict[Subset | None, dict[Subset, float]], question: Ints) -> tuple[int, Floats]:
        """The fewest levels of a source that questions share (0: none is shared), and the variance over levels."""
        fewest, total = 0, np.zeros((3, len(found) + 1))
        one = np.ones((1, int(question.max()) + 1))
        for level in self.levels:
            if not _shared_levels(level, self.cell):
                continue
            without = []
            names = np.unique(level)
            for left in np.array_split(names, min(len(names), MOST_JACKKNIFED)):
                keep = ~np.isin(level, left)
                rest = _Set(self.z[keep], self.error[keep], self.cell[keep], [x[keep] for x in self.levels])
                sums = pair_sums(rest.z, rest.cell, rest.levels)
                known = np.asarray(np.isfinite(sums.distance()).all(axis=0))
                needed = {a for combination in found.values() for a in combination}
                if known.size < len(question) or not known.any() or not needed <= set(sums.shared):
                    continue
                without.append(rest._ratios(found, known, one, question)[0])
            if len(without) < 3:  # two levels are these two: what can be said of others from them is nothing
                continue
            total = total + jackknife_variance(np.stack(without))
            fewest = min(fewest or len(without), len(without))
        return fewest, total


def _shared_levels(level: Ints, cell: Ints) -> bool:
    """Whether most levels occur in several questions: then they are the same contexts, prompts or judges for all."""
    pair = np.unique(np.stack([level, cell], axis=1), axis=0)
    return bool(np.median(np.bincount(pair[:, 0])[np.unique(pair[:, 0])]) > 1)


def _name(key: Subset | None, given: Sequence[str], shared: Sequence[Subset], sources: int) -> str:
    """A part's name: a source, an inner source within an outer, an interaction, or sampling."""
    if key is None:
        return "sampling" if frozenset(range(sources)) in shared else "sampling and interactions"
    names = [given[s] for s in sorted(key)]
    inner = [s for s in sorted(key) if frozenset({s}) not in shared]
    if len(key) > 1 and inner:
        outer = [given[s] for s in sorted(key) if s not in inner]
        return f"{' × '.join(given[s] for s in inner)} within {' × '.join(outer)}" if outer else " × ".join(names)
    return " × ".join(names)
