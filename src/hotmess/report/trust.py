"""Guards in one line, second part: evidence, null worlds, several claims, few questions, shapes of laws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotmess.claims import rates
from hotmess.words import show


def odds(value: float) -> str:
    """Odds in words that stay readable.

    >>> odds(0.25), odds(1.0), odds(1234.5)
    ('1 to 4.0', '1.0 to 1', '1,234 to 1')
    """
    large, other = (value, 1 / value if value > 0 else float("inf"))
    if large >= 1:
        return f"{large:,.1f} to 1" if large < 100 else f"{large:,.0f} to 1"
    return f"1 to {other:,.1f}" if other < 100 else f"1 to {other:,.0f}"


def factor(value: float) -> str:
    """
    >>> factor(0.0123), factor(12.345), factor(1954.5)
    ('0.012', '12', '1,954')
    """
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2g}" if value < 100 else f"{value:.0f}"


def evidence(guard: Mapping[str, Any]) -> str:
    """Odds before and after the data, and the factor for no effect."""
    bound = f"{guard['bound']} " if guard["bound"] else ""
    note = f" (all {int(guard['effective_draws']):,} effective draws agree)" if guard["bound"] else ""
    out = (
        f"for these questions the odds of the claim went from {odds(guard['prior_odds'])} before the data to {bound}"
        f"{odds(guard['posterior_odds'])} after{note}, a factor of {bound}{factor(guard['bayes_factor'])}"
    )
    point = guard.get("no_effect")
    if point is None:
        return f"{out}."
    if point["factor"] is None:
        return f"{out}; the evidence for no effect at all cannot be told (Pareto k {show(point['pareto_k'])})."
    side = "for" if point["factor"] >= 1 else "against"
    size = point["factor"] if point["factor"] >= 1 else 1 / point["factor"]
    return f"{out}; the data speak {side} no effect at all by a factor of {factor(size)} ({point['how']})."


def multiplicity(guard: Mapping[str, Any]) -> str:
    """Expected false signs among the claims decided."""
    return (
        f"of {guard['decided']} claims decided together, {guard['expected_false_signs']:.2g} are expected to have the "
        "wrong sign."
    )


def few_questions(guard: Mapping[str, Any]) -> str:
    """How far intervals are widened."""
    return (
        f"there are {guard['questions']} questions; for questions like these, distances from the median are multiplied "
        f"by {guard['widened_by']:.2f} (Student's t)."
    )


def shapes(guard: Mapping[str, Any]) -> str:
    """The laws compared: expected log predictive density and stacking weight of each."""
    rows = {k: v for k, v in guard.items() if isinstance(v, Mapping)}
    best = sorted(rows, key=lambda name: -rows[name]["elpd"])
    listed = ", ".join(f"{n} {rows[n]['elpd']:.1f} (weight {rows[n]['stacking_weight']:.2f})" for n in best)
    return f"expected log predictive density of left-out length bins, and stacking weight: {listed}."


LINES = {
    "evidence": evidence,
    "null_calibration": rates.sentence,
    "multiplicity": multiplicity,
    "few_questions": few_questions,
    "shapes": shapes,
}
NAMES = {
    "null_calibration": "Null worlds",
    "multiplicity": "Several claims",
    "few_questions": "Few questions",
    "shapes": "Shapes of the law",
}
