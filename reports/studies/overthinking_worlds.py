"""Recovery of natural and budgeted overthinking by the temperature model, world by world.

    python reports/studies/overthinking_worlds.py --sets 100          # resumes where it stopped
    python reports/studies/overthinking_worlds.py --summary           # writes the table alone

Every data set: 100 questions, 3 budgets, 30 responses each, one model; the fast engine, its Pareto k recorded. The
truth is that of `hotmess.simulate`; coverage is of 90% intervals. A statement is supported where P > 0.975 for
questions like these and P > 0.5 for these questions; fits whose k is 0.7 or more are counted as untrusted.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
ROWS = HERE / "overthinking_worlds.jsonl"
TABLE = HERE / "overthinking_worlds.md"
ESTIMANDS = {  # statement: (truth, sign)
    "natural-overthinking": ("beta_nat", 1),
    "answers-get-hotter-with-length": ("gamma_nat", 1),
    "budget-lowers-incoherence": ("beta_bud", -1),
    "natural-exceeds-budget": ("exceeds", 1),
}


def one(world: str, seed: int) -> dict[str, object]:
    """Fit one data set and record every statement's posterior beside its truth."""
    from hotmess.overthinking.fit import fit_lengths
    from hotmess.overthinking.statements import STATEMENTS
    from hotmess.simulate import simulate

    data = simulate(world, seed=seed)
    fit = fit_lengths(data.table, engine="fast", seed=seed, draws=200)
    record: dict[str, object] = {"world": world, "seed": seed, "pareto_k": round(fit.tree.attrs["pareto_k"], 3)}
    record["effective"] = round(fit.tree.attrs["effective"])
    for name, statement in STATEMENTS.items():
        truth, sign = ESTIMANDS[name]
        for population, suffix in (("like-these", ""), ("these", "_these")):
            x = statement(fit, population).draws.ravel()
            low, middle, high = np.quantile(x, [0.05, 0.5, 0.95])
            true = sign * data.truth.get(truth + suffix, math.nan)
            record[f"{name}|{population}"] = [round(float(v), 5) for v in (true, middle, low, high, (x > 0).mean())]
    return record


def summarise() -> None:
    """One row per world and statement: truth, mean estimate, coverage, rates of the verdicts."""
    records = [json.loads(line) for line in ROWS.read_text().splitlines()]
    by_world: dict[str, list[dict[str, object]]] = defaultdict(list)
    for record in records:
        by_world[str(record["world"])].append(record)
    lines = [
        "# Overthinking: recovery in worlds with known truth",
        "",
        "Made by `python reports/studies/overthinking_worlds.py`; 100 questions, 3 budgets, 30 responses, one model;",
        "fast engine. Truth and estimates for questions like these; coverage of 90% intervals for questions like these",
        "and for these questions; rates among data sets whose Pareto k is below 0.7 (the others are `untrusted`).",
        "",
        "| world | statement | truth | mean estimate | coverage like these | coverage these | supported | contradicted "
        "| data sets | untrusted |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for world, rows in by_world.items():
        good = [r for r in rows if float(r["pareto_k"]) < 0.7]  # type: ignore[arg-type]
        for name in ESTIMANDS:
            like, these = (np.array([r[f"{name}|{p}"] for r in good], float) for p in ("like-these", "these"))
            if not len(like):
                continue
            cover = [np.mean((x[:, 2] <= x[:, 0]) & (x[:, 0] <= x[:, 3])) for x in (like, these)]
            supported = np.mean((like[:, 4] > 0.975) & (these[:, 4] > 0.5))
            contradicted = np.mean((like[:, 4] < 0.025) & (these[:, 4] < 0.5))
            numbers = [like[:, 0].mean(), like[:, 1].mean()]
            lines.append(
                f"| {world} | {name} | {numbers[0]:+.3f} | {numbers[1]:+.3f} | {cover[0]:.2f} | {cover[1]:.2f} "
                f"| {supported:.2f} | {contradicted:.2f} | {len(good)} | {len(rows) - len(good)} |"
            )
    TABLE.write_text("\n".join(lines) + "\n")


def main() -> None:
    """Run the missing data sets, worlds in turn, then write the table."""
    from hotmess.simulate import WORLDS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=100, help="data sets per world")
    parser.add_argument("--worlds", nargs="*", help="worlds (default: all with lengths and budgets)")
    parser.add_argument("--summary", action="store_true", help="write the table from what has run")
    args = parser.parse_args()
    if not args.summary:
        worlds = args.worlds or [name for name, recipe in WORLDS.items() if recipe.kind == "overthinking"]
        done = set()
        if ROWS.exists():
            done = {(r["world"], r["seed"]) for r in map(json.loads, ROWS.read_text().splitlines())}
        for seed in range(args.sets):
            for world in worlds:
                if (world, seed) not in done:
                    with ROWS.open("a") as file:
                        file.write(json.dumps(one(world, seed)) + "\n")
    summarise()


if __name__ == "__main__":
    main()
