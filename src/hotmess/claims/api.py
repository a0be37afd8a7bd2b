"""`hm.test`: what a script calls; and what can be tested."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from hotmess.errors import BadInput

if TYPE_CHECKING:
    from hotmess.claims.claim import Claim
    from hotmess.claims.study import Study
    from hotmess.claims.verdict import Verdict


@overload
def test(claim: str | Claim, about: Any, **settings: Any) -> Verdict: ...


@overload
def test(claim: None, about: Any, **settings: Any) -> list[Verdict]: ...


def test(
    claim: str | Claim | None, about: Any, *, population: str = "like-these", interval: float = 0.9, **settings: Any
) -> Verdict | list[Verdict]:
    """Test a claim, or all claims, on responses, a study, or laws already fitted.

    Parameters
    ----------
    claim
        A claim or its name; None: all of the catalogue, as a list of verdicts.
    about
        `Responses`, a `Study`, `PowerLaws`, a `LengthLaw` or a `Contrast`.
    settings
        Of the `Study`, where responses are given: seed, draws, chains, reference, groups, difficulty, metric, patience.

    Raises
    ------
    BadInput
        For a claim that does not exist, or an object that is none of these.
    """
    from hotmess.claims.test import find_claims, test_claim, test_claims

    if claim is None:
        return test_claims(as_study(about, **settings), population=population, interval=interval)
    asked = replace(find_claims([claim])[0], long=False)  # asked for, so it may take long
    return test_claim(as_study(about, **settings), asked, population=population, interval=interval)


def as_study(about: Any, **settings: Any) -> Study:
    """A study of responses; fits and laws already made are used, not made again.

    about: `Responses`, a `Study`, a `Fit`, `PowerLaws`, a `LengthLaw`, a `Contrast`, or several of these together.
    """
    from hotmess.answers.posterior import Fit
    from hotmess.claims.study import MOST_DRAWS, Study
    from hotmess.laws.contrast import Contrast
    from hotmess.laws.length import LengthLaw
    from hotmess.laws.power import PowerLaws
    from hotmess.responses.table import Responses

    if isinstance(about, Study):
        return about
    if isinstance(about, Responses):
        return Study(about, **({} if "draws" in settings else {"most_draws": MOST_DRAWS}) | settings)
    kinds = {PowerLaws: "power_laws", LengthLaw: "length_law", Contrast: "contrast", Fit: "fit"}
    study: Study | None = None
    for one in about if isinstance(about, (list, tuple)) else [about]:
        if isinstance(one, Study):
            return one
        key = next((key for kind, key in kinds.items() if isinstance(one, kind)), None)
        if key is None:
            raise BadInput(
                f"A claim is tested on responses, a study, a fit or laws, not on {type(one).__name__}: "
                "hotmess.read makes responses of files and data frames."
            )
        first = one if isinstance(one, Fit) else one.fit
        if study is None:
            if first.source is None:
                raise BadInput("This was fitted to cells, not responses; test the claim on a Study of the responses.")
            study = Study(first.source, **{"seed": first.seed, **settings})
        if isinstance(one, PowerLaws):
            study = replace(study, law_prior=one.prior)
        elif isinstance(one, LengthLaw):
            study = replace(study, length_prior=one.prior)
        if key != "fit" or first.formula is None:
            study.made[key] = one
        if key == "contrast":
            study.made["halves"] = first.cells
    if study is None:
        raise BadInput("There is nothing to study: give responses, a study, a fit or laws.")
    return study
