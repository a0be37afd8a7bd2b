"""Fits that start from a fit of nearly the same responses."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from hotmess.simulate import simulate
from hotmess.temperature.fit import fit_lengths

FIT = importlib.import_module("hotmess.temperature.fit")
SETTINGS = {"engine": "fast", "pool": True, "seed": 3}


@pytest.fixture(scope="module")
def table():
    made = simulate("natural-only", seed=8, questions=40, budgets=1, samples=10, models=3).table
    out = np.random.default_rng(2).random(len(made)) < 0.05
    return made.assign(answer=made["answer"].where(~out, -1))


@pytest.fixture(scope="module")
def near(table):
    return fit_lengths(table, unparsable="uniform", **SETTINGS)


def test_one_more_wrong_option_has_the_likelihood_of_even_guesses_and_so_its_draws(table, near):
    again = fit_lengths(table, unparsable="wrong", near=near, **SETTINGS)
    alone = fit_lengths(table, unparsable="wrong", **SETTINGS)
    for one in (again, alone):
        np.testing.assert_array_equal(one.flat("theta"), near.flat("theta"))
    assert again.spec == alone.spec and again.notes == alone.notes
    found, those, before = (fit.curves("natural", population="these").error for fit in (again, alone, near))
    np.testing.assert_array_equal(found, those)
    assert (found > before).all()  # an even guess is nearer the target than a wrong answer


def test_from_near_draws_there_is_no_search_and_the_same_posterior(table, near, monkeypatch):
    whole = table[table["answer"] >= 0].reset_index(drop=True)
    alone = fit_lengths(whole, **SETTINGS)
    with monkeypatch.context() as patch:
        patch.delattr(FIT, "_approximation")
        found = fit_lengths(whole, near=near, **SETTINGS)
    assert not found.failed and not alone.failed
    mean, sd = alone.flat("theta").mean(axis=0), alone.flat("theta").std(axis=0)
    np.testing.assert_allclose((found.flat("theta").mean(axis=0) - mean) / sd, 0.0, atol=0.35)
    np.testing.assert_allclose(found.flat("theta").std(axis=0) / sd, 1.0, atol=0.3)
    assert np.abs(near.flat("theta").mean(axis=0) - mean).max() > 0.05  # the start is another


def test_other_models_are_no_start(table, near):
    few = table[table["model"] != table["model"].iloc[0]].reset_index(drop=True)
    alone, found = (fit_lengths(few, near=fit, unparsable="uniform", **SETTINGS) for fit in (None, near))
    np.testing.assert_array_equal(found.flat("theta"), alone.flat("theta"))


def test_draws_widened_by_contexts_are_not_those_of_a_fit_without(table):
    again = table.assign(context="c" + (table["sample"] % 3).astype(str))
    near = fit_lengths(again, **SETTINGS)
    plain = fit_lengths(again, near=near, contexts=False, **SETTINGS)
    assert plain.notes != near.notes and plain.spec.options["contexts"] is False
    assert not np.array_equal(plain.flat("theta"), near.flat("theta"))
