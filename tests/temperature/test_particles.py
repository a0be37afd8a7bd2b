"""Unit by unit: mixtures that adapt to bent posteriors, the hierarchy over them, influences of questions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import integrate, stats

from hotmess.errors import NotTestable
from hotmess.inference.pareto import smoothed
from hotmess.simulate import simulate
from hotmess.temperature import fast, like_these, ready, trust
from hotmess.temperature.data import length_data
from hotmess.temperature.effects import Curves
from hotmess.temperature.hierarchy import joint_draws
from hotmess.temperature.laplace import approximate
from hotmess.temperature.model import effect_covariance
from hotmess.temperature.particles import Component, Particles, adapt
from hotmess.temperature.prior import Pooling, TemperaturePrior, pooling
from hotmess.temperature.trust import failed_units, remedy

WIDTH = np.array([3.0, 3.0])


def bent(theta):
    """Log likelihood of a unit: y follows x², and is known better than x; a Normal does not fit it."""
    x, y = theta[..., 0], theta[..., 1]
    return -0.5 * (x / 1.5) ** 2 - 0.5 * ((y - x**2) / 0.25) ** 2


def test_mixtures_adapt_to_a_bent_posterior_where_one_normal_proposal_fails():
    start = np.zeros((2, 2)), np.repeat(np.diag([2.0, 0.06])[None], 2, axis=0)  # at the peak, by its curvature
    calls = {0: [], 1: []}

    def evaluate(units):
        def one(theta, s):
            for g in units:
                calls[int(g)].append(s)
            each = {0: bent, 1: lambda x: -0.5 * ((x - 1.0) ** 2).sum()}
            return np.array([each[int(g)](x) for g, x in zip(units, theta)]), np.zeros((1, len(units)))

        return one

    found = adapt(evaluate, np.array([0, 1]), *start, np.zeros(2), WIDTH, seed=0)
    first, second = found
    numbers = [calls[g].copy() for g in (0, 1)]
    once = Component(start[0][None], np.linalg.cholesky(start[1]))
    theta = once.draw(len(first.theta), np.random.default_rng(0))[:, 0]
    prior = -0.5 * ((theta / WIDTH) ** 2).sum(1)
    k_once = smoothed(bent(theta) + prior - once.log_density(theta[:, None].repeat(2, 1))[:, 0])[1]
    assert k_once > 0.7 and max(own.k for own in found) < 0.7 and min(own.effective for own in found) > 150
    x = np.linspace(-6, 6, 601)
    y = np.linspace(-4, 20, 2401)[:, None]
    density = np.exp(bent(np.stack(np.broadcast_arrays(x, y), -1)) - 0.5 * (x / 3) ** 2 - 0.5 * (y / 3) ** 2)
    exact = [float((density * f).sum() / density.sum()) for f in (x**2, y)]
    seeds = [adapt(evaluate, np.array([0, 1]), *start, np.zeros(2), WIDTH, seed=seed)[0] for seed in range(1, 7)]
    mine = [[own.weights @ own.theta[:, 0] ** 2, own.weights @ own.theta[:, 1]] for own in seeds]
    np.testing.assert_allclose(np.mean(mine, axis=0), exact, rtol=0.15)
    np.testing.assert_allclose(second.weights @ second.theta, 0.9, atol=0.2)  # Normal(1, 1) times Normal(0, 9)
    assert len(second.theta) < len(first.theta)  # what is good already is not drawn again
    assert numbers == [list(range(len(own.theta))) for own in found]


def exactly(y, sd, prior, pool, e, grid):
    """Mean and sd of each unit's effect, and of the scale, by integrating the scale on a grid; likelihoods Normal."""
    width = prior.spread * prior.effect_scales(("natural",))
    rows = []
    for s in grid:
        scales = np.full((1, 2), s)
        covariance = effect_covariance(scales, prior, pool, ("natural",))[e]
        both = covariance + np.diag(sd**2)
        log_p = stats.multivariate_normal.logpdf(y, np.zeros(len(y)), both) - 0.5 * (s / width[e]) ** 2
        gain = np.linalg.solve(both, covariance).T
        rows.append((log_p, gain @ y, np.diag(covariance - gain @ covariance)))
    p = np.exp(np.array([r[0] for r in rows]) - max(r[0] for r in rows))
    p /= integrate.trapezoid(p, grid)
    means, variances = np.array([r[1] for r in rows]), np.array([r[2] for r in rows])
    mean = integrate.trapezoid(p[:, None] * means, grid, axis=0)
    second = integrate.trapezoid(p[:, None] * (variances + means**2), grid, axis=0)
    return mean, np.sqrt(second - mean**2), integrate.trapezoid(p * grid, grid)


def test_the_hierarchy_over_weighted_draws_is_the_exact_one():
    prior, units = TemperaturePrior(), 5
    pool = Pooling(("model",), np.arange(units)[None], np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))
    y = np.array([[0.1, -0.2], [0.5, -0.3], [0.4, 0.1], [0.9, -0.8], [0.6, -0.4]])
    sd = np.array([0.1, 0.3, 0.15, 0.2, 0.4])
    width = prior.effect_scales(("natural",))
    rng = np.random.default_rng(1)
    v = 1 / (1 / sd[:, None] ** 2 + 1 / width**2)  # each unit's own posterior, under Normal(0, width²)
    effects = v * y / sd[:, None] ** 2 + np.sqrt(v) * rng.normal(size=(400, units, 2))
    theta = np.concatenate([np.zeros((400, units, 3)), effects], axis=-1)
    nothing = np.zeros((400, 1))
    even = np.full(400, 1 / 400)
    particles = [Particles(theta[:, g], even, 0.0, 400.0, nothing, nothing[:, None]) for g in range(units)]
    out = joint_draws(particles, prior, pool, ("natural",), seed=0, draws=80, chains=8)
    for e, top in enumerate((1.5, 3.0)):
        mean, spread, scale = exactly(y[:, e], sd, prior, pool, e, np.linspace(1e-3, top, 300))
        found = out.effects[..., e].reshape(-1, units)
        np.testing.assert_allclose(found.mean(0), mean, atol=0.2 * spread.max())
        np.testing.assert_allclose(found.std(0), spread, rtol=0.2)
        assert out.scales[:, :, 0, e].mean() == pytest.approx(scale, rel=0.2)


def test_with_a_true_model_the_jackknife_and_the_prior_make_the_posterior_variance():
    """Normal mean, variance 1 as the model has it, prior Normal(0, 0.1²) that matters: V + C P C = C."""
    rng = np.random.default_rng(3)
    y, n = rng.normal(0.3, 1.0, 200), 20_000
    y = 0.3 + (y - y.mean()) / y.std()
    sd = 1 / np.sqrt(200 + 1 / 0.1**2)
    theta = sd**2 * y.sum() + sd * rng.normal(size=n)
    likelihood = -0.5 * (y - theta[:, None]) ** 2
    here = like_these.QuestionInfluence(
        likelihood - likelihood.mean(0), ((theta - theta.mean()) / 0.1)[:, None], np.arange(200), n
    )
    settled, effective = here.settle(theta)
    assert settled.std() == pytest.approx(sd, rel=0.06) and 100 < effective.df <= 200
    wide = like_these.QuestionInfluence(2 * here.likelihood, here.theta, here.question, n)
    assert wide.settle(theta)[0].std() > 1.5 * sd
    assert here.settle(theta, least=0.5)[0].std() == pytest.approx(0.5, rel=0.06)


def test_direct_influences_are_derivatives_of_weighted_slopes():
    rng = np.random.default_rng(5)
    unit, n = np.array([0, 0, 0, 1, 1, 1, 1]), 7
    e = rng.uniform(0.5, 1.5, (n, 2))
    terms = np.stack([e, e * rng.uniform(0.2, 0.8, (n, 2))], axis=-1)
    distance = np.array([2.0, 0.5])

    def slope(w):
        means = np.stack([np.einsum("n,npt->pt", w * (unit == g), terms) / (w * (unit == g)).sum() for g in (0, 1)])
        odds = np.log(means[..., 1]) - np.log(means[..., 0] - means[..., 1])
        return (odds[:, 1] - odds[:, 0]) / distance

    whole = np.stack([terms[unit == g].mean(0) for g in (0, 1)])[None]
    curve = Curves(whole[..., 0], whole[..., 0] - whole[..., 1], whole[..., 1], np.zeros((1, 2, 2, 3)), terms)
    found = like_these.slope_influence(curve, distance, unit)
    step = 1e-6
    moved = np.stack([(slope(1 + step * np.eye(n)[i]) - slope(1 - step * np.eye(n)[i])) / (2 * step) for i in range(n)])
    np.testing.assert_allclose(found, moved.T, atol=1e-7)


@pytest.mark.slow
def test_a_unit_that_failed_is_named_and_the_others_numbers_stand():
    import hotmess as hm
    from hotmess.responses.validate import validate

    responses = validate(simulate("natural-only", seed=3, questions=20, budgets=1, samples=8, models=2).table)
    study = hm.Study(responses, draws=250)
    fit = study.temperature
    fit.data.attrs.update(unit_k=[0.2, 0.95], unit_effective=[500.0, 500.0], remedy=remedy(700.0))
    fit.__dict__.pop("failed", None), fit.__dict__.pop("gate", None)
    verdict = hm.test("answers-get-hotter-with-length", study)
    assert [one["name"] for one in verdict.each] == ["model-0"] and np.isfinite(verdict.median)
    assert verdict.verdict == "inconclusive"
    assert "the fast path failed in model-1 (Pareto k 0.95, not below 0.7)" in verdict.reasons[0]
    assert verdict.case.quantity.scope.startswith("model-0 on 20 questions")
    assert verdict.notes[0].endswith("not below 0.7), so that the numbers are those of the others.")
    assert "--patience" in verdict.reasons[0]
    fit.data.attrs["unit_k"] = [0.8, 0.95]
    fit.__dict__.pop("failed", None), fit.__dict__.pop("gate", None)
    lost = hm.test("answers-get-hotter-with-length", study)
    assert lost.verdict == "not testable" and "in model-0" in lost.sentence and "--patience" in lost.sentence
    assert lost.next_step.startswith("The slow engine would take about 12 minutes") and "letters" not in lost.next_step


def test_more_models_than_are_fitted_are_refused_before_anything_is(monkeypatch):
    from hotmess.responses.validate import validate

    responses = validate(simulate("natural-only", seed=3, questions=20, budgets=1, samples=8, models=3).table)
    monkeypatch.setattr(ready, "MOST_UNITS", 2)
    with pytest.raises(NotTestable, match=r"would be of 3 models .* at most 2 are fitted") as refused:
        ready.check_ready(responses)
    assert "--where" in str(refused.value.remedy)
    monkeypatch.setattr(ready, "MOST_UNITS", 3)
    ready.check_ready(responses)


def test_the_option_that_a_failed_fast_path_names_is_one_of_every_command_that_fits_it():
    import hotmess as hm
    from hotmess.cli import frame
    from hotmess.sampling.until import Until

    said = remedy(700.0)
    assert "--patience 1060" in said and "patience=1060" in said
    for command in (["test", "x"], ["report", "x", "--out", "y"], ["sample", "x", "--model", "m"]):
        assert frame(command[0]).parse_args([*command, "--patience", "1060"]).patience == 1060
    assert hm.Study(hm.example(), patience=1060.0).patience == 1060
    assert Until.__dataclass_fields__["patience"].default == hm.Study.__dataclass_fields__["patience"].default


def test_what_the_slow_engine_would_take_goes_by_the_fastest_gradient(monkeypatch):
    """Another program that takes the processor for a while makes one gradient slow, and no estimate long."""
    times = iter([0.0, 9.0, 9.25, 9.5, 19.5, 20.5])
    monkeypatch.setattr(trust, "perf_counter", lambda: next(times))
    data = length_data(simulate("natural-only", seed=1, questions=4, budgets=1, samples=4).table)
    told = trust.slow_seconds(data, TemperaturePrior(), pooling(data), 100)
    assert told == pytest.approx(trust.STEPS * 100 * 0.25)


def test_failures_are_told_by_unit():
    together = {"pareto_k": 0.75, "effective": 300.0}
    assert list(failed_units(together, ["a", "b"])) == [0, 1]
    assert failed_units({"pareto_k": 0.1, "effective": 90.0}, ["a"])[0].endswith("(90 effective draws, not above 100)")


def test_parameters_far_from_everything_weigh_nothing_and_say_nothing():
    """Where exponentials of single precision overflow there is no warning and no value but minus infinity."""
    data = length_data(simulate("both", seed=4, questions=3, models=2, samples=4, budgets=2).table)
    center, width = np.zeros(3 + 2 * len(data.features)), np.ones(3 + 2 * len(data.features))
    near = approximate(data.dense, center, width)
    evaluate = fast.evaluator(data.dense, near, points=16, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cells, scores = evaluate(near.theta, 0)
        far, _ = evaluate(near.theta + 400.0, 0)
    alone = fast.evaluator(data.dense, near, points=16, seed=1, units=np.array([1]))(near.theta[1:], 0)
    for own, among in zip(alone, (cells, scores)):
        np.testing.assert_array_equal(own, among[..., data.dense.unit == 1])
    assert (
        np.isfinite(cells).all() and np.isfinite(scores).all() and not (far > cells).any() and not np.isnan(far).any()
    )
