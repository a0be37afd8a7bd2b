"""Rollouts: cached against uncached, decoding held to the grammar, the decomposition against a direct computation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hotmess.errors import BadInput
from hotmess.optimizer.encoding import Encoding
from hotmess.optimizer.quadratic import Quadratic, random_quadratic, random_starts
from hotmess.optimizer.rollout import choose, decompose, next_update, next_update_plain, roll, true_distance
from hotmess.optimizer.transformer import Shape, Transformer

CODE = Encoding(dimension=2, digits=2)


def model(seed: int, scale: float = 1.0) -> Transformer:
    made = Transformer(Shape(2, 16, 2), vocabulary=12, length=2 * CODE.length - 1, key=jax.random.PRNGKey(seed))
    return jax.tree_util.tree_map(lambda a: a * scale, made)


STARTS = random_starts(jax.random.PRNGKey(1), 20, dimension=2, spread=5.0)


@pytest.mark.slow
def test_cached_rollout_equals_uncached():
    cached = np.asarray(roll(model(0, 1.5), CODE, STARTS, 3))
    plain = np.asarray(roll(model(0, 1.5), CODE, STARTS, 3, next_update_plain))
    assert cached.shape == (4, 20, 2) and np.array_equal(cached[0], np.asarray(STARTS))
    assert np.array_equal(cached, plain)
    assert np.ptp(cached[1] - cached[0], axis=0).max() > 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.slow
def test_untrained_models_emit_valid_numbers_only(seed):
    update = next_update(model(seed, 3.0), CODE, STARTS)
    assert bool(jnp.isfinite(update).all()) and float(jnp.abs(update).max()) <= 9.99
    assert np.array_equal(np.asarray(CODE.decode(CODE.encode(update))), np.asarray(update))


def test_what_is_not_allowed_is_never_chosen():
    logits = jnp.array([[5.0, 1.0, -3.0], [0.0, 9.0, 8.0]])
    assert choose(logits, jnp.array([[False, False, True], [True, False, True]])).tolist() == [2, 2]


def test_decomposition_equals_a_direct_computation():
    q = random_quadratic(2)
    path = np.random.default_rng(0).normal(1.0, 2.0, size=(3, 30, 4))
    a, b = np.asarray(q.matrix, float), np.asarray(q.optimum, float)
    plain, fair = decompose(q, jnp.asarray(path), unbiased=False), decompose(q, jnp.asarray(path))
    for t in range(3):
        x = path[t].astype(np.float32).astype(float)
        errors = [(p - b) @ a @ (p - b) for p in x]
        mean = x.mean(axis=0)
        variance = np.mean([(p - mean) @ a @ (p - mean) for p in x])
        assert plain.bias2[t] == pytest.approx((mean - b) @ a @ (mean - b))
        assert plain.variance[t] == pytest.approx(variance)
        assert plain.bias2[t] + plain.variance[t] == pytest.approx(np.mean(errors))
        assert fair.bias2[t] + fair.variance[t] == pytest.approx(np.mean(errors))
        # unbiased: pairs of different starts estimate the squared bias
        pairs = [(x[i] - b) @ a @ (x[j] - b) for i in range(30) for j in range(30) if i != j]
        assert fair.bias2[t] == pytest.approx(np.mean(pairs))
        assert fair.incoherence[t] == pytest.approx(fair.variance[t] / np.mean(errors))


@pytest.mark.parametrize("unbiased", [True, False])
def test_standard_deviations_are_those_of_leaving_one_start_out(unbiased):
    q = random_quadratic(2)
    path = np.random.default_rng(3).normal(0.5, 1.0, size=(1, 12, 4)).astype(np.float32)
    out = [decompose(q, np.delete(path, i, axis=1), unbiased=unbiased) for i in range(12)]
    s = decompose(q, path, unbiased=unbiased)
    for name in ("bias2", "variance"):
        values = np.array([getattr(o, name)[0] for o in out])
        assert getattr(s, name + "_sd")[0] == pytest.approx(np.sqrt(11 * values.var()))


def test_incoherence_is_undefined_where_there_is_no_error():
    q = Quadratic(jnp.eye(2), jnp.zeros(2))
    assert np.isnan(decompose(q, jnp.zeros((1, 3, 2))).incoherence[0])
    with pytest.raises(BadInput, match="at least 2 starts"):
        decompose(q, jnp.zeros((1, 1, 2)))


def test_distance_to_the_true_path():
    path = jnp.zeros((2, 3, 2))
    truth = jnp.array([[[3.0, 4.0], [0.0, 0.0], [0.0, 1.0]], [[0.0, 0.0]] * 3])
    assert true_distance(path, truth).tolist() == [1.0, 0.0]
