"""The temperature model at the paper's size: how long, and how good the draws are.

    python benchmarks/overthinking.py --engine nuts                                    # 448 × 3 × 3 × 30 responses
    python benchmarks/overthinking.py --engine fast --questions 5700 --models 5 --budgets 1

Simulated responses; prints wall and processor seconds (compilation included), and the worst R-hat and effective sample
size over all parameters, scales and reported effects, or the fast path's Pareto k and effective draws.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np


def main() -> None:
    """Simulate, fit, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="fast", choices=["nuts", "fast"])
    parser.add_argument("--questions", type=int, default=448)
    parser.add_argument("--models", type=int, default=3)
    parser.add_argument("--budgets", type=int, default=3)
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--draws", type=int, default=250, help="of each of 4 chains")
    parser.add_argument("--warmup", type=int, default=200)
    args = parser.parse_args()

    from hotmess.inference.gate import gate_draws
    from hotmess.overthinking.fit import fit_lengths
    from hotmess.simulate import simulate

    size = {name: getattr(args, name) for name in ("questions", "models", "budgets", "samples")}
    table = simulate("both", seed=1, **size).table
    wall, processor = time.perf_counter(), time.process_time()
    fit = fit_lengths(table, engine=args.engine, pool=True, seed=1, draws=args.draws, warmup=args.warmup)
    gate = fit.gate
    for kind in ("natural", "budget"):
        if kind in fit.data.features:
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
        "passed": gate.passed,
        "reasons": list(gate.reasons[:5]),
    }
    if args.engine == "nuts":
        values = np.array([v for v in gate.values.values() if np.isfinite(v).all()])
        out |= {"r_hat": values[:, 0].max(), "ess": values[:, 1:].min(), "divergences": gate.divergences}
    else:
        out |= {k: fit.tree.attrs[k] for k in ("pareto_k", "effective")}
    print(json.dumps(out, indent=1, default=float))


if __name__ == "__main__":
    main()
