"""`hotmess sample --until CLAIM`: rounds of draws, a look after each, until the claim is decided or the budget ends.

Everything follows from the logs in one folder and the record of looks beside them. Each sample carries its round; a
round's questions are chosen from the rounds before it alone, and a draw has a seed of its own: a run that is
interrupted goes on where it was, and ends as one that was left alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import BadInput
from hotmess.locks import alone
from hotmess.looks import FILE
from hotmess.sampling.draws import Draw
from hotmess.sampling.items import Item
from hotmess.sampling.rounds import Run, Until, not_done, read_logs, refuse_unrecorded, round_draws, study_of

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.claims.verdict import Verdict
    from hotmess.looks.record import Looks
    from hotmess.responses.table import Responses

LOCK = ".looks.lock"
"""The name of what a process that samples holds, in the folder of its logs."""

Ask = Callable[[Sequence[Draw], str, int], None]
"""(draws, budget, round): ask the model, and leave a log in the folder."""


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
        Where the folder holds a run with other settings, or rounds without the record of the looks between them; where
        another process samples into it; or where the budget is smaller than the first round.
    """
    busy = f"Another process samples into {str(until.folder)!r}: wait until it has ended, or give another --log-dir."
    with alone(until.folder / LOCK, busy):
        return _rounds(until, run, ask, tell)


def _rounds(until: Until, run: Run, ask: Ask, tell: Callable[[str], None]) -> tuple[Looks, Verdict | None, Responses]:
    """`sample_until`, in a folder that is held."""
    from hotmess.looks.record import load_looks, save_looks
    from hotmess.sequential.interim import look_at, told

    plan = load_looks(until.record) if until.record.exists() else None
    if plan is not None and plan.settings != until.digest:
        raise BadInput(
            f"{str(until.record)!r} is the record of a run with other settings (claim, questions, model, seed, …): "
            "go on with those, or give another --log-dir."
        )
    refuse_unrecorded(until, 0 if plan is None else len(plan.history))
    verdict: Verdict | None = None
    while plan is None or not plan.stopped:
        number, asked = 1 if plan is None else len(plan.history) + 1, False
        for budget, draws in round_draws(until, run, plan, number).items():
            left = not_done(until, draws, budget, number)
            if left:
                tell(f"Round {number}: {len(left):,} responses{f' at budget {budget}' if budget else ''}.")
                ask(left, budget, number)
                asked = True
        if plan is None and not asked:
            tell(
                f"Round 1 was drawn before, and no look at it is on record: if there was one, put {FILE} back, and "
                "look by no other plan than its own."
            )
        study = study_of(until, run)
        plan = plan or _planned(until, study)
        drawn = len(study.responses.table)
        if plan.history and drawn <= plan.history[-1].responses:
            raise BadInput(f"Round {number} gave no response: see the logs in {str(until.folder)!r}.")
        plan, verdict = look_at(study, until.claim, plan)
        save_looks(plan, until.record)
        tell(told(plan, _cost(study.responses, until.price)))
    return plan, verdict, replace(read_logs(until), looks=plan)


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


def settings_of(items: Sequence[Item], pool: Sequence[Item], **others: object) -> dict[str, object]:
    """What decides what is asked: the questions and examples by content, and options by name."""
    content = hashlib.blake2b(digest_size=16)
    for item in (*items, *pool):
        content.update(json.dumps(asdict(item), sort_keys=True, default=str).encode("utf-8", "surrogateescape"))
    return {"questions": content.hexdigest(), **others}
