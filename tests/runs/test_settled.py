"""Draws over questions, settled; and the total of what lies on a sphere, whose levels do not move it as its part."""

import numpy as np
import pytest
from scipy import stats

from hotmess.decompose.intervals import question_shares
from hotmess.runs.counts import intraclass, intraclass_influence
from hotmess.runs.settled import settled, settled_ends
from hotmess.runs.split import Rows, on_a_sphere, splits


@pytest.mark.parametrize("count", [12, 30, 60])
def test_ends_of_a_share_are_near_those_of_beta(count):
    """Of c of 100 questions: Bayes' equal-tailed ends, Beta(c, 101 − c) below and Beta(c + 1, 100 − c) above."""
    x = np.repeat([1.0, 0.0], [count, 100 - count])
    draws = question_shares(100, 20_000, 1) @ x
    low, high = settled_ends(draws, count / 100, x - x.mean(), 0.9, link="logit")
    want = stats.beta.ppf([0.05, 0.95], [count, count + 1], [101 - count, 100 - count])
    assert (low, high) == pytest.approx(want, abs=0.004)


def test_few_questions_are_spread_by_students_t():
    """Normal values: the ends are those of the t interval; two questions have the one degree of freedom they have."""
    rng = np.random.default_rng(0)
    x = stats.norm.ppf((np.arange(12) + 0.5) / 12)
    draws = question_shares(12, 40_000, rng) @ x
    half = stats.t.ppf(0.95, 11) * x.std(ddof=1) / np.sqrt(12)
    assert settled_ends(draws, 0.0, x, 0.9) == pytest.approx((-half, half), rel=0.06)
    two = np.array([-1.0, 1.0])
    low, high = settled_ends(question_shares(2, 4000, rng) @ two, 0.0, two, 0.9)
    assert high - low > 4
    assert np.isnan(settled(draws, 0.0, np.ones(1))).all()
    assert settled(np.zeros(300), 0.0, np.zeros(5)).tolist() == [0.0] * 300


def test_the_influence_on_a_correlation_is_its_derivative_by_the_weights():
    rng = np.random.default_rng(3)
    p = rng.random(400)
    moments = (p, p, p**2)
    found = intraclass_influence(*moments)
    even = np.full(400, 1 / 400)
    for q in (0, 7):
        w = np.stack([even, even * (1 - 1e-5)])
        w[1, q] += 1e-5
        by_hand = np.diff(intraclass(*moments, w))[0] / 1e-5
        assert found[q] == pytest.approx(by_hand, abs=0.01)


def judged(rng, levels, questions, normal):
    """Scores of five or more judges; each judge moves all questions alike, about one half."""
    u = rng.normal(0, 0.15, (1, levels, 1))
    x = 0.5 + u + np.zeros((questions, levels, 4))
    z = (x + 0.1 * rng.normal(size=x.shape)) if normal else (rng.random(x.shape) < np.clip(x, 0, 1)).astype(float)
    question, level, _ = (one.ravel() for one in np.indices(x.shape))
    return Rows(z.reshape(-1, 1), 1 - z.ravel(), question, [level], np.arange(questions))


@pytest.mark.parametrize(("normal", "most"), [(False, 0.5), (True, 3.0)])
def test_the_total_of_right_and_wrong_scatters_as_little_as_it_does(normal, most):
    """About one half the total of right and wrong is a quarter whatever the judges do; that of normal scores is not.

    The spread of draws is that of the estimate over data sets, to within the spread of a variance of six judges.
    """
    rng = np.random.default_rng(5)
    found = []
    for seed in range(30):
        weights = question_shares(40, 300, seed)
        found.append(splits([judged(rng, 6, 40, normal)], ["judge"], weights, settle=True, seed=seed)[0][0])
    at, part = found[0].parts.index("total"), found[0].parts.index("judge")
    actual = np.std([one.value[at] for one in found])
    width = np.median([np.subtract(*np.quantile(one.draws[:, at], [0.84, 0.16])) for one in found]) / 2
    own = np.median([np.subtract(*np.quantile(one.draws[:, part], [0.84, 0.16])) for one in found]) / 2
    assert 0.6 * actual < width < 1.7 * actual
    assert width / own < most and (width / own > 0.6) == normal


def test_what_lies_on_a_sphere():
    letters, tests = np.eye(3)[[0, 2, 1, 2]], np.array([[0.5, 0.0], [0.5, 0.5], [0.0, 0.0]])
    unit = np.array([[0.6, 0.8], [-1.0, 0.0]])
    assert on_a_sphere(letters) and on_a_sphere(tests) and on_a_sphere(unit)
    assert not on_a_sphere(np.array([[0.2], [0.9], [0.5]]))
