"""Changes of incoherence between arms that answer the same questions: condition, budget, natural length, size.

Per question the unbiased Brier terms (methods, section 2) of independent responses; between arms the same
Dirichlet(1, …, 1) weights on questions, so that what questions share cancels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import BadInput, tails

if TYPE_CHECKING:
    import pandas as pd

ARM = ["model", "model_size_b", "condition", "budget", "length"]


def question_terms(table: pd.DataFrame) -> pd.DataFrame:
    """Unbiased error, bias² and variance per (model, condition, budget, length, question).

    `length` is "all", and for natural budgets also "shorter" and "longer": responses below and above their own
    question's median length (those at the median are in neither). Unparsable answers are one more wrong option.

    >>> import pandas as pd
    >>> rows = {"answer": [1, 1, 2, 3], "target": 1, "question": "q", "model": "m", "model_size_b": 1.0}
    >>> t = question_terms(pd.DataFrame(rows | {"condition": "", "budget": "none", "reasoning_tokens": 1.0}))
    >>> t[["error", "bias2", "variance"]].round(4).values.tolist()
    [[1.0, 0.1667, 0.8333]]
    """
    import pandas as pd

    cell = ["model", "model_size_b", "condition", "budget", "question"]
    natural = table[table["budget"] == "natural"]
    middle = natural.groupby(cell)["reasoning_tokens"].transform("median")
    parts = [
        table.assign(length="all"),
        natural[natural["reasoning_tokens"] < middle].assign(length="shorter"),
        natural[natural["reasoning_tokens"] > middle].assign(length="longer"),
    ]
    rows = pd.concat(parts, ignore_index=True)
    keys = [*ARM, "question"]
    counts = rows.groupby([*keys, "target", "answer"], observed=True).size().rename("n").reset_index()
    counts["square"] = counts["n"] ** 2
    counts["right"] = np.where(counts["answer"] == counts["target"], counts["n"], 0)
    sums = counts.groupby(keys, observed=True)[["n", "square", "right"]].sum().reset_index()
    n = sums["n"].to_numpy(float)
    sums["error"] = 2 * (1 - sums["right"] / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        sums["variance"] = np.where(n > 1, (1 - sums["square"] / n**2) * n / (n - 1), np.nan)
    sums["bias2"] = sums["error"] - sums["variance"]
    return sums.drop(columns=["square", "right"])


def contrasts(terms: pd.DataFrame, *, seed: int = 0, draws: int = 2000, interval: float = 0.9) -> pd.DataFrame:
    """Every contrast within every model: incoherence before, after, change with interval, and P(change > 0).

    Condition (plain → correcting, budgets together), budget (none → half → all, each arm), natural length
    (shorter → longer, each arm). Only questions that both sides have are used; an arm without error has none.
    """
    import pandas as pd

    rows = []
    for name, what, before, after in _pairs(terms):
        both = before.merge(after, on=["budget_key", "question"], suffixes=("_0", "_1")).dropna()
        questions = both["question"].unique()
        if len(questions) < 10:
            continue
        code = both["question"].map({q: i for i, q in enumerate(questions)}).to_numpy()
        values = both[["error_0", "variance_0", "error_1", "variance_1"]].to_numpy(float)
        per_question = np.zeros((len(questions), 4))
        np.add.at(per_question, code, values)
        weights = np.random.default_rng(seed).dirichlet(np.ones(len(questions)), draws)
        sums, whole = weights @ per_question, per_question.sum(axis=0)
        if whole[0] <= 0 or whole[2] <= 0:
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            change = sums[:, 3] / sums[:, 2] - sums[:, 1] / sums[:, 0]
        low, high = np.nanquantile(change, tails(interval))
        rows.append(
            {
                "model": name,
                "contrast": what,
                "questions": len(questions),
                "error_before": whole[0] / len(both),
                "error_after": whole[2] / len(both),
                "before": whole[1] / whole[0],
                "after": whole[3] / whole[2],
                "change": whole[3] / whole[2] - whole[1] / whole[0],
                "low": low,
                "high": high,
                "p_rises": float(np.mean(change > 0)),
            }
        )
    if not rows:
        raise BadInput("The table has no two arms of one model with ten questions in common: nothing can be compared.")
    return pd.DataFrame(rows)


def _pairs(terms: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame, pd.DataFrame]]:
    whole = terms[terms["length"] == "all"]
    models = terms[["model", "model_size_b"]].drop_duplicates().sort_values("model_size_b")["model"]
    for model in models:
        mine = whole[whole["model"] == model]
        arms = [mine[mine["condition"] == c] for c in ("plain", "correcting")]
        yield model, "plain → correcting", *(a.assign(budget_key=a["budget"]) for a in arms)
        for condition in ("plain", "correcting"):
            arm = mine[mine["condition"] == condition]
            for low, high in (("none", "half"), ("half", "all"), ("none", "all")):
                sides = (arm[arm["budget"] == b].assign(budget_key="") for b in (low, high))
                yield model, f"{condition}: budget {low} → {high}", *sides
            halves = terms[(terms["model"] == model) & (terms["condition"] == condition)]
            sides = (halves[halves["length"] == h].assign(budget_key="") for h in ("shorter", "longer"))
            yield model, f"{condition}: natural shorter → longer", *sides
