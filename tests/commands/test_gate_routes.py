"""What is no diagnosis says so on every route: one draw, one chain, one response a question, groups by an outcome."""

import json

import pytest

import hotmess as hm
from hotmess.claims.rule import NOT_TESTABLE
from hotmess.cli import main
from hotmess.errors import NotTestable

FEW = ["--draws", "1", "--chains", "1"]
ONE = "Every question has one response only: variance cannot be told from bias"
EACH = "Every question has one response only at each budget: variance cannot be told from bias"
BY = "Groups cannot be made by 'answer', an outcome"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("routes")
    table = hm.example().table
    table = table[table["question"].isin(sorted(table["question"].unique())[:12])]
    table.to_parquet(folder / "many.parquet")
    single = table[table["sample"] == 0]
    single[single["budget"] == single["budget"].iloc[0]].to_parquet(folder / "single.parquet")
    single.to_parquet(folder / "budgets.parquet")
    return folder


def run(capsys, *words):
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    "words",
    [
        ("decompose",),
        ("decompose", "--estimator", "unbiased"),
        ("decompose", "--estimator", "latent"),
        ("fit", "--out", "fit.nc"),
        ("compare",),
        ("test",),
        ("report", "--out", "report"),
        ("design", "--claim", "natural-overthinking"),
    ],
    ids=" ".join,
)
def test_one_response_of_each_question_is_a_sentence_in_every_command(words, files, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, words[0], files / "single.parquet", *words[1:])
    assert (code, out) == (2, "") and ONE in err.splitlines()[-1] and err.splitlines()[-1].startswith("hotmess: ")
    assert not [p for p in tmp_path.iterdir() if not p.name.startswith(".")]


def test_one_response_at_each_budget_speaks_of_accuracy_alone(files, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, "test", files / "budgets.parquet", "--json")
    tested = {v["claim"] for v in json.loads(out) if v["verdict"] != NOT_TESTABLE}
    assert code == 0 and tested == {"accuracy-rises-with-budget"}
    code, out, err = run(capsys, "decompose", files / "budgets.parquet")
    assert (code, out) == (2, "") and EACH in err and "accuracy-rises-with-budget" in err
    code, out, err = run(capsys, "design", files / "budgets.parquet", "--claim", "natural-overthinking")
    assert (code, out) == (2, "") and EACH in err


@pytest.mark.parametrize(
    "words",
    [
        ("decompose",),
        ("decompose", "--estimator", "latent"),
        ("fit", "--out", "fit.nc"),
        ("compare",),
        ("reliability",),
        ("reliability", "--source", "context"),
    ],
)
@pytest.mark.parametrize("by", ["answer", "model,answer"])
def test_groups_by_an_outcome_are_refused(words, by, files, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, words[0], files / "many.parquet", "--by", by, *words[1:])
    assert (code, out) == (2, "") and err.splitlines()[-1].startswith("hotmess: " + BY)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [("decompose",), ("decompose", "--estimator", "latent"), ("fit", "--out", "fit.nc")])
def test_groups_by_a_measurement_that_leaves_responses_alone_are_refused(words, files, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, words[0], files / "many.parquet", "--by", "reasoning_tokens", *words[1:])
    said = err.splitlines()[-1]
    assert (code, out) == (2, "") and said.startswith("hotmess: Groups by reasoning_tokens, a number of ")
    assert "--by difficulty" in said and not list(tmp_path.iterdir())


def test_numbers_of_few_values_and_of_questions_make_groups(files):
    table = hm.read(files / "many.parquet").table
    heat = table.assign(heat=(table["sample"].astype(int) % 2) / 2)
    assert len(hm.decompose(hm.read(heat), by=["heat"]).records) == 2
    year = table.assign(year=table["question"].str[1:].astype(int) + 1900)
    assert len(hm.decompose(hm.read(year), by=["year"]).records) == 12


def test_a_fit_is_not_grouped_by_what_its_cells_count(files):
    fit = hm.fit(hm.read(files / "many.parquet"), draws=60, chains=4)
    with pytest.raises(hm.BadInput, match="'right', an outcome"):
        fit.summary(["right"])


def test_one_draw_is_no_number_to_rely_on(files, capsys):
    path = files / "many.parquet"
    code, out, err = run(capsys, "decompose", path, "--estimator", "latent", "--json", *FEW)
    assert code == 0 and not any(row["reliable"] for row in json.loads(out)) and "must be at least 200" in err
    code, out, err = run(capsys, "compare", path, "--models", "owl-1b,owl-64b", "--json", *FEW)
    assert code == 0 and not any(row["reliable"] for row in json.loads(out))
    assert all(row["unbiased_low"] is None for row in json.loads(out))
    code, out, err = run(capsys, "decompose", path, "--interval", "0.9", "--json", *FEW)
    assert code == 0 and all(row["error_low"] is None for row in json.loads(out))
    assert "no intervals with fewer than 200 draws" in err
    code, out, err = run(capsys, "design", path, "--claim", "natural-overthinking", *FEW)
    assert (code, out) == (2, "") and "Nothing can be said from 1 draw, there must be at least 200" in err


@pytest.mark.parametrize(
    "claim", ["natural-overthinking", "incoherence-rises-with-length", "hard-incoherence-rises-with-scale"]
)
@pytest.mark.parametrize("settings", [(1, 1), (1, 4), (30, 4)])
def test_few_draws_are_not_testable(claim, settings, files, capsys):
    draws, chains = settings
    words = ["--claim", claim, "--json", "--draws", draws, "--chains", chains]
    code, out, _ = run(capsys, "test", files / "many.parquet", *words)
    (record,) = json.loads(out)
    assert code == 0 and record["verdict"] == NOT_TESTABLE and record["probability"] is None
    assert "at least 200" in record["sentence"]


def test_few_draws_of_a_user_s_claim_and_of_laws_are_a_sentence(files, tmp_path, capsys):
    claims = tmp_path / "mine.yaml"
    claims.write_text(
        "- name: mine\n  statement: the largest model is less coherent\n"
        "  quantity: incoherence(model='owl-64b') - incoherence(model='owl-1b')\n  direction: positive\n"
    )
    code, out, err = run(capsys, "test", files / "many.parquet", "--claims", claims, "--json", *FEW)
    assert code == 0 and json.loads(out)[0]["verdict"] == NOT_TESTABLE, err
    fit = hm.fit(hm.read(files / "many.parquet"), draws=1, chains=1)
    with pytest.raises(NotTestable, match="1 draw, there must be at least 20"):
        hm.power_laws(fit, by=["budget"])
