"""The sampler's coordinates, the marginal likelihood, and the posterior, each against an exact computation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from hotmess.errors import BadInput, NotTestable
from hotmess.inference.pareto import smoothed
from hotmess.inference.sample import enable_x64
from hotmess.simulate import simulate
from hotmess.simulate import truth as exact
from hotmess.temperature import fast, laplace, marginal, model
from hotmess.temperature.data import length_data
from hotmess.temperature.effects import curves, points
from hotmess.temperature.fit import fit_lengths
from hotmess.temperature.likelihood import Dense, log_likelihood, log_prior
from hotmess.temperature.prior import Pooling, TemperaturePrior, pooling
from hotmess.temperature.scalars import budget_slope, hotter_with_length, natural_exceeds_budget, natural_slope

PRIOR = TemperaturePrior()


def prepared(data):
    center = np.r_[[m for m, _ in PRIOR.level], np.zeros(2 * len(data.features))]
    width = np.r_[[s for _, s in PRIOR.level], PRIOR.effect_scales(data.features)]
    return laplace.approximate(data.dense, center, width)


@pytest.mark.slow
def test_density_is_the_model_times_the_jacobian_of_the_coordinates():
    from numpyro.infer.util import log_density

    data = length_data(simulate("both", seed=3, questions=2, models=3, samples=6, budgets=2).table)
    groups = pooling(data)
    assert groups.groupings == ("model",)
    with enable_x64():
        approximation = prepared(data)
        dense = Dense(*map(jnp.asarray, data.dense))
        units, t = approximation.theta.shape
        rng = np.random.default_rng(0)
        shape = approximation.mode.shape
        args = (dense, approximation, PRIOR, groups, data.features)
        width = PRIOR.spread * PRIOR.effect_scales(data.features)
        differences = []
        for _ in range(3):
            values = {
                "scales": jnp.asarray(rng.uniform(0.05, 0.6, (1, 4))),
                "raw_theta": jnp.asarray(rng.normal(size=units * t)),
                "raw_scores": jnp.asarray(rng.normal(size=shape)),
            }

            def forward(flat, scales=values["scales"]):
                raw = {"scales": scales, "raw_theta": flat[: units * t], "raw_scores": flat[units * t :].reshape(shape)}
                trace = model_trace(args, raw)
                return jnp.concatenate([trace["theta"].ravel(), trace["scores"].ravel()])

            flat = jnp.concatenate([values["raw_theta"], values["raw_scores"].ravel()])
            out = np.asarray(forward(flat))
            theta, d = out[: units * t].reshape(units, t), jnp.asarray(out[units * t :].reshape(shape))
            log_j = np.linalg.slogdet(np.asarray(jax.jacrev(forward)(flat)))[1]
            cell = jnp.asarray(theta.T)[:, dense.unit]
            expected = float((log_likelihood(d, cell, dense) + log_prior(d, cell, dense.real)).sum())
            expected += stats.halfnorm.logpdf(np.asarray(values["scales"][0]), scale=width).sum()
            for p, (m, s) in enumerate(PRIOR.level):
                expected += stats.norm.logpdf(theta[:, p], m, s).sum()
            s = np.asarray(groups.doublings)
            for e, w in enumerate(PRIOR.effect_scales(data.features)):
                own = float(values["scales"][0, e])
                cov = w**2 * (1 + PRIOR.size**2 * np.outer(s, s)) + (own**2 + 1e-8) * np.eye(units)
                expected += stats.multivariate_normal.logpdf(theta[:, 3 + e], np.zeros(units), cov)
            differences.append(float(log_density(model.temperature_model, args, {}, values)[0]) - expected - log_j)
    np.testing.assert_allclose(differences, differences[0], atol=1e-6)


def model_trace(args, values):
    from numpyro import handlers

    seeded = handlers.substitute(handlers.seed(model.temperature_model, jax.random.PRNGKey(0)), values)
    trace = handlers.trace(seeded).get_trace(*args)
    return {name: trace[name]["value"] for name in ("theta", "scores")}


def two_options(questions=6, seed=0):
    """Questions with one wrong option: the marginal likelihood is a one-dimensional integral."""
    data = length_data(simulate("natural-only", seed=seed, questions=questions, options=2, budgets=1, samples=8).table)
    return data, np.array([0.8, 0.3, 0.1, 0.3, -0.2])


@pytest.mark.slow
def test_marginal_likelihood_against_quadrature():
    data, theta = two_options()
    n = len(data.cells)
    with enable_x64():
        approximation = prepared(data)
        dense = Dense(*map(jnp.asarray, data.dense))
        cell = theta[:, None] * np.ones(n)
        near = marginal.log_marginal(cell, laplace.modes(np.zeros((1, n)), cell, data.dense), data.dense)[0]
        cell = jnp.asarray(cell)
        sampled, _ = fast.integrate_cells(data.dense, approximation, theta[None, None], points=4000, seed=1)

        def integrand(x):
            at = jnp.full((1, n), x)
            return log_likelihood(at, cell, dense) + log_prior(at, cell, dense.real)

        grid = np.linspace(-14, 12, 1601)
        values = np.asarray(jax.jit(jax.vmap(integrand))(jnp.asarray(grid)))
    value = np.log(integrate.simpson(np.exp(values), x=grid, axis=0))
    assert sampled.sum() == pytest.approx(value.sum(), abs=0.05)
    np.testing.assert_allclose(near, value, atol=0.15)  # Laplace: near, not exact, with eight responses


@pytest.mark.slow
def test_fast_path_draws_the_posterior_of_a_small_problem():
    """Against an importance sampler of its own: wider proposals for the parameters, other ones for the scores."""
    table = simulate("natural-only", seed=5, questions=80, options=3, budgets=1, samples=20).table
    data = length_data(table)
    fit = fit_lengths(table, engine="fast", seed=2, draws=500)
    assert fit.data.attrs["pareto_k"] < 0.7
    theta = fit.flat("theta")[:, 0]
    rng = np.random.default_rng(7)
    mean, cov = theta.mean(0), np.cov(theta.T)
    proposal = stats.multivariate_t(mean, 1.3 * cov, df=6, seed=rng)
    draws = proposal.rvs(700)
    with enable_x64():
        approximation = prepared(data)
        log_l, _ = fast.integrate_cells(data.dense, approximation, draws[:, None], points=256, seed=9)
    width = np.r_[[s for _, s in PRIOR.level], PRIOR.effect_scales(data.features)]
    center = np.r_[[m for m, _ in PRIOR.level], 0, 0]
    log_w = log_l.sum(1) + stats.norm.logpdf(draws, center, width).sum(1) - proposal.logpdf(draws)
    w = np.exp(log_w - log_w.max())
    w /= w.sum()
    effective = 1 / (w**2).sum()
    assert effective > 150
    sd = np.sqrt(np.diag(cov))
    error = 4 * sd * np.sqrt(1 / effective + 1 / fit.data.attrs["effective"])
    assert np.all(np.abs(w @ draws - mean) < error)


@pytest.mark.slow
def test_many_settled_questions_move_the_peak_and_refining_finds_it():
    """Nearly all answers right: Laplace's approximation of such cells is off by many log units."""
    data = length_data(simulate("natural-only", seed=1, questions=60, budgets=1, ability=7.0).table)
    center = np.r_[[m for m, _ in PRIOR.level], 0, 0]
    width = np.r_[[s for _, s in PRIOR.level], PRIOR.effect_scales(data.features)]
    with enable_x64():
        rough = prepared(data)
        fine = fast.refine(data.dense, rough, center, width, points=64, seed=3)

        def posterior(theta):
            value = fast.integrate_cells(data.dense, fine, theta[:, None], points=64, seed=3)[0].sum(1)
            return value - 0.5 * (((theta - center) / width) ** 2).sum(1)

        axes = np.linalg.inv(np.linalg.cholesky(fine.precision[0] + np.diag(1 / width**2)))
        best = fine.theta[0]
        around = np.concatenate([best + sign * 0.8 * axes for sign in (1, -1)])
        values = posterior(np.concatenate([[rough.theta[0], best], around]))
    assert values[1] - values[0] > 1
    assert np.all(values[2:] < values[1])
    # along each axis the log density falls as a Normal's does, skewness apart
    np.testing.assert_allclose((values[2:7] + values[7:]) / 2 - values[1], -0.32, atol=0.12)


def test_evidence_of_the_scales_is_that_of_normal_data():
    groups = Pooling(("model",), np.arange(3)[None], np.zeros(3))
    rng = np.random.default_rng(0)
    root = rng.normal(size=(15, 15))
    data, y = root @ root.T + np.eye(15), rng.normal(size=15)
    differences = []
    for scale in (0.05, 0.4):
        moments = model.prior_moments(np.full((1, 2), scale), PRIOR, groups, ("natural",))
        mean = np.linalg.solve(moments[0], moments[1])
        covariance = np.linalg.inv(moments[0]) + np.linalg.inv(data)
        exact_value = stats.multivariate_normal.logpdf(y, mean, covariance)
        differences.append(fast._evidence(moments, data, data @ y) - exact_value)
    assert differences[0] == pytest.approx(differences[1], abs=1e-6)


@pytest.mark.slow
def test_nuts_agrees_with_the_fast_path_where_a_single_normal_proposal_fails():
    """Models that are nearly always right: posteriors are bent, weights of one proposal have a Pareto k above 0.7."""
    from hotmess.inference.gate import diagnose
    from hotmess.temperature.weighted_draws import approximate_log_likelihood

    table = simulate("both", seed=5, models=3, questions=16, budgets=2, samples=6, options=3, ability=10.0).table
    data = length_data(table)
    with enable_x64():
        rough = prepared(data)
        theta, _ = fast.propose(rough, PRIOR, pooling(data), data.features, seed=1, draws=600)
        cells, _ = fast.integrate_cells(data.dense, rough, theta, points=64, seed=1)
    assert smoothed(cells.sum(1) - approximate_log_likelihood(rough, theta))[1] > 0.7
    slow = fit_lengths(table, engine="nuts", seed=1, draws=350, warmup=250)
    quick, *more = (fit_lengths(table, engine="fast", seed=seed, draws=350) for seed in (1, 2, 3))
    assert slow.gate.divergences <= 2  # one in some 10,000 transitions diverges where posteriors are this bent
    assert max(v[0] for v in slow.gate.values.values()) < 1.03  # its error is counted
    assert quick.gate.passed and not quick.failed
    for kind in ("natural", "budget"):
        for name in ("incoherence", "heat", "lift"):
            a, b = (f.slopes(kind, population="these")[name][:, :, 0] for f in (slow, quick))
            effective = min(diagnose(a)[1], 1400)
            error = 4 * a.std() * np.sqrt(1 / effective + 1 / quick.data.attrs["effective"])
            assert abs(a.mean() - b.mean()) < error
            assert b.std() / a.std() == pytest.approx(1, abs=0.25)
            # for questions like these tails are long, and one fit's width is a tenth off
            wide, *others = (
                np.ptp(np.quantile(f.slopes(kind)[name][:, :, 0], [0.1, 0.9])) for f in (slow, quick, *more)
            )
            assert np.mean(others) / wide == pytest.approx(1, abs=0.3)


def test_population_draws_match_the_conditional_normal():
    groups = Pooling(("model",), np.arange(4)[None], np.array([-2.0, -0.5, 0.5, 2.0]))
    rng = np.random.default_rng(0)
    effects = rng.normal(size=(4, 2)) * 0.3
    theta = np.tile(np.c_[np.zeros((4, 3)), effects], (20_000, 1, 1))
    scales = np.full((20_000, 1, 2), 0.2)
    out = model.population_draws(theta, scales, PRIOR, groups, ("natural",), seed=0)
    for e, w in enumerate((PRIOR.heat, PRIOR.lift)):
        design = np.c_[np.ones(4), groups.doublings]
        precision = design.T @ design / 0.2**2 + np.diag([1 / w**2, 1 / (PRIOR.size * w) ** 2])
        mean = np.linalg.solve(precision, design.T @ effects[:, e] / 0.2**2)
        sd = np.sqrt(np.diag(np.linalg.inv(precision)))
        assert out["effect"][:, e].mean() == pytest.approx(mean[0], abs=5 * sd[0] / 141)
        assert out["by_size"][:, e].std() == pytest.approx(sd[1], rel=0.03)
        assert out["new_model"][:, e].std() == pytest.approx(np.hypot(sd[0], 0.2), rel=0.03)


def test_pooling_names_what_varies():
    data = length_data(simulate("both", seed=0, questions=3, models=2).table)
    assert pooling(data).groupings == ("model",)
    assert np.all(pooling(data).doublings == 0)  # two sizes cannot carry a slope


def test_curves_are_the_incoherence_of_the_distributions():
    world = simulate("both", seed=6, questions=9, samples=6)
    data = length_data(world.table)
    rng = np.random.default_rng(1)
    theta = np.zeros((2, 1, 7))
    theta[..., 3:] = rng.normal(size=(2, 1, 4)) * 0.3
    scores = rng.normal(size=(2, 3, 9))
    at = points(data)["natural"]
    out = curves(data, theta, scores, at, population="these", seed=0)
    for s in range(2):
        for p in range(2):
            full = np.c_[np.zeros(9), scores[s].T]
            q = exact.at_length(full, theta[s, 0, 5], theta[s, 0, 3], at[0, p, 0])
            assert out.incoherence[s, 0, p] == pytest.approx(float(exact.incoherence(q)), rel=1e-12)
            np.testing.assert_allclose(out.parts[s, 0, p], exact.summaries(q), rtol=1e-10)
    np.testing.assert_allclose(out.log_odds, np.log(out.incoherence / (1 - out.incoherence)), rtol=1e-9)


@pytest.mark.parametrize("unparsable", ["wrong", "uniform"])
@pytest.mark.parametrize("level", [0.0, -60.0, 60.0])
def test_terms_are_those_of_the_answers_vectors_also_where_a_model_is_all_but_always_right_or_wrong(unparsable, level):
    table = simulate("both", seed=6, questions=4, samples=6, options=4).table
    table.loc[::5, "answer"] = -1
    data = length_data(table, unparsable=unparsable)
    options = int(data.choices[0])
    theta, scores = np.zeros((1, 1, 7)), np.full((1, data.dense.real.shape[0], 4), -np.inf)
    scores[:] = np.linspace(-1, 1, scores.shape[1])[None, :, None]
    scores[:, 0] += level  # one option takes all, or those that are wrong vanish beside the right one
    scores[:, 1:] += min(level, 0)
    out = curves(data, theta, scores, np.zeros((1, 1, 2)), population="these", seed=0)
    e = np.exp(np.longdouble(scores[0, :, 0]) * np.asarray(data.dense.real)[:, 0])
    e[~np.asarray(data.dense.real)[:, 0]] = 0
    p = np.r_[1, e] / (1 + e.sum())
    z = np.zeros((len(p), options + (unparsable == "wrong")), np.longdouble)
    z[: z.shape[1], : z.shape[1]] = np.eye(z.shape[1])
    if unparsable == "uniform":
        z[-1] = 1 / np.longdouble(options)
    error = (p[:, None] * (z - np.eye(z.shape[1])[0]) ** 2).sum()
    pairs = 0.5 * (p[:, None] * p * ((z[:, None] - z) ** 2).sum(-1)).sum()
    for value, truth in ((out.error, error), (out.variance, pairs)):
        assert value[0, 0, 0] == pytest.approx(float(truth), rel=1e-12)
    away = np.r_[-p[1:].sum() + (p[-1] / options if unparsable == "uniform" else 0), (p @ z)[1:]]
    assert out.bias2[0, 0, 0] == pytest.approx(float((away**2).sum()), rel=1e-12)
    assert np.isfinite(out.log_odds).all()


@pytest.mark.slow
def test_recovers_natural_and_budget_effects_and_states_them():
    world = simulate("both", seed=11, questions=100)
    fit = fit_lengths(world.table, engine="fast", seed=3, draws=200)
    assert fit.data.attrs["pareto_k"] < 0.7
    for kind, truth in (("natural", "beta_nat_these"), ("budget", "beta_bud_these")):
        x = fit.slopes(kind, population="these")["incoherence"]
        assert abs(x.mean() - world.truth[truth]) < 4 * x.std()
    for statement in (natural_slope, hotter_with_length, budget_slope, natural_exceeds_budget):
        assert (statement(fit, "these").draws > 0).mean() > 0.9
    table = fit.summary(population="these")
    assert set(table["kind"]) == {"natural", "budget"}
    parts = natural_slope(fit, "these").parts
    change = fit.mean_over_models(fit.slopes("natural", population="these")["change"])
    np.testing.assert_allclose(sum(parts.values()), change, atol=1e-10)


@pytest.mark.slow
def test_what_the_data_cannot_say_is_not_testable():
    world = simulate("natural-only", seed=0, questions=10, budgets=1, samples=10)
    fit = fit_lengths(world.table, engine="fast", seed=0, draws=25, points=8)
    with pytest.raises(NotTestable, match="two budgets with tokens"):
        natural_exceeds_budget(fit, "these")
    with pytest.raises(BadInput, match="engine"):
        fit_lengths(world.table, engine="vi")
