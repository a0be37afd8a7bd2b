"""Groups of which most responses could not be read: what is printed for them is a convention, not a measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

MOST = 0.5
"""Above this share of unparsable responses no number of a group is reliable."""


def unparsable_share(cells: pd.DataFrame, by: Sequence[str], keys: Sequence[tuple[Any, ...]]) -> np.ndarray:
    """The share of unparsable responses in each group, (groups,).

    Args:
        cells: a table of cells with the `by` columns, responses and unparsable (counts).
        by: the columns that name a group; none: all cells are one.
        keys: the groups, as tuples of their values.

    >>> cells = pd.DataFrame({"model": ["a", "a", "b"], "responses": [4, 4, 2], "unparsable": [4, 2, 0]})
    >>> unparsable_share(cells, ["model"], [("b",), ("a",)]).tolist()
    [0.0, 0.75]
    """
    if not by:
        return np.full(len(keys), cells["unparsable"].sum() / cells["responses"].sum())
    sums = cells.groupby(list(by), observed=True, dropna=False, sort=False)[["unparsable", "responses"]].sum()
    found = {
        _same(key): u / r
        for key, u, r in zip(sums.index.to_frame().itertuples(index=False), *sums.to_numpy().T, strict=True)
    }
    return np.array([found[_same(key)] for key in keys], dtype=float)


def mostly_unparsable(keys: Sequence[tuple[Any, ...]], share: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Which groups are mostly unparsable, and a sentence on them, if there are any.

    >>> most, said = mostly_unparsable([("a",), ("b",)], np.array([0.9, 0.2]))
    >>> most.tolist(), said[0][:57]
    ([True, False], 'Not reliable: 90.0% of the responses of a are unparsable;')
    """
    most = np.asarray(share) > MOST
    if not most.any():
        return most, []
    worst = int(np.argmax(share))
    place = " of " + ", ".join(map(str, keys[worst])) if keys[worst] else ""
    more = int(most.sum()) - 1
    others = f", and more than half of {more} more group{'s' if more > 1 else ''}" if more else ""
    return most, [
        f"Not reliable: {share[worst]:.1%} of the responses{place} are unparsable{others}; see how answers are "
        "read (--canonical, --filter), or leave out (--where)."
    ]


def unread_models(cells: pd.DataFrame) -> tuple[dict[str, bool], str]:
    """Of each model, whether most of its responses are unparsable, and a sentence on those models ("" for none).

    >>> cells = pd.DataFrame({"model": ["a", "b"], "responses": [4, 4], "unparsable": [4, 0]})
    >>> unread_models(cells)[0]
    {'a': True, 'b': False}
    """
    keys = [(model,) for model in cells["model"].unique()]
    most, said = mostly_unparsable(keys, unparsable_share(cells, ["model"], keys))
    return {str(key[0]): bool(one) for key, one in zip(keys, most, strict=True)}, said[0] if said else ""


def _same(key: Sequence[Any]) -> tuple[Any, ...]:
    """A key by which missing values are equal to each other."""
    return tuple("\0missing" if value is pd.NA or value != value else value for value in key)
