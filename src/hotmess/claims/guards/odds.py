"""Odds of a claim before and after the data, and the evidence for no effect; they decide nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.inference.evidence import direction_odds
from hotmess.words import show

DRAWS = 20_000  # of the prior that the model induces on a quantity


class Odds(Guard):
    """Prior and posterior odds for these questions, where a claim has a prior."""

    name, title = "evidence", "Evidence"

    def run(self, case: Case) -> Finding | None:
        claim, study = case.claim, case.study
        if claim.prior is None:
            return None
        draws = case.quantity.draws if case.population == "these" else case.other.draws
        prior = claim.prior(study, np.random.default_rng([study.seed, 67]), DRAWS)
        record = direction_odds(claim.holds(draws), claim.holds(prior)).record()
        if claim.point is not None:
            record["no_effect"] = claim.point(study).record()
        return Finding(self, record)

    def line(self, record: Any, units: str) -> str:
        bound = f"{record['bound']} " if record["bound"] else ""
        note = f" (all {int(record['effective_draws']):,} effective draws agree)" if record["bound"] else ""
        out = (
            f"for these questions the odds of the claim went from {odds(record['prior_odds'])} before the data to "
            f"{bound}{odds(record['posterior_odds'])} after{note}, a factor of {bound}{factor(record['bayes_factor'])}"
        )
        point = record.get("no_effect")
        if point is None:
            return f"{out}."
        if point["factor"] is None:
            return f"{out}; the evidence for no effect at all cannot be told (Pareto k {show(point['pareto_k'])})."
        side = "for" if point["factor"] >= 1 else "against"
        size = point["factor"] if point["factor"] >= 1 else 1 / point["factor"]
        return f"{out}; the data speak {side} no effect at all by a factor of {factor(size)} ({point['how']})."


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
