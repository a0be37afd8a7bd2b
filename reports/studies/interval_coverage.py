"""Study: how often 90% intervals of bias², variance and incoherence hold the truth, and how far estimates are off.

    python reports/studies/interval_coverage.py --sets 1000 --jobs 1

Four parts (methods, section 7): (i) worlds drawn from the prior; (ii) fixed worlds of the answer model, questions
drawn anew for every data set; (iii) worlds that are not the answer model's; and root mean square errors of the latent
estimate from 3 samples per question beside the plug-in and unbiased estimates from 30. Both the latent intervals and
the unbiased ones, for these questions and for questions like these.

Writes `coverage.json` and `coverage.md` beside itself. Finished blocks are kept in `.cache/coverage.jsonl` until then,
so that the study goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from arrays import (  # noqa: E402
    POPULATIONS,
    QUANTITIES,
    Intervals,
    context_points,
    latent_intervals,
    letter_points,
    point_estimates,
    quantities,
    unbiased_intervals,
)
from parallel import add_options, spread  # noqa: E402

DRAWS, BOOTSTRAP = 199, 500
CELLS = 3000  # questions × models that are stacked in one block
SAMPLES = (3, 5, 10, 30)
SIZES = ((100, 1000, SAMPLES), (300, 400, SAMPLES), (25, 400, SAMPLES), (1140, 200, (3, 30)))
"""Fixed worlds: questions, data sets where 1,000 are asked for, samples per question."""


@dataclass(frozen=True)
class Setting:
    """One row of the study: a world, the size of its data sets and their number."""

    part: str
    name: str
    questions: int
    samples: int
    sets: int
    accuracy: float = 0.5
    kappa: float = 1.0
    phi: float = 2.0
    kind: str = "beta"
    models: int = 1
    shared: float = 0.0
    contexts: int = 0
    concentration: float | None = None
    spread: float | None = None

    @property
    def block(self) -> int:
        """Data sets in one block."""
        return max(1, CELLS // (self.questions * self.models))

    @property
    def contrast(self) -> np.ndarray:
        """One model's quantities, or the difference of the first and the second model's."""
        return np.array([1.0, -1.0][: self.models])


def settings(sets: int) -> list[Setting]:
    """The study's rows; `sets` is the number of data sets where 1,000 is meant, others are in proportion."""

    def some(number: int) -> int:
        return max(2, round(number * sets / 1000))

    out = [Setting("prior", "prior", 100, n, some(1000)) for n in SAMPLES]
    worlds = {"even": (0.5, 1.0, 2.0), "settled": (0.8, 0.5, 1.0), "scattered": (0.35, 4.0, 6.0)}
    for questions, number, samples in SIZES:
        for name, (a, kappa, phi) in worlds.items():
            out += [
                Setting("fixed", name, questions, n, some(number), accuracy=a, kappa=kappa, phi=phi) for n in samples
            ]
    other: dict[str, dict[str, Any]] = {
        "logit-normal": {"kind": "logit-normal", "accuracy": 0.6, "spread": 0.5},
        "mixture": {"kind": "mixture", "accuracy": 0.6, "spread": 0.5},
        "correlated models": {"models": 2, "shared": 0.7, "accuracy": 0.6},
    }
    for name, change in other.items():
        out += [Setting("misspecified", name, 300, n, some(300), **change) for n in (3, 10, 30)]
    out.append(Setting("misspecified", "contexts", 300, 30, some(300), accuracy=0.6, contexts=10, concentration=4.0))
    accuracies = {
        "accuracy 0.4": 0.4,
        "accuracy 0.5": 0.5,
        "accuracy 0.6": 0.6,
        "accuracy 0.7": 0.7,
        "accuracy 0.9": 0.9,
    }
    out += [Setting("error", name, 1140, 30, some(150), accuracy=a) for name, a in accuracies.items()]
    out += [
        Setting(
            "error", f"logit-normal, accuracy {a}", 1140, 30, some(150), accuracy=a, kind="logit-normal", spread=0.5
        )
        for a in (0.5, 0.9)
    ]
    return out


def draw(setting: Setting, seed: list[int]) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """One data set: answers (models, questions, samples), contexts' counts or none, and the truth by population."""
    from hotmess.simulate.answers import Answers, answers, distributions

    if setting.part == "prior":
        return _from_prior(setting, seed)
    recipe = Answers(
        kind=setting.kind,  # type: ignore[arg-type]
        models=setting.models,
        questions=setting.questions,
        samples=setting.samples,
        accuracy=setting.accuracy,
        spread=1 / (1 + setting.kappa) if setting.spread is None else setting.spread,
        phi=setting.phi,
        shared=setting.shared,
        contexts=setting.contexts,
        concentration=np.inf if setting.concentration is None else setting.concentration,
    )
    number = int(np.random.SeedSequence(seed).generate_state(1)[0])
    world = answers(recipe, seed=number)
    if setting.models == 1:
        truth = {
            "these": np.array([world.truth[f"{name}_these"] for name in QUANTITIES]),
            "like-these": np.array([world.truth[name] for name in QUANTITIES]),
        }
    else:  # both models' answers come from the same law, so that their difference is 0 for questions like these
        p = distributions(recipe, setting.questions, np.random.default_rng(number))  # as `answers` begins
        each = quantities(2 * (1 - p[..., 0]).mean(-1), (1 - (p**2).sum(-1)).mean(-1))
        truth = {"these": setting.contrast @ each, "like-these": np.zeros(len(QUANTITIES))}
    context = np.zeros(0) if world.context is None else world.context[:, :, 0]
    return world.answer[:, :, 0], context, truth


def _from_prior(setting: Setting, seed: list[int]) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    from hotmess.answers.prior import AnswerPrior

    rng = np.random.default_rng(seed)
    eta = rng.normal(AnswerPrior().location, AnswerPrior().scale)
    a, kappa, phi = 1 / (1 + np.exp(-eta[0])), np.exp(eta[1]), np.exp(eta[2])
    right = rng.beta(kappa * a, kappa * (1 - a), setting.questions)
    w = rng.dirichlet(np.full(3, phi / 3), setting.questions)
    p = np.column_stack([right, (1 - right)[:, None] * w])
    answer = (rng.random((setting.questions, setting.samples, 1)) >= p.cumsum(1)[:, None, :-1]).sum(-1)
    ratio = 1 - 0.5 * (kappa * (1 - a) + 1) / (kappa + 1) * (1 + (1 + phi / 3) / (1 + phi))
    error = 2 * (1 - a)
    these = quantities(2 * (1 - right).mean(), (1 - (p**2).sum(1)).mean())
    return answer[None], np.zeros(0), {"these": these, "like-these": quantities(error, ratio * error)}


def tally(answer: np.ndarray, options: int = 4) -> np.ndarray:
    """(…, samples) answers to (…, options) counts."""
    return (answer[..., None] == np.arange(options)).sum(-2)


def run_block(setting: Setting, number: int, seed: int) -> dict[str, Any]:
    """Intervals and truths of the data sets of one block: what `merge` adds up."""
    first = number * setting.block
    size = min(setting.block, setting.sets - first)
    place = [seed, *np.frombuffer(json.dumps(asdict(replace(setting, sets=0))).encode(), np.uint8).tolist()]
    drawn = [draw(setting, [*place, first + i]) for i in range(size)]
    answer = np.stack([d[0] for d in drawn])
    truth = {p: np.stack([d[2][p] for d in drawn]) for p in POPULATIONS}
    counts = tally(answer)
    shape = answer.shape[:3]
    at = int(np.random.SeedSequence([*place, first, 1]).generate_state(1)[0] // 4)
    if setting.part == "error":
        latent = latent_intervals(tally(answer[..., :3]), setting.contrast, draws=DRAWS, seed=at)
        off = {"latent, 3": latent["these"].estimate}
        for samples in (3, 30):
            points = letter_points(tally(answer[..., :samples]))
            for estimator in ("plug-in", "unbiased"):
                off[f"{estimator}, {samples}"] = point_estimates(points, shape, estimator=estimator)[:, 0]
        return {k: _errors(v - truth["these"]) for k, v in off.items()}
    if setting.contexts:
        context = np.stack([d[1] for d in drawn])
        split = [tally(np.where(context == c, answer, -1)) for c in range(setting.contexts)]
        points = context_points(np.stack(split, axis=-2))
    else:
        points = letter_points(counts)
    found = {
        "latent": latent_intervals(counts, setting.contrast, draws=DRAWS, seed=at),
        "unbiased": unbiased_intervals(points, shape, setting.contrast, draws=BOOTSTRAP, seed=at),
    }
    return {f"{e}, {p}": _covered(found[e][p], truth[p]) for e in found for p in POPULATIONS}


def _covered(found: Intervals, truth: np.ndarray) -> dict[str, list[float]]:
    known = np.isfinite(found.low) & np.isfinite(found.high) & np.isfinite(truth)
    inside = (found.low <= truth) & (truth <= found.high) & known
    width = np.where(known, found.high - found.low, 0.0)
    return {"covered": inside.sum(0).tolist(), "width": width.sum(0).tolist(), **_errors(found.estimate - truth, known)}


def _errors(off: np.ndarray, known: np.ndarray | None = None) -> dict[str, list[float]]:
    known = np.isfinite(off) if known is None else known
    off = np.where(known, off, 0.0)
    return {"sets": known.sum(0).tolist(), "off": off.sum(0).tolist(), "square": (off**2).sum(0).tolist()}


def merge(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Rates, mean widths, mean errors and root mean square errors of all of a setting's data sets."""
    out = {}
    for key in blocks[0]:
        total = {k: np.sum([b[key][k] for b in blocks], axis=0) for k in blocks[0][key]}
        sets = np.maximum(total["sets"], 1)
        row = {"sets": total["sets"], "mean_error": total["off"] / sets, "rmse": np.sqrt(total["square"] / sets)}
        if "covered" in total:
            row |= {"coverage": total["covered"] / sets, "width": total["width"] / sets}
        out[key] = {k: dict(zip(QUANTITIES, v.tolist())) for k, v in row.items()}
    return out


def work(job: tuple[Setting, int, int]) -> tuple[str, dict[str, Any]]:
    """One block, as a line of the file of finished blocks."""
    setting, number, seed = job
    return key(setting, number, seed), run_block(setting, number, seed)


def key(setting: Setting, number: int, seed: int) -> str:
    return json.dumps([*asdict(setting).values(), number, seed])


def blocks(rows: list[Setting], seed: int) -> Iterator[tuple[Setting, int, int]]:
    for setting in rows:
        for number in range(-(-setting.sets // setting.block)):
            yield setting, number, seed


def run(rows: list[Setting], *, seed: int, store: Path, jobs: int = 1, cluster: str = "") -> list[dict[str, Any]]:
    """All blocks of all rows, in processes; finished ones are taken from `store`."""
    done: dict[str, Any] = {}
    if store.exists():
        for line in store.read_text().splitlines():
            if line.endswith("}]"):  # a line cut short by an interruption is done again
                done.update([json.loads(line)])
    todo = [job for job in blocks(rows, seed) if key(*job) not in done]
    begun = time.time()
    with store.open("a") as out:
        out.write("\n")
        for i, (name, result) in enumerate(spread(work, todo, jobs=jobs, cluster=cluster), 1):
            done[name] = result
            out.write(json.dumps([name, result]) + "\n")
            out.flush()
            if i % 10 == 0 and sys.stderr.isatty():
                left = (time.time() - begun) / i * (len(todo) - i)
                print(f"\r{i} of {len(todo)} blocks, {left / 60:.0f} minutes left ", end="", file=sys.stderr)
    out_rows = []
    for setting in rows:
        mine = [done[key(*job)] for job in blocks([setting], seed)]
        out_rows.append({"setting": asdict(setting), "results": merge(mine)})
    return out_rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=1000, help="data sets per world (default 1000; large ones fewer)")
    add_options(parser)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results (default: beside this script)")
    args = parser.parse_args()
    from coverage_table import markdown

    store = args.out / ".cache" / "coverage.jsonl"
    store.parent.mkdir(parents=True, exist_ok=True)
    rows = run(settings(args.sets), seed=args.seed, jobs=args.jobs, cluster=args.cluster, store=store)
    about = {
        "command": f"python reports/studies/interval_coverage.py --sets {args.sets} --seed {args.seed}",
        "seed": args.seed,
        "date": datetime.date.today().isoformat(),
        "draws": DRAWS,
    }
    (args.out / "coverage.json").write_text(json.dumps({**about, "rows": rows}, indent=1, allow_nan=False) + "\n")
    (args.out / "coverage.md").write_text(markdown(about, rows))
    store.unlink()
    used = sum(os.times()[:4])  # this process and its children
    print(f"Wrote {args.out / 'coverage.md'}; {used / 60:.1f} minutes of processor time.", file=sys.stderr)


if __name__ == "__main__":
    main()
