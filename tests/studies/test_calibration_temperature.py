"""Calibration of the temperature model in small: ranks of parameters drawn from the prior are neither low nor high."""

from __future__ import annotations

import calibration_temperature as study
import numpy as np
import pytest
from scipy.stats import chi2, norm


@pytest.mark.slow
def test_ranks_scatter_as_uniform_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "QUESTIONS", 12)
    ranks, k = study.ranks(8, seed=5, draws=100)
    z = norm.ppf(np.array(list(ranks.values())))
    assert z.shape == (7, 8) and np.isfinite(k).all()
    low, high = chi2.ppf([1e-4, 1 - 1e-4], z.size)
    assert low < (z**2).sum() < high


def test_answers_follow_the_model_that_is_fitted() -> None:
    """Answers of one question, drawn often, have the probabilities that the likelihood gives them."""
    from hotmess.temperature.likelihood import log_likelihood

    rng = np.random.default_rng(2)
    truth, data = study.simulate(rng)
    assert set(truth) == {
        *("mu", "log_sigma_target", "log_sigma_wrong", "heat_natural", "heat_budget"),
        *("lift_natural", "lift_budget"),
    }
    theta = np.array(list(truth.values()))
    d = rng.normal(size=(3, len(data.cells)))
    scores = study.logits(theta, d, data)
    logp = scores - np.log(np.exp(scores).sum(0))
    chosen = np.take_along_axis(logp, data.dense.answer[None], 0)[0]
    direct = (data.dense.weight * chosen).sum(1)
    cell_theta = np.repeat(theta[:, None], len(data.cells), 1)
    np.testing.assert_allclose(log_likelihood(d, cell_theta, data.dense), direct, rtol=1e-10)
