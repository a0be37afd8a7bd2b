"""`hm.test`: what a script calls; and what can be tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, overload

from hotmess.errors import BadInput, one_seed

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
        A claim or its name; None: all of the catalogue, as a list of verdicts, of which none stops another.
    about
        `Responses`, a `Study`, a `Fit`, `PowerLaws`, a `LengthLaw`, a `LengthFit`, a `Contrast`, or several of these
        (`as_study`).
    settings
        Of the `Study`: seed, draws, chains, reference, groups, difficulty, metric, patience. What was fitted already
        brings its own: all that made it holds for whatever is fitted beside it.

    Raises
    ------
    BadInput
        For a claim that does not exist, an object that is none of these, or a fit made in a way that claims cannot
        follow.
    """
    from hotmess.claims.test import find_claims, test_claim, test_claims

    if claim is None:
        return test_claims(as_study(about, **settings), population=population, interval=interval)
    asked = replace(find_claims([claim])[0], long=False)  # asked for, so it may take long
    return test_claim(as_study(about, **settings), asked, population=population, interval=interval)


def as_study(about: Any, **settings: Any) -> Study:
    """A study of responses; fits and laws already made are used, not made again.

    What was fitted already brings all that made it (seed, draws, warmup, chains, prior, engine, backend, metric), for
    whatever is fitted beside it; what claims cannot follow is refused.

    Parameters
    ----------
    about
        `Responses`, a `Study`, a `Fit`, `PowerLaws`, a `LengthLaw`, a `LengthFit`, a `Contrast`, or several of these
        together.
    settings
        Of the `Study`: what it is not told by a study or a fit.

    Raises
    ------
    BadInput
        For what is none of these, fits of different responses, settings that disagree or that claims cannot follow.

    Examples
    --------
    >>> import hotmess as hm
    >>> as_study(hm.fit(hm.example(), seed=3, draws=50)).draws
    50
    """
    settings = one_seed(settings)
    from hotmess.claims.carried import study_of
    from hotmess.claims.study import MOST_DRAWS, Study
    from hotmess.responses.table import Responses

    known = [f.name for f in fields(Study) if f.name not in ("responses", "made", "reduced", "instead_of")]
    for name in settings:
        if name in ("negligible", "effect"):
            raise BadInput(
                f"{name} belongs to a claim, not to a study: from dataclasses import replace, and test "
                f"replace(hm.claims.natural_overthinking, {name}=0.02)."
            )
        if name not in known:
            raise BadInput(f"A study has no setting {name!r}; there are {', '.join(known)}.")
    if isinstance(about, Responses):
        return Study(about, **({} if "draws" in settings else {"most_draws": MOST_DRAWS}) | settings)
    several = list(about) if isinstance(about, (list, tuple)) else [about]
    study = next((one for one in several if isinstance(one, Study)), None)
    if study is None:
        return study_of(several, settings)
    _refuse_other(study, settings)
    return study


def _refuse_other(study: Study, settings: Mapping[str, Any]) -> None:
    """Refuse settings that are not those of a study that was made already."""
    for name, value in settings.items():
        if getattr(study, name) != value:
            raise BadInput(
                f"This study has {name}={getattr(study, name)!r}, and {name}={value!r} was asked for: make a study "
                "with it, or leave it out."
            )
