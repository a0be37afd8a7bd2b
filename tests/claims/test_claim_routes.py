"""Every way to a verdict: responses, studies, laws, the command line; and every way to none."""

import json

import numpy as np
import pytest

import hotmess as hm
from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.rule import NOT_TESTABLE
from hotmess.claims.study import Study
from hotmess.claims.test import test_claims as run_claims
from hotmess.cli import main
from hotmess.errors import BadInput
from hotmess.laws.contrast import natural_contrast
from hotmess.laws.length import length_law
from hotmess.laws.power import power_laws
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

VERDICTS = {"supported", "contradicted", "inconclusive", "not testable"}
KEYS = {
    *("claim", "verdict", "probability", "median", "low", "high", "population", "metric", "guards", "sentence"),
    *("statement", "estimand", "place", "reasons", "models"),
}
SCALE = ["hard-incoherence-rises-with-scale", "easy-incoherence-falls-with-scale", "bias-falls-faster-than-variance"]


def with_lengths(questions=48, samples=8, seed=1):
    """Six sizes, difficulty by name, lengths that vary within and between questions."""
    world = simulate("scale", seed=seed, questions=questions, samples=samples)
    table = world.table
    rng = np.random.default_rng(seed)
    question = table["question"].astype("category").cat.codes.to_numpy()
    log2 = 7 + question / questions * 3 + 0.5 * rng.normal(size=len(table))
    return table.assign(reasoning_tokens=np.rint(2**log2).astype(int))


@pytest.fixture(scope="module")
def table():
    return with_lengths()


@pytest.fixture(scope="module")
def study(table):
    return Study(validate(table), seed=3, draws=150)


@pytest.fixture(scope="module")
def natural():
    return simulate("wrong-longer", seed=1, questions=60, samples=16, budgets=1).table


# --- not testable ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("population", ["like-these", "these"])
def test_twenty_draws_are_not_testable_on_every_route(table, population):
    gated = set()
    for verdict in run_claims(Study(validate(table), draws=20), population=population):
        assert verdict.verdict == NOT_TESTABLE, verdict.claim.name
        if "gate" in verdict.guards:
            gated.add(verdict.claim.name)
            assert "from 80 draws, there must be at least 200" in verdict.sentence
        assert verdict.probability is verdict.median is verdict.low is verdict.high is None
        assert not verdict.draws
    assert gated >= {*SCALE, "natural-overthinking", "incoherence-rises-with-length", "length-saturates"}


def test_laws_of_twenty_draws_are_not_testable_either(table):
    responses = validate(table)
    first = hm.fit(responses, by=["difficulty"], draws=20, pointwise=False)
    for claim, about in (
        ("bias-falls-faster-than-variance", power_laws(first, draws=500)),
        ("natural-overthinking", natural_contrast(responses, draws=20)),
        ("incoherence-rises-with-length", length_law(responses, draws=20)),
    ):
        assert hm.test(claim, about).verdict == NOT_TESTABLE, claim


def one(table, where):
    return validate(table.query(where).reset_index(drop=True))


@pytest.mark.parametrize(
    ("change", "claim", "words"),
    [
        (lambda t: one(t, "model == 'model-32B'"), "bias-falls-faster-than-variance", "Only 1 model size can"),
        (lambda t: one(t, "model_size_b < 5"), "hard-incoherence-rises-with-scale", "Only 3 model sizes"),
        (lambda t: validate(t.drop(columns="model_size_b")), "bias-falls-faster-than-variance", "no model has a value"),
        (lambda t: validate(t.assign(difficulty="easy")), "hard-incoherence-rises-with-scale", "one difficulty group"),
        (
            lambda t: validate(t.drop(columns=["difficulty", "reasoning_tokens"])),
            "easy-incoherence-falls-with-scale",
            "neither a length column",
        ),
        (lambda t: validate(t.drop(columns="reasoning_tokens")), "natural-overthinking", "no length column"),
        (lambda t: validate(t.drop(columns="reasoning_tokens")), "incoherence-rises-with-length", "no length column"),
        (lambda t: validate(t.assign(reasoning_tokens=9)), "natural-overthinking", "responses of different"),
        (lambda t: validate(t.assign(reasoning_tokens=9)), "incoherence-rises-with-length", "do not vary"),
        (lambda t: one(t, "sample == 0"), "natural-overthinking", "responses of different"),
        (lambda t: one(t, "sample == 0"), "incoherence-rises-with-length", "two or more responses"),
        (lambda t: one(t, "question == 'q00000'"), "incoherence-rises-with-length", "do not vary"),
        (lambda t: validate(t.assign(answer=t["target"])), "incoherence-rises-with-length", "too few errors"),
        (lambda t: validate(t.assign(answer=t["target"])), "bias-falls-faster-than-variance", "Only 0 model sizes"),
    ],
)
def test_data_that_cannot_speak(table, change, claim, words):
    verdict = hm.test(claim, change(table), draws=50)
    assert verdict.verdict == NOT_TESTABLE
    assert words.lower() in verdict.sentence.lower()
    assert verdict.sentence.endswith(".") and verdict.probability is None


@pytest.mark.parametrize("where", ["sample == 0", "question == 'q00000'", "model == 'model-32B' and sample < 2"])
def test_no_claim_breaks_on_little_data(table, where):
    for verdict in run_claims(Study(one(table, where), draws=30)):
        assert verdict.verdict == NOT_TESTABLE, verdict.claim.name


def test_nothing_but_right_answers_breaks_nothing(table):
    for verdict in run_claims(Study(validate(table.assign(answer=table["target"])), draws=30)):
        assert verdict.verdict in (NOT_TESTABLE, "inconclusive"), verdict.claim.name


# --- responses, studies, laws ------------------------------------------------------------------------------------


def test_laws_already_fitted_give_the_verdict_of_a_study(natural):
    responses = validate(natural)
    made = natural_contrast(responses, seed=3, draws=150)
    straight = hm.test("natural-overthinking", responses, seed=3, draws=150)
    through = hm.test(CATALOGUE["natural-overthinking"], made)
    assert straight.record() == through.record()
    assert straight.verdict == "contradicted"  # wrong runs are merely longer: the longer half is less incoherent
    assert straight.sentence.count("association") == 1
    other = hm.test("natural-overthinking", responses, seed=4, draws=150)
    assert other.median != straight.median


def test_length_laws_and_power_laws_are_taken_as_they_are(table):
    responses = validate(table)
    law = length_law(responses, seed=3, draws=200)
    verdict = hm.test("incoherence-rises-with-length", law)
    np.testing.assert_array_equal(
        verdict.draws["these"], law.slopes("odds", "these").mean(-1)
    ) if verdict.draws else None
    laws = power_laws(hm.fit(responses, by=["difficulty"], seed=3, draws=200, pointwise=False), draws=200)
    verdict = hm.test(hm.claims.bias_falls_faster_than_variance, laws)
    assert verdict.verdict in VERDICTS and verdict.reasons != ("",)
    by_benchmark = power_laws(hm.fit(responses, draws=200, pointwise=False), by="benchmark", draws=50)
    refused = hm.test("hard-incoherence-rises-with-scale", by_benchmark)
    assert refused.verdict == NOT_TESTABLE and "not by difficulty" in refused.sentence


def test_hard_means_the_hardest_not_the_last_of_the_alphabet():
    """With size hard questions become more incoherent, easy ones less: the signs of the draws say which is which."""
    data = simulate("scale", seed=2, questions=90, samples=10, residual=0.0)
    study = Study(validate(data.table), draws=150)
    hard, easy = (CATALOGUE[name].quantity(study, "these") for name in SCALE[:2])
    laws = study.power_laws
    slopes = laws.slope_of_logit_incoherence("these")
    groups = laws.groups["difficulty"].tolist()
    np.testing.assert_allclose(hard.draws, slopes[..., groups.index("hard")])
    np.testing.assert_allclose(easy.draws, -slopes[..., groups.index("easy")])
    everything = CATALOGUE[SCALE[2]].quantity(study, "these")
    np.testing.assert_allclose(everything.draws, slopes.mean(-1))


def test_parts_of_a_slope_add_up_to_the_slope_of_incoherence(study):
    quantity = CATALOGUE["hard-incoherence-rises-with-scale"].quantity(study, "these")
    laws = study.power_laws
    sets = laws.fit.draws(["model", *laws.by], population="these")
    kept = laws.law.cells.query("difficulty == 'hard'")[["model", "x"]]
    place = {row.model: i for i, row in sets.table.iterrows() if row.difficulty == "hard"}
    rows, x = [place[m] for m in kept["model"]], kept["x"].to_numpy()
    t = x - x.mean()
    slope = sets.incoherence[..., rows] @ t / (t @ t)
    np.testing.assert_allclose(sum(quantity.parts.values()), slope, atol=2e-6)


def test_what_is_no_study_is_refused():
    with pytest.raises(BadInput, match="nothing to study"):
        hm.test("natural-overthinking", [])
    with pytest.raises(BadInput, match="not on DataFrame"):
        hm.test("natural-overthinking", with_lengths(questions=3))


def test_every_claim_is_an_attribute():
    for name, claim in CATALOGUE.items():
        assert getattr(hm.claims, name.replace("-", "_")) is claim
    with pytest.raises(AttributeError, match="there is no claim"):
        _ = hm.claims.no_such_claim


# --- the command line --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def file(natural, tmp_path_factory):
    path = tmp_path_factory.mktemp("claims") / "natural.parquet"
    natural.to_parquet(path)
    return str(path)


def run(capsys, *args):
    code = main(list(args))
    out = capsys.readouterr()
    return code, out.out, out.err


def test_test_prints_json_and_nothing_else(file, capsys):
    args = ("test", file, "--claim", "natural_overthinking", "--claim", SCALE[0], "--draws", "300", "--json")
    code, out, _ = run(capsys, *args)
    records = json.loads(out)
    assert code == 0 and [r["claim"] for r in records] == ["natural-overthinking", SCALE[0]]
    for record in records:
        assert set(record) >= KEYS and record["verdict"] in VERDICTS
        assert record["population"] == "like-these" and record["metric"] == "brier"
    first, second = records
    assert first["verdict"] == "contradicted" and first["low"] < first["median"] < first["high"] < 0
    assert first["guards"]["negative_control"]["permutations"] == 99
    assert set(first["guards"]["parts"]) == {"accuracy", "spread", "concentration"}
    assert first["models"][0]["name"] == "model-0"
    assert second["verdict"] == "not testable" and second["probability"] is None
    assert run(capsys, *args)[1] == out  # the seed reproduces every digit


def test_strict_exits_with_one_when_a_claim_is_contradicted(file, capsys):
    args = ("test", file, "--claim", "natural-overthinking", "--draws", "300", "--population", "these")
    code, out, _ = run(capsys, *args, "--strict")
    assert code == 1 and "Contradicted" in out and "Negative control: rank" in out
    assert run(capsys, *args)[0] == 0
    assert run(capsys, "test", file, "--claim", SCALE[0], "--draws", "20", "--strict")[0] == 0


def test_bad_input_exits_with_two_and_one_sentence(file, tmp_path, capsys):
    for args in (
        ("test", file, "--claim", "natural-overthinkin"),
        ("test", str(tmp_path / "absent.parquet")),
        ("fit", file, "--out", str(tmp_path / "absent" / "fit.nc")),
        ("fit", file, "--formula", "modle", "--out", str(tmp_path / "fit.nc")),
    ):
        code, out, err = run(capsys, *args)
        assert code == 2 and not out and len(err.strip().splitlines()) == 1, args
    assert not (tmp_path / "fit.nc").exists()


def test_claims_lists_the_catalogue(capsys):
    code, out, _ = run(capsys, "claims", "--json")
    assert code == 0 and [r["name"] for r in json.loads(out)] == list(CATALOGUE)
    assert set(json.loads(out)[0]) == {"name", "statement", "estimand", "place", "needs", "region"}
    code, out, _ = run(capsys, "claims")
    assert all(name in out for name in CATALOGUE)


def test_fit_saves_a_posterior_and_prints_its_table(file, tmp_path, capsys):
    from hotmess.inference.store import load_tree

    path = tmp_path / "fit.nc"
    code, out, err = run(capsys, "fit", file, "--out", str(path), "--draws", "300", "--by", "model,half", "--json")
    rows = json.loads(out)
    assert code == 0 and [r["half"] for r in rows] == ["shorter", "longer"] and str(path) in err
    for row in rows:
        assert row["incoherence_low"] < row["incoherence"] < row["incoherence_high"] and row["reliable"]
        assert row["questions"] == 60
    tree = load_tree(path)
    assert tree["posterior"]["logit_a"].sizes == {"chain": 4, "draw": 300, "answer_group": 2}
    assert tree["log_likelihood"]["responses"].sizes["question"] == 60
    few = run(capsys, "fit", file, "--out", str(path), "--draws", "20", "--by", "model,half")
    assert few[0] == 0 and few[2].count("not reliable") == 5 and "hotmess: and 1 more." in few[2]
    assert few[1].splitlines()[1].split()[-1] == "no"
