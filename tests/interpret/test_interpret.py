"""Interpretation helpers against enumeration, hand-worked tables and an exact paired Bayesian bootstrap."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.decompose.intervals import bootstrap_interval, question_shares
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import Gate
from hotmess.interpret.pair_verdicts import Pair, judged
from hotmess.interpret.paired_sets import paired_rows
from hotmess.interpret.sets import quantity, sets_of, source_of
from hotmess.responses.validate import validate
from hotmess.statements.effective import Effective
from hotmess.statements.means import incoherence
from hotmess.statements.tail import probability_above


def table(answers, *, target=0, choices=4, **columns):
    """Responses from {(model, question): letters}."""
    rows = [
        {"model": m, "question": q, "sample": i, "answer": a, "target": target, "n_choices": choices}
        for (m, q), letters in answers.items()
        for i, a in enumerate(letters)
    ]
    return validate(pd.DataFrame(rows).assign(**columns))


HAND = {
    # Unbiased terms by hand (n = 4, Brier): A A B B: variance 2/3, error 1; A B B B: 1/2 and 3/2; B B B B: 0 and 2.
    ("x", "q1"): [0, 0, 1, 1],
    ("x", "q2"): [1, 1, 1, 1],
    ("y", "q1"): [0, 1, 1, 1],
    ("y", "q2"): [0, 0, 1, 1],
}


@pytest.fixture(scope="module")
def example():
    return hm.Study(hm.example(), draws=250, seed=1)


def value(found, name, column):
    return found[found["quantity"] == name][column].item()


def test_differences_of_a_small_table_by_hand():
    found = hm.compare(table(HAND), "x", "y", draws=20).table
    assert value(found, "variance", "unbiased") == pytest.approx(1 / 3 - 7 / 12)
    assert value(found, "error", "unbiased") == pytest.approx(3 / 2 - 5 / 4)
    assert value(found, "bias2", "unbiased") == pytest.approx((3 / 2 - 1 / 3) - (5 / 4 - 7 / 12))
    assert value(found, "incoherence", "unbiased") == pytest.approx((1 / 3) / (3 / 2) - (7 / 12) / (5 / 4))
    assert set(found["questions"]) == {2}


def test_bootstrap_is_paired_exactly():
    """The interval of the difference is that of one set of weights on both models, computed here by hand."""
    rng = np.random.default_rng(3)
    answers = {(m, f"q{q:02d}"): rng.integers(0, 3, 6) for m in "xy" for q in range(60)}
    found = hm.compare(table(answers), "x", "y", draws=100, seed=4).table
    variance, error = np.empty((2, 60)), np.empty((2, 60))
    for (m, q), letters in answers.items():
        share = np.bincount(letters, minlength=4) / 6
        at = "xy".index(m), int(q[1:])
        variance[at] = (1 - (share**2).sum()) * 6 / 5
        error[at] = ((share - np.eye(4)[0]) ** 2).sum() + 1 - (share**2).sum()
    weights = question_shares(60, 400, 4)
    drawn = (weights @ variance[0]) / (weights @ error[0]) - (weights @ variance[1]) / (weights @ error[1])
    point = variance[0].sum() / error[0].sum() - variance[1].sum() / error[1].sum()
    low, high = bootstrap_interval(drawn, np.array(point), interval=0.9, questions=60)
    assert value(found, "incoherence", "unbiased") == pytest.approx(point)
    assert value(found, "incoherence", "unbiased_low") == pytest.approx(float(low))
    assert value(found, "incoherence", "unbiased_high") == pytest.approx(float(high))


def test_only_shared_questions_are_compared():
    answers = HAND | {("x", "q3"): [0, 0, 0, 1], ("y", "q4"): [2, 2, 0, 1]}
    found = hm.compare(table(answers), "x", "y", draws=20)
    same = hm.compare(table(HAND), "x", "y", draws=20)
    assert value(found.table, "incoherence", "unbiased") == value(same.table, "incoherence", "unbiased")
    assert "2 cells of x or y have no partner in the other and are left out." in found.notes
    with pytest.raises(NotTestable, match="share no question"):
        hm.compare(table({("x", "a"): [0, 1, 1], ("y", "b"): [0, 1, 1]}), "x", "y", draws=20)


def test_a_model_against_itself_under_another_name_differs_by_nothing_without_a_model():
    answers = {(m, q): letters for (_, q), letters in list(HAND.items())[:2] for m in ("one", "two")}
    found = hm.compare(table(answers), "one", "two", draws=50).table
    four = found[~found["quantity"].str.contains("part")]
    assert (four[["unbiased", "unbiased_low", "unbiased_high"]] == 0).all(axis=None)


def test_the_posterior_is_the_fits_own(example):
    """Predictions are the summary of the fit, number for number; comparisons are statements of their own."""
    found = hm.interpret.predictions(example, "model")
    summary = example.fit.summary(["model"]).set_index("model")
    for name in ("incoherence", "bias2", "variance", "error"):
        own = found[found["quantity"] == name].set_index("model")
        for column, theirs in (("median", name), ("low", f"{name}_low"), ("high", f"{name}_high")):
            assert own[column].to_dict() == pytest.approx(summary[theirs].to_dict())
    assert found["model"].drop_duplicates().tolist() == ["owl-1b", "owl-4b", "owl-16b", "owl-64b"]
    for population in ("like-these", "these"):
        sets = example.fit.draws(["model"], population=population)
        pair = [sets.table["model"].tolist().index(name) for name in ("owl-64b", "owl-1b")]
        if population == "these":
            difference = np.diff(sets.incoherence[..., pair]).ravel()
            above = (difference > 0).mean()
        else:
            found = example.fit.statement().settle(lambda m, pair=pair: np.diff(incoherence(m[..., pair, :])))
            difference = found.draws[:, 0]
            above = probability_above(difference, 0.0, found.df[0])
        compared = hm.compare(example, "owl-1b", "owl-64b", population=population).table
        assert value(compared, "incoherence", "difference") == pytest.approx(np.median(difference))
        assert value(compared, "incoherence", "probability") == pytest.approx(above)


def test_unbiased_predictions_are_those_of_decompose(example):
    for population in ("like-these", "these"):
        found = hm.interpret.predictions(example, "model", population=population)
        kind = {"by": ["model"], "estimator": "unbiased", "interval": 0.9, "population": population, "seed": 1}
        records = hm.decompose(example.responses, draws=1000, **kind).frame().set_index("model")
        own = found[found["quantity"] == "incoherence"].set_index("model")
        assert own["unbiased"].to_dict() == pytest.approx(records["incoherence"].to_dict())
        close = 1e-9 if population == "like-these" else 0.006  # the jackknife is drawn here, by the delta method there
        for end in ("low", "high"):
            assert own[f"unbiased_{end}"].to_dict() == pytest.approx(records[f"incoherence_{end}"].to_dict(), abs=close)


def test_three_parts_add_up(example):
    found = hm.compare(example, "owl-1b", "owl-64b").table
    parts = found[found["quantity"].str.endswith(" part")]
    assert parts["quantity"].tolist() == ["accuracy part", "spread part", "concentration part"]
    assert parts["difference"].sum() == pytest.approx(value(found, "incoherence", "difference"), abs=0.004)
    assert parts["difference"].iloc[0] < 0  # the smaller model is right less often


def test_slopes_are_least_squares(example):
    found = hm.interpret.slopes(example, "model_size_b")
    sets = sets_of(source_of(example, ["model_size_b"]), ["model_size_b"])
    x = np.log(sets.table["model_size_b"].to_numpy())
    assert value(found, "bias2", "levels") == 4
    for name in ("bias2", "incoherence"):

        def slope(terms, name=name):
            y = quantity(terms, name)
            y = np.log(y / (1 - y)) if name == "incoherence" else np.log(y)
            return np.polyfit(x, y.reshape(-1, 4).T, 1)[0][:, None]

        settled = sets.means.settle(slope).draws
        assert value(found, name, "slope") == pytest.approx(np.median(settled))
        assert abs(np.median(settled) - np.median(slope(sets.latent))) < 0.5 * settled.std()
    plain = hm.interpret.slopes(example, "model_size_b", log=False, link=False)
    y = quantity(sets.estimate, "variance")
    assert value(plain, "variance", "unbiased") == pytest.approx(np.polyfit(np.exp(x), y, 1)[0])


def test_slopes_say_why_not(example):
    with pytest.raises(BadInput, match="needs numbers"):
        hm.interpret.slopes(example, "budget")
    with pytest.raises(BadInput, match="group it first"):
        hm.interpret.slopes(example.fit, "log2_length")
    with pytest.raises(NotTestable, match="three levels"):
        hm.interpret.slopes(table(HAND, model_size_b=1.0), "model_size_b", draws=20)


def test_budgets_are_paired_within_models(example):
    found = hm.interpret.comparisons(example, "budget", levels=["low", "high"], by=["model"])
    assert found["paired"].all()
    assert len(found) == 16
    assert set(found["questions"]) == {60}
    whole = hm.interpret.comparisons(example, "budget", levels=["low", "high"])
    cells = example.cells.table
    rows, paired = paired_rows(cells[cells["model"] != "owl-4b"], "budget", "high", "low", [])
    assert paired
    assert len(rows) == 360
    assert value(whole, "variance", "unbiased") == pytest.approx(
        found[found["quantity"] == "variance"]["unbiased"].mean()
    )


def test_a_covariate_of_questions_is_not_paired():
    responses = table(HAND | {("x", "q3"): [0, 0, 1, 2]}, category=["hard"] * 8 + ["easy"] * 8 + ["easy"] * 4)
    found = hm.interpret.comparisons(responses, "category", levels=["easy", "hard"], draws=20)
    assert not found["paired"].any()


def test_outcomes_without_a_latent_model_are_compared_without_one():
    rng = np.random.default_rng(1)
    rows = [
        {"model": m, "question": f"q{q}", "sample": s, "embedding": (rng.normal(size=3) * (1 + (m == "b"))).tolist()}
        for m in "ab"
        for q in range(40)
        for s in range(5)
    ]
    found = hm.compare(validate(pd.DataFrame(rows)), "a", "b", draws=20)
    row = found.table[found.table["quantity"] == "variance"].iloc[0]
    assert row["unbiased"] == pytest.approx(3 - 12, abs=2)
    assert np.isnan(row["difference"]) or row["difference"] < 0


def test_models_decoded_at_different_settings_are_not_testable():
    responses = table(HAND, temperature=[1.0] * 8 + [0.7] * 8)
    found = hm.compare(responses, "x", "y", draws=20)
    assert "different temperature (1 against 0.7)" in found.notes[0]
    assert "not testable" in found.sentences[0]


def test_a_bad_fit_has_no_sentence_with_a_number():
    found = hm.compare(table(HAND), "x", "y", draws=20)
    assert "not testable" in found.sentences[0]
    assert not found.table["reliable"].any()


def test_names_that_are_not_there(example):
    with pytest.raises(BadInput, match="did you mean 'owl-64b'"):
        hm.compare(example, "owl-1b", "owl-64")
    with pytest.raises(BadInput, match="did you mean 'budget'"):
        hm.interpret.predictions(example, "budgte")
    with pytest.raises(BadInput, match="There is no budget 'lo'"):
        hm.interpret.comparisons(example, "budget", levels=["lo", "high"])


def test_the_example_is_what_makes_it():
    from hotmess.examples import make

    packaged = hm.example().table
    again = validate(make()).table
    for name in ("model", "question", "budget", "answer", "target", "reasoning_tokens"):
        assert packaged[name].tolist() == again[name].tolist()


def test_errors_on_few_questions_decide_nothing_however_certain_the_interval():
    rng = np.random.default_rng(2)
    answers = {(m, f"q{q:02d}"): np.zeros(10, int) for m in "xy" for q in range(60)}
    for q in range(3):  # all errors of both models, of x always the same one, of y all kinds
        answers["x", f"q{q:02d}"] = np.full(10, 1)
        answers["y", f"q{q:02d}"] = rng.integers(0, 4, 10)
    found = hm.compare(table(answers), "x", "y", draws=250, seed=1)
    row = found.table[found.table["quantity"] == "incoherence"].iloc[0]
    assert row["probability"] < 0.025 and row["effective"] < 8
    assert "inconclusive which is more coherent" in found.sentences[0]
    assert "its errors sit on few questions (as good as" in found.sentences[0] and row["verdict"] == "inconclusive"


def pair(p: float, sd: float = 1.0, **change: Any) -> Pair:
    """Independent draws of a Normal of which the share p lies above 0."""
    at = (np.arange(4000) + 0.5) / 4000
    draws = sd * (stats.norm.ppf(np.random.default_rng(1).permutation(at)) + stats.norm.ppf(p)).reshape(4, -1)
    own = {"effective": Effective(np.inf, np.inf, 100), **change}
    return Pair({"probability": p, "of": "x", "questions": 100}, draws, draws, **own)


def test_many_pairs_are_decided_together():
    """Benjamini and Hochberg over the pairs: one of ten at P = 0.01 falls, alone it stands."""
    pairs = [pair(p) for p in (0.01, *np.linspace(0.3, 0.7, 9))]
    together = judged(pairs, None, 0.025, Gate())
    assert {one.verdict for one in together} == {"inconclusive"}
    assert "among 10 pairs compared together it does not stand" in together[0].reason
    assert "between 0.025 and 0.975" in together[1].reason
    alone = judged(pairs[:1], None, 0.025, Gate())[0]
    assert (alone.verdict, alone.reason) == ("supported", "")
    assert alone.smallest == pytest.approx(1.96 + 0.84, abs=0.01)


def test_a_pair_is_judged_by_the_rule_of_claims():
    few, opposite = Effective(7.0, 7.0, 100), replace(pair(0.99), other=pair(0.4).draws)
    cases = [
        (pair(0.5, 0.01), 0.05, "negligible", ""),
        (pair(0.99, 0.01), 0.05, "negligible", ""),
        (pair(0.5, 0.01), None, "inconclusive", "between 0.025"),
        (pair(0.5, 0.01, effective=few), 0.05, "inconclusive", "few questions"),
        (pair(0.99, effective=few), 0.02, "inconclusive", "few questions"),
        (opposite, 0.02, "inconclusive", "opposite sign"),
        (pair(0.978), 0.02, "inconclusive", "Monte Carlo interval"),
        (pair(0.001), 0.02, "supported", ""),
        (pair(0.99, reason="they were decoded at different settings"), 0.02, "not testable", "decoded"),
        (replace(pair(0.99), draws=np.full((4, 9), np.nan)), 0.02, "not testable", "undefined"),
    ]
    for one, region, verdict, why in cases:
        found = judged([one], region, 0.025, Gate())[0]
        assert found.verdict == verdict and why in found.reason, (verdict, found.verdict, found.reason)
    failed = judged([pair(0.99)], 0.02, 0.025, Gate(("R-hat of x is 1.2",)))[0]
    assert failed.verdict == "not testable" and "diagnostics" in failed.reason


def test_models_alike_are_practically_none_apart_and_the_region_is_the_users():
    """The same answers under two names: the difference is 0 in every draw but for the model's own."""
    rng = np.random.default_rng(5)
    same = {f"q{q:03d}": rng.choice(4, 12, p=rng.dirichlet(np.ones(4))) for q in range(120)}
    answers = {(m, q): a for m in "xy" for q, a in same.items()}
    found = hm.compare(table(answers), "x", "y", draws=250, seed=1, negligible=0.3)
    row = found.table[found.table["quantity"] == "incoherence"].iloc[0]
    assert row["verdict"] == "negligible" and row["smallest_effect"] > 0
    assert "practically none, as what lies within ±0.3 counts as none" in found.sentences[0]
    assert found.records()[0]["negligible"] == 0.3 and found.records()[1]["verdict"] is None
    by_hand = hashlib.sha256(b'{"name":"compare","negligible":0.3}').hexdigest()
    assert found.preregistration == found.records()[1]["preregistration"] == by_hand
    said = hm.compare(table(answers), "x", "y", draws=250, seed=1, negligible=None).sentences[0]
    assert "inconclusive which is more coherent" in said and "could show a difference" in said
    half, count = row["smallest_effect"] / 2, 4 * 120  # half the effect takes four times the questions
    assert f"Next step: A difference of {half:.2g} would be supported with probability 0.8 by {count} questions" in said
    with pytest.raises(BadInput, match="half-width of a region is a number above 0"):
        hm.compare(table(answers), "x", "y", draws=20, negligible=-1.0)


def test_a_direction_needs_what_its_look_needs():
    from hotmess.looks.record import Look, Looks

    responses = hm.example()
    plain = hm.compare(responses, "owl-4b", "owl-64b", draws=250)
    assert "is higher" in plain.sentences[0] or "is lower" in plain.sentences[0]
    look = Look(
        responses=len(responses), information=1, fraction=0.2, threshold=1 - 1e-12, probability=0.99, verdict="open"
    )
    plan = Looks(claim="natural-overthinking", most_responses=10 * len(responses), history=(look,))
    held = hm.compare(replace(responses, looks=plan), "owl-4b", "owl-64b", draws=250)
    assert "inconclusive" in held.sentences[0] and "Look 1 of at most 5" in held.notes[-1]
    own = ["verdict", "reason", "next_step", "smallest_effect"]
    assert held.table.drop(columns=own).equals(plain.table.drop(columns=own))
    unknown = replace(responses, table=responses.table.assign(round=["1", "2"] * (len(responses) // 2)))
    said = hm.compare(unknown, "owl-4b", "owl-64b", draws=250)
    assert "inconclusive" in said.sentences[0] and any("--looks" in note for note in said.notes)
