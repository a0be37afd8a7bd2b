"""Users' claims: the language refuses all but itself, YAML and functions, hashes, verdicts on every route."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hotmess as hm
from hotmess.claims.claim import Quantity
from hotmess.claims.expression import parse
from hotmess.claims.rule import NOT_TESTABLE
from hotmess.claims.study import Study
from hotmess.claims.user import claim_from, claim_from_function, load_claims
from hotmess.cli import main
from hotmess.decompose.squared import unbiased
from hotmess.errors import BadInput
from hotmess.inference.gate import Gate
from hotmess.responses.validate import validate
from hotmess.simulate import simulate
from hotmess.statements.effective import Effective
from hotmess.statements.means import incoherence

DIFFERENCE = "incoherence(model='model-1') - incoherence(model='model-0')"


@pytest.fixture(scope="module")
def table():
    return simulate("correlated-models", seed=1, questions=60, samples=10).table


@pytest.fixture(scope="module")
def study(table):
    return Study(validate(table), seed=3, draws=250)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("__import__('os').system('true')", "not part of a quantity"),
        ("().__class__", "not part of a quantity"),
        ("incoherence().draws", "not part of a quantity"),
        ("[x for x in incoherence()]", "not part of a quantity"),
        ("lambda: 1", "not part of a quantity"),
        ("incoherence() if True else error()", "not part of a quantity"),
        ("incoherence() > 0", "not part of a quantity"),
        ("f'{incoherence()}'", "not part of a quantity"),
        ("incoherence(model=open('x'))", "a name and a text or number"),
        ("incoherence(**{'model': 'A'})", "a name and a text or number"),
        ("incoherence('A')", "given by name"),
        ("open('x')", "no quantity 'open'"),
        ("incoherense()", "did you mean incoherence"),
        ("varianse(model='A')", "did you mean variance"),
        ("incoherence", "Write incoherence()"),
        ("1 + 1", "names no posterior quantity"),
        ("True * error()", "not True"),
        ("'a' * error()", "not 'a'"),
        ("error() ** 99", "power"),
        ("error() ** error()", "power"),
        ("log(error(), 2)", "takes 1 argument"),
        ("size_slope() + error()", "separate fits"),
        ("error(", "cannot be read"),
        ("(" * 300 + ")" * 300, "cannot be read"),
        ("-" * 500 + "error()", "nested too deeply"),
        ("x" * 3000, "characters"),
        ("", "is an expression"),
    ],
)
def test_what_is_not_the_language_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words.replace("(", r"\(").replace(")", r"\)")):
        parse(text)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="error()+-*/.'\"=[]{}:,_ \\\n1mA", max_size=40))
def test_any_text_is_parsed_or_refused_with_a_sentence(text: str) -> None:
    try:
        found = parse(text)
    except BadInput as error:
        assert str(error).rstrip().endswith((".", "?"))
    else:
        assert parse(found.text).text == found.text  # canonical


@settings(max_examples=50, deadline=None)
@given(st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.floats(-5, 5))
def test_arithmetic_is_arithmetic(a: float, b: float, c: float) -> None:
    e = parse(f"2*log(error(model='A')) - max(error(model='B'), {c!r}) ** 2 / (1 + abs(error(model='A')))")
    first, second = e.terms
    expected = 2 * np.log(a) - max(b, c) ** 2 / (1 + abs(a))
    assert float(e.value({first: a, second: b})) == pytest.approx(expected)


def test_the_hash_is_of_what_the_claim_says() -> None:
    one = {"name": "x-y", "quantity": DIFFERENCE, "direction": "positive"}
    same = {"direction": "positive", "quantity": DIFFERENCE.replace("'", '"').replace(" ", ""), "name": "x-y"}
    assert claim_from(one).preregistration == claim_from(same).preregistration
    for change in ({"direction": "negative"}, {"quantity": DIFFERENCE + " - 0.1"}, {"name": "x-z"}):
        assert claim_from({**one, **change}).preregistration != claim_from(one).preregistration


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quantaty": "error()"}, "did you mean quantity"),
        ({"direction": "up"}, "direction"),
        ({"direction": "positiv"}, "did you mean positive"),
        ({"direction": "positive", "region": [0, 1]}, "both"),
        ({"region": [1, 0]}, "lower end"),
        ({"region": [0]}, "two numbers"),
        ({"name": "natural-overthinking"}, "catalogue"),
        ({"name": "9 lives"}, "needs a name"),
    ],
)
def test_bad_definitions_are_refused(change: dict, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        claim_from({"name": "x-y", "quantity": DIFFERENCE, **change})


def test_the_quantity_is_that_of_the_fit(study: Study) -> None:
    claim = claim_from({"name": "x-y", "quantity": DIFFERENCE, "direction": "negative"})
    draws = study.fit.draws(["model"], population="these")
    one, other = (list(draws.table["model"]).index(name) for name in ("model-1", "model-0"))
    exact = draws.incoherence[..., one] - draws.incoherence[..., other]
    np.testing.assert_allclose(claim.quantity(study, "these").draws, -exact)
    settled = study.fit.statement().settle(lambda m: np.diff(incoherence(m[..., [one, other], :])))
    like = claim.quantity(study, "like-these")
    np.testing.assert_allclose(like.draws.ravel(), settled.draws[:, 0])
    assert like.effective.df == pytest.approx(settled.df[0]) and like.effective.units == study.questions


def test_without_a_model_the_same_is_estimated_and_permuted_labels_show_nothing(study: Study) -> None:
    claim = claim_from({"name": "x-y", "quantity": DIFFERENCE})
    verdict = hm.test(claim, study)  # both models are alike in this world
    agreement, control = verdict.guards["agreement"], verdict.guards["negative_control"]
    assert agreement["passed"] and control["passed"] and control["permutations"] == 99
    terms, models = unbiased(study.cells.points), study.cells.table["model"].to_numpy()
    estimate = {m: terms.variance[models == m].sum() / terms.error[models == m].sum() for m in ("model-0", "model-1")}
    assert agreement["unbiased"] == pytest.approx(estimate["model-1"] - estimate["model-0"])
    assert verdict.record()["preregistration"] == claim.preregistration
    alone = claim_from({"name": "x-z", "quantity": "incoherence(model='model-0')", "region": [0, 1]})
    assert alone.control is None and hm.test(alone, study).verdict == "supported"


def test_names_that_are_not_in_the_data_get_the_nearest(study: Study) -> None:
    for text, words in (
        ("error(model='model-1a')", "did you mean model-1"),
        ("error(modell='model-0')", "did you mean model"),
        ("variance() / incoherence(model='m9')", r"^incoherence\(model='m9'\): there is no model"),
        ("error(question='q00000')", "there is no filter 'question'"),
    ):
        with pytest.raises(BadInput, match=words):
            hm.test(claim_from({"name": "x-y", "quantity": text}), study)


def test_functions_are_claims_and_their_fits_are_gated(study: Study) -> None:
    def difference(study: Study, population: str) -> np.ndarray:
        draws = study.fit.draws(["model"], population=population)
        return draws.incoherence[..., 1] - draws.incoherence[..., 0]

    claim = claim_from_function(difference, name="x-y", statement="one is above the other", direction="negative")
    straight = hm.test(claim_from({"name": "x-y", "quantity": DIFFERENCE, "direction": "negative"}), study)
    assert hm.test(claim, study).median == pytest.approx(straight.median, abs=0.01)  # each set settled by itself
    assert hm.test(claim, study, population="these").median == pytest.approx(
        np.median(straight.draws["these"]), abs=1e-12
    )
    stuck = Study(study.responses, seed=3, draws=20)
    assert hm.test(claim, stuck).verdict == NOT_TESTABLE

    def bad(study: Study, population: str) -> Quantity:
        return Quantity(np.ones((4, 500)), Gate(("a chain is stuck",)), "")

    refused = hm.test(claim_from_function(bad, name="x-y", statement="this holds"), study)
    assert refused.verdict == NOT_TESTABLE and refused.probability is None
    assert refused.record()["preregistration"]


@pytest.mark.parametrize("direction", ["positive", "negative"])
def test_a_function_that_returns_a_quantity_keeps_all_of_it(study: Study, direction: str) -> None:
    few, sign = Effective(5.0, 3.0, 60, z=2.0, apart=0.3, guard=0.1), 1.0 if direction == "positive" else -1.0
    draws = np.random.default_rng(0).normal(4 * sign, 1, (4, 500))
    own = Quantity(
        draws, Gate(), "", {"m": draws}, {"accuracy part": draws}, held=(), effective=few, remedy="Ask more questions."
    )
    claim = claim_from_function(lambda study, population: own, name="x-y", statement="this holds", direction=direction)
    found = claim.quantity(study, "like-these")
    assert found.remedy == own.remedy and found.effective is not None
    assert (found.effective.df, found.effective.z, found.effective.apart) == (5.0, 2.0 * sign, 0.3 * sign)
    np.testing.assert_array_equal(found.each["m"], sign * draws)
    np.testing.assert_array_equal(found.parts["accuracy part"], sign * draws)
    verdict = hm.test(claim, study)  # all draws are above 0, and yet too few questions carry the errors
    assert verdict.verdict == "inconclusive" and "its errors sit on few questions" in verdict.sentence


@pytest.mark.parametrize("metric", ["kl", "zero-one"])
def test_no_verdict_has_a_metric_that_its_numbers_do_not_have(study: Study, metric: str) -> None:
    own = claim_from({"name": "x-y", "quantity": DIFFERENCE})
    for claim, responses in ((own, study.responses), ("natural-overthinking", hm.example())):
        verdict = hm.test(claim, Study(responses, seed=3, draws=250, metric=metric))
        assert verdict.verdict == NOT_TESTABLE and verdict.median is None
        assert f"squared distances (brier here), not of {metric}" in verdict.sentence


def test_yaml_on_the_command_line(table, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, claims = tmp_path / "r.parquet", tmp_path / "my.yaml"
    table.to_parquet(data)
    claims.write_text(f'claims:\n- name: x-y\n  quantity: "{DIFFERENCE}"\n  direction: positive\n')
    assert main(["test", str(data), "--claims", str(claims), "--draws", "250", "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["claim"] == "x-y" and record["preregistration"] == load_claims(claims)[0].preregistration
    assert main(["test", str(data), "--claims", str(claims), "--draws", "20"]) == 0
    out = capsys.readouterr().out
    assert "Not testable" in out and load_claims(claims)[0].preregistration in out
    claims.write_text(f'- name: lost\n  quantity: error(model="model-9")\n- name: x-y\n  quantity: "{DIFFERENCE}"\n')
    assert main(["test", str(data), "--claims", str(claims), "--draws", "250", "--quiet"]) == 2
    told = capsys.readouterr()
    assert "there is no model 'model-9'" in told.out and "x-y\n  Inconclusive" in told.out
    assert told.err.startswith("hotmess: A claim of your own cannot be tested") and told.err.endswith(
        "did you mean model-3?\n"
    )
    claims.write_text("- name: x-y\n  quantity: incoherense()\n")
    assert main(["test", str(data), "--claims", str(claims)]) == 2
    assert "did you mean incoherence?" in capsys.readouterr().err


def test_a_report_is_written_before_a_claim_that_cannot_be_tested_is_refused(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[list[str]] = []

    def build(_: Study, verdicts: list[Any], **__: Any) -> Path:
        written.append([v.verdict for v in verdicts])
        return tmp_path / "report.html"

    monkeypatch.setattr(sys.modules[hm.report.__module__], "build_report", build)
    lost = claim_from({"name": "lost", "quantity": 'error(model="model-9")'})
    with pytest.raises(BadInput, match=r"^A claim of your own .*; mend it: lost: .*did you mean model-3\?$"):
        hm.report(study, to=tmp_path, claims=[lost])
    good = claim_from({"name": "x-y", "quantity": DIFFERENCE})
    assert hm.report(study, to=tmp_path, claims=[good]).name == "report.html" and len(written) == 2
    assert written[0] == [NOT_TESTABLE]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no claims"),
        ("- 3", "holds no claims"),
        ("{a: [", "not YAML: .*line 1, column 6"),
        ("!!python/object/apply:os.system ['true']", r"could not determine a constructor .*\(line 1, column 1\)\.$"),
        ("- {name: x-y, quantity: error()}\n- {name: x-y, quantity: error()}", "two claims called"),
    ],
)
def test_files_that_hold_no_claims(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=words):
        load_claims(path)
    with pytest.raises(BadInput, match="cannot be read"):
        load_claims(tmp_path / "none.yaml")


def test_a_file_takes_regions_of_practically_none_but_no_aliases_and_no_depths(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("- {name: a-b, quantity: error(model='A') - error(model='B'), negligible: 0.05}\n")
    (claim,) = load_claims(path)
    assert claim.negligible == 0.05
    same = claim_from({"name": "a-b", "quantity": "error(model='A') - error(model='B')"})
    assert same.negligible is None and same.preregistration != claim.preregistration
    for text, said in (
        ("- {name: a-b, quantity: error(), negligible: -1}", "above 0"),
        ("- {name: a-b, quantity: error(), negligible: true}", "above 0"),
        ("- {name: a-b, quantity: error(), region: [-1, 1], negligible: 0.1}", "both a region and negligible"),
        ("- &x {name: a-b, quantity: error()}\n- *x\n", "has an alias"),
        ("[" * 30 + "]" * 30, "levels deep"),
    ):
        path.write_text(text)
        with pytest.raises(BadInput, match=said):
            load_claims(path)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"negligible: {'1' * 5000}", "is not YAML: Exceeds the limit"),
        (f"negligible: 0x{'f' * 5000}", "negligible is a value of very many digits; the half-width"),
        (f"region: [0, 0x{'f' * 5000}]", "has the region a value of very many digits"),
        ("region: [false, true]", "has the region [False, True]; a region is two numbers"),
        ("negligible: 2020-13-45", "is not YAML: month must be in 1..12"),
        ("negligible: 1:30", "has 1:30, which YAML takes for a number to the base 60"),
        ("negligible: 0.1\n  negligible: 0.2", "has the key negligible twice"),
        (f"direction: {'(' * 9}", "has the direction"),
    ],
)
def test_what_yaml_reads_as_something_else_or_cannot_is_one_sentence(tmp_path, line, words):
    path = tmp_path / "mine.yaml"
    path.write_text(f"- name: mine\n  quantity: error(model='a')\n  {line}\n")
    with pytest.raises(BadInput) as found:
        load_claims(path)
    assert words in str(found.value) and "\n" not in str(found.value) and len(str(found.value)) < 400


def test_a_long_quantity_that_cannot_be_read_is_not_shown_whole():
    with pytest.raises(BadInput, match="cannot be read") as found:
        claim_from({"name": "mine", "quantity": "(" * 500 + "error()" + ")" * 500})
    assert len(str(found.value)) < 400
