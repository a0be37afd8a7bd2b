"""The temperature model at the paper's size: how long, and how good the draws are.

    python benchmarks/overthinking.py --engine nuts                                    # 448 × 3 × 3 × 30 responses
    python benchmarks/overthinking.py --engine fast --questions 5700 --models 5 --budgets 1
    python benchmarks/overthinking.py --page                                           # the page from what has run

Every run is kept in `reports/benchmarks/overthinking.json`. Simulated responses; prints wall and processor seconds
(compilation included), and the worst R-hat and effective sample size over all parameters, scales and reported effects,
or the fast path's Pareto k and effective draws.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

FOUND = Path(__file__).resolve().parents[1] / "reports" / "benchmarks" / "overthinking.json"


def keep(record: dict[str, Any]) -> None:
    """Add a run."""
    have = json.loads(FOUND.read_text()) if FOUND.exists() else []
    FOUND.write_text(json.dumps([*have, record], indent=1, default=float) + "\n")


def page() -> None:
    """The page of all runs."""
    lines = [
        "# The temperature model at the paper's size",
        "",
        "`python benchmarks/overthinking.py --engine nuts`, and the same with",
        "`--engine fast --questions 5700 --models 5 --budgets 1` (`--draws` is a quarter of the draws below);",
        "2 processors (x86_64), shared: processor seconds tell more than time of day where others waited (load",
        "average). Compilation is included. Target: under 600 s on 2 cores, R-hat below 1.01 and effective sizes above",
        "400 on every parameter, scale and reported effect; for the fast path a Pareto k below 0.7.",
        "",
        "| engine | questions × models × budgets × samples | draws | processor s | wall s | load | said | passed |",
        "|---|---|---:|---:|---:|---:|---|---|",
    ]
    for r in json.loads(FOUND.read_text()):
        size = " × ".join(str(r[k]) for k in ("questions", "models", "budgets", "samples"))
        if r["engine"] == "nuts":
            said = f"R-hat {r['r_hat']:.3f}, ESS {r['ess']:.0f}, {r['divergences']:.0f} divergences"
        else:
            said = f"Pareto k {r['pareto_k']:.2f}, {r['effective']:.0f} effective draws"
        lines.append(
            f"| {r['engine']} | {size} | {r['draws']} | {r['processor_seconds']:.0f} | {r['wall_seconds']:.0f} "
            f"| {r['load']:.0f} | {said} | {'yes' if r['passed'] else 'no'} |"
        )
    FOUND.with_suffix(".md").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Simulate, fit, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="fast", choices=["nuts", "fast"])
    parser.add_argument("--questions", type=int, default=448)
    parser.add_argument("--models", type=int, default=3)
    parser.add_argument("--budgets", type=int, default=3)
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--draws", type=int, default=400, help="of each of 4 chains")
    parser.add_argument("--warmup", type=int, default=200)
    parser.add_argument("--page", action="store_true", help="write the page alone")
    args = parser.parse_args()
    if args.page:
        return page()

    from hotmess.inference.gate import gate_draws
    from hotmess.simulate import simulate
    from hotmess.temperature.fit import fit_lengths

    size = {name: getattr(args, name) for name in ("questions", "models", "budgets", "samples")}
    table = simulate("both", seed=1, **size).table
    wall, processor = time.perf_counter(), time.process_time()
    fit = fit_lengths(table, engine=args.engine, pool=True, seed=1, draws=args.draws, warmup=args.warmup)
    gate = fit.gate
    for kind in ("natural", "budget"):
        if kind in fit.lengths.features:
            for name in ("incoherence", "accuracy", "heat"):
                draws = fit.slopes(kind)[name]
                if args.engine == "nuts":
                    gate = gate & gate_draws({f"{kind} {name} {g}": draws[..., g] for g in range(draws.shape[-1])})
    out = {
        **size,
        "responses": len(table),
        "engine": args.engine,
        "draws": 4 * args.draws,
        "wall_seconds": round(time.perf_counter() - wall, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "load": round(os.getloadavg()[2], 1),
        "passed": gate.passed,
        "reasons": list(gate.reasons[:5]),
    }
    if args.engine == "nuts":
        values = np.array([v for v in gate.values.values() if np.isfinite(v).all()])
        out |= {"r_hat": values[:, 0].max(), "ess": values[:, 1:].min(), "divergences": gate.divergences}
    else:
        out |= {k: fit.data.attrs[k] for k in ("pareto_k", "effective")}
    print(json.dumps(out, indent=1, default=float))
    keep(out)
    page()


if __name__ == "__main__":
    main()
