"""Every question in the plane of bias² and variance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.decompose.grouping import models_in_order
from hotmess.plot import style
from hotmess.plot.colour import INK, MUTED, RULE, palette

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.posterior import Fit

LEVELS = (0.1, 0.25, 0.5, 0.75)
MOST_POINTS, STEP = 4000, 0.05


def bias_variance_plane_table(fit: Fit, *, metric: str = "brier") -> pd.DataFrame:
    """One row per cell: its names, posterior mean and standard deviation of bias² and of variance, incoherence."""
    terms = fit.terms(metric)
    keys = ["benchmark", "model", "question", "condition", "budget"]
    extra = [c for c in ("family", "model_size_b") if c in fit.cells.table]
    table = fit.cells.table[[*keys, *extra, "responses", "right"]].copy()
    for name, values in (("bias2", terms.bias2), ("variance", terms.variance)):
        table[name], table[f"{name}_sd"] = values.mean(0, dtype=float), values.std(0, dtype=float)
    error = table["bias2"] + table["variance"]
    return table.assign(incoherence=np.where(error > 0, table["variance"] / error, np.nan)).reset_index(drop=True)


def bias_variance_plane(
    fit: Fit,
    *,
    metric: str = "brier",
    population: str = "like-these",
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """One panel per model: questions at their posterior means of bias² and variance, lines of equal incoherence.

    The cross is the model's mean with 90% intervals: its incoherence is that of the line it lies on, a ratio of sums.
    With many questions, circles on a grid of width 0.05 stand for them, their area the number of questions.

    `table`: what `bias_variance_plane_table` gave, where it is there already.
    """
    if table is None:
        table = bias_variance_plane_table(fit, metric=metric)
    sets = fit.draws(["model"], population=population, metric=metric)
    models = models_in_order(fit.cells.table)
    shown = models["model"].iloc[style.some(len(models), style.MAX_PANELS)].tolist()
    colours = palette(list(zip(models["model"].astype(str), models["family"].astype(str))))
    rows, columns = style.grid_of(len(shown), width=width)
    short = dict(zip(models["model"], style.labels(models["model"], style.panel_limit(width, columns))))
    grid = table["model"].isin(shown).sum() > MOST_POINTS
    with style.look(ax):
        axes = style.panels(rows, columns, width=width, height=0.6 + 1.75 * rows, sharex=True, sharey=True)
        reach = 1.04 * max(table["bias2"].max(), 1e-9), 1.08 * max(table["variance"].max(), 1e-9)
        for panel, model in zip(axes.flat, shown):
            own = table[table["model"] == model]
            colour = colours.colours[str(model)]
            _lines(panel, reach)
            if grid:
                x, y, n = binned(own["bias2"].to_numpy(), own["variance"].to_numpy())
                panel.scatter(x, y, s=60 * n / n.max(), color=colour, alpha=0.6, lw=0)
            else:
                panel.plot(own["bias2"], own["variance"], "o", color=colour, ms=2.6, alpha=0.45, mew=0)
            s = sets.table.index[sets.table["model"] == model][0]
            bias2, variance = sets.bias2[..., s].ravel(), sets.variance[..., s].ravel()
            panel.hlines(np.median(variance), *np.quantile(bias2, [0.05, 0.95]), color=INK, lw=1.4, zorder=4)
            panel.vlines(np.median(bias2), *np.quantile(variance, [0.05, 0.95]), color=INK, lw=1.4, zorder=4)
            panel.set_title(short[model], parse_math=False)
            panel.set_xlim(-0.02 * reach[0], reach[0])
            panel.set_ylim(-0.02 * reach[1], reach[1])
        style.hide(axes.flat[len(shown) :])
        for panel in axes.flat[: len(shown)]:
            panel.xaxis.set_tick_params(labelbottom=True)
        figure = axes.flat[0].figure
        more = "" if len(shown) == len(models) else f"\n{len(shown)} of {len(models)} models are drawn, evenly spread"
        figure.supxlabel(f"bias²{more}", fontsize=8.5)
        figure.supylabel("variance", fontsize=8.5)
    return axes


def binned(x: np.ndarray, y: np.ndarray, step: float = STEP) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres of the squares of a grid that hold points, and how many each holds.

    >>> binned(np.array([0.01, 0.02, 0.31]), np.array([0.01, 0.03, 0.0]))[2].tolist()
    [2, 1]
    """
    square, count = np.unique(np.floor(np.column_stack([x, y]) / step + 1e-9).astype(int), axis=0, return_counts=True)
    return (square[:, 0] + 0.5) * step, (square[:, 1] + 0.5) * step, count


def _lines(panel: object, reach: tuple[float, float]) -> None:
    """Lines of equal incoherence I: variance = I / (1 − I) · bias²."""
    for level in LEVELS:
        slope = level / (1 - level)
        x = min(reach[0], reach[1] / slope)
        panel.plot([0, x], [0, slope * x], color=RULE, lw=0.8, zorder=0.5)  # type: ignore[attr-defined]
        inside = 0.97
        if inside * x < 0.15 * reach[0]:
            continue  # no room for the number beside the axis
        panel.text(  # type: ignore[attr-defined]
            inside * x, inside * slope * x, f"{level:g}", fontsize=6.5, color=MUTED, ha="right", va="center", zorder=0.6
        )
