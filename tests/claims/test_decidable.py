"""What the data could show and what would decide: closed forms, the design's own rates, how a verdict shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import hotmess as hm
from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.decidable import MOST, POWER, smallest_effect, would_decide
from hotmess.claims.study import Study
from hotmess.claims.test import test_claim as run_claim
from hotmess.design.decision import decision_rate, standard_error
from hotmess.inference.gate import Gate
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


@pytest.mark.parametrize("df", [3, 10, 1e6])
def test_the_smallest_effect_of_a_t_posterior(df: float) -> None:
    """(t at 0.975 + z at 0.8 × sd of the middle) × scale, whatever the posterior's place."""
    p = (np.arange(200_000) + 0.5) / 200_000
    draws = 5 + 0.3 * stats.t.ppf(p, df).reshape(4, -1)
    one_sd = stats.t.ppf(stats.norm.cdf(1), df)
    exact = 0.3 * (stats.t.ppf(0.975, df) + stats.norm.ppf(0.8) * one_sd)
    assert smallest_effect(draws) == pytest.approx(exact, rel=1e-3) == pytest.approx(smallest_effect(-draws), rel=1e-3)
    assert smallest_effect(np.array([[np.nan, 1.0]])) is None


@pytest.fixture(scope="module")
def study() -> Study:
    world = simulate("neither", seed=4, questions=40, samples=12, budgets=1)
    return Study(validate(world.table), seed=1, draws=250)


def test_what_would_decide_is_the_least_that_the_design_finds_enough(study: Study) -> None:
    claim = CATALOGUE["natural-overthinking"]
    effect = smallest_effect(claim.quantity(study, "like-these").draws)
    assert effect is not None and claim.design is not None
    c = claim.design(study, 40)
    error, df = standard_error(c, c.questions, 12)
    assert 0.6 < decision_rate(error, df, effect).mean() < 0.95  # the same by the design's arithmetic
    found = would_decide(study, claim, effect / 2)
    assert found is not None and found.now == {"questions": 40, "samples": 12}
    for what, n in found.needed.items():
        assert n is None or n > found.now[what]
        for number, enough in ((MOST[what], False),) if n is None else ((n, True), (n - 1, False)):
            design = {**found.now, what: number}
            error, df = standard_error(c, design["questions"], design["samples"])
            assert bool(decision_rate(error, df, effect / 2).mean() >= POWER) is enough
    questions = found.needed["questions"]
    assert questions is not None and 3 < questions / 40 < 5  # half the effect takes about four times the questions
    assert "by" in found.sentence() and "instead of 40" in found.sentence()
    assert would_decide(study, CATALOGUE["thirty-samples-suffice"], 0.1) is None


def test_a_verdict_says_it_and_prints_short(study: Study) -> None:
    verdict = hm.test("natural-overthinking", study)
    assert verdict.verdict in ("inconclusive", "negligible", "supported", "contradicted")
    record = verdict.record()
    assert record["smallest_effect"] == pytest.approx(verdict.smallest_effect)
    assert "What these data could show" in dict(verdict.lines())
    assert repr(verdict).startswith("natural-overthinking: ") and len(repr(verdict)) < 120
    wide = np.random.default_rng(1).normal(1, 1, (4, 500))
    own = Claim("a<b>", "", "<script>", "it", lambda s, p: Quantity(wide, Gate(), "<i>one</i>"), "nothing")
    open_ = run_claim(study, own)
    assert open_.brief()[-1].startswith("These data could show an effect of 2.")
    page = open_._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page and "<i>" not in page and "a&lt;b&gt;" in page
    never = run_claim(study, replace(own, region=(-9.0, 9.0)))
    assert never.smallest_effect is None and never.could() == ""


def test_none_tests_every_claim() -> None:
    table = simulate("beta", seed=1, questions=6, samples=3).table
    verdicts = hm.test(None, validate(table), draws=50)
    assert [v.claim.name for v in verdicts] == list(CATALOGUE)
    assert repr(verdicts[0]) == "incoherence-rises-with-length: not testable"
