"""--warmup has its effect wherever something is warmed up, and is known of every fit."""

from types import SimpleNamespace

import numpy as np

import hotmess as hm
from hotmess.claims.catalogue import intelligence_and_incoherence_correlate as survey
from hotmess.interpret.sets import source_of
from hotmess.rankings.simulate import simulate_rankings


def test_the_survey_s_chains_are_warmed_up_as_the_study_says(monkeypatch):
    made = simulate_rankings(0.5, entities=8, raters=(2, 2), seed=1)
    monkeypatch.setattr(survey, "rankings_of", lambda study: (made, 1.0))
    monkeypatch.setattr(survey, "DRAWS", 10)

    def draws(warmup):
        study = SimpleNamespace(seed=1, draws=10, warmup=warmup, chains=2, once=lambda key, make: make())
        return survey.rank_fit(study).data["posterior"]["rho"].values

    assert np.array_equal(draws(40), draws(40)) and not np.array_equal(draws(40), draws(60))


def test_a_study_s_fits_know_their_warmup():
    study = hm.Study(hm.example(), draws=50, warmup=37, chains=2)
    assert study.fit.spec.warmup == 37 and study.fit.spec.draws == 50
    assert source_of(study, ["half"] if "half" in study.responses.table else ["family"]).fit.spec.warmup == 37
