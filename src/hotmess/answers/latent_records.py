"""The latent estimator as records: what `hotmess decompose --estimator latent` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.conjugate import METRICS
from hotmess.answers.fit import fit
from hotmess.answers.posterior import Fit
from hotmess.answers.shared_contexts import NOT_SQUARED
from hotmess.answers.summaries import without_errors
from hotmess.decompose.context_scatter import not_told
from hotmess.decompose.records import plain_value
from hotmess.decompose.unparsable import mostly_unparsable, unparsable_share
from hotmess.errors import BadInput
from hotmess.inference.gate import MORE
from hotmess.statements.settle import FLOOR
from hotmess.words import join

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses


def decompose_latent(responses: Responses, **settings: Any) -> list[dict[str, Any]]:
    """The records of `decompose_noted` alone."""
    return decompose_noted(responses, **settings)[0]


def decompose_noted(
    responses: Responses,
    *,
    by: Sequence[str] = ("model",),
    metric: str | None = None,
    interval: float | None = None,
    population: str = "like-these",
    formula: str | None = None,
    unparsable: str = "uniform",
    seed: int = 0,
    draws: int = 500,
    warmup: int = 500,
    chains: int = 4,
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Posterior medians and intervals of error, bias², variance and incoherence of groups of cells, and sentences
    on what was left out and what the model does not fit.

    Questions that share benchmark, model, condition, budget and the `by` columns pool their answer distributions;
    with a formula these groups are themselves pooled around its regression.

    Raises
    ------
    BadInput
        If the metric has no latent estimator for the outcome.
    """
    metric = latent_metric(responses.outcome, metric)
    by = list(dict.fromkeys(by))
    posterior = fit(
        responses,
        formula,
        by=by,
        unparsable=unparsable,
        seed=seed,
        draws=draws,
        warmup=warmup,
        chains=chains,
        pointwise=False,
    )
    return records_of(posterior, by, metric=metric, outcome=responses.outcome, interval=interval, population=population)


def latent_metric(outcome: str, metric: str | None) -> str:
    """The metric, or the outcome's own.

    Raises
    ------
    BadInput
        If it has no latent estimator for the outcome.
    """
    from hotmess.decompose.methods import choose_metric

    metric = choose_metric(outcome, metric)
    if outcome == "answer" and metric not in METRICS:
        raise BadInput(f"The metric {metric} has no latent estimator for letters; there are {', '.join(METRICS)}.")
    return metric


def records_of(
    posterior: Any, by: Sequence[str], *, metric: str, outcome: str, interval: float | None, population: str
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The records and sentences of a fit that is there already, whose groups the `by` columns do not cut."""
    from hotmess.decompose.grouping import natural

    table = posterior.summary(by, population=population, metric=metric, interval=interval)
    groups = list(table[by].itertuples(index=False, name=None)) if by else [()] * len(table)
    most, said = mostly_unparsable(groups, unparsable_share(posterior.cells.table, by, groups))
    table["reliable"] &= ~most
    keys = [tuple(natural(str(value)) for value in row) for row in groups]
    records = []
    for row in (table.iloc[i].to_dict() for i in sorted(range(len(table)), key=keys.__getitem__)):
        values = {str(k): plain_value(v) for k, v in row.items()}
        records.append(values | {"metric": metric, "outcome": outcome, "estimator": "latent"})
    unsure, said_why = unreliable(posterior, table, groups, by, metric=metric, population=population)
    notes = [*getattr(posterior, "notes", ()), *getattr(posterior, "misfit", ()), *said]
    if interval is not None and metric in NOT_SQUARED:
        notes += not_told(posterior.cells, metric, NOT_SQUARED)
    notes += said_why
    reasons = posterior.gate.reasons
    if reasons:
        more = f" ({len(reasons) - 1} more such)" if len(reasons) > 1 else ""
        notes.append(f"Not reliable: {reasons[0]}{more}; {MORE}.")
    elif not (table["reliable"] | most | unsure).all() and not getattr(posterior, "misfit", ()):
        notes.append("Not reliable where it says so: the sets' draws are too few; more may cure it (--draws).")
    return records, tuple(notes)


def unreliable(
    posterior: Any,
    table: pd.DataFrame,
    groups: Sequence[tuple[Any, ...]],
    by: Sequence[str],
    *,
    metric: str,
    population: str,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Which groups of a summary hold too few questions with errors, or no error at all, and sentences that say so."""
    flawless, few, said = np.zeros(len(table), bool), np.zeros(len(table), bool), list[str]()
    if isinstance(posterior, Fit):
        flawless = without_errors(posterior.cells.table, table, by)
    sets = posterior.draws(by, population=population, metric=metric)
    if sets.few is not None and sets.effective is not None:
        few = np.asarray(sets.few & ~flawless)
    if few.any():
        least = float(np.min(sets.effective[few]))
        said.append(
            f"Not reliable: the errors{_named(groups, few, by)} sit on few questions (as good as {least:.0f}, and "
            f"{FLOOR:.0f} are needed): ask more that go wrong now and then, or speak of these (--population these)."
        )
    if flawless.any():
        said.append(
            f"Not reliable: no response{_named(groups, flawless, by)} is wrong, so that bias², variance and "
            "incoherence there are what the prior says of errors that were not seen."
        )
    return few | flawless, tuple(said)


def _named(groups: Sequence[tuple[Any, ...]], which: np.ndarray, by: Sequence[str]) -> str:
    return f" of {join([', '.join(map(str, g)) for g, its in zip(groups, which) if its])}" if by else ""
