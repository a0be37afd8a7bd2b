"""Claims of which probability vectors cannot speak: the letters that stand beside them do, and the verdict says so."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.claims.study import Study
from hotmess.claims.test import test_claims as run_claims
from hotmess.claims.user import claim_from
from hotmess.claims.verdict import Verdict
from hotmess.errors import NotTestable
from hotmess.report.build import make_sections
from hotmess.report.section import Context, Section
from hotmess.responses.beside import read_beside
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

OF_LETTERS = ["natural-overthinking", "length-saturates", "answers-get-hotter-with-length"]
OF_BOTH = "incoherence-rises-within-questions"
SAID = "It speaks of the column answer: of probs, with which the table was read, it cannot be tested."


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    letters = simulate("natural-only", seed=1, questions=24, budgets=1, samples=8).table
    probs = [(np.eye(n)[a] * 0.9 + 0.1 / n).tolist() for n, a in zip(letters.n_choices, letters.answer)]
    return letters.assign(probs=probs)


@pytest.fixture(scope="module")
def study(table: pd.DataFrame) -> Study:
    return Study(validate(table), draws=110)


@pytest.fixture(scope="module")
def found(study: Study) -> list[Verdict]:
    assert study.responses.outcome == "probs"
    return run_claims(study, [*OF_LETTERS, OF_BOTH], sensitivity=False)


@pytest.mark.slow
def test_the_verdict_is_that_on_letters_and_says_of_which_column_it_speaks(
    table: pd.DataFrame, found: list[Verdict]
) -> None:
    asked = run_claims(Study(validate(table, outcome="answer"), draws=110), OF_LETTERS[:2], sensitivity=False)
    for own, other in zip(found, asked):
        assert own.verdict == other.verdict and own.median == other.median and own.probability == other.probability
        assert SAID in own.sentence and SAID not in other.sentence
    assert [v.verdict for v in found] == ["inconclusive"] * 4
    assert [v.record()["outcome"] for v in found] == ["answer", "answer", "answer", "probs"]
    assert SAID in found[2].sentence
    assert SAID not in found[3].sentence, "what probabilities can say of themselves is not asked of letters"


@pytest.mark.slow
def test_what_letters_cannot_say_either_has_their_reason_and_the_column(table: pd.DataFrame) -> None:
    few = [Study(read, draws=100) for read in (validate(table), validate(table, outcome="answer"))]
    own, other = (run_claims(study, OF_LETTERS[1:2], sensitivity=False)[0] for study in few)
    assert own.verdict == other.verdict == "not testable" and own.record()["outcome"] is None
    assert own.reasons == tuple(f"{why.rstrip('.')}. {SAID}" for why in other.reasons)


def test_more_draws_are_of_the_letters_too(study: Study) -> None:
    other = study.beside
    assert other is not None and other.instead_of == "probs"
    more = Study(other.responses, draws=110, most_draws=880, instead_of="probs").with_more_draws()
    assert more is not None and more.draws == 220 and more.of_column == SAID
    assert Study(other.responses).beside is None, "letters can speak for themselves"


def test_a_quantity_of_ones_own_falls_back_as_the_catalogue_does(study: Study) -> None:
    claim = claim_from({"name": "half-are-right", "quantity": "accuracy() - 0.5"})
    verdict = hm.test(claim, study)
    assert SAID in verdict.sentence and verdict.median is not None


def test_sections_of_a_report_are_of_letters_where_claims_are(
    study: Study, found: list[Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    sections = importlib.import_module("hotmess.report.sections")
    wanted = ["natural", "overthinking"]
    monkeypatch.setattr(sections, "SECTIONS", [s for s in sections.SECTIONS if s[0] in wanted])
    context = Context(study, found, "like-these", 0.9, "study = ...")
    made: dict[str, Section] = {s.name: s for s in make_sections(context, lambda _: None)}
    assert made["natural"].text[0] == SAID and not made["natural"].missing
    change = made["natural"].tables[0].data.query("estimator == 'latent'")["change"].iloc[0]
    assert change == pytest.approx(found[0].median, abs=0.02)


@pytest.mark.parametrize("how", ["absent", "empty in one model", "unreadable"])
def test_letters_that_are_not_there_or_cannot_be_read_take_no_place(table: pd.DataFrame, how: str) -> None:
    two = pd.concat([table, table.assign(model="other")], ignore_index=True)
    if how == "absent":
        two = two.drop(columns="answer")
    elif how == "unreadable":
        two["answer"] = two["answer"] + 90
    else:
        two["answer"] = two["answer"].where(two["model"] != "other").astype("Int64")
    responses = validate(two)
    (verdict,) = run_claims(Study(responses, draws=110), OF_LETTERS[2:])
    assert verdict.verdict == "not testable" and "The temperature model is of letters" in verdict.sentence
    if how == "absent":
        assert read_beside(responses) is None and verdict.next_step.startswith("It needs letters")
        return
    with pytest.raises(NotTestable, match="cannot take the place of probs"):
        read_beside(responses)
    assert ("model 'other'" if how == "empty in one model" else "9") in verdict.sentence
