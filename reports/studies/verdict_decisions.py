"""Study: is *practically none* rare where the effect is not, and do as many data as would decide a claim decide it?

    python reports/studies/verdict_decisions.py --minutes 30      go on from what is there
    python reports/studies/verdict_decisions.py --kinds edge      with some kinds of data sets only
    python reports/studies/verdict_decisions.py --summary         write verdict_decisions.md

The claim is that of two arms (`intervention-lowers-incoherence`), letters, one model. A question has scores of four
options, Normal, that of the right one higher; the arm with the intervention answers by the softmax of the scores, the
plain arm by that of scores divided by a temperature, which makes its incoherence higher by a known effect (`truth`,
over 400,000 questions). Every data set is tested by the route of `hotmess test`, without the guard of sensitivity and
the negative control, which can only take verdicts back and take most of the time (of the first 43 sets, which had the
control, it took back none). The seed of a data set is its number; finished ones are lines of `verdict_decisions.jsonl`.

* `none`, `edge`: the region, stated beforehand, is (-REGION, REGION); the effect is 0, or REGION itself.
* `decide`: a pilot says how many questions decide an effect of STATED; as many are drawn anew, at that effect.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.decidable import smallest_effect, would_decide
from hotmess.claims.study import Study
from hotmess.claims.test import test_claim
from hotmess.responses.validate import validate

HERE = Path(__file__).resolve().parent
STORE, PAGE = HERE / "verdict_decisions.jsonl", HERE / "verdict_decisions.md"
CLAIM = replace(CATALOGUE["intervention-lowers-incoherence"], control=None)
OPTIONS, SPREAD, RIGHT = 4, 1.5, 1.0
QUESTIONS, SAMPLES, REGION = 150, 12, 0.048
PILOT, PILOT_SAMPLES, STATED = 60, 8, 0.05
SETS = {"none": 200, "edge": 300, "decide": 200}
AT_MOST, LEAST, WITHIN = 0.025, 0.75, 0.86


def answers(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Answer distributions, the right one first, of scores over a temperature."""
    p = np.exp((scores - scores.max(-1, keepdims=True)) / temperature)
    return np.asarray(p / p.sum(-1, keepdims=True))


def scores_of(questions: int, rng: np.random.Generator) -> np.ndarray:
    """(questions, options) scores, the right option's first."""
    return rng.normal(0, SPREAD, (questions, OPTIONS)) + RIGHT * (np.arange(OPTIONS) == 0)


@cache
def truth(temperature: float) -> float:
    """Incoherence at a temperature minus that at 1, over 400,000 questions: variance 1 - Σp², error 2 (1 - p of the
    right one), summed over questions."""
    scores = scores_of(400_000, np.random.default_rng(0))
    value = []
    for t in (temperature, 1.0):
        p = answers(scores, t)
        value.append((1 - (p**2).sum(1)).mean() / (2 * (1 - p[:, 0])).mean())
    return float(value[0] - value[1])


@cache
def temperature_of(effect: float) -> float:
    """The temperature of the plain arm that has an effect."""
    return 1.0 if effect == 0 else float(optimize.brentq(lambda t: truth(t) - effect, 1.0, 6.0, xtol=1e-4))


def data(questions: int, samples: int, effect: float, rng: np.random.Generator) -> Study:
    """A study of new questions, so many samples of each in both arms."""
    scores = scores_of(questions, rng)
    frames = []
    for arm, t in (("plain", temperature_of(effect)), ("corrected", 1.0)):
        edges = answers(scores, t).cumsum(1)[:, None]
        drawn = (rng.random((questions, samples, 1)) > edges[..., :-1]).sum(-1)
        q, s = (i.ravel() for i in np.indices(drawn.shape))
        frames.append(pd.DataFrame({"question": q, "sample": s, "condition": arm, "answer": drawn.ravel()}))
    table = pd.concat(frames, ignore_index=True).assign(model="m", target=0, n_choices=OPTIONS)
    return Study(validate(table), seed=int(rng.integers(1_000_000)), draws=250)


def run_one(kind: str, number: int) -> dict[str, Any]:
    """A data set tested: a line of the store."""
    rng = np.random.default_rng([number, sorted(SETS).index(kind)])
    if kind != "decide":
        study = data(QUESTIONS, SAMPLES, 0.0 if kind == "none" else REGION, rng)
        verdict = test_claim(study, replace(CLAIM, negligible=REGION), sensitivity=False)
        return {"kind": kind, "seed": number, "verdict": verdict.verdict, "smallest": verdict.smallest_effect}
    study = data(PILOT, PILOT_SAMPLES, STATED, rng)
    pilot = would_decide(study, CLAIM, STATED, smallest_effect(CLAIM.quantity(study, "like-these").draws))
    needed = None if pilot is None else pilot.needed["questions"]
    out: dict[str, Any] = {"kind": kind, "seed": number, "questions": needed, "verdict": None}
    if needed is not None:
        study = data(needed, PILOT_SAMPLES, STATED, rng)
        out["verdict"] = test_claim(study, replace(CLAIM, negligible=None), sensitivity=False).verdict
    return out


def load(path: Path = STORE) -> list[dict[str, Any]]:
    """The finished data sets; a line cut short by an interruption is done again."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def run(minutes: float, kinds: Iterable[str], path: Path = STORE) -> None:
    """What is missing of these kinds, in proportion, until done or so many minutes have passed."""
    done = {(r["kind"], r["seed"]) for r in load(path)}
    todo = [(k, i) for k in kinds for i in range(SETS[k]) if (k, i) not in done]
    todo.sort(key=lambda job: (job[1] + 0.5) / SETS[job[0]])
    begun = time.monotonic()
    with path.open("a") as out:
        for kind, number in todo:
            if time.monotonic() - begun > 60 * minutes:
                break
            out.write(json.dumps(run_one(kind, number), separators=(",", ":")) + "\n")
            out.flush()


def summary(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per kind: how many of how many, the aim, whether an exact test or interval contradicts it.

    >>> summary([{"kind": "edge", "seed": 0, "verdict": "inconclusive", "smallest": 0.05}])[0]["holds"]
    True
    """
    rows, records = [], list(records)
    for kind in SETS:
        mine = [r for r in records if r["kind"] == kind]
        if kind == "none":
            mine = [r for r in mine if r["smallest"] is not None and r["smallest"] <= WITHIN * REGION]
        if not mine:
            continue
        hit = sum(r["verdict"] == ("supported" if kind == "decide" else "negligible") for r in mine)
        found = stats.binomtest(hit, len(mine))
        low, high = found.proportion_ci(0.9, method="exact")
        if kind == "edge":
            aim, holds = "at most 2.5%", stats.binomtest(hit, len(mine), AT_MOST, alternative="greater").pvalue > 0.05
        elif kind == "none":
            aim, holds = "at least 75%", hit / len(mine) >= LEAST
        else:
            aim, holds = "70 to 90%", 0.7 <= hit / len(mine) <= 0.9
        rows.append({"kind": kind, "hit": hit, "of": len(mine), "low": low, "high": high, "aim": aim, "holds": holds})
    return rows


WORDS = {
    "none": f"*practically none* within ±{REGION}, effect 0, {QUESTIONS} questions × {SAMPLES}, where the smallest "
    f"effect that the data could show is at most {WITHIN} of the region",
    "edge": f"*practically none* within ±{REGION}, effect {REGION}, {QUESTIONS} questions × {SAMPLES}",
    "decide": f"*supported* by as many questions as a pilot of {PILOT} questions × {PILOT_SAMPLES} says would decide "
    f"{STATED}, drawn anew at that effect",
}


def page(records: list[dict[str, Any]]) -> str:
    """The page."""
    head = (
        "# Practically none, and what would decide\n\n`python reports/studies/verdict_decisions.py`, then `--summary`, "
        f"{datetime.date.today()}. Seeds are the numbers of the data sets, from 0. Worlds, and what is tested: see the "
        "script.\n\n| what is counted | rate | 90% interval | aim | holds |\n|---|---|---|---|---|\n"
    )
    missing = {k: n - sum(r["kind"] == k for r in records) for k, n in SETS.items()}
    said = {True: "yes", False: "no"}
    lines = [
        f"| {WORDS[r['kind']]} | {r['hit']} of {r['of']} ({r['hit'] / r['of']:.1%}) | {r['low']:.1%} to "
        f"{r['high']:.1%} | {r['aim']} | {'not run whole' if missing[r['kind']] > 0 else said[r['holds']]} |"
        for r in summary(records)
    ]
    sizes = [r["questions"] for r in records if r["kind"] == "decide" and r["questions"] is not None]
    tail = f"\n\nPilots asked for {int(np.median(sizes))} questions (median; {min(sizes)} to {max(sizes)})." * bool(
        sizes
    )
    left = ", ".join(f"{n} of {SETS[k]} of `{k}`" for k, n in missing.items() if n > 0)
    rest = f" Not run yet: {left}; the same command goes on." * bool(left)
    return f"{head}{chr(10).join(lines)}{tail}{rest}\n"


def main() -> None:
    """Run, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--kinds", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--summary", action="store_true")
    args = parser.parse_args()
    if not args.summary:
        run(args.minutes, args.kinds)
    PAGE.write_text(page(load(STORE)), encoding="utf-8")


if __name__ == "__main__":
    main()
