"""Logs of lm-evaluation-harness: `samples_<task>_<date>.jsonl`, with `results_<date>.json` beside it.

All repeats are in `resps` only, there is one record for each filter, and the model's name is in the results alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean, label, mapping, number, parse, sequence
from hotmess.responses.formats.registry import NoResponses, ReadOptions, register

if TYPE_CHECKING:
    import pandas as pd

_FILE = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?)\.jsonl?")
_MODEL = ("peft", "delta", "pretrained", "model", "path", "engine")


class Record(NamedTuple):
    """One question under one filter."""

    id: str
    target: str
    options: tuple[str, ...]
    continuations: tuple[str, ...]
    responses: tuple[str, ...]
    likelihoods: tuple[float, ...]
    filtered: str | None
    filter: str
    metrics: dict[str, float]
    arguments: dict[str, Any]
    category: str | None


def is_lm_eval(path: Path, head: bytes) -> bool:
    """JSON lines (or an array, in old versions) whose records have a `doc_id` and `resps`."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start[:1] in (b"{", b"[") and b'"doc_id"' in start and (b'"resps"' in start or b'"arguments"' in start)


def results_of(path: Path) -> list[Path]:
    """Files of results that may belong to a file of samples: the one of the same date, else all in the folder."""
    named = _FILE.fullmatch(path.name)
    if named and (beside := path.with_name(f"results_{named['date']}.json")).is_file():
        return [beside]
    return sorted(file for file in path.parent.glob("results*.json") if file.is_file())


@register("lm-evaluation-harness", sniff=is_lm_eval, inputs=lambda path: [path, *results_of(path)])
def read_lm_eval(path: Path, options: ReadOptions) -> pd.DataFrame:
    """One row for each repeat of each question of one task.

    Raises `BadInput` for a damaged file, several filters with none chosen, a filter that cannot be applied to the
    repeats, and where the model's name is nowhere to be found.
    """
    import pandas as pd

    from hotmess.responses.formats.lm_eval_rows import rows_of

    digest = hashlib.blake2b(digest_size=8)
    records = [_record(raw, where) for raw, where in _lines(path, digest)]
    if not records:
        raise NoResponses(f"{path} holds no samples.")
    chosen = _choose(records, options.filter, path)
    task, results = _results(path)
    config = mapping(mapping(results.get("configs")).get(task))
    facts = {
        "task": task,
        "model": options.model or _model(results, path),
        "filter": chosen,
        "config": config,
        "run": digest.hexdigest(),
        "settings": _settings(results, config),
        "size": number(mapping(results.get("config")).get("model_num_parameters")),
    }
    rows, kind, counts, notes = rows_of([one for one in records if one.filter == chosen], facts, path, options)
    table = pd.DataFrame(rows)
    table.attrs.update(outcome=kind, counts=dict(counts), notes=notes)
    return table


def _lines(path: Path, digest: Any) -> Iterator[tuple[Any, str]]:
    """The records of the file, with their place in words; every byte goes into the digest."""
    with path.open("rb") as file:
        if file.read(1) == b"[":
            file.seek(0)
            data = file.read()
            digest.update(data)
            for count, one in enumerate(sequence(parse(data, str(path))), 1):
                yield one, f"record {count} of {path}"
            return
        file.seek(0)
        for count, line in enumerate(file, 1):
            digest.update(line)
            if line.strip():
                where = f"line {count} of {path}"
                yield parse(line.removeprefix(b"\xef\xbb\xbf"), where), where


def _record(raw: Any, where: str) -> Record:
    raw = mapping(raw)
    id, responses = label(raw.get("doc_id")), sequence(raw.get("resps"))
    if id is None or not responses:
        raise BadInput(f"The {where} is damaged: it has no doc_id or no resps.")
    doc, given = mapping(raw.get("doc")), mapping(raw.get("arguments"))
    likelihoods = [_likelihood(one) for one in responses]
    texts: list[str] = []
    if any(value is None for value in likelihoods):
        likelihoods = []
        texts = [clean(text) for text in sequence(responses[0]) if isinstance(text, str)]
        if len(texts) != len(sequence(responses[0])) or not texts:
            raise BadInput(f"The {where} is damaged: its resps are neither texts nor log-likelihoods.")
    filtered = raw.get("filtered_resps")
    filtered = filtered[0] if isinstance(filtered, list) and filtered else filtered
    names = [name for name in sequence(raw.get("metrics")) if isinstance(name, str)]
    names = names or [name for name in ("exact_match", "acc", "acc_norm") if name in raw]
    requests = [mapping(given.get(f"gen_args_{place}")) for place in range(len(responses))]
    return Record(
        id=id,
        target=_target(raw.get("target")),
        options=_options(doc),
        continuations=tuple(clean(str(request.get("arg_1"))[:2_000]).strip() for request in requests),
        responses=tuple(texts),
        likelihoods=tuple(value for value in likelihoods if value is not None),
        filtered=clean(filtered) if isinstance(filtered, str) else None,
        filter=label(raw.get("filter")) or "none",
        metrics={name: value for name in names if (value := number(raw.get(name))) is not None},
        arguments=dict(mapping(requests[0].get("arg_1"))),
        category=next((text for name in ("category", "subject") if (text := label(doc.get(name)))), None),
    )


def _likelihood(response: Any) -> float | None:
    """The log-likelihood of one continuation, logged as [[value, is_greedy]] with the values as text or not."""
    pair = sequence(response)
    pair = sequence(pair[0]) if len(pair) == 1 and isinstance(pair[0], list) else pair
    if len(pair) != 2 or str(pair[1]) not in ("True", "False"):
        return None
    if str(pair[0]).lower() in ("-inf", "-infinity"):
        return -math.inf
    return number(pair[0])


def _target(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return clean(value if isinstance(value, str) else json.dumps(value, default=str))


def _options(doc: Mapping[str, Any]) -> tuple[str, ...]:
    """Options of a question, where its document shows them in one of the usual ways."""
    for name in ("choices", "options", "endings"):
        listed = doc.get(name)
        listed = listed.get("text") if isinstance(listed, dict) else listed
        if isinstance(listed, list) and len(listed) >= 2 and all(isinstance(one, str) for one in listed):
            return tuple(clean(one) for one in listed)
    letters: list[str] = []
    for letter in "ABCDEFGHIJ":
        if not isinstance(doc.get(letter), str):
            break
        letters.append(clean(doc[letter]))
    return tuple(letters) if len(letters) >= 2 else ()


def _choose(records: Sequence[Record], asked: str | None, path: Path) -> str:
    names = list(Counter(record.filter for record in records))
    shown = ", ".join(names[:20])
    if asked in names:
        return str(asked)
    if len(names) == 1 and (asked is None or names == ["none"]):
        return names[0]
    if asked is not None:
        raise BadInput(f"{path} has no filter {asked!r}: choose one of {shown} with --filter NAME.")
    raise BadInput(f"{path} holds answers by several filters ({shown}): choose one with --filter NAME.")


def _results(path: Path) -> tuple[str, Mapping[str, Any]]:
    """The task's name, and the results that belong to the samples (empty where there are none)."""
    named = _FILE.fullmatch(path.name)
    task = named["task"] if named else None
    found = []
    for file in results_of(path):
        results = parse(file.read_bytes(), str(file))
        configs = mapping(mapping(results).get("configs"))
        if task is None or task in configs:
            found.append(mapping(results))
    models = {label(_model_of(results)) for results in found}
    if len(models) > 1:
        raise BadInput(
            f"Several results_….json lie beside {path}: it cannot be told which are its own; move them apart."
        )
    results = found[0] if found else {}
    tasks = list(mapping(results.get("configs")))
    if task is None:
        task = tasks[0] if len(tasks) == 1 else path.stem
    return label(task) or "task", results


def _model(results: Mapping[str, Any], path: Path) -> str:
    name = label(_model_of(results))
    if name is None:
        raise BadInput(
            f"The model that wrote {path} is named in results_….json only, which does not lie beside it: put it there, "
            "or name the model with --model NAME."
        )
    return name


def _model_of(results: Mapping[str, Any]) -> Any:
    config = mapping(results.get("config"))
    given = config.get("model_args")
    if isinstance(given, str):
        given = dict(part.split("=", 1) for part in given.split(",") if "=" in part)
    named = next((name for key in _MODEL if (name := label(mapping(given).get(key)))), None)
    return results.get("model_name") or named or config.get("model")


def _settings(results: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """What may set one run of a task on a model apart from another."""
    asked = mapping(mapping(results.get("config")).get("gen_kwargs"))
    settings: dict[str, Any] = {**mapping(config.get("generation_kwargs")), **asked}
    settings["num_fewshot"] = config.get("num_fewshot")
    for name in ("system_instruction_sha", "chat_template_sha", "fewshot_as_multiturn"):
        settings[name] = results.get(name)
    plain = {name: value for name, value in settings.items() if isinstance(value, (int, float, str)) and label(name)}
    return {name: value for name, value in plain.items() if not isinstance(value, str) or len(value) <= 200}
