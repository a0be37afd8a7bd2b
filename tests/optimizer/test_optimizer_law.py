"""The hierarchical law: known exponents are recovered, and what cannot enter it is left out and listed."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.errors import BadInput
from hotmess.inference.posterior import Posterior
from hotmess.optimizer.law import fit_law
from hotmess.optimizer.logarithms import logarithms
from hotmess.optimizer.scales import SCALES, RolloutPrior


def world(rng: np.random.Generator, *, alpha=(2.0, 0.9, 0.1), problems=3, seeds=2, residual=0.15) -> pd.DataFrame:
    rows = []
    sizes = np.geomspace(1e3, 1e5, 6)
    for p in range(problems):
        shift = rng.normal(0, 0.3, 3)
        slope = np.array(alpha) + rng.normal(0, [0.15, 0.1, 0.01])
        for s in range(seeds):
            tilt = slope + rng.normal(0, [0.1, 0.05, 0.005])
            for n in sizes:
                own = residual * rng.normal(size=3) * [1, 1, 0.1]
                y = np.exp(np.array([1.0, 2.0, 0.0]) + shift - tilt * np.log(n / 1e4) + own)
                rows.append((int(n), p, s, y[2], y[0], 0.05 * y[0], y[1], 0.05 * y[1]))
    columns = ["size", "problem", "seed", "loss", "bias2", "bias2_sd", "variance", "variance_sd"]
    return pd.DataFrame(rows, columns=columns)


def test_data_of_the_law():
    table = world(np.random.default_rng(0))
    table.loc[3, "bias2"] = 1.5 * table.loc[3, "bias2_sd"]
    table.loc[5, "bias2"] = -0.1
    data = logarithms(table)
    assert data.y.shape == (36, 3) and len(set(data.sweep)) == 6 and len(set(data.problem)) == 3
    assert data.seen.sum() == 36 * 3 - 2 and not data.seen[3, 0] and not data.seen[5, 0]
    assert len(data.left_out) == 2 and "not told from 0" in data.left_out[0]
    assert data.x.mean() == pytest.approx(0, abs=1e-6)
    i = 7
    assert data.y[i, 0] == pytest.approx(np.log(table.loc[i, "bias2"])) and data.sd[i, 1] == pytest.approx(0.05)
    with pytest.raises(BadInput, match="at least 4 sizes"):
        logarithms(table[table["size"] < 5e3])


@pytest.fixture(scope="module")
def law():
    return fit_law(logarithms(world(np.random.default_rng(1))), seed=1, draws=250, chains=2)


def test_known_exponents_are_recovered(law):
    found = law.exponents().set_index("outcome")
    for outcome, true in (("bias2", 2.0), ("variance", 0.9), ("loss", 0.1)):
        row = found.loc[outcome]
        assert row["mean_low"] - 0.05 < true < row["mean_high"] + 0.05
        assert row["new_high"] - row["new_low"] > row["mean_high"] - row["mean_low"]
    draws = law.falls_faster()
    assert draws.shape == (2, 250) and np.mean(draws > 0) > 0.97
    assert abs(np.median(law.falls_faster(population="these")) - 1.1) < 0.4
    with pytest.raises(BadInput, match="population"):
        law.falls_faster(population="some")


@pytest.mark.slow
def test_the_law_is_a_posterior_as_all_others_are(law, tmp_path):
    assert isinstance(law, Posterior) and law.spec.draws == 250
    np.testing.assert_array_equal(law.refit().falls_faster(), law.falls_faster())
    exact = law.refit(prior=RolloutPrior(alpha=(1.0, 1e-6), widths=(1e-6,) * 5), draws=60)
    np.testing.assert_allclose(exact.dataset()["alpha"].values, 1.0, atol=1e-4)
    assert exact.models()[0].mean[2] == 1.0 and len(law.models()) == 2
    law.save(tmp_path / "law.nc")
    again = hm.load(tmp_path / "law.nc")
    assert again.spec == law.spec and again.law.left_out == law.law.left_out
    pd.testing.assert_frame_equal(again.exponents(), law.exponents())
    np.testing.assert_array_equal(again.refit(draws=30).falls_faster(), law.refit(draws=30).falls_faster())


def test_densities_are_those_of_the_draws(law):
    """The prior by hand; the likelihood by Bayes' rule, log p(θ) + log p(y | θ) - log p(θ | y, s) = log p(y, s)."""
    log_prior, log_likelihood = law.densities()
    one, prior, model = law.data["posterior"].dataset.isel(chain=1, draw=7), law.prior, law.models()[0]
    level, alpha, own = (one[name].values[..., :2] for name in ("level", "alpha", "alpha_problem"))
    sd = np.array([one[f"{what}_sd_{between}"].values[:2] for what, between in SCALES])
    rho = [one["correlation_size"].item(), one["correlation_model"].item()]
    middle = [law.law.y[law.law.seen[:, k], k].mean() for k in range(2)]
    by_hand = stats.norm.logpdf(level, middle, prior.level).sum() + stats.norm.logpdf(alpha, *prior.alpha).sum()
    by_hand += stats.norm.logpdf(own - alpha, 0, sd[0]).sum() + 2 * np.log(0.5)
    by_hand += stats.halfnorm.logpdf(sd, scale=np.array(prior.widths)[:, None]).sum()
    assert log_prior[1, 7] == pytest.approx(by_hand, abs=1e-4)
    point, theta = np.r_[sd.T.ravel(), rho][None], np.r_[level, alpha, (own - alpha).T.ravel()]
    mean, cov = model.conditional(point)
    both = log_prior[1, 7] + log_likelihood[1, 7] - stats.multivariate_normal.logpdf(theta, mean[0], cov[0])
    collapsed = model.log_likelihood(point)[0] + model.hyper.log_density(point)[0]
    assert both == pytest.approx(collapsed, abs=1e-4)


def test_the_prior_of_the_difference_is_that_of_two_exponents_alike(law):
    draws = law.prior_falls_faster(np.random.default_rng(0), 4000)
    assert stats.kstest(draws, stats.norm(0, 1.5 * np.sqrt(2)).cdf).pvalue > 1e-3


def test_problems_and_sizes_can_be_left_out(law):
    table = world(np.random.default_rng(1))
    size = int(table["size"].min())
    fewer = law.without(questions=[1], models=[size])
    direct = logarithms(table[(table["problem"] != 1) & (table["size"] != size)])
    np.testing.assert_allclose(fewer.law.y, direct.y)
    for name in ("seen", "sweep", "problem"):
        np.testing.assert_array_equal(getattr(fewer.law, name), getattr(direct, name))
    np.testing.assert_allclose(np.diff(fewer.law.x), np.diff(direct.x))
    assert fewer.data["posterior"].sizes["problem"] == 2 and fewer.law.problems == (0, 2)
    with pytest.raises(BadInput, match="no problem 7; there are 0, 1, 2"):
        law.without(questions=[7])
    with pytest.raises(BadInput, match="at least 4 sizes; there are 3"):
        law.without(models=sorted(set(table["size"]))[:3])
