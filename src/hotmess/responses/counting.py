"""The query that counts equal responses where they lie."""

from __future__ import annotations

from collections.abc import Sequence

from hotmess.responses.tally import quoted
from hotmess.responses.validate import LONGEST

WORD = 63
"""Sample numbers that one bitmap of a whole number of 64 bits holds."""


def counts_sql(
    rows: str,
    names: Sequence[str],
    *,
    length: str | None = None,
    finish_reason: bool = False,
    samples: tuple[int, int] | None = None,
    settings: Sequence[str] = (),
) -> str:
    """The one query: how many rows of a relation are equal in some columns, with what cells need of the others.

    `samples` is the range of the sample numbers: one bit is set for each number that occurs, so that a duplicate
    shows as fewer bits than rows, in the same pass. Of `settings` the least and the greatest value are taken.

    >>> print(counts_sql("t", ["model", "answer"], samples=(0, 2)))
    SELECT "model", "answer",
      count(*) AS copies,
      0.0 AS sum_log2_length,
      0 AS with_length,
      0 AS at_limit,
      bit_or(CASE WHEN sample BETWEEN 0 AND 62
        THEN CAST(1 AS BIGINT) << CAST(sample - 0 AS INTEGER) ELSE CAST(0 AS BIGINT) END) AS seen_0
    FROM t
    GROUP BY "model", "answer"
    """
    columns = ["count(*) AS copies"]
    if length is not None:
        x = f"CAST({quoted(length)} AS DOUBLE)"
        has = f"{x} > 0 AND {x} <= {LONGEST:.0f}"
        columns += [
            f"coalesce(sum(CASE WHEN {has} THEN log2({x}) END), 0.0) AS sum_log2_length",
            f"count(CASE WHEN {has} THEN 1 END) AS with_length",
            f"count(CASE WHEN {x} < 0 OR {x} > {LONGEST:.0f} AND NOT isnan({x}) THEN 1 END) AS odd_lengths",
        ]
    else:
        columns += ["0.0 AS sum_log2_length", "0 AS with_length"]
    columns.append(
        "count(CASE WHEN finish_reason = 'length' THEN 1 END) AS at_limit" if finish_reason else "0 AS at_limit"
    )
    if samples is not None:
        low, high = samples
        for word, start in enumerate(range(low, high + 1, WORD)):
            columns.append(
                f"bit_or(CASE WHEN sample BETWEEN {start} AND {start + WORD - 1}\n    THEN CAST(1 AS BIGINT) << "
                f"CAST(sample - {start} AS INTEGER) ELSE CAST(0 AS BIGINT) END) AS seen_{word}"
            )
    for number, name in enumerate(settings):
        value = f"coalesce(CAST({quoted(name)} AS VARCHAR), '')"
        columns += [f"min({value}) AS least_{number}", f"max({value}) AS most_{number}"]
    keys = ", ".join(map(quoted, names))
    return f"SELECT {keys},\n  " + ",\n  ".join(columns) + f"\nFROM {rows}\nGROUP BY {keys}"
