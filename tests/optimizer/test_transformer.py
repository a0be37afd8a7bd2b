"""The transformer: its count of weights, causality, and the cache against the whole pass."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hotmess.errors import BadInput
from hotmess.optimizer.transformer import Shape, Transformer, count_parameters


def make(shape: Shape, length: int = 10) -> Transformer:
    return Transformer(shape, vocabulary=12, length=length, key=jax.random.PRNGKey(0))


TOKENS = jax.random.randint(jax.random.PRNGKey(1), (3, 10), 0, 12)


@pytest.mark.parametrize("shape", [Shape(1, 8), Shape(3, 16, 4)])
def test_count_of_parameters(shape):
    assert count_parameters(make(shape)) == shape.parameters(vocabulary=12, length=10)


def test_later_tokens_do_not_matter_to_earlier_ones():
    model = make(Shape(2, 16, 2))
    changed = TOKENS.at[:, 6].set((TOKENS[:, 6] + 1) % 12)
    before, after = np.asarray(model(TOKENS)), np.asarray(model(changed))
    assert np.array_equal(before[:, :6], after[:, :6])
    assert np.abs(before[:, 6:] - after[:, 6:]).min(axis=2).max() > 0


def test_logits_of_the_later_positions_alone_are_the_same():
    model = make(Shape(2, 16, 2))
    assert np.asarray(model(TOKENS, start=4)) == pytest.approx(np.asarray(model(TOKENS))[:, 4:], abs=1e-5)


@pytest.mark.parametrize("shape", [Shape(1, 8), Shape(3, 16, 4)])
@pytest.mark.slow
def test_cache_gives_the_logits_of_the_whole_pass(shape):
    model = make(shape)
    whole = np.asarray(model(TOKENS))
    logits, cache = model.prefill(TOKENS[:, :4])
    assert np.asarray(logits) == pytest.approx(whole[:, 3], abs=1e-5)
    for position in range(4, 10):
        logits, cache = model.step(TOKENS[:, position], position, cache)
        assert np.asarray(logits) == pytest.approx(whole[:, position], abs=1e-5)


def test_attention_worked_by_hand():
    # two positions, one head of width 1: weights softmax(q k) over what is visible
    block = make(Shape(1, 8)).blocks[0]
    q, k, v = (jnp.array(x).reshape(1, 2, 1, 1) for x in ([1.0, 1.0], [0.0, float(np.log(3))], [1.0, 5.0]))
    out = block.attend(q, k, v, jnp.tril(jnp.ones((2, 2), bool)))
    assert np.asarray(out).ravel() == pytest.approx([1.0, (1 * 1 + 3 * 5) / 4], rel=1e-5)


def test_impossible_shapes_are_refused():
    with pytest.raises(BadInput, match="multiple of the heads"):
        Shape(1, 10, 4)
