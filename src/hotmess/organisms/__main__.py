"""`python -m hotmess.organisms`: train the organisms, draw their responses, write the table as it grows."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hotmess.commands.options import seed as whole
from hotmess.errors import BadInput, need
from hotmess.files import whole_file
from hotmess.organisms.expressions import BUDGETS, CONDITIONS, question_set

if TYPE_CHECKING:
    import pandas as pd

QUESTIONS_SEED, EACH, SAMPLES = 20, 30, 30


def main(argv: Sequence[str] | None = None) -> int:
    """Every (seed, size, condition) in turn, smallest first; what is in the table already is not drawn again."""
    parser = argparse.ArgumentParser(prog="python -m hotmess.organisms", description=__doc__)
    parser.add_argument("--out", default="data/organisms/responses.parquet", help="the table of responses")
    parser.add_argument("--checkpoints", default="organism-checkpoints", help="folder of the trained organisms")
    parser.add_argument("--seed", type=whole, action="append", help="seed of training; repeatable (default 0)")
    parser.add_argument("--sizes", type=int, default=8, help="train the smallest so many sizes")
    parser.add_argument("--steps", type=int, help="training steps (default: as in the published table)")
    args = parser.parse_args(argv)
    try:
        for module in ("equinox", "optax"):
            need(module, "optimizer")
        grow(Path(args.out), Path(args.checkpoints), seeds=args.seed or [0], sizes=args.sizes, steps=args.steps)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def grow(out: Path, checkpoints: Path, *, seeds: Sequence[int], sizes: int, steps: int | None = None) -> None:
    """Train and draw what the table lacks, and write the table whole after each organism."""
    import pandas as pd

    from hotmess.organisms.organism import SIZES, Schooling, draw, name_of, parameters, train

    schooling = Schooling() if steps is None else Schooling(steps=steps)
    questions = question_set(QUESTIONS_SEED, each=EACH)
    table = pd.read_parquet(out) if out.is_file() else None
    for seed in seeds:
        for shape in SIZES[:sizes]:
            for condition in CONDITIONS:
                name = name_of(shape, seed)
                if table is not None and ((table["model"] == name) & (table["condition"] == condition)).any():
                    continue
                began = time.perf_counter()
                folder = checkpoints / f"{name}-{condition}"
                model, losses = train(shape, condition, seed=seed, schooling=schooling, folder=folder)
                middle = time.perf_counter()
                parts = [
                    draw(
                        model, questions, budget, samples=SAMPLES, seed=draw_seed(seed, parameters(shape), condition, i)
                    )
                    for i, budget in enumerate(BUDGETS)
                ]
                new = pd.concat(parts, ignore_index=True)
                new.insert(0, "benchmark", "arithmetic modulo 10")
                new.insert(1, "model", name)
                new.insert(2, "family", "organism")
                new.insert(3, "model_size_b", parameters(shape) / 1e9)
                new.insert(4, "condition", condition)
                new["training_loss"] = round(losses[-1], 5)
                table = new if table is None else pd.concat([table, new], ignore_index=True)
                write_table(table, out)
                right = (new["answer"] == new["target"]).mean()
                print(
                    f"{name} {condition}: loss {losses[-1]:.3f}, right {right:.3f}, trained {middle - began:.0f} s, "
                    f"drawn {time.perf_counter() - middle:.0f} s",
                    file=sys.stderr,
                    flush=True,
                )


def draw_seed(seed: int, size: int, condition: str, budget: int) -> int:
    """A seed of its own for every organism and budget: no two draw with the same random numbers."""
    entropy = (seed, size, CONDITIONS.index(condition), budget)
    return int(np.random.SeedSequence(entropy).generate_state(1)[0] >> 1)


def write_table(table: pd.DataFrame, out: Path) -> None:
    """Parquet with small integers and repeated texts stored once; whole or not at all."""
    numbers = ("sample", "answer", "target", "n_choices", "reasoning_tokens", "rechecks")
    small = table.astype(dict.fromkeys(numbers, "int16"))
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(out) as file:
        small.to_parquet(file, compression="zstd", index=False)


if __name__ == "__main__":
    raise SystemExit(main())
