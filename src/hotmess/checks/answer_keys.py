"""Questions whose answer key may be wrong: all large models agree on one and the same wrong option."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmess.errors import NotTestable

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses


def suspect_keys(responses: Responses) -> pd.DataFrame:
    """Questions on which all large models mostly give one and the same wrong answer: perhaps the key is wrong.

    Large models are those of at least the median size (two or more; where sizes are unknown, all models). One row per
    question: benchmark, question, option, share (the smallest share of responses on that option among the models).

    Raises
    ------
    NotTestable
        With fewer than two models.
    """
    import pandas as pd

    table = responses.table
    sizes = table.groupby("model")["model_size_b"].first() if "model_size_b" in table else pd.Series(dtype=float)
    large = sorted(sizes.index[sizes >= sizes.median()]) if sizes.notna().any() else sorted(table["model"].unique())
    if len(large) < 2:
        large = sorted(table["model"].unique(), key=lambda m: (sizes.get(m, 0.0), m))[-2:]
    if len(large) < 2:
        raise NotTestable("one model alone cannot show which keys are suspect.")
    keys = ["benchmark", "question"]
    mine = table[table["model"].isin(large)]
    total = mine.groupby([*keys, "model"], observed=True).size()
    wrong = mine[(mine["answer"] >= 0) & (mine["answer"] != mine["target"])]
    share = wrong.groupby([*keys, "model", "answer"], observed=True).size().rename("n").reset_index()
    share["share"] = share["n"] / total.reindex(pd.MultiIndex.from_frame(share[[*keys, "model"]])).to_numpy()
    most = share[share["share"] > 0.5]
    agreed = most.groupby([*keys, "answer"], observed=True).agg(models=("model", "nunique"), share=("share", "min"))
    answered = mine.groupby(keys, observed=True)["model"].nunique()
    agreed = agreed.reset_index()
    everyone = answered.reindex(pd.MultiIndex.from_frame(agreed[keys])).to_numpy()
    found = agreed[(agreed["models"] == everyone) & (agreed["models"] >= 2)]
    return found.rename(columns={"answer": "option"})[[*keys, "option", "share"]].reset_index(drop=True)
