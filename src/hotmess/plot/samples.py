"""Sample efficiency: sampling error against the number of responses; and how often answers change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.decompose.changes import KINDS, answer_changes
from hotmess.decompose.grouping import models_in_order
from hotmess.laws.samples import SIZES, TERMS, SampleSize, sample_size_table
from hotmess.plot import legend, style, ticks
from hotmess.plot.colour import INK, MUTED, PAPER, VARIANCE, palette

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses

NAMES = {"bias2": "bias²", "variance": "variance", "incoherence": "incoherence"}
MANY, BANDS = 8, 4
"""Lines that can be told apart, and their intervals."""
LOOK = {"resampling": (VARIANCE, "s"), "context": (MUTED, "^"), "both": (INK, "o")}


def sample_efficiency_table(
    made: SampleSize, spread: pd.DataFrame | None = None, *, interval: float = 0.9
) -> pd.DataFrame:
    """One row per model, term and n: posterior median of the standard deviation, its interval, and `subsets`.

    `subsets` is the spread between disjoint subsets of the responses themselves, from
    `hotmess.laws.samples.subset_spread`, where given.
    """
    table = sample_size_table(made, sizes=SIZES, interval=interval)
    if spread is not None and len(spread):
        seen = spread.set_index(["model", "term", "n"])["sd"]
        keys = zip(table["model"].astype(str), table["term"], table["n"])
        table["subsets"] = [float(seen.get(key, np.nan)) for key in keys]
    return table


def sample_efficiency(
    made: SampleSize,
    spread: pd.DataFrame | None = None,
    *,
    interval: float = 0.9,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """One panel per term: its standard deviation against the number of responses per question, a line per model.

    With many models some are drawn, and intervals only where there are few.

    Hollow marks are the spread between disjoint subsets of the responses (Hägele et al. 2026, figure on sample
    efficiency, bootstraps 100 responses); the upright line marks 30 responses.

    `table`: what `sample_efficiency_table` gave, where it is there already.
    """
    if table is None:
        table = sample_efficiency_table(made, spread, interval=interval)
    models = models_in_order(table)
    names = models["model"].astype(str).tolist()
    shown = [names[i] for i in style.some(len(names), MANY)]
    colours = palette(list(zip(names, models["family"].astype(str))))
    rows, columns = (1, 3) if width > 5 else (3, 1)
    height = 0.85 + 2.1 * rows + legend.model_legend_inches(shown, width)
    with style.look(ax):
        axes = style.panels(rows, columns, width=width, height=height, sharex=True, sharey=True)
        values = table[["sd_low", "sd_high"]].to_numpy(float)
        values = values[np.isfinite(values) & (values > 0)]
        low, high = (values.min(), values.max()) if len(values) else (0.001, 0.1)
        for panel, term in zip(axes.flat, TERMS):
            panel.set_title(NAMES[term])
            panel.axvline(30, color=MUTED, lw=0.8, ls=":")
            for name in shown:
                own = table[(table["model"].astype(str) == name) & (table["term"] == term)]
                colour = colours.colours[name]
                if len(shown) <= BANDS:
                    panel.fill_between(own["n"], own["sd_low"], own["sd_high"], color=colour, alpha=0.2, lw=0)
                panel.plot(own["n"], own["sd"], color=colour, lw=1.4)
                if "subsets" in own:
                    panel.plot(
                        own["n"], own["subsets"], colours.markers[name], color=colour, mfc=PAPER, ms=3.4, mew=0.8
                    )
            panel.grid(True, axis="y")
            panel.set_axisbelow(True)
            panel.xaxis.set_tick_params(labelbottom=True)
        first = axes.flat[0]
        first.set_xscale("log")
        first.set_yscale("log")
        first.set_ylim(low / 1.2, high * 1.2)
        for panel in axes.flat:
            ticks.value_ticks(panel.xaxis, np.array(SIZES), most=5)
            ticks.log_ticks(panel.yaxis, low, high)
        figure = first.figure
        more = "" if len(shown) == len(names) else f"\n{len(shown)} of {len(names)} models are drawn, evenly spread"
        figure.supxlabel(f"responses per question{more}", fontsize=8.5)
        figure.supylabel("standard deviation", fontsize=8.5)
        legend.model_legend(figure, shown, colours, width=width)
    return axes


def changed_answers_table(
    data: Responses | Cells, *, responses: int = 2, interval: float = 0.9, seed: int = 0
) -> pd.DataFrame:
    """The rows of `hotmess.decompose.changes.answer_changes`, models by family and size."""
    table = answer_changes(data, responses=responses, interval=interval, seed=seed)
    order = models_in_order(table)["model"].tolist()
    rank = [(order.index(m), KINDS.index(k)) for m, k in zip(table["model"], table["kind"])]
    return table.iloc[sorted(range(len(table)), key=rank.__getitem__)].reset_index(drop=True)


def changed_answers(
    data: Responses | Cells,
    *,
    responses: int = 2,
    interval: float = 0.9,
    seed: int = 0,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> Any:
    """Share of questions with a changed answer, per model: by resampling, by context, by both.

    `table`: what `changed_answers_table` gave, where it is there already.
    """
    if table is None:
        table = changed_answers_table(data, responses=responses, interval=interval, seed=seed)
    models = list(dict.fromkeys(table["model"]))
    shown = [models[i] for i in style.some(len(models), style.MAX_ROWS)]
    kinds = [k for k in KINDS if (table["kind"] == k).any()]
    with style.look(ax):
        axes = style.panels(1, 1, width=width, height=0.95 + (0.2 + 0.14 * len(kinds)) * len(shown))[0, 0]
        at = dict(zip(shown, style.rows_axis(axes, shown, limit=36 if width > 5 else 22)))
        for i, kind in enumerate(kinds):
            colour, marker = LOOK[kind]
            own = table[(table["kind"] == kind) & table["model"].isin(shown)]
            y = np.array([at[m] for m in own["model"]]) + 0.22 * ((len(kinds) - 1) / 2 - i)
            axes.hlines(y, own["share_low"], own["share_high"], color=colour, lw=1.3)
            axes.plot(own["share"], y, marker, color=colour, ms=4.4)
        axes.axvline(0, color=MUTED, lw=0.8)
        drawn = table[["share", "share_low", "share_high"]].to_numpy(float)  # one question has no interval
        left, right = (float(f(drawn, initial=0.0, where=np.isfinite(drawn))) for f in (np.min, np.max))
        axes.set_xlim(left - 0.02, min(max(right, 0.1) * 1.06, 1.02))
        axes.set_xlabel("share of questions with a changed answer" if width > 5 else "share with a changed answer")
        from matplotlib.lines import Line2D

        said = {"resampling": "by resampling", "context": "by context", "both": "by both"}
        handles = [Line2D([], [], color=LOOK[k][0], marker=LOOK[k][1], ms=4.4, lw=1.3) for k in kinds]
        legend.legend_above(axes.figure, handles, [said[k] for k in kinds], width=width)
        style.left_over(axes, len(shown), len(models), "models")
    return axes
