"""HELM's `scenario_state.json`: letters by HELM's own mapping of outputs to options, checked against its grade."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import count, label, mapping, number, sequence, text_hash
from hotmess.responses.layouts.layout import Layout
from hotmess.responses.layouts.paths import Scope

if TYPE_CHECKING:
    import pandas as pd

GRADES = ("exact_match", "quasi_exact_match")
"""Metrics of HELM that say whether an answer is right; the first that is there is taken."""

MOST_DIFFERENT = 0.01
"""From this share of answers on whose grade differs from HELM's, own letters are refused."""


def _state(row: Scope, path: str) -> Any:
    """A member of the request state that a completion stands in."""
    return row.get(f"^.{path}")


def _letters(row: Scope) -> dict[str, str]:
    return {str(key): str(value) for key, value in mapping(_state(row, "output_mapping")).items()}


def _answer(row: Scope) -> int | None:
    """The place of the option that a completion names, as HELM reads it: its first word, stripped; −1 for none."""
    options = list(_letters(row))
    if not options:
        return None
    text = row.get("text")
    given = text.strip() if isinstance(text, str) else ""
    return options.index(given) if given in options else -1


def _right(row: Scope) -> list[int] | None:
    """Places of the options whose text is tagged as correct."""
    options = list(_letters(row).values())
    if not options:
        return None
    right = set(_references(row))
    return [place for place, text in enumerate(options) if text in right]


def _references(row: Scope) -> list[str]:
    out = []
    for reference in sequence(_state(row, "instance.references")):
        if "correct" in sequence(mapping(reference).get("tags")):
            text = mapping(mapping(reference).get("output")).get("text")
            if isinstance(text, str):
                out.append(text)
    return out


def _text(row: Scope) -> str | None:
    """A completion, where there are no options; HELM's own stripping."""
    text = row.get("text")
    return text.strip() if not _letters(row) and isinstance(text, str) else None


def _question(row: Scope) -> str | None:
    """The instance, and how its text was perturbed."""
    name, how = label(_state(row, "instance.id")), label(_state(row, "instance.perturbation.name"))
    if name is None:
        return None
    return name if how in (None, "identity") else f"{name} ({how})"


def _length(row: Scope) -> float | None:
    tokens = row.get("tokens")
    return float(len(tokens)) if isinstance(tokens, list) and tokens else count(row.get("num_tokens"))


def _finish(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Names from the file of the run, and the grades of HELM beside the answers."""
    import pandas as pd

    if "question" not in frame:
        raise BadInput(f"{path} names no instance (instance.id).")
    spec = _read(path.parent / "run_spec.json")
    name = label(mapping(spec).get("name")) or path.parent.name
    scenario, _, arguments = name.partition(":")
    kept = ",".join(part for part in arguments.split(",") if not part.startswith("model="))
    frame["benchmark"] = f"{scenario}:{kept}" if kept else scenario
    if "reference_index" in frame and frame["reference_index"].notna().any():
        raise BadInput(
            f"{path} asks about each option apart (HELM's multiple_choice_separate): such likelihoods are not read; "
            "run it with method=multiple_choice_joint."
        )
    grades = _grades(path.parent / "per_instance_stats.json")
    trials = [one if isinstance(one, int) else 0 for one in frame["trial"].tolist()] if "trial" in frame else None
    keys = list(zip(frame["question"].astype(str), trials or [0] * len(frame), strict=True))
    if grades:
        frame["helm_grade"] = [grades.get(key) for key in keys]
    uses = Counter(keys)
    single = np.array([uses[key] == 1 for key in keys])
    if "answer" in frame and "target" in frame:
        _check(frame, single, path)
    elif "helm_grade" in frame and single.all() and frame["helm_grade"].notna().all():
        frame["score"] = frame["helm_grade"].astype(float)
    if "trial" in frame:  # each trial draws its own examples
        several = frame["trial"].nunique() > 1
        frame = frame.rename(columns={"trial": "context"}) if several else frame.drop(columns="trial")
    if "target" in frame:
        listed = [right if isinstance(right, list) else [] for right in frame["target"]]
        right_ones: list[Any] = [right[0] if len(right) == 1 else (right or None) for right in listed]
        frame["target"] = pd.Series(right_ones, index=frame.index, dtype=object)
    return frame


def _check(frame: pd.DataFrame, single: Any, path: Path) -> None:
    """Letters that do not agree with HELM's own grades are refused."""
    if "helm_grade" not in frame:
        return
    graded = single & frame["helm_grade"].notna().to_numpy()
    ours = [
        isinstance(right, list) and answer in right
        for answer, right in zip(frame["answer"], frame["target"], strict=True)
    ]
    wrong = [one != (grade == 1) for one, grade, use in zip(ours, frame["helm_grade"], graded, strict=True) if use]
    if wrong and sum(wrong) > MOST_DIFFERENT * len(wrong):
        raise BadInput(
            f"The letters in {path} disagree with HELM's own grade in {sum(wrong)} of {len(wrong)} responses; take the "
            "grade with --outcome score --column score=helm_grade."
        )


def _grades(path: Path) -> dict[tuple[str, int], float]:
    """HELM's grade of each instance and trial, where there is a file of them."""
    out: dict[tuple[str, int], float] = {}
    for one in sequence(_read(path)):
        one = mapping(one)
        stats = {
            mapping(mapping(stat).get("name")).get("name"): mapping(stat).get("mean")
            for stat in sequence(one.get("stats"))
        }
        grade = number(next((stats[name] for name in GRADES if name in stats), None))
        how = label(mapping(one.get("perturbation")).get("name"))
        name = label(one.get("instance_id"))
        if name is not None and grade is not None:
            trial = one.get("train_trial_index")
            key = name if how in (None, "identity") else f"{name} ({how})"
            out[key, trial if isinstance(trial, int) else 0] = grade
    return out


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


HELM = Layout(
    "HELM scenario state",
    signs=("adapter_spec.method", "request_states[].instance", "request_states[].result"),
    rows="request_states[].result.completions[]",
    columns={
        "model": "/adapter_spec.model|/adapter_spec.model_deployment|^.request.model",
        "temperature": "/adapter_spec.temperature",
        "question": _question,
        "trial": lambda row: trial if isinstance(trial := _state(row, "train_trial_index"), int) else 0,
        "answer": _answer,
        "target": lambda row: _right(row) or (_references(row) or None),
        "n_choices": lambda row: len(_letters(row)) or None,
        "text": _text,
        "reasoning_tokens": _length,
        "finish_reason": "finish_reason.reason",
        "reference_index": "^.reference_index",
        "text_hash": lambda row: text_hash([text]) if isinstance(text := row.get("text"), str) else None,
    },
    without=(("^.result.success", False, "the request failed"),),
    finish=_finish,
)
