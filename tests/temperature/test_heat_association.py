"""The heat as a sum over responses: near the posterior where the model holds, and nearly nothing without an effect."""

from __future__ import annotations

import numpy as np
import pytest

from hotmess.errors import NotTestable
from hotmess.simulate import simulate
from hotmess.temperature.fit import fit_lengths
from hotmess.temperature.heat_association import heat_association
from hotmess.temperature.scalars import hotter_with_length


def fitted(world: str, **changes: float):
    table = simulate(world, seed=5, questions=60, samples=20, budgets=2, **changes).table
    return fit_lengths(table, engine="fast", seed=5, draws=200, points=32)


@pytest.mark.parametrize("heat", [0.0, 0.2])
def test_one_step_is_near_the_posterior(heat):
    fit = fitted("natural-only", heat_nat=heat)
    found = heat_association(fit).by_question()
    draws = hotter_with_length(fit, "these").draws
    assert found.sum() == pytest.approx(np.median(draws), abs=draws.std())
    assert np.sqrt(((found - found.mean()) ** 2).sum()) == pytest.approx(draws.std(), rel=0.35)


def test_its_strata_are_cells_at_a_budget():
    found = heat_association(fitted("natural-only"))
    assert found.stratum.max() + 1 == 120 and found.question.max() + 1 == 60
    assert len(found.phi) == 60 * 2 * 20


@pytest.mark.slow
def test_without_natural_variation_there_is_none():
    table = simulate("budget-only", seed=1, questions=40, samples=10, budgets=2).table
    table["reasoning_tokens"] = table.groupby(["question", "budget"])["reasoning_tokens"].transform("first")
    with pytest.raises(NotTestable, match="do not vary"):
        heat_association(fit_lengths(table, engine="fast", seed=1, draws=120, points=16))
