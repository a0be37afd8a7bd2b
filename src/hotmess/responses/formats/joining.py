"""Joining what the readers return into one table: one outcome, one length, conditions told apart, repeats numbered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.formats.agreement import check_agreement
from hotmess.responses.formats.identity import tell_apart
from hotmess.responses.formats.same_questions import match_questions

OUTCOMES = ("probs", "answer", "tests", "score", "text")
"""Outcomes that a log can hold; where a reader does not say which it is, the first of these columns that is there."""

FIRST = (
    *("benchmark", "model", "family", "model_size_b", "question", "condition", "budget", "context", "sample"),
    *("answer", "probs", "tests", "text", "score", "target", "n_choices"),
    *("reasoning_tokens", "reasoning_characters", "actions", "finish_reason", "temperature", "top_p", "seed"),
)

_OWN = ("_outcome", "_format", "_log", "settings", "response_id", "content", "options")
_BESIDE = ("answer", "probs", "tests", "text", "target", "n_choices")
_CELL = ["benchmark", "model", "question", "condition", "budget", "context"]


def join(
    tables: Mapping[str, Sequence[pd.DataFrame]],
    finish: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame] | None],
    *,
    outcome: str | None = None,
    defer: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """One table of what several readers returned, with a single outcome, and notes.

    With `defer` logs of different outcomes keep them all, named in the column `outcome_kind`, for a later choice.

    Logs of different outcomes share the graded score, if all have one; else `outcome` must choose. Raises `BadInput`
    where it must, and where a table lacks `model`, `question` or an outcome.
    """
    counts: Counter[str] = Counter()
    notes: list[str] = []
    joined = []
    logs = 0
    for name, parts in tables.items():
        kinds, origin = [], []
        for part in parts:
            kinds.append(np.full(len(part), str(part.attrs.get("outcome") or _kind(part, name)), dtype=object))
            origin.append(np.full(len(part), logs))
            logs += 1
            _account(part, counts, notes)
        whole = _concat(parts)
        whole["_outcome"], whole["_log"], whole["_format"] = np.concatenate(kinds), np.concatenate(origin), name
        done = finish.get(name)
        if done is not None:
            whole = done(whole)
            _account(whole, counts, notes)
        joined.append(whole)
    table = _concat(joined)
    table["benchmark"] = table["benchmark"].fillna("all") if "benchmark" in table else "all"
    if defer and len({*table["_outcome"]} - {"probs", "answer"}) + bool({*table["_outcome"]} & {"probs", "answer"}) > 1:
        table["outcome_kind"] = table["_outcome"]
        return table, [*sentences(counts), *dict.fromkeys(notes)]
    table, chosen = _one_outcome(table, outcome)
    return table, [*sentences(counts), *dict.fromkeys(notes), *chosen]


def settle(table: pd.DataFrame, merge: Sequence[str] = (), *, judged: bool = False) -> tuple[pd.DataFrame, list[str]]:
    """The joined table in its final columns: copies taken once, lengths, conditions, numbered samples; and notes.

    Runs that differ in a field of `merge` alone are pooled (`hotmess.responses.formats.identity`). `judged`: texts will
    be judged anew by a canonical form.

    Raises:
        BadInput: for answers that contradict their grades (`hotmess.responses.formats.agreement`).
    """
    check_agreement(table, judged=judged)
    notes: list[str] = []
    table = table.copy(deep=False)
    for name in ("condition", "budget"):
        table[name] = table[name].fillna("").astype("str") if name in table else ""
    if "context" not in table:
        table["context"] = None
    table = _once(table, notes)
    for stage in (match_questions, partial(tell_apart, merge=merge)):
        table, said = stage(table)
        notes += said
    table = _lengths(table, notes)
    table = _numbered(table)
    table = table.drop(columns=[name for name in _OWN if name in table])
    empty = [name for name in table if name != "context" and table[name].isna().all()]
    table = table.drop(columns=empty)
    order = [name for name in FIRST if name in table] + [name for name in table if name not in FIRST]
    table = table[order].reset_index(drop=True)
    table.attrs = {}
    return table, notes


def sentences(counts: Mapping[str, int]) -> list[str]:
    """Sentences from numbers of sentence ends.

    >>> sentences({"samples left out: ended in an error": 1})
    ['1 sample left out: ended in an error.']
    """
    out = []
    for what, number in sorted(counts.items()):
        noun, _, rest = what.partition(" ")
        if number:
            out.append(f"{number:,} {noun.removesuffix('s') if number == 1 else noun} {rest}.")
    return out


def _account(part: pd.DataFrame, counts: Counter[str], notes: list[str]) -> None:
    counts.update({str(what): int(number) for what, number in dict(part.attrs.get("counts", {})).items()})
    notes += [str(note) for note in part.attrs.get("notes", [])]


def _kind(part: pd.DataFrame, name: str) -> str:
    for needed in ("model", "question"):
        if needed not in part:
            raise BadInput(f"The reader {name!r} returned a table without the column {needed}.")
    kind = next((outcome for outcome in OUTCOMES if outcome in part), None)
    if kind is None:
        raise BadInput(f"The reader {name!r} returned a table without an outcome ({', '.join(OUTCOMES)}).")
    return kind


def _concat(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    if len(parts) == 1:
        return parts[0].reset_index(drop=True)
    bare = []
    for part in parts:
        # Columns without any value must not decide the type of the joined column.
        part = part.dropna(axis="columns", how="all").copy(deep=False)
        part.attrs = {}
        bare.append(part)
    return pd.concat(bare, ignore_index=True, sort=False)


def _one_outcome(table: pd.DataFrame, outcome: str | None) -> tuple[pd.DataFrame, list[str]]:
    kinds = set(table["_outcome"])
    notes: list[str] = []
    if outcome is not None:
        has = table[outcome].notna() if outcome in table else pd.Series(False, index=table.index)
        own = table["_outcome"] == outcome
        if outcome == "answer":
            has |= table["_outcome"] == "probs"
        if outcome == "score":
            own = has
        keep = (own | (has if outcome == "answer" else own)).to_numpy(dtype=bool)
        if not keep.any():
            raise BadInput(f"The logs hold no outcome {outcome!r}, only {_of_each(table)}.")
        if not keep.all():
            notes.append(f"{int((~keep).sum()):,} responses without the outcome {outcome} are left out.")
        table = table[keep].reset_index(drop=True)
        kinds = {outcome}
    elif kinds == {"answer", "probs"}:
        notes.append(
            "Some logs hold probabilities, others letters: the most probable letter is the outcome they share."
        )
        kinds = {"answer"}
    elif len(kinds) > 1:
        if "score" not in table or table["score"].isna().any():
            raise BadInput(
                f"The logs hold different outcomes, {_of_each(table)}, and share none: read them apart, or choose one "
                "with --outcome NAME."
            )
        notes.append(f"The logs hold {_of_each(table)}: the graded score is the outcome they share.")
        kinds = {"score"}
    kind = kinds.pop()
    keep_columns = {
        "answer": ("answer", "target", "n_choices"),
        "probs": ("probs", "answer", "target", "n_choices"),
        "text": ("text", "target"),
    }.get(kind, (kind,))
    table = table.drop(columns=[name for name in _BESIDE if name in table and name not in keep_columns])
    for name in ("answer", "target", "n_choices"):
        if name in table and kind in ("answer", "probs") and table[name].notna().all():
            table[name] = table[name].astype("int64") if _whole(table[name]) else table[name]
    return table, notes


def _whole(column: pd.Series) -> bool:
    return all(isinstance(value, (int, np.integer)) or float(value).is_integer() for value in column if _numeric(value))


def _numeric(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating))


def _of_each(table: pd.DataFrame) -> str:
    """Which benchmarks hold which outcome, in words."""
    names = {
        "answer": "letters",
        "probs": "probabilities",
        "tests": "unit tests",
        "score": "scores",
        "text": "free text",
    }
    out = []
    for kind, of_kind in table["benchmark"].astype("str").groupby(table["_outcome"]):
        few = sorted(set(of_kind))
        shown = ", ".join(few[:3]) + (", …" if len(few) > 3 else "")
        out.append(f"{names.get(str(kind), kind)} in {shown}")
    return "; ".join(out)


def _once(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Of a response that several logs hold the one in the largest of them, as of a run that was taken up again.

    Raises `BadInput` where its outcome is not the same in all of them.
    """
    if "response_id" not in table:
        return table
    known = table["response_id"].notna()
    again = known & table["response_id"].duplicated(keep=False)
    if not again.any():
        return table
    outcome = next((name for name in OUTCOMES if name in table), None)
    if outcome is not None:
        said = table[again].assign(_said=table.loc[again, outcome].map(str))
        kinds = said.groupby("response_id")["_said"].nunique()
        if (kinds > 1).any():
            first = said[said["response_id"] == kinds.index[kinds > 1][0]].iloc[0]
            raise BadInput(
                f"{int((kinds > 1).sum()):,} responses are in several logs with another {outcome} each, the first to "
                f"question {first['question']} of {first['benchmark']}, as of logs that were scored anew: read only "
                "one of the logs."
            )
    sizes = table.groupby("_log")["_log"].transform("size") if "_log" in table else pd.Series(0, index=table.index)
    order = np.argsort(-sizes.to_numpy(), kind="stable")
    double = np.zeros(len(table), dtype=bool)
    double[order] = (known & table["response_id"].iloc[order].duplicated().reindex(table.index)).to_numpy()[order]
    notes.extend(
        sentences({"responses that occur in several logs (copied or retried runs) taken once": int(double.sum())})
    )
    return table[~double].reset_index(drop=True)


def _lengths(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Reasoning tokens for models that report any, output tokens for the others: the column `reasoning_tokens`."""
    if "output_tokens" not in table:
        return table
    output = table["output_tokens"].to_numpy(dtype=float, na_value=np.nan)
    reasoning = np.full(len(table), np.nan)
    if "reasoning_tokens" in table:
        reasoning = table["reasoning_tokens"].to_numpy(dtype=float, na_value=np.nan)
    reports = pd.Series(np.nan_to_num(reasoning) > 0).groupby(table["model"].to_numpy()).transform("any").to_numpy()
    # A reader that measured lengths itself (and no output tokens) has said what they are.
    own = pd.Series(np.isfinite(output)).groupby(table["model"].to_numpy()).transform("any").to_numpy()
    table["reasoning_tokens"] = np.where(reports | ~own, reasoning, output)
    without = sorted(set(table["model"][own & ~reports]))
    if without and reports.any():
        notes.append(
            "Length is reasoning tokens for the models that report them, and output tokens for the others: "
            f"{_few(without)}."
        )
    elif without:
        notes.append("Length is output tokens: no reasoning tokens are reported.")
    return table


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Sample numbers that are unique in a cell and context: the reader's own, or counted in the order of the logs."""
    has = "sample" in table and table["sample"].notna().all()
    if not has or table.duplicated([*_CELL, "sample"]).any():
        table["sample"] = table.groupby(_CELL, dropna=False, sort=False).cumcount()
    return table
