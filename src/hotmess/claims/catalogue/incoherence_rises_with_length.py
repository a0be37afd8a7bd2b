"""The claim about length between questions: incoherence of questions that take longer responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.between_questions import KEYS, further_apart, length_fit, length_terms, permuted_lengths
from hotmess.claims.kinds.hidden_cause import BETWEEN, HiddenCause
from hotmess.claims.later import Later
from hotmess.claims.procedures import length_line
from hotmess.claims.rates import rates_beside
from hotmess.claims.scope import length_scope
from hotmess.claims.slopes import moments_of, slope_parts
from hotmess.decompose.grouping import unit_index
from hotmess.decompose.parts import NAMES
from hotmess.decompose.squared import unbiased
from hotmess.design.components import length_components
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import Estimate
from hotmess.estimates.length_slopes import arm_index, length_association, length_estimate
from hotmess.inference.evidence import PointEvidence
from hotmess.laws.first_stage import location_error
from hotmess.laws.length_model import log_factor_without_slopes

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.estimates.confounding import Association
    from hotmess.laws.length import LengthLaw
    from hotmess.responses.table import Responses


def _quantity(study: Study, population: str) -> Quantity:
    law = study.length_law
    slopes = law.slopes("odds", population)
    each = {str(a): slopes[..., i] for i, a in enumerate(law.data["posterior"].dataset["arm"].values)}
    gate = law.gate.over(each, "the slope on log length")
    return Quantity(
        slopes.mean(-1),
        gate,
        length_scope(study, law.fit.cells.table),
        each,
        Later(lambda: _parts(law, population)),
        law.notes,
        remedy=further_apart(study) if gate.passed else "",
        location_error=lambda: _location_error(law, population),
    )


def _location_error(law: LengthLaw, population: str) -> float:
    spread = law.draws(population)["spread"].values.reshape(-1, 1)
    weights = law.mean_slope()
    return location_error(law.model(population), law.first_stage(population), spread, lambda b: float(weights @ b))


def _parts(law: LengthLaw, population: str) -> dict[str, np.ndarray]:
    """Least squares slopes of the three parts, mean over arms; none where the outcome has no parts."""
    moments = moments_of(law.fit, KEYS, population)
    if moments is None:
        return {}
    arms = [law.rows[law.rows["arm"] == arm].sort_values("x") for arm in range(len(law.arms))]
    mean = np.mean([slope_parts(moments[..., rows.index, :], rows["x"].to_numpy()) for rows in arms], axis=0)
    return {name: mean[..., i] for i, name in enumerate(NAMES)}


def _estimate(study: Study) -> Estimate:
    t = length_terms(study)
    return length_estimate(t.variance, t.error, t.x, t.arm, t.unit)


def _association(study: Study) -> Association:
    t = length_terms(study)
    return length_association(t.variance, t.error, t.x, t.arm, t.unit)


def _control(study: Study, seed: int) -> Control:
    t = length_terms(study)
    permuted = (
        length_estimate(t.variance[has], t.error[has], x, t.arm[has], t.unit[has])
        for has, x in permuted_lengths(t.x, t.arm, t.question, seed, 19)
    )
    return run_control("lengths permuted between questions, alike for all models", _estimate(study), permuted)


def _variants(study: Study) -> dict[str, Estimate]:
    from hotmess.responses.cells import reduce
    from hotmess.responses.placing import Space

    out = {}
    mine = length_terms(study)
    cells = study.length_law.fit.cells
    if cells.table["unparsable"].any():
        wrong = unbiased(reduce(study.responses, space=Space(unparsable="wrong")).points)
        keys = ["benchmark", "model", "question", "condition", "budget"]
        where = reduce(study.responses).table[keys].reset_index().set_index(keys)["index"]
        index = where.loc[list(cells.table[keys].itertuples(index=False, name=None))].to_numpy()
        own = unit_index(cells.table)[1]
        out["unparsable as wrong"] = length_estimate(
            own * wrong.variance[index], own * wrong.error[index], mine.x, mine.arm, mine.unit
        )
    without = study.without_truncated
    if without is not None:
        out["cut off and unparsable left out"] = _again(without)
    for name, filled in study.filled_lengths.items():
        out[name] = _again(filled)
    return out


def _again(responses: Responses) -> Estimate:
    """The estimate on other responses."""
    from hotmess.laws.length_bins import binned_cells

    rest, _ = binned_cells(responses)
    terms, table = unbiased(rest.points), rest.table
    x = table["latent_log2_length"].to_numpy() * np.log(2)
    unit, own = unit_index(table)
    return length_estimate(own * terms.variance, own * terms.error, x, arm_index(table), unit)


def _prior(study: Study, rng: np.random.Generator, n: int) -> np.ndarray:
    """(n,) draws of the mean slope over arms from the law's prior."""
    law = study.length_law
    return law.model("these").prior_draws(law.mean_slope(), rng, n)


def _point(study: Study, *, population: str = "these") -> PointEvidence:
    """Evidence that incoherence does not depend on length: marginal likelihoods of the law with and without slopes."""
    return PointEvidence(log_factor_without_slopes(study.length_law.model(population)), 0.0, -np.inf, "exact")


CLAIM = Claim(
    name="incoherence-rises-with-length",
    place="claim 1; figures of incoherence against reasoning length and actions",
    statement="questions that take longer responses have more incoherent errors",
    estimand="slope of logit incoherence on log length between questions, mean over models",
    quantity=_quantity,
    needs="any outcome with a target, lengths, at least 8 questions and 4 length bins with 10 wrong responses",
    by_unit=True,
    estimate=_estimate,
    control=_control,
    variants=_variants,
    association=True,
    across=("question",),
    fit=length_fit,
    densities=lambda study, population: study.length_law.densities(population),
    prior=_prior,
    point=_point,
    published=length_line,
    design=lambda study, draws: length_components(study.length_law, draws=draws),
    rates=rates_beside(__file__),
    guards=(HiddenCause(_association, BETWEEN),),
    of_models=True,
    absent=absent.lengths,
    negligible=0.05 / np.log(2),  # 0.05 per doubling
    widened=False,
    by_questions=True,
    order=10,
)
