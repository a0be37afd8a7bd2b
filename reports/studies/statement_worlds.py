"""Worlds of statements about questions like these: what `statements.py` draws its data sets from, and their truths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

LARGE = 200_000
REAL = "cot-scaling-qwen2.5.parquet"


def contrast(means: np.ndarray) -> np.ndarray:
    """(…, 1) incoherence of the second set minus that of the first, or of the one set."""
    ratio = means[..., 2] / means[..., 0]
    return ratio if ratio.shape[-1] == 1 else np.diff(ratio)


def faster(means: np.ndarray) -> np.ndarray:
    """(…, 1) how much faster the sets' bias² falls per doubling of size than their variance, sizes doubling."""
    size = np.arange(means.shape[-2]) - (means.shape[-2] - 1) / 2
    slopes = (np.log2(means[..., 1:]) * size[:, None]).sum(-2) / (size**2).sum()
    return np.asarray(slopes[..., 1] - slopes[..., 0])[..., None]


def exact_means(p: np.ndarray) -> np.ndarray:
    """(sets, 3) error, bias² and variance of (sets, questions, options) distributions, the target first."""
    away = p.copy()
    away[..., 0] -= 1
    error, bias2 = 2 * (1 - p[..., 0]).mean(1), (away**2).sum(-1).mean(1)
    return np.stack([error, bias2, error - bias2], axis=1)


@dataclass(frozen=True)
class World:
    """One row of the study: `make(seed)` draws cells of two sides, or of one set; truth is of questions like these."""

    name: str
    make: Callable[[int], Any]
    truth: Callable[[], float]
    by: str
    null: bool
    questions: int
    quantity: Callable[[np.ndarray], np.ndarray] = contrast


def halves(heat: float, questions: int = 100, samples: int = 20) -> World:
    """Longer against shorter halves of one model's responses; heat: change of log temperature per doubling."""
    from hotmess.simulate.overthinking import Temperature, population, temperature

    world = Temperature(models=1, questions=questions, samples=samples, budgets=1, heat_nat=heat)

    def make(seed: int) -> Any:
        from hotmess.laws.contrast import halved_cells
        from hotmess.responses.validate import validate

        return halved_cells(validate(temperature(world, seed=seed).table))

    name = ("halves, no effect" if heat == 0 else f"halves, heat {heat:g}") + (
        "" if questions == 100 else f", {questions:,}"
    )
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
        return letter_cells(together(pair, questions, np.random.default_rng([seed, 5])), samples, [seed, 6])

    def truth() -> float:
        from hotmess.simulate import truth as exact

        if null and not accuracy:
            return 0.0
        one, other = (exact.incoherence(p) for p in together(pair, LARGE, np.random.default_rng(20_240_111)))
        return float(other - one)

    return World(name, make, truth, "model", null, questions)


def together(pair: list[Any], questions: int, rng: np.random.Generator) -> np.ndarray:
    from hotmess.simulate.answers import distributions

    state = rng.bit_generator.state
    out = []
    for m, world in enumerate(pair):  # the same normal scores for all, so that their accuracies go together
        rng.bit_generator.state = state
        out.append(distributions(world, questions, rng)[m])
    return np.stack(out)


def budgets(heat: float, questions: int = 100, samples: int = 15) -> World:
    """A larger against a smaller budget of one model; heat: change of log temperature from one to the other."""
    from hotmess.simulate import truth as exact
    from hotmess.simulate.overthinking import Temperature, scores, temperature

    world = Temperature(models=1, questions=questions, samples=samples, budgets=2, heat_bud=heat)

    def make(seed: int) -> Any:
        from hotmess.responses.cells import reduce
        from hotmess.responses.validate import validate

        return reduce(validate(temperature(world, seed=seed).table))

    def truth() -> float:
        score = scores(world, LARGE, np.random.default_rng(20_240_113))[0][0]
        p = np.stack([exact.softmax(score / np.exp(heat * x)) for x in world.distance])
        return float(contrast(exact_means(p))[0])

    name = "budgets, no effect" if heat == 0 else f"budgets, heat {heat:g}"
    return World(name, make, truth, "budget", heat == 0, questions)


def sizes(name: str, *, null: bool, spreads: tuple[float, ...], questions: int = 100, samples: int = 20) -> World:
    """Five models, each twice as large as the one before: exponents of bias² and variance of these models."""
    from hotmess.simulate.answers import Answers

    world = Answers(models=len(spreads), questions=questions, samples=samples, shared=0.7)
    accuracies = np.linspace(0.5, 0.9, len(spreads))
    many = [replace(world, accuracy=a, spread=s) for a, s in zip(accuracies, spreads)]

    def make(seed: int) -> Any:
        return letter_cells(together(many, questions, np.random.default_rng([seed, 11])), samples, [seed, 12])

    def truth() -> float:
        return float(faster(exact_means(together(many, LARGE, np.random.default_rng(20_240_114))))[0])

    return World(name, make, truth, "model", null, questions, faster)


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
        halves(0.0, questions=20),
        halves(0.35, questions=400),
        budgets(0.0),
        budgets(0.35),
        models("two models alike, correlation 0.8", null=True, shared=0.8),
        models("two models, logit-normal, correlation 0.7", null=False, kind="logit-normal", shared=0.7,
               accuracies=(0.6, 0.7), spread=0.3),
        models("two models, accuracies 0.60 and 0.95, incoherence alike", null=True, accuracies=(0.6, 0.95),
               spreads=(0.5, 0.684), shared=0.5),  # (1 - a) + spread a is 0.7 in both
        models("two models alike, correlation 0, 5,700", null=True, shared=0.0, questions=5_700, samples=5),
        sizes("five sizes, incoherence alike", null=True, spreads=(0.4, 0.5, 4 / 7, 0.625, 2 / 3)),
        sizes("five sizes, incoherence falls", null=False, spreads=(0.5,) * 5),
        mixture(),
        *([real] if real is not None else []),
    ]  # fmt: skip
