"""Recovery of natural and budgeted overthinking by the temperature model, world by world.

    python reports/studies/overthinking_worlds.py --sets 100          # resumes where it stopped
    python reports/studies/overthinking_worlds.py --nuts 20           # the same data sets by NUTS; again, with
                                                                      # longer chains, where the gate fails
    python reports/studies/overthinking_worlds.py --verdicts          # hm.test where the posterior alone is sure;
                                                                      # resumes
    python reports/studies/overthinking_worlds.py --scores            # the step from no effect, where rows lack it
    python reports/studies/overthinking_worlds.py --summary           # writes the page alone

Every data set: one model, 60 questions, 2 budgets, 20 responses each. The truth is that of `hotmess.simulate` (of the
continuous contrast, which needs no model, that of the halves, which it is to first order); coverage is of 90%
intervals. A statement is supported where P > 0.975 for questions like these and P > 0.5 for these
questions (the further guards of a test only lower verdicts).
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.temperature import scalars

if TYPE_CHECKING:
    from hotmess.simulate import World

HERE = Path(__file__).parent
ROWS = HERE / "overthinking_worlds.jsonl"
TABLE = HERE / "overthinking_worlds.md"
VERDICTS = HERE / "overthinking_verdicts.json"
WITHIN = "incoherence-rises-within-questions"
HOTTER, SHIFTED = "answers-get-hotter-with-length", ("wrong-longer", "wrong-shorter", "option-lengths")
SIZE = {"questions": 60, "budgets": 2, "samples": 20}
FAST = {"engine": "fast", "draws": 200, "points": 32}
NUTS = {"engine": "nuts", "draws": 300, "warmup": 250}
LONGER = {"engine": "nuts", "draws": 900, "warmup": 400}  # where NUTS did not pass its gate
LIMIT = 0.7  # of Pareto k
UNLIKELY = 0.025  # of the scatter of questions' own slopes, by data that the fitted model makes
STATEMENTS: dict[str, tuple[str, int, Callable[..., Any]]] = {  # statement: (truth, sign, its draws)
    "natural-slope": ("beta_nat", 1, scalars.natural_slope),
    "answers-get-hotter-with-length": ("gamma_nat", 1, scalars.hotter_with_length),
    "budget-slope": ("beta_bud", -1, scalars.budget_slope),
    "natural-exceeds-budget": ("exceeds", 1, scalars.natural_exceeds_budget),
}
EFFECTS = {  # (kind, name of the slope): truth
    ("natural", "accuracy"): "accuracy_nat",
    ("budget", "accuracy"): "accuracy_bud",
    ("budget", "heat"): "gamma_bud",
}
OUTSIDE = ("difficulty-drives-both", "wrong-longer-unequal", "wrong-shorter-unequal", "option-lengths")
PARAMETERS = ("gamma_nat", "gamma_bud")  # the same for both populations of questions
AGREEMENT = ("both", "wrong-longer")  # worlds whose first data sets NUTS fits too


def one(world: str, seed: int, engine: str = "fast", *, again: bool = False) -> dict[str, Any]:
    """Fit one data set and record every posterior beside its truth: true, median, 5%, 95%, P(> 0), sd."""
    from hotmess.simulate import simulate
    from hotmess.temperature.fit import fit_lengths
    from hotmess.temperature.option_lengths import option_lengths

    data = simulate(world, seed=seed, **SIZE)
    options = FAST if engine == "fast" else LONGER if again else NUTS
    fit = fit_lengths(data.table, seed=seed, **options)  # type: ignore[arg-type]
    record: dict[str, Any] = {"world": world, "seed": seed, "engine": engine}
    if engine == "fast":
        record |= {"pareto_k": round(fit.data.attrs["pareto_k"], 3), "effective": round(fit.data.attrs["effective"])}
    else:
        record |= {"draws": options["draws"], "gate": list(fit.gate.reasons)}
    for population, suffix in (("like-these", ""), ("these", "_these")):
        draws = {name: (truth, sign, of(fit, population).draws) for name, (truth, sign, of) in STATEMENTS.items()}
        for (kind, effect), truth in EFFECTS.items():
            draws[truth] = (truth, 1, fit.slopes(kind, population=population)[effect][..., 0])
        for name, (truth, sign, x) in draws.items():
            true = sign * data.truth.get(truth + ("" if truth in PARAMETERS else suffix), math.nan)
            record[f"{name}|{population}"] = told(true, x)
    p = option_lengths(fit).p if engine == "fast" else None
    return record | within(data, seed) | {"split": split(data), "option_lengths": p, "from_no_effect": score(data)}


def score(data: World) -> float:
    """P(hotter) by one Newton step from no effect, without the model (the guard `from_no_effect`)."""
    from hotmess.responses.validate import validate
    from hotmess.temperature.score import heat_score

    found = heat_score(validate(data.table).table, length="reasoning_tokens", unparsable="wrong")
    assert found is not None
    return round(found.estimate().probability, 5)


def add_scores() -> None:
    """Rows of the fast engine that were made before the step from no effect was recorded get it."""
    from hotmess.simulate import simulate

    records = read()
    for record in records:
        if record["engine"] == "fast" and "from_no_effect" not in record:
            record["from_no_effect"] = score(simulate(record["world"], seed=record["seed"], **SIZE))
    ROWS.write_text("".join(json.dumps(record) + "\n" for record in records))


def told(true: float, x: Any) -> list[float]:
    """True value, median, 5%, 95%, P(> 0), sd."""
    low, middle, high = np.quantile(x, [0.05, 0.5, 0.95])
    return [round(float(v), 5) for v in (true, middle, low, high, (x > 0).mean(), x.std())]


def within(data: World, seed: int) -> dict[str, list[float]]:
    """The continuous contrast beside the truth of the halves."""
    from hotmess.responses.validate import validate
    from hotmess.runs.within_question import within_question

    found = within_question(validate(data.table))
    like, these = found.settled(draws=2000, seed=seed).draws, found.these(draws=2000, seed=seed)
    both = (("like-these", "contrast", like), ("these", "contrast_these", these))
    return {f"{WITHIN}|{p}": told(data.truth.get(truth, math.nan), x[..., -1]) for p, truth, x in both}


def split(data: World) -> list[float]:
    """Truth of the plain median split, and its estimate without a model with its standard error."""
    from hotmess.estimates.sides import half_estimate, half_index
    from hotmess.laws.contrast import halved_cells
    from hotmess.responses.validate import validate

    cells = halved_cells(validate(data.table))
    assert cells.counts is not None
    model, question = half_index(cells.table)
    estimate = half_estimate(cells.counts, cells.table, model_index=model, question=question)
    return [round(float(x), 5) for x in (data.truth["contrast"], estimate.value, estimate.error)]


def every_world() -> list[str]:
    """All worlds with lengths and budgets."""
    from hotmess.simulate import WORLDS

    return [name for name, recipe in WORLDS.items() if recipe.kind == "overthinking"]


def read() -> list[dict[str, Any]]:
    """What has run."""
    return [json.loads(line) for line in ROWS.read_text().splitlines()] if ROWS.exists() else []


def summarise() -> None:
    """The page: recovery, rates of the verdicts, agreement of the fast path with NUTS."""
    records = read()
    by_world: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        if record["engine"] == "fast":
            by_world[record["world"]].append(record)
    lines = [
        "# Overthinking: recovery in worlds with known truth",
        "",
        "Made by `python reports/studies/overthinking_worlds.py --sets N --worlds …` and `--nuts N`, as many as the",
        f"tables say; rows in `{ROWS.name}`. One model, {SIZE['questions']} questions, {SIZE['budgets']} budgets,",
        f"{SIZE['samples']} responses each; fast engine. Data sets whose Pareto k is {LIMIT} or more are counted as",
        "untrusted and left out: their test would say not testable.",
        "natural-slope is beta_nat and budget-slope -beta_bud, changes of logit incoherence per doubling of tokens;",
        "the others are the claims of these names. Supported: P > 0.975 for questions like these and P > 0.5 for",
        "these questions.",
        "",
        "## Coverage of 90% intervals",
        "",
        "Worlds below the rule are outside the model: its answers do not follow a temperature and a truth shift there.",
        "",
        "| world | data sets | untrusted | intervals | like these | these questions |",
        "|---|---|---|---|---|---|",
    ]
    names = [*STATEMENTS, *EFFECTS.values()]
    order = [w for w in by_world if w not in OUTSIDE] + [w for w in by_world if w in OUTSIDE]
    good = {w: [r for r in rows if r["pareto_k"] < LIMIT] for w, rows in by_world.items()}
    for world in order:
        cover = {}
        for population in ("like-these", "these"):
            x = np.array([r[f"{name}|{population}"] for r in good[world] for name in names], float)
            x = x[np.isfinite(x[:, 0])]
            cover[population] = np.mean((x[:, 2] <= x[:, 0]) & (x[:, 0] <= x[:, 3]))
        lines += ["| | | | | | |"] * (world == next((w for w in order if w in OUTSIDE), None))
        lines.append(
            f"| {world} | {len(good[world])} | {len(by_world[world]) - len(good[world])} | {2 * len(x)} "
            f"| {cover['like-these']:.2f} | {cover['these']:.2f} |"
        )
    if missing := [name for name in every_world() if name not in by_world]:
        lines += ["", f"Not run yet with this posterior: {', '.join(missing)}."]
    lines += [
        "",
        "## Statements",
        "",
        "| world | statement | truth | mean estimate | coverage | supported | contradicted |",
        "|---|---|---|---|---|---|---|",
    ]
    for world in order:
        for name in (*STATEMENTS, WITHIN):
            like, these = (np.array([r[f"{name}|{p}"] for r in good[world]], float) for p in ("like-these", "these"))
            inside = np.mean((like[:, 2] <= like[:, 0]) & (like[:, 0] <= like[:, 3]))
            supported = np.mean((like[:, 4] > 0.975) & (these[:, 4] > 0.5))
            contradicted = np.mean((like[:, 4] < 0.025) & (these[:, 4] < 0.5))
            lines.append(
                f"| {world} | {name} | {like[0, 0]:+.3f} | {like[:, 1].mean():+.3f} | {inside:.2f} | {supported:.2f} "
                f"| {contradicted:.2f} |"
            )
    lines += [
        "",
        "## Hotter, or merely longer?",
        "",
        "Incoherence of the longer halves of a question's responses minus that of the shorter: its true value, the",
        "mean estimate of the plain median split (unbiased, no model), how often it is 1.96 standard errors above and",
        "below 0, and how often the temperature model calls `answers-get-hotter-with-length` supported.",
        "",
        "| world | true change | split's estimate | split says more | split says less | called hotter | truly hotter |",
        "|---|---|---|---|---|---|---|",
    ]
    for world in order:
        x = np.array([r["split"] for r in good[world]], float)
        hot = np.array([r["answers-get-hotter-with-length|like-these"] for r in good[world]], float)
        ratio = x[:, 1] / x[:, 2]
        lines.append(
            f"| {world} | {x[0, 0]:+.3f} | {x[:, 1].mean():+.3f} | {np.mean(ratio > 1.96):.2f} "
            f"| {np.mean(ratio < -1.96):.2f} | {np.mean(hot[:, 4] > 0.975):.2f} | {'yes' if hot[0, 0] > 0 else 'no'} |"
        )
    lines += ["", "## With the guards", "", *_verdicts({w: good[w] for w in order}), "", *_agreement(records)]
    TABLE.write_text("\n".join(lines) + "\n")


def sure(record: dict[str, Any]) -> int:
    """Whether the posterior alone is sure that answers get hotter with length: 1; that they get colder: -1; else 0."""
    like, these = (record[f"{HOTTER}|{p}"][4] for p in ("like-these", "these"))
    return int(like > 0.975 and these > 0.5) - int(like < 0.025 and these < 0.5)


def guarded(record: dict[str, Any]) -> int:
    """The same where, if options seem to have lengths of their own, a direction must show from no effect too."""
    side, p = sure(record), record["from_no_effect"]
    if record["option_lengths"] is None or record["option_lengths"] > UNLIKELY:
        return side
    return side if (p if side > 0 else 1 - p) > 0.975 else 0


def verdicts() -> None:
    """`hm.test` of the data sets of `SHIFTED` where the posterior alone is sure: kept in `VERDICTS`."""
    import hotmess as hm
    from hotmess.simulate import simulate

    wanted = {f"{r['world']} {r['seed']}": r for r in read() if r["world"] in SHIFTED and r["engine"] == "fast"}
    known = json.loads(VERDICTS.read_text()) if VERDICTS.exists() else {}
    found = {name: known[name] for name, r in wanted.items() if sure(r) and name in known}
    for name, record in wanted.items():
        if sure(record) and name not in found:
            table = simulate(record["world"], seed=record["seed"], **SIZE).table
            found[name] = hm.test(HOTTER, hm.read(table), seed=record["seed"]).verdict
            print(name, found[name], flush=True)
            VERDICTS.write_text(json.dumps(found, indent=1) + "\n")


def _verdicts(good: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What the guards leave of what the posterior alone decides where nothing is hotter."""
    found = json.loads(VERDICTS.read_text()) if VERDICTS.exists() else {}
    lines = [
        f"What stands of `{HOTTER}` where it decides: by the posterior alone; by the posterior",
        f"and, where options seem to have lengths of their own (p at most {UNLIKELY}), one step from no effect",
        "(`from_no_effect`); and, of those that the posterior alone decides, by `hm.test` with all its guards",
        "(`--verdicts`), which only lower. Counts of hotter + colder.",
        "",
        "| world | data sets | options' lengths seen | by the posterior | from no effect too | `hm.test` | tested |",
        "|---|---|---|---|---|---|---|",
    ]
    for world, rows in good.items():
        seen = sum(r["option_lengths"] is not None and r["option_lengths"] <= UNLIKELY for r in rows)
        counts = [" + ".join(str(sum(of(r) == side for r in rows)) for side in (1, -1)) for of in (sure, guarded)]
        alone = [f"{world} {r['seed']}" for r in rows if sure(r)]
        tested = [found[name] for name in alone if name in found]
        whole = f"{len(tested)} of {len(alone)}" if world in SHIFTED else ""
        by_test = f"{tested.count('supported')} + {tested.count('contradicted')}" if whole else ""
        columns = [world, len(rows), seen, *counts, by_test, whole]
        lines.append(f"| {' | '.join(map(str, columns))} |")
    return lines


def _agreement(records: list[dict[str, Any]]) -> list[str]:
    """Fast path against NUTS on the same data sets: differences of medians in posterior sds, ratios of sds."""
    slow = {(r["world"], r["seed"]): r for r in records if r["engine"] == "nuts"}
    quick = {(r["world"], r["seed"]): r for r in records if r["engine"] == "fast"}
    both = [(quick[k], slow[k]) for k in slow if k in quick]
    if not both:
        return []
    passed = [pair for pair in both if not pair[1]["gate"]]
    lines = [
        "## The fast path against NUTS",
        "",
        f"{len(both)} data sets of {' and '.join(AGREEMENT)}; NUTS passes its gate on {len(passed)}, and Pareto k is",
        f"below {LIMIT} in {sum(r['pareto_k'] < LIMIT for r, _ in both)}. Difference of medians in sds of NUTS and",
        "ratio of sds, for these questions.",
        "",
        "| quantity | mean difference | largest | mean ratio of sds | smallest | largest |",
        "|---|---|---|---|---|---|",
    ]
    for name in [*STATEMENTS, *EFFECTS.values()]:
        a, b = (np.array([pair[i][f"{name}|these"] for pair in both], float) for i in range(2))
        gap, ratio = (a[:, 1] - b[:, 1]) / b[:, 5], a[:, 5] / b[:, 5]
        lines.append(
            f"| {name} | {gap.mean():+.2f} | {np.abs(gap).max():.2f} | {ratio.mean():.2f} | {ratio.min():.2f} "
            f"| {ratio.max():.2f} |"
        )
    return lines


def main() -> None:
    """Run the missing data sets, worlds in turn, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=0, help="data sets per world")
    parser.add_argument("--nuts", type=int, default=0, help="data sets that NUTS fits too")
    parser.add_argument("--worlds", nargs="*", help="worlds (default: all with lengths and budgets)")
    parser.add_argument("--verdicts", action="store_true", help="test where the posterior alone is sure")
    parser.add_argument("--scores", action="store_true", help="add the step from no effect where rows lack it")
    parser.add_argument("--summary", action="store_true", help="write the page from what has run")
    args = parser.parse_args()
    worlds = args.worlds or every_world()
    wanted = [(world, seed, "fast") for seed in range(args.sets) for world in worlds]
    wanted += [(AGREEMENT[i % 2], i // 2, "nuts") for i in range(args.nuts)]
    done = {(r["world"], r["seed"], r["engine"]): r for r in read()}
    for key in wanted:
        again = bool(done.get(key, {}).get("gate")) and done[key].get("draws", 0) < LONGER["draws"]
        if key not in done or again:
            record = one(*key, again=again)
            with ROWS.open("a") as file:
                file.write(json.dumps(record) + "\n")
    if args.scores:
        add_scores()
    if args.verdicts:
        verdicts()
    summarise()


if __name__ == "__main__":
    main()
