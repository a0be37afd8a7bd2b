"""What people really have: each kind of flawed or odd input gets its sentence, or its right answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hotmess.cli import main


def table(**changes: Any) -> pd.DataFrame:
    """Two models, two questions, three repeats of four options; question q1 always right, q2 right once of three."""
    frame = pd.DataFrame(
        {
            "model": ["m-1b"] * 6 + ["m-7b"] * 6,
            "question": (["q1"] * 3 + ["q2"] * 3) * 2,
            "sample": [0, 1, 2] * 4,
            "answer": [0, 0, 0, 0, 1, 1] * 2,
            "target": 0,
            "n_choices": 4,
        }
    )
    return frame.assign(**changes)


def without(*columns: str) -> pd.DataFrame:
    return table().drop(columns=list(columns))


def rows(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


def many_models() -> pd.DataFrame:
    one = table().iloc[:6]
    return pd.concat([one.assign(model=f"model-{i}") for i in range(200)], ignore_index=True)


def million() -> pd.DataFrame:
    question = np.repeat(np.arange(1_000_000), 2)
    answer = np.tile([0, 1], 1_000_000)
    return rows(model="m", question=question, sample=np.tile([0, 1], 1_000_000), answer=answer, target=0, n_choices=2)


def written(text: str) -> Callable[[Any], Any]:
    """A file with this text; its name's ending is the test's."""
    return lambda path: path.write_text(text, encoding="utf-8")


HEAD = "model,question,sample,answer,target,n_choices\n"
# Unbiased, by hand. q1: variance 0, error 0. q2, one right of three: variance (1 - 5/9) · 3/2 = 2/3, error 4/3.
USUAL = {"error": 2 / 3, "variance": 1 / 3, "incoherence": 0.5, "questions": 2, "responses": 6}

Case = tuple[str, Any, str, Any, tuple[str, ...]]
# name; a frame or a writer; file ending; a sentence (or part of one), or the numbers of the first group; options
CASES: list[Case] = [
    ("the usual", table(), "parquet", USUAL, ()),
    ("names with slashes", table(model=["org/sub/m:free@2024"] * 6 + ["../m"] * 6), "parquet", USUAL, ()),
    ("names in other scripts", table(model=["模型"] * 6 + ["модель 🦉"] * 6), "csv", USUAL, ()),
    ("a name that is markup", table(model=["<b>$x_1"] * 6 + ["=1+1"] * 6), "parquet", USUAL, ()),
    ("names that are numbers", table(model=[1.0] * 6 + [2.0] * 6), "parquet", USUAL | {"model": "1"}, ()),
    ("200 models", many_models(), "parquet", USUAL, ()),
    ("a million questions", million(), "parquet", {"error": 1.0, "variance": 1.0, "questions": 1_000_000}, ()),
    ("one question", table()[lambda t: t["question"] == "q2"], "parquet", {"incoherence": 0.5, "questions": 1}, ()),
    ("26 options", table(n_choices=26, answer=list("AAABZY") * 2, target="A"), "csv", {"error": 1.0}, ()),
    ("options differ by question", table(n_choices=[2, 2, 2, 10, 10, 10] * 2), "parquet", USUAL, ()),
    ("one response per cell", table().iloc[[0, 3, 6, 9]], "parquet", "Every question has one response only", ()),
    ("all right", table(answer=0), "parquet", {"error": 0.0, "incoherence": None}, ()),
    ("all wrong in one way", table(answer=2), "parquet", {"error": 2.0, "variance": 0.0, "incoherence": 0.0}, ()),
    ("all unparsable", table(answer=-1), "parquet", {"error": 0.75, "variance": 0.0}, ()),  # the uniform vector
    ("all unparsable, as null", table(answer=None), "parquet", "The column 'answer' is empty.", ()),
    ("some unparsable", table(answer=["A", "A", "A", "A", "", None] * 2, target="A"), "csv", {"error": 0.25}, ()),
    ("letters and indices mixed", table(answer=["A", 0, 0, 0, 1, 1] * 2), "csv", "mixes letters and indices", ()),
    ("letters in brackets", table(answer=["(A)", "A.", "a", "A)", "B", "[b]"] * 2), "csv", USUAL, ()),
    ("text in place of letters", table(answer=["Paris"] * 12), "csv", "neither a letter nor an option index", ()),
    ("an answer beyond the options", table(answer=[0, 0, 0, 7, 1, 1] * 2), "parquet", "holds option 7 in row 4", ()),
    ("a target beyond the options", table(target=5), "parquet", "target holds option 5 in row 1", ()),
    (
        "two right answers to a question",
        table(target=[0, 1, 0, 0, 0, 0] * 2),
        "parquet",
        "question 'q1' of benchmark 'all' the target changes: row 2",
        (),
    ),
    ("options counted from 1", table(answer=[1, 1, 1, 4, 4, 4] * 2, target=1), "parquet", "options count from 0", ()),
    ("fractions of an option", table(answer=0.5), "parquet", "holds 0.5 in row 1", ()),
    ("true and false", table(answer=[True] * 12), "parquet", "true/false", ()),
    ("duplicates", table(sample=0), "parquet", "duplicates: row 2 of table.parquet repeats row 1", ()),
    ("no sample column", without("sample"), "parquet", USUAL, ()),
    ("no question column", without("question"), "parquet", "lacks the column question", ()),
    (
        "a column misspelt",
        table().rename(columns={"model": "modle"}),
        "parquet",
        "lacks the column model (did you mean 'modle'?)",
        (),
    ),
    ("a column twice", written("model,model\na,b\n"), "csv", "lacks the columns question and score", ()),
    ("no outcome", without("answer"), "parquet", "The table has no outcome: none of the columns probs, answer", ()),
    ("no target", without("target"), "parquet", "needs a column 'target'", ()),
    ("no rows", table().iloc[:0], "parquet", "has no rows", ()),
    ("an empty file", written(""), "csv", "is empty", ()),
    ("a model without a name", table(model=None), "parquet", "Column model is empty in row 1", ()),
    ("sizes as words", table(model_size_b="seven"), "parquet", "holds 'seven' in row 1", ()),
    ("a model of two sizes", table(model_size_b=range(1, 13)), "parquet", "two sizes", ()),
    ("a negative length", table(reasoning_tokens=-3), "parquet", "-3 in row 1", ()),
    ("budgets as words and numbers", table(budget=["max"] * 6 + [512.0] * 6), "csv", USUAL, ()),
    ("budgets as words", table(budget=["low"] * 6 + ["high"] * 6), "csv", USUAL, ("--by", "model,budget")),
    (
        "probabilities that do not add up",
        rows(model="m", question="q", probs=[[0.9, 0.9]] * 2, target=0),
        "parquet",
        "sums to 1.8 in row 1",
        (),
    ),
    ("scores beyond 1", rows(model="m", question="q", score=[0.5, 7.0]), "parquet", "holds 7 in row 2", ()),
    (
        "tests of two lengths",
        rows(model="m", question="q", tests=[[1, 0], [1]]),
        "parquet",
        "the number of tests changes: row 2",
        (),
    ),
    ("tests as text", rows(model="m", question="q", tests=["[1, 0]", "[0, 0]"]), "csv", {"error": 0.75}, ()),
    (
        "embeddings of two lengths",
        rows(model="m", question="q", embedding=[[1.0], [1.0, 2.0]]),
        "parquet",
        "holds 2 numbers in row 2",
        (),
    ),
    ("half a line at the end", written(HEAD + "m,q,0,A,A,4\nm,q,1,B"), "csv", "Row #3: Expected 6 columns, got 4", ()),
    ("a byte order mark", written("\ufeff" + HEAD + "m,q,0,A,A,4\nm,q,1,B,A,4\n"), "csv", {"variance": 1.0}, ()),
    ("semicolons", written((HEAD + "m,q,0,A,A,4\nm,q,1,B,A,4\n").replace(",", ";")), "csv", {"variance": 1.0}, ()),
    ("JSON with a broken line", written('{"model": "m", "question": "q"}\n{"model": \n'), "jsonl", "Line 2 of", ()),
    (
        "not a table at all",
        written("Dear colleague,\nplease find attached"),
        "parquet",
        "is named .parquet but does not hold that",
        (),
    ),
    ("nothing there", lambda path: None, "parquet", "There is no file or folder", ()),
    ("no row left", table(), "parquet", "No row is left by the condition", ("--where", "model = 'm-70b'")),
    ("a condition that is not SQL", table(), "parquet", "cannot be used: Parser Error", ("--where", "model = = 'm'")),
    (
        "a condition on a column that is not there",
        table(),
        "parquet",
        "did you mean 'model'?",
        ("--where", "modl = 'm'"),
    ),
    (
        "difficulty without sizes or lengths",
        table(),
        "parquet",
        "name the reference with --reference",
        ("--by", "difficulty"),
    ),
    (
        "a reference that is not there",
        table(reasoning_tokens=5),
        "parquet",
        "did you mean 'm-7b'?",
        ("--reference", "m-70b"),
    ),
]


@pytest.mark.parametrize(("name", "content", "ending", "expected", "options"), CASES, ids=[c[0] for c in CASES])
def test_odd(name, content, ending, expected, options, tmp_path, capsys):
    path = tmp_path / f"table.{ending}"
    if callable(content):
        content(path)
    elif ending == "csv":
        content.to_csv(path, index=False)
    else:
        content.to_parquet(path)
    by = () if "--by" in options else ("--by", "model")
    code = main(["decompose", str(path), "--estimator", "unbiased", "--json", *by, *options])
    captured = capsys.readouterr()
    if isinstance(expected, str):
        said = captured.err.strip()
        assert (code, captured.out) == (2, "")
        assert expected in said
        assert said.startswith("hotmess: ") and "\n" not in said
        return
    assert code == 0, captured.err
    found = json.loads(captured.out)[0]
    assert {k: found[k] for k in expected} == {k: close(v) for k, v in expected.items()}


def close(value: Any) -> Any:
    return pytest.approx(value, abs=1e-12) if isinstance(value, float) else value


def test_there_are_forty_kinds():
    assert len({name for name, *_ in CASES}) == len(CASES) >= 40
