"""Conditions: one expression, over the columns, the same every time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hotmess.errors import BadInput
from hotmess.responses.condition import LONGEST, checked
from hotmess.responses.filter import rows_where
from hotmess.responses.read import read

FRAME = pd.DataFrame({"model": ["a", "b", "a"], "n": [1, 2, 3], "current_date": ["x", "y", "z"]})


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("model = 'a'", [0, 2]),
        ("n BETWEEN 2 AND 3 AND model LIKE 'a%'", [2]),
        ("model IN ('b', 'c') -- a remark", [1]),
        ("n > 1 OR model = 'a' /* both */", [0, 1, 2]),
        ("responses.n = 2", [1]),
        ("len(list_filter([n], lambda x: x > 1)) = 1", [1, 2]),
        ("current_date = 'y'", [1]),  # a column of this name is a column
        ("age(DATE '2020-01-01', DATE '2019-01-01') > INTERVAL 1 DAY AND list_sum([n]) = 2", [1]),
        ("split_part(model, 'b', 1) = '' OR days_in_month(DATE '2020-02-01') <> 29", [1]),
        ("TRY_CAST(model AS INTEGER) IS NULL", [0, 1, 2]),
    ],
)
def test_conditions(sql, rows):
    np.testing.assert_array_equal(rows_where(FRAME, sql), rows)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("1=1); SELECT 999999999 AS __row FROM responses WHERE (1=1", "Parser Error"),
        ("n = 1; DROP TABLE responses", "not an expression list"),
        ("n = 1) OR (n = 2", "Parser Error"),
        ("n = 1, n = 2", "single expression"),
        ("n = 1 LIMIT 1", "modifier"),
        ("n = 1 AS y", "not one condition"),
        ("", "it is empty"),
        ("*", "all columns"),
        ("n = ?", "leaves a value open"),
        ("random() < 0.5", "random comes out otherwise"),
        ("n > 0 AND len(list_filter([n], lambda x: random() > x)) = 1", "random comes out otherwise"),
        ("uuid() IS NOT NULL", "uuid comes out otherwise"),
        ("now() > '2020-01-01'", "now comes out otherwise"),
        ("current_timestamp > '2020-01-01'", "current_timestamp comes out otherwise"),
        ("today() > '2020-01-01'", "today comes out otherwise"),
        ("ago(INTERVAL 1 DAY) > TIMESTAMPTZ '2020-01-01'", "ago comes out otherwise"),
        ("age(DATE '2020-01-01') > INTERVAL 1 DAY", "age of one date counts to today"),
        ("current_localtimestamp() > TIMESTAMP '2020-01-01'", "current_localtimestamp comes out otherwise"),
        ("pg_conf_load_time() > TIMESTAMPTZ '2020-01-01'", "pg_conf_load_time comes out otherwise"),
        ("pg_sleep(1) IS NULL", "pg_sleep comes out otherwise"),
        ("get_block_size('memory') > 1", "get_block_size comes out otherwise"),
        ("nextval('s') > 1", "nextval comes out otherwise"),
        ("n IN (SELECT 1)", "a table of its own"),
        ("EXISTS (FROM read_csv('/etc/passwd'))", "a table of its own"),
        ("row_number() OVER () < 2", "several rows"),
        ("sum(n) > 1", "Binder Error"),
        ("modle = 'a'", "did you mean 'model'"),
        ("n = 1\0", "no text"),
        ("model = '\ud800'", "no text"),
        ("(" * 3000 + "n = 1" + ")" * 3000, "depth"),
        ("n = 1 AND " * LONGEST + "n = 1", "the longest has"),
        ("n = 5", "No row is left"),
    ],
)
def test_what_is_no_condition(sql, words):
    with pytest.raises(BadInput, match=words) as refused:
        rows_where(FRAME, sql)
    assert "\n" not in str(refused.value) or "\n" in sql


def test_functions_are_known_whatever_their_case():
    with pytest.raises(BadInput, match="otherwise"):
        checked("RANDOM() < 0.5", [])


def test_an_empty_condition_is_no_absent_one(tmp_path):
    FRAME.assign(question="q", score=1.0, sample=range(len(FRAME))).to_parquet(tmp_path / "t.parquet")
    for engine in (None, "duckdb"):
        with pytest.raises(BadInput, match="it is empty"):
            read(tmp_path / "t.parquet", where="", engine=engine)
