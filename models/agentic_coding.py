"""Are coding agents' failures incoherent, and more so in longer runs? (paper, claim 1 on SWE-bench)

Bias² and variance of the vectors of unit tests (coverage), beside all-tests-pass (score); then the law of incoherence
in actions, tokens or time between tasks, with missing lengths named. Needs a column `tests`, a few runs of each task.
"""

import argparse
from pathlib import Path

import hotmess as hm

HERE = Path(__file__).resolve().parents[1]
CLAIMS = ["incoherence-rises-with-length", "natural-overthinking"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="SWE-bench logs, or tables with a column tests")
    parser.add_argument("--where", help="SQL condition on the rows")
    parser.add_argument("--length", help="column of lengths (default: reasoning_tokens, else actions)")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--out", type=Path, default=HERE / "reports" / "agentic-coding")
    args = parser.parse_args()

    for metric in ("score", "coverage"):
        try:
            responses = hm.read(args.files, where=args.where, metric=metric, length=args.length)
        except hm.BadInput as reason:
            print(reason)
            continue
        study = hm.Study(responses, seed=1, draws=args.draws)
        print(f"{metric}, without a model (unbiased):")
        print(hm.decompose(responses, estimator="unbiased", interval=0.9).frame().round(3).to_string(index=False))
        print(f"{metric}, latent {'patterns of tests' if metric == 'coverage' else 'scores'}:")
        print(study.fit.summary(metric=metric).round(3).to_string(index=False))
    for claim in CLAIMS:
        print(hm.test(claim, study).sentence)
    print(hm.report(study, to=args.out, claims=CLAIMS))


if __name__ == "__main__":
    main()
