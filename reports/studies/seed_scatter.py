"""Study: does the Monte Carlo interval of a claim's probability say how far that probability moves from seed to seed?

    python reports/studies/seed_scatter.py --seeds 16

The claims on the example are tested with seeds 0 to 15, whole: answers, laws and draws are made anew. Of each claim the
score z = Φ⁻¹(P) is compared over seeds: its standard deviation, and the root mean square of what its 95% Monte Carlo
interval says of it, half that interval in z over 1.96. Below 1 the ratio of the two is caution, above it the interval
says too little. Claims whose P is nearly 0 or 1 (|z| > 3.5) are left out: there the score is that of few draws. With 16
seeds a ratio of 1 is found between 0.73 and 1.27 in nine of ten cases. Writes `seed_scatter.json` and `.md` beside
itself.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

HERE = Path(__file__).resolve().parent
FAR = 3.5


def once(seed: int, *, draws: int | None = None, claims: list[str] | None = None) -> dict[str, list[float]]:
    """claim -> P, and the ends of its Monte Carlo interval, of the claims with a verdict."""
    from hotmess.claims.study import Study
    from hotmess.claims.test import test_claims
    from hotmess.examples import example

    study = Study(example(), seed=seed) if draws is None else Study(example(), seed=seed, draws=draws)
    found = {}
    for verdict in test_claims(study, claims, sensitivity=False):
        interval = verdict.guards.get("monte_carlo")
        if interval is not None and verdict.probability is not None:
            found[verdict.claim.name] = [verdict.probability, interval["low"], interval["high"]]
    return found


def summarise(runs: list[dict[str, list[float]]]) -> list[dict[str, Any]]:
    """A row per claim with a probability in every run, away from 0 and 1."""
    rows = []
    for name in runs[0]:
        if not all(name in run for run in runs):
            continue
        p, low, high = np.array([run[name] for run in runs]).T
        z = stats.norm.ppf(np.clip(p, 1e-16, 1 - 1e-16))
        if np.abs(z).max() > FAR:
            continue
        said = (stats.norm.ppf(high) - stats.norm.ppf(low)) / 2 / stats.norm.ppf(0.975)
        scatter, rms = float(z.std(ddof=1)), float(np.sqrt((said**2).mean()))
        row = {"claim": name, "p": float(p.mean()), "sd_p": float(p.std(ddof=1)), "sd_z": scatter, "said": rms}
        rows.append(row | {"ratio": scatter / rms})
    return rows


def page(rows: list[dict[str, Any]], seeds: int) -> str:
    lines = ["# Probabilities from seed to seed", "", "What is compared: see the first lines of `seed_scatter.py`.", ""]
    lines += [f"`python reports/studies/seed_scatter.py --seeds {seeds}`, {datetime.date.today()}", ""]
    lines += ["| claim | P | sd of P | sd of z | Monte Carlo interval says | ratio |", "|---|---:|---:|---:|---:|---:|"]
    for row in rows:
        numbers = f"{row['p']:.3f} | {row['sd_p']:.4f} | {row['sd_z']:.3f} | {row['said']:.3f} | {row['ratio']:.2f}"
        lines.append(f"| {row['claim']} | {numbers} |")
    all_of = float(np.sqrt(np.mean([row["ratio"] ** 2 for row in rows])))
    return "\n".join([*lines, "", f"Root mean square of the ratios: {all_of:.2f}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results (default: beside this script)")
    args = parser.parse_args()
    runs = [once(seed) for seed in range(args.seeds)]
    rows = summarise(runs)
    (args.out / "seed_scatter.json").write_text(json.dumps({"runs": runs, "claims": rows}, indent=1) + "\n")
    (args.out / "seed_scatter.md").write_text(page(rows, args.seeds))
    print(page(rows, args.seeds))


if __name__ == "__main__":
    main()
