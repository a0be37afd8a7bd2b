"""Statements about questions like these as the fit makes them: width, pairing, guard; each fault put in is caught.

The worlds are those of `reports/studies/statements.py`, a few data sets each.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
import statement_worlds as worlds

import statements as study
from hotmess.decompose.intervals import question_shares
from hotmess.simulate.answers import Answers, distributions


def alike(spread: float, seed: int, questions: int = 200, samples: int = 10):
    """Cells of two models with the same answer distributions: all the spread between questions is shared."""
    world = Answers(models=1, questions=questions, spread=spread, accuracy=0.5)
    p = distributions(world, questions, np.random.default_rng([seed, 1]))[0]
    return worlds.letter_cells(np.stack([p, p]), samples, [seed, 2])


def widths(cells, seed: int) -> dict[str, float]:
    """Standard deviations of the difference, settled, and with weights of its own on each side, over the unbiased."""
    fit = study.bare_fit(cells, "model", seed)
    means = fit.statement()
    other = fit.statement(weights=fit.cells.table["question"].nunique() * question_shares(200, 1000, seed + 77))
    found = {
        "settled": means.settle(worlds.contrast).draws,
        "not shared": (worlds.contrast(np.stack([means.latent[:, 0], other.latent[:, 1]], axis=1))),
    }
    unbiased = worlds.contrast(means.unbiased).std()
    return {name: float(draws.std() / unbiased) for name, draws in found.items()}


@pytest.fixture(scope="module")
def ratios():
    return {s: [widths(alike(s, seed), seed) for seed in range(8)] for s in (0.05, 0.5, 0.9)}


def test_the_width_does_not_depend_on_the_share_between_questions(ratios):
    """Drawn and weighted afterwards it is 1 + λ + λ² in the variance: 1.1 times too wide at λ = 0.2, 1.6 at 0.9."""
    own = {s: np.mean([w["settled"] for w in many]) for s, many in ratios.items()}
    assert all(0.9 < x < 1.15 for x in own.values())
    assert max(own.values()) / min(own.values()) < 1.12


def test_sides_that_do_not_share_weights_would_show(ratios):
    assert all(np.mean([w["not shared"] for w in ratios[s]]) > 1.3 for s in (0.5, 0.9))


def test_draws_weighted_afterwards_would_show():
    from hotmess.answers.fit import fit

    out = []
    for seed in range(3):
        cells = alike(0.7, seed)
        whole = fit(cells, groups=["model"], seed=seed, draws=100, pointwise=False)
        before = study._weighted_draws(whole, ["model"], worlds.contrast)
        unbiased = np.quantile(worlds.contrast(whole.statement().unbiased)[:, 0], [0.05, 0.95])
        out.append((before["high"] - before["low"]) / np.ptp(unbiased))
    assert np.mean(out) > 1.3


def test_weights_that_are_not_multiplied_by_the_number_of_questions_would_show():
    cells = alike(0.5, 3)
    fit = study.bare_fit(cells, "model", 3)
    w = question_shares(200, 1000, 3)
    means, same, less = fit.statement(), fit.statement(weights=200 * w), fit.statement(weights=w)
    np.testing.assert_allclose(means.latent, same.latent)
    np.testing.assert_allclose(same.unbiased, less.unbiased)  # weighted means do not see it, the fit does
    assert less.latent[:, 0, 2].std() > 2 * means.latent[:, 0, 2].std()


def test_the_guard_turns_to_the_unbiased_where_accuracy_is_no_beta():
    world, away = worlds.mixture(questions=1000, samples=30), []
    for seed in range(4):
        fit = study.bare_fit(world.make(seed), "model", seed)
        means = fit.statement()
        found = means.settle(worlds.contrast)
        sd, unbiased = found.draws.std(), worlds.contrast(means.unbiased_centre).item()
        away.append([(x - unbiased) / sd for x in (np.median(found.draws), worlds.contrast(means.centre).item())])
    settled, latent = np.abs(np.mean(away, axis=0))
    assert settled < 0.3 < 0.6 < latent


ONE = {"covered": 1.0, "width": None, "supported": 0.0, "contradicted": 0.0}  # of one data set: without a width


def test_the_page_says_what_the_record_says():
    result = json.loads((study.HERE / "statements.json").read_text())
    assert (study.HERE / "statements.md").read_text() == study.markdown(result, result["rows"])
    assert "width" not in "".join(study.missed(result["rows"][0] | {"implied": 50.0, "null": True, "statement": ONE}))
