"""Posterior predictive checks of the nested Dirichlet model (methods, section 3).

New questions are drawn from the group parameters of each posterior draw, as many as there are, with as many responses;
the statistics of such data are compared with those seen. A question's own posterior follows its counts whatever the
model, so replicating the same questions could embarrass nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from hotmess.checks.statistics import NAMES, WORDS, between_models, cell_statistics, summarise
from hotmess.errors import listed
from hotmess.inference.gate import Gate
from hotmess.responses.cells import need_letters
from hotmess.words import Short, counted

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.conjugate import LetterCells
    from hotmess.answers.posterior import Fit

REPLICATES, LEVEL = 200, 0.01
RELIED_ON = NAMES
"""Statistics that the posterior of incoherence leans on; the others are told, and nothing rests on them."""


@dataclass(frozen=True, repr=False)
class Checks(Short):
    """What was seen and what the model makes.

    Attributes
    ----------
    sets
        One row per set of cells (by default a model).
    seen
        (sets, statistics) of the data.
    replicated
        (replicates, sets, statistics) of data that the model makes.
    whole
        name -> (seen, replicated) of statistics of the whole: the means of the above over sets, `contexts` where
        few-shot contexts repeat, `between models` where there are several.
    """

    sets: pd.DataFrame
    seen: np.ndarray
    replicated: np.ndarray
    whole: dict[str, tuple[float, np.ndarray]] = field(default_factory=dict)

    def said(self) -> str:
        """One line."""
        made = f"{counted(len(self.sets), 'set')}, {counted(len(self.replicated), 'data set')} made by the model"
        return f"{made}; failed: {', '.join(self.failed) or 'none'}"

    def shown(self) -> pd.DataFrame:
        """For a notebook."""
        return self.table()

    def p(self, name: str) -> float:
        """Two-sided posterior predictive p of a statistic of the whole, at least 2/(replicates + 1)."""
        return tail(*self.whole[name])

    @property
    def failed(self) -> tuple[str, ...]:
        """Statistics of the whole whose p is at or below 0.01."""
        return tuple(name for name in self.whole if self.p(name) <= LEVEL)

    @property
    def gate(self) -> Gate:
        """Fails where a statistic that incoherence leans on is not one that the model makes."""
        return Gate(
            tuple(
                f"the model makes data with another {WORDS[name]} (seen {self.whole[name][0]:.3f}, made "
                f"{np.mean(self.whole[name][1]):.3f} ± {np.std(self.whole[name][1]):.3f})"
                for name in self.failed
                if name in RELIED_ON
            )
        )

    def table(self) -> pd.DataFrame:
        """One row per statistic and set, and per statistic of the whole: seen, median and 95% of what is made, p."""
        import pandas as pd

        labels = self.sets.astype(str).agg(", ".join, axis=1).tolist() if len(self.sets.columns) else ["all"]
        rows = []
        for j, name in enumerate(NAMES):
            for i, label in enumerate(labels):
                rows.append((name, label, float(self.seen[i, j]), self.replicated[:, i, j]))
        rows += [(name, "whole", seen, made) for name, (seen, made) in self.whole.items()]
        out = []
        for name, label, seen, made in rows:
            known = made[np.isfinite(made)]
            low, middle, high = np.quantile(known, [0.025, 0.5, 0.975]) if len(known) else (np.nan,) * 3
            out.append((WORDS[name], label, seen, middle, low, high, tail(seen, made)))
        return pd.DataFrame(out, columns=["statistic", "set", "seen", "made", "made_low", "made_high", "p"])


def tail(seen: float, made: np.ndarray) -> float:
    """Two-sided p, the replicates and the data taken as exchangeable; nan where nothing was seen.

    >>> tail(5.0, np.arange(99.0)), round(tail(-1.0, np.arange(99.0)), 2)
    (0.14, 0.02)
    """
    known = made[np.isfinite(made)]
    if not np.isfinite(seen) or not len(known):
        return np.nan
    below, above = int((known <= seen).sum()), int((known >= seen).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (len(known) + 1))


@listed("by")
def check(fit: Fit, by: Sequence[str] = ("model",), *, replicates: int = REPLICATES, seed: int | None = None) -> Checks:
    """Posterior predictive checks of a fit, for each set of cells that agree in the `by` columns and for the whole.

    Unparsable responses count as one more wrong option.

    Raises
    ------
    NotTestable
        For fits of other outcomes than letters.
    """
    need_letters(fit.cells, "These checks are of")
    fit = fit.unparsable_as_wrong
    rng = np.random.default_rng([fit.seed if seed is None else seed, 41])
    letters, cells = fit.letters, fit.cells.table
    names = list(by)
    index = cells.groupby(names, sort=True, observed=True).ngroup().to_numpy() if names else np.zeros(len(cells), int)
    first = np.unique(index, return_index=True)[1]
    sets = cells.loc[:, names].take(first).reset_index(drop=True)
    model = np.unique(cells["model"].astype(str), return_inverse=True)[1]
    question = cells.groupby(["benchmark", "question", "condition", "budget"], observed=True).ngroup().to_numpy()
    n = letters.right + letters.wrong.sum(1)
    parameters = fit.parameters()
    draws = len(parameters["logit_a"])
    take = rng.choice(draws, replicates, replace=replicates > draws)
    made = np.empty((replicates, len(sets), len(NAMES)))
    related = np.empty(replicates)
    for r, s in enumerate(take):
        right, wrong = replicate(letters, fit.groups.index, {k: v[s] for k, v in parameters.items()}, rng)
        made[r] = summarise(cell_statistics(right, wrong), index, len(sets))
        related[r] = between_models(right / n, model, question)
    seen = summarise(cell_statistics(letters.right, letters.wrong), index, len(sets))
    whole = {}
    for j, name in enumerate(NAMES):
        known = np.isfinite(seen[:, j])
        if known.any():
            whole[name] = (float(seen[known, j].mean()), _mean(made[:, known, j]))
    apart = between_models(letters.right / n, model, question)
    if np.isfinite(apart):
        whole["between models"] = (apart, related)
    contexts = context_effect(fit, rng, replicates)
    if contexts is not None:
        whole["contexts"] = contexts
    return Checks(sets, seen, made, whole)


def _mean(x: np.ndarray) -> np.ndarray:
    """Means over the second axis of what is known; nan where nothing is."""
    known = np.isfinite(x)
    with np.errstate(invalid="ignore"):
        out: np.ndarray = np.where(known, x, 0.0).sum(1) / known.sum(1)
    return out


def replicate(
    letters: LetterCells, group: np.ndarray, parameters: dict[str, np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Counts (cells,) and (cells, K) of new questions from one draw of the group parameters, (groups,) each."""
    a = expit(parameters["logit_a"])
    kappa, phi = np.exp(parameters["log_kappa"]), np.exp(parameters["log_phi"])
    n = letters.right + letters.wrong.sum(1)
    up = rng.standard_gamma((kappa * a)[group]) + 1e-300
    down = rng.standard_gamma((kappa * (1 - a))[group]) + 1e-300
    right = rng.binomial(n, up / (up + down))
    k = letters.choices - 1
    real = np.arange(letters.wrong.shape[1]) < k[:, None]
    shape = np.where(real, (phi[group] / k)[:, None], 0.0)
    w = rng.standard_gamma(shape)
    empty = w.sum(1) < 1e-280  # tiny shapes underflow: all mass on one option, which is what they mean
    if empty.any():
        rows = np.flatnonzero(empty)
        pick = np.argmax(np.where(real[rows], rng.random((len(rows), w.shape[1])), -1.0), axis=1)
        w[rows] = 0.0
        w[rows, pick] = 1.0
    return right, rng.multinomial(n - right, w / w.sum(1, keepdims=True))


def context_effect(fit: Fit, rng: np.random.Generator, replicates: int) -> tuple[float, np.ndarray] | None:
    """Mean over cells of the variance between few-shot contexts, seen and with responses shuffled between contexts.

    The model takes a question's responses as exchangeable: shuffled data are what it makes. None without contexts that
    repeat.
    """
    from hotmess.decompose.squared import unbiased

    points, clusters = fit.cells.points, fit.cells.clusters
    if clusters is None or not (points.n > 1).any():
        return None
    rows = np.repeat(np.arange(len(points.cell)), points.copies)
    cell, counts = points.cell[rows], clusters[rows].astype(np.int64)
    several = np.isin(cell, np.flatnonzero(np.bincount(cell) > 1))
    cell, counts = cell[several], counts[several]
    sizes = counts.sum(1)
    answer = np.concatenate([np.repeat(np.arange(counts.shape[1]), row) for row in counts])
    cluster, of = np.repeat(np.arange(len(sizes)), sizes), np.repeat(cell, sizes)
    order = np.argsort(of, kind="stable")
    answer, cluster, of = answer[order], cluster[order], of[order]
    from hotmess.decompose.points import Points

    def effect(a: np.ndarray) -> float:
        table = np.zeros(counts.shape)
        np.add.at(table, (cluster, a), 1)
        one = np.ones(len(sizes), int)
        target = np.zeros((int(cell.max()) + 1, counts.shape[1]))
        found = unbiased(Points(cell, one, sizes, table, sizes.astype(float), target)).context_variance
        return float(np.nanmean(found[np.unique(cell)]))

    made = np.empty(replicates)
    for r in range(replicates):
        shuffled = np.lexsort((rng.random(len(of)), of))
        made[r] = effect(answer[shuffled])
    return effect(answer), made
