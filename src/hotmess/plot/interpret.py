"""Predictions, comparisons and slopes as figures: the posterior filled, the estimate without a model hollow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput, listed
from hotmess.plot import style, ticks
from hotmess.plot.colour import INK, MUTED, PAPER, palette

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.interpret.compare import Comparison

WORDS = {"incoherence": "incoherence", "bias2": "bias²", "variance": "variance", "error": "error"}
PARTS = {
    "incoherence": "incoherence",
    "accuracy part": "  of it: accuracy",
    "spread part": "  of it: spread",
    "concentration part": "  of it: concentration",
    "bias2": "bias²",
    "variance": "variance",
    "error": "error",
}
OWN = ("questions", "responses", "levels", "scale", "paired", "reliable", "value_of", "value_against", "probability")


@listed("quantities")
def predictions(
    table: pd.DataFrame,
    *,
    quantities: Sequence[str] = ("incoherence", "bias2", "variance"),
    width: float = style.WIDE,
    ax: Any = None,
) -> np.ndarray:
    """Each quantity at every level: the table of `hotmess.interpret.predictions`, a panel per quantity, a row per set.

    Lines are intervals; filled marks posterior medians, hollow marks the unbiased estimate.
    """
    return _forest(table, "median", quantities, {}, width, ax=ax)


@listed("quantities")
def comparisons(
    table: pd.DataFrame,
    *,
    quantities: Sequence[str] = ("incoherence", "bias2", "variance"),
    width: float = style.WIDE,
    ax: Any = None,
) -> np.ndarray:
    """Differences of `hotmess.interpret.comparisons`, or slopes of `hotmess.interpret.slopes`, with zero marked."""
    value = "slope" if "slope" in table else "difference"
    titles = {q: f"difference of {w}" for q, w in WORDS.items()}
    if value == "slope":
        scale = table.drop_duplicates("quantity").set_index("quantity")["scale"].to_dict()
        titles = {q: f"slope of {scale.get(q, '')} {w}".replace("  ", " ") for q, w in WORDS.items()}
    return _forest(table, value, quantities, titles, width, zero=True, ax=ax)


def compare(comparison: Comparison, *, width: float = style.WIDE, ax: Any = None) -> np.ndarray:
    """Differences between models on the same questions, one panel per pair: incoherence with its three parts, bias²,
    variance, error.

    Filled: posterior; hollow: unbiased with its paired interval. Right of zero, the first model has more of it.
    """
    table = comparison.table
    by = list(table.columns[: list(table.columns).index("of")])
    groups = list(table.groupby([*by, "of", "against"], sort=False, observed=True))
    shown = [groups[i] for i in style.some(len(groups), style.MAX_PANELS)]
    names = [q for q in PARTS if q in set(table["quantity"])]
    rows, columns = style.grid_of(len(shown), width=width)
    columns = min(columns, 2)
    rows = -(-len(shown) // columns)
    with style.look(ax):
        axes = style.panels(rows, columns, width=width, height=0.7 + rows * (0.55 + 0.2 * len(names)), sharex=True)
        for panel, (key, own) in zip(axes.flat, shown):
            labels = key if isinstance(key, tuple) else (key,)
            place = f" ({', '.join(map(str, labels[:-2]))})" if by else ""
            at = style.rows_axis(panel, [PARTS[q] for q in names])
            style.head(panel, f"{labels[-2]} − {labels[-1]}{place}", limit=46 if columns == 1 else 34)
            panel.axvline(0, color=MUTED, lw=0.8)
            row = own.set_index("quantity")
            for y, name in zip(at, names):
                _marks(panel, y, row.loc[name], "difference", INK, "o" if not name.endswith("part") else "s")
        style.hide(axes.flat[len(shown) :])
        for panel in axes.flat[max(0, len(shown) - columns) : len(shown)]:
            panel.tick_params(labelbottom=True)
        style.left_over(axes.flat[0], len(shown), len(groups), "pairs")
        _legend(axes.flat[0].figure, table)
    return axes


def _forest(
    table: pd.DataFrame,
    value: str,
    quantities: Sequence[str],
    titles: dict[str, str],
    width: float,
    zero: bool = False,
    ax: Any = None,
) -> np.ndarray:
    have = set(table["quantity"])
    for name in quantities:
        if name not in have:
            raise BadInput(f"There is no quantity {name!r} in the table; there are {', '.join(sorted(have))}.")
    first = table[table["quantity"] == quantities[0]]
    keys = [c for c in table.columns[: list(table.columns).index("quantity")] if c not in OWN]
    labels = _labels(first, keys)
    shown = style.some(len(labels), style.MAX_ROWS)
    colours = _colours(first)
    columns = len(quantities) if width > 5 else 1
    rows = -(-len(quantities) // columns)
    with style.look(ax):
        height = 0.75 + rows * (0.45 + 0.27 * len(shown))
        axes = style.panels(rows, columns, width=width, height=height, sharey=True)
        at = style.rows_axis(axes.flat[0], [labels[i] for i in shown], limit=30 if width > 5 else 24)
        for panel, name in zip(axes.flat, quantities):
            own = table[table["quantity"] == name].iloc[shown]
            panel.set_title(titles.get(name, WORDS.get(name, name)))
            panel.grid(True, axis="x")
            panel.set_axisbelow(True)
            panel.spines["left"].set_visible(False)
            panel.tick_params(axis="y", length=0)
            if zero:
                panel.axvline(0, color=MUTED, lw=0.8)
            for i, (y, (_, row)) in enumerate(zip(at, own.iterrows())):
                colour, marker = colours[shown[i]]
                _marks(panel, y, row, value, colour, marker)
        style.left_over(axes.flat[0], len(shown), len(labels), "rows")
        _legend(axes.flat[0].figure, table)
    return axes


def _marks(panel: Any, y: float, row: Any, value: str, colour: str, marker: str) -> None:
    both = np.isfinite(row[value]) and np.isfinite(row["unbiased"])
    if np.isfinite(row[value]):
        up = y + (0.1 if both else 0.0)
        panel.hlines(up, row["low"], row["high"], color=colour, lw=1.4)
        panel.plot(row[value], up, marker, color=colour, ms=4.6)
    if np.isfinite(row["unbiased"]):
        down = y - (0.18 if both else 0.0)
        panel.hlines(down, row["unbiased_low"], row["unbiased_high"], color=colour, lw=0.8)
        panel.plot(row["unbiased"], down, marker, color=colour, ms=3.6, mfc=PAPER, mew=0.9)


def _labels(table: pd.DataFrame, keys: list[str]) -> list[str]:
    out = []
    for _, row in table.iterrows():
        words = [ticks.plain_number(v) if isinstance(v, float) else str(v) for v in (row[k] for k in keys)]
        if "of" in keys:
            pair = f"{row['of']} − {row['against']}"
            words = [w for w, k in zip(words, keys) if k not in ("of", "against")] + [pair]
        out.append(", ".join(w for w in words if w) or "all")
    return out


def _colours(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Colour and marker of each row: its model's, where the rows are of models."""
    if "model" not in table or "of" in table:
        return [(INK, "o")] * len(table)
    models = list(dict.fromkeys(table["model"].astype(str)))
    found = palette([(m, "") for m in models])
    return [(found.colours[m], found.markers[m]) for m in table["model"].astype(str)]


def _legend(figure: Any, table: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    handles, said = [], []
    if table["low"].notna().any():
        handles.append(Line2D([], [], color=MUTED, marker="o", ms=4.6, lw=1.4))
        said.append("posterior")
    if table["unbiased"].notna().any():
        handles.append(Line2D([], [], color=MUTED, marker="o", ms=3.6, mfc=PAPER, mew=0.9, lw=0.8))
        said.append("unbiased, without a model")
    figure.legend(handles, said, loc="outside upper left", ncols=2)
