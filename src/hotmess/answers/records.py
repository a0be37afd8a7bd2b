"""The latent estimator as records: what `hotmess decompose --estimator latent` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hotmess.answers.conjugate import METRICS
from hotmess.answers.fit import fit
from hotmess.decompose.records import plain_value
from hotmess.errors import BadInput

if TYPE_CHECKING:
    from hotmess.responses.table import Responses


def decompose_latent(
    responses: Responses,
    *,
    by: Sequence[str] = ("model",),
    metric: str | None = None,
    interval: float | None = None,
    population: str = "like-these",
    formula: str | None = None,
    unparsable: str = "uniform",
    seed: int = 0,
    draws: int = 1000,
    warmup: int = 1000,
    chains: int = 4,
) -> list[dict[str, Any]]:
    """Posterior medians and intervals of error, bias², variance and incoherence of groups of cells.

    Questions that share benchmark, model, condition, budget and the `by` columns pool their answer distributions;
    with a formula these groups are themselves pooled around its regression.

    Raises
    ------
    BadInput
        If the metric has no latent estimator for the outcome.
    """
    return decompose_noted(
        responses,
        by=by,
        metric=metric,
        interval=interval,
        population=population,
        formula=formula,
        unparsable=unparsable,
        seed=seed,
        draws=draws,
        warmup=warmup,
        chains=chains,
    )[0]


def decompose_noted(
    responses: Responses,
    *,
    by: Sequence[str] = ("model",),
    metric: str | None = None,
    interval: float | None = None,
    population: str = "like-these",
    formula: str | None = None,
    **sampling: Any,
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """`decompose_latent`, and sentences on what was left out and what the model does not fit."""
    from hotmess.decompose.methods import choose_metric

    metric = choose_metric(responses.outcome, metric)
    if responses.outcome == "answer" and metric not in METRICS:
        raise BadInput(f"The metric {metric} has no latent estimator for letters; there are {', '.join(METRICS)}.")
    by = list(dict.fromkeys(by))
    posterior = fit(responses, formula, by=by, pointwise=False, **sampling)
    table = posterior.summary(by, population=population, metric=metric, interval=interval)
    records = []
    for row in table.to_dict("records"):
        values = {str(k): plain_value(v) for k, v in row.items()}
        records.append(values | {"metric": metric, "outcome": responses.outcome, "estimator": "latent"})
    return records, (*getattr(posterior, "notes", ()), *getattr(posterior, "misfit", ()))
