"""Whether responses can speak to the temperature model, before anything is fitted; and the fit that claims use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import ASK_HARDER, ASK_UNSETTLED, NotTestable, OtherOutcome
from hotmess.inference.gate import ESS
from hotmess.temperature.trust import remedy, slow_seconds
from hotmess.words import counted

if TYPE_CHECKING:
    from hotmess.responses.table import Responses
    from hotmess.temperature.posterior import LengthFit
    from hotmess.temperature.prior import TemperaturePrior

MIN_MIXED = 10
MOST_UNITS = 150
"""Models and conditions of one fit: time grows with their cube, four minutes at so many."""
DRAWS, WARMUP = 300, 250
"""Per chain, of up to `FULL` that are asked for: more change nothing but Monte Carlo error, and the time it takes."""
FULL = 1000
DRAW_MORE = (
    f"draw more, as by --draws {2 * FULL} --warmup {2 * FULL} (of up to {FULL:,} of each the joint model takes {DRAWS} "
    f"and {WARMUP}, of more in proportion)"
)


def check_ready(responses: Responses) -> None:
    """Refuse data that the model can learn nothing from.

    Raises
    ------
    NotTestable
        If answers are not letters, lengths are missing or do not vary within a question at a budget, fewer than
        `MIN_MIXED` questions have two or more different answers, or there are more than `MOST_UNITS` models and
        conditions.
    """
    if responses.outcome != "answer":
        both = "answer" in responses.table and responses.table["answer"].notna().any()
        other = ": choose letters with --outcome answer" if both else ""
        raise OtherOutcome(
            f"The temperature model is of letters; the outcome here is {responses.outcome}{other}.",
            "Choose letters (--outcome answer)." if both else "",
        )
    if responses.length is None:
        raise NotTestable(
            "There is no length column (reasoning_tokens or actions), so long and short cannot be compared."
        )
    keys = ["benchmark", "model", "condition", "question"]
    tokens = responses.lengths().astype(float)
    table = responses.table[[*keys, "budget", "answer", "target"]].assign(tokens=tokens)
    table = table[(table["tokens"] > 0) & (table["answer"] >= 0)]
    lengths = table.groupby([*keys, "budget"], observed=True)["tokens"]
    if table.empty or not (lengths.max() > lengths.min()).any():
        raise NotTestable(
            f"No question has responses of different {responses.length} at one budget, so long and short cannot be "
            "compared."
        )
    mixed = int((table.groupby(keys, observed=True)["answer"].nunique() > 1).sum())
    if mixed < MIN_MIXED:
        some = f"Only {counted(mixed, 'question')} {'has' if mixed == 1 else 'have'}"
        which = some if mixed else "No question has"
        raise NotTestable(
            f"{which} different answers, too few to see a temperature; at least {MIN_MIXED} are needed.",
            ASK_UNSETTLED,
        )
    if not np.any(table["answer"] != table["target"]):
        raise NotTestable("There are no wrong answers.", ASK_HARDER)
    units = len(table[["model", "condition"]].drop_duplicates())
    if units > MOST_UNITS:
        raise NotTestable(
            f"The joint model of answers and lengths would be of {units:,} models and conditions together, and at most "
            f"{MOST_UNITS} are fitted.",
            "Name fewer models (--where).",
        )


def check_draws(draws: int, chains: int) -> None:
    """Refuse so few draws that no effective sample size above the gate's can be had."""
    if draws * chains <= ESS:
        raise NotTestable(
            f"Effective sample size of the joint model cannot be above {ESS} with {draws * chains} draws; ask for more "
            "(--draws)."
        )


def fit_ready(
    responses: Responses,
    seed: int,
    draws: int,
    chains: int,
    *,
    unparsable: str = "uniform",
    prior: TemperaturePrior | None = None,
    patience: float = 0.0,
    warmup: int = WARMUP,
    near: LengthFit | None = None,
) -> LengthFit:
    """The fast path with one unit per model and condition, after `check_ready`.

    Unparsable responses are uniform vectors, as in the estimates without a model that stand beside. Where the fast path
    fails in some unit, the slow engine takes its place if it is thought to take `patience` seconds at most; else the
    fit says how long it would take. Of draws and warm-up it takes what `draws_of` says. near: a fit of nearly the same
    responses, see `fit_lengths`.

    Raises
    ------
    NotTestable
        As `check_ready`; or if so few draws are asked for that no effective sample size above the gate's can be had.
    """
    from hotmess.temperature.fit import fit_lengths

    check_ready(responses)
    check_draws(draws, chains)
    settings: dict[str, Any] = {"seed": seed, "draws": draws_of(draws), "chains": chains, "prior": prior}
    settings["warmup"] = draws_of(warmup, WARMUP)
    fit = fit_lengths(responses, engine="fast", pool=True, unparsable=unparsable, near=near, **settings)
    if not fit.failed:
        return fit
    enough = max(DRAWS, settings["draws"])
    seconds = slow_seconds(fit.lengths, fit.prior, fit.pool, (enough + fit.spec.warmup) * chains)
    if seconds > patience:
        fit.data.attrs["remedy"] = remedy(seconds)
        return fit
    slow = fit.refit(engine="nuts", draws=enough)
    if slow.gate.passed:
        return slow
    fit.data.attrs["remedy"] = f"the slow engine was tried, and failed too ({slow.gate.reasons[0]}): {DRAW_MORE}"
    return fit


def draws_of(asked: int, most: int = DRAWS) -> int:
    """How many of the draws, or of the warm-up, that are asked for the joint model takes.

    >>> draws_of(100), draws_of(500), draws_of(1000), draws_of(4000)
    (100, 300, 300, 1200)
    """
    return max(min(asked, most), asked * most // FULL)
