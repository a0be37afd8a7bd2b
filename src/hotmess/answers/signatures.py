"""How a question fails: hot mess, systematic, both high, or solved; and which questions to read first.

The signatures are the quadrants of the plane of bias² and variance (Hägele et al. 2026 name them):

    solved       bias² low,  variance low        the same right answer nearly every time
    hot mess     bias² low,  variance high       knows, but does not act on it every time
    systematic   bias² high, variance low        the same wrong answer nearly every time
    both high    bias² high, variance high       does not know

Each question has a posterior probability of each; they sum to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.population import aggregate
from hotmess.arrays import Floats, Ints
from hotmess.decompose.mistakes import MISTAKES, mistakes
from hotmess.errors import BadInput, median_and_tails
from hotmess.responses.outcomes import largest_error

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.posterior import Fit

SIGNATURES = ("systematic", "hot mess", "both high", "solved")
"""In the order of reading: a systematic failure may be a wrong answer key, a trap or a misconception."""


@dataclass(frozen=True)
class Thresholds:
    """Where bias² and variance begin to be high.

    The defaults are those of one-hot answers under the Brier score. With one rival at most, bias² = 2(1 - a)² is above
    0.5 exactly where the rival beats the right answer, and variance = 2a(1 - a) above 0.25 where neither is given more
    than 85% of the time. Guessing among four options has 0.75 and 0.75: both high.
    """

    bias2: float = 0.5
    variance: float = 0.25

    @classmethod
    def of(cls, metric: str) -> Thresholds:
        """The defaults, on the scale of a metric's largest error.

        >>> Thresholds.of("coverage")
        Thresholds(bias2=0.25, variance=0.125)
        """
        largest = largest_error(metric)
        if largest is None:
            raise BadInput(f"The metric {metric} has no bounded scale; give the thresholds of bias² and variance.")
        return cls(cls.bias2 * largest / 2, cls.variance * largest / 2)


def signatures(bias2: Floats, variance: Floats, thresholds: Thresholds | None = None) -> Ints:
    """The signature of each bias² and variance, as an index into `SIGNATURES`.

    >>> [SIGNATURES[i] for i in signatures(np.array([1.8, 0.18, 0.75, 0.02]), np.array([0.1, 0.42, 0.75, 0.18]))]
    ['systematic', 'hot mess', 'both high', 'solved']
    """
    at = thresholds or Thresholds()
    biased, varied = np.asarray(bias2) > at.bias2, np.asarray(variance) > at.variance
    return np.select([biased & ~varied, ~biased & varied, biased & varied], [0, 1, 2], default=3)


def triage(fit: Fit, *, metric: str = "brier", thresholds: Thresholds | None = None) -> pd.DataFrame:
    """Every question of every model with the posterior probability of each signature, those to read first on top.

    Returns
    -------
    One row per cell: its names, `responses`, `right`, `signature` (the most probable), `probability` of it, one column
    per signature, posterior means of `error`, `bias2` and `variance`; for letters `favourite` (the most frequent wrong
    answer), `favourite_count`, `modes` (how many wrong answers hold more than a fifth of the wrong ones), `first` with
    `first_low` and `first_high` (the share of the largest; `hotmess.decompose.mistakes`), and `models_alike`, how many
    other models are more likely than not systematic on the question with the same favourite: where several agree on
    one wrong answer, look at the answer key.

    The rows alternate between the three kinds of failure, each kind ordered by probability, then error; what is solved
    comes last.

    Raises
    ------
    BadInput
        If the metric has no default thresholds and none are given.
    """
    at = thresholds or Thresholds.of(metric)
    terms = fit.terms(metric)
    kind = signatures(terms.bias2, terms.variance, at)
    probability = np.stack([(kind == i).mean(0) for i in range(len(SIGNATURES))], axis=1)
    names = ["benchmark", "model", "question", "condition", "budget"]
    extra = [c for c in ("family", "model_size_b", "category", "difficulty") if c in fit.cells.table]
    table = fit.cells.table[[*names, *extra, "responses", "right"]].reset_index(drop=True)
    best = probability.argmax(axis=1)
    table["signature"] = np.array(SIGNATURES, dtype=object)[best]
    table["probability"] = probability.max(axis=1)
    for i, name in enumerate(SIGNATURES):
        table[name.replace(" ", "_")] = probability[:, i]
    for name in ("error", "bias2", "variance"):
        table[name] = getattr(terms, name).mean(0, dtype=float)
    _favourites(table, fit, probability[:, 0])
    order = table.assign(kind=best).sort_values(["kind", "probability", "error"], ascending=[True, False, False])
    rank = order.groupby("kind").cumcount()
    order = order.assign(rank=np.where(order["kind"] == len(SIGNATURES) - 1, len(table) + rank, rank))
    order = order.sort_values(["rank", "kind"], kind="stable").drop(columns=["kind", "rank"])
    return order.reset_index(drop=True)


def _favourites(table: pd.DataFrame, fit: Fit, systematic: Floats) -> None:
    counts = fit.cells.counts
    if counts is None:
        return
    wrong = counts[:, :-1].copy()
    rows = np.arange(len(wrong))
    wrong[rows, fit.cells.table["target"].to_numpy(int)] = 0
    choice, most = wrong.argmax(axis=1), wrong.max(axis=1)
    table["favourite"] = [option(int(c)) if n else "" for c, n in zip(choice, most)]
    table["favourite_count"] = most
    cell, answer = np.nonzero(wrong)
    own = np.maximum(fit.cells.table["n_choices"].to_numpy(int) - 1, 1)
    shares = mistakes(cell, wrong[cell, answer], own, len(wrong), seed=fit.seed)
    for at, name in enumerate(MISTAKES[:4]):
        table[name] = shares[:, at]
    keys = ["benchmark", "question", "favourite"]
    agreed = table.assign(sure=(systematic > 0.5) & (most > 0))
    agreed["sure"] = agreed.groupby([*keys, "model"], observed=True)["sure"].transform("any")
    each = agreed[agreed["sure"]].drop_duplicates([*keys, "model"]).groupby(keys, observed=True).size()
    found = [int(each.get(key, 0)) for key in table[keys].itertuples(index=False, name=None)]
    table["models_alike"] = np.maximum(np.array(found) - agreed["sure"].to_numpy(int), 0)


def option(index: int) -> str:
    """An option's letter; its number from 27 options on.

    >>> option(0), option(25), option(26)
    ('A', 'Z', '27')
    """
    return ascii_uppercase[index] if index < len(ascii_uppercase) else str(index + 1)


def signature_shares(
    fit: Fit,
    *,
    by: Sequence[str] = ("model",),
    metric: str = "brier",
    population: str = "like-these",
    interval: float = 0.9,
    thresholds: Thresholds | None = None,
) -> pd.DataFrame:
    """Posterior share of questions with each signature, per set: `by`, questions, signature, share, its interval."""
    import pandas as pd

    terms = fit.terms(metric)
    kind = signatures(terms.bias2, terms.variance, thresholds or Thresholds.of(metric))
    values = [(kind == i).astype(np.float32) for i in range(len(SIGNATURES))]
    table, means = aggregate(values, fit.cells.table, by, population=population, seed=fit.seed, chains=fit.chains)
    pieces = []
    for i, name in enumerate(SIGNATURES):
        low, middle, high = np.quantile(means[i].reshape(-1, len(table)), median_and_tails(interval), axis=0)
        pieces.append(table.assign(signature=name, share=middle, share_low=low, share_high=high))
    whole = pd.concat(pieces, ignore_index=True)
    return whole.sort_values(list(by), kind="stable").reset_index(drop=True) if by else whole
