"""How many responses are wrongly formatted, per model and budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmess.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

_KNOWN = {"": 0, "none": 1, "minimal": 2, "low": 3, "medium": 4, "high": 5, "xhigh": 6, "max": 7}


def format_table(responses: pd.DataFrame) -> pd.DataFrame:
    """Wrongly formatted responses by model, condition and budget, as in Table 1 of Hägele et al. (2026).

    A response is wrongly formatted where its outcome could not be read: `answer` is -1 or null or, where the table has
    no `answer`, `probs` or `text` is null. Returns the columns `model condition budget responses wrong share
    at_the_limit`; the last counts responses cut off at the token limit (`finish_reason` "length"), null where that was
    not recorded. Budgets are sorted by size. Raises `BadInput` where there is no outcome.

    >>> import pandas as pd
    >>> responses = pd.DataFrame({"model": "m", "budget": ["low", "low", "high"], "answer": [1, -1, 0]})
    >>> format_table(responses)[["budget", "responses", "wrong"]].values.tolist()
    [['low', 2, 1], ['high', 1, 0]]
    """
    import pandas as pd

    outcome = next((name for name in ("answer", "probs", "text") if name in responses), None)
    if outcome is None:
        raise BadInput(
            "The table has no column answer, probs or text: without one the format of a response is not known."
        )
    values = responses[outcome]
    wrong = values.isna()
    if pd.api.types.is_numeric_dtype(values):
        wrong |= values < 0
    keys = {
        name: responses.get(name, pd.Series("", index=responses.index)) for name in ("model", "condition", "budget")
    }
    frame = pd.DataFrame({name: column.astype(object).fillna("").astype(str) for name, column in keys.items()})
    frame = frame.assign(wrong=wrong.astype(int), cut=float("nan"))
    if "finish_reason" in responses:
        frame["cut"] = (responses["finish_reason"].astype(str) == "length").astype(float)
    groups = frame.groupby(["model", "condition", "budget"], sort=False)
    table = groups.agg(
        responses=("wrong", "size"),
        wrong=("wrong", "sum"),
        share=("wrong", "mean"),
        at_the_limit=("cut", lambda cut: cut.sum(min_count=1)),
    ).reset_index()
    table["at_the_limit"] = table["at_the_limit"].astype("Int64")
    sizes = table["budget"].map(_size)
    table = table.assign(order=sizes.str[0], size=sizes.str[1])
    table = table.sort_values(["model", "condition", "order", "size", "budget"], ignore_index=True)
    return table.drop(columns=["order", "size"])


def _size(budget: str) -> tuple[int, float]:
    try:
        return (0, float(budget))
    except ValueError:
        return (1, float(_KNOWN.get(budget, len(_KNOWN))))
