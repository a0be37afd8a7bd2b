"""How far models scatter: the fast path's draws against a grid, models all but alike or not."""

import numpy as np
import pytest
from scipy import stats

from hotmess.temperature import fast, model
from hotmess.temperature.laplace import Approximation
from hotmess.temperature.prior import Pooling, TemperaturePrior

PRIOR, FEATURES, SD = TemperaturePrior(), ("natural",), 0.002


@pytest.mark.parametrize("scatter", [0.0, 0.3])
def test_scales_are_drawn_from_their_posterior(scatter):
    units = 5
    theta = np.zeros((units, 5))
    theta[:, 3] = 0.3 + scatter * np.array([-1.2, -0.4, 0.1, 0.5, 1.0])
    theta[:, 4] = 0.1
    precision = np.repeat(np.diag([1.0, 1.0, 1.0, SD**-2, SD**-2])[None], units, 0)
    linear = np.einsum("gij,gj->gi", precision, theta)
    empty, cube = np.zeros((1, 1)), np.zeros((1, 1, 1))
    approximation = Approximation(theta, precision, linear, empty, cube, cube, empty)
    pool = Pooling(("model",), np.arange(units)[None], np.zeros(units))
    drawn, scales = fast.propose(approximation, PRIOR, pool, FEATURES, seed=1, draws=4000)
    assert drawn.shape == (4000, units, 5)
    soft = fast.soften(theta.size)  # the proposal's likelihood is that much wider
    width = PRIOR.spread * PRIOR.effect_scales(FEATURES)
    for e in range(2):
        grid = np.exp(np.linspace(np.log(1e-5), np.log(4 * width[e]), 600))
        log_p = stats.halfnorm.logpdf(grid, scale=width[e]) + np.log(grid)
        for i, s in enumerate(grid):
            moments = model.effect_covariance(np.full((1, 2), s), PRIOR, pool, FEATURES)[e]
            log_p[i] += stats.multivariate_normal.logpdf(
                theta[:, 3 + e], np.zeros(units), moments + np.eye(units) * SD**2 / soft
            )
        p = np.exp(log_p - log_p.max())
        p /= p.sum()
        mean = (p * grid).sum()
        sd = np.sqrt((p * grid**2).sum() - mean**2)
        assert scales[:, 0, e].mean() == pytest.approx(mean, abs=0.15 * sd)
        assert scales[:, 0, e].std() == pytest.approx(sd, rel=0.2)
