"""Where most of a group's responses are unparsable no number of it is reliable, and nothing is concluded from it."""

import itertools

import pandas as pd
import pytest

import hotmess as hm
from hotmess.answers.latent_records import decompose_noted
from hotmess.cli import main


@pytest.fixture(scope="module")
def half_read():
    """Model lost: 5 of 8 responses unparsable; model read: none. Five questions of four options."""
    rows = [
        {
            "model": model,
            "question": f"q{q}",
            "sample": s,
            "answer": -1 if model == "lost" and s < 5 else (q + s) % 4,
            "target": 0,
            "n_choices": 4,
            "reasoning_tokens": 50 + (37 * q * q + 29 * s * s + 11 * q * s) % 83,
        }
        for model, q, s in itertools.product(["lost", "read"], range(5), range(8))
    ]
    return hm.read(pd.DataFrame(rows))


def test_no_number_of_a_group_that_was_not_read_is_reliable(half_read):
    out = hm.decompose(half_read)
    found = {row["model"]: row["reliable"] for row in out.records}
    assert found == {"lost": False, "read": True}
    assert any("62.5% of the responses of lost" in note for note in out.notes)


def test_latent_records_agree_with_the_plain_ones(half_read):
    records, notes = decompose_noted(half_read, draws=100, chains=2, population="these")
    assert {row["model"]: row["reliable"] for row in records} == {"lost": False, "read": True}
    assert sum("62.5%" in note for note in notes) == 1 and not any("--draws" in note for note in notes)


def test_half_and_half_is_still_a_number():
    rows = [
        {"model": "m", "question": f"q{q}", "sample": s, "answer": -1 if s % 2 else 0, "target": 0, "n_choices": 4}
        for q, s in itertools.product(range(5), range(8))
    ]
    assert hm.decompose(hm.read(pd.DataFrame(rows))).records[0]["reliable"]


def test_no_claim_and_no_comparison_stands_on_them(half_read):
    verdict = hm.test("natural-overthinking", half_read)
    assert verdict.verdict == "not testable" and "62.5%" in verdict.sentence
    found = hm.compare(half_read, "lost", "read", draws=250, chains=2)
    assert not found.table["reliable"].any() and "most responses of one of them are unparsable" in found.sentences[0]


def test_reliability_says_how_they_count(half_read):
    assert any("62.5% of the responses of lost are unparsable" in note for note in hm.reliability(half_read).notes)


def test_what_the_data_do_not_hold_is_said_as_ever(half_read, tmp_path, capsys):
    path = tmp_path / "t.csv"
    half_read.table[["model", "question", "sample", "answer", "target", "n_choices"]].to_csv(path, index=False)
    assert main(["test", str(path), "--draws", "60"]) == 0
    assert "Not about these data" in capsys.readouterr().out
