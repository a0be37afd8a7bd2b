"""Logs of lm-evaluation-harness: `samples_<task>_<date>.jsonl`, with `results_<date>.json` beside it.

All repeats are in `resps` only, there is one record for each filter, and the model's name is in the results alone. The
logs of lmms-eval, `<date>_samples_<task>.jsonl` with `<date>_results.json`, are read in the same way.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean, label, mapping, parse
from hotmess.responses.formats.lm_eval_config import HARMLESS, arguments_of, configuration, model_name, size_of
from hotmess.responses.formats.lm_eval_grades import TOLERATED, metric_of
from hotmess.responses.formats.lm_eval_records import Record, contradicts, lines, record_of
from hotmess.responses.formats.recorded import recorded
from hotmess.responses.formats.registry import HEAD_BYTES, OPTIONS, NoResponses, ReadOptions, register

if TYPE_CHECKING:
    import pandas as pd

_FILES = (
    re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?)\.jsonl?"),
    re.compile(r"(?P<date>\d{8}_\d{6})_samples_(?P<task>.+)\.jsonl?"),
)
_RESULTS = ("results*.json", "*_results.json", "*_[0-9][0-9][0-9][0-9]-*T*.json")


def is_lm_eval(path: Path, head: bytes) -> bool:
    """JSON lines (or an array, in old versions) whose records have a `doc_id` and responses."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    known = (b'"resps"', b'"arguments"', b'"filtered_resps"')
    if len(head) == HEAD_BYTES and b"\n" not in start and re.match(rb'[\[\s]*\{\s*"doc_id"\s*:', start):
        return True  # a first record that is longer than what is shown of it
    return start[:1] in (b"{", b"[") and b'"doc_id"' in start and any(name in start for name in known)


def _named(path: Path) -> tuple[str | None, str | None]:
    """Task and date by the name of a file of samples."""
    found = next((match for form in _FILES if (match := form.fullmatch(path.name))), None)
    return (found["task"], found["date"]) if found else (None, None)


def results_of(path: Path) -> list[Path]:
    """Files of results that may belong to a file of samples: the one of the same date, else all in the folder."""
    _, date = _named(path)
    if date is not None:
        for beside in (path.with_name(f"results_{date}.json"), path.with_name(f"{date}_results.json")):
            if beside.is_file():
                return [beside]
        dated = sorted(file for file in path.parent.glob("*.json") if file.name.endswith(f"_{date}.json"))
        if dated:
            return dated
    files = {file for form in _RESULTS for file in path.parent.glob(form)}
    return sorted(file for file in files if file.is_file() and not file.name.startswith("samples_"))


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the column `context`, where runs of equal settings were given other examples for a question.

    Raises `BadInput` for options that mean nothing to any of the logs.
    """
    for name, why in (("_tokenizer", "hold no texts to count"), ("_filter", "hold no filters to choose from")):
        if table[name].astype(bool).all():
            raise BadInput(
                f"--{name[1:]} means nothing to these logs of lm-evaluation-harness, which {why}: leave it out."
            )
    table = table.drop(columns=["_tokenizer", "_filter"])
    if "_asked" not in table:  # none of several logs holds its prompts
        return table
    asked = table.groupby(["benchmark", "model", "settings", "question"], dropna=False, sort=False)["_asked"]
    several = bool((asked.nunique() > 1).any())
    out = table.assign(context=table["_asked"]) if several else table
    out = out.drop(columns=["_asked"])
    note = "Prompts to one question differ between runs, as examples drawn at random do: each is a context."
    out.attrs = {"notes": [note]} if several else {}
    return out


@register(
    "lm-evaluation-harness",
    sniff=is_lm_eval,
    finish=finished,
    inputs=lambda path: [path, *results_of(path)],
    version=2,
    options=OPTIONS,
)
def read_lm_eval(path: Path, options: ReadOptions) -> pd.DataFrame:
    """One row for each repeat of each question of one task.

    Raises `BadInput` for a damaged file, several filters or metrics with none chosen, a filter that cannot be applied
    to the repeats, repeats whose grade cannot be told, and where the model's name is nowhere to be found.
    """
    import pandas as pd

    from hotmess.responses.formats.lm_eval_rows import rows_of, steps_of

    task, results = _results(path)
    config = mapping(mapping(results.get("configs")).get(task))
    delimiter = config.get("target_delimiter")
    digest = hashlib.blake2b(digest_size=8)
    records: list[Record] = []
    other = 0
    for raw, where in lines(path, digest):
        records.append(record_of(raw, where, delimiter if isinstance(delimiter, str) else " "))
        other += contradicts(raw)
    if not records:
        raise NoResponses(f"{path} holds no samples.")
    if other > TOLERATED * len(records) and not options.scorer:
        raise BadInput(
            f"In {other:,} of {len(records):,} records of {path}, of lmms-eval, the metric names another right answer "
            "than the target: choose the metric with --scorer NAME to take it as it is."
        )
    chosen = _choose(records, options.filter, path)
    records = [one for one in records if one.filter == chosen]
    again = next((name for name, number in Counter(one.id for one in records).items() if number > 1), None)
    if again is not None:
        raise BadInput(
            f"{path} holds question {again} more than once under the filter {chosen!r}: repeats stand in one record, "
            "so the file was written twice, or by several filters that it does not name."
        )
    metric = metric_of(records, options.scorer, config, _better(results, task, config), path)
    model = _model(results, options.model, path)
    size, notes = size_of(results, model)
    facts = {"task": task, "filter": chosen, "config": config, "cut": _cut(results)}
    rows, kind, counts, said = rows_of(records, metric, facts, path, options)
    settings = recorded(configuration(results, task, metric, chosen, steps_of(config, chosen)), HARMLESS)
    run = f"{digest.hexdigest()}|{task}|{model}"
    seen: Counter[str] = Counter()
    for row in rows:
        row["sample"] = seen[row["question"]]
        seen[row["question"]] += 1
        row.update(benchmark=task, model=model, settings=settings, model_size_b=size)
        row.update(response_id=f"{run}|{row['question']}|{row['sample']}")
    table = pd.DataFrame(rows)
    table["_tokenizer"] = options.tokenizer is not None and "text_hash" not in table
    table["_filter"] = options.filter is not None and chosen != options.filter
    table.attrs.update(outcome=kind, counts=dict(counts), notes=[*notes, *said])
    return table


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
    task, date = _named(path)
    found = []
    files = results_of(path)
    own = len(files) == 1 and date is not None and date in files[0].name
    for file in files:
        results = parse(file.read_bytes(), str(file))
        if task is None or own or task in mapping(mapping(results).get("configs")):
            found.append(mapping(results))
    if len({model_name(results) for results in found}) > 1:
        raise BadInput(
            f"Several results_….json lie beside {path}: it cannot be told which are its own; move them apart."
        )
    results = found[0] if found else {}
    tasks = list(mapping(results.get("configs")))
    if task is None:
        task = tasks[0] if len(tasks) == 1 else path.stem
    return label(task) or "task", results


def _model(results: Mapping[str, Any], asked: str | None, path: Path) -> str:
    name = model_name(results)
    if name is not None and asked is not None and asked != name:
        raise BadInput(f"{path} names its model itself, {name}: leave out --model.")
    if name is None and asked is None:
        raise BadInput(
            f"The model that wrote {path} is named in results_….json only, which does not lie beside it: put it there, "
            "or name the model with --model NAME."
        )
    return clean(name or str(asked))


def _better(results: Mapping[str, Any], task: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Whether higher is better, by metric, as far as the log says."""
    listed = config.get("metric_list")
    entries = [mapping(one) for one in listed] if isinstance(listed, list) else []
    own = {str(one.get("metric")): one["higher_is_better"] for one in entries if "higher_is_better" in one}
    return {**own, **mapping(mapping(results.get("higher_is_better")).get(task))}


def _cut(results: Mapping[str, Any]) -> str | None:
    """The token after which the harness keeps a response: what comes before, the reasoning, is not in the log."""
    given = arguments_of(mapping(results.get("config")).get("model_args")).get("think_end_token")
    return None if given in (None, "") else repr(str(given)[:40])
