"""Sets as rows: each quantity's posterior with its interval and probability, and the unbiased estimate beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.summaries import holding
from hotmess.decompose.intervals import bootstrap_interval
from hotmess.errors import tails
from hotmess.interpret.sets import QUANTITIES, Sets, Source
from hotmess.statements.tail import probability_above

if TYPE_CHECKING:
    import pandas as pd


def _of(value: Any, name: str, means: np.ndarray) -> np.ndarray:
    return np.asarray(value(means, name))


def long_rows(
    sets: Sets,
    source: Source,
    value: Any,
    interval: float,
    names: list[str],
    *,
    probability: bool = False,
    links: Mapping[str, str] | None = None,
    these: Callable[[], Sets] | None = None,
) -> pd.DataFrame:
    """One row per set and quantity, with the posterior and the unbiased estimate of `value(terms, quantity)`.

    links: scales on which quantities stay in their range (`hotmess.statements.settle`). these: the same sets for these
    questions: where errors sit on few, intervals of the posterior hold theirs too (`hotmess.answers.summaries`).
    """
    import pandas as pd

    ends, pieces, here = tails(interval), [], None
    questions = sets.questions
    for name in QUANTITIES:
        piece = sets.table.reset_index(drop=True).assign(quantity=name)
        wanted = [*names, *(["probability"] if probability else []), "effective"]
        columns = dict.fromkeys(wanted, np.full(len(piece), np.nan))
        reliable = np.full(len(piece), source.gate.passed)
        if sets.latent is not None:
            draws, found = value(sets.latent, name), None
            if sets.means is not None and np.isfinite(draws).any():
                scale = [(links or {}).get(name, "identity")] * draws.shape[-1]
                found = sets.means.settle(partial(_of, value, name), scale)
                draws = found.draws.reshape(draws.shape)
                columns["effective"] = np.fmin(found.df, found.implied)
            flat = draws.reshape(-1, draws.shape[-1])
            known = np.isfinite(flat).all(0)
            safe = np.where(known, flat, 0.0)
            both = np.quantile(safe, ends, axis=0)
            if found is not None and found.few.any() and these is not None:
                here = these() if here is None else here
                own = np.quantile(value(here.latent, name).reshape(flat.shape), ends, axis=0)
                both = holding(both, own, found.few)
            for key, end in zip(names, [np.median(safe, axis=0), *both]):
                columns[key] = np.where(known, end, np.nan)
            if probability and found is None:
                columns["probability"] = np.where(known, (safe > 0).mean(0), np.nan)
            elif probability and found is not None:
                above = [probability_above(x, 0.0, df) for x, df in zip(safe.T, found.df)]
                columns["probability"] = np.where(known, above, np.nan)
            reliable[~known] = False
            reliable[known] &= source.gate.each(draws[..., known])
            if found is not None:
                reliable &= ~found.few
        without = dict.fromkeys(("unbiased", "unbiased_low", "unbiased_high"), np.full(len(piece), np.nan))
        if sets.unbiased is not None and sets.estimate is not None:
            drawn, point = value(sets.unbiased, name), value(sets.estimate, name)
            flat = drawn.reshape(-1, drawn.shape[-1])
            with np.errstate(invalid="ignore"):
                low, high = bootstrap_interval(flat, point, interval=interval, questions=questions)
            without = {"unbiased": point, "unbiased_low": low, "unbiased_high": high}
            if sets.latent is None:
                reliable &= np.isfinite(point)
                if probability:
                    columns["probability"] = np.where(np.isfinite(flat).all(0), (flat > 0).mean(0), np.nan)
        pieces.append(piece.assign(**columns, **without, reliable=reliable))
    out = pd.concat(pieces, ignore_index=True)
    return out.iloc[np.argsort(np.tile(np.arange(len(sets.table)), len(QUANTITIES)), kind="stable")].reset_index(
        drop=True
    )
