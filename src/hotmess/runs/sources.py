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
from hotmess.runs.pairs import Subset, pair_sums, parts
from hotmess.runs.places import places
from hotmess.runs.sets import sets_of

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

DRAWS = 400
FEW_LEVELS = 5
MOST = 4


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
    error, add up to it. Intervals: Bayesian bootstrap over questions; levels of a source that several questions share
    are themselves drawn with Dirichlet weights (crossed, so that weights are products).

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
                f"{name} has {most} levels in a question: with fewer than {FEW_LEVELS}, the interval of its part is "
                "right on average over what such levels may be, not for each that there may be."
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
        point = self._terms(sums.shared, found, use, np.ones((1, int(question.max()) + 1)), question, None)
        spread = self._spread(sums.shared, found, use, question, seed, draws)
        names = {key: _name(key, given, sums.shared, len(given)) for key in found}
        asked = len(np.unique(question[use]))
        out = []
        for at, key in enumerate([*found, "total"]):
            name = "total" if key == "total" else names[key]  # type: ignore[index]
            row: dict[str, Any] = {"part": name, "questions": asked}
            for label, down in (("", None), ("share", len(found)), ("incoherence", len(found) + 1)):
                value, band = point[:, at], spread[:, at]
                if down is not None:
                    with np.errstate(invalid="ignore", divide="ignore"):
                        value, band = value / point[:, down], band / spread[:, down]
                ends = bootstrap_interval(band, value[0], interval=interval, questions=asked)
                place = label or "value"
                side = f"{label}_" if label else ""
                row |= {place: float(value[0]), f"{side}low": float(ends[0]), f"{side}high": float(ends[1])}
            out.append(row)
        return out

    def _terms(
        self,
        shared: Sequence[Subset],
        found: dict[Subset | None, dict[Subset, float]],
        use: np.ndarray,
        weights: Floats,
        question: Ints,
        level_weights: list[Floats] | None,
    ) -> Floats:
        """(draws, parts + 2) means over questions of the parts, the whole and the error, one row of weights each."""
        sums = pair_sums(self.z, self.cell, self.levels, level_weights)
        place = {one: i for i, one in enumerate(sums.shared)}
        d = sums.distance()
        share = 1.0 / np.bincount(question[use], minlength=int(question.max()) + 1)[question[use]]
        w = weights[:, question[use]] * share
        w = w / w.sum(axis=1, keepdims=True)
        u = np.ones(len(self.z)) if level_weights is None else np.prod(level_weights, axis=0)
        error = np.bincount(self.cell, u * self.error) / np.bincount(self.cell, u)
        each = [sum(c * d[place[a]] for a, c in one.items()) for one in found.values()]
        return w @ np.stack([*each, d[place[frozenset()]], error])[:, use].T

    def _spread(
        self,
        shared: Sequence[Subset],
        found: dict[Subset | None, dict[Subset, float]],
        use: np.ndarray,
        question: Ints,
        seed: int,
        draws: int,
    ) -> Floats:
        """Bootstrap draws; levels that questions share get weights too."""
        weights = question_weights(int(question.max()) + 1, draws, seed)
        crossed = [_shared_levels(level, self.cell) for level in self.levels]
        if not any(crossed):
            return self._terms(shared, found, use, weights, question, None)
        rng = np.random.default_rng([seed, 1])
        out = []
        for row in weights:
            own = []
            for level, is_shared in zip(self.levels, crossed):
                size = int(level.max()) + 1
                own.append((rng.dirichlet(np.ones(size)) * size)[level] if is_shared else np.ones(len(level)))
            out.append(self._terms(shared, found, use, row[None], question, own)[0])
        return np.stack(out)


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
