"""Which difficulty groups are hard: their order, and where each stands from easiest to hardest (methods, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import NotTestable

if TYPE_CHECKING:
    import pandas as pd
    from jaxtyping import Float

WORDS = ("easiest", "very easy", "easy", "medium", "middle", "moderate", "hard", "very hard", "hardest")


def easiest_first(level: pd.Series) -> list[Any]:
    """The difficulty groups from easy to hard: an ordered category's order, that of numbers, or that of `WORDS`.

    Raises
    ------
    NotTestable
        If the names do not say which is the hardest.
    """
    import pandas as pd

    if isinstance(level.dtype, pd.CategoricalDtype) and level.cat.ordered:
        return list(level.cat.categories)
    values = list(level.unique())
    words = [str(v).strip().lower() for v in values]
    if all(w in WORDS for w in words):
        return [v for _, v in sorted(zip((WORDS.index(w) for w in words), values))]
    numbers = pd.to_numeric(pd.Series(words).str.extract(r"^(-?\d+(?:\.\d+)?)")[0], errors="coerce")
    if numbers.notna().all():
        return [values[i] for i in np.argsort(numbers.to_numpy(), kind="stable")]
    raise NotTestable(
        f"Which of the difficulty groups {', '.join(map(str, values))} is the hardest cannot be told; name them easy, "
        "medium, hard, or number them."
    )


def hardness(groups: pd.DataFrame) -> Float[np.ndarray, " g"]:
    """(groups,) from -1, easiest, to 1, hardest, equally spaced; 0 where the groups have no order of difficulty.

    >>> import pandas as pd
    >>> hardness(pd.DataFrame({"difficulty": ["hard", "easy", "medium"]})).tolist()
    [1.0, -1.0, 0.0]
    """
    if "difficulty" not in groups:
        return np.zeros(len(groups))
    level = groups["difficulty"]
    try:
        there = set(level.unique())
        order = [one for one in easiest_first(level) if one in there]
    except NotTestable:
        return np.zeros(len(groups))
    if len(order) < 2:
        return np.zeros(len(groups))
    rank = level.map({one: i for i, one in enumerate(order)}).to_numpy(float)
    return np.asarray(2 * rank / (len(order) - 1) - 1)
