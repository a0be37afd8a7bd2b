"""Groups of cells, in natural order, and the clusters and weights of their questions (methods, section 2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.arrays import Floats, Ints
from hotmess.remembered import remembered
from hotmess.responses.units import CLUSTER, WEIGHT

if TYPE_CHECKING:
    from hotmess.responses.cells import Cells

BLOCK = 1 << 24
"""Weights of questions (draws × questions) that are held at once."""


@dataclass(frozen=True)
class CellGroups:
    """Groups of cells: the group and the question of each cell, and the groups' names in natural order.

    `cluster` and `own` are the cluster and the weight of each question, None where none were named.
    """

    code: Ints
    question: Ints
    questions: int
    keys: list[tuple[Any, ...]]
    cluster: Ints | None = None
    own: Floats | None = None

    @property
    def count(self) -> int:
        return len(self.keys)

    @property
    def unit(self) -> Ints:
        """(cells,) whom weights are drawn for: the question, or the cluster it comes in."""
        return self.question if self.cluster is None else self.cluster[self.question]


def make_groups(cells: Cells, by: Sequence[str]) -> CellGroups:
    """Groups in natural order (numbers inside names count as numbers, categories in their own order)."""
    table = cells.table
    question = np.asarray(table.groupby(["benchmark", "question"], sort=True).ngroup(), dtype=np.int64)
    cluster, own = question_units(table, question)
    if not by:
        return CellGroups(np.zeros(len(table), dtype=np.int64), question, int(question.max()) + 1, [()], cluster, own)
    frame = pd.DataFrame({name: table[name] for name in by})
    code = frame.groupby(list(by), dropna=False, observed=True, sort=False).ngroup().to_numpy()
    first = np.unique(code, return_index=True)[1]
    ranks = []
    for name in by:
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            ranks.append(column.cat.codes.to_numpy()[first].tolist())
        elif pd.api.types.is_numeric_dtype(column):
            ranks.append(column.to_numpy(dtype=float, na_value=np.nan)[first].tolist())
        else:
            ranks.append([natural(str(value)) for value in column.iloc[first]])
    order = sorted(range(len(first)), key=lambda g: tuple(rank[g] for rank in ranks))
    place = np.empty(len(first), dtype=np.int64)
    place[order] = np.arange(len(first))
    keys = [tuple(frame.iloc[first[g]].tolist()) for g in order]
    return CellGroups(place[code], question, int(question.max()) + 1, keys, cluster, own)


def natural(text: str) -> list[tuple[int, float, str]]:
    """A sort key by which `Qwen-7B` comes before `Qwen-14B`.

    >>> sorted(["m-14B", "m-1.5B", "m-7B"], key=natural)
    ['m-1.5B', 'm-7B', 'm-14B']
    """
    pieces = re.findall(r"\d+(?:\.\d+)?|\D+", text)
    return [(0, float(p), "") if p[0].isdecimal() and len(p) < 300 else (1, 0.0, p) for p in pieces]


def first_rows(table: pd.DataFrame, columns: Sequence[str]) -> Ints:
    """Where in a table each combination of the columns' values stands first.

    >>> first_rows(pd.DataFrame({"a": [1, 1, 2, 1], "b": ["x", "y", "x", "y"]}), ["a", "b"]).tolist()
    [0, 1, 2]
    """
    code = np.zeros(len(table), np.int64)
    for column in columns:
        own, values = pd.factorize(table[column])
        code = code * (len(values) + 1) + own + 1
    return np.sort(np.unique(code, return_index=True)[1])


def models_in_order(table: pd.DataFrame) -> pd.DataFrame:
    """model, family, model_size_b: one row per model, by family, size and name (numbers in names as numbers)."""
    columns = ["model", *(c for c in ("family", "model_size_b") if c in table)]
    models = table[columns].iloc[first_rows(table, columns)]
    if not models["model"].is_unique or models["model"].hasnans:
        models = models.groupby("model", as_index=False, observed=True)[columns[1:]].first()
    models = models.reset_index(drop=True)
    for name, empty in (("family", ""), ("model_size_b", np.nan)):
        if name not in models:
            models[name] = empty
    size = models["model_size_b"].astype(float)
    key = [
        (str(f), not np.isfinite(s), s if np.isfinite(s) else 0.0, natural(str(m)), str(m))
        for f, s, m in zip(models["family"], size, models["model"])
    ]
    return models.iloc[sorted(range(len(models)), key=key.__getitem__)].reset_index(drop=True)


def rows_in_order(table: pd.DataFrame, column: str, about: pd.DataFrame | None = None) -> pd.DataFrame:
    """A table's rows in the order of a column of names, numbers in them as numbers; `whole` last, else as they are.

    about: has a row or more of each model, whose order (`models_in_order`) goes before that of names; a name is a
    model's, or begins with it before a comma.

    >>> rows_in_order(pd.DataFrame({"set": ["whole", "m-16b", "m-4b"]}), "set")["set"].tolist()
    ['m-4b', 'm-16b', 'whole']
    >>> sizes = pd.DataFrame({"model": ["large", "small"], "model_size_b": [8.0, 1.0]})
    >>> rows_in_order(pd.DataFrame({"set": ["large, low", "small, low"]}), "set", sizes)["set"].tolist()
    ['small, low', 'large, low']
    """
    place = {} if about is None else {str(m): i for i, m in enumerate(models_in_order(about)["model"])}

    def model(name: str) -> int:
        while name not in place and ", " in name:
            name = name.rpartition(", ")[0]
        return place.get(name, len(place))

    keys = [(name == "whole", model(str(name)), natural(str(name))) for name in table[column]]
    return table.iloc[sorted(range(len(table)), key=keys.__getitem__)].reset_index(drop=True)


def rows_by_model(table: pd.DataFrame, about: pd.DataFrame) -> pd.DataFrame:
    """A table's rows in the order of its models in another (`models_in_order`), else as they are.

    >>> about = pd.DataFrame({"model": ["a-16b", "b-4b"], "model_size_b": [16.0, 4.0]})
    >>> rows_by_model(pd.DataFrame({"model": ["a-16b", "b-4b"]}), about)["model"].tolist()
    ['b-4b', 'a-16b']
    """
    order = models_in_order(about)["model"].astype(str).tolist()
    place = table["model"].astype(str).map(order.index)
    return table.iloc[np.argsort(place.to_numpy(), kind="stable")].reset_index(drop=True)


def question_units(cells: pd.DataFrame, question: Ints) -> tuple[Ints | None, Floats | None]:
    """Cluster of each question, from 0, and its own weight, of mean 1: (questions,) each; None where none were named.

    question: (cells,) index of each cell's question, as of `question_index`.

    >>> cells = pd.DataFrame({"question_cluster": ["p", "p", "r"], "question_weight": [1.0, 1.0, 2.0]})
    >>> [x.round(3).tolist() for x in question_units(cells, np.array([0, 0, 1]))]
    [[0, 1], [0.667, 1.333]]
    """
    if CLUSTER not in cells and WEIGHT not in cells:
        return None, None
    cluster = own = None
    first = np.unique(question, return_index=True)[1]
    if CLUSTER in cells:
        cluster = np.unique(cells[CLUSTER].astype(str).to_numpy()[first], return_inverse=True)[1].ravel()
    if WEIGHT in cells:
        own = cells[WEIGHT].to_numpy(float)[first]
        own = own / own.mean()
    return cluster, own


def unit_count(questions: int, cluster: Ints | None) -> int:
    """For how many units weights are drawn: questions, or where they come in clusters, these.

    >>> unit_count(3, None), unit_count(3, np.array([0, 0, 1]))
    (3, 2)
    """
    return questions if cluster is None else int(cluster.max()) + 1


def question_draws(cells: pd.DataFrame, question: Ints, draws: int, seed: int | np.random.Generator) -> Floats:
    """(draws, questions) weights as they are drawn for questions like these: of their clusters, times their own.

    cells: a table of cells; question: (cells,) index of each cell's question.

    >>> table = pd.DataFrame({"question_cluster": ["p", "p", "r"]})
    >>> w = question_draws(table, np.arange(3), 2, 0)
    >>> bool((w[:, 0] == w[:, 1]).all()), bool((w[:, 0] == w[:, 2]).any())
    (True, False)
    """
    from hotmess.decompose.intervals import on_questions, question_shares

    cluster, own = question_units(cells, question)
    return on_questions(question_shares(unit_count(int(question.max()) + 1, cluster), draws, seed), cluster, own)


def drawn_means(
    values: Floats, cells: pd.DataFrame, groups: CellGroups, good: np.ndarray, draws: int, seed: int
) -> Floats:
    """(draws, groups, k) means of terms over questions like these, of the good cells; in blocks that memory holds.

    values: (good cells, k) terms; cells: the table of all cells.
    """
    from hotmess.decompose.aggregate import question_means

    rng, most = np.random.default_rng(seed), max(1, BLOCK // max(1, int(groups.question.max(initial=0)) + 1))
    at = {"group": groups.code[good], "question": groups.question[good], "groups": groups.count}
    parts = [
        question_means(values, **at, weights=question_draws(cells, groups.question, min(most, draws - start), rng))
        for start in range(0, draws, most)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def unit_index(cells: pd.DataFrame) -> tuple[Ints, Floats]:
    """(cells,) index of whom weights are drawn for, a question or a cluster of them, and the question's own weight.

    Where neither was named these are `question_index` and ones.
    """
    question = question_index(cells)
    cluster, own = question_units(cells, question)
    return question if cluster is None else cluster[question], np.ones(len(cells)) if own is None else own[question]


@remembered
def question_index(cells: pd.DataFrame) -> np.ndarray:
    """(cells,) index of the question (benchmark, question) of each cell, the same whatever the model or budget."""
    benchmark, question = (_text_ranks(cells[c]) for c in ("benchmark", "question"))
    index: np.ndarray = np.unique(benchmark * (question.max(initial=0) + 1) + question, return_inverse=True)[1]
    return index


def _text_ranks(column: pd.Series) -> Ints:
    """(rows,) rank of each value's text among the texts of the column."""
    codes, values = pd.factorize(column.astype(str) if column.dtype == object else column, use_na_sentinel=False)
    rank: Ints = np.unique(np.array([str(value) for value in values], dtype=object), return_inverse=True)[1]
    return rank[codes]
