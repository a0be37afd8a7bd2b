"""The main job: every claim tested on the responses in data/, and the report in reports/main/report.html."""

import argparse
from pathlib import Path

import hotmess as hm

HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500, help="posterior draws of each of 4 chains")
    parser.add_argument("--out", type=Path, default=HERE / "reports" / "main")
    args = parser.parse_args()
    responses = hm.read(sorted((HERE / "data").glob("*.parquet")))
    page = hm.report(responses, to=args.out, draws=args.draws, seed=1)
    print(page)


if __name__ == "__main__":
    main()
