"""The look of all figures: panels, labels, plain numbers on axes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput, median_and_tails
from hotmess.files import whole_file
from hotmess.plot.colour import INK, MUTED, RULE
from hotmess.words import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE, NARROW = 7.2, 3.7
"""Widths of figures in inches: a page of paper, a phone."""

UNDATED: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
"""What a file format says of its time, left out: the same figure is the same bytes."""

MAX_PANELS, MAX_ROWS = 12, 40
"""Panels of a figure and rows of a figure that can still be read; what is more stays in the table."""

RC: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlecolor": INK,
    "axes.titley": 1.0,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "lines.solid_capstyle": "butt",
    "axes.unicode_minus": True,
}


_PLACE: ContextVar[Any] = ContextVar("where figures are drawn, in place of new ones", default=None)


@contextlib.contextmanager
def look(ax: Any = None) -> Iterator[None]:
    """Our settings of matplotlib inside the block only; with `ax`, what is drawn takes its place.

    Raises:
        BadInput: for an `ax` that is neither one of a grid of axes nor a figure.
    """
    import matplotlib

    token = _PLACE.set(None if ax is None else _place(ax))
    try:
        with matplotlib.rc_context(RC):
            yield
    finally:
        _PLACE.reset(token)


def _place(ax: Any) -> Any:
    """The figure that is given, or one in place of the axes that are: they go, with their share of the grid."""
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    if isinstance(ax, FigureBase):
        return ax
    where = ax.get_subplotspec() if isinstance(ax, Axes) else None
    if where is None:
        raise BadInput(
            f"ax is {type(ax).__name__}; give axes that plt.subplots made, or a figure or subfigure to draw in."
        )
    figure = ax.figure
    ax.remove()
    return figure.add_subfigure(where)


def new_figure(*, width: float, height: float) -> Any:
    """A figure that no window and no pyplot knows; inside `look(ax)`, the place that was given, whatever its size."""
    if _PLACE.get() is not None:
        return _PLACE.get()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04, wspace=0.03, hspace=0.05)
    figure = Figure(figsize=(width, height), layout=layout)
    FigureCanvasAgg(figure)
    return figure


def panels(rows: int, columns: int, *, width: float, height: float, **options: Any) -> np.ndarray:
    """Axes (rows, columns) of a new figure; `height` is of the whole figure."""
    return np.asarray(new_figure(width=width, height=height).subplots(rows, columns, squeeze=False, **options))


def grid_of(count: int, *, width: float) -> tuple[int, int]:
    """Rows and columns of `count` small panels.

    >>> grid_of(7, width=7.2), grid_of(7, width=3.7), grid_of(1, width=7.2)
    ((2, 4), (4, 2), (1, 1))
    """
    most = 4 if width > 5 else 2
    if count <= 3 and width > 5:
        return 1, count
    columns = min(count, most)
    return -(-count // columns), columns


def panel_limit(width: float, columns: int) -> int:
    """Characters of a title that fit above one of `columns` panels in a figure `width` inches wide.

    >>> panel_limit(7.2, 4), panel_limit(7.2, 2), panel_limit(3.7, 2)
    (19, 39, 18)
    """
    return round(12 * ((width - 0.5) / columns - 0.1))


def labels(names: Iterable[object], limit: int = 36) -> list[str]:
    """Short names for a figure: where some are too long, all lose the words they end with in common.

    If that is not enough, those that they begin with; what is still too long loses the part that tells it least from
    the others. No two look alike.

    >>> labels(["Qwen2.5-0.5B-Instruct", "Qwen2.5-72B-Instruct"], 15)
    ['Qwen2.5-0.5B', 'Qwen2.5-72B']
    >>> labels(["Qwen2.5-0.5B-Instruct", "Qwen2.5-72B-Instruct-AWQ"], 15)
    ['0.5B-Instruct', '72B-Instruct…']
    >>> labels(["pilot_model-4-sonnet", "pilot_model-4.1-opus", "other"], 14)
    ['pilot…4-sonnet', 'pilot…4.1-opus', 'other']
    """
    out = [clean(name, 10_000) for name in names]
    for step in (-1, 1):
        if len(set(out)) > 1 and max(map(len, out)) > limit:
            words = [BETWEEN.split(name)[::step] for name in out]  # between two words stands what parts them
            common = _in_common(words)
            out = ["".join(w[common:][::step]) for w in words]
    out = [_cut(name, [other for other in out if other != name], limit) for name in out]
    seen: set[str] = set()
    for i, name in enumerate(out):
        number = 2
        while out[i] in seen:
            out[i] = f"{clean(name, limit - 3 - len(str(number)))} ({number})"
            number += 1
        seen.add(out[i])
    return out


BETWEEN = re.compile(r"([-_/ :,]+)")


def _in_common(words: Sequence[Sequence[str]]) -> int:
    """How many first parts all names share, always words with what parts them from the next; one is left."""
    shortest = min(map(len, words)) - 1
    same = next((i for i in range(shortest) if len({w[i] for w in words}) > 1), shortest)
    return same - same % 2


def _cut(name: str, others: Sequence[str], limit: int) -> str:
    """A name cut to a length, at its end or before one of its last words, so that it can be no other's."""
    if len(name) <= limit:
        return name
    begins = [m.end() for m in BETWEEN.finditer(name)]
    ends = [m.start() for m in BETWEEN.finditer(name)]
    found = []
    for start in [len(name), *begins]:
        tail, room = name[start:], limit - 1 - (len(name) - start)
        whole = max((e for e in ends if 0 < e <= room), default=0)
        head = name[: max(whole or room, 0)]
        if len(head) < 3 or any(o.startswith(head) and o[len(head) :].endswith(tail) for o in others):
            continue
        found.append((len(head) + len(tail) + WHOLE * bool(whole), f"{head}…{tail}"))
    return max(found)[1] if found else clean(name, limit)


WHOLE = 6
"""Letters that a name may lose for a cut between two words."""


def some(count: int, most: int) -> np.ndarray:
    """Indices of at most `most` of `count` things, evenly spread, the first and the last among them.

    >>> some(3, 12).tolist(), some(10, 4).tolist()
    ([0, 1, 2], [0, 3, 6, 9])
    """
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def left_over(axes: Axes, drawn: int, all_of_them: int, what: str) -> None:
    """Say on the figure that only some are drawn."""
    if drawn < all_of_them:
        text = f"{drawn} of {all_of_them} {what} are drawn, evenly spread; all are in the table."
        axes.figure.supxlabel(text, fontsize=8, color=MUTED, x=0.01, ha="left")


def rows_axis(axes: Axes, names: Sequence[str], *, limit: int = 36) -> np.ndarray:
    """Rows from the top, one per name; returns their positions."""
    at = np.arange(len(names))[::-1].astype(float)
    axes.set_yticks(at, labels(names, limit), parse_math=False)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(True, axis="x")
    axes.set_axisbelow(True)
    return at


def head(panel: Axes, name: object, lines: Sequence[tuple[str, str]] = (), *, limit: int = 24) -> None:
    """A panel's title, a name from the data, and small lines (text, colour) beneath it, all above the panel."""
    size = 7.2
    panel.set_title(clean(name, limit), parse_math=False, pad=4 + 9.5 * len(lines))
    for i, (text, colour) in enumerate(lines):
        up = 3 + 9.5 * (len(lines) - 1 - i)
        panel.annotate(
            text,
            (0, 1),
            xytext=(0, up),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=size,
            color=colour,
            parse_math=False,
        )


def interval_text(value: float, low: float, high: float, digits: int = 2) -> str:
    """A number with its interval, with a true minus sign.

    >>> interval_text(-0.2, -0.5, 0.1)
    '−0.20 [−0.50, 0.10]'
    """
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]".replace("-", "−")


def band(curves: np.ndarray, interval: float) -> np.ndarray:
    """(3, points) lower end, median and upper end of curves (draws, points).

    Sorted before: NumPy sorts many columns at once in less time than it takes to find three places in each.

    >>> band(np.array([[1.0], [3.0], [2.0]]), 0.5).ravel().tolist()
    [1.5, 2.0, 2.5]
    """
    return np.asarray(np.quantile(np.sort(curves, axis=0), median_and_tails(interval), axis=0))


def figure_of(axes: Any) -> Any:
    """The whole figure that some axes are in."""
    first = np.atleast_1d(np.asarray(axes, dtype=object)).flat[0].figure
    return getattr(first, "figure", None) or first


def save(axes: Any, path: Any) -> None:
    """Write the figure that axes are in to a file (.pdf, .svg or .png), whole or not at all."""
    kind = Path(path).suffix.lstrip(".").lower() or "png"
    figure = figure_of(axes)
    if kind not in figure.canvas.get_supported_filetypes():
        raise BadInput(f"A figure cannot be written as .{kind}: choose .pdf, .svg or .png.")
    with whole_file(path) as file:
        figure.savefig(file, dpi=200, format=kind, metadata=UNDATED.get(kind, {}))


def hide(axes: Iterable[Axes]) -> None:
    """Take panels that hold nothing out of the figure."""
    for a in axes:
        a.set_visible(False)
