"""The claim about natural variation of length, continuously: pairs of responses regressed on normal-scored length."""

from __future__ import annotations

from hotmess.claims.claim import Claim
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.hidden_cause import HiddenCause
from hotmess.claims.kinds.paired import LEAVE_OUT
from hotmess.claims.kinds.within_length import slope_association, slope_control, slope_quantity, slope_variants
from hotmess.claims.procedures import median_split
from hotmess.claims.rates import rates_beside

CLAIM = Claim(
    name="incoherence-rises-within-questions",
    place="claim 2, without the median split",
    statement="within a question, incoherence rises with the length of the response",
    estimand=(
        "slope of incoherence on normal-scored length within a question, times 1.6 standard deviations, as far as the "
        "middles of the two halves lie apart; mean over models"
    ),
    quantity=slope_quantity,
    needs="any outcome with a target, lengths, at least 4 responses of different lengths to a question",
    by_unit=True,
    control=slope_control,
    variants=slope_variants,
    association=True,
    across=("response",),
    leave_out=LEAVE_OUT,
    published=median_split,
    rates=rates_beside(__file__),
    guards=(HiddenCause(slope_association),),
    of_models=True,
    absent=absent.lengths,
    negligible=0.02,
    most=1.0,
    by_questions=True,
    order=51,
)
