"""The check that scores are the same over budgets passes where they are and fails where they are not."""

import numpy as np
import pandas as pd
import pytest

from hotmess.errors import NotTestable
from hotmess.simulate import simulate
from hotmess.temperature.checks import _agreement, budget_agreement
from hotmess.temperature.fit import fit_lengths


def test_agreement_by_hand():
    cell = np.array([0, 0, 0, 0, 1, 1])
    level = np.array([0, 0, 1, 1, 0, 1])
    answer = np.array([0, 1, 0, 0, 2, 1])  # first question: half of the pairs agree; second: none
    assert _agreement(answer, cell, level, 2, 3) == pytest.approx(0.25)


def test_other_favourites_at_another_budget_are_seen():
    table = simulate("budget-only", seed=1, questions=60, budgets=2, samples=20, ability=0.5, favourite=2.0).table
    same = budget_agreement(fit_lengths(table, engine="fast", seed=1, draws=110, points=32), draws=60)
    assert 0.025 < same.share < 0.999 and "no sign" in same.sentence
    rng = np.random.default_rng(0)
    shift = pd.Series(rng.integers(0, 3, 60), index=sorted(table["question"].unique()))
    moved = (table["answer"] - table["target"]) % 4
    other = np.where(moved > 0, 1 + (moved - 1 + table["question"].map(shift)) % 3, 0)  # wrong answers change places
    change = (table["budget"] == "budget-1") & (moved > 0)
    turned = table.assign(answer=np.where(change, (other + table["target"]) % 4, table["answer"]))
    differs = budget_agreement(fit_lengths(turned, engine="fast", seed=1, draws=110, points=32), draws=60)
    assert differs.share < 0.025 and "by assignment" in differs.sentence


@pytest.mark.slow
def test_one_budget_has_nothing_to_agree_with():
    table = simulate("neither", seed=1, questions=60, budgets=1, samples=20).table
    fit = fit_lengths(table, engine="fast", seed=1, draws=25, points=32)
    with pytest.raises(NotTestable, match="no two budgets"):
        budget_agreement(fit)
