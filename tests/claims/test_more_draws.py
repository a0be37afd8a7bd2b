"""Monte Carlo error never decides: draws are added while the probability's interval holds a threshold."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import hotmess as hm
from hotmess.claims.api import as_study
from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.rule import probability
from hotmess.claims.study import MOST_DRAWS
from hotmess.claims.test import test_claim as decide_claim
from hotmess.cli import main
from hotmess.errors import BadInput
from hotmess.inference.gate import Gate


def normal(mean, made, *, negligible=None, gate=None):
    """A claim about a Normal(mean, 1); `made` collects the numbers of draws that were asked for."""

    def quantity(study, population):
        rng = np.random.default_rng(1)
        made.append(study.draws * study.chains)
        return Quantity(rng.normal(mean, 1.0, (study.chains, study.draws)), gate or Gate(), "of nothing")

    return Claim("a-normal", "nowhere", "a mean is positive", "mean", quantity, "nothing", negligible=negligible)


@pytest.fixture(scope="module")
def study():
    """Draws that nobody asked for."""
    return as_study(hm.example())


def test_draws_are_added_until_the_interval_clears(study):
    made: list[int] = []
    mean = stats.norm.ppf(0.982)  # P = 0.982: 2,000 draws have an interval of about 0.982 ± 0.006, that holds 0.975
    found = decide_claim(study, normal(mean, made), sensitivity=False)
    few, many = min(made), max(made)
    assert few == 2000 and many > few and found.verdict == "supported"
    assert found.case.p.low > 0.975
    alone = decide_claim(replace(study, most_draws=0, made={}), normal(mean, []), sensitivity=False)
    assert alone.verdict == "inconclusive"


def test_there_is_an_end_to_it(study):
    made: list[int] = []
    found = decide_claim(study, normal(stats.norm.ppf(0.975), made), sensitivity=False)
    assert max(made) == MOST_DRAWS and found.verdict == "inconclusive"


def test_what_is_clear_is_not_drawn_again(study):
    for mean in (0.0, 4.0, -4.0):
        made: list[int] = []
        decide_claim(study, normal(mean, made), sensitivity=False)
        assert set(made) == {2000}


def test_practically_none_is_a_probability_too(study):
    made: list[int] = []
    delta = stats.norm.ppf(0.982)  # P(θ > -δ) = P(θ < δ) = 0.982 at a mean of 0
    found = decide_claim(study, normal(0.0, made, negligible=delta), sensitivity=False)
    assert max(made) > 2000 and found.verdict == "negligible"


def test_draws_that_were_asked_for_are_kept():
    assert as_study(hm.example(), draws=500).most_draws == 0
    made: list[int] = []
    decide_claim(as_study(hm.example(), draws=500), normal(stats.norm.ppf(0.975), made), sensitivity=False)
    assert set(made) == {2000}


def test_a_failed_diagnosis_is_no_reason_to_draw(study):
    made: list[int] = []
    decide_claim(study, normal(stats.norm.ppf(0.975), made, gate=Gate(("R-hat of x is 1.2",))), sensitivity=False)
    assert set(made) == {2000}


def test_the_study_of_more_draws_is_made_once(study):
    assert study.with_more_draws() is study.with_more_draws()
    assert study.with_more_draws().draws == 2 * study.draws
    assert study.with_more_draws().cells is study.cells


def test_the_interval_has_its_length():
    """Jeffreys at 2,000 draws of P = 0.982, against SciPy."""
    holds = np.zeros((4, 500), bool)
    holds.flat[: round(0.982 * 2000)] = True
    np.random.default_rng(0).shuffle(holds.reshape(-1))
    p = probability(holds)
    assert p.low == pytest.approx(stats.beta(0.982 * p.effective + 0.5, 0.018 * p.effective + 0.5).ppf(0.025))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("t") / "t.parquet"
    responses = hm.example().table
    responses[responses["question"].isin(responses["question"].unique()[:10])].to_parquet(path)
    return path


def decider(table, capsys, *more):
    import json

    assert main(["test", str(table), "--claim", "natural-overthinking", "--draws", "250", "--json", *more]) == 0
    return json.loads(capsys.readouterr().out)[0]


def test_a_stated_effect_is_planned_for(table, capsys):
    found = decider(table, capsys, "--effect", "natural_overthinking=0.07")
    assert found["verdict"] == "inconclusive" and found["would_decide"]["effect"] == 0.07
    default = decider(table, capsys)
    assert default["would_decide"]["effect"] == pytest.approx(default["smallest_effect"] / 2)
    assert found["would_decide"]["needed"]["questions"] != default["would_decide"]["needed"]["questions"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("0.1", "takes CLAIM=VALUE"),
        ("natural-overthinking=-1", "above 0"),
        ("natural-overthinking=much", "above 0"),
        ("nothing=0.1", "not tested here"),
        ("length-saturates=0.1", "not tested here"),
    ],
)
def test_effects_that_mean_nothing(table, capsys, text, word):
    assert main(["test", str(table), "--claim", "natural-overthinking", "--effect", text]) == 2
    assert word in capsys.readouterr().err


def test_a_claim_without_a_design_has_no_effect_to_plan_for():
    from hotmess.claims.regions import with_effects

    claim = normal(0.0, [])
    with pytest.raises(BadInput, match="no design"):
        with_effects([claim], ["a-normal=1"])
