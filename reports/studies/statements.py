"""Study: statements about questions like these, where the truth is known: coverage, width, false and true verdicts.

    nice -n 19 python reports/studies/statements.py --sets 200 --seed 1

Worlds of longer against shorter halves of one model's responses (no effect, heat 0.35 and 0.2 per doubling, and no
effect in questions made of a real model's), of two models (alike, with accuracies correlated over questions;
logit-normal accuracies; accuracies 0.60 and 0.95 with the same incoherence), and of one set where accuracy is
a mixture (0.97 or 0.25). Every data set draws its questions anew. For each: the statement by the posterior bootstrap;
the paired Bayesian bootstrap of unbiased terms, without a model; and, on every fourth data set, draws of the questions'
answers weighted afterwards, as statements were made before.

Coverage of 90% intervals; width: their mean half-width over 1.645 times the estimates' own standard deviation;
supported: P > 0.975 in a direction, with at least 8 effective questions.

Writes `statements.json` and `statements.md` beside itself. Finished data sets are kept in `.cache/statements.jsonl`,
so that the study goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from parallel import add_options, spread  # noqa: E402

DRAWS, EVERY, LARGE = 1000, 4, 200_000
REAL = "cot-scaling-qwen2.5.parquet"


@dataclass(frozen=True)
class World:
    """One row of the study: `make(seed)` draws cells of two sides, or of one set; truth is of questions like these."""

    name: str
    make: Callable[[int], Any]
    truth: Callable[[], float]
    by: str
    null: bool
    questions: int


def halves(heat: float, questions: int = 100, samples: int = 20) -> World:
    """Longer against shorter halves of one model's responses; heat: change of log temperature per doubling."""
    from hotmess.simulate.overthinking import Temperature, population, temperature

    world = Temperature(models=1, questions=questions, samples=samples, budgets=1, heat_nat=heat)

    def make(seed: int) -> Any:
        from hotmess.laws.contrast import halved_cells
        from hotmess.responses.validate import validate

        return halved_cells(validate(temperature(world, seed=seed).table))

    name = "halves, no effect" if heat == 0 else f"halves, heat {heat:g}"
    return World(name, make, lambda: population(world)["contrast"], "half", heat == 0, questions)


def models(name: str, *, questions: int = 100, samples: int = 20, null: bool, **settings: Any) -> World:
    """Two models on the same questions; incoherence of the second minus that of the first."""
    from hotmess.simulate.answers import Answers

    accuracy, spreads = settings.pop("accuracies", None), settings.pop("spreads", None)
    world = Answers(models=2, questions=questions, samples=samples, **settings)
    pair = [replace(world, accuracy=a) for a in accuracy] if accuracy else [world, world]
    if spreads:
        pair = [replace(w, spread=s) for w, s in zip(pair, spreads)]

    def make(seed: int) -> Any:
        return letter_cells(two(pair, questions, np.random.default_rng([seed, 5])), samples, [seed, 6])

    def truth() -> float:
        from hotmess.simulate import truth as exact

        if null and not accuracy:
            return 0.0
        one, other = (exact.incoherence(p) for p in two(pair, LARGE, np.random.default_rng(20_240_111)))
        return float(other - one)

    return World(name, make, truth, "model", null, questions)


def two(pair: list[Any], questions: int, rng: np.random.Generator) -> np.ndarray:
    from hotmess.simulate.answers import distributions

    state = rng.bit_generator.state
    out = []
    for m, world in enumerate(pair):  # the same normal scores for both, so that their accuracies go together
        rng.bit_generator.state = state
        out.append(distributions(world, questions, rng)[m])
    return np.stack(out)


def mixture(questions: int = 1000, samples: int = 10) -> World:
    """One set in which a question is answered right 97% or 25% of the time: no Beta."""

    def draw(size: int, rng: np.random.Generator) -> np.ndarray:
        a = np.where(rng.random(size) < 0.5, 0.97, 0.25)
        w = rng.dirichlet(np.full(3, 1 / 3), size)
        return np.concatenate([a[:, None], (1 - a)[:, None] * w], axis=1)[None]

    def truth() -> float:
        from hotmess.simulate import truth as exact

        return float(exact.incoherence(draw(LARGE, np.random.default_rng(20_240_112))[0]))

    def make(seed: int) -> Any:
        rng = np.random.default_rng([seed, 7])
        return letter_cells(draw(questions, rng), samples, [seed, 8])

    return World("one set, accuracy 0.97 or 0.25", make, truth, "model", False, questions)


def real_halves(folder: Path, questions: int = 200, samples: int = 20) -> World | None:
    """Halves of a strong model's responses without an effect, in questions made of real ones drawn with replacement."""
    file = folder / REAL
    if not file.exists():
        return None

    def make(seed: int) -> Any:
        shares, options = _shares(str(file))
        rng = np.random.default_rng([seed, 9])
        pick = rng.integers(len(shares), size=questions)
        p = np.stack([shares[pick]] * 2)
        return letter_cells(p, samples // 2, [seed, 10], choices=options[pick], halves=True)

    return World("halves of questions made of real ones, no effect", make, lambda: 0.0, "half", True, questions)


@lru_cache(maxsize=1)
def _shares(file: str) -> tuple[np.ndarray, np.ndarray]:
    """Shares of answers of every question of the most accurate model, the target first, and numbers of options."""
    import hotmess as hm
    from hotmess.answers.groups import letter_cells as target_first

    cells = hm.reduce(hm.read(file))
    letters = target_first(cells, unparsable="wrong")
    rate = cells.table["right"] / cells.table["responses"]
    best = rate.groupby(cells.table["model"]).mean().idxmax()
    rows = np.flatnonzero(cells.table["model"] == best)
    counts = np.column_stack([letters.right, letters.wrong])[rows].astype(float)
    return counts / counts.sum(axis=1, keepdims=True), letters.choices[rows]


def letter_cells(
    p: np.ndarray, samples: int, seed: Any, choices: np.ndarray | None = None, *, halves: bool = False
) -> Any:
    """Cells of letters from (sides, questions, options) answer distributions, the target first."""
    import pandas as pd

    from hotmess.decompose.points import Points
    from hotmess.responses.cells import Cells

    sides, questions, options = p.shape
    counts = np.random.default_rng(seed).multinomial(samples, p).reshape(sides * questions, options)
    cell, option = np.nonzero(counts)
    table = pd.DataFrame(
        {
            "benchmark": "b",
            "model": "m" if halves else np.repeat([f"m{s}" for s in range(sides)], questions),
            "question": np.tile(np.arange(questions).astype(str), sides),
            "condition": "",
            "budget": "",
            "half": np.repeat([f"h{s}" for s in range(sides)], questions),
            "target": 0,
            "n_choices": options if choices is None else np.tile(choices, sides),
            "responses": samples,
            "right": counts[:, 0],
            "unparsable": 0,
        }
    )
    table = table if halves else table.drop(columns="half")
    hot = np.eye(options)[option]
    ones = np.ones(len(cell), np.int64)
    target = np.eye(options)[np.zeros(len(table), int)]
    points = Points(cell, counts[cell, option], ones, hot, ones.astype(float), target)
    wide = np.column_stack([counts, np.zeros(len(counts), int)])
    return Cells(table, points, wide, np.column_stack([hot, np.zeros(len(hot))]).astype(np.int64), "answer")


def worlds(folder: Path) -> list[World]:
    """All of them, those made of real questions where the folder has the data."""
    real = real_halves(folder)
    return [
        halves(0.0),
        halves(0.35),
        halves(0.2),
        models("two models alike, correlation 0.8", null=True, shared=0.8),
        models("two models, logit-normal, correlation 0.7", null=False, kind="logit-normal", shared=0.7,
               accuracies=(0.6, 0.7), spread=0.3),
        models("two models, accuracies 0.60 and 0.95, incoherence alike", null=True, accuracies=(0.6, 0.95),
               spreads=(0.5, 0.684), shared=0.5),  # (1 - a) + spread a is 0.7 in both
        mixture(),
        *([real] if real is not None else []),
    ]  # fmt: skip


def bare_fit(cells: Any, by: str, seed: int, draws: int = DRAWS) -> Any:
    """A fit whose posterior has not been drawn: statements about questions like these do not need it."""
    import xarray as xr

    from hotmess.answers.fit import fit_cells
    from hotmess.answers.groups import find_groups
    from hotmess.answers.groups import letter_cells as target_first
    from hotmess.answers.posterior import Fit
    from hotmess.inference.spec import Spec

    letters = target_first(cells)
    spec = Spec("grid", letters.prior, seed, draws // 4, 4, groups=("model", by) if by != "model" else ("model",))
    posterior = xr.Dataset(coords={"chain": np.arange(4), "draw": np.arange(draws // 4)})
    tree = xr.DataTree.from_dict({"posterior": posterior})
    return Fit(cells, letters, find_groups(cells, None, columns=spec.groups), tree, spec, fit_cells)


def contrast(means: np.ndarray) -> np.ndarray:
    """(…, 1) incoherence of the second set minus that of the first, or of the one set."""
    ratio = means[..., 2] / means[..., 0]
    return ratio if ratio.shape[-1] == 1 else np.diff(ratio)


def one_set(world: World, seed: int) -> dict[str, Any]:
    """What is said of one data set."""
    from hotmess.statements.tail import probability_above

    cells = world.make(seed)
    fit = bare_fit(cells, world.by, seed)
    means = fit.statement(by=["model"] if world.by == "model" else [world.by])
    found = means.settle(contrast)
    draws = found.draws[:, 0]
    out = {"statement": _said(draws, probability_above(draws, 0.0, found.df[0]))}
    out["statement"]["few"] = bool(found.few[0])
    out["effective"] = [float(found.df[0]), float(found.implied[0]), float(found.guard[0])]
    plain = contrast(means.unbiased)[:, 0]
    out["unbiased"] = _said(plain, float((plain > 0).mean()))
    if seed % EVERY == 0:
        from hotmess.answers.fit import fit as full

        groups = ["model"] if world.by == "model" else ["model", world.by]
        before = full(cells, groups=groups, seed=seed, draws=DRAWS // 4, pointwise=False)
        out["before"] = _weighted_draws(before, groups)
    return out


def _weighted_draws(fit: Any, by: list[str]) -> dict[str, Any]:
    """Draws of every question's answers, weighted afterwards; each side's drawn by itself."""
    from hotmess.answers.population import aggregate

    terms = fit.terms()
    values = [terms.error, terms.bias2, terms.variance]
    means = aggregate(values, fit.cells.table, by, population="like-these", seed=fit.seed, chains=1)[1]
    draws = contrast(np.moveaxis(means[:, 0], 0, -1))[:, 0]
    return _said(draws, float((draws > 0).mean()))


def _said(draws: np.ndarray, p: float) -> dict[str, Any]:
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95])
    return {"low": float(low), "median": float(middle), "high": float(high), "p": float(p)}


def summary(world: World, sets: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of the table: coverage, width, and verdicts of each way."""
    truth = world.truth()
    row: dict[str, Any] = {
        "world": world.name,
        "questions": world.questions,
        "truth": truth,
        "null": world.null,
        "sets": len(sets),
    }
    row["effective"] = float(np.median([s["effective"][0] for s in sets]))
    row["implied"] = float(np.median([s["effective"][1] for s in sets]))
    row["guarded"] = float(np.mean([s["effective"][2] > 0 for s in sets]))
    for way in ("statement", "unbiased", "before"):
        some = [s[way] for s in sets if way in s]
        if not some:
            continue
        low, middle, high, p = (np.array([s[k] for s in some]) for k in ("low", "median", "high", "p"))
        few = np.array([s.get("few", False) for s in some])
        row[way] = {
            "sets": len(some),
            "covered": float(((low < truth) & (truth < high)).mean()),
            "width": float((high - low).mean() / 2 / 1.645 / middle.std()) if len(some) > 1 else None,
            "supported": float(((p > 0.975) & ~few).mean()),
            "contradicted": float(((p < 0.025) & ~few).mean()),
            "few": float(few.mean()),
        }
    return row


def _error(rate: float, sets: int) -> str:
    return f"{100 * np.sqrt(rate * (1 - rate) / sets):.1f}%"


def missed(row: dict[str, Any]) -> list[str]:
    """Which aims a world misses, as measured; none are set below 8 effective questions."""
    own, plain = row["statement"], row["unbiased"]
    if row["implied"] < 8:
        return []
    said = []
    if not 0.87 <= own["covered"] <= 0.93:
        said.append(f"covered {100 * own['covered']:.1f}%")
    if own["width"] is not None and not 0.9 <= own["width"] <= 1.15:
        said.append(f"width {own['width']:.2f}")
    if row["null"]:
        said += [f"{name} {100 * own[name]:.1f}%" for name in ("supported", "contradicted") if own[name] > 0.04]
    elif own["supported"] < 0.9 * plain["supported"]:
        said.append(f"supported {100 * own['supported']:.1f}%, unbiased {100 * plain['supported']:.1f}%")
    return said


def markdown(about: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """The page."""
    sets, some = rows[0]["statement"]["sets"], rows[0]["before"]["sets"]
    lines = [
        "# Statements about questions like these",
        "",
        f"`{about['command']}`, {about['date']}, seed {about['seed']}; `data` holds `{REAL}`, without which the world "
        f"of real questions is left out. Each data set draws its questions anew; {DRAWS} draws of weights.",
        "",
        "Of 90% intervals the coverage, and their width over what the estimates' own scatter would make it; how often "
        "the quantity is called supported (positive) and contradicted (negative), in per cent. *Before*: draws of "
        "every question's answers, weighted afterwards, on every fourth data set. *Unbiased*: the paired Bayesian "
        "bootstrap of unbiased terms, without a model, without a correction for few questions. Monte Carlo standard "
        f"error of a coverage of 90%: {_error(0.9, sets)} with {sets} data sets, {_error(0.9, some)} with {some}; of a "
        f"rate of 2.5%: {_error(0.025, sets)} with {sets}.",
        "",
        "| world | questions | truth | effective questions (of the sample, implied) | way | data sets | covered "
        "| width | supported | contradicted | too few |",
        "|---|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        for way in ("statement", "unbiased", "before"):
            if way not in row:
                continue
            r = row[way]
            width = "" if r["width"] is None else f"{r['width']:.2f}"
            rates = " | ".join(f"{100 * r[k]:.1f}" for k in ("supported", "contradicted", "few"))
            lines.append(
                f"| {row['world']} | {row['questions']} | {row['truth']:.4f} | {row['effective']:.0f}, "
                f"{row['implied']:.0f} | {way} | {r['sets']} | {100 * r['covered']:.1f} | {width} | {rates} |"
            )
    away = [f"* {row['world']}: {', '.join(missed(row))}" for row in rows if missed(row)]
    lines += [
        "",
        "Aims, of statements with 8 effective questions or more as the model implies them: coverage 87 to 93%, width "
        "0.9 to 1.15; where the truth is no effect, at most 4% in a direction; where there is one, supported in 0.9 of "
        "the unbiased one's data sets. Missed, within Monte Carlo error or beyond it:",
        "",
        *(away or ["* none"]),
    ]
    return "\n".join(lines) + "\n"


def jobs_of(rows: list[World], sets: int, seed: int) -> Iterator[tuple[str, int]]:
    """(world's name, seed) of each data set, the first of every world first."""
    for number in range(sets):
        for world in rows:
            yield world.name, seed * 100_000 + number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=200, help="data sets per world (default 200)")
    parser.add_argument("--only", default="", metavar="TEXT", help="worlds whose names hold this; writes nothing")
    parser.add_argument("--data", type=Path, default=Path("data"), help=f"folder with {REAL}, where it is there")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results (default: beside this script)")
    add_options(parser)
    args = parser.parse_args()
    store = args.out / ".cache" / "statements.jsonl"
    store.parent.mkdir(parents=True, exist_ok=True)
    done = (
        dict(json.loads(line) for line in store.read_text().splitlines() if line.endswith("}]"))
        if store.exists()
        else {}
    )
    chosen = [w for w in worlds(args.data) if args.only in w.name]
    todo = [job for job in jobs_of(chosen, args.sets, args.seed) if f"{job[0]}/{job[1]}" not in done]
    with store.open("a") as out:
        out.write("\n")
        for i, (key, result) in enumerate(spread(_job(args.data), todo, jobs=args.jobs, cluster=args.cluster), 1):
            done[key] = result
            out.write(json.dumps([key, result]) + "\n")
            out.flush()
            if sys.stderr.isatty():
                print(f"\r{i} of {len(todo)} data sets ", end="", file=sys.stderr)
    rows = [summary(w, [done[f"{n}/{s}"] for n, s in jobs_of([w], args.sets, args.seed)]) for w in chosen]
    about = {
        "command": f"python reports/studies/statements.py --sets {args.sets} --seed {args.seed} --data data",
        "seed": args.seed,
        "date": datetime.date.today().isoformat(),
        "draws": DRAWS,
    }
    if args.only:
        print(markdown(about, rows))
        return
    (args.out / "statements.json").write_text(json.dumps({**about, "rows": rows}, indent=1, allow_nan=False) + "\n")
    (args.out / "statements.md").write_text(markdown(about, rows))
    print(
        f"Wrote {args.out / 'statements.md'}; {sum(os.times()[:4]) / 60:.1f} minutes of processor time.",
        file=sys.stderr,
    )


def _job(folder: Path) -> Callable[[tuple[str, int]], tuple[str, dict[str, Any]]]:
    def work(job: tuple[str, int]) -> tuple[str, dict[str, Any]]:
        name, seed = job
        return f"{name}/{seed}", one_set({w.name: w for w in worlds(folder)}[name], seed)

    return work


if __name__ == "__main__":
    main()
