"""`hm.fit` of probability vectors goes where any fit goes: triage, power laws, comparisons, refits."""

import numpy as np
import pytest

import hotmess as hm
from hotmess.answers.answer_posterior import AnswerPosterior
from hotmess.decompose import squared
from hotmess.inference.posterior import Posterior
from hotmess.responses.validate import validate
from hotmess.statements.means import incoherence


@pytest.fixture(scope="module")
def responses():
    """Five sizes; larger models are nearer to the target, runs differ; names out of the order of sorting."""
    import pandas as pd

    rng, rows = np.random.default_rng(5), []
    for m, size in enumerate((1, 2, 4, 8, 16)):
        for q in range(12):
            own = rng.dirichlet([0.6 + 0.5 * m, 0.5, 0.5])
            for s in range(5):
                f = np.round(rng.dirichlet(0.3 + 5 * own), 2)
                f[f.argmax()] += 1 - f.sum()
                rows.append(
                    (f"m{9 - m}", size, f"q{(7 * q) % 12}", s, "cot" if q % 2 else "plain", np.roll(f, q % 3), q % 3)
                )
    names = ["model", "model_size_b", "question", "sample", "category", "probs", "target"]
    return validate(pd.DataFrame(rows, columns=names))


@pytest.fixture(scope="module")
def fit(responses):
    return hm.fit(responses, seed=2, draws=40, warmup=60, chains=2)


def test_cells_are_in_the_order_of_the_draws(fit, responses):
    keys = ["benchmark", "model", "condition", "budget", "question"]
    assert (fit.cells.table[keys].astype(str).to_numpy() == fit.table[keys].to_numpy()).all()
    assert (fit.cells.table["responses"].to_numpy() == fit.table["responses"].to_numpy()).all()
    rows = responses.table[(responses.table["model"] == "m7") & (responses.table["question"] == "q3")]
    (at,) = np.flatnonzero((fit.cells.table["model"] == "m7") & (fit.cells.table["question"] == "q3"))
    right = sum(p.argmax() == t for p, t in zip(rows["probs"], rows["target"]))
    assert fit.cells.table["right"].iloc[at] == right
    mean = fit.cells.points.sum[fit.cells.points.cell == at].sum(0) / 5
    assert mean == pytest.approx(np.mean([np.asarray(p, float) for p in rows["probs"]], axis=0))


def test_the_routes_of_a_fit(fit):
    assert isinstance(fit, Posterior)
    read = hm.triage(fit)
    assert len(read) == 60 and read["probability"].between(0, 1).all()
    laws = hm.power_laws(fit, by=["category"], seed=1, draws=30, chains=2)
    assert set(laws.summary()["category"]) == {"cot", "plain"}
    found = hm.compare(fit, "m9", "m5").table
    error = found[found["quantity"] == "error"].iloc[0]
    assert error["difference"] == pytest.approx(error["unbiased"], abs=0.15)
    draws = fit.statement().latent[:, 4, 0]
    assert np.median(draws) == pytest.approx(error["value_of"], abs=0.01)


def test_statements_weigh_questions_the_same_for_both_sides(fit):
    """At weights on one question the statement is that question's; a model against itself is no difference."""
    assert isinstance(fit, AnswerPosterior)
    cells = fit.cells.table
    whole = fit.statement()
    draws = fit.dataset(population="these")
    assert whole.centre[:, 0] == pytest.approx(draws["error"].mean(["chain", "draw"]).values, abs=0.03)
    one = np.zeros((3, 12))
    one[:, 4] = 12.0
    name = sorted(cells["question"].astype(str).unique())[4]
    rows = (cells["question"] == name).to_numpy()
    unbiased = squared.unbiased(fit.cells.points).variance[rows]
    found = fit.statement(weights=one)
    assert found.unbiased[0, :, 2] == pytest.approx(unbiased[np.argsort(cells["model"][rows])], abs=1e-12)
    same = np.flatnonzero(cells["model"] == "m9")
    settled = fit.statement(rows=[same, same]).settle(lambda means: np.diff(incoherence(means)))
    assert np.abs(settled.draws).max() < 1e-12
    assert np.isfinite(fit.statement(metric="kl").latent).all() and fit.statement(metric="kl").unbiased is None


def test_a_refit_is_the_fit_and_keeps_what_is_not_changed(fit):
    again = fit.refit()
    assert np.array_equal(again.posterior.main, fit.posterior.main) and again.spec == fit.spec
    assert not np.array_equal(fit.refit(warmup=90).posterior.main, fit.posterior.main)
    rest = fit.without(models=["m9"])
    assert set(rest.cells.table["model"]) == {"m5", "m6", "m7", "m8"} and rest.spec == fit.spec
    assert fit.spec.warmup == 60 and fit.parameters()["logit_a"].shape == (80, 5)


def test_a_study_of_probability_vectors_is_a_sentence_where_letters_are_needed(responses):
    with pytest.raises(hm.BadInput, match="leave out engine and backend"):
        hm.fit(responses, engine="grid")
    with pytest.raises(hm.BadInput, match=r"no formula pools the groups: leave it out, and say .* \(by, groups\)"):
        hm.fit(responses, "model")
