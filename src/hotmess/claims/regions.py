"""What is stated of a claim beforehand: regions of practically none, and effects to plan for (`CLAIM=VALUE`)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Claim
from hotmess.claims.expression import nearest
from hotmess.claims.preregister import preregister
from hotmess.errors import BadInput, checked_number
from hotmess.words import brief


def with_regions(claims: Sequence[Claim], texts: Iterable[str]) -> list[Claim]:
    """Claims with their regions changed, each change with its hash.

    texts: `CLAIM=VALUE` each, VALUE the half-width of the region in the units of the claim's quantity, or `none`.

    Raises
    ------
    BadInput
        Where a text is none of these, or names a claim that is not tested, is of equality, or is named twice.
    """
    changed: dict[str, float | None] = {}
    for claim, value in _stated(claims, texts, "--negligible", "natural-overthinking=0.02"):
        changed[claim.name] = half_width(value, f"--negligible {claim.name}")
        if claim.region is not None:
            raise BadInput(
                f"{claim.name} is a claim of equality with a region of its own; it has no verdict 'negligible'."
            )
    return [region_of(claim, changed[claim.name]) if claim.name in changed else claim for claim in claims]


def with_effects(claims: Sequence[Claim], texts: Iterable[str]) -> list[Claim]:
    """Claims with the effects that are to be planned for: what would decide them is worked out for these.

    texts: `CLAIM=VALUE` each, VALUE above 0 in the units of the claim's quantity.

    Raises
    ------
    BadInput
        Where a text is none of these, or names a claim that is not tested, or is named twice.
    """
    effects: dict[str, float] = {}
    for claim, value in _stated(claims, texts, "--effect", "natural-overthinking=0.05"):
        try:
            effects[claim.name] = float(value)
        except ValueError:
            effects[claim.name] = math.nan
        if not (math.isfinite(effects[claim.name]) and effects[claim.name] > 0):
            raise BadInput(f"--effect {claim.name} is {value!r}; an effect to plan for is a number above 0.")
        if effects[claim.name] > claim.most:
            raise BadInput(f"--effect {claim.name} is {value}, and no effect of it is above {claim.most:g}.")
        if claim.design is None and not claim.by_questions:
            raise BadInput(f"No effect of {claim.name} can be planned for: it has no design.")
    return [replace(claim, effect=effects.get(claim.name, claim.effect)) for claim in claims]


def _stated(claims: Sequence[Claim], texts: Iterable[str], option: str, example: str) -> Iterator[tuple[Claim, str]]:
    """The claim and the value that each text names."""
    by_name, seen = {claim.name: claim for claim in claims}, set()
    for text in texts:
        name, sign, value = text.partition("=")
        name = name.strip().replace("_", "-")
        if not sign:
            raise BadInput(f"{option} takes CLAIM=VALUE, such as {example}, not {text!r}.")
        if name not in by_name:
            raise BadInput(f"{option} names {name!r}, which is not tested here; {nearest(name, by_name, 'claims')}")
        if name in seen:
            raise BadInput(f"{option} names {name} twice.")
        seen.add(name)
        yield by_name[name], value.strip()


def region_of(claim: Claim, delta: float | None) -> Claim:
    """A claim with another region of practically none, and the hash of the change; that of a claim that has one, as a
    user's has, is of both.

    >>> mine = replace(CATALOGUE["natural-overthinking"], preregistration="1a2b")
    >>> region_of(mine, 0.3).preregistration == "1a2b", region_of(mine, mine.negligible) == mine
    (False, True)
    """
    if claim.preregistration and delta == claim.negligible:
        return claim
    before = {"claim": claim.preregistration} if claim.preregistration else {}
    hashed = preregister({**before, "name": claim.name, "negligible": delta})
    return replace(claim, negligible=delta, preregistration=hashed)


def well_stated(claim: Claim) -> Claim:
    """A claim whose region of practically none and effect are numbers that they can be, or `BadInput`; a claim of the
    catalogue with another region has the hash of that change."""
    if claim.negligible is not None:
        half_width(claim.negligible, f"negligible of {claim.name}")
    if claim.effect is not None:
        checked_number(f"The effect of {claim.name}", claim.effect, "a number above 0", beyond=True)
    changed = claim.name in CATALOGUE and claim.negligible != CATALOGUE[claim.name].negligible
    return region_of(claim, claim.negligible) if changed else claim


def half_width(text: object, where: str) -> float | None:
    """A half-width above 0; None for `none`.

    >>> half_width("0.02", "it"), half_width("none", "it")
    (0.02, None)
    """
    if text == "none":
        return None
    try:
        value = float(text) if isinstance(text, (str, int, float)) and not isinstance(text, bool) else math.nan
    except (ValueError, OverflowError):
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise BadInput(f"{where} is {brief(text)}; the half-width of a region is a number above 0, or none.")
    return value
