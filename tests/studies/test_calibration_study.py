"""Simulation-based calibration in small, and that it notices a wrong prior."""

from __future__ import annotations

from dataclasses import replace

import calibration
import numpy as np
import pytest
import sbc

from hotmess.answers.prior import AnswerPrior


def test_ranks_are_uniform() -> None:
    for row in sbc.uniformity(calibration.ranks(150, seed=3), 20):
        assert row["kolmogorov"] > 0.003 and row["chi2"] > 0.003


def test_a_posterior_under_another_prior_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = calibration.grid_posterior
    other = replace(AnswerPrior(), location=(0.0, 4.0, 0.0))
    monkeypatch.setattr(calibration, "grid_posterior", lambda tails, prior, **rest: right(tails, other, **rest))
    rows = {r["quantity"]: r for r in sbc.uniformity(calibration.ranks(100, seed=3), 20)}
    assert rows["log_kappa"]["kolmogorov"] < 1e-3


def test_incoherence_is_that_of_many_simulated_questions() -> None:
    eta = np.array([0.3, 0.5, 0.2])
    right, wrong = calibration.simulate(eta, np.full(20_000, 3), 2, np.random.default_rng(0))
    same = (right == 2) | (wrong == 2).any(1)
    disagreement, error = 1 - same.mean(), 2 * wrong.sum() / 2 / len(right)
    assert disagreement / error == pytest.approx(calibration.incoherence(eta, 3), abs=0.02)


def test_ranks_are_exported_for_arviz() -> None:
    tree = sbc.tree(dict(zip(calibration.NAMES, np.random.default_rng(0).random((4, 20)))))
    assert dict(tree["prior_sbc"].sizes) == {"chain": 1, "draw": 20}
    assert list(tree["prior_sbc"].data_vars) == ["logit_a", "log_kappa", "log_phi", "incoherence"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_arviz_plots_the_ranks() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import arviz_plots

    tree = sbc.tree(calibration.ranks(50, seed=1))
    arviz_plots.plot_ecdf_pit(tree, backend="matplotlib")
