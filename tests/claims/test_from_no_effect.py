"""Where options have lengths of their own a direction of heat must show from no effect too, without the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Case, Quantity
from hotmess.claims.kinds.option_length import FromNoEffect
from hotmess.claims.rule import CONTRADICTED, INCONCLUSIVE, SUPPORTED, Probability
from hotmess.claims.study import Study
from hotmess.inference.gate import Gate
from hotmess.responses.validate import validate
from hotmess.simulate import simulate
from hotmess.temperature.option_lengths import OptionLengths
from hotmess.temperature.score import heat_score

CLAIM = CATALOGUE["answers-get-hotter-with-length"]


def case(world: str, seed: int, *, scatter: bool, verdict: str = SUPPORTED) -> Case:
    """A verdict on a world's data, and whether questions' own slopes scatter by more than chance."""
    study = Study(validate(simulate(world, seed=seed, questions=60, budgets=2, samples=20).table))
    study.made["option lengths"] = OptionLengths(1.0 if scatter else -1.0, np.zeros(199))
    quantity = Quantity(np.full((4, 50), 0.3), Gate(), "m on b")
    p = Probability(0.99, 0.985, 0.995, 2000.0)
    return Case(study, CLAIM, "like-these", 0.9, quantity, quantity, Gate(), p, 0.99, verdict)


def test_of_lengths_of_options_what_the_posterior_calls_hotter_is_open_from_no_effect() -> None:
    """A data set without heat of which the posterior alone is sure, at P 0.9825."""
    made = case("option-lengths", 3, scatter=True)
    found = FromNoEffect().run(made)
    score = heat_score(made.study.responses.table, length="reasoning_tokens", unparsable="wrong")
    assert found is not None and score is not None
    e = score.estimate()
    assert found.record["probability"] == stats.t.cdf(e.value / e.error, e.df) < 0.975
    assert found.reasons and "from no effect" in found.reasons[0] and not found.record["passed"]
    smallest = (stats.t.ppf(0.975, e.df) + stats.norm.ppf(0.8)) * e.error
    assert found.record["claimed"] == 0.3 > smallest > e.value
    far, near = (FromNoEffect().remedy(found.record | {"claimed": c}) for c in (-0.3, 0.9 * smallest))
    assert f"the model says -0.3, and without it these data, which could show {smallest:.2g} or more, show" in far
    assert near.startswith(f"Ask more questions: from no effect these show one of {smallest:.2g} or more")
    assert "asked for" in found.line("questions") and FromNoEffect.lowers == INCONCLUSIVE
    for other in (case("option-lengths", 3, scatter=False), replace(made, verdict=INCONCLUSIVE)):
        left = FromNoEffect().run(other)
        assert left is not None and not left.reasons, "nothing is held back that need not be"


@pytest.mark.parametrize(("verdict", "stands"), [(SUPPORTED, True), (CONTRADICTED, False)])
def test_a_true_heat_stands_whatever_the_lengths_of_options(verdict: str, stands: bool) -> None:
    found = FromNoEffect().run(case("natural-only", 1, scatter=True, verdict=verdict))
    assert found is not None and (not found.reasons) == stands == found.record["passed"]
    assert found.record["estimate"] == pytest.approx(0.3, abs=0.25)
