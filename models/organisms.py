"""Bias and variance in a family with real size, length, budget and difficulty, and what error correction changes.

Reads the committed responses of the reasoning organisms (data/organisms): small transformers that calculate modulo 10
on a scratchpad, sampled 30 times per question. `python -m hotmess.organisms` makes them.
"""

import argparse
import json
from pathlib import Path

import hotmess as hm
from hotmess.optimizer.table import plain_records
from hotmess.organisms.contrasts import contrasts, question_terms

HERE = Path(__file__).resolve().parents[1]
BY = (["condition", "model"], ["condition", "model", "budget"], ["condition", "model", "category"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="tables (default: data/organisms/*.parquet)")
    parser.add_argument("--out", type=Path, default=HERE / "reports" / "organisms-tables")
    args = parser.parse_args()

    responses = hm.read(args.files or sorted((HERE / "data" / "organisms").glob("*.parquet")))
    results: dict = {}
    for by in BY:
        found = hm.decompose(responses, by=by, estimator="unbiased", interval=0.9, draws=1000)
        results[" ".join(by)] = found.records
        columns = [*by, "questions", "error", "bias2", "variance", "incoherence", "incoherence_low", "incoherence_high"]
        print(found.frame().sort_values(by)[columns].round(3).to_string(index=False) + "\n")
    table = contrasts(question_terms(responses.table), seed=1)
    print("Changes of incoherence (the same questions on both sides, 90% intervals over questions like these):")
    print(table.round(3).to_string(index=False))
    natural = responses.where("budget = 'natural'")
    verdict = hm.test("intervention-lowers-incoherence", natural, seed=1)
    print(f"\n{verdict.sentence}")
    results["verdict"] = verdict.record()
    args.out.mkdir(parents=True, exist_ok=True)
    results["contrasts"] = plain_records(table)
    (args.out / "results.json").write_text(json.dumps(results, indent=1))
    print(f"\nwrote {args.out}")


if __name__ == "__main__":
    main()
