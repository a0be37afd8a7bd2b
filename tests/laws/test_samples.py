"""Sampling error of aggregates: exact against every possible sample, and against the responses' own spread."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.answers.population import question_sets, question_weights
from hotmess.claims.catalogue.thirty_samples_suffice import CLAIM as thirty_samples_suffice
from hotmess.claims.test import test_claim as verdict_of
from hotmess.errors import NotTestable
from hotmess.laws.samples import (
    SampleSize,
    expected_jackknife,
    projections,
    sample_size,
    sample_size_table,
    sample_sizes,
    subset_spread,
)
from hotmess.responses.cells import reduce
from hotmess.responses.validate import validate


def enumerated(p, n):
    """Covariance of the unbiased (error, variance) over every sample of n from p (target, wrong …, unparsable)."""
    options = len(p) - 1
    z = np.vstack([np.eye(options), np.full((1, options), 1 / options)])
    mean, second = np.zeros(2), np.zeros((2, 2))
    for sample in product(range(len(p)), repeat=n):
        x = z[list(sample)]
        error = ((x - z[0]) ** 2).sum(1).mean()
        value = np.array([error, x.var(0, ddof=1).sum()])
        chance = np.prod([p[i] for i in sample])
        mean, second = mean + chance * value, second + chance * np.outer(value, value)
    return mean, second - np.outer(mean, mean)


@pytest.mark.parametrize("p", [(0.6, 0.3, 0.1, 0.0), (0.2, 0.7, 0.0, 0.1), (0.3, 0.3, 0.25, 0.15)])
@pytest.mark.parametrize("n", [2, 3, 5])
def test_standard_deviations_are_those_of_all_samples(p, n):
    p = np.array(p)
    out = projections(p[:1], p[None, 1:-1], p[-1:], np.array([3]))
    mean, covariance = enumerated(p, n)
    assert out[:2, 0] == pytest.approx(mean)
    made = SampleSize(pd.DataFrame({"cells": [4]}), out[:, :, None, None], "these", out)
    ratio = np.array([-mean[1] / mean[0] ** 2, 1 / mean[0]])
    for term, contrast in (("variance", [0, 1]), ("bias2", [1, -1]), ("error", [1, 0]), ("incoherence", ratio)):
        expected = np.sqrt(np.array(contrast) @ covariance @ np.array(contrast) / 4)  # the mean of four like it
        assert made.sd(term, n).item() == pytest.approx(expected, rel=1e-9), term


def test_the_jackknife_is_on_average_what_is_expected_of_it():
    p, n = np.array([0.5, 0.3, 0.2]), 5
    out = projections(p[:1], p[None, 1:], np.zeros(1), np.array([3]))[:, 0]
    total = 0.0
    for sample in product(range(3), repeat=n):
        left = [np.eye(3)[np.delete(sample, i)].var(0, ddof=1).sum() for i in range(n)]
        total += np.prod([p[i] for i in sample]) * (n - 1) / n * ((left - np.mean(left)) ** 2).sum()
    assert expected_jackknife(out[2], out[5], n) == pytest.approx(total)


def letters(questions, samples, seed, accuracy=(2, 1)):
    rng = np.random.default_rng(seed)
    q, s = (a.ravel() for a in np.indices((questions, samples)))
    chance = rng.beta(*accuracy, questions)[q]
    answer = np.where(rng.random(len(q)) < chance, 0, rng.integers(1, 4, len(q)))
    frame = pd.DataFrame({"model": "m", "question": [f"q{i}" for i in q], "sample": s, "answer": answer})
    return validate(frame.assign(target=0, n_choices=4))


def test_the_posterior_agrees_with_the_spread_of_disjoint_subsets():
    responses = letters(150, 40, seed=2)
    fit = hm.fit(responses, draws=100, pointwise=False)
    made = sample_size(fit, population="these", draws=200)
    seen = subset_spread(reduce(responses), partitions=40)
    assert sorted(seen["n"].unique()) == [2, 3, 5, 10]
    model = sample_size_table(made, sizes=[2, 3, 5, 10]).set_index(["term", "n"])["sd"]
    ratio = seen.set_index(["term", "n"])["sd"] / model
    # with 20, 13, 8 and 4 disjoint subsets, whose variance alone would have relative errors 0.16 to 0.4
    assert ratio[:, 2].between(0.75, 1.25).all() and ratio[:, 10].between(0.5, 1.5).all()
    assert ratio.mean() == pytest.approx(1, abs=0.12)


def test_the_table_shrinks_with_responses_and_questions():
    one = sample_size(hm.fit(letters(40, 10, 3), draws=60, pointwise=False), population="these", draws=100)
    table = sample_size_table(one)
    for _, own in table.groupby("term"):
        assert own.sort_values("n")["sd"].is_monotonic_decreasing
        assert ((own["sd_low"] < own["sd"]) & (own["sd"] < own["sd_high"])).all()
    late = table[(table["term"] == "variance")].set_index("n")["sd"]
    assert late[50] / late[100] == pytest.approx(np.sqrt(2), abs=0.03)


def test_a_part_is_left_out_exactly():
    tables = [letters(30, 8, 6).table, letters(25, 8, 7, accuracy=(1, 1)).table, letters(20, 8, 8).table]
    names = [("m", "x"), ("m", "y"), ("n", "x")]
    table = pd.concat([t.assign(model=m, benchmark=b) for t, (m, b) in zip(tables, names)], ignore_index=True)
    fit = hm.fit(validate(table), draws=100, pointwise=False)
    both = sample_sizes(fit, by=["model"], parts=["benchmark"], draws=200)
    each = sample_sizes(fit, by=["model", "benchmark"], parts=[], draws=200)
    again = hm.fit(validate(table[table["benchmark"] != "x"]), draws=100, pointwise=False)
    for population in ("these", "like-these"):
        whole, parts = both[population], each[population]
        assert whole.table["cells"].tolist() == [55, 20] and whole.table["questions"].tolist() == [55, 20]
        left = whole.without("benchmark", "x")
        assert left.table["model"].tolist() == ["m"] and left.table["cells"].tolist() == [25]
        assert left.means[..., 0] == pytest.approx(parts.means[..., 1])
        assert parts.table.loc[1, ["model", "benchmark"]].tolist() == ["m", "y"]
        anew = np.median(sample_size(again, population=population, draws=200).sd("incoherence", 30))
        assert np.median(left.sd("incoherence", 30)) == pytest.approx(anew, rel=0.05)
        other = whole.without("model", "m")
        assert other.table["model"].tolist() == ["n"] and (other.means[..., 0] == whole.means[..., 1]).all()
    found = question_sets(fit.cells.table, ["model", "benchmark"])
    weights = question_weights(found.size, 200, population="like-these", seed=fit.seed)
    of_m = np.stack([weights[:, found.question[rows]].sum(1) for rows in found.rows[:2]], axis=-1)
    expected = (of_m * each["like-these"].means[..., :2].reshape(8, 200, 2)).sum(-1) / of_m.sum(-1)
    assert both["like-these"].means[..., 0].reshape(8, 200) == pytest.approx(expected)
    one = sample_sizes(again, by=["model"], parts=["benchmark"], populations=("these",), draws=100)["these"]
    assert one.without("benchmark", "y") is None


def test_many_questions_suffice_and_few_do_not():
    many = hm.Study(letters(500, 8, 4, accuracy=(6, 4)), draws=150)
    verdict = verdict_of(many, thirty_samples_suffice)
    assert verdict.verdict == "supported" and 0 < verdict.median < 0.01
    assert verdict.guards["agreement"]["passed"]
    study = hm.Study(letters(20, 8, 5), draws=300)
    few = verdict_of(study, thirty_samples_suffice)
    more = replace(study, draws=600, made={})
    drawn = (thirty_samples_suffice.quantity(s, "these").draws for s in (study, more))
    assert [d.size for d in drawn] == [1000, 1200]  # what is drawn more is used
    assert few.verdict == "contradicted" and few.median > 0.01


def test_other_outcomes_are_not_testable():
    scores = pd.DataFrame({"model": "m", "question": ["a", "a"], "score": [0.5, 0.6]})
    with pytest.raises(NotTestable, match="letters"):
        subset_spread(reduce(validate(scores)))
    rng = np.random.default_rng(0)
    many = pd.DataFrame({"model": "m", "question": np.repeat(range(20), 3), "score": rng.random(60).round(1)})
    said = verdict_of(hm.Study(validate(many), draws=100), thirty_samples_suffice)
    assert said.verdict == "not testable" and "of letters; the outcome here is score" in said.sentence
    assert said.next_step.endswith("decompose --estimator unbiased --interval 0.9 --population these.")
    both = validate(many.assign(answer=0, target=0, n_choices=4), outcome="score")
    assert (
        verdict_of(hm.Study(both, draws=100), thirty_samples_suffice).next_step == "Choose letters (--outcome answer)."
    )
