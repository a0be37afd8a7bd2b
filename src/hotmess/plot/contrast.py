"""Longer against shorter responses of the same question: the change of incoherence and its three parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.decompose.grouping import models_in_order
from hotmess.plot import style, ticks
from hotmess.plot.colour import MUTED, PAPER, palette

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.laws.contrast import Contrast

COLUMNS = (
    ("change", "change"),
    ("accuracy", "= accuracy"),
    ("spread", "+ spread"),
    ("concentration", "+ concentration"),
)


def natural_contrast_table(
    latent: Contrast, unbiased: Contrast | None = None, *, population: str = "like-these", interval: float = 0.9
) -> pd.DataFrame:
    """One row per model and estimator: change (longer − shorter) and its three parts, with intervals."""
    import pandas as pd

    pieces = []
    for contrast in (latent, unbiased):
        if contrast is not None:
            piece = contrast.summary(population, interval)
            piece.insert(1, "estimator", contrast.source)
            pieces.append(piece)
    table = pd.concat(pieces, ignore_index=True)
    order = models_in_order(latent.models)["model"].tolist()
    rank = [(order.index(m), e != "latent") for m, e in zip(table["model"], table["estimator"])]
    return table.iloc[sorted(range(len(table)), key=rank.__getitem__)].reset_index(drop=True)


def natural_contrast(
    latent: Contrast,
    unbiased: Contrast | None = None,
    *,
    population: str = "like-these",
    interval: float = 0.9,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """Change of incoherence from the shorter to the longer half of each question's responses, and its three parts.

    Filled: posterior of latent answer distributions. Hollow: unbiased estimator. The parts (mean accuracy, spread of
    accuracy over questions, concentration of wrong answers) add up to the change; the first is mechanical.

    `table`: what `natural_contrast_table` gave, where it is there already.
    """
    if table is None:
        table = natural_contrast_table(latent, unbiased, population=population, interval=interval)
    models = models_in_order(latent.models)
    shown = models["model"].iloc[style.some(len(models), style.MAX_ROWS)].tolist()
    colours = palette(list(zip(models["model"].astype(str), models["family"].astype(str))))
    drawn_rows = table[table["model"].isin(shown)]
    drawn = [(name, title) for name, title in COLUMNS if name in table]  # parts are of answers right or wrong only
    rows, columns = (1, 4) if width > 5 else (2, 2)
    if len(drawn) == 1:
        rows, columns = 1, 1
    with style.look(ax):
        axes = style.panels(
            rows, columns, width=width, height=0.9 + rows * (0.35 + 0.27 * len(shown)), sharex=True, sharey=True
        )
        limit = 26 if width > 5 else 16
        at = dict(zip(shown, style.rows_axis(axes.flat[0], [str(m) for m in shown], limit=limit)))
        for panel, (name, title) in zip(axes.flat, drawn):
            panel.set_title(title)
            panel.axvline(0, color=MUTED, lw=0.8)
            panel.grid(True, axis="x")
            panel.set_axisbelow(True)
            panel.spines["left"].set_visible(False)
            panel.tick_params(axis="y", length=0)
            for hollow, own in drawn_rows.groupby(drawn_rows["estimator"] != "latent"):
                y = np.array([at[model] for model in own["model"]]) - (0.22 if hollow else 0.0)
                colour = [colours.colours[str(model)] for model in own["model"]]
                panel.hlines(y, own[f"{name}_low"], own[f"{name}_high"], color=colour, lw=0.8 if hollow else 1.4)
                face = {"mfc": PAPER, "mew": 0.9} if hollow else {}
                for x, up, hue, model in zip(own[name], y, colour, own["model"]):
                    panel.plot(x, up, colours.markers[str(model)], color=hue, ms=3.6 if hollow else 4.6, **face)
        low, high = table["change_low"].min(), table["change_high"].max()
        for name, _ in drawn[1:]:
            low, high = min(low, table[f"{name}_low"].min()), max(high, table[f"{name}_high"].max())
        if np.isfinite([low, high]).all():
            pad = 0.05 * (high - low) + 1e-6
            axes.flat[0].set_xlim(min(low, 0) - pad, max(high, 0) + pad)
        ticks.few_ticks(axes.flat[0].xaxis, 4, (1, 2, 4, 5, 10))
        figure = axes.flat[0].figure
        more = "" if len(shown) == len(models) else f"\n{len(shown)} of {len(models)} models are drawn, evenly spread"
        figure.supxlabel(f"incoherence of longer − shorter responses{more}", fontsize=8.5)
        _legend(figure, unbiased is not None)
    return axes


def _legend(figure: object, unbiased: bool) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=MUTED, marker="o", ms=4.6, lw=1.4)]
    said = ["latent posterior"]
    if unbiased:
        handles.append(Line2D([], [], color=MUTED, marker="o", ms=3.6, mfc=PAPER, mew=0.9, lw=0.8))
        said.append("unbiased, without a model")
    figure.legend(handles, said, loc="outside upper left", ncols=2)  # type: ignore[attr-defined]
