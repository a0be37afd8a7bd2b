"""How many questions fail in which way, per model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.signatures import SIGNATURES, Thresholds, signature_shares
from hotmess.decompose.grouping import models_in_order
from hotmess.plot import style
from hotmess.plot.colour import BIAS, INK, MUTED, VARIANCE

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.posterior import Fit

LOOK = {"systematic": (BIAS, "o"), "hot mess": (VARIANCE, "s"), "both high": (INK, "D"), "solved": (MUTED, "^")}


def failure_signatures_table(
    fit: Fit,
    *,
    metric: str = "brier",
    population: str = "like-these",
    interval: float = 0.9,
    thresholds: Thresholds | None = None,
) -> pd.DataFrame:
    """One row per model and signature: posterior share of questions with its interval, models by family and size."""
    table = signature_shares(fit, metric=metric, population=population, interval=interval, thresholds=thresholds)
    order = models_in_order(fit.cells.table)["model"].tolist()
    rank = [(order.index(m), SIGNATURES.index(s)) for m, s in zip(table["model"], table["signature"])]
    return table.iloc[sorted(range(len(table)), key=rank.__getitem__)].reset_index(drop=True)


def failure_signatures(
    fit: Fit,
    *,
    metric: str = "brier",
    population: str = "like-these",
    interval: float = 0.9,
    thresholds: Thresholds | None = None,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """One panel per signature, one row per model: the share of questions that fail in this way.

    `table`: what `failure_signatures_table` gave, where it is there already.
    """
    if table is None:
        table = failure_signatures_table(
            fit, metric=metric, population=population, interval=interval, thresholds=thresholds
        )
    models = list(dict.fromkeys(table["model"]))
    shown = [models[i] for i in style.some(len(models), style.MAX_ROWS)]
    rows, columns = (1, 4) if width > 5 else (2, 2)
    with style.look(ax):
        axes = style.panels(
            rows, columns, width=width, height=0.6 + rows * (0.4 + 0.25 * len(shown)), sharex=True, sharey=True
        )
        at = dict(zip(shown, style.rows_axis(axes.flat[0], [str(m) for m in shown], limit=26 if width > 5 else 16)))
        for panel, name in zip(axes.flat, SIGNATURES):
            colour, marker = LOOK[name]
            own = table[(table["signature"] == name) & table["model"].isin(shown)]
            y = [at[m] for m in own["model"]]
            panel.hlines(y, own["share_low"], own["share_high"], color=colour, lw=1.4)
            panel.plot(own["share"], y, marker, color=colour, ms=4.6, clip_on=False)
            panel.set_title(name)
            panel.grid(True, axis="x")
            panel.set_axisbelow(True)
            panel.spines["left"].set_visible(False)
            panel.tick_params(axis="y", length=0)
        axes.flat[0].set_xlim(-0.04, 1.04)
        axes.flat[0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        figure = axes.flat[0].figure
        more = "" if len(shown) == len(models) else f"\n{len(shown)} of {len(models)} models are drawn, evenly spread"
        figure.supxlabel(f"share of questions{more}", fontsize=8.5)
    return axes
