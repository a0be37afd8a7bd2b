"""A fit knows how it was made, and is made again so: engine, backend, prior, warmup, whatever decides its draws."""

from dataclasses import replace

import numpy as np
import pytest

import hotmess as hm
from hotmess.answers.prior import AnswerPrior
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.posterior import Posterior
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

PRIOR = AnswerPrior(location=(0.5, 0.2, 0.1), scale=(1.0, 0.7, 0.8))


@pytest.fixture(scope="module")
def responses():
    table = simulate("scale", seed=2, questions=12, samples=6).table
    table = table[table["model"].isin(sorted(table["model"].unique())[:3])]
    answer = table["answer"].to_numpy().copy()
    answer[::17] = -1
    return validate(table.assign(answer=answer).reset_index(drop=True))


@pytest.fixture(scope="module")
def exact(responses):
    return hm.fit(responses, prior=PRIOR, seed=4, draws=60, chains=2)


@pytest.fixture(scope="module")
def sampled(responses):
    return hm.fit(responses, engine="nuts", prior=PRIOR, seed=4, draws=20, warmup=30, chains=2, pointwise=False)


def draws(fit, name="log_kappa"):
    return fit.data["posterior"][name].values


@pytest.mark.slow
def test_a_refit_without_changes_is_the_fit_draw_for_draw(exact, sampled):
    for fit in (exact, sampled):
        assert isinstance(fit, Posterior)
        again = fit.refit()
        assert np.array_equal(draws(again), draws(fit)) and again.spec == fit.spec
        assert again.source is fit.source
        assert ("log_likelihood" in again.data.children) == ("log_likelihood" in fit.data.children)


@pytest.mark.slow
def test_a_refit_keeps_what_is_not_changed(sampled, exact):
    wrong = sampled.unparsable_as_wrong
    assert wrong.spec == sampled.spec.changed(unparsable="wrong")
    assert wrong.spec.engine == "nuts" and wrong.spec.warmup == 30 and wrong.spec.prior == PRIOR
    assert "energy" in wrong.data["sample_stats"]  # of NUTS, not of a grid
    assert "energy" not in exact.unparsable_as_wrong.data["sample_stats"]
    assert draws(exact.refit(draws=30)).shape[:2] == (2, 30)


@pytest.mark.slow
def test_warmup_has_its_effect(sampled):
    assert not np.array_equal(draws(sampled.refit(warmup=60)), draws(sampled))


def test_a_refit_with_what_cannot_be_is_refused(exact):
    with pytest.raises(BadInput, match="no setting 'draw'; there are engine, prior"):
        exact.refit(draw=5)
    with pytest.raises(BadInput, match="cannot pool them by a formula"):
        exact.refit(formula="model")


def test_a_model_left_out_of_an_unpooled_fit_leaves_the_others_draws(exact):
    gone, *left = sorted(exact.cells.table["model"].unique())
    rest = exact.without(models=[gone])
    assert set(rest.cells.table["model"]) == set(left)
    at = [i for i, m in enumerate(exact.groups.table["model"]) if m != gone]
    for name in ("logit_a", "log_kappa", "log_phi"):
        assert np.array_equal(draws(rest, name), draws(exact, name)[..., at])
    assert rest.gate.independent and list(rest.groups.table["model"]) == [exact.groups.table["model"][i] for i in at]
    prior = rest.refit().data["log_prior"]["logit_a"].values
    assert rest.data["log_prior"]["logit_a"].values.mean() == pytest.approx(prior.mean(), abs=0.5)
    assert rest.data["log_likelihood"]["responses"].shape == (2, 60, 12)


def test_questions_left_out_are_fitted_again(exact):
    question = exact.cells.table["question"].iloc[0]
    rest = exact.without(questions=[question])
    assert question not in set(rest.cells.table["question"]) and rest.spec == exact.spec
    pair = exact.without(questions=[(exact.cells.table["benchmark"].iloc[0], question)])
    assert np.array_equal(draws(pair), draws(rest))
    with pytest.raises(BadInput, match="no question 'nobody' to leave out"):
        exact.without(questions=["nobody"])
    with pytest.raises(BadInput, match="no model 'nobody' to leave out; there are"):
        exact.without(models=["nobody"])
    with pytest.raises(NotTestable, match="Nothing is left"):
        exact.without(models=sorted(exact.cells.table["model"].unique()))


@pytest.mark.slow
def test_a_pooled_fit_without_a_model_is_fitted_again(responses):
    pooled = hm.fit(responses, "model", seed=4, draws=10, warmup=20, chains=2, pointwise=False)
    gone = pooled.cells.table["model"].iloc[0]
    rest = pooled.without(models=[gone])
    assert rest.formula == "model" and rest.spec.engine == "nuts"
    assert draws(rest).shape == (2, 10, draws(pooled).shape[2] * 2 // 3)


def test_a_fit_of_positions_without_a_model_is_fitted_again():
    """Its base measure is made of all models' positions: the others' draws do not stay what they were."""
    table = simulate("scale", seed=2, questions=8, samples=5).table
    table = table.assign(score=np.where(table["answer"] == table["target"], 1.0, 0.4))
    fit = hm.fit(validate(table, outcome="score"), seed=1, draws=40, chains=2, pointwise=False)
    rest = fit.without(models=[fit.cells.table["model"].iloc[0]])
    assert type(rest) is type(fit) and np.array_equal(draws(rest), draws(rest.refit()))


def test_draws_follow_what_was_asked_for(responses):
    """5 chains of 300 are 1,500 draws of questions, not 1,000; where they would not fit, that is said."""
    fit = hm.fit(responses, seed=4, draws=300, chains=5, pointwise=False)
    assert fit.terms().error.shape[0] == 1500 == fit.kept_draws and fit.notes == ()
    assert fit.draws(["model"]).error.shape[:2] == (5, 300)
    big = replace(fit, cells=replace(fit.cells, table=fit.cells.table.iloc[:0].reindex(range(100_000))))
    assert big.kept_draws == 1000 and big.notes[0].startswith("1,000 of 1,500 draws are used, evenly thinned")


def test_draws_of_sets_by_label(exact):
    """What xarray finds by a name is what stands at the name's place in the table."""
    one = exact.draws(["model"])
    labelled = one.dataset
    assert dict(labelled.sizes) == {"chain": 2, "draw": 60, "model": 3}
    for i, model in enumerate(one.table["model"]):
        assert np.array_equal(labelled["variance"].sel(model=model), one.variance[..., i])
    table = exact.summary(["model"], interval=0.9, population="these")  # like these few, intervals hold these
    found = (
        exact.draws(["model"], population="these").dataset["incoherence"].quantile([0.05, 0.95], dim=["chain", "draw"])
    )
    assert found.sel(quantile=0.05).values == pytest.approx(table["incoherence_low"].to_numpy())
    two = exact.draws(["model", "difficulty"])
    both = two.dataset
    for i, (model, group) in enumerate(two.table[["model", "difficulty"]].itertuples(index=False)):
        assert np.array_equal(both["bias2"].sel(model=model, difficulty=group), two.bias2[..., i])
    assert set(exact.draws([]).dataset.dims) == {"chain", "draw"}
