"""What stands under a verdict that decides nothing: what stops one claim leaves the others theirs, and each says what
to do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Case, Finding, Guard, Quantity
from hotmess.claims.decidable import would_decide
from hotmess.claims.guards import FIRST, LAST, THEN
from hotmess.claims.kinds.between_questions import further_apart
from hotmess.claims.scope import base_scope
from hotmess.claims.study import Study
from hotmess.claims.test import DRAW_MORE
from hotmess.claims.test import test_claims as run_claims
from hotmess.claims.user import claim_from
from hotmess.claims.verdict import refuse_own
from hotmess.commands.test import print_verdicts
from hotmess.errors import BadInput, NotTestable
from hotmess.estimates.control import Control
from hotmess.inference.gate import Gate
from hotmess.laws.length import length_law
from hotmess.responses.cells import need_repeats, reduce
from hotmess.responses.read import read
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


@pytest.fixture(scope="module")
def study() -> Study:
    return Study(validate(simulate("beta", seed=1, questions=20, samples=3).table), draws=100)


def test_what_stops_one_claim_leaves_the_others_theirs(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    def bad(_: Study, __: str) -> Quantity:
        raise BadInput("These rows have no cells.")

    def broken(_: Study, __: str) -> Quantity:
        raise ValueError("Probabilities contain NaN")

    base = replace(CATALOGUE["thirty-samples-suffice"], estimate=None, control=None, prior=None, guards=())
    names = ["natural-overthinking", "budget-lowers-incoherence", "thirty-samples-suffice"]
    fine = Quantity(np.random.default_rng(0).normal(0.005, 0.001, (4, 500)), Gate(), "one")
    how = [bad, broken, lambda s, p: fine]
    verdicts = run_claims(study, [replace(base, name=n, quantity=q) for n, q in zip(names, how)], sensitivity=False)
    assert [v.verdict for v in verdicts] == ["not testable", "not testable", "supported"]
    assert "no cells" in verdicts[0].sentence and verdicts[0].next_step == f"It needs {base.needs}."
    assert "ValueError: Probabilities contain NaN" in verdicts[1].sentence and "Report it" in verdicts[1].next_step
    assert verdicts[2].next_step == "" and verdicts[2].record()["next_step"] is None
    mine = claim_from({"name": "mine", "quantity": "error(model='nobody') - error(model='model-0')"})
    other = replace(base, name="other", quantity=lambda s, p: fine)
    lost, stays = run_claims(study, [mine, other], sensitivity=False)
    assert (lost.verdict, stays.verdict) == ("not testable", "supported") and not stays.refused
    assert "there is no model 'nobody'" in lost.sentence and lost.sentence.endswith(lost.refused)
    assert lost.next_step == "Mend the claim, and test it again."
    with pytest.raises(BadInput, match=r"mine: error.*nobody"):  # what the user wrote is the user's to mend
        refuse_own([lost, stays])
    elsewhere = replace(study, difficulty="nobody-else", made={})
    with pytest.raises(BadInput, match="nobody-else"):  # what was asked of the study stops all
        run_claims(elsewhere, [mine])
    print_verdicts([verdicts[0], verdicts[2], replace(verdicts[0], claim=mine)], asked=True)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "natural-overthinking, mine" and said[1] == "  Not testable: These rows have no cells."
    assert said[2].startswith("  Next step for natural-overthinking: It needs ") and "for mine: It needs" in said[3]


def test_every_guard_that_lowers_says_what_to_do() -> None:
    own = [
        guard for name in ("natural-exceeds-budget",) for guard in CATALOGUE[name].guards if guard.name == "same_scores"
    ]
    assert [guard.remedy({})[:9] for guard in own] == ["More data"]
    record = {"turned": ["model a left out"], "unbiased": 0.1, "standard_error": 0.02, "differ": [], "reasons": []}
    for guard in (*FIRST, *THEN, *LAST):
        said = guard.remedy(record)
        assert bool(said) is (guard.lowers is not None), guard.name
        assert not said or (said[0].isupper() and said.endswith("."))


def test_the_next_step_is_that_of_the_guard_that_held_it_back(study: Study) -> None:
    class Holds(Guard):
        name, title, lowers = "holds", "Holds", "inconclusive"

        def run(self, case: Case) -> Finding | None:
            return Finding(self, {"a": 1}, ("it does",))

        def line(self, record: object, units: str) -> str:
            return ""

        def remedy(self, record: object) -> str:
            return "Turn it round."

    up = Quantity(np.random.default_rng(0).normal(9, 1, (4, 500)), Gate(), "one")
    claim = replace(CATALOGUE["thirty-samples-suffice"], region=None, guards=(Holds(),), quantity=lambda s, p: up)
    (verdict,) = run_claims(study, [replace(claim, estimate=None, control=None)], sensitivity=False)
    assert verdict.verdict == "inconclusive" and verdict.next_step == "Turn it round."


def test_a_control_that_cannot_be_made_asks_for_what_the_claim_needs(study: Study) -> None:
    """What stands in its way is a lack of data, not an estimate that favours the claim."""

    def control(study: Study, seed: int) -> Control:
        raise NotTestable("No question has three or more responses on both sides.")

    up = Quantity(np.random.default_rng(0).normal(9, 1, (4, 500)), Gate(), "one")
    claim = replace(CATALOGUE["thirty-samples-suffice"], region=None, guards=(), quantity=lambda s, p: up)
    (verdict,) = run_claims(study, [replace(claim, estimate=None, control=control)], sensitivity=False)
    assert verdict.verdict == "not testable" and "three or more responses" in verdict.sentence
    assert verdict.next_step == f"It needs {claim.needs}."


def test_where_monte_carlo_error_alone_leaves_it_open_more_draws_are_the_next_step(study: Study) -> None:
    """P on either side of 0.975, its interval around it: however many questions, draws settle it first."""
    z = stats.norm.ppf((np.random.default_rng(1).permutation(2000) + 0.5) / 2000).reshape(4, -1)
    base = replace(CATALOGUE["thirty-samples-suffice"], estimate=None, widened=False, region=(0.0, np.inf))
    for p in (0.974, 0.976):
        near = Quantity(z + stats.norm.ppf(p), Gate(), "one")
        (verdict,) = run_claims(study, [replace(base, quantity=lambda s, _, near=near: near)], sensitivity=False)
        assert verdict.verdict == "inconclusive" and verdict.next_step == DRAW_MORE and "--draws" in DRAW_MORE
    far = Quantity(z, Gate(), "one")
    (verdict,) = run_claims(study, [replace(base, quantity=lambda s, p: far)], sensitivity=False)
    assert verdict.next_step.startswith("More questions narrow it")


def test_lengths_that_are_alike_between_questions_are_said_to_be() -> None:
    world = simulate("odds-law", seed=3, questions=20, samples=4)
    flat = 100.0 * (1 + world.table.groupby(["model", "question"]).cumcount())
    both = pd.concat([world.table, world.table.assign(model="flat", reasoning_tokens=flat)], ignore_index=True)
    (verdict,) = run_claims(Study(validate(both), draws=60), ["incoherence-rises-with-length"])
    assert verdict.verdict == "not testable"
    assert "The lengths of flat differ between questions no more than by chance, so" in verdict.sentence
    assert verdict.next_step == "Leave it out (--where), or ask questions whose lengths lie further apart."


def test_of_lengths_that_are_much_alike_their_spread_is_what_to_widen() -> None:
    world = simulate("odds-law", seed=3, questions=40, samples=6).table
    near = world.assign(reasoning_tokens=1000 * (world["reasoning_tokens"] / 1000) ** 0.05)
    wide, narrow = (Study(validate(t), draws=60) for t in (world, near))
    spread = np.log(near["reasoning_tokens"]).groupby([near["model"], near["question"]]).mean().groupby("model").std()
    assert further_apart(wide) == ""
    said = re.search(r"differ by ([\d.]+)% \(one", further_apart(narrow))
    assert said is not None and float(said[1]) == pytest.approx(100 * spread.mean(), rel=0.1)


def test_what_a_guard_says_stands_before_the_probability(study: Study) -> None:
    held = Quantity(np.random.default_rng(0).normal(0.5, 1, (4, 500)), Gate(), "one", held=("they are sorted",))
    claim = replace(CATALOGUE["thirty-samples-suffice"], region=None, quantity=lambda s, p: held, estimate=None)
    (verdict,) = run_claims(study, [claim], sensitivity=False)
    assert verdict.reasons[0] == "they are sorted" and "lies between 0.025 and 0.975" in verdict.reasons[1]
    assert "Held back because they are sorted." in verdict.sentence


def test_bins_whose_incoherence_is_undefined_are_no_shape() -> None:
    world = simulate("odds-law", seed=3, questions=60, samples=6)
    law = length_law(validate(world.table), draws=100, bins=8)
    bins, covariance = law.bins.copy(), law.binned[1]
    bins.loc[0, "incoherence_like-these"] = np.nan
    lost = replace(law)
    vars(lost)["binned"] = bins, covariance
    assert len(law.curves("like-these").x) == len(bins)
    with pytest.raises(NotTestable, match=f"In 1 of {len(bins)} bins of length") as said:
        lost.curves("like-these")
    assert said.value.remedy.startswith("Ask more questions, or draw more responses")


def test_scores_have_no_design_in_letters_but_the_root_of_their_questions() -> None:
    """The closed forms of samples are of letters: of scores they would be wrong, by a factor of two for 0 and 1."""
    rng = np.random.default_rng(0)
    q, arm, s = (i.ravel() for i in np.indices((30, 2, 5)))
    right = rng.random(len(q)) < rng.beta(1.5, 1.5, 30)[q]
    table = pd.DataFrame({"model": "m", "question": q, "sample": s, "score": right.astype(float)})
    scores = Study(validate(table.assign(condition=np.array(["plain", "corrected"])[arm])), draws=100)
    claim = CATALOGUE["intervention-lowers-incoherence"]
    assert claim.design is not None
    with pytest.raises(NotTestable, match="worked out for letters; the outcome here is score"):
        claim.design(scores, 10)
    with pytest.raises(NotTestable, match="which the model has of letters; the outcome here is score"):
        CATALOGUE["thirty-samples-suffice"].quantity(scores, "these")
    found = would_decide(scores, claim, 0.1, 0.2)
    assert found is not None and found.needed == {"questions": 120}
    assert would_decide(scores, claim, 0.1) is None


def test_a_model_with_one_question_is_named_where_others_have_more() -> None:
    table = pd.DataFrame({"model": ["lone", *"aa"], "question": ["p", "p", "q"], "score": 0.0})
    table = table.loc[table.index.repeat(6)].assign(score=np.tile([0.0, 0.0, 1.0, 1.0, 1.0, 0.0], 3))
    (verdict,) = run_claims(Study(validate(table), draws=60), ["ensembling-divides-variance"])
    assert verdict.verdict == "not testable" and "The model lone has one question only" in verdict.sentence
    assert verdict.next_step == "Ask it more questions, or leave it out (--where)."


def test_one_response_at_each_budget_is_not_said_to_be_one_in_all() -> None:
    """And what repeated responses at one budget would show is not said to be lacking at all of them."""
    table = pd.DataFrame({"model": "m", "question": list("aabb"), "score": [0.0, 1.0, 1.0, 0.0]})
    responses = validate(table.assign(budget=[1, 2, 1, 2], reasoning_tokens=[10.0, 20.0, 30.0, 40.0]))
    with pytest.raises(NotTestable, match="one response only at each budget: "):
        need_repeats(reduce(responses))
    found = run_claims(Study(responses, draws=60), ["incoherence-rises-with-length", "natural-overthinking"])
    assert all("at one budget" in v.sentence for v in found)


def budgets_by_condition(samples: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(b, f"q{q}", i) for b in (256, 4096) for q in range(20) for i in range(samples)]
    table = pd.DataFrame(rows, columns=["budget", "question", "sample"]).assign(model="m", target=0, n_choices=4)
    spent = table["budget"] * rng.lognormal(0, 0.3, len(table))
    table = table.assign(answer=rng.choice(4, len(table), p=[0.55, 0.15, 0.15, 0.15]), reasoning_tokens=spent.round())
    return table.assign(condition=table["budget"].map({256: "effort-low", 4096: "effort-high"}))


def test_conditions_that_name_budgets_are_said_to_stand_in_the_way(tmp_path: Path) -> None:
    """And what is said to be done about it makes the claim testable."""
    path = tmp_path / "t.parquet"
    table = budgets_by_condition(4)
    table.to_parquet(path)
    names = ["budget-lowers-incoherence"]
    (verdict,) = run_claims(Study(validate(table), draws=60), names)
    assert verdict.verdict == "not testable" and "in one condition" in verdict.sentence
    assert verdict.next_step.endswith("make it one for each model (--column condition=model).")
    (after,) = run_claims(Study(read(path, columns={"condition": "model"}), draws=60), names, sensitivity=False)
    assert after.verdict != "not testable"
    (few,) = run_claims(Study(validate(budgets_by_condition(2)), draws=60), names)
    assert few.next_step.endswith("and draw three or more responses of each question at two budgets.")
    other = table[table["budget"] == 256].assign(condition="direct", sample=lambda t: t["sample"] + 9)
    (choose,) = run_claims(Study(validate(pd.concat([table, other])), draws=60), names)
    assert "once one condition is chosen at every budget (--where)" in choose.next_step
    silent = pd.concat([table, table.assign(model="n", reasoning_tokens=np.nan)], ignore_index=True)
    (of_one,) = run_claims(Study(validate(silent), draws=60), names)  # lengths of another model are not known
    assert of_one.next_step == verdict.next_step
    apart = table.assign(model=table["condition"])  # a model at each budget: no column stands in the way
    (no,) = run_claims(Study(validate(apart), draws=60), names)
    assert no.next_step.startswith("It needs")


def test_sizes_are_said_to_lack_before_difficulty_is() -> None:
    table = simulate("beta", seed=1, questions=12, samples=3).table
    names = ["hard-incoherence-rises-with-scale", "variance-exponent-falls-with-difficulty"]
    three = table[table["model"].isin(sorted(table["model"].unique())[:3])]
    for one in (table.assign(model_size_b=7.0), three.assign(model_size_b=three["model"].factorize()[0] + 1.0)):
        verdicts = run_claims(Study(validate(one), draws=60), names)
        count = one["model_size_b"].nunique()
        assert all(f"Only {count} model size" in v.sentence for v in verdicts)
        assert all(v.absent == "second model size (model_size_b)" * (count < 2) for v in verdicts)
    wide = pd.concat([table.assign(model=f"m{i}", model_size_b=2.0**i) for i in range(4)], ignore_index=True)
    (verdict,) = run_claims(Study(validate(wide), draws=60), names[:1])
    assert verdict.next_step == "Name the column of lengths (--length COLUMN) or of difficulties (--difficulty COLUMN)."


def test_arms_that_cannot_be_told_apart_say_how_they_would_be() -> None:
    table = budgets_by_condition(4).drop(columns="budget").assign(sample=range(160))
    (verdict,) = run_claims(Study(validate(table), draws=60), ["intervention-lowers-incoherence"])
    assert verdict.next_step.startswith("Call the arm without the intervention plain")
    more = pd.concat([table, table.assign(condition="third")], ignore_index=True)
    (verdict,) = run_claims(Study(validate(more), draws=60), ["intervention-lowers-incoherence"])
    assert verdict.next_step.startswith("Choose two (--where")


def test_sizes_of_some_models_are_not_said_to_be_those_of_all() -> None:
    table = pd.DataFrame({"model": list("abc"), "model_size_b": [1.0, 4.0, 9.0], "family": ""})
    table = table.assign(question="q", benchmark="all")
    assert base_scope(table) == "a, b and c of 1 to 9 billion parameters on 1 question"
    assert base_scope(table.assign(model_size_b=[1.0, 4.0, np.nan])) == "a, b and c on 1 question"
