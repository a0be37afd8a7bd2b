"""Few-shot contexts: do intervals of levels, differences and slopes hold the truth, for both populations of questions?

    python reports/studies/shared_contexts.py --sets 160      # about 5 minutes of processor time
    python reports/studies/shared_contexts.py --sets 3 --out DIR

Four models of 1, 4, 16 and 64 billion parameters; 10 contexts of 3 responses each, or of one (the paper's own
protocol); answers among four options, right with logit(p) = a_m + b_q + c_k + c_mk: a from 0 to 1.2, b ~ Normal(0.3,
1.5), c_k ~ Normal(0, 0.4) the same for all models, c_mk ~ Normal(0, 0.3) a model's own; contexts the same for all
questions (*crossed*) or a question's own, each with a name of its own (*nested*) or with names that other questions'
have too (*nested, names used again*). 90% intervals of incoherence and mean error of the smallest model,
of the difference between the largest and the smallest, and of the slope of log(variance / bias²) in log size among
these models (`hotmess.statements.pseudo`), about questions like these and about these questions, with what contexts do
to all questions at once (`hotmess.decompose.context_scatter`) and without, against expectations over contexts, and for
questions like these over questions.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
CONTEXTS, OPTIONS = 10, 4
SIZES, ABILITY = np.array([1.0, 4.0, 16.0, 64.0]), np.array([0.0, 0.4, 0.8, 1.2])
COMMON, OWN, QUESTIONS = 0.4, 0.3, 1.5
NAMES = ("incoherence", "error", "difference of incoherence", "difference of error", "slope")
POPULATIONS = ("like-these", "these")
WAYS = ("with contexts", "without")
WORLDS = (("crossed", 3), ("crossed", 1), ("nested", 3), ("nested", 1), ("nested, names used again", 3))
"""Contexts, and responses of each."""


def quantities(means: np.ndarray) -> np.ndarray:
    """(…, 5) of means (…, models, 3) of error, bias² and variance."""
    from hotmess.statements.means import incoherence
    from hotmess.statements.pseudo import poisson_slope

    i, error, x = incoherence(means), means[..., 0], np.log(SIZES)
    slope = poisson_slope(means[..., 2], x) - poisson_slope(means[..., 1], x)
    return np.stack([i[..., 0], error[..., 0], i[..., -1] - i[..., 0], error[..., -1] - error[..., 0], slope], axis=-1)


def truth(questions: np.ndarray) -> np.ndarray:
    """(5,) over all contexts, of questions b."""
    at, weight = np.polynomial.hermite_e.hermegauss(21)
    logit = ABILITY[:, None, None] + questions[:, None] + np.hypot(COMMON, OWN) * at
    wrong = 1 - (1 / (1 + np.exp(-logit))) @ (weight / weight.sum())
    bias2 = wrong**2 * OPTIONS / (OPTIONS - 1)  # wrong answers are spread evenly
    return quantities(np.stack([2 * wrong, bias2, 2 * wrong - bias2], axis=-1).mean(axis=1))


def of_all() -> np.ndarray:
    """(5,) over all questions and contexts."""
    return truth(np.random.default_rng(0).normal(0.3, QUESTIONS, 200_000))


def table(questions: int, contexts: str, repeats: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """A data set, and (5,) the truth about its questions."""
    crossed, again = contexts == "crossed", contexts.endswith("again")
    rng = np.random.default_rng([seed, questions, crossed, repeats])
    b, models, asked = rng.normal(0.3, QUESTIONS, questions), len(SIZES), 1 if crossed else questions
    context = COMMON * rng.normal(size=(1, asked, CONTEXTS)) + OWN * rng.normal(size=(models, asked, CONTEXTS))
    p = 1 / (1 + np.exp(-(ABILITY[:, None, None] + b[:, None] + context)))
    shape = (models, questions, CONTEXTS, repeats)
    answer = np.where(rng.random(shape) < p[..., None], 0, rng.integers(1, OPTIONS, shape))
    m, q, k, _ = (i.ravel() for i in np.indices(shape))
    frame = pd.DataFrame({"model": m, "question": q, "context": k if crossed or again else q * CONTEXTS + k})
    letters = np.array(list("ABCD"))[answer.ravel()]
    frame = frame.assign(model=np.char.add("m", m.astype(str)), answer=letters, target="A", n_choices=OPTIONS)
    return frame, truth(b)


def intervals(frame: pd.DataFrame, seed: int) -> np.ndarray:
    """(population, with contexts or without, quantity, low or high)."""
    import hotmess as hm
    from hotmess.answers.fit_sets import aggregated
    from hotmess.statements.means import SetMeans

    fit = hm.fit(hm.read(frame), draws=250, seed=seed, pointwise=False)
    model = fit.cells.table["model"].str[1:].to_numpy(int)

    def like_these(means: SetMeans) -> np.ndarray:
        draws = [
            means.settle(lambda m, i=i: quantities(m)[..., [i]], [link]).draws
            for i, link in enumerate(("logit", "log", "identity", "identity", "identity"))
        ]
        return np.concatenate(draws, axis=-1)

    sets, own = fit.draws(["model"], population="these"), fit.terms()
    alone = aggregated(fit, [own.error, own.bias2, own.variance], ["model"], "these")[1]
    drawn = [
        [like_these(fit.statement()), like_these(fit.bootstrap().means(model))],
        [quantities(np.stack(x, axis=-1)).reshape(-1, 5) for x in ((sets.error, sets.bias2, sets.variance), alone)],
    ]
    return np.array([[np.quantile(x, [0.05, 0.95], axis=0).T for x in ways] for ways in drawn])


def run(sets: int, questions: int, worlds: Sequence[tuple[str, int]] = WORLDS) -> list[dict[str, Any]]:
    """A row for each world, population, way and quantity."""
    everywhere, rows = of_all(), []
    for contexts, repeats in worlds:
        found, true = np.empty((sets, 2, 2, 5, 2)), np.empty((sets, 2, 1, 5))
        for seed in range(sets):
            frame, these = table(questions, contexts, repeats, seed)
            found[seed], true[seed, :, 0] = intervals(frame, seed), (everywhere, these)
        held = ((found[..., 0] < true) & (true < found[..., 1])).mean(axis=0)
        scatter = (found.mean(axis=-1) - true).std(axis=0) * 2 * 1.6449
        width = np.diff(found, axis=-1)[..., 0].mean(axis=0) / scatter
        for at in np.ndindex(held.shape):
            row = {"contexts": contexts, "responses": repeats, "population": POPULATIONS[at[0]], "way": WAYS[at[1]]}
            rows.append(row | {"quantity": NAMES[at[2]], "coverage": float(held[at]), "width": float(width[at])})
    return rows


def page(rows: list[dict[str, Any]], sets: int, questions: int, seconds: float) -> str:
    """The results as Markdown."""
    lines = [
        "# Few-shot contexts and both populations of questions",
        "",
        f"`python reports/studies/shared_contexts.py --sets {sets} --questions {questions}`, "
        f"{datetime.date.today().isoformat()}, seeds from 0, {seconds / 60:.0f} minutes of processor time. What was "
        "done stands at the head of that file. In each place how many 90% intervals held the truth (Monte Carlo "
        f"standard error of 90%: {100 * np.sqrt(0.09 / sets):.1f}%) and, in brackets, their mean width over that of a "
        "normal interval with the scatter of their middles about the truth.",
        "",
        f"| contexts | responses each | questions | what contexts do to all questions | {' | '.join(NAMES)} |",
        f"|---|--:|---|---|{'--:|' * len(NAMES)}",
    ]
    for start in range(0, len(rows), len(NAMES)):
        some = rows[start : start + len(NAMES)]
        head = [some[0][name] for name in ("contexts", "responses", "population", "way")]
        cells = [f"{r['coverage']:.1%} ({r['width']:.2f})" for r in some]
        lines.append(f"| {' | '.join(map(str, head + cells))} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=160)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--out", type=Path, default=HERE)
    args = parser.parse_args()
    began = time.process_time()
    rows = run(args.sets, args.questions)
    about = {"sets": args.sets, "questions": args.questions, "rows": rows}
    (args.out / "shared_contexts.json").write_text(json.dumps(about, indent=1) + "\n")
    seconds = time.process_time() - began
    (args.out / "shared_contexts.md").write_text(page(rows, args.sets, args.questions, seconds))


if __name__ == "__main__":
    main()
