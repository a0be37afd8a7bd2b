"""`hm.report`: what a script calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hotmess.claims.api import as_study
from hotmess.claims.claim import Claim
from hotmess.claims.test import test_claims
from hotmess.claims.verdict import Verdict
from hotmess.report.build import build_report


def report(
    about: Any,
    *,
    to: str | Path,
    claims: Sequence[str | Claim] | None = None,
    population: str = "like-these",
    **settings: Any,
) -> Path:
    """Write the report folder `to`; returns the path of report.html.

    about: as for `as_study`; verdicts among several things are reported as they are, else `claims` (default: all) are
    tested.
    """

    given: list[Verdict] = []
    if isinstance(about, (list, tuple)):
        given = [one for one in about if isinstance(one, Verdict)]
        about = [one for one in about if not isinstance(one, Verdict)]
    study = as_study(about, **settings)
    verdicts = given or test_claims(study, claims, population=population)
    return build_report(study, verdicts, out=Path(to), command="hotmess.report", population=population)
