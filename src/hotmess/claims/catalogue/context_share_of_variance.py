"""The claim about how much of the scatter of responses is their few-shot context's, and not sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmess.claims.claim import Claim
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.source_share import REGION, SourceShare, is_judging
from hotmess.claims.rates import rates_beside
from hotmess.errors import NotTestable
from hotmess.responses.table import CELL

if TYPE_CHECKING:
    from hotmess.responses.table import Responses


def divided(responses: Responses) -> tuple[Responses, tuple[str, ...]]:
    """By context.

    Raises
    ------
    NotTestable
        If no context has two responses to a question, so that contexts cannot be told from sampling; or what is named
        as their source is the judge, or the response that is judged.
    """
    if is_judging(responses.table):
        raise NotTestable(
            f"The source named ({' and '.join(responses.sources) or 'context'}) tells judgements apart and is no "
            "context: judge-share-of-variance is the claim about it."
        )
    if not responses.table.duplicated([*CELL, "context"]).any():
        raise NotTestable(
            "Every context has one response to a question only, so that contexts cannot be told from sampling: draw "
            "two responses or more in each."
        )
    return responses, ("context",)


SHARE = SourceShare("contexts", divided, rest=False)
CLAIM = Claim(
    name="context-share-of-variance",
    place="section 2: the expectation is over few-shot contexts and over sampling",
    statement="less than a tenth of the variance of responses to a question is their context's, the rest sampling",
    estimand="share of the variance within questions that lies between contexts, mean over models",
    quantity=SHARE.quantity,
    needs="any outcome, two or more contexts (column context, or --source) for a question, with repeated responses",
    region=REGION,
    control=SHARE.control,
    rates=rates_beside(__file__),
    of_models=True,
    absent=absent.contexts,
    narrowed_by="questions, or contexts of each,",
    order=190,
)
