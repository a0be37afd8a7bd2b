"""Inspect metrics over epochs: incoherence, bias² and variance, with standard errors over questions.

    @scorer(metrics=[accuracy(), stderr(), incoherence(), bias2(), variance()])

in a task, or `Task(..., metrics=[...])`, and `inspect eval --epochs 10` prints them. They are the unbiased estimates of
`hotmess decompose --estimator unbiased` (methods, section 2): where wrong answers are recorded (`Score.answer`), the
Brier score of answers, right ones all the same; else the squared error 1 - value of grades from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from inspect_ai.scorer import Metric, SampleScore, metric, value_to_float

if TYPE_CHECKING:
    from hotmess.decompose.points import Points

TO_FLOAT = value_to_float()


def over_epochs(name: str) -> Callable[[Callable[[], Metric]], Callable[[], Metric]]:
    """A metric that Inspect gives one score per sample and epoch, not their mean."""
    try:
        return metric(name, scores="unreduced")
    except TypeError:  # an Inspect without it gives these scores where no reducer is set
        return metric(name)


@over_epochs("incoherence")
def incoherence() -> Metric:
    """Share of variance in the error, Σ variance / Σ error over questions; standard error by linearisation.

    >>> from inspect_ai.scorer import Score
    >>> said = {"q1": "BBCC", "q2": "BBBB"}
    >>> scores = [SampleScore(score=Score(value="I", answer=a), sample_id=q) for q, s in said.items() for a in s]
    >>> {k: round(v, 3) for k, v in incoherence()(scores).items()}  # variances 2/3 and 0 of errors 2 and 2
    {'incoherence': 0.167, 'incoherence_stderr': 0.167}
    """

    def compute(scores: list[SampleScore]) -> dict[str, float]:
        error, _, spread = terms(scores)
        total = error.sum()
        if not len(error) or total <= 0:
            return _named("incoherence", np.nan, np.nan)
        ratio = spread.sum() / total
        influence = (spread - ratio * error) * len(error) / total
        return _named("incoherence", ratio, _stderr(influence))

    return compute


@over_epochs("bias2")
def bias2() -> Metric:
    """Mean over questions of bias², the error of a question's mean answer, without bias from few epochs."""

    def compute(scores: list[SampleScore]) -> dict[str, float]:
        return _mean("bias2", terms(scores)[1])

    return compute


@over_epochs("variance")
def variance() -> Metric:
    """Mean over questions of the variance of answers around their question's mean, without bias from few epochs."""

    def compute(scores: list[SampleScore]) -> dict[str, float]:
        return _mean("variance", terms(scores)[2])

    return compute


def terms(scores: Sequence[SampleScore]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(questions,) error, bias² and variance of each question with two epochs or more, unbiased.

    Samples of `hotmess sample` are draws of a question, named in their metadata, and share few-shot contexts.
    """
    from hotmess.decompose.squared import unbiased

    if not scores:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    found = unbiased(points(scores))
    known = np.isfinite(found.variance)
    return found.error[known], found.bias2[known], found.variance[known]


def points(scores: Sequence[SampleScore]) -> Points:
    """Responses as points in space: right answers at one corner, each wrong one at its own; or grades on a line."""
    from hotmess.decompose.points import from_responses

    value = np.array([TO_FLOAT(one.score.value) for one in scores])
    cell = _codes([_question(one) for one in scores])
    drawn = all(_is_draw(one) for one in scores)
    context = _codes([str((one.sample_metadata or {})["context"]) for one in scores]) if drawn else None
    wrong = [one.score.answer for one, v in zip(scores, value) if v < 1]
    if np.isin(value, (0.0, 1.0)).all() and any(answer is not None for answer in wrong):
        said = ["" if v == 1 else f"wrong {one.score.answer}" for one, v in zip(scores, value)]
        code = _codes(["", *said])
        z = np.eye(int(code.max()) + 1)
        return from_responses(z[code[1:]], np.tile(z[code[0]], (int(cell.max()) + 1, 1)), cell=cell, context=context)
    return from_responses(value[:, None], np.ones((int(cell.max()) + 1, 1)), cell=cell, context=context)


def _is_draw(one: SampleScore) -> bool:
    """Whether a sample is a draw of `hotmess sample`, whose question and context stand in its metadata."""
    return {"question", "context", "draw"} <= set(one.sample_metadata or {})


def _question(one: SampleScore) -> Hashable:
    more = one.sample_metadata or {}
    return (str(more.get("benchmark")), str(more["question"])) if _is_draw(one) else one.sample_id


def _codes(names: Sequence[Any]) -> np.ndarray:
    first: dict[Any, int] = {}
    return np.array([first.setdefault(name, len(first)) for name in names])


def _mean(name: str, values: np.ndarray) -> dict[str, float]:
    return _named(name, values.mean() if len(values) else np.nan, _stderr(values))


def _stderr(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan


def _named(name: str, value: float, error: float) -> dict[str, float]:
    return {name: float(value), f"{name}_stderr": float(error)}
