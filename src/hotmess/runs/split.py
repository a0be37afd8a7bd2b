"""Parts of variance of several sets of responses, with draws that hold together
over sets, parts, total and error (methods, section 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.decompose.intervals import DRAWS
from hotmess.errors import NotTestable, tails
from hotmess.runs.levels import LEAST, Main, Scatter, level_scatter, main_effects, pivots, scatter_draws
from hotmess.runs.pairs import PairSums, Subset, pair_sums, pair_values, parts
from hotmess.runs.settled import settled

CERTAIN = 0.995
"""A part that is below 0 with more than this probability is none."""
ENOUGH = 8
"""Fewer questions than this make nothing certain."""
KINDS = ("sampling", "error", "total")


class Rows(NamedTuple):
    """Responses of one set: positions (N, D), errors (N,), cells (N,) from 0, levels of every source (N,), and the
    question (cells,) of every cell, numbered alike in all sets."""

    z: Floats
    error: Floats
    cell: Ints
    levels: list[Ints]
    question: Ints


@dataclass(frozen=True)
class Split:
    """Parts of the variance of one set.

    Attributes
    ----------
    parts
        Names of the parts, sampling last; then `total`.
    value
        (parts + 2,) estimates: of the parts, of the total, of the error.
    draws
        (draws, parts + 2) for questions and levels like these.
    questions
        How many are behind them.
    shared
        The fewest levels of a source that questions share; 0 where they share none.
    left
        Cells that lack pairs of some kind and are left out.
    """

    parts: tuple[str, ...]
    value: Floats
    draws: Floats
    questions: int
    shared: int
    left: int

    def ratios(self) -> tuple[Floats, Floats]:
        """(3, parts + 1) and (draws, 3, parts + 1): parts and total; over the total; over the error."""
        return _ratios(self.value[None])[0], _ratios(self.draws)

    def ends(self, spread: Floats, interval: float) -> tuple[float, float]:
        """The interval of one of them, of draws that are settled."""
        if self.questions < 2 or len(spread) < DRAWS or not np.isfinite(spread).all():
            return float("nan"), float("nan")
        low, high = np.quantile(spread, tails(interval))
        return float(low), float(high)


def _ratios(terms: Floats) -> Floats:
    value, error = terms[:, :-1], terms[:, -1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack([value, shares(terms), value / error], axis=1)


def shares(terms: Floats) -> Floats:
    """(…, parts + 1) shares of parts and total, of (…, parts + 2) parts, total and error: they add up in every draw.

    >>> shares(np.array([1.0, 3.0, 4.5, 9.0])).tolist()
    [0.25, 0.75, 1.0]
    """
    part = terms[..., :-2]
    whole = part.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.concatenate([part / whole, whole / whole], axis=-1)


def splits(
    sets: Sequence[Rows], given: Sequence[str], weights: Floats, *, settle: bool, seed: int
) -> tuple[dict[int, Split], dict[int, str]]:
    """The parts of every set under the same weights (draws, questions) of questions, and why a set has none.

    settle: whether draws are settled where few questions carry them (`hotmess.runs.settled`).
    """
    sizes = [int(max(rows.levels[s].max() for rows in sets)) + 1 for s in range(len(given))]
    made: dict[int, _Set] = {}
    why: dict[int, str] = {}
    for i, rows in enumerate(sets):
        try:
            made[i] = _Set(rows, given, sizes)
        except NotTestable as reason:
            why[i] = str(reason)
    draws = len(weights)
    moved = pivots([one.mains for one in made.values()], draws, seed)
    scatters = [[one.scatter(kind) for one in made.values()] for kind in KINDS]
    sampling, error, total = _scattered(scatters, draws, seed)
    out = {}
    for at, (i, one) in enumerate(made.items()):
        values = one.value + one.over_questions(weights, settle=settle)
        for column, key in enumerate(one.parts):
            moves = sum(c * moved[at][inner] for inner, c in one.shifts(key).items())
            values[:, column] += moves
            if not one.round:
                values[:, -2] += moves
        values[:, len(one.parts) - 1] += sampling[at]
        values[:, -2] += one.centre(moved[at], draws, seed) + total[at] if one.round else sampling[at]
        values[:, -1] += error[at]
        out[i] = Split((*one.names, "total"), one.value, values, one.questions, one.shared, one.left)
    return out, why


def _scattered(found: list[list[list[Scatter]]], draws: int, seed: int) -> list[list[Floats]]:
    """(kinds, sets) of (draws,): what the levels' differences add to means of each set, over its shared sources."""
    out = [[np.zeros(draws) for _ in kind] for kind in found]
    for source in range(max((len(one) for kind in found for one in kind), default=0)):
        at = [(k, i) for k, kind in enumerate(found) for i, one in enumerate(kind) if len(one) > source]
        drawn = scatter_draws([found[k][i][source] for k, i in at], draws, [seed, source])
        for (k, i), values in zip(at, drawn):
            out[k][i] += values
    return out


class _Set:
    """One set: its pairs, parts, and effects of levels that questions share."""

    def __init__(self, rows: Rows, given: Sequence[str], sizes: Sequence[int]) -> None:
        self.rows = rows
        sums = pair_sums(rows.z, rows.cell, rows.levels)
        if frozenset() not in sums.shared:
            raise NotTestable(
                f"No two responses to a question differ in all of {', '.join(given)}: drop one of them."
                if len(given) > 1
                else f"All responses to a question have the same {given[0]}, so its part cannot be told."
            )
        self.parts = parts(sums.shared)
        self.names = [part_name(key, given, sums.shared) for key in self.parts]
        self.use = np.asarray(np.isfinite(sums.distance()).all(axis=0))
        if not self.use.any():
            raise NotTestable(f"No question has pairs of responses of every kind that {', '.join(given)} would need.")
        self.left = int((~self.use).sum())
        self.questions = len(np.unique(rows.question[self.use]))
        owner = rows.question[rows.cell]
        self.sources = [s for s, level in enumerate(rows.levels) if shared_levels(level, owner)]
        keys = [key for key in self.parts if key is not None and key <= set(self.sources)]
        self.mains: dict[Subset, Main]
        self.mains, rest = main_effects(rows.z, rows.cell, rows.levels, keys, sizes)
        self.shared = min((len(np.unique(rows.levels[s])) for s in self.sources), default=0)
        self.terms = self._terms(sums)
        self.value = self._means(np.ones((1, int(rows.question.max()) + 1)), self.terms)[0]
        self.round = bool(self.mains) and on_a_sphere(rows.z)
        self.rest = self._terms(pair_sums(rest, rows.cell, rows.levels)) if self.mains else self.terms
        if self.round:  # its scatter over levels is that of a mean, and has no effects of levels in it twice
            self.rest[:, -2] = self.terms[:, -2]

    def _terms(self, sums: PairSums) -> Floats:
        """(cells used, parts + 2)"""
        place, d = {one: i for i, one in enumerate(sums.shared)}, sums.distance()
        each = [sum(c * d[place[a]] for a, c in one.items()) for one in self.parts.values()]
        error = np.bincount(self.rows.cell, self.rows.error) / np.bincount(self.rows.cell)
        return np.stack([*each, d[place[frozenset()]], error])[:, self.use].T

    def _means(self, weights: Floats, terms: Floats) -> Floats:
        """(draws, parts + 2) means over questions, each counted once, under weights of questions."""
        question = self.rows.question[self.use]
        w = weights[:, question] / np.bincount(question)[question]
        return np.asarray((w / w.sum(axis=1, keepdims=True)) @ terms)

    def over_questions(self, weights: Floats, *, settle: bool) -> Floats:
        """(draws, parts + 2) distances from the estimate for the questions' sake; settle: for few of them too."""
        even = np.ones((1, weights.shape[1]))
        centre, spread = self._means(even, self.rest), self._means(weights, self.rest)
        if settle:
            inverse = np.unique(self.rows.question[self.use], return_inverse=True)[1]
            each = np.stack([np.bincount(inverse, column) for column in self.rest.T], axis=1)
            influence = each / np.bincount(inverse)[:, None] - centre
            for column in range(spread.shape[1]):
                spread[:, column] = settled(spread[:, column], centre[0, column], influence[:, column])
        return spread - centre

    def shifts(self, key: Subset | None) -> dict[Subset, float]:
        """What a change of every key's mean square is to the part of `key`: 1 for its own, less for larger ones.

        The mean square of a key's means holds that of a larger key divided by its levels within one of the smaller.
        """
        if key is None or key not in self.mains:
            return {}
        inside = {larger: -self.mains[key].number / self.mains[larger].number for larger in self.mains if key < larger}
        return {key: 1.0, **inside}

    def centre(self, moved: Mapping[Subset, Floats], draws: int, seed: int) -> Floats:
        """(draws,) what the distance of these levels' mean from all levels' takes from the total: |ū|² − M / K."""
        out = np.zeros(draws)
        for key, main in self.mains.items():
            size = max(1.0, main.df / (main.number - 1))
            square = np.random.default_rng([seed, 97, *sorted(key)]).chisquare(size, draws) / size
            out += ((main.square + moved[key]) * square - main.square) / main.number
        return out

    def scatter(self, kind: str) -> list[Scatter]:
        """How the levels of each shared source scatter the mean of one of KINDS."""
        if kind == "total":
            values = self._from_cell() if self.round else None
        else:
            rows = self.rows
            last = self.parts[None]
            values = rows.error if kind == "error" else pair_values(rows.z, rows.cell, rows.levels, last)
        if values is None or not np.isfinite(values).all():
            return []
        out = []
        for s in (s for s in self.sources if len(np.unique(self.rows.levels[s])) >= LEAST):
            main, less = self.mains.get(frozenset({s})), 0.0
            if kind == "total" and main is not None:  # means of cells are off by ū, and with them the slopes by −2ū
                less = 4 * main.square**2 / main.number / max(1.0, main.df / (main.number - 1))
            out.append(level_scatter(values, self.rows.cell, self.rows.levels[s], less=less))
        return out

    def _from_cell(self) -> Floats:
        """(N,) squared distance of each response from the mean of its cell."""
        n = np.bincount(self.rows.cell).astype(float)
        z = self.rows.z
        mean = np.stack([np.bincount(self.rows.cell, z[:, d]) / n for d in range(z.shape[1])], axis=1)
        return np.asarray(((z - mean[self.rows.cell]) ** 2).sum(axis=1))


def below_nothing(one: Split, where: str) -> list[str]:
    """A sentence for each part that is surely below 0: no variance is, so responses are not what they seem."""
    if one.questions < ENOUGH:
        return []
    parts = (name for at, name in enumerate(one.parts[:-2]) if (one.draws[:, at] < 0).mean() > CERTAIN)
    return [
        f"The part of {name} is below 0 for certain ({where}), which no variance is: responses that share it differ by "
        "more than those that do not, as where those are judgements of one response (judged_response), or share "
        "something else that is not named."
        for name in parts
    ]


def on_a_sphere(z: Floats) -> bool:
    """Whether |z|² is the same for all, or linear in z: right and wrong, letters, unit tests, embeddings of length 1.

    >>> on_a_sphere(np.array([[0.0], [1.0]])), on_a_sphere(np.array([[0.0], [0.5], [1.0]]))
    (True, False)
    """
    square = np.einsum("nd,nd->n", z, z)
    if np.ptp(square) <= 1e-9 * max(float(square.max()), 1e-300):
        return True
    top = z[np.abs(z).argmax(axis=0), np.arange(z.shape[1])]
    return bool(np.allclose(z * z, z * top, rtol=0, atol=1e-9 * max(float(square.max()), 1e-300)))


def shared_levels(level: Ints, question: Ints) -> bool:
    """Whether most levels occur with several questions: then they are the same contexts, prompts or judges for all."""
    pair = np.unique(np.stack([level, question], axis=1), axis=0)
    return bool(np.median(np.bincount(pair[:, 0])[np.unique(pair[:, 0])]) > 1)


def part_name(key: Subset | None, given: Sequence[str], shared: Sequence[Subset]) -> str:
    """A part's name: a source, an inner source within an outer, an interaction, or sampling.

    >>> part_name(frozenset({0, 1}), ["prompt", "story"], [frozenset(), frozenset({0}), frozenset({0, 1})])
    'story within prompt'
    """
    if key is None:
        return "sampling" if frozenset(range(len(given))) in shared else "sampling and interactions"
    names = [given[s] for s in sorted(key)]
    inner = [s for s in sorted(key) if frozenset({s}) not in shared]
    if len(key) > 1 and inner:
        outer = [given[s] for s in sorted(key) if s not in inner]
        return f"{' × '.join(given[s] for s in inner)} within {' × '.join(outer)}" if outer else " × ".join(names)
    return " × ".join(names)
