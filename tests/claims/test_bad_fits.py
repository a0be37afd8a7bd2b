"""A fit with divergences, a stuck chain or an effective sample size of 50 gives no verdict, on whatever route."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import hotmess as hm
from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.rule import NOT_TESTABLE
from hotmess.claims.study import Study
from hotmess.claims.test import test_claim as run_claim
from hotmess.cli import main
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

CLAIMS = {
    "contrast": "natural-overthinking",
    "length_law": "incoherence-rises-with-length",
    "power_laws": "bias-falls-faster-than-variance",
}


@pytest.fixture(scope="module")
def table():
    world = simulate("scale", seed=5, questions=48, samples=10, residual=0.02)
    rng = np.random.default_rng(5)
    hard = world.table["question"].astype("category").cat.codes.to_numpy() / 48
    return world.table.assign(
        reasoning_tokens=np.rint(2 ** (7 + 3 * hard + rng.normal(size=len(hard)) / 2)).astype(int)
    )


@pytest.fixture(scope="module")
def study(table):
    made = Study(validate(table), seed=3)
    for key, claim in CLAIMS.items():
        getattr(made, key)
        assert run_claim(made, CATALOGUE[claim], sensitivity=False).verdict != NOT_TESTABLE, claim
    return made


def divergent(posterior, stats):
    stats["diverging"].values[1, 7] = True


def stuck(posterior, stats):
    for name in posterior.data_vars:
        posterior[name].values[2] = posterior[name].values[2, :1]


def slow(posterior, stats):
    """50 distinct draws of each chain, each repeated."""
    n = posterior.sizes["draw"]
    where = (np.arange(n) * 12 // n) * n // 12
    for name in posterior.data_vars:
        posterior[name].values[:] = posterior[name].values[:, where]


def spoiled(tree, how):
    out = tree.copy(deep=True)
    posterior, stats = out["posterior"].to_dataset().copy(deep=True), out["sample_stats"].to_dataset().copy(deep=True)
    how(posterior, stats)
    posterior.attrs.pop("draws", None)  # such draws come from chains, not from a grid
    out["posterior"], out["sample_stats"] = posterior, stats
    return out


def spoil(study, key, how, stage):
    """The study with one of its fits spoiled: the law itself, or the fit of answers beneath it."""
    one = study.made[key]
    if stage == "answers":
        one = replace(one, fit=replace(one.fit, data=spoiled(one.fit.data, how)))
    else:
        one = replace(one, data=spoiled(one.data, how))
    return replace(study, made={**study.made, key: one}), one


@pytest.mark.parametrize("how", [divergent, stuck, slow])
@pytest.mark.parametrize(
    ("key", "stage"),
    [
        ("contrast", "answers"),
        ("length_law", "law"),
        ("length_law", "answers"),
        ("power_laws", "law"),
        ("power_laws", "answers"),
    ],
)
def test_no_verdict_from_a_bad_fit(study, key, stage, how):
    bad, one = spoil(study, key, how, stage)
    verdicts = [hm.test(CLAIMS[key], bad, population="these" if how is stuck else "like-these")]
    if one.fit.source is not None and how is stuck:
        verdicts.append(hm.test(CLAIMS[key], one))
    for verdict in verdicts:
        assert verdict.verdict == NOT_TESTABLE and verdict.sentence.startswith("Not testable")
        assert verdict.probability is verdict.median is verdict.low is verdict.high is None and not verdict.draws
        assert not {"parts", "populations", "monte_carlo", "sensitivity"} & set(verdict.guards)
        words = {"divergent": "divergent transition", "stuck": "R-hat", "slow": "effective sample size"}[how.__name__]
        assert any(words in reason for reason in verdict.reasons)
        assert verdict.record()["guards"]["gate"]["passed"] is False


def test_twenty_draws_on_the_command_line_and_in_the_report(table, tmp_path, capsys):
    path, out = tmp_path / "few.parquet", tmp_path / "report"
    one = table[(table["model"] == "model-8B") & (table["question"] < "q00016")].drop(columns="model_size_b")
    one.to_parquet(path)
    common = [str(path), "--claim", "natural-overthinking", "--draws", "20"]
    assert main(["test", *common, "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["verdict"] == NOT_TESTABLE and record["probability"] is None
    assert main(["report", *common, "--out", str(out)]) == 0
    results = json.loads((out / "results.json").read_text())
    assert [v["verdict"] for v in results["verdicts"]] == [NOT_TESTABLE]
    page = (out / "report.html").read_text()
    assert re.search(r'<b class="[^"]*">1</b> <span class="[^"]*">not testable</span>', page)
    assert "is not reliable" in page
