"""Numbers as tokens: sign, negated exponent, digits; of fixed length and without separators (paper, appendix B.4).

With two digits after the point `+1500-0150` is (0.5, −1.5): sign, the exponent e in one digit, and the mantissa 5.00
without its point, for ± 5.00 · 10^−e. Exponents are capped at 0 from above and at −9 from below: magnitudes from 10
upward become the largest that can be written, those below 10^−9 lose their leading digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from hotmess.errors import BadInput

SYMBOLS = "0123456789+-"
PLUS, MINUS = 10, 11
LOWEST = 9  # the largest negated exponent that one digit can hold


@dataclass(frozen=True)
class Encoding:
    """How a vector of `dimension` numbers is written with `digits` digits after the mantissa's point.

    >>> e = Encoding(dimension=2, digits=2)
    >>> e.text(e.encode(jnp.array([0.5, -1.5]))), e.text(e.encode(jnp.array([-0.012, 0.0023])))
    ('+1500-0150', '-2120+3230')
    >>> e.decode(e.parse("+1500-0150")).tolist()
    [0.5, -1.5]
    """

    dimension: int
    digits: int

    def __post_init__(self) -> None:
        if self.dimension < 1 or not 0 <= self.digits <= 6:
            raise BadInput(
                f"Numbers of dimension {self.dimension} with {self.digits} digits cannot be written: "
                "the dimension must be at least 1 and the digits 0 to 6, which is what single precision holds."
            )

    @property
    def width(self) -> int:
        """Tokens per number: sign, exponent, and the mantissa's digits."""
        return self.digits + 3

    @property
    def length(self) -> int:
        """Tokens per vector."""
        return self.dimension * self.width

    @property
    def vocabulary(self) -> int:
        return len(SYMBOLS)

    def encode(self, x: jax.Array) -> jax.Array:
        """Vectors (…, dimension) as tokens (…, dimension · width), int32. Halves round to even; NaN becomes zero."""
        x = jnp.nan_to_num(x)
        size = jnp.abs(x)
        powers = jnp.asarray(10.0 ** -np.arange(LOWEST), x.dtype)  # 10^0 … 10^-8: an exponent falls by 1 below each
        exponent = jnp.sum(size[..., None] < powers, axis=-1).astype(jnp.int32)
        top = 10 ** (self.digits + 1)
        scale = jnp.asarray(10.0 ** (np.arange(LOWEST + 1) + self.digits), x.dtype)
        mantissa = jnp.round(jnp.minimum(size * scale[exponent], float(top))).astype(jnp.int32)
        carried = (mantissa >= top) & (exponent > 0)  # 0.9996 with two digits is 1.00, not 9.996 → 10.00
        mantissa = jnp.where(carried, top // 10, jnp.minimum(mantissa, top - 1))
        exponent = jnp.where(carried, exponent - 1, exponent)
        places = jnp.asarray(10 ** np.arange(self.digits, -1, -1), jnp.int32)
        written = (mantissa[..., None] // places) % 10
        sign = jnp.where(x < 0, MINUS, PLUS).astype(jnp.int32)
        tokens = jnp.concatenate([sign[..., None], exponent[..., None], written], axis=-1)
        return tokens.reshape(*x.shape[:-1], self.length)

    def decode(self, tokens: jax.Array) -> jax.Array:
        """Tokens (…, length) as vectors (…, dimension) in single precision."""
        parts = tokens.reshape(*tokens.shape[:-1], self.dimension, self.width)
        places = jnp.asarray(10 ** np.arange(self.digits, -1, -1), jnp.int32)
        mantissa = jnp.sum(parts[..., 2:] * places, axis=-1).astype(jnp.float32)
        scale = jnp.asarray(10.0 ** (np.arange(LOWEST + 1) + self.digits), jnp.float32)
        return jnp.where(parts[..., 0] == MINUS, -1.0, 1.0) * mantissa / scale[parts[..., 1]]

    def allowed(self, position: jax.Array | int, previous: jax.Array) -> jax.Array:
        """Which tokens may stand at `position` of a vector after the token `previous` (…): bool (…, vocabulary).

        A sign where a sign belongs, digits elsewhere; a mantissa starts with 0 only under the lowest exponent: every
        number then has one way to be written.
        """
        place = jnp.asarray(position) % self.width
        sign = jnp.arange(self.vocabulary) >= PLUS
        digit = ~sign
        leading = digit & ((jnp.arange(self.vocabulary) != 0) | (previous[..., None] == LOWEST))
        return jnp.where(place == 0, sign, jnp.where(place == 2, leading, digit))

    def text(self, tokens: jax.Array | np.ndarray) -> str:
        """One vector's tokens as text."""
        return "".join(SYMBOLS[int(t)] for t in np.asarray(tokens))

    def parse(self, text: str) -> jax.Array:
        """The tokens of a text; `BadInput` where it is not one vector in this encoding."""
        codes = [SYMBOLS.find(c) for c in text]
        wrong = len(text) != self.length or any(
            c < 0 or (c >= PLUS) != (i % self.width == 0) for i, c in enumerate(codes)
        )
        if wrong:
            raise BadInput(
                f"{text!r} is not {self.dimension} numbers of a sign and {self.width - 1} digits each: "
                f"write {self.length} characters such as {'+1' + '5' + '0' * self.digits!r} for 0.5."
            )
        return jnp.asarray(codes, jnp.int32)
