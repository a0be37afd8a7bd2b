"""Study: do intervals of parts of variance by source hold the truth, levels nested in questions or shared by them?

    python reports/studies/source_coverage.py --sets 400

Worlds: sources whose levels belong to one question (nested) or are the same for all (shared), one or two crossed, with
normal positions (the embedding outcome in one dimension) or right and wrong answers (scores of 0 and 1, levels moving
the log odds); 3 to 20 levels, 20 to 200 questions. Truth: exact for normal positions, by integration over 4,000
questions and 400 levels for right and wrong. In worlds of fewer than five levels the truth is drawn anew for every data
set (main effects and interactions half-normal) and the rank of the truth among the draws must be uniform
(simulation-based calibration); P is of a χ² test over ten bins.

Writes `source_coverage.json` and `source_coverage.md` beside itself. Worlds that are done lie in
`source_coverage.part.jsonl` until all are, so that an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import datetime
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from hotmess.decompose.intervals import question_shares
from hotmess.runs.split import Rows, splits

HERE = Path(__file__).resolve().parent
INTERVAL = 0.9


@dataclass(frozen=True)
class World:
    """One world: standard deviations of levels' main effects and of their interaction with questions.

    `second`: levels of a second source, crossed with the first, with a main effect of the same size.
    """

    name: str
    shared: bool
    levels: int
    questions: int
    samples: int
    main: float
    both: float
    right: bool = False
    second: int = 0
    drawn: bool = False


WORLDS = (
    World("nested, 3 levels", False, 3, 40, 3, 0.0, 0.5),
    World("nested, 5 levels", False, 5, 40, 3, 0.0, 0.5),
    World("nested, 8 levels", False, 8, 40, 3, 0.0, 0.5),
    World("nested, 5 levels, 200 questions", False, 5, 200, 2, 0.0, 0.5),
    World("nested, 5 levels, right and wrong", False, 5, 100, 4, 0.0, 1.0, True),
    World("nested, 5 levels of no effect, right and wrong", False, 5, 100, 4, 0.0, 0.0, True),
    World("shared, 5 levels", True, 5, 40, 3, 0.5, 0.3),
    World("shared, 8 levels", True, 8, 40, 3, 0.5, 0.3),
    World("shared, 20 levels", True, 20, 40, 2, 0.5, 0.3),
    World("shared, 5 levels, interaction only", True, 5, 40, 3, 0.0, 0.5),
    World("shared, 5 levels of no effect", True, 5, 40, 3, 0.0, 0.0),
    World("shared, 5 levels, 20 questions", True, 5, 20, 3, 0.3, 0.5),
    World("shared, 5 levels, right and wrong", True, 5, 100, 4, 0.6, 0.5, True),
    World("shared, 8 levels, right and wrong", True, 8, 200, 3, 0.6, 0.5, True),
    World("shared, 5 levels of no effect, right and wrong", True, 5, 100, 4, 0.0, 0.0, True),
    World("two shared, 5 and 6 levels", True, 5, 30, 2, 0.5, 0.2, False, 6),
    World("two shared, 8 and 8 levels", True, 8, 20, 1, 0.5, 0.2, False, 8),
    World("shared, 3 levels, truth drawn", True, 3, 40, 3, 0.5, 0.3, drawn=True),
    World("shared, 4 levels, truth drawn", True, 4, 40, 3, 0.5, 0.3, drawn=True),
    World("nested, 2 levels, truth drawn", False, 2, 60, 3, 0.0, 0.5, drawn=True),
    World("nested, 4 levels, truth drawn", False, 4, 60, 3, 0.0, 0.5, drawn=True),
    World("two shared, 8 and 8 levels, right and wrong", True, 8, 60, 1, 0.8, 0.3, True, 8),
    World("two shared, 8 and 8 levels, right and wrong, strong", True, 8, 60, 1, 1.5, 0.3, True, 8),
    World("two shared, 3 and 4 levels, truth drawn", True, 3, 40, 2, 0.5, 0.2, False, 4, drawn=True),
    World("two shared, 4 and 4 levels, truth drawn", True, 4, 40, 2, 0.5, 0.2, False, 4, drawn=True),
    World("two shared, 4 and 4 levels, right and wrong, truth drawn", True, 4, 60, 2, 0.8, 0.3, True, 4, drawn=True),
)


def simulate(world: World, rng: np.random.Generator) -> tuple[Rows, dict[str, float]]:
    """Responses, and the true parts `a`, `b`, `sampling`, `total`, `a share` and, with a target, `a incoherence`."""
    scale = np.abs(rng.normal(size=2)) if world.drawn else np.ones(2)
    main, both = world.main * scale[0], world.both * scale[1]
    q, k, m, r = world.questions, world.levels, max(world.second, 1), world.samples
    one = rng.normal(0, main, (1 if world.shared else q, k))[:, :, None, None] if main else 0.0
    two = rng.normal(0, main, (1, 1, m, 1)) if world.second else 0.0
    x = 1.5 * rng.normal(size=(q, 1, 1, 1)) + one + two + rng.normal(0, both, (q, k, 1, 1)) + np.zeros((q, k, m, r))
    if world.second:
        x = x + rng.normal(0, both, (q, 1, m, 1)) + rng.normal(0, both, (1, k, m, 1))
    question, a, b, _ = (index.ravel() for index in np.indices(x.shape))
    levels = [a if world.shared else question * k + a, *([b] if world.second else [])]
    if world.right:
        z = (rng.random(x.shape) < 1 / (1 + np.exp(-x))).astype(float).reshape(-1, 1)
        truth = _crossed_truth(main, both) if world.second else _truth(main, both)
        return Rows(z, 1 - z[:, 0], question, levels, np.arange(q)), truth
    z = (x + rng.normal(size=x.shape)).reshape(-1, 1)
    part = main**2 + both**2
    truth = {"a": part, "sampling": 1.0}
    if world.second:
        truth |= {"b": part, "a × b": both**2}
    truth["total"] = sum(truth.values())
    truth["a share"] = part / truth["total"]
    return Rows(z, np.full(len(z), np.nan), question, levels, np.arange(q)), truth


KNOWN: dict[tuple[float, float], dict[str, float]] = {}


def _truth(main: float, both: float) -> dict[str, float]:
    """Parts of right and wrong by integration on quantiles of questions and of levels."""
    if (main, both) not in KNOWN:
        base, level = (stats.norm.ppf((np.arange(n) + 0.5) / n) for n in (4000, 400))
        p = 1 / (1 + np.exp(-1.5 * base[:, None] - np.hypot(main, both) * level))
        part, sampling, error = p.var(axis=1).mean(), (p * (1 - p)).mean(), (1 - p).mean()
        KNOWN[main, both] = {"a": part, "sampling": sampling, "total": part + sampling} | {
            "a share": part / (part + sampling),
            "a incoherence": part / error,
        }
    return KNOWN[main, both]


def _crossed_truth(main: float, both: float) -> dict[str, float]:
    """The same of two crossed sources, on quantiles of questions and Gauss and Hermite's points of both sources."""
    if (-main, both) not in KNOWN:
        base = 1.5 * stats.norm.ppf((np.arange(400) + 0.5) / 400)
        x, w = np.polynomial.hermite_e.hermegauss(40)
        w = w / w.sum()
        own, rest = np.hypot(main, both) * x, np.sqrt(main**2 + 2 * both**2) * x  # the other source, and both together
        p = (1 / (1 + np.exp(-base[:, None, None] - own[:, None] - rest))) @ w
        mean = p @ w
        part, total = float((p**2 @ w - mean**2).mean()), float((mean * (1 - mean)).mean())
        KNOWN[-main, both] = {"a": part, "b": part, "sampling and interactions": total - 2 * part, "total": total} | {
            "a share": part / total,
            "a incoherence": part / float((1 - mean).mean()),
        }
    return KNOWN[-main, both]


def one_set(world: World, seed: tuple[int, int], draws: int) -> dict[str, tuple[bool, float, float]]:
    """part -> whether its interval holds the truth, the rank of the truth among the draws, the interval's width."""
    rows, truth = simulate(world, np.random.default_rng(seed))
    names = ["a", "b"] if world.second else ["a"]
    weights = question_shares(world.questions, draws, seed[0])
    split = splits([rows], names, weights, settle=True, seed=seed[0])[0][0]
    _, spread = split.ratios()
    out = {}
    for name, value in truth.items():
        part, _, kind = name.rpartition(" ") if name.endswith(("share", "incoherence")) else (name, "", "")
        if part not in split.parts:  # without repeats sampling and interactions are one, and there is no truth for it
            continue
        at, row = split.parts.index(part), ("", "share", "incoherence").index(kind)
        low, high = split.ends(spread[:, row, at], INTERVAL)
        out[name] = (bool(low <= value <= high), float((spread[:, row, at] < value).mean()), high - low)
    return out


def run(world: World, sets: int, draws: int) -> dict[str, Any]:
    """Coverage and ranks of every part in one world."""
    found = [one_set(world, (seed, WORLDS.index(world)), draws) for seed in range(sets)]
    parts: dict[str, Any] = {}
    for name in found[0]:
        held = np.array([one[name][0] for one in found])
        rank = np.array([one[name][1] for one in found])
        bins = np.histogram(rank, np.linspace(0, 1, 11))[0] if world.drawn else np.ones(10)
        parts[name] = {
            "coverage": float(held.mean()),
            "standard_error": float(np.sqrt(held.mean() * (1 - held.mean()) / sets)),
            "rank_p": float(stats.chisquare(bins).pvalue) if world.drawn else None,
            "tenths": (bins / sets).tolist() if world.drawn else None,
            "median_width": float(np.median([one[name][2] for one in found])),
        }
    return {**asdict(world), "sets": sets, "parts": parts}


def page(results: list[dict[str, Any]], command: str) -> str:
    """The table of all worlds."""
    lines = [
        "# Coverage of parts of variance by source",
        "",
        f"`{command}`, {datetime.date.today().isoformat()}. Share of data sets whose 90% interval holds the truth "
        f"({results[0]['sets']} data sets in each world; one standard error is about "
        f"{100 * np.sqrt(0.09 / results[0]['sets']):.1f} percentage points). Where the truth is drawn, P that ranks of "
        "the truth among draws are uniform, and the smallest and the largest share of a tenth of the ranks (0.1 each "
        "if they are).",
        "",
        "| world | questions | part | coverage | P of ranks | tenths |",
        "|---|---:|---|---:|---:|---|",
    ]
    for one in results:
        for name, part in one["parts"].items():
            ranks, tenths = "", ""
            if one["drawn"]:
                ranks = f"{part['rank_p']:.3f}"
                tenths = f"{min(part['tenths']):.3f} to {max(part['tenths']):.3f}"
            cells = (one["name"], one["questions"], name, f"{part['coverage']:.3f}", ranks, tenths)
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the worlds and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=400, help="data sets in each world")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only", default="", help="worlds whose name begins so; nothing is written")
    args = parser.parse_args()
    part = HERE / "source_coverage.part.jsonl"
    lines = part.read_text().splitlines() if part.is_file() and not args.only else []
    done = {
        one["name"]: one for one in map(json.loads, lines) if (one["sets"], one["draws"]) == (args.sets, args.draws)
    }
    results = []
    for world in (one for one in WORLDS if one.name.startswith(args.only)):
        results.append(done.get(world.name) or {**run(world, args.sets, args.draws), "draws": args.draws})
        if not args.only and world.name not in done:
            with part.open("a") as file:
                file.write(json.dumps(results[-1]) + "\n")
        said = ", ".join(f"{n} {p['coverage']:.3f}" for n, p in results[-1]["parts"].items())
        print(f"{world.name}: {said}", flush=True)
    if args.only:
        return
    command = f"python reports/studies/source_coverage.py --sets {args.sets}"
    (HERE / "source_coverage.json").write_text(
        json.dumps({"command": command, "interval": INTERVAL, "draws": args.draws, "worlds": results}, indent=1) + "\n"
    )
    (HERE / "source_coverage.md").write_text(page(results, command))
    part.unlink()


if __name__ == "__main__":
    main()
