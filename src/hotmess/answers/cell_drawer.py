"""Draws of answer distributions given the group parameters, from gammas in single precision (methods, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

TINY = 1e-30  # below it a sum of gamma draws has too few digits left in single precision


class Counts(Protocol):
    """Counts of cells, as `hotmess.answers.conjugate.LetterCells` has them."""

    @property
    def right(self) -> np.ndarray: ...
    @property
    def wrong(self) -> np.ndarray: ...
    @property
    def unparsable(self) -> np.ndarray: ...
    @property
    def choices(self) -> np.ndarray: ...


class CellDrawer:
    """Draws answer distributions in blocks of draws of the group parameters."""

    def __init__(self, cells: Counts, group: np.ndarray, parameters: dict[str, np.ndarray]) -> None:
        self.cells, self.group, self.parameters = cells, group, parameters
        self.k = cells.choices - 1
        self.real = np.arange(cells.wrong.shape[1])[:, None] < self.k
        self.wrong = np.ascontiguousarray(cells.wrong.T.astype(np.float32))  # (K, cells): sums over options are quick
        self.split = self.wrong.sum(axis=0)

    def __call__(self, block: slice, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """a (rows,), w (rows, K) and u (rows,), rows being the cells in one draw of the block after another."""
        own = {name: x[block] for name, x in self.parameters.items()}
        mean = 1 / (1 + np.exp(-own["logit_a"]))
        kappa, phi = np.exp(own["log_kappa"]), np.exp(own["log_phi"])
        alpha = (kappa * mean)[:, self.group] + self.cells.right
        beta = (kappa * (1 - mean))[:, self.group] + (self.split + self.cells.unparsable)
        a, left = beta_draws(rng, alpha.ravel(), beta.ravel())
        shape = (phi[:, self.group] / self.k).astype(np.float32) + self.wrong[:, None]
        w, scale = self._shares(shape, rng)
        u = self._unparsable(left, own, rng)
        w *= left / scale
        return a, w.T, u

    def _shares(self, shape: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Gamma draws (K, rows) of these shapes (K, draws, cells), and their sums (rows,)."""
        columns, cells = shape.shape[0], shape.shape[2]
        if not self.real.all():
            shape *= self.real[:, None]
        shape = shape.reshape(columns, -1)
        w = rng.standard_gamma(shape, dtype=np.float32)
        scale: np.ndarray = w.sum(axis=0)
        low = np.flatnonzero(scale < TINY)
        if len(low):
            # Tiny shapes underflow. In double precision few do; then all mass is on one option, which is what it means.
            double = rng.standard_gamma(shape[:, low].astype(float))
            total = double.sum(axis=0)
            empty = total < 1e-280
            pick = np.argmax(np.where(self.real[:, low % cells], rng.random(double.shape), -1.0), axis=0)
            double[:, empty] = np.arange(columns)[:, None] == pick[empty]
            w[:, low] = double / np.where(empty, 1.0, total)
            scale[low] = 1.0
        return w, scale

    def _unparsable(self, left: np.ndarray, own: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
        """Draws u (rows,) of the share of unparsable responses, which is taken from what is left."""
        u = np.zeros(len(left), np.float32)
        if "logit_u" not in own:
            return u
        share, psi = 1 / (1 + np.exp(-own["logit_u"])), np.exp(own["log_psi"])
        has = np.flatnonzero(np.isfinite(own["logit_u"])[:, self.group])
        draw, cell = np.divmod(has, len(self.group))
        g = self.group[cell]
        alpha = (psi * share)[draw, g] + self.cells.unparsable[cell]
        lost, kept = beta_draws(rng, alpha, (psi * (1 - share))[draw, g] + self.split[cell])
        u[has] = left[has] * lost
        left[has] *= kept
        return u


def beta_draws(
    rng: np.random.Generator, alpha: Float[np.ndarray, " *cells"], beta: Float[np.ndarray, " *cells"]
) -> tuple[Float[np.ndarray, " *cells"], Float[np.ndarray, " *cells"]]:
    """Beta draws and their complements, float32, each with its own relative precision."""
    shapes = alpha.astype(np.float32), beta.astype(np.float32)
    up, down = (rng.standard_gamma(shape, dtype=np.float32) for shape in shapes)
    total = up + down
    low = np.flatnonzero(total < TINY)
    if len(low):
        # Tiny shapes underflow. In double precision few do; then all mass is at 0 or at 1, which is what it means.
        double = rng.standard_gamma(alpha[low]), rng.standard_gamma(beta[low])
        whole = double[0] + double[1]
        empty = whole < 1e-280
        one = np.where(empty, rng.random(len(low)) * (alpha[low] + beta[low]) < alpha[low], 0.0)
        up[low] = np.where(empty, one, double[0] / np.where(empty, 1.0, whole))
        down[low] = np.where(empty, 1 - one, double[1] / np.where(empty, 1.0, whole))
        total[low] = 1.0
    return up / total, down / total
