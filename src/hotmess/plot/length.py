"""Incoherence against the length of reasoning: the law's band over the bins it was fitted to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.decompose.grouping import models_in_order
from hotmess.errors import tails
from hotmess.plot import legend, style, ticks
from hotmess.plot.colour import INK, MUTED, PAPER, palette
from hotmess.words import clean

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.laws.length import LengthLaw

POINTS = 60


def incoherence_against_length_table(
    law: LengthLaw, *, population: str = "like-these", interval: float = 0.9
) -> pd.DataFrame:
    """The bins: model, condition, budget, bin, length (geometric mean), incoherence with interval, plug_in."""
    import pandas as pd
    from scipy.stats import norm

    from hotmess.decompose.grouping import natural
    from hotmess.decompose.squared import plug_in

    keys = ["model", "condition", "budget", "bin"]
    bins = law.bins
    z = norm.ppf(tails(interval)[1])
    mean, sd = bins[f"incoherence_{population}"], bins[f"sd_{population}"]
    terms = plug_in(law.fit.cells.points)
    sums = law.fit.cells.table[keys].assign(error=terms.error, variance=terms.variance)
    sums = sums.groupby(keys, observed=True)[["error", "variance"]].sum()
    sums = sums.reindex(pd.MultiIndex.from_frame(bins[keys]))
    table = bins[[*keys[:3], "family", "model_size_b", "arm", "bin", "questions", "responses", "wrong"]].assign(
        length=np.exp(bins["log_length"]),
        incoherence=mean,
        incoherence_low=np.clip(mean - z * sd, 0, 1),
        incoherence_high=np.clip(mean + z * sd, 0, 1),
        plug_in=(sums["variance"] / sums["error"]).to_numpy(),
    )
    names = [", ".join(part for part in arm if part) for arm in arms(law)]
    order = models_in_order(law.arms)["model"].tolist()
    rank = [
        (order.index(m), natural(str(c)), natural(str(b)), x)
        for m, c, b, x in zip(table["model"], table["condition"], table["budget"], table["length"])
    ]
    table = table.iloc[sorted(range(len(table)), key=rank.__getitem__)]
    table.insert(0, "name", [names[a] for a in table["arm"]])
    return table.drop(columns="arm").reset_index(drop=True)


def arms(law: LengthLaw) -> list[tuple[str, str]]:
    """What to call each arm: the model, and its condition and budget where these differ."""
    varying = [c for c in ("condition", "budget") if law.arms[c].nunique() > 1]
    rest = [", ".join(str(v) for v in row if str(v)) for row in law.arms[varying].itertuples(index=False)]
    return list(zip(law.arms["model"].astype(str), rest or [""] * len(law.arms)))


def incoherence_against_length(
    law: LengthLaw,
    *,
    shape: str = "odds",
    population: str = "like-these",
    interval: float = 0.9,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """One panel per model (and condition and budget): the law's posterior band, and the bins.

    Filled marks are bins of equally many questions with their posterior intervals; hollow marks are the plug-in
    estimates of the same bins, as in Hägele et al. 2026, figure 2. The slope is that of logit incoherence in log length
    (odds) or of log incoherence (power).

    `table`: what `incoherence_against_length_table` gave, where it is there already.
    """
    if table is None:
        table = incoherence_against_length_table(law, population=population, interval=interval)
    summary = law.summary(shape, population, interval)
    whole = list(dict.fromkeys(table["name"]))
    every = arms(law)
    full = [", ".join(part for part in arm if part) for arm in every]
    names = [whole[i] for i in style.some(len(whole), style.MAX_PANELS)]
    models = table.drop_duplicates("model")
    colours = palette(list(zip(models["model"].astype(str), models["family"].astype(str))))
    rows, columns = style.grid_of(len(names), width=width)
    order = list(dict.fromkeys(table["model"]))
    short = dict(zip(order, style.labels(order, style.panel_limit(width, columns))))
    with style.look(ax):
        axes = style.panels(rows, columns, width=width, height=0.8 + 1.85 * rows, sharex=True, sharey=True)
        low, high = table["length"].min(), table["length"].max()
        for panel, name in zip(axes.flat, names):
            own = table[table["name"] == name]
            arm = full.index(name)
            model = str(own["model"].iloc[0])
            _panel(panel, own, law, arm, shape, population, interval, colours.colours[model], colours.markers[model])
            s = summary.iloc[arm]
            said = style.interval_text(s["slope"], s["slope_low"], s["slope_high"])
            other = [(clean(every[arm][1], 26), MUTED)] if every[arm][1] else []
            style.head(panel, short[model], [*other, (f"slope {said}", INK)], limit=style.panel_limit(width, columns))
        axes.flat[0].set_ylim(0, 1)
        axes.flat[0].set_xscale("log")
        beside = ticks.beside(low, high, 1.08)
        axes.flat[0].set_xlim(low / beside, high * beside)
        inches = (width - 0.6) / columns - 0.2
        for panel in axes.flat:
            ticks.log_ticks(panel.xaxis, low, high, most=ticks.room(width / columns, high), inches=inches)
        style.hide(axes.flat[len(names) :])
        for panel in list(axes.flat)[: len(names)]:
            panel.xaxis.set_tick_params(labelbottom=True)
        figure = axes.flat[0].figure
        figure.supylabel("incoherence", fontsize=8.5)
        unit = law.length.replace("_", " ")
        said = f"mean {clean(unit)} of a question (logarithmic)"
        if len(names) < len(whole):
            said += f"\n{len(names)} of {len(whole)} are drawn, evenly spread; all are in the table"
        figure.supxlabel(said, fontsize=8.5)
        _legend(figure, shape, width)
    return axes


def _panel(
    panel: Any,
    own: pd.DataFrame,
    law: LengthLaw,
    arm: int,
    shape: str,
    population: str,
    interval: float,
    colour: str,
    marker: str,
) -> None:
    x = np.linspace(np.log(own["length"].min()), np.log(own["length"].max()), POINTS)
    curve = np.clip(law.curve(x, arm, shape, population), 0, 1)
    low, middle, high = style.band(curve, interval)
    panel.fill_between(np.exp(x), low, high, color=colour, alpha=0.22, lw=0)
    panel.plot(np.exp(x), middle, color=colour, lw=1.6)
    panel.vlines(own["length"], own["incoherence_low"], own["incoherence_high"], color=colour, lw=0.9)
    panel.plot(own["length"], own["incoherence"], marker, color=colour, ms=3.6)
    panel.plot(own["length"], own["plug_in"], "s", color=MUTED, mfc=PAPER, ms=3, mew=0.7, zorder=1.9)
    panel.grid(True, axis="y")
    panel.set_axisbelow(True)


def _legend(figure: Any, shape: str, width: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Patch(color=MUTED, alpha=0.3, lw=0),
        Line2D([], [], color=MUTED, marker="o", ms=3.6, lw=0.9),
        Line2D([], [], color=MUTED, marker="s", ms=3, mfc=PAPER, mew=0.7, lw=0),
    ]
    said = [f"{shape} law", "bins, posterior", "bins, plug-in"]
    legend.legend_above(figure, handles, said, width=width)
