"""Validation: from any frame with the right columns to `Responses`, or one sentence that says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.coded import is_coded, names_of, narrow, one_name
from hotmess.responses.naming import apart, lacking, without_blanks
from hotmess.responses.outcome_checks import outside
from hotmess.responses.outcomes import OUTCOMES, metrics
from hotmess.responses.right_answers import one_right
from hotmess.responses.table import CELL, COUNTS, Responses, is_counted
from hotmess.responses.values import Place, labels, missing, numbers, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

LENGTHS = ("reasoning_tokens", "actions")
KNOWN = (*CELL, "context", "sample", "family", "model_size_b", "category", "target", "n_choices", *LENGTHS)
"""Columns that are what their name says, and nobody's misspelling of another."""

LONGEST = 1e12
"""Longer lengths than this are taken for a mistake."""


def validate(
    frame: pd.DataFrame,
    *,
    outcome: str | None = None,
    metric: str | None = None,
    length: str | None = None,
    place: Place | None = None,
    notes: Sequence[str] = (),
    outside_unparsable: bool = False,
) -> Responses:
    """Check a frame with one row per response and bring its columns into one form.

    Args:
        frame: columns as in the documentation of response tables; unknown ones are carried along.
        outcome: the column that holds the outcome; default: the first one present that `metric` can use, in the
            order probs, answer, tests, score, text, embedding, point.
        metric: brier, kl, zero-one, coverage, score, embedding or a-norm; only helps to choose the outcome.
        length: the column of lengths; default `reasoning_tokens`, else `actions`, else none.
        place: names the place of the row at a position; default `row N` counted from 1.
        notes: notes to start from.
        outside_unparsable: count an answer that is none of its question's options as unparsable.

    Raises:
        BadInput: one sentence that names the row or question and the column.

    >>> responses = validate(pd.DataFrame({"model": "m", "question": ["q", "q"], "answer": ["A", "B"],
    ...                                    "target": "A", "n_choices": 4}))
    >>> responses.table[["benchmark", "sample", "answer", "target"]].values.tolist()
    [['all', 0, 0, 0], ['all', 1, 1, 0]]
    """
    where = place or (lambda at: f"row {at + 1}")
    if not len(frame):
        raise BadInput("The table has no rows.")
    if frame.columns.duplicated().any():
        raise BadInput(f"The column {frame.columns[frame.columns.duplicated()][0]!r} stands twice in the table.")
    _require_all(frame, outcome)
    outcome = choose_outcome(frame, outcome=outcome, metric=metric)
    said = list(notes)
    others = [name for name in present_outcomes(frame) if name != outcome]
    if others:
        said.append(f"The outcome is {outcome}; the table also has {', '.join(others)}.")
    table = frame.reset_index(drop=True)
    said += _name_cells(table, where)
    said += one_right(table, outcome, where)
    if outside_unparsable and outcome == "answer":
        said += outside(table, where)
    keep = OUTCOMES[outcome].check(table, where)
    if keep is not None and not keep.all():
        said.append(f"{int((~keep).sum()):,} rows hold another outcome than {outcome} and are left out.")
        positions = np.flatnonzero(keep)
        inner = where
        where = lambda at: inner(int(positions[at]))  # noqa: E731
        table = table[keep].reset_index(drop=True)
    narrow(table)
    _carry(table, where)
    column = None if is_counted(table) else choose_length(table, length)
    if column is not None:
        table[column] = _lengths(table[column], column, where)
    if is_counted(table):
        _counts(table, where)
    else:
        _samples(table, where, said)
    _contexts(table, where)
    return Responses(table.reset_index(drop=True), outcome, column, tuple(said))


def _require_all(frame: pd.DataFrame, outcome: str | None) -> None:
    """Refuse a table without models, questions or an outcome: one sentence on all that it lacks."""
    needs = [name for name in ("model", "question") if name not in frame.columns]
    if not needs:
        return
    if len(needs) == 1 and (outcome in frame.columns or present_outcomes(frame)):
        require(frame, needs[0])
    if outcome is None and not any(name in frame.columns for name in OUTCOMES):
        needs.append("score")
    raise BadInput(f"The table {lacking(list(frame.columns), needs)}.")


def require(frame: pd.DataFrame, name: str, why: str = "") -> None:
    """Refuse a table without a column, suggesting the nearest name."""
    if name not in frame.columns:
        near = suggest(name, frame.columns)
        how = ", or name the model with --model NAME" if name == "model" else ""
        raise BadInput(
            f"The table has no column {name!r}{why}{near}; rename it, or map it with --column {name}=ITS_NAME{how} "
            f"(columns there: {', '.join(map(str, list(frame.columns)[:20]))})."
        )


def present_outcomes(frame: pd.DataFrame) -> list[str]:
    """Outcomes of which the table has at least one value."""
    return [name for name in OUTCOMES if name in frame.columns and not missing(frame[name]).all()]


def choose_outcome(frame: pd.DataFrame, *, outcome: str | None, metric: str | None) -> str:
    """The outcome asked for, else the first one present that the metric can use."""
    known = metrics()
    if metric is not None and metric not in known:
        raise BadInput(f"There is no metric {metric!r}{suggest(metric, known)}; there are {', '.join(known)}.")
    if outcome is not None:
        if outcome not in OUTCOMES:
            near = suggest(outcome, OUTCOMES)
            raise BadInput(f"There is no outcome {outcome!r}{near}; there are {', '.join(OUTCOMES)}.")
        require(frame, outcome)
        if metric is not None and outcome not in known[metric]:
            raise BadInput(f"The metric {metric} needs the outcome {' or '.join(known[metric])}, not {outcome}.")
        return outcome
    there = present_outcomes(frame)
    wanted = known[metric] if metric else tuple(OUTCOMES)
    for name in wanted:
        if name in there and all(column in frame.columns for column in OUTCOMES[name].needs(frame)):
            return name
    if there and not set(wanted) & set(there):
        raise BadInput(
            f"The metric {metric} needs the outcome {' or '.join(wanted)}; the table has {', '.join(there)}."
        )
    for name in wanted:
        if name in there:
            return name
    empty = [name for name in wanted if name in frame.columns]
    if empty:
        raise BadInput(f"The column {empty[0]!r} is empty.")
    strange = [c for c in frame.columns if c not in KNOWN]
    near = next((s for name in wanted if (s := suggest(name, strange))), "")
    raise BadInput(
        f"The table has no outcome: none of the columns {', '.join(wanted)}{near} (columns there: "
        f"{', '.join(map(str, list(frame.columns)[:20]))})."
    )


def choose_length(table: pd.DataFrame, length: str | None) -> str | None:
    """The length column asked for, else reasoning_tokens, else actions, else none (all-empty ones do not count)."""
    if length is not None:
        require(table, length)
        return length
    return next((name for name in LENGTHS if name in table.columns and not missing(table[name]).all()), None)


def _name_cells(table: pd.DataFrame, where: Place) -> list[str]:
    """Benchmark, model, question, condition, budget as strings without blanks around them; and a note on such."""
    for name in ("model", "question"):
        blank = missing(table[name])
        if blank.any():
            raise BadInput(f"Column {name} is empty in {where(int(np.argmax(blank)))}.")
        table[name] = _names(table, name, None)
    for name, fill in (("benchmark", "all"), ("condition", ""), ("budget", "")):
        table[name] = _names(table, name, fill)
    return without_blanks(table, where)


def _names(table: pd.DataFrame, name: str, fill: str | None) -> pd.Series:
    """A column of names, whether it is there or not, null being `fill`."""
    coded = is_coded(table)
    if name not in table.columns:
        return one_name(fill, len(table)) if coded else pd.Series(fill, index=table.index, dtype="str")
    if coded and isinstance(table[name].dtype, pd.CategoricalDtype):
        return names_of(table[name], fill=fill)
    return labels(table[name], fill=fill).astype("str")


def _carry(table: pd.DataFrame, where: Place) -> None:
    """Family and size, present always, constant for a model."""
    table["family"] = _names(table, "family", "")
    size = np.full(len(table), np.nan)
    if "model_size_b" in table.columns:
        size = numbers(table["model_size_b"], name="model_size_b", place=where)
        bad = np.isfinite(size) & (size <= 0) | np.isinf(size)
        if bad.any():
            at = int(np.argmax(bad))
            raise BadInput(f"Column model_size_b holds {size[at]} in {where(at)}; sizes are billions of parameters.")
    table["model_size_b"] = size
    narrow(table, "model_size_b")
    sizes = table.groupby("model", observed=True)["model_size_b"].agg(["min", "max"])
    odd = sizes[sizes["max"] > sizes["min"]]
    if len(odd):
        low, high = odd.iloc[0]
        raise BadInput(f"Model {odd.index[0]!r} has two sizes in column model_size_b, {low:g} and {high:g}.")
    for name, most in (("temperature", np.inf), ("top_p", 1)):
        if name in table.columns:
            value = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
            bad = (value < 0) | (value > most) | np.isinf(value)
            if bad.any():
                at = int(np.argmax(bad))
                raise BadInput(
                    f"Column {name} holds {value[at]:g} in {where(at)}, at which no model answers; correct it, or "
                    "leave it empty where it is not known."
                )
    for name in ("category", "finish_reason"):
        if name in table.columns:
            table[name] = _names(table, name, "")


def _lengths(series: pd.Series, name: str, where: Place) -> np.ndarray:
    values = numbers(series, name=name, place=where)
    bad = (values < 0) | (values > LONGEST)
    if bad.any():
        at = int(np.argmax(bad))
        raise BadInput(f"Column {name} holds {values[at]:g} in {where(at)}; lengths run from 0 to {LONGEST:g}.")
    return values


def _samples(table: pd.DataFrame, where: Place, said: list[str]) -> None:
    """Number the samples where the column is missing; refuse duplicates."""
    has_context = "context" in table.columns
    table["context"] = labels(table["context"]) if has_context else pd.Series(None, index=table.index, dtype="str")
    keys = [*CELL, *(["context"] if has_context else [])]
    if "sample" not in table.columns or missing(table["sample"]).all():
        table["sample"] = table.groupby(keys, dropna=False, observed=True, sort=False).cumcount()
        said.append("There is no column sample: rows are numbered within each cell, in order.")
        return
    blank = missing(table["sample"])
    if blank.any():
        raise BadInput(f"Column sample is empty in {where(int(np.argmax(blank)))}.")
    if not pd.api.types.is_integer_dtype(table["sample"]):
        text = labels(table["sample"])
        whole = text.str.fullmatch(r"\d{1,15}").all()
        table["sample"] = text.astype("int64") if whole else text
    again = table.duplicated([*keys, "sample"]).to_numpy()
    if again.any():
        at = int(np.argmax(again))
        row = table.iloc[at]
        same = np.logical_and.reduce(
            [
                (table[key] == row[key]).to_numpy(dtype=bool, na_value=False)
                | ((table[key].isna() & pd.isna(row[key])).to_numpy(dtype=bool))
                for key in [*keys, "sample"]
            ]
        )
        raise BadInput(
            f"{int(again.sum()):,} rows are duplicates: {where(at)} repeats {where(int(np.argmax(same)))} (model "
            f"{row['model']!r}, question {row['question']!r}, sample {str(row['sample'])!r}); "
            f"{apart(table, [*keys, 'sample'], (*OUTCOMES, *LENGTHS))}."
        )


def _counts(table: pd.DataFrame, where: Place) -> None:
    """Counts of equal responses: whole numbers, no more with a length or at a limit than there are."""
    table["context"] = _names(table, "context", None)
    for name in COUNTS:
        values = numbers(table[name], name=name, place=where)
        bad = ~np.isfinite(values)
        if name != "sum_log2_length":
            bad |= (values < (name == "copies")) | (values != np.round(values)) | (values > 2**53)
        if name in ("with_length", "at_limit"):
            bad |= values > table["copies"].to_numpy(dtype=float)
        if bad.any():
            at = int(np.argmax(bad))
            raise BadInput(f"Column {name} holds {values[at]:g} in {where(at)}, which is no count of responses.")
        table[name] = values if name == "sum_log2_length" else values.astype(np.int64)
        narrow(table, name)


def _contexts(table: pd.DataFrame, where: Place) -> None:
    """A cell has a context in all of its rows or in none."""
    null = table["context"].isna()
    if not null.any() or null.all():
        return
    share = null.groupby([table[name] for name in CELL], observed=True, sort=False).transform("mean").to_numpy()
    mixed = (share > 0) & (share < 1)
    if mixed.any():
        at = int(np.argmax(mixed & null.to_numpy()))
        raise BadInput(
            f"Column context is empty in {where(at)} but not in other responses of model {table['model'].iloc[at]!r} "
            f"to question {table['question'].iloc[at]!r}; put responses without few-shot examples in another condition."
        )
