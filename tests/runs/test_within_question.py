"""The continuous contrast of length within questions: pairs one by one, every outcome enumerated, known worlds."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.errors import NotTestable
from hotmess.estimates.control import stated
from hotmess.responses.validate import validate
from hotmess.runs import length_pairs
from hotmess.runs import within_question as wq
from hotmess.simulate.lengths import Follows, follows_answer
from hotmess.simulate.overthinking import Temperature, temperature
from hotmess.statements.influence import gradient


def table(lengths, answers, contexts=None, question="q"):
    out = pd.DataFrame({"sample": range(len(answers)), "answer": answers, "reasoning_tokens": lengths})
    out = out.assign(benchmark="b", model="m", question=question, target=0, n_choices=3)
    return out if contexts is None else out.assign(context=contexts)


@pytest.mark.parametrize("contexts", [None, [0, 0, 1, 1, 2, 2, 3]])
def test_terms_are_those_of_all_pairs_one_by_one(contexts):
    lengths, answers = [10, 30, 30, 70, 20, 90, 80], [0, 1, 2, 1, 0, 2, 0]
    data = wq.within_question(validate(table(lengths, answers, contexts)))
    u = length_pairs.normal_scores(np.array(lengths, float), np.zeros(7, int))
    place = contexts or list(range(7))

    def by_hand(keep):
        pairs = [(s, t) for s, t in combinations(keep, 2) if place[s] != place[t]]
        apart = np.array([float(answers[s] != answers[t]) for s, t in pairs])
        x = np.array([(u[s] + u[t]) / 2 for s, t in pairs])
        e = np.array([2.0 * (answers[s] != 0) for s in keep])
        slopes = [np.polyfit(u[list(keep)], e, 1)[0], np.polyfit(x, apart, 1)[0]]
        return np.array([e.mean(), apart.mean(), *slopes])

    np.testing.assert_allclose(data.terms()[0], by_hand(range(7)), atol=1e-12)
    again = np.array([by_hand([s for s in range(7) if place[s] != c]) for c in dict.fromkeys(place)])
    away = again - again.mean(0)
    if contexts:  # the jackknife as it is
        expected = away.T @ away * (len(away) - 1) / len(away)
    else:
        leverage = np.outer(np.full(7, 1 / 7), np.ones(4))
        leverage[:, 2:] += (u**2 / (u**2).sum())[:, None]
        expected = np.einsum("si,sj->ij", away * np.sqrt(1 - leverage), away * np.sqrt(1 - leverage))
        z = np.eye(3)[list(answers)]
        product = (z - z.mean(0)) @ (z - z.mean(0)).T
        trace = (product[~np.eye(7, dtype=bool)] ** 2).mean() * (7 / 6) ** 2
        x2 = 21 * np.var([(u[s] + u[t]) / 2 for s, t in combinations(range(7), 2)])
        expected[1, 1] -= trace / 21
        expected[3, 3] -= trace / x2
    np.testing.assert_allclose(data.covariance()[0], expected, atol=1e-12)


@pytest.mark.parametrize("tilt", [0.0, 0.12])
def test_slopes_are_unbiased_over_every_outcome(tilt):
    """Five responses, three options, p(u) = p0 + p1 u: v′ = -2 p0·p1, e′ = -2 p1[target]; without effect both are 0."""
    u = length_pairs.normal_scores(np.arange(5.0), np.zeros(5, int))
    p0, p1 = np.array([0.5, 0.3, 0.2]), tilt * np.array([-1.0, 0.4, 0.6])
    p = p0 + u[:, None] * p1
    assert p.min() > 0
    every = np.array(list(product(range(3), repeat=5)))
    chance = np.prod(p[np.arange(5), every], axis=1)
    rows = np.repeat(np.arange(len(every)), 5)
    z = np.eye(3)[every.ravel()]
    sums = length_pairs.set_sums(z, 2.0 * (every.ravel() != 0), np.tile(u, len(every)), rows)
    mean = chance @ length_pairs.slope_terms(sums, length_pairs.pair_sums(sums))
    across = (u.sum() ** 2 - (u**2).sum()) / 20
    expected = [2 * (1 - p0[0]), 1 - p0 @ p0 - p1 @ p1 * across, -2 * p1[0], -2 * p0 @ p1]
    np.testing.assert_allclose(mean, expected, atol=1e-12)


def test_other_outcomes_have_the_same_slopes():
    """A letter right or wrong is a score: 1 - 1[right] twice is its Brier error, and variance is twice a score's."""
    letters = table([5, 9, 14, 22, 40, 41], [0, 0, 1, 0, 1, 1])
    scores = letters.assign(score=1.0 * (letters["answer"] == 0)).drop(columns=["answer", "target", "n_choices"])
    one, other = (wq.within_question(validate(t)) for t in (letters, scores))
    np.testing.assert_allclose(one.terms(), 2 * other.terms(), atol=1e-12)
    np.testing.assert_allclose(one.estimate().value, other.estimate().value, equal_nan=True)


def test_known_worlds_are_found_and_lengths_of_no_meaning_say_nothing():
    world = temperature(Temperature(questions=300, samples=16, budgets=1, heat_nat=0.35), seed=3)
    data = wq.within_question(validate(world.table))
    one = data.estimate()
    assert abs(one.value - world.truth["contrast"]) < 3 * one.error and one.error < 0.02
    permuted = np.array([stated(one, -1).statistic for one in data.permuted(0, permutations=25)])
    assert abs(permuted.mean()) < 0.5 and 0.7 < permuted.std() < 1.4
    longer = follows_answer(Follows(Temperature(questions=300, samples=16, budgets=1), longer=0.6), seed=3)
    falls = wq.within_question(validate(longer.table)).estimate()
    assert falls.value < -5 * falls.error and longer.truth["contrast"] < 0


def test_both_populations_have_the_spread_of_their_standard_errors():
    data = wq.within_question(
        validate(temperature(Temperature(questions=150, samples=12, budgets=1, heat_nat=0.3), seed=1).table)
    )
    one, like, these = data.estimate(), data.settled(draws=2000, seed=0), data.these(draws=2000, seed=0)
    assert like.draws[:, -1].std() == pytest.approx(one.error, rel=0.15)
    assert np.median(like.draws[:, -1]) == pytest.approx(one.value, abs=one.error / 3)
    assert these[:, -1].mean() == pytest.approx(one.value, abs=one.error / 3)
    assert 0.5 * one.error < these[:, -1].std() < 1.5 * one.error


@pytest.mark.parametrize(("n", "most", "whole"), [(6, 1.4, 1.75), (12, 1.12, 1.3), (24, 1.1, 1.15)])
def test_the_variance_is_that_over_repetitions(n, most, whole):
    """2,000 cells of one answer distribution: the plain jackknife has 2.7, 1.7 and 1.4 times that of the slope.

    That of the change of incoherence has 1.5, 1.1 and 1.0 times.
    """
    rng = np.random.default_rng(n)
    size = 2000 * n
    rows = {"question": np.repeat(np.arange(2000), n).astype(str), "answer": rng.choice(3, size, p=[0.6, 0.25, 0.15])}
    rows |= {"reasoning_tokens": rng.integers(10, 10_000, size), "sample": np.tile(np.arange(n), 2000)}
    many = pd.DataFrame(rows).assign(model="m", target=0, n_choices=3)
    data = wq.within_question(validate(many))
    found, terms = data.covariance().mean(0), data.terms()
    ratio = found.diagonal() / terms.var(0)
    assert np.all(ratio > 0.9) and np.all(ratio < most)
    slope = gradient(lambda m: wq.change(m)[..., -1:], terms.mean(0)[None]).ravel()
    assert 0.9 < slope @ found @ slope / (terms @ slope).var() < whole


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="reasoning_tokens"), "no length column"),
        (lambda t: t.assign(reasoning_tokens=8), "No question has 4 or more responses"),
        (lambda t: t.assign(reasoning_tokens=[8, 8, 8, 9]), "No question has 4 or more responses"),
        (lambda t: t.assign(answer=0), "Responses of m that have lengths hold no error"),
    ],
)
def test_what_cannot_be_told_is_said(change, words):
    responses = validate(change(table([4, 5, 6, 7], [0, 1, 2, 0])))
    verdict = hm.test("incoherence-rises-within-questions", responses, draws=100)
    assert verdict.verdict == "not testable" and words in verdict.sentence


def test_cells_without_four_different_responses_are_left_out():
    both = pd.concat([table([4, 5, 6, 7], [0, 1, 2, 0]), table([4, 5, 6], [0, 1, 2], question="r")])
    data = wq.within_question(validate(both.reset_index(drop=True)))
    assert data.table["question"].tolist() == ["q"] and data.models == ("m",)
    with pytest.raises(NotTestable, match="no target"):
        wq.within_question(
            validate(
                pd.DataFrame({"reply": list("abca"), "reasoning_tokens": [1, 2, 3, 4]}).assign(question="q", model="m")
            )
        )


def test_it_stands_beside_claims_on_length_and_says_why_they_part():
    world = temperature(Temperature(questions=60, samples=12, budgets=1, heat_nat=0.6), seed=2)
    verdict = hm.test("natural-overthinking", validate(world.table), draws=100)
    record = verdict.guards["length_slope"]
    assert record["says"] == "rises" and record["agrees"] and record["why"] == ""
    guard = hm.claims.natural_overthinking.guards[1]
    assert "Continuous contrast: without a model" in guard.shell(record)
    assert guard._why("falls", "rises") == guard.apart
    assert "this claim leaves the direction open" in guard._why("rises", "is open")


def test_clusters_and_weights_of_questions():
    """Copies of every question in one cluster say no more than one does; a weight of 2 is two questions."""
    one = temperature(Temperature(questions=40, samples=10, budgets=1, heat_nat=0.4), seed=6).table
    copy = one.assign(question=one["question"].astype(str) + "'")
    both = pd.concat([one, copy], ignore_index=True)
    both["passage"] = both["question"].astype(str).str.rstrip("'")
    alone, clusters = wq.within_question(validate(one)), wq.within_question(hm.read(both, cluster="passage"))
    assert clusters.estimate().value == pytest.approx(alone.estimate().value)
    assert clusters.estimate().error == pytest.approx(alone.estimate().error)
    draws = [data.settled(draws=3000, seed=0).draws[:, -1].std() for data in (alone, clusters)]
    assert draws[0] == pytest.approx(draws[1], rel=0.06)
    names = sorted(one["question"].unique())[:15]
    doubled = pd.concat([one, copy[copy["question"].str.rstrip("'").isin(names)]], ignore_index=True)
    weighed = wq.within_question(hm.read(one.assign(w=1.0 + one["question"].isin(names)), weight="w"))
    assert weighed.estimate().value == pytest.approx(wq.within_question(validate(doubled)).estimate().value)
    twice = wq.within_question(validate(doubled)).these(draws=20_000, seed=1)[:, -1]
    own = weighed.these(draws=20_000, seed=1)[:, -1]
    assert own.mean() == pytest.approx(twice.mean(), abs=0.1 * own.std())
    assert own.std() >= 0.95 * twice.std()  # the same responses twice are no more than once
