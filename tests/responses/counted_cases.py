"""Responses to count, and the same file read whole and counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

import hotmess as hm

RNG = np.random.default_rng(3)


def letters(questions: int = 6, contexts: int = 3, draws: int = 4) -> pd.DataFrame:
    """Responses of two models at two budgets, with contexts, unparsable answers, missing lengths and cut-off ones."""
    names = ["model", "question", "budget", "context", "sample"]
    levels = [["big", "small/é"], [f"q{i}" for i in range(questions)], [128, 1024], range(contexts), range(draws)]
    table = pd.MultiIndex.from_product(levels, names=names).to_frame(index=False)
    size = len(table)
    table["benchmark"] = np.where(table["question"] < "q3", "one", "two")
    table["answer"] = RNG.choice([-1, 0, 1, 2], size, p=[0.1, 0.4, 0.3, 0.2])
    table["target"] = table["question"].str[1:].astype(int) % 3
    table["n_choices"] = 3
    table["model_size_b"] = np.where(table["model"] == "big", 7.0, 0.5)
    table["tokens"] = RNG.integers(0, 400, size).astype(float)
    table.loc[::7, "tokens"] = np.nan
    table["finish_reason"] = RNG.choice(["stop", "length"], size)
    return table


def both(frame: pd.DataFrame, path, **options):
    """The same file read whole and counted."""
    frame.to_parquet(path)
    return hm.read(path, **options), hm.read(path, engine="duckdb://?threads=1", **options)


def same_cells(one: hm.Responses, other: hm.Responses, split=()) -> None:
    a, b = hm.reduce(one, split=split), hm.reduce(other, split=split)
    pd.testing.assert_frame_equal(a.table, b.table, rtol=1e-12)
    assert (a.counts is None) == (b.counts is None)
    if a.counts is not None and b.counts is not None:
        np.testing.assert_array_equal(a.counts, b.counts)
        np.testing.assert_array_equal(a.clusters, b.clusters)
    one_frame, other_frame = (
        hm.decompose(r, by=["model", *split], interval=0.9).frame().drop(columns=["reliable"]) for r in (one, other)
    )
    pd.testing.assert_frame_equal(one_frame, other_frame, rtol=1e-9)


def kept(frame: pd.DataFrame, path):
    """A file that holds the table."""
    frame.to_parquet(path)
    return path
