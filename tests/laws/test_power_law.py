"""Power laws: marginal likelihood and conditional draws by brute force, recovery of slopes, what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hotmess.answers.fit import fit
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.posterior import Posterior
from hotmess.laws import power_data
from hotmess.laws.gaussian import shrunk_covariance
from hotmess.laws.hardness import hardness
from hotmess.laws.power import LawPrior, power_laws
from hotmess.laws.power_model import power_model
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

GROUPS, MODELS = 3, 5
HARD = np.array([-1.0, 0.0, 1.0])


def problem(prior, seed=0):
    """A law with every part switched on, and its parts."""
    rng = np.random.default_rng(seed)
    g, m = (v.ravel() for v in np.indices((GROUPS, MODELS)))
    x = np.linspace(-1.5, 1.5, MODELS)[m]
    root = rng.normal(size=(2 * len(x), 2 * len(x))) * 0.05
    noise = root @ root.T + 0.01 * np.eye(2 * len(x))
    y = np.concatenate([-1.5 - 0.4 * x, -1.2 - 0.1 * x]) + rng.normal(0, 0.2, 2 * len(x))
    level, model = np.eye(GROUPS)[g], np.eye(MODELS)[m]
    arrays = {"y": y, "noise": noise, "level": level, "slope": -level * x[:, None], "model": model}
    return power_model(y, noise, x, g, m, prior, hard=HARD), arrays


POINT = np.array([[0.2, 0.4, 0.1, 0.3, 0.05, 0.15, 0.6, -0.5]])
OTHER = LawPrior(slope=0.4, intercept=1.1, slope_spread=0.2, model=0.5, rest=0.3, trend=0.7)


def generative(arrays, prior, point):
    """Mean and covariance of (A^B, A^V, alpha^B, alpha^V, y) term by term from the model as it is written."""
    tau, u, e = point[0, :2], point[0, 2:4], point[0, 4:6]
    rho_alpha, rho_u = point[0, 6:]
    cells = len(arrays["level"])
    spread = np.array([[1, rho_alpha], [rho_alpha, 1]]) * np.outer(tau, tau)
    alpha = np.kron(spread, np.eye(GROUPS)) + prior.slope**2 * np.kron(np.eye(2), np.ones((GROUPS, GROUPS)))
    alpha += prior.trend**2 * np.kron(np.eye(2), np.outer(HARD, HARD))
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)  # level and ratio to bias² and variance
    shared = turn @ (np.array([[1, rho_u], [rho_u, 1]]) * np.outer(u, u)) @ turn.T
    own = turn @ np.diag(e**2) @ turn.T
    parts = [
        (np.kron(np.eye(2), arrays["level"]), prior.intercept**2 * np.eye(2 * GROUPS)),
        (np.kron(np.eye(2), arrays["slope"]), alpha),
        (np.kron(np.eye(2), arrays["model"]), np.kron(shared, np.eye(MODELS))),
        (np.eye(2 * cells), np.kron(own, np.eye(cells))),
    ]
    design, blocks = np.hstack([d for d, _ in parts]), [c for _, c in parts]
    size = sum(len(b) for b in blocks)
    theta = np.zeros((size, size))
    at = 0
    for b in blocks:
        theta[at : at + len(b), at : at + len(b)] = b
        at += len(b)
    coefficients = 4 * GROUPS
    mean = np.concatenate([np.full(2 * GROUPS, -1.0), np.zeros(size - 2 * GROUPS)])
    total = design @ theta @ design.T + arrays["noise"]
    return mean[:coefficients], theta[:coefficients, :coefficients], (theta @ design.T)[:coefficients], total


@pytest.mark.parametrize("prior", [LawPrior(), OTHER])
def test_the_collapsed_likelihood_is_that_of_the_whole_gaussian(prior):
    law, arrays = problem(prior)
    points = POINT * np.random.default_rng(1).uniform(0.3, 1.6, (4, 8))
    exact = [
        stats.multivariate_normal.logpdf(arrays["y"], np.full(30, -1.0), generative(arrays, prior, p[None])[3])
        for p in points
    ]
    np.testing.assert_allclose(law.log_likelihood(points), exact, rtol=1e-9)


@pytest.mark.parametrize("prior", [LawPrior(), OTHER])
def test_levels_and_exponents_given_the_scales_are_those_of_their_conditional(prior):
    law, arrays = problem(prior)
    mean, cov, cross, total = generative(arrays, prior, POINT)
    gain = np.linalg.solve(total, cross.T).T
    got = law.conditional(POINT)
    np.testing.assert_allclose(got[0][0], mean + gain @ (arrays["y"] + 1.0), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(got[1][0], cov - gain @ cross.T, rtol=1e-7, atol=1e-9)


def test_covariance_of_draws_keeps_variances_and_shrinks_correlations_little():
    rng = np.random.default_rng(4)
    draws = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 2000)
    cov, plain = shrunk_covariance(draws), np.cov(draws.T)
    np.testing.assert_allclose(np.diag(cov), np.diag(plain), atol=1e-9)
    assert cov[0, 1] / plain[0, 1] == pytest.approx(1 - 2 / 2000)


def test_the_prior_is_that_of_its_scales():
    hyper = OTHER.hyper
    assert hyper.widths == (0.2, 0.2, 0.5, 0.5, 0.3, 0.3) and hyper.correlations == 2


def test_hardness_is_the_order_of_difficulty_and_none_where_there_is_none():
    def of(*values, **more):
        return hardness(pd.DataFrame({"difficulty": values, **more})).tolist()

    assert of("hard", "easy", "hard", "medium") == [1.0, -1.0, 1.0, 0.0]
    assert of("1", "2", "10", "3") == pytest.approx([-1.0, -1 / 3, 1.0, 1 / 3])
    assert of("red", "green") == [0.0, 0.0] and of("easy") == [0.0]
    assert hardness(pd.DataFrame({"family": ["a", "b"]})).tolist() == [0.0, 0.0]
    levels = pd.Categorical(["low", "top"], categories=["low", "mid", "top"], ordered=True)  # no question is mid
    assert hardness(pd.DataFrame({"difficulty": levels})).tolist() == [-1.0, 1.0]


def test_a_trend_is_taken_up_by_the_hardest_group_and_not_pulled_to_the_others():
    """Two groups of many errors and a steep trend, and a hardest group that is seen badly: it follows the trend."""
    g, m = (v.ravel() for v in np.indices((GROUPS, MODELS)))
    x = np.linspace(-1.5, 1.5, MODELS)[m]
    alpha = np.array([0.0, 0.3, 0.6])
    y = np.concatenate([-1.5 - 0 * x, -1.5 - alpha[g] * x])
    noise = np.diag(np.tile(np.where(g == 2, 4.0, 0.01), 2) ** 2)
    point = np.array([[0.05, 0.05, 0.01, 0.01, 0.01, 0.01, 0.0, 0.0]])

    def hardest(trend):
        law = power_model(y, noise, x, g, m, LawPrior(trend=trend), hard=HARD)
        return law.conditional(point)[0][0, -1]

    assert hardest(0.0) == pytest.approx(0.15, abs=0.02)  # the mean of what is seen of the others
    assert hardest(1.0) == pytest.approx(0.6, abs=0.02)


# --- from responses ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world():
    return simulate("scale", seed=3, questions=90, samples=8, residual=0.02)


@pytest.fixture(scope="module")
def first(world):
    return fit(validate(world.table), by=["difficulty"], seed=1, draws=300, pointwise=False)


@pytest.fixture(scope="module")
def laws(first):
    return power_laws(first, seed=1, draws=500)


def test_the_law_sees_every_model_and_group_and_the_truth_is_in_the_interval(world, laws):
    assert len(laws.law.cells) == 18 and not len(laws.left_out)
    table = laws.summary(interval=0.99).set_index("difficulty")
    for group in ("easy", "medium", "hard"):
        for mine, theirs in (("alpha_bias2", "alpha_bias"), ("alpha_variance", "alpha_variance")):
            row = table.loc[group]
            assert row[f"{mine}_low"] < world.truth[f"{theirs}[{group}]"] < row[f"{mine}_high"]
        slope = table.loc[group, ["logit_incoherence_slope_low", "logit_incoherence_slope_high"]]
        assert slope.iloc[0] < world.truth[f"slope[{group}]"] < slope.iloc[1]
    np.testing.assert_allclose(
        laws.slope_of_logit_incoherence(), laws.draws()["alpha_bias2"] - laws.draws()["alpha_variance"]
    )
    x = laws.law.cells.groupby("model")["x"].first().sort_values().to_numpy()
    np.testing.assert_allclose(np.diff(x), np.diff(np.log(world.sizes)))
    assert x.mean() == pytest.approx(0, abs=1e-12)


def test_questions_like_these_are_known_less_well_than_these(laws):
    like, these = (np.diag(c) for c in laws.law.covariance)
    assert laws.law.populations == ("like-these", "these") and (like > these).all()


def test_the_measurement_error_is_the_joint_covariance_of_the_draws(first, laws):
    sets = first.draws(["model", "difficulty"])
    logs = np.concatenate([np.log(sets.bias2), np.log(sets.variance)], axis=-1).reshape(-1, 36)
    order = [
        int(np.flatnonzero((sets.table["model"] == m) & (sets.table["difficulty"] == d))[0])
        for m, d in laws.law.cells[["model", "difficulty"]].itertuples(index=False)
    ]
    order = np.array([*order, *(i + 18 for i in order)])
    np.testing.assert_allclose(laws.law.mean[0], logs.mean(0)[order])
    np.testing.assert_allclose(np.diag(laws.law.covariance[0]), logs.var(0, ddof=1)[order], rtol=1e-6)
    models = laws.law.cells["model"].to_numpy()
    off = np.corrcoef(logs[:, order].T)
    got = laws.law.covariance[0] / np.sqrt(np.outer(*(2 * [np.diag(laws.law.covariance[0])])))
    different = (models[:, None] != models[None]).nonzero()
    np.testing.assert_allclose(got[:18, :18][different], off[:18, :18][different] * (1 - 36 / len(logs)), atol=1e-6)


def test_seeds_reproduce_exactly(first):
    one, again = (power_laws(first, seed=1, draws=10) for _ in range(2))
    np.testing.assert_array_equal(one.draws()["alpha_bias2"], again.draws()["alpha_bias2"])
    other = power_laws(first, seed=2, draws=10)
    assert not np.array_equal(other.draws()["alpha_bias2"], one.draws()["alpha_bias2"])


def test_laws_are_a_posterior_that_remembers_how_it_was_made(first, laws):
    assert isinstance(laws, Posterior) and laws.spec.engine == "metropolis"
    assert (laws.over, laws.by, laws.prior) == ("model_size_b", ("difficulty",), LawPrior())
    draws = laws.draws("these")
    assert draws["alpha_bias2"].dims == ("chain", "draw", "group") and draws["tau_bias2"].dims == ("chain", "draw")
    np.testing.assert_array_equal(draws["alpha_bias2"].sel(group="easy"), draws["alpha_bias2"].values[..., 0])
    with pytest.raises(BadInput, match="it can be like-these or these"):
        laws.draws("some")
    again = laws.refit()
    np.testing.assert_array_equal(again.draws()["alpha_bias2"], laws.draws()["alpha_bias2"])
    narrow = laws.refit(prior=LawPrior(slope=0.05, slope_spread=0.01), draws=100)
    assert narrow.spec == laws.spec.changed(prior=LawPrior(slope=0.05, slope_spread=0.01), draws=100)
    assert np.abs(narrow.draws()["alpha_bias2"]).mean() < 0.8 * np.abs(laws.draws()["alpha_bias2"]).mean()
    with pytest.raises(BadInput, match="no setting 'priors'"):
        laws.refit(priors=LawPrior())


def test_without_a_model_or_questions_the_prior_stays(first):
    prior = LawPrior(slope=0.3)
    laws = power_laws(first, prior=prior, seed=1, draws=50)
    smallest, question = str(laws.law.cells["model"].iloc[0]), str(first.cells.table["question"].iloc[0])
    less = laws.without(models=[smallest])
    assert less.prior == prior and smallest not in set(less.law.cells["model"]) and less.by == laws.by
    fewer = laws.without(questions=[question])
    assert question not in set(fewer.fit.cells.table["question"]) and fewer.prior == prior
    with pytest.raises(BadInput, match="no model 'owl'"):
        laws.without(models=["owl"])


def test_a_pooled_fit_would_shrink_twice_and_is_refused(first):
    with pytest.raises(BadInput, match="shrink twice"):
        power_laws(replace(first, spec=first.spec.changed(formula="difficulty * log(model_size_b)")))


def test_fewer_than_four_sizes_are_not_testable(world):
    three = fit(validate(world.table).where("model_size_b < 5"), by=["difficulty"], draws=50, pointwise=False)
    with pytest.raises(NotTestable, match="Only 3 model sizes"):
        power_laws(three)


def test_more_estimates_than_can_be_fitted_are_refused_with_the_way_out(first, monkeypatch):
    monkeypatch.setattr(power_data, "MOST", 10)
    with pytest.raises(NotTestable, match=r"would be of \d+ estimates .* at most 10 are fitted: .*--groups 1"):
        power_laws(first)


def test_without_sizes_or_columns(world):
    data = validate(world.table.drop(columns="model_size_b"))
    bare = fit(data, by=["difficulty"], draws=50, pointwise=False)
    with pytest.raises(NotTestable, match="No model has a value of model_size_b"):
        power_laws(bare)
    with pytest.raises(BadInput, match="no column 'tier'"):
        power_laws(bare, by="tier")


def test_cells_with_few_errors_are_left_out_and_listed(world):
    table = world.table
    hits = (table["model"] == world.models[0]) & (table["difficulty"] == "easy")
    rows = table.index[hits & (table["answer"] != table["target"])][9:]
    table.loc[rows, "answer"] = table.loc[rows, "target"]
    laws = power_laws(fit(validate(table), by=["difficulty"], seed=1, draws=100, pointwise=False), draws=50)
    assert laws.left_out[["model", "difficulty", "wrong"]].values.tolist() == [[world.models[0], "easy", 9]]
    assert "fewer than 10 wrong responses" in laws.notes[0]
    assert len(laws.law.cells) == 17


def slopes(seed, *, samples, questions):
    data = simulate("scale", seed=seed, questions=questions, samples=samples, residual=0.0)
    first = fit(validate(data.table), by=["difficulty"], seed=seed, draws=100, pointwise=False)
    draws = power_laws(first, seed=seed, draws=100).slope_of_logit_incoherence("like-these")
    truth = np.array([data.truth[f"slope[{g}]"] for g in ("easy", "hard", "medium")])
    return (draws.mean(axis=(0, 1)) - truth), draws.std(axis=(0, 1))


@pytest.mark.slow
def test_slopes_from_three_samples_per_question_lean_by_what_is_said_and_are_covered():
    """Half a posterior sd (docs/limits.md), and no more, beyond Monte Carlo error; intervals hold what they promise."""
    studies = [slopes(s, samples=3, questions=120) for s in range(16)]
    away, sd = (np.array(v) for v in zip(*studies))
    bias = (away / sd).mean(0)
    noise = (away / sd).std(0) / np.sqrt(len(studies))
    assert (np.abs(bias) < 0.5 + 2 * noise).all(), (bias, noise)
    covered = np.abs(away / sd) < 1.645
    assert covered.mean() > 0.9 - 2 * np.sqrt(0.09 / covered.size)
