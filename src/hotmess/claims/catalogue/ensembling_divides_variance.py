"""The claim about averages of answers, tested on disjoint ensembles of real responses only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.scope import base_scope
from hotmess.decompose.grouping import question_index
from hotmess.decompose.intervals import FEW, question_shares
from hotmess.ensembles.in_order import order_says
from hotmess.errors import ASK_UNSETTLED, NotTestable
from hotmess.estimates.control import PERMUTATIONS, STATEMENT, Control
from hotmess.estimates.estimate import THRESHOLD
from hotmess.inference.gate import Gate
from hotmess.words import join

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.ensembles.real import RealEnsembles

REGION, DRAWS = (0.9, 1.1), 400
"""An exponent of 0.9 leaves 1.23 times the variance that is claimed of an average of 8."""


def ensembles(study: Study) -> RealEnsembles:
    """The study's disjoint ensembles, made once."""
    from hotmess.ensembles.real import real_ensembles

    return study.once("real ensembles", lambda: real_ensembles(study.responses))


def slope_weights(sizes: tuple[int, ...]) -> np.ndarray:
    """Least squares coefficients of minus the slope on log E.

    >>> bool(abs(slope_weights((1, 2, 4)) @ -np.log([1, 2, 4]) - 1) < 1e-12)
    True
    """
    x = np.log(sizes) - np.mean(np.log(sizes))
    out: np.ndarray = -x / (x**2).sum()
    return out


def exponents(
    real: RealEnsembles, *, population: str, draws: int, seed: int, question: np.ndarray | None = None
) -> tuple[np.ndarray, list[str]]:
    """(draws, models) exponents γ of Σ variance ∝ E^−γ over questions, and the models' names.

    `like-these`: Dirichlet weights on questions, widened by Student's t below 50 questions. `these`: normal, from the
    jackknife of each question. A model of which no answer ever varies is left out. question: `question_index` of the
    table, where it is known.
    """
    coefficient = slope_weights(real.sizes)
    model, q = real.table["model"].astype(str).to_numpy(), question
    if q is None:
        q = question_index(real.table)
    names = [m for m in dict.fromkeys(model) if (real.variance[model == m].sum(0) > 0).all()]
    if not names:
        why = "No answer varies in ensembles of every size, so there is no variance to divide."
        raise NotTestable(why, ASK_UNSETTLED)
    weights = question_shares(int(q.max()) + 1, draws, seed)
    out = np.empty((draws, len(names)))
    for i, name in enumerate(names):
        rows = model == name
        sums = real.variance[rows].sum(0)
        centre = float(np.log(sums) @ coefficient)
        if population == "these":
            variances = real.covariance[rows].sum(0) / np.outer(sums, sums)
            sd = float(np.sqrt(max(coefficient @ variances @ coefficient, 0.0)))
            out[:, i] = centre + sd * np.random.default_rng([seed, i, 31]).standard_normal(draws)
            continue
        with np.errstate(divide="ignore"):
            values = np.log(weights[:, q[rows]] @ real.variance[rows]) @ coefficient
        out[:, i] = centre + _widening(len(np.unique(q[rows])), name) * (values - centre)
    return out, names


def _widening(questions: int, model: str) -> float:
    """The factor of `hotmess.decompose.intervals.bootstrap_interval` at 95%."""
    if questions >= FEW:
        return 1.0
    if questions < 2:
        raise NotTestable(
            f"The model {model} has one question only, which says nothing about questions like it.",
            "Ask it more questions, or leave it out (--where).",
        )
    tail = (1 - THRESHOLD) / 2
    ratio = special.stdtrit(questions - 1, tail) / special.ndtri(tail)
    return float(ratio * np.sqrt((questions + 1) / (questions - 1)))


def _quantity(study: Study, population: str) -> Quantity:
    real = ensembles(study)
    draws, names = exponents(real, population=population, draws=study.chains * study.draws, seed=study.seed)
    shaped = draws.reshape(study.chains, study.draws, len(names))
    kind = "responses drawn one after the other"
    if real.by_context.any():
        kind = f"responses of different {study.responses.shared}"
    scope = f"{base_scope(real.table)}, for averages of {join([str(s) for s in real.sizes[1:]])} {kind}"
    each = {name: shaped[..., i] for i, name in enumerate(names)}
    held, remedy = order_says(real)
    return Quantity(shaped.mean(-1), Gate(), scope, each, {}, real.notes, held, remedy=remedy)


def _control(study: Study, seed: int) -> Control:
    real = ensembles(study)
    question = question_index(real.table)

    def stated(one: RealEnsembles) -> tuple[float, float]:
        """The exponent of the same statement, mean over models, and P that it lies in the region."""
        try:
            draws = exponents(one, population="like-these", draws=DRAWS, seed=seed, question=question)[0].mean(axis=1)
        except NotTestable:
            return np.inf, 0.0
        return float(np.median(draws)), float(((draws > REGION[0]) & (draws < REGION[1])).mean())

    rng = np.random.default_rng([seed, 37])
    fakes = [stated(replace(real, variance=real.copied(rng))) for _ in range(PERMUTATIONS)]
    value, _ = stated(real)
    return Control(
        "every ensemble filled with copies of one of its answers, which divide nothing",
        value,
        PERMUTATIONS,
        1 + sum(abs(fake - 1) <= abs(value - 1) for fake, _ in fakes),
        float(np.mean([p > THRESHOLD for _, p in fakes])),
        through=STATEMENT,
    )


CLAIM = Claim(
    name="ensembling-divides-variance",
    place="claim 6; figure of bias and variance against the size of ensembles",
    statement="averaging E answers divides variance by E",
    estimand="exponent γ of variance ∝ E^−γ over disjoint real ensembles, 1 if the claim holds, mean over models",
    quantity=_quantity,
    needs="two or more questions, six responses to each (or few-shot contexts, where they share them) in their order",
    region=REGION,
    control=_control,
    long=True,
    by_questions=True,
    order=130,
)
