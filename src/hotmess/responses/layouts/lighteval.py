"""lighteval's details: nested Parquet, one row a question, graded by one or more metrics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import number, text_hash
from hotmess.responses.layouts.layout import Layout
from hotmess.responses.layouts.paths import Scope

if TYPE_CHECKING:
    import pandas as pd


def _metrics(row: Scope) -> dict[str, float] | None:
    """The metrics that are numbers."""
    found = row.get("metric")
    if not isinstance(found, dict):
        return None
    return {str(name): value for name, given in found.items() if (value := _grade(given)) is not None}


def _grade(value: Any) -> float | None:
    return float(value) if isinstance(value, bool) else number(value)


def _texts(row: Scope) -> int | None:
    texts = row.get("model_response.text")
    return len(texts) if isinstance(texts, list) else None


def _length(row: Scope) -> float | None:
    """Tokens of the one response that there is."""
    tokens = row.get("model_response.output_tokens")
    single = isinstance(tokens, list) and len(tokens) == 1 and isinstance(tokens[0], list) and len(tokens[0]) > 0
    return float(len(tokens[0])) if single else None


def _model(path: Path) -> str | None:
    """The model by the folders that lighteval writes: `details/<model>/<date>/details_<task>_<date>.parquet`."""
    parts = path.resolve().parts[:-2]
    if "details" not in parts:
        return None
    place = len(parts) - 1 - parts[::-1].index("details")
    return "/".join(parts[place + 1 :]) or None


def _finish(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """One score: the metric asked for, or the only one; the model by the folder."""
    several = int((frame["texts"] > 1).sum()) if "texts" in frame else 0
    if several:
        raise BadInput(
            f"{path.name} holds several responses to each of {several:,} questions and one grade for all of them: run "
            "the task once for each repeat, with num_samples 1 and another seed, and read the folder."
        )
    if "score" not in frame:
        graded = [one or {} for one in frame["metrics"]] if "metrics" in frame else []
        names = list(dict.fromkeys(name for one in graded for name in one))
        if not names:
            raise BadInput(f"{path.name} holds no metric that is a number for each question.")
        if len(names) > 1:
            raise BadInput(
                f"{path.name} grades by several metrics, {', '.join(names)}: choose one with --column "
                f"score=metric.{names[0]}."
            )
        frame["score"] = [one.get(names[0]) for one in graded]
    model = _model(path)
    if model is not None and "model" not in frame:
        frame["model"] = model
    return frame.drop(columns=["metrics", "texts"], errors="ignore")


LIGHTEVAL = Layout(
    "lighteval details",
    signs=("doc.query", "model_response.text", "metric"),
    columns={
        "benchmark": "doc.task_name",
        "question": "doc.id",
        "metrics": _metrics,
        "texts": _texts,
        "reasoning_tokens": _length,
        "text_hash": lambda row: (
            text_hash(map(str, texts)) if isinstance(texts := row.get("model_response.text"), list) else None
        ),
    },
    finish=_finish,
)
