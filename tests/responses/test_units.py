"""Clusters and weights of questions: read, counted, in estimators, statements and claims; refused where unknown."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.claims.guards.of_draws import Units
from hotmess.claims.study import Study
from hotmess.decompose.grouping import question_index
from hotmess.errors import BadInput, NotTestable

COLUMNS = ["model", "question", "answer", "target", "n_choices", "passage", "points"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """20 passages of 4 questions that are alike in a passage, two models, 8 responses."""
    rng, rows = np.random.default_rng(3), []
    for c in range(20):
        base, wrong = rng.normal(0, 1.5), rng.dirichlet([0.5, 0.5, 0.5])
        for j in range(4):
            for model, shift in (("a", 0.0), ("b", 0.5)):
                right = 1 / (1 + np.exp(-base - shift))
                letters = rng.choice(4, 8, p=np.r_[right, (1 - right) * wrong])
                rows += [(model, f"q{c}-{j}", "ABCD"[x], "A", 4, f"p{c}", 1.0 + c % 3) for x in letters]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_twins_named_as_clusters_are_one_question_each(table):
    twins = pd.concat([table.assign(question=table["question"] + x, one=table["question"]) for x in ("x", "y")])
    plain, paired = hm.read(table), hm.read(twins, cluster="one")
    for estimator in ("plug-in", "unbiased"):
        one, two = (hm.decompose(r, estimator=estimator, interval=0.9, draws=300).frame() for r in (plain, paired))
        numbers = [c for c in one if one[c].dtype == float]
        np.testing.assert_allclose(one[numbers], two[numbers], rtol=1e-9)


def test_weights_weigh_points_by_hand(table):
    found = hm.decompose(hm.read(table, weight="points"), estimator="unbiased").frame()
    each = hm.decompose(hm.read(table), by=["model", "question"], estimator="unbiased").frame()
    each["w"] = each["question"].map(table.groupby("question")["points"].first())
    for model, own in each.groupby("model"):
        row = found[found["model"] == model].iloc[0]
        assert row["error"] == pytest.approx(np.average(own["error"], weights=own["w"]))
        assert row["incoherence"] == pytest.approx((own["w"] @ own["variance"]) / (own["w"] @ own["error"]))


@pytest.mark.parametrize("options", [{}, {"cluster": "passage"}, {"cluster": "passage", "weight": "points"}])
def test_statements_are_as_wide_as_the_unbiased_bootstrap(table, options):
    responses = hm.read(table, **options)
    plain = hm.decompose(responses, estimator="unbiased", interval=0.9).frame()
    latent = hm.fit(responses, draws=500, pointwise=False).summary(["model"])
    width, other = (f["error_high"] - f["error_low"] for f in (plain, latent))
    np.testing.assert_allclose(other, width, rtol=0.25)
    np.testing.assert_allclose(latent["error"], plain["error"], atol=0.03)


def test_clusters_widen_what_is_alike_in_them(table):
    width = {}
    for options in ({}, {"cluster": "passage"}):
        found = hm.fit(hm.read(table, **options), draws=500, pointwise=False).summary(["model"])
        width[len(options)] = (found["error_high"] - found["error_low"]).mean()
    assert 1.6 < width[1] / width[0] < 2.4  # four that are all but one: twice


def test_counted_where_it_lies_as_from_rows(table, tmp_path):
    file = tmp_path / "t.parquet"
    numbered = table.assign(sample=table.groupby(["model", "question"]).cumcount())
    numbered.to_parquet(file)
    asked = {"cluster": "passage", "weight": "points"}
    rows, counted = hm.read(numbered, **asked), hm.read(file, engine="duckdb", **asked)
    one, two = (hm.decompose(r, estimator="unbiased", interval=0.9, draws=300).frame() for r in (rows, counted))
    numbers = [c for c in one if one[c].dtype == float]
    np.testing.assert_allclose(one[numbers], two[numbers], rtol=1e-9)


def test_claims_know_clusters_or_say_that_they_do_not(table):
    rng = np.random.default_rng(0)
    long = table.assign(reasoning_tokens=rng.integers(50, 500, len(table)))
    plain, clustered = hm.read(long), hm.read(long, cluster="passage")
    estimates = {}
    for name, responses in (("plain", plain), ("clustered", clustered)):
        study = Study(responses, draws=250)
        claim = hm.claims.natural_overthinking
        estimates[name] = claim.estimate(study)
        assert claim.quantity(study, "like-these").effective.units == (20 if name == "clustered" else 80)
    assert estimates["plain"].value == pytest.approx(estimates["clustered"].value)
    assert estimates["clustered"].df <= 19
    with pytest.raises(NotTestable, match="leave out --cluster"):
        hm.reliability(clustered)
    weighed = hm.read(long.assign(points=1.0 + (long["question"] == long["question"].iloc[0])), weight="points")
    for name, given, knows in (
        ("natural_overthinking", clustered, True),
        ("natural_exceeds_budget", clustered, False),
        ("answers_get_hotter_with_length", clustered, True),
        ("answers_get_hotter_with_length", weighed, False),
    ):
        found = Units().run(SimpleNamespace(study=Study(given), claim=getattr(hm.claims, name)))
        assert (found is None) == knows
        if found is not None:
            option = "--cluster" if given is clustered else "--weight"
            assert found.guard.lowers == "not testable" and f"leave out {option}" in found.reasons[0]


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({}, {"cluster": "pasage"}, "did you mean 'passage'"),
        ({}, {"cluster": "model"}, "cannot be the cluster"),
        ({}, {"cluster": "answer"}, "outcome"),
        ({"passage": "all"}, {"cluster": "passage"}, "one cluster of questions"),
        ({"passage": None}, {"cluster": "passage"}, "is empty in"),
        ({"points": 0.0}, {"weight": "points"}, "positive and finite"),
        ({"points": "much"}, {"weight": "points"}, "points"),
    ],
)
def test_what_cannot_be_a_cluster_or_a_weight(table, change, options, said):
    with pytest.raises(BadInput, match=said):
        hm.read(table.assign(**change), **options)


def test_clusters_of_one_question_each_are_told(table):
    """As where a column that is made of a question and something else has the name of the old one."""
    notes = " ".join(hm.read(table, cluster="question").notes)
    assert "Every question is a cluster of its own (column question): clusters change nothing." in notes
    assert "Questions come in 20 clusters" in " ".join(hm.read(table, cluster="passage").notes)


def test_a_question_has_one_cluster_and_one_weight(table):
    for name, value in (("passage", "other"), ("points", 9.0)):
        odd = table.copy()
        odd.loc[5, name] = value
        with pytest.raises(BadInput, match="belong to whole questions"):
            hm.read(odd, **{"cluster" if name == "passage" else "weight": name})


def test_units_stand_in_the_order_of_the_questions(table):
    cells = hm.responses.cells.reduce(hm.read(table, cluster="passage")).table
    from hotmess.decompose.grouping import question_units

    cluster, own = question_units(cells, question_index(cells))
    assert own is None and cluster is not None
    of = cells.assign(unit=cluster[question_index(cells)]).groupby("question_cluster")["unit"]
    assert (of.nunique() == 1).all() and of.first().nunique() == 20
