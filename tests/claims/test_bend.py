"""The bend of a length curve without a model: all sets of bins at once are each set by itself."""

import numpy as np
import pytest

from hotmess.claims.catalogue.length_saturates import bent_estimate
from hotmess.estimates.length_slopes import binned_logits
from hotmess.laws.shapes import bend


def by_hand(mean, y, keep):
    """Mean over arms of the slope below the median bin minus that above, by least squares, of some bins."""
    out = []
    for x, v in zip(mean, y):
        use = keep & np.isfinite(x) & np.isfinite(v)
        if use.sum() >= 6:
            t = x[use]
            knee = np.quantile(t, 0.5)
            design = np.column_stack([np.ones(len(t)), bend(t, knee, 1e-3), np.maximum(t - knee, 0)])
            beta = np.linalg.lstsq(design, v[use], rcond=None)[0]
            out.append(beta[1] - beta[2])
    return np.mean(out) if out else np.nan


@pytest.mark.parametrize(("cells", "arms", "bins"), [(400, 4, 20), (60, 2, 10), (40, 4, 20), (30, 3, 9)])
def test_the_bend_and_its_jackknife_error_are_those_of_every_set_of_bins_by_itself(cells, arms, bins):
    rng = np.random.default_rng(cells)
    x, arm, error = rng.normal(size=cells), np.arange(cells) % arms, rng.random(cells)
    variance = error * rng.random(cells)
    error[rng.random(cells) < 0.2] = 0.0  # some bins without an error, or with variance alone
    mean, y = binned_logits(variance, error, x, arm, bins=bins)
    left = np.array([by_hand(mean, y, np.arange(bins) != b) for b in range(bins)])
    left = left[np.isfinite(left)]
    found = bent_estimate(variance, error, x, arm, bins=bins)
    assert found.value == pytest.approx(by_hand(mean, y, np.ones(bins, bool)), rel=1e-9)
    assert found.error == pytest.approx(np.sqrt((len(left) - 1) * left.var()), rel=1e-9)
