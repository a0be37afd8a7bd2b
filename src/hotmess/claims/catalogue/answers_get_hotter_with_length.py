"""The claim about the temperature of answers: longer responses are drawn from a hotter distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.hidden_cause import HiddenCause
from hotmess.claims.kinds.joint_model import LEAVE_OUT, joint_densities, joint_quantity
from hotmess.claims.kinds.option_length import FromNoEffect, OptionLengths, heat_score_of
from hotmess.claims.kinds.within_length import LengthSlope
from hotmess.claims.rates import rates_beside
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import Estimate

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.estimates.confounding import Association


def _quantity(study: Study, population: str) -> Quantity:
    from hotmess.temperature.scalars import hotter_with_length

    fit = study.temperature
    return joint_quantity(study, hotter_with_length(fit, population), fit)


def _control(study: Study, seed: int) -> Control:
    score = heat_score_of(study)
    return run_control("lengths permuted within model, question and budget", score.estimate(), score.permuted(seed))


def _association(study: Study) -> Association:
    from hotmess.temperature.heat_association import heat_association

    return heat_association(study.temperature)


def _variants(study: Study) -> dict[str, Estimate]:
    from hotmess.temperature.scalars import hotter_with_length

    out = {}
    for name, fit in study.temperature_variants.items():
        draws = hotter_with_length(fit, "these").draws
        out[name] = Estimate(float(draws.mean()), float(draws.std()))
    return out


SLOPE = LengthSlope(
    of_incoherence=False,
    apart=(
        "incoherence is moved by the temperature and by the lean towards the right answer, which has been taken out of "
        "the temperature: a lean to wrong answers makes them more alike"
    ),
)
CLAIM = Claim(
    name="answers-get-hotter-with-length",
    place="claim 2, against its critics: a wrong answer that merely takes longer is no overthinking",
    statement=(
        "within a question, longer responses are drawn from a hotter distribution, beyond what a shift away from the "
        "right answer explains"
    ),
    estimand="change of log temperature per doubling of natural length at a fixed budget, mean over models",
    quantity=_quantity,
    needs="letters, lengths that vary within budgets, wrong answers on at least 10 questions",
    by_unit="cluster",
    control=_control,
    variants=_variants,
    association=True,
    long=True,
    across=("response",),
    densities=joint_densities,
    leave_out=LEAVE_OUT,
    rates=rates_beside(__file__),
    guards=(SLOPE, HiddenCause(_association), OptionLengths(), FromNoEffect()),
    of_models=True,
    absent=absent.lengths,
    negligible=0.05,
    by_questions=True,
    order=20,
)
