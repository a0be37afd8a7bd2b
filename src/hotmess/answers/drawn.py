"""What statements need of a fit of answers: its cells, its draws, and what made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

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


class Drawn(Protocol):
    """A fit of answers, as `hotmess.answers.posterior.Fit` is one."""

    @property
    def cells(self) -> Cells: ...
    @property
    def letters(self) -> LetterCells: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def prior(self) -> AnswerPrior: ...
    @property
    def formula(self) -> str | None: ...
    @property
    def unparsable(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def chains(self) -> int: ...
    @property
    def kept_draws(self) -> int: ...
    @property
    def with_unparsable(self) -> bool: ...

    def closed(self, metric: str) -> bool: ...
    def parameters(self, draws: int | None = None) -> dict[str, np.ndarray]: ...
    def posterior_draws(self, draws: int | None = None) -> xr.Dataset: ...
    def terms(self, metric: str = "brier", draws: int | None = None) -> TermDraws: ...
    def bootstrap(self, metric: str = "brier") -> Bootstrap: ...
