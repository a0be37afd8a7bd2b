"""An estimate with its interval as a small drawing in a row of the table of verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT, EDGE = 168, 24, 8
"""Size in CSS pixels, and what is left free at both ends."""


@dataclass(frozen=True)
class Window:
    """What of a row's own scale is in sight: from `start` to `end`.

    >>> Window(-2.0, 2.0).x(0.0), Window(-2.0, 2.0).x(2.0), Window(-2.0, 2.0).x(-9.0)
    (84.0, 160.0, 8.0)
    """

    start: float
    end: float

    def x(self, value: float) -> float:
        """Where a value is drawn, in pixels from the left."""
        share = float(np.clip((value - self.start) / (self.end - self.start), 0, 1))
        return round(EDGE + share * (WIDTH - 2 * EDGE), 2)


def around_zero(low: float, high: float, delta: float) -> Window:
    """A window with 0 in its middle, in which interval and region (-delta, delta) are whole.

    >>> around_zero(0.1, 0.4, 0.0), around_zero(-0.1, 0.1, 1.0)
    (Window(start=-0.4, end=0.4), Window(start=-1.25, end=1.25))
    """
    reach = max(abs(low), abs(high), 1.25 * delta)
    return Window(-reach, reach) if reach > 0 else Window(-1.0, 1.0)


def around_region(low: float, high: float, region: tuple[float, float]) -> Window:
    """A window in which the interval is whole, with the region's edges; one far from the interval is left out.

    >>> around_region(0.98, 1.02, (0.9, 1.1)), around_region(0.07, 0.12, (-1.0, 0.1)).start > 0
    (Window(start=0.9, end=1.1), True)
    """
    reach = 3 * max(high - low, min(abs(high - region[0]), abs(region[1] - low)))
    inside = [edge for edge in region if low - reach <= edge <= high + reach]
    start, end = min(low, *inside, high), max(high, *inside, low)
    room = 0.1 * (end - start) or 1.0
    before = 3 * room if region[0] not in inside else room if start < region[0] else 0.0
    after = 3 * room if region[1] not in inside else room if end > region[1] else 0.0
    return Window(start - before, end + after)


def strip(window: Window, median: float, low: float, high: float, grey: tuple[float, float], label: str) -> str:
    """The drawing as an SVG element: a grey region, a dotted 0 where that is in the middle, interval and median.

    label: the same in words, for those who cannot see it; escaped here.
    """
    y, (left, right) = HEIGHT / 2, (window.x(edge) for edge in grey)
    band = f'<rect class="none" x="{left:g}" y="3" width="{right - left:g}" height="{HEIGHT - 6}"/>'
    at, a, b = (window.x(v) for v in (median, low, high))
    zero = f'<path class="zero" d="M{WIDTH / 2:g} 1V{HEIGHT - 1}"/>' if window.start == -window.end else ""
    return (
        f'<svg class="strip" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{band if right > left else ""}{zero}<path class="line" d="M{a:g} {y:g}H{b:g}"/>'
        f'<path class="dot" d="M{at - 4:g} {y:g}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0"/></svg>'
    )
