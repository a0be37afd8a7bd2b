"""Disjoint ensembles of real responses: by hand, by brute force, and where answers drawn together are alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.claims.catalogue.ensembling_divides_variance import CLAIM as ensembling_divides_variance
from hotmess.claims.catalogue.ensembling_divides_variance import ensembles, exponents
from hotmess.claims.test import test_claim as verdict_of
from hotmess.ensembles import ensemble_table, real_ensembles, vote
from hotmess.ensembles.in_order import order_says, slopes
from hotmess.errors import BadInput, NotTestable
from hotmess.responses.validate import validate


def letters(questions=60, samples=24, models=1, *, runs=1, seed=0, contexts=0):
    """Letters whose questions have their own accuracy; `runs` answers in a row are copies of one another."""
    rng = np.random.default_rng(seed)
    m, q, s = (a.ravel() for a in np.meshgrid(np.arange(models), np.arange(questions), np.arange(samples)))
    order = np.lexsort((s, q, m))
    m, q, s = m[order], q[order], s[order]
    chance = rng.beta(2, 1, (models, questions))[m, q]
    answer = np.where(rng.random(len(m)) < chance, 0, rng.integers(1, 4, len(m)))
    answer = answer.reshape(-1, runs)[:, :1].repeat(runs, 1).ravel()
    table = pd.DataFrame({"model": [f"m{i}" for i in m], "question": [f"q{i}" for i in q], "sample": s})
    table = table.assign(answer=answer, target=0, n_choices=4)
    if contexts:
        table["context"] = [f"c{i}" for i in s * contexts // samples]
    return table


def test_variances_are_those_of_a_loop_over_ensembles():
    table = letters(3, 13, seed=3).sample(frac=1, random_state=1)  # rows in any order: `sample` gives the order
    made = real_ensembles(validate(table))
    assert made.sizes == (1, 2, 4)
    for row, (_, own) in enumerate(table.sort_values("sample").groupby("question")):
        z = np.eye(4)[own["answer"]][:12]
        for i, size in enumerate(made.sizes):
            means = np.array([z[k : k + size].mean(0) for k in range(0, 12, size)])
            assert made.variance[row, i] == pytest.approx(means.var(0, ddof=1).sum())
            assert made.error[row, i] == pytest.approx(((means - np.eye(4)[0]) ** 2).sum(1).mean())


def test_the_jackknife_leaves_out_blocks_of_the_largest_size():
    table = letters(2, 12, seed=4)
    made = real_ensembles(validate(table))
    z = np.eye(4)[table[table["question"] == "q0"].sort_values("sample")["answer"]]
    theta = np.array(
        [
            [
                np.array([rest[k : k + e].mean(0) for k in range(0, len(rest), e)]).var(0, ddof=1).sum()
                for e in made.sizes
            ]
            for rest in (np.delete(z, range(b, b + 4), axis=0) for b in (0, 4, 8))
        ]
    )
    away = theta - theta.mean(0)
    assert made.covariance[0] == pytest.approx(2 / 3 * away.T @ away)


def test_members_of_an_ensemble_have_contexts_of_their_own():
    """Contexts that each settle on one answer: variance over contexts is divided, repeats add nothing."""
    rows = [("q", c, s, (c // 3) % 2) for c in range(6) for s in range(3)]
    table = pd.DataFrame(rows, columns=["question", "context", "sample", "answer"])
    made = real_ensembles(validate(table.assign(model="m", target=0, n_choices=2)))
    assert made.sizes == (1, 2) and made.table["units"].tolist() == [6]
    answers = np.eye(2)[[0, 0, 0, 1, 1, 1]]
    pairs = np.array([answers[k : k + 2].mean(0) for k in (0, 2, 4)])
    assert made.variance[0] == pytest.approx([answers.var(0, ddof=1).sum(), pairs.var(0, ddof=1).sum()])


def test_shuffled_ensembles_divide_exactly_whatever_the_responses():
    """Why ensembles are never shuffled: over all orders the unbiased variance is divided by E by algebra."""
    from itertools import permutations

    z = np.eye(3)[[0, 0, 1, 2]]
    pairs = [
        np.array([z[list(o[:2])].mean(0), z[list(o[2:])].mean(0)]).var(0, ddof=1).sum() for o in permutations(range(4))
    ]
    assert np.mean(pairs) == pytest.approx(z.var(0, ddof=1).sum() / 2)


def test_independent_answers_support_the_claim_and_runs_of_copies_contradict_it():
    honest = verdict_of(hm.Study(validate(letters(400, 24, models=2))), ensembling_divides_variance)
    assert honest.verdict == "supported" and 0.9 < honest.low < 1 < honest.high < 1.1
    assert honest.guards["negative_control"]["supported_rate"] == 0
    assert "averages of 2, 4 and 8 responses drawn one after the other" in honest.sentence
    copies = verdict_of(hm.Study(validate(letters(150, 24, runs=2))), ensembling_divides_variance)
    assert copies.verdict == "contradicted" and copies.high < 0.9  # pairs of copies: from 1 to 2 nothing is divided


def test_both_populations_cover_the_exponent():
    """Independent answers have exponent 1 (up to the logarithm's curvature, small with 100 questions)."""
    hits = {"these": 0, "like-these": 0}
    for seed in range(60):
        made = real_ensembles(validate(letters(100, 12, seed=seed)))
        for population in hits:
            draws, _ = exponents(made, population=population, draws=400, seed=seed)
            low, high = np.quantile(draws[:, 0], [0.05, 0.95])
            hits[population] += low < 1 < high
    assert all(46 <= n <= 60 for n in hits.values())  # 90% of 60 is 54; 46 is 3.4 standard errors below


def test_too_few_responses_and_constant_answers_are_not_testable():
    few = verdict_of(hm.Study(validate(letters(20, 5))), ensembling_divides_variance)
    assert few.verdict == "not testable" and "at least six responses" in few.sentence
    constant = hm.Study(validate(letters(20, 12).assign(answer=0)))
    assert ensembles(constant).variance.sum() == 0
    with pytest.raises(NotTestable, match="No answer varies"):
        exponents(ensembles(constant), population="these", draws=10, seed=0)


def test_the_table_of_ensembles_brings_votes_and_averages_together():
    fit = hm.fit(validate(letters(12, 10, models=2)), seed=3, draws=50, pointwise=False)
    table = ensemble_table(fit, sizes=(1, 5), population="these", draws=40)
    assert table["size"].tolist() == [1, 5, np.inf] * 2
    one, five, limit = (table[table["size"] == e].reset_index(drop=True) for e in (1, 5, np.inf))
    assert five["variance"].to_numpy() == pytest.approx(one["variance"] / 5, rel=1e-6)
    assert limit["error"].to_numpy() == pytest.approx(limit["bias2"])
    assert one["error"].to_numpy() == pytest.approx(2 * (1 - one["accuracy"]), abs=2e-3)
    # the vote of the posterior mean of 5 answers, draw by draw, from the fit's own answer distributions
    from hotmess.answers.conjugate import answer_draws

    draws = answer_draws(fit.letters, fit.groups.index, fit.parameters(40), seed=fit.seed)
    votes = np.array([vote(np.column_stack([a, w]), 5, unparsable=u) for _, a, w, u in draws])
    mine = fit.cells.table["model"].to_numpy() == "m0"
    assert five["accuracy"].iloc[0] == pytest.approx(np.median(votes[:, mine].mean(1)), abs=1e-4)
    with pytest.raises(BadInput, match="no column 'size'"):
        ensemble_table(fit, by=["size"])


def trending(questions=40, samples=10, *, models=1, contexts=False, seed=5):
    """Right or wrong, the chance of right falling over the order of samples of the last model only."""
    rng = np.random.default_rng(seed)
    m, q, s = (a.ravel() for a in np.meshgrid(np.arange(models), np.arange(questions), np.arange(samples)))
    falling = np.where(m == models - 1, 0.95 - 0.9 * s / (samples - 1), 0.5)
    table = pd.DataFrame({"model": [f"m{i}" for i in m], "question": [f"q{i}" for i in q], "sample": s})
    table["score"] = (rng.random(len(m)) < falling).astype(float)
    return table.assign(context=[f"c{i // 2}" for i in s]) if contexts else table


def test_slopes_over_the_order_are_those_of_polyfit():
    z, target = np.random.default_rng(0).random((3, 7, 2, 4)), np.random.default_rng(1).random((3, 4))
    for q in range(3):
        own = z[q].mean(1)
        others = np.array([np.delete(own, i, axis=0).mean(0) for i in range(7)])
        for made, centre in ((slopes(z, target)[q], target[q]), (slopes(z)[q], others)):
            assert made == pytest.approx(np.polyfit(range(7), ((own - centre) ** 2).sum(1), 1)[0])


def test_a_claim_about_neighbours_is_held_back_where_their_order_says_something_and_names_the_model():
    table = trending(models=2)
    said, remedy = order_says(real_ensembles(validate(table)))
    assert len(said) == 1 and "the responses of m1 stand in an order" in said[0]
    shuffled = table.sample(frac=1, random_state=0)
    shuffled["sample"] = shuffled.groupby(["model", "question"]).cumcount()
    assert order_says(real_ensembles(validate(shuffled))) == ((), "")
    verdict = hm.test("ensembling-divides-variance", validate(table), draws=250)
    assert verdict.verdict == "inconclusive" and said[0] in verdict.sentence and verdict.next_step == remedy
    assert "in the order in which they were drawn" in remedy


def test_contexts_that_questions_share_have_one_order_and_no_trend():
    assert order_says(real_ensembles(validate(trending(samples=12, contexts=True)))) == ((), "")


def test_contexts_with_one_response_each_are_told_from_responses_in_an_order():
    """Languages, say, in the order of their names: no one can draw these again in another order."""
    table = trending(samples=12)
    table["context"] = [f"c{i:02}" for i in table["sample"]]
    real = real_ensembles(validate(table))
    said, remedy = order_says(real)
    assert real.by_context.all() and "the contexts of m0, with one response to a question in each" in said[0]
    assert remedy.startswith("Choose one context (--where) and draw six responses") and "sorted" not in said[0] + remedy
    verdict = hm.test("ensembling-divides-variance", validate(table), draws=250)
    assert "averages of 2 and 4 responses of different few-shot contexts" in verdict.sentence
