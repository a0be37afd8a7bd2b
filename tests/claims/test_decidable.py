"""What the data could show and what would decide: closed forms, the design's own rates, how a verdict shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

import hotmess as hm
from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.decidable import MOST, POWER, smallest_effect, would_decide
from hotmess.claims.each_model import each_model
from hotmess.claims.regions import with_effects
from hotmess.claims.rule import practically_none
from hotmess.claims.study import Study
from hotmess.claims.test import test_claim as run_claim
from hotmess.claims.test import test_claims as run_claims
from hotmess.design.decision_rate import as_the_posterior, decision_rate, standard_error, variance_shown
from hotmess.design.planning import plan
from hotmess.inference.gate import Gate
from hotmess.report.verdicts import decide
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
    assert smallest_effect(np.array([[np.nan, 1.0]])) is None and smallest_effect(draws, 1.0) is None
    further = exact + 0.3 * stats.t.ppf(0.975, df) * (stats.norm.ppf(0.9995) / stats.norm.ppf(0.975) - 1)
    assert smallest_effect(draws, 0.9995) == pytest.approx(further, rel=1e-3)


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
    own = as_the_posterior(c, variance_shown(c, effect, 12), 12)
    # these data then find their smallest effect as they say
    assert decision_rate(*standard_error(own, c.questions, 12), effect).mean() == pytest.approx(POWER, abs=0.02)
    scaled = would_decide(study, claim, effect / 2, effect)
    assert scaled is not None and 3.5 < (scaled.needed["questions"] or 0) / 40 < 4.5


def test_sides_of_the_same_questions_share_what_lies_between_them(study: Study) -> None:
    """By hand: 4 of the variance is sampling at 12 samples; the rest of it lies between questions, whatever the fit,
    which draws the sides of a question independently, says of it. Else everything is scaled alike."""
    c = CATALOGUE["natural-overthinking"].design(study, 5)  # type: ignore[misc]
    assert c.paired and c.share == 0.5
    four = np.tile([4 * 6.0, 0.0, 0.0], (5, 1))  # 24/n at 6 in each half
    c = replace(c, between=np.full(5, 9.0), sampling=four, residual=np.zeros(5))
    more = as_the_posterior(c, 5.0, 12)
    assert more.between.tolist() == [1.0] * 5
    assert standard_error(more, c.questions, 12)[0] ** 2 == pytest.approx(5)
    assert standard_error(more, c.questions, 24)[0] ** 2 == pytest.approx(3)
    less = as_the_posterior(c, 3.0, 12)
    assert less.between.tolist() == [0.0] * 5
    assert standard_error(less, c.questions, 24)[0] ** 2 == pytest.approx(1.5)
    alone = as_the_posterior(replace(c, paired=False), 5.0, 12)
    assert alone.between.mean() == pytest.approx(9 * 5 / 13)
    assert standard_error(alone, c.questions, 12)[0] ** 2 == pytest.approx(5)


def test_what_rests_on_questions_alone_takes_the_square_of_what_is_missing(study: Study) -> None:
    """By hand: a Normal estimate of sd 1 at 40 questions; and in the middle of a region both edges must be cleared."""
    own = Claim("own", "", "", "it", lambda s, p: Quantity(np.zeros((4, 9)), Gate(), ""), "", by_questions=True)
    found = would_decide(study, own, 1.4, 2.8)
    assert (
        found is not None and found.needed == {"questions": 160} and "160 questions instead of 40" in found.sentence()
    )
    assert would_decide(study, own, 1e-9, 2.8).needed == {"questions": None}  # type: ignore[union-attr]
    table = study.responses.table
    shared = Study(validate(table.assign(context=table["sample"])), seed=1, draws=250)
    told = would_decide(shared, own, 1.4, 2.8).sentence()  # type: ignore[union-attr]
    assert told == found.sentence()[:-1] + "; of the contexts that questions share it may take more as well."
    equal = replace(own, region=(-1.0, 1.0))
    middle = would_decide(study, equal, 1.0, stats.norm.ppf([0.975, 0.8]).sum())
    assert middle is not None and middle.sentence().startswith("A value 1 inside the region")
    q = middle.needed["questions"]
    assert q is not None
    power = 1 - 2 * stats.norm.sf(np.sqrt(q / 40) - stats.norm.ppf(0.975))  # both of P(> -1) and P(< 1) above 0.975
    assert power == pytest.approx(0.8, abs=0.003)


@pytest.mark.parametrize("effect", [0.2, 0.5, 0.7, 1.0])
def test_an_effect_within_the_region_of_none_is_not_said_to_be_supported(study: Study, effect: float) -> None:
    """An estimate of sd 1 at 40 questions and a region (-1, 1), by the normal law: what is said is what is decided."""
    own = Claim("own", "", "", "it", lambda s, p: Quantity(np.zeros((4, 9)), Gate(), ""), "", by_questions=True)
    own = replace(own, negligible=1.0)
    found = would_decide(study, own, effect, stats.norm.ppf([0.975, 0.8]).sum())
    assert found is not None
    q = found.needed["questions"]
    assert q is not None
    z, sd = stats.norm.ppf(0.975), np.sqrt(40 / q)
    edge = 1 - z * sd
    none = max(0.0, stats.norm.cdf(edge, effect, sd) - stats.norm.cdf(-edge, effect, sd))
    up = stats.norm.sf(max(z * sd, edge), effect, sd)  # what is practically none is so first
    rate = {("negligible",): none, ("supported",): up, ("supported", "negligible"): none + up}[found.verdicts]
    assert 0.79 < rate < 0.82
    assert (found.verdicts == ("supported",)) is (effect == 1)
    assert ("found practically none" in found.sentence()) is (effect < 1)
    assert ("practically none at an effect" in found.short()) is (effect <= 0.5)
    assert found.record()["verdicts"] == list(found.verdicts)
    assert "contradicted" not in replace(found, against=True).sentence() or effect == 1
    enough = would_decide(study, own, 3.0, 2.8)  # and what data of this size would find is not asked for again
    assert enough is not None and enough.needed == {"questions": 40} and "by data of this size" in enough.sentence()


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
    assert open_.brief()[-2].startswith("These data could show an effect of 2.")
    assert open_.brief()[-1] == f"Next step: {open_.next_step}" and "not worked out" in open_.next_step
    assert open_.record()["next_step"] == open_.next_step == dict(open_.lines())["Next step"]
    page = open_._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page and "<i>" not in page and "a&lt;b&gt;" in page
    never = run_claim(study, replace(own, region=(-9.0, 9.0)))
    drawn = never.draws["like-these"]
    least = max(smallest_effect(drawn) or 0, smallest_effect(-drawn) or 0)
    assert (
        never.smallest_effect == least and f"lies {least:.2g} or more inside its region, -9 to 9," in never.could_show
    )
    assert (never.verdict, never.next_step, never.record()["next_step"]) == ("supported", "", None)
    narrow = run_claim(study, replace(own, region=(0.0, 2.0), by_questions=True))
    assert "could not show it" in narrow.could_show
    assert narrow.would_decide is not None and narrow.would_decide.effect == 1.0


def test_an_estimate_on_the_other_side_is_told_what_would_contradict(study: Study) -> None:
    """The numbers are the same by symmetry: of draws mirrored, what is supported is contradicted."""
    draws = np.random.default_rng(1).normal(0.3, 1, (4, 500))
    own = Claim("own", "", "this holds", "it", lambda s, p: Quantity(draws, Gate(), "one"), "", by_questions=True)
    up = run_claim(study, own)
    down = run_claim(study, replace(own, quantity=lambda s, p: Quantity(-draws, Gate(), "one")))
    assert up.would_decide is not None and down.would_decide is not None
    assert "contradicted" not in up.next_step and not up.would_decide.against
    e, q = f"{down.would_decide.effect:.2g}", down.would_decide.needed["questions"]
    assert down.next_step == (
        f"An effect of {e} would be supported, and one of -{e}, on this estimate's side, contradicted, with "
        f"probability 0.8 by {q} questions instead of 40."
    )
    assert decide(down) == f"an effect of ±{e}: {q} questions (40 now)" and "±" not in decide(up)
    equal = run_claim(study, replace(own, region=(-2.0, 1.0), quantity=lambda s, p: Quantity(-draws, Gate(), "one")))
    assert equal.would_decide is not None and not equal.would_decide.against


def test_no_effect_is_planned_for_or_shown_that_cannot_be(study: Study) -> None:
    draws = np.random.default_rng(1).normal(0.3, 1, (4, 500))
    own = Claim("own", "", "this holds", "it", lambda s, p: Quantity(draws, Gate(), "one"), "", by_questions=True)
    wide, bounded = run_claim(study, own), run_claim(study, replace(own, most=1.0))
    smallest = wide.smallest_effect
    assert smallest is not None and smallest > 2.5 and wide.would_decide.effect == smallest / 2  # type: ignore[union-attr]
    assert bounded.would_decide is not None and bounded.would_decide.effect == 0.5
    assert bounded.would_decide.needed["questions"] == np.ceil(40 * (smallest / 0.5) ** 2)
    assert bounded.could_show == (
        f"These data could not show it with probability 0.8: that takes an effect of {smallest:.2g}, and none is above "
        "1."
    )
    bound = {n for n, c in CATALOGUE.items() if c.most == 1}
    assert bound == {
        *("natural-overthinking", "incoherence-rises-within-questions", "budget-lowers-incoherence"),
        *("intervention-lowers-incoherence", "accuracy-rises-with-budget", "intelligence-and-incoherence-correlate"),
    }
    with pytest.raises(hm.BadInput, match=r"natural-overthinking is 1\.5, and no effect of it is above 1"):
        with_effects([CATALOGUE["natural-overthinking"]], ["natural-overthinking=1.5"])
    with pytest.raises(hm.BadInput, match="The effect is 2, and none of natural-overthinking is above 1"):
        plan(study, "natural-overthinking", effect=2.0)


def test_none_tests_every_claim() -> None:
    table = simulate("beta", seed=1, questions=6, samples=3).table
    verdicts = hm.test(None, validate(table), draws=50)
    assert [v.claim.name for v in verdicts] == list(CATALOGUE)
    assert repr(verdicts[0]) == "incoherence-rises-with-length: not testable"


def test_models_by_hand() -> None:
    """DerSimonian and Laird against statsmodels; Higgins' interval around the random-effects mean."""
    rng = np.random.default_rng(1)
    middle, sd = np.array([0.0, 0.2, 0.5, 0.9]), np.array([0.1, 0.05, 0.1, 0.2])
    noise = rng.normal(size=(4, 500))
    each = {f"m{i}": m + s * noise for i, (m, s) in enumerate(zip(middle, sd))}
    found = each_model(each, lambda x: x > 0, 0.9)
    assert found is not None and found.new is not None
    y, v = np.array([np.median(x) for x in each.values()]), np.array([x.var() for x in each.values()])
    theirs = combine_effects(y, v, method_re="chi2")  # statsmodels
    tau2 = theirs.tau2
    assert found.spread == pytest.approx(np.sqrt(tau2)) and theirs.mean_effect_re == pytest.approx(found.new["median"])
    u = 1 / (v + tau2)
    mean, error = u @ y / u.sum(), np.sqrt(tau2 + 1 / u.sum())
    assert found.new["median"] == pytest.approx(mean)
    assert found.new["high"] - mean == pytest.approx(stats.t.ppf(0.95, 2) * error)
    assert found.new["probability"] == pytest.approx(stats.t.cdf(mean / error, 2))
    assert (found.models, found.holds, found.fails) == (4, 3, 0) and "holds in 3 of 4 models" in found.line()
    alike = each_model(dict.fromkeys("abc", 0.3 + 0.1 * noise), lambda x: x > 0, 0.9)
    assert alike is not None and alike.spread == 0
    pair = each_model({k: each[k] for k in ("m0", "m3")}, lambda x: x < 0, 0.9)
    assert pair is not None and pair.new is None and (pair.holds, pair.fails) == (0, 1)
    assert each_model({"m": noise}, lambda x: x > 0, 0.9) is None
    assert each_model({"m": noise, "n": np.full((4, 500), np.nan)}, lambda x: x > 0, 0.9) is None


def test_a_verdict_counts_its_models(study: Study) -> None:
    claim = replace(
        CATALOGUE["natural-overthinking"], estimate=None, control=None, design=None, prior=None, published=None
    )
    up = np.random.default_rng(1).normal(0.3, 0.1, (4, 500))
    quantity = Quantity(up, Gate(), "two", {"a": up, "b": up - 0.3, "c": up})
    verdict = run_claim(study, replace(claim, quantity=lambda s, p: quantity), sensitivity=False)
    assert (
        verdict.record()["holds_in"]["holds"] == 2 and "holds in 2 of 3 models" in dict(verdict.lines())["Each model"]
    )
    other = run_claim(study, replace(claim, quantity=lambda s, p: quantity, of_models=False), sensitivity=False)
    assert other.holds_in is None


# --- several claims together ------------------------------------------------------------------------------------------


def with_p(name: str, p: float, **changes: object) -> Claim:
    """A claim whose draws are Normal with P(> 0) = p, exactly but for the grid."""
    z = stats.norm.ppf((np.random.default_rng(1).permutation(20_000) + 0.5) / 20_000).reshape(4, -1)
    draws = z + stats.norm.ppf(p)
    return Claim(name, "", "this holds", "it", lambda s, population: Quantity(draws, Gate(), "one"), "", **changes)  # type: ignore[arg-type]


def test_directions_tested_together_stand_by_benjamini_and_hochberg(study: Study) -> None:
    p = [0.9995, 0.988, 0.985, 0.5, 0.3, 0.8, 0.6, 0.7]
    claims = [with_p(f"c-{i}", x) for i, x in enumerate(p)]
    alone = [run_claim(study, c).verdict for c in claims]
    assert alone == ["supported"] * 3 + ["inconclusive"] * 5
    verdicts = run_claims(study, claims, sensitivity=False)
    order = np.sort([min(x, 1 - x) for x in p])  # by hand: the largest k with p_(k) <= 0.025 k / m
    stand = max(k for k in range(1, 9) if order[k - 1] <= 0.025 * k / 8)
    assert stand == 1 and [v.verdict for v in verdicts] == ["supported", *["inconclusive"] * 7]
    assert "among 8 directions tested together" in verdicts[1].sentence and verdicts[1].sentence.startswith("Inconc")
    assert "multiplicity" not in verdicts[0].guards  # one claim is left, so nothing is expected of several
    three = run_claims(study, claims[:3], sensitivity=False)
    assert [v.verdict for v in three] == ["supported"] * 3 and three[0].guards["multiplicity"]["decided"] == 3
    mirror = run_claims(study, [with_p("down", 0.012), *claims[3:]], sensitivity=False)
    assert mirror[0].verdict == "inconclusive" and run_claim(study, with_p("down", 0.012)).verdict == "contradicted"


def test_equality_and_practically_none_take_no_part_among_several(study: Study) -> None:
    many = [with_p(f"c-{i}", 0.5) for i in range(8)]
    equal = with_p("equal", 0.5, region=(-2.6, 2.6))
    none = with_p("none", 0.6, negligible=3.5)
    verdicts = run_claims(study, [equal, none, *many], sensitivity=False)
    assert [v.verdict for v in verdicts[:2]] == ["supported", "negligible"]


def test_practically_none_is_rare_at_the_edge_and_usual_where_the_smallest_effect_is_well_inside() -> None:
    """Normal posteriors of sd 1 around estimates Normal(truth, 1); half-width of the region: smallest effect / 0.86."""
    rng = np.random.default_rng(3)
    z = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    delta = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) / 0.86
    rate = {}
    for truth in (0.0, delta, -delta):
        called = 0
        for _ in range(200):
            draws = rng.normal(truth) + rng.permutation(z).reshape(4, -1)
            called += practically_none(draws, draws, delta)
        rate[truth] = called
    assert max(rate[delta], rate[-delta]) <= stats.binom.ppf(0.999, 200, 0.025)
    assert rate[0.0] >= stats.binom.ppf(0.001, 200, 0.75)
