"""The claim about model size on all questions: bias² falls faster than variance."""

from __future__ import annotations

from dataclasses import replace

from hotmess.claims.kinds.exponents_of_size import LEAVE_OUT
from hotmess.claims.kinds.size_slope import SizeSlope, size_claim

CLAIM = size_claim(
    __file__,
    "bias-falls-faster-than-variance",
    SizeSlope("all", 1.0),
    place="claims 4 and 7; exponents of bias² and variance",
    statement="with model size bias² falls faster than variance",
    estimand="alpha_B - alpha_V, mean over difficulty groups",
    negligible=0.05,  # of an exponent
    order=80,
    leave_out=replace(LEAVE_OUT, parts=("model", "benchmark", "difficulty")),
)
