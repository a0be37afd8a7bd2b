"""Calibrations of surveys and against simuk in small: truths have the ranks that their posterior gives them."""

from __future__ import annotations

from pathlib import Path

import calibration_ranks as surveys
import calibration_simuk as simuk
import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from hotmess.answers.prior import AnswerPrior


def test_truths_and_orders_are_those_of_the_rank_model() -> None:
    made = [surveys.from_prior(np.random.default_rng([3, i])) for i in range(400)]
    truth = {name: np.array([one[name] for one, _ in made]) for name in made[0][0]}
    assert all((np.sort(order, axis=1) == np.arange(surveys.ENTITIES)).all() for _, order in made)
    assert stats.kstest(truth["rho"], stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert stats.kstest(truth["level, first"], stats.norm(0.5, 1).cdf).pvalue > 1e-3
    assert stats.kstest(truth["theta, first"], stats.norm.cdf).pvalue > 1e-3
    assert abs(np.mean(truth["rho_these"] - truth["rho"])) < 0.05  # r is nearly unbiased
    place = np.array([np.argsort(order[0])[0] for _, order in made])  # the first rater's place of the first entity
    assert stats.spearmanr(truth["theta, first"], place).statistic < -0.5  # from the best down


def test_ranks_are_kept_and_uniform_where_draws_are_from_the_prior(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A posterior that has seen nothing is the prior: ranks of the truth among its draws are exactly uniform."""

    def sampler():
        def run(seed, order):
            rng = np.random.default_rng(seed)
            made = [surveys.from_prior(rng)[0] for _ in range(surveys.DRAWS)]
            return {name: np.array([one[name] for one in made]) for name in made[0]}

        return run

    monkeypatch.setattr(surveys, "sampler", sampler)
    store = tmp_path / "ranks.jsonl"
    found = surveys.ranks(40, seed=2, store=store)
    assert set(found) == set(surveys.from_prior(np.random.default_rng(0))[0])
    for name, values in found.items():
        assert stats.kstest(values, "uniform").pvalue > 1e-4, name
    monkeypatch.setattr(surveys, "sampler", lambda: None)  # what is kept is not drawn again
    again = surveys.ranks(40, seed=2, store=store)
    np.testing.assert_array_equal(again["tau"], found["tau"])


@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_ranks_by_the_grid_are_uniform_for_truths_from_the_prior_only(
    shift: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simuk, "GRID_DRAWS", 300)
    rng, prior, n, q = np.random.default_rng(4), AnswerPrior(), 40, simuk.QUESTIONS
    truth = rng.normal(np.array(prior.location)[:, None], np.array(prior.scale)[:, None], (3, n))
    a, kappa, phi = expit(truth[0])[:, None], np.exp(truth[1])[:, None], np.exp(truth[2])
    right = rng.binomial(simuk.SAMPLES, rng.beta(a * kappa + 1e-9, (1 - a) * kappa + 1e-9, (n, q)))
    each = [rng.dirichlet([p / simuk.OPTIONS + 1e-9] * simuk.OPTIONS, q) for p in phi]
    wrong = np.stack([[rng.multinomial(simuk.SAMPLES - 1, p) for p in one] for one in each])
    ranks = simuk.grid_ranks(truth + shift, right, wrong, seed=1)
    assert ranks.shape == (3, n)
    square = (stats.norm.ppf(ranks) ** 2).sum(axis=1)
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], n)
    assert ((low < square) & (square < high)).all() if shift == 0 else (square > high).any()


def test_the_template_has_wrong_answers_of_every_question_to_split() -> None:
    table = simuk.template(1).table
    assert len(table) == simuk.QUESTIONS * simuk.SAMPLES and (table["n_choices"] == simuk.OPTIONS + 1).all()
    assert (table["answer"] != table["target"]).groupby(table["question"]).any().all()
