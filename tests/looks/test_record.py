"""The record of looks: what it admits, what it refuses, and the probability that a verdict needs."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.cli import main
from hotmess.errors import BadInput
from hotmess.looks import one_record
from hotmess.looks.boundaries import obrien_fleming, thresholds
from hotmess.looks.needed import not_known
from hotmess.looks.record import Look, Looks, load_looks, parse_looks, save_looks


def look(responses, fraction, *, stop="", information=None):
    return Look(
        responses=responses,
        information=fraction * 10 if information is None else information,
        fraction=fraction,
        threshold=0.99,
        probability=0.5,
        verdict="inconclusive",
        stop=stop,
    )


def plan(*history, most=1000):
    return Looks(claim="natural-overthinking", most_looks=4, most_responses=most, history=history)


def test_the_threshold_is_that_of_the_looks_so_far():
    record = plan(look(100, 0.2), look(300, 0.5))
    assert record.threshold(8.0, 0.8) == pytest.approx(stats.norm.cdf(thresholds([0.2, 0.5, 0.8])[-1]))
    assert record.threshold(9.0, 1.0) == pytest.approx(stats.norm.cdf(thresholds([0.2, 0.5, 1.0], [2, 5, 9])[-1]))
    assert record.threshold(9.0, 0.5) == 1.0  # no error is left to spend by a fraction that stands still
    assert record.look(300) == record.history[1] and record.look(299) is None


def test_what_does_not_belong_to_it_is_said():
    record, table = plan(look(100, 0.2), look(300, 0.5)), pd.DataFrame({"x": range(300)})
    assert not_known(table, record) == "" and not_known(table[:100], record) == ""
    assert "hotmess next" in not_known(pd.concat([table, table]), record)  # before the next look
    assert "300" in not_known(table[:200], record)
    assert not_known(table, None) == ""
    assert "--looks" in not_known(table.assign(round=["1", "2", "3"] * 100), None)
    assert not_known(table.assign(round="1"), None) == ""


def test_it_comes_back_from_file_and_table(tmp_path):
    record = plan(look(100, 0.2))
    save_looks(record, tmp_path / "looks.json")
    assert load_looks(tmp_path / "looks.json") == record
    responses = replace(hm.example(), looks=record)
    from hotmess.responses.written import write

    write(responses.table, tmp_path / "t.parquet", looks=record)
    assert hm.read(tmp_path / "t.parquet").looks == record
    write(responses.table, tmp_path / "u.parquet")
    assert hm.read(tmp_path / "u.parquet").looks is None
    assert hm.read(tmp_path / "u.parquet", looks=tmp_path / "looks.json").looks == record


def test_two_records_that_differ_are_refused():
    assert one_record([plan(), plan()]) == plan() and one_record([]) is None
    with pytest.raises(BadInput, match="differ"):
        one_record([plan(), plan(most=7)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"claim": "x"}',
        '{"claim": "x", "most_responses": 10, "extra": 1}',
        '{"claim": "x", "most_responses": 10, "futility": NaN}',
        '{"claim": "x", "most_responses": 10, "most_looks": 11}',
        "[" * 100_000,
    ],
)
def test_what_is_no_record_is_one_sentence(text, tmp_path, capsys):
    with pytest.raises(BadInput, match="no record of looks"):
        parse_looks(text, "it")
    (tmp_path / "looks.json").write_text(text)
    hm.example().table.to_csv(tmp_path / "t.csv", index=False)
    assert main(["test", str(tmp_path / "t.csv"), "--looks", str(tmp_path / "looks.json")]) == 2
    said = capsys.readouterr().err.strip()
    assert "no record of looks" in said and "\n" not in said.removeprefix("hotmess: ")


def test_looks_that_do_not_grow_are_no_record():
    bad = json.loads(plan(look(100, 0.2)).model_dump_json())
    bad["history"] = [bad["history"][0]] * 2
    with pytest.raises(BadInput, match="do not grow"):
        parse_looks(json.dumps(bad), "it")


def test_another_claim_has_the_errors_of_its_looks_added_up():
    """Two looks, at 0.985 and 1 of the information: α(1) − α(0.985) is left, whatever the first claim needed."""
    first, last = (look(n, t) for n, t in ((2400, 0.985), (len(hm.example()), 1.0)))
    record = plan(first, last, most=len(hm.example()))
    verdict = hm.test("budget-lowers-incoherence", replace(hm.example(), looks=record), draws=250)
    assert verdict.case.threshold == pytest.approx(1 - (0.025 - obrien_fleming(0.985)))
    assert 0.975 < verdict.probability < verdict.case.threshold and verdict.verdict == "inconclusive"
    assert "as of any other statement on them" in verdict.sentence
    assert verdict.holds_in.threshold == verdict.case.threshold
    assert "at this look, with probability 0.8" in verdict.could_show
    assert verdict.next_step.startswith("In new data that are looked at once, an effect of ")
