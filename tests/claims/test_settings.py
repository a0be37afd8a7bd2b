"""What a study and a test are told is checked before anything is fitted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import hotmess as hm
from hotmess.claims.catalogue import CATALOGUE
from hotmess.errors import BadInput


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"draws": "60"}, "draws is '60'; it must be a whole number, at least 1."),
        ({"draws": 1.5}, "draws is 1.5"),
        ({"draws": -3}, "draws is -3"),
        ({"chains": 0}, "chains is 0"),
        ({"warmup": -1}, "warmup is -1; it must be a whole number, at least 0."),
        ({"prior": 3}, "prior is 3; it must be of AnswerPrior, or None."),
        ({"length_prior": hm.LawPrior()}, "it must be of LengthPrior"),
        ({"nonsense": 1}, "no setting 'nonsense'; there are "),
        ({"made": {}}, "no setting 'made'"),
        ({"population": "zz"}, "The population is 'zz'"),
        ({"interval": 2}, "The interval is 2; it must be a probability between 0 and 1, as 0.9."),
        ({"interval": "a"}, "The interval is 'a'; it must be a probability"),
        ({"population": ["these"]}, "The population is ['these']"),
        ({"draws": 10**12}, "4 × 1,000,000,000,000 draws are asked for; the most is 10,000,000."),
        ({"patience": float("nan")}, "patience is nan; it must be a number of seconds, from 0."),
        ({"patience": "a"}, "patience is 'a'"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        hm.test("natural-overthinking", hm.example(), **settings)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "stated", [{"negligible": v} for v in (float("nan"), -1.0, "x", float("inf"))] + [{"effect": -1.0}, {"effect": "x"}]
)
def test_what_a_claim_states_beforehand_is_a_number(stated: dict[str, Any]) -> None:
    claim = replace(CATALOGUE["natural-overthinking"], **stated)
    with pytest.raises(BadInput, match="number above 0"):
        hm.test(claim, hm.example())
