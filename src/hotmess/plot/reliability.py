"""How far one can rely on the next answer: pass@k and pass^k against k, and the shares of sources of variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.decompose.grouping import models_in_order
from hotmess.plot import legend, style, ticks
from hotmess.plot.colour import INK, MUTED, PAPER, VARIANCE, palette
from hotmess.runs.reliability import reliability
from hotmess.runs.sources import sources

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

WHO = ["family", "model_size_b", "model"]
SIDES = {"pass^k": "all of k right (pass^k)", "pass@k": "one of k right (pass@k)"}
SIDES |= {"worst of k": "worst of k", "best of k": "best of k"}
MANY = 8
"""Lines that can be told apart."""


def pass_curves_table(
    responses: Responses, *, k: Sequence[int] | None = None, interval: float = 0.9, seed: int = 0
) -> pd.DataFrame:
    """One row per model, quantity (pass^k and pass@k, or worst and best of k) and k: value, low, high, `kind`."""
    return pass_curves_of(reliability(responses, WHO, k=k, interval=interval, seed=seed, differences=False).table)


def pass_curves_of(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `pass_curves_table` among those of `hotmess.reliability` by family, size and model."""
    table = table[table["quantity"].isin(list(SIDES))]
    order = models_in_order(table)["model"].tolist()
    rank = [
        (order.index(m), list(SIDES).index(q), int(n)) for m, q, n in zip(table["model"], table["quantity"], table["k"])
    ]
    return table.iloc[sorted(range(len(table)), key=rank.__getitem__)].reset_index(drop=True)


def pass_curves(
    responses: Responses,
    *,
    k: Sequence[int] | None = None,
    interval: float = 0.9,
    seed: int = 0,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """Two panels, all of k right and one of k right, against k: a line per model, upright lines its intervals.

    Beyond the responses drawn only the upright lines are drawn, dotted: bounds. `table`: what `pass_curves_table` gave,
    where it is there already.
    """
    table = pass_curves_table(responses, k=k, interval=interval, seed=seed) if table is None else table
    models = models_in_order(table)
    names = models["model"].astype(str).tolist()
    shown = [names[i] for i in style.some(len(names), MANY)]
    colours = palette(list(zip(names, models["family"].astype(str))))
    sides = [side for side in SIDES if (table["quantity"] == side).any()]
    rows, columns = (1, 2) if width > 5 else (2, 1)
    ks = np.unique(table["k"].to_numpy(float))
    with style.look(ax):
        height = 0.85 + 2.3 * rows + legend.model_legend_inches(shown, width)
        axes = style.panels(rows, columns, width=width, height=height, sharex=True, sharey=True)
        for panel, side in zip(axes.flat, sides):
            panel.set_title(SIDES[side])
            for i, name in enumerate(shown):
                own = table[(table["model"].astype(str) == name) & (table["quantity"] == side)]
                colour = colours.colours[name]
                shift = 2 ** (0.16 * (i - (len(shown) - 1) / 2) / max(len(shown) - 1, 1) * min(len(shown), 4) / 2)
                at, known = own["k"].to_numpy(float) * shift, (own["kind"] == "estimate").to_numpy()
                panel.vlines(at[known], own["low"][known], own["high"][known], color=colour, lw=1.2)
                panel.vlines(at[~known], own["low"][~known], own["high"][~known], color=colour, lw=1.2, ls=":")
                panel.plot(
                    at[known],
                    own["value"][known],
                    colours.markers[name],
                    ls="-",
                    color=colour,
                    lw=1.0,
                    mfc=PAPER,
                    ms=3.6,
                    mew=1.0,
                )
            panel.grid(True, axis="y")
            panel.set_axisbelow(True)
            panel.xaxis.set_tick_params(labelbottom=True)
            panel.set_xscale("log", base=2)
            panel.set_xlim(ks.min() / 1.25, ks.max() * 1.25)
            ticks.value_ticks(panel.xaxis, ks, most=8)
        style.hide(axes.flat[len(sides) :])
        axes.flat[0].set_ylim(-0.02, 1.02)
        figure = axes.flat[0].figure
        more = "" if len(shown) == len(names) else f"\n{len(shown)} of {len(names)} models are drawn, evenly spread"
        figure.supxlabel(f"k{more}", fontsize=8.5)
        figure.supylabel("mean over questions", fontsize=8.5)
        legend.model_legend(figure, shown, colours, width=width)
    return axes


def source_shares_table(
    responses: Responses, names: Sequence[str], *, interval: float = 0.9, seed: int = 0
) -> pd.DataFrame:
    """The rows of `hotmess.sources` by model, models by family and size; the total is left out."""
    table = sources(responses, names, WHO, interval=interval, seed=seed, differences=False).table
    table = table[table["part"] != "total"]
    order = models_in_order(table)["model"].tolist()
    rank = [order.index(m) for m in table["model"]]
    return table.iloc[sorted(range(len(table)), key=rank.__getitem__)].reset_index(drop=True)


def source_shares(
    responses: Responses,
    names: Sequence[str],
    *,
    interval: float = 0.9,
    seed: int = 0,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """One panel per part, one row per model: the part's share of the variance of responses to a question.

    `table`: what `source_shares_table` gave, where it is there already.
    """
    table = source_shares_table(responses, names, interval=interval, seed=seed) if table is None else table
    models = list(dict.fromkeys(table["model"]))
    shown = [models[i] for i in style.some(len(models), style.MAX_ROWS)]
    parts = list(dict.fromkeys(table["part"]))[: style.MAX_PANELS]
    rows, columns = style.grid_of(len(parts), width=width)
    with style.look(ax):
        axes = style.panels(
            rows, columns, width=width, height=0.6 + rows * (0.45 + 0.25 * len(shown)), sharex=True, sharey=True
        )
        at = dict(zip(shown, style.rows_axis(axes.flat[0], [str(m) for m in shown], limit=26 if width > 5 else 16)))
        for panel, part in zip(axes.flat, parts):
            own = table[(table["part"] == part) & table["model"].isin(shown)]
            y = [at[m] for m in own["model"]]
            colour, marker = (MUTED, "o") if part.startswith("sampling") else (VARIANCE, "s")
            panel.hlines(y, own["share_low"].clip(-0.2, 1.2), own["share_high"].clip(-0.2, 1.2), color=colour, lw=1.4)
            panel.plot(own["share"], y, marker, color=colour, ms=4.6)
            panel.axvline(0, color=INK, lw=0.6)
            style.head(panel, part, limit=26 if width > 5 else 22)
            panel.grid(True, axis="x")
            panel.set_axisbelow(True)
            panel.spines["left"].set_visible(False)
            panel.tick_params(axis="y", length=0)
        style.hide(axes.flat[len(parts) :])
        axes.flat[0].set_xlim(-0.22, 1.22)
        axes.flat[0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        figure = axes.flat[0].figure
        more = "" if len(shown) == len(models) else f"\n{len(shown)} of {len(models)} models are drawn, evenly spread"
        figure.supxlabel(f"share of the variance of responses to a question{more}", fontsize=8.5)
    return axes
