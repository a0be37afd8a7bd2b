"""The claim about model size on the easiest questions."""

from __future__ import annotations

from hotmess.claims.kinds.size_slope import SizeSlope, size_claim

CLAIM = size_claim(
    __file__,
    "easy-incoherence-falls-with-scale",
    SizeSlope("easy", -1.0),
    place="claim 4; figures of incoherence against model size by difficulty",
    statement="on the easiest questions larger models are less incoherent",
    estimand="minus the slope of logit incoherence on log model size in the easiest group, alpha_V - alpha_B",
    order=70,
)
