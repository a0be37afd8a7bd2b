"""The usual names of columns, guessed where a table lacks this package's; every guess is said, no doubtful one made."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.table import CELL, is_counted
from hotmess.responses.values import Place, labels, missing, suggest

NUMBER_THEM = (
    "give repeated samples different numbers in column sample, and different settings different names in "
    "condition or budget"
)

USUAL: dict[str, tuple[str, ...]] = {
    "benchmark": ("task", "task_name", "dataset", "dataset_name", "benchmark_name", "eval", "eval_name"),
    "model": ("model_name", "model_id", "llm", "llm_name", "model_alias"),
    "question": (
        *("question_id", "doc_id", "item", "item_id", "problem_id", "example_id", "instance_id", "task_id"),
        *("question_idx", "question_index", "problem", "qid"),
    ),
    "sample": (
        *("epoch", "sample_idx", "sample_index", "sample_number", "repeat", "repetition", "replicate", "rep"),
        *("trial", "attempt", "run", "run_idx", "run_number", "draw", "iteration", "try"),
    ),
    "answer": ("prediction", "predicted", "pred", "extracted_answer", "parsed_answer", "model_answer", "choice"),
    "score": ("correct", "is_correct", "reward", "passed", "resolved", "is_resolved", "success", "acc", "grade"),
    "target": (
        "gold",
        "gold_answer",
        "gold_label",
        "correct_answer",
        "answer_key",
        "ground_truth",
        "label",
        "expected",
        "correct",
    ),
    "n_choices": ("num_choices", "n_options", "num_options", "number_of_options"),
    "reasoning_tokens": (
        "output_tokens",
        "completion_tokens",
        "generated_tokens",
        "response_tokens",
        "num_output_tokens",
    ),
    "model_size_b": ("size_b", "params_b", "parameters_b", "model_params_b"),
    "finish_reason": ("stop_reason",),
}
"""This package's columns → what others call them. `id` and `index` are nobody's: they may as well number rows."""

GRADES = {"true", "false", "c", "i", "p", "n", "correct", "incorrect", "pass", "fail", "passed", "failed", "yes", "no"}
_LETTER = re.compile(r"[(\[]?[A-Za-z][)\].:]?|[+-]?\d{1,4}(\.0)?")


def normal(name: object) -> str:
    """A name in lower case with single underscores.

    >>> normal("Output Tokens"), normal("modelName")
    ('output_tokens', 'model_name')
    """
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name).strip())
    return re.sub(r"[\s\-_]+", "_", text).strip("_").lower()


def usual(names: Sequence[object], ours: str) -> list[str]:
    """Which of a table's columns may be meant by one of ours: the same in another writing, else the usual names.

    >>> usual(["Model", "doc_id", "x"], "model"), usual(["Model", "doc_id", "x"], "question")
    (['Model'], ['doc_id'])
    """
    strings = [str(name) for name in names]
    if ours in strings:
        return [ours]
    same = [name for name in strings if normal(name) == ours]
    return same or [name for name in strings if normal(name) in USUAL.get(ours, ())]


def guess(frame: pd.DataFrame, given: Mapping[str, str], name: str) -> tuple[dict[str, str], list[str]]:
    """Columns to be renamed (ours → theirs) because the table has none of our name, and the sentence that says so.

    Args:
        frame: a table.
        given: what the user mapped, which is nobody else's.
        name: what the table is called.

    Raises:
        BadInput: where two columns may be meant and differ, or `answer` may be the right answer.
    """
    taken = {*given.values()}
    there = [str(column) for column in frame.columns if str(column) not in taken]
    found: dict[str, str] = {}
    for ours in USUAL:
        if ours in given or ours in frame.columns:
            continue
        candidates = [one for one in usual(there, ours) if one not in found.values() and _plausible(frame, ours, one)]
        if not candidates:
            continue
        first = candidates[0]
        other = next((one for one in candidates[1:] if not _equal(frame[first], frame[one])), None)
        if other is not None:
            raise BadInput(
                f"Both {first!r} and {other!r} in {name} may be the {ours}: choose with --column {ours}={first} or "
                f"--column {ours}={other}."
            )
        found[ours] = first
    _refuse_swapped(frame, found, given, there, name)
    if "answer" in found and not _letters(frame[found["answer"]]):
        found["text"] = found.pop("answer")
        if "text" in frame.columns or "text" in given:
            found.pop("text")
    if not found:
        return {}, []
    listed = ", ".join(f"{ours} from {theirs!r}" for ours, theirs in found.items())
    return found, [f"Columns of {name} that go by another name were taken: {listed}."]


def _refuse_swapped(
    frame: pd.DataFrame, found: dict[str, str], given: Mapping[str, str], there: Sequence[str], name: str
) -> None:
    """Data sets often call the right answer `answer` and the model's `prediction`: not to be guessed at."""
    if "answer" in given or "target" in given or "answer" not in frame.columns or "target" in frame.columns:
        return
    others = [one for one in there if normal(one) in USUAL["answer"]]
    if others and "target" not in found:
        raise BadInput(
            f"In {name} the column 'answer' may be the right answer, and {others[0]!r} the model's: say so with "
            "--column "
            f"answer={others[0]} --column target=answer, or name the column of right answers with --column "
            "target=ITS_NAME."
        )


def _plausible(frame: pd.DataFrame, ours: str, theirs: str) -> bool:
    """Whether the values may be what the name says, for those columns where names alone do not tell."""
    values = frame[theirs]
    if ours == "score":
        return _graded(values) and not (_one_letter(values) and any(usual(list(frame.columns), "answer")))
    if ours in ("target", "answer"):
        return not _listed(values) and not (ours == "answer" and pd.api.types.is_bool_dtype(values))
    if ours in ("n_choices", "reasoning_tokens", "model_size_b"):
        return bool(pd.to_numeric(values.dropna().head(1000), errors="coerce").notna().all())
    return not _listed(values)


def _listed(values: pd.Series) -> bool:
    first = values.dropna().head(1)
    return bool(len(first)) and isinstance(first.iloc[0], dict)


def _graded(values: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(values):
        return True
    some = values[~missing(values)].head(1000)
    if not len(some):
        return False
    if pd.api.types.is_numeric_dtype(some):
        return True
    texts = some.map(str).str.strip().str.lower()
    return bool((texts.isin(GRADES) | pd.to_numeric(texts, errors="coerce").notna()).all())


def _one_letter(values: pd.Series) -> bool:
    """Whether values may as well be letters of options: C of C, I, P, N is one."""
    some = values[~missing(values)].head(1000)
    return bool(some.map(lambda value: isinstance(value, str) and len(value.strip()) == 1 and value.isalpha()).all())


def _letters(values: pd.Series) -> bool:
    """Whether values are letters or option indices, most of them."""
    some = values[~missing(values)].head(1000)
    if pd.api.types.is_integer_dtype(some):
        return True
    share = some.map(lambda value: bool(_LETTER.fullmatch(str(value).strip()))).mean() if len(some) else 0.0
    return bool(share >= 0.5)


def _equal(one: pd.Series, other: pd.Series) -> bool:
    try:
        return bool(one.astype(object).where(one.notna(), None).equals(other.astype(object).where(other.notna(), None)))
    except (TypeError, ValueError):
        return False


def lacking(names: Sequence[Any], needs: Sequence[str]) -> str:
    """One sentence's part about all columns that a table lacks, with how to name or set them.

    >>> print(lacking(["a", "b"], ["question"]).partition(";")[0])
    lacks the column question (columns there: a, b)
    >>> print(lacking([], ["question"]).partition(";")[0])
    lacks the column question (columns there: none)
    """
    if not needs:
        return ""
    word = "column" if len(needs) == 1 else "columns"
    near = suggest(needs[0], names)
    listed = needs[0] if len(needs) == 1 else ", ".join(needs[:-1]) + " and " + needs[-1]
    there = ", ".join(map(str, list(names)[:20])) + (", …" if len(names) > 20 else "") or "none"
    options = " ".join(f"--column {name}=ITS_NAME" for name in needs)
    constant = "model" if "model" in needs else needs[0]
    one = "it" if len(needs) == 1 else "them"
    return (
        f"lacks the {word} {listed}{near} (columns there: {there}); name {one} with {options}, or set one for all "
        f"rows with --set {constant}=VALUE"
    )


def without_blanks(table: pd.DataFrame, place: Place) -> list[str]:
    """Names of cells in a table without blanks around them, in place, and a note on such.

    Raises:
        BadInput: for names that are nothing else, and for counts: equal names would have been counted apart.

    >>> table = pd.DataFrame({"model": ["m", "m "], "question": "q"})
    >>> without_blanks(table, str), table["model"].tolist()
    (["Blanks around names are left off: model 'm '."], ['m', 'm'])
    """
    around: list[str] = []
    for name in (one for one in CELL if one in table.columns):
        codes, values = pd.factorize(table[name])
        bare = [str(value).strip() for value in values]
        if bare == list(values):
            continue
        around += [f"{name} {str(value)!r}" for value, text in zip(values, bare, strict=True) if value != text]
        empty = np.isin(codes, [at for at, text in enumerate(bare) if not text])
        if name in ("model", "question") and empty.any():
            raise BadInput(f"Column {name} holds nothing but blanks in {place(int(np.argmax(empty)))}.")
        table[name] = pd.Series(bare, dtype="str").take(codes).set_axis(table.index)
    if not around:
        return []
    if is_counted(table):
        raise BadInput(f"There are blanks around the name of {around[0]}: take them off before responses are counted.")
    more = f" and {len(around) - 3:,} more" if len(around) > 3 else ""
    return [f"Blanks around names are left off: {', '.join(around[:3])}{more}."]


JUDGING = ("judg", "grad", "rat", "annotat", "scorer", "scoring")
"""How columns begin that number judgements of one response."""


def apart(table: pd.DataFrame, keys: list[str], beside: Sequence[str]) -> str:
    """What to do about duplicates: the columns that tell all of them apart, if there are any.

    `beside`: columns of outcomes and lengths, which tell no settings.
    """
    among = table[table.duplicated(keys, keep=False)]
    groups = among.groupby(keys, dropna=False, observed=True, sort=False).ngroup()
    tells: dict[str, int] = {}
    for name in among.columns:
        if name in keys or name in (*beside, "target", "n_choices", "response_id", "text_hash"):
            continue
        try:
            values = labels(among[name], fill="")
        except (TypeError, ValueError):
            continue
        again = pd.DataFrame({"g": groups, "v": values}).duplicated().any()
        if not again and not pd.api.types.is_float_dtype(among[name]):
            tells[name] = int(labels(table[name], fill="").nunique())
    if not tells:
        return NUMBER_THEM
    name = min(tells, key=lambda one: tells[one])
    others = f" (so do {', '.join(one for one in tells if one != name)})" if len(tells) > 1 else ""
    condition = f"condition,{name}" if (table["condition"] != "").any() else name
    repeats = f"--column sample=sample,{name}"
    judged = ""
    if name.lower().startswith(JUDGING):
        judged = (
            f", {repeats} --column judged_response=sample (judgements of one response: see --source judged_response)"
        )
    return (
        f"column {name} tells them apart{others}; say what it is: {repeats} (repeats){judged}, --column "
        f"condition={condition} (a condition) or --source {name} (a source of scatter)"
    )
