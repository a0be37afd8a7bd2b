"""From a response table to the dense arrays of the temperature model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.errors import BadInput
from hotmess.responses.units import CLUSTER
from hotmess.temperature.contexts import ContextRows, context_clusters
from hotmess.temperature.likelihood import Dense

if TYPE_CHECKING:
    import pandas as pd

UNPARSABLE = ("leave-out", "wrong", "uniform")


@dataclass(frozen=True)
class LengthData:
    """Responses with lengths, arranged by cell: here a cell is one model's responses to one question, all budgets.

    Attributes
    ----------
    dense
        the arrays of the likelihood.
    features
        names of the F features: `natural`, z = log2 length minus its mean within (model, question, budget);
        `budget`, x = that mean minus its mean over budgets; `zero`, 1 at a budget of no tokens.
    cells
        one row per cell: benchmark model question condition unit and n_choices, and its question's cluster if named.
    units
        one row per unit (benchmark, model, condition): model_size_b and `doublings`, log2(N/N0) with N0 the models'
        geometric mean size (0 where sizes are unknown).
    levels
        labels of the budgets, in the order of tokens spent.
    at_level
        (F, n, B) features of each budget at the question's own mean length (nan where the cell lacks it).
    uniform
        whether the last wrong option stands for unparsable responses at the uniform vector.
    choices
        (n,) number of options of each question.
    notes
        data accounting.
    contexts
        single responses by few-shot context, where contexts repeat within questions.
    """

    dense: Dense
    features: tuple[str, ...]
    cells: pd.DataFrame
    units: pd.DataFrame
    levels: tuple[str, ...]
    at_level: Floats
    uniform: bool
    choices: Ints
    notes: tuple[str, ...]
    contexts: ContextRows | None = None

    def dependent(self) -> Ints:
        """(n,) of whom there may be others: the question of each cell, or the cluster it comes in."""
        return self._numbers([CLUSTER]) if CLUSTER in self.cells else self.question

    @cached_property
    def question(self) -> Ints:
        """(n,) the question of each cell."""
        return self._numbers(["benchmark", "question"])

    def _numbers(self, columns: list[str]) -> Ints:
        names = self.cells[columns].astype(str).agg("\x1f".join, axis=1)
        return np.asarray(np.unique(names, return_inverse=True)[1], np.int64)

    @property
    def parameters(self) -> int:
        """Number T of parameters of a unit."""
        return 3 + 2 * len(self.features)


def length_data(
    table: pd.DataFrame, *, length: str = "reasoning_tokens", unparsable: str = "leave-out", pool: bool = False
) -> LengthData:
    """Arrange a response table for the temperature model.

    Parameters
    ----------
    table
        one row per response: benchmark model question answer target n_choices, and optionally condition budget
        model_size_b.
    length
        column of lengths. Levels at which every length is 0 are budgets of no tokens, levels of their own.
    unparsable
        what an unparsable response is: left out, one more wrong option, or an option at the uniform vector.
    pool
        one unit per model, all its benchmarks together.

    Raises
    ------
    BadInput
        If there is no such column, nothing varies in length, or nothing is left.
    """
    import pandas as pd

    if unparsable not in UNPARSABLE:
        raise BadInput(f"unparsable is {unparsable!r}; it can be {', '.join(UNPARSABLE)}.")
    needed = ["benchmark", "model", "question", "answer", "target", "n_choices", length]
    for name in needed:
        if name not in table:
            raise BadInput(f"The responses have no column {name!r}, which the model of answers and lengths needs.")
    data = pd.DataFrame({name: table[name] for name in needed})
    for name in ("condition", "budget"):
        data[name] = table[name].fillna("").astype(str) if name in table else ""
    for name in ("context", CLUSTER):
        if name in table:
            data[name] = table[name]
    data["size"] = table["model_size_b"].astype(float) if "model_size_b" in table else np.nan
    data["tokens"] = data[length].astype(float)
    notes: list[str] = []
    level = ["benchmark", "model", "condition", "budget"]
    data["zero"] = data.groupby(level)["tokens"].transform("max") == 0
    lost = ~((data["tokens"] > 0) | data["zero"])
    if lost.any():
        notes.append(f"{int(lost.sum()):,} responses without a recorded length are left out of the model of lengths.")
    missing = data["answer"] < 0
    if missing.any():
        what = {
            "leave-out": "are left out",
            "wrong": "count as one more wrong option",
            "uniform": "are uniform vectors",
        }
        notes.append(f"{int(missing.sum()):,} unparsable responses {what[unparsable]} in the model of lengths.")
    keep = ~lost if unparsable != "leave-out" else ~(lost | missing)
    data = data[keep].reset_index(drop=True)
    if data.empty:
        raise BadInput(f"No response has both an answer and a length in column {length!r}.")
    data = _of_varying_length(data, notes)
    return _arrange(
        data, extra=bool((data["answer"] < 0).any()), uniform=unparsable == "uniform", pool=pool, notes=notes
    )


def _of_varying_length(data: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Responses of benchmarks, models and conditions in which some question's lengths vary: others say nothing."""
    arm = ["benchmark", "model", "condition"]
    of_question = data.groupby([*arm, "question"])["tokens"]
    varies = (of_question.transform("max") > of_question.transform("min")).groupby([data[k] for k in arm])
    keep = varies.transform("any")
    lost = data[~keep]
    if keep.any() and len(lost):
        what = ", ".join(c or "no condition" for c in lost["condition"].drop_duplicates()[:3])
        count = lost["model"].nunique()
        models = f"{count} model{'s' * (count > 1)}"
        notes.append(
            f"{len(lost):,} responses of {models} ({what}) have lengths that vary within no question, and are left out "
            "of the model of lengths."
        )
        data = data[keep].reset_index(drop=True)
    return data


def _arrange(data: pd.DataFrame, *, extra: bool, uniform: bool, pool: bool, notes: list[str]) -> LengthData:
    """The arrays of the responses kept."""
    keys = ["benchmark", "model", "condition", "question"]
    grouped = data.groupby(keys, sort=True)
    cell = grouped.ngroup().to_numpy().astype(np.int64)
    data["cell"] = cell
    own = [*keys, "n_choices", "target", "size", *([CLUSTER] if CLUSTER in data else [])]
    cells = data.drop_duplicates("cell").sort_values("cell")[own].reset_index(drop=True)
    n = len(cells)
    levels, columns, at = _features(data, cell, n)
    names = tuple(k for k, v in columns.items() if np.ptp(v) > 1e-9)
    if not names:
        raise BadInput("Neither length nor budget varies within any question: there is nothing to compare.")
    wrong = (data["answer"] - data["target"]) % data["n_choices"]
    options = int(cells["n_choices"].max())
    last = options if extra else options - 1
    answer = np.where(data["answer"] < 0, last, wrong).astype(np.int64)
    cluster = context_clusters(data, cell)
    every = np.stack([columns[k] for k in names])
    contexts = None if cluster is None else ContextRows(cell, answer, every, cluster)
    features, weight, answers = _pad([columns[k] for k in names], answer, cell, n)
    real = np.arange(1, last + 1)[:, None] < cells["n_choices"].to_numpy()[None]
    if extra:
        real[-1] = True
    unit, units = _units(cells, ["model", "condition"] if pool else ["benchmark", "model", "condition"])
    cells["unit"] = unit
    return LengthData(
        dense=Dense(features, weight, answers, real, unit),
        features=names,
        cells=cells.drop(columns=["size"]),
        units=units,
        levels=levels,
        at_level=np.stack([at[k] for k in names]),
        uniform=uniform and extra,
        choices=cells["n_choices"].to_numpy(np.int64),
        notes=tuple(notes),
        contexts=contexts,
    )


def _features(data: pd.DataFrame, cell: Ints, n: int) -> tuple[tuple[str, ...], dict[str, Floats], dict[str, Floats]]:
    """Labels of the B levels; each feature by response; and (n, B) at each level of a cell, nan where it lacks it."""
    log2 = np.where(data["zero"], 0.0, np.log2(np.where(data["tokens"] > 0, data["tokens"], 1.0)))
    levels, level = _levels(data, log2)
    b = len(levels)
    slot = cell * b + level
    count = np.bincount(slot, minlength=n * b).astype(float)
    mean = np.bincount(slot, weights=log2, minlength=n * b) / np.where(count > 0, count, np.nan)
    zero = np.zeros(n * b)
    zero[slot] = data["zero"]
    spent = np.where(zero > 0, np.nan, mean).reshape(n, b)
    with np.errstate(invalid="ignore"):
        there = np.isfinite(spent)
        middle = np.where(there, spent, 0.0).sum(1) / np.maximum(there.sum(1), 1)
    x = np.where(there, spent - middle[:, None], np.where(count.reshape(n, b) > 0, 0.0, np.nan))
    columns = {
        "natural": np.where(data["zero"], 0.0, log2 - mean[slot]),
        "budget": x.ravel()[slot],
        "zero": data["zero"].to_numpy(float),
    }
    at = {"natural": np.where(np.isnan(x), np.nan, 0.0), "budget": x, "zero": zero.reshape(n, b)}
    return levels, columns, at


def _units(cells: pd.DataFrame, keys: list[str]) -> tuple[Ints, pd.DataFrame]:
    """The unit of each cell, and one row per unit with its size in doublings from the models' geometric mean."""
    import pandas as pd

    unit = np.asarray(cells.groupby(keys, sort=True).ngroup(), np.int64)
    first = np.unique(unit, return_index=True)[1]
    units = cells.iloc[first][[*keys, "size"]].reset_index(drop=True).rename(columns={"size": "model_size_b"})
    sizes = np.log2(units["model_size_b"].to_numpy(float))
    by_model = pd.Series(sizes, index=units["model"]).groupby(level=0).first()
    units["doublings"] = sizes - by_model.mean() if np.isfinite(sizes).all() else 0.0
    return unit, units


def _levels(data: pd.DataFrame, log2: Floats) -> tuple[tuple[str, ...], Ints]:
    """Budget labels by mean log2 length (no tokens first), and the level of each response."""
    labels, code = np.unique(data["budget"].to_numpy(str), return_inverse=True)
    size = np.bincount(code, weights=np.where(data["zero"], -1.0, log2)) / np.bincount(code)
    order = np.argsort(size, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return tuple(str(labels[i]) for i in order), rank[code]


def _pad(features: list[Floats], answer: Ints, cell: Ints, n: int) -> tuple[Floats, Floats, Ints]:
    """Rows by cell, padded; responses equal in features and answer become one entry with a weight, which is exact."""
    keys = np.column_stack([cell, answer, *features])
    order = np.lexsort(keys.T[::-1])
    ordered = keys[order]
    new = np.r_[True, np.any(ordered[1:] != ordered[:-1], axis=1)]
    copies = np.diff(np.r_[np.flatnonzero(new), len(new)])
    rows = ordered[new]
    owner = rows[:, 0].astype(np.int64)
    start = np.searchsorted(owner, np.arange(n))
    place = np.arange(len(owner)) - start[owner]
    width = -(-(int(place.max()) + 1) // 8) * 8  # few different shapes: compiled code is used again
    weight = np.zeros((n, width))
    answers = np.zeros((n, width), np.int64)
    padded = np.zeros((len(features), n, width))
    weight[owner, place] = copies
    answers[owner, place] = rows[:, 1]
    for f in range(len(features)):
        padded[f, owner, place] = rows[:, 2 + f]
    return padded, weight, answers
