"""Published procedures, for comparison: plug-in terms, five bins, log-log least squares, median split.

What the paper (and most of its readers) would compute from the same responses: empirical means in the place of latent
answer distributions, raw mean lengths in equal buckets, ordinary least squares on logarithms, point estimates. Their
verdicts stand in the table of null worlds beside those of the claims. None of their standard errors knows that a
question's variance was itself estimated, or that models scatter around a law.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.published import Published, judge, least_squares
from hotmess.errors import NotTestable
from hotmess.estimates.length_slopes import arm_index
from hotmess.laws.hardness import easiest_first

if TYPE_CHECKING:
    from hotmess.claims.study import Study

BINS = 5


def median_split(study: Study) -> Published:
    """Plug-in incoherence of the responses above minus that of those below each question's median length."""
    from hotmess.decompose.squared import plug_in

    cells = study.halves
    terms = plug_in(cells.points)
    table = cells.table.assign(variance=terms.variance, error=terms.error)
    sums = table.groupby(["model", "half"], observed=True)[["variance", "error"]].sum()
    ratio = (sums["variance"] / sums["error"]).unstack("half")
    return judge("median split, plug-in, by sign", float((ratio["longer"] - ratio["shorter"]).mean()))


def length_line(study: Study, bins: int = BINS) -> Published:
    """Slope of log plug-in incoherence on log mean length over five equal buckets of questions, arms' own levels."""
    x, y, arm = _buckets(study, bins)
    slope, p = least_squares(x, y, arm)
    return judge(f"{bins} bins, log-log least squares, plug-in", slope, p)


def _buckets(study: Study, bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from hotmess.decompose.squared import plug_in

    if study.responses.length is None:
        raise NotTestable("There is no length column, so nothing can be said about length.")
    cells = study.cells
    terms = plug_in(cells.points)
    arm, raw = arm_index(cells.table), cells.table["log2_length"].to_numpy(float)
    rows = []
    for a in range(int(arm.max()) + 1):
        mine = np.flatnonzero((arm == a) & np.isfinite(raw))
        for part in np.array_split(mine[np.argsort(raw[mine], kind="stable")], bins):
            error, variance = terms.error[part].sum(), terms.variance[part].sum()
            if error > 0 and variance > 0:
                rows.append((np.log(2) * raw[part].mean(), np.log(variance / error), a))
    x, y, which = (np.array(v) for v in zip(*rows)) if rows else (np.zeros(0),) * 3
    return x, y, which


def _by_size(study: Study, which: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Log size, log plug-in bias² and variance, and group, of every model on the hardest, easiest or all groups."""
    return study.once(f"plug-in terms by size, {which}", lambda: _terms_by_size(study, which))


def _terms_by_size(study: Study, which: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    from hotmess.decompose.squared import plug_in

    cells = study.scale_cells
    terms = plug_in(cells.points)
    table = cells.table.assign(bias2=terms.bias2, variance=terms.variance)
    order = easiest_first(table["difficulty"])
    wanted = {"hard": order[-1:], "easy": order[:1], "all": order}[which]
    table = table[table["difficulty"].isin(wanted)]
    keys = ["model", "condition", "budget", "difficulty"]
    sums = table.groupby(keys, observed=True).agg(
        bias2=("bias2", "sum"), variance=("variance", "sum"), size=("model_size_b", "first")
    )
    sums = sums[(sums["bias2"] > 0) & (sums["variance"] > 0)].reset_index()
    group = sums.groupby(["condition", "budget", "difficulty"], observed=True).ngroup().to_numpy()
    return np.log(sums["size"].to_numpy(float)), np.log(sums["bias2"]), np.log(sums["variance"]), group


def size_line(study: Study, which: str, sign: float) -> Published:
    """Slope of log plug-in incoherence on log size, log-log least squares."""
    x, bias, variance, group = _by_size(study, which)
    slope, p = least_squares(x, np.asarray(variance - np.logaddexp(bias, variance)), group)
    return judge("log-log least squares, plug-in", sign * slope, p)


def exponents(study: Study) -> Published:
    """alpha_B - alpha_V from two log-log lines, by sign."""
    x, bias, variance, group = _by_size(study, "all")
    slopes = [least_squares(x, np.asarray(y), group)[0] for y in (variance, bias)]
    return judge("two log-log lines, plug-in, by sign", slopes[0] - slopes[1])


def exponents_by_difficulty(study: Study, term: str, alike: float = np.nan) -> Published:
    """alpha of the easiest minus that of the hardest group, from log-log lines: by sign, or (bias²) within `alike`."""
    alpha = []
    for which in ("easy", "hard"):
        x, bias, variance, group = _by_size(study, which)
        alpha.append(-least_squares(x, np.asarray(variance if term == "variance" else bias), group)[0])
    if term == "variance":
        return judge("log-log lines, plug-in, by sign", alpha[0] - alpha[1])
    return judge(f"log-log lines, plug-in, within {alike}", alike - abs(alpha[1] - alpha[0]))


def explained(study: Study) -> Published:
    """R² of log plug-in incoherence on log length minus that on log size, by sign."""

    x, y, arm = _buckets(study, BINS)
    table = study.cells.table
    size = table.assign(arm=arm_index(table)).groupby("arm")["model_size_b"].first().to_numpy(float)[arm.astype(int)]
    known = np.isfinite(size)
    if known.sum() < 4 or np.ptp(size[known]) == 0:
        raise NotTestable("There are not two model sizes, so what size predicts cannot be told.")
    r = [np.corrcoef(v[known], y[known])[0, 1] ** 2 for v in (x, np.log(size))]
    return judge("R² of two log-log lines, plug-in, by sign", float(r[0] - r[1]))
