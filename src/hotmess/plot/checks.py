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


def posterior_checks(checks: Checks, *, width: float = style.WIDE, ax: Any = None) -> np.ndarray:
    """Statistics of the data (marks) over 95% of those that the model makes (lines), per model and for the whole.

    A hollow mark lies outside its line.
    """
    table = rows_in_order(posterior_checks_table(checks), "set")
    names = list(dict.fromkeys(table["statistic"]))
    sets = [s for s in dict.fromkeys(table["set"]) if s != "whole"]
    shown = [sets[i] for i in style.some(len(sets), ROWS)]
    rows_of = {name: [s for s in shown if s in set(part["set"])] for name, part in table.groupby("statistic")}
    tall = max(len(v) for v in rows_of.values()) + 1
    columns = 3 if width > 5 else 1
    rows = -(-len(names) // columns)
    with style.look(ax):
        axes = style.panels(rows, columns, width=width, height=0.5 + rows * (0.55 + 0.21 * tall))
        style.hide(axes.flat[len(names) :])
        for panel, name in zip(axes.flat, names):
            part = table[(table["statistic"] == name) & table["set"].isin([*rows_of[name], "whole"])]
            at = style.rows_axis(panel, part["set"].tolist(), limit=18)
            panel.set_title(clean(name, 44), fontsize=7.6)
            for y, (_, row) in zip(at, part.iterrows()):
                if not np.isfinite(row["made_low"]) or not np.isfinite(row["seen"]):
                    continue
                outside = not row["made_low"] <= row["seen"] <= row["made_high"]
                panel.hlines(y, row["made_low"], row["made_high"], color=MUTED, lw=3.0)
                mark = {"mfc": "none", "mec": WRONG, "mew": 1.4} if outside else {"color": INK}
                panel.plot(row["seen"], y, "o", ms=4.6, **mark)
            panel.margins(x=0.08)
            ticks.few_ticks(panel.xaxis, 3)
        if len(shown) < len(sets):
            style.left_over(axes.flat[0], len(shown), len(sets), "models")
    return axes
