"""The study of latent positions, small; the page is of the file beside it; plug-in coverage on real runs by hand."""

import json
from pathlib import Path

import numpy as np
import outcomes_calibration as study
import pytest
from scipy import stats

import hotmess as hm

STUDIES = Path(study.__file__).parent
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "terminal-bench.parquet"


@pytest.mark.parametrize("outcome", study.OUTCOMES)
def test_ranks_of_a_small_study_are_uniform(outcome):
    ranks = study.model_ranks(outcome, 20, seed=3)
    assert set(ranks) == {*study.PARAMETERS, *study.UNPARSABLE, "bias2", "variance"}
    # One test of all: seven quantities of a set are dependent, so their mean distance from the middle is compared.
    far = np.mean([np.abs(np.mean(np.abs(v - 0.5)) - 0.25) for v in ranks.values() if len(v) > 10])
    assert far < 0.09  # a rank's distance from the middle has standard error 0.14/√20 = 0.03; its mean |error| is 0.026
    assert all(stats.kstest(v, "uniform").pvalue > 1e-4 for v in ranks.values() if len(v) > 10)


def test_terms_of_a_task_are_those_of_many_runs():
    rng = np.random.default_rng(0)
    tasks = study.task_patterns("correlated", 3, rng)
    for (patterns, p), row in zip(tasks, study.true_terms(tasks)):
        runs = patterns[rng.choice(len(p), 40_000, p=p / p.sum())]
        error, share = 1 - runs.mean(), runs.mean(0)
        assert p.sum() == pytest.approx(1) and row[0] == pytest.approx(error, abs=0.02)
        assert row[2] == pytest.approx(np.mean(share * (1 - share)), abs=0.02)


def test_intervals_of_a_small_study_hold_the_truth_about_as_often_as_they_should():
    found = study.coverage("settled", 12, seed=1, block=12, tasks=40)
    for key in ("latent, these", "latent, like-these"):
        assert min(found[key]["coverage"].values()) >= 0.5, key  # 10.8 of 12 expected
        assert abs(found[key]["mean_error"]["variance"]) < 0.02


def test_the_page_is_of_the_results_beside_it():
    result = json.loads((STUDIES / "outcomes_calibration.json").read_text())
    assert study.markdown(result) == (STUDIES / "outcomes_calibration.md").read_text()
    assert result["sets"] >= 100
    for rows in result["worlds"].values():
        for population in ("these", "like-these"):
            assert min(rows[f"latent, {population}"]["coverage"].values()) > 0.8


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not there")
def test_plug_in_coverage_of_real_runs_is_an_independent_computation():
    responses = hm.read(SHARED, metric="coverage")
    got = hm.decompose(responses, by=["model"]).frame().set_index("model")
    runs: dict[tuple[str, str], list[np.ndarray]] = {}
    for model, question, tests in responses.table[["model", "question", "tests"]].itertuples(index=False):
        runs.setdefault((model, question), []).append(np.asarray(tests, float))
    for model in got.index:
        terms = []
        for (name, _), vectors in runs.items():
            if name == model:
                passed = np.stack(vectors)
                terms.append((np.mean(1 - passed), np.mean((1 - passed.mean(0)) ** 2), np.mean(passed.var(0))))
        error, bias2, variance = np.mean(terms, axis=0)
        row = got.loc[model]
        assert row["error"] == pytest.approx(error, abs=1e-9) and row["bias2"] == pytest.approx(bias2, abs=1e-9)
        assert row["variance"] == pytest.approx(variance, abs=1e-9)
        assert row["incoherence"] == pytest.approx(variance / error, abs=1e-9)
