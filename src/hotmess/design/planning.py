"""How many questions, samples and models a claim needs (methods, section 9), from a pilot's posterior.

In each posterior draw of the pilot the quick estimate of the claim has mean `effect` and variance

    residual + (pilot's questions / questions) (between questions + sampling(samples)),

all in closed form; the claim is called supported where estimate/standard error exceeds Student's t at 0.975, so the
chance of that is one of a noncentral t. The rate reported is its mean over the draws. What lies in the region of
practically none is called that first: a stated effect within half of it has the rate of that verdict, one further in
the rate of either, and draws of the pilot's effect count as supported only where they are not called practically none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Claim
from hotmess.claims.decidable import called, called_rate, samples_now, smallest_of
from hotmess.claims.rule import NEGLIGIBLE, SUPPORTED
from hotmess.claims.test import find_claims, of_questions
from hotmess.decompose.context_scatter import without_contexts
from hotmess.design.components import Components
from hotmess.design.decision_rate import as_shown, standard_error, supported_rate
from hotmess.errors import BadInput, NotTestable, checked_count, checked_number, listed
from hotmess.estimates.estimate import THRESHOLD
from hotmess.inference.gate import INDEPENDENT, need_draws
from hotmess.words import Tabled, clean

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.claims.study import Study

MOST = 10**9
SAMPLES = (2, 3, 4, 6, 8, 10, 15, 20, 30, 50, 100)
QUESTIONS = (25, 50, 100, 200, 300, 500, 1000, 2000, 5000)


@dataclass(frozen=True, repr=False)
class Design(Tabled):
    """Rates of a decision over designs.

    Attributes
    ----------
    claim, effect, wanted
        What is asked: the claim, its effect (None: the pilot's own posterior), the probability wanted.
    verdicts
        What an effect of that size is called, whose rate is shown: within the region of practically none that comes
        first.
    table
        One row per design: questions, samples, models, responses (of all models), sd of the estimate, rate, and
        its 90% range over the pilot's posterior.
    best
        The design with the fewest responses that reaches the probability, or, for a fixed number of responses, with the
        highest rate; None where none does.
    notes
        Sentences.
    """

    claim: str
    effect: float | None
    wanted: float
    table: pd.DataFrame
    best: dict[str, Any] | None
    notes: tuple[str, ...]
    verdicts: tuple[str, ...] = (SUPPORTED,)

    def said(self) -> str:
        """One line."""
        return f"{clean(self.claim)}: {super().said()}"

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "claim": self.claim,
            "effect": self.effect,
            "probability": self.wanted,
            "verdicts": list(self.verdicts),
            "best": self.best,
            "notes": list(self.notes),
            "designs": self.table.to_dict("records"),
        }


@listed("questions", "samples", "models")
def plan(
    study: Study,
    claim: str | Claim,
    *,
    effect: float | None = None,
    probability: float = 0.8,
    questions: Sequence[int] | None = None,
    samples: Sequence[int] | None = None,
    models: Sequence[int] | None = None,
    responses: int | None = None,
    draws: int = 100,
) -> Design:
    """How many questions, samples and models let a claim be decided.

    Parameters
    ----------
    study
        The pilot.
    claim
        A claim that has a design, or its name: those about halves, length or size.
    effect
        Size of the claim's quantity to be found; None: what the pilot's posterior says, draw by draw.
    probability
        How probable the decision should be.
    questions, samples, models
        Designs to be compared; default: a range, the pilot's number of models.
    responses
        A fixed total number of responses, split between questions and samples: `questions` then follow from `samples`.

    Raises
    ------
    NotTestable
        If the pilot cannot speak to the claim, or has fewer than 200 draws.
    BadInput
        For numbers that make no design.
    """
    import pandas as pd

    about = find_claims([claim])[0]
    checked_number("The probability of a decision", probability, "between 0 and 1", beyond=True, under=1)
    if effect is not None:
        effect = checked_number("The effect", effect, "its size where the claim holds, a number above 0", beyond=True)
    if effect is not None and effect > about.most:
        raise BadInput(f"The effect is {effect:g}, and none of {about.name} is above {about.most:g}.")
    if about.design is None or about.region is not None:  # one of equality is not called by its direction
        known = ", ".join(one.name for one in CATALOGUE.values() if one.design is not None and one.region is None)
        raise NotTestable(f"No design for the claim {about.name!r} is known; there are designs for {known}.")
    questions, samples, models = (
        _sizes(what, counts) for what, counts in (("questions", questions), ("samples", samples), ("models", models))
    )
    _sizes("responses", None if responses is None else [responses])
    need_draws(study.draws * study.chains, least=INDEPENDENT)
    try:
        c = _as_seen(study, about, about.design(study, draws))
    except NotTestable as reason:
        raise NotTestable(f"{reason} {reason.remedy or f'It needs {about.needs}.'}") from None
    least = int(np.ceil(2 / c.share)) if c.share == 1 else 6
    samples = [n for n in (samples or SAMPLES) if n >= least]
    models = list(models or [c.models])
    if c.spread > 0 and min(models) < 4:
        raise BadInput("A slope over model size needs at least 4 models.")
    if not samples or min(models) < 1:
        raise BadInput(f"There is no design to compare: at least {least} samples and one model are needed.")
    verdicts = (SUPPORTED,) if effect is None else called(about, effect)
    rows = []
    for k in models:
        for n in samples:
            fixed = [] if responses is None else [responses // (n * k)]
            for q in fixed if responses is not None else (questions or QUESTIONS):
                if q < max(3, c.bins):
                    continue
                error, df = standard_error(c, q, n, k)
                if effect is None:
                    rate = supported_rate(error, df, c.effect, about.negligible)
                else:
                    rate = called_rate(about, effect, error, df)
                low, high = np.quantile(rate, [0.05, 0.95])
                numbers = (q, n, k, q * n * k, float(error.mean()), float(rate.mean()), float(low), float(high))
                rows.append(numbers)
    names = ["questions", "samples", "models", "responses", "sd", "rate", "rate_low", "rate_high"]
    if not rows:
        raise BadInput("No design is left to compare: there are too few responses for the samples asked for.")
    table = pd.DataFrame(rows, columns=names)
    enough = table if responses is not None else table[table["rate"] >= probability]
    best: dict[str, Any] | None = None
    if len(enough):
        key = ["rate", "questions"] if responses is not None else ["responses", "samples"]
        row = enough.sort_values(key, ascending=responses is None).iloc[0]
        best = {name: float(row[name]) for name in names}
        best |= {name: int(best[name]) for name in ("questions", "samples", "models", "responses")}
    notes = _notes(study, c, about, effect, probability, best, verdicts)
    return Design(about.name, effect, probability, table, best, notes, verdicts)


def _sizes(what: str, counts: Sequence[int] | None) -> list[int]:
    """Numbers of questions, samples, models or responses, none for None; `BadInput` where they are not."""
    if counts is None:
        return []
    if not isinstance(counts, Iterable) or isinstance(counts, str):
        raise BadInput(f"{what} is {counts!r}; give a list of whole numbers from 1.")
    found = [checked_count(f"The number of {what}", count) for count in counts]
    if max(found, default=0) > MOST:
        raise BadInput(f"The number of {what} is {max(found):,}; designs are of {MOST:,} at most.")
    return found


def _as_seen(study: Study, claim: Claim, c: Components) -> Components:
    """Components scaled to the posterior's own error in the pilot, as a verdict's `would_decide` has them."""
    try:
        quantity, _ = of_questions(study, claim, claim.quantity(study, "like-these"))
    except NotTestable:
        return c
    smallest = smallest_of(claim, quantity.draws)
    return as_shown(c, smallest, samples_now(study))


def _notes(
    study: Study,
    c: Components,
    claim: Claim,
    effect: float | None,
    probability: float,
    best: dict[str, Any] | None,
    verdicts: tuple[str, ...],
) -> tuple[str, ...]:
    words = " or ".join("practically none" if v == NEGLIGIBLE else v for v in verdicts)
    what = f"an effect of {effect:g}" if effect is not None else "the effect that the pilot's posterior holds"
    if best is None:
        head = (
            f"No design compared here calls {what} {words} with probability {probability:g}; give more questions or "
            "models."
        )
    else:
        numbers = f"{best['questions']:,} questions × {best['samples']} samples × {best['models']} models"
        size = f"({best['responses']:,} responses)"
        head = f"{claim.name}: with {numbers} {size} {what} is called {words} with probability {best['rate']:.2f}."
    notes = [head]
    if NEGLIGIBLE in verdicts:
        notes[0] += f" What lies within ±{claim.negligible:.2g} counts as none."
    if effect is None:
        none = 0.0 if claim.negligible is None else float((np.abs(c.effect) < claim.negligible).mean())
        if none > 1 - THRESHOLD:
            notes.append(
                f"{none:.0%} of the pilot's posterior lies within ±{claim.negligible:.2g}, which counts as none and is "
                "not called supported."
            )
        p = float(claim.holds(claim.quantity(study, "like-these").draws).mean())
        if 1 - THRESHOLD < p < THRESHOLD:
            notes.append(
                f"The pilot cannot know the sign of its effect (P = {p:.2f}): these designs are right only by luck. "
                "Give the effect that is to be found (--effect)."
            )
    try:
        fit = claim.fit(study) if claim.fit is not None else None
    except NotTestable:
        fit = None
    gate = None if fit is None else fit.gate
    if gate is not None and not gate.passed:
        notes.append(f"The pilot's fit is not reliable: {gate.reasons[0]}.")
    notes.append(
        f"From a pilot of {c.questions:,} questions and {c.models} model{'s' if c.models > 1 else ''}: new questions "
        "are taken to be like these. The rule is the quick one, without the guards, which can only lower a verdict."
    )
    designs = "these designs, whose questions would have as many contexts more"
    return (*notes, *without_contexts(study.cells, designs))
