"""Does a larger imitator of an optimizer lose its bias faster than its variance? (paper, claim 7, appendix B.4)

Reads the committed rollouts (data/optimizer), tests the claim on where they end, fits the hierarchical power law over
sizes, seeds of training and problems at several steps, and writes the exponents beside the paper's and two figures.
`hotmess optimizer train`, then `roll`, make the data.
"""

import argparse
import json
from pathlib import Path

import pandas as pd

import hotmess as hm
from hotmess.errors import BadInput
from hotmess.optimizer.law import fit_law
from hotmess.optimizer.logarithms import logarithms
from hotmess.optimizer.table import figures, loss_floor, plain_records, read_summaries, tidy

HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE / "data" / "optimizer", help="folder of rollout summaries")
    parser.add_argument("--draws", type=int, default=500, help="posterior draws of each of 4 chains")
    parser.add_argument("--out", type=Path, default=HERE / "reports" / "synthetic-optimizer")
    args = parser.parse_args()

    try:
        records = read_summaries(args.data)
    except BadInput as reason:
        raise SystemExit(str(reason)) from None
    table = tidy(records)
    print(table.drop(columns="experiment").round(4).to_string(index=False))
    results = {"table": plain_records(table), "loss": loss_floor(table)}
    print("\nloss = floor + c N^-a: " + ", ".join(f"{k} {v:.3g}" for k, v in results["loss"].items()))
    last = len(records[0]["bias2"]) - 1
    laws = []
    for step in sorted({last // 4, last // 2, last}):
        try:
            data = logarithms(tidy(records, step=step))
        except BadInput as reason:
            print(f"\n{reason}")
            break
        law = fit_law(data, seed=1, draws=args.draws)
        laws.append(law.exponents().assign(step=step, gate="passed" if law.gate.passed else "failed"))
        print("\n".join(data.left_out))
    if laws:
        found = pd.concat(laws, ignore_index=True)
        results["exponents"] = plain_records(found)
        print("\nExponents of 1/N (90% intervals: the mean over seeds and problems, and a new seed on a new problem),")
        print("beside the paper's:\n" + found.round(3).to_string(index=False))
    points = sorted(args.data.glob("*-points.parquet"))
    if points:
        verdict = hm.test("optimizer-bias-falls-faster-than-variance", hm.read(points), seed=1, draws=args.draws)
        results["verdict"] = verdict.record()
        print(f"\n{verdict.sentence}")
    figures(records, args.out)
    (args.out / "results.json").write_text(json.dumps(results, indent=1))
    print(f"\nwrote {args.out}")


if __name__ == "__main__":
    main()
