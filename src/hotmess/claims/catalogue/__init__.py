"""The catalogue of claims, one module for each: it holds a `CLAIM`, and that is all it takes to be in the catalogue."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from hotmess.claims.claim import Claim


def find() -> list[Claim]:
    """The claims of this package's modules, by their `order`."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    claims = [module.CLAIM for module in modules]
    return sorted(claims, key=lambda claim: (claim.order, claim.name))


CATALOGUE: dict[str, Claim] = {claim.name: claim for claim in find()}
"""Name -> claim, by their `order`."""
