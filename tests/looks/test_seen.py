"""A table at a look is known again, an extension of it too, and nothing else is taken for either."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.errors import BadInput
from hotmess.looks import seen as module
from hotmess.looks.needed import not_known
from hotmess.looks.record import Look, Looks, appended, parse_looks, refuse_other
from hotmess.looks.seen import lost, seen, without_hashes


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    whole = hm.example().table
    return whole[whole["sample"].astype(int) < 2].reset_index(drop=True)


def record(table: pd.DataFrame, **changes: object) -> Looks:
    found = {"information": 3.0, "fraction": 0.3, "threshold": 0.99, "probability": 0.5, "verdict": "inconclusive"}
    look = Look(responses=len(table), seen=seen(table), **found).model_copy(update=changes)
    return appended(Looks(claim="natural-overthinking", most_responses=9_000), look)


def test_numbers_are_those_of_the_table(table: pd.DataFrame) -> None:
    found = seen(table)
    counts = [table["model"].nunique(), len(table.groupby(["model", "condition", "budget"])), 60]
    assert [found.models, found.sides, found.questions] == counts
    assert found.cells == len(table.groupby(["model", "condition", "budget", "benchmark", "question"]))


def test_order_numbering_and_storage_say_nothing(table: pd.DataFrame) -> None:
    other = table.sample(frac=1, random_state=1).reset_index(drop=True)
    other = other.assign(sample=range(len(other)), more="x", answer=other["answer"].astype("Int64"))
    other["model"] = other["model"].astype("category")
    assert seen(other).digest == seen(table).digest and not_known(other, record(table)) == ""


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("answer", lambda x: (x + 1) % 4),
        ("target", lambda x: (x + 1) % 4),
        ("reasoning_tokens", lambda x: x + 1),
        ("question", lambda x: f"{x}."),
        ("model", lambda x: f"{x}."),
    ],
)
def test_one_response_that_was_changed_is_seen(table: pd.DataFrame, column: str, change: object) -> None:
    other = table.copy()
    other.loc[17, column] = change(other.loc[17, column])  # type: ignore[operator]
    assert "they are not the same" in not_known(other, record(table))
    more = pd.concat([other, table.assign(answer=0, target=1)], ignore_index=True)
    assert lost(more, seen(table)) == 1
    with pytest.raises(BadInput, match="1 responses of the last look are not in the table"):
        refuse_other(more, record(table), seen(more))


def test_equal_responses_are_counted(table: pd.DataFrame) -> None:
    table = table.assign(reasoning_tokens=range(1, len(table) + 1))
    few = table[:300]
    twice = pd.concat([few, few], ignore_index=True)
    assert lost(few, seen(twice)) == 300 and lost(twice, seen(few)) == 0


def test_an_extension_is_taken_and_a_new_side_is_not(table: pd.DataFrame) -> None:
    more = pd.concat([table.assign(answer=2)[:300], table], ignore_index=True)
    refuse_other(more, record(table), seen(more))
    new = pd.concat([table, table[:9].assign(condition="new")], ignore_index=True)
    with pytest.raises(BadInput, match="settled at the first look"):
        refuse_other(new, record(table), seen(new))


def test_records_of_the_versions_before_go_on(table: pd.DataFrame) -> None:
    old = record(table, seen=None)
    other = table.assign(answer=0)
    refuse_other(pd.concat([other, table]), old, seen(table))
    assert not_known(other, old) == "" and "number of its responses alone" in old.sentence(len(table), 0.99)
    assert "alone" not in record(table).sentence(len(table), 0.99)


def test_of_a_large_table_a_part_is_kept(table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = seen(table)
    monkeypatch.setattr(module, "MOST", 100)
    part = seen(table)
    assert part.halvings > 1 and len(part.kept) < len(whole.kept) / 3 and part.digest == whole.digest
    assert lost(table, part) == 0 and 0 < lost(table[: len(table) // 2], part) < 150


def test_only_the_last_look_keeps_hashes(table: pd.DataFrame) -> None:
    first = record(table)
    more = pd.concat([table, table[:9]], ignore_index=True)
    look = first.history[0].model_copy(update={"responses": len(more), "seen": seen(more)})
    both = appended(first, look)
    assert both.history[0].seen == without_hashes(seen(table)) and both.history[1].seen == seen(more)
    assert parse_looks(both.model_dump_json(), "it") == both and "kept" not in json.dumps(both.shown())
    assert not_known(table, both) == "" and lost(more, without_hashes(seen(table))) == 0


def test_hashes_that_cannot_be_read_are_no_record(table: pd.DataFrame) -> None:
    bad = json.loads(record(table).model_dump_json())
    bad["history"][0]["seen"]["kept"] = "a!"
    with pytest.raises(BadInput, match="no record of looks"):
        parse_looks(json.dumps(bad), "it")


@pytest.mark.parametrize("most", [10, 10**6, 2**30])
def test_packed_numbers_come_back(most: int) -> None:
    values = np.unique(np.random.default_rng(most).integers(0, most, 50)).astype(np.uint64)
    assert module._unpacked(module._packed(values)).tolist() == values.tolist()
