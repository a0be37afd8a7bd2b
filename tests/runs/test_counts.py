"""Counts on repeated responses against enumeration, other tools' own functions, and analysis of variance."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hotmess as hm
from hotmess.runs import counts

ONE = np.zeros


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=7), st.data())
def test_every_count_is_the_mean_over_all_subsets(values, data):
    x = np.array(values) / 3
    q = np.zeros(len(x), int)
    k = data.draw(st.integers(1, len(x)))
    scores = counts.sort_scores(x, q, 1)
    subsets = [list(s) for s in combinations(range(len(x)), k)]
    assert counts.best_of(scores, k)[0] == pytest.approx(np.mean([x[s].max() for s in subsets]))
    assert counts.worst_of(scores, k)[0] == pytest.approx(np.mean([x[s].min() for s in subsets]))
    pairs = list(combinations(range(len(x)), 2))
    assert counts.flips(scores)[0] == pytest.approx(np.mean([(x[i] == 1) != (x[j] == 1) for i, j in pairs]))
    assert counts.pair_moments(scores)[2][0] == pytest.approx(np.mean([x[i] * x[j] for i, j in pairs]))
    assert counts.agreement(np.array(values), q, 1)[0] == pytest.approx(np.mean([x[i] == x[j] for i, j in pairs]))


def test_more_responses_than_there_are_have_no_value():
    scores = counts.sort_scores(np.array([1.0, 0.0, 1.0]), np.array([0, 0, 1]), 2)
    assert np.isnan(counts.worst_of(scores, 2)).tolist() == [False, True]
    assert np.isnan(counts.best_of(scores, 3)).all()
    assert np.isnan(counts.flips(scores)).tolist() == [False, True]


@pytest.mark.parametrize("right", range(6))
@pytest.mark.parametrize("k", [1, 2, 5])
def test_pass_at_k_is_inspects_reducer(right, k):
    scorer = pytest.importorskip("inspect_ai.scorer")
    given_ = [scorer.Score(value=1.0 if i < right else 0.0) for i in range(5)]
    theirs = scorer.pass_at(k)(given_).as_float()
    x = np.array([1.0] * right + [0.0] * (5 - right))
    assert counts.best_of(counts.sort_scores(x, np.zeros(5, int), 1), k)[0] == pytest.approx(theirs)


@pytest.mark.parametrize("right", range(6))
@pytest.mark.parametrize("k", [1, 2, 5])
def test_pass_at_k_is_that_of_lm_evals_tasks_of_code(right, k):
    """lm-evaluation-harness counts by `code_eval`, which takes Chen et al.'s (2021) product."""
    theirs = 1.0 if 5 - right < k else 1 - np.prod(1 - k / np.arange(5 - right + 1, 6))
    x = np.array([1.0] * right + [0.0] * (5 - right))
    assert counts.best_of(counts.sort_scores(x, np.zeros(5, int), 1), k)[0] == pytest.approx(theirs)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_a_table_has_what_inspects_reducers_say_of_its_questions(k):
    """pass@k, pass^k and the mean of right ones; best and worst of scores where k is all of them."""
    scorer = pytest.importorskip("inspect_ai.scorer")
    x = np.random.default_rng(k).integers(0, 2, (12, 4)).astype(float)
    frame = pd.DataFrame({"model": "m", "question": np.repeat(range(12), 4), "sample": [*range(4)] * 12})
    found = hm.reliability(hm.read(frame.assign(score=x.ravel()), allow_copies=True), k=[k]).table
    value = found.set_index(["quantity"])["value"]
    each = [[scorer.Score(value=v) for v in row] for row in x]
    for name, reducer in (
        ("pass@k", scorer.pass_at(k)),
        ("pass^k", scorer.pass_k(k)),
        ("accuracy", scorer.mean_score()),
    ):
        assert value[name] == pytest.approx(np.mean([reducer(one).as_float() for one in each]))
    graded = np.random.default_rng(k).random((12, 4))
    best = hm.reliability(hm.read(frame.assign(score=graded.ravel()), allow_copies=True), k=[4]).table
    theirs = np.mean([scorer.max_score()([scorer.Score(value=v) for v in row]).as_float() for row in graded])
    assert best.set_index("quantity")["value"]["best of k"] == pytest.approx(theirs)


@pytest.mark.parametrize("statistic", ["best_of", "worst_of"])
def test_unbiased_for_every_answer_distribution(statistic):
    """Expectation over all outcomes of n Bernoulli draws is p^k (worst) or 1 − (1 − p)^k (best), exactly."""
    n, k = 5, 3
    for p in (0.1, 0.5, 0.93):
        mean = 0.0
        for c in range(n + 1):
            x = np.array([1.0] * c + [0.0] * (n - c))
            value = getattr(counts, statistic)(counts.sort_scores(x, np.zeros(n, int), 1), k)[0]
            ways = len(list(combinations(range(n), c)))
            mean += ways * p**c * (1 - p) ** (n - c) * value
        assert mean == pytest.approx(p**k if statistic == "worst_of" else 1 - (1 - p) ** k)


def test_entropy_has_the_bias_of_its_formula():
    """Expectation over all outcomes of n draws, for three answers."""
    p, n = np.array([0.6, 0.3, 0.1]), 4
    mean = 0.0
    for code in range(3**n):
        digits = np.array([code // 3**i % 3 for i in range(n)])
        mean += np.prod(p[digits]) * counts.entropy(digits, np.zeros(n, int), 1)[0]
    j = np.arange(n, 4000)
    bias = -sum((a * (1 - a) ** j / j).sum() for a in p)
    assert mean == pytest.approx(-(p * np.log(p)).sum() + bias)


def test_correlation_is_that_of_analysis_of_variance():
    smf = pytest.importorskip("statsmodels.formula.api")
    anova = pytest.importorskip("statsmodels.stats.anova")
    import pandas as pd

    rng = np.random.default_rng(4)
    questions, n = 30, 6
    x = (rng.random((questions, n)) < rng.beta(1, 1, (questions, 1))).astype(float)
    frame = pd.DataFrame({"x": x.ravel(), "q": np.repeat(np.arange(questions), n)})
    table = anova.anova_lm(smf.ols("x ~ C(q)", frame).fit())
    between, within = table["mean_sq"]
    moments = counts.pair_moments(counts.sort_scores(frame["x"].to_numpy(), frame["q"].to_numpy(), questions))
    found = counts.intraclass(*moments, np.full((1, questions), 1 / questions))[0]
    assert found == pytest.approx((between - within) / (between + (n - 1) * within))
