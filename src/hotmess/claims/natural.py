"""The claim about natural variation of length: longer against shorter responses to one question."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.claim import Claim, Estimate, Quantity
from hotmess.claims.scope import length_scope
from hotmess.decompose.parts import NAMES
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.halves import half_counts, half_estimate, half_index, halves_estimate, permuted_counts
from hotmess.inference.gate import gate_draws

if TYPE_CHECKING:
    from hotmess.claims.study import Study


def _natural(study: Study, population: str) -> Quantity:
    contrast = study.contrast
    change = contrast.change(population)
    if not np.isfinite(change).all():
        bad = [m for i, m in enumerate(contrast.models["model"]) if not np.isfinite(change[..., i]).all()]
        raise NotTestable(f"One half of {bad[0]} has no errors at all, so its incoherence is undefined.")
    assert contrast.fit is not None
    each = {str(m): change[..., i] for i, m in enumerate(contrast.models["model"])}
    three = contrast.parts.get(population)
    parts = {} if three is None else {name: three[..., i].mean(-1) for i, name in enumerate(NAMES)}
    return Quantity(
        change.mean(-1),
        contrast.fit.gate & gate_draws(each),
        length_scope(study, contrast.fit.cells.table),
        each,
        parts,
        contrast.notes,
        guards=_joint(study, population),
    )


def _joint(study: Study, population: str) -> dict[str, Any]:
    """The joint model's reading, where that model was fitted for another claim; it decides nothing."""
    fit = study.fitted("temperature")
    if fit is None or "natural" not in fit.data.features:
        return {}
    from hotmess.claims.overthinking import beside
    from hotmess.temperature.statements import natural_slope

    what = "change of logit incoherence per doubling of natural length, an association"
    return {"joint_model": beside(natural_slope(fit, population), what)}


def _natural_estimate(study: Study) -> Estimate:
    return halves_estimate(study.halves)


def _natural_control(study: Study, seed: int) -> Control:
    cells = study.halves
    model, question = half_index(cells.table)
    counts, terms = half_counts(cells)
    permuted = (
        half_estimate(new, cells.table, terms=terms, model_index=model, question=question)
        for new in permuted_counts(counts, seed)
    )
    return run_control("lengths permuted within model, question and budget", _natural_estimate(study), permuted)


def _natural_variants(study: Study) -> dict[str, Estimate]:
    from hotmess.laws.contrast import halved_cells

    cells, out = study.halves, {}
    if cells.table["unparsable"].any():
        out["unparsable as wrong"] = halves_estimate(cells, unparsable="wrong")
    others = {"cut off and unparsable left out": study.without_truncated, **study.filled_lengths}
    for name, responses in others.items():
        if responses is not None:
            with contextlib.suppress(NotTestable):
                out[name] = halves_estimate(halved_cells(responses))
    return out


natural_overthinking = Claim(
    name="natural-overthinking",
    place="claim 2; figure of responses above and below the question's median length",
    statement="within a question, longer responses are more incoherent than shorter ones",
    estimand="change of incoherence from the shorter to the longer half, mean over models",
    quantity=_natural,
    needs="any outcome with a target, lengths, at least 3 responses above and below each question's median length",
    estimate=_natural_estimate,
    control=_natural_control,
    variants=_natural_variants,
    association=True,
    change=True,
    across=("response",),
)
