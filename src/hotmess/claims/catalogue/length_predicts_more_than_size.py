"""The claim that length predicts incoherence better than model size does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.between_questions import KEYS, permuted_lengths
from hotmess.claims.kinds.shares import MIN_SIZES, SLOPE, quick_shares, share_difference, slope_draws
from hotmess.claims.procedures import explained
from hotmess.claims.rates import rates_beside
from hotmess.claims.scope import length_scope
from hotmess.decompose.grouping import question_index
from hotmess.decompose.squared import unbiased
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import Estimate
from hotmess.estimates.length_slopes import arm_index
from hotmess.laws.gaussian import shrunk_covariance

if TYPE_CHECKING:
    from hotmess.claims.study import Study


def _rows(study: Study) -> np.ndarray:
    """Rows of the length law's bins whose model has a size; raises where there are too few sizes."""
    size = study.length_law.bins["model_size_b"].to_numpy(float)
    rows = np.flatnonzero(size > 0)
    sizes = len(np.unique(size[rows]))
    if sizes < MIN_SIZES:
        raise NotTestable(
            f"Only {sizes} model size{'s' if sizes != 1 else ''} can be used, so that what size predicts cannot be "
            f"told: at least {MIN_SIZES} are needed."
        )
    return rows


def _quantity(study: Study, population: str) -> Quantity:
    law = study.length_law
    rows = _rows(study)
    bins = law.bins.iloc[rows]
    sets = law.fit.draws(KEYS, population=population)
    place = {tuple(r): i for i, r in enumerate(sets.table[KEYS].itertuples(index=False, name=None))}
    index = [place[tuple(r)] for r in bins[KEYS].itertuples(index=False, name=None)]
    ratio = sets.incoherence[..., index].reshape(-1, len(index))
    logit = np.log(np.clip(ratio, 1e-6, 1 - 1e-6)) - np.log1p(-np.clip(ratio, 1e-6, 1 - 1e-6))
    chains = law.fit.chains
    per_chain = int(law.data["posterior"].sizes["draw"])
    got = slope_draws(
        logit.mean(0),
        shrunk_covariance(logit),
        bins["log_length"].to_numpy(),
        np.log(bins["model_size_b"].to_numpy(float)),
        np.unique(bins["model"].astype(str).to_numpy(), return_inverse=True)[1],
        draws=chains * per_chain,
        seed=study.seed,
    )
    shape = (chains, per_chain)
    each = {"slope on length": got.length.reshape(shape), "slope on size": got.size.reshape(shape)}
    cells = law.fit.cells.table
    cells = cells[cells["model_size_b"] > 0]
    return Quantity(
        got.difference.reshape(shape),
        law.fit.gate.over(each),
        length_scope(study, cells),
        each,
        notes=law.notes,
    )


def _terms(study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    _rows(study)
    cells = study.length_law.fit.cells
    keep = np.flatnonzero((cells.table["model_size_b"] > 0).to_numpy())
    table = cells.table.iloc[keep]
    terms = unbiased(cells.points)
    names, model = np.unique(table["model"].astype(str).to_numpy(), return_inverse=True)
    size = table.assign(model=table["model"].astype(str)).groupby("model")["model_size_b"].first()
    x = table["latent_log2_length"].to_numpy() * np.log(2)
    question = question_index(table)
    return (
        terms.variance[keep],
        terms.error[keep],
        x,
        model,
        np.log(size.loc[list(names)].to_numpy(float)),
        question,
        int(cells.table["bin"].max()) + 1,
    )


def _estimate(study: Study) -> Estimate:
    variance, error, x, model, size, _, bins = _terms(study)
    return quick_shares(variance, error, x, model, size, bins=bins)


def _control(study: Study, seed: int) -> Control:
    """Lengths permuted between questions, alike for all models: what is left of length predicts nothing."""
    variance, error, x, model, size, question, bins = _terms(study)
    cells = study.length_law.fit.cells.table
    arm = arm_index(cells)[(cells["model_size_b"] > 0).to_numpy()]
    permuted = (
        quick_shares(variance[has], error[has], new, model[has], size, bins=bins)
        for has, new in permuted_lengths(x, arm, question, seed, 37)
    )
    return run_control("lengths permuted between questions, alike for all models", _estimate(study), permuted)


def _prior(study: Study, rng: np.random.Generator, n: int) -> np.ndarray:
    length, size = rng.normal(0, SLOPE, (2, n))
    return share_difference(length, size, 0.0)


CLAIM = Claim(
    name="length-predicts-more-than-size",
    place="claim 5; surface of incoherence over length and size",
    statement="length predicts incoherence better than model size does, over the lengths and sizes observed",
    estimand=(
        "Shapley share of latent log length minus that of log model size in the variance of logit incoherence that "
        "both explain (-1 to 1)"
    ),
    quantity=_quantity,
    needs="letters, lengths, at least 4 model sizes, 8 questions and 4 length bins with 10 wrong responses",
    estimate=_estimate,
    control=_control,
    association=True,
    across=("model",),
    prior=_prior,
    published=explained,
    rates=rates_beside(__file__),
    absent=absent.sizes_or_lengths,
    widened=False,
    order=110,
)
