"""What every posterior can do, whatever it is of: letters, positions, probability vectors, temperatures, laws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import xarray as xr

    from hotmess.inference.gate import Gate
    from hotmess.inference.spec import Spec


@runtime_checkable
class Posterior(Protocol):
    """A posterior with its draws, diagnostics, and the way it was made.

    `data` has ArviZ's groups (`posterior` with dimensions chain and draw first, its entries labelled by coordinates).
    """

    @property
    def data(self) -> xr.DataTree:
        """Draws and what belongs to them, in ArviZ's layout."""

    @property
    def gate(self) -> Gate:
        """Whether the draws may be spoken of."""

    @property
    def spec(self) -> Spec:
        """The settings that made it."""

    def refit(self, **changes: Any) -> Posterior:
        """The same data fitted again, with the settings of `spec` but for the changes."""

    def without(self, *, questions: Any = (), models: Any = ()) -> Posterior:
        """The posterior without some questions, (benchmark, question) pairs or names, or some models."""

    def save(self, path: str) -> None:
        """Write the posterior, beside and moved into place whole."""
