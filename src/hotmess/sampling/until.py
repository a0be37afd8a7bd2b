"""`hotmess sample --until CLAIM`: rounds of draws, a look after each, until the claim is decided or the budget ends.

Everything follows from the logs in one folder and the record of looks beside them. Each sample carries its round; a
round's questions are chosen from the rounds before it alone, and a draw has a seed of its own: a run that is
interrupted goes on where it was, and ends as one that was left alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
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
    from hotmess.claims.verdict import Verdict
    from hotmess.looks.record import Looks
    from hotmess.responses.table import Responses

Ask = Callable[[Sequence[Draw], str, int], None]
"""(draws, budget, round): ask the model, and leave a log in the folder."""


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


def sample_until(
    until: Until, run: Run, ask: Ask, tell: Callable[[str], None]
) -> tuple[Looks, Verdict | None, Responses]:
    """Draw and look until the claim is decided, the chance to decide it is small, or the budget is spent.

    Returns
    -------
    The record, the last look's verdict (None where the run had ended before), and all responses.

    Raises
    ------
    BadInput
        Where the folder holds a run with other settings, or the budget is smaller than the first round.
    """
    from hotmess.looks.record import load_looks, save_looks
    from hotmess.sequential.interim import look_at, told

    plan = load_looks(until.record) if until.record.exists() else None
    if plan is not None and plan.settings != until.digest:
        raise BadInput(
            f"{str(until.record)!r} is the record of a run with other settings (claim, questions, model, seed, …): "
            "go on with those, or give another --log-dir."
        )
    verdict: Verdict | None = None
    while plan is None or not plan.stopped:
        number = 1 if plan is None else len(plan.history) + 1
        for budget, draws in _draws(until, run, plan, number).items():
            left = _not_done(until, draws, budget, number)
            if left:
                tell(f"Round {number}: {len(left):,} responses{f' at budget {budget}' if budget else ''}.")
                ask(left, budget, number)
        study = _study(until, run)
        plan = plan or _planned(until, study)
        drawn = len(study.responses.table)
        if plan.history and drawn <= plan.history[-1].responses:
            raise BadInput(f"Round {number} gave no response: see the logs in {str(until.folder)!r}.")
        plan, verdict = look_at(study, until.claim, plan)
        save_looks(plan, until.record)
        tell(told(plan, _cost(study.responses, until.price)))
    return plan, verdict, replace(_read(until), looks=plan)


def _cost(responses: Responses, price: float | None) -> str:
    if price is None:
        return ""
    tokens = _tokens(responses)
    dollars = tokens / 1e6 * price
    shown = f"{dollars:,.2f}" if dollars >= 0.01 or not dollars else f"{dollars:.2g}"
    return f"; {tokens:,.0f} tokens generated, ${shown}" if tokens else ""


def _tokens(responses: Responses) -> float:
    """Generated tokens of what was drawn here."""
    table = responses.table
    name = next((one for one in ("output_tokens", "reasoning_tokens") if one in table.columns), None)
    if name is None or "round" not in table.columns:
        return 0.0
    return float(np.nansum(table.loc[table["round"].notna(), name].to_numpy(dtype=float, na_value=np.nan)))


def _planned(until: Until, study: Study) -> Looks:
    """The plan, once the first round is there."""
    from hotmess.looks.record import Looks

    table = study.responses.table
    here = int(table["round"].notna().sum())
    most = until.responses
    if most is None:
        assert until.tokens is not None
        spent = _tokens(study.responses)
        if not spent:
            raise BadInput("--tokens needs logs that count tokens, and these do not; give --responses.")
        most = int(until.tokens / (spent / here))
    if most < here:
        raise BadInput(
            f"The budget of {most:,} responses is smaller than the first round of {here:,}: raise it, or lower "
            "--contexts, --draws or --limit."
        )
    return Looks(
        claim=until.claim.name,
        preregistration=until.claim.preregistration,
        most_looks=until.looks,
        most_responses=len(table) - here + most,
        futility=until.futility,
        settings=until.digest,
    )


def _draws(until: Until, run: Run, plan: Looks | None, number: int) -> dict[str, list[Draw]]:
    """The draws of a round, by budget: all questions alike in the first, then those that pay (`next_counts`).

    All alike in every round where the claim is no change between sides that are both asked again, or where responses of
    others stand beside: which questions are asked may then not hang on their answers.
    """
    from hotmess.sequential.allocation import next_counts

    if plan is None:
        counts = {item.id: (0, run.contexts * run.draws) for item in run.items}
    else:
        study = _study(until, run, before=number)
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


def _not_done(until: Until, draws: Sequence[Draw], budget: str, number: int) -> list[Draw]:
    """Those of a round that no log in the folder holds yet."""
    from hotmess.responses.formats.registry import NoResponses

    if not _logs(until.folder):
        return list(draws)
    try:
        table = _read(until).table
    except NoResponses:  # interrupted before the first response
        return list(draws)
    own = table[(table["round"].astype(object) == str(number)) & (table["budget"] == budget)]
    done = set(zip(own["question"].astype(str), own["context"].astype(str), own["sample"].astype(int), strict=True))
    return [one for one in draws if (one.item.id, str(one.context), one.draw) not in done]


def _logs(folder: Path) -> bool:
    return folder.is_dir() and any(one.suffix in (".eval", ".json") and one.name != FILE for one in folder.iterdir())


def _read(until: Until) -> Responses:
    from hotmess.responses.read import read

    responses = read([str(until.folder), *until.beside], allow_copies=until.allow_copies)
    if "round" not in responses.table.columns:
        raise BadInput(f"The logs in {str(until.folder)!r} are of no run until a verdict; give another --log-dir.")
    return replace(responses, looks=None)


def _study(until: Until, run: Run, *, before: int | None = None) -> Study:
    """All responses, or those of the rounds before one, as a study."""
    from hotmess.claims.api import as_study

    responses = _read(until)
    if before is not None:
        rounds = responses.table["round"]
        kept = rounds.isna() | (rounds.astype(object).where(rounds.notna(), "0").astype(int) < before)
        responses = replace(responses, table=responses.table[kept].reset_index(drop=True))
    return as_study(responses, seed=run.seed, patience=until.patience)


def settings_of(items: Sequence[Item], pool: Sequence[Item], **others: object) -> dict[str, object]:
    """What decides what is asked: the questions and examples by content, and options by name."""
    content = hashlib.blake2b(digest_size=16)
    for item in (*items, *pool):
        content.update(json.dumps(asdict(item), sort_keys=True, default=str).encode("utf-8", "surrogateescape"))
    return {"questions": content.hexdigest(), **others}
