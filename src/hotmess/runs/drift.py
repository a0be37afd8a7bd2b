"""Whether repeats of a question stand in an order that goes with what they say,
so that they are not exchangeable (methods, section 10).

Outputs that were sorted, by likelihood or by score, or a service that changed while it was asked, leave a trend over
`sample`: of scores, or of how often a response says what the others of its question say. Means over all repeats stay
what they are; the first k of them are not k at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from hotmess.arrays import Floats, Ints
from hotmess.runs.scores import Runs

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses

ALPHA = 0.001
"""Below this a trend, and that going on went with the answers, is taken for real, once per model, condition, budget."""
TOGETHER = 0.01
"""And no more often than this over all of them, where there are many."""
LEAST = 10
"""Fewer questions than this have no test."""


@dataclass(frozen=True)
class Drift:
    """A trend over the order of responses to a question.

    Attributes
    ----------
    of
        `score`, or `agreement`: the share of a question's other responses that say the same.
    slope
        Mean over questions of the least squares slope, per response.
    p
        Its two-sided p-value, by the scatter of slopes over questions.
    first, last
        Means over the first and the last response of every question.
    """

    of: str
    slope: float
    p: float
    first: float
    last: float

    def sentence(self, where: str = "") -> str:
        """What was seen, and what to do about it."""
        what = "score" if self.of == "score" else "agree with the others of their question at a rate of"
        return (
            f"Repeats{where} stand in an order that goes with what they say: first ones {what} {self.first:.3f}, last "
            f"ones {self.last:.3f} (P < {max(self.p, 1e-15):.1g}), as where they were sorted, or asked while something "
            "changed. Use all of them, never the first k; if it was the day or the machine, name it (--source day)."
        )


def level(tested: int) -> float:
    """P below which what was looked for in so many sets, in two ways each, is taken for real.

    >>> level(1), level(200)
    (0.0005, 2.5e-05)
    """
    return min(ALPHA, TOGETHER / max(tested, 1)) / 2


def drift(runs: Runs, rows: Ints, *, tested: int = 1) -> Drift | None:
    """The clearer of both trends among some cells (`rows`) of three or more responses; None where there is none.

    tested: how many such sets of cells are looked at.

    >>> import hotmess as hm
    >>> from hotmess.runs.scores import runs
    >>> found = runs(hm.example())
    >>> drift(found, np.arange(len(found.table))) is None
    True
    """
    n = runs.table["responses"].to_numpy()
    rows = np.sort(rows[n[rows] > 2])
    if len(rows) < LEAST:
        return None
    inside = np.isin(runs.cell, rows)
    cell, order = np.searchsorted(rows, runs.cell[inside]), runs.order[inside]
    size = n[rows][cell]
    away = order - (size - 1) / 2
    values = {"agreement": (_alike(cell, runs.answer[inside]) - 1) / (size - 1)}
    if np.isfinite(runs.score[inside]).all():
        values["score"] = runs.score[inside]
    found = []
    for name, value in values.items():
        slope, p = trend(np.bincount(cell, away * value) / np.bincount(cell, away**2))
        if np.isfinite(p):
            ends = (float(value[order == 0].mean()), float(value[order == size - 1].mean()))
            found.append(Drift(name, slope, p, *ends))
    clearest = min(found, key=lambda one: one.p, default=None)
    return clearest if clearest is not None and clearest.p < level(tested) else None


def in_common(table: pd.DataFrame) -> int:
    """How many contexts (or levels of a source that was named) several questions have in common: if any, these differ
    in one order for all questions, and a trend over it is theirs.

    >>> import pandas as pd
    >>> one = pd.DataFrame({"benchmark": "b", "question": ["q", "q", "r"], "context": ["x", "y", "x"]})
    >>> in_common(one), in_common(one.iloc[:2])
    (1, 0)
    """
    if "context" not in table:
        return 0
    pairs = table[["benchmark", "question", "context"]].dropna(subset="context").drop_duplicates()
    return int(pairs["context"][pairs["context"].duplicated()].nunique())


def common_untold(responses: Responses) -> tuple[str, ...]:
    """A sentence where what two contexts or more do to all questions at once is not in intervals over questions."""
    if in_common(responses.table) < 2:
        return ()
    return (
        f"Questions share {responses.shared}, and what these do to all of them at once is not in these intervals; "
        "hotmess decompose has it in those of errors.",
    )


def trend(slopes: Floats) -> tuple[float, float]:
    """Mean of the questions' slopes (Q,), and its two-sided p-value by their scatter; NaN where they do not scatter.

    >>> mean, p = trend(np.array([0.1, 0.2, 0.3]))
    >>> round(mean, 3), round(p, 3)                               # t = 3.46 with two degrees of freedom
    (0.2, 0.074)
    """
    mean, spread = float(slopes.mean()), float(slopes.std(ddof=1))
    if not spread > 0:
        return mean, np.nan
    return mean, float(2 * stats.t.sf(abs(mean) / (spread / np.sqrt(len(slopes))), len(slopes) - 1))


def _alike(cell: Ints, answer: Ints) -> Floats:
    """(N,) how many responses of the cell give this answer, this one counted."""
    inverse, count = np.unique(np.stack([cell, answer], axis=1), axis=0, return_inverse=True, return_counts=True)[1:]
    return count[inverse.ravel()].astype(float)
