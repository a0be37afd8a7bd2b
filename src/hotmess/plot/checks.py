"""Posterior predictive checks: what was seen against what the model makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.decompose.grouping import rows_in_order
from hotmess.plot import style, ticks
from hotmess.plot.colour import INK, MUTED
from hotmess.words import clean

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.checks.predictive import Checks

WRONG, ROWS = "#b3541e", 12


def posterior_checks_table(checks: Checks) -> pd.DataFrame:
    """One row per statistic and set of cells, and per statistic of the whole: seen, what is made with 95%, p."""
    return checks.table()


def posterior_checks(
    checks: Checks, *, width: float = style.WIDE, table: pd.DataFrame | None = None, ax: Any = None
) -> np.ndarray:
    """Statistics of the data (marks) over 95% of those that the model makes (lines), per model and for the whole.

    A hollow mark lies outside its line.

    `table`: what `posterior_checks_table` gave, where it is there already.
    """
    table = rows_in_order(posterior_checks_table(checks) if table is None else table, "set")
    names = list(dict.fromkeys(table["statistic"]))
    sets = [s for s in dict.fromkeys(table["set"]) if s != "whole"]
    shown = [sets[i] for i in style.some(len(sets), ROWS)]
    columns = 3 if width > 5 else 1
    names.sort(key=lambda name: set(table.loc[table["statistic"] == name, "set"]) == {"whole"})  # those stand last
    lines = [len(_sets(table, name, shown)) for name in names]
    height = [0.55 + 0.21 * max(lines[i : i + columns]) for i in range(0, len(names), columns)]
    with style.look(ax):
        axes = style.panels(
            len(height), columns, width=width, height=0.4 + sum(height), gridspec_kw={"height_ratios": height}
        )
        style.hide(axes.flat[len(names) :])
        for i, (panel, name) in enumerate(zip(axes.flat, names)):
            beside = i - i % columns  # the first panel of the row has the rows' names
            rows = _sets(table, names[beside], shown)
            said = [*style.labels(rows[:-1], 24 if width > 5 else 20), rows[-1]]
            at = dict(zip(rows, style.rows_axis(panel, said)))
            if i > beside:
                panel.set_yticklabels([])
            panel.set_title(clean(name, style.panel_limit(width, columns) + 4), fontsize=7.6)
            _marks(panel, table[(table["statistic"] == name) & table["set"].isin(rows)], at)
            panel.margins(x=0.08)
            ticks.few_ticks(panel.xaxis, 3)
        if len(shown) < len(sets):
            style.left_over(axes.flat[0], len(shown), len(sets), "models")
    return axes


def _sets(table: pd.DataFrame, statistic: str, shown: list[str]) -> list[str]:
    """The sets of a statistic that are drawn, the whole last."""
    have = set(table.loc[table["statistic"] == statistic, "set"])
    return [*(s for s in shown if s in have), "whole"]


def _marks(panel: Any, own: pd.DataFrame, at: dict[str, float]) -> None:
    """Lines of one statistic, and its marks: the same for all rows, so that a panel has few artists."""
    low, seen, high = (own[name].to_numpy(float) for name in ("made_low", "seen", "made_high"))
    y, known = np.array([at[name] for name in own["set"]]), np.isfinite(low) & np.isfinite(seen)
    inside = (low <= seen) & (seen <= high)
    panel.hlines(y[known], low[known], high[known], color=MUTED, lw=3.0)
    for rows, mark in (
        (known & inside, {"color": INK}),
        (known & ~inside, {"mfc": "none", "mec": WRONG, "mew": 1.4, "lw": 0}),
    ):
        if rows.any():
            panel.plot(seen[rows], y[rows], "o", ms=4.6, **mark)
