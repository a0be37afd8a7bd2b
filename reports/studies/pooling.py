"""Study: on real responses, does pooling over models and benchmarks help where there are 3 samples per question?

    python reports/studies/pooling.py

Chain-of-thought responses of seven sizes of Qwen2.5 to aqua, arc_challenge and openbookqa, 20 per question, are thinned
to 3 five times. The hierarchical latent estimate of each model's incoherence on each benchmark, and the unbiased
estimate from the same 3 responses, are compared with the unbiased value from the other 17. Beside them the latent
estimate of each cell on its own, which pools over questions only.

The responses are looked for in `--shared` (default: the repository's sibling folder `shared/data`). Writes
`pooling.json` and `pooling.md` beside itself.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses

HERE = Path(__file__).resolve().parent
FILE = "cot-scaling-qwen2.5.parquet"
WHERE = "condition = 'cot' AND benchmark IN ('aqua', 'arc_challenge', 'openbookqa')"
FORMULA = "benchmark + log(model_size_b)"
BY = ["benchmark", "model"]
CELL = ["benchmark", "model", "question", "condition", "budget"]
KEEP = 3


def thin(responses: Responses, *, seed: int, keep: int = KEEP) -> tuple[Responses, Responses]:
    """`keep` random responses of every cell, and the others."""
    table = responses.table
    order = np.random.default_rng(seed).permutation(len(table))
    rank = table.iloc[order].groupby(CELL, observed=True, sort=False).cumcount()
    chosen = (rank < keep).reindex(table.index).to_numpy()
    return tuple(replace(responses, table=table[rows].reset_index(drop=True)) for rows in (chosen, ~chosen))  # type: ignore[return-value]


def unbiased_incoherence(responses: Responses) -> pd.Series:
    """Ratio of sums of the unbiased terms, by benchmark and model."""
    from hotmess.decompose.squared import unbiased
    from hotmess.responses.cells import reduce

    cells = reduce(responses)
    terms = unbiased(cells.points)
    sums = cells.table[BY].assign(v=terms.variance, e=terms.error).groupby(BY, observed=True)[["v", "e"]].sum()
    return sums["v"] / sums["e"]


def compare(
    responses: Responses, *, seed: int, draws: int = 500, warmup: int = 500
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """One thinning: a table of estimates by cell, and the diagnostics of the pooled fit."""
    import hotmess as hm

    few, rest = thin(responses, seed=seed)
    pooled = hm.fit(few, FORMULA, seed=seed, draws=draws, warmup=warmup, pointwise=False)
    alone = hm.fit(few, seed=seed, draws=draws, pointwise=False)
    table = pooled.incoherence(BY, population="these").set_index(BY)[["incoherence", "reliable"]]
    table = table.rename(columns={"incoherence": "pooled"})
    table["alone"] = alone.incoherence(BY, population="these").set_index(BY)["incoherence"]
    table["unbiased"] = unbiased_incoherence(few)
    table["held_out"] = unbiased_incoherence(rest)
    values = [v for v in pooled.gate.values.values() if np.isfinite(v[0])]
    gate = {
        "passed": pooled.gate.passed,
        "rhat": max(v[0] for v in values),
        "ess": min(min(v[1:]) for v in values),
        "divergences": pooled.gate.divergences,
        "reasons": list(pooled.gate.reasons[:3]),
    }
    return table.reset_index(), gate


def summarise(tables: list[pd.DataFrame]) -> dict[str, dict[str, float]]:
    """Root mean square and mean error of each estimate; the mean's standard error over cells (models × benchmarks)."""
    import pandas as pd

    every = pd.concat(tables)
    out = {}
    for name in ("pooled", "alone", "unbiased"):
        off = every[name] - every["held_out"]
        cell = off.groupby([every[c] for c in BY]).mean()
        out[name] = {
            "rmse": float(np.sqrt((off**2).mean())),
            "mean_error": float(off.mean()),
            "standard_error": float(cell.std() / np.sqrt(len(cell))),
        }
    return out


def met(summary: dict[str, dict[str, float]]) -> tuple[bool, bool]:
    """Whether pooling is nearer than no model, and whether its mean error is under 0.01 + 2 standard errors."""
    pooled = summary["pooled"]
    return (
        pooled["rmse"] < summary["unbiased"]["rmse"],
        abs(pooled["mean_error"]) < 0.01 + 2 * pooled["standard_error"],
    )


def markdown(result: dict[str, Any]) -> str:
    names = {"pooled": "latent, pooled by formula", "alone": "latent, each cell alone", "unbiased": "unbiased"}
    lines = [
        "# Pooling with 3 samples per question",
        "",
        f"`{result['command']}`, {result['date']}. {result['cells']} cells (seven sizes of Qwen2.5 on aqua, "
        f"arc_challenge and openbookqa, 100 questions each), {len(result['gates'])} random thinnings to {KEEP} of 20 "
        "responses. Errors of incoherence against the unbiased value from the other 17 responses, whose own noise is "
        "part of every row.",
        "",
        "| estimate from 3 | root mean square error | mean error | standard error of the mean over cells |",
        "|---|---:|---:|---:|",
    ]
    for key, name in names.items():
        s = result["summary"][key]
        lines.append(f"| {name} | {s['rmse']:.4f} | {s['mean_error']:+.4f} | {s['standard_error']:.4f} |")
    nearer, centred = met(result["summary"])
    lines += [
        "",
        f"Formula `{FORMULA}`. **Pooled nearer than unbiased: {'yes' if nearer else 'no'}. Mean error of the pooled "
        f"estimate below 0.01 plus two standard errors: {'yes' if centred else 'no'}.**",
        "",
        "| thinning | largest R-hat | smallest effective sample size | divergences | gate |",
        "|---:|---:|---:|---:|---|",
    ]
    for i, g in enumerate(result["gates"]):
        gate = "passed" if g["passed"] else "; ".join(g["reasons"])
        lines.append(f"| {i} | {g['rhat']:.4f} | {g['ess']:.0f} | {g['divergences']} | {gate} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=HERE.parents[2] / "shared" / "data", help="folder of responses")
    parser.add_argument("--thinnings", type=int, default=5)
    parser.add_argument("--draws", type=int, default=500, help="per chain")
    args = parser.parse_args()
    if not (args.shared / FILE).is_file():
        raise SystemExit(f"The responses, {FILE}, are not in {args.shared}; name their folder with --shared.")
    import hotmess as hm

    responses = hm.read(args.shared / FILE, where=WHERE)
    tables, gates = [], []
    for seed in range(args.thinnings):
        table, gate = compare(responses, seed=seed, draws=args.draws, warmup=args.draws)
        tables.append(table)
        gates.append(gate)
        print(f"thinning {seed}: {summarise([table])}, {gate}", file=sys.stderr)
    result = {
        "command": "python reports/studies/pooling.py",
        "date": datetime.date.today().isoformat(),
        "formula": FORMULA,
        "cells": len(tables[0]),
        "summary": summarise(tables),
        "gates": gates,
    }
    (HERE / "pooling.json").write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    (HERE / "pooling.md").write_text(markdown(result))


if __name__ == "__main__":
    main()
