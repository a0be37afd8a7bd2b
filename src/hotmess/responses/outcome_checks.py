"""The checks of the outcomes: one function per outcome, all in one form."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hotmess.arrays import Bools
from hotmess.errors import BadInput
from hotmess.responses.grades import grades, needs_scale
from hotmess.responses.question_checks import (
    check_target,
    constant,
    inside,
    need_column,
    need_target,
    option_counts,
    two_or_more,
)
from hotmess.responses.values import Place, canonical, labels, missing, numbers, option_codes, vectors

Keep = Bools | None
TOLERANCE = 1e-3
"""How far the sum of a probability vector may be from 1 before it is refused; within it, vectors are renormalised."""


def check_answer(table: pd.DataFrame, place: Place) -> Keep:
    """Answers and targets become option indices, −1 an unparsable answer."""
    need_target(table, "answer")
    choices = option_counts(table, place)
    written = table["answer"]
    table["answer"] = option_codes(written, name="answer", place=place)
    table["target"] = option_codes(table["target"], name="target", place=place)
    table["n_choices"] = choices
    check_target(table, place)
    inside(table["answer"].to_numpy(), choices, "answer", place, written)
    return None


def outside(table: pd.DataFrame, place: Place) -> list[str]:
    """Answers that are none of their question's options become unparsable, in place; a note on how many."""
    need_target(table, "answer")
    choices = option_counts(table, place)
    codes = option_codes(table["answer"], name="answer", place=place)
    strange = codes >= choices
    table["answer"] = np.where(strange, -1, codes)
    table["n_choices"] = choices
    return [f"{int(strange.sum()):,} answers are none of the question's options and count as unparsable."]


def check_probs(table: pd.DataFrame, place: Place) -> Keep:
    """Probability vectors: right length, finite, not negative, summing to 1; null is unparsable.

    Rows of a (benchmark, model, condition, budget) that has no vectors at all, but parsed answers, are another
    outcome and are left out.
    """
    need_column(table, "probs", "target")
    values, lengths = vectors(table["probs"], name="probs", place=place)
    given = lengths > 0
    keep = np.ones(len(table), dtype=bool)
    if not given.all() and "answer" in table.columns:
        answered = ~missing(table["answer"]) & (table["answer"].astype(object) != -1).to_numpy(dtype=bool)
        arms = [table[name] for name in ("benchmark", "model", "condition", "budget")]
        some = pd.Series(given).groupby(arms).transform("any").to_numpy()
        parsed = pd.Series(answered).groupby(arms).transform("any").to_numpy()
        keep = some | ~parsed
    if "n_choices" in table.columns:
        choices = option_counts(table, place)
    else:
        choices = lengths.copy()
        longest = pd.Series(choices).groupby([table["benchmark"], table["question"]]).transform("max").to_numpy()
        choices = np.where(given, choices, longest)
    bad = given & (lengths != choices)
    if bad.any():
        at = int(np.argmax(bad))
        raise BadInput(
            f"Column probs holds {lengths[at]} numbers in {place(at)} but n_choices is {choices[at]} for question "
            f"{table['question'].iloc[at]!r}."
        )
    if not np.isfinite(values).all():
        at = int(np.argmax(~np.isfinite(values).all(axis=1)))
        raise BadInput(f"Column probs holds a probability that is not a finite number in {place(at)}.")
    if (values < 0).any():
        at = int(np.argmax((values < 0).any(axis=1)))
        raise BadInput(f"Column probs holds a negative probability, {values[at].min():g}, in {place(at)}.")
    total = values.sum(axis=1)
    bad = given & (np.abs(total - 1) > TOLERANCE)
    if bad.any():
        at = int(np.argmax(bad))
        raise BadInput(
            f"Column probs sums to {total[at]:.6g} in {place(at)}, not to 1 within {TOLERANCE:g}; normalise it, or "
            "leave it empty where the response was wrongly formatted."
        )
    values[given] /= total[given, None]
    table["probs"] = _lists(values, lengths)
    table["n_choices"] = choices
    table["target"] = option_codes(table["target"], name="target", place=place)
    two_or_more(choices[keep], np.flatnonzero(keep), place)
    check_target(table, place)
    return keep


def check_tests(table: pd.DataFrame, place: Place) -> Keep:
    """Vectors of 0 and 1 (or true and false), equally long in all responses to a question.

    `new_tests`, if there: how many of them, from the first, check what is new (SWE-bench's FAIL_TO_PASS).
    """
    values, lengths = vectors(table["tests"], name="tests", place=place)
    if (lengths == 0).any():
        at = int(np.argmax(lengths == 0))
        raise BadInput(f"Column tests is empty in {place(at)}; leave such rows out with --where, or impute them.")
    bad = ~np.isin(values, (0.0, 1.0)).all(axis=1)
    if bad.any():
        raise BadInput(f"Column tests holds something other than 0 and 1 in {place(int(np.argmax(bad)))}.")
    constant(table, lengths, "the number of tests", place)
    table["tests"] = _lists(values, lengths)
    if "new_tests" in table.columns:
        new = numbers(table["new_tests"], name="new_tests", place=place)
        bad = np.isfinite(new) & ((new < 0) | (new > lengths) | (new != np.round(new)))
        if bad.any():
            at = int(np.argmax(bad))
            raise BadInput(
                f"Column new_tests holds {new[at]:g} in {place(at)}; it says how many of the {lengths[at]} tests, from "
                "the first, are new."
            )
        constant(table, np.nan_to_num(new), "the number of new tests", place)
        table["new_tests"] = new
    return None


def check_score(table: pd.DataFrame, place: Place) -> Keep:
    """Numbers from 0 to 1."""
    values = grades(table["score"], place=place)
    bad = ~np.isfinite(values)
    if bad.any():
        at = int(np.argmax(bad))
        raise BadInput(
            f"Column score holds {'nothing' if np.isnan(values[at]) else values[at]} in {place(at)}, not a finite "
            'number; leave such rows out with --where "score is not null".'
        )
    bad = (values < 0) | (values > 1)
    if bad.any():
        at = int(np.argmax(bad))
        way = needs_scale(values)
        raise BadInput(f"Column score holds {values[at]:g} in {place(at)}; scores run from 0 to 1 (1 is right){way}.")
    table["score"] = values
    return None


def check_text(table: pd.DataFrame, place: Place) -> Keep:
    """Free-form answers and their target, in canonical form; an empty answer is unparsable."""
    need_target(table, "text")
    for name in ("text", "target"):
        blank = missing(table[name])
        written = labels(table[name].astype(object).where(~blank, None)).astype(object)
        where, unique = pd.factorize(written, use_na_sentinel=True)
        forms = np.array([*(canonical(str(value)) or None for value in unique), None], dtype=object)
        table[name] = pd.Series(forms[where], index=table.index).astype("str" if not blank.any() else object)
    empty = table["target"].isna().to_numpy()
    if empty.any():
        raise BadInput(f"Column target is empty in {place(int(np.argmax(empty)))}.")
    constant(table, table["target"].to_numpy(dtype=object), "the target", place)
    return None


def check_reply(table: pd.DataFrame, place: Place) -> Keep:
    """Answers that are compared with each other only: texts in canonical form; an empty one is an answer of its own."""
    blank = missing(table["reply"])
    written = labels(table["reply"].astype(object).where(~blank, None)).astype(object)
    where, unique = pd.factorize(written, use_na_sentinel=True)
    forms = np.array([*(canonical(str(value)) or None for value in unique), None], dtype=object)
    table["reply"] = pd.Series(forms[where], index=table.index).astype("str" if not blank.any() else object)
    return None


def check_embedding(table: pd.DataFrame, place: Place) -> Keep:
    """Finite vectors of one length."""
    table["embedding"] = _same_space(table, "embedding", place)
    return None


def check_point(table: pd.DataFrame, place: Place) -> Keep:
    """Finite vectors of one length, with a target point of the same length that is constant in a question."""
    need_column(table, "point", "target_point")
    table["point"] = _same_space(table, "point", place)
    table["target_point"] = _same_space(table, "target_point", place)
    if len(table["point"].iloc[0]) != len(table["target_point"].iloc[0]):
        raise BadInput("Columns point and target_point hold vectors of different lengths.")
    goal = np.array([value.tobytes() for value in table["target_point"]], dtype=object)
    constant(table, goal, "the target point", place)
    return None


def _same_space(table: pd.DataFrame, name: str, place: Place) -> np.ndarray:
    values, lengths = vectors(table[name], name=name, place=place)
    bad = (lengths != lengths[0]) | (lengths == 0)
    if bad.any():
        at = int(np.argmax(bad))
        raise BadInput(f"Column {name} holds {lengths[at]} numbers in {place(at)} but {lengths[0]} in {place(0)}.")
    if not np.isfinite(values).all():
        at = int(np.argmax(~np.isfinite(values).all(axis=1)))
        raise BadInput(f"Column {name} holds a number that is not finite in {place(at)}.")
    return _lists(values, lengths)


def _lists(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    out = np.empty(len(values), dtype=object)
    for at, size in enumerate(lengths):
        out[at] = values[at, :size] if size else None
    return out
