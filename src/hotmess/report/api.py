"""`hm.report`: what a script calls."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hotmess.claims.api import as_study
from hotmess.claims.claim import Claim
from hotmess.claims.test import test_claims
from hotmess.claims.verdict import Verdict, refuse_own
from hotmess.errors import listed
from hotmess.report.build import build_report


@listed("claims")
def report(
    about: Any,
    *,
    to: str | Path,
    claims: Sequence[str | Claim] | None = None,
    population: str = "like-these",
    texts: bool = False,
    **settings: Any,
) -> Path:
    """Write the report folder `to`; returns the path of report.html.

    Parameters
    ----------
    about
        As for `as_study`; verdicts among several things are reported as they are, else `claims` (default: all) are
        tested.
    texts
        Also write texts.html, the responses to the questions to read first, whole.
    settings
        Of the `Study`, where responses are given.

    Raises
    ------
    BadInput
        Where `to` holds something other than an earlier report, a claim does not exist, or there are no texts; once the
        report is written, where a claim of one's own cannot be worked out, as on a model that is not there.
    """
    given: list[Verdict] = []
    asked = call(to, claims, population, texts, settings)
    if isinstance(about, (list, tuple)):
        given = [one for one in about if isinstance(one, Verdict)]
        about = [one for one in about if not isinstance(one, Verdict)]
    study = as_study(about, **settings)
    verdicts = given or test_claims(study, claims, population=population)
    page = build_report(study, verdicts, out=Path(to), command=asked, population=population, texts=texts)
    if not given:
        refuse_own(verdicts)
    return page


def call(
    to: str | Path, claims: Sequence[str | Claim] | None, population: str, texts: bool, settings: Mapping[str, Any]
) -> str:
    """The call as it was made, and the script that made it, for the report's account of its making.

    >>> call("out", ["natural-overthinking"], "these", False, {"seed": 1}).partition("  #")[0]
    "hm.report(..., to='out', claims=['natural-overthinking'], population='these', seed=1)"
    """
    here, place = Path.cwd(), Path(to)
    named: dict[str, Any] = {"to": str(place.relative_to(here) if place.is_relative_to(here) else place)}
    if claims is not None:
        named["claims"] = [one.name if isinstance(one, Claim) else str(one) for one in claims]
    if population != "like-these":
        named["population"] = population
    if texts:
        named["texts"] = True
    words = ", ".join(f"{name}={value!r}" for name, value in (named | dict(settings)).items())
    script = Path(sys.argv[0] if sys.argv else "")
    made = f"  # {script.name}" if script.suffix == ".py" else ""
    return f"hm.report(..., {words}){made}"
