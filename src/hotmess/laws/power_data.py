"""What power laws are fitted to: mean and covariance of log bias² and log variance of every model and group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import need_draws
from hotmess.laws.gaussian import shrunk_covariance

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.population import SetDraws
    from hotmess.answers.posterior import Fit
    from hotmess.responses.cells import Cells

MIN_SIZES, MIN_WRONG, MAX_SHIFT = 4, 10, 0.5
MOST = 600
"""Estimates of one law, two for each model and group: time grows with their cube, five minutes at so many."""


@dataclass(frozen=True)
class LawData:
    """What the law sees: `cells` (model, group, x = log(N/N0)), `mean` (P, 2C), `covariance` (P, 2C, 2C).

    P populations; the first C entries are log bias², the last C log variance.
    """

    cells: pd.DataFrame
    mean: np.ndarray
    covariance: np.ndarray
    populations: tuple[str, ...]
    center: float


def law_data(fit: Fit, *, over: str, by: Sequence[str], metric: str) -> tuple[LawData, pd.DataFrame, tuple[str, ...]]:
    """Mean and joint covariance of (log bias², log variance) for both populations; the cells left out, and why."""
    import pandas as pd

    table = fit.cells.table
    for name in (over, *by):
        if name not in table:
            raise BadInput(
                f"There is no column {name!r} for the power law; the cells have {', '.join(map(str, table.columns))}."
            )
    sizes = pd.to_numeric(table[over], errors="coerce")
    if sizes.isna().all():
        raise NotTestable(f"No model has a value of {over}, so nothing can be said about scale.")
    keep = ["model", *by]
    known = table.assign(**{over: sizes})
    if (known.groupby("model")[over].nunique() > 1).any():
        raise BadInput(f"A model has more than one value of {over}; it must be constant within a model.")
    need_draws(fit.kept_draws)
    counts = known.assign(wrong=known["responses"] - known["right"]).groupby(keep, observed=True)
    wrong = counts["wrong"].sum()
    refuse_many(int(((wrong >= MIN_WRONG) & (counts[over].first() > 0)).sum()), known["model"].nunique())
    populations = ("like-these", "these")
    sets = {p: fit.draws(keep, population=p, metric=metric) for p in populations}
    cells = sets["these"].table.merge(known.groupby("model", as_index=False)[over].first(), on="model", how="left")
    cells["wrong"] = wrong.reindex(pd.MultiIndex.from_frame(cells[keep])).to_numpy()
    reason = pd.Series("", index=cells.index, dtype=object)
    reason[~(cells[over] > 0)] = f"no positive {over}"
    reason[cells["wrong"] < MIN_WRONG] = f"fewer than {MIN_WRONG} wrong responses"
    for s in sets.values():
        flat = np.minimum(s.bias2, s.variance).reshape(-1, len(cells))
        reason[(flat <= 0).any(axis=0)] = "bias² or variance of zero"
    shift = prior_shift(fit, sets["these"].bias2, cells, keep)
    reason[(shift > MAX_SHIFT) & (reason == "")] = (
        f"log bias² moves by more than {MAX_SHIFT} sd under prior power-scaling"
    )
    left_out = cells[reason != ""].assign(reason=reason[reason != ""]).reset_index(drop=True)
    ok = np.flatnonzero(reason == "")
    kept = cells.iloc[ok].reset_index(drop=True)
    sizes_left = int(kept[over].nunique())
    if sizes_left < MIN_SIZES:
        raise NotTestable(few_sizes(sizes_left))
    logs = {p: _logs(s, ok) for p, s in sets.items()}
    center = float(np.log(np.unique(kept[over])).mean())
    kept = kept.assign(x=np.log(kept[over]) - center)
    notes = tuple(
        f"{', '.join(str(r[c]) for c in keep)} is left out of the law: {r['reason']}." for _, r in left_out.iterrows()
    )
    mean = np.stack([logs[p].mean(0) for p in populations])
    covariance = np.stack([shrunk_covariance(logs[p]) for p in populations]) + 1e-10 * np.eye(2 * len(ok))
    return LawData(kept, mean, covariance, populations, center), left_out, notes


def law_draws(law: LawData, fit: Fit, *, by: Sequence[str], metric: str, population: str) -> np.ndarray:
    """(draws, 2C) what the mean and the covariance of a law are of: log bias², then log variance, of its cells."""
    import pandas as pd

    keep = ["model", *by]
    found = fit.draws(keep, population=population, metric=metric)
    places = pd.MultiIndex.from_frame(found.table[keep]).get_indexer(pd.MultiIndex.from_frame(law.cells[keep]))
    return _logs(found, places)


def _logs(sets: SetDraws, rows: np.ndarray) -> np.ndarray:
    both = np.concatenate([sets.bias2[..., rows], sets.variance[..., rows]], axis=-1)
    return np.asarray(np.log(both).reshape(-1, 2 * len(rows)))


def refuse_many(cells: int, models: int) -> None:
    """Refuse a law of more estimates than can be fitted, before anything is drawn for it."""
    if 2 * cells > MOST:
        raise NotTestable(
            f"The power law of {models:,} models would be of {2 * cells:,} estimates that share questions, and at most "
            f"{MOST} are fitted: take fewer groups (--groups 1) or models (--where)."
        )


def few_sizes(count: int) -> str:
    """Why there is no law over so few sizes of models."""
    return (
        f"Only {count} model size{'s' if count != 1 else ''} can be used, and a slope over k sizes has about k - 2 "
        f"degrees of freedom: at least {MIN_SIZES} are needed."
    )


def prior_shift(fit: Fit, bias2: np.ndarray, cells: pd.DataFrame, keys: list[str]) -> np.ndarray:
    """How far, in posterior sd, the mean of log bias² of each set moves under its prior to the power 0.8 or 1.25.

    Importance weights on the draws (power-scaling, Kallioinen et al. 2024), using the prior of the set's own groups.
    """
    import pandas as pd

    logs = np.log(np.maximum(bias2, 1e-300)).reshape(-1, len(cells))
    parameters = fit.parameters(len(logs))
    names, prior = ("logit_a", "log_kappa", "log_phi"), fit.prior
    per_group = sum(-0.5 * ((parameters[n] - m) / s) ** 2 for n, m, s in zip(names, prior.location, prior.scale))
    assert isinstance(per_group, np.ndarray)
    index = pd.MultiIndex.from_frame(cells[keys].astype(str))
    member = index.get_indexer(pd.MultiIndex.from_frame(fit.cells.table[keys].astype(str)))
    out = np.zeros(len(cells))
    for s in range(len(cells)):
        log_prior = per_group[:, np.unique(fit.groups.index[member == s])].sum(axis=1)
        for power in (0.8, 1.25):
            w = np.exp((power - 1) * (log_prior - log_prior.max()))
            moved = (w * logs[:, s]).sum() / w.sum() - logs[:, s].mean()
            out[s] = max(out[s], abs(moved) / max(logs[:, s].std(), 1e-12))
    return out


def unbiased_sums(
    cells: Cells, kept: pd.DataFrame, groups: pd.DataFrame, by: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What no model has made of the law's cells: (models,) x in order, (models, groups) sums of unbiased bias² and
    variance, questions' weights in them; nan where a model has none.

    kept: the cells of a law, with model, x and the columns `by`; groups: its groups.
    """
    import pandas as pd

    from hotmess.decompose.grouping import unit_index
    from hotmess.decompose.squared import unbiased

    terms, keys, own = unbiased(cells.points), ["model", *by], unit_index(cells.table)[1]
    frame = cells.table[keys].assign(bias2=own * terms.bias2, variance=own * terms.variance)
    sums = frame.groupby(keys, observed=True)[["bias2", "variance"]].sum()
    rows = sums.reindex(pd.MultiIndex.from_frame(kept[keys])).to_numpy()
    group = pd.MultiIndex.from_frame(groups[list(by)].astype(str))
    g = group.get_indexer(pd.MultiIndex.from_frame(kept[list(by)].astype(str)))
    models = kept.groupby("model")["x"].first().sort_values()
    out = np.full((2, len(models), len(groups)), np.nan)
    out[:, pd.Index(models.index).get_indexer(kept["model"]), g] = rows.T
    return models.to_numpy(), out[0], out[1]
