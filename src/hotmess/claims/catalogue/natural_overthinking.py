"""The claim about natural variation of length: longer against shorter responses to one question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from hotmess.claims.kinds import absent
from hotmess.claims.kinds.hidden_cause import HiddenCause
from hotmess.claims.kinds.joint_model import JointModel
from hotmess.claims.kinds.paired import TwoSides
from hotmess.claims.kinds.within_length import LengthSlope, halves_association
from hotmess.claims.procedures import median_split
from hotmess.claims.rates import rates_beside
from hotmess.claims.scope import length_scope
from hotmess.decompose.parts import incoherence
from hotmess.laws.contrast import halved_cells
from hotmess.temperature.scalars import natural_slope

if TYPE_CHECKING:
    from hotmess.claims.study import Study


def _prior(study: Study, rng: np.random.Generator, n: int) -> np.ndarray:
    """Change of the parametric population incoherence I(a, κ, h) between two halves with priors of their own."""
    contrast = study.contrast
    assert contrast.fit is not None
    prior, models = contrast.fit.prior, len(contrast.models)
    options = float(study.halves.table["n_choices"].median()) - 1
    eta = rng.normal(prior.location, prior.scale, (n, models, 2, 3))
    a, kappa, phi = expit(eta[..., 0]), np.exp(eta[..., 1]), np.exp(eta[..., 2])
    value = incoherence(a, 1 / (kappa + 1), (1 + phi / options) / (1 + phi))
    out: np.ndarray = (value[..., 1] - value[..., 0]).mean(1)
    return out


SIDES = TwoSides(
    sign=1.0,
    contrast=lambda study: study.contrast,
    cells=lambda study: study.halves,
    again=halved_cells,
    scope=length_scope,
    undefined="One half of {} has no errors at all, so its incoherence is undefined.",
    permuted="lengths permuted within model, question and budget",
    fill=True,
    share=0.5,
)
JOINT = JointModel(
    "natural", natural_slope, "change of logit incoherence per doubling of natural length, an association"
)
SLOPE = LengthSlope(
    of_incoherence=True,
    apart=(
        "halves compare the two sides alone, the contrast every pair by how long both are: incoherence does not move "
        "evenly with length"
    ),
)
CLAIM = SIDES.claim(
    name="natural-overthinking",
    place="claim 2; figure of responses above and below the question's median length",
    statement="within a question, longer responses are more incoherent than shorter ones",
    estimand="change of incoherence from the shorter to the longer half, mean over models",
    needs="any outcome with a target, lengths, at least 3 responses above and below each question's median length",
    association=True,
    across=("response",),
    prior=_prior,
    published=median_split,
    rates=rates_beside(__file__),
    guards=(JOINT, SLOPE, HiddenCause(halves_association)),
    absent=absent.lengths,
    order=50,
)
