"""Whether questions were asked more or less often because of how they were answered (methods, section 10).

Where sampling went on until answers agreed, or stopped once they did, the mean of a question's responses is no longer
an unbiased estimate of anything: the number of responses is part of the outcome. Nothing can be mended afterwards but
the first response, which nothing had selected yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hotmess.arrays import Ints
from hotmess.runs.drift import level
from hotmess.runs.scores import Runs
from hotmess.words import join

REPEATED, UNEQUAL, STRAY, LEAST = 20, 0.2, 0.05, 3
GROUP = ("benchmark", "model", "condition", "budget")
KNOWN = frozenset(
    {*GROUP, "question", "sample", "context", "family", "answer", "target", "n_choices", "text", "copies"}
)
"""Columns that say something else than how it was sampled."""


@dataclass(frozen=True)
class Stopping:
    """A question's going on that goes with what had been answered so far.

    Attributes
    ----------
    odds
        Mantel and Haenszel's common odds ratio: going on after answers that all agree (or are all right) against going
        on after others.
    p
        Its two-sided p-value.
    history
        `agreed` or `right`: what is compared.
    first, pooled
        Mean score of first responses, and of all rows, which pooling would report.
    """

    odds: float
    p: float
    history: str
    first: float
    pooled: float

    def sentence(self, where: str = "", levels: str = "") -> str:
        """What was seen, and what to do about it; levels: what responses differ in, where each has a level of its own.

        >>> Stopping(0.5, 1e-4, "right", 0.5, 0.4).sentence()[:66]
        'Questions have fewer responses where those so far are right (odds '
        >>> Stopping(2.0, 1e-4, "agreed", 0.5, 0.4).sentence(levels="levels of prompt")[:80]
        'Questions have more levels of prompt, each asked once, where answers so far agre'
        """
        number = "fewer" if self.odds < 1 else "more"
        what = "agree" if self.history == "agreed" else "are right"
        odds = f"odds ratio {self.odds:.2g}" if np.isfinite(self.odds) else "odds ratio without bound"
        scores = f": first responses score {self.first:.3f}, all rows pooled {self.pooled:.3f}"
        seen = f"{number} {levels}, each asked once, where answers" if levels else f"{number} responses where those"
        likely = (
            "where some were left out for their answers, which is no asking again. Keep the questions that have all of "
            "them (--where)."
            if levels
            else "where they were asked again, or responses kept, for what had been answered. Keep the part in which "
            'every question was asked equally often (--where), or first responses only (--where "sample = 0").'
        )
        return (
            f"Questions{where} have {seen} so far {what} ({odds}, P < {max(self.p, 1e-15):.1g}), so how many there are "
            f"depends on what they say{scores if np.isfinite(self.first) else ''}, as {likely}"
        )


def outcome_dependent(runs: Runs, rows: Ints, *, below: float | None = None) -> Stopping | None:
    """Whether going on goes with the answers so far among some cells (`rows`); None where it does not.

    below: P below which it does (`hotmess.runs.drift.level` of the sets of cells in which there is a test; of one).

    For every j, of the cells with j responses or more, those whose first j responses all agree (j ≥ 2), or are all
    right, are set against the rest in having a further one: a two-by-two table for each j, combined by Mantel and
    Haenszel's test (a discrete hazard: going on must not depend on the history). Responses are in the order of
    `sample`.

    >>> import hotmess as hm
    >>> from hotmess.runs.scores import runs
    >>> found = runs(hm.example())
    >>> outcome_dependent(found, np.arange(len(found.table))) is None
    True
    """
    n = runs.table["responses"].to_numpy()[rows]
    if np.ptp(n) == 0:
        return None
    start = np.searchsorted(runs.cell, rows)
    agreed, right = np.ones(len(rows), bool), np.ones(len(rows), bool)
    tables: dict[str, list[np.ndarray]] = {"agreed": [], "right": []}
    for j in range(1, int(n.max()) + 1):
        on = n >= j
        last = start[on] + j - 1
        agreed[on] &= runs.answer[last] == runs.answer[start[on]]
        right[on] &= runs.score[last] == 1
        for name, history in (("agreed", agreed), ("right", right)):
            table = np.zeros((2, 2))
            np.add.at(table, (~history[on] + 0, (n[on] == j) + 0), 1)
            if (table.sum(0) > 0).all() and (table.sum(1) > 0).all():
                tables[name].append(table)
    found = [Stopping(*_combined(tables[name]), name, np.nan, np.nan) for name in tables if tables[name]]
    worst = min(found, key=lambda one: one.p, default=None)
    if worst is None or worst.p >= (level(1) if below is None else below):
        return None
    first, pooled = np.mean(runs.score[start]), np.mean(runs.score[np.isin(runs.cell, rows)])
    return Stopping(worst.odds, worst.p, worst.history, float(first), float(pooled))


def too_few_to_tell(runs: Runs, rows: Ints, where: str = "") -> str:
    """A sentence where questions were asked unequally often and hardly any was asked twice, so that no test can tell.

    Fewer than 20 questions with two responses, and a fifth of the questions with fewer than the most.
    """
    n = runs.table["responses"].to_numpy()[rows]
    twice = int((n > 1).sum())
    if not 0 < twice < REPEATED or not _unequal(n):
        return ""
    return (
        f"Questions{where} have {n.min()} to {n.max()} responses, and the {twice} of {len(n)} with two or more are too "
        "few to tell whether that went with the answers. Find out how it was sampled; first responses are safe "
        '(--where "sample = 0").'
    )


def _unequal(n: Ints, least: float = UNEQUAL) -> bool:
    return bool((n < n.max()).mean() >= least)


def deciding_column(runs: Runs, table: pd.DataFrame) -> str:
    """A sentence that names the column that goes with unequal numbers of responses; nothing where none does.

    A column decides where each of its values has only groups (of one benchmark, model, condition and budget) in which
    questions were asked unequally often (a twentieth of them less than the rest), or only others, at least three of
    both; of several columns the one with the fewest values.

    Parameters
    ----------
    table
        The responses, one row each, of which `runs` was made.
    """
    groups = runs.table.groupby(list(GROUP), sort=True, dropna=False, observed=True)
    of_cell, n = groups.ngroup().to_numpy(), runs.table["responses"].to_numpy()
    unequal = np.array([_unequal(n[of_cell == g], STRAY) for g in range(groups.ngroups)])
    if min(unequal.sum(), (~unequal).sum()) < LEAST:
        return ""
    of_row = table.groupby(list(GROUP), sort=True, dropna=False, observed=True).ngroup().to_numpy()
    best, said = len(unequal) // 2 + 1, ("", [""], [""])
    for name in (one for one in table.columns if one not in KNOWN and not pd.api.types.is_float_dtype(table[one])):
        if not isinstance(table[name].iloc[0], str | bool | np.bool_ | int | np.integer):
            continue
        code, values = pd.factorize(table[name])
        pairs = np.unique(np.stack([of_row, code]), axis=1)
        odd, even = (np.unique(pairs[1][unequal[pairs[0]] == side]) for side in (True, False))
        if pairs.shape[1] == len(unequal) and not np.intersect1d(odd, even).size and len(odd) + len(even) < best:
            best, said = len(odd) + len(even), (name, [str(values[k]) for k in odd], [str(values[k]) for k in even])
    if not said[0]:
        return ""
    inside = unequal[of_cell]
    start = np.cumsum(n) - n
    first, pooled = runs.score[start[inside]].mean(), runs.score[inside[runs.cell]].mean()
    scores = f" (first responses score {first:.3f}, all rows pooled {pooled:.3f})" if np.isfinite(pooled) else ""
    odd_ones, even_ones = (_listed(one) for one in said[1:])
    return (
        f"Column {said[0]} goes with how often questions were asked: unequally often in all {unequal.sum()} groups "
        f"where it is {odd_ones}{scores}, equally often in all {(~unequal).sum()} where it is {even_ones}. "
        "If the answers decided how often, no mean over the former is unbiased: keep the latter (--where "
        f'"{said[0]} = \'{said[2][0]}\'"), or first responses only (--where "sample = 0").'
    )


def _listed(values: Sequence[str]) -> str:
    shown = [repr(one) for one in values[:3]] + ([f"{len(values) - 3} more"] if len(values) > 3 else [])
    return join(shown)


def never_differ(runs: Runs, rows: Ints, where: str = "") -> str:
    """A sentence where questions were asked unequally often and no two answers to any of them differ; else nothing.

    A response that differed may then have ended the sampling and not been kept, which the rows that are left cannot
    show. At least 20 questions with two responses, and a fifth of the questions with fewer than the most.
    """
    n = runs.table["responses"].to_numpy()[rows]
    if (n > 1).sum() < REPEATED or not _unequal(n):
        return ""
    inside = np.isin(runs.cell, rows)
    start = np.searchsorted(runs.cell, runs.cell[inside])
    if (runs.answer[inside] != runs.answer[start]).any():
        return ""
    return (
        f"Questions{where} have {n.min()} to {n.max()} responses and no two answers to any of them differ, as where a "
        "response that differed ended the sampling and was not kept: then agreement and variance here are those of the "
        "rule, not of the model. Find out how it was sampled, or keep the part in which every question was asked "
        "equally often (--where)."
    )


def _combined(tables: list[np.ndarray]) -> tuple[float, float]:
    """Common odds ratio and p-value of no association over strata (Mantel and Haenszel 1959)."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    with np.errstate(divide="ignore", invalid="ignore"):
        strata = StratifiedTable(tables)
        return float(strata.oddsratio_pooled), float(strata.test_null_odds().pvalue)
