"""Do questions that take longer responses have more incoherent errors? (paper, claim 1)

Questions are sorted by mean length into bins; the odds law logit I = c + beta log L and the paper's power law
I ∝ L^alpha are fitted to the bins' posterior incoherences, with one level and slope per model and budget.
"""

import argparse
from pathlib import Path

import hotmess as hm

HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="tables or logs (default: data/)")
    parser.add_argument("--where", help="SQL condition on the rows")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--out", type=Path, default=HERE / "reports" / "reasoning-length")
    args = parser.parse_args()

    responses = hm.read(args.files or sorted((HERE / "data").glob("*.parquet")), where=args.where)
    study = hm.Study(responses, seed=1, draws=args.draws)
    for shape in ("odds", "power"):
        print(f"Slopes of the {shape} law (medians, 90% intervals):")
        print(study.length_law.summary(shape).round(3).to_string(index=False))
    print(hm.test("incoherence-rises-with-length", study).sentence)
    print(hm.report(study, to=args.out, claims=["incoherence-rises-with-length"]))


if __name__ == "__main__":
    main()
