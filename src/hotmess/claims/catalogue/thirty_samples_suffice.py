"""The claim about how many samples suffice: the sampling error of the aggregate with 30 responses per question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Case, Claim, LeaveOut, Quantity
from hotmess.claims.scope import base_scope
from hotmess.decompose.intervals import FEW, jackknife, ratio_contrast
from hotmess.decompose.squared import unbiased
from hotmess.errors import ASK_HARDER, NotTestable, OtherOutcome
from hotmess.estimates.estimate import THRESHOLD, Estimate
from hotmess.responses.validate import present_outcomes
from hotmess.statements.effective import Effective, spread_by_count

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.laws.samples import SampleSize

SAMPLES = 30
REGION, MEMORY = (0.0, 0.01), 2**29
"""A standard deviation of 0.01: differences of 0.03 between two such models stand out of sampling noise. Bytes that
eight projections of every cell in all draws, of which more than the usual ones are asked for, may come to."""


def _quantity(study: Study, population: str) -> Quantity:
    made = _made(study, population)
    if (each := _defined(made)) is None:
        raise NotTestable("No model makes errors, so incoherence is undefined and has no sampling error.", ASK_HARDER)
    largest, gate, effective = _largest(each), study.fit.gate.over(each, "the standard deviation"), None
    if population == "like-these" and 2 <= study.questions < FEW:
        largest, each, effective = _spread(largest, each, study.questions)
    count = made.table["cells"].to_numpy()
    span = f"{count.min():,}" if count.min() == count.max() else f"{count.min():,} to {count.max():,}"
    scope = f"{base_scope(study.fit.cells.table)}, with {span} cells of each model"
    remedy = enough_questions(largest, study.questions) if gate.passed else ""
    return Quantity(largest, gate, scope, each, remedy=remedy, effective=effective)


def _defined(made: SampleSize) -> dict[str, np.ndarray] | None:
    """The standard deviations of the models that make errors; None where there are none."""
    sd = made.sd("incoherence", SAMPLES)
    each = {str(model): sd[..., i] for i, model in enumerate(made.table["model"]) if np.isfinite(sd[..., i]).all()}
    return each or None


def _largest(each: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(np.max(list(each.values()), axis=0))


def _without(case: Case, column: str, value: str) -> tuple[np.ndarray, float] | None:
    """The quantity without a model or a benchmark, exactly: no two of them share a group, so that the posteriors of
    the others are what they were."""
    study = case.study
    made = _both(study)[case.population].without(column, value)
    if made is None or (each := _defined(made)) is None:
        return None
    largest, cells = _largest(each), study.fit.cells.table
    rest = cells[cells[column].astype(str) != value]
    questions = len(rest[["benchmark", "question"]].drop_duplicates())
    if case.population == "like-these" and 2 <= questions < FEW:
        largest = _spread(largest, {}, questions)[0]
    return largest, -np.inf


def _spread(
    largest: np.ndarray, each: dict[str, np.ndarray], questions: int
) -> tuple[np.ndarray, dict[str, np.ndarray], Effective]:
    """Spread by how few the questions are, in logs, since no standard deviation lies below 0."""
    wide, *others = (np.exp(spread_by_count(np.log(x), questions)) for x in (largest, *each.values()))
    df = questions - 1.0
    return wide, dict(zip(each, others)), Effective(df, df, questions)


def enough_questions(sd: np.ndarray, questions: int) -> str:
    """What decides it: a standard deviation falls with the root of the number of questions at hand.

    >>> enough_questions(np.full((4, 500), 0.0125), 64)
    'With 100 questions like these instead of 64 it would be below 0.01 with probability 0.975: it falls as their root.'
    """
    need = int(np.ceil(questions * (float(np.quantile(sd, THRESHOLD)) / REGION[1]) ** 2 - 1e-9))
    if need <= questions:
        return ""
    return (
        f"With {need:,} questions like these instead of {questions:,} it would be below {REGION[1]:g} with "
        f"probability {THRESHOLD:g}: it falls as their root."
    )


def _made(study: Study, population: str) -> SampleSize:
    made: SampleSize = study.once(f"sample size, {population}", lambda: _both(study)[population])
    return made


def _both(study: Study) -> dict[str, SampleSize]:
    """For both populations, from the same draws of answers."""
    from hotmess.laws.samples import DRAWS, sample_sizes

    def make() -> dict[str, SampleSize]:
        if study.fit.cells.counts is None:
            raise _no_letters(study)
        fits = MEMORY // (8 * 4 * max(1, len(study.fit.cells.table)))
        draws = max(DRAWS, min(study.draws * study.chains // 2, fits))
        return sample_sizes(study.fit, by=["model"], parts=["benchmark"], draws=draws)

    made: dict[str, SampleSize] = study.once("sample sizes", make)
    return made


def _no_letters(study: Study) -> OtherOutcome:
    """Why other outcomes cannot say what other numbers of responses would give, and what says what these give."""
    letters = "answer" in present_outcomes(study.responses.table)
    return OtherOutcome(
        "What other numbers of responses would give is worked out from the probability of every answer, which the "
        f"model has of letters; the outcome here is {study.responses.outcome}.",
        "Choose letters (--outcome answer)."
        if letters
        else "The sampling error with the responses at hand needs no model: hotmess decompose --estimator unbiased "
        "--interval 0.9 --population these.",
    )


def _estimate(study: Study) -> Estimate:
    """The standard deviation at 30 responses times √(observed over expected jackknife variance at the n at hand).

    The observed one is of clusters, few-shot contexts where responses share them; the expected one of independent
    responses. For the model with the largest standard deviation.
    """
    from hotmess.laws.samples import expected_jackknife

    made = _made(study, "these")
    cells = study.fit.cells
    terms, jack = unbiased(cells.points), jackknife(cells.points, unbiased)
    n = cells.table["responses"].to_numpy(float)
    found: list[tuple[float, float]] = []
    for i, model in enumerate(made.table["model"]):
        rows = np.flatnonzero(((cells.table["model"] == model) & (n > 2)).to_numpy())
        error, variance = float(np.mean(terms.error[rows])), float(np.mean(terms.variance[rows]))
        if len(rows) < 3 or not error > 0 or not np.isfinite(jack.covariance[rows]).all():
            continue
        contrast = ratio_contrast(error, variance)
        alpha, beta = contrast[2], contrast[0]
        form = np.array([alpha**2, 2 * alpha * beta, beta**2])
        expected = expected_jackknife(form @ made.cells[2:5, rows], form @ made.cells[5:8, rows], n[rows]).sum()
        each = np.einsum("a,qab,b->q", contrast, jack.covariance[rows], contrast)
        ratio, spread = float(each.sum() / expected), float(np.sqrt(len(rows)) * each.std(ddof=1) / expected)
        if ratio > 0:
            sd = float(np.median(made.sd("incoherence", SAMPLES)[..., i])) * np.sqrt(ratio)
            found.append((sd, sd * spread / (2 * ratio)))
    return Estimate(*max(found)) if found else Estimate(np.nan, np.nan)


CLAIM = Claim(
    name="thirty-samples-suffice",
    place="claim 10; figure of sample efficiency",
    statement=f"{SAMPLES} responses per question give each model's incoherence to a standard deviation below 0.01",
    estimand=f"largest standard deviation over models of incoherence estimated from {SAMPLES} responses per question",
    quantity=_quantity,
    needs="letters, at least two responses per question",
    leave_out=LeaveOut(_without),
    region=REGION,
    estimate=_estimate,
    long=True,
    order=140,
)
