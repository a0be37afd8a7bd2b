"""No gate names a variable of the program's own: every fit says what did not converge in words of the field."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import hotmess as hm

FEW = {"seed": 1, "draws": 10, "chains": 4}
SYMBOLS = r"[a-z]_[a-z]|\[|\b(tau|sigma|rho|level) is\b|\b(kappa|phi|psi|eta|alpha|u|e)\b| in \d+ "
MADE: dict[str, Callable[[Any], Any]] = {
    "answers": lambda study: study.fit,
    "answers with a formula": lambda study: hm.fit(study.responses, "log(model_size_b)", warmup=10, **FEW),
    "power laws": lambda study: study.power_laws,
    "length laws": lambda study: study.length_law,
}


@pytest.fixture(scope="module")
def study() -> hm.Study:
    return hm.Study(hm.example(), **FEW)


@pytest.mark.parametrize("name", list(MADE))
def test_what_has_too_few_draws_is_named_in_words(study: hm.Study, name: str) -> None:
    reasons = MADE[name](study).gate.reasons
    assert len(reasons) > 3
    for reason in reasons:
        assert not re.search(SYMBOLS, reason.replace("log(model_size_b)", "")), reason
