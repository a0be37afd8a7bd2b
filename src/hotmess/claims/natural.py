"""The claim about natural variation of length: longer against shorter responses to one question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims import quick
from hotmess.claims.claim import Claim, Estimate, Quantity
from hotmess.claims.control import Control, run_control
from hotmess.claims.scope import length_scope
from hotmess.decompose.parts import NAMES
from hotmess.errors import NotTestable
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
    parts = {name: contrast.parts[population][..., i].mean(-1) for i, name in enumerate(NAMES)}
    return Quantity(
        change.mean(-1),
        contrast.fit.gate & gate_draws(each),
        length_scope(study, contrast.fit.cells.table),
        each,
        parts,
        contrast.notes,
    )


def _natural_estimate(study: Study) -> Estimate:
    cells = study.halves
    assert cells.counts is not None
    model, question = quick.half_index(cells.table)
    return quick.half_estimate(cells.counts, cells.table, model_index=model, question=question)


def _natural_control(study: Study, seed: int) -> Control:
    cells = study.halves
    model, question = quick.half_index(cells.table)
    permuted = (
        quick.half_estimate(counts, cells.table, model_index=model, question=question)
        for counts in quick.permuted_halves(cells, seed)
    )
    return run_control("lengths permuted within model, question and budget", _natural_estimate(study), permuted)


def _natural_variants(study: Study) -> dict[str, Estimate]:
    from hotmess.laws.contrast import halved_cells

    cells = study.halves
    assert cells.counts is not None
    model, question = quick.half_index(cells.table)
    wrong = quick.half_estimate(cells.counts, cells.table, unparsable="wrong", model_index=model, question=question)
    out = {"unparsable as wrong": wrong}
    without = study.without_truncated
    if without is not None:
        rest = halved_cells(without)
        assert rest.counts is not None
        model, question = quick.half_index(rest.table)
        out["cut off and unparsable left out"] = quick.half_estimate(
            rest.counts, rest.table, model_index=model, question=question
        )
    return out


natural_overthinking = Claim(
    name="natural-overthinking",
    place="claim 2; figure of responses above and below the question's median length",
    statement="within a question, longer responses are more incoherent than shorter ones",
    estimand="change of incoherence from the shorter to the longer half, mean over models",
    quantity=_natural,
    needs="letters, lengths, at least 3 responses above and below each question's median length",
    estimate=_natural_estimate,
    control=_natural_control,
    variants=_natural_variants,
    association=True,
    change=True,
)
