"""Shapes of a length law are compared where every left-out bin can be trusted, and refused in a sentence elsewhere."""

import numpy as np
import pytest
from scipy import stats

from hotmess.errors import NotTestable
from hotmess.laws import shapes
from hotmess.laws.length import length_law
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


@pytest.fixture(scope="module")
def law():
    data = simulate("noisy-length", seed=1, questions=80, samples=8)
    return length_law(validate(data.table), bins=20, draws=100)


def test_more_bins_than_can_be_left_out_are_refused_before_anything_is_drawn(law, monkeypatch):
    monkeypatch.setattr(shapes, "MOST_BINS", 19)
    monkeypatch.setattr(type(law), "curves", lambda *_: pytest.fail("drawn all the same"))
    with pytest.raises(NotTestable, match=r"over 20 bins of length, those of 1 arm .*19 bins at most") as found:
        shapes.compare_shapes(law)
    assert found.value.remedy.startswith("Take 1 models and settings")


@pytest.mark.parametrize(("power", "trusted"), [(0.3, True), (1.4, False)])
def test_draws_whose_weights_cannot_be_trusted_compare_nothing(law, monkeypatch, power, trusted):
    """Weights with a Pareto tail of known index beside the right ones."""
    drawn = shapes._weighted

    def heavy(laws, n, rng):
        points, log_w = drawn(laws, n, rng)
        return points, log_w + power * np.log(stats.pareto.rvs(1.0, size=len(log_w), random_state=1))

    monkeypatch.setattr(shapes, "_weighted", heavy)
    if trusted:
        assert shapes.compare_shapes(law, draws=200, names=("odds", "constant")).units == 20
    else:
        with pytest.raises(NotTestable, match=r"odds law over bins .*Pareto k 1"):
            shapes.compare_shapes(law, draws=200, names=("odds", "constant"))
