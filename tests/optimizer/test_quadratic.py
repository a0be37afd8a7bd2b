"""Steepest descent against a path worked by hand, and the random quadratic's spectrum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hotmess.errors import BadInput
from hotmess.optimizer.quadratic import Quadratic, descend, random_quadratic, random_starts, steepest_step


def test_path_worked_by_hand():
    # A = diag(1, 2), b = (1, 0), steps of length 1 from (4, 2): gradient (3, 4), step −(0.6, 0.8) to (3.4, 1.2);
    # there the gradient is (2.4, 2.4), step −(√½, √½)
    q = Quadratic(jnp.diag(jnp.array([1.0, 2.0])), jnp.array([1.0, 0.0]))
    path = np.asarray(descend(q, jnp.array([[4.0, 2.0]]), steps=2, norm=1.0))[:, 0]
    assert path == pytest.approx(np.array([[4, 2], [3.4, 1.2], [3.4 - 0.5**0.5, 1.2 - 0.5**0.5]]), abs=1e-6)


def test_every_step_has_the_given_length_and_the_optimum_stays():
    q = random_quadratic(3)
    x = random_starts(jax.random.PRNGKey(0), 50, dimension=4, spread=5.0)
    assert np.linalg.norm(np.asarray(steepest_step(q, x, 0.05)), axis=1) == pytest.approx(0.05, rel=1e-5)
    assert steepest_step(q, q.optimum, 0.05).tolist() == [0.0] * 4


def test_gradient_and_value_agree_with_differentiation():
    q = random_quadratic(1)
    x = jnp.array([0.3, -1.0, 2.0, 0.7])
    assert np.asarray(q.gradient(x)) == pytest.approx(np.asarray(jax.grad(q.value)(x)), rel=1e-4)
    r = np.asarray(x, float) - np.asarray(q.optimum, float)
    assert float(q.value(x)) == pytest.approx(0.5 * r @ np.asarray(q.matrix, float) @ r, rel=1e-5)


def test_spectrum_is_that_asked_for_and_rotations_differ():
    values = np.linalg.eigvalsh(np.asarray(random_quadratic(5, dimension=6, condition=50.0).matrix, float))
    assert values == pytest.approx(np.geomspace(1, 50, 6), rel=1e-4)
    assert not np.allclose(np.asarray(random_quadratic(1).matrix), np.asarray(random_quadratic(2).matrix))


def test_descent_arrives_within_half_a_step_or_so():
    q = random_quadratic(0)
    starts = random_starts(jax.random.PRNGKey(1), 20, dimension=4, spread=5.0)
    end = np.asarray(descend(q, starts, steps=400, norm=0.05))[-1]
    assert np.linalg.norm(end - np.asarray(q.optimum), axis=1).max() < 0.1


def test_nonsense_is_refused():
    with pytest.raises(BadInput, match="dimension"):
        random_quadratic(0, dimension=0)
