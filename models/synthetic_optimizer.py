"""Does a larger imitator of an optimizer lose its bias faster than its variance? (paper, claim 7, appendix B.4)

Reads the committed rollout summaries (data/optimizer), fits the hierarchical power law over sizes, seeds of training
and problems, and writes the table, the exponents and two figures. `hotmess optimizer train`, then `roll`, make them.
"""

import argparse
import json
from pathlib import Path

from hotmess.errors import BadInput
from hotmess.optimizer.law import exponents, falls_faster, fit_law, law_data, sentence
from hotmess.optimizer.table import figures, loss_floor, plain_records, read_summaries, tidy

HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE / "data" / "optimizer", help="folder of rollout summaries")
    parser.add_argument("--draws", type=int, default=1000)
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
    trainings = len(set(zip(table["problem"], table["seed"])))
    try:
        data = law_data(table)
        if trainings < 3:
            raise BadInput(f"{trainings} trainings of all sizes are too few for a law over seeds and problems.")
        tree = fit_law(data, seed=1, draws=args.draws)
        found = exponents(tree)
        draws, gate = falls_faster(tree)
        said = sentence(draws, table["size"].tolist(), problems=table["problem"].nunique(), trainings=trainings)
        print("\nExponents of 1/N (90% intervals), and the paper's:\n" + found.round(3).to_string(index=False))
        print(said)
        print("\n".join([*gate.reasons, *data.left_out]))
        results |= {"exponents": plain_records(found), "sentence": said, "gate": list(gate.reasons)}
        results["left_out"] = list(data.left_out)
    except BadInput as reason:
        print(f"\n{reason}")
    figures(records, args.out)
    (args.out / "results.json").write_text(json.dumps(results, indent=1))
    print(f"\nwrote {args.out}")


if __name__ == "__main__":
    main()
