"""How a posterior was made: everything but the data that decides its draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from hotmess.errors import BadInput, checked_count, checked_seed, few_enough


@dataclass(frozen=True)
class Spec:
    """The settings that made a posterior: with the same data they make it again, draw for draw.

    Attributes
    ----------
    engine
        What draws: `grid` (exact), `nuts`, `gibbs` (probability vectors), `fast` (the temperature model by importance
        sampling), `metropolis` (laws).
    backend
        `numpyro`, or `pymc`.
    formula
        The regression by which groups are pooled, or None.
    prior
        The model's prior, a frozen dataclass of numbers.
    unparsable
        What an unparsable response is.
    by, groups
        Further columns that tell groups apart, and those that do so in place of all others (None: all).
    seed, draws, warmup, chains
        Draws and warmup are of each chain.
    options
        What only one model has, as importance points.
    """

    engine: str
    prior: Any
    seed: int
    draws: int
    chains: int
    warmup: int = 0
    backend: str = "numpyro"
    formula: str | None = None
    unparsable: str = "uniform"
    by: tuple[str, ...] = ()
    groups: tuple[str, ...] | None = None
    options: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        checked_seed(self.seed)
        for name, least in (("draws", 1), ("chains", 1), ("warmup", 0)):
            checked_count(name, getattr(self, name), least)
        few_enough(self.draws, self.chains)

    def changed(self, **changes: Any) -> Spec:
        """The spec with other settings.

        >>> Spec("grid", None, 0, 500, 4).changed(draws=100).draws
        100

        Raises
        ------
        BadInput
            For a setting that a spec does not have.
        """
        for name in changes:
            if name not in {f.name for f in fields(self)}:
                raise BadInput(f"A fit has no setting {name!r}; there are {', '.join(f.name for f in fields(self))}.")
        return replace(self, **changes)

    def record(self) -> dict[str, Any]:
        """As JSON, the prior as its numbers."""
        return asdict(self)
