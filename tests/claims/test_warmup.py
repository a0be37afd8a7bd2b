"""--warmup has its effect wherever something is warmed up, and is known of every fit."""

import importlib
from types import SimpleNamespace

import pytest

import hotmess as hm
from hotmess.claims.catalogue import intelligence_and_incoherence_correlate as survey
from hotmess.interpret.sets import source_of
from hotmess.rankings.simulate import simulate_rankings


class Asked(Exception):
    """What the sampler was asked for."""


def test_the_survey_s_chains_are_warmed_up_as_the_study_says(monkeypatch):
    made = simulate_rankings(0.5, entities=8, raters=(2, 2), seed=1)
    monkeypatch.setattr(survey, "rankings_of", lambda study: (made, 1.0))

    def sampler(*args, **settings):
        raise Asked(settings["warmup"], settings["chains"], settings["seed"])

    # That warmup changes draws is tested where there are fits already: tests/answers/test_spec.py.
    monkeypatch.setattr("hotmess.inference.sample.sample", sampler)
    study = SimpleNamespace(seed=1, draws=10, warmup=41, chains=2, once=lambda key, make: make())
    with pytest.raises(Asked) as asked:
        survey.rank_fit(study)
    assert asked.value.args == (41, 2, 1)


def test_a_study_s_fits_know_their_warmup():
    study = hm.Study(hm.example(), draws=50, warmup=37, chains=2)
    assert study.fit.spec.warmup == 37 and study.fit.spec.draws == 50
    assert source_of(study, ["half"] if "half" in study.responses.table else ["family"]).fit.spec.warmup == 37


@pytest.mark.parametrize(("asked", "taken"), [(37, 37), (900, 250)])
def test_the_slow_engine_of_answers_and_lengths_is_warmed_up_as_the_study_says(monkeypatch, asked, taken):
    def fit_lengths(responses, **settings):
        raise Asked(settings["warmup"], settings["draws"])

    monkeypatch.setattr(importlib.import_module("hotmess.temperature.fit"), "fit_lengths", fit_lengths)
    with pytest.raises(Asked) as told:
        _ = hm.Study(hm.example(), draws=150, warmup=asked).temperature
    assert told.value.args == (taken, 150)
