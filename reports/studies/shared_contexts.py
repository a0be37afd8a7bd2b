"""Few-shot contexts that questions share: are intervals of levels for questions like these as wide as they must be?

    python reports/studies/shared_contexts.py --sets 200      # about 9 minutes of processor time
    python reports/studies/shared_contexts.py --sets 3 --out DIR

One model; 10 contexts of 3 responses each; answers among four options, right with logit(p) = b_q + c_k, b ~
Normal(0.5, 1.5), c ~ Normal(0, 0.5) the same for all questions (*crossed*) or anew for each (*nested*). 90% intervals
of incoherence and of mean error for questions like these, with context effects in the weights
(`hotmess.answers.shared_contexts`) and with weights on questions alone, against the expectation over questions and
contexts.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
CONTEXTS, REPEATS, OPTIONS = 10, 3, 4
SD = 0.5
SIZES = (200, 1000)
NAMES = ("incoherence", "error")


def truth(seed: int = 0, size: int = 4000) -> np.ndarray:
    """(2,) incoherence and mean error over all questions and contexts."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-(rng.normal(0.5, 1.5, size)[:, None] + rng.normal(0, SD, size))))
    right = p.mean(axis=1)
    error = 2 * (1 - right)
    bias2 = (1 - right) ** 2 * (1 + 1 / (OPTIONS - 1))  # wrong answers are spread evenly
    return np.array([1 - bias2.sum() / error.sum(), error.mean()])


def table(questions: int, crossed: bool, seed: int) -> pd.DataFrame:
    """A data set."""
    rng = np.random.default_rng([seed, questions, crossed])
    context = rng.normal(0, SD, CONTEXTS if crossed else (questions, CONTEXTS))
    p = 1 / (1 + np.exp(-(rng.normal(0.5, 1.5, questions)[:, None] + context)))
    shape = (questions, CONTEXTS, REPEATS)
    answer = np.where(rng.random(shape) < p[..., None], 0, rng.integers(1, OPTIONS, shape))
    q, k, _ = (i.ravel() for i in np.indices(shape))
    letters = np.array(list("ABCD"))[answer.ravel()]
    return pd.DataFrame({"question": q, "context": k, "answer": letters}).assign(model="m", target="A", n_choices=4)


def intervals(questions: int, crossed: bool, seed: int) -> np.ndarray:
    """(with context effects or without, incoherence or error, low or high)."""
    import hotmess as hm
    from hotmess.statements.means import SetMeans, incoherence

    fit = hm.fit(hm.read(table(questions, crossed, seed)), draws=100, seed=seed, pointwise=False)

    def both(means: np.ndarray) -> np.ndarray:
        return np.concatenate([incoherence(means), means[..., 0]], axis=-1)

    def ends(means: SetMeans) -> np.ndarray:
        return np.quantile(means.settle(both, ["logit", "log"]).draws, [0.05, 0.95], axis=0).T

    return np.stack([ends(fit.statement()), ends(fit.bootstrap().means(np.zeros(len(fit.cells), int)))])


def run(sets: int, sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """A row for each world, size, way and quantity."""
    target, rows = truth(), []
    for crossed in (True, False):
        for questions in sizes:
            found = np.stack([intervals(questions, crossed, seed) for seed in range(sets)])
            held = (found[..., 0] < target) & (target < found[..., 1])
            for w, way in enumerate(("contexts and questions", "questions alone")):
                for i, name in enumerate(NAMES):
                    width = float(np.diff(found[:, w, i]).mean())
                    row = {"world": "crossed" if crossed else "nested", "questions": questions, "weights": way}
                    rows.append(row | {"quantity": name, "coverage": float(held[:, w, i].mean()), "width": width})
    return rows


def page(rows: list[dict[str, Any]], sets: int, seconds: float) -> str:
    """The results as Markdown."""
    lines = [
        "# Few-shot contexts that questions share",
        "",
        f"`python reports/studies/shared_contexts.py --sets {sets}`, {datetime.date.today().isoformat()}, seeds from "
        f"0, {seconds / 60:.0f} minutes of processor time. What was done stands at the head of that file. Monte Carlo "
        f"standard error of a coverage of 90%: {100 * np.sqrt(0.09 / sets):.1f}%.",
        "",
        "| contexts | questions | weights on | quantity | 90% interval holds the truth | its width |",
        "|---|--:|---|---|--:|--:|",
    ]
    for r in rows:
        lines.append(
            f"| {r['world']} | {r['questions']:,} | {r['weights']} | {r['quantity']} | {r['coverage']:.1%} "
            f"| {r['width']:.3f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--out", type=Path, default=HERE)
    args = parser.parse_args()
    began = time.process_time()
    rows = run(args.sets)
    (args.out / "shared_contexts.json").write_text(json.dumps({"sets": args.sets, "rows": rows}, indent=1) + "\n")
    (args.out / "shared_contexts.md").write_text(page(rows, args.sets, time.process_time() - began))


if __name__ == "__main__":
    main()
