"""Training by teacher forcing on pairs (point, update) that are generated on the device and never stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from hotmess.errors import BadInput
from hotmess.optimizer import checkpoint
from hotmess.optimizer.experiment import Experiment
from hotmess.optimizer.quadratic import Quadratic, descend, random_starts, steepest_step
from hotmess.optimizer.transformer import Shape, Transformer


class Trained(NamedTuple):
    """A trained model, its training losses per chunk and its held-out loss, in nats per token of the update."""

    model: Transformer
    losses: list[float]
    held_out: float


def block_starts(experiment: Experiment, key: jax.Array, block: jax.Array | int, count: int) -> jax.Array:
    """The starts of a block of trajectories: a function of the key and the block's number alone."""
    key = jax.random.fold_in(key, block)
    return random_starts(key, count, dimension=experiment.dimension, spread=experiment.spread)


def pairs(problem: Quadratic, experiment: Experiment, key: jax.Array, step: jax.Array) -> jax.Array:
    """The points (chunk, batch, d) of the training steps `step`, …, `step` + chunk − 1.

    A block is `batch` trajectories; one pass over it takes from each trajectory one point per training step, in random
    order, so that each point is used once per pass. Blocks follow each other, and start again with new orders.
    """
    e = experiment
    visit = step // e.path
    block, first = visit % e.blocks, step % e.path
    path = descend(problem, block_starts(e, key, block, e.batch), steps=e.path - 1, norm=e.norm)
    order = jax.random.permutation(
        jax.random.fold_in(jax.random.fold_in(key, 1_000_003), visit),
        jnp.broadcast_to(jnp.arange(e.path)[:, None], (e.path, e.batch)),
        axis=0,
        independent=True,
    )
    times = jax.lax.dynamic_slice_in_dim(order, first, e.chunk, axis=0)
    return jnp.take_along_axis(path, times[..., None], axis=0)


def held_out_points(problem: Quadratic, experiment: Experiment, key: jax.Array, *, count: int = 2048) -> jax.Array:
    """Points (n, d) of held-out trajectories, n ≤ `count`: one or more random times of each, none seen in training."""
    e = experiment
    trajectories = min(e.trajectories - e.training_trajectories, count)
    starts = block_starts(e, key, e.blocks + 1, trajectories)
    path = descend(problem, starts, steps=e.path - 1, norm=e.norm)
    each = max(count // trajectories, 1)
    times = jax.random.randint(jax.random.fold_in(key, 2_000_003), (each, trajectories), 0, e.path)
    return jnp.take_along_axis(path, times[..., None], axis=0).reshape(-1, e.dimension)


def pair_tokens(problem: Quadratic, experiment: Experiment, x: jax.Array) -> jax.Array:
    """Points (…, d) and their true updates as tokens (…, 2 · encoding length)."""
    code = experiment.encoding
    update = steepest_step(problem, x, experiment.norm)
    return jnp.concatenate([code.encode(x), code.encode(update)], axis=-1)


def token_loss(model: Transformer, tokens: jax.Array, first: int) -> jax.Array:
    """Mean cross-entropy, in nats per token, of predicting tokens `first` and later from those before them."""
    logits = model(tokens[:, :-1], start=first - 1)
    hot = jax.nn.one_hot(tokens[:, first:], logits.shape[-1], dtype=logits.dtype)
    return -jnp.mean(jnp.sum(hot * jax.nn.log_softmax(logits), axis=-1))


def adamw(rate: float, width: int, steps: int, decay: float) -> optax.GradientTransformation:
    """AdamW with gradients clipped to norm 1, a warm-up over 5% of the steps and a cosine to a hundredth of the top."""
    top = rate * (64 / width) ** 0.5
    warm = max(steps // 20, 1)
    schedule = optax.warmup_cosine_decay_schedule(0.0, top, warm, max(steps, warm + 1), top / 100)
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, b2=0.98, weight_decay=decay))


def train(
    problem: Quadratic,
    experiment: Experiment,
    shape: Shape,
    *,
    seed: int,
    folder: str | Path | None = None,
    data_seed: int = 0,
    progress: Callable[[int, float], None] = lambda step, loss: None,
    stop: int | None = None,
) -> Trained:
    """Train one size. With a `folder`, a checkpoint is kept there and an interrupted training goes on from it.

    `seed` and `data_seed` together draw the weights, the training trajectories and their order, which all sizes share;
    `data_seed` alone the held-out trajectories. `stop` ends after that many steps (for trials). Losses after an
    interruption equal those without one.
    """
    e = experiment
    if stop is not None and stop % e.chunk:
        raise BadInput(f"stop = {stop} must be a multiple of chunk = {e.chunk}.")
    data_key = jax.random.PRNGKey(data_seed)
    model = Transformer(shape, vocabulary=e.encoding.vocabulary, length=e.length, key=jax.random.PRNGKey(seed))
    weights, static = eqx.partition(model, eqx.is_array)
    optimizer = adamw(e.rate, shape.width, e.batches, e.decay)
    state = (weights, optimizer.init(weights))
    step, losses = 0, []
    notes = {"seed": seed, "data_seed": data_seed, "experiment": e.record(), "shape": vars(shape)}
    found = checkpoint.load(folder, state) if folder is not None else None
    if folder is not None and found is not None:
        state, read = found
        if any(_plain(notes[k]) != read.get(k) for k in notes):
            raise BadInput(f"The checkpoint {folder} is of another experiment; delete it or choose another folder.")
        step, losses = read["step"], read["losses"]
    order_key = jax.random.fold_in(data_key, seed)
    while step < (e.batches if stop is None else stop):
        points = pairs_jit(problem, e, order_key, jnp.asarray(step))
        state, loss = _advance(state, problem, points, static, e, shape.width)
        step, losses = step + e.chunk, [*losses, float(loss)]
        progress(step, losses[-1])
        if folder is not None:
            checkpoint.save(folder, state, {**notes, "step": step, "losses": losses})
    model = eqx.combine(state[0], static)
    return Trained(model, losses, held_out_loss(model, problem, e, data_seed=data_seed))


@eqx.filter_jit
def _loss_on(model: Transformer, tokens: jax.Array, first: int) -> jax.Array:
    return token_loss(model, tokens, first)


def held_out_loss(model: Transformer, problem: Quadratic, experiment: Experiment, *, data_seed: int = 0) -> float:
    """Teacher-forcing loss on held-out trajectories, in nats per token of the update."""
    points = held_out_points(problem, experiment, jax.random.PRNGKey(data_seed))
    tokens = pair_tokens(problem, experiment, points)
    parts = jnp.array_split(tokens, max(len(tokens) // 512, 1))
    total = sum(float(_loss_on(model, part, experiment.encoding.length)) * len(part) for part in parts)
    return total / len(tokens)


@partial(jax.jit, static_argnames="experiment")
def pairs_jit(problem: Quadratic, experiment: Experiment, key: jax.Array, step: jax.Array) -> jax.Array:
    """`pairs`, compiled once per experiment."""
    return pairs(problem, experiment, key, step)


@eqx.filter_jit
def _advance(
    state: Any, problem: Quadratic, points: jax.Array, static: Any, experiment: Experiment, width: int
) -> tuple[Any, jax.Array]:
    """One chunk of training steps in one compiled loop: the new state and the mean loss."""
    first = experiment.encoding.length
    optimizer = adamw(experiment.rate, width, experiment.batches, experiment.decay)

    def one(state: Any, x: jax.Array) -> tuple[Any, jax.Array]:
        weights, moments = state
        tokens = pair_tokens(problem, experiment, x)
        loss, gradient = jax.value_and_grad(lambda w: token_loss(eqx.combine(w, static), tokens, first))(weights)
        updates, moments = optimizer.update(gradient, moments, weights)
        return (optax.apply_updates(weights, updates), moments), loss

    state, losses = jax.lax.scan(one, state, points)
    return state, jnp.mean(losses)


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
