"""Study: how often each claim is called supported where it is true, at several effect sizes.

    python reports/studies/power.py --sets plan --jobs 2     # resumes where it stopped
    python reports/studies/power.py --summary                # writes the table from what has run

The data sets are those of `verdict_worlds.py`: the worlds of `null_worlds.py` where a claim is true serve here too, and
further effect sizes are added. `--sets` and `--minutes` as in `null_worlds.py`, which also compares a tenth run again
(`--check`). Writes `power.json` and `power.md` beside itself.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import null_worlds  # noqa: E402
import verdict_worlds as worlds  # noqa: E402


def markdown(about: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """The page: per claim the rates of supported by size of the truth."""
    lines = [
        "# Power: verdicts where the claim is true",
        "",
        f"`{about['command']}`, {about['date']}. Rates of *supported* with Monte Carlo standard errors, by the size of "
        "the claim's own estimand in the world; data sets as in `verdict_worlds.py` (natural: 100 questions, 20 "
        "responses, one model; between: 200 questions, 15 responses, one model; sized: 100 questions, 10 responses, "
        "six sizes; scale: 120 questions in three groups, 10 responses, six sizes). *Published*: the procedure a "
        "reader of the paper would follow; what it supports where the claim is false is in `null_worlds.md`. Planned "
        f"are {worlds.ELSEWHERE} data sets or more of each; the number in each row has run so far.",
        "",
        "| claim | world | truth | data sets | supported | contradicted | not testable | published: supported |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for r in sorted(rows, key=lambda r: (list(worlds_order(rows)).index(r["claim"]), r["truth"])):
        n, other = r["sets"], r["published"]
        name = f"{r['world']} ({r['effect']})" if r["effect"] else r["world"]
        lines.append(
            f"| {r['claim']} | {name} | {r['truth']:+.3g} | {n} | {null_worlds.share(r['supported'], n)} ± "
            f"{100 * worlds.error(r['supported'], n):.1f}% | {null_worlds.share(r['contradicted'], n)} "
            f"| {null_worlds.share(r['not testable'], n)} "
            f"| {null_worlds.share(other['supported'], n) if other else '–'} |"
        )
    return "\n".join(lines) + "\n"


def worlds_order(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Claims in the order in which they come."""
    return list(dict.fromkeys(r["claim"] for r in rows))


def write(store: Path, out: Path) -> None:
    """The table of power from the finished data sets."""
    kinds = (*worlds.KINDS, *worlds.POWER)
    rows = [r for r in worlds.rates(worlds.load(store), kinds) if r["true"]]
    about = {"command": "python reports/studies/power.py --sets plan --jobs 2", "date": str(datetime.date.today())}
    (out / "power.json").write_text(json.dumps({**about, "rows": rows}, indent=1, allow_nan=False) + "\n")
    (out / "power.md").write_text(markdown(about, rows))


def main() -> None:
    parser = worlds.options(__doc__)
    args = parser.parse_args()
    if not args.summary:
        sets = null_worlds.wanted(args.sets, worlds.POWER)
        worlds.run(worlds.POWER, sets, jobs=args.jobs, path=args.store, minutes=args.minutes)
    write(args.store, args.out)


if __name__ == "__main__":
    main()
