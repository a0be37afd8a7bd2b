"""What a study makes of its responses without a model: cells, groups of difficulty, halves, what was cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from hotmess.errors import BadInput, NotTestable

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses

Made = TypeVar("Made")
LARGE = 200_000  # responses beyond which a test by default leaves out what takes minutes
OF_THE_DATA = (
    "cells",
    "grouped",
    "scale_cells",
    "unread",
    "filled_lengths",
    "without_truncated",
    "seen",
    "has truncated",
)
"""What stays as it is when draws are added."""


class StudyData:
    """Responses by cell, group and half, each made once, when asked for."""

    responses: Responses
    groups: int
    reference: str | None
    difficulty: str | None
    law_by: tuple[str, ...]
    made: dict[str, Any]

    def once(self, key: str, make: Callable[[], Made]) -> Made:
        """What `make` returns, or raises when the data cannot speak: computed once."""
        if key not in self.made:
            try:
                self.made[key] = make()
            except NotTestable as reason:
                self.made[key] = reason
        made: Made | NotTestable = self.made[key]
        if isinstance(made, NotTestable):
            raise made
        return made

    def fitted(self, key: str) -> Any:
        """What has been made under this name, or None: for what is shown only where it is there already."""
        made = self.made.get(key)
        return None if isinstance(made, NotTestable) else made

    @property
    def large(self) -> bool:
        """Whether what takes minutes is left out unless it is asked for by name."""
        return len(self.responses.table) > LARGE

    @property
    def questions(self) -> int:
        """How many questions there are."""
        keys = ["benchmark", "question"]
        return self.once("number of questions", lambda: len(self.responses.table[keys].drop_duplicates()))

    @property
    def cells(self) -> Cells:
        """All responses by cell."""
        from hotmess.responses.cells import reduce

        return self.once("cells", lambda: reduce(self.responses))

    @property
    def grouped(self) -> Responses:
        """Responses with a `difficulty` column."""

        def make() -> Responses:
            if "difficulty" in self.responses.table and self.difficulty is None:
                return self.responses
            if self.difficulty is None and self.responses.length is None:
                raise NotTestable(
                    "There is neither a length column to group questions by difficulty nor a column of difficulties "
                    "(--difficulty COLUMN).",
                    "Name the column of lengths (--length COLUMN) or of difficulties (--difficulty COLUMN).",
                )
            try:
                return self.responses.difficulty(reference=self.reference, groups=self.groups, column=self.difficulty)
            except NotTestable:
                raise
            except BadInput as error:
                if self.reference is not None or self.difficulty is not None:
                    raise  # the user asked for it, and it cannot be done
                raise NotTestable(str(error)) from error

        return self.once("grouped", make)

    @property
    def scale_split(self) -> list[str]:
        """Columns that divide the cells of laws in size, beside those of every cell."""
        from hotmess.responses.table import CELL
        from hotmess.responses.tally import CARRIED

        return [c for c in dict.fromkeys(("difficulty", *self.law_by)) if c not in (*CELL, *CARRIED)]

    @property
    def scale_cells(self) -> Cells:
        """Cells with their difficulty group, of models whose size is known; too few sizes are said before groups."""
        from hotmess.laws.power_data import MIN_SIZES, few_sizes
        from hotmess.responses.cells import reduce, take_cells

        def make() -> Cells:
            sizes = self.responses.table["model_size_b"].dropna()
            if not len(sizes):
                raise NotTestable("No model has a value of model_size_b, so nothing can be said about scale.")
            if (count := int(sizes[sizes > 0].nunique())) < MIN_SIZES:
                raise NotTestable(few_sizes(count))
            cells = reduce(self.grouped, split=self.scale_split)
            known = cells.table["model_size_b"].notna().to_numpy()
            return cells if known.all() else take_cells(cells, np.flatnonzero(known))

        return self.once("scale_cells", make)

    @property
    def unfit(self) -> str:
        """Why no claim can stand on these responses: mostly unparsable, or looks that are not known; else empty."""
        from hotmess.decompose.unparsable import unread_models
        from hotmess.looks.needed import not_known

        said = self.once("unread", lambda: unread_models(self.cells.table)[1].removeprefix("Not reliable: "))
        looks = self.responses.looks
        return not_known(self.responses.table, looks, None if looks is None else self.seen) or str(said)

    @property
    def seen(self) -> Any:
        """What identifies the responses at a look."""
        from hotmess.looks.seen import seen

        return self.once("seen", lambda: seen(self.responses.table))

    @property
    def has_truncated(self) -> bool:
        """Whether responses were cut off at a token limit, more than 1% are unparsable, or lengths are missing."""
        from hotmess.responses.cut import cut_off, parsed

        def make() -> bool:
            many = (~parsed(self.responses)).mean() > 0.01
            return bool(cut_off(self.responses).any() or many or self.filled_lengths)

        return self.once("has truncated", make)

    @property
    def filled_lengths(self) -> dict[str, Responses]:
        """Bounds where lengths are missing (`hotmess.responses.cut.length_bounds`)."""
        from hotmess.responses.cut import length_bounds

        return self.once("filled_lengths", lambda: length_bounds(self.responses))

    @property
    def without_truncated(self) -> Responses | None:
        """Responses that were neither cut off nor unparsable; None where that leaves nothing, or all."""
        from hotmess.responses.cut import whole_and_parsed

        return self.once("without_truncated", lambda: whole_and_parsed(self.responses))

    @property
    def halves(self) -> Cells:
        """Cells by half: responses above and below the question's own median length."""
        from hotmess.laws.contrast import halved_cells

        return self.once("halves", lambda: halved_cells(self.responses))

    @property
    def budget_halves(self) -> Cells:
        """Cells of the smallest and the largest budget of every model, by assignment."""
        from hotmess.temperature.assigned import budget_cells

        return self.once("budget_halves", lambda: budget_cells(self.responses))
