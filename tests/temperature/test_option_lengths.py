"""Scatter of questions' own slopes: none by chance, less under a lean and a heat, much under own lengths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hotmess.simulate import simulate
from hotmess.temperature.fit import fit_lengths
from hotmess.temperature.option_lengths import excess_scatter, option_lengths


def test_by_chance_the_excess_of_one_slot_is_nothing():
    """All orders of five answers at five lengths, without heat and lean (two units, so that nothing is fitted away)."""
    z = np.array([-2.0, -1.0, 0.5, 1.0, 1.5])
    slot = np.zeros(5, int)
    total = []
    for order in set(itertools.permutations([0, 0, 1, 1, 2])):
        answer = np.array(order)
        p = np.bincount(answer) / 5
        left = np.bincount(answer, z)
        total.append((left**2 / p).sum() / (z**2).sum())
    assert np.mean(total) == pytest.approx(2 * 5 / 4)
    own = excess_scatter(z, np.array([0, 1, 0, 1, 2]), slot, slot, 3)
    assert -1 - 1e-9 <= own < -0.99  # heat and lean fit the two slopes of a single slot whole


def _responses(rng: np.random.Generator, logits: np.ndarray, slots: int, n: int) -> tuple[np.ndarray, ...]:
    """z, answers and slots; logits: (slots, n, K) given z."""
    answer = (logits + rng.gumbel(size=logits.shape)).argmax(-1)
    return answer.ravel(), np.repeat(np.arange(slots), n)


@pytest.mark.parametrize(("heat", "lean", "own"), [(0.0, 0.0, 0.0), (0.3, 0.0, 0.0), (0.0, -0.6, 0.0), (0.0, 0.0, 0.8)])
def test_only_own_slopes_scatter(heat, lean, own):
    rng = np.random.default_rng(7)
    slots, n, k = 1500, 20, 4
    z = rng.normal(size=(slots, n))
    z -= z.mean(axis=1, keepdims=True)
    scores = rng.normal(size=(slots, 1, k)) + np.array([1.0, 0, 0, 0])
    right = np.arange(k) == 0
    logits = (scores + lean * z[..., None] * right) / np.exp(heat * z[..., None])
    logits = logits + own * rng.normal(size=(slots, 1, k)) * z[..., None]
    answer, slot = _responses(rng, logits, slots, n)
    found = excess_scatter(z.ravel(), answer, slot, np.zeros(slots * n, int), k)
    assert (found > 0.3) if own else (-0.2 < found < 0.05)  # what z explains, chance does not scatter


@pytest.mark.parametrize(("world", "fires"), [("wrong-shorter", False), ("option-lengths", True)])
def test_the_check_of_a_fit(world, fires):
    table = simulate(world, seed=3, questions=60, samples=20, budgets=2).table
    found = option_lengths(fit_lengths(table, engine="fast", seed=3, draws=200, points=32), draws=99)
    assert (found.p <= 0.01) == fires and len(found.replicated) == 99
    assert 0.01 <= found.p <= 1
