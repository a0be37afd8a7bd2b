"""Responses whose second side is hotter, and a claim under test, for the tests of what claims carry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hotmess.claims.claim import Case, Claim, Quantity
from hotmess.claims.rule import SUPPORTED, Probability
from hotmess.inference.gate import Gate


def sided(seed: int = 0) -> pd.DataFrame:
    """Letters drawn hotter where length, budget and condition are on their second side."""
    rng = np.random.default_rng(seed)
    rows = []
    for q in range(30):
        scores = rng.normal(0, 1.5, 4) + 0.5 * np.eye(4)[0]
        for side, (budget, condition, heat) in enumerate((("low", "plain", 0.5), ("high", "after", 2.0))):
            p = np.exp(scores / heat) / np.exp(scores / heat).sum()
            for i, answer in enumerate(rng.choice(4, 8, p=p)):
                rows.append((f"q{q}", budget, condition, side * 8 + i, answer, 100 * 4**side + i))
    columns = ["question", "budget", "condition", "sample", "answer", "reasoning_tokens"]
    return pd.DataFrame(rows, columns=columns).assign(model="m", target=0, n_choices=4)


def case(study: Any, claim: Claim, value: float = 1.0) -> Case:
    quantity = Quantity(np.full((4, 100), value), Gate(), "")
    return Case(study, claim, "these", 0.9, quantity, quantity, Gate(), Probability(1, 1, 1, 400), 1.0, SUPPORTED)
