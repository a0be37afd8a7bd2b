"""Decompositions of a response table by groups of cells: what `hotmess decompose` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hotmess.decompose import kl
from hotmess.decompose.aggregate import incoherence, question_means
from hotmess.decompose.decomposition import Decomposition
from hotmess.decompose.group_intervals import TERMS, add_intervals
from hotmess.decompose.grouping import CellGroups, make_groups
from hotmess.decompose.methods import Method, choose_metric, make
from hotmess.decompose.squared import Terms
from hotmess.decompose.unparsable import mostly_unparsable, unparsable_share
from hotmess.errors import BadInput, checked_count, checked_interval, checked_seed, either_seed, few_enough, listed

if TYPE_CHECKING:
    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses

Estimator = Literal["plug-in", "unbiased"]
Population = Literal["like-these", "these"]


@either_seed
@listed("by")
def decompose(
    responses: Responses,
    *,
    by: Sequence[str] = ("model",),
    metric: str | None = None,
    estimator: Estimator = "plug-in",
    interval: float | None = None,
    population: Population = "like-these",
    unparsable: Literal["uniform", "wrong"] = "uniform",
    delta: float = kl.DELTA,
    seed: int = 0,
    draws: int = 4000,
) -> Decomposition:
    """Bias, variance and incoherence of groups of cells.

    Args:
        responses: validated responses.
        by: columns that name a group; columns that vary within a cell divide it.
        metric: brier, kl, zero-one, coverage, score, embedding or a-norm; default: the outcome's own.
        estimator: "plug-in" (all metrics) or "unbiased" (squared family).
        interval: probability inside the intervals, or None for none.
        population: "like-these" (Bayesian bootstrap over questions) or "these" (jackknife within questions).
        unparsable: an unparsable answer is the "uniform" vector, or one more "wrong" option.
        delta: smoothing of the KL family.
        seed: of the Bayesian bootstrap.
        draws: of the Bayesian bootstrap.

    Returns:
        One record per group: the `by` columns, questions, responses, error, bias2, variance (means over questions),
        incoherence (ratio of sums; None for 0/1 loss and where the error is 0), `…_low` and `…_high` when an interval
        is asked for, reliable, and metric, outcome, estimator. The unbiased estimator adds context_variance and
        sampling_variance where contexts repeat.

    Raises:
        BadInput: for an unknown column, metric or estimator, a metric that the outcome cannot have, or groups by an
            outcome.
        NotTestable: where every cell has one response.
    """
    from hotmess.responses.cells import need_repeats
    from hotmess.responses.outcomes import refuse_outcomes
    from hotmess.responses.table import Responses

    Responses.need(responses)
    checked_seed(seed)
    checked_count("draws", draws)
    few_enough(draws)
    by = list(dict.fromkeys(by))
    metric = choose_metric(responses.outcome, metric)
    if estimator not in ("plug-in", "unbiased"):
        raise BadInput(f"There is no estimator {estimator!r}; there are plug-in and unbiased.")
    if population not in ("like-these", "these"):
        raise BadInput(f"There is no population {population!r}; there are like-these and these.")
    if estimator == "unbiased" and metric in ("kl", "zero-one"):
        raise BadInput(f"The metric {metric} has no unbiased estimator; use --estimator plug-in or latent.")
    if interval is not None:
        checked_interval(interval)
    if not 0 < delta < 1:
        raise BadInput(f"The smoothing delta {delta:g} is not between 0 and 1.")
    for name in by:
        if name not in responses.table.columns:
            from hotmess.responses.values import suggest

            near = suggest(name, responses.table.columns)
            raise BadInput(f"There is no column {name!r} to group by{near}.")
    method = make(metric, estimator, delta, unparsable)
    refuse_outcomes(by)
    cells = method.cells(responses, by)
    if "sample" in by:
        raise BadInput("Groups cannot be made by 'sample': each would hold one response of every question.")
    need_repeats(cells)
    terms = method.terms(cells.points, method.choices(cells))
    notes: list[str] = []
    groups = make_groups(cells, by)
    good = np.isfinite(terms.variance)
    if lost := int((~good).sum()):
        why = "cells are left out, with one response per question: variance cannot be separated from bias."
        notes.append(f"{lost:,} of {len(good):,} {why}")
    alone = int((cells.table["responses"] == 1).sum())
    if alone and estimator == "plug-in":
        notes.append(
            f"{alone:,} of {len(good):,} cells have one response per question: all of their error counts as bias."
        )
    summary = _summary(cells, terms, groups, good)
    most, said = mostly_unparsable(groups.keys, unparsable_share(cells.table, by, groups.keys))
    summary["reliable"] &= ~most
    notes.extend(said)
    if interval is not None:
        add_intervals(summary, cells, terms, groups, good, method, interval, population, seed, draws, notes)
    if unparsable == "uniform":
        notes.extend(_compare_unparsable(responses, by, metric, estimator, delta, cells, summary))
    extra = {"metric": metric, "outcome": responses.outcome, "estimator": estimator}
    names = [*_reported(summary, interval), "reliable"]
    records = []
    for g, key in enumerate(groups.keys):
        row = dict(zip(by, key, strict=True)) | {n: summary[n][g] for n in names} | extra
        if metric == "zero-one":
            row |= {n: None for n in row if n.startswith("incoherence")}
        records.append({n: plain_value(v) for n, v in row.items()})
    return Decomposition(records, tuple(notes))


def _summary(cells: Cells, terms: Terms, groups: CellGroups, good: np.ndarray) -> dict[str, np.ndarray]:
    """Point estimates of every group."""
    columns = [terms.error, terms.bias2, terms.variance, terms.context_variance, terms.sampling_variance]
    values = np.stack(columns, axis=1)
    own = None if groups.own is None else groups.own[None]
    means = question_means(
        values[good], group=groups.code[good], question=groups.question[good], groups=groups.count, weights=own
    ).reshape(groups.count, -1)
    out: dict[str, np.ndarray] = dict(
        zip(("error", "bias2", "variance", "context_variance", "sampling_variance"), means.T, strict=True)
    )
    out["incoherence"] = incoherence(means[:, 0], means[:, 2])
    for name, index in (("questions", groups.question), ("units", groups.unit)):
        pair = np.unique(np.stack([groups.code[good], index[good]], axis=1), axis=0)
        out[name] = np.bincount(pair[:, 0], minlength=groups.count)
    count = cells.table["responses"].to_numpy()
    out["responses"] = np.bincount(groups.code[good], weights=count[good], minlength=groups.count).astype(np.int64)
    several = np.bincount(groups.code[good], weights=(count > 1)[good], minlength=groups.count)
    out["reliable"] = (out["questions"] > 0) & (several > 0)
    return out


def _reported(summary: dict[str, np.ndarray], interval: float | None) -> list[str]:
    names = ["questions", "responses"]
    for name in TERMS:
        names += [name] if interval is None else [name, f"{name}_low", f"{name}_high"]
    parts = ("context_variance", "sampling_variance")
    return [*names, *(name for name in parts if np.isfinite(summary[name]).any())]


def _compare_unparsable(
    responses: Responses,
    by: Sequence[str],
    metric: str,
    estimator: Estimator,
    delta: float,
    cells: Cells,
    summary: dict[str, np.ndarray],
) -> list[str]:
    """Where more than 1% of a group are unparsable, how far incoherence moves if they are one more wrong option."""
    groups = make_groups(cells, by)
    count, total = (
        np.bincount(groups.code, weights=cells.table[name].to_numpy(dtype=float), minlength=groups.count)
        for name in ("unparsable", "responses")
    )
    share = count / total
    if share.max() <= 0.01:
        return []
    worst = groups.keys[int(share.argmax())]
    place = f" ({', '.join(map(str, worst))})" if worst else ""
    said = f"Up to {share.max():.1%} of the responses of a group{place} are unparsable; they count as uniform"
    if metric == "zero-one":
        return [said + "."]
    other = Method(metric, estimator, delta, "wrong")
    moved = other.cells(responses, by)
    terms = other.terms(moved.points, other.choices(moved))
    again = _summary(moved, terms, make_groups(moved, by), np.isfinite(terms.variance))
    change = again["incoherence"] - summary["incoherence"]
    if not np.isfinite(change).any():
        return [said + "."]
    at = int(np.nanargmax(np.abs(change)))
    return [f"{said}, and as one more wrong option they would move an incoherence by at most {change[at]:+.3f}."]


def plain_value(value: Any) -> Any:
    """A value for JSON: Python's own types, None for what is undefined."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not np.isfinite(value)):
        return None
    return value
