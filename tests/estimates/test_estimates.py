"""Quick estimates and negative controls: hand-worked values, brute force, permuted data that show nothing."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from hotmess.claims.kinds.exponents_of_size import easiest_first
from hotmess.decompose.squared import unbiased
from hotmess.errors import NotTestable
from hotmess.estimates.estimate import ratio_influence
from hotmess.estimates.length_slopes import length_estimate, random_effects
from hotmess.estimates.sides import half_estimate, half_index, letter_terms, permuted_halves
from hotmess.estimates.size_slopes import size_estimate, size_estimates, size_permutations
from hotmess.laws.contrast import halved_cells
from hotmess.laws.quasi_lines import quasi_lines, standardised
from hotmess.responses.cells import reduce
from hotmess.responses.placing import Space
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


def halves(name="neither", seed=1, **changes):
    world = simulate(name, seed=seed, **({"questions": 60, "samples": 12, "budgets": 1} | changes))
    return halved_cells(validate(world.table))


@pytest.mark.parametrize("unparsable", ["uniform", "wrong"])
def test_letter_terms_are_the_unbiased_estimator(unparsable):
    table = simulate("beta", seed=1, questions=20, samples=8).table
    table.loc[::7, "answer"] = -1
    responses = validate(table)
    cells = reduce(responses)
    exact = unbiased(reduce(responses, space=Space(unparsable=unparsable)).points)
    variance, error = letter_terms(
        cells.counts,
        cells.table["n_choices"].to_numpy(),
        cells.table["target"].to_numpy(),
        unparsable=unparsable,
    )
    np.testing.assert_allclose(variance, exact.variance, atol=1e-12)
    np.testing.assert_allclose(error, exact.error, atol=1e-12)


def test_the_influence_of_a_ratio_is_its_derivative():
    rng = np.random.default_rng(0)
    variance, error = rng.random(9), 1 + rng.random(9)
    ratio, influence = ratio_influence(variance, error)
    assert influence.sum() == pytest.approx(0, abs=1e-14)
    step = 1e-6
    for i in range(9):
        w = np.ones(9)
        w[i] += step
        assert influence[i] == pytest.approx(((w @ variance) / (w @ error) - ratio) / step, abs=1e-5)
    assert np.isnan(ratio_influence(variance, np.zeros(9))[0])


def half(cells, counts):
    model, question = half_index(cells.table)
    return half_estimate(counts, cells.table, model_index=model, question=question)


def test_the_half_estimate_is_the_difference_of_two_ratios_and_its_error_that_of_resampling_questions():
    cells = halves(questions=200, samples=20)
    estimate = half(cells, cells.counts)
    terms = unbiased(cells.points)
    ratio = [terms.variance[i::2].sum() / terms.error[i::2].sum() for i in range(2)]
    assert estimate.value == pytest.approx(ratio[1] - ratio[0])
    rng, q = np.random.default_rng(0), len(cells) // 2
    w = rng.multinomial(q, np.full(q, 1 / q), 2000)
    again = [(w @ terms.variance[i::2]) / (w @ terms.error[i::2]) for i in range(2)]
    assert estimate.error == pytest.approx((again[1] - again[0]).std(), rel=0.15)
    psi = [(terms.variance[i::2] - ratio[i] * terms.error[i::2]) / terms.error[i::2].sum() for i in range(2)]
    assert estimate.df == pytest.approx(2 * q / (stats.kurtosis(psi[1] - psi[0], fisher=False) - 1))


def test_permuted_halves_keep_what_they_should():
    cells = halves()
    first, again = (list(permuted_halves(cells, 3, permutations=4)) for _ in range(2))
    total = cells.counts[0::2] + cells.counts[1::2]
    for one, same in zip(first, again):
        np.testing.assert_array_equal(one, same)
        np.testing.assert_array_equal(one[0::2] + one[1::2], total)
        np.testing.assert_array_equal(one.sum(1), cells.counts.sum(1))
        assert (one >= 0).all()
    assert not np.array_equal(first[0], first[1])


def test_permuted_halves_are_a_draw_without_replacement():
    cells = halves(questions=1, samples=12)
    draws = np.array([c[1] for c in permuted_halves(cells, 1, permutations=3000)])
    total, size = cells.counts.sum(0), cells.counts[1].sum()
    mean = total * size / total.sum()
    variance = stats.multivariate_hypergeom.cov(total[total > 0], size).diagonal()
    for k, v in zip(np.flatnonzero(total), variance):
        assert abs(draws[:, k].mean() - mean[k]) < 4 * np.sqrt(v / 3000) + 1e-12


def test_without_an_effect_permuted_p_values_are_uniform():
    ranks = []
    for seed in range(16):
        cells = halves(seed=seed, questions=40, samples=10)
        real = half(cells, cells.counts).value
        values = [half(cells, c).value for c in permuted_halves(cells, seed, permutations=19)]
        ranks.append(1 + sum(v >= real for v in values))
    assert stats.kstest(np.array(ranks) / 20.5, "uniform").pvalue > 0.01
    assert np.mean(np.array(ranks) == 1) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 16)


def test_with_an_effect_the_real_statistic_comes_first():
    cells = halves("wrong-shorter", questions=200, samples=20)
    real = half(cells, cells.counts).value
    assert all(half(cells, c).value < real for c in permuted_halves(cells, 1, permutations=30))


# --- size --------------------------------------------------------------------------------------------------------

SIZES = np.log([0.5, 1.5, 3.0, 7.0, 14.0, 32.0])


def test_the_size_estimate_is_least_squares_with_k_minus_two_degrees():
    rng = np.random.default_rng(0)
    y = 0.3 * SIZES[:, None] + rng.normal(0, 0.2, (6, 3))
    weights = np.array([0.5, 0.0, 0.5])
    y[0, 1] = np.nan  # a group of weight zero does not matter
    estimate = size_estimate(SIZES, y, weights)
    exact = stats.linregress(SIZES, y[:, [0, 2]].mean(1))
    assert (estimate.value, estimate.error, estimate.df) == pytest.approx((exact.slope, exact.stderr, 4))
    assert estimate.probability == pytest.approx(1 - exact.pvalue / 2)


def test_models_without_an_estimate_drop_out_and_three_are_the_least():
    y = np.array([[0.1], [np.nan], [0.2], [0.5], [np.nan], [np.nan]])
    exact = stats.linregress(SIZES[[0, 2, 3]], y[[0, 2, 3], 0])
    assert size_estimate(SIZES, y, np.ones(1)).value == pytest.approx(exact.slope)
    y[0] = np.nan
    assert np.isnan(size_estimate(SIZES, y, np.ones(1)).value)
    assert np.isnan(size_estimate(np.ones(6), np.arange(6.0)[:, None], np.ones(1)).value)


def test_many_orders_at_once_are_each_order_alone():
    rng = np.random.default_rng(1)
    y, weights = rng.normal(size=(6, 2)), np.array([0.5, 0.5])
    y[3, 1] = np.nan
    orders, exhaustive = size_permutations(SIZES, 0)
    assert exhaustive
    every = size_estimates(orders, y, weights)
    rows = np.isfinite(y).all(1)
    for i in range(0, len(orders), 97):
        exact = stats.linregress(orders[i][rows], y[rows].mean(1))
        assert (every[i].value, every[i].error) == pytest.approx((exact.slope, exact.stderr))


@pytest.mark.parametrize("k", [4, 5])
def test_size_permutations_are_exhaustive_but_for_the_real_order(k):
    x = SIZES[:k]
    orders, exhaustive = size_permutations(x, 0)
    assert exhaustive and {tuple(o) for o in orders} == set(permutations(x)) - {tuple(x)}


def test_too_many_sizes_are_permuted_at_random():
    x = np.arange(9.0)
    orders, exhaustive = size_permutations(x, 3)
    assert not exhaustive and len(orders) == 999
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.tile(x, (999, 1)))
    np.testing.assert_array_equal(orders, size_permutations(x, 3)[0])


def test_permuted_sizes_are_called_supported_about_as_often_as_the_rule_says():
    rng = np.random.default_rng(2)
    orders, _ = size_permutations(SIZES, 0)
    rate = [
        np.mean([e.probability > 0.975 for e in size_estimates(orders[::7], rng.normal(size=(6, 1)), np.ones(1))])
        for _ in range(6)
    ]
    assert 0.01 < np.mean(rate) < 0.05


# --- length ------------------------------------------------------------------------------------------------------


def test_the_length_estimate_is_the_line_of_the_terms_whatever_the_errors():
    rng = np.random.default_rng(3)
    x, arm, question = rng.normal(6, 1, 120), np.zeros(120, int), np.arange(120)
    error = rng.gamma(0.3, 2, 120) * np.exp(x - 6)
    error[::5] = 0
    variance = error / (1 + np.exp(1 - 0.4 * (x - 6)))
    estimate = length_estimate(variance, error, x, arm, question)
    assert estimate.value == pytest.approx(0.4, abs=1e-6)
    noisy = variance + error * rng.normal(0, 0.1, 120)
    estimate = length_estimate(noisy, error, x, arm, question)
    order = rng.permutation(120)
    same = length_estimate(noisy[order], error[order], x[order], arm, question[order])
    assert same.value == pytest.approx(estimate.value) and same.error == pytest.approx(estimate.error)
    # two models alike in everything, on the same questions, say no more than one; on others they do
    doubled = (*(np.tile(t, 2) for t in (noisy, error, x)), np.repeat([0, 1], 120))
    shared = length_estimate(*doubled, np.tile(question, 2))
    assert shared.value == pytest.approx(estimate.value) and shared.error == pytest.approx(estimate.error)
    apart = length_estimate(*doubled, np.arange(240))
    assert apart.error == pytest.approx(estimate.error / np.sqrt(2) * np.sqrt(240 / 239 / (120 / 119)))
    assert np.isnan(length_estimate(variance, error, np.ones(120), arm, question).value)


def test_the_error_of_the_length_estimate_is_that_of_a_bootstrap_over_questions():
    rng = np.random.default_rng(4)
    x, arm, question = rng.normal(6, 0.5, 300), np.zeros(300, int), np.arange(300)
    error = rng.gamma(1.5, 1, 300)
    variance = error * rng.beta(2, 3, 300)
    estimate = length_estimate(variance, error, x, arm, question)
    z, _, spread = standardised(x)
    weights = rng.dirichlet(np.ones(300), 2000) * 300
    draws = quasi_lines(np.tile(variance, (2000, 1)), np.tile(error, (2000, 1)), z, weights=weights).slope / spread
    assert estimate.error == pytest.approx(draws.std(), rel=0.1)
    assert estimate.value == pytest.approx(draws.mean(), abs=5 * draws.std() / np.sqrt(2000) + 0.01)


def test_random_effects_are_those_of_the_formula_by_hand():
    """Values 0 and 2 with errors 1: Q = 2, so tau² = (2 - 1)/(2 - 1) = 1, and both weigh alike."""
    np.testing.assert_allclose(random_effects(np.array([0.0, 2.0]), np.ones(2)), [0.5, 0.5])
    w = random_effects(np.array([0.0, 5.0]), np.array([1.0, 2.0]))
    # w = 1, 1/4; mean 1; Q = 1 + 16/4 = 5; tau² = 4/(1.25 - 1.0625/1.25) = 10
    np.testing.assert_allclose(w, np.array([1 / 11, 1 / 14]) / (1 / 11 + 1 / 14))


# --- which group is the hardest ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "ordered"),
    [
        (["easy", "hard", "medium"], ["easy", "medium", "hard"]),
        (["Hard", "Easy"], ["Easy", "Hard"]),
        (["10 of 10", "2 of 10", "1 of 10"], ["1 of 10", "2 of 10", "10 of 10"]),
        ([3, 1, 2], [1, 2, 3]),
        (["0.5", "10", "2"], ["0.5", "2", "10"]),
    ],
)
def test_difficulty_groups_go_from_easy_to_hard(labels, ordered):
    import pandas as pd

    assert easiest_first(pd.Series(labels)) == ordered
    assert easiest_first(pd.Series(labels).astype("category")) == ordered
    backwards = pd.Categorical(labels, categories=ordered[::-1], ordered=True)
    assert easiest_first(pd.Series(backwards)) == ordered[::-1]


def test_groups_whose_order_cannot_be_told_are_not_guessed():
    import pandas as pd

    with pytest.raises(NotTestable, match="cannot be told"):
        easiest_first(pd.Series(["algebra", "geometry"]))


@pytest.mark.parametrize("link", ["odds", "power"])
def test_lines_of_many_draws_are_those_of_each_alone(link):
    """Draws start at the line of their means, one alone where its own ratio lies."""
    rng = np.random.default_rng(0)
    z, error = rng.normal(size=80), rng.gamma(2.0, 0.5, (40, 80))
    variance = error * np.clip(expit(-1 + 0.7 * z) * rng.gamma(9.0, 1 / 9, (40, 80)), 0, 1)
    error[3], variance[5] = 0.0, 0.0  # without errors, and without variance, there is no line
    weights = rng.exponential(size=(40, 80))
    found = quasi_lines(variance, error, z, weights=weights, link=link)
    alone = [quasi_lines(v, e, z, weights=w[None], link=link) for v, e, w in zip(variance, error, weights)]
    for name in ("level", "slope"):
        each = np.concatenate([getattr(one, name) for one in alone])
        np.testing.assert_allclose(getattr(found, name), each, atol=1e-8)
        assert np.isnan(each).sum() in (1, 2)
