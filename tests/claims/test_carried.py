"""A claim tested on a fit or a law is tested with all that made it: nothing of it is dropped in silence."""

from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.answers.prior import AnswerPrior
from hotmess.claims.api import as_study
from hotmess.claims.catalogue import CATALOGUE
from hotmess.inference.spec import Spec
from hotmess.laws.contrast import natural_contrast, unbiased_contrast
from hotmess.laws.length import length_law
from hotmess.report.accounts import settings
from hotmess.report.build import default_code
from hotmess.temperature.fit import fit_lengths
from hotmess.temperature.posterior import LengthFit
from hotmess.temperature.prior import TemperaturePrior

NARROW = AnswerPrior(scale=(0.2, 0.2, 0.2))
OTHER = ("responses", "made", "most_draws")
SETTINGS = {"seed": 7, "draws": 60, "warmup": 90, "chains": 2}


def test_a_study_is_sampled_as_the_fit_was():
    fit = hm.fit(hm.example(), prior=NARROW, **SETTINGS)
    study = as_study(fit)
    assert study.fit is fit and study.most_draws == 0
    assert {name: getattr(study, name) for name in SETTINGS} == SETTINGS
    beside = study.contrast.fit.spec  # made by the study
    assert {name: getattr(beside, name) for name in SETTINGS} == SETTINGS and beside.prior == NARROW


def test_the_prior_reaches_every_posterior_of_answers_and_the_claim_s_own():
    responses = hm.example()
    given = {name: SETTINGS[name] for name in ("seed", "draws", "chains")}
    made = natural_contrast(responses, **given, answers={"prior": NARROW})
    claim = CATALOGUE["natural-overthinking"]
    plain, narrow = as_study(responses, draws=60), as_study(made)
    assert narrow.prior == NARROW and plain.prior is None
    assert narrow.length_law.fit.spec.prior == NARROW and plain.length_law.fit.spec.prior == AnswerPrior()
    assert narrow.fit.spec.prior == NARROW
    sd = [np.std(claim.prior(one, np.random.default_rng(1), 4000)) for one in (narrow, plain)]
    assert sd[0] < 0.5 * sd[1]


@pytest.mark.parametrize(("engine", "backend"), [("nuts", "numpyro"), ("nuts", "pymc")])
def test_engine_and_backend_reach_every_posterior_of_answers(monkeypatch, engine, backend):
    told = []

    def fit(cells, *args, **given):
        told.append((given["engine"], given["backend"], given["warmup"]))
        raise hm.NotTestable("asked")

    exact = hm.fit(hm.example(), draws=50, warmup=70)
    study = as_study(replace(exact, spec=replace(exact.spec, engine=engine, backend=backend)))
    study.made.clear()
    monkeypatch.setattr("hotmess.answers.fit.fit", fit)
    asked = ("fit", "power_laws", "length_law", "contrast", "budget_contrast")
    for name in asked:
        with pytest.raises(hm.NotTestable):
            getattr(study, name)
    assert 3 <= len(told) <= len(asked) and set(told) == {(engine, backend, 70)}


def test_laws_bring_their_metric_groups_and_bins():
    responses = hm.example()
    law = length_law(responses, bins=6, shapes=("odds",), metric="brier", draws=60, prior=hm.LengthPrior(spread=0.1))
    study = as_study(law)
    assert study.length_prior == law.prior and study.length_options == {"bins": 6, "latent": True, "shapes": ("odds",)}
    again = replace(study, made={}).length_law
    assert again.spec == law.spec and len(again.bins) == len(law.bins)
    grouped = responses.difficulty()
    fit = hm.fit(grouped, draws=60, chains=2, pointwise=False)
    laws = hm.power_laws(fit, by=["budget", "difficulty"], draws=60, chains=2)
    study = as_study(laws)
    assert study.law_by == ("budget", "difficulty") and study.chains == 2
    assert replace(study, made={}).power_laws.spec == laws.spec
    otherwise = replace(laws, spec=laws.spec.changed(options={"metric": "kl", "over": "model_size_b"}))
    assert as_study(otherwise).metric == "kl"
    otherwise = replace(laws, spec=laws.spec.changed(options={"metric": "brier", "over": "tokens"}))
    with pytest.raises(hm.BadInput, match="over tokens, and claims about scale are over model_size_b"):
        as_study(otherwise)


def test_what_claims_cannot_follow_is_refused():
    responses = hm.example()
    plain = hm.fit(responses, draws=50)
    for given, words in (
        ({"formula": "log(model_size_b)", "engine": "nuts"}, "formula='log"),
        ({"by": ("category",)}, "by="),
        ({"groups": ("model",)}, "groups="),
    ):
        fit = replace(plain, spec=plain.spec.changed(**given))
        with pytest.raises(hm.BadInput, match=f"made with {words}.*fit again without"):
            hm.test("natural-overthinking", fit)
    table = responses.table.copy()
    table.loc[table.index[:9], "answer"] = -1
    wrong = hm.fit(hm.read(table), unparsable="wrong", draws=50)
    with pytest.raises(hm.BadInput, match="unparsable responses are 'wrong'"):
        hm.test("natural-overthinking", wrong)
    with pytest.raises(hm.BadInput, match="without a model"):
        as_study(unbiased_contrast(as_study(responses).halves, seed=0))


@pytest.mark.slow
def test_a_fit_of_answers_and_lengths_is_used_as_it_is():
    whole = hm.example()
    kept = whole.table["model"].isin(["owl-1b", "owl-4b"]) & (whole.table["question"].astype("category").cat.codes < 25)
    responses = replace(whole, table=whole.table[kept].reset_index(drop=True))
    prior = TemperaturePrior(heat=0.4)
    made = {"engine": "fast", "pool": True, "unparsable": "uniform", "prior": prior, "draws": 110, "seed": 3}
    fit = fit_lengths(responses, **made)
    study = as_study(fit)
    assert study.temperature is fit and study.responses is responses and study.temperature_prior == prior
    assert (study.seed, study.draws, study.chains, study.warmup) == (3, 110, 4, 250)
    again = replace(study, made={}).temperature
    assert again.spec == fit.spec
    np.testing.assert_array_equal(again.flat("theta"), fit.flat("theta"))
    plain = replace(fit, spec=fit.spec.changed(prior=TemperaturePrior()))
    assert as_study(plain).temperature_prior is None
    few = replace(fit, make=lambda source, spec: source).without(models=["owl-4b"])  # what it would be fitted to
    assert few.table["model"].unique().tolist() == ["owl-1b"] and few.length == responses.length
    told = hm.test("answers-get-hotter-with-length", replace(fit, spec=fit.spec.changed(draws=60)))
    assert told.verdict == "not testable" and "cannot be above 400 with 240 draws" in told.sentence
    wrong = responses.table.assign(answer=responses.table["answer"].where(responses.table["sample"] > 0, -1))
    for one, words in (
        (
            replace(fit, spec=fit.spec.changed(unparsable="wrong"), source=replace(responses, table=wrong)),
            "are 'wrong'",
        ),
        (replace(fit, spec=fit.spec.changed(options={**fit.spec.options, "length": "actions"})), "lengths in actions"),
        (replace(fit, source=responses.table), "not kept with this"),
        (replace(fit, source=None), "not kept with this"),
    ):
        with pytest.raises(hm.BadInput, match=words):
            as_study(one)


@pytest.mark.parametrize(
    ("option", "cells", "contexts", "words"),
    [
        ("pool", ["a", "b"], None, "a unit for each benchmark, .*again with pool=True"),
        ("contexts", ["a", "a"], object(), "contexts=False, .*again with contexts=True"),
    ],
)
def test_what_claims_on_lengths_cannot_follow_is_refused(option, cells, contexts, words):
    responses = hm.example()
    options = {"length": responses.length, "pool": True, "points": None, "target_accept": 0.75, "contexts": True}
    lengths = SimpleNamespace(cells=pd.DataFrame({"benchmark": cells}), contexts=contexts)
    spec = Spec("fast", TemperaturePrior(), 0, 110, 4, options={**options, option: False})
    with pytest.raises(hm.BadInput, match=words):
        as_study(LengthFit(lengths, None, spec, None, source=responses))
    plain = SimpleNamespace(cells=pd.DataFrame({"benchmark": ["a", "a"]}), contexts=None)
    assert as_study(LengthFit(plain, None, spec, None, source=responses)).draws == 110  # it makes no difference


def test_settings_that_disagree_are_refused():
    responses = hm.example()
    fit, other = hm.fit(responses, draws=50), hm.fit(responses, draws=50, prior=NARROW)
    with pytest.raises(hm.BadInput, match="made with seed=0, and seed=4 was asked for"):
        hm.test("natural-overthinking", fit, seed=4)
    assert as_study(fit, seed=0, groups=2).groups == 2
    same = as_study(fit, engine="grid", prior=hm.AnswerPrior())  # what None stands for, in words
    assert same.made["fit"] is fit and (same.engine, same.prior) == (None, None)
    for given in ({"engine": "nuts"}, {"prior": NARROW}):
        with pytest.raises(hm.BadInput, match="was asked for"):
            as_study(fit, **given)
    with pytest.raises(
        hm.BadInput, match=r"made with prior=AnswerPrior\(scale=.*, and prior=AnswerPrior\(\) was asked"
    ):
        as_study(other, prior=hm.AnswerPrior())
    law = length_law(responses, draws=50)
    with pytest.raises(hm.BadInput, match=r"prior=AnswerPrior\(scale=\(0.2, 0.2, 0.2\)\) and another with prior=None"):
        as_study([other, law])
    together = as_study([fit, law])
    assert together.made["fit"] is fit and together.made["length_law"] is law
    few = hm.read(responses.table[responses.table["model"] != "owl-1b"].reset_index(drop=True))
    with pytest.raises(hm.BadInput, match="different responses"):
        as_study([fit, hm.fit(few, draws=50)])
    study = as_study(responses, draws=50)
    with pytest.raises(hm.BadInput, match="has draws=50, and draws=60"):
        hm.test("natural-overthinking", study, draws=60)
    with pytest.raises(hm.BadInput, match="no setting 'drawz'"):
        as_study(study, drawz=60)
    assert as_study(study, draws=50) is study


def test_a_report_says_how_its_fits_were_made():
    study = as_study(hm.example(), prior=NARROW, law_prior=hm.LawPrior(), engine="nuts")
    told = settings(study, "these", 0.9)
    assert told["engine"] == "nuts" and told["prior"]["scale"] == (0.2, 0.2, 0.2) and "backend" not in told
    names = {"hm": hm, "responses": study.responses}
    exec(default_code(study), names)
    again = names["study"]
    assert all(getattr(again, f.name) == getattr(study, f.name) for f in fields(study) if f.name not in OTHER)


def test_probability_vectors_bring_their_settings_too():
    rng = np.random.default_rng(0)
    rows = [
        {"benchmark": "b", "model": "m", "question": f"q{q}", "sample": s, "probs": list(p), "target": 0}
        for q in range(6)
        for s, p in enumerate(rng.dirichlet(np.ones(3), 3))
    ]
    fit = hm.fit(hm.read(pd.DataFrame(rows)), draws=40, warmup=20, chains=2, seed=5, prior=NARROW)
    study = as_study(fit)
    assert (study.draws, study.warmup, study.chains, study.seed, study.prior) == (40, 20, 2, 5, NARROW)
    assert hm.test("natural-overthinking", fit).verdict == "not testable"
