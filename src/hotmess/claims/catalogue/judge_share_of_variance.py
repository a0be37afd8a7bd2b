"""The claim about how much of the scatter of judged responses is the judging, and not the responses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hotmess.claims.claim import Claim
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.source_share import REGION, SourceShare, naming
from hotmess.claims.rates import rates_beside
from hotmess.errors import NotTestable
from hotmess.responses.table import CELL

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.responses.table import Responses


def divided(responses: Responses) -> tuple[Responses, tuple[str, ...]]:
    """By response (and judge, where several judge the same one); by judge alone where no response is judged twice.

    Names of responses mean something within their cell only.

    Raises
    ------
    NotTestable
        If there is neither.
    """
    table = responses.table
    known = naming(table)
    if not known:
        raise NotTestable(
            "No response is judged twice (name responses in the column judged_response), and no question has responses "
            "by two judges (column judge)."
        )
    if known == "judge":
        return responses, ("judge",)
    own = table.groupby([*CELL, "judged_response"], observed=True).ngroup().astype(str)
    several = (
        "judge" in table
        and table["judge"].notna().all()
        and bool((table.groupby(own.to_numpy())["judge"].nunique() > 1).any())
    )
    named = replace(responses, table=table.assign(judged_response=own))
    return named, ("judged_response", "judge") if several else ("judged_response",)


JUDGEMENTS = SourceShare("judging", divided, rest=True)
JUDGES = SourceShare("judges", divided, rest=False)


def _about(study: Study) -> SourceShare:
    return JUDGES if naming(study.responses.table) == "judge" else JUDGEMENTS


CLAIM = Claim(
    name="judge-share-of-variance",
    place="beyond the paper: scores by judges",
    statement="less than a tenth of the variance of judged responses to a question is the judging's",
    estimand="share of the variance within questions that is the judging's and not the responses', mean over models",
    quantity=lambda study, population: _about(study).quantity(study, population),
    needs="any outcome, responses (column judged_response) judged twice or more, or several judges (column judge)",
    region=REGION,
    control=lambda study, seed: _about(study).control(study, seed),
    rates=rates_beside(__file__),
    of_models=True,
    absent=absent.judges,
    narrowed_by="questions, or judgements of each response,",
    order=200,
)
