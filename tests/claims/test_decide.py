"""The rule that decides: every branch, and that no guard raises a verdict."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hotmess.claims.api import as_study
from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.guards.of_draws import FewQuestions
from hotmess.claims.guards.without_model import NegativeControl
from hotmess.claims.rule import (
    CONTRADICTED,
    INCONCLUSIVE,
    NEGLIGIBLE,
    NOT_TESTABLE,
    SUPPORTED,
    Probability,
    decide,
    probability,
)
from hotmess.claims.study import Study
from hotmess.claims.test import find_claims, test_claim, test_claims
from hotmess.errors import BadInput, NotTestable
from hotmess.estimates.control import Control, Stated, run_control
from hotmess.estimates.estimate import Estimate
from hotmess.inference.gate import Gate
from hotmess.responses.validate import validate
from hotmess.simulate import simulate
from hotmess.statements.effective import Effective

run_claim, run_claims = test_claim, test_claims
del test_claim, test_claims  # names that would be collected


def p(value, width=0.004):
    return Probability(value, max(value - width, 0), min(value + width, 1), 2000.0)


@pytest.mark.parametrize(
    ("value", "width", "other", "verdict", "reason"),
    [
        (0.99, 0.004, 0.9, SUPPORTED, None),
        (0.01, 0.004, 0.1, CONTRADICTED, None),
        (0.975, 0.0, 0.9, INCONCLUSIVE, "lies between"),
        (0.025, 0.0, 0.1, INCONCLUSIVE, "lies between"),
        (0.5, 0.004, 0.5, INCONCLUSIVE, "lies between"),
        (0.978, 0.004, 0.9, INCONCLUSIVE, "does not clear"),
        (0.022, 0.004, 0.1, INCONCLUSIVE, "does not clear"),
        (0.99, 0.004, 0.5, INCONCLUSIVE, "opposite sign"),
        (0.99, 0.004, 0.3, INCONCLUSIVE, "opposite sign"),
        (0.01, 0.004, 0.6, INCONCLUSIVE, "opposite sign"),
        (0.978, 0.004, 0.3, INCONCLUSIVE, "does not clear"),
    ],
)
def test_the_rule(value, width, other, verdict, reason):
    got, reasons = decide(p(value, width), other, gate=Gate())
    assert got == verdict
    assert (reasons == ()) if reason is None else (reason in reasons[0])


@pytest.mark.parametrize("value", [0.999, 0.5, 0.001])
def test_a_closed_gate_is_not_testable_whatever_the_posterior_says(value):
    gate = Gate(("R-hat of x is 1.2",))
    assert decide(p(value), 0.9, gate=gate) == (NOT_TESTABLE, gate.reasons)


def test_two_reasons_are_both_told():
    assert len(decide(p(0.978), 0.3, gate=Gate())[1]) == 2
    assert decide(p(0.5), 0.5, gate=Gate(), few="too few")[1][0] == "too few"


def test_a_probability_is_never_certain_and_has_a_jeffreys_interval():
    sure = probability(np.ones((4, 500), bool))
    assert sure.value == 1 and sure.low == pytest.approx(stats.beta.ppf(0.025, 2000.5, 0.5)) and sure.low < 1
    holds = np.random.default_rng(0).random((4, 500)) < 0.3
    some = probability(holds)
    n = some.effective
    assert 1000 < n <= 2000
    np.testing.assert_allclose(
        (some.low, some.high), stats.beta.ppf([0.025, 0.975], holds.mean() * n + 0.5, (1 - holds.mean()) * n + 0.5)
    )
    sticky = probability(np.repeat(holds[:, :50], 10, axis=1))
    assert sticky.effective < 500 and sticky.high - sticky.low > some.high - some.low


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (Estimate(1.0, 0.5, 4), stats.t.cdf(2, 4)),
        (Estimate(1.0, 0.5), stats.norm.cdf(2)),
        (Estimate(np.nan, np.nan), 0.5),
        (Estimate(1.0, 0.0), 0.5),
    ],
)
def test_the_probability_of_a_quick_estimate(estimate, expected):
    assert estimate.probability == pytest.approx(expected)


def test_a_control_counts_ranks_and_calls():
    permuted = [Estimate(v, 1.0, 10) for v in (-3.0, 0.0, 1.0, 3.0)]
    control = run_control("x", Estimate(1.0, 1.0, 10), permuted)
    assert (control.rank, control.permutations, control.supported, control.passed) == (3, 4, 0.25, False)
    assert run_control("x", Estimate(9.0, 1.0, 10), permuted[:3]).passed
    assert run_control("x", Estimate(np.nan, np.nan), [Estimate(np.nan, np.nan)]).rank == 2
    said = NegativeControl().line(control.record(), "questions")
    assert "4 permutations through the estimate without a model, not the statement itself: the real" in said
    through = run_control("x", Stated(0.9), [Stated(0.5), Stated(0.99)])
    assert (through.rank, through.supported) == (2, 0.5)
    assert "2 permutations through the statement: the real" in NegativeControl().line(through.record(), "questions")


# --- guards ------------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(1)
UP = RNG.normal(4, 1, (4, 500))
STUDY = Study(validate(simulate("beta", seed=1, questions=50, samples=3).table))
FEW = Study(validate(simulate("beta", seed=1, questions=5, samples=3).table))


def claim(draws=UP, *, other=None, gate=None, **guards):
    def quantity(study, population):
        return Quantity(
            draws if population == "like-these" or other is None else other, gate or Gate(), "one model", {"m": draws}
        )

    return Claim("a-claim", "nowhere", "this holds", "a number", quantity, "nothing", **guards)


def control(supported):
    return lambda study, seed: Control("labels permuted", 1.0, 99, 1, supported)


def test_a_supported_claim_says_so_with_its_number():
    verdict = run_claim(STUDY, claim(), interval=0.8)
    assert verdict.verdict == SUPPORTED and verdict.probability == (UP > 0).mean()
    assert (verdict.low, verdict.median, verdict.high) == pytest.approx(np.quantile(UP, [0.1, 0.5, 0.9]))
    assert verdict.sentence.startswith("Supported: this holds. A number: ")
    assert "80% interval" in verdict.sentence and verdict.sentence.endswith("for questions like these: one model.")
    record = verdict.record()
    assert record["models"][0]["name"] == "m" and record["population"] == "like-these" and record["metric"] == "brier"


def test_few_questions_widen_what_is_said_of_questions_like_these():
    got, these = (run_claim(FEW, claim(), interval=0.8, population=p) for p in ("like-these", "these"))
    found = got.guards["few_questions"]
    df = found["questions"] - 1
    assert found["effective"] == found["implied"] == df < 8 and not found["passed"]
    assert got.verdict == INCONCLUSIVE and "few questions" in got.sentence
    factor = stats.t.ppf(0.9, df) / stats.norm.ppf(0.9) * np.sqrt((df + 2) / df)
    assert got.high - got.median == pytest.approx(factor * (these.high - these.median), rel=0.02)
    assert (these.low, these.high) == pytest.approx(np.quantile(UP, [0.1, 0.9]))
    one = Study(validate(simulate("beta", seed=1, questions=1, samples=3).table))
    assert run_claim(one, claim()).verdict == NOT_TESTABLE


@pytest.mark.parametrize(("implied", "z", "apart", "few", "parted"), [
    (60.0, 5.0, 1.0, False, True),
    (60.0, 5.0, 0.1, False, False),  # certain, and too small to matter
    (60.0, 1.0, 1.0, False, False),
    (7.9, 1.0, 0.0, True, False),
])  # fmt: skip
def test_a_settled_statement_says_how_far_it_parted_and_how_few_questions_carry_it(implied, z, apart, few, parted):
    effective = Effective(40.0, implied, 50, z, apart, 0.84)

    def quantity(study, population):
        own = effective if population == "like-these" else None
        return Quantity(UP, Gate(), "one model", {"m": UP}, effective=own)

    made = replace(claim(estimate=lambda study: Estimate(4.0, 1.0, 49)), quantity=quantity)
    got = run_claim(STUDY, made)
    assert got.verdict == (INCONCLUSIVE if few else SUPPORTED)
    assert got.probability == pytest.approx((UP > 0).mean(), abs=0.002)
    found = got.guards["agreement"]
    assert found["passed"] and found["parted"] == parted
    said = dict(got.lines())
    assert ("84% is taken off" in said["Agreement"].replace("\n", " ")) == parted
    assert got.guards["few_questions"]["passed"] != few and "as if they were 40 of 50" in said["Effective questions"]
    even = FewQuestions().line({"effective": 26.0, "implied": 12.0, "questions": 24, "passed": True}, "questions")
    assert "sit on questions as evenly as on 24 (the fitted model implies 12)" in even and "with 26 degrees" in even


@pytest.mark.parametrize(("df", "sd", "few"), [
    (7.0, 1.0, True),  # all of the variance is one over questions, known to 7 degrees of freedom
    (7.0, 0.9, False),  # 0.81 of it: 7/0.81² = 10.7
    (2.0, 0.7, True),  # 0.49 of it: 2/0.49² = 8.3 where the sample is asked, 1/0.49² where the model is
    (9.0, 3.0, False),  # more than all of it counts as all
])  # fmt: skip
def test_a_law_decides_nothing_where_few_questions_carry_its_variance(df, sd, few):
    own = Quantity(UP.mean() + sd * (UP - UP.mean()), Gate(), "", effective=Effective(df, df / (1 + (df == 2)), 50))
    law = replace(claim(), these_models=lambda study, population: (own, 6), widened=False)
    got, these = (run_claim(STUDY, law, population=p) for p in ("like-these", "these"))
    assert got.verdict == (INCONCLUSIVE if few else SUPPORTED) and these.verdict == SUPPORTED
    found = got.guards["few_questions"]
    share = min(1.0, sd**2)
    assert found["effective"] == pytest.approx(df / share**2) and found["share"] == pytest.approx(share)
    assert found["passed"] != few and "few_questions" not in these.guards
    said = dict(got.lines())["Effective questions"].replace("\n", " ")
    assert f"{share:.0%} of its variance" in said
    assert ("errors sit on few questions" in got.sentence and "Ask more questions" in got.next_step) == few


def test_a_statement_over_questions_without_influences_of_its_own_counts_those_of_the_estimate():
    made = replace(claim(estimate=lambda study: Estimate(4.0, float(UP.std()), 6.0)), by_questions=True)
    got = run_claim(STUDY, made)
    assert got.verdict == INCONCLUSIVE and got.guards["few_questions"]["effective"] == pytest.approx(6.0)
    wide = replace(claim(estimate=lambda study: Estimate(4.0, float(UP.std()) / 2, 6.0)), by_questions=True)
    assert run_claim(STUDY, wide).verdict == SUPPORTED


@pytest.mark.parametrize("across", ["model", "response"])
def test_sides_decoded_differently_are_not_testable(across):
    table = simulate("beta", seed=1, questions=50, samples=3, models=2).table
    by = table["model"] if across == "model" else table["sample"]
    study = Study(validate(table.assign(temperature=np.where(by == by.iloc[0], 0.7, 1.0))))
    assert run_claim(study, claim()).verdict == SUPPORTED
    got = run_claim(study, claim(across=("budget", across)))
    assert got.verdict == NOT_TESTABLE and got.median is None and "decoded at different temperature" in got.sentence
    assert "0.7" in got.guards["decoding"]["differ"][0] and not got.guards["decoding"]["passed"]
    alike = Study(validate(table.assign(temperature="0.7", top_p=np.nan)))
    assert run_claim(alike, claim(across=(across,))).verdict == SUPPORTED


def test_a_contradicted_claim():
    assert run_claim(STUDY, claim(-UP)).verdict == CONTRADICTED


@pytest.mark.parametrize(
    ("what", "verdict", "words"),
    [
        (claim(UP - 3.5), INCONCLUSIVE, "lies between"),
        (claim(other=-UP), INCONCLUSIVE, "opposite sign"),
        (claim(UP[:, :20]), NOT_TESTABLE, "of the claim's quantity (a number) is"),
        (claim(UP + 50 * np.arange(4)[:, None]), NOT_TESTABLE, "R-hat"),
        (claim(np.where(UP > 6, np.nan, UP)), NOT_TESTABLE, "finite number"),
        (claim(other=UP[:, :20]), NOT_TESTABLE, "of the claim's quantity (a number) is"),
        (claim(gate=Gate(("3 divergent transitions",), {}, 3)), NOT_TESTABLE, "divergent"),
        (claim(control=control(0.11)), NOT_TESTABLE, "called supported in 11%"),
        (claim(estimate=lambda s: Estimate(-4.0, 1.0)), INCONCLUSIVE, "unbiased estimate"),
        (claim(-UP, estimate=lambda s: Estimate(4.0, 1.0)), INCONCLUSIVE, "unbiased estimate"),
    ],
)
def test_guards_lower_a_verdict(what, verdict, words):
    got = run_claim(STUDY, what)
    assert got.verdict == verdict and words in got.sentence and words in " ".join(got.reasons)
    if verdict == NOT_TESTABLE:
        assert (got.probability, got.median, got.low, got.high) == (None,) * 4
        assert "parts" not in got.guards and "populations" not in got.guards and not got.each


@pytest.mark.parametrize("verdict", [SUPPORTED, INCONCLUSIVE, CONTRADICTED])
def test_no_guard_raises_a_verdict(verdict):
    draws = {SUPPORTED: UP, INCONCLUSIVE: UP - 3.5, CONTRADICTED: -UP}[verdict]
    kind = Estimate(float(np.median(draws)), 0.01)
    kindest = claim(draws, control=control(0.0), estimate=lambda s: kind, variants=lambda s: {"v": kind})
    assert run_claim(STUDY, kindest).verdict == verdict


def test_a_sign_that_turns_when_cut_off_responses_are_treated_otherwise():
    table = simulate("beta", seed=1, questions=5, samples=20).table
    table.loc[::20, "answer"] = -1
    study = Study(validate(table))
    assert study.has_truncated and not STUDY.has_truncated
    turned = claim(variants=lambda s: {"left out": Estimate(-1.0, 1.0), "unknown": Estimate(np.nan, 1.0)})
    got = run_claim(study, turned)
    assert got.verdict == INCONCLUSIVE and "the sign turns with left out" in got.reasons
    assert got.guards["truncation"] == {"passed": False, "left out": -1.0}
    assert run_claim(STUDY, turned).verdict == SUPPORTED


def test_data_that_cannot_speak():
    def mute(study, population):
        raise NotTestable("There are no lengths.")

    got = run_claim(STUDY, Claim("a-claim", "", "this holds", "", mute, ""))
    assert got.verdict == NOT_TESTABLE and got.sentence == "Not testable: that this holds. There are no lengths."


def test_a_region_is_held_by_draws_inside_it():
    region = claim(UP, region=(2.0, 20.0))
    assert region.holds(np.array([1.0, 3.0, 21.0])).tolist() == [False, True, False]
    assert run_claim(STUDY, claim(UP, region=(-10.0, 20.0))).verdict == SUPPORTED
    assert run_claim(STUDY, claim(UP, region=(-3.0, 0.0))).verdict == CONTRADICTED


def test_claims_are_found_by_name():
    assert [c.name for c in find_claims(["natural_overthinking"])] == ["natural-overthinking"]
    assert len(find_claims(None)) >= 8
    with pytest.raises(BadInput, match="did you mean natural-overthinking"):
        find_claims(["natural-overthinkin"])
    with pytest.raises(BadInput, match="population"):
        run_claims(STUDY, [claim()], population="those")


# --- practically none --------------------------------------------------------------------------------------------

NEAR = np.random.default_rng(2).normal(0.01, 0.002, (4, 500))


@pytest.mark.parametrize(
    ("draws", "other", "delta", "verdict"),
    [
        (NEAR, None, 0.02, NEGLIGIBLE),  # although its sign is certain
        (NEAR, None, 0.011, SUPPORTED),  # the region cuts the posterior
        (-NEAR, None, 0.02, NEGLIGIBLE),
        (-NEAR, None, 0.011, CONTRADICTED),
        (NEAR - 0.01, None, 0.02, NEGLIGIBLE),
        (NEAR - 0.01, None, 0.003, INCONCLUSIVE),
        (NEAR, None, None, SUPPORTED),
        (NEAR, NEAR + 1, 0.02, SUPPORTED),  # not none in the other population
        (NEAR, NEAR - 1, 0.02, INCONCLUSIVE),
        (NEAR, None, float(np.quantile(NEAR, 0.975)), SUPPORTED),  # on the threshold Monte Carlo does not clear it
    ],
)
def test_practically_none_comes_first(draws, other, delta, verdict):
    got = run_claim(STUDY, claim(draws, other=other, negligible=delta))
    assert got.verdict == verdict
    if verdict == NEGLIGIBLE:
        assert got.sentence.startswith("Practically none: whether this holds.") and "within ±0.02" in got.sentence
        sure = max(got.probability, 1 - got.probability) > 0.975
        assert ("Its sign is known" in got.sentence) is sure
        assert ("positive" in got.sentence) is (sure and got.median > 0)


@pytest.mark.parametrize(
    ("guards", "verdict", "words"),
    [
        ({"gate": Gate(("3 divergent transitions",), {}, 3)}, NOT_TESTABLE, "divergent"),
        ({"control": control(0.11)}, NOT_TESTABLE, "called supported"),
        ({"estimate": lambda s: Estimate(1.0, 0.1)}, INCONCLUSIVE, "unbiased estimate"),
        ({"estimate": lambda s: Estimate(0.01, 0.1)}, NEGLIGIBLE, ""),
    ],
)
def test_guards_lower_practically_none_too(guards, verdict, words):
    got = run_claim(STUDY, claim(NEAR, negligible=0.02, **guards))
    assert got.verdict == verdict and words in got.sentence


def test_a_tiny_effect_may_change_its_sign_when_cut_off_responses_are_left_out_but_not_its_size():
    table = simulate("beta", seed=1, questions=50, samples=20).table
    table.loc[::20, "answer"] = -1
    study = Study(validate(table))
    for value, verdict in ((-0.01, NEGLIGIBLE), (0.03, INCONCLUSIVE), (-0.03, INCONCLUSIVE)):
        got = run_claim(study, claim(NEAR, negligible=0.02, variants=lambda s, v=value: {"left out": Estimate(v, 1.0)}))
        assert got.verdict == verdict, value
        assert verdict == NEGLIGIBLE or "no longer practically none with left out" in got.sentence


def test_a_region_of_ones_own_is_hashed_and_checked():
    from hotmess.claims.regions import with_regions

    claims = find_claims(["natural-overthinking", "thirty-samples-suffice"])
    changed, other = with_regions(claims, ["natural_overthinking=0.1"])
    assert changed.negligible == 0.1 and len(changed.preregistration) == 64 and other is claims[1]
    assert with_regions(claims, ["natural-overthinking=0.2"])[0].preregistration != changed.preregistration
    assert with_regions(claims, ["natural-overthinking=none"])[0].negligible is None
    assert find_claims([replace(claims[0], negligible=0.1)])[0].preregistration == changed.preregistration
    assert find_claims([claims[0]])[0].preregistration == ""
    mine = replace(claims[0], name="mine", preregistration="1a2b", negligible=0.3)
    first, second, same = (with_regions([mine], [f"mine={d}"])[0].preregistration for d in (0.1, 0.2, 0.3))
    assert len({first, second, "1a2b"}) == 3 and same == "1a2b", "a region of one's own claim that is changed is told"
    with pytest.raises(BadInput, match=r"replace\(hm.claims.natural_overthinking, negligible=0.02\)"):
        as_study(STUDY, negligible=0.1)
    for text, said in (
        ("natural-overthinking", "takes CLAIM=VALUE"),
        ("natural-overthinkin=0.1", "did you mean natural-overthinking"),
        ("natural-overthinking=-1", "above 0"),
        ("natural-overthinking=nan", "above 0"),
        ("natural-overthinking=x", "above 0"),
        ("thirty-samples-suffice=0.1", "equality"),
    ):
        with pytest.raises(BadInput, match=said):
            with_regions(claims, [text])
    with pytest.raises(BadInput, match="twice"):
        with_regions(claims, ["natural-overthinking=0.1", "natural_overthinking=0.1"])
