"""What more samples buy: averages and majority votes of E answers, per set of questions, from a fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.conjugate import answer_blocks, brier_terms
from hotmess.answers.population import aggregate
from hotmess.ensembles.averages import average
from hotmess.ensembles.votes import vote, vote_limit
from hotmess.errors import BadInput, listed, tails

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.posterior import Fit

SIZES = (1, 8)
DRAWS = 200


@listed("sizes", "by")
def ensemble_table(
    fit: Fit,
    *,
    sizes: Sequence[int] = SIZES,
    by: Sequence[str] = ("model",),
    population: str = "like-these",
    interval: float = 0.9,
    draws: int = DRAWS,
) -> pd.DataFrame:
    """Posterior of the average and of the majority vote of E answers, for each E in `sizes` and in the limit.

    Every answer is in a few-shot context of its own. The Brier error of the average tends to bias², the accuracy of the
    vote to the share of questions whose most probable answer is right: `size` is infinity there, and what is wrong in
    that row no resampling removes.

    Parameters
    ----------
    fit
        Of letters.
    by
        Columns of the cells; "difficulty" where the fit has groups of it.
    draws
        Posterior draws of every question's answers, on which the time depends.

    Returns
    -------
    One row per set and size: `by`, questions, size, then medians with `_low` and `_high` of `accuracy` (of the vote),
    `error`, `bias2`, `variance` and `incoherence` (of the average, Brier), and `gain`, accuracy over one answer's.

    Raises
    ------
    BadInput
        If the fit is not of letters, or a column is not there.
    """
    import pandas as pd

    if fit.cells.counts is None:
        raise BadInput("Votes need letters; for other outcomes use hotmess.ensembles.average on bias² and variance.")
    for name in by:
        if name not in fit.cells.table:
            have = ", ".join(map(str, fit.cells.table.columns))
            raise BadInput(f"There is no column {name!r} to group by; the cells have {have}.")
    sizes = list(dict.fromkeys([1, *map(int, sizes)]))
    parameters = fit.parameters(draws)
    letters, count = fit.letters, len(parameters["logit_a"])
    cells = len(letters.right)
    right = np.empty((len(sizes) + 1, count, cells), np.float32)
    terms = np.empty((2, count, cells), np.float32)
    for block, a, w, u in answer_blocks(letters, fit.groups.index, parameters, seed=fit.seed):
        p, choices, shape = np.column_stack([a, w]), np.tile(letters.choices, block.stop - block.start), (-1, cells)
        for i, size in enumerate(sizes):
            found = a + u / choices if size == 1 else vote(p, size, unparsable=u, choices=choices)
            right[i, block] = found.reshape(shape)
        right[-1, block] = vote_limit(p).reshape(shape)
        terms[:, block] = np.stack(brier_terms(a, w, u, choices)[1:]).reshape(2, *right[-1, block].shape)
    table, means = aggregate(
        [*right, *terms], fit.cells.table, by, population=population, seed=fit.seed, chains=fit.chains
    )
    accuracy, (bias2, variance) = means[:-2], means[-2:]
    pieces = []
    for i, many in enumerate([*map(float, sizes), np.inf]):
        error, b, v = average(bias2, variance, many)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(error > 0, v / error, np.nan)
        values = {"accuracy": accuracy[i], "gain": accuracy[i] - accuracy[0], "error": error, "bias2": b, "variance": v}
        piece = table.assign(size=many)
        for name, x in (values | {"incoherence": ratio}).items():
            flat = x.reshape(-1, x.shape[-1])
            piece[name] = np.quantile(flat, 0.5, axis=0)
            piece[f"{name}_low"], piece[f"{name}_high"] = np.quantile(flat, tails(interval), axis=0)
        pieces.append(piece)
    whole = pd.concat(pieces, ignore_index=True)
    return whole.sort_values([*by, "size"], kind="stable").reset_index(drop=True)
