"""Training organisms and drawing their responses at temperature 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from hotmess.errors import BadInput
from hotmess.optimizer import checkpoint
from hotmess.optimizer.train import adamw
from hotmess.optimizer.transformer import Cache, Shape, Transformer
from hotmess.organisms.expressions import LENGTH, PROMPT, SYMBOLS, Question, read, write_batch

if TYPE_CHECKING:
    import pandas as pd

SIZES = tuple(
    Shape(2, width, heads)
    for width, heads in ((20, 2), (32, 4), (40, 4), (48, 4), (64, 4), (96, 4), (160, 4), (280, 4))
)


@dataclass(frozen=True)
class Schooling:
    """How an organism is trained: the same for all sizes and both conditions."""

    steps: int = 900
    batch: int = 64
    rate: float = 6e-3  # at width 64; others in proportion to 1 / √width
    decay: float = 0.01
    chunk: int = 100  # steps between two checkpoints


def parameters(shape: Shape) -> int:
    """Weights of an organism of this shape."""
    return shape.parameters(vocabulary=len(SYMBOLS), length=LENGTH)


def name_of(shape: Shape, seed: int) -> str:
    """An organism's name: its size in thousands of weights, and its training's seed."""
    return f"organism-{parameters(shape) / 1000:.0f}k-s{seed}"


def text_loss(model: Transformer, tokens: jax.Array, trained: jax.Array) -> jax.Array:
    """Mean cross-entropy, nats per trained token, of texts (batch, LENGTH)."""
    logits = model(tokens[:, :-1], start=PROMPT - 1)
    hot = jax.nn.one_hot(tokens[:, PROMPT:], logits.shape[-1], dtype=logits.dtype)
    each = -jnp.sum(hot * jax.nn.log_softmax(logits), axis=-1)
    mask = trained[:, PROMPT:]
    return jnp.sum(each * mask) / jnp.sum(mask)


def train(
    shape: Shape,
    condition: str,
    *,
    seed: int,
    schooling: Schooling | None = None,
    folder: str | Path | None = None,
    stop: int | None = None,
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> tuple[Transformer, list[float]]:
    """The trained organism and its losses per chunk. With a `folder` an interrupted training goes on where it was.

    Texts are written afresh for every step, from (seed, step) alone.
    """
    s = schooling or Schooling()
    if s.steps % s.chunk or (stop or 0) % s.chunk:
        raise BadInput(f"steps and stop must be multiples of chunk = {s.chunk}.")
    model = Transformer(shape, vocabulary=len(SYMBOLS), length=LENGTH, key=jax.random.PRNGKey(seed))
    weights, static = eqx.partition(model, eqx.is_array)
    state = (weights, adamw(s.rate, shape.width, s.steps, s.decay).init(weights))
    notes = {"condition": condition, "seed": seed, "schooling": asdict(s), "shape": asdict(shape)}
    step, losses = 0, []
    found = checkpoint.load(folder, state) if folder is not None else None
    if found is not None:
        state, known = found
        if any(known.get(k) != v for k, v in notes.items()):
            raise BadInput(f"The checkpoint {folder} is of another training; delete it or choose another folder.")
        step, losses = known["step"], known["losses"]
    while step < (s.steps if stop is None else stop):
        texts = [write_batch(np.random.default_rng((seed, i)), s.batch, condition) for i in range(step, step + s.chunk)]
        tokens, trained = (jnp.asarray(np.stack(part)) for part in zip(*texts))
        state, loss = _advance(state, tokens, trained, static, s, shape.width)
        step, losses = step + s.chunk, [*losses, float(loss)]
        progress(step, losses[-1])
        if folder is not None:
            checkpoint.save(folder, state, {**notes, "step": step, "losses": losses})
    return eqx.combine(state[0], static), losses


@eqx.filter_jit
def _advance(state: Any, tokens: jax.Array, trained: jax.Array, static: Any, s: Schooling, width: int) -> Any:
    optimizer = adamw(s.rate, width, s.steps, s.decay)

    def one(state: Any, batch: tuple[jax.Array, jax.Array]) -> tuple[Any, jax.Array]:
        weights, moments = state
        loss, gradient = jax.value_and_grad(lambda w: text_loss(eqx.combine(w, static), *batch))(weights)
        updates, moments = optimizer.update(gradient, moments, weights)
        return (optax.apply_updates(weights, updates), moments), loss

    state, losses = jax.lax.scan(one, state, (tokens, trained))
    return state, jnp.mean(losses)


@eqx.filter_jit
def continue_texts(model: Transformer, prompts: jax.Array, key: jax.Array, temperature: float = 1.0) -> jax.Array:
    """Sampled continuations (n, LENGTH − PROMPT) of prompts (n, PROMPT), with a cache of keys and values."""
    logits, cache = model.prefill(prompts)

    def one(carry: tuple[jax.Array, Cache], position: jax.Array) -> tuple[tuple[jax.Array, Cache], jax.Array]:
        logits, cache = carry
        token = jax.random.categorical(jax.random.fold_in(key, position), logits / temperature).astype(jnp.int32)
        return model.step(token, position, cache), token

    _, tokens = jax.lax.scan(one, (logits, cache), jnp.arange(PROMPT, LENGTH))
    return tokens.T


def draw(
    model: Transformer,
    questions: Sequence[Question],
    budget: str,
    *,
    samples: int,
    seed: int,
    batch: int = 900,
) -> pd.DataFrame:
    """One row per response: question category sample answer target n_choices reasoning_tokens rechecks."""
    import pandas as pd

    prompts = np.repeat(np.array([q.prompt(budget) for q in questions], np.int32), samples, axis=0)
    said = []
    for i in range(0, len(prompts), batch):
        part = prompts[i : i + batch]
        full = np.concatenate([part, np.repeat(part[:1], batch - len(part), axis=0)])  # one shape: one compilation
        key = jax.random.fold_in(jax.random.PRNGKey(seed), i)
        said.append(np.asarray(continue_texts(model, jnp.asarray(full), key))[: len(part)])
    answers, lengths, rechecks = read(np.concatenate(said))
    each = [q for q in questions for _ in range(samples)]
    return pd.DataFrame(
        {
            "question": [q.text for q in each],
            "category": [f"{len(q.steps)} operations" for q in each],
            "budget": budget,
            "sample": np.tile(np.arange(samples), len(questions)),
            "answer": answers,
            "target": [q.target for q in each],
            "n_choices": 10,
            "reasoning_tokens": lengths,
            "rechecks": rechecks,
        }
    )
