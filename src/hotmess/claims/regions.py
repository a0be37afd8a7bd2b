"""Regions of practically none, stated beforehand: `--negligible CLAIM=VALUE`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from hotmess.claims.claim import Claim
from hotmess.claims.expression import nearest
from hotmess.claims.preregister import preregister
from hotmess.errors import BadInput


def with_regions(claims: Sequence[Claim], texts: Iterable[str]) -> list[Claim]:
    """Claims with their regions changed, each change with its hash.

    texts: `CLAIM=VALUE` each, VALUE the half-width of the region in the units of the claim's quantity, or `none`.

    Raises
    ------
    BadInput
        Where a text is none of these, or names a claim that is not tested, is of equality, or is named twice.
    """
    by_name = {claim.name: claim for claim in claims}
    changed: dict[str, float | None] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        name = name.strip().replace("_", "-")
        if not sign:
            raise BadInput(f"--negligible takes CLAIM=VALUE, such as natural-overthinking=0.02, not {text!r}.")
        if name not in by_name:
            raise BadInput(f"--negligible names {name!r}, which is not tested here; {nearest(name, by_name, 'claims')}")
        if name in changed:
            raise BadInput(f"--negligible names {name} twice.")
        changed[name] = half_width(value.strip(), f"--negligible {name}")
        if by_name[name].region is not None:
            raise BadInput(f"{name} is a claim of equality with a region of its own; it has no verdict 'negligible'.")
    return [region_of(claim, changed[claim.name]) if claim.name in changed else claim for claim in claims]


def region_of(claim: Claim, delta: float | None) -> Claim:
    """A claim with another region of practically none; a claim that has no hash gets that of the change."""
    hashed = preregister({"name": claim.name, "negligible": delta})
    return replace(claim, negligible=delta, preregistration=claim.preregistration or hashed)


def half_width(text: object, where: str) -> float | None:
    """A half-width above 0; None for `none`.

    >>> half_width("0.02", "it"), half_width("none", "it")
    (0.02, None)
    """
    if text == "none":
        return None
    try:
        value = float(str(text)) if not isinstance(text, bool) else math.nan
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise BadInput(f"{where} is {text!r}; the half-width of a region is a number above 0, or none.")
    return value
