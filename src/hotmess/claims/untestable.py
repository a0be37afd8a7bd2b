"""What cannot be tested whatever a fit would say: too long unasked, another metric, responses that carry no claim, too
few draws."""

from __future__ import annotations

import re

from hotmess.claims.claim import Claim
from hotmess.claims.guards.of_draws import Diagnostics
from hotmess.claims.study import Study
from hotmess.claims.verdict import Verdict, silent
from hotmess.errors import NotTestable
from hotmess.inference.gate import INDEPENDENT, need_draws
from hotmess.responses.outcomes import OUTCOMES
from hotmess.words import capital


def untestable(study: Study, claim: Claim, population: str, absent: str) -> Verdict | None:
    """The verdict that needs no fit, with what to do; None where the claim can be tried.

    absent: what the data do not hold, or empty; it is said whatever the draws.
    """
    if claim.long and study.large:
        why = (
            f"It was not run, since it can take minutes on {len(study.responses.table):,} responses: ask for it by "
            f"name, --claim {claim.name}."
        )
        asked = f"Ask for it by name: --claim {claim.name}."
        return silent(claim, population, study.metric, (why,), remedy=asked)
    if absent:
        return None
    if study.metric != (own := OUTCOMES[study.responses.outcome].default_metric):
        why = (
            f"Claims, and the estimates without a model beside them, are of squared distances ({own} here), not of "
            f"{study.metric}: leave the metric out."
        )
        return silent(claim, population, study.metric, (why,), remedy="Leave the metric out.")
    if study.unfit:
        return silent(claim, population, study.metric, (study.unfit,), remedy=unfit_remedy(study.unfit))
    try:
        need_draws(study.draws * study.chains, least=INDEPENDENT)
    except NotTestable as reason:
        failed = Diagnostics().failed(str(reason))
        return silent(claim, population, study.metric, (str(reason),), (failed,), remedy="Draw more (--draws).")
    return None


def unfit_remedy(reason: str) -> str:
    """What to do, which the reason itself says at its end.

    >>> unfit_remedy("90% of the responses are unparsable; leave them out (--where)")
    'Leave them out (--where).'
    """
    return f"{capital(re.split('[:;] ', reason)[-1].rstrip('.'))}."
