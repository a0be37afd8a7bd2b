"""Questions in bins by their latent length: what laws of incoherence in length are fitted to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import NotTestable

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses

BINS, MIN_BINS, MIN_WRONG = 12, 4, 10
FURTHER_APART = "Ask questions whose lengths lie further apart."
ARM = ("model", "condition", "budget")


def latent_lengths(responses: Responses, table: pd.DataFrame, *, latent: bool = True) -> np.ndarray:
    """Posterior mean of the latent log₂ length of every cell of `table`, from all runs (`hotmess.laws.latent_length`).

    Noise in x flattens a law between questions (0.5 becomes 0.45 with three runs each); latent lengths, runs cut off at
    a token limit censored there, are the cure. latent=False gives the means of the runs, for comparison.
    """
    import pandas as pd

    from hotmess.laws.latent_length import latent_length
    from hotmess.responses.cut import cut_off
    from hotmess.responses.table import CELL

    known = latent_length(
        responses.table, length=str(responses.length), censored=cut_off(responses), enabled=latent
    ).set_index(list(CELL))["log2_length"]
    return known.reindex(pd.MultiIndex.from_frame(table[list(CELL)].astype(str))).to_numpy(float)


def binned_cells(responses: Responses, *, bins: int = BINS, latent: bool = True) -> tuple[Cells, tuple[str, ...]]:
    """Cells with a `latent_log2_length` and a `bin` by it within each arm; what is left out.

    Bins have equally many questions, but neighbours are joined until each has `MIN_WRONG` wrong responses: none is left
    out for what its answers were. Arms without `MIN_BINS` such bins are left out whole.
    latent=False: means of the runs in the place of latent lengths, for comparison.

    Raises
    ------
    NotTestable
        If there is no length, it does not vary between questions, there are too few questions for `MIN_BINS` bins, or
        every arm has too few errors.
    """
    from hotmess.responses.cells import reduce, take_cells
    from hotmess.responses.cut import missing_lengths_note

    if responses.length is None:
        raise NotTestable(
            "There is no length column (reasoning_tokens or actions), so nothing can be said about length."
        )
    cells = reduce(responses)
    table = cells.table
    has = table["log2_length"].notna() & (table["responses"] >= 2)
    missing = missing_lengths_note(responses)
    notes = [missing] if missing else []
    if (~has).any():
        notes.append(
            f"{int((~has).sum())} cells without a length or with a single response are left out of the length law."
        )
    if not has.any():
        raise NotTestable(
            f"No question has {responses.length} and two or more responses at one budget, so nothing can be said "
            "about length.",
            "Draw at least two responses of each question at one budget, with their lengths.",
        )
    cells = take_cells(cells, np.flatnonzero(has.to_numpy()))
    table = cells.table.copy()
    arms = table.groupby(list(ARM), observed=True)["log2_length"]
    if (arms.transform("max") - arms.transform("min") < 1e-9).all():
        why = f"Lengths ({responses.length}) do not vary between questions, so nothing can be said about length."
        raise NotTestable(why, FURTHER_APART)
    table["latent_log2_length"] = latent_lengths(responses, table, latent=latent)
    arms = table.groupby(list(ARM), observed=True)["latent_log2_length"]
    if (arms.transform("max") - arms.transform("min") < 1e-9).all():
        raise NotTestable(
            f"Lengths ({responses.length}) vary between questions no more than between runs of one question, so "
            "nothing can be said about length.",
            FURTHER_APART,
        )
    rank = arms.rank(method="first") - 1
    size = arms.transform("size")
    if size.max() < 2 * MIN_BINS:
        raise NotTestable(
            f"A law in length needs at least {2 * MIN_BINS} questions of one model and budget; there are "
            f"{int(size.max())}."
        )
    per_arm = (size // 2).clip(1, bins)
    table["bin"] = _joined(table, (rank * per_arm // size).astype(int))
    few = table.groupby(list(ARM), observed=True)["bin"].transform("max") + 1 < MIN_BINS
    if few.all():
        raise NotTestable(
            f"No model has {MIN_BINS} length bins with {MIN_WRONG} or more wrong responses: there are too few errors "
            "to decompose.",
            "Ask more questions that are answered wrong now and then, or draw more responses to each.",
        )
    whole = replace(cells, table=table)
    if few.any():
        names = table.loc[few, list(ARM)].drop_duplicates().itertuples(index=False)
        listed = "; ".join(", ".join(str(part) for part in name if str(part)) for name in names)
        notes.append(
            f"Left out of the length law, fewer than {MIN_BINS} bins of {MIN_WRONG} wrong responses: {listed}."
        )
        whole = take_cells(whole, np.flatnonzero(~few.to_numpy()))
    return whole, tuple(notes)


def _joined(table: pd.DataFrame, place: pd.Series) -> np.ndarray:
    """Bins of each arm, from the shortest, joined with the next until they have enough wrong responses."""
    arm = table.groupby(list(ARM), observed=True, sort=False).ngroup().to_numpy()
    wrong = (table["responses"] - table["right"]).to_numpy()
    old, out = place.to_numpy(), np.empty(len(table), int)
    for a in np.unique(arm):
        rows = np.flatnonzero(arm == a)
        joined = _enough(np.bincount(old[rows], wrong[rows]))
        out[rows] = joined[old[rows]]
    return out


def _enough(wrong: np.ndarray) -> np.ndarray:
    """New numbers of bins with so many wrong responses, from the first; what is left at the end goes with the last.

    >>> _enough(np.array([3, 8, 16, 2, 5, 0])).tolist()
    [0, 0, 1, 1, 1, 1]
    """
    out, number, count = np.empty(len(wrong), int), 0, 0.0
    for i, n in enumerate(wrong):
        if count >= MIN_WRONG:
            number, count = number + 1, 0.0
        out[i], count = number, count + n
    return out if count >= MIN_WRONG or number == 0 else np.minimum(out, number - 1)
