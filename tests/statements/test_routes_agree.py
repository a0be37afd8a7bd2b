"""The three routes to set means under weights agree where each applies: closed, by least squares, by the jackknife."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hotmess.answers.bootstrap import means_of
from hotmess.answers.fit import fit
from hotmess.answers.pointwise import question_log_likelihood
from hotmess.responses.validate import validate
from hotmess.simulate import simulate
from hotmess.statements.means import incoherence
from hotmess.statements.pooled import PooledBootstrap
from hotmess.statements.sampled import SampledBootstrap, response


@pytest.fixture(scope="module")
def letters():
    world = simulate("beta", seed=3, questions=150, samples=8, models=2)
    return fit(validate(world.table), seed=1, draws=500, pointwise=False)


def statements(means):
    return np.concatenate([incoherence(means), np.diff(incoherence(means)), means[..., 0, :]], axis=-1)


def sets_of(made):
    return [np.flatnonzero((made.cells.table["model"] == m).to_numpy()) for m in ("model-0", "model-1")]


def means(found, letters):
    return means_of(found, sets_of(letters), letters.cells, unparsable=letters.unparsable, seed=letters.seed)


def test_least_squares_on_draws_is_the_closed_expectation(letters):
    closed = letters.bootstrap()
    terms = letters.terms()
    found = response([terms.error, terms.bias2, terms.variance], letters.groups.index, letters.parameters())
    route = SampledBootstrap(
        found, letters.groups.index, closed.questions, closed.parameters, closed.centre, closed.unbiased, closed.seed
    )
    one, other = (statements(means(b, letters).latent) for b in (closed, route))
    for i in range(one.shape[1]):
        assert np.corrcoef(one[:, i], other[:, i])[0, 1] > 0.985
        assert abs(one[:, i].std() / other[:, i].std() - 1) < 0.05
        assert abs(one[:, i].mean() - other[:, i].mean()) < 0.1 * one[:, i].std()


def test_the_jackknife_on_posterior_draws_is_the_bootstrap(letters):
    closed = letters.bootstrap()
    samples = letters.parameters()
    route = PooledBootstrap(
        letters.letters,
        letters.groups.index,
        closed.questions,
        samples,
        question_log_likelihood(letters.letters, letters.groups.index, samples, closed.questions.question),
        [(samples[k][:, g], s) for k, s in zip(samples, letters.prior.scale) for g in range(2)],
        closed.unbiased,
        closed.draws,
        closed.seed,
    )
    one, other = (means(b, letters) for b in (closed, route))
    x, y = statements(one.latent), statements(other.latent)
    assert (np.abs(x.std(0) / y.std(0) - 1) < 0.12).all()
    assert (np.abs(x.mean(0) - y.mean(0)) < 0.2 * x.std(0)).all()
    assert np.corrcoef(x[:, 2], y[:, 2])[0, 1] > 0.9  # the same weights
    powers = [b.powers(np.where(letters.cells.table["model"] == "model-0", 0, 1))[0] for b in (closed, route)]
    assert (np.abs(powers[0].std(0) / powers[1].std(0) - 1) < 0.12).all()
    terms = letters.terms()
    drawn = replace(route, terms=(terms.error, terms.bias2, terms.variance))
    z = statements(means(drawn, letters).latent)
    assert (np.abs(z.std(0) / y.std(0) - 1) < 0.12).all()


def test_sets_that_share_cells_are_drawn_together(letters):
    rows = sets_of(letters)
    both = letters.statement(rows=[rows[0], np.concatenate(rows), rows[1]])
    apart = letters.statement()
    np.testing.assert_allclose(both.latent[:, [0, 2]], apart.latent)
    np.testing.assert_allclose(both.latent[:, 1], apart.latent.mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize("outcome", ["text", "tests", "score"])
def test_other_outcomes_scatter_as_their_unbiased_terms(outcome):
    rng = np.random.default_rng(5)
    questions, samples = 80, 8
    a = rng.beta(1.5, 1.0, questions)
    rows = []
    for model in "xy":
        for q in range(questions):
            right = rng.random(samples) < a[q]
            other = rng.integers(0, 5, samples)
            for s in range(samples):
                row = {"model": model, "question": str(q), "sample": s, "benchmark": "b"}
                if outcome == "text":
                    row |= {"text": "42" if right[s] else f"wrong {other[s]}", "target": "42"}
                elif outcome == "tests":
                    row |= {"tests": [True] * 4 if right[s] else [bool(other[s] & 1), bool(other[s] & 2), True, False]}
                else:
                    row |= {"score": 1.0 if right[s] else other[s] / 6}
                rows.append(row)
    made = fit(validate(pd.DataFrame(rows)), seed=2, draws=150, pointwise=False)
    means = made.statement()
    assert means.unbiased is not None
    x, y = (statements(m)[:, :4] for m in (means.latent, means.unbiased))  # incoherences, difference, error
    assert (np.abs(np.log(x.std(0) / y.std(0))) < 0.3).all()
    assert (np.abs(x.mean(0) - y.mean(0)) < 1.5 * y.std(0)).all()  # positions are drawn to the base measure
    assert np.corrcoef(x[:, 0], y[:, 0])[0, 1] > 0.7 and np.corrcoef(x[:, 2], y[:, 2])[0, 1] > 0.5
