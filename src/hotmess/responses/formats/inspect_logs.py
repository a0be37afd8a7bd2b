"""Logs of Inspect, `.eval` and `.json`.

The header is validated by `inspect_ai.log`, which also migrates old versions. Samples are taken from the file directly:
`inspect_ai.log` builds validated objects of every message and event, none of which is needed here, and that takes
several times as long as unpacking and parsing (`benchmarks/readers.py` measures it).
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput, need
from hotmess.responses.formats.hostile import MAX_LABEL, decode, label, mapping, members, number, parse
from hotmess.responses.formats.registry import NoResponses, ReadOptions, register
from hotmess.responses.formats.zips import names, opened

if TYPE_CHECKING:
    import pandas as pd

_ZIP = b"PK\x03\x04"
_HEADERS = ("header.json", "_journal/start.json")
_SAMPLE = re.compile(r"samples/.+_epoch_\d+\.json", re.DOTALL)  # an id may hold slashes
_CHUNKED = re.compile(r"samples/.+_epoch_\d+/sample\.json", re.DOTALL)


def is_inspect(path: Path, head: bytes) -> bool:
    """A zip file with Inspect's header, or a JSON object that begins like Inspect's."""
    if head.startswith(_ZIP):
        if head[30:48] == b"_journal/start.jso":
            return True
        return any(name in _HEADERS for name in names(path))
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"{") and re.search(rb'"eval"\s*:\s*\{', start[:4096]) is not None and b'"task"' in start


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """The joined table. Raises `BadInput` where a tokenizer was given and there was nothing to count in any log."""
    if table["_tokenizer"].astype(bool).all():
        raise BadInput("--tokenizer counts lengths that logs do not record, and these record all: leave it out.")
    out = table.drop(columns=["_tokenizer"])
    out.attrs = {}
    return out


@register("inspect", sniff=is_inspect, finish=finished, version=2, options=("scorer", "tokenizer"))
def read_inspect(path: Path, options: ReadOptions) -> pd.DataFrame:
    """One row for each sample (epochs are samples) of a log of Inspect.

    Raises `BadInput` for a damaged log, several scorers with none chosen, and a log without samples.
    """
    from hotmess.responses.formats.inspect_rows import table_of
    from hotmess.responses.formats.inspect_samples import Record, distil

    header: dict[str, Any] = {}
    records: list[Record] = []
    counts: Counter[str] = Counter()
    errors: list[str] = []
    total = 0
    for kind, value in _parts(path):
        if kind == "header":
            header.update(value)
            continue
        total += 1
        where = f"sample {total} of {path}"
        record = distil(value, where, completions=options.completions, texts=options.tokenizer is not None)
        if isinstance(record, Record):
            records.append(record)
        else:
            counts[record] += 1
            message = str(mapping(mapping(value).get("error")).get("message", ""))
            # Errors of programs are long: their first line, also where line breaks are written out.
            first = label(re.split(r"\r|\n|\\n", message)[0][: MAX_LABEL // 10])
            errors += [first] if first else []
    facts = _facts(header, path)
    if not total:
        results = mapping(header.get("results"))
        of = f", only the results of {int(n):,}" if (n := number(results.get("completed_samples"))) else ""
        raise NoResponses(f"{path} holds no samples{of}: write the log with its samples, or give the whole log.")
    if not records:
        why = ", ".join(f"{n:,} {what.partition(': ')[2]}" for what, n in counts.items())
        such = f", the first with {errors[0].rstrip('.')}" if errors else ""
        raise NoResponses(f"{path} holds no response: of {total:,} sample{'s' if total > 1 else ''}, {why}{such}.")
    table = table_of(records, facts, counts, path, options)
    table.attrs["counts"] = {**counts, **_completeness(header, total)}
    return table


def _parts(path: Path) -> Iterator[tuple[str, Any]]:
    """The header's members and then or before the samples, one by one."""
    with path.open("rb") as file:
        is_zip = file.read(4) == _ZIP
        if not is_zip:
            file.seek(0)
            text = decode(file.read(), str(path))
    if not is_zip:
        for key, value in members(text, "samples", str(path)):
            if key == "samples":
                if value is not None:
                    yield "sample", value
            else:
                yield "header", {key: value}
        return
    with opened(path) as archive:
        if any(_CHUNKED.fullmatch(name) for name in archive.names):
            raise BadInput(f"{path} holds its samples in chunks, which are not read: write the log again as .json.")
        header = next((name for name in _HEADERS if name in archive.names), None)
        if header is None:
            raise BadInput(f"{path} is no log of Inspect: it holds neither {' nor '.join(_HEADERS)}.")
        where = f"{header} in {path}"
        yield "header", {"status": "started", **_object(parse(archive.read(header), where), where)}
        for name in archive.names:
            if _SAMPLE.fullmatch(name):
                yield "sample", parse(archive.read(name), f"{name} in {path}")


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{where} is damaged: it holds no JSON object.")
    return value


def _facts(header: dict[str, Any], path: Path) -> dict[str, Any]:
    """What the header says of all samples: benchmark, model, budget, decoding, settings. Validated by Inspect."""
    need("inspect_ai", "inspect")
    from inspect_ai.log import EvalLog

    from hotmess.responses.formats.inspect_config import configuration

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            log = EvalLog.model_validate({**header, "samples": None, "reductions": None})
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise BadInput(f"The header of {path} is not one of Inspect's: {_where(error)}.") from None
    spec = log.eval
    task, model = label(spec.task), label(spec.model)
    if task is None or model is None:
        raise BadInput(f"The header of {path} names no task or no model.")
    config = configuration(log)
    return {
        "benchmark": task,
        "model": model,
        "reported": spec.model,
        "roles": {role: _models(of) for role, of in (spec.model_roles or {}).items()},
        "task_id": label(spec.task_id) or label(mapping(header.get("eval")).get("run_id")) or "",
        "temperature": number(config["generate"].get("temperature")),
        "top_p": number(config["generate"].get("top_p")),
        "config": config,
        "scorers": [name for scorer in spec.scorers or [] if (name := label(scorer.name))],
    }


def _models(role: Any) -> list[str]:
    return [str(one.model) for one in (role if isinstance(role, list) else [role])]


def _where(error: BaseException) -> str:
    details = getattr(error, "errors", None)
    if callable(details):
        first = details()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {str(first['msg'])[:200]}".strip(": ").rstrip(".")
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")


def _completeness(header: Mapping[str, Any], total: int) -> dict[str, int]:
    """A run that was not finished, or a log that holds fewer samples than it speaks of."""
    if header.get("status") in ("started", "cancelled", "error"):
        return {"logs of runs that were not finished: read up to there": 1}
    done = number(mapping(header.get("results")).get("completed_samples"))
    if done is not None and done > total:
        return {"logs with fewer samples than the header announces: those that are there are read": 1}
    return {}
