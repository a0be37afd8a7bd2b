"""Averages of real responses: bias² and variance against the size of the ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.decompose.grouping import models_in_order
from hotmess.plot import legend, style, ticks
from hotmess.plot.colour import BIAS, VARIANCE

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.ensembles.real import RealEnsembles

TERMS = (("bias2", "bias²", BIAS, "o"), ("variance", "variance", VARIANCE, "s"))
DRAWS = 2000


def real_ensembles_table(real: RealEnsembles, *, interval: float = 0.9, seed: int = 0) -> pd.DataFrame:
    """One row per model and size E: bias2 and variance with intervals for questions like these, and `expected`.

    `expected` is the variance of single responses divided by E; bias² of single responses is what averages should keep.
    """
    import pandas as pd

    from hotmess.decompose.grouping import question_index
    from hotmess.decompose.intervals import bootstrap_interval, question_shares

    q = question_index(real.table)
    weights = question_shares(int(q.max()) + 1, DRAWS, seed)
    pieces = []
    for model in models_in_order(real.table)["model"]:
        rows = (real.table["model"] == model).to_numpy()
        count = len(np.unique(q[rows]))
        piece = pd.DataFrame({"model": model, "size": real.sizes, "questions": count})
        w = weights[:, q[rows]] / weights[:, q[rows]].sum(1, keepdims=True)
        for name, values in (("bias2", real.error - real.variance), ("variance", real.variance)):
            piece[name] = values[rows].mean(0)
            low, high = bootstrap_interval(w @ values[rows], piece[name].to_numpy(), interval=interval, questions=count)
            piece[f"{name}_low"], piece[f"{name}_high"] = low, high
        pieces.append(piece.assign(expected=piece["variance"].iloc[0] / piece["size"]))
    return pd.concat(pieces, ignore_index=True)


def real_ensembles(
    real: RealEnsembles,
    *,
    interval: float = 0.9,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """One panel per model: bias² and variance of averages of E real responses, both axes logarithmic.

    Lines are what independent responses give: bias² as it is with one, variance divided by E (Hägele et al. 2026,
    figure on ensembling).

    `table`: what `real_ensembles_table` gave, where it is there already.
    """
    if table is None:
        table = real_ensembles_table(real, interval=interval)
    models = list(dict.fromkeys(table["model"]))
    shown = [models[i] for i in style.some(len(models), style.MAX_PANELS)]
    rows, columns = style.grid_of(len(shown), width=width)
    short = dict(zip(models, style.labels(models, style.panel_limit(width, columns))))
    with style.look(ax):
        axes = style.panels(rows, columns, width=width, height=0.8 + 1.75 * rows, sharex=True, sharey=True)
        positive = table[["bias2", "variance", "expected"]].to_numpy()
        positive = positive[positive > 0]
        low, high = positive.min() / 1.5, positive.max() * 1.5
        for panel, model in zip(axes.flat, shown):
            own = table[table["model"] == model]
            _panel(panel, own, low)
            panel.set_title(short[model], parse_math=False)
        first = axes.flat[0]
        first.set_xscale("log")
        first.set_yscale("log")
        first.set_xlim(0.85, real.sizes[-1] * 1.18)
        first.set_ylim(low, high)
        for panel in axes[:, 0]:
            panel.set_ylabel("bias², variance")
        for panel in axes.flat:
            ticks.value_ticks(panel.xaxis, np.array(real.sizes))
            ticks.log_ticks(panel.yaxis, low, high)
            panel.xaxis.set_tick_params(labelbottom=True)
        style.hide(axes.flat[len(shown) :])
        figure = first.figure
        more = "" if len(shown) == len(models) else f"\n{len(shown)} of {len(models)} models are drawn, evenly spread"
        figure.supxlabel(f"answers averaged, E{more}", fontsize=8.5)
        _legend(figure, width)
    return axes


def _panel(panel: Any, own: pd.DataFrame, floor: float) -> None:
    size = own["size"].to_numpy()
    for (name, _, colour, marker), shift in zip(TERMS, (0.97, 1.03)):
        line = own["expected"] if name == "variance" else np.full(len(own), own["bias2"].iloc[0])
        if np.all(np.asarray(line) > 0):
            panel.plot(size, line, color=colour, lw=1.2, alpha=0.6)
        known = (own[name] > 0).to_numpy()
        low = np.maximum(own[f"{name}_low"].to_numpy(), floor)
        panel.vlines(size[known] * shift, low[known], own[f"{name}_high"].to_numpy()[known], color=colour, lw=0.9)
        panel.plot(size[known] * shift, own[name].to_numpy()[known], marker, color=colour, ms=3.8)
    panel.grid(True, axis="y")
    panel.set_axisbelow(True)


def _legend(figure: Any, width: float) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colour, marker=marker, ms=3.8, lw=1.2) for _, _, colour, marker in TERMS]
    said = ["bias²; line: as with one answer", "variance; line: divided by E"]
    legend.legend_above(figure, handles, said, width=width)
