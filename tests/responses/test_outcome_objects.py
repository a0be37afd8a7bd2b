"""One object is an outcome: the one of CONTRIBUTING.md, as it stands there, goes the whole way; the catalogue."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.commands.options import METRICS
from hotmess.decompose.methods import choose_metric
from hotmess.errors import BadInput
from hotmess.responses.cells import reduce
from hotmess.responses.outcomes import OUTCOMES, largest_error, metrics
from hotmess.responses.validate import validate

PAGE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


@pytest.fixture
def grade():
    """The outcome of CONTRIBUTING.md, added in one object."""
    text = PAGE.read_text()
    code = re.search(r"```python src/hotmess/responses/outcomes\.py\n(.*?)```", text, re.S)[1]
    names: dict = {}
    exec(compile(code, str(PAGE), "exec"), names)
    assert OUTCOMES["grade"] is names["GRADE"]
    yield names["GRADE"]
    del OUTCOMES["grade"]


def table(*grades):
    rows = [(f"q{i}", g) for i, mine in enumerate(grades) for g in mine]
    return pd.DataFrame({"model": "m", "question": [q for q, _ in rows], "grade": [g for _, g in rows]})


def test_a_new_outcome_goes_the_whole_way(grade):
    """A and C: positions 1 and 1/2, error 1/8, bias² 1/16; F and F: error and bias² 1."""
    responses = validate(table("AC", "FF"))
    assert responses.outcome == "grade" and choose_metric("grade", None) == "grade"
    row = hm.decompose(responses).records[0]
    assert (row["metric"], row["error"]) == ("grade", pytest.approx((1 / 8 + 1) / 2))
    assert row["bias2"] == pytest.approx((1 / 16 + 1) / 2) and row["variance"] == pytest.approx(1 / 32)
    assert reduce(responses).table["right"].tolist() == [1, 0]
    rng = np.random.default_rng(0)
    many = validate(table(*("".join(rng.choice(list("FDCBA"), 8)) for _ in range(20))))
    fit = hm.fit(many, seed=1, draws=100)
    whole = hm.decompose(many, estimator="unbiased").records[0]
    assert fit.summary(metric="grade")["error"][0] == pytest.approx(whole["error"], abs=0.05)
    assert hm.triage(fit, metric="grade")["probability"].between(0, 1).all()
    with pytest.raises(BadInput, match="Column grade holds 'E' in row 2, not one of F, D, C, B, A"):
        validate(table("AE"))
    with pytest.raises(BadInput, match="Groups cannot be made by 'grade'"):
        hm.decompose(responses, by=["grade"])


def test_the_catalogue_of_outcomes():
    """Every metric of the command line is some outcome's, with the preferred outcome first."""
    shipped = {
        name: kinds for name, kinds in metrics().items() if name in METRICS
    }  # other tests add outcomes of theirs
    assert tuple(shipped) == METRICS
    assert shipped == {
        "brier": ("probs", "answer", "text"),
        "kl": ("probs", "answer"),
        "zero-one": ("answer", "probs", "text"),
        "coverage": ("tests",),
        "score": ("score",),
        "reply": ("reply",),
        "embedding": ("embedding",),
        "a-norm": ("point",),
    }
    defaults = {name: outcome.default_metric for name, outcome in OUTCOMES.items()}
    assert defaults == {
        "probs": "brier",
        "answer": "brier",
        "tests": "coverage",
        "score": "score",
        "text": "brier",
        "reply": "reply",
        "embedding": "embedding",
        "point": "a-norm",
    }
    assert [largest_error(m) for m in metrics()] == [2.0, None, None, 1.0, 1.0, None, None, None]
    assert all(outcome.refusal for outcome in OUTCOMES.values() if outcome.model in (None, "vectors"))
