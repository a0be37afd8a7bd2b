"""What statements need of a fit of answers: its cells, its draws, and what made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hotmess.answers.conjugate import LetterCells, TermDraws
from hotmess.answers.groups import Groups
from hotmess.answers.prior import AnswerPrior
from hotmess.responses.cells import Cells
from hotmess.statements.letters import LetterBootstrap
from hotmess.statements.pooled import PooledBootstrap
from hotmess.statements.sampled import SampledBootstrap

if TYPE_CHECKING:
    import xarray as xr

Bootstrap = LetterBootstrap | SampledBootstrap | PooledBootstrap


class Stated(Protocol):
    """Cells whose questions are weighted together."""

    @property
    def cells(self) -> Cells: ...
    @property
    def chains(self) -> int: ...
    @property
    def unparsable(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def made(self) -> dict[Any, Any]: ...

    def bootstrap(self, metric: str = "brier") -> Bootstrap: ...


class DrawnTerms(Protocol):
    """Terms of every question, drawn, and the groups' parameters behind them: letters, positions, vectors."""

    @property
    def cells(self) -> Cells: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def prior(self) -> AnswerPrior: ...
    @property
    def unparsable(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def kept_draws(self) -> int: ...

    def parameters(self, draws: int | None = None) -> dict[str, np.ndarray]: ...
    def terms(self, metric: str = "brier") -> TermDraws: ...


class Drawn(DrawnTerms, Stated, Protocol):
    """A fit of counts, as `hotmess.answers.posterior.Fit` is one."""

    @property
    def letters(self) -> LetterCells: ...
    @property
    def formula(self) -> str | None: ...
    @property
    def with_unparsable(self) -> bool: ...

    def closed(self, metric: str) -> bool: ...
    def posterior_draws(self, draws: int | None = None) -> xr.Dataset: ...
