"""The same numbers from latent models: pass^k for k up to the responses drawn, and the share of one source's levels.

pass^k: every question's chance p of a right answer is latent, Beta within a group (`hotmess.answers`, with the
options but
the right one as one); given the group's mean a and concentration κ, the question's posterior is Beta(κ a + c, κ(1 −
a) + n
− c), and a draw of the set's pass^k is Σ w p^k. Beyond n the Beta says more than the data do, so it is not asked
(`hotmess.runs.bounds`).

Share: `hotmess.answers.contexts`: answers of one level are Dirichlet about the question's own, with the exact
intra-level correlation ρ, the share of the variance that lies between levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from hotmess.answers.prior import PARAMETERS
from hotmess.decompose.intervals import question_shares
from hotmess.errors import BadInput, NotTestable, listed, median_and_tails
from hotmess.responses.source_columns import level_names, need_source
from hotmess.responses.table import CELL
from hotmess.runs.scores import scores_of
from hotmess.runs.sets_of_cells import sets_of

if TYPE_CHECKING:
    from hotmess.responses.table import Responses


@listed("k", "by")
def latent_power(
    responses: Responses,
    k: Sequence[int],
    by: Sequence[str] = ("model",),
    *,
    right: float | None = None,
    interval: float = 0.9,
    seed: int = 0,
    draws: int = 500,
    chains: int = 4,
) -> pd.DataFrame:
    """pass@k and pass^k from the latent model, for k up to the responses of every question.

    Returns
    -------
    Columns: those of `by`, `quantity`, `k`, `questions`, `value` (median), `low`, `high`, `reliable` (the gate).

    Raises
    ------
    BadInput
        For a k beyond the responses of some question.

    >>> import hotmess as hm
    >>> found = latent_power(hm.example().where("model = 'owl-1b'"), [1, 4], draws=250)
    >>> bool(found["reliable"].all())
    True
    """
    from hotmess.answers.fit import fit

    responses.need_single("The latent model of right and wrong answers")
    score = scores_of(responses)
    score = score if right is None else (score >= right).astype(float)
    if not np.isin(score, (0.0, 1.0)).all():
        raise NotTestable(
            "The latent model is of right and wrong answers; say from which score they are right (--right)."
        )
    names = list(dict.fromkeys((*CELL, *by)))
    table = responses.table[[*dict.fromkeys((*names, "context", "sample", "family", "model_size_b"))]].copy()
    table["answer"], table["target"], table["n_choices"] = (1 - score).astype(np.int64), 0, 2
    binary = replace(responses, table=table, outcome="answer", length=None)
    posterior = fit(binary, by=[n for n in by if n not in CELL], seed=seed, draws=draws, chains=chains, pointwise=False)
    cells = posterior.cells.table
    n, c = (cells[name].to_numpy(float) for name in ("responses", "right"))
    for one in k:
        if one > n.min():
            raise BadInput(
                f"k = {one} is more than the {n.min():.0f} responses of some questions: there are bounds only."
            )
    parameters = posterior.parameters()
    a = expit(parameters["logit_a"][:, posterior.groups.index])
    kappa = np.exp(parameters["log_kappa"][:, posterior.groups.index])
    p = np.random.default_rng([seed, 61]).beta(kappa * a + c, kappa * (1 - a) + n - c)
    question = np.asarray(cells.groupby(["benchmark", "question"], sort=True).ngroup(), np.int64)
    weights = question_shares(int(question.max()) + 1, len(p), seed)
    rows = []
    for key, at in sets_of(cells, by):
        share = 1.0 / np.bincount(question[at])[question[at]]
        w = weights[:, question[at]] * share
        w = w / w.sum(axis=1, keepdims=True)
        head: dict[str, Any] = dict(zip(by, key)) | {"questions": len(np.unique(question[at]))}
        for one in k:
            for quantity, each in (("pass@k", 1 - (1 - p[:, at]) ** one), ("pass^k", p[:, at] ** one)):
                low, median, high = np.quantile((w * each).sum(axis=1), median_and_tails(interval))
                row = {"quantity": quantity, "k": one, "value": float(median), "low": float(low), "high": float(high)}
                rows.append(head | row | {"reliable": posterior.gate.passed})
    return pd.DataFrame(rows)


@listed("by")
def latent_share(
    responses: Responses,
    source: str,
    by: Sequence[str] = ("model",),
    *,
    interval: float = 0.9,
    seed: int = 0,
    draws: int = 500,
    chains: int = 4,
) -> pd.DataFrame:
    """The share of the variance that lies between the levels of one source, by the latent model of letters.

    Group parameters are unknown along with the share (`hotmess.answers.context_share`).

    Returns
    -------
    Columns: those of `by`, `source`, `questions`, `share` (median), `low`, `high`, `log_bayes_factor` (natural
    logarithm of
    the evidence that levels matter over that they do not).

    Raises
    ------
    NotTestable
        For other outcomes than letters, or where no question has two levels, one with two responses.

    >>> import hotmess as hm
    >>> latent_share(hm.example().where("model = 'owl-1b'"), "budget")["source"].tolist()
    ['budget']
    """
    rows = []
    table = share_posterior(responses, source, by, seed=seed, draws=draws, chains=chains)
    for head, rho, factor in table:
        low, median, high = np.quantile(rho, median_and_tails(interval))
        row = {"source": source, "share": float(median), "low": float(low), "high": float(high)}
        rows.append(head | row | {"log_bayes_factor": factor})
    return pd.DataFrame(rows)


def share_posterior(
    responses: Responses, source: str, by: Sequence[str] = ("model",), *, seed: int, draws: int, chains: int
) -> list[tuple[dict[str, Any], np.ndarray, float]]:
    """Names of each set, (chains · draws,) draws of its share, and the log Bayes factor that levels matter."""
    from hotmess.answers.context_share import share_draws
    from hotmess.answers.contexts import context_counts
    from hotmess.answers.fit import fit
    from hotmess.responses.cells import reduce

    responses.need_single("A division of variance by source")
    if responses.outcome != "answer":
        raise NotTestable("The latent share of a source is known for letters; hm.sources has it without a model.")
    need_source(responses.table, source, sets=by, full=True)
    changed = responses.table.assign(context=level_names(responses.table, source).astype(str))
    if source in CELL:
        changed[source] = ""
    split = [n for n in by if n not in CELL]
    cells = reduce(replace(responses, table=changed), split=split)
    counts, cell, real = context_counts(cells)
    found = fit(cells, by=split, unparsable="wrong", seed=seed, draws=draws, chains=chains, pointwise=False)
    parameters = np.stack([found.parameters()[name] for name in PARAMETERS], axis=-1)
    keyed = sets_of(cells.table, by)
    share = np.empty(len(cells), np.int64)
    for number, (_, at) in enumerate(keyed):
        share[at] = number
    rho, factors = share_draws(
        counts,
        cell,
        real,
        parameters=parameters,
        group=found.groups.index,
        share=share,
        draws=draws * chains,
        seed=seed,
    )
    asked = [len(cells.table.iloc[at][["benchmark", "question"]].drop_duplicates()) for _, at in keyed]
    heads: list[dict[str, Any]] = [dict(zip(by, key)) | {"questions": n} for (key, _), n in zip(keyed, asked)]
    return [(head, rho[:, i], float(factors[i])) for i, head in enumerate(heads)]
