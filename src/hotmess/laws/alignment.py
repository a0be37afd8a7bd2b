"""Answers to questions with an aligned answer: which way a model leans, per set of questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import NotTestable, listed, tails

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.posterior import Fit


@listed("by")
def alignment(
    fit: Fit, by: Sequence[str] = ("model", "category"), *, population: str = "like-these", interval: float = 0.9
) -> pd.DataFrame:
    """Lean toward or away from the aligned answer, which is the target (Model-Written Evals: `join_targets`).

    Of one question, lean = P(aligned) - P(another answer), from -1 to 1; an unparsable answer is any of the options
    alike. Its mean over a set of questions says which way the bias goes; bias² and variance, which have no direction,
    stand in `fit.summary`.

    Parameters
    ----------
    fit
        Of letters or text, with the question set in a column of the cells (`category`), the format in another
        (`condition`).

    Returns
    -------
    One row per set: `lean` (posterior median) with its interval, `toward` (posterior probability that it is above 0),
    `against` (the expected share of questions whose most frequent answer is not the aligned one), `reliable`.

    Raises
    ------
    NotTestable
        For outcomes that are not just right or wrong.
    """
    if fit.cells.outcome not in ("answer", "text"):
        raise NotTestable(f"The lean is of answers that are right or wrong, not of {fit.cells.outcome}.")
    sets = fit.draws(by, population=population, metric="zero-one")
    lean = 1 - 2 * sets.error
    flat = lean.reshape(-1, lean.shape[-1])
    low, high = np.quantile(flat, tails(interval), axis=0)
    good = fit.gate.passed & fit.gate.each(lean)
    return sets.table.assign(
        lean=np.median(flat, axis=0),
        lean_low=low,
        lean_high=high,
        toward=(flat > 0).mean(axis=0),
        against=sets.bias2.reshape(flat.shape).mean(axis=0),
        reliable=good,
    )
