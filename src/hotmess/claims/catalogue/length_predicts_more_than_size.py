"""The claim that length predicts incoherence better than model size does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Case, Claim, LeaveOut, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.between_questions import LengthTerms, length_terms, permuted_lengths
from hotmess.claims.kinds.shares import MIN_SIZES, SLOPE, Arms, SlopeDraws, quick_shares, slope_draws
from hotmess.claims.procedures import explained
from hotmess.claims.rates import rates_beside
from hotmess.claims.reduced import other_models
from hotmess.claims.scope import length_scope
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import Estimate
from hotmess.laws.first_stage import location_error

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.claims.study import Study


def _sized(arms: pd.DataFrame) -> np.ndarray:
    """Rows of the length law's arms whose model has a size; raises where there are too few sizes."""
    size = arms["model_size_b"].to_numpy(float)
    rows = np.flatnonzero(size > 0)
    sizes = len(np.unique(size[rows]))
    if sizes < MIN_SIZES:
        raise NotTestable(
            f"Only {sizes} model size{'s' if sizes != 1 else ''} can be used, so that what size predicts cannot be "
            f"told: at least {MIN_SIZES} are needed."
        )
    return rows


def _draws(study: Study, population: str, rows: np.ndarray) -> SlopeDraws:
    """The two slopes by some of the length law's arms."""
    law = study.length_law
    arms, seen = law.arms.iloc[rows], law.model(population).rows(np.r_[rows, rows + len(law.arms)])
    return slope_draws(
        seen.y,
        seen.noise,
        Arms(
            arms["log_length"].to_numpy(float),
            arms["log_length_sd"].to_numpy(float),
            np.log(arms["model_size_b"].to_numpy(float)),
            np.unique(arms["model"].astype(str).to_numpy(), return_inverse=True)[1],
        ),
        draws=law.spec.chains * law.spec.draws,
        seed=study.seed,
    )


def _quantity(study: Study, population: str) -> Quantity:
    law = study.length_law
    rows = _sized(law.arms)
    got = _draws(study, population, rows)

    def error() -> float:
        seen = law.first_stage(population)[:, np.r_[rows, rows + len(law.arms)]]
        return location_error(got.law, seen, got.points, lambda b: float(b[1] ** 2 - b[2] ** 2))

    shape = (law.spec.chains, law.spec.draws)
    each = {"slope on length": got.length.reshape(shape), "slope on size": got.size.reshape(shape)}
    cells = law.fit.cells.table
    return Quantity(
        got.difference.reshape(shape),
        law.gate.over(each),
        length_scope(study, cells[cells["model_size_b"] > 0]),
        each,
        notes=law.notes,
        location_error=error,
    )


def _without_model(case: Case, column: str, value: str) -> tuple[np.ndarray, float] | None:
    """The quantity without a model: the lines of the others are what they were, as arms share nothing but questions;
    None where there are then fewer of these, or too few sizes."""
    law = case.study.length_law
    if column != "model" or other_models(law.fit.cells.table, value) is None:
        return None
    rest = np.flatnonzero((law.arms["model"].astype(str) != value).to_numpy())
    try:
        rows = rest[_sized(law.arms.iloc[rest])]
    except NotTestable:  # the new fit says so
        return None
    return _draws(case.study, case.population, rows).difference, -np.inf


@dataclass(frozen=True)
class _Terms:
    """Cells of models whose size is known: as `LengthTerms`, with the model's index, and log sizes of models."""

    own: LengthTerms
    keep: np.ndarray
    model: np.ndarray
    log_size: np.ndarray

    def estimate(self, has: np.ndarray, x: np.ndarray) -> Estimate:
        t, rows = self.own, self.keep[has]
        return quick_shares(t.variance[rows], t.error[rows], x, self.model[has], t.unit[rows], self.log_size)


def _terms(study: Study) -> _Terms:
    law = study.length_law
    _sized(law.arms)
    table = law.fit.cells.table
    keep = np.flatnonzero((table["model_size_b"] > 0).to_numpy())
    names, model = np.unique(table["model"].astype(str).to_numpy()[keep], return_inverse=True)
    size = table.assign(model=table["model"].astype(str)).groupby("model")["model_size_b"].first()
    return _Terms(length_terms(study), keep, model, np.log(size.loc[list(names)].to_numpy(float)))


def _estimate(study: Study) -> Estimate:
    t = _terms(study)
    return t.estimate(np.ones(len(t.keep), bool), t.own.x[t.keep])


def _control(study: Study, seed: int) -> Control:
    """Lengths permuted between questions, alike for all models: what is left of length predicts nothing."""
    t = _terms(study)
    own = t.own
    permuted = (
        t.estimate(has, new)
        for has, new in permuted_lengths(own.x[t.keep], own.arm[t.keep], own.question[t.keep], seed, 37)
    )
    return run_control("lengths permuted between questions, alike for all models", _estimate(study), permuted)


def _prior(study: Study, rng: np.random.Generator, n: int) -> np.ndarray:
    length, size = rng.normal(0, SLOPE, (2, n))
    return np.asarray(length**2 - size**2)


CLAIM = Claim(
    name="length-predicts-more-than-size",
    place="claim 5; surface of incoherence over length and size",
    statement="length predicts incoherence better than model size does, over the lengths and sizes observed",
    estimand=(
        "variance of logit incoherence that latent log length explains minus that which log model size explains "
        "(Shapley values, squared logits)"
    ),
    quantity=_quantity,
    needs=("any outcome with a target, lengths, 4 model sizes, 8 questions and 4 length bins with 10 wrong responses"),
    by_unit=True,
    leave_out=LeaveOut(_without_model),
    estimate=_estimate,
    control=_control,
    association=True,
    across=("model",),
    prior=_prior,
    published=explained,
    rates=rates_beside(__file__),
    absent=absent.sizes_or_lengths,
    widened=False,
    narrowed_by="models of other sizes, and more questions,",
    order=110,
)
