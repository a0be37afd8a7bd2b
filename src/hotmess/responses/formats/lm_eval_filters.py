"""The answer filters of lm-evaluation-harness, applied to every repeat.

The harness logs what a filter made of the *first* repeat only. Here the filter is applied to all of them, as the log's
own configuration describes it, and what comes out for the first must be what the log says; else the filter is refused.

Patterns come from a log and may be anybody's, so they are matched by RE2 (in DuckDB), in linear time. RE2 has no
lookaround: one at the beginning or the end of a pattern becomes part of the match that is not returned.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hotmess.responses.condition import connect
from hotmess.responses.formats.hostile import clean, mapping, sequence

MAX_PATTERN = 1_000

Step = Callable[[list[str], Sequence[Sequence[str]]], list[str]]
"""From responses and the options of their questions to answers."""

_SELECTIONS = ("take_first", "take_first_k", "majority_vote")
_EARLY = re.compile(r"^\(\?<=((?:[^()\\]|\\.)*)\)", re.DOTALL)
_LATE = re.compile(r"\(\?=((?:[^()\\]|\\.)*)\)$", re.DOTALL)


class Unknown(ValueError):
    """A filter that cannot be applied here; the message says why."""


def apply(config: Sequence[Any], responses: list[str], options: Sequence[Sequence[str]]) -> list[str]:
    """What the steps of a filter, but for its selection of repeats, make of each response.

    `config` are the entries of `filter` in the task's `filter_list`; `options` are the options of each response's
    question, where it has any. Raises `Unknown` for steps that are not known, and for steps after a vote.

    >>> apply([{"function": "regex", "regex_pattern": "#### ([0-9]+)"}, {"function": "take_first"}], ["#### 7"], [()])
    ['7']
    """
    out = responses
    voted = False
    for entry in config:
        name = mapping(entry).get("function")
        if name in _SELECTIONS:
            voted |= name == "majority_vote"
        elif voted:
            raise Unknown("it changes answers after its vote")
        else:
            out = _step(name, mapping(entry))(out, options)
    return out


def select(config: Sequence[Any], answers: Sequence[str]) -> str | None:
    """What a filter selects from the answers of one question: the one that the log's metrics are about.

    >>> vote = [{"function": "take_first_k", "k": 3}, {"function": "majority_vote"}, {"function": "take_first"}]
    >>> select(vote, ["1", "2", "2", "1", "1"]), select([{"function": "take_first"}], ["1", "2", "2"])
    ('2', '1')
    """
    left = list(answers)
    for entry in config:
        name, k = (
            mapping(entry).get("function"),
            mapping(entry).get("k", mapping(mapping(entry).get("kwargs")).get("k")),
        )
        if name == "take_first_k" and isinstance(k, int) and k > 0:
            left = left[:k]
        elif name == "majority_vote":
            left = [one for one, _ in Counter(left).most_common(1)]
        elif name == "take_first":
            left = left[:1]
    return left[0] if left else None


def unanswered(config: Sequence[Any]) -> set[str]:
    """What the steps of a filter put in the place of an answer that they do not find.

    >>> unanswered([{"function": "regex", "fallback": "?"}, {"function": "take_first"}])
    {'?'}
    """
    steps = [mapping(entry) for entry in config if mapping(entry).get("function") in ("regex", "multi_choice_regex")]
    given = [{**mapping(entry.get("kwargs")), **entry}.get("fallback", "[invalid]") for entry in steps]
    return {clean(str(fallback)) for fallback in given} or {"[invalid]"}


def _step(name: Any, entry: Mapping[str, Any]) -> Step:
    arguments = {**mapping(entry.get("kwargs")), **{k: v for k, v in entry.items() if k not in ("function", "kwargs")}}
    if name == "regex":
        return lambda texts, options: _regex(texts, arguments)
    if name == "multi_choice_regex":
        return lambda texts, options: _multiple_choice(texts, options, arguments)
    if name == "remove_whitespace":
        return lambda texts, options: [text.strip() for text in texts]
    if name == "lowercase":
        return lambda texts, options: [text.lower() for text in texts]
    if name == "uppercase":
        return lambda texts, options: [text.upper() for text in texts]
    if name == "map":
        table = {key: clean(str(value)) for key, value in mapping(arguments.get("mapping_dict")).items()}
        default = clean(str(arguments.get("default_value")))
        return lambda texts, options: [table.get(text, default) for text in texts]
    raise Unknown(f"its step {str(name)[:60]!r} is not known here")


def _regex(texts: list[str], arguments: Mapping[str, Any]) -> list[str]:
    fallback = clean(str(arguments.get("fallback", "[invalid]")))
    found = find_all(texts, str(arguments.get("regex_pattern", r"#### (\-?[0-9\.\,]+)")))
    return [match if match is not None else fallback for match in _selected(found, arguments)]


def _selected(found: Sequence[Sequence[str]], arguments: Mapping[str, Any]) -> list[str | None]:
    index = arguments.get("group_select", 0)
    if isinstance(index, bool) or not isinstance(index, int):
        raise Unknown("its group_select is no whole number")
    return [matches[index].strip() if -len(matches) <= index < len(matches) else None for matches in found]


def _multiple_choice(texts: list[str], options: Sequence[Sequence[str]], arguments: Mapping[str, Any]) -> list[str]:
    if arguments.get("regexes_to_ignore"):
        raise Unknown("it ignores parts of the response")
    fallback = clean(str(arguments.get("fallback", "[invalid]")))
    first = _selected(find_all(texts, str(arguments.get("regex_pattern", ""))), arguments)

    def plain(text: str) -> str:
        text = text.lower() if arguments.get("ignore_case") else text
        return "".join(c for c in text if not _punctuation(c)) if arguments.get("ignore_punctuation") else text

    out = []
    for text, match, choices in zip(texts, first, options, strict=True):
        if not match:
            match = _named(
                plain(text), [plain(choice.strip()) for choice in choices], last=arguments.get("group_select") == -1
            )
        if not match and choices:
            letters = re.findall(rf":\s*([A-{chr(64 + min(len(choices), 26))}])", text[-20_000:])
            match = f"({letters[arguments.get('group_select', 0)]})" if letters else None
        out.append(match or fallback)
    return out


def _punctuation(character: str) -> bool:
    import unicodedata

    return unicodedata.category(character).startswith("P")


def _named(text: str, choices: Sequence[str], *, last: bool) -> str | None:
    """The letter of the option whose text comes first (or last)."""
    find = text.rfind if last else text.find
    places = [(at, -number) for number, choice in enumerate(choices) if choice and (at := find(choice)) >= 0]
    if not places:
        return None
    _, number = max(places) if last else min(places, key=lambda place: (place[0], -place[1]))
    return f"({chr(65 - number)})"


def find_all(texts: Sequence[str], pattern: str) -> list[list[str]]:
    """All matches of a pattern in each text, as `re.findall` returns them (of several groups the first that matched).

    Raises `Unknown` for patterns that RE2 does not take.

    >>> find_all(["x=1, y=22"], "[xy]=([0-9]+)"), find_all(["The answer is 5."], "(?<=answer is )(.*)(?=.)")
    ([['1', '22']], [['5']])
    """
    plain, groups = _without_lookaround(pattern)
    columns = ", ".join(f"regexp_extract_all(response, $1, {group})" for group in groups)
    rows = _query(texts, columns, plain)
    return [[next((part for part in match if part), "") for match in zip(*row, strict=True)] for row in rows]


def without(texts: list[str], pattern: str) -> list[str]:
    """The texts without all that matches a pattern, as `re.sub` with nothing leaves them.

    Raises `Unknown` for patterns that RE2 does not take.

    >>> without(["She has 3. #### 1,200"], r"(?s).*#### "), without(["1,200"], ",")
    (['1,200'], ['1200'])
    """
    if len(pattern) > MAX_PATTERN:
        raise Unknown(f"a pattern is longer than {MAX_PATTERN:,} characters")
    return [row[0] for row in _query(texts, "regexp_replace(response, $1, '', 'g')", pattern)]


def _query(texts: Sequence[str], columns: str, pattern: str) -> list[Any]:
    """Columns of each text, by RE2."""
    import duckdb
    import pyarrow as pa

    connection = connect()
    try:
        connection.register("texts", pa.table({"number": range(len(texts)), "response": pa.array(texts, pa.string())}))
        return connection.execute(f"SELECT {columns} FROM texts ORDER BY number", [pattern]).fetchall()
    except duckdb.Error as error:
        raise Unknown(f"its pattern {pattern[:80]!r} cannot be used ({str(error).splitlines()[0][:120]})") from None
    finally:
        connection.close()


def _without_lookaround(pattern: str) -> tuple[str, list[int]]:
    """The pattern without lookbehind at its beginning and lookahead at its end, and the groups that are returned."""
    if len(pattern) > MAX_PATTERN:
        raise Unknown(f"its pattern is longer than {MAX_PATTERN:,} characters")
    if pattern.startswith("((?<=") and pattern.endswith("))"):
        pattern = pattern[1:-1]
    before, after = _EARLY.search(pattern), _LATE.search(pattern)
    middle = pattern[before.end() if before else 0 : after.start() if after else len(pattern)]
    try:
        groups = re.compile(middle).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise Unknown(f"its pattern {pattern[:80]!r} is none ({error})") from None
    if before or after:
        middle = middle if groups else f"({middle})"
        middle = (f"(?:{before[1]})" if before else "") + middle + (f"(?:{after[1]})" if after else "")
        groups = max(groups, 1)
    return middle, list(range(1, groups + 1)) if groups else [0]


def steps_of(config: Any, name: str) -> list[Any]:
    """The steps of the filter of a name in a task's configuration; the default filter takes the first response."""
    for entry in sequence(mapping(config).get("filter_list")):
        if mapping(entry).get("name") == name:
            return list(sequence(mapping(entry).get("filter")))
    if name == "none":
        return [{"function": "take_first"}]
    raise Unknown("the results file does not describe it")
