"""Study: intervals for these questions where responses share few-shot contexts, counted for what they are worth.

    python reports/studies/context_worth.py --sets 24

The world `contexts` of `hotmess.simulate`: ten contexts of three responses, each about its question's own answers
(concentration 4, so that a fifth of the variance lies between contexts). 90% intervals of bias², variance and
incoherence of the questions themselves, by `hotmess.fit`, and by the same fit with all responses taken for independent.
Writes `context_worth.json` and `context_worth.md` beside itself.
"""

from __future__ import annotations

import argparse
import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

HERE = Path(__file__).resolve().parent
NAMES = ("bias2", "variance", "incoherence")


def inside(seed: int, questions: int) -> np.ndarray:
    """(2, 3) whether 90% intervals hold the truth: counted for what they are worth, and as independent."""
    import hotmess as hm
    from hotmess.answers import posterior
    from hotmess.responses.validate import validate
    from hotmess.simulate import simulate

    world = simulate("contexts", seed=seed, questions=questions)
    truth = [world.truth[f"{name}_these"] for name in NAMES]
    fit = hm.fit(validate(world.table), seed=seed, draws=100)

    def held(one: Any) -> list[bool]:
        row = one.summary([], population="these", interval=0.9).iloc[0]
        return [row[f"{n}_low"] <= t <= row[f"{n}_high"] for n, t in zip(NAMES, truth)]

    counted = held(fit)
    with mock.patch.object(posterior, "worth", lambda letters, cells, group: letters):
        return np.array([counted, held(replace(fit, made={}))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=100, help="data sets (default 100)")
    parser.add_argument("--questions", type=int, default=300, help="questions in each (default 300)")
    args = parser.parse_args()
    total = np.sum([inside(seed, args.questions) for seed in range(args.sets)], axis=0).tolist()
    command = f"python reports/studies/context_worth.py --sets {args.sets} --questions {args.questions}"
    about = {"command": command, "date": datetime.date.today().isoformat(), "sets": args.sets, "held": total}
    (HERE / "context_worth.json").write_text(json.dumps(about, indent=1) + "\n")
    ways = ("counted for what they are worth", "taken for independent")
    rows = [f"| {way} | {' | '.join(f'{n} of {args.sets}' for n in held)} |" for way, held in zip(ways, total)]
    lines = [
        "# These questions under few-shot contexts",
        "",
        f"`{command}`, {about['date']}, seeds from 0. {args.questions} questions, ten contexts of three responses, a "
        "fifth of the variance between contexts. How many 90% intervals for these questions held the truth:",
        "",
        "| responses of one context | bias² | variance | incoherence |",
        "|---|---:|---:|---:|",
        *rows,
    ]
    (HERE / "context_worth.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
