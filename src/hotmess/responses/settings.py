"""Settings that vary inside a cell: condition, source of scatter, or to be pooled; named, and to be chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.ask import joined
from hotmess.responses.naming import normal
from hotmess.responses.source_columns import need_source
from hotmess.responses.table import CELL
from hotmess.responses.values import Place, labels

SETTINGS = frozenset(
    (
        *("temperature", "top_p", "top_k", "max_tokens", "max_new_tokens", "reasoning_effort", "effort", "thinking"),
        *(
            "thinking_mode",
            "enable_thinking",
            "thinking_budget",
            "prompt",
            "prompt_id",
            "prompt_version",
            "prompt_name",
        ),
        *(
            "prompt_template",
            "prompt_format",
            "prompt_style",
            "template",
            "template_id",
            "system_prompt",
            "system_message",
        ),
        *(
            "system",
            "instruction",
            "strategy",
            "hint",
            "framing",
            "persona",
            "few_shot",
            "num_fewshot",
            "n_shots",
            "shots",
        ),
        *("language", "lang", "forced_language", "judge", "judge_model", "judge_prompt", "grader", "grader_model"),
        *("scorer", "scaffold", "agent", "harness", "user_model", "tools", "quantization", "quantisation", "precision"),
        *(
            "dtype",
            "revision",
            "model_revision",
            "model_version",
            "checkpoint",
            "adapter",
            "backend",
            "engine",
            "provider",
        ),
        *("chat_template", "experiment", "variant", "setting"),
    )
)
"""Columns that say how a response was made, or graded: repeats of one cell have one value of each."""

PARTS = frozenset(
    ("subject", "subset", "subtask", "category", "topic", "domain", "discipline", "section", "split", "dataset")
)
"""Columns that say which part of a benchmark a question is of: repeats of one question are of one part."""

_LONG = 120
JUDGED = "judged_response"
"""The source whose levels belong to their own cell, whatever they are called."""


def judged_again(table: pd.DataFrame) -> list[str]:
    """A note where responses were judged more than once and the column that says so is no source.

    >>> one = pd.DataFrame({"question": ["q", "q"], "judged_response": ["a", "a"]})
    >>> len(judged_again(one)), len(judged_again(one.assign(judged_response=["a", "b"])))
    (1, 0)
    """
    if JUDGED not in table:
        return []
    names = [name for name in (*CELL, JUDGED) if name in table]
    if not table[table[JUDGED].notna()].duplicated(names).any():
        return []
    return [
        f"Some responses were judged more than once (column {JUDGED}), and every judgement counts as a response: "
        f"what compares responses takes the judge's scatter for theirs. --source {JUDGED} tells them apart."
    ]


def check_settings(frame: pd.DataFrame, place: Place, *, settled: Sequence[str]) -> list[str]:
    """Refuse settings that vary inside a cell and a context, unless they are settled; a note on those that are.

    Raises:
        BadInput: naming the setting, two of its values and the cell.
    """
    names = [name for name in frame.columns if normal(name) in SETTINGS | PARTS and name not in CELL]
    varied = [name for name in names if _values(frame[name]).nunique() > 1]
    if not varied:
        return []
    cell = _cells(frame)
    notes = []
    for name in varied:
        codes = _values(frame[name]).to_numpy()
        by_cell = pd.Series(codes).groupby(cell)
        low = by_cell.transform("min").to_numpy()
        high = by_cell.transform("max").to_numpy()
        if not (low != high).any():
            continue
        cells = len(np.unique(cell[low != high]))
        if name in settled:
            notes.append(f"{name} varies inside {cells:,} cells, which are pooled over it (--merge {name}).")
            continue
        _refuse(frame, place, name, codes, low, high, cells)
    return notes


def _refuse(
    frame: pd.DataFrame, place: Place, name: str, codes: np.ndarray, low: np.ndarray, high: np.ndarray, cells: int
) -> None:
    at = int(np.argmax(low != high))
    same = (low == low[at]) & (high == high[at]) & (low != high)
    one = int(np.argmax((codes == low[at]) & same)) if ((codes == low[at]) & same).any() else at
    other = int(np.argmax((codes == high[at]) & same))
    # In one order: an engine gives its groups back in any.
    values = sorted(_short(text) for text in labels(frame[name].iloc[[one, other]], fill=""))
    long = max(len(str(frame[name].iloc[row])) for row in (one, other)) > _LONG
    condition = f"condition,{name}" if "condition" in frame.columns else name
    own = f"question={name},question" if "benchmark" in frame.columns else f"benchmark={name}"
    part = f"--column {own} (a part of the benchmark, in which questions are named anew), "
    part = part if normal(name) in PARTS else ""
    context = f"--column context={name} (random few-shot examples), " if long and "context" not in frame.columns else ""
    raise BadInput(
        f"Column {name} varies inside {cells:,} cell{'s' * (cells != 1)} (benchmark, model, question, condition, "
        "budget): "
        f"it is {values[0]} and {values[1]} for model {str(frame['model'].iloc[at])!r}, question "
        f"{str(frame['question'].iloc[at])!r}; say what it is: {part}--column condition={condition} (a condition), "
        f"{context}--source {name} (a source of scatter) or --merge {name} (no matter, pooled)."
    )


def take_sources(frame: pd.DataFrame, sources: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Sources of scatter out of the cell and into `context`: responses of a cell that share them are a cluster.

    Raises:
        BadInput: for a column that is not there, one that names whom or what was asked, and an outcome.
    """
    if not sources:
        return frame, []
    for name in sources:
        need_source(frame, name)
    frame = frame.copy(deep=False)
    cell = [name for name in CELL if name in frame.columns]
    if JUDGED in sources and frame.groupby(JUDGED)[cell].nunique(dropna=False).gt(1).any(axis=None):
        within = joined([labels(frame[name], fill="") for name in (*cell, JUDGED)], [*cell, JUDGED], JUDGED)
        frame[JUDGED] = within.where(frame[JUDGED].notna())
    names = [*(["context"] if "context" in frame.columns and "context" not in sources else []), *sources]
    context = joined([labels(frame[name], fill="") for name in names], names, "context")
    for name in names:
        if name in CELL or (name == "context" and len(names) > 1):
            frame[f"{name}_source"] = frame[name]
        if name in CELL:
            frame[name] = ""
    frame["context"] = context
    listed = " and ".join(sources)
    are, them = ("are sources", "all of them") if len(sources) > 1 else ("is a source", "it")
    said = [f"{listed} {are} of scatter: responses of a cell that share {them} are a cluster (column context)."]
    return frame, said + _some_shared(frame, names, context)


def _some_shared(frame: pd.DataFrame, names: Sequence[str], context: pd.Series) -> list[str]:
    """A sentence where responses of a cell share some of several sources and not all: crossed ones, or one within
    another."""
    cell, combination = _cells(frame.drop(columns="context")), pd.factorize(context)[0]
    for name in names if len(names) > 1 else ():
        at = f"{name}_source" if f"{name}_source" in frame.columns else name
        level = pd.DataFrame({"cell": cell, "level": labels(frame[at], fill="").to_numpy(), "both": combination})
        if len(level.drop_duplicates()) > len(level.drop_duplicates(["cell", "level"])):
            return [
                f"Responses that share one of {', '.join(names)} and not all count as independent of each other "
                "wherever variance is one number (decompose, fit, compare, claims): it comes out too small, and so do "
                f"intervals. hotmess reliability --source {','.join(names)} divides it as the sources are crossed; "
                f"else name one source, and take the others at one level, as --where \"{names[-1]} = '…'\"."
            ]
    return []


def _cells(frame: pd.DataFrame) -> np.ndarray:
    """A code for each row's cell and context."""
    names = [name for name in (*CELL, "context") if name in frame.columns]
    return (
        pd.DataFrame({name: labels(frame[name], fill="") for name in names})
        .groupby(names, sort=False)
        .ngroup()
        .to_numpy()
    )


def _values(series: pd.Series) -> pd.Series:
    """Codes of values, nothing being one of them; floats equal but for rounding in single precision are one."""
    if pd.api.types.is_float_dtype(series):
        series = series.round(6)
    return pd.Series(pd.factorize(labels(series, fill=""))[0], index=series.index)


def _short(value: object) -> str:
    text = repr(str(value))
    return text if len(text) <= 40 else text[:38] + "…'"
