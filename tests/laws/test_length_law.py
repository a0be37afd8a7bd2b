"""Length laws: a brute-force grid for one arm, recovery of slopes between questions, what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hotmess.answers.fit import fit
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import diagnose
from hotmess.inference.posterior import Posterior
from hotmess.laws.curve_draws import curve_chains
from hotmess.laws.curves import CURVES, Bins, CurveLaw
from hotmess.laws.length import length_law
from hotmess.laws.length_bins import binned_cells, latent_lengths
from hotmess.laws.length_model import length_model, log_factor_without_slopes
from hotmess.laws.length_prior import LengthPrior
from hotmess.responses.cells import reduce
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

PRIOR = LengthPrior()


@pytest.mark.parametrize("shape", list(CURVES))
def test_shapes_have_the_derivatives_they_claim(shape):
    level, slope, x = np.array([-0.7]), np.array([0.3]), np.array([0.8])
    f, step = CURVES[shape].value, 1e-6
    value = f(level, slope, x)
    by_level, by_slope = CURVES[shape].slopes(value, x)
    assert by_level == pytest.approx((f(level + step, slope, x) - f(level - step, slope, x)) / 2 / step)
    assert by_slope == pytest.approx((f(level, slope + step, x) - f(level, slope - step, x)) / 2 / step)
    if shape != "constant":
        assert CURVES[shape].link(value) == pytest.approx(level + slope * x)


def brute(shape, y, cov, x, start):
    """Posterior moments of (level, slope) of one arm on a grid over level, slope, log tau, log sigma.

    With one arm the slope is Normal(0, 0.5² + tau²), so tau is a one-dimensional integral of its own.
    """
    level, slope = np.linspace(-5, 4, 301), np.linspace(-3, 3, 301)
    nodes = np.linspace(-9, 1.2, 120)
    half = lambda t, w: stats.halfnorm.pdf(np.exp(t), scale=w) * np.exp(t)  # noqa: E731
    p_tau = half(nodes + np.log(PRIOR.spread), PRIOR.spread)
    variance = PRIOR.slope**2 + np.exp(2 * (nodes + np.log(PRIOR.spread)))
    prior_slope = (p_tau * stats.norm.pdf(slope[:, None], 0, np.sqrt(variance))).sum(1)
    prior_level = stats.norm.pdf(level, start, PRIOR.level)
    curve = CURVES[shape].value(level[:, None, None], slope[None, :, None], x)
    p = np.zeros((len(level), len(slope)))
    values, vectors = np.linalg.eigh(cov)
    residual2 = ((y - curve) @ vectors) ** 2
    sigmas = nodes + np.log(PRIOR.residual)
    logs = [
        -0.5 * (residual2 / (values + np.exp(2 * s))).sum(-1) - 0.5 * np.log(values + np.exp(2 * s)).sum()
        for s in sigmas[::3]
    ]
    top = max(v.max() for v in logs)
    for s, v in zip(sigmas[::3], logs):
        p += half(s, PRIOR.residual) * np.exp(v - top)
    p *= prior_level[:, None] * prior_slope
    p /= p.sum()
    out = []
    for axis, grid in ((1, level), (0, slope)):
        marginal = p.sum(axis)
        assert max(marginal[0], marginal[-1]) < 1e-6
        mean = (marginal * grid).sum()
        out.append((mean, np.sqrt((marginal * (grid - mean) ** 2).sum())))
    return out


@pytest.mark.parametrize("shape", ["odds", "power"])
@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_one_arm_matches_a_brute_force_grid(shape, noise):
    rng = np.random.default_rng(5)
    x = np.linspace(-1.2, 1.2, 8)
    truth = CURVES[shape].value(np.array(-0.8), np.array(0.35), x)
    root = rng.normal(size=(8, 8)) * noise / 4
    cov = root @ root.T + noise**2 * np.eye(8)
    y = truth + rng.multivariate_normal(np.zeros(8), cov)
    values, vectors = np.linalg.eigh(cov)
    law = CurveLaw(shape, Bins(y, values, vectors), x, np.zeros(8, int), PRIOR)
    chains = curve_chains(law, seed=1, draws=1000, chains=4)
    exact = brute(shape, y, cov, x, law.prior_mean[0])
    for draws, (mean, sd), what in zip((chains[..., 2], chains[..., 3]), exact, ("level", "slope")):
        _, bulk, _ = diagnose(draws)
        assert bulk > 1000, what
        assert abs(draws.mean() - mean) < 4 * sd / np.sqrt(bulk) + 0.005 * sd, what
        assert abs(draws.std() - sd) < 4 * sd / np.sqrt(bulk) + 0.01 * sd, what


def test_the_joint_density_of_several_arms_is_the_model_as_written():
    rng = np.random.default_rng(6)
    x, arm = rng.normal(size=9), np.repeat([0, 1, 2], 3)
    values, y = rng.gamma(2, 0.01, 9), rng.uniform(0.2, 0.6, 9)
    law = CurveLaw("odds", Bins(y, values, np.eye(9)), x, arm, PRIOR)
    theta, points = rng.normal(0, 0.3, (5, 6)), np.exp(rng.normal(-2, 0.5, (5, 2)))
    got = law.log_joint(theta, points)
    for i in range(5):
        tau, sigma = points[i]
        slope = stats.multivariate_normal(np.zeros(3), tau**2 * np.eye(3) + 0.5**2, allow_singular=False)
        exact = stats.norm.logpdf(theta[i, :3], law.prior_mean[:3], 1.5).sum() + slope.logpdf(theta[i, 3:])
        curve = 1 / (1 + np.exp(-theta[i, arm] - theta[i, 3 + arm] * x))
        exact += stats.norm.logpdf(y, curve, np.sqrt(values + sigma**2)).sum()
        assert got[i] == pytest.approx(exact, rel=1e-7)


# --- from responses ---------------------------------------------------------------------------------------------


def world(seed=1, name="odds-law", **changes):
    return simulate(name, seed=seed, **({"questions": 240, "samples": 20, "noise": 0.05} | changes))


@pytest.fixture(scope="module")
def data():
    return world()


@pytest.fixture(scope="module")
def law(data):
    return length_law(validate(data.table), seed=2, draws=500)


def test_bins_hold_equally_many_questions_in_order_of_length(data):
    cells, notes = binned_cells(validate(data.table), bins=12)
    table = cells.table
    assert np.bincount(table["bin"]).tolist() == [20] * 12 and not notes
    edges = table.groupby("bin")["latent_log2_length"].agg(["min", "max"])
    assert (edges["max"].to_numpy()[:-1] <= edges["min"].to_numpy()[1:]).all()


def test_the_slope_between_questions_is_recovered(data, law):
    assert law.gate.passed, law.gate.reasons
    slope = law.slopes("odds")[..., 0]
    truth = data.truth["slope"] / np.log(2)  # the world's is per doubling
    assert abs(slope.mean() - truth) < 3.5 * slope.std() and slope.std() < 0.3
    row = law.summary(interval=0.5).iloc[0]
    assert row["slope_low"] < np.median(slope) < row["slope_high"]
    assert np.quantile(slope, 0.25) == pytest.approx(row["slope_low"])


def test_the_curve_passes_through_the_bins(law):
    bins = law.bins
    curve = np.median(law.curve(bins["log_length"].to_numpy(), 0), axis=0)
    z = (curve - bins["incoherence_like-these"]) / np.hypot(bins["sd_like-these"], 0.02)
    assert (z**2).mean() < 3
    np.testing.assert_allclose(bins["x"], bins["log_length"] - law.arms["log_length"].iloc[0])


def test_seeds_reproduce_exactly(data):
    one, again = (length_law(validate(data.table), bins=6, seed=2, draws=20) for _ in range(2))
    np.testing.assert_array_equal(one.slopes(), again.slopes())


def test_the_law_is_a_posterior_that_remembers_how_it_was_made(law, data):
    assert isinstance(law, Posterior) and law.spec.options["bins"] == 12 and law.shapes == ("odds", "power")
    draws = law.draws("these")
    assert draws["slope"].dims == ("chain", "draw", "arm") and draws["spread"].dims == ("chain", "draw")
    with pytest.raises(BadInput, match="The shape of a length law is 'bent'"):
        law.draws(shape="bent")
    np.testing.assert_array_equal(law.refit().slopes(), law.slopes())
    narrow = law.refit(prior=LengthPrior(slope=1e-3, spread=1e-3))
    assert (
        narrow.prior == LengthPrior(slope=1e-3, spread=1e-3)
        and abs(narrow.slopes().mean()) < 0.05 < law.slopes().mean()
    )
    np.testing.assert_array_equal(narrow.model("these").fixed[1:, 1:], [[1e-6]])
    fewer = law.refit(draws=250, seed=5)
    assert fewer.fit.spec.draws == 250 and fewer.fit.spec.seed == 5 and fewer.slopes().shape == (4, 250, 1)
    with pytest.raises(BadInput, match="stay what they are"):
        law.refit(options={**law.spec.options, "bins": 6})
    question = str(law.fit.cells.table["question"].iloc[0])
    rest = law.without(questions=[question])
    assert rest.prior == law.prior and rest.bins["questions"].sum() == law.bins["questions"].sum() - 1
    with pytest.raises(BadInput, match="no model 'owl'"):
        law.without(models=["owl"])


def test_densities_are_those_of_the_draws(law):
    """log prior + log likelihood of a draw is the model's joint density there, of SciPy's parts."""
    log_prior, log_likelihood = law.densities("these")
    draws = law.draws("these")
    at = (1, 17)
    level, effect, tau = (draws[n].values[at] for n in ("level", "slope_per_sd", "spread"))
    assert draws["slope"].values[at] == pytest.approx(effect / law.arms["log_length_sd"].to_numpy())
    exact = stats.norm.logpdf(level, 0, PRIOR.level).sum() + stats.norm.logpdf(effect, 0, np.hypot(PRIOR.slope, tau))
    exact = float(np.squeeze(exact)) + stats.halfnorm.logpdf(tau, scale=PRIOR.spread)
    assert log_prior[at] == pytest.approx(exact, rel=1e-6)
    seen = stats.multivariate_normal.logpdf(law.law.mean[0, 1], np.r_[level, effect], law.law.covariance[0, 1])
    assert log_likelihood[at] == pytest.approx(seen, rel=1e-6)


def test_the_law_of_arms_is_partial_pooling_by_brute_force():
    """Two arms' slopes: posterior means by a grid over tau, each given tau by the normal formula."""
    y, noise = np.array([-0.5, 0.1, 0.9, 0.1]), np.diag([0.04, 0.04, 0.09, 0.01])
    law = length_model(y, noise, PRIOR)
    _, drawn = law.on_grid(law.hyper.grid(400), 40_000, np.random.default_rng(0))
    weights, means = [], []
    for tau in stats.halfnorm.ppf((np.arange(400) + 0.5) / 400, scale=PRIOR.spread):
        prior = PRIOR.slope**2 * np.ones((2, 2)) + tau**2 * np.eye(2)
        total = prior + noise[2:, 2:]
        weights.append(stats.multivariate_normal.pdf(y[2:], np.zeros(2), total))
        means.append(prior @ np.linalg.solve(total, y[2:]))
    exact = np.average(means, axis=0, weights=weights)
    np.testing.assert_allclose(drawn[:, 2:].mean(0), exact, atol=5 * drawn[:, 2:].std(0).max() / 200)
    flat = stats.multivariate_normal.pdf(y[2:], np.zeros(2), noise[2:, 2:])
    assert log_factor_without_slopes(law) == pytest.approx(np.log(flat / np.mean(weights)), rel=1e-6)


def test_lengths_that_hardly_vary_are_not_overruled_by_the_prior():
    """The same world with lengths that vary by a twentieth as much: slopes per log length are twenty times as large."""
    data = world(seed=4, noise=0.0)
    table = data.table
    ratio = table["reasoning_tokens"] / np.exp(np.log(table["reasoning_tokens"]).mean())
    narrow = table.assign(reasoning_tokens=np.rint(1e7 * ratio**0.05).astype(int))
    wide = table.assign(reasoning_tokens=np.rint(1e7 * ratio).astype(int))
    slopes = [length_law(validate(t), seed=1, draws=300, latent=False).slopes()[..., 0] for t in (wide, narrow)]
    assert slopes[1].mean() == pytest.approx(20 * slopes[0].mean(), rel=0.02)
    assert slopes[1].std() == pytest.approx(20 * slopes[0].std(), rel=0.05)


def test_bins_are_joined_until_they_have_errors_and_none_is_left_out(data):
    table = data.table
    order = table.groupby("question")["reasoning_tokens"].mean().sort_values().index
    easy = table["question"].isin(order[:90])
    spoiled = table.assign(answer=np.where(easy & (table["sample"] > 0), table["target"], table["answer"]))
    cells, notes = binned_cells(validate(spoiled), bins=24)
    assert len(cells.table) == table["question"].nunique() and not notes
    wrong = (cells.table["responses"] - cells.table["right"]).groupby(cells.table["bin"]).sum()
    assert (wrong >= 10).all() and len(wrong) < 24


def test_no_law_and_a_negative_law():
    flat, down = (length_law(validate(world(3, name).table), draws=300, seed=1) for name in ("no-law", "negative-law"))
    slope = flat.slopes("odds")[..., 0]
    assert abs(slope.mean()) < 3.5 * slope.std()
    assert (down.slopes("odds") < 0).mean() > 0.99


def test_nothing_is_pooled_over_length_in_the_first_stage(law):
    assert law.fit.formula is None and len(law.fit.groups.table) == len(law.bins)


def test_contexts_that_questions_share_are_said_not_to_be_in_lines(data, law):
    asked = data.table.groupby(["model", "question"]).cumcount().astype(str)
    found = length_law(validate(data.table.assign(context=asked)), seed=2, draws=60)
    (said,) = set(found.notes) - set(law.notes)
    assert "Questions share few-shot contexts" in said and said.endswith("not in lines in length.")


def test_refusals(data):
    table = data.table
    responses = validate(table)
    with pytest.raises(BadInput, match="no length law 'cubic'"):
        length_law(responses, shapes=["cubic"])
    with pytest.raises(NotTestable, match="no length column"):
        length_law(validate(table.drop(columns="reasoning_tokens")))
    with pytest.raises(NotTestable, match="do not vary"):
        length_law(validate(table.assign(reasoning_tokens=100)))
    with pytest.raises(NotTestable, match="at least 8 questions"):
        length_law(responses.where("question < 'q00007'"))
    with pytest.raises(NotTestable, match="two or more responses"):
        length_law(responses.where("sample = 0"))
    with pytest.raises(NotTestable, match="too few errors"):
        length_law(validate(table.assign(answer=table["target"])))


def test_latent_lengths_are_calibrated_where_means_of_runs_are_not():
    """Regressing the truth on what is known of it has slope 1 for the latent lengths, 1/(1 + noise²/runs) for means."""
    rng = np.random.default_rng(7)
    truth = rng.normal(0, 1, 3000)
    runs = 9 + truth[:, None] + 0.8 * rng.normal(size=(3000, 3))
    table = pd.DataFrame(
        {
            "model": "m",
            "question": np.repeat([f"q{i:04d}" for i in range(3000)], 3),
            "answer": 0,
            "target": 0,
            "n_choices": 2,
            "reasoning_tokens": np.rint(2 ** (runs.ravel() + 10)).astype(int),
        }
    )
    responses = validate(table)
    cells = reduce(responses).table
    latent = latent_lengths(responses, cells)
    slope = lambda x: np.polyfit(x, truth, 1)[0]  # noqa: E731
    assert slope(latent) == pytest.approx(1, abs=0.04)
    assert slope(cells["log2_length"].to_numpy()) == pytest.approx(1 / (1 + 0.64 / 3), abs=0.04)
    assert latent.mean() == pytest.approx(cells["log2_length"].mean())
    np.testing.assert_allclose(latent_lengths(responses, cells, latent=False), cells["log2_length"])  # switched off
    exact = cells.assign(reasoning_tokens=100)
    np.testing.assert_allclose(latent_lengths(validate(table.assign(reasoning_tokens=64)), exact), 6)


def test_lengths_that_vary_by_chance_alone_are_not_testable():
    rng = np.random.default_rng(0)
    table = world(questions=60, samples=4).table
    question = np.repeat(np.arange(60), 4)
    runs = rng.normal(size=(60, 4))
    runs -= runs.mean(1, keepdims=True) * 0.9  # means differ less than by chance
    table["reasoning_tokens"] = np.rint(2 ** (10 + runs[question, table["sample"]])).astype(int)
    with pytest.raises(NotTestable, match="no more than between runs"):
        binned_cells(validate(table))


@pytest.mark.slow
def test_noise_in_length_does_not_flatten_the_law():
    """Three runs per question, each a noisy reading of its length: least squares keeps 0.45 of 0.5."""
    away = []
    for seed in range(12):
        data = simulate("noisy-length", seed=seed, questions=600, samples=3)
        slope = length_law(validate(data.table), seed=seed, draws=300).slopes("power")[..., 0]
        away.append((slope.mean() - data.truth["slope"]) / slope.std())
    assert abs(np.mean(away)) < 0.2 + 2 / np.sqrt(12)


def test_bins_are_groups_of_their_own(data):
    cells, _ = binned_cells(validate(data.table), bins=4)
    found = fit(cells, groups=["model", "bin"], draws=50, pointwise=False)
    assert len(found.groups.table) == 4
