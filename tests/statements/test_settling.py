"""Influences, effective questions, guard, shift and spread: finite differences, closed forms, simulated coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hotmess.answers.conjugate import LetterCells
from hotmess.claims.rule import smoothed
from hotmess.decompose.points import from_responses
from hotmess.decompose.squared import unbiased
from hotmess.statements.effective import effective_of
from hotmess.statements.implied import rank_correlation, unbiased_terms, virtual_questions
from hotmess.statements.influence import acceleration, effective, gradient, influences
from hotmess.statements.means import SetMeans, incoherence
from hotmess.statements.questions import Questions
from hotmess.statements.settle import settle, spread
from hotmess.statements.tail import probability_above, scores


def change(means: np.ndarray) -> np.ndarray:
    both = incoherence(means)
    return (both[..., 1] - both[..., 0])[..., None]


def test_influences_are_the_derivatives_by_each_questions_weight() -> None:
    rng = np.random.default_rng(0)
    terms = rng.random((12, 2, 3)) + np.array([[1.0, 0, 0], [2.0, 0, 0]])
    cells = rng.integers(1, 3, (12, 2)).astype(float)

    def value(w: np.ndarray) -> float:
        return change((w @ terms.reshape(12, -1)).reshape(1, 2, 3) / (w @ cells)[:, None]).item()

    even = terms.sum(0) / cells.sum(0)[:, None]
    mine = influences(gradient(change, even), terms, cells)[:, 0]
    step = 1e-6
    by_hand = [(value(np.ones(12) + step * e) - value(np.ones(12) - step * e)) / (2 * step) for e in np.eye(12)]
    assert np.allclose(mine, by_hand, atol=1e-7)


def test_effective_questions_are_satterthwaites() -> None:
    """The variance of a sample variance: df = 2/(relative variance), for normal and for heavy-tailed influences."""
    rng = np.random.default_rng(1)
    for draw in (rng.normal, lambda size: rng.laplace(size=size), lambda size: rng.exponential(size=size) - 1):
        x = draw(size=(20_000, 50))
        variances = ((x - x.mean(1, keepdims=True)) ** 2).mean(1)
        by_hand = 2 * variances.mean() ** 2 / variances.var()
        assert effective(x.reshape(-1, 1), 50)[0] == pytest.approx(by_hand, rel=0.1)


@pytest.mark.parametrize("shape", ["right", "left", "none"])
def test_intervals_of_a_skewed_mean_miss_equally_often_on_both_sides(shape: str) -> None:
    """Exponential influences at 30 questions: the bootstrap alone misses 8.5% above and 4% below at 5%."""
    rng = np.random.default_rng(2)
    size, draws, sets = 30, 500, 1500
    missed = np.zeros(2)
    for _ in range(sets):
        x = rng.normal(size=size) if shape == "none" else rng.exponential(size=size) - 1
        x = -x if shape == "left" else x
        w = rng.standard_exponential((draws, size))
        latent = (w @ x / w.sum(1))[:, None]
        found = settle(latent, np.array([x.mean()]), influence=(x - x.mean())[:, None] / size, units=size)
        low, high = np.quantile(found.draws[:, 0], [0.05, 0.95])
        missed += [low > 0, high < 0]
    low, high = missed / sets
    assert abs(low - high) < 0.035 and 0.06 < low + high < 0.14


def test_the_guard_leaves_agreement_alone_and_turns_to_the_unbiased_where_they_part() -> None:
    rng = np.random.default_rng(3)
    base = rng.normal(size=(4000, 1))
    near, far = base + rng.normal(0.01, 0.1, (4000, 1)), base + rng.normal(1.0, 0.1, (4000, 1))
    common = {"influence": rng.normal(size=(50, 1)), "units": 50, "unbiased": base, "unbiased_centre": np.zeros(1)}
    agree = settle(near, np.full(1, 0.01), **common)
    apart = settle(far, np.full(1, 1.0), **common)
    assert agree.guard[0] == 0 and agree.estimate[0] == 0.01
    assert apart.guard[0] == pytest.approx(1 - 4 / apart.z[0] ** 2) and apart.guard[0] > 0.9
    assert abs(np.median(apart.draws)) < 0.25 and abs(apart.estimate[0]) < 0.1


def test_spread_draws_are_students_t() -> None:
    x = stats.norm.ppf((np.arange(1999) + 0.5) / 1999)
    y = spread(x, 6.0)
    by_hand = stats.t(6, scale=np.sqrt(8 / 6)).ppf([0.025, 0.2, 0.9])
    assert np.allclose(np.quantile(y, [0.025, 0.2, 0.9]), by_hand, atol=0.01)
    assert (np.diff(y) > 0).all()


@pytest.mark.parametrize("df", [np.inf, 5.0])
def test_smoothed_tails_are_nearer_the_truth_than_counts(df: float) -> None:
    rng = np.random.default_rng(4)
    law = stats.norm(loc=2) if np.isinf(df) else stats.t(df, loc=2.6)
    wrong = np.array(
        [
            [probability_above(x, 0.0, df) - law.sf(0), (x > 0).mean() - law.sf(0)]
            for x in (law.rvs(1000, random_state=rng) for _ in range(300))
        ]
    )
    assert np.sqrt((wrong[:, 0] ** 2).mean()) < 0.9 * np.sqrt((wrong[:, 1] ** 2).mean())
    assert abs(wrong[:, 0].mean()) < 0.001
    assert probability_above(np.zeros(100), 0.5) == 0 and np.isnan(probability_above(np.array([np.nan, 1.0]), 0.0))


def test_unbiased_terms_of_counts_are_those_of_responses() -> None:
    c, lost = np.array([[3, 2, 1, 0], [0, 4, 0, 0], [2, 2, 2, 2]]), np.array([2, 1, 0])
    z = [np.r_[np.repeat(np.eye(4), row, axis=0), np.full((u, 4), 0.25)] for row, u in zip(c, lost)]
    cell = np.repeat(np.arange(3), [len(x) for x in z])
    terms = unbiased(from_responses(np.vstack(z), np.eye(4)[[0, 0, 0]], cell=cell))
    mine = unbiased_terms(c[:, 0], c[:, 1:], lost, np.full(3, 4))
    assert np.allclose(mine, np.column_stack([terms.error, terms.bias2, terms.variance]))


def test_virtual_questions_are_the_fitted_models() -> None:
    """Their means are the closed form's, and groups that go together in the data go together there."""
    rng = np.random.default_rng(5)
    q, n = 300, 12
    a = rng.beta(2, 2, q)
    right = np.concatenate([rng.binomial(n, a), rng.binomial(n, a), rng.binomial(n, rng.beta(2, 2, q))])
    wrong = rng.multinomial(n - right, [0.5, 0.5])
    cells = LetterCells(right, wrong, np.zeros(3 * q, int), np.full(3 * q, 3))
    group, question = np.repeat(np.arange(3), q), np.tile(np.arange(q), 3)
    parameters = {"logit_a": np.zeros((1, 3)), "log_kappa": np.full((1, 3), np.log(4.0)), "log_phi": np.zeros((1, 3))}
    r = rank_correlation(cells, group, question, parameters)
    assert r[0, 1] > 0.9 and abs(r[0, 2]) < 0.2
    cell, virtual, terms = virtual_questions(cells, group, question, parameters, seed=0)
    sums, many = Questions(virtual).by_set(terms, group[cell], 3)
    means = sums.sum(0) / many.sum(0)[:, None]
    # a = 1/2, kappa = 4, phi = 1, K = 2: E b = 1/2, E b² = 3/10, E h = 3/4
    assert np.allclose(means[:, 0], 1.0, atol=0.03) and np.allclose(means[:, 1], 0.3 * 1.75, atol=0.02)
    assert np.corrcoef(sums[:, 0, 0], sums[:, 1, 0])[0, 1] > 0.6


def test_few_questions_that_carry_the_errors_are_seen_by_the_model_where_the_sample_holds_none() -> None:
    many = np.random.default_rng(6).normal(size=(100, 1, 1)) + 5
    rare = (np.random.default_rng(7).random((50_000, 1, 1)) < 0.01) * 1.0
    means = SetMeans(
        np.zeros((10, 1, 1)), np.zeros((1, 1)), None, None, many, np.ones((100, 1)), (rare, np.ones((50_000, 1)))
    )
    found = means.settle(lambda m: m[..., 0])
    assert (
        found.df[0] > 60 and found.implied[0] == pytest.approx(2 * 100 / (1 / 0.0099 - 3 - 1), rel=0.2) and found.few[0]
    )
    assert abs(acceleration(np.array([[-1.0], [1.0]]))[0]) < 1e-12


@pytest.mark.parametrize("draws", [255, 256, 1000, 4001])
@pytest.mark.parametrize("df", [1.0, 2.06, 7.3, 250.0])
def test_interpolated_scores_are_students(draws: int, df: float) -> None:
    at = (np.arange(draws) + 0.5) / draws
    np.testing.assert_allclose(scores(draws, df), stats.t.ppf(at, df), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("z", [0.5, 1.0])
def test_how_far_a_settled_probability_moves_is_what_its_interval_says(z: float) -> None:
    """Means of 200 normal questions, settled from 800 draws 300 times: the scatter of the score of P(mean > 0)."""
    rng, scores, said = np.random.default_rng(3), [], []
    values = rng.normal(size=200)
    values = z / np.sqrt(200) + (values - values.mean()) / values.std()
    influence = (values - values.mean())[:, None] / 200
    for _ in range(300):
        draws = rng.dirichlet(np.ones(200), 800) @ values
        settled = settle(draws[:, None], np.array([values.mean()]), influence=influence, units=200)
        own = effective_of(settled, 0, 200)
        p = smoothed(settled.draws[:, 0].reshape(4, 200), effective=own)
        scores.append(stats.norm.ppf(p.value))
        said.append((stats.norm.ppf(p.high) - stats.norm.ppf(p.low)) / 2 / 1.96)
    assert np.mean(said) == pytest.approx(np.std(scores), rel=0.15)


@pytest.mark.parametrize(("z", "times"), [(1.0, 1.25), (2.0, 1.9), (2.5, 4.7), (3.0, 11.0)])
def test_the_variance_of_a_smoothed_score_is_so_many_times_that_of_mean_and_sd(z: float, times: float) -> None:
    """1,000 times 800 draws: as documented, within a third."""
    rng = np.random.default_rng(4)
    found = [stats.norm.ppf(probability_above(rng.normal(z, 1, 800), 0.0)) for _ in range(1000)]
    assert times / 1.4 < np.var(found) * 800 / (1 + z**2 / 2) < times * 1.4
