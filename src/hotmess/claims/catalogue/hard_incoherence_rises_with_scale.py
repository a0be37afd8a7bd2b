"""The claim about model size on the hardest questions."""

from __future__ import annotations

from hotmess.claims.kinds.size_slope import SizeSlope, size_claim

CLAIM = size_claim(
    __file__,
    "hard-incoherence-rises-with-scale",
    SizeSlope("hard", 1.0),
    place="claim 4; figures of incoherence against model size by difficulty",
    statement="on the hardest questions larger models are more incoherent",
    estimand="slope of logit incoherence on log model size in the hardest group, alpha_B - alpha_V",
    order=60,
)
