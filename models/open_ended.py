"""Do models that answer in their own words fail the same way every time? (paper, claim 1 on open-ended questions)

Answers in canonical form; latent distributions over an unbounded set of answers; how many distinct wrong answers there
are, and how probable it is that one more response would be a new one.
"""

import argparse
from pathlib import Path

import hotmess as hm
from hotmess.responses.canonical import canonical_answers, math_equivalent

HERE = Path(__file__).resolve().parents[1]
CLAIMS = ["natural-overthinking", "incoherence-rises-with-length"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="tables or logs with columns text and target")
    parser.add_argument("--where", help="SQL condition on the rows")
    parser.add_argument("--form", choices=["math", "text"], default="math", help="canonical form (default: math)")
    parser.add_argument("--verify", action="store_true", help="compare expressions by math-verify too (extra: math)")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--out", type=Path, default=HERE / "reports" / "open-ended")
    args = parser.parse_args()

    responses = hm.read(args.files, where=args.where, outcome="text")
    responses = canonical_answers(responses, args.form, equivalent=math_equivalent if args.verify else None)
    print(responses.notes[-1])
    study = hm.Study(responses, seed=1, draws=args.draws)
    print(study.fit.summary().round(3).to_string(index=False))
    print("Distinct wrong answers per question, and the probability of a new one:")
    print(study.fit.new_answers().round(3).to_string(index=False))
    for claim in CLAIMS:
        print(hm.test(claim, study).sentence)
    print(hm.report(study, to=args.out, claims=CLAIMS))


if __name__ == "__main__":
    main()
