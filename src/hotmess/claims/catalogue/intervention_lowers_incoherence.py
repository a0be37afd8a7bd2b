"""The claim about an intervention: the same questions in two arms, told apart by `condition`.

Any data with two arms will do: a prompt, a fine-tuned variant, a model that corrects itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.kinds import absent
from hotmess.claims.kinds.paired import TwoSides
from hotmess.claims.scope import base_scope
from hotmess.errors import NotTestable
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
            + ("; choose two with --where." if len(found) > 2 else "."),
            "Choose two (--where \"condition in ('one', 'other')\"), the one without the intervention called plain, "
            "baseline or control." * (len(found) > 2),
        )
    without = [name for name in found if name.strip().lower() in WITHOUT]
    if len(without) != 1:
        raise NotTestable(
            f"Which of the arms {found[0]!r} and {found[1]!r} is without the intervention cannot be told; call it "
            "plain, baseline or control in the column condition.",
            "Call the arm without the intervention plain, baseline or control in the column condition.",
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

    from hotmess.laws.contrast import HALVES, whole_pairs
    from hotmess.responses.cells import reduce, take_cells

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
    return study.once("arms", lambda: arm_cells(study.responses))


def arm_contrast(study: Study) -> Contrast:
    """With against without the intervention, latent, made once."""
    from hotmess.laws.contrast import latent_contrast

    def make() -> Contrast:
        cells, notes = paired(study)
        contrast = latent_contrast(cells, answers=study.answers, **study.sampled)
        return replace(contrast, notes=notes)

    return study.once("arm contrast", make)


def unbiased_arm_contrast(study: Study) -> Contrast:
    """The same without a model."""
    from hotmess.laws.contrast import unbiased_contrast

    return study.once("unbiased arm contrast", lambda: unbiased_contrast(paired(study)[0], seed=study.seed))


def _scope(study: Study, table: Any) -> str:
    without, with_it = arms(study.responses)
    return f"{base_scope(table)}, from the arm {without!r} to the arm {with_it!r}"


SIDES = TwoSides(
    sign=-1.0,
    contrast=arm_contrast,
    cells=lambda study: paired(study)[0],
    again=lambda responses: arm_cells(responses)[0],
    scope=_scope,
    undefined="In one arm {} makes no errors at all, so its incoherence there is undefined.",
    permuted="labels of the arms permuted within model and question",
)
CLAIM = SIDES.claim(
    name="intervention-lowers-incoherence",
    place="open question of the discussion: models with explicit error correction",
    statement="the same questions are answered less incoherently with the intervention than without it",
    estimand="incoherence without minus incoherence with the intervention, mean over models",
    needs="any outcome with a target, two conditions of which one is called plain, baseline or control",
    across=("condition",),
    absent=absent.arms,
    order=160,
)
