"""Means over sets of questions under weights, by the fit and without it: what every statement is a function of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.statements.influence import Statement, effective, gradient, influences
from hotmess.statements.settle import Settled, settle

if TYPE_CHECKING:
    from jaxtyping import Float, Real


@dataclass(frozen=True)
class SetMeans:
    """Draws of the means of terms over sets of cells, at the same weights with and without the model.

    Attributes
    ----------
    latent, centre
        (draws, sets, terms), and (sets, terms) at even weights.
    unbiased, unbiased_centre
        The same by unbiased terms; None where the metric has none.
    terms, cells
        (units, sets, terms) sums of the terms of each unit's cells, and (units, sets) how many: unbiased terms where
        there are any, else expected ones.
    virtual
        The same of virtual questions drawn from the fit (`hotmess.statements.implied`); None without a model.
    per_unit
        Mean number of questions in a unit (1, or questions per cluster).
    """

    latent: Float[np.ndarray, "draws sets terms"]
    centre: Float[np.ndarray, "sets terms"]
    unbiased: Float[np.ndarray, "draws sets terms"] | None
    unbiased_centre: Float[np.ndarray, "sets terms"] | None
    terms: Float[np.ndarray, "units sets terms"]
    cells: Real[np.ndarray, "units sets"]
    virtual: tuple[np.ndarray, np.ndarray] | None = None
    per_unit: float = 1.0

    @property
    def units(self) -> int:
        return len(self.terms)

    def unguarded(self) -> SetMeans:
        """The same without unbiased draws, so that no statement is pulled towards them; influences stay."""
        return replace(self, unbiased=None, unbiased_centre=None)

    def take(self, sets: np.ndarray | list[int]) -> SetMeans:
        """Some of the sets."""
        s = np.asarray(sets)

        def pick(x: np.ndarray | None) -> np.ndarray | None:
            return None if x is None else x[..., s, :]

        virtual = None if self.virtual is None else (self.virtual[0][:, s], self.virtual[1][:, s])
        return SetMeans(
            self.latent[:, s],
            self.centre[s],
            pick(self.unbiased),
            pick(self.unbiased_centre),
            self.terms[:, s],
            self.cells[:, s],
            virtual,
            self.per_unit,
        )

    def join(self, other: SetMeans) -> SetMeans:
        """These sets and others of the same fit, at the same weights: they may share cells."""

        def both(x: np.ndarray | None, y: np.ndarray | None) -> np.ndarray | None:
            return None if x is None or y is None else np.concatenate([x, y], axis=-2)

        virtual = None
        if self.virtual is not None and other.virtual is not None:
            sums = np.concatenate([self.virtual[0], other.virtual[0]], axis=1)
            virtual = sums, np.concatenate([self.virtual[1], other.virtual[1]], axis=1)
        return SetMeans(
            np.concatenate([self.latent, other.latent], axis=1),
            np.concatenate([self.centre, other.centre]),
            both(self.unbiased, other.unbiased),
            both(self.unbiased_centre, other.unbiased_centre),
            np.concatenate([self.terms, other.terms], axis=1),
            np.concatenate([self.cells, other.cells], axis=1),
            virtual,
            self.per_unit,
        )

    def settle(self, g: Statement, links: Sequence[str] | None = None) -> Settled:
        """Statements g, which makes (…, k) of means (…, sets, terms): guarded, shifted, spread.

        links: the scale of each (`hotmess.statements.settle`).
        """
        latent, centre = np.asarray(g(self.latent), float), np.asarray(g(self.centre[None]), float)[0]
        unbiased = unbiased_centre = None
        slope_at = self.centre
        if self.unbiased is not None and self.unbiased_centre is not None:
            unbiased = np.asarray(g(self.unbiased), float)
            unbiased_centre = np.asarray(g(self.unbiased_centre[None]), float)[0]
            slope_at = self.unbiased_centre
        slope, own = gradient(g, slope_at), gradient(g, self.centre)
        lost = ~np.isfinite(slope).reshape(len(slope), -1).all(axis=1)
        slope[lost] = own[lost]
        implied = None
        if self.virtual is not None:
            b = 2 * self.units / effective(influences(own, *self.virtual), self.units) + 1
            implied = 2 * self.units / np.maximum(2 + (b - 3) / self.per_unit, 1e-12)
        return settle(
            latent,
            centre,
            influence=influences(slope, self.terms, self.cells),
            units=self.units,
            unbiased=unbiased,
            unbiased_centre=unbiased_centre,
            implied=implied,
            links=links,
        )


def incoherence(means: Float[np.ndarray, "*draws sets 3"]) -> Float[np.ndarray, "*draws sets"]:
    """(…, sets) Σ variance / Σ error of means (…, sets, 3) of error, bias², variance; nan where no error was made."""
    error, variance = means[..., 0], means[..., 2]
    out: np.ndarray = np.divide(variance, error, out=np.full_like(error, np.nan), where=error > 0)
    return out
