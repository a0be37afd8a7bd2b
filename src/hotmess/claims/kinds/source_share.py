"""Claims about the share of a question's variance that one source has: contexts, judges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Quantity
from hotmess.claims.scope import base_scope
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control
from hotmess.estimates.estimate import NOTHING, THRESHOLD, Estimate
from hotmess.inference.gate import Gate
from hotmess.responses.table import CELL
from hotmess.runs.split import CERTAIN, shares
from hotmess.words import join

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.claims.study import Study
    from hotmess.responses.table import Responses
    from hotmess.runs.sources import Splits
    from hotmess.runs.split import Split

REGION = (-1.0, 0.1)
"""Less than a tenth; estimates of a share that is nothing lie to both sides of 0."""
FILLED = 19
"""Data sets of copies for the control; each is a whole division of variance."""
LEAST = 3


@dataclass(frozen=True)
class SourceShare:
    """What a claim about one source's share needs.

    Attributes
    ----------
    kind
        What it is the share of, in words.
    divided
        responses -> responses and the columns by which their variance is divided, the first one first.
    rest
        False: the share is that of the first column's part. True: of all that the first column's part leaves.
    """

    kind: str
    divided: Callable[[Responses], tuple[Responses, tuple[str, ...]]]
    rest: bool

    def splits(self, study: Study) -> tuple[Splits, tuple[str, ...]]:
        """The parts of every model's variance, with draws for questions and levels like these; and the columns."""

        def make() -> tuple[Splits, tuple[str, ...]]:
            responses, names = self.divided(study.responses)
            draws = study.chains * study.draws
            return _splits(responses, names, study.seed, draws), names

        made: tuple[Splits, tuple[str, ...]] = study.once(f"shares of {self.kind}", make)
        return made

    def share(self, terms: np.ndarray, one: Split, first: str) -> np.ndarray:
        """(…) the share, of terms (…, parts + 2)."""
        part = shares(terms)[..., one.parts.index(first)]
        return np.asarray(1 - part if self.rest else part)

    def quantity(self, study: Study, population: str) -> Quantity:
        """Mean over models of the share; levels are always like these, questions too."""
        made, names = self.splits(study)
        each, few, below = {}, [], []
        for head, one in made.sets:
            share = self.share(one.draws, one, names[0])
            if not np.isfinite(share).all() or not one.value[len(one.parts) - 1] > 0:
                continue
            each[str(head["model"])] = share.reshape(study.chains, study.draws)
            if 0 < one.shared < LEAST:
                few.append(str(head["model"]))
            if not self.rest and (share < 0).mean() > CERTAIN:
                below.append(str(head["model"]))
        if not each:
            raise NotTestable("No response to any question varies, so there is no variance to divide.")
        held, remedy = _held(few, below, names[0])
        table = study.responses.table.drop_duplicates(["benchmark", "model", "question", "condition", "budget"])
        return Quantity(
            np.mean(list(each.values()), axis=0),
            Gate(),
            f"{base_scope(table)}, by {join([*names])}",
            each,
            notes=(*made.notes, "Both populations are of questions and levels like these."),
            held=held,
            remedy=remedy,
        )

    def control(self, study: Study, seed: int) -> Control:
        """Data in which the source has all of the variance, where less than a tenth must not be called."""
        responses, names = self.divided(study.responses)
        real = self._called(self.splits(study)[0], names)
        rng = np.random.default_rng([seed, 79])
        fakes = []
        for _ in range(FILLED):
            fake = permuted(responses, rng) if self.rest else filled(responses, names[0], rng)
            try:
                fakes.append(self._called(_splits(fake, names, seed, 400), names))
            except NotTestable:
                fakes.append(NOTHING)
        rank = 1 + sum(one.value <= real.value for one in fakes)
        what = (
            f"judgements permuted among the {names[0]}s of a question"
            if self.rest
            else f"every {names[0]} filled with copies of one of its responses"
        )
        called = [Estimate(REGION[1] - one.value, one.error).probability > THRESHOLD for one in fakes]
        return Control(what, real.value, FILLED, rank, float(np.mean(called)))

    def _called(self, made: Splits, names: tuple[str, ...]) -> Estimate:
        shares = [(self.share(one.value, one, names[0]), self.share(one.draws, one, names[0])) for _, one in made.sets]
        value, draws = (np.mean([pair[i] for pair in shares], axis=0) for i in (0, 1))
        return Estimate(float(value), float(np.std(draws, ddof=1)))


def _held(few: list[str], below: list[str], name: str) -> tuple[tuple[str, ...], str]:
    """Why a share decides nothing, by models with two levels and with a share below 0 for certain; and what to do."""
    held = (f"two levels say nothing of others like them ({join(few)})",) if few else ()
    if not below:
        return held, "Take five levels of the source or more." if few else ""
    why = f"responses that share a {name} differ by more than those that do not, which no source does ({join(below)})"
    return (
        *held,
        why,
    ), f"Name what responses with different {name}s share: judgements of one response, judged_response."


def _splits(responses: Responses, names: tuple[str, ...], seed: int, draws: int) -> Splits:
    from hotmess.runs.sources import source_splits

    return source_splits(responses, names, seed=seed, draws=draws)


def filled(responses: Responses, level: str, rng: np.random.Generator) -> Responses:
    """Every level of a cell filled with copies of one of its responses, drawn anew."""
    table = responses.table
    code = table.groupby([*CELL, level], dropna=False, observed=True).ngroup().to_numpy()
    order = rng.permutation(len(code))
    first = np.zeros(code.max() + 1, np.int64)
    first[code[order]] = order
    return _with(responses, first[code])


def permuted(responses: Responses, rng: np.random.Generator) -> Responses:
    """Outcomes permuted within a cell, so that responses have nothing of their own."""
    table = responses.table
    cell = table.groupby(list(CELL), dropna=False, observed=True).ngroup().to_numpy()
    place = np.lexsort((rng.random(len(cell)), cell))
    source = np.empty(len(cell), np.int64)
    source[np.lexsort((np.arange(len(cell)), cell))] = place
    return _with(responses, source)


def _with(responses: Responses, rows: np.ndarray) -> Responses:
    """The same responses with the outcomes of other rows of the same questions."""
    values = responses.table[responses.outcome].iloc[rows].reset_index(drop=True)
    table = responses.table.reset_index(drop=True).assign(**{responses.outcome: values})
    return replace(responses, table=table)


def naming(table: pd.DataFrame) -> str:
    """The column that tells judgements: `judged_response` where one has several, else `judge` where several are."""
    if (
        "judged_response" in table
        and table["judged_response"].notna().all()
        and table.duplicated([*CELL, "judged_response"]).any()
    ):
        return "judged_response"
    if "judge" not in table or table["judge"].isna().any():
        return ""
    several = table.groupby(list(CELL), observed=True)["judge"].nunique() > 1
    return "judge" if several.any() else ""


def is_judging(table: pd.DataFrame) -> bool:
    """Whether what the table calls a context is the judge, or the response that is judged."""
    for name in ("judge", "judged_response"):
        if name in table and table[name].notna().all():
            pairs = table[["context", name]].astype(str).drop_duplicates()
            if not pairs["context"].duplicated().any() and not pairs[name].duplicated().any():
                return True
    return False
