"""Natural against budgeted overthinking: the joint temperature model, effects side by side (paper, claims 2 and 3).

Longer responses within a budget are an association, budgets an intervention. The model gives every response a
temperature that moves with its natural length and with the tokens its budget spends, and reports the change of logit
incoherence, of accuracy and of log temperature per doubling of tokens.
"""

import argparse
from pathlib import Path

import hotmess as hm
from hotmess.overthinking.fit import fit_lengths
from hotmess.overthinking.statements import STATEMENTS

HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="tables or logs (default: data/)")
    parser.add_argument("--where", help="SQL condition on the rows")
    parser.add_argument("--engine", default="nuts", choices=["nuts", "fast"])
    parser.add_argument("--draws", type=int, default=400, help="posterior draws of each of 4 chains")
    args = parser.parse_args()

    responses = hm.read(args.files or sorted((HERE / "data").glob("*.parquet")), where=args.where)
    fit = fit_lengths(responses, engine=args.engine, draws=args.draws, seed=1)
    print(*fit.notes, *fit.gate.reasons, sep="\n")
    print(fit.summary().round(3).to_string(index=False))
    for name, statement in STATEMENTS.items():
        try:
            like, these = (float((statement(fit, p).draws > 0).mean()) for p in ("like-these", "these"))
        except hm.NotTestable as reason:
            print(f"{name}: {reason}")
        else:
            print(f"{name}: P = {like:.3f} for questions like these, {these:.3f} for these questions")


if __name__ == "__main__":
    main()
