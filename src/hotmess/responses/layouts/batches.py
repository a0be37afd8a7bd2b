"""Formats of what providers return for a batch of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmess.responses.formats.hostile import count, mapping
from hotmess.responses.layouts.layout import Layout
from hotmess.responses.layouts.paths import Scope

if TYPE_CHECKING:
    pass


def _own_tokens(row: Scope) -> float | None:
    """Tokens of one choice: usage is of all of them together, so that it says nothing where there are several."""
    choices = row.get("/response.body.choices")
    if not isinstance(choices, list) or len(choices) != 1:
        return None
    usage = mapping(row.get("/response.body.usage"))
    reasoning = count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    return reasoning or count(usage.get("completion_tokens"))


OPENAI_BATCH = Layout(
    "OpenAI batch output",
    signs=("custom_id", "response.status_code", "response.body"),
    rows="response.body.choices[]",
    columns={
        "question": "/custom_id",
        "model": "/response.body.model",
        "sample": "index",
        "text": "message.content|text",
        "finish_reason": "finish_reason",
        "reasoning_tokens": _own_tokens,
    },
    notes=(
        "Batch output says of several choices of one request only what they used together: their lengths are missing "
        "(--tokenizer counts them).",
    ),
)

ANTHROPIC_BATCH = Layout(
    "Anthropic batch results",
    signs=("custom_id", "result.type"),
    rows="result.message",
    columns={
        "question": "/custom_id",
        "model": "model",
        "text": lambda row: (
            "".join(str(mapping(part).get("text") or "") for part in parts)
            if isinstance(parts := row.get("content"), list)
            else None
        ),
        "finish_reason": lambda row: "length" if row.get("stop_reason") == "max_tokens" else row.get("stop_reason"),
        "reasoning_tokens": lambda row: count(row.get("usage.output_tokens")),
    },
)
