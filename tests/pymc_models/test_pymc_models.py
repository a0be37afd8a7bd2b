"""The PyMC models: their densities are the methods page's, and one is sampled and agrees with the exact posterior."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.answers.prior import AnswerPrior
from hotmess.errors import BadInput
from hotmess.laws.power_data import LawData
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

warnings.filterwarnings("ignore", module="pymc|pytensor|arviz|nutpie|numba")


@pytest.fixture(scope="module", autouse=True)
def quiet():
    """What PyMC and what it imports say while they are imported is no concern of ours."""
    pytest.importorskip("pymc")
    pytest.importorskip("nutpie")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def density(model, point):
    """Log density of a model at a point of its constrained variables, without Jacobians of transformations."""
    start = model.initial_point()
    for variable in model.free_RVs:
        value = model.rvs_to_values[variable]
        transform = model.rvs_to_transforms[variable]
        given = np.asarray(point[variable.name], float)
        start[value.name] = given if transform is None else transform.forward(given, *variable.owner.inputs).eval()
    function = model.compile_fn(model.logp(jacobian=False), mode="FAST_COMPILE")
    return float(function(start))


def test_the_power_law_is_the_gaussian_of_the_methods():
    rng = np.random.default_rng(0)
    cells = pd.DataFrame(
        {
            "model": np.repeat(["a", "b", "c", "d"], 2),
            "difficulty": ["easy", "hard"] * 4,
            "x": np.repeat([-1.0, 0, 0.5, 1], 2),
        }
    )
    root = rng.normal(size=(16, 16)) * 0.05
    data = LawData(cells, rng.normal(-1, 0.3, (1, 16)), (root @ root.T + 0.01 * np.eye(16))[None], ("these",), 0.0)
    model = hm.pymc_model("power-laws", data, population="these")
    point = {
        "tau": [0.2, 0.3],
        "u": [0.1, 0.2],
        "e": [0.05, 0.07],
        "rho_alpha": 0.3,
        "rho_u": -0.4,
        "level": [[-1.0, -0.5], [-1.2, -0.8]],
        "middle": [0.2, 0.1],
        "trend": [0.15, -0.1],
        "free": [[0.5, -0.5], [0.3, 1.0]],
    }
    hard = np.array([-1.0, 1.0])
    alpha = np.array([[0.2 + 0.2 * 0.5, 0.2 - 0.2 * 0.5], [0.0, 0.0]]) + np.outer(point["trend"], hard)
    alpha[1] += 0.1 + 0.3 * (0.3 * np.array([0.5, -0.5]) + np.sqrt(1 - 0.09) * np.array([0.3, 1.0]))
    g, m, x = np.tile([0, 1], 4), np.repeat(np.arange(4), 2), cells["x"].to_numpy()
    mean = np.concatenate([np.array(point["level"])[i][g] - alpha[i][g] * x for i in range(2)])
    same = (m[:, None] == m).astype(float)
    # u and e are of level and ratio, which an orthogonal matrix turns into log bias² and log variance.
    turn = np.kron(np.array([[1, -1], [1, 1]]) / np.sqrt(2), np.eye(8))
    cross = -0.4 * 0.1 * 0.2 * same
    told = np.block([[0.01 * same + 0.05**2 * np.eye(8), cross], [cross, 0.04 * same + 0.07**2 * np.eye(8)]])
    cov = data.covariance[0] + turn @ told @ turn.T
    direct = stats.multivariate_normal(mean, cov).logpdf(data.mean[0])
    direct += stats.halfnorm(scale=0.3).logpdf(point["tau"]).sum() + stats.halfnorm(scale=0.3).logpdf(point["u"]).sum()
    direct += stats.halfnorm(scale=0.15).logpdf(point["e"]).sum() + 2 * np.log(0.5)
    direct += stats.norm(0, 0.3).logpdf(point["trend"]).sum()
    direct += stats.norm(-1, 2).logpdf(point["level"]).sum() + stats.norm.logpdf(point["middle"]).sum()
    direct += stats.norm.logpdf(point["free"]).sum()
    assert density(model, point) == pytest.approx(direct, rel=1e-6)


def test_the_temperature_model_is_the_softmax_of_the_methods():
    table = simulate("both", seed=3, questions=3, samples=4).table
    model = hm.pymc_model("temperature", table)
    from hotmess.temperature.data import length_data

    data = length_data(table)
    rng = np.random.default_rng(1)
    eta = rng.normal(size=(3, 4))
    c = np.array([0.2, -0.3, 0.5, -0.1])  # heat natural, heat budget, lift natural, lift budget
    point = {"mu": [0.5], "log_sigma_target": [0.2], "log_sigma_wrong": [-0.1], "c": c, "eta": eta}
    direct = stats.norm(1.5, 3).logpdf(0.5) + stats.norm(0.7, 0.7).logpdf(0.2) + stats.norm(0.4, 0.7).logpdf(-0.1)
    direct += stats.norm(0, [0.5, 0.5, 1.0, 1.0]).logpdf(c).sum()
    direct += (
        stats.norm(0.5, np.exp(0.2)).logpdf(eta[:, 0]).sum() + stats.norm(0, np.exp(-0.1)).logpdf(eta[:, 1:]).sum()
    )
    assert data.features == ("natural", "budget")
    features, weight, answer = (np.asarray(getattr(data.dense, n)) for n in ("features", "weight", "answer"))
    for i, j in zip(*np.nonzero(weight)):
        heat, lift = c[:2] @ features[:, i, j], c[2:] @ features[:, i, j]
        logits = (eta[i] + lift * np.eye(4)[0]) / np.exp(heat)
        direct += weight[i, j] * (logits[answer[i, j]] - np.log(np.exp(logits).sum()))
    assert density(model, point) == pytest.approx(direct, rel=1e-6)


def test_the_nested_dirichlet_is_that_of_scipy():
    table = simulate("beta", seed=2, questions=12, samples=7).table.assign(difficulty=["a", "b"] * 42)
    table["difficulty"] = np.where(table["question"] < "q00006", "a", "b")
    table.loc[table.index[::9], "answer"] = -1
    responses = validate(table)
    model = hm.pymc_model("answers", responses, by=["difficulty"])
    fit = hm.fit(responses, by=["difficulty"], draws=20, pointwise=False)
    a, kappa, phi = np.array([0.4, 0.7]), np.array([1.5, 3.0]), np.array([2.0, 0.6])
    u, psi = np.array([0.1, 0.2]), np.array([1.0, 2.0])
    logit = lambda v: np.log(v / (1 - v))  # noqa: E731
    point = {"logit_a": logit(a), "log_kappa": np.log(kappa), "log_phi": np.log(phi), "logit_u": logit(u)}
    point["log_psi"] = np.log(psi)
    g, c = fit.groups.index, fit.letters
    split = c.wrong.sum(1)
    missed = split + c.unparsable
    direct = stats.norm(0, 1.5).logpdf(point["logit_a"]).sum() + stats.norm(0, 1.5).logpdf(point["log_kappa"]).sum()
    direct += stats.norm(np.log(2), 1.5).logpdf(point["log_phi"]).sum()
    direct += stats.norm(-3, 1.5).logpdf(point["logit_u"]).sum() + stats.norm(0, 1.5).logpdf(point["log_psi"]).sum()
    direct += stats.betabinom(c.right + missed, (kappa * a)[g], (kappa * (1 - a))[g]).logpmf(c.right).sum()
    direct += stats.betabinom(missed, (psi * u)[g], (psi * (1 - u))[g]).logpmf(c.unparsable).sum()
    for i in range(len(g)):
        if split[i]:
            direct += stats.dirichlet_multinomial(np.full(3, phi[g[i]] / 3), split[i]).logpmf(c.wrong[i])
    assert density(model, point) == pytest.approx(direct, rel=1e-6)


def test_probability_vectors_are_those_of_the_methods_with_a_tie_and_a_certain_one():
    """Two cells, of three and of four options; every response's density by hand."""
    rng = np.random.default_rng(5)
    f = rng.dirichlet([6.0, 1.5, 1.0, 0.8], 9)
    f[:4, 3] = 0
    f[0] = [0.4, 0.4, 0.2, 0.0]  # a tie
    f[5] = [0.0, 1.0, 0.0, 0.0]  # certain
    f /= f.sum(1, keepdims=True)
    cell, real = np.repeat([0, 1], [4, 5]), np.array([[True] * 3 + [False], [True] * 4])
    model = hm.pymc_model("probability-vectors", f, cell=cell, real=real, unit=1e-6)
    location, scale, tau = np.array([1.0, 0.2, -0.1]), np.array([0.8, 0.5, 0.9]), 0.7
    a, w = np.array([0.6, 0.3]), [np.array([0.7, 0.3]), np.array([0.2, 0.5, 0.3])]
    mu, log_sigma, log_beta = np.array([1.4, 0.9]), np.array([0.1, 0.4]), rng.normal(size=(2, 4))
    point = {"logit_a": [0.4], "log_kappa": [0.3], "log_phi": [0.6], "tau": [tau], "accuracy": a}
    point |= {"location": location[:, None], "scale": scale[:, None], "lead": mu, "log_sigma": log_sigma}
    point |= {"wrong_2": w[0][None], "wrong_3": w[1][None], "log_beta": log_beta}
    prior = AnswerPrior()
    direct = stats.norm(prior.location, prior.scale).logpdf([0.4, 0.3, 0.6]).sum() + stats.norm(0, 3).logpdf(tau)
    direct += stats.norm([4.0, 0.5, 0.0], [3.0, 1.5, 2.0]).logpdf(location).sum()
    for width, value in zip((2.0, 1.0, 1.5), scale):
        direct += stats.truncnorm(0.05 / width, 6 / width, scale=width).logpdf(value)
    kappa, mean, phi = np.exp(0.3), 1 / (1 + np.exp(-0.4)), np.exp(0.6)
    direct += stats.beta(kappa * mean, kappa * (1 - mean)).logpdf(a).sum()
    direct += (
        stats.norm(location[0], scale[0]).logpdf(mu).sum() + stats.norm(location[1], scale[1]).logpdf(log_sigma).sum()
    )
    direct += stats.norm(location[2], scale[2]).logpdf(log_beta).sum()
    direct += sum(stats.dirichlet(np.full(k, phi / k)).logpdf(v) for k, v in zip((2, 3), w))
    for x, i in zip(f, cell):
        options = np.flatnonzero(real[i])
        p, beta, s = np.append(a[i], (1 - a[i]) * w[i]), np.exp(log_beta[i][options]), np.exp(log_sigma[i])
        x = x[options]
        if x.max() == 1:
            direct += np.log(p[x.argmax()])
            continue
        lead, total = max(np.diff(np.sort(np.log(x)))[-1], np.log1p(0.25e-6 / x.max())), 0.0
        for k in np.flatnonzero(x >= x.max() * (1 - 1e-9)):
            same, other = (stats.truncnorm(-m / s, np.inf, m, s).pdf(lead) for m in (mu[i], mu[i] - tau))
            rest = np.delete(x, k) / np.delete(x, k).sum()
            shares = stats.dirichlet(np.delete(beta, k)).pdf(rest)
            total += p[k] * (p[k] * same + (1 - p[k]) * other) * shares
        direct += np.log(total)
    assert density(model, point) == pytest.approx(direct, rel=1e-6)
    with pytest.raises(BadInput, match="probability vector"):
        hm.pymc_model("probability-vectors", 2 * f, cell=cell, real=real)


def test_what_there_is_no_model_of():
    with pytest.raises(BadInput, match="did you mean 'answers'"):
        hm.pymc_model("answer", None)
    with pytest.raises(BadInput, match="shrink twice"):
        fit = hm.fit(validate(simulate("beta", seed=1, questions=6, samples=4).table), draws=20, pointwise=False)
        from dataclasses import replace

        hm.pymc_model("power-laws", replace(fit, spec=fit.spec.changed(formula="1")))


def test_a_fit_by_this_backend_agrees_with_the_exact_posterior():
    """One compilation: the nested Dirichlet without pooling, against the grid; a distance of 5 standard errors."""
    responses = validate(simulate("beta", seed=4, questions=40, samples=6).table)
    exact = hm.fit(responses, draws=2000, pointwise=False)
    fit = hm.fit(responses, backend="pymc", seed=1, draws=600, warmup=500)
    assert fit.gate.passed, fit.gate.reasons
    for name in ("logit_a", "log_kappa", "log_phi"):
        ours, theirs = (f.data["posterior"][name].values.ravel() for f in (exact, fit))
        error = ours.std() * np.sqrt(1 / 800 + 1 / 8000)
        assert abs(ours.mean() - theirs.mean()) < 5 * error and abs(ours.std() - theirs.std()) < 5 * error, name
    assert fit.data["log_likelihood"].dataset.sizes["question"] == 40
    columns = ["incoherence", "incoherence_low", "incoherence_high"]
    first, second = (f.incoherence()[columns].to_numpy()[0] for f in (exact, fit))
    assert (np.abs(first - second) < 0.1 * (first[2] - first[1])).all()


def test_what_the_other_backend_does_not_take():
    responses = validate(simulate("beta", seed=1, questions=6, samples=4).table)
    for options, message in (({"engine": "grid"}, "for the grid"), ({}, "can be 'numpyro' or 'pymc'")):
        with pytest.raises(BadInput, match=message):
            hm.fit(responses, backend="pymc" if options else "stan", **options)
