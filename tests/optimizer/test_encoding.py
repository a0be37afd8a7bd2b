"""Tokens: round trips over all exponents and signs, the paper's examples, and the grammar that decoding is held to."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess.errors import BadInput
from hotmess.optimizer.encoding import LOWEST, MINUS, PLUS, Encoding

TWO = Encoding(dimension=2, digits=2)


def test_examples_of_the_paper():
    assert TWO.text(TWO.encode(jnp.array([0.5, -1.5]))) == "+1500-0150"
    assert TWO.text(TWO.encode(jnp.array([-0.012, 0.0023]))) == "-2120+3230"


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "+9000"),
        (9.996, "+0999"),  # would round to 10.00, which cannot be written
        (0.9996, "+0100"),  # carries into the next exponent
        (1e9, "+0999"),
        (-1e9, "-0999"),
        (3e-9, "+9300"),
        (2e-10, "+9020"),  # below the lowest exponent the leading digit is 0
        (1e-30, "+9000"),
        (1.0, "+0100"),
        (0.1, "+1100"),
    ],
)
def test_edges(x, text):
    one = Encoding(dimension=1, digits=2)
    assert one.text(one.encode(jnp.array([x]))) == text


@settings(deadline=None, max_examples=60)
@given(
    digits=st.integers(0, 4),
    sign=st.sampled_from([-1, 1]),
    exponent=st.integers(0, LOWEST),
    share=st.floats(0, 1, allow_nan=False),
)
def test_tokens_of_what_tokens_say_are_the_same_tokens(digits, sign, exponent, share):
    code = Encoding(dimension=1, digits=digits)
    lowest, top = 10**digits, 10 ** (digits + 1)
    mantissa = min(lowest + int(share * (top - lowest)), top - 1)
    tokens = jnp.array([MINUS if sign < 0 else PLUS, exponent, *map(int, str(mantissa))], jnp.int32)
    value = code.decode(tokens)
    assert float(value[0]) == pytest.approx(sign * mantissa * 10.0 ** -(exponent + digits), rel=1e-6)
    assert code.encode(value).tolist() == tokens.tolist()
    assert code.parse(code.text(tokens)).tolist() == tokens.tolist()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-9.875, 9.875, width=32), min_size=3, max_size=3))
def test_rounding_error_is_half_a_unit_of_the_last_digit(values):
    code = Encoding(dimension=3, digits=3)
    x = np.array(values, np.float32)
    back = np.asarray(code.decode(code.encode(jnp.asarray(x))))
    size = np.abs(x).astype(float)
    exponent = np.clip(np.floor(np.log10(np.maximum(size, 1e-30))), -LOWEST, 0)
    assert np.all(np.abs(back - x) <= 0.5001 * 10.0 ** (exponent - 3) + 1e-6 * size)


@pytest.mark.slow
def test_any_allowed_sequence_is_a_number_and_its_own_encoding():
    code = Encoding(dimension=2, digits=2)
    key = jax.random.PRNGKey(0)
    tokens = jnp.zeros((500, 0), jnp.int32)
    previous = jnp.zeros(500, jnp.int32)
    for position in range(code.length):
        allowed = code.allowed(position, previous)
        assert bool(allowed.any(axis=1).all())
        noise = jax.random.gumbel(jax.random.fold_in(key, position), allowed.shape)
        previous = jnp.argmax(jnp.where(allowed, noise, -jnp.inf), axis=1).astype(jnp.int32)
        tokens = jnp.concatenate([tokens, previous[:, None]], axis=1)
    for row in tokens[:100]:
        code.parse(code.text(row))
    again = code.encode(code.decode(tokens))
    signless = np.delete(np.asarray(tokens), [0, code.width], axis=1)  # the sign of zero is lost
    assert np.array_equal(np.delete(np.asarray(again), [0, code.width], axis=1), signless)


@pytest.mark.parametrize("text", ["", "+1500", "+1500-015", "01500-0150", "+15x0-0150", "+1500+-150"])
def test_what_is_not_a_vector_is_refused(text):
    with pytest.raises(BadInput, match="is not 2 numbers"):
        TWO.parse(text)


def test_impossible_encodings_are_refused():
    with pytest.raises(BadInput, match="cannot be written"):
        Encoding(dimension=2, digits=9)
