"""Does a model that writes "Wait" often fail more incoherently? Shares of such words in reasoning texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.decompose.aggregate import incoherence
from hotmess.decompose.grouping import question_draws, question_index, unit_index
from hotmess.decompose.intervals import bootstrap_interval
from hotmess.decompose.squared import unbiased
from hotmess.errors import BadInput, NotTestable
from hotmess.responses.table import CELL

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses

TEXTS = ("reasoning_text", "reasoning", "completion", "text")
DRAWS = 1000


def word_share(text: str, words: Sequence[str] = ("wait",)) -> float:
    """Share of a text's words that are among `words`, whatever their case; NaN for a text without words.

    >>> word_share("Wait. Is it 4? Wait, await the end.")
    0.25
    """
    found = re.findall(r"[^\W_]+(?:['’][^\W_]+)?", text)
    wanted = {w.casefold() for w in words}
    return sum(w.casefold() in wanted for w in found) / len(found) if found else float("nan")


def text_column(responses: Responses, column: str | None = None) -> str:
    """The column of reasoning texts: the one named, else the first of `TEXTS` that is not itself the outcome.

    Raises
    ------
    BadInput
        If the named column is not there.
    NotTestable
        If there is none.
    """
    names = responses.table.columns
    if column is not None:
        if column not in names:
            raise BadInput(f"There is no column {column!r} of texts; the table has {', '.join(map(str, names))}.")
        return column
    for name in TEXTS:
        if name in names and name != responses.outcome:
            return name
    raise NotTestable("The table has no texts of the reasoning (column reasoning_text, reasoning, completion or text).")


def wait_ratio(
    responses: Responses,
    *,
    words: Sequence[str] = ("wait",),
    column: str | None = None,
    bins: int = 5,
    interval: float = 0.9,
    seed: int = 0,
) -> pd.DataFrame:
    """Incoherence of questions by the share of given words in the reasoning about them (Hägele et al. 2026, appendix).

    Per model, condition and budget the questions without such a word are a bin of their own, the others are cut into
    bins of equally many by their mean share. Incoherence is unbiased, with intervals for questions like these. An
    association: texts with such words differ in other ways, in length above all.

    Returns
    -------
    One row per arm and bin: model, condition, budget, bin, questions, ratio (mean share of the words), incoherence,
    incoherence_low, incoherence_high (NaN where the bin has no errors).

    Raises
    ------
    NotTestable
        If there are no texts, or none has one of the words.
    """
    import pandas as pd

    from hotmess.responses.cells import reduce

    name = text_column(responses, column)
    texts = responses.table[name]
    share = np.array([word_share(t, words) if isinstance(t, str) else np.nan for t in texts.astype(object)])
    if not np.nansum(share) > 0:
        raise NotTestable(f"No text in column {name} has the word {' or '.join(words)}.")
    mean = responses.table[list(CELL)].assign(ratio=share).groupby(list(CELL), observed=True)["ratio"].mean()
    cells = reduce(responses)
    terms = unbiased(cells.points)
    ratio = mean.reindex(pd.MultiIndex.from_frame(cells.table[list(CELL)])).to_numpy()
    use = np.isfinite(ratio) & np.isfinite(terms.variance)
    q = question_index(cells.table)
    unit, weight = unit_index(cells.table)
    weights = question_draws(cells.table, q, DRAWS, seed)
    rows = []
    arms = ["model", "condition", "budget"]
    for own in cells.table.groupby(arms, observed=True, sort=True).indices.values():
        kept = own[use[own]]
        for number, part in enumerate(_bins(ratio[kept], bins)):
            at = kept[part]
            error, variance = terms.error[at], terms.variance[at]
            value = incoherence(weight[at] @ error, weight[at] @ variance)
            w = weights[:, q[at]]
            draws = incoherence(w @ error, w @ variance)
            low = high = np.asarray(np.nan)
            if np.isfinite(draws).all() and np.isfinite(value):
                count = len(np.unique(unit[at]))
                low, high = bootstrap_interval(draws, value, interval=interval, questions=count)
            row = cells.table.loc[own[0], arms].to_dict() | {"bin": number, "questions": len(at)}
            row |= {"ratio": float(ratio[at].mean()), "incoherence": float(value)}
            rows.append(row | {"incoherence_low": float(low), "incoherence_high": float(high)})
    return pd.DataFrame(rows)


def _bins(ratio: Floats, bins: int) -> list[Ints]:
    """Indices of those without a word, then of equally many each by ratio; no bin is empty.

    >>> [b.tolist() for b in _bins(np.array([0.0, 0.3, 0.1, 0.0, 0.2]), 4)]
    [[0, 3], [2], [4], [1]]
    """
    none, some = np.flatnonzero(ratio == 0), np.flatnonzero(ratio > 0)
    rest = np.array_split(some[np.argsort(ratio[some], kind="stable")], max(1, bins - (len(none) > 0)))
    return [b for b in (none, *rest) if len(b)]
