"""Newton's steps up many small surfaces at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int


STEPS, ENOUGH = 60, 1e-6  # a step that small leaves an error of its square
LONGEST, SHRINK = 2.0, 0.8  # of a step; what each may be of the one before where values are not looked at
KEPT = 0.7  # of rows still on their way: with fewer the others are left behind, which copies arrays
S = TypeVar("S", bound="Surfaces")


class Surfaces(Protocol):
    """As many surfaces in k dimensions as there are rows, each of which has a maximum."""

    def value(self, x: Float[np.ndarray, "k rows"]) -> Float[np.ndarray, " rows"]:
        """The height of each at its own place."""

    def slopes(self, x: Float[np.ndarray, "k rows"]) -> tuple[np.ndarray, np.ndarray]:
        """Gradients (k, rows) and Hessians (k, k, rows)."""

    def take(self: S, rows: Int[np.ndarray, " some"]) -> S:
        """Some of them."""


def maximise(surfaces: Surfaces, start: Float[np.ndarray, "k rows"]) -> Float[np.ndarray, "k rows"]:
    """(k, rows) maxima, k = 1 or 2.

    Where every Hessian on the way is negative definite and steps shrink, Newton's steps are taken as they are, and
    values are not needed; the other rows start again by steps that are damped until they go up.
    """
    x, left = _straight(surfaces, start)
    if len(left):
        x[:, left] = _damped(surfaces.take(left), start[:, left])
    return x


def _straight(surfaces: Surfaces, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maxima by plain steps, none longer than `LONGEST`, and the rows that do not get there."""
    out, at, rows = start.copy(), start.copy(), np.arange(start.shape[1])
    most, on = np.full(len(rows), np.inf), np.ones(len(rows), bool)
    arrived = np.zeros(len(rows), bool)
    for _ in range(STEPS):
        step, concave = _steps(*surfaces.slopes(at))
        size = np.abs(step).max(axis=0)
        on &= concave & (size <= most)
        near = on & (size <= ENOUGH)
        at += np.minimum(1, LONGEST / np.maximum(size, 1e-300)) * step
        out[:, rows[near]], arrived[rows[near]] = at[:, near], True
        on &= ~near
        left = np.count_nonzero(on)
        if not left:
            break
        most = np.where(size > LONGEST, np.inf, SHRINK * size)
        if left < KEPT * len(rows):
            keep = np.flatnonzero(on)
            surfaces, rows, at, most, on = surfaces.take(keep), rows[keep], at[:, keep], most[keep], on[keep]
    return out, np.flatnonzero(~arrived)


def _damped(surfaces: Surfaces, start: np.ndarray) -> np.ndarray:
    """Maxima by steps towards where the surface goes up, halved until they do."""
    x = start.copy()
    rows = np.arange(x.shape[1])
    now = surfaces.value(x)
    for _ in range(STEPS):
        step = _uphill(*surfaces.slopes(x[:, rows]))
        size = np.abs(step).max(axis=0)
        step *= np.minimum(1, LONGEST / np.maximum(size, 1e-300))
        share = np.ones(len(rows))
        new = surfaces.value(x[:, rows] + step)
        for _ in range(30):
            worse = np.flatnonzero(~(new >= now[rows] - 1e-10 * np.abs(now[rows])))
            if not len(worse):
                break
            share[worse] /= 2
            new[worse] = surfaces.take(worse).value(x[:, rows[worse]] + share[worse] * step[:, worse])
        x[:, rows] += share * step
        now[rows] = new
        on = np.flatnonzero(size > ENOUGH)
        rows = rows[on]
        if not len(rows):
            break
        surfaces = surfaces.take(on)
    return x


def _steps(
    gradient: Float[np.ndarray, "k rows"], hessian: Float[np.ndarray, "k k rows"]
) -> tuple[Float[np.ndarray, "k rows"], Bool[np.ndarray, " rows"]]:
    """Newton's steps, and whether the Hessian is negative definite."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if len(gradient) == 1:
            return -gradient / hessian[0], hessian[0, 0] < 0
        (x, y), a, b, d = gradient, hessian[0, 0], hessian[0, 1], hessian[1, 1]
        determinant = a * d - b * b
        return np.stack([b * y - d * x, b * x - a * y]) / determinant, (a < 0) & (determinant > 0)


def _uphill(
    gradient: Float[np.ndarray, "k rows"], hessian: Float[np.ndarray, "k k rows"]
) -> Float[np.ndarray, "k rows"]:
    """Newton's step where it goes up, else one of the Hessian with its eigenvalues made negative."""
    if len(gradient) == 1:
        out: np.ndarray = gradient / np.maximum(np.abs(hessian[0]), 1e-8)
        return out
    a, b, d = hessian[0, 0], hessian[0, 1], hessian[1, 1]
    middle, radius = (a + d) / 2, np.hypot((a - d) / 2, b)
    lift = np.maximum(middle + radius + 1e-6, 0) * 1.5  # the larger eigenvalue must be below 0
    return _steps(gradient, np.stack([np.stack([a - lift, b]), np.stack([b, d - lift])]))[0]
