"""Records of Inspect's samples as rows: which scorer's grade, which outcome, which length."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.responses.formats.hostile import count, sequence
from hotmess.responses.formats.inspect_answers import outcome_of, ungraded
from hotmess.responses.formats.inspect_config import HARMLESS, scorer_of
from hotmess.responses.formats.inspect_grades import Graded, choose, graded
from hotmess.responses.formats.inspect_lengths import Tokens, length_of
from hotmess.responses.formats.inspect_samples import Record
from hotmess.responses.formats.recorded import recorded
from hotmess.responses.formats.registry import NoResponses, ReadOptions
from hotmess.responses.formats.tokens import count_tokens

if TYPE_CHECKING:
    import pandas as pd

OWN = ("temperature", "top_p", "reasoning_effort", "effort", "reasoning_tokens")
"""Settings of runs of the project's own sampling layer that are no part of its plan."""

COUNTED = "responses whose length is the tokens of what the model wrote, counted with {}"
NO_LENGTH = "responses without a length: the log does not tell the tokens of the answer from those of scorers"


def table_of(
    records: Sequence[Record], facts: Mapping[str, Any], counts: Counter[str], path: Path, options: ReadOptions
) -> pd.DataFrame:
    """One row for each record that has a grade. Raises `BadInput` where several scorers graded and none is chosen."""
    import pandas as pd

    scorer = choose(records, facts["scorers"], options.scorer, path)
    rows = graded(records, scorer, counts, path)
    if not rows:
        what = f"a grade by {scorer!r}" if scorer else "a grade or a text"
        raise NoResponses(f"{path} holds no response: none of its {len(records):,} samples has {what}.")
    if scorer is None:
        if any(any(row.record.target) for row in rows) and options.canonical is None:
            raise NoResponses(
                f"{path} was not scored: nobody graded its samples; score it with `inspect score {path.name}`, or "
                "judge its texts here with --canonical text or --canonical math."
            )
        outcome = ungraded(rows)
    else:
        outcome = outcome_of(rows, counts)
    kind = outcome.kind
    settings = _settings(facts, scorer)
    lengths, counted = _lengths(rows, facts, counts, options)
    agents = any(row.record.actions for row in rows)
    table = pd.DataFrame(
        [
            _row(row, facts, agents=agents, length=length, settings=settings) | columns
            for row, length, columns in zip(rows, lengths, outcome.columns, strict=True)
        ]
    )
    if options.completions:
        table["completion"] = [row.record.completion for row in rows]
    if kind == "answer":
        probs = [_probabilities(row.extra, len(row.record.choices)) for row in rows]
        if any(value is not None for value in probs):
            table["probs"] = pd.Series(probs, dtype=object)
            kind = "probs"
    table["_tokenizer"] = options.tokenizer is not None and not counted
    table.attrs.update(outcome=kind)
    return table


def _settings(facts: Mapping[str, Any], scorer: str | None) -> Any:
    config = {**facts["config"], "scorer": scorer_of(facts["config"], scorer)}
    known: dict[Any, str] = {}

    def of(record: Record) -> str:
        # The sampling layer says itself what a condition is.
        own = bool(record.metadata.get("own", False))
        key = own or record.limits
        if key not in known:
            generate = {name: facts["config"]["generate"].get(name) for name in OWN}
            limits = {**(config.get("config") or {}), **dict(record.limits)}
            known[key] = recorded({"generate": generate} if own else {**config, "config": limits}, HARMLESS)
        return known[key]

    return of


def _lengths(
    rows: Sequence[Graded],
    facts: Mapping[str, Any],
    counts: Counter[str],
    options: ReadOptions,
) -> tuple[list[Tokens], bool]:
    """Output and reasoning tokens of each response, counted here where the log does not tell them and that is asked;
    and whether any were."""
    lengths = [
        length_of(row.record.calls, facts["reported"], facts["roles"], [*row.record.scores, *facts["scorers"]])
        for row in rows
    ]
    missing = [at for at, (output, _) in enumerate(lengths) if output is None]
    counted = options.tokenizer is not None and bool(missing)
    if counted:
        texts = [rows[at].record.written or "" for at in missing]
        for at, tokens in zip(missing, count_tokens(texts, str(options.tokenizer)), strict=True):
            lengths[at] = (float(tokens), None)
        counts[COUNTED.format(Path(str(options.tokenizer)).name)] += len(missing)
    elif missing:
        counts[NO_LENGTH] += sum(bool(rows[at].record.calls.by_model) for at in missing)
    return lengths, counted


def _row(row: Graded, facts: Mapping[str, Any], *, agents: bool, length: Tokens, settings: Any) -> dict[str, Any]:
    record = row.record
    metadata = record.metadata
    own = metadata.get("own", False)
    sample = metadata["draw"] if own and record.epoch == 1 else None
    return {
        "benchmark": (own and metadata.get("benchmark")) or facts["benchmark"],
        "model": facts["model"],
        "question": (own and metadata.get("question")) or record.id,
        "condition": metadata.get("condition") or "",
        "budget": metadata.get("budget") or "",
        "context": metadata.get("context"),
        "sample": sample if sample is not None else max(record.epoch - 1, 0),
        "score": row.value,
        "reasoning_tokens": length[1],
        "output_tokens": length[0],
        "actions": float(record.actions) if agents and record.actions is not None else None,
        "finish_reason": record.finish_reason,
        "temperature": facts["temperature"],
        "top_p": facts["top_p"],
        "seed": metadata.get("seed"),
        "category": metadata.get("category"),
        **({"round": metadata["round"]} if own and "round" in metadata else {}),
        "option_order": metadata.get("option_order"),
        "text_hash": record.text_hash,
        "response_id": record.uuid or _slot(record, facts),
        "settings": settings(record),
        "content": None if own else record.content,
        "options": None if own else record.options,
    }


def _slot(record: Record, facts: Mapping[str, Any]) -> str:
    """What a sample without a uuid is known by. A run taken up again keeps its task id and copies its samples."""
    return f"{facts['task_id']}|{record.id}|{record.epoch}|{record.text_hash}"


def _probabilities(extra: Mapping[str, Any], n: int) -> list[float] | None:
    values = [count(value) for value in sequence(extra.get("probs"))]
    if len(values) != n or any(value is None for value in values):
        return None
    numbers = [value for value in values if value is not None]
    total = math.fsum(numbers)
    return numbers if abs(total - 1) < 0.01 else None
