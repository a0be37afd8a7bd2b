"""Study: do intervals of pass^k, pass@k, flips, agreement and correlation hold, and do bounds beyond the responses?

    python reports/studies/reliability_coverage.py --sets 1000

Worlds: chances of a right answer over questions that are Beta, logit-normal, at 1 and 0.8 only, or at 0.97 and 0.25
only; 30 to 300 questions of 5 or 10 responses. k up to the responses: intervals for questions like these. k beyond
them: bounds, which must hold the truth in 90% of data sets or more. Truth by the mean of 10⁶ draws of chances.

Writes `reliability_coverage.json` and `reliability_coverage.md` beside itself.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
BEYOND = 20


def beta(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.beta(0.9, 0.6, n)


def logit_normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return 1 / (1 + np.exp(-(0.5 + 1.5 * rng.standard_normal(n))))


def strong(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.choice([1.0, 0.8], n)


def mixed(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.choice([0.97, 0.25], n)


@dataclass(frozen=True)
class World:
    """Chances of a right answer, questions, and responses to each."""

    name: str
    chances: Callable[[np.random.Generator, int], np.ndarray]
    questions: int
    samples: int


WORLDS = (
    World("Beta(0.9, 0.6)", beta, 30, 10),
    World("Beta(0.9, 0.6)", beta, 100, 5),
    World("Beta(0.9, 0.6)", beta, 300, 5),
    World("logit-normal", logit_normal, 100, 10),
    World("1 or 0.8", strong, 100, 5),
    World("1 or 0.8", strong, 300, 10),
    World("0.97 or 0.25", mixed, 100, 10),
)


def truths(world: World) -> dict[tuple[str, int | None], float]:
    """quantity, k -> its value."""
    p = world.chances(np.random.default_rng(1), 1_000_000)
    out: dict[tuple[str, int | None], float] = {("accuracy", None): p.mean(), ("flips", None): 2 * (p * (1 - p)).mean()}
    out["agreement", None] = 1 - out["flips", None]
    out["icc", None] = p.var() / (p.mean() * (1 - p.mean()))
    for k in (2, world.samples, BEYOND):
        out["pass^k", k], out["pass@k", k] = (p**k).mean(), 1 - ((1 - p) ** k).mean()
    return out


def one_set(world: World, seed: tuple[int, int]) -> dict[tuple[str, int | None], tuple[float, float]]:
    """quantity, k -> interval or bounds of one data set."""
    from hotmess.responses.validate import validate
    from hotmess.runs.reliability import reliability

    rng = np.random.default_rng(seed)
    p = world.chances(rng, world.questions)
    right = rng.random((world.questions, world.samples)) < p[:, None]
    question, sample = (index.ravel() for index in np.indices(right.shape))
    frame = pd.DataFrame({"model": "m", "question": question, "sample": sample, "score": right.ravel().astype(float)})
    settings: dict[str, Any] = {"k": [2, world.samples, BEYOND], "draws": 1000, "seed": seed[0], "differences": False}
    table = reliability(validate(frame), **settings).table
    rows = zip(table["quantity"], table["k"], table["low"], table["high"])
    return {(name, None if pd.isna(k) else int(k)): (low, high) for name, k, low, high in rows}


def run(world: World, sets: int) -> dict[str, Any]:
    """Coverage of everything in one world."""
    truth = truths(world)
    found = [one_set(world, (seed, WORLDS.index(world))) for seed in range(sets)]
    rows = []
    for (name, k), value in truth.items():
        ends = np.array([one[name, k] for one in found])
        held = float(((ends[:, 0] <= value) & (value <= ends[:, 1])).mean())
        kind = "bounds" if k == BEYOND else "interval"
        rows.append({"quantity": name, "k": k, "truth": float(value), "kind": kind, "coverage": held})
        rows[-1]["median_width"] = float(np.median(ends[:, 1] - ends[:, 0]))
    return {"name": world.name, "questions": world.questions, "samples": world.samples, "rows": rows}


def main() -> None:
    """Run the worlds and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=1000, help="data sets in each world")
    args = parser.parse_args()
    command = f"python reports/studies/reliability_coverage.py --sets {args.sets}"
    results = []
    for world in WORLDS:
        results.append(run(world, args.sets))
        said = [f"{r['quantity']} {r['k'] or ''} {r['coverage']:.3f}" for r in results[-1]["rows"]]
        print(f"{world.name}, {world.questions} × {world.samples}: {', '.join(said)}", flush=True)
    lines = [
        "# Coverage of pass^k and of what is counted by hand",
        "",
        f"`{command}`, {datetime.date.today().isoformat()}. Share of {args.sets} data sets whose 90% interval for "
        "questions like these, or bounds beyond the responses, hold the truth.",
        "",
        "| chances | questions × responses | quantity | k | truth | kind | coverage | median width |",
        "|---|---|---|---:|---:|---|---:|---:|",
    ]
    for one in results:
        where = f"| {one['name']} | {one['questions']} × {one['samples']} "
        for r in one["rows"]:
            lines.append(
                f"{where}| {r['quantity']} | {r['k'] or ''} | {r['truth']:.3f} | {r['kind']} | {r['coverage']:.3f} | "
                f"{r['median_width']:.3f} |"
            )
    (HERE / "reliability_coverage.json").write_text(
        json.dumps({"command": command, "worlds": results}, indent=1) + "\n"
    )
    (HERE / "reliability_coverage.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
