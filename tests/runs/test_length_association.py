"""The contrasts as sums over responses: their values, and the bound against exact reweighting of a small world."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hotmess.responses.validate import validate
from hotmess.runs.length_association import within_association
from hotmess.runs.within_question import within_question
from hotmess.simulate import simulate


@pytest.fixture(scope="module")
def arranged():
    return within_question(validate(simulate("wrong-shorter", seed=2, questions=150, samples=20, budgets=1).table))


def test_the_sum_is_the_contrast_to_first_order(arranged):
    own = within_association(arranged).by_question()
    estimate = arranged.estimate()
    assert own.sum() == pytest.approx(estimate.value, abs=0.5 * estimate.error)
    assert np.sqrt(((own - own.mean()) ** 2).sum()) == pytest.approx(estimate.error, rel=0.25)


def test_the_sum_over_halves_is_their_difference_of_incoherence(arranged):
    from hotmess.estimates.sides import halves_estimate
    from hotmess.laws.contrast import halved_cells

    table = simulate("wrong-shorter", seed=2, questions=150, samples=20, budgets=1).table
    halves = halves_estimate(halved_cells(validate(table)))
    assert within_association(arranged, halves=True).by_question().sum() == pytest.approx(
        halves.value, abs=halves.error
    )


def incoherence(p: np.ndarray) -> float:
    """Of one question, the first answer right."""
    return float((1 - p @ p) / (2 * (1 - p[0])))


def exact(p: np.ndarray, gamma: float, *, low: bool) -> float:
    """The least (most) incoherence of answers p weighed by w in [a, b] of mean 1, on a grid of such weights."""
    a, b = (1 + 1 / gamma) / 2, (1 + gamma) / 2
    found = []
    for w in itertools.product(np.linspace(a, b, 41), repeat=2):
        last = (1 - p[0] * w[0] - p[1] * w[1]) / p[2]
        if a - 1e-9 <= last <= b + 1e-9:
            found.append(incoherence(p * np.array([*w, last])))
    return min(found) if low else max(found)


@pytest.mark.parametrize("gamma", [1.1, 1.3, 1.6])
def test_first_order_is_near_the_exact_bound(gamma):
    """One question answered many times, equally at both lengths: brute force over the weights of either side."""
    import pandas as pd

    p, n = np.array([0.55, 0.3, 0.15]), 400
    answers = np.repeat(np.arange(3), (p * n).astype(int))
    order = np.random.default_rng(0).permutation(n)
    half = np.r_[answers[order], answers[order]]
    table = pd.DataFrame({"answer": half, "reasoning_tokens": np.r_[100 + np.arange(n), 1000 + np.arange(n)]})
    table = table.assign(benchmark="b", model="m", question="q", sample=np.arange(2 * n), target=0, n_choices=3)
    found = within_association(within_question(validate(table)), halves=True)
    bound = incoherence(p) - exact(p, gamma, low=True) + exact(p, gamma, low=False) - incoherence(p)
    assert found.bias(gamma).sum() == pytest.approx(bound, rel=0.12)
