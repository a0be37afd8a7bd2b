"""`hm.test` and `hm.report`: what a script calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput

if TYPE_CHECKING:
    from hotmess.claims.claim import Claim, Verdict
    from hotmess.claims.study import Study


def test(
    claim: str | Claim, about: Any, *, population: str = "like-these", interval: float = 0.9, **settings: Any
) -> Verdict:
    """Test a claim on responses, a study, or laws already fitted.

    Parameters
    ----------
    claim
        A claim or its name.
    about
        `Responses`, a `Study`, `PowerLaws`, a `LengthLaw` or a `Contrast`.
    settings
        Of the `Study`, where responses are given: seed, draws, chains, reference, groups, difficulty, metric.

    Raises
    ------
    BadInput
        For a claim that does not exist, or an object that is none of these.
    """
    from hotmess.claims.test import find_claims, test_claim

    return test_claim(as_study(about, **settings), find_claims([claim])[0], population=population, interval=interval)


def as_study(about: Any, **settings: Any) -> Study:
    """A study of responses; laws already fitted are used, not fitted again."""
    from hotmess.claims.study import Study
    from hotmess.laws.contrast import Contrast
    from hotmess.laws.length import LengthLaw
    from hotmess.laws.power import PowerLaws
    from hotmess.responses.table import Responses

    if isinstance(about, Study):
        return about
    if isinstance(about, Responses):
        return Study(about, **settings)
    made = {PowerLaws: "power_laws", LengthLaw: "length_law", Contrast: "contrast"}
    for kind, key in made.items():
        if isinstance(about, kind):
            if about.fit.source is None:
                raise BadInput(
                    "These laws were fitted to cells, not responses; test the claim on a Study of the responses."
                )
            study = Study(about.fit.source, **{"seed": about.fit.seed, **settings})
            study._made[key] = about
            if key == "contrast":
                study._made["halves"] = about.fit.cells
            return study
    raise BadInput(f"A claim is tested on responses, a study or laws, not on {type(about).__name__}.")


def report(
    about: Any,
    *,
    to: str | Path,
    claims: Sequence[str | Claim] | None = None,
    population: str = "like-these",
    **settings: Any,
) -> Path:
    """Test claims (default: all) and write the report folder `to`; returns the path of report.html."""
    from hotmess.claims.test import test_claims
    from hotmess.report.build import build_report

    study = as_study(about, **settings)
    verdicts = test_claims(study, claims, population=population)
    return build_report(study, verdicts, out=Path(to), command="hotmess.report", population=population)
