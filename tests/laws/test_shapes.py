"""Shapes of a length law are compared where every left-out bin can be trusted, and refused in a sentence elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from hotmess.errors import NotTestable
from hotmess.laws import shapes
from hotmess.laws.curve_draws import even
from hotmess.laws.curves import CURVES, Bins, CurveLaw
from hotmess.laws.length import length_law
from hotmess.laws.length_prior import LengthPrior
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


@pytest.fixture(scope="module")
def law():
    data = simulate("noisy-length", seed=1, questions=80, samples=8)
    return length_law(validate(data.table), bins=20, draws=100)


def test_more_bins_than_can_be_left_out_are_refused_before_anything_is_drawn(law, monkeypatch):
    monkeypatch.setattr(shapes, "MOST_BINS", 19)
    monkeypatch.setattr(type(law), "curves", lambda *_: pytest.fail("drawn all the same"))
    with pytest.raises(NotTestable, match=r"over 20 bins of length, those of 1 arm .*19 bins at most") as found:
        shapes.compare_shapes(law)
    assert found.value.remedy.startswith("Take 1 models and settings")


@pytest.mark.parametrize(("power", "trusted"), [(0.3, True), (2.0, False)])
def test_draws_whose_weights_cannot_be_trusted_compare_nothing(law, monkeypatch, power, trusted):
    """Weights with a Pareto tail of known index beside the right ones."""
    drawn = shapes._weighted

    def heavy(laws, at, starts=()):
        made, modes = drawn(laws, at, starts)
        tail = power * np.log(stats.pareto.rvs(1.0, size=len(made.which), random_state=1))
        return made._replace(log_weights=made.log_weights + tail), modes

    monkeypatch.setattr(shapes, "_weighted", heavy)
    if trusted:
        assert shapes.compare_shapes(law, draws=200, names=("odds", "constant")).units == 20
    else:
        with pytest.raises(NotTestable, match=r"odds law over bins .*Pareto k 1"):
            shapes.compare_shapes(law, draws=200, names=("odds", "constant"))


def correlated(bins=12, seed=3):
    """Incoherences of two arms, a few bins each, with errors in common."""
    rng = np.random.default_rng(seed)
    root = 0.02 * rng.normal(size=(bins, bins))
    x, arm = np.tile(np.linspace(-1.3, 1.4, bins // 2), 2), np.repeat([0, 1], bins // 2)
    covariance = root @ root.T + 0.03**2 * np.eye(bins)
    y = 0.4 + 0.05 * x - 0.1 * arm + rng.multivariate_normal(np.zeros(bins), covariance)
    return CurveLaw("odds", Bins.of(y, covariance), x, arm, LengthPrior()), y, covariance


def exact(model, y, covariance, shape):
    """Leave-one-out log densities of a line (or none) by Normal formulas at every point of the scales' grid."""
    law = replace(model, shape=shape)
    x = np.concatenate([np.eye(2)[law.arm], (shape == "linear") * np.eye(2)[law.arm] * law.x[:, None]], axis=1)
    grid, whole, without = law.hyper.grid(shapes.GRID), [], []
    for tau, sigma in grid:
        prior = np.diag([law.prior.level**2] * 2 + [tau**2] * 2)
        prior[2:, 2:] += law.prior.slope**2
        mean, total = x @ law.prior_mean, covariance + sigma**2 * np.eye(len(y)) + x @ prior @ x.T
        whole.append(stats.multivariate_normal.logpdf(y, mean, total))
        rest = [np.delete(np.arange(len(y)), i) for i in range(len(y))]
        without.append([stats.multivariate_normal.logpdf(y[r], mean[r], total[np.ix_(r, r)]) for r in rest])
    return logsumexp(whole) - logsumexp(without, axis=0), logsumexp(whole) - np.log(len(grid))


@pytest.mark.parametrize("shape", ["linear", "constant"])
def test_lines_are_predicted_as_by_normal_formulas(shape):
    """Where a curve is a line all is Normal given the scales: the sum over their grid is exact, bin by bin."""
    model, y, covariance = correlated()
    start = float(y.reshape(2, -1).mean(1).mean())
    at = shapes._even_draws(4, 4000, seed=0)
    fit = shapes._fit(shape, model, at, draws=500, rng=np.random.default_rng(0))
    elpd, evidence = exact(replace(model, start=start), y, covariance, shape)
    np.testing.assert_allclose(fit.elpd, elpd, atol=0.03)
    assert fit.log_evidence == pytest.approx(evidence, abs=0.01) and fit.largest_k < 0.7


@pytest.mark.parametrize("shape", ["linear", "constant"])
def test_a_bin_left_out_in_earnest_is_predicted_as_by_normal_formulas(shape):
    model, y, covariance = correlated()
    law = replace(model, shape=shape, start=0.35)
    at = shapes._even_draws(4, 4000, seed=0)
    _, modes = shapes._weighted([law], at)
    elpd, _ = exact(law, y, covariance, shape)
    for i in (0, 7):
        assert shapes._in_earnest([law], at, modes, i)[0] == pytest.approx(elpd[i], abs=0.02)


@pytest.mark.parametrize("shape", ["odds", "power"])
def test_a_curve_is_predicted_alike_by_weights_and_without_the_bin(shape):
    """Two ways to the same number that share no weights; a knee far beyond all bins is none."""
    model, _, _ = correlated()
    law = replace(model, shape=shape, start=CURVES[shape].link(0.35))
    at = shapes._even_draws(4, 4000, seed=1)
    made, modes = shapes._weighted([law], at)
    elpd, k, _ = shapes.loo(shapes._left_out(law.bins, made), made.log_weights)
    for i in np.argsort(k)[:3]:
        assert shapes._in_earnest([law], at, modes, i)[0] == pytest.approx(elpd[i], abs=0.03)
    several = [replace(law, x=shapes.bend(law.x, knee)) for knee in (30.0, 40.0, 50.0)]
    bent, _ = shapes._weighted(several, at)
    assert np.bincount(bent.which).min() > 0.3 * len(bent.which)
    assert logsumexp(bent.log_weights) == pytest.approx(logsumexp(made.log_weights), abs=0.01)
    np.testing.assert_allclose(shapes.loo(shapes._left_out(law.bins, bent), bent.log_weights)[0], elpd, atol=0.03)


def test_draws_spread_evenly_leave_less_to_chance_than_as_many_at_random():
    model, _, _ = correlated()
    law = replace(model, start=0.0)
    found = {}
    for kind in ("even", "random"):
        elpd = []
        for seed in range(12):
            cube = np.random.default_rng(seed).random((4096, 6))
            at = shapes._even_draws(4, 1024, seed) if kind == "even" else even(cube)
            made, _ = shapes._weighted([law], at)
            elpd.append(shapes.loo(shapes._left_out(law.bins, made), made.log_weights)[0])
        found[kind] = np.array(elpd)
    assert found["even"].var(0).mean() < 0.7 * found["random"].var(0).mean()
    np.testing.assert_allclose(found["even"].mean(0), found["random"].mean(0), atol=0.03)
