"""Rows that stand for several responses: counted where that is said, refused where it only looks so, else carried."""

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.cli import main
from hotmess.errors import BadInput


@pytest.fixture(scope="module")
def single():
    """Six responses each of two models to twelve questions."""
    rng = np.random.default_rng(3)
    shape = (2, 12, 6)
    m, q, _ = (a.ravel() for a in np.indices(shape))
    return pd.DataFrame({"model": np.where(m, "b", "a"), "question": q, "answer": rng.integers(0, 4, m.size)}).assign(
        target=0, n_choices=4
    )


def tallied(single, name="count"):
    keys = ["model", "question", "answer", "target", "n_choices"]
    return single.groupby(keys).size().reset_index(name=name)


@pytest.mark.parametrize("name", ["count", "n", "copies", "n_responses", "Count"])
def test_counts_are_no_single_responses(single, name):
    """Read as single responses the accuracy would be another: refused with both options, of which each decides."""
    table = tallied(single, name)
    with pytest.raises(BadInput, match=f"Column {name} looks like .*--column copies={name} .* --merge {name} "):
        hm.read(table)
    whole, counted = hm.read(single, allow_copies=True), hm.read(table, columns={"copies": name})
    assert counted.counted and any("144 in " in note for note in counted.notes)
    for measure in (
        lambda r: hm.reliability(r, k=[1, 2]).table,
        lambda r: hm.decompose(r, estimator="unbiased").frame(),
    ):
        pd.testing.assert_frame_equal(measure(whole), measure(counted))
    alone = hm.read(table, merge=[name], allow_copies=True)
    assert len(alone) == len(table) and not alone.counted


def test_what_is_no_count_is_carried_along(single):
    """Numbers of rows, as many as there are rows, numbered samples, fractions and other names are no counts."""
    number = single.groupby(["model", "question"]).cumcount()
    for column in (number, number + 1, 6, 1, number / 4, number % 2):
        assert "n" in hm.read(single.assign(n=column), allow_copies=True).table
    calls = np.random.default_rng(0).integers(0, 9, len(single))
    assert "count" in hm.read(single.assign(count=calls, sample=number), allow_copies=True).table
    assert "size" in hm.read(single.assign(size=calls), allow_copies=True).table
    assert "calls" in hm.read(tallied(single, "calls"), allow_copies=True).table
    for name in ("size", "len", "times"):
        with pytest.raises(BadInput, match=f"Column {name} looks like"):
            hm.read(tallied(single, name))
    weighted = hm.read(single.assign(n=3 + single["question"] % 2), allow_copies=True, weight="n")
    assert "n" in weighted.table


def test_a_mean_of_several_is_no_single_response():
    table = pd.DataFrame({"model": "m", "question": range(8), "score": 0.5, "n_samples": 10})
    with pytest.raises(BadInput, match="Column n_samples looks like how many responses a row stands for"):
        hm.read(table)
    assert hm.read(table, columns={"copies": "n_samples"}).table["copies"].sum() == 80


def test_a_count_of_no_responses_is_left_out_and_a_fraction_refused(single):
    table = tallied(single)
    more = pd.concat([table, table.head(1).assign(answer=3, question=0, count=0)])
    more = more.drop_duplicates(["model", "question", "answer"])
    first, second = (hm.read(t, columns={"copies": "count"}) for t in (table, more))
    assert len(first) == len(second)
    with pytest.raises(BadInput, match=r"Column copies holds 1\.5 in row 2"):
        hm.read(table.assign(count=np.where(table.index == 1, 1.5, table["count"])), columns={"copies": "count"})
    with pytest.raises(BadInput, match="copies is 0 in all rows"):
        hm.read(table.assign(count=0), columns={"copies": "count"})
    assert any(
        "reasoning_tokens hold is not used" in n
        for n in hm.read(table.assign(reasoning_tokens=5), columns={"copies": "count"}).notes
    )


def test_the_command_line_and_engines(single, tmp_path, capsys):
    file = str(tmp_path / "t.parquet")
    tallied(single).to_parquet(file)
    assert main(["decompose", file]) == 2
    assert "--column copies=count (a count) or --merge count" in capsys.readouterr().err
    assert main(["decompose", file, "--column", "copies=count", "--estimator", "unbiased"]) == 0
    assert "144 in" in capsys.readouterr().err
    with pytest.raises(BadInput, match="leave out --engine and say --column copies=count"):
        hm.read(file, engine="duckdb")
    assert hm.read(file, engine="duckdb", merge=["count"]).table["copies"].sum() == len(tallied(single))
