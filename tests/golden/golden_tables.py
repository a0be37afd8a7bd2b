"""Tables on fixed seeds for the recorded statements: plain NumPy, so that nothing of the package decides them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

LETTERS = "ABCDE"


def _grid(models: int, questions: int, samples: int, **more: int) -> pd.DataFrame:
    """Every combination: model m0 …, question q00 …, sample 0 …, and further columns such as budget=2."""
    levels = {
        "model": [f"m{i}" for i in range(models)],
        "question": [f"q{i:02d}" for i in range(questions)],
        **{name: [f"{name}{i}" for i in range(size)] for name, size in more.items()},
        "sample": list(range(samples)),
    }
    return pd.MultiIndex.from_product(list(levels.values()), names=list(levels)).to_frame(index=False)


def _code(column: pd.Series) -> np.ndarray:
    return pd.factorize(column, sort=True)[0]


def letters(seed: int = 1, *, models: int = 3, questions: int = 16, samples: int = 6) -> pd.DataFrame:
    """Letters with lengths, sizes, two benchmarks, two budgets and some unparsable answers; wrong answers cluster."""
    rng = np.random.default_rng(seed)
    table = _grid(models, questions, samples, budget=2)
    m, q, b = _code(table["model"]), _code(table["question"]), _code(table["budget"])
    choices, target = 3 + np.arange(questions) % 3, rng.integers(0, 3, questions)
    skill = rng.normal(0.4, 1.6, (questions, models)) + 0.5 * np.arange(models)
    length = np.exp2(6 + 0.4 * q / questions + 0.8 * b + rng.normal(0, 0.6, len(table))).round()
    right = rng.random(len(table)) < 1 / (1 + np.exp(-skill[q, m] / (1 + 0.03 * np.log2(length))))
    favourite = (target + 1) % choices
    other = (target[q] + rng.integers(1, choices[q])) % choices[q]
    wrong = np.where(rng.random(len(table)) < 0.7, favourite[q], other)
    answer = np.where(right, target[q], wrong)
    table["answer"] = [None if lost else LETTERS[a] for a, lost in zip(answer, rng.random(len(table)) < 0.03)]
    size = np.array([2.0, 8.0, 32.0, 128.0, 512.0, 2048.0])[m]
    return table.assign(
        target=[LETTERS[t] for t in target[q]],
        n_choices=choices[q],
        benchmark=np.where(q % 2, "odd", "even"),
        model_size_b=size,
        family="f",
        reasoning_tokens=length,
    )


def scale(seed: int = 2) -> pd.DataFrame:
    """Six sizes of one family, enough for power laws by difficulty."""
    table = letters(seed, models=6, questions=36, samples=6)
    return table[table["budget"] == "budget0"].drop(columns="budget").reset_index(drop=True)


def contexts(seed: int = 3) -> pd.DataFrame:
    """Letters whose responses share few-shot contexts, two or three to a context."""
    table = letters(seed, models=2, questions=10, samples=8)
    return table.assign(context=(table["sample"] * 3 // 8).map("c{}".format)).drop(columns="reasoning_tokens")


def texts(seed: int = 4) -> pd.DataFrame:
    """Free text: the right answer, a favourite wrong one, many others, and some that say nothing."""
    rng = np.random.default_rng(seed)
    table = _grid(2, 12, 7)
    q = _code(table["question"])
    right = rng.random(12)[q]
    kind = rng.random(len(table))
    other = rng.integers(0, 9, len(table))
    said = np.where(kind < right, "yes", np.where(kind < right + 0.6 * (1 - right), "no", [f"w{o}" for o in other]))
    table["text"] = [None if lost else str(s) for s, lost in zip(said, rng.random(len(table)) < 0.04)]
    return table.assign(target="yes")


def unit_tests(seed: int = 5) -> pd.DataFrame:
    """Vectors of passed tests, one to five of them new."""
    rng = np.random.default_rng(seed)
    table = _grid(2, 10, 6)
    q = _code(table["question"])
    count, skill = 4 + np.arange(10) % 5, rng.random(10)
    passed = []
    for i in q:
        whole = rng.random()
        share = 1.0 if whole < skill[i] else 0.0 if whole > 0.5 + skill[i] / 2 else 0.5
        passed.append((rng.random(count[i]) < share).astype(int).tolist())
    return table.assign(tests=passed, new_tests=1 + q % 3)


def scores(seed: int = 6) -> pd.DataFrame:
    """Scores, some of them 0 or 1."""
    rng = np.random.default_rng(seed)
    table = _grid(2, 12, 6)
    level = rng.random(12)[_code(table["question"])]
    return table.assign(score=np.clip(level + rng.normal(0, 0.3, len(table)), 0, 1).round(3))


def probabilities(seed: int = 7) -> pd.DataFrame:
    """Probability vectors over four options, rounded to hundredths."""
    rng = np.random.default_rng(seed)
    table = _grid(2, 10, 6)
    q = _code(table["question"])
    centre = rng.dirichlet(np.ones(4), 10)
    raw = np.array([rng.dirichlet(0.3 + 6 * centre[i]) for i in q])
    whole = np.floor(100 * raw).astype(int)
    whole[np.arange(len(whole)), whole.argmax(1)] += 100 - whole.sum(1)
    return table.assign(probs=(whole / 100).tolist(), target=(np.arange(10) % 4)[q], n_choices=4)


def points(seed: int = 8) -> pd.DataFrame:
    """Points in the plane with a target point."""
    rng = np.random.default_rng(seed)
    table = _grid(2, 8, 5)
    q = _code(table["question"])
    goal = rng.normal(size=(8, 2)).round(3)
    own = goal + rng.normal(0, 0.5, (8, 2)).round(3)
    z = own[q] + rng.normal(0, 0.4, (len(table), 2)).round(3)
    return table.assign(point=z.tolist(), target_point=goal[q].tolist())


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "letters": letters,
    "scale": scale,
    "contexts": contexts,
    "texts": texts,
    "tests": unit_tests,
    "scores": scores,
    "probabilities": probabilities,
    "points": points,
}
