"""Tables that are counted where they lie because they are large, against the same tables read whole."""

import json

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.cli import main
from hotmess.responses import large

RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Two models, contexts inside cells, unparsable answers, missing lengths, topics of questions, parts of cells."""
    names = ["model", "question", "context", "sample"]
    levels = [["big", "small"], [f"q{i}" for i in range(12)], ["a", "b"], range(4)]
    table = pd.MultiIndex.from_product(levels, names=names).to_frame(index=False)
    size = len(table)
    place = table["question"].str[1:].astype(int)
    return table.assign(
        benchmark="b",
        answer=RNG.choice([-1, 0, 1, 2], size, p=[0.1, 0.4, 0.3, 0.2]),
        target=place % 3,
        n_choices=3,
        model_size_b=np.where(table["model"] == "big", 7.0, 0.5),
        reasoning_tokens=np.where(RNG.random(size) < 0.1, np.nan, RNG.integers(20, 400, size) + 40 * place),
        topic=np.where(place < 5, "x", "y"),
        passage=place // 3,
        worth=1.0 + place % 4,
        part=RNG.choice(["u", "v"], size),
    )


@pytest.fixture
def said(monkeypatch, capsys):
    """What a command prints as JSON with tables counted or read whole, and its notes."""

    def run(*words: object, counted: bool) -> tuple[list[dict], str]:
        monkeypatch.setattr(large, "ABOVE", 1 if counted else 10**9)
        assert main([*map(str, words), "--json"]) == 0
        out, notes = capsys.readouterr()
        return json.loads(out), notes

    return run


@pytest.mark.parametrize(
    "options",
    [
        ["--by", "model,topic", "--interval", "0.9"],
        ["--by", "part", "--estimator", "unbiased", "--where", "sample < 3", "--interval", "0.9"],
        ["--by", "model,difficulty", "--metric", "kl", "--reference", "big", "--groups", "2"],
        [
            "--by",
            "grade",
            "--column",
            "grade=topic",
            "--difficulty",
            "topic",
            "--population",
            "these",
            "--interval=0.9",
        ],
        ["--by", "model", "--cluster", "passage", "--weight", "worth", "--interval", "0.9"],
        ["--by", "model", "--estimator", "latent", "--draws", "60", "--interval", "0.9"],
    ],
    ids=["groups", "unbiased", "difficulty", "renamed", "clusters", "latent"],
)
def test_numbers_are_those_of_the_table_read_whole(frame, tmp_path, said, options):
    file = tmp_path / "r.parquet"
    frame.to_parquet(file)
    whole, before = said("decompose", file, *options, counted=False)
    counted, notes = said("decompose", file, *options, counted=True)
    assert "rows were counted by duckdb" in notes and "counted by" not in before
    pd.testing.assert_frame_equal(pd.DataFrame(counted), pd.DataFrame(whole), rtol=1e-9)


def test_a_fit_of_counts_is_the_fit(frame, tmp_path, said, monkeypatch):
    seen, count = [], large.count_if_large
    monkeypatch.setattr(large, "count_if_large", lambda *a, **k: seen.append(count(*a, **k)) or seen[-1])
    parts = tmp_path / "parts"
    parts.mkdir()
    for name, rows in frame.groupby("model"):
        rows.to_parquet(parts / f"{name}.parquet")
    found = [said("fit", parts, "--draws=60", f"--out={tmp_path}/{c}.nc", counted=c) for c in (False, True)]
    assert [responses is not None for responses in seen] == [False, True] and seen[1].counted
    pd.testing.assert_frame_equal(pd.DataFrame(found[1][0]), pd.DataFrame(found[0][0]), rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (lambda t: t, {"sources": ["part"]}),
        (lambda t: t.drop(columns="sample"), {}),
        (lambda t: t.rename(columns={"question": "doc_id"}), {}),
        (lambda t: t.assign(score=1.0), {}),
        (lambda t: t.assign(stop_reason="stop"), {}),
        (lambda t: t.assign(target=[[0, 1]] * len(t)), {}),
        (lambda t: t, {"columns": {"condition": "topic,part"}}),
    ],
    ids=[
        "sources",
        "no sample",
        "names to guess",
        "two outcomes",
        "another's name",
        "several right answers",
        "several columns",
    ],
)
def test_what_an_engine_would_read_otherwise_is_read_whole(frame, tmp_path, monkeypatch, change, asked):
    monkeypatch.setattr(large, "ABOVE", 1)
    file = tmp_path / "r.parquet"
    frame.to_parquet(file)
    assert large.count_if_large([file], keep=[], asked={}).counted
    change(frame).to_parquet(file)
    assert large.count_if_large([file], keep=[], asked=asked) is None
    frame.to_csv(tmp_path / "r.csv")
    assert large.count_if_large([tmp_path / "r.csv"], keep=[], asked={}) is None


def test_duplicates_and_copies_are_refused_as_in_tables_read_whole(frame, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(large, "ABOVE", 1)
    file = tmp_path / "r.parquet"
    again = pd.concat([frame, frame.tail(1).assign(answer=2 - frame["answer"].iloc[-1].clip(0))])
    again.to_parquet(file)
    assert main(["decompose", str(file)]) == 2
    refused = capsys.readouterr().err
    with pytest.raises(hm.BadInput) as whole:
        hm.read(file)
    assert str(whole.value) in refused
    copies = frame.assign(reasoning_tokens=300.0 + frame["question"].str[1:].astype(int) * 7, answer=frame["target"])
    copies.to_parquet(file)
    assert main(["decompose", str(file)]) == 2
    assert "look like copies" in capsys.readouterr().err
    assert main(["decompose", str(file), "--allow-copies"]) == 0
    assert "counted by duckdb" in (heard := capsys.readouterr().err) and "taken as they are" in heard
