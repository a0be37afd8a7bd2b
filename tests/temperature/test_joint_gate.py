"""What the joint model says of itself where it did not converge: words of the field, and options that exist."""

from __future__ import annotations

import re

import pytest

from hotmess.simulate import simulate
from hotmess.temperature.fit import fit_lengths
from hotmess.temperature.ready import DRAW_MORE, DRAWS, FULL, WARMUP, draws_of


@pytest.mark.slow
def test_too_few_draws_of_the_slow_engine_name_quantities_and_models() -> None:
    responses = simulate("natural-only", seed=2, questions=12, budgets=2, samples=4).table
    fit = fit_lengths(responses, engine="nuts", pool=True, seed=1, draws=20, warmup=20)
    said = " ".join(fit.gate.reasons)
    assert not fit.gate.passed and not re.search(r"theta|scales|sigma|mu\b|_|\[", said), said
    models = set(fit.labels)
    assert any(f"the spread over questions of the right answer's score in {model}" in said for model in models)


def test_more_draws_than_the_default_reach_the_joint_model() -> None:
    asked = [int(n) for n in re.findall(r"--\w+ (\d+)", DRAW_MORE)]
    assert len(asked) == 2 and draws_of(asked[0]) == 2 * DRAWS and draws_of(asked[1], WARMUP) == 2 * WARMUP
    assert draws_of(FULL) == draws_of(DRAWS) == DRAWS and draws_of(50) == 50
