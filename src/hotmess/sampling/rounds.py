"""The rounds of a run until a verdict: what was asked for, what lies in the folder, and which draws come next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import BadInput
from hotmess.looks import FILE
from hotmess.sampling.draws import Draw, plan_counts
from hotmess.sampling.items import Item

if TYPE_CHECKING:
    from hotmess.claims.claim import Claim
    from hotmess.claims.study import Study
    from hotmess.looks.record import Looks
    from hotmess.responses.table import Responses


@dataclass(frozen=True)
class Until:
    """What a run until a verdict was asked to do.

    Attributes
    ----------
    claim
        That decides when to stop.
    folder
        Of the logs, and of the record.
    responses, tokens
        The budget: responses to draw at most, or tokens to generate at most, by the mean of the first round.
    looks, futility
        As in `hotmess.looks.record.Looks`.
    price
        Dollars per million generated tokens; None: no cost is said.
    allow_copies
        Whether repeats that look like copies of each other are taken.
    patience
        Seconds that the slow engine of the joint model may take, where its fast path fails.
    beside
        Files with responses of other models or arms, which the claim needs too.
    settings
        All that decides what is asked and how, for the record.
    """

    claim: Claim
    folder: Path
    responses: int | None
    tokens: int | None = None
    looks: int = 5
    futility: float = 0.05
    price: float | None = None
    beside: tuple[str, ...] = ()
    allow_copies: bool = False
    patience: float = 120.0
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def record(self) -> Path:
        return self.folder / FILE

    @property
    def digest(self) -> str:
        """Of the settings: a run goes on only as it was begun."""
        told = json.dumps(self.settings, sort_keys=True, default=str)
        return hashlib.blake2b(told.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Run:
    """The design of the draws: contexts of a question, draws of each in the first round, and their seeds."""

    items: Sequence[Item]
    budgets: Sequence[str]
    contexts: int
    draws: int
    order: str
    seed: int
    stream: str
    condition: str


def refuse_unrecorded(until: Until, looks: int) -> None:
    """Refuse responses of rounds that were asked after a look which the record does not hold."""
    from hotmess.responses.formats.registry import NoResponses

    if not _logs(until.folder):
        return
    try:
        rounds = read_logs(replace(until, beside=())).table["round"].dropna().astype(int).max()
    except NoResponses:  # interrupted before the first response
        return
    if rounds > looks + 1:
        what = f"holds {looks} looks" if looks else "is not there"
        raise BadInput(
            f"The logs in {str(until.folder)!r} are of {rounds} rounds, and the record of the looks between them, "
            f"{FILE}, {what}: put it back as it was, or give another --log-dir, since nobody can know how often these "
            "responses were looked at."
        )


def round_draws(until: Until, run: Run, plan: Looks | None, number: int) -> dict[str, list[Draw]]:
    """The draws of a round, by budget: all questions alike in the first, then those that pay (`next_counts`).

    All alike in every round where the claim is no change between sides that are both asked again, or where responses of
    others stand beside: which questions are asked may then not hang on their answers.
    """
    from hotmess.sequential.allocation import next_counts

    if plan is None:
        counts = {item.id: (0, run.contexts * run.draws) for item in run.items}
    else:
        study = study_of(until, run, before=number)
        now = len(study.responses.table)
        more = max(1, (plan.most_responses - now) // max(1, plan.most_looks - number + 1))
        rounds = study.responses.table["round"]
        own = set(map(tuple, study.responses.table.loc[rounds.notna(), ["model", "condition", "budget"]].to_numpy()))
        cells = study.cells.table
        mine = np.array([tuple(row) in own for row in cells[["model", "condition", "budget"]].to_numpy()])
        chosen = next_counts(study, more, cells=mine, alike=bool(until.beside) or not until.claim.change)
        add = dict(zip(chosen["question"].astype(str), chosen["more"], strict=True))
        asked = study.responses.table.loc[rounds.notna()].groupby("question", observed=True).size() / len(run.budgets)
        have = {str(question): round(float(count)) for question, count in asked.items()}
        counts = {item.id: (have.get(item.id, 0), int(add.get(item.id, 0))) for item in run.items}
    return {
        budget: plan_counts(
            run.items,
            counts,
            contexts=run.contexts,
            order=run.order,  # type: ignore[arg-type]
            seed=run.seed,
            stream=(run.stream, run.condition, budget),
        )
        for budget in run.budgets
    }


def not_done(until: Until, draws: Sequence[Draw], budget: str, number: int) -> list[Draw]:
    """Those of a round that no log in the folder holds yet."""
    from hotmess.responses.formats.registry import NoResponses

    if not _logs(until.folder):
        return list(draws)
    try:
        table = read_logs(until).table
    except NoResponses:  # interrupted before the first response
        return list(draws)
    own = table[(table["round"].astype(object) == str(number)) & (table["budget"] == budget)]
    done = set(zip(own["question"].astype(str), own["context"].astype(str), own["sample"].astype(int), strict=True))
    return [one for one in draws if (one.item.id, str(one.context), one.draw) not in done]


def _logs(folder: Path) -> bool:
    return folder.is_dir() and any(one.suffix in (".eval", ".json") and one.name != FILE for one in folder.iterdir())


def read_logs(until: Until) -> Responses:
    from hotmess.responses.read import read

    responses = read([str(until.folder), *until.beside], allow_copies=until.allow_copies)
    if "round" not in responses.table.columns:
        raise BadInput(f"The logs in {str(until.folder)!r} are of no run until a verdict; give another --log-dir.")
    return replace(responses, looks=None)


def study_of(until: Until, run: Run, *, before: int | None = None) -> Study:
    """All responses, or those of the rounds before one, as a study."""
    from hotmess.claims.api import as_study

    responses = read_logs(until)
    if before is not None:
        rounds = responses.table["round"]
        kept = rounds.isna() | (rounds.astype(object).where(rounds.notna(), "0").astype(int) < before)
        responses = replace(responses, table=responses.table[kept].reset_index(drop=True))
    return as_study(responses, seed=run.seed, patience=until.patience)
