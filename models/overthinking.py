"""Natural against budgeted overthinking: the joint temperature model, effects side by side (paper, claims 2 and 3).

Longer responses within a budget are an association, budgets an intervention. Budgets are compared by assignment first;
the joint model gives every response a temperature that moves with its natural length and with the tokens its budget
spends, and reports the change of logit incoherence, of accuracy and of log temperature per doubling of tokens.
"""

import argparse
from pathlib import Path

import hotmess as hm

HERE = Path(__file__).resolve().parents[1]
CLAIMS = [
    "answers-get-hotter-with-length",
    "natural-exceeds-budget",
    "budget-lowers-incoherence",
    "natural-overthinking",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="tables or logs (default: data/)")
    parser.add_argument("--where", help="SQL condition on the rows")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--nuts", action="store_true", help="fit by NUTS too, and print its table")
    parser.add_argument("--out", type=Path, default=HERE / "reports" / "overthinking")
    args = parser.parse_args()

    responses = hm.read(args.files or sorted((HERE / "data").glob("*.parquet")), where=args.where)
    study = hm.Study(responses, seed=1, draws=args.draws)
    verdicts = [hm.test(claim, study) for claim in CLAIMS]
    for verdict in verdicts:
        print(verdict.sentence)
    try:
        print(study.temperature.summary().round(3).to_string(index=False))
        if args.nuts:
            from hotmess.temperature.fit import fit_lengths

            slow = fit_lengths(responses, engine="nuts", pool=True, seed=1, draws=args.draws)
            failed = [f"{reason}; more draws may cure it (--draws)" for reason in slow.gate.reasons]
            print(*failed, slow.summary().round(3).to_string(index=False), sep="\n")
    except hm.NotTestable as reason:
        print(reason)
    print(hm.report([study, *verdicts], to=args.out))


if __name__ == "__main__":
    main()
