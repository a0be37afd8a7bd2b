"""Which questions to ask how often next: by the scatter that their responses
leave in an incoherence (Neyman 1934) (methods, section 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.conjugate import LetterCells, answer_draws
from hotmess.decompose.points import totals
from hotmess.decompose.squared import unbiased

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.claims.study import Study

DRAWS = 60


def next_counts(study: Study, more: int, *, cells: np.ndarray | None = None, alike: bool = False) -> pd.DataFrame:
    """How often to ask each question again, so that `more` responses lower the variance of incoherence the most.

    A question is asked equally often of every model and arm that it is asked of, so that what is compared stays
    alike; which questions are asked hangs on their answers, which of the sides does not.

    Parameters
    ----------
    study
        All responses so far.
    more
        Responses to add, over all questions, models and arms.
    cells
        (cells of the study,) which of them are asked again; None: all.
    alike
        Whether every question is asked as often, whatever was answered. A question whose first responses happened to
        scatter little would else keep them, so that the unbiased estimates of a side that is asked again are off, and
        those of a side that is not are right: between the two there would be a difference where there is none.

    Returns
    -------
    One row per question: benchmark, question, responses (so far, per model and arm, the mean), more (for each model
    and arm), sd (of one response's influence; equal where the outcome is no letter).
    """
    table = study.cells.table if cells is None else study.cells.table[cells]
    spread = np.ones(len(study.cells.table)) if alike else _spread(study)
    spread = spread if cells is None else spread[cells]
    groups = table.assign(_variance=spread**2).groupby(["benchmark", "question"], sort=True, observed=True)
    out = groups.agg(responses=("responses", "mean"), sides=("responses", "size"), variance=("_variance", "sum"))
    out["more"] = neyman(
        out["responses"].to_numpy(float), np.sqrt(out["variance"].to_numpy(float)), out["sides"].to_numpy(), more
    )
    out["sd"] = np.sqrt(out["variance"] / out["sides"])
    return out.drop(columns=["sides", "variance"]).reset_index()


def neyman(have: np.ndarray, sd: np.ndarray, cost: np.ndarray, total: int) -> np.ndarray:
    """(questions,) whole numbers m that minimise Σ sd²/(have + m) with Σ cost · m at most `total`.

    have + m = max(have, λ sd/√cost), λ by bisection; what rounding leaves goes, one by one, where it lowers the sum
    the most for its cost.

    >>> neyman(np.array([5.0, 5.0]), np.array([1.0, 3.0]), np.array([1, 1]), 10).tolist()
    [0, 10]
    >>> neyman(np.array([0.0, 0.0]), np.array([1.0, 3.0]), np.array([1, 1]), 40).tolist()
    [10, 30]
    """
    have, sd, cost = np.asarray(have, float), np.maximum(np.asarray(sd, float), 1e-12), np.asarray(cost, float)
    ideal = sd / np.sqrt(cost)
    low, high = 0.0, (have.sum() + total + 1) / ideal.min()
    for _ in range(200):
        middle = (low + high) / 2
        if (cost * np.maximum(middle * ideal - have, 0)).sum() > total:
            high = middle
        else:
            low = middle
    out = np.floor(np.maximum(low * ideal - have, 0) + 1e-9)
    left = total - (cost * out).sum()
    while left >= cost.min():
        n = have + out
        gain = np.where(cost <= left, sd**2 * (1 / np.maximum(n, 1e-9) - 1 / (n + 1)) / cost, -1.0)
        at = int(gain.argmax())
        out[at] += 1
        left -= cost[at]
    return np.asarray(out, np.int64)


def influence_sd(
    cells: LetterCells, a: np.ndarray, w: np.ndarray, u: np.ndarray, incoherence: np.ndarray
) -> np.ndarray:
    """(cells,) sd of one response's influence on v − I e, of answer distributions.

    The influence of a response z on a question's variance is |z − z̄|² − v, and on its error |z − y|² − e, so that its
    influence on v − I e, the linear form of an incoherence I, is |z − z̄|² − I |z − y|² but for a constant; z one-hot,
    the uniform vector where it is unparsable.

    Parameters
    ----------
    a, w, u
        (cells,), (cells, K), (cells,) probabilities of the target, of each wrong option, of no answer.
    incoherence
        (cells,) the incoherence I of each cell's model.

    >>> cells = LetterCells(np.array([1]), np.array([[1]]), np.array([0]), np.array([2]))
    >>> half = influence_sd(cells, np.array([0.5]), np.array([[0.5]]), np.array([0.0]), np.array([0.25]))
    >>> half.tolist()  # |z − z̄|² = ½ for both answers; I |z − y|² is 0 or ½: sd ¼
    [0.25]
    """
    choices = cells.choices.astype(float)
    right, wrong = a + u / choices, w + (u / choices)[:, None]  # the mean z̄
    real = np.arange(w.shape[1]) < (cells.choices - 1)[:, None]
    square = right**2 + (np.where(real, wrong, 0.0) ** 2).sum(axis=1)
    of_right = 1 - 2 * right + square
    of_wrong = 1 - 2 * wrong + square[:, None] - 2 * incoherence[:, None]
    of_none = square - 1 / choices - incoherence * (1 - 1 / choices)
    mean = a * of_right + (w * of_wrong).sum(axis=1) + u * of_none
    second = a * of_right**2 + (w * of_wrong**2).sum(axis=1) + u * of_none**2
    return np.asarray(np.sqrt(np.maximum(second - mean**2, 0.0)))


def _spread(study: Study) -> np.ndarray:
    """(cells,) root of the posterior mean of the influence's variance; ones for outcomes other than letters."""
    letters = getattr(study.fit, "letters", None)
    if type(letters) is not LetterCells:
        return np.ones(len(study.cells.table))
    fitted = study.fit
    parameters = _some(fitted.parameters(), DRAWS)
    table = study.cells.table
    model = table["model"].astype(str).to_numpy()
    terms = unbiased(totals(study.cells.points))
    kept = np.isfinite(terms.variance)  # a question asked once has no unbiased variance
    share = {}
    for one in set(model):
        rows = (model == one) & kept
        share[one] = np.clip(terms.variance[rows].sum() / max(terms.error[rows].sum(), 1e-12), 0.0, 1.0)
    incoherence = np.array([share[one] for one in model])
    squares = np.zeros(len(table))
    for _, a, w, u in answer_draws(letters, fitted.groups.index, parameters, seed=study.seed):
        squares += influence_sd(letters, a.astype(float), w.astype(float), u.astype(float), incoherence) ** 2
    return np.sqrt(squares / len(parameters["logit_a"]))


def _some(parameters: Mapping[str, np.ndarray], draws: int) -> dict[str, np.ndarray]:
    """Parameters of so many draws, evenly spread."""
    have = len(parameters["logit_a"])
    rows = np.unique(np.linspace(0, have - 1, min(draws, have)).astype(int))
    return {name: values[rows] for name, values in parameters.items()}
