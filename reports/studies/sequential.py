"""Looks between rounds: how often a claim is called supported over all looks where it is false, and what looks save.

    python reports/studies/sequential.py --jobs 2            # all worlds; goes on where it was stopped
    python reports/studies/sequential.py --guards --jobs 2   # guards, where the posterior alone decided falsely
    python reports/studies/sequential.py --summary           # writes sequential.json and sequential.md
    python reports/studies/sequential.py --sets 3 --out DIR  # a small run

Worlds of one model, 60 questions and at most 2,400 responses (40 a question), looked at 5 times; the claim is
natural-overthinking, decided by its posterior alone (without the guards, which can only lower a verdict; `--guards`
takes the data sets without an effect that it decided, and lets all guards of `hotmess test` speak at every look that
would decide: where they lower it, looks go on). Every data set is drawn once, 160 responses a question, and used in the
order drawn by

* *fixed*: one look at n responses of every question, n = 8 to 80 (to 40 where there is no effect);
* *looks*: the same, looked at each time with O'Brien-Fleming thresholds, stopping for a verdict;
* *looks, allocation, futility*: the first round alike, later ones where responses pay (`hotmess.sequential`), stopping
  for a verdict or for a chance to decide below 0.05.

Responses saved are against the fixed design of equal power (its number of responses a question interpolated), with 95%
intervals from 1,000 resamples of the data sets. The store holds probabilities to six digits.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
QUESTIONS, MOST, LOOKS, POOL, DRAWS = 60, 40, 5, 160, 100
FIXED = (8, 16, 24, 32, 40, 56, 80)
"""Responses a question of the fixed designs; the first five are those of the looks."""
GUARDS = "sequential_guards.jsonl"
WORLDS: dict[str, tuple[dict[str, float], int]] = {
    "null": ({}, 500),
    "null, most questions easy": ({"ability": 3.0, "difficulty": 2.5}, 500),
    "hotter": ({"heat_nat": 0.45}, 150),
    "hotter, most questions easy": ({"ability": 3.0, "difficulty": 2.5, "heat_nat": 0.6}, 150),
}
"""World: what it changes, and how many data sets; *null* worlds have no effect."""


def one(name: str, seed: int) -> dict[str, Any]:
    """All designs on one data set."""
    table, claim = _world(name, seed)
    began = time.process_time()
    fixed, equal, first = _equal(table, claim, seed, FIXED if WORLDS[name][0].get("heat_nat") else FIXED[:LOOKS])
    chosen = _chosen(table, claim, seed, *first)
    spent = time.process_time() - began
    return {"world": name, "seed": seed, "fixed": fixed, "looks": equal, "allocation": chosen, "seconds": spent}


def guarded(name: str, seed: int) -> dict[str, Any]:
    """Both designs with looks on one data set again, all guards asked at each look that would decide."""
    table, claim = _world(name, seed)
    began = time.process_time()
    _, equal, first = _equal(table, claim, seed, FIXED[:LOOKS], guards=True)
    chosen = _chosen(table, claim, seed, *first, guards=True)
    told = {"world": name, "seed": seed, "looks": equal["verdict"], "allocation": chosen["verdict"]}
    return told | {"seconds": time.process_time() - began}


def _world(name: str, seed: int) -> tuple[Any, Any]:
    """A data set, and the claim."""
    from hotmess.claims.test import find_claims
    from hotmess.simulate.overthinking import Temperature, temperature

    world = Temperature(models=1, questions=QUESTIONS, samples=POOL, budgets=1, heat_nat=0.0, lift_nat=0.0)
    table = temperature(replace(world, **WORLDS[name][0]), seed=seed).table
    return table, find_claims(["natural-overthinking"])[0]


def _study(table: Any, counts: np.ndarray, seed: int) -> Any:
    """The first counts[q] responses of every question."""
    import hotmess as hm
    from hotmess.claims.study import Study

    questions = np.sort(table["question"].unique())
    number = dict(zip(questions, counts, strict=True))
    rows = table["sample"].astype(int).to_numpy() < table["question"].map(number).to_numpy()
    return Study(hm.read(table[rows].reset_index(drop=True)), seed=seed, draws=DRAWS)


def _look(study: Any, claim: Any, plan: Any, guards: bool = False) -> Any:
    """One look by the posterior alone, its draws' probability with a smoothed tail, and the information foreseen.

    guards: what it decides is what `hotmess test` says of the table with its record of looks.
    """
    from hotmess.claims.test import test_claim
    from hotmess.errors import NotTestable
    from hotmess.looks.record import Look, appended, information_of
    from hotmess.sequential.interim import chance, final_information
    from hotmess.statements.tail import probability_above

    responses = len(study.responses.table)
    try:
        draws = claim.quantity(study, plan.population).draws
    except NotTestable:
        nothing: dict[str, Any] = {"information": 0, "fraction": 0, "threshold": 1, "probability": None}
        return Look(responses=responses, verdict="not testable", **nothing), 0.0
    information = information_of(draws)
    final = final_information(study, claim, plan, information)
    fraction = plan.fraction(information, final, responses)
    threshold = plan.threshold(information, fraction)
    p = float(probability_above(draws, 0.0))
    verdict = "supported" if p > threshold else "contradicted" if 1 - p > threshold else "inconclusive"
    look = Look(
        responses=responses,
        information=information,
        fraction=fraction,
        threshold=threshold,
        probability=p,
        verdict=verdict,
    )
    if guards and verdict != "inconclusive":
        known = appended(plan, look.model_copy(update={"verdict": "open", "probability": None}))
        asked = replace(study, responses=replace(study.responses, looks=known), made=study.made)
        look = look.model_copy(update={"verdict": test_claim(asked, claim, population=plan.population).verdict})
    return look.model_copy(update={"decided": chance(plan, float(np.median(draws)), look, final, None)}), final


def _plan() -> Any:
    from hotmess.looks.record import Looks

    return Looks(claim="natural-overthinking", most_looks=LOOKS, most_responses=QUESTIONS * MOST)


def _equal(
    table: Any, claim: Any, seed: int, sizes: tuple[int, ...], *, guards: bool = False
) -> tuple[list[float | None], dict[str, Any], tuple[Any, Any]]:
    """P at every number of responses, what looks at them make of it, and the first look, which all designs share."""
    plan, fixed, path, ended, first = _plan(), [], [], None, None
    for k in range(LOOKS):
        study = _study(table, np.full(QUESTIONS, MOST * (k + 1) // LOOKS), seed)
        look, final = _look(study, claim, plan, guards)
        path.append(_step(look, final))
        first = first or (study, (look, final))
        plan = plan.model_copy(update={"history": (*plan.history, look)})
        fixed.append(look.probability)
        if ended is None and (look.verdict in ("supported", "contradicted") or k == LOOKS - 1):
            ended = {"verdict": look.verdict, "responses": look.responses, "looks": k + 1, "path": path}
        if guards and ended is not None:
            break
    assert ended is not None and first is not None
    for n in sizes[LOOKS:]:
        fixed.append(_look(_study(table, np.full(QUESTIONS, n), seed), claim, _plan())[0].probability)
    return fixed, ended, first


def _step(look: Any, final: float) -> list[float | None]:
    """What a rule for looks needs: responses, information, the information foreseen at the end, P."""
    return [look.responses, float(f"{look.information:.6g}"), float(f"{final:.6g}"), look.probability]


def _chosen(table: Any, claim: Any, seed: int, study: Any, first: Any, *, guards: bool = False) -> dict[str, Any]:
    """Looks with allocation, stopping for a verdict, futility, or the budget's end."""
    from hotmess.sequential.allocation import next_counts

    plan, counts, path, (look, final) = _plan(), np.full(QUESTIONS, MOST // LOOKS), [], first
    for k in range(LOOKS):
        if k:
            study = _study(table, counts, seed)
            look, final = _look(study, claim, plan, guards)
        path.append(_step(look, final))
        plan = plan.model_copy(update={"history": (*plan.history, look)})
        futile = look.decided is not None and look.decided < plan.futility
        if look.verdict in ("supported", "contradicted") or futile or k == LOOKS - 1:
            break
        more = (plan.most_responses - look.responses) // (LOOKS - k - 1)
        chosen = next_counts(study, more).sort_values("question")
        counts = np.minimum(counts + chosen["more"].to_numpy(), POOL)
    told = {"verdict": look.verdict, "responses": look.responses, "looks": len(plan.history), "futile": bool(futile)}
    return {**told, "path": path}


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rates and savings of each world."""
    from scipy import stats

    out: dict[str, Any] = {}
    for name in WORLDS:
        own = [row for row in rows if row["world"] == name]
        if not own:
            continue
        size = len(own)
        grid = np.array(FIXED, float)
        grid = grid[: min(len(row["fixed"]) for row in own)]
        power = np.array([np.mean([(row["fixed"][k] or 0.0) > 0.975 for row in own]) for k in range(len(grid))])
        told: dict[str, Any] = {"sets": size, "fixed": dict(zip(map(str, grid.astype(int).tolist()), power.tolist()))}
        for design in ("looks", "allocation"):
            hits = sum(row[design]["verdict"] == "supported" for row in own)
            mean = float(np.mean([row[design]["responses"] for row in own])) / QUESTIONS
            limit = float(stats.beta.ppf(0.05, hits, size - hits + 1)) if hits else 0.0
            needed, saved = _saved(own, design, np.arange(size))
            rng = np.random.default_rng(0)
            again = [_saved(own, design, rng.integers(0, size, size))[1] for _ in range(1000)]
            told[design] = {
                "supported": hits,
                "rate": hits / size,
                "lower 95% limit": limit,
                "contradicted": sum(row[design]["verdict"] == "contradicted" for row in own),
                "responses per question": mean,
                "fixed design of equal power": needed,
                "saved": saved,
                "saved, 95% interval": np.quantile(again, [0.025, 0.975]).tolist(),
                "saved of the budget": 1 - mean / MOST,
            }
        told["futile"] = sum(row["allocation"]["futile"] for row in own)
        out[name] = told
    return out


def _saved(rows: list[dict[str, Any]], design: str, sets: np.ndarray) -> tuple[float, float]:
    """Responses a question of the fixed design of equal power on some data sets, and the share of them saved."""
    fixed = np.array([[(p or 0.0) > 0.975 for p in row["fixed"]] for row in rows])[sets]
    hits = np.array([row[design]["verdict"] == "supported" for row in rows])[sets]
    mean = np.array([row[design]["responses"] for row in rows])[sets].mean() / QUESTIONS
    rising = np.maximum.accumulate(fixed.mean(axis=0))
    needed = (
        float(np.interp(hits.mean(), rising, np.array(FIXED[: len(rising)], float)))
        if rising[-1] > rising[0]
        else float(MOST)
    )
    return needed, float(1 - mean / needed)


def _pooled(told: dict[str, Any]) -> str:
    """False verdicts over all null worlds, with the lower 95% limits of their rates."""
    from scipy import stats

    null = [one_world for name, one_world in told.items() if name.startswith("null")]
    size = sum(one_world["sets"] for one_world in null)
    said = []
    for design, called in (("looks", "looks"), ("allocation", "looks, allocation, futility")):
        for what in ("supported", "contradicted"):
            hits = sum(one_world[design][what] for one_world in null)
            limit = float(stats.beta.ppf(0.05, hits, size - hits + 1)) if hits else 0.0
            said.append(f"{what} {hits} of {size} ({hits / size:.1%}; {limit:.1%}) with {called}")
    return f"Over the null worlds together: {'; '.join(said)}."


def page(told: dict[str, Any], seconds: float) -> str:
    """The summary as Markdown."""
    lines = [
        "# Looks between rounds",
        "",
        "`python reports/studies/sequential.py --jobs 2`; seeds 0, 1, … of each world. What was done stands at the "
        f"head of that file. Planned are {'; '.join(f'{n} of {name}' for name, (_, n) in WORLDS.items())}. What is "
        f"there took {seconds / 60:,.0f} minutes of processor time.",
        "",
        "Supported over all looks (lower 95% limit of its rate): false in the null worlds.",
        "",
        "| world | data sets | fixed, 40 a question | looks | looks, allocation, futility | contradicted |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, one_world in told.items():
        cells = [f"{one_world['fixed'][str(MOST)]:.1%}"]
        for design in ("looks", "allocation"):
            d = one_world[design]
            cells.append(f"{d['supported']} ({d['rate']:.1%}; {d['lower 95% limit']:.1%})")
        cells.append(f"{one_world['looks']['contradicted']}, {one_world['allocation']['contradicted']}")
        lines.append(f"| {name} | {one_world['sets']} | " + " | ".join(cells) + " |")
    lines += [
        "",
        _pooled(told),
        "",
        "Responses a question until the end, and what was saved (95% interval): against the fixed design of equal "
        "power where there is an effect, of the budget where there is none.",
        "",
        "| world | looks | saved | looks, allocation, futility | saved | ended as futile |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, one_world in told.items():
        key = "saved of the budget" if name.startswith("null") else "saved"
        a, b = one_world["looks"], one_world["allocation"]
        lines.append(
            f"| {name} | {a['responses per question']:.1f} | {_with(a, key)} | {b['responses per question']:.1f} "
            f"| {_with(b, key)} | {one_world['futile']} |"
        )
    return "\n".join(lines) + "\n"


def _with(design: dict[str, Any], key: str) -> str:
    low, high = design["saved, 95% interval"]
    return f"{design[key]:.1%} ({low:.0%} to {high:.0%})" if key == "saved" else f"{design[key]:.0%}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--sets", type=int, help="data sets of each world at most")
    parser.add_argument("--only", action="append", help="only this world")
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--guards", action="store_true", help="the guards, where the posterior alone decided falsely")
    parser.add_argument("--summary", action="store_true", help="write the summary of what is there, and end")
    args = parser.parse_args()
    store = args.out / "sequential.jsonl"
    rows = _lines(store)
    if args.guards:
        _run_guards(args.out, rows, args.jobs)
    elif not args.summary:
        done = {(row["world"], row["seed"]) for row in rows}
        sizes = {name: min(size, args.sets or size) for name, (_, size) in WORLDS.items()}
        todo = [
            (name, seed)
            for seed in range(max(sizes.values()))
            for name in WORLDS
            if seed < sizes[name] and (name, seed) not in done and (args.only is None or name in args.only)
        ]
        with ProcessPoolExecutor(args.jobs) as pool, store.open("a") as file:
            for row in pool.map(one, *zip(*todo, strict=True)) if todo else ():
                rows.append(row)
                print(json.dumps(row), file=file, flush=True)
    told, again = summary(rows), _lines(args.out / GUARDS)
    (args.out / "sequential.json").write_text(json.dumps(told | with_guards(rows, again), indent=1) + "\n")
    seconds = sum(row["seconds"] for row in (*rows, *again))
    (args.out / "sequential.md").write_text(page(told, seconds) + _said_of_guards(with_guards(rows, again)))
    return 0


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _false(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Data sets without an effect that the posterior alone decided."""
    decided = ("supported", "contradicted")
    null = [row for row in rows if row["world"].startswith("null")]
    return [(r["world"], r["seed"]) for r in null if any(r[d]["verdict"] in decided for d in ("looks", "allocation"))]


def _run_guards(out: Path, rows: list[dict[str, Any]], jobs: int) -> None:
    done = {(row["world"], row["seed"]) for row in _lines(out / GUARDS)}
    todo = [job for job in _false(rows) if job not in done]
    with ProcessPoolExecutor(jobs) as pool, (out / GUARDS).open("a") as file:
        for row in pool.map(guarded, *zip(*todo, strict=True)) if todo else ():
            print(json.dumps(row), file=file, flush=True)


def with_guards(rows: list[dict[str, Any]], again: list[dict[str, Any]]) -> dict[str, Any]:
    """False verdicts that all guards let stand, of all data sets without an effect; empty until all have run.

    Where the posterior alone decides nothing, guards do not, either: they only lower.
    """
    from scipy import stats

    if not again or {(row["world"], row["seed"]) for row in again} < set(_false(rows)):
        return {}
    size, found = sum(row["world"].startswith("null") for row in rows), {}
    for design in ("looks", "allocation"):
        for what in ("supported", "contradicted"):
            hits = sum(row[design] == what for row in again)
            limit = float(stats.beta.ppf(0.05, hits, size - hits + 1)) if hits else 0.0
            found[f"{design}, {what}"] = {"hits": hits, "sets": size, "rate": hits / size, "lower 95% limit": limit}
    return {"with guards": found}


def _said_of_guards(told: dict[str, Any]) -> str:
    if not told:
        return ""
    each = [
        f"{name} {d['hits']} of {d['sets']} ({d['rate']:.1%}; {d['lower 95% limit']:.1%})"
        for name, d in told["with guards"].items()
    ]
    return (
        "\nWith all guards of `hotmess test` at every look that would decide (`--guards`), over the null worlds "
        f"together: {'; '.join(each)}.\n"
    )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
