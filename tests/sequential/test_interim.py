"""One look: what it records, when it stops, and how `hotmess next` tells it."""

import json
from dataclasses import replace

import numpy as np
import pytest

import hotmess as hm
from hotmess.claims.api import as_study
from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.test import find_claims
from hotmess.cli import main
from hotmess.design.decision_rate import standard_error
from hotmess.design.variance import sampling_variance
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import Gate
from hotmess.looks.boundaries import thresholds
from hotmess.looks.record import Look, Looks, information_of, load_looks
from hotmess.looks.seen import without_hashes
from hotmess.sequential.interim import chance, final_information, look_at, told
from hotmess.simulate.overthinking import Temperature, temperature
from hotmess.statements.effective import Effective


def normal(mean, sd=1.0, negligible=None):
    def quantity(study, population):
        rng = np.random.default_rng(1)
        draws = rng.normal(mean, sd, (study.chains, study.draws))
        return Quantity(draws, Gate(), "of nothing", effective=Effective(np.inf, np.inf, 60))

    return Claim("a-normal", "nowhere", "a mean is positive", "mean", quantity, "nothing", negligible=negligible)


@pytest.fixture(scope="module")
def study():
    return as_study(hm.example(), draws=500)


def looks(**changes):
    return Looks(**{"claim": "a-normal", "most_looks": 4, "most_responses": 4 * len(hm.example())} | changes)


def test_an_early_look_needs_more_than_a_single_one(study):
    plan, verdict = look_at(study, normal(2.5), looks())  # P = 0.994: enough alone, not at a quarter of the information
    look = plan.history[0]
    assert look.fraction == pytest.approx(0.25, abs=0.01) and look.threshold > 0.9999
    assert verdict.verdict == "inconclusive" and not look.stop
    alone, verdict = look_at(study, normal(2.5), looks(most_looks=1))
    assert verdict.verdict == "supported" and alone.stopped == "the claim is supported"


def test_it_stops_for_practically_none_futility_and_the_budget(study):
    none, _ = look_at(study, normal(0.0, negligible=8.0), looks())
    assert none.stopped == "the effect is practically none"
    futile, _ = look_at(study, normal(0.0), looks(most_responses=len(hm.example()) + 500))
    assert futile.history[0].decided < 0.05 and "chance" in futile.stopped
    patient, _ = look_at(study, normal(0.0), looks(most_responses=len(hm.example()) + 500, futility=0))
    assert not patient.stopped
    last, _ = look_at(study, normal(0.0), looks(most_responses=len(hm.example())))
    assert last.stopped == "the budget is spent"


def test_what_cannot_be_tested_is_said_and_ends_where_more_cannot_help(study):
    def quantity(study, population):
        raise NotTestable("No lengths differ.")

    claim = replace(normal(0.0), quantity=quantity)
    first, _ = look_at(study, claim, looks())
    assert "is not testable (No lengths differ)" in told(first) and not first.stopped
    last, _ = look_at(study, claim, looks(most_looks=1))
    assert last.history[0].threshold == 1.0 and last.stopped == "the last look that was planned has been taken"
    ended, _ = look_at(study, replace(claim, absent=lambda study: "there is one budget"), looks())
    assert "(there is one budget)" in told(ended) and "cannot make the claim testable" in ended.stopped


def test_nothing_new_is_nothing_to_look_at(study):
    plan, _ = look_at(study, normal(1.0), looks(futility=0))
    with pytest.raises(BadInput, match="nothing new"):
        look_at(study, normal(1.0), plan)
    with pytest.raises(BadInput, match="had ended"):
        look_at(study, normal(1.0), look_at(study, normal(9.0), looks())[0])


def test_the_chance_that_the_budget_decides_by_simulation():
    """Both directions and practically none, at the last look alone."""
    estimate, now, final, delta = 0.15, 9.0, 25.0, 0.9
    look = Look(
        responses=9, information=now, fraction=now / final, threshold=0.99, probability=0.6, verdict="inconclusive"
    )
    rng = np.random.default_rng(0)
    theta = rng.normal(estimate, 1 / 3, 400_000)
    last = (now * estimate + 16 * rng.normal(theta, 0.25)) / 25
    c = thresholds([now / final, 1.0])[-1] / 5
    told = ((last > c) | (last < -c) | ((last - c > -delta) & (last + c < delta))).mean()
    assert chance(looks(most_looks=2), estimate, look, final, delta) == pytest.approx(told, abs=0.004)


@pytest.fixture
def growing(tmp_path):
    table = hm.example().table
    table = table[table["model"] == "owl-4b"]
    number = table["sample"].astype(int)
    for name, most in (("few", 8), ("more", 14)):
        table[number < most].to_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


def run(capsys, *words):
    code = main([*words])
    return code, capsys.readouterr()


def test_next_grows_with_the_table(growing, capsys):
    record, out = growing / "looks.json", growing / "next.csv"
    words = ["next", str(growing / "few.parquet"), "--claim", "natural-overthinking", "--record", str(record)]
    assert run(capsys, *words)[0] == 2  # no budget yet
    code, said = run(capsys, *words, "--responses", "5000", "--draws", "250", "--out", str(out), "--futility", "0")
    assert code == 0 and "Look 1 of at most 5" in said.err
    lines = out.read_text().splitlines()
    assert lines[0] == "benchmark,question,responses,more" and len(lines) > 5
    first = load_looks(record)
    code, said = run(capsys, *words, "--json", "--draws", "250")  # the same table: the same answer, no further look
    again = json.loads(said.out)
    assert load_looks(record) == first and len(again["next"]) == len(lines) - 1
    words[1] = str(growing / "more.parquet")
    code, said = run(capsys, *words, "--draws", "250")
    second = load_looks(record)
    kept = first.history[0].model_copy(update={"seen": without_hashes(first.history[0].seen)})
    assert code == 0 and len(second.history) == 2 and second.history[0] == kept and second.history[1].seen.kept
    assert 1 > second.history[1].fraction > first.history[0].fraction
    code, said = run(capsys, *words, "--responses", "6000")
    assert code == 2 and "--responses 5000, not 6000; what is changed after a look" in said.err
    for option, value in (("--most-looks", "6"), ("--futility", "0.1"), ("--population", "these")):
        code, said = run(capsys, *words, option, value)
        assert code == 2 and f"was planned with {option}" in said.err
    code, said = run(capsys, *words, "--where", "answer >= 0")
    assert code == 2 and "with --where left out, and now with --where answer >= 0" in said.err
    words[3] = "budget-lowers-incoherence"
    code, said = run(capsys, *words)
    assert code == 2 and "each claim has its own" in said.err
    code, said = run(capsys, "test", words[1], "--claim", "natural-overthinking", "--looks", str(record), "--json")
    assert code == 0 and json.loads(said.out)[0]["threshold"] == pytest.approx(second.history[1].threshold)


def test_next_looks_at_what_grew_out_of_the_last_look_alone(growing, capsys):
    """A table that was edited is refused, with as many responses as before and with more."""
    import pandas as pd

    record = growing / "looks.json"
    words = ["--claim", "natural-overthinking", "--record", str(record), "--draws", "250"]
    few, edited = pd.read_parquet(growing / "few.parquet"), pd.read_parquet(growing / "more.parquet")
    few = few[few["question"] < "q12"]
    few.to_parquet(growing / "few.parquet")
    assert run(capsys, "next", str(growing / "few.parquet"), *words, "--responses", "5000", "--futility", "0")[0] == 0
    edited = edited[edited["question"] < "q12"].reset_index(drop=True)
    row = edited.index[edited["sample"].astype(int) < 8][0]
    edited.loc[row, "answer"] = (edited.loc[row, "answer"] + 1) % 4
    before = record.read_bytes()
    for table, said in ((edited, "1 responses of the last look are not in the table"), (few, "they are not the same")):
        table = table if table is edited else edited[edited["sample"].astype(int) < 8]
        table.to_parquet(growing / "edited.parquet")
        code, out = run(capsys, "next", str(growing / "edited.parquet"), *words)
        assert code == 2 and said in out.err and record.read_bytes() == before


def test_next_writes_over_nothing(growing, capsys):
    words = ["next", str(growing / "few.parquet"), "--claim", "natural-overthinking", "--responses", "5000"]
    (growing / "mine.csv").write_text("a,b\n1,2\n")
    code, said = run(capsys, *words, "--record", str(growing / "r.json"), "--out", str(growing / "mine.csv"))
    assert code == 2 and "did not write" in said.err and not (growing / "r.json").exists()
    (growing / "other.json").write_text('{"mine": 1}')
    code, said = run(capsys, *words, "--record", str(growing / "other.json"))
    assert code == 2 and "no record of looks" in said.err and (growing / "other.json").read_text() == '{"mine": 1}'


def test_a_table_with_a_record_is_tested_with_it(study):
    plan, _ = look_at(study, normal(2.5), looks(futility=0))
    known = replace(study, responses=replace(study.responses, looks=plan), made={})
    assert hm.test(normal(2.5), known).verdict == "inconclusive"
    assert hm.test(normal(2.5), replace(study, made={})).verdict == "supported"


def test_what_more_samples_bring_is_foreseen_where_the_sides_share_their_questions():
    """Shorter and longer responses of one model: what is foreseen from 8 responses a question is, in the mean of some
    data sets, what 40 bring; taken as independent, the sides would have half of all their scatter between questions."""
    claim = find_claims(["natural-overthinking"])[0]
    world = Temperature(models=1, questions=60, samples=40, budgets=1, heat_nat=0.45, lift_nat=0.0)
    plan = Looks(claim=claim.name, most_looks=2, most_responses=60 * 40)
    foreseen, independent, found = [], [], []
    for seed in range(4):
        table = temperature(world, seed=seed).table
        first = as_study(hm.read(table[table["sample"].astype(int) < 8]), seed=seed, draws=150)
        now = information_of(claim.quantity(first, "like-these").draws)
        foreseen.append(now / final_information(first, claim, plan, now))
        these = final_information(first, claim, plan.model_copy(update={"population": "these"}), now)
        c = claim.design(first, 40)
        sampling = [sampling_variance(c.sampling, n).mean() for n in (4, 20)]
        assert these / now == pytest.approx(sampling[0] / sampling[1], rel=0.02)
        before, after = (standard_error(c, 60, n, 1)[0] ** 2 for n in (8, 40))
        independent.append((after / before).mean())
        found.append(
            now / information_of(claim.quantity(as_study(hm.read(table), seed=seed, draws=150), "like-these").draws)
        )
    error = np.std(np.subtract(foreseen, found), ddof=1) / 2
    assert np.mean(foreseen) == pytest.approx(np.mean(found), abs=4 * error)
    assert np.mean(independent) - np.mean(foreseen) > 2 * np.std(foreseen, ddof=1) / 2
