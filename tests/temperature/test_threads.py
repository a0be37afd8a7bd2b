"""Nothing that NUTS runs asks LAPACK for a batch: on two processors JAX's batches wait for each other for ever."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest

from hotmess.inference.sample import _each, enable_x64
from hotmess.simulate import simulate
from hotmess.temperature.data import length_data
from hotmess.temperature.laplace import around
from hotmess.temperature.model import temperature_model
from hotmess.temperature.prior import TemperaturePrior, pooling

CALL = re.compile(r"custom_call @lapack_\w+\(.*?: \(tensor<([0-9x]+)xf64>")


def shapes(function, *given):
    """Of the first matrix in every call of LAPACK."""
    import jax

    found = CALL.findall(jax.jit(function).lower(*given).as_text())
    return [tuple(map(int, shape.split("x"))) for shape in found]


def test_a_batch_is_seen_where_there_is_one():
    import jax
    import jax.numpy as jnp

    with enable_x64():
        many = np.broadcast_to(np.eye(3), (5, 2, 3, 3))
        assert shapes(jnp.linalg.cholesky, many) == [(5, 2, 3, 3)]
        assert shapes(functools.partial(_each, jnp.linalg.cholesky), many) == [(3, 3)]
        assert np.array_equal(_each(jnp.linalg.cholesky, many), jax.vmap(jax.vmap(jnp.linalg.cholesky))(many))


@pytest.mark.parametrize("budgets", [1, 2])
def test_the_temperature_model_asks_for_one_matrix_at_a_time(budgets):
    import jax
    from numpyro.infer.util import potential_energy

    data = length_data(simulate("both", seed=1, questions=4, models=4, budgets=budgets, samples=4).table)
    prior, pool = TemperaturePrior(), pooling(data)
    assert pool.groupings
    width = prior.widths(data.features)
    theta = np.zeros((len(data.units), len(width)))
    at = around(data.dense, theta, np.tile(np.diag(width**2) / 2, (len(theta), 1, 1)), width)
    here = {
        "scales": np.zeros((len(pool.groupings), 2 * len(data.features))),
        "raw_theta": np.zeros(theta.size),
        "raw_scores": np.zeros(at.mode.shape),
    }
    energy = functools.partial(potential_energy, temperature_model, (data.dense, at, prior, pool, data.features), {})
    with enable_x64():
        asked = shapes(jax.grad(energy), here)
    assert len(asked) > 4 and all(len(shape) == 2 for shape in asked)
