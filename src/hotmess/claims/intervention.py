"""The claim about an intervention: the same questions in two arms, told apart by `condition`.

The arms take the places of the shorter and the longer half in `hotmess.laws.contrast`, whose estimators, parts and
permutations serve both. Any data with two arms will do: a prompt, a fine-tuned variant, a model that corrects itself.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Claim, Estimate, Quantity
from hotmess.claims.scope import base_scope
from hotmess.decompose.parts import NAMES
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.halves import half_counts, half_estimate, half_index, halves_estimate, permuted_counts
from hotmess.inference.gate import gate_draws
from hotmess.words import join

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.laws.contrast import Contrast
    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses

WITHOUT = ("", "plain", "baseline", "base", "control", "default", "none", "no", "off", "standard", "without")
"""What an arm without the intervention may be called in `condition`."""
ENOUGH = 10
"""Wrong responses a model needs in each arm: with fewer, its incoherence there is little but the prior."""


def arms(responses: Responses) -> tuple[str, str]:
    """The arm without the intervention and the arm with it.

    Raises
    ------
    NotTestable
        If there are not two conditions, or neither or both are among `WITHOUT`.
    """
    found = sorted(responses.table["condition"].astype(str).unique())
    if len(found) != 2:
        raise NotTestable(
            f"An intervention is a comparison of two arms (column condition); there {_are(len(found))}"
            + ("; choose two with --where." if len(found) > 2 else ".")
        )
    without = [name for name in found if name.strip().lower() in WITHOUT]
    if len(without) != 1:
        raise NotTestable(
            f"Which of the arms {found[0]!r} and {found[1]!r} is without the intervention cannot be told; call it "
            "plain, baseline or control in the column condition."
        )
    return without[0], next(name for name in found if name != without[0])


def _are(count: int) -> str:
    return "is one" if count == 1 else f"are {count}"


def arm_cells(responses: Responses) -> tuple[Cells, tuple[str, ...]]:
    """Cells of questions asked in both arms, without (`shorter`) and with (`longer`) the intervention; and notes.

    A model with fewer than 10 wrong responses in an arm is left out, and named in the notes.

    Raises
    ------
    NotTestable
        If there are no two arms, no question has three responses in both, or every model is left out.
    """
    import pandas as pd

    from hotmess.laws.contrast import HALVES, take_cells, whole_pairs
    from hotmess.responses.cells import reduce

    names = arms(responses)
    code = np.where(responses.table["condition"].astype(str) == names[1], 1, 0)
    half = pd.Categorical.from_codes(code, pd.Index(HALVES), ordered=True)
    table = responses.table.assign(half=half, condition="")
    cells = whole_pairs(
        reduce(replace(responses, table=table), split=["half"]),
        f"No question has three or more responses both in the arm {names[0]!r} and in the arm {names[1]!r}.",
    )
    wrong = (cells.table["responses"] - cells.table["right"]).groupby([cells.table["model"], cells.table["half"]]).sum()
    least = wrong.groupby(level=0).min()
    few = sorted(map(str, least.index[least < ENOUGH]))
    if not few:
        return cells, ()
    keep = np.flatnonzero(~cells.table["model"].astype(str).isin(few).to_numpy())
    if len(keep) == 0:
        raise NotTestable(f"No model has {ENOUGH} or more wrong responses in both arms.")
    return take_cells(cells, keep), (f"Left out, with fewer than {ENOUGH} wrong responses in an arm: {join(few)}.",)


def paired(study: Study) -> tuple[Cells, tuple[str, ...]]:
    """The study's cells by arm, made once."""
    return study._once("arms", lambda: arm_cells(study.responses))


def arm_contrast(study: Study) -> Contrast:
    """With against without the intervention, latent, made once."""
    from hotmess.laws.contrast import latent_contrast

    def make() -> Contrast:
        cells, notes = paired(study)
        contrast = latent_contrast(cells, seed=study.seed, draws=study.draws, chains=study.chains)
        return replace(contrast, notes=notes)

    return study._once("arm contrast", make)


def unbiased_arm_contrast(study: Study) -> Contrast:
    """The same without a model."""
    from hotmess.laws.contrast import unbiased_contrast

    return study._once("unbiased arm contrast", lambda: unbiased_contrast(paired(study)[0], seed=study.seed))


def _quantity(study: Study, population: str) -> Quantity:
    contrast = arm_contrast(study)
    change = -contrast.change(population)
    if not np.isfinite(change).all():
        bad = [m for i, m in enumerate(contrast.models["model"]) if not np.isfinite(change[..., i]).all()]
        raise NotTestable(f"In one arm {bad[0]} makes no errors at all, so its incoherence there is undefined.")
    assert contrast.fit is not None
    each = {str(m): change[..., i] for i, m in enumerate(contrast.models["model"])}
    three = contrast.parts.get(population)
    parts = {} if three is None else {name: -three[..., i].mean(-1) for i, name in enumerate(NAMES)}
    without, with_it = arms(study.responses)
    scope = f"{base_scope(contrast.fit.cells.table)}, from the arm {without!r} to the arm {with_it!r}"
    return Quantity(change.mean(-1), contrast.fit.gate & gate_draws(each), scope, each, parts, contrast.notes)


def _minus(estimate: Estimate) -> Estimate:
    return Estimate(-estimate.value, estimate.error, estimate.df)


def _estimate(study: Study) -> Estimate:
    return _minus(halves_estimate(paired(study)[0]))


def _control(study: Study, seed: int) -> Control:
    cells = paired(study)[0]
    model, question = half_index(cells.table)
    counts, terms = half_counts(cells)
    permuted = (
        _minus(half_estimate(new, cells.table, terms=terms, model_index=model, question=question))
        for new in permuted_counts(counts, seed)
    )
    return run_control("labels of the arms permuted within model and question", _estimate(study), permuted)


def _variants(study: Study) -> dict[str, Estimate]:
    cells, out = paired(study)[0], {}
    if cells.table["unparsable"].any():
        out["unparsable as wrong"] = _minus(halves_estimate(cells, unparsable="wrong"))
    without = study.without_truncated
    if without is not None:
        with contextlib.suppress(NotTestable):
            out["cut off and unparsable left out"] = _minus(halves_estimate(arm_cells(without)[0]))
    return out


intervention_lowers_incoherence = Claim(
    name="intervention-lowers-incoherence",
    place="open question of the discussion: models with explicit error correction",
    statement="the same questions are answered less incoherently with the intervention than without it",
    estimand="incoherence without minus incoherence with the intervention, mean over models",
    quantity=_quantity,
    needs="any outcome with a target, two conditions of which one is called plain, baseline or control",
    estimate=_estimate,
    control=_control,
    variants=_variants,
    change=True,
    across=("condition",),
)
