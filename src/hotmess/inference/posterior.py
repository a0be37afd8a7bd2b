"""What every posterior can do, whatever it is of: letters, positions, probability vectors, temperature, laws, ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import xarray as xr

    from hotmess.inference.gate import Gate
    from hotmess.inference.spec import Spec


@runtime_checkable
class Posterior(Protocol):
    """A posterior with its draws, diagnostics, and the way it was made.

    `data` has ArviZ's groups (`posterior` with dimensions chain and draw first, its entries labelled by coordinates);
    `dataset` is what the posterior speaks of, by label.

    Posteriors of answers to questions (`hotmess.answers.answer_posterior.AnswerPosterior`: letters, text, tests,
    scores, probability vectors) have `statement(weights)` beside this: means over sets of questions, from which
    anything said of questions like these is made. Others have no answers to take means of, and speak of questions like
    these by `dataset(population=…)`: laws of bias² and variance are fitted to such statements of the posterior of
    answers beneath them (their `fit`), the law of embedded answers and the temperature model weight the questions of
    their own latent effects, and ranks are of entities, not of questions.
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

    def dataset(self, *, population: str = "like-these") -> xr.Dataset:
        """Draws of what the posterior speaks of, for one population of questions: dimensions chain and draw, then
        names (model, group, arm, unit, …), so that `.sel` and `.quantile` are xarray's."""

    def refit(self, **changes: Any) -> Posterior:
        """The same data fitted again, with the settings of `spec` but for the changes."""

    def without(self, *, questions: Any = (), models: Any = ()) -> Posterior:
        """The posterior without some questions, (benchmark, question) pairs or names, or some models."""

    def save(self, path: str) -> None:
        """Write the posterior, beside and moved into place whole."""
