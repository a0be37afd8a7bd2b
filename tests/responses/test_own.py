"""Outcomes of the user's own: from a function to decomposition, fit, law and claim; refusals."""

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.decompose.records import decompose
from hotmess.errors import BadInput, NotTestable
from hotmess.responses.cells import reduce
from hotmess.responses.own import add_outcome, remove_outcome
from hotmess.responses.validate import validate


@pytest.fixture
def compass():
    add_outcome("heading", lambda word: {"n": (0, 1), "e": (1, 0), "s": (0, -1), "w": (-1, 0)}[word])
    yield
    remove_outcome("heading")


def table(*words, **more):
    rows = [(f"q{i}", w) for i, mine in enumerate(words) for w in mine]
    frame = pd.DataFrame({"model": "m", "question": [q for q, _ in rows], "heading": [w for _, w in rows]})
    return frame.assign(target="n", **more)


def test_positions_make_the_decomposition(compass):
    """Three of four at right angles to the target, one right: squared distances 2, 2, 2, 0."""
    row = decompose(validate(table(["n", "e", "e", "w"]), outcome="heading")).records[0]
    assert (row["metric"], row["error"]) == ("heading", pytest.approx(1.5))
    assert row["bias2"] == pytest.approx((1 / 4) ** 2 + (3 / 4) ** 2)  # the mean is (1/4, 1/4)
    assert row["variance"] == pytest.approx(row["error"] - row["bias2"])


def test_equal_values_are_one_position_and_nothing_is_at_the_origin(compass):
    cells = reduce(validate(table(["n", None, "e", "e"]), outcome="heading"))
    assert cells.points.copies.tolist().count(2) == 1 and len(cells.points.cell) == 3
    assert cells.table["right"].tolist() == [1] and cells.table["unparsable"].tolist() == [1]
    fit = hm.fit(cells, seed=1, draws=50)
    assert (fit.letters.right[0], fit.letters.unparsable[0], fit.letters.wrong[0].max()) == (1, 1, 2)


def test_a_claim_is_tested_on_it_unchanged(compass):
    rng = np.random.default_rng(0)
    steps = rng.integers(10, 200, 40)
    words = [["nesw"[k] for k in rng.choice(4, 8, p=[0.5, 0.3, 0.1, 0.1])] for _ in steps]
    responses = validate(table(*words, actions=np.repeat(steps, 8)), outcome="heading")
    verdict = hm.test("incoherence-rises-with-length", responses, seed=1, draws=300)
    assert verdict.metric == "heading" and verdict.guards["negative_control"]["permutations"] == 99
    assert verdict.verdict == "inconclusive" and "actions" in verdict.sentence and not verdict.guards["parts"]


@pytest.mark.parametrize(
    "words, target, sentence",
    [
        (["n", "up"], "n", "Column heading holds 'up' in row 2, which has no position"),
        (["n", "e"], None, "Column target is empty in row 1"),
    ],
)
def test_refusals(compass, words, target, sentence):
    with pytest.raises(BadInput, match=sentence):
        validate(table(words).assign(target=target), outcome="heading")


def test_positions_must_be_vectors_of_one_length_and_targets_off_the_origin():
    frame = pd.DataFrame({"model": "m", "question": "q", "size": [1.0, 2.0], "target": 1.0})
    for position, sentence in (
        (lambda x: [0.0] * int(x), "stands at the origin"),
        (lambda x: [1.0] * int(x), "not a vector of 1 finite"),
        (lambda x: [np.inf], "finite numbers"),
    ):
        add_outcome("size", position)
        with pytest.raises(BadInput, match=sentence):
            validate(frame, outcome="size")
        remove_outcome("size")
    with pytest.raises(BadInput, match="already"):
        add_outcome("brier", lambda x: [x])


def test_an_outcome_whose_positions_never_come_back_has_no_latent_model_but_a_comparison():
    add_outcome("angle", lambda a: np.array([np.cos(float(a)), np.sin(float(a))]))
    try:
        rng = np.random.default_rng(0)
        rows = [
            (m, f"q{i}", w * rng.normal()) for m, w in (("a", 0.2), ("b", 1.5)) for i in range(40) for _ in range(5)
        ]
        frame = pd.DataFrame(rows, columns=["model", "question", "angle"]).assign(target=0.0)
        responses = validate(frame, outcome="angle")
        with pytest.raises(NotTestable, match="The outcome angle is continuous"):
            hm.fit(responses)
        found = hm.compare(responses, "a", "b")
        row = found.table.set_index("quantity").loc["variance"]
        assert row["unbiased_high"] < 0 and np.isnan(row["difference"])
    finally:
        remove_outcome("angle")
