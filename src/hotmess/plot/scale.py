"""Power laws of bias² and variance in model size, by group of difficulty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import tails
from hotmess.plot import style, ticks
from hotmess.plot.colour import BIAS, INK, MUTED, VARIANCE
from hotmess.words import clean

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.laws.power import PowerLaws

TERMS = (("bias2", "bias²", BIAS, "o"), ("variance", "variance", VARIANCE, "s"))
POINTS = 40


def power_laws_table(laws: PowerLaws, *, population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
    """The points: model, groups, size, bias² and variance with intervals (from the first stage, on the log scale)."""
    from scipy.stats import norm

    p = laws.law.populations.index(population)
    cells, count = laws.law.cells, len(laws.law.cells)
    mean, sd = laws.law.mean[p], np.sqrt(np.diag(laws.law.covariance[p]))
    z = norm.ppf(tails(interval)[1])
    table = cells[["model", *laws.by, laws.over, "questions", "responses", "wrong"]].copy()
    for i, name in enumerate(("bias2", "variance")):
        own = slice(i * count, (i + 1) * count)
        table[name] = np.exp(mean[own])
        table[f"{name}_low"], table[f"{name}_high"] = np.exp(mean[own] - z * sd[own]), np.exp(mean[own] + z * sd[own])
    table.insert(0, "group", [", ".join(map(str, r)) for r in cells[list(laws.by)].itertuples(index=False)])
    order = {label: i for i, label in enumerate(group_names(laws))}
    rank = [(order[g], x) for g, x in zip(table["group"], table[laws.over])]
    return table.iloc[sorted(range(len(table)), key=rank.__getitem__)].reset_index(drop=True)


def in_sight(table: pd.DataFrame) -> tuple[float, float]:
    """Lowest and highest that the panels show: all points, and intervals as far as ten times below or above them.

    One group with hardly an error has an interval over many powers of ten, beside which all others are points.
    """
    middle, low, high = (table[[f"{t}{e}" for t, *_ in TERMS]].to_numpy() for e in ("", "_low", "_high"))
    return max(low.min(), middle.min() / 10), min(high.max(), middle.max() * 10)


def out_of_sight(table: pd.DataFrame) -> bool:
    """Whether some interval leaves the panels."""
    low, high = in_sight(table)
    ends = table[[f"{t}_{end}" for t, *_ in TERMS for end in ("low", "high")]]
    return bool((ends.lt(low) | ends.gt(high)).any(axis=None))


def group_names(laws: PowerLaws) -> list[str]:
    """Names of the groups, in the law's order."""
    return [str(v) for v in np.asarray(laws.data["posterior"]["group"])]


def size_unit(largest: float) -> tuple[str, float]:
    """What an axis of model sizes is called, and the factor from billions to its unit.

    >>> size_unit(72.0), size_unit(0.005)
    (('model size, billions', 1.0), ('model size, millions', 1000.0))
    """
    if largest >= 0.3:
        return "model size, billions", 1.0
    return ("model size, millions", 1e3) if largest >= 3e-4 else ("model size, thousands", 1e6)


def line(laws: PowerLaws, term: str, group: int, x: np.ndarray, population: str = "like-these") -> np.ndarray:
    """(draws, points) of bias² or variance on a group's line at sizes x."""
    level = laws.draws(population)[f"level_{term}"].values[..., group].ravel()[:, None]
    slope = laws.draws(population)[f"alpha_{term}"].values[..., group].ravel()[:, None]
    out: np.ndarray = np.exp(level - slope * (np.log(x) - laws.law.center))
    return out


def power_laws(
    laws: PowerLaws,
    *,
    population: str = "like-these",
    interval: float = 0.9,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """One panel per group: bias² and variance against size on logarithmic axes, with lines, bands and exponents.

    Below, the groups' exponents, and bias² exponent minus variance exponent, the slope of logit incoherence in log
    size: above 0, incoherence rises with size (Hägele et al. 2026, section on scale).

    `table`: what `power_laws_table` gave, where it is there already.
    """
    if table is None:
        table = power_laws_table(laws, population=population, interval=interval)
    summary = laws.summary(population, interval)
    every = group_names(laws)
    shown = [every[i] for i in style.some(len(every), style.MAX_PANELS)]
    rows, columns = style.grid_of(len(shown), width=width)
    short = dict(zip(every, style.labels(every, style.panel_limit(width, columns))))
    with style.look(ax):
        grid, below = _places(rows, columns, len(shown), width)
        low, high = in_sight(table)
        sizes = np.unique(table[laws.over])
        what, factor = size_unit(sizes.max()) if laws.over == "model_size_b" else (clean(laws.over), 1.0)
        for i, (panel, name) in enumerate(zip(grid, shown)):
            own, group = table[table["group"] == name], every.index(name)
            for term, _, colour, marker in TERMS:
                _line(panel, own, laws, term, group, population, interval, colour, marker)
            style.head(panel, short[name], limit=style.panel_limit(width, columns))
            panel.set_xscale("log")
            panel.set_yscale("log")
            panel.set_xlim(sizes[0] / 1.25, sizes[-1] * 1.25)
            panel.set_ylim(low / 1.15, high * 1.15)
            ticks.value_ticks(panel.xaxis, sizes, most=6, factor=factor, inches=0.9 * ((width - 0.75) / columns - 0.1))
            ticks.log_ticks(panel.yaxis, low, high, most=5)
            panel.grid(True, axis="y")
            panel.set_axisbelow(True)
            if i % columns:
                panel.set_yticklabels([])
            else:
                panel.set_ylabel("bias², variance")
            if i >= len(shown) - columns:
                panel.set_xlabel(what)
        _exponents(below[0], below[1], summary.iloc[[every.index(name) for name in shown]], shown)
        if len(shown) < len(every):
            below[0].figure.supxlabel(
                f"{len(shown)} of {len(every)} groups are drawn; all are in the table", fontsize=8
            )
        from matplotlib.lines import Line2D

        handles = [Line2D([], [], color=colour, marker=marker, ms=4, lw=1.6) for _, _, colour, marker in TERMS]
        grid[0].figure.legend(handles, [word for _, word, _, _ in TERMS], loc="outside upper left", ncols=2)
    return np.array([*grid, *below], dtype=object)


def _places(rows: int, columns: int, groups: int, width: float) -> tuple[list[Any], list[Any]]:
    """Axes for the groups, and two below them for exponents and slopes."""
    stacked = width <= 5
    upper, forest = 0.55 + 1.95 * rows, 0.55 + 0.24 * groups
    lower = 2 * forest if stacked else forest
    figure = style.new_figure(width=width, height=upper + lower)
    top, bottom = figure.subfigures(2, 1, height_ratios=[upper, lower])
    grid = list(top.subplots(rows, columns, squeeze=False).flat)
    style.hide(grid[groups:])
    below = list(bottom.subplots(2, 1) if stacked else bottom.subplots(1, 2))
    return grid[:groups], below


def _line(
    panel: Any,
    own: pd.DataFrame,
    laws: PowerLaws,
    term: str,
    group: int,
    population: str,
    interval: float,
    colour: str,
    marker: str,
) -> None:
    shift = 1.03 if term == "variance" else 1 / 1.03  # so that one interval does not hide the other
    size = own[laws.over].to_numpy()
    x = np.geomspace(size.min(), size.max(), POINTS)
    low, middle, high = style.band(line(laws, term, group, x, population), interval)
    panel.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
    panel.plot(x, middle, color=colour, lw=1.6)
    panel.vlines(size * shift, own[f"{term}_low"], own[f"{term}_high"], color=colour, lw=0.9)
    panel.plot(size * shift, own[term], marker, color=colour, ms=3.8)


def _exponents(left: Any, right: Any, summary: pd.DataFrame, names: list[str]) -> None:
    """Exponents of bias² and variance, and their difference, the slope of logit incoherence, per group."""
    at = style.rows_axis(left, names, limit=18)
    for shift, (term, _, colour, marker) in zip((0.13, -0.13), TERMS):
        name = f"alpha_{term}"
        left.hlines(at + shift, summary[f"{name}_low"], summary[f"{name}_high"], color=colour, lw=1.2)
        left.plot(summary[name], at + shift, marker, color=colour, ms=4)
    left.set_xlabel("exponent: how fast it falls with size")
    style.rows_axis(right, names, limit=18)
    name = "logit_incoherence_slope"
    right.axvline(0, color=MUTED, lw=0.8)
    right.hlines(at, summary[f"{name}_low"], summary[f"{name}_high"], color=INK, lw=1.2)
    right.plot(summary[name], at, "o", color=INK, ms=4)
    right.set_xlabel("← incoherence falls with size, rises →")
    reach = 1.1 * max(abs(summary[[f"{name}_low", f"{name}_high"]].to_numpy()).max(), 0.05)
    right.set_xlim(-reach, reach)
