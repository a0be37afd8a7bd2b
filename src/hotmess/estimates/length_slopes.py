"""The slope of logit incoherence on log length between questions, without a model; incoherence by
bins of length (methods, section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit

from hotmess.estimates.confounding import Association
from hotmess.estimates.estimate import NOTHING, Estimate
from hotmess.laws.quasi_lines import line_derivative, line_influence, quasi_lines, standardised
from hotmess.remembered import remembered
from hotmess.statements.influence import effective

if TYPE_CHECKING:
    import pandas as pd

LEAST = 4
"""Questions behind a line."""


class ArmLines(NamedTuple):
    """Lines of arms: level at the arm's mean length, slope per log length, their standard errors, and each question's
    influence (arms, questions) on the slope; nan and 0 where an arm has no line."""

    level: np.ndarray
    slope: np.ndarray
    level_error: np.ndarray
    slope_error: np.ndarray
    influence: np.ndarray
    middle: np.ndarray
    spread: np.ndarray


@remembered
def arm_index(table: pd.DataFrame) -> np.ndarray:
    """(cells,) index of the arm (model, condition, budget) of each cell."""
    from hotmess.laws.length_bins import ARM

    return table.groupby(list(ARM), observed=True, sort=True).ngroup().to_numpy()


def arm_lines(
    variance: np.ndarray, error: np.ndarray, x: np.ndarray, arm: np.ndarray, question: np.ndarray
) -> ArmLines:
    """Quasi-likelihood lines of unbiased terms; all arguments (cells,), x the log length."""
    arms, questions = int(arm.max()) + 1, int(question.max()) + 1
    out = np.full((6, arms), np.nan)
    influence = np.zeros((arms, questions))
    for a in range(arms):
        rows = np.flatnonzero(arm == a)
        if len(rows) < LEAST or np.ptp(x[rows]) < 1e-9:
            continue
        z, middle, spread = standardised(x[rows])
        line = quasi_lines(variance[rows], error[rows], z)
        level, slope = float(line.level[0]), float(line.slope[0])
        if not np.isfinite(level):
            continue
        d = line_influence(variance[rows], error[rows], z, level, slope)
        d[1] /= spread
        influence[a] = np.bincount(question[rows], d[1], questions)
        out[:, a] = level, slope / spread, *np.sqrt((d**2).sum(1)), middle, spread
    return ArmLines(out[0], out[1], out[2], out[3], influence, out[4], out[5])


def length_estimate(
    variance: np.ndarray, error: np.ndarray, x: np.ndarray, arm: np.ndarray, question: np.ndarray
) -> Estimate:
    """Mean over arms of the slope of logit incoherence on log length, by quasi-likelihood of the unbiased terms.

    variance, error, x: (cells,) unbiased terms and log length. Slopes per standard deviation of the arms' log lengths
    are averaged by random effects (DerSimonian and Laird 1986), with weights 1/(e_a² + tau²): an arm of few errors says
    little, and alike slopes are one. Their mean is told per log length, times the mean of the arms' 1/sd. The error is
    that of questions like these: influences are added over the arms that a question is in. Degrees of freedom: the
    effective questions behind it.
    """
    lines = arm_lines(variance, error, x, arm, question)
    known = np.isfinite(lines.slope) & (lines.slope_error > 0)
    if not known.any():
        return NOTHING
    per_log = _shares(lines, known)
    influence = (per_log @ lines.influence[known])[np.unique(question)]
    q = len(influence)
    error_of = float(np.sqrt((influence**2).sum() * q / (q - 1)))
    df = float(effective(influence[:, None], q)[0])
    return Estimate(float(per_log @ lines.slope[known]), error_of, max(df, 1.0))


def length_association(
    variance: np.ndarray, error: np.ndarray, x: np.ndarray, arm: np.ndarray, question: np.ndarray
) -> Association:
    """The slope of `length_estimate` as a sum over cells, for what confounding of questions' lengths can do to it.

    What an answer does to a line is its cell's variance less what the line makes of its error; an arm's questions on
    either side of its line's middle are compared with each other.
    """
    lines = arm_lines(variance, error, x, arm, question)
    known = np.isfinite(lines.slope) & (lines.slope_error > 0)
    phi, pull = np.zeros(len(x)), np.zeros(len(x))
    share = np.zeros(len(known))
    share[known] = _shares(lines, known)
    for a in np.flatnonzero(known):
        rows = np.flatnonzero(arm == a)
        z = (x[rows] - lines.middle[a]) / lines.spread[a]
        level, slope = lines.level[a], lines.slope[a] * lines.spread[a]
        phi[rows] = variance[rows] - expit(level + slope * z) * error[rows]
        pull[rows] = share[a] / lines.spread[a] * line_derivative(error[rows], z, level, slope)[1]
    return Association(phi, np.abs(pull), pull > 0, arm, np.unique(question, return_inverse=True)[1])


def _shares(lines: ArmLines, known: np.ndarray) -> np.ndarray:
    """(arms known,) what the mean slope per log length makes of each arm's."""
    spread = lines.spread[known]
    weights = random_effects(lines.slope[known] * spread, lines.slope_error[known] * spread)
    out: np.ndarray = weights * spread * (1 / spread).mean()
    return out


def random_effects(value: np.ndarray, error: np.ndarray) -> np.ndarray:
    """(k,) weights, summing to 1, of a mean of values with errors by random effects.

    The variance between them is that of moments, (Q - (k - 1)) / (Σw - Σw²/Σw) with w = 1/error² and Q = Σ w (value -
    mean)², or 0 (DerSimonian and Laird 1986).

    >>> random_effects(np.array([1.0, 1.0]), np.array([1.0, 2.0])).tolist()
    [0.8, 0.2]
    """
    w = 1 / error**2
    away = value - w @ value / w.sum()
    free = w.sum() - (w**2).sum() / w.sum()
    between = max(0.0, (float(w @ away**2) - (len(value) - 1)) / free) if free > 0 else 0.0
    w = 1 / (error**2 + between)
    return np.asarray(w / w.sum())


def binned_logits(
    variance: np.ndarray, error: np.ndarray, x: np.ndarray, arm: np.ndarray, *, bins: int
) -> tuple[np.ndarray, np.ndarray]:
    """(arms, bins) mean log length and logit incoherence of bins of equally many cells by length; nan where none.

    Incoherence is the ratio of sums of unbiased terms, kept within 0.02 and 0.98.
    """
    arms, size = int(arm.max()) + 1, np.bincount(arm)
    order = np.lexsort((x, arm))
    place = np.arange(len(x)) - np.repeat(np.cumsum(size) - size, size)  # within the arm, by length
    each, longer = (np.repeat(n, size) for n in np.divmod(size, bins))  # so many bins have one cell more
    split = longer * (each + 1)
    bin_ = np.where(place < split, place // (each + 1), longer + (place - split) // np.maximum(each, 1))
    at = arm[order] * bins + bin_
    count = np.bincount(at, minlength=arms * bins)
    parts = [np.bincount(at, values[order], arms * bins) for values in (variance, error, x)]
    sums = np.where(count > 0, parts, np.nan).T.reshape(arms, bins, 3)
    with np.errstate(invalid="ignore", divide="ignore"):
        sums[..., 2] /= count.reshape(arms, bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.clip(sums[..., 0] / sums[..., 1], 0.02, 0.98)
    return sums[..., 2], np.where(sums[..., 1] > 0, np.log(ratio / (1 - ratio)), np.nan)
