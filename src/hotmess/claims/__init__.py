"""Claims: what can be tested, how it is decided. A claim's name with underscores is an attribute here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotmess.claims.claim import Claim


def __dir__() -> list[str]:
    from hotmess.claims.catalogue import CATALOGUE

    return sorted(name.replace("-", "_") for name in CATALOGUE)


def __getattr__(name: str) -> Claim:
    if "_" not in name.strip("_"):
        raise AttributeError(name)  # every claim's name has several words, no module's has
    from hotmess.claims.catalogue import CATALOGUE

    try:
        return CATALOGUE[name.replace("_", "-")]
    except KeyError:
        raise AttributeError(f"there is no claim {name!r}; there are {', '.join(CATALOGUE)}") from None
