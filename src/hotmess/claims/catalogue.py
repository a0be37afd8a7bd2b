"""The catalogue of claims: each a function of the joint posterior. A new module of claims is one line in `MODULES`."""

from __future__ import annotations

from hotmess.claims import (
    between,
    embedding,
    ensembling,
    exponents,
    intervention,
    natural,
    optimizer,
    overthinking,
    samples,
    scale,
    shapes,
    shares,
    survey,
)
from hotmess.claims.claim import Claim

MODULES = (
    between,
    overthinking,
    natural,
    scale,
    exponents,
    shares,
    shapes,
    ensembling,
    samples,
    survey,
    intervention,
    optimizer,
    embedding,
)
"""Modules whose `Claim`s make the catalogue, in this order and in the order in which they stand there."""

CATALOGUE: dict[str, Claim] = {c.name: c for module in MODULES for c in vars(module).values() if isinstance(c, Claim)}
