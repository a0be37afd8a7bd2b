"""An SQL condition that somebody wrote: one expression over the columns, or refused before anything runs.

It is parsed by DuckDB, looked at as a tree, and bound to a table that is empty; only then does it run. Nothing in it
can be another statement, read a file, look at another table, or come out otherwise the next time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.responses.values import suggest

if TYPE_CHECKING:
    import duckdb

LONGEST = 10_000
"""Characters of the longest condition: a parser takes memory by the hundredfold."""

CHANGING = ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "user")
"""What SQL writes as a column and is none: it comes out otherwise the next time."""

_REFUSED = {
    "SUBQUERY": "looks at a table of its own",
    "WINDOW": "speaks of several rows",
    "STAR": "speaks of all columns",
    "PARAMETER": "leaves a value open",
}


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB connection in memory that draws no progress bar, opens no files and takes the memory that is allowed."""
    import duckdb

    from hotmess.limits import memory, of_process

    # A thread that finds no place for its stack ends the process, so under a limit of addresses there is but one.
    connection = duckdb.connect(":memory:", config={"threads": 1} if of_process() else {})
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute(f"SET memory_limit = '{memory()}B'")
    connection.execute("SET lock_configuration = true")
    return connection


def checked(sql: str, columns: Iterable[str]) -> str:
    """The condition, as it was, if it is one expression over these columns that always comes out the same.

    Raises:
        BadInput: where it is not, with what is wrong with it.

    >>> checked("a > 1 AND b LIKE 'x%'", ["a", "b"])
    "a > 1 AND b LIKE 'x%'"
    >>> checked("random() < 0.5", ["a"])
    Traceback (most recent call last):
    hotmess.errors.BadInput: The condition 'random() < 0.5' cannot be used: random comes out otherwise the next time.
    """
    import duckdb

    if len(sql) > LONGEST:
        raise BadInput(f"The condition has {len(sql):,} characters; the longest has {LONGEST:,}.")
    if not sql.strip():
        raise refusal(sql, "it is empty")
    if "\0" in sql or sql != sql.encode("utf-8", "replace").decode():
        raise refusal(sql, "it is no text")
    try:
        duckdb.SQLExpression(sql)  # one expression, and nothing after it
    except duckdb.Error as error:
        raise refusal(sql, first_line(error)) from None
    known = {name.lower() for name in columns}
    for node in _nodes(_tree(sql)):
        kind = node.get("class")
        if kind in _REFUSED:
            raise refusal(sql, f"it {_REFUSED[kind]}, and a condition is about one row")
        name = ""
        if kind == "FUNCTION":
            name = str(node.get("function_name", "")).lower()
            if name == "age" and len(node.get("arguments") or node.get("children") or []) == 1:
                raise refusal(sql, "age of one date counts to today, and comes out otherwise the next time")
        elif kind == "COLUMN_REF" and len(names := node.get("column_names") or []) == 1:
            name = str(names[0]).lower()
            if name in known or name not in CHANGING:
                continue
        if name in CHANGING or (kind == "FUNCTION" and name in _changing()):
            raise refusal(sql, f"{name} comes out otherwise the next time")
    return sql


def refusal(sql: str, why: str, columns: Iterable[str] = ()) -> BadInput:
    """The sentence on a condition that cannot be used, with the nearest column where one is not there."""
    unknown = re.search(r'column "([^"]+)"', why)
    near = suggest(unknown[1], list(columns)) if unknown else ""
    shown = sql if len(sql) <= 200 else sql[:199] + "…"
    return BadInput(f"The condition {shown!r} cannot be used: {why.rstrip('.')}{near}.")


def _tree(sql: str) -> Any:
    connection = connect()
    try:
        text = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT 1 WHERE (\n{sql}\n)"]).fetchall()[0][0]
    finally:
        connection.close()
    found = json.loads(text)
    if found.get("error") or len(found.get("statements", [])) != 1:
        raise refusal(sql, f"it is not one condition ({found.get('error_message', 'several statements')})")
    return found["statements"][0]["node"]["where_clause"]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


@lru_cache(1)
def _changing() -> frozenset[str]:
    """DuckDB's functions that do not depend on their arguments alone, and macros that call one or look at a table."""
    connection = connect()
    try:
        rows = connection.execute(
            "SELECT DISTINCT lower(function_name), stability, lower(macro_definition) FROM duckdb_functions()"
        ).fetchall()
    finally:
        connection.close()
    found = {name for name, stability, _ in rows if stability in ("VOLATILE", "CONSISTENT_WITHIN_QUERY")}
    found |= {"getenv", "read_text", "read_blob", *CHANGING}
    found |= {"current_localtime", "current_localtimestamp"}  # DuckDB counts these as consistent
    macros = [(name, set(re.findall(r"\w+", text)) - {name}) for name, _, text in rows if text]
    while more := {name for name, words in macros if name not in found and words & (found | {"select"})}:
        found |= more
    return frozenset(found)


def first_line(error: Exception) -> str:
    """The first line of what DuckDB says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")
