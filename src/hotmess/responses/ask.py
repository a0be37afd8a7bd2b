"""What a user says about tables: names and paths of columns, constants, tables of models and questions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.layouts import Layout
from hotmess.responses.layouts.paths import Scope
from hotmess.responses.naming import guess
from hotmess.responses.values import labels, missing, suggest


@dataclass(frozen=True)
class Ask:
    """What was asked for, the same for every table.

    Attributes:
        columns: this package's names → names in the files, paths into nested records, or several of either with commas
            between, which together make one label.
        constants: values of columns for all rows.
        model: the model's name, for tables that have none.
        layouts: formats declared by the user.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    layouts: Sequence[Layout] = ()

    def lacks(self, names: Sequence[str]) -> list[str]:
        """Which of model and question a table with these columns does not have by the names that it should have."""
        out = []
        for name in ("model", "question"):
            theirs = self.columns.get(name, name)
            here = all(_heads(one, names) for one in parts(theirs, names))
            if not here and name not in self.constants and not (name == "model" and self.model is not None):
                out.append(name)
        return out


def parts(theirs: str, names: Sequence[Any]) -> list[str]:
    """The columns or paths that make one of ours: itself where there is a column of that name.

    >>> parts("task,doc", ["task", "doc"]), parts("a,b", ["a,b"])
    (['task', 'doc'], ['a,b'])
    """
    return [theirs] if theirs in names else [one.strip() for one in theirs.split(",")]


def _heads(path: str, names: Sequence[str]) -> bool:
    """Whether a path begins at a column."""
    return any(path == name or (path.startswith(name) and path[len(name)] in ".[") for name in names)


def named(frame: pd.DataFrame, ask: Ask, name: str, *, guessing: bool = True) -> tuple[pd.DataFrame, list[str]]:
    """A table in this package's names: mapped as asked, else (with `guessing`) guessed; constants added; and notes.

    Raises:
        BadInput: for a column that is not there, for a constant where the table has values, and for doubtful guesses.
    """
    attrs = frame.attrs
    frame = _nested(frame, ask.columns, name)
    new = {ours: _column(frame, ours, theirs, name) for ours, theirs in ask.columns.items()}
    # All at once: of `answer=prediction` and `target=answer` the second means the file's own answer.
    frame = frame.drop(columns=[ours for ours in new if ours in frame.columns])
    frame = frame.assign(**new)
    for ours, value in {**ask.constants, **_model(frame, ask)}.items():
        if ours in frame.columns and not missing(frame[ours]).all():
            raise BadInput(
                f"{name} has values in column {ours} already: --set {ours}={value} would lose them; leave it out."
            )
        frame = frame.assign(**{ours: _typed(ours, value)})
    found, notes = ({}, []) if not guessing else guess(frame, {**ask.columns, **dict.fromkeys(ask.constants, "")}, name)
    frame = frame.rename(columns={theirs: ours for ours, theirs in found.items()})
    frame.attrs = attrs
    return frame, notes


def _model(frame: pd.DataFrame, ask: Ask) -> dict[str, str]:
    """`--model` fills the column where a table has none."""
    if ask.model is None or ("model" in frame.columns and not missing(frame["model"]).all()):
        return {}
    return {"model": ask.model}


def _typed(name: str, value: str) -> Any:
    """Numbers for columns that are numbers; labels stay as they are written."""
    if name in ("temperature", "top_p", "model_size_b", "n_choices", "score", "reasoning_tokens"):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _nested(frame: pd.DataFrame, columns: Mapping[str, str], name: str) -> pd.DataFrame:
    """Columns that are paths into nested values, and rows for each element of a list that paths go into with []."""
    names = list(frame.columns)
    paths = {
        one
        for theirs in columns.values()
        for one in parts(theirs, names)
        if one not in frame.columns and _heads(one, names)
    }
    deep = {path.rpartition("[]")[0] for path in paths if "[]" in path}
    if len(deep) > 1:
        raise BadInput(
            f"The paths {' and '.join(sorted(deep))} go into two different lists of {name}: one row for each of which?"
        )
    if not paths:
        return frame
    if not deep:
        records = frame.to_dict("records")
        found = {path: [Scope(row).get(path) for row in records] for path in paths}
        for path, values in found.items():
            if all(value is None for value in values):
                raise BadInput(f"The path {path} leads to nothing in any row of {name}.")
        return frame.assign(**found)
    (into,) = deep
    rows: list[dict[Any, Any]] = []
    for record in frame.to_dict("records"):
        for scope in Scope(record).rows(f"{into}[]"):
            row = dict(record)
            for path in paths:
                inner = path[len(into) + 2 :].removeprefix(".")
                row[path] = scope.get(inner) if path.startswith(f"{into}[]") else scope.get(f"/{path}")
            rows.append(row)
    if not rows:
        raise BadInput(f"The path {into}[] leads to nothing in any row of {name}.")
    return pd.DataFrame.from_records(rows)


def _column(frame: pd.DataFrame, ours: str, theirs: str, name: str) -> pd.Series:
    """One of the file's columns, or several as one label."""
    listed = parts(theirs, list(frame.columns))
    for one in listed:
        if one not in frame.columns:
            near = suggest(one, frame.columns)
            raise BadInput(f"There is no column {one!r} in {name} to use as {ours}{near}.")
    if len(listed) == 1:
        return frame[listed[0]]
    return joined([labels(frame[one], fill="") for one in listed], listed, ours)


def joined(columns: Sequence[pd.Series], names: Sequence[str], ours: str) -> pd.Series:
    """Several labels as one: conditions as `cot, language=de`, others as `a/b`; different ones stay different.

    >>> joined([pd.Series(["cot"]), pd.Series(["de"])], ["condition", "language"], "condition").tolist()
    ['cot, language=de']
    """
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    distinct = list(dict.fromkeys(rows))
    texts: list[str] = []
    for row in distinct:
        if ours in ("condition", "budget"):
            words = [text if name == ours else f"{name}={text}" for name, text in zip(names, row, strict=True) if text]
            texts.append(", ".join(words))
        else:
            texts.append("/".join(row))
    if len(set(texts)) < len(texts):
        texts = [json.dumps(row) for row in distinct]
    text_of = dict(zip(distinct, texts, strict=True))
    return pd.Series([text_of[row] for row in rows], index=columns[0].index)


def join_facts(frame: pd.DataFrame, facts: pd.DataFrame, key: str, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Columns of a table of models (or questions) added to responses by name; and notes on those it does not have.

    Raises:
        BadInput: for a name that stands twice, for a value that differs from the responses' own, and where no name
        is the
            same.
    """
    if key not in facts.columns:
        raise BadInput(f"{name} has no column {key!r} to join it by{suggest(key, facts.columns)}.")
    keys = [key, *(["benchmark"] if key == "question" and {"benchmark"} <= {*facts.columns} & {*frame.columns} else [])]
    facts = facts.assign(**{one: labels(facts[one], fill="") for one in keys})
    again = facts.duplicated(keys)
    if again.any():
        raise BadInput(f"{name} has the {key} {facts[key][again].iloc[0]!r} twice.")
    ours = pd.DataFrame({one: labels(frame[one], fill="") for one in keys})
    place = pd.MultiIndex.from_frame(facts[keys]).get_indexer(pd.MultiIndex.from_frame(ours))
    known = place >= 0
    if not known.any():
        near = suggest(str(ours[key].iloc[0]), facts[key])
        raise BadInput(f"{name} has no {key} that the responses have; they have {ours[key].iloc[0]!r} for one{near}.")
    frame = frame.copy(deep=False)
    for column in facts.columns:
        if column in keys:
            continue
        new = facts[column].iloc[place.clip(0)].where(pd.Series(known, index=facts.index[place.clip(0)]), None)
        new = pd.Series(new.to_numpy(dtype=object), index=frame.index).where(known, None)
        if column in frame.columns:
            own = ~missing(frame[column])
            differ = own & ~missing(new) & (labels(frame[column], fill="") != labels(new, fill="")).to_numpy()
            if differ.any():
                at = int(differ.argmax())
                raise BadInput(
                    f"{name} says that {column} of {ours[key].iloc[at]!r} is {new.iloc[at]}, the responses say "
                    f"{frame[column].iloc[at]}."
                )
            new = frame[column].astype(object).where(own, new)
        frame[column] = new.infer_objects()
    strange = list(dict.fromkeys(ours[key][~known]))
    if not strange:
        return frame, []
    listed = ", ".join(strange[:3]) + (", …" if len(strange) > 3 else "")
    return frame, [f"{name} does not have {len(strange):,} {key}{'s' * (len(strange) > 1)} of the responses: {listed}."]
