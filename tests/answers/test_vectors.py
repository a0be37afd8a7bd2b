"""Probability vectors of a table: sets of questions, notes, refusals."""

import numpy as np
import pandas as pd
import pytest

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
    np.testing.assert_allclose(like.error, like.bias2 + like.variance, rtol=1e-4)


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
