"""Are a question's longer responses more incoherent than its shorter ones? (paper, claim 2)

Within every question and budget, responses above the question's own median length are compared with those below it; the
change of incoherence comes in three parts, with and without a model.
"""

import argparse
import sys
from pathlib import Path

import hotmess as hm

sys.path.insert(0, str(Path(__file__).parent))
from main_report import language_models

HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="tables or logs (default: data/)")
    parser.add_argument("--where", help="SQL condition on the rows")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--figure", type=Path, help="also save the figure here")
    parser.add_argument("--out", type=Path, default=HERE / "reports" / "natural-overthinking")
    args = parser.parse_args()

    responses = hm.read(args.files, where=args.where) if args.files else language_models(args.where)
    study = hm.Study(responses, seed=1, draws=args.draws)
    print("With a model (posterior medians, 90% intervals):")
    print(study.contrast.summary().round(3).to_string(index=False))
    print("Without a model (unbiased estimator, Bayesian bootstrap over questions):")
    print(study.unbiased_contrast.summary().round(3).to_string(index=False))
    if args.figure:
        args.figure.parent.mkdir(parents=True, exist_ok=True)
        hm.plot.natural_contrast(study.contrast, study.unbiased_contrast).flat[0].figure.savefig(args.figure)
    print(hm.test("natural-overthinking", study).sentence)
    print(hm.report(study, to=args.out, claims=["natural-overthinking"]))


if __name__ == "__main__":
    main()
