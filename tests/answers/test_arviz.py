"""ArviZ works on a fit: each function of its packages that applies runs, and groups hold what they say."""

import warnings

import arviz_plots
import arviz_stats
import numpy as np
import pytest
import xarray
from scipy import stats

import hotmess as hm
from hotmess.answers.pointwise import right_draws

MATPLOTLIB = {"backend": "matplotlib"}


@pytest.fixture(autouse=True)
def figures_are_closed():
    """Those of ArviZ, which pyplot keeps."""
    yield
    from matplotlib import pyplot

    pyplot.close("all")


@pytest.fixture(scope="module")
def fit():
    return hm.fit(hm.example().where("model_size_b < 8"), groups=["model"], seed=3, draws=120, prior_draws=300)


@pytest.fixture(scope="module")
def other():
    return hm.fit(hm.example().where("model_size_b < 8"), groups=["benchmark"], seed=3, draws=120, prior_draws=0)


STATS = {
    "summary": lambda s, d: s.summary(d),
    "summary of estimands": lambda s, d: s.summary(d, group="estimands"),
    "ess": lambda s, d: s.ess(d),
    "rhat": lambda s, d: s.rhat(d),
    "rhat_nested": lambda s, d: s.rhat_nested(d, superchain_ids=[0, 0, 1, 1]),
    "mcse": lambda s, d: s.mcse(d),
    "thin": lambda s, d: s.thin(d, factor=2),
    "eti": lambda s, d: s.eti(d),
    "hdi": lambda s, d: s.hdi(d),
    "histogram": lambda s, d: s.histogram(d["posterior"].dataset),
    "kde": lambda s, d: s.kde(d["posterior"].dataset),
    "ecdf": lambda s, d: s.ecdf(d["posterior"].dataset),
    "qds": lambda s, d: s.qds(d["posterior"].dataset),
    "mean": lambda s, d: s.mean(d),
    "median": lambda s, d: s.median(d),
    "mode": lambda s, d: s.mode(d),
    "ci_in_rope": lambda s, d: s.ci_in_rope(d, rope=(-0.1, 0.1)),
    "loo": lambda s, d: s.loo(d),
    "loo_i": lambda s, d: s.loo_i(0, d),
    "loo_pit": lambda s, d: s.loo_pit(d, var_names="responses"),
    "loo_score": lambda s, d: s.loo_score(d),
    "loo_metrics": lambda s, d: s.loo_metrics(d),
    "loo_r2": lambda s, d: s.loo_r2(d, var_name="responses"),
    "loo_expectations": lambda s, d: s.loo_expectations(d),
    "metrics": lambda s, d: s.metrics(d),
    "psense": lambda s, d: s.psense(d),
    "psense_summary": lambda s, d: s.psense_summary(d),
    "bayes_factor": lambda s, d: s.bayes_factor(d.isel(answer_group=0), ["logit_a"], ref_vals=0.0),
}

PLOTS = {
    "plot_autocorr": lambda p, d: p.plot_autocorr(d, **MATPLOTLIB),
    "plot_bf": lambda p, d: p.plot_bf(d.isel(answer_group=0), var_names="logit_a", ref_val=0.0, **MATPLOTLIB),
    "plot_convergence_dist": lambda p, d: p.plot_convergence_dist(d, **MATPLOTLIB),
    "plot_dist": lambda p, d: p.plot_dist(d, **MATPLOTLIB),
    "plot_dist of estimands": lambda p, d: p.plot_dist(d, group="estimands", **MATPLOTLIB),
    "plot_ecdf_pit": lambda p, d: p.plot_ecdf_pit(
        d, group="posterior_predictive", coords={"question": d["log_likelihood"]["question"].values[:2]}, **MATPLOTLIB
    ),
    "plot_ess": lambda p, d: p.plot_ess(d, **MATPLOTLIB),
    "plot_ess_evolution": lambda p, d: p.plot_ess_evolution(d, **MATPLOTLIB),
    "plot_forest": lambda p, d: p.plot_forest(d, **MATPLOTLIB),
    "plot_forest of estimands": lambda p, d: p.plot_forest(d, group="estimands", **MATPLOTLIB),
    "plot_khat": lambda p, d: p.plot_khat(arviz_stats.loo(d, pointwise=True), **MATPLOTLIB),
    "plot_loo_pit": lambda p, d: p.plot_loo_pit(d, var_names="responses", **MATPLOTLIB),
    "plot_mcse": lambda p, d: p.plot_mcse(d, **MATPLOTLIB),
    "plot_pair": lambda p, d: p.plot_pair(d, var_names=["logit_a", "log_kappa"], **MATPLOTLIB),
    "plot_pair_focus": lambda p, d: p.plot_pair_focus(
        d,
        focus_var="logit_a",
        focus_var_coords={"answer_group": str(d["posterior"]["answer_group"].values[0])},
        **MATPLOTLIB,
    ),
    "plot_parallel": lambda p, d: p.plot_parallel(d, **MATPLOTLIB),
    "plot_ppc_dist": lambda p, d: p.plot_ppc_dist(d, **MATPLOTLIB),
    "plot_ppc_dist of the prior": lambda p, d: p.plot_ppc_dist(d, group="prior_predictive", **MATPLOTLIB),
    "plot_ppc_interval": lambda p, d: p.plot_ppc_interval(d, **MATPLOTLIB),
    "plot_ppc_pit": lambda p, d: p.plot_ppc_pit(d, **MATPLOTLIB),
    "plot_ppc_rootogram": lambda p, d: p.plot_ppc_rootogram(d, **MATPLOTLIB),
    "plot_ppc_tstat": lambda p, d: p.plot_ppc_tstat(d, **MATPLOTLIB),
    "plot_prior_posterior": lambda p, d: p.plot_prior_posterior(d, **MATPLOTLIB),
    "plot_psense_dist": lambda p, d: p.plot_psense_dist(d, **MATPLOTLIB),
    "plot_psense_quantities": lambda p, d: p.plot_psense_quantities(d, **MATPLOTLIB),
    "plot_rank": lambda p, d: p.plot_rank(d, **MATPLOTLIB),
    "plot_rank_dist": lambda p, d: p.plot_rank_dist(d, **MATPLOTLIB),
    "plot_ridge": lambda p, d: p.plot_ridge(d, **MATPLOTLIB),
    "plot_trace": lambda p, d: p.plot_trace(d, **MATPLOTLIB),
    "plot_trace_dist": lambda p, d: p.plot_trace_dist(d, **MATPLOTLIB),
}


if hasattr(arviz_plots, "plot_loo_interval"):  # arviz-plots from 1.0 on
    PLOTS["plot_loo_interval"] = lambda p, d: p.plot_loo_interval(d, **MATPLOTLIB)
    PLOTS["plot_ppc_dist_pit"] = lambda p, d: p.plot_ppc_dist_pit(d, **MATPLOTLIB)

LATER_XARRAY = {"plot_psense_dist", "plot_psense_quantities", "plot_rank_dist", "plot_trace_dist"}
"""What arviz-plots before 1.0 does what xarray from 2026.4 on refuses; pyproject.toml keeps them apart."""


def version(module):
    return tuple(int(part) for part in module.__version__.split(".")[:2])


@pytest.mark.parametrize("name", STATS)
def test_arviz_stats(name, fit):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert STATS[name](arviz_stats, fit.data) is not None


@pytest.mark.parametrize("name", PLOTS)
def test_arviz_plots(name, fit):
    if name in LATER_XARRAY and version(arviz_plots) < (1, 0) and version(xarray) >= (2026, 4):
        pytest.skip("arviz-plots before 1.0 needs xarray before 2026.4 here")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = PLOTS[name](arviz_plots, fit.data)
    assert drawn.viz["figure"].item().axes


def test_models_are_compared_by_loo(fit, other):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = arviz_stats.compare({"by model": fit.data, "one": other.data})
        assert arviz_plots.plot_compare(table, **MATPLOTLIB).viz["figure"].item().axes
    assert sorted(table.index) == ["by model", "one"]


def test_nothing_that_applies_is_left_out():
    elsewhere = {"plot_compare"}
    of_what_is_not_here = {
        "plot_energy",  # NUTS only: a grid has no energy
        "plot_dgof",  # of one array's density against its draws
        "plot_dgof_dist",
        "plot_lm",  # of a regression's predictor
        "plot_ppc_pava",  # of answers that are 0 or 1
        "plot_ppc_pava_residuals",
        "plot_loo_pava",
        "plot_ppc_censored",
    }
    run = {name.partition(" ")[0] for name in PLOTS}
    have = {name for name in dir(arviz_plots) if name.startswith("plot_") and callable(getattr(arviz_plots, name))}
    assert have <= run | elsewhere | of_what_is_not_here


def test_groups_have_the_names_and_dimensions_of_the_likelihood(fit):
    likelihood, seen = fit.data["log_likelihood"]["responses"], fit.data["observed_data"]["responses"]
    for group in ("posterior_predictive", "prior_predictive"):
        made = fit.data[group]["responses"]
        assert made.dims == likelihood.dims and made["question"].equals(likelihood["question"])
        assert int(made.min()) >= 0 and bool((made <= fit.data["constant_data"]["responses"]).all())
    table = fit.cells.table.groupby("question")[["right", "responses"]].sum()
    assert seen.dims == ("question",) and seen.values.tolist() == table["right"].tolist()
    assert fit.data["constant_data"]["responses"].values.tolist() == table["responses"].tolist()
    assert fit.data["prior"]["logit_a"].dims == fit.data["posterior"]["logit_a"].dims


def test_estimands_are_those_of_the_table(fit):
    found, table = fit.data["estimands"], fit.summary(["model"]).set_index("model")
    for name in ("incoherence", "bias2", "variance", "error"):
        assert found[name].dims == ("chain", "draw", "model")
        for model in table.index:
            assert float(found[name].sel(model=model).median()) == pytest.approx(table.loc[model, name], rel=1e-6)
    right = fit.cells.table.groupby("model")[["right", "responses"]].sum()
    share = (right["right"] / right["responses"])[found["model"].values.tolist()]
    assert found["accuracy"].mean(("chain", "draw")).values == pytest.approx(share.to_numpy(), abs=0.05)


def test_right_responses_are_beta_binomial(fit):
    """By SciPy, of one cell of 10 and of two cells of one question."""
    letters = type(fit.letters)(*(np.array(x) for x in ([4, 3], [[6], [2]], [0, 1], [2, 2])))
    a, kappa, draws = 0.3, 1.7, 20_000
    given = {"logit_a": np.full((draws, 1), np.log(a / (1 - a))), "log_kappa": np.full((draws, 1), np.log(kappa))}
    made = right_draws(letters, np.zeros(2, int), given, np.array([0, 1]), 7)
    for column, n in enumerate((10, 6)):
        one = stats.betabinom(n, kappa * a, kappa * (1 - a))
        share = np.bincount(made[:, column], minlength=n + 1) / draws
        assert np.abs(share - one.pmf(np.arange(n + 1))).max() < 5 * np.sqrt(0.25 / draws)
    both = right_draws(letters, np.zeros(2, int), given, np.zeros(2, int), 7)
    assert both.tolist() == made.sum(1, keepdims=True).tolist()


def test_the_prior_is_the_one_that_was_given():
    """Normals as the prior says, without a formula; with one, as its regression says, by NumPyro's own draws."""
    import jax
    import numpyro

    from hotmess.answers.arviz_groups import prior_parameters
    from hotmess.answers.engines import counts_of
    from hotmess.answers.groups import find_groups, letter_cells
    from hotmess.answers.nested import nested_dirichlet
    from hotmess.inference.sample import enable_x64

    prior = hm.AnswerPrior(location=(1.0, -1.0, 0.5), scale=(0.3, 0.6, 0.9))
    cells = hm.reduce(hm.example())
    free, letters = find_groups(cells, None), letter_cells(cells)
    none, draws = np.zeros(0, int), 4000
    found = prior_parameters(prior, free, none, draws, 1)
    for i, name in enumerate(("logit_a", "log_kappa", "log_phi")):
        assert stats.kstest(found[name][:, 0], stats.norm(prior.location[i], prior.scale[i]).cdf).pvalue > 1e-4
    pooled = find_groups(cells, "log(model_size_b)")
    found = prior_parameters(prior, pooled, none, draws, 1)
    with enable_x64():
        made = numpyro.infer.Predictive(nested_dirichlet, num_samples=draws)(
            jax.random.PRNGKey(0), counts_of(letters, pooled), prior, pooled.design, pooled.unit
        )
    for name in ("coefficients", "sigma", "level", "logit_a", "log_phi"):
        mine, theirs = found[name].reshape(draws, -1), np.asarray(made[name]).reshape(draws, -1)
        for column in (0, -1):
            assert stats.ks_2samp(mine[:, column], theirs[:, column]).pvalue > 1e-4


def test_a_fit_made_again_has_the_same_groups(fit):
    again = fit.refit(draws=30)
    assert set(again.data.children) == set(fit.data.children)
    assert again.data["prior"].sizes["draw"] == 300
    rest = fit.without(models=["owl-4b"])
    assert rest.data["estimands"]["model"].values.tolist() == ["owl-1b"]
    with pytest.raises(hm.BadInput, match="prior_draws is -1"):
        hm.fit(fit.cells, draws=20, prior_draws=-1)


def test_pointwise_is_that_of_arviz(fit):
    table, whole = fit.pointwise(), arviz_stats.loo(fit.data)
    assert len(table) == 60 and table["elpd"].sum() == pytest.approx(whole.elpd)
    with pytest.raises(hm.BadInput, match="pointwise=True"):
        hm.fit(fit.cells, draws=20, pointwise=False).pointwise()
