"""Intervals of the decompositions of groups of cells, without a model (methods, section 2)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.decompose import intervals
from hotmess.decompose.aggregate import cell_weights, incoherence
from hotmess.decompose.context_scatter import (
    context_influence,
    context_moves,
    degrees_of_freedom,
    not_told,
    shared_contexts,
)
from hotmess.decompose.grouping import CellGroups, drawn_means
from hotmess.decompose.never_differ import never_apart, points_alone
from hotmess.decompose.rare import rare_ends, rare_ratio_ends
from hotmess.errors import tails
from hotmess.responses.outcomes import largest_error

if TYPE_CHECKING:
    from hotmess.decompose.methods import Method
    from hotmess.decompose.points import Points, Totals
    from hotmess.decompose.squared import Terms
    from hotmess.responses.cells import Cells

TERMS = ("error", "bias2", "variance", "incoherence")


def add_intervals(
    summary: dict[str, np.ndarray],
    cells: Cells,
    terms: Terms,
    groups: CellGroups,
    good: np.ndarray,
    method: Method,
    interval: float,
    population: str,
    seed: int,
    draws: int,
    notes: list[str],
) -> None:
    """Add `…_low` and `…_high` to the summary."""
    one, of = ("question", "questions") if groups.cluster is None else ("cluster", "clusters of questions")
    few = (summary["units"] > 0) & (summary["units"] < intervals.FEW)
    contexts = _contexts(cells, groups, good, method, population, notes)
    if population == "like-these":
        values = np.stack([terms.error, terms.bias2, terms.variance], axis=1)[good]
        alone = drawn_means(values, cells.table, groups, good, draws, seed)
        drawn, ratio = alone, incoherence(alone[..., 0], alone[..., 2])
        if contexts is not None:
            moves = context_moves(*contexts, draws, seed)
            drawn = alone + moves
            # to first order: in far tails of t the error itself would be below 0, and its ratio nothing
            ratio = ratio + _ratio_moves(moves, summary["error"], summary["variance"])
        for name, column in zip(TERMS, [*np.moveaxis(drawn, -1, 0), ratio], strict=True):
            low, high = intervals.bootstrap_interval(
                column, summary[name], interval=interval, questions=summary["units"]
            )
            _widen_rare(low, high, name, values, alone, groups, good, interval, method.metric)
            summary[f"{name}_low"], summary[f"{name}_high"] = (_possible(name, end, method) for end in (low, high))
        notes += points_alone(groups.keys, summary, interval, of)
        if draws < intervals.DRAWS:
            notes.append(f"There are no intervals with fewer than {intervals.DRAWS} draws of the bootstrap (--draws).")
        if (summary["units"] == 1).any():
            notes.append(f"A group with one {one} has no interval for questions like these.")
    else:
        jack = intervals.jackknife(cells.points, method.terms, method.choices(cells))
        summary |= {f"{name}_{end}": np.full(groups.count, np.nan) for name in TERMS for end in ("low", "high")}
        for g in range(groups.count):
            shared = None if contexts is None else (contexts[0][:, g], int(contexts[1][g]))
            _these(summary, g, np.flatnonzero(good & (groups.code == g)), jack, groups, interval, shared)
        for name, end in itertools.product(TERMS, ("low", "high")):
            summary[f"{name}_{end}"] = _possible(name, summary[f"{name}_{end}"], method)
        notes += never_apart(groups.keys, summary)
        lost = ~np.isfinite(jack.covariance).all(axis=(1, 2)) & good
        if lost.any() and np.isfinite(cells.points.target).any():
            notes.append(
                f"{int(lost.sum()):,} cells have too few responses for a jackknife (the unbiased estimator needs "
                "three); groups with such cells have no interval for these questions."
            )
        if method.metric == "zero-one":
            notes.append(
                "The jackknife of a most frequent answer is rough: only the interval of the error is to be used."
            )
    if few.any() and (population == "these" or draws >= intervals.DRAWS):
        have = "group has" if few.sum() == 1 else "groups have"
        notes.append(f"{int(few.sum())} {have} fewer than 50 {of}: intervals are widened by Student's t.")


def _ratio_moves(moves: Floats, error: Floats, variance: Floats) -> Floats:
    """(draws, groups) what moves of the terms do to incoherence, by the delta method."""
    contrast = np.stack([intervals.ratio_contrast(*pair) for pair in zip(error, variance, strict=True)])
    return np.asarray(np.einsum("dgt,gt->dg", moves, contrast))


def _possible(name: str, end: Floats, method: Method) -> Floats:
    """Ends of an interval where the term can lie: no square is below 0 and no share outside 0 and 1.

    Unbiased estimates of bias² (and so of incoherence) can be, and net variance under 0/1 loss: they keep their ends.
    """
    if name != "error" and (method.metric == "zero-one" or (method.estimator == "unbiased" and name != "variance")):
        return end
    return np.clip(end, 0.0, 1.0 if name == "incoherence" else largest_term(name, method.metric))


def _these(
    summary: dict[str, np.ndarray],
    g: int,
    at: np.ndarray,
    jack: intervals.Jackknife,
    groups: CellGroups,
    interval: float,
    contexts: tuple[Floats, int] | None,
) -> None:
    """Jackknife intervals of one group; contexts: its (contexts, 3) influence, and their degrees of freedom."""
    if not len(at):
        return
    weights = _weights(groups)[at]
    weights = weights / weights.sum()
    # NaN covariances of an error that does not exist (embeddings) must not reach the variance.
    own = intervals.Jackknife(jack.covariance[at], jack.clusters[at])
    contrasts: dict[str, Floats] = dict(zip(TERMS[:3], np.eye(3), strict=True))
    contrasts["incoherence"] = intervals.ratio_contrast(summary["error"][g], summary["variance"][g])
    for name, contrast in contrasts.items():
        used = contrast != 0
        inner = intervals.Jackknife(own.covariance[:, used][:, :, used], own.clusters)
        low, high, _ = intervals.linear_interval(
            contrast[used], weights, inner, summary[name][g], interval=interval, questions=int(summary["questions"][g])
        )
        if contexts is not None:
            moved = intervals.student(tails(interval)[0], contexts[1]) * np.linalg.norm(contexts[0] @ contrast)
            low, high = summary[name][g] + np.hypot((high - low) / 2, moved) * np.array([-1, 1])
        summary[f"{name}_low"][g], summary[f"{name}_high"][g] = low, high


def _weights(groups: CellGroups) -> Floats:
    """(cells,) weights with which each question of a group counts as its own weight says."""
    weights = cell_weights(groups.code, groups.question)
    return weights if groups.own is None else weights * groups.own[groups.question]


def _contexts(
    cells: Cells, groups: CellGroups, good: np.ndarray, method: Method, population: str, notes: list[str]
) -> tuple[Floats, Ints] | None:
    """What contexts that questions share do to the groups' means, (contexts, groups, 3), and degrees of freedom."""
    context = shared_contexts(cells)
    if context is None:
        return None
    pairs = method.estimator == "unbiased"
    notes += (said := not_told(cells, method.metric, ("zero-one",), pairs=pairs))
    if said:
        return None
    choices, cell = method.choices(cells), cells.points.cell

    def estimator(points: Points | Totals) -> Terms:
        whole = choices is None or len(points.n) == len(choices)
        return method.terms(points, choices if choices is None or whole else choices[cell])

    rows = [np.flatnonzero(good & (groups.code == g)) for g in range(groups.count)]
    found = context_influence(
        cells, context, rows, alone=population == "these", estimator=estimator, known=good, weights=_weights(groups)
    )
    return found, degrees_of_freedom(cells, context, rows)


def largest_term(name: str, metric: str) -> float | None:
    """The largest that a term can be; None where there is no bound. The variance of what is nowhere further from the
    target than the largest error is at most half of that."""
    largest = 1.0 if metric == "zero-one" else largest_error(metric)
    return largest if largest is None or name != "variance" or metric == "zero-one" else largest / 2


def _widen_rare(
    low: Floats,
    high: Floats,
    name: str,
    values: Floats,
    drawn: Floats,
    groups: CellGroups,
    good: np.ndarray,
    interval: float,
    metric: str,
) -> None:
    """Ends of groups where fewer than ten questions are away from an end of the range, in place.

    values: (good cells, 3); drawn: (draws, groups, 3).
    """
    top = largest_term("error" if name == "incoherence" else name, metric)
    if top is None:
        return
    code, unit = groups.code[good], groups.unit[good]
    for g in np.flatnonzero(np.isfinite(low) & np.isfinite(high)):
        mine, ends = code == g, (low[g], high[g])
        value, spread, question = values[mine], drawn[:, g], unit[mine]
        if name == "incoherence":
            error, _, variance = value.T
            ends = rare_ratio_ends(error, variance, question, spread[:, [0, 2]], ends, interval, top)
        else:
            t = TERMS.index(name)
            ends = rare_ends(value[:, t], question, spread[:, t], ends, interval, top)
        low[g], high[g] = ends
