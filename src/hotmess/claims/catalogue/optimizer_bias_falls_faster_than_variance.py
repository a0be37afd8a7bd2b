"""The claim about imitators of an optimizer: with size, the bias of where they end falls faster than its variance.

Any table of points with a target will do: a question is a problem, a column `seed` tells trainings of one size apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.scope import base_scope
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import Estimate
from hotmess.estimates.size_slopes import size_estimate, size_estimates, size_permutations

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.claims.study import Study
    from hotmess.optimizer.law import RolloutLaw
    from hotmess.responses.table import Responses

SIZES, TRAININGS = 4, 3
"""A law needs as many sizes, and as many trainings of all sizes, that seeds and problems can be told from them."""


@dataclass(frozen=True)
class PointLaw:
    """The hierarchical power law of a table of points, and who made the points."""

    posterior: RolloutLaw
    cells: pd.DataFrame


def point_terms(responses: Responses) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The law's table, one row per model and problem, and the cells behind it.

    Columns: size, problem, seed, loss (not used here: NaN), and the unbiased bias2 and variance with their jackknife
    standard deviations over the responses (methods, section 2). `seed` names the training: its seed, and what else
    tells sweeps apart.

    Raises
    ------
    NotTestable
        If the outcome is no point, no size is known, or there are fewer than 4 sizes or 3 trainings.
    """
    import pandas as pd

    from hotmess.laws.contrast_parts import letter_statistics
    from hotmess.responses.cells import reduce, take_cells

    if responses.outcome != "point":
        raise NotTestable(
            f"The claim is about points with a target, such as ends of rollouts; the outcome here is "
            f"{responses.outcome}."
        )
    more = [name for name in ("seed",) if name in responses.table]
    cells = reduce(responses, split=more)
    enough = np.bincount(cells.points.cell, weights=cells.points.copies, minlength=len(cells)) >= 3
    keep = np.flatnonzero(cells.table["model_size_b"].notna().to_numpy() & enough)
    if len(keep) == 0:
        raise NotTestable("No model has a size (column model_size_b) and three or more points on one problem.")
    cells = take_cells(cells, keep)
    estimate, covariance = letter_statistics(cells)
    to_bias2 = np.array([-1.0, 1.0])  # error − variance
    table = cells.table
    several = [c for c in ("benchmark", "family", "condition", "budget") if table[c].astype(str).nunique() > 1]
    names = zip(*(table[c].astype(str) for c in [*more, *several])) if more or several else [()] * len(table)
    frame = pd.DataFrame(
        {
            "size": (table["model_size_b"] * 1e9).round().astype(int),
            "problem": table["question"].astype(str),
            "seed": [" ".join(name) for name in names],
            "loss": np.nan,
            "bias2": estimate @ to_bias2,
            "bias2_sd": np.sqrt(np.einsum("i,nij,j->n", to_bias2, covariance, to_bias2)),
            "variance": estimate[:, 0],
            "variance_sd": np.sqrt(covariance[:, 0, 0]),
        }
    )
    if frame["size"].nunique() < SIZES:
        raise NotTestable(f"A law in size needs at least {SIZES} sizes; there are {frame['size'].nunique()}.")
    trainings = len(frame[["problem", "seed"]].drop_duplicates())
    if trainings < TRAININGS:
        raise NotTestable(
            f"What seeds of training and problems have in common takes at least {TRAININGS} trainings of all sizes "
            f"(columns question and seed); there are {trainings}."
        )
    return frame, table


def point_law(study: Study) -> PointLaw:
    """The study's law, fitted once."""
    from hotmess.optimizer.law import fit_law
    from hotmess.optimizer.logarithms import logarithms

    def make() -> PointLaw:
        frame, cells = point_terms(study.responses)
        return PointLaw(fit_law(logarithms(frame), **study.sampled), cells)

    return study.once("point law", make)


def _quantity(study: Study, population: str) -> Quantity:
    made = point_law(study)
    law = made.posterior
    draws = law.falls_faster(population=population)
    names = sorted(set(made.cells["question"].astype(str)))
    own = law.dataset(population=population)["alpha_problem"].values
    each = {name: own[..., i, 0] - own[..., i, 1] for i, name in enumerate(names)}
    trainings = len(set(law.law.sweep.tolist()))
    who = "a new seed of training and a new problem" if population == "like-these" else "the average seed and problem"
    scope = f"{base_scope(made.cells)} ({trainings} trainings of all sizes), for {who}"
    return Quantity(draws, law.gate.over(each, "the difference of exponents"), scope, each, notes=law.law.left_out)


def _by_size(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """(sizes,) logarithms of size and (sizes, trainings) unbiased log(variance/bias²); nan where not told from 0."""
    data = point_law(study).posterior.law
    x, row = np.unique(data.x, return_inverse=True)
    y = np.full((len(x), int(data.sweep.max()) + 1), np.nan)
    both = data.seen[:, 0] & data.seen[:, 1]
    y[row[both], data.sweep[both]] = (data.y[:, 1] - data.y[:, 0])[both]
    return x, y


def _centred(y: np.ndarray) -> np.ndarray:
    """(sizes, 1) effect of each size beside that of each training: least squares, so that a gap does no harm."""
    seen = np.isfinite(y)
    size, training = np.nonzero(seen)
    design = np.zeros((len(size), sum(y.shape)))
    design[np.arange(len(size)), size] = 1
    design[np.arange(len(size)), y.shape[0] + training] = 1
    effect = np.linalg.lstsq(design, y[seen], rcond=None)[0][: y.shape[0]]
    return np.where(seen.any(axis=1), effect, np.nan)[:, None]


def _estimate(study: Study) -> Estimate:
    x, y = _by_size(study)
    return size_estimate(x, _centred(y), np.ones(1))


def _control(study: Study, seed: int) -> Control:
    x, y = _by_size(study)
    orders, exhaustive = size_permutations(x, seed)
    permuted = size_estimates(orders, _centred(y), np.ones(1))
    return run_control("sizes permuted, alike in all trainings", _estimate(study), permuted, exhaustive=exhaustive)


def _prior(study: Study, rng: np.random.Generator, n: int) -> np.ndarray:
    return point_law(study).posterior.prior_falls_faster(rng, n)


def _densities(study: Study, _: str) -> tuple[np.ndarray, np.ndarray]:
    return point_law(study).posterior.densities()


CLAIM = Claim(
    name="optimizer-bias-falls-faster-than-variance",
    place="claim 7, appendix B.4; figure of the synthetic optimizer's bias and variance against model size",
    statement="with size, imitators of an optimizer lose bias faster than variance",
    estimand="exponent of bias² minus that of variance in 1/size, at the end of the rollouts",
    quantity=_quantity,
    needs="points with a target (columns point, target_point), at least 4 model sizes, 3 trainings (question, seed)",
    estimate=_estimate,
    control=_control,
    densities=_densities,
    prior=_prior,
    widened=False,
    absent=absent.points,
    negligible=0.05,
    narrowed_by="trainings, or sizes of models,",
    order=170,
)
