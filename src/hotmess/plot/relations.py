"""Lengths across models, incoherence over length and size, movement with size, and words of waiting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.decompose.grouping import models_in_order
from hotmess.laws.length_relations import length_correlations
from hotmess.laws.waiting import wait_ratio
from hotmess.plot import style, ticks
from hotmess.plot.colour import BIAS, MUTED, PAPER, RULE, ordinal, palette
from hotmess.plot.length import incoherence_against_length_table
from hotmess.plot.plane import LEVELS
from hotmess.plot.scale import group_names, power_laws_table, size_unit
from hotmess.words import clean

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.laws.length import LengthLaw
    from hotmess.laws.power import PowerLaws
    from hotmess.responses.table import Responses

CLASSES = 5
MOST_ARMS = 12


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
    ax: Any = None,
) -> Any:
    """Correlations of questions' lengths between models: a disc per pair, its area the correlation, hollow below 0.

    With `label`, a last row of rank correlations with people's labels of difficulty.
    """
    table = length_correlation_table(responses, label=label, interval=interval, seed=seed)
    from hotmess.decompose.grouping import natural

    arms = sorted({*table["first"], *table["second"]} - {label}, key=natural)
    most = MOST_ARMS if width > 5 else 7
    shown = [arms[i] for i in style.some(len(arms), most)]
    down = shown[1:] + ([label] if label is not None and (table["second"] == label).any() else [])
    across = shown[:-1] if label not in down else shown
    value = {frozenset((a, b)): r for a, b, r in zip(table["first"], table["second"], table["correlation"])}
    limit = 30 if width > 5 else 14
    names = dict(zip([*shown, label], style.labels([*shown, str(label)], limit)))
    step = min(0.55, (width - (2.2 if width > 5 else 1.3)) / max(len(across), 1))
    with style.look(ax):
        axes = style.panels(1, 1, width=width, height=1.3 + step * len(down))[0, 0]
        for i, row in enumerate(down):
            for j, column in enumerate(across):
                r = value.get(frozenset((row, column)))
                if r is None or (row in shown and shown.index(column) >= shown.index(row)):
                    continue
                face = {"mfc": BIAS} if r > 0 else {"mfc": PAPER}
                axes.plot(j, -i + 0.12, "o", color=BIAS, ms=19 * step / 0.55 * np.sqrt(abs(r)), mew=1, **face)
                axes.text(j, -i - 0.38, f"{r:.2f}".replace("-", "−"), ha="center", va="center", fontsize=6.5)
        axes.set_yticks(-np.arange(len(down)), [names[n] for n in down], parse_math=False)
        axes.set_xticks(
            np.arange(len(across)), [names[n] for n in across], rotation=35, ha="right", parse_math=False, fontsize=7
        )
        axes.set_xlim(-0.6, len(across) - 0.4)
        axes.set_ylim(-len(down) + 0.35, 0.65)
        axes.tick_params(length=0)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        style.left_over(axes, len(shown), len(arms), "models")
    return axes


def length_size_surface_table(law: LengthLaw, *, population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
    """The bins of a length law of models whose size is known: model, model_size_b, length, incoherence, interval."""
    table = incoherence_against_length_table(law, population=population, interval=interval)
    return table[table["model_size_b"].notna()].drop(columns="plug_in").reset_index(drop=True)


def length_size_surface(
    law: LengthLaw, *, population: str = "like-these", interval: float = 0.9, width: float = style.WIDE, ax: Any = None
) -> Any:
    """Incoherence over length and model size (Hägele et al. 2026, figure 14): a square per bin, darker for more.

    Raises
    ------
    NotTestable
        If fewer than two model sizes are known.
    """
    from hotmess.errors import NotTestable

    table = length_size_surface_table(law, population=population, interval=interval)
    sizes = np.unique(table["model_size_b"].to_numpy(float))
    if len(sizes) < 2:
        raise NotTestable("Fewer than two model sizes are known, so there is no surface over length and size.")
    edges = np.linspace(0, 1, CLASSES + 1)
    colours = ordinal(CLASSES)
    level = np.clip(np.searchsorted(edges, table["incoherence"], side="right") - 1, 0, CLASSES - 1)
    what, factor = size_unit(float(sizes.max()))
    with style.look(ax):
        axes = style.panels(1, 1, width=width, height=3.4 if width > 5 else 3.0)[0, 0]
        used = []
        for k in range(CLASSES):
            rows = table[level == k]
            if len(rows):
                axes.plot(rows["length"], rows["model_size_b"], "s", color=colours[k], ms=3.5 + 1.1 * k, mew=0)
                used.append(k)
        axes.set_xscale("log")
        axes.set_yscale("log")
        low, high = table["length"].min(), table["length"].max()
        axes.set_xlim(low / 1.1, high * 1.1)
        axes.set_ylim(sizes[0] / 1.5, sizes[-1] * 1.5)
        ticks.log_ticks(axes.xaxis, low, high, most=7)
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


def movement_by_size(
    laws: PowerLaws, *, population: str = "like-these", interval: float = 0.9, width: float = style.WIDE, ax: Any = None
) -> Any:
    """How models move in the plane of bias² and variance as they grow (Hägele et al. 2026, figure 13).

    One line per group, from the smallest to the largest model, marks growing with size; grey lines join points of
    equal incoherence.
    """
    table = movement_by_size_table(laws, population=population, interval=interval)
    every = group_names(laws)
    shown = [every[i] for i in style.some(len(every), 8)]
    colours = dict(zip(shown, ordinal(len(shown)) if len(shown) > 1 else [BIAS]))
    sizes = np.unique(table[laws.over].to_numpy(float))
    area = dict(zip(sizes, np.linspace(3.0, 8.0, len(sizes))))
    with style.look(ax):
        axes = style.panels(1, 1, width=width, height=4.0 if width > 5 else 3.5)[0, 0]
        reach = 1.08 * table["bias2_high"].max(), 1.1 * table["variance_high"].max()
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
        axes.figure.legend(handles, style.labels(shown, 24), loc="outside upper left", ncols=4 if width > 5 else 2)
        style.left_over(axes, len(shown), len(every), "groups")
    return axes


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


def wait_ratios(
    responses: Responses,
    *,
    words: Sequence[str] = ("wait",),
    column: str | None = None,
    interval: float = 0.9,
    seed: int = 0,
    width: float = style.WIDE,
    ax: Any = None,
) -> np.ndarray:
    """Incoherence against the share of "Wait" (or other words) in the reasoning, a panel per model and setting."""
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
