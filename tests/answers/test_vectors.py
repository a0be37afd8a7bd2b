"""Probability vectors of a table: sets of questions, notes, refusals."""

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.answers.latent_records import decompose_noted
from hotmess.answers.vectors import fit_vectors
from hotmess.errors import BadInput, NotTestable
from hotmess.responses.validate import validate


def table(questions=25, samples=10, seed=0):
    """Two models; the second is surer and more often right; questions have 3 or 4 options, the target is the last."""
    rng = np.random.default_rng(seed)
    rows = []
    for m, (right, lead) in enumerate(((0.5, 1.0), (0.9, 3.0))):
        for q in range(questions):
            d = 3 + q % 2
            for s in range(samples):
                logits = 0.5 * rng.normal(size=d)
                logits[d - 1 if rng.random() < right else rng.integers(d - 1)] += lead
                probs = np.exp(logits) / np.exp(logits).sum()
                rows.append(("b", f"m{m}", f"q{q}", s, probs, d - 1))
    columns = ["benchmark", "model", "question", "sample", "probs", "target"]
    return pd.DataFrame(rows, columns=columns).assign(n_choices=lambda t: [len(p) for p in t["probs"]])


def test_sets_of_questions_agree_with_the_unbiased_estimator():
    data = table()
    fit = fit_vectors(validate(data), draws=400, warmup=200, thin=2, seed=1)
    out = fit.summary(population="these").set_index("model")
    assert out["questions"].tolist() == [25, 25] and out["responses"].tolist() == [250, 250]
    for model, part in data.groupby("model"):
        variance = []
        for _, one in part.groupby("question"):
            x = np.stack(one["probs"])
            variance.append(((x - x.mean(0)) ** 2).sum() / (len(x) - 1))
        row = out.loc[model]
        wide = row["variance_high"] - row["variance_low"]
        assert abs(row["variance"] - np.mean(variance)) < wide
    assert out.loc["m1", "error_high"] < out.loc["m0", "error_low"]
    np.testing.assert_allclose(out["incoherence"], out["variance"] / out["error"], rtol=0.05)
    like = fit.draws(population="like-these", metric="kl")
    np.testing.assert_allclose(like.error, like.bias2 + like.variance, rtol=0.02)  # settled one by one


def test_wrongly_formatted_responses_are_left_out_and_counted():
    data = table(questions=4, samples=4)
    data.at[0, "probs"] = None
    fit = fit_vectors(data, draws=40, warmup=20, thin=1)
    assert fit.table["responses"].sum() == len(data) - 1 == len(fit.f)
    assert fit.notes[0].startswith("1 wrongly formatted")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda t: t.drop(columns="probs"), BadInput, "no column 'probs'"),
        (lambda t: t[t["sample"] == 0], NotTestable, "one response only"),
        (lambda t: t.assign(context=(t["sample"] // 2).astype(str)), NotTestable, "contexts repeat"),
    ],
)
def test_refusals(change, error, words):
    with pytest.raises(error, match=words):
        fit_vectors(change(table(questions=4, samples=4)))


def test_hm_fit_and_the_latent_estimator_take_probability_vectors(tmp_path):
    data = table(questions=15, samples=8)
    data = pd.concat([data, data.assign(budget="high")]).assign(budget=lambda t: t["budget"].fillna("low"))
    responses = validate(data, outcome="probs")
    fit = hm.fit(responses, draws=60, warmup=40, chains=2, seed=3)
    assert fit.labels == ("b m0 high", "b m0 low", "b m1 high", "b m1 low")
    assert fit.data["posterior"]["location"].dims == ("chain", "draw", "answer_group", "part")
    shapes = fit.posterior.parameters["location"].shape
    assert shapes == (2, 60, 4, 3) and len(fit.gates) == 4 and not fit.gate.passed  # 60 draws are too few
    fit.save(str(tmp_path / "fit.nc"))
    assert (tmp_path / "fit.nc").exists()
    (first, *_), notes = decompose_noted(
        responses, by=["model"], metric="kl", interval=0.9, seed=3, draws=60, warmup=40, chains=2
    )
    expected = fit.summary(["model"], metric="kl").iloc[0]
    assert first["model"] == "m0" and first["metric"] == "kl" and first["reliable"] is False
    assert first["variance"] == pytest.approx(expected["variance"])
    assert notes[: len(fit.misfit)] == fit.misfit and notes[-1].startswith("Not reliable: ")
    with pytest.raises(BadInput, match="no formula pools the groups"):
        hm.fit(responses, "model")
    with pytest.raises(BadInput, match="'brier' and 'kl'"):
        fit.summary(metric="zero-one")


def test_a_fit_read_from_a_file_is_fitted_again_from_what_it_holds(tmp_path):
    """The same as from the responses; only other cells and groups need those."""
    data = table(questions=6, samples=4)
    data.at[0, "probs"] = None
    fit = fit_vectors(validate(data, outcome="probs"), draws=40, warmup=20, thin=1, chains=2, seed=2)
    fit.save(str(tmp_path / "fit.nc"))
    again = hm.load(tmp_path / "fit.nc")
    alike = pd.testing.assert_frame_equal
    alike(again.refit(seed=5).summary(), fit.refit(seed=5).summary())
    for left in ({"models": ["m0"]}, {"questions": [("b", "q1"), "q3", "q5"]}):
        rest, other = again.without(**left), fit.without(**left)
        alike(rest.summary(), other.summary())
        alike(rest.cells.table, other.cells.table)
        np.testing.assert_array_equal(rest.f, other.f)
    with pytest.raises(BadInput, match=r"holds no responses to divide in another way \(by, groups\)"):
        again.refit(by=("budget",))
    with pytest.raises(NotTestable, match="Nothing is left"):
        again.without(models=["m0", "m1"])


def test_a_group_that_the_model_does_not_fit_is_named_and_its_set_alone_is_unreliable():
    data = table(questions=30, samples=15)
    odd = data["model"] == "m1"
    rng = np.random.default_rng(0)
    lead = np.where(rng.random(odd.sum()) < 0.5, 0.4, 0.98)  # surely or hardly, nothing between
    rest = [np.arange(3.0, 3.0 + n - 1) for n in data.loc[odd, "n_choices"]]
    data.loc[odd, "probs"] = pd.Series(
        [np.r_[x, (1 - x) * r / r.sum()] for x, r in zip(lead, rest)], index=data.index[odd]
    )
    fit = fit_vectors(data, draws=400, warmup=200, thin=2, seed=1)
    assert fit.misfits[0] == () and fit.misfits[1] != ()
    assert all(said.startswith("b m1: The model of probability vectors does not make such data") for said in fit.misfit)
    reliable = fit.summary(["model"]).set_index("model")["reliable"]
    assert reliable["m0"] == fit.gates[0].passed and not reliable["m1"]
