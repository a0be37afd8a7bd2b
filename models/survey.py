"""Are entities judged more intelligent judged more incoherent? (paper, claim 8)

A table of rankings has the columns attribute (intelligence, and incoherence or coherence), rater, entity and rank (1 is
the most), and perhaps group. The published survey's ranks are not at hand: without a file, one of its design is
simulated (60 entities, 5 and 6 raters, a correlation of 0.65), and the output is about that simulation only.
"""

import argparse
import tempfile
from pathlib import Path

import pandas as pd

import hotmess as hm
from hotmess.rankings import simulate_rankings

HERE = Path(__file__).resolve().parents[1]


def simulated(entities: int, rho: float, seed: int) -> pd.DataFrame:
    """A simulated ranking table."""
    made = simulate_rankings(rho, entities=entities, seed=seed)
    rows = [
        (made.attributes[made.attribute[r]], made.raters[r], made.entities[e], place + 1)
        for r, order in enumerate(made.order)
        for place, e in enumerate(order)
    ]
    return pd.DataFrame(rows, columns=["attribute", "rater", "entity", "rank"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="ranking tables (default: a simulated survey)")
    parser.add_argument("--entities", type=int, default=60, help="of the simulated survey")
    parser.add_argument("--rho", type=float, default=0.65, help="of the simulated survey")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE / "reports" / "survey")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        files = args.files
        if not files:
            files = [Path(folder) / "simulated-survey.csv"]
            simulated(args.entities, args.rho, args.seed).to_csv(files[0], index=False)
            print(f"A simulated survey with a correlation of {args.rho:g}; no real ranks were given.")
        study = hm.Study(hm.read(files), seed=args.seed)
    verdict = hm.test("intelligence-and-incoherence-correlate", study)
    print(verdict.sentence)
    print(hm.report([study, verdict], to=args.out))


if __name__ == "__main__":
    main()
