"""Worlds with known truth: the truths are checked against large simulations and hand-worked values."""

import numpy as np
import pytest

from hotmess.errors import BadInput
from hotmess.simulate import WORLDS, simulate
from hotmess.simulate import truth as exact
from hotmess.simulate.answers import Answers, answers
from hotmess.simulate.lengths import Between, Follows, follows_answer, noisy_length
from hotmess.simulate.overthinking import Temperature, temperature
from hotmess.simulate.scale import Scale, laws, scale


def halves(world):
    """Incoherence of the responses above and below each cell's median length, pooled over questions and budgets."""
    length = world.length + 1e-6 * np.random.default_rng(0).random(world.length.shape)
    above = length > np.median(length, axis=-1, keepdims=True)
    out = []
    for half in (~above, above):
        n = half.sum(-1)
        share = np.stack([((world.answer == k) & half).sum(-1) / n for k in range(world.options)], -1)
        variance = (1 - (share**2).sum(-1)) * n / (n - 1)
        out.append(variance.sum() / (2 * (1 - share[..., 0])).sum())
    return out


@pytest.mark.parametrize("name", list(WORLDS))
def test_every_world_gives_a_valid_table_and_the_same_one_for_the_same_seed(name):
    first, again, other = (simulate(name, seed=s, questions=12) for s in (3, 3, 4))
    table = first.table
    assert table["answer"].between(0, first.options - 1).all()
    assert table.groupby("question")["target"].nunique().eq(1).all()
    keys = ["benchmark", "model", "question", "sample"] + (["budget"] if "budget" in table else [])
    assert not table.duplicated(keys).any()
    np.testing.assert_array_equal(first.answer, again.answer)
    assert not np.array_equal(first.answer, other.answer)
    right = table["answer"].eq(table["target"]).to_numpy()
    np.testing.assert_array_equal(right, first.answer.ravel() == 0)
    assert first.counts.sum() == len(table)


def test_shapley_parts_add_up_and_vanish_where_nothing_changes():
    rng = np.random.default_rng(1)
    p, q = rng.dirichlet(np.ones(4), 50), rng.dirichlet([3, 1, 1, 0.2], 50)
    parts = exact.three_parts(p, q)
    assert sum(parts.values()) == pytest.approx(exact.incoherence(q) - exact.incoherence(p), abs=1e-12)
    assert exact.from_summaries(*exact.summaries(p)) == pytest.approx(exact.incoherence(p), abs=1e-12)
    assert all(v == 0 for v in exact.three_parts(p, p).values())


@pytest.mark.parametrize(
    ("name", "changes"),
    [("natural-only", {}), ("mirror", {}), ("wrong-longer", {}), ("wrong-shorter-unequal", {}), ("option-lengths", {})],
)
def test_the_contrast_of_halves_is_what_a_large_sample_shows(name, changes):
    world = simulate(name, seed=5, questions=1500, samples=200, budgets=1, **changes)
    below, above = halves(world)
    # 1,500 questions: the contrast of these questions is known to the third digit.
    assert above - below == pytest.approx(world.truth["contrast_these"], abs=0.006)
    assert world.truth["contrast_these"] == pytest.approx(world.truth["contrast"], abs=0.03)


def test_merely_longer_wrong_runs_make_longer_halves_look_less_incoherent_and_shorter_ones_more():
    longer = halves(simulate("wrong-longer", seed=1, questions=400, budgets=1, longer=1.5))
    shorter = halves(simulate("wrong-shorter", seed=1, questions=400, budgets=1, longer=-1.5))
    assert longer[1] < longer[0] - 0.15
    assert shorter[1] > shorter[0] + 0.15


def test_a_common_factor_is_a_shift_towards_the_target_and_nothing_else():
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(4), 30)
    shift = np.r_[0.0, 0.6, 0.6, 0.6] + np.zeros_like(p)
    low, high = (exact.given_length(p, shift, np.full(4, 0.5), z) for z in (-0.4, 0.7))
    change = np.log(high) - np.log(low)
    np.testing.assert_allclose(change[:, 0] - change[:, 1], -0.6 / 0.5**2 * 1.1, rtol=1e-9)
    np.testing.assert_allclose(change[:, 1], change[:, 3], rtol=1e-9)
    world = follows_answer(Follows(base=Temperature(questions=5), longer=0.6, spread=0.5, spread_wrong=0.5), seed=0)
    assert world.truth["lambda_nat"] == pytest.approx(-2.4)


def test_temperature_truth_holds_at_the_ends_of_the_range():
    world = temperature(Temperature(questions=40, budgets=2, heat_bud=-0.4, samples=4000, favourite=0.8), seed=3)
    share = world.counts[0] / 4000
    low, high = exact.incoherence(share[:, 0]), exact.incoherence(share[:, 1])
    slope = float(np.log(high / (1 - high)) - np.log(low / (1 - low)))
    assert slope == pytest.approx(world.truth["beta_bud_these"], abs=0.02)
    spent = np.log2(world.length).mean((0, 1, 3))
    assert spent[1] - spent[0] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("runs", "expected"), [(1, "slope_one_run"), (3, "slope_three_runs")])
def test_noise_in_length_shrinks_the_slope_between_questions(runs, expected):
    # Three runs of length, but exact incoherence: what is left is noise in x alone.
    world = noisy_length(Between(questions=20_000, samples=40, level=0.2, spread=0.7, noise=0.593 * 0.7), seed=runs)
    right = (world.answer[0, :, 0] == 0).mean(-1)
    x = np.log2(world.length[0, :, 0, :runs]).mean(-1)
    bins = np.array_split(np.argsort(x), 40)
    slope = np.polyfit([x[i].mean() for i in bins], [np.log2(right[i].mean()) for i in bins], 1)[0]
    assert slope == pytest.approx(world.truth[expected], abs=0.025)
    assert world.truth[expected] == pytest.approx({1: 0.37, 3: 0.448}[runs], abs=0.001)


def test_regression_to_the_mean_between_identical_models():
    world = simulate("regression-to-mean", seed=1, questions=3000)
    worst = np.array(world.difficulty) == "3 of 3"
    error = (world.answer[:, worst] > 0).mean((1, 2, 3))
    assert error[1] < error[0] - 0.03
    everywhere = (world.answer > 0).mean((1, 2, 3))
    assert everywhere[0] == pytest.approx(everywhere[1], abs=0.02)


@pytest.mark.parametrize("changes", [{}, {"accuracy_only": True}])
def test_scale_laws_are_what_the_answers_show(changes):
    world = Scale(questions=12_000, samples=60, residual=0.0, **changes)
    data = scale(world, seed=2)
    bias, variance = laws(world, np.zeros((2, 6)))
    share = data.counts[:, :, 0] / 60
    unbiased = (1 - (share**2).sum(-1)) * 60 / 59
    error = 2 * (1 - share[..., 0])
    for g, name in enumerate(("easy", "medium", "hard")):
        rows = np.array(data.difficulty) == name
        np.testing.assert_allclose(unbiased[:, rows].mean(1), variance[:, g], atol=0.018)  # four standard errors
        np.testing.assert_allclose((error - unbiased)[:, rows].mean(1), bias[:, g], atol=0.04)
    if not changes:
        slopes = np.polyfit(np.log(world.sizes), np.log(bias), 1)[0]
        np.testing.assert_allclose(slopes, -np.array(world.alpha_bias), atol=1e-9)


@pytest.mark.parametrize("kind", ["beta", "logit-normal", "mixture"])
def test_answer_worlds_have_the_incoherence_they_say(kind):
    data = answers(Answers(kind=kind, questions=20_000, samples=2), seed=4)
    agree = (data.answer[0, :, 0, 0] == data.answer[0, :, 0, 1]).mean()
    error = 2 * (data.answer[0] > 0).mean()
    assert (1 - agree) / error == pytest.approx(data.truth["incoherence"], abs=0.015)


def test_contexts_hold_their_share_of_the_variance():
    data = simulate("contexts", seed=0, questions=4000)
    pairs = data.answer[0, :, 0].reshape(4000, 10, 3)
    same = (pairs[:, :, 0] == pairs[:, :, 1]).mean()
    apart = (pairs[:, :-1, 0] == pairs[:, 1:, 1]).mean()
    assert (same - apart) / (1 - apart) == pytest.approx(data.truth["context_share"], abs=0.01)
    none = simulate("contexts-none", seed=0)
    assert none.truth["context_share"] == 0


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("natural-onyl", {}, "did you mean 'natural-only'"),
        ("xyz", {}, "choose one of"),
        ("natural-only", {"question": 3}, "no parameter 'question'"),
        ("scale", {"bias": (1.5, 1.5, 1.5)}, "choose laws"),
        ("scale", {"sizes": (7.0,)}, r"two or more different numbers above 0, not \(7.0,\)"),
        ("length-and-size", {"sizes": (3.0, 3.0)}, "two or more different numbers"),
        ("length-and-size", {"sizes": (0.0, 1.0)}, "numbers above 0"),
    ],
)
def test_bad_requests_get_a_sentence(name, changes, words):
    with pytest.raises(BadInput, match=words):
        simulate(name, seed=0, **changes)
