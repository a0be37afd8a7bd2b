"""What length laws are fitted to: lines of every arm, from draws of questions' own terms; and the incoherences of bins
that shapes are compared on (methods, section 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotmess.answers.population import question_sets, question_weights
from hotmess.decompose.grouping import question_index, question_units
from hotmess.errors import NotTestable
from hotmess.inference.gate import need_draws
from hotmess.laws.gaussian import shrunk_covariance
from hotmess.laws.length_bins import ARM
from hotmess.laws.quasi_lines import quasi_lines, standardised
from hotmess.words import join

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.posterior import Fit

Floats = NDArray[np.floating[Any]]
POPULATIONS = ("like-these", "these")
BIN = (*ARM, "bin")
ALIKE = 1e-9  # a spread of log lengths that is none
MOST, LEAST, ENOUGH, EACH = 20_000_000, 400, 1000, 70
"""Draws × cells of terms held at a time; draws kept all the same; enough of them, whose own error moves an end of an
interval by about 1.4% of its width (sd); and enough for each level and slope, by whose number correlations are shrunk
(`hotmess.laws.gaussian.shrunk_covariance`)."""


@dataclass(frozen=True)
class LineData:
    """What the laws see, for P populations (`POPULATIONS`) and S shapes.

    Attributes
    ----------
    arms
        A row per arm (A): model, condition, budget, family, model_size_b, questions, `log_length` and `log_length_sd`,
        mean and standard deviation of its questions' natural log lengths.
    mean, covariance
        (S, P, 2A) levels at the arm's mean length, then slopes per standard deviation of its log length; and their
        (S, P, 2A, 2A) joint covariance.
    """

    arms: pd.DataFrame
    mean: Floats
    covariance: Floats


def line_data(fit: Fit, *, shapes: Sequence[str], metric: str) -> LineData:
    """Lines of a posterior of answers that pools nothing over length.

    Raises
    ------
    NotTestable
        If an arm has no line: variance or bias² of nearly nothing on one side, or lengths that are all alike.
    """
    need_draws(fit.kept_draws)
    arms, lines = _drawer(fit, metric)
    mean, covariance = [], []
    for shape in shapes:
        flat = {p: lines(shape, p) for p in POPULATIONS}
        mean.append([f.mean(0) for f in flat.values()])
        covariance.append([shrunk_covariance(f) for f in flat.values()])
    return LineData(arms, np.array(mean), np.array(covariance))


def line_draws(fit: Fit, *, shape: str, population: str, metric: str) -> Floats:
    """(draws, 2A) levels and slopes, what mean and covariance of one shape and population are of."""
    return _drawer(fit, metric)[1](shape, population)


def _drawer(fit: Fit, metric: str) -> tuple[pd.DataFrame, Callable[[str, str], Floats]]:
    """The arms, and (shape, population) -> draws of their levels and slopes."""
    arms, arm = _arms(fit.cells.table)
    length = fit.cells.table["latent_log2_length"].to_numpy(float) * np.log(2)
    alike = np.array([np.ptp(length[arm == a]) < ALIKE for a in range(len(arms))])
    if alike.any():
        raise NotTestable(
            f"The lengths of {join(_models(fit, arm, alike))} differ between questions no more than by chance, so that "
            "incoherence has no line in them.",
            "Leave it out (--where), or ask questions whose lengths lie further apart.",
        )
    z, middle, spread = np.empty(len(length)), np.empty(len(arms)), np.empty(len(arms))
    for a in range(len(arms)):
        z[arm == a], middle[a], spread[a] = standardised(length[arm == a])
    arms = arms.assign(questions=np.bincount(arm), log_length=middle, log_length_sd=spread)
    draws = fit.chains * (kept_terms(fit.kept_draws, len(arms), len(fit.cells)) // fit.chains)
    terms = fit.terms(metric, min(draws, fit.kept_draws))
    return arms, lambda shape, population: _lines(terms.variance, terms.error, z, arm, fit, shape, population)


def kept_terms(draws: int, arms: int, cells: int) -> int:
    """How many of so many draws lines are made of.

    >>> kept_terms(4000, 5, 500), kept_terms(4000, 30, 500), kept_terms(20_000, 30, 10_000), kept_terms(4000, 5, 10**6)
    (1000, 4000, 2000, 400)

    A quarter of them, where there are more than usual:

    >>> kept_terms(16_000, 5, 500)
    4000
    """
    return max(LEAST, min(draws, max(ENOUGH, EACH * 2 * arms, draws // 4), MOST // cells))


def _lines(
    variance: Floats, error: Floats, z: Floats, arm: NDArray[np.int64], fit: Fit, shape: str, population: str
) -> Floats:
    """(draws, 2A) levels and slopes; draws without a line are left out."""
    question = question_index(fit.cells.table)
    cluster, weight = question_units(fit.cells.table, question)
    weights = None
    if population == "like-these" or weight is not None:
        weights = question_weights(
            int(question.max()) + 1, len(error), population=population, seed=fit.seed, cluster=cluster, own=weight
        )
    arms = int(arm.max()) + 1
    out = np.empty((len(error), 2 * arms))
    for a in range(arms):
        rows = np.flatnonzero(arm == a)
        own = None if weights is None else weights[:, question[rows]]
        found = quasi_lines(variance[:, rows], error[:, rows], z[rows], weights=own, link=shape)
        out[:, a], out[:, arms + a] = found
    known = np.isfinite(out).all(1)
    if known.mean() < 0.99:
        lost = [np.isfinite(out[:, [a, arms + a]]).all(1).mean() < 0.99 for a in range(arms)]
        which = join(_models(fit, arm, lost) or ["some models"])
        raise NotTestable(
            f"Incoherence against length has no line in {which}: nearly all errors are at one end, or all of one kind.",
            "Leave it out (--where), or draw more.",
        )
    return out[known]


def _models(fit: Fit, arm: NDArray[np.int64], which: Sequence[bool] | NDArray[np.bool_]) -> list[str]:
    """The models of some arms."""
    names = fit.cells.table["model"].astype(str).to_numpy()
    return list(dict.fromkeys(str(names[arm == a][0]) for a in np.flatnonzero(which)))


def _arms(table: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The arms, in order of family and size, and the index of each row's arm."""
    import pandas as pd

    arms = table[[*ARM, "family", "model_size_b"]].drop_duplicates(list(ARM))
    arms = arms.sort_values(["family", "model_size_b", *ARM]).reset_index(drop=True)
    index = pd.MultiIndex.from_frame(arms[list(ARM)])
    return arms, np.asarray(index.get_indexer(pd.MultiIndex.from_frame(table[list(ARM)])), np.int64)


def bin_rows(fit: Fit, arms: pd.DataFrame) -> pd.DataFrame:
    """A row per bin: model, condition, budget, bin, questions, its arm, `log_length`, `x` (less the arm's mean), wrong
    responses, family and size."""
    import pandas as pd

    keys, cells = list(BIN), fit.cells.table
    table = question_sets(cells, keys).table
    more = cells.assign(wrong=cells["responses"] - cells["right"]).groupby(keys, observed=True)
    extra = more.agg(wrong=("wrong", "sum"), log2=("latent_log2_length", "mean"))
    extra = extra.reindex(pd.MultiIndex.from_frame(table[keys]))
    index = pd.MultiIndex.from_frame(arms[list(ARM)])
    arm = index.get_indexer(pd.MultiIndex.from_frame(table[list(ARM)]))
    length = extra["log2"].to_numpy(float) * np.log(2)
    table = table.assign(
        wrong=extra["wrong"].to_numpy(),
        log_length=length,
        x=length - arms["log_length"].to_numpy()[arm],
        arm=arm,
        family=arms["family"].to_numpy()[arm],
        model_size_b=arms["model_size_b"].to_numpy()[arm],
    )
    return table.reset_index(drop=True)


def bin_incoherences(fit: Fit, rows: pd.DataFrame, metric: str) -> tuple[pd.DataFrame, Floats]:
    """The bins with posterior mean and sd of their incoherence for each population, and (P, B, B) its covariances."""
    covariance = []
    for p in POPULATIONS:
        flat = fit.draws(list(BIN), population=p, metric=metric).incoherence.reshape(-1, len(rows))
        rows = rows.assign(**{f"incoherence_{p}": flat.mean(0), f"sd_{p}": flat.std(0)})
        covariance.append(shrunk_covariance(flat))
    return rows, np.stack(covariance)
