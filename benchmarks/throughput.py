"""Tokens per second of training and of rollouts: this package's transformer against a plain PyTorch one.

    pip install 'hotmess[optimizer,torch]'
    python benchmarks/throughput.py --depth 2 --width 32 --heads 2

On a machine with other work, give both one thread and count processor time:

    export OMP_NUM_THREADS=1 XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    python benchmarks/throughput.py --clock processor

Both have the same weights, the same tokens, the same optimizer and as many threads as they like, one after the other
on the same machine; the best of several repeats counts, after one that is not counted (compilation). A rollout token is
one of the point's or of the update's, both with a cache of keys and values. Without torch only this package's numbers
are printed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from hotmess.optimizer.experiment import EXPERIMENTS, Experiment
from hotmess.optimizer.quadratic import random_quadratic, random_starts
from hotmess.optimizer.rollout import next_update
from hotmess.optimizer.train import _advance, adamw, pair_tokens, pairs_jit
from hotmess.optimizer.transformer import Shape, Transformer

NAMES = ("qkv", "out", "up", "down", "gain1", "gain2")


CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}


def best(run: Callable[[], Any], repeats: int, clock: str = "wall") -> float:
    """Seconds of the fastest repeat after one that is not counted."""
    run()
    times = []
    for _ in range(repeats):
        began = CLOCKS[clock]()
        run()
        times.append(CLOCKS[clock]() - began)
    return min(times)


def ours(model: Transformer, experiment: Experiment, *, steps: int, repeats: int, clock: str) -> dict[str, float]:
    """Tokens per second with JAX."""
    problem, code = random_quadratic(0, dimension=experiment.dimension), experiment.encoding
    points = pairs_jit(problem, experiment, jax.random.PRNGKey(0), jnp.asarray(0))[:steps]
    weights, static = eqx.partition(model, eqx.is_array)
    width = model.positions.shape[1]
    state = (weights, adamw(experiment.rate, width, experiment.batches, experiment.decay).init(weights))
    x = random_starts(
        jax.random.PRNGKey(1), experiment.starts, dimension=experiment.dimension, spread=experiment.spread
    )
    update = eqx.filter_jit(lambda m, x: next_update(m, code, x))
    train = best(
        lambda: jax.block_until_ready(_advance(state, problem, points, static, experiment, width)[1]), repeats, clock
    )
    roll = best(lambda: update(model, x).block_until_ready(), repeats, clock)
    tokens = 2 * code.length
    return {"train": steps * experiment.batch * tokens / train, "rollout": experiment.starts * tokens / roll}


def theirs(model: Transformer, experiment: Experiment, *, steps: int, repeats: int, clock: str) -> dict[str, float]:
    """Tokens per second with PyTorch, on the GPU where there is one."""
    import torch
    import torch.nn.functional as F

    device = "cuda" if torch.cuda.is_available() else "cpu"
    code = experiment.encoding

    def leaf(a: jax.Array) -> torch.nn.Parameter:
        return torch.nn.Parameter(torch.tensor(np.asarray(a), device=device))

    blocks = [{name: leaf(getattr(b, name)) for name in NAMES} for b in model.blocks]
    top = {name: leaf(getattr(model, name)) for name in ("tokens", "positions", "gain", "readout")}
    heads = model.blocks[0].heads

    def norm(x: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * gain

    def forward(tokens: torch.Tensor, first: int, cache: list | None) -> torch.Tensor:
        h = top["tokens"][tokens] + top["positions"][first : first + tokens.shape[1]]
        for i, p in enumerate(blocks):
            n, t, w = h.shape
            q, k, v = (norm(h, p["gain1"]) @ p["qkv"]).reshape(n, t, 3, heads, w // heads).permute(2, 0, 3, 1, 4)
            if cache is not None:
                if len(cache) > i:
                    k, v = torch.cat([cache[i][0], k], 2), torch.cat([cache[i][1], v], 2)
                    cache[i] = (k, v)
                else:
                    cache.append((k, v))
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=t > 1)
            h = h + mixed.transpose(1, 2).reshape(n, t, w) @ p["out"]
            h = h + F.gelu(norm(h, p["gain2"]) @ p["up"], approximate="tanh") @ p["down"]
        return norm(h, top["gain"]) @ top["readout"]

    problem = random_quadratic(0, dimension=experiment.dimension)
    points = pairs_jit(problem, experiment, jax.random.PRNGKey(0), jnp.asarray(0))[:steps]
    tokens = torch.tensor(np.asarray(pair_tokens(problem, experiment, points)), dtype=torch.long, device=device)
    starts = random_starts(
        jax.random.PRNGKey(1), experiment.starts, dimension=experiment.dimension, spread=experiment.spread
    )
    prompt = torch.tensor(np.asarray(code.encode(starts)), dtype=torch.long, device=device)

    with torch.no_grad():
        same = np.abs(forward(tokens[0, :4, :-1], 0, None).cpu().numpy() - np.asarray(model(pair_head(tokens)))).max()
    if same > 1e-3:
        raise RuntimeError(f"the two implementations differ by {same:.2g} in a logit")
    optimizer = torch.optim.AdamW([*top.values(), *(w for b in blocks for w in b.values())], lr=1e-9)

    def wait() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    def train() -> None:
        for batch in tokens:
            logits = forward(batch[:, :-1], 0, None)[:, code.length - 1 :]
            loss = F.cross_entropy(logits.flatten(0, 1), batch[:, code.length :].flatten())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(top.values(), 1.0)
            optimizer.step()
        wait()

    @torch.no_grad()
    def roll() -> None:
        cache: list = []
        token = forward(prompt, 0, cache)[:, -1:].argmax(-1)
        for position in range(code.length, 2 * code.length - 1):
            token = forward(token, position, cache)[:, -1:].argmax(-1)
        wait()

    each = 2 * code.length
    return {
        "train": steps * experiment.batch * each / best(train, repeats, clock),
        "rollout": experiment.starts * each / best(roll, repeats, clock),
    }


def pair_head(tokens: Any) -> jax.Array:
    """The first four texts of a PyTorch tensor of batches, as the JAX model takes them."""
    return jnp.asarray(tokens[0, :4, :-1].cpu().numpy(), jnp.int32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiment", default="reduced", choices=sorted(EXPERIMENTS))
    parser.add_argument("--depth", type=int, default=2)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--heads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20, help="training steps per repeat")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="wall")
    args = parser.parse_args()
    experiment = EXPERIMENTS[args.experiment]
    shape = Shape(args.depth, args.width, args.heads)
    model = Transformer(
        shape, vocabulary=experiment.encoding.vocabulary, length=experiment.length, key=jax.random.PRNGKey(0)
    )
    record: dict[str, Any] = {"experiment": experiment.name, "parameters": experiment.parameters(shape)}
    record |= {"clock": args.clock, "jax": jax.__version__, "device": jax.devices()[0].platform}
    settings: dict[str, Any] = {"steps": args.steps, "repeats": args.repeats, "clock": args.clock}
    record["hotmess"] = ours(model, experiment, **settings)
    try:
        record["torch"] = theirs(model, experiment, **settings)
    except ImportError:
        record["torch"] = "not installed: pip install hotmess[torch]"
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
