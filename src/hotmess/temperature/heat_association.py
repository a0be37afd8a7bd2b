"""The heat of the temperature model as a sum over responses, for what confounding can do to it (methods, section 5).

At the posterior mean of a question's scores an answer k has at z = 0 the logit a_k and the probability p_k. To first
order the effects (heat, lift) of a unit are H^-1 Σ_s z_s (-a_y, 1[y right]), summed over its responses s, with H the
sum over its cells of Σz² times the covariance of (-a, 1[right]) under p: one step of Newton's method from no effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import NotTestable
from hotmess.estimates.confounding import Association
from hotmess.temperature.single_responses import single_responses

if TYPE_CHECKING:
    from hotmess.temperature.posterior import LengthFit


def heat_association(fit: LengthFit) -> Association:
    """Mean over models of the heat by natural length, strata the cells at each of their budgets.

    Raises
    ------
    NotTestable
        If lengths do not vary within budgets, or no unit has answers that differ.
    """
    data = fit.lengths
    if "natural" not in data.features:
        raise NotTestable("Lengths do not vary within the budgets, so long and short cannot be compared.")
    responses = single_responses(data)
    cell, answer, unit = responses.cell, responses.answer, responses.unit
    z = responses.features[data.features.index("natural")]
    scores = fit.data["posterior"].to_dataset()["scores"].values
    logit = np.where(responses.real, np.vstack([np.zeros(len(unit)), scores.mean(axis=(0, 1))]), -np.inf)
    effects = _inverse(logit, np.bincount(cell, z**2, len(unit)), unit)
    known = np.isfinite(effects[:, 0])
    if not known.any():
        raise NotTestable("No question has answers that differ, so there is no temperature to see.")
    own = effects[unit[cell]]
    phi = -own[:, 0] * logit[answer, cell] + own[:, 1] * (answer == 0)
    share = _shares(data.units["model"].to_numpy(str), known)[unit[cell]]
    question = data.dependent()[cell]
    keep = known[unit[cell]]
    stratum, question = (np.unique(x[keep], return_inverse=True)[1] for x in (responses.slot, question))
    return Association(phi[keep] * share[keep], np.abs(z)[keep], z[keep] > 0, stratum, question)


def _inverse(logit: np.ndarray, squares: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """(G, 2) first row of each unit's inverse information of heat and lift; nan where there is none.

    logit: (K + 1, n), the target's first; squares: (n,) sums of z².
    """
    p = np.exp(logit - logit.max(axis=0))
    p /= p.sum(axis=0)
    a = np.where(np.isfinite(logit), logit, 0.0)
    mean = (p * a).sum(axis=0)
    heat = squares * ((p * a**2).sum(axis=0) - mean**2)
    lift = squares * p[0] * (1 - p[0])
    both = squares * p[0] * (mean - a[0])
    units = int(unit.max()) + 1
    h, k, b = (np.bincount(unit, x, units) for x in (heat, lift, both))
    determinant = h * k - b**2
    with np.errstate(invalid="ignore", divide="ignore"):
        out = np.stack([k, -b], axis=1) / determinant[:, None]
    out[~(determinant > 1e-9)] = np.nan
    return out


def _shares(model: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(G,) what each unit has in the mean over models of means over their units."""
    index = np.unique(model, return_inverse=True)[1]
    count = np.bincount(index[known], minlength=int(index.max()) + 1)
    return np.where(known, 1 / np.maximum(count[index], 1) / (count > 0).sum(), 0.0)
