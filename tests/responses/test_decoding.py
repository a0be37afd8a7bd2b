"""Settings of decoding: which comparisons they spoil, and which not."""

import numpy as np
import pandas as pd
import pytest

from hotmess.claims.user import claim_from
from hotmess.responses.decoding import SIDES, decoded_differently

ROWS = pd.DataFrame(
    [(m, b, q, s) for m in "xy" for b in ("low", "high") for q in ("q1", "q2") for s in range(2)],
    columns=["model", "budget", "question", "sample"],
).assign(benchmark="b", condition="")
VARIES = {
    "model": ROWS["model"] == "x",
    "budget": (ROWS["model"] == "x") & (ROWS["budget"] == "low"),
    "question": (ROWS["model"] == "x") & (ROWS["question"] == "q1"),
    "response": (ROWS["model"] == "x") & (ROWS["sample"] == 0),
}
EXPECTED = {
    # where models differ, only models cannot be compared; what differs inside one model differs from the other too
    "model": {"model"},
    "budget": {"model", "budget"},
    "question": {"model", "question"},
    "response": {"model", "response"},
}


@pytest.mark.parametrize("setting", ["temperature", "top_p"])
@pytest.mark.parametrize("varies", VARIES)
def test_what_is_spoiled(varies, setting):
    table = ROWS.assign(**{setting: np.where(VARIES[varies], 0.5, 0.9)})
    spoiled = {across for across in [*SIDES, "response"] if decoded_differently(table, across)}
    assert spoiled == EXPECTED[varies]
    for across in spoiled:
        (reason,) = decoded_differently(table, across)
        assert setting in reason and "0.5" in reason and "0.9" in reason


def test_settings_that_are_not_recorded_spoil_nothing():
    some = ROWS.assign(temperature=np.where(ROWS["model"] == "x", 0.5, np.nan))
    assert not any(decoded_differently(t, across) for t in (ROWS, some) for across in [*SIDES, "response"])


def test_the_same_settings_on_other_questions_spoil_too():
    swapped = (ROWS["model"] == "x") == (ROWS["question"] == "q1")
    table = ROWS.assign(temperature=np.where(swapped, 0.2, 1.2))
    (reason,) = decoded_differently(table, "model")
    assert "on 2 questions (x: 0.2; y: 1.2)" in reason
    budgets = ROWS.assign(temperature=np.where((ROWS["budget"] == "low") == (ROWS["question"] == "q1"), 0.2, 1.2))
    assert "budgets of x" in decoded_differently(budgets, "budget")[0] and not decoded_differently(budgets, "model")


def test_users_claims_say_what_they_compare():
    def across(quantity):
        return claim_from({"name": "a-claim", "quantity": quantity}).across

    assert across("error(model='A') - error(model='B')") == ("model",)
    assert across("error(model='A', budget='low') - error(model='A', budget='high')") == ("budget",)
    assert across("longer_minus_shorter(model='A')") == ("response",)
    assert across("error(model='A', difficulty='hard') - error(model='A', difficulty='easy')") == ("question",)
    assert across("incoherence(model='A') - 0.5") == ()
