"""R-hat and effective sample sizes in batch are ArviZ's own."""

import numpy as np
import pytest
from arviz_stats.base.array import array_stats

from hotmess.inference.converged import BLOCK, diagnostics
from hotmess.inference.gate import Gate, diagnose, diagnose_each


def chains(slow: float, shape: tuple[int, int, int]) -> np.ndarray:
    """Draws of chains that remember their last value to a share."""
    x = np.random.default_rng(abs(hash((slow, shape))) % 2**32).normal(size=shape)
    for t in range(1, shape[1]):
        x[:, t] += slow * x[:, t - 1]
    return x


def by_arviz(x: np.ndarray) -> np.ndarray:
    """The same by ArviZ, one quantity after the other."""
    axes = {"chain_axis": 0, "draw_axis": 1}

    def one(draws: np.ndarray) -> list[float]:
        rhat, bulk = array_stats.rhat(draws, **axes), array_stats.ess(draws, method="bulk", **axes)
        return [float(rhat), float(bulk), float(array_stats.ess(draws, method="tail", prob=(0.05, 0.95), **axes))]

    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array([one(x[:, :, i]) for i in range(x.shape[2])])


@pytest.mark.parametrize("slow", [-0.9, -0.3, 0.0, 0.5, 0.99])
@pytest.mark.parametrize("shape", [(2, 4), (2, 5), (2, 11), (4, 20), (3, 21), (4, 250)])
def test_the_numbers_are_arviz_s(slow, shape):
    x = chains(slow, (*shape, 5))
    np.testing.assert_allclose(diagnostics(x), by_arviz(x), rtol=1e-9)


@pytest.mark.parametrize(
    "x",
    [
        np.round(chains(0.5, (4, 100, 3))),
        (chains(0.5, (4, 100, 3)) > 1.5).astype(float),
        np.concatenate([chains(0.5, (2, 100, 3)), np.ones((2, 100, 3))]),
        np.repeat(np.array([0.0, 0.0, 1.0, 1.0])[:, None], 100, axis=1)[..., None],
        1e12 + chains(0.0, (4, 100, 3)),
    ],
    ids=["ties", "indicators", "two chains stuck", "all stuck, two by two", "far from zero"],
)
def test_the_numbers_are_arviz_s_where_draws_are_odd(x):
    found, arviz = (np.minimum(one, 1e6) for one in (diagnostics(x), by_arviz(x)))  # beyond, rounding of 0
    np.testing.assert_allclose(found, arviz, rtol=1e-6)


def test_more_than_one_block_and_none():
    x = chains(0.3, (4, 50, BLOCK + 3))
    np.testing.assert_allclose(diagnostics(x)[BLOCK - 1 :], diagnostics(x[:, :, BLOCK - 1 :]), rtol=1e-12)
    assert diagnostics(x[:, :, :0]).shape == (0, 3)


def test_quantities_of_different_draws_are_each_judged_as_alone():
    many = [chains(0.3, (4, 60, 1))[..., 0], np.ones((4, 60)), chains(0.1, (2, 30, 1))[..., 0], np.zeros((1, 9))]
    many += [np.where(many[0] > 2, np.inf, many[0]), many[0] + np.arange(4)[:, None]]
    np.testing.assert_allclose(diagnose_each(many), [diagnose(x) for x in many], rtol=1e-12)
    assert Gate().each(np.stack([many[0], *many[-2:], many[1]], axis=-1)).tolist() == [
        Gate().judge({"x": x}).passed for x in (many[0], *many[-2:], many[1])
    ]
