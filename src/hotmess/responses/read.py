"""Reading responses: tables in files, in memory and at addresses; logs are handed on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hotmess.errors import BadInput, listed
from hotmess.looks import one_record
from hotmess.looks.chosen import NOTE, asked_by_answers
from hotmess.responses.account import Account
from hotmess.responses.ask import Ask, join_facts, named
from hotmess.responses.count_columns import take_counts
from hotmess.responses.facts import Facts, called, counted_lengths, facts_of
from hotmess.responses.filter import rows_where
from hotmess.responses.frames import is_table
from hotmess.responses.gathered import look_at_all
from hotmess.responses.grades import rescaled
from hotmess.responses.joined import once, only, ranked, together
from hotmess.responses.layouts import Layout, read_layouts
from hotmess.responses.load import numbers_where_all
from hotmess.responses.mixed import shared_outcome
from hotmess.responses.right_answers import none_right
from hotmess.responses.settings import check_settings, judged_again, take_sources
from hotmess.responses.table import Responses
from hotmess.responses.units import take_units
from hotmess.responses.validate import require, validate
from hotmess.responses.values import suggest

Source = Any
"""A file, a folder, an address, or a table in memory."""

LOGS = "the logs"


@listed("sources", "keep", "merge")
def read(
    paths: Source | Sequence[Source],
    *,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    models: Facts | None = None,
    questions: Facts | None = None,
    layouts: str | Path | Sequence[Layout] = (),
    where: str | None = None,
    outcome: str | None = None,
    metric: str | None = None,
    length: str | None = None,
    scale: Sequence[float] | None = None,
    sources: Sequence[str] = (),
    cluster: str | None = None,
    weight: str | None = None,
    merge: str | Sequence[str] = (),
    outside_unparsable: bool = False,
    skip_damaged: bool = False,
    allow_copies: bool = False,
    model: str | None = None,
    tokenizer: str | None = None,
    canonical: str | Callable[[str], str] | None = None,
    engine: Any = None,
    keep: Sequence[str] = (),
    looks: Any = None,
    **log_options: Any,
) -> Responses:
    """Read tables and logs of responses into one validated table.

    Args:
        paths: files or folders (what each is, is found by its content, not its name), addresses that fsspec knows, or
            tables in memory (pandas, Arrow, polars, DuckDB, …).
        columns: names of this package's columns → names in the file, as in `{"reasoning_tokens": "tokens"}`; a name
            may be a path into nested values (`evaluation.score`), or several, with commas, joined to one label.
        constants: columns → the value that they have in all rows.
        models: a table with a column `model`, whose other columns (`model_size_b`, `family`, …) are added by model.
        questions: the same with a column `question`: `target`, `n_choices`, `category`, …
        layouts: formats of one's own, declared: a TOML file, or `hotmess.responses.layouts.Layout`.
        where: an SQL condition (DuckDB) on the rows as they stand in the files, after renaming.
        outcome: the column that holds the outcome; default: the first present that `metric` can use.
        metric: helps to choose the outcome.
        length: the column of lengths; default reasoning_tokens, else actions.
        scale: the lowest and the highest grade, where scores are grades such as 1 to 10.
        sources: columns that are sources of scatter: responses of a cell that share them are a cluster.
        cluster: the column of the clusters that questions come in (a passage, a template, a task family).
        weight: the column of the weights that questions have.
        merge: settings over which responses are pooled on purpose.
        outside_unparsable: count an answer that is none of the question's options as unparsable.
        skip_damaged: leave out damaged files, with a note, instead of stopping at them.
        allow_copies: take repeats that look like copies of each other; the notes then say so.
        model: the model's name, where nothing else gives it.
        tokenizer: a `tokenizer.json` by which to count lengths, where there are texts and none are recorded.
        canonical: judge texts anew in this form: `text`, `math`, `math-verify`, or a function of one's own.
        engine: count equal responses where they lie instead of loading them: `duckdb`, `duckdb://?memory_limit=2GB`,
            `spark://host:port`, any other address that Ibis knows, or a connected backend of Ibis. The files are then
            Parquet, and the table holds counts, see `hotmess.responses.counted`.
        keep: with an engine, further columns that tell rows apart.
        looks: the record of looks, or its file, where the responses were drawn until a claim was decided.
        **log_options: options of the log readers alone (scorer, filter, cache, …).

    Raises:
        BadInput: one sentence on the first thing that is wrong, naming the file and the row.

    >>> rows = {"model": "m", "question": ["q", "q"], "answer": ["A", "B"], "target": "A", "n_choices": 4}
    >>> len(read(pd.DataFrame(rows)))
    2
    """
    each: list[Any] = [paths] if isinstance(paths, (str, Path)) or is_table(paths) else list(paths)
    if canonical is not None and outcome is None:
        outcome = "text"
    if engine is not None:
        from hotmess.responses.counted import count_responses

        if any(not isinstance(one, (str, Path)) for one in each):
            raise BadInput("An engine counts responses in Parquet files; write the table in memory to one first.")
        log_options |= {"looks": looks, "tokenizer": tokenizer, "layouts": layouts or None, "sources": sources or None}
        log_options |= {"canonical": canonical, "questions": questions, "skip_damaged": skip_damaged or None}
        unused = [name for name, value in log_options.items() if value is not None]
        if unused:
            raise BadInput(f"An engine counts rows of tables, and reads no logs: leave out {unused[0]}.")
        given: dict[str, Any] = {
            "columns": columns,
            "constants": {**(constants or {}), **({"model": model} if model is not None else {})},
            "models": None if models is None else facts_of(models, "model"),
            "where": where,
            "outcome": outcome,
            "metric": metric,
            "length": length,
            "scale": scale,
            "cluster": cluster,
            "weight": weight,
            "merge": merge,
            "outside_unparsable": outside_unparsable,
            "allow_copies": allow_copies,
        }
        return count_responses(each, engine=engine, keep=keep, **given)
    if not each:
        raise BadInput("No file was given.")
    declared = read_layouts(layouts) if isinstance(layouts, (str, Path)) else list(layouts)
    ask = Ask(columns or {}, constants or {}, model, declared)
    account = Account()
    with ExitStack() as stack:
        look_at_all(each, ask, account, stack)
        account.refuse_damaged(skip_damaged)
        parts = [(table.name, numbers_where_all(ranked(table.frame))) for table in account.tables]
        notes = account.sentences()
        if canonical is not None:
            log_options["canonical"] = canonical if isinstance(canonical, str) else "a function"
        logs = _logs(account, ask, outcome, model, tokenizer, merge, skip_damaged, allow_copies, log_options)
    if logs is not None:
        parts.append((LOGS, logs[0]))
        notes += logs[1]
    _refuse_unused(account, ask, log_options, logs is not None)
    frame, place, origin = together(parts)
    if account.tables:
        tables = len(account.tables)
        read_from = f"{tables} table{'s' * (tables != 1)}{' and logs' * (logs is not None)}"
        notes.insert(0, f"{len(frame):,} rows were read from {read_from}.")
    frame, said = _with_facts(frame, models, questions)
    notes += said
    if where is not None:
        rows = rows_where(frame, where)
        notes.append(f"{len(frame) - len(rows):,} rows were left out by --where {where!r}.")
        frame, place, origin = only(frame, place, origin, rows)
    if tokenizer is not None and account.tables:
        frame = counted_lengths(frame, tokenizer)
    keep_rows, shared, said = shared_outcome(frame, origin, outcome=outcome, metric=metric)
    notes += said
    if not keep_rows.all():
        frame, place, origin = only(frame, place, origin, np.flatnonzero(keep_rows))
    frame = frame.drop(columns=["outcome_kind"], errors="ignore")
    frame, place, origin, said = once(frame, place, origin)
    notes += said
    frame, said = rescaled(frame, scale, place)
    notes += said
    frame, said = take_sources(frame, sources)
    notes += said
    notes += _settings(frame, place, origin, merge, logs is not None)
    if account.tables:
        others = (*merge, *keep, *sources, outcome, length, cluster, weight)
        frame, said = take_counts(frame, asked="copies" in ask.columns, settled=others, outcome=outcome or shared)
        notes += said
    frame, said = take_units(frame, cluster, weight, place)
    notes += said
    responses = validate(
        frame,
        outcome=outcome or shared,
        metric=metric,
        length=length,
        place=place,
        notes=notes,
        outside_unparsable=outside_unparsable,
    )
    record = one_record(account.looks, looks)
    responses = replace(responses, sources=tuple(dict.fromkeys(sources)), looks=record)
    if "judged_response" not in sources:
        responses = responses.note(*judged_again(responses.table))
    if not responses.counted and asked_by_answers(responses.table, responses.looks):
        responses = responses.note(NOTE)
    return _judged(responses, canonical, allow_copies, tables=bool(account.tables))


def _with_facts(frame: pd.DataFrame, models: Facts | None, questions: Facts | None) -> tuple[pd.DataFrame, list[str]]:
    """Columns of the tables of models and of questions joined; and notes."""
    notes: list[str] = []
    for facts, key in ((models, "model"), (questions, "question")):
        if facts is not None:
            require(frame, key)
            frame, said = join_facts(frame, facts_of(facts, key), key, called(facts, key))
            notes += said
    return frame, notes


def _judged(
    responses: Responses, canonical: str | Callable[[str], str] | None, allow_copies: bool, *, tables: bool
) -> Responses:
    """Texts judged anew where that is asked for; tables checked for grades that disagree, copies, and no right text."""
    if tables and not responses.counted:
        from hotmess.responses.copies import check_copies, comparable
        from hotmess.responses.formats.agreement import check_table

        check_table(responses.table, responses.outcome, judged=canonical is not None)
        responses = responses.note(*check_copies(comparable(responses), allow=allow_copies))
    if canonical is not None:
        from hotmess.responses.canonical import canonical_answers

        responses = canonical_answers(responses, canonical)
    if tables and responses.outcome == "text" and not responses.counted:
        responses = responses.note(*none_right(responses.table))
    return responses


def _logs(
    account: Account,
    ask: Ask,
    outcome: str | None,
    model: str | None,
    tokenizer: str | None,
    merge: Sequence[str],
    skip_damaged: bool,
    allow_copies: bool,
    options: Mapping[str, Any],
) -> tuple[pd.DataFrame, list[str]] | None:
    """The table of all logs, in this package's names, and notes; None without logs."""
    if not account.logs:
        return None
    from hotmess.responses.formats import read_logs
    from hotmess.responses.formats.joining import OUTCOMES as LOGGED

    if ask.columns.get("outcome_kind"):
        raise BadInput("The column outcome_kind is this package's own.")
    asked = outcome if outcome in LOGGED and outcome not in ask.columns else None
    found = {(reader.name, path.resolve()): (reader, path, named) for reader, path, named in account.logs}
    extra = {"merge": merge} if merge else {}
    frame, said = read_logs(
        [path for _, path, _ in found.values()],
        outcome=asked,
        model=model,
        tokenizer=tokenizer,
        skip_damaged=skip_damaged,
        allow_copies=allow_copies,
        found=list(found.values()),
        beside=bool(account.tables),
        **extra,
        **options,
    )
    without_model = Ask(ask.columns, ask.constants, None, ())
    frame, more = named(frame, without_model, LOGS, guessing=False)
    return frame, [*said, *more]


def _refuse_unused(account: Account, ask: Ask, options: Mapping[str, Any], logs: bool) -> None:
    """An option is used, or refused."""
    if logs:
        return
    for name in ("scorer", "filter"):
        if options.get(name):
            raise BadInput(f"--{name} chooses inside logs, and no log was read, only tables; leave it out.")
    if (
        ask.model is not None
        and account.tables
        and all((table.frame["model"] != ask.model).any() for table in account.tables if "model" in table.frame.columns)
    ):
        why = "names the model of logs and tables that do not say it, and these do"
        raise BadInput(f"--model {ask.model} {why}; leave it out, or choose rows with --where.")


def _settings(frame: pd.DataFrame, place: Any, origin: np.ndarray, merge: Sequence[str], logs: bool) -> list[str]:
    """Settings that vary inside cells of tables (logs' readers tell their own apart); what is merged must be there."""
    if not logs:
        strange = next((name for name in merge if name not in frame.columns), None)
        if strange is not None:
            raise BadInput(f"There is no column {strange!r} to merge{suggest(strange, frame.columns)}.")
    rows = np.flatnonzero([not str(one).startswith(LOGS) for one in origin])
    if not len(rows) or not {"model", "question"} <= {*frame.columns}:
        return []
    return check_settings(frame.iloc[rows].reset_index(drop=True), lambda at: place(int(rows[at])), settled=merge)
