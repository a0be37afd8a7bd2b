"""What must hold of a question: a target, a number of options, and nothing that changes between its responses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hotmess.arrays import Ints
from hotmess.errors import BadInput
from hotmess.responses.values import Place, numbers, suggest
from hotmess.words import counted

MOST_OPTIONS = 10_000
"""More options than this are taken for a mistake."""


def need_column(table: pd.DataFrame, outcome: str, name: str, hint: str = "") -> None:
    """Refuse a table without a column that an outcome needs."""
    if name not in table.columns:
        near = suggest(name, table.columns)
        raise BadInput(
            f"The outcome {outcome} needs a column {name!r}, which the table does not have{near}{hint}; add it, or map "
            f"it with --column {name}=ITS_NAME."
        )


def need_target(table: pd.DataFrame, outcome: str) -> None:
    """Refuse answers without a target, saying what is left without one."""
    if "target" not in table.columns:
        near = suggest("target", [c for c in table.columns if c != outcome])
        raise BadInput(
            f"The outcome {outcome} needs a column 'target', which the table does not have{near}; add it, map it with "
            f"--column target=ITS_NAME, or compare answers with each other only, --column reply={outcome} (agreement, "
            "entropy and variance need no target)."
        )


def option_counts(table: pd.DataFrame, place: Place) -> Ints:
    """(rows,) number of options of each row's question, from `n_choices` or the `choices` themselves."""
    if "n_choices" not in table.columns:
        if "choices" in table.columns:
            counts = np.array([len(c) if isinstance(c, (list, tuple, np.ndarray)) else 0 for c in table["choices"]])
            two_or_more(counts, np.arange(len(counts)), place, name="choices")
            return counts.astype(np.int64)
        need_column(
            table, "answer", "n_choices", ": the number of options cannot be told from the answers that were given"
        )
    values = numbers(table["n_choices"], name="n_choices", place=place)
    bad = ~np.isfinite(values) | (values != np.round(values)) | (np.abs(values) > MOST_OPTIONS)
    if bad.any():
        at = int(np.argmax(bad))
        raise BadInput(
            f"Column n_choices holds {table['n_choices'].iloc[at]} in {place(at)}, not a whole number up to "
            f"{MOST_OPTIONS:,}."
        )
    counts = values.astype(np.int64)
    two_or_more(counts, np.arange(len(counts)), place)
    return counts


def two_or_more(counts: np.ndarray, rows: np.ndarray, place: Place, name: str = "n_choices") -> None:
    """Refuse questions with fewer than two options."""
    if (counts < 2).any():
        at = int(np.argmax(counts < 2))
        many, row = counted(int(counts[at]), "option"), place(int(rows[at]))
        raise BadInput(f"Column {name} gives {many} in {row}; there must be at least 2.")


def check_target(table: pd.DataFrame, place: Place) -> None:
    """Refuse targets that are missing, none of the options, or change within a question."""
    target, choices = table["target"].to_numpy(), table["n_choices"].to_numpy()
    if (target < 0).any():
        raise BadInput(f"Column target is empty in {place(int(np.argmax(target < 0)))}.")
    constant(table, choices, "n_choices", place)
    inside(target, choices, "target", place)
    constant(table, target, "the target", place)


def inside(codes: np.ndarray, choices: np.ndarray, name: str, place: Place, written: pd.Series | None = None) -> None:
    """Refuse codes beyond a question's options, quoted as they were written."""
    bad = codes >= choices
    if not bad.any():
        return
    at = int(np.argmax(bad))
    value = codes[at] if written is None else written.iloc[at]
    if isinstance(value, str) and not value.strip().lstrip("+").isdigit():
        holds, there = (
            repr(value),
            f"{choices[at]} options" + f", A to {chr(64 + choices[at])}" * bool(choices[at] <= 26),
        )
    else:
        holds, there = f"option {codes[at]}", f"{choices[at]} options, 0 to {choices[at] - 1} (options count from 0)"
    way = "; --outside-unparsable counts such answers as unparsable" if name == "answer" else ""
    raise BadInput(f"Column {name} holds {holds} in {place(at)}, but the question has {there}{way}.")


def constant(table: pd.DataFrame, values: np.ndarray, what: str, place: Place) -> None:
    """Refuse values that change within a question."""
    code = values if values.dtype.kind == "i" else pd.factorize(values)[0]
    bad = _firsts(table, code) != code
    if bad.any():
        at = int(np.argmax(bad))
        question, benchmark = table["question"].iloc[at], table["benchmark"].iloc[at]
        same = (table["question"] == question).to_numpy(bool) & (table["benchmark"] == benchmark).to_numpy(bool)
        raise BadInput(
            f"Within question {question!r} of benchmark {benchmark!r} {what} changes: {place(at)} differs from "
            f"{place(int(np.argmax(same)))}; different questions need different names{_by_column(table, code)}."
        )


def _firsts(table: pd.DataFrame, code: np.ndarray) -> np.ndarray:
    """(rows,) some row's value of the row's question: the first one's."""
    benchmark, question = table["benchmark"], table["question"]
    if isinstance(benchmark.dtype, pd.CategoricalDtype) and isinstance(question.dtype, pd.CategoricalDtype):
        several = len(question.cat.categories)
        if len(benchmark.cat.categories) * several <= 4 * len(table):
            key = benchmark.cat.codes.to_numpy().astype(np.int64) * several + question.cat.codes.to_numpy()
            first = np.zeros(len(benchmark.cat.categories) * several, dtype=code.dtype)
            first[key[::-1]] = code[::-1]  # the last one that is set stays
            firsts: np.ndarray = first[key]
            return firsts
    groups = pd.Series(code).groupby([benchmark, question], observed=True, sort=False)
    return groups.transform("first").to_numpy()


HAPPENED = ("answer", "probs", "tests", "score", "text", "reply", "embedding", "point")
"""How a response turned out."""

APART = ("context", "model", "sample", "target", "n_choices", "seed", "reasoning_tokens", "actions", "finish_reason")
"""Columns that do not name a question, as what happened in a response, or are tried in their turn."""


def _by_column(table: pd.DataFrame, code: np.ndarray) -> str:
    """The option that makes names different, where one column tells apart what changes within a question."""
    names = [one for one in table.columns if one not in APART + HAPPENED]
    for name in ("context", *names, "model"):
        if name not in table.columns or not 1 < table[name].astype(str).nunique() <= 200:
            continue
        if name != "model" and table[name].astype(str).groupby(table["model"], observed=True).nunique().max() == 1:
            continue  # what a model is, as its size
        keys = [table["benchmark"], table["question"], table[name].astype(str)]
        first = pd.Series(code).groupby(keys, observed=True, sort=False).transform("first").to_numpy()
        if (first == code).all():
            if name == "model":  # whose questions would be shared no longer
                return (
                    ", and here models differ in it: correct it, or, if they were asked different questions, "
                    "--column question=question,model"
                )
            return f", as by column {name}: --column question=question,{name}"
    return ""
