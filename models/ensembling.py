"""Does averaging E answers divide variance by E, and what would 8 samples buy? (paper, claim 6)

Disjoint ensembles of real responses, in the order in which they were drawn, beside the closed forms of the latent
answer distributions: averages, majority votes, and the error that no resampling removes.
"""

import argparse
from pathlib import Path

import hotmess as hm

HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="tables or logs (default: data/)")
    parser.add_argument("--where", help="SQL condition on the rows")
    parser.add_argument("--sizes", type=int, nargs="+", default=[2, 8])
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--out", type=Path, default=HERE / "reports" / "ensembling")
    args = parser.parse_args()

    responses = hm.read(args.files or sorted((HERE / "data").glob("*.parquet")), where=args.where)
    study = hm.Study(responses, seed=1, draws=args.draws)
    table = hm.ensembles.ensemble_table(study.fit, sizes=args.sizes)
    print("From the latent answer distributions (accuracy of votes; Brier terms of averages):")
    print(table[["model", "size", "accuracy", "error", "bias2", "variance"]].round(3).to_string(index=False))
    print("Disjoint ensembles of real responses (unbiased):")
    print(hm.plot.real_ensembles_table(hm.ensembles.real_ensembles(responses)).round(3).to_string(index=False))
    print(hm.test("ensembling-divides-variance", study).sentence)
    print(hm.report(study, to=args.out, claims=["ensembling-divides-variance"]))


if __name__ == "__main__":
    main()
