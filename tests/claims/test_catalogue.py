"""What each claim carries, its guards, and what it lacks: one table, read against the catalogue.

The table is written down from the statements, not taken from the code: a claim whose registration is broken differs
from it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from two_sides import case, sided

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.guards import FIRST, LAST, THEN, guards_of
from hotmess.claims.rule import INCONCLUSIVE, NOT_TESTABLE, SUPPORTED
from hotmess.claims.study import Study
from hotmess.claims.test import test_claim as run_claim
from hotmess.errors import NotTestable
from hotmess.estimates.estimate import Estimate
from hotmess.inference.gate import Gate
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

PER_DOUBLING = 0.05 / np.log(2)
CARRIES: dict[str, tuple[str, float | None]] = {  # what each carries beside quantity; its region of practically none
    "incoherence-rises-with-length": (
        "estimate control variants fit densities prior point published design rates guards",
        1,
    ),
    "answers-get-hotter-with-length": ("control variants densities rates guards", 0.05),
    "natural-exceeds-budget": ("estimate control variants densities rates guards", 0.05),
    "budget-lowers-incoherence": ("estimate control variants fit densities design guards", 0.02),
    "accuracy-rises-with-budget": ("estimate control guards", 0.01),
    "natural-overthinking": ("estimate control variants fit densities prior published design rates guards", 0.02),
    "incoherence-rises-within-questions": ("control variants published rates guards", 0.02),
    "hard-incoherence-rises-with-scale": ("estimate control fit densities prior point published design rates", 1),
    "easy-incoherence-falls-with-scale": ("estimate control fit densities prior point published design rates", 1),
    "bias-falls-faster-than-variance": ("estimate control fit densities prior point published design rates", 0.05),
    "variance-exponent-falls-with-difficulty": ("estimate control fit densities prior published design rates", 0.05),
    "bias-exponent-constant-across-difficulty": ("estimate control fit densities prior published design rates", None),
    "length-predicts-more-than-size": ("estimate control prior published rates", None),
    "length-saturates": ("control rates guards", None),
    "ensembling-divides-variance": ("control", None),
    "thirty-samples-suffice": ("estimate", None),
    "intelligence-and-incoherence-correlate": ("estimate control", None),
    "intervention-lowers-incoherence": ("estimate control variants fit densities design", 0.02),
    "optimizer-bias-falls-faster-than-variance": ("estimate control densities prior", 0.05),
    "embedding-variance-rises-with-length": ("estimate control variants", None),
    "context-share-of-variance": ("control rates", None),
    "judge-share-of-variance": ("control rates", None),
    "reliability-rises-with-scale": ("estimate control prior rates", None),
}
FIELDS = [
    "estimate",
    "control",
    "variants",
    "fit",
    "densities",
    "prior",
    "point",
    "published",
    "design",
    "rates",
    "guards",
]
OTHERS_EXACT = (
    "incoherence-rises-within-questions",
    "accuracy-rises-with-budget",
    "thirty-samples-suffice",
    "length-predicts-more-than-size",
)
EXACT = ("budget-lowers-incoherence", "natural-overthinking", "intervention-lowers-incoherence")
LAWS = tuple(n for n in CARRIES if n.endswith("incoherence-rises-with-scale") or "falls-with-scale" in n)
LAWS += tuple(n for n in CARRIES if "exponent" in n or n == "bias-falls-faster-than-variance")


def test_the_catalogue_is_these_claims_in_this_order() -> None:
    assert list(CATALOGUE) == list(CARRIES)
    assert all(name == claim.name for name, claim in CATALOGUE.items())


@pytest.mark.parametrize("name", CARRIES)
def test_each_claim_carries_what_is_its_own(name: str) -> None:
    claim, (fields, negligible) = CATALOGUE[name], CARRIES[name]
    assert [f for f in FIELDS if getattr(claim, f) not in (None, ())] == fields.split()
    assert claim.negligible == (None if negligible is None else PER_DOUBLING if negligible == 1 else negligible)
    assert (claim.absent is None) is (name in ("ensembling-divides-variance", "thirty-samples-suffice"))
    assert (claim.leave_out.without is not None) is (name in (*EXACT, *OTHERS_EXACT, *LAWS))
    assert claim.leave_out.refit is not (name.startswith(("answers-get", "natural-exceeds", "length-sat", "intellig")))
    more = ("difficulty",) if name == "bias-falls-faster-than-variance" else ()
    parts = () if name.startswith("intelligence") else ("model", "benchmark", *more)
    assert claim.leave_out.parts == parts


def test_the_guards_are_these_in_this_order_and_lower_to_this() -> None:
    lowers = {g.name: g.lowers for g in (*FIRST, *THEN, *LAST)}
    assert lowers == {
        "decoding": NOT_TESTABLE,
        "units": NOT_TESTABLE,
        "gate": NOT_TESTABLE,
        "monte_carlo": None,
        "populations": None,
        "parts": None,
        "few_questions": INCONCLUSIVE,
        "null_calibration": None,
        "negative_control": NOT_TESTABLE,
        "evidence": None,
        "agreement": INCONCLUSIVE,
        "truncation": INCONCLUSIVE,
        "sensitivity": INCONCLUSIVE,
        "checks": INCONCLUSIVE,
    }
    assert list(lowers)[:3] == ["decoding", "units", "gate"]  # before any number
    own = {name: [g.name for g in claim.guards] for name, claim in CATALOGUE.items() if claim.guards}
    assert own == {
        "natural-exceeds-budget": ["same_scores", "option_lengths"],
        "budget-lowers-incoherence": ["joint_model"],
        "accuracy-rises-with-budget": ["levels"],
        "incoherence-rises-with-length": ["confounding"],
        "incoherence-rises-within-questions": ["confounding"],
        "natural-overthinking": ["joint_model", "length_slope", "confounding"],
        "answers-get-hotter-with-length": ["length_slope", "confounding", "option_lengths", "from_no_effect"],
        "length-saturates": ["shapes"],
    }
    assert CATALOGUE["natural-exceeds-budget"].guards[0].lowers == INCONCLUSIVE


def raises(*_: Any) -> Any:
    raise NotTestable("There are too few responses for it.")


def test_a_guard_that_cannot_run_stops_neither_the_claim_nor_the_others() -> None:
    study = Study(validate(simulate("beta", seed=1, questions=50, samples=3).table))
    up = np.random.default_rng(1).normal(4, 1, (4, 500))
    claim = Claim("a-claim", "", "this holds", "it", lambda s, p: Quantity(up, Gate(), "one"), "nothing")
    forbids = run_claim(study, replace(claim, control=raises))
    assert forbids.verdict == NOT_TESTABLE and "too few responses" in forbids.sentence
    tells = run_claim(study, replace(claim, estimate=raises, prior=raises, published=raises))
    assert tells.verdict == SUPPORTED and tells.published is None
    assert dict(tells.lines())["Agreement"] == "There are too few responses for it."
    assert tells.guards["evidence"] == {"passed": None, "not_run": "There are too few responses for it."}


@pytest.mark.slow
def test_two_budgets_with_four_epochs_cannot_be_halved_by_length() -> None:
    """The joint model can be fitted where halves cannot be made: the claim's control then says why not testable."""
    table = sided().drop(columns="condition")
    table = table[table["sample"] % 8 < 4]
    study = Study(validate(table))
    claim = CATALOGUE["natural-exceeds-budget"]
    up = np.random.default_rng(1).normal(4, 1, (4, 500))
    verdict = run_claim(study, replace(claim, quantity=lambda s, p: Quantity(up, Gate(), "one")))
    assert verdict.verdict == NOT_TESTABLE and "three or more responses" in verdict.sentence


def test_what_the_data_do_not_hold_is_known_without_a_fit() -> None:
    study = Study(validate(sided().drop(columns=["budget", "condition", "reasoning_tokens"])))
    lacks = {n: c.absent(study) for n, c in CATALOGUE.items() if c.absent is not None}
    assert set(lacks.values()) == {
        *("survey", "model sizes (model_size_b)", "lengths of responses (--length COLUMN)", "second budget (budget)"),
        *("second arm (condition)", "points with a target", "embeddings of answers", "contexts", "repeated judgements"),
    }
    assert lacks["budget-lowers-incoherence"] == "second budget (budget)"
    said = run_claim(study, CATALOGUE["intelligence-and-incoherence-correlate"])
    assert said.verdict == NOT_TESTABLE and said.absent == "survey"
    two = pd.concat([sided().assign(model_size_b=1.0), sided().assign(model="n", model_size_b=2.0)])
    whole = Study(validate(two))
    assert {n for n, c in CATALOGUE.items() if c.absent is not None and c.absent(whole)} == {
        *("intelligence-and-incoherence-correlate", "optimizer-bias-falls-faster-than-variance"),
        *("embedding-variance-rises-with-length", "context-share-of-variance", "judge-share-of-variance"),
    }


def test_every_guard_of_a_case_is_asked() -> None:
    study = Study(validate(simulate("beta", seed=1, questions=50, samples=3).table))
    shown = Quantity(np.ones((4, 100)), Gate(), "", guards={"my_own": {"a": 1}})
    claim = CATALOGUE["budget-lowers-incoherence"]
    one = replace(case(study, claim), quantity=shown)
    names = [g.name for g in guards_of(one)]
    assert names == [*(g.name for g in FIRST), "joint_model", "my_own", *(g.name for g in THEN)]
    assert Estimate(1.0, 0.5).probability > 0.9
