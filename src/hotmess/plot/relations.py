"""Lengths across models, incoherence over length and size, movement with size, and words of waiting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.decompose.grouping import models_in_order, rows_in_order
from hotmess.errors import listed
from hotmess.laws.length_relations import length_correlations
from hotmess.laws.waiting import wait_ratio
from hotmess.plot import legend, style, ticks
from hotmess.plot.colour import BIAS, INK, MUTED, PAPER, RULE, VARIANCE, ordinal, palette
from hotmess.plot.length import incoherence_against_length_table
from hotmess.plot.plane import LEVELS
from hotmess.plot.scale import group_names, power_laws_table, size_unit
from hotmess.words import clean

if TYPE_CHECKING:
    from hotmess.laws.length import LengthLaw
    from hotmess.laws.power import PowerLaws
    from hotmess.responses.table import Responses

CLASSES = 5
CROWDED = 19
"""Bins on a square inch of the surface of length and size above which squares become smaller."""


def length_correlation_table(
    responses: Responses, *, label: str | None = None, interval: float = 0.9, seed: int = 0
) -> pd.DataFrame:
    """The rows of `hotmess.laws.length_relations.length_correlations`."""
    return length_correlations(responses, label=label, interval=interval, seed=seed)


def length_correlation(
    responses: Responses,
    *,
    label: str | None = None,
    interval: float = 0.9,
    seed: int = 0,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> Any:
    """Correlations of questions' lengths between models: a row per model, a mark per other model, a bar in the middle.

    Up to three others have their intervals. With `label`, hollow diamonds are rank correlations with people's labels of
    difficulty. `table`: what `length_correlation_table` gave, where it is there already.
    """
    table = length_correlation_table(responses, label=label, interval=interval, seed=seed) if table is None else table
    sides = [table.assign(row=table[one], other=table[two]) for one, two in (("first", "second"), ("second", "first"))]
    both = pd.concat(sides, ignore_index=True)
    both = rows_in_order(both[(both["row"] != label) | (label is None)], "row", responses.table)
    arms = list(dict.fromkeys(both["row"]))
    shown = [arms[i] for i in style.some(len(arms), style.MAX_ROWS)]
    said = ["correlation with each other model", "median"] if len(arms) > 2 else ["correlation with the other model"]
    with style.look(ax):
        axes = style.panels(1, 1, width=width, height=0.95 + 0.27 * len(shown))[0, 0]
        at = dict(zip(shown, style.rows_axis(axes, shown, limit=36 if width > 5 else 20)))
        for name in shown:
            own = both[(both["row"] == name) & (both["other"] != label)]
            y = np.full(len(own), at[name])
            if len(own) <= 3:
                y += 0.18 * (np.arange(len(own))[::-1] - (len(own) - 1) / 2)
                axes.hlines(y, own["correlation_low"], own["correlation_high"], color=BIAS, lw=0.9)
            axes.plot(own["correlation"], y, "o", color=BIAS, ms=4, alpha=0.5, mew=0, clip_on=False)
            if len(arms) > 2:
                axes.plot(own["correlation"].median(), at[name], "|", color=INK, ms=9, mew=1.4, clip_on=False)
            people = both[(both["row"] == name) & (both["other"] == label)]["correlation"]
            if len(people):
                axes.plot(people, np.full(len(people), at[name]), "D", color=VARIANCE, mfc=PAPER, ms=4.6, clip_on=False)
        axes.set_xlabel(
            "correlation of questions' mean log lengths" if width > 5 else "correlation of mean log lengths"
        )
        axes.set_xlim(right=1)
        ticks.few_ticks(axes.xaxis, 5)
        _correlation_legend(axes.figure, said, label if (both["other"] == label).any() else None, width)
        style.left_over(axes, len(shown), len(arms), "models")
    return axes


def _correlation_legend(figure: Any, said: list[str], label: str | None, width: float) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=BIAS, marker="o", ms=4, lw=0, alpha=0.5),
        Line2D([], [], color=INK, marker="|", ms=9, mew=1.4, lw=0),
    ][: len(said)]
    if label is not None:
        handles.append(Line2D([], [], color=VARIANCE, marker="D", mfc=PAPER, ms=4.6, lw=0))
        said = [*said, clean(f"with {label}", 24)]
    legend.legend_above(figure, handles, said, width=width)


def length_size_surface_table(law: LengthLaw, *, population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
    """The bins of a length law of models whose size is known: model, model_size_b, length, incoherence, interval."""
    table = incoherence_against_length_table(law, population=population, interval=interval)
    return table[table["model_size_b"].notna()].drop(columns="plug_in").reset_index(drop=True)


def length_size_surface(
    law: LengthLaw,
    *,
    population: str = "like-these",
    interval: float = 0.9,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> Any:
    """Incoherence over length and model size (Hägele et al. 2026, figure 14): a square per bin, darker for more.

    `table`: what `length_size_surface_table` gave, where it is there already.

    Raises
    ------
    NotTestable
        If fewer than two model sizes are known.
    """
    from hotmess.errors import NotTestable

    if table is None:
        table = length_size_surface_table(law, population=population, interval=interval)
    sizes = np.unique(table["model_size_b"].to_numpy(float))
    if len(sizes) < 2:
        raise NotTestable("Fewer than two model sizes are known, so there is no surface over length and size.")
    edges = np.linspace(0, 1, CLASSES + 1)
    colours = ordinal(CLASSES)
    level = np.clip(np.searchsorted(edges, table["incoherence"], side="right") - 1, 0, CLASSES - 1)
    what, factor = size_unit(float(sizes.max()))
    with style.look(ax):
        height = 3.4 if width > 5 else 3.0
        axes = style.panels(1, 1, width=width, height=height)[0, 0]
        used = []
        small = min(1.0, float(np.sqrt(CROWDED * width * height / len(table))))
        for k in range(CLASSES):
            rows = table[level == k]
            if len(rows):
                axes.plot(
                    rows["length"], rows["model_size_b"], "s", color=colours[k], ms=small * (3.5 + 1.1 * k), mew=0
                )
                used.append(k)
        axes.set_xscale("log")
        axes.set_yscale("log")
        low, high = table["length"].min(), table["length"].max()
        beside = ticks.beside(low, high, 1.1)
        axes.set_xlim(low / beside, high * beside)
        axes.set_ylim(sizes[0] / 1.5, sizes[-1] * 1.5)
        ticks.log_ticks(axes.xaxis, low, high, most=7, inches=width - 1.1)
        ticks.value_ticks(axes.yaxis, sizes, most=8, factor=factor)
        axes.set_xlabel(f"mean {clean(law.length.replace('_', ' '))} of a question (logarithmic)")
        axes.set_ylabel(what)
        from matplotlib.lines import Line2D

        handles = [Line2D([], [], color=colours[k], marker="s", ms=3.5 + 1.1 * k, lw=0) for k in used]
        said = [f"{edges[k]:g} to {edges[k + 1]:g}" for k in used]
        axes.figure.legend(
            handles, said, loc="outside upper left", ncols=5 if width > 5 else 3, title="incoherence", title_fontsize=8
        )
    return axes


def movement_by_size_table(laws: PowerLaws, *, population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
    """The points of the power laws: group, model, size, bias² and variance with intervals, and their incoherence."""
    table = power_laws_table(laws, population=population, interval=interval)
    return table.assign(incoherence=table["variance"] / (table["variance"] + table["bias2"]))


def in_plane(table: pd.DataFrame) -> tuple[float, float]:
    """How far the plane reaches: to all points, and to the ends of intervals that are not far beyond them."""
    bias2, variance = (min(table[f"{t}_high"].max(), 1.4 * table[t].max()) for t in ("bias2", "variance"))
    return 1.08 * bias2, 1.1 * variance


def movement_by_size(
    laws: PowerLaws,
    *,
    population: str = "like-these",
    interval: float = 0.9,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> Any:
    """How models move in the plane of bias² and variance as they grow (Hägele et al. 2026, figure 13).

    One line per group, from the smallest to the largest model, marks growing with size; grey lines join points of
    equal incoherence.

    `table`: what `movement_by_size_table` gave, where it is there already.
    """
    if table is None:
        table = movement_by_size_table(laws, population=population, interval=interval)
    every = group_names(laws)
    shown = [every[i] for i in style.some(len(every), 8)]
    colours = dict(zip(shown, ordinal(len(shown)) if len(shown) > 1 else [BIAS]))
    sizes = np.unique(table[laws.over].to_numpy(float))
    area = dict(zip(sizes, np.linspace(3.0, 8.0, len(sizes))))
    with style.look(ax):
        axes = style.panels(1, 1, width=width, height=4.0 if width > 5 else 3.5)[0, 0]
        reach = in_plane(table)
        for value in LEVELS:
            slope = value / (1 - value)
            x = min(reach[0], reach[1] / slope)
            axes.plot([0, x], [0, slope * x], color=RULE, lw=0.8, zorder=0.5)
            axes.text(0.97 * x, 0.97 * slope * x, f"{value:g}", fontsize=6.5, color=MUTED, ha="right", zorder=0.6)
        for name in shown:
            own, colour = table[table["group"] == name].sort_values(laws.over), colours[name]
            for family in own["family"].unique() if "family" in own else [None]:
                line = own if family is None else own[own["family"] == family]
                axes.plot(line["bias2"], line["variance"], color=colour, lw=1.2, alpha=0.7)
                if len(line) > 1:
                    (x0, x1), (y0, y1) = line["bias2"].iloc[-2:], line["variance"].iloc[-2:]
                    axes.annotate(
                        "", (x1, y1), (x0, y0), arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.2}, zorder=2
                    )
            axes.hlines(own["variance"], own["bias2_low"], own["bias2_high"], color=colour, lw=0.6, alpha=0.6)
            axes.vlines(own["bias2"], own["variance_low"], own["variance_high"], color=colour, lw=0.6, alpha=0.6)
            for _, row in own.iterrows():
                axes.plot(row["bias2"], row["variance"], "o", color=colour, ms=area[float(row[laws.over])], mew=0)
        axes.set_xlim(0, reach[0])
        axes.set_ylim(0, reach[1])
        axes.set_xlabel("bias²")
        axes.set_ylabel("variance")
        from matplotlib.lines import Line2D

        handles = [Line2D([], [], color=colours[n], marker="o", ms=4, lw=1.2) for n in shown]
        legend.legend_above(axes.figure, handles, style.labels(shown, 24), width=width, most=4)
        style.left_over(axes, len(shown), len(every), "groups")
    return axes


@listed("words")
def wait_ratio_table(
    responses: Responses,
    *,
    words: Sequence[str] = ("wait",),
    column: str | None = None,
    interval: float = 0.9,
    seed: int = 0,
) -> pd.DataFrame:
    """The rows of `hotmess.laws.waiting.wait_ratio`."""
    return wait_ratio(responses, words=words, column=column, interval=interval, seed=seed)


@listed("words")
def wait_ratios(
    responses: Responses,
    *,
    words: Sequence[str] = ("wait",),
    column: str | None = None,
    interval: float = 0.9,
    seed: int = 0,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """Incoherence against the share of "Wait" (or other words) in the reasoning, a panel per model and setting.

    `table`: what `wait_ratio_table` gave, where it is there already.
    """
    if table is None:
        table = wait_ratio_table(responses, words=words, column=column, interval=interval, seed=seed)
    arms = ["model", *(c for c in ("condition", "budget") if table[c].nunique() > 1)]
    keys = list(dict.fromkeys(table[arms].astype(str).itertuples(index=False, name=None)))
    order = models_in_order(responses.table)
    place = {str(model): at for at, model in enumerate(order["model"])}
    keys.sort(key=lambda key: place[key[0]])
    shown = [keys[i] for i in style.some(len(keys), style.MAX_PANELS)]
    colours = palette(list(zip(order["model"].astype(str), order["family"].astype(str))))
    rows, columns = style.grid_of(len(shown), width=width)
    models = [k[0] for k in keys]
    short = dict(zip(models, style.labels(models, 20))) if len(set(models)) == len(models) else {m: m for m in models}
    with style.look(ax):
        axes = style.panels(rows, columns, width=width, height=0.7 + 1.8 * rows, sharex=True, sharey=True)
        for panel, key in zip(axes.flat, shown):
            own = table[(table[arms].astype(str) == list(key)).all(axis=1)]
            colour, marker = colours.colours[key[0]], colours.markers[key[0]]
            x = 100 * own["ratio"]
            panel.vlines(x, own["incoherence_low"], own["incoherence_high"], color=colour, lw=0.9)
            panel.plot(x, own["incoherence"], marker, color=colour, ms=4)
            rest = ", ".join(part for part in key[1:] if part)
            style.head(panel, short[key[0]], [(clean(rest, 26), MUTED)] if rest else [])
            panel.grid(True, axis="y")
            panel.set_axisbelow(True)
            panel.xaxis.set_tick_params(labelbottom=True)
        axes.flat[0].set_ylim(0, 1)
        style.hide(axes.flat[len(shown) :])
        figure = axes.flat[0].figure
        said = " or ".join(f"“{clean(w, 20)}”" for w in words)
        figure.supxlabel(f"{said} per 100 words of reasoning", fontsize=8.5)
        figure.supylabel("incoherence", fontsize=8.5)
    return axes
