"""Whether what is compared was decoded at the same settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SETTINGS = ("temperature", "top_p")
QUESTION = ("benchmark", "question")
CELL = ("benchmark", "model", "question", "condition", "budget")
SIDES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "model": (("model",), ()),
    "budget": (("budget",), ("model", "condition")),
    "condition": (("condition",), ("model", "budget")),
    "question": (("benchmark", "question"), ("model", "condition", "budget")),
}
"""What is compared: the columns that tell the sides apart, and those inside which they are compared."""


def decoded_differently(table: pd.DataFrame, across: str) -> list[str]:
    """Reasons against comparing sides that were decoded at different settings; none where settings are not recorded.

    across: `model`, `budget`, `condition`, `question`, or `response` for responses of one cell.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": ["a", "a", "b"], "temperature": [0.7, 0.7, 1.0]})
    >>> decoded_differently(table, "model")
    ['models were decoded at different temperature (a: 0.7; b: 1)']
    """
    out = []
    for setting, own in _recorded(table):
        if across == "response":
            known = own[[*CELL, setting]].drop_duplicates()
            several = known[known.duplicated(list(CELL), keep=False)]
            if len(several):
                values = _listed(sorted(several[setting].unique()))
                out.append(f"responses to one question were decoded at different {setting} ({values})")
            continue
        sides, inside = SIDES[across]
        spoiled = _unlike(own, sides, inside, setting)
        where = ""
        if not spoiled and across != "question" and set(QUESTION) <= set(own.columns):
            # The same settings on the whole, but not on the same questions.
            spoiled = _unlike(own, sides, (*inside, *QUESTION), setting)
            where = f" on {len({place[-2:] for place, _ in spoiled}):,} questions"
        if spoiled:
            place, found = spoiled[0]
            who = f" of {place[0]}" if inside else ""
            some = "; ".join(f"{side or 'none'}: {_listed(v)}" for side, v in list(found.items())[:4])
            more = f"; and {len(found) - 4} more" if len(found) > 4 else ""
            out.append(f"{across}s{who} were decoded at different {setting}{where} ({some}{more})")
    return out


def _unlike(
    table: pd.DataFrame, sides: Sequence[str], inside: Sequence[str], setting: str
) -> list[tuple[tuple[str, ...], dict[str, tuple[float, ...]]]]:
    """Every place inside which sides have different sets of a setting's values, and these sets."""
    known = table[[*inside, *sides, setting]].drop_duplicates().sort_values([*inside, *sides, setting])
    groups: dict[tuple[str, ...], dict[str, tuple[float, ...]]] = {}
    for *key, value in known.astype({setting: float}).itertuples(index=False):
        place, side = tuple(map(str, key[: len(inside)])), ", ".join(map(str, key[len(inside) :]))
        settings = groups.setdefault(place, {})
        settings[side] = (*settings.get(side, ()), value)
    return [(place, found) for place, found in groups.items() if len(set(found.values())) > 1]


def pair_decoded_differently(table: pd.DataFrame, of: str, against: str) -> list[str]:
    """Sentences where two models were decoded at different settings."""
    out = []
    for setting, own in _recorded(table):
        one, other = (sorted(own.loc[own["model"] == m, setting].unique().tolist()) for m in (of, against))
        if one != other and one and other:
            out.append(
                f"{of} and {against} were decoded at different {setting} ({_listed(one)} against {_listed(other)})."
            )
    return out


def _recorded(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each setting, and the rows where it is recorded as a number."""
    import pandas as pd

    for name in SETTINGS:
        if name in table:
            value = pd.to_numeric(table[name], errors="coerce")
            yield name, table.assign(**{name: value})[value.notna()]


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{v:g}" for v in values)
