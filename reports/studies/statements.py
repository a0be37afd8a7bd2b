"""Study: statements about questions like these, where the truth is known: coverage, width, false and true verdicts.

    nice -n 19 python reports/studies/statements.py --sets 200 --seed 1

Worlds (`statement_worlds.py`) of longer against shorter halves of one model's responses (no effect, heat 0.35 and 0.2
per doubling, and no effect in questions made of a real model's), of two budgets, of two models (alike, with accuracies
correlated over questions or not; logit-normal accuracies; accuracies 0.60 and 0.95 with the same incoherence), of
five sizes (bias² falls as fast as variance, and more slowly), and of one set where accuracy is a mixture
(0.97 or 0.25); 20 to 5,700 questions. Every data set draws its questions anew. For each: the statement by the
posterior bootstrap; the paired Bayesian bootstrap of unbiased terms, without a model; and, on every fourth data set,
draws of the questions' answers weighted afterwards, as statements were made before.

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
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from parallel import add_options, spread  # noqa: E402
from statement_worlds import REAL, World, worlds  # noqa: E402

DRAWS, EVERY, MANY = 1000, 4, 400


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


def one_set(world: World, seed: int) -> dict[str, Any]:
    """What is said of one data set."""
    from hotmess.statements.tail import probability_above

    cells = world.make(seed)
    fit = bare_fit(cells, world.by, seed)
    means = fit.statement(by=["model"] if world.by == "model" else [world.by])
    found = means.settle(world.quantity)
    draws = found.draws[:, 0]
    out = {"statement": _said(draws, probability_above(draws, 0.0, found.df[0]))}
    out["statement"]["few"] = bool(found.few[0])
    out["effective"] = [float(found.df[0]), float(found.implied[0]), float(found.guard[0])]
    plain = world.quantity(means.unbiased)[:, 0]
    out["unbiased"] = _said(plain, float((plain > 0).mean()))
    if seed % EVERY == 0:
        from hotmess.answers.fit import fit as full

        groups = ["model"] if world.by == "model" else ["model", world.by]
        before = full(cells, groups=groups, seed=seed, draws=DRAWS // 4, pointwise=False)
        out["before"] = _weighted_draws(before, groups, world.quantity)
    return out


def _weighted_draws(fit: Any, by: list[str], quantity: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """Draws of every question's answers, weighted afterwards; each side's drawn by itself."""
    from hotmess.answers.population import aggregate

    terms = fit.terms()
    values = [terms.error, terms.bias2, terms.variance]
    means = aggregate(values, fit.cells.table, by, population="like-these", seed=fit.seed, chains=1)[1]
    draws = quantity(np.moveaxis(means[:, 0], 0, -1))[:, 0]
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
        f"of real questions is left out. Each data set draws its questions anew; {DRAWS} draws of weights. Worlds of "
        f"more than {MANY} questions have a fifth as many data sets.",
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
    """(world's name, seed) of each data set, the first of every world first; of large worlds a fifth as many."""
    for number in range(sets):
        for world in rows:
            if number < (sets if world.questions <= MANY else -(-sets // 5)):
                yield world.name, seed * 100_000 + number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sets", type=int, default=200, help=f"data sets per world, a fifth above {MANY} questions (default 200)"
    )
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
