"""Free text at the command line: canonical forms and embedders."""

import json

import numpy as np
import pandas as pd
import pytest

from hotmess.cli import main

ANSWERS = ["0.5", "1/2", "50%", "x", " X ", "y", "1 / 3", "2/6"]


@pytest.fixture
def file(tmp_path):
    table = pd.DataFrame({"model": "m", "question": "q", "text": ANSWERS, "target": "1/2"})
    table.to_parquet(tmp_path / "text.parquet")
    return str(tmp_path / "text.parquet")


def decomposed(capsys, *options):
    code = main(["decompose", *options, "--json"])
    out = capsys.readouterr()
    return code, (json.loads(out.out)[0] if code == 0 else None), out.err


@pytest.mark.parametrize(
    ("form", "shares"),
    [(None, [1, 1, 1, 2, 1, 1, 1]), ("text", [1, 1, 1, 2, 1, 1, 1]), ("math", [3, 2, 1, 2])],
)
def test_canonical_forms_say_which_answers_are_the_same(file, capsys, form, shares):
    code, record, said = decomposed(capsys, file, *([] if form is None else ["--canonical", form]))
    assert code == 0 and ("in canonical form" in said) == (form is not None)
    assert record["variance"] == pytest.approx(1 - (np.array(shares) ** 2).sum() / 64)


def test_an_embedder_makes_vectors_of_texts(file, capsys, monkeypatch):
    monkeypatch.setattr("hotmess.responses.embed.find", lambda name: lambda texts: np.eye(len(texts)))
    code, record, _ = decomposed(capsys, file, "--embedder", "mine", "--estimator", "unbiased")
    assert code == 0 and (record["outcome"], record["metric"], record["error"]) == ("embedding", "embedding", None)
    assert record["variance"] == pytest.approx(1 - 1 / 28)  # of 28 pairs of answers one pair is equal: x


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--embedder", "wordlama"], "there are wordllama and sentence-transformers:FOLDER"),
        (["--embedder", "wordllama", "--outcome", "score"], "not score"),
        (["--embedder", "sentence-transformers:nowhere"], "no folder 'nowhere'"),
    ],
)
def test_what_cannot_be_is_said(file, capsys, options, reason):
    code, _, said = decomposed(capsys, file, *options)
    assert code == 2 and reason in said


def test_canonical_forms_are_of_text(tmp_path, capsys):
    table = pd.DataFrame({"model": "m", "question": "q", "answer": ["A", "B"], "target": "A", "n_choices": 2})
    table.to_parquet(tmp_path / "letters.parquet")
    code, _, said = decomposed(capsys, str(tmp_path / "letters.parquet"), "--canonical", "math")
    assert code == 2 and "no column 'text'" in said
