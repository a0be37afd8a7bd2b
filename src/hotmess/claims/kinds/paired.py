"""Claims that compare two sides of the same questions: halves by length, budgets, arms of an intervention.

The sides take the places of the shorter and the longer half in `hotmess.laws.contrast`, whose estimators, parts and
permutations serve all of them. The quantity is `sign` times the change of incoherence from the first to the second.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.densities import fit_densities
from hotmess.claims.claim import Case, Claim, LeaveOut, Quantity
from hotmess.claims.kinds.permuted_sides import permuted_changes
from hotmess.claims.later import Later
from hotmess.decompose.parts import NAMES
from hotmess.design.components import Components, half_components
from hotmess.errors import ASK_HARDER, NotTestable
from hotmess.estimates.control import Control, run_control, stated
from hotmess.estimates.estimate import Estimate
from hotmess.estimates.sides import halves_estimate
from hotmess.statements.effective import effective_of

if TYPE_CHECKING:
    from hotmess.answers.posterior import Fit
    from hotmess.claims.study import Study
    from hotmess.laws.contrast import Contrast
    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses


@dataclass(frozen=True)
class TwoSides:
    """Everything of a claim that follows from its two sides.

    Attributes
    ----------
    sign
        1 where the second side is claimed to be more incoherent, -1 where it is claimed to be less.
    contrast, cells
        (study) -> the latent contrast, and the cells by side, rows alternating.
    again
        (responses) -> cells by side of other responses, for what was cut off or unparsable left out.
    scope
        (study, cells' table) -> what the data cover.
    undefined
        Sentence for a model that makes no errors on a side, with `{}` for its name.
    permuted
        What the negative control permutes.
    fill
        Whether missing lengths can change a side.
    share
        Of a question's responses, those on one side.
    """

    sign: float
    contrast: Callable[[Study], Contrast]
    cells: Callable[[Study], Cells]
    again: Callable[[Responses], Cells]
    scope: Callable[[Study, Any], str]
    undefined: str
    permuted: str
    fill: bool = False
    share: float = 1.0

    def claim(self, **own: Any) -> Claim:
        """The claim about these sides; own: what it says, and what it carries beside what all of them do."""
        return Claim(
            quantity=self.quantity,
            by_unit=True,
            estimate=self.estimate,
            control=self.control,
            variants=self.variants,
            change=True,
            fit=self.fit,
            densities=self.densities,
            leave_out=LEAVE_OUT,
            design=self.design,
            of_models=True,
            negligible=0.02,
            most=1.0,
            by_questions=True,
            **own,
        )

    def quantity(self, study: Study, population: str) -> Quantity:
        """The change of incoherence, mean over models, with its parts."""
        contrast = self.contrast(study)
        change = self.sign * contrast.change(population)
        models = contrast.models["model"]
        if not np.isfinite(change).all():
            bad = [m for i, m in enumerate(models) if not np.isfinite(change[..., i]).all()]
            raise NotTestable(self.undefined.format(bad[0]), ASK_HARDER)
        assert contrast.fit is not None
        each = {str(m): change[..., i] for i, m in enumerate(models)}
        scope = self.scope(study, contrast.fit.cells.table)
        settled, effective = contrast.settled, None
        if settled is not None and contrast.means is not None and population == "like-these":
            effective = effective_of(settled, -1, contrast.means.units, self.sign)
        mean = self.sign * contrast.mean_change(population)
        gate = contrast.fit.gate.over(each, "the change of incoherence")
        parts = Later(lambda: self._parts(contrast, population))
        return Quantity(mean, gate, scope, each, parts, contrast.notes, effective=effective)

    def _parts(self, contrast: Contrast, population: str) -> dict[str, np.ndarray]:
        three = contrast.parts.get(population)
        return {} if three is None else {n: self.sign * three[..., i].mean(-1) for i, n in enumerate(NAMES)}

    def estimate(self, study: Study) -> Estimate:
        """The same by unbiased terms."""
        return self._signed(halves_estimate(self.cells(study)))

    def control(self, study: Study, seed: int) -> Control:
        """Responses dealt anew to the two sides of each model and question, through the same statement."""
        contrast = self.contrast(study)
        assert contrast.settled is not None
        permuted = (stated(one, -1, self.sign) for one in permuted_changes(contrast, self.cells(study), seed))
        return run_control(self.permuted, stated(contrast.settled, -1, self.sign), permuted)

    def variants(self, study: Study) -> dict[str, Estimate]:
        """Unparsable responses as wrong; those cut off left out; missing lengths at their bounds."""
        cells, out = self.cells(study), {}
        if cells.table["unparsable"].any():
            out["unparsable as wrong"] = self._signed(halves_estimate(cells, unparsable="wrong"))
        others: Mapping[str, Responses | None] = {"cut off and unparsable left out": study.without_truncated}
        if self.fill:
            others = {**others, **study.filled_lengths}
        for name, responses in others.items():
            if responses is not None:
                with contextlib.suppress(NotTestable):
                    out[name] = self._signed(halves_estimate(self.again(responses)))
        return out

    def fit(self, study: Study) -> Fit | None:
        """The fit of answers by side."""
        return self.contrast(study).fit

    def densities(self, study: Study, _: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Log prior and log likelihood of that fit's draws."""
        fit = self.fit(study)
        return None if fit is None else fit_densities(fit)

    def design(self, study: Study, draws: int) -> Components:
        """Components of the variance of `estimate`."""
        return half_components(self.fit(study), draws=draws, sign=self.sign, share=self.share)

    def _signed(self, estimate: Estimate) -> Estimate:
        return Estimate(self.sign * estimate.value, estimate.error, estimate.df)


def without_model(case: Case, column: str, value: str) -> tuple[np.ndarray, float] | None:
    """Models share nothing in these fits: without one of them, the others' draws are what they were."""
    if column != "model" or value not in case.quantity.each:
        return None
    rest = [draws for name, draws in case.quantity.each.items() if name != value]
    return (np.mean(rest, axis=0), -np.inf) if rest else None


LEAVE_OUT = LeaveOut(without_model)
