"""Which runs are repeats of each other: those whose recorded configuration is the same.

A reader hands over, in the column `settings`, everything that a log records of how it was made (`recorded`), minus a
documented list of fields that cannot matter: dates, paths, hosts, run ids, concurrency, log settings. Runs of one model
on one benchmark that differ in what is left are told apart (`tell_apart`), named by what differs:

* a field of `MODEL` (revision, quantisation) makes another model,
* a field of `BUDGET` (effort, thinking on or off) another budget,
* any other field another condition.

`merge` pools over a field on purpose, and a note says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.responses.formats.recorded import word
from hotmess.responses.values import suggest

if TYPE_CHECKING:
    import pandas as pd

EFFORT = ("reasoning_effort", "effort", "reasoning_tokens", "thinking_budget", "budget_tokens")
"""Last parts of names of fields whose value alone is the label of a budget, whether it differs between runs or not."""

BUDGET = (*EFFORT, "enable_thinking", "thinking", "reasoning_mode", "think_end_token", "max_thinking_tokens")
"""Last parts of names of fields that make a budget of their own where they differ."""

MODEL = (
    *("revision", "quantization", "quantization_config", "quantisation", "load_in_4bit", "load_in_8bit", "dtype"),
    *("torch_dtype", "gptqmodel", "autogptq", "peft", "delta", "lora", "adapter", "lora_local_path", "gguf_file"),
    *("bnb_4bit_compute_dtype", "bnb_4bit_quant_type", "kv_cache_dtype", "model_path", "subfolder"),
)
"""Last parts of names of fields that make another model of the same name where they differ."""

VAGUE = ("name", "model", "type", "value", "args", "config", "options", "commit", "dirty")
"""Last parts of names that say little without what stands before them."""

MOST = 4
"""So many fields name a run; where more differ, as few as tell the runs apart."""

_KEY = ["benchmark", "model", "_format", "settings"]


def tell_apart(table: pd.DataFrame, merge: Sequence[str] = ()) -> tuple[pd.DataFrame, list[str]]:
    """The table with models, budgets and conditions named by the settings that differ, and notes.

    Args:
        table: columns benchmark, model, condition, budget, settings (JSON of `recorded`, or nothing).
        merge: fields over which runs are pooled on purpose: a dotted name, its beginning, or its last part.

    Raises:
        BadInput: for a field of `merge` that no run records.
    """
    if "settings" not in table or not table["settings"].notna().any():
        if merge:
            raise BadInput(f"No run records a setting {merge[0]!r} to merge: the logs hold no settings.")
        return table, []
    notes: list[str] = []
    table = table.copy(deep=False)
    if "_format" not in table:
        table["_format"] = ""
    code = table.groupby(_KEY, dropna=False, sort=False).ngroup().to_numpy()
    runs = table[_KEY][~table.duplicated(_KEY)].reset_index(drop=True)  # in the order of their codes
    has = runs["settings"].notna().to_numpy()
    read = [json.loads(text) if there else {} for text, there in zip(runs["settings"], has, strict=True)]
    settings = [{name: word(value) for name, value in one.items()} for one in read]
    settings, pooled = _without(settings, merge)
    keys = [(str(b), str(m), str(f)) for b, m, f in zip(runs["benchmark"], runs["model"], runs["_format"], strict=True)]
    places = [at for at in range(len(runs)) if has[at]]
    models = _models(keys, settings, places)
    keys = [(b, models[at], f) for at, (b, _, f) in enumerate(keys)]
    budgets: list[dict[str, bool]] = [{} for _ in keys]
    conditions = [""] * len(runs)
    differing: dict[str, set[str]] = {}
    for benchmark in dict.fromkeys(key[0] for key in keys):
        here = [at for at in places if keys[at][0] == benchmark]
        _name_in(here, keys, settings, budgets, conditions, differing)
        notes += _between_models(benchmark, here, keys, settings)
    changed = [at for at in places if models[at] != str(runs["model"][at])]
    if changed:
        shown = ", ".join(list(dict.fromkeys(models[at] for at in changed))[:4])
        notes.append(f"Runs under one model's name with another revision or quantisation are other models: {shown}.")
        table["model"] = [models[at] if has[at] else old for at, old in zip(code, table["model"], strict=True)]
    table["budget"] = [_budget(old, budgets[at]) for old, at in zip(table["budget"], code, strict=True)]
    added = zip(table["condition"], code, strict=True)
    table["condition"] = [", ".join(filter(None, (old, conditions[at]))) for old, at in added]
    for column, fields in differing.items():
        if fields:
            told = _few(sorted(fields))
            notes.append(
                f"Runs of one model that differ in {told} are told apart as {column}s; --merge FIELD pools them."
            )
    notes += [
        f"Runs that differ in {_few(sorted(names))} are pooled (--merge {term})." for term, names in pooled.items()
    ]
    return table, notes


def _without(
    settings: Sequence[Mapping[str, str]], merge: Sequence[str]
) -> tuple[list[dict[str, str]], dict[str, set[str]]]:
    """The settings without the merged fields; and by field asked for, the names in which runs differ."""
    names = list(dict.fromkeys(name for one in settings for name in one))
    gone: set[str] = set()
    pooled: dict[str, set[str]] = {}
    for term in merge:
        matched = {name for name in names if names_field(term, name)}
        if not matched:
            near = suggest(term, [*names, *(name.rpartition(".")[2] for name in names)])
            raise BadInput(f"No run records a setting {term!r} to merge{near}.")
        differ = {name for name in matched if len({one.get(name) for one in settings}) > 1}
        if differ:
            pooled[term] = differ
        gone |= matched
    return [{name: value for name, value in one.items() if name not in gone} for one in settings], pooled


def names_field(term: str, name: str) -> bool:
    """Whether what a user wrote means a field: its dotted name, the beginning or the end of that.

    >>> [names_field(term, "model_args.revision") for term in ("revision", "model_args", "rev")]
    [True, True, False]
    """
    return name == term or name.startswith(f"{term}.") or name.endswith(f".{term}")


def _models(
    keys: Sequence[tuple[str, str, str]], settings: Sequence[Mapping[str, str]], places: Sequence[int]
) -> list[str]:
    """The model of each run: its name, and the fields of `MODEL` in which runs under that name differ."""
    out = [model for _, model, _ in keys]
    for group in _grouped(places, lambda at: (keys[at][1], keys[at][2])):
        fields = _differ([settings[at] for at in group], lambda name: _last(name) in MODEL)
        if fields:
            for at in group:
                out[at] = f"{keys[at][1]} ({_label(settings[at], fields)})"
    return out


def _name_in(
    here: Sequence[int],
    keys: Sequence[tuple[str, str, str]],
    settings: Sequence[Mapping[str, str]],
    budgets: list[dict[str, bool]],
    conditions: list[str],
    differing: dict[str, set[str]],
) -> None:
    """Budgets (label → whether it differs) and conditions of one benchmark's runs.

    A field that differs for one model names the runs of all, so that conditions of several models match.
    """
    several = len({keys[at][2] for at in here}) > 1
    for kind in _grouped(here, lambda at: keys[at][2]):
        of_budget: dict[str, None] = {}
        of_condition: dict[str, None] = {}
        for group in _grouped(kind, lambda at: keys[at][1]):
            own = [settings[at] for at in group]
            of_budget.update(dict.fromkeys(_differ(own, lambda name: _last(name) in BUDGET)))
            of_condition.update(dict.fromkeys(_differ(own, lambda name: _last(name) not in (*BUDGET, *MODEL))))
        shown = _enough([settings[at] for at in kind], list(of_condition))
        for at in kind:
            effort = _effort(settings[at])
            named = [field for field in of_budget if field != effort]
            words = {settings[at][effort].strip(): effort in of_budget} if effort else {}
            if named:
                words[_label(settings[at], named)] = True
            budgets[at] = words
            conditions[at] = _label(settings[at], shown)
        differing.setdefault("budget", set()).update(map(_last, of_budget))
        differing.setdefault("condition", set()).update(_shorter(list(of_condition)).values())
    if several:  # The same model on the same benchmark through two tools: not the same run.
        for group in _grouped(here, lambda at: keys[at][1]):
            if len({keys[at][2] for at in group}) > 1:
                for at in group:
                    conditions[at] = ", ".join(filter(None, [f"tool={keys[at][2]}", conditions[at]]))
                differing["condition"].add("tool")


def _between_models(
    benchmark: str, here: Sequence[int], keys: Sequence[tuple[str, str, str]], settings: Sequence[Mapping[str, str]]
) -> list[str]:
    """A note on settings in which models of one benchmark differ from each other."""
    found: dict[str, None] = {}
    for kind in _grouped(here, lambda at: keys[at][2]):
        by_model = _grouped(kind, lambda at: keys[at][1])
        for name in dict.fromkeys(name for at in kind for name in settings[at]):
            if name.startswith("model_") or _last(name) in (*BUDGET, *MODEL):
                continue
            values = [frozenset(settings[at].get(name) for at in group) for group in by_model]
            if len(set(values)) > 1:
                found[name] = None
    if not found:
        return []
    names = _shorter(list(found))
    return [f"On {benchmark} the models were run with different {_few(sorted(names.values()))}."]


def _grouped(places: Iterable[int], key: Any) -> list[list[int]]:
    groups: dict[Any, list[int]] = {}
    for at in places:
        groups.setdefault(key(at), []).append(at)
    return list(groups.values())


def _differ(settings: Sequence[Mapping[str, str]], wanted: Any) -> list[str]:
    """Fields in which runs differ; of those that record one value twice the one of the shortest name."""
    names = sorted({name for one in settings for name in one}, key=lambda name: (len(name), name))
    kept: dict[tuple[Any, ...], str] = {}
    for name in names:
        values = tuple(one.get(name) for one in settings)
        if wanted(name) and len(set(values)) > 1:
            kept.setdefault((_last(name), *values), name)
    return sorted(kept.values())


def _enough(settings: Sequence[Mapping[str, str]], fields: list[str]) -> list[str]:
    """All fields, or where they are many, as few of them as tell all runs apart that they tell apart together."""
    if len(fields) <= MOST:
        return fields

    def kinds(some: Sequence[str]) -> int:
        return len({tuple(one.get(name) for name in some) for one in settings})

    chosen: list[str] = []
    while kinds(chosen) < kinds(fields):
        chosen.append(max((name for name in fields if name not in chosen), key=lambda name: kinds([*chosen, name])))
    return sorted(chosen)


def _effort(settings: Mapping[str, str]) -> str | None:
    """The field whose value is the label of the budget."""
    return next((name for end in EFFORT for name in sorted(settings) if _last(name) == end), None)


def _label(settings: Mapping[str, str], fields: Sequence[str]) -> str:
    names = _shorter(fields)
    values = {name: settings.get(name, "default") for name in fields}
    # Blanks at the ends are seen in quotes: names of conditions have none around them.
    return ", ".join(
        f"{names[name]}={value if value == value.strip() else repr(value)}" for name, value in values.items()
    )


def _shorter(names: Sequence[str]) -> dict[str, str]:
    """The last part of each name (two of them where the last says little), or the whole where that is not unique."""
    short = [".".join(name.split(".")[-2:]) if _last(name) in VAGUE else _last(name) for name in names]
    return {name: one if short.count(one) == 1 else name for name, one in zip(names, short, strict=True)}


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _budget(own: str, words: Mapping[str, bool]) -> str:
    """A budget's label: the sample's own, and beside it those of the run that differ between runs."""
    added = [text for text, differs in words.items() if text != own and (differs or not own)]
    return ", ".join(filter(None, (own, *added)))
