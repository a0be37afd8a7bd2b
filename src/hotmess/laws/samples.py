"""How many samples: the standard deviation of aggregate bias², variance and incoherence with n responses per question.

With n independent responses to a question the unbiased estimates are U-statistics, whose variance given the answer
distribution p is known exactly (Hoeffding 1948):

    Var U_n = [4(n − 2) ζ₁ + 2 ζ₂] / (n(n − 1)),      ζ₁ = Var E[g(x, x′) | x],   ζ₂ = Var g(x, x′)

for the kernel g = α ½|z − z′|² + β (|y − z|² + |y − z′|²)/2: (α, β) = (1, 0) is the variance, (−1, 1) bias², and
(1, −I)/error, with I the incoherence of the set, incoherence to first order. The mean over Q cells has 1/Q² of the sum.
A posterior for p gives one for the standard deviation at any n, also beyond what was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.conjugate import answer_blocks, brier_terms
from hotmess.answers.groups import letter_cells
from hotmess.answers.population import POPULATIONS, question_sets, question_weights
from hotmess.arrays import Bools, Floats, Ints
from hotmess.decompose.grouping import models_in_order
from hotmess.errors import NotTestable, either_seed, listed, median_and_tails
from hotmess.responses.cells import need_letters

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.posterior import Fit
    from hotmess.responses.cells import Cells

TERMS = ("bias2", "variance", "incoherence")
SIZES = (2, 3, 5, 10, 20, 30, 50, 100)
DRAWS = 1000


def projections(a: Floats, w: Floats, u: Floats, choices: Ints) -> Floats:
    """(8, cells) error, variance, and the quadratic forms of ζ₁ and of ζ₂ in (α, β): αα, αβ, ββ of each.

    Letters as one-hot answers, unparsable ones at the uniform vector; arguments as in
    `hotmess.answers.conjugate.brier_terms`.
    """
    right, wrong, lost = np.asarray(a, float), np.asarray(w.T, float), np.asarray(u, float)  # cells last: quick sums
    missed, off = wrong.sum(axis=0), 1 - 1 / choices  # off: |y − z|² of an unparsable response, and twice ½|z − z′|²
    from_lost, of_lost = lost * off / 2, (1 - lost) * off / 2
    here, there = missed + from_lost, right + missed + from_lost - wrong  # E ½|z − z′|² given x: target, wrong options
    share = wrong * there
    wrongs, loss = share.sum(axis=0), lost * off
    error, variance = 2 * missed + loss, right * here + wrongs + lost * of_lost
    cross = 2 * wrongs + loss * of_lost - variance * error
    loss2 = 4 * missed + loss * off - error**2
    away2 = right * here**2 + (share * there).sum(axis=0) + lost * of_lost**2
    squares = variance - 2 * lost * of_lost * (1 - off / 2)  # ½|z − z′|² between options is 0 or 1
    first = (away2 - variance**2, cross / 2, loss2 / 4)
    return np.stack([error, variance, *first, squares - variance**2, cross, loss2 / 2])


def expected_jackknife(first: Floats, second: Floats, n: Floats) -> Floats:
    """What the jackknife variance of such an estimate from n responses is on average: (4 ζ₁ + 4 (ζ₂ − 2 ζ₁)/(n − 2))/n.

    More than the variance itself where n is small: the jackknife counts the part in pairs twice (Efron and Stein 1981).
    """
    return (4 * first + 4 * (second - 2 * first) / (n - 2)) / n


@dataclass(frozen=True)
class SampleSize:
    """Draws of what the standard deviation at n responses per question is made of.

    Attributes
    ----------
    table
        Sets: the `by` columns, questions, responses, `cells`; family and size of each model.
    means
        (8, chain, draw, sets) weighted means over cells of `projections`.
    cells
        (8, cells) posterior means of `projections`.
    parts
        What the means are made of, where parts of the sets are told apart.
    """

    table: pd.DataFrame
    means: Floats
    population: str
    cells: Floats
    parts: Parts | None = None

    def sd(self, term: str, n: int) -> Floats:
        """(chain, draw, sets) standard deviation of a set's estimate with n responses per question.

        NaN for incoherence in draws without any error.
        """
        error, variance = self.means[:2]
        one = np.ones_like(error)
        if term == "incoherence":
            some = np.where(error > 1e-100, error, np.nan)  # its square is a number too
            alpha, beta = 1 / some, -variance / some**2
        else:
            alpha, beta = {"variance": (one, 0 * one), "bias2": (-one, one), "error": (0 * one, one)}[term]
        form = np.stack([alpha**2, 2 * alpha * beta, beta**2])
        first, second = (form * self.means[2:5]).sum(0), (form * self.means[5:8]).sum(0)
        total = (4 * (n - 2) * first + 2 * second) / (n * (n - 1))
        out: Floats = np.sqrt(np.maximum(total, 0.0) / self.table["cells"].to_numpy())
        return out

    def without(self, column: str, value: str) -> SampleSize | None:
        """The same without some of the parts, exactly, as long as no two of them share a group; of the sets of which
        something is left, or None where nothing is. `table` has their `cells` alone.

        Weights of the questions that are left are Dirichlet(1, …, 1) among themselves.
        """
        assert self.parts is not None
        left = (self.parts.table[column].astype(str) != value).to_numpy()
        cells = np.bincount(self.parts.of[left], self.parts.table["cells"][left], len(self.table))
        if not cells.any():
            return None
        means, some = self.parts.means(left, len(self.table)), cells > 0
        table = self.table.assign(cells=cells).loc[some, [*self.parts.by, "cells"]].reset_index(drop=True)
        return SampleSize(table, means[..., some], self.population, self.cells)


@dataclass(frozen=True)
class Parts:
    """Sums over parts of sets.

    Attributes
    ----------
    by
        The columns that tell sets apart.
    table
        A row per part: its columns and its number of `cells`.
    of
        (parts,) set of each.
    sums, weights
        (8, chain, draw, parts) weighted sums over cells of `projections`, and (chain, draw, parts) sums of weights.
    """

    by: tuple[str, ...]
    table: pd.DataFrame
    of: Ints
    sums: Floats
    weights: Floats

    def means(self, left: Bools, sets: int) -> Floats:
        """(8, chain, draw, sets) means over some of the parts; nan for a set without any."""
        member = (self.of[left, None] == np.arange(sets)).astype(float)
        with np.errstate(invalid="ignore"):
            out: Floats = (self.sums[..., left] @ member) / (self.weights[..., left] @ member)
        return out


@listed("by")
def sample_size(
    fit: Fit, *, by: Sequence[str] = ("model",), population: str = "like-these", draws: int = DRAWS
) -> SampleSize:
    """Posterior of the sampling error of each set's aggregate, for as many questions as there are.

    Raises
    ------
    NotTestable
        If the fit is not of letters.
    """
    return sample_sizes(fit, by=by, parts=(), populations=(population,), draws=draws)[population]


def sample_sizes(
    fit: Fit, *, by: Sequence[str], parts: Sequence[str], populations: Sequence[str] = POPULATIONS, draws: int = DRAWS
) -> dict[str, SampleSize]:
    """The same for several populations, from the same draws of answers; `parts`: columns whose values can be left out
    of the sets (`SampleSize.without`)."""
    need_letters(fit.cells, "The sampling error of more responses is worked out for")
    parameters, table = fit.parameters(draws), fit.cells.table
    finest = question_sets(table, list(dict.fromkeys((*by, *parts))))
    cells, made = np.zeros((8, len(table))), {}
    order = np.concatenate(finest.rows)
    starts, of = np.cumsum([0, *map(len, finest.rows[:-1])]), finest.question[order]
    count = len(parameters["logit_a"])
    shares = {
        p: question_weights(finest.size, count, population=p, seed=fit.seed, cluster=finest.cluster, own=finest.own)
        for p in populations
    }
    sums = {p: np.empty((8, count, len(starts))) for p in populations}
    weights = {p: np.empty((count, len(starts))) for p in populations}
    for block, a, w, u in answer_blocks(fit.letters, fit.groups.index, parameters, seed=fit.seed):
        many = block.stop - block.start
        each = projections(a, w, u, np.tile(fit.letters.choices, many)).reshape(8, many, -1)
        cells += each.sum(axis=1) / count
        each = each[..., order]
        for p, share in shares.items():
            own = share[block][:, of]
            weights[p][block] = np.add.reduceat(own, starts, axis=-1)
            sums[p][:, block] = np.add.reduceat(each * own, starts, axis=-1)
    whole = question_sets(table, by)
    sets = _with_facts(whole.table.assign(cells=[len(rows) for rows in whole.rows]), table, by)
    index = np.empty(len(table), int)
    for i, rows in enumerate(whole.rows):
        index[rows] = i
    least = finest.table.assign(cells=[len(rows) for rows in finest.rows])
    chained = (fit.chains, count // fit.chains, len(starts))
    for p in populations:
        whose = index[order[starts]]
        found = Parts(tuple(by), least, whose, sums[p].reshape(8, *chained), weights[p].reshape(chained))
        means = found.means(np.ones(len(starts), bool), len(sets))
        made[p] = SampleSize(sets, means, p, cells, found if parts else None)
    return made


def _with_facts(sets: pd.DataFrame, cells: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """With family and size of each model, where sets are of models."""
    if "model" not in by:
        return sets
    facts = [name for name in ("family", "model_size_b") if name not in sets]
    return sets.merge(models_in_order(cells)[["model", *facts]], on="model", how="left", validate="many_to_one")


@listed("sizes")
def sample_size_table(made: SampleSize, *, sizes: Sequence[int] = SIZES, interval: float = 0.9) -> pd.DataFrame:
    """One row per set, term and n: median of the standard deviation with its interval."""
    import pandas as pd

    pieces = []
    for term in TERMS:
        for n in sizes:
            flat = made.sd(term, n).reshape(-1, len(made.table))
            flat = np.where(np.isfinite(flat), flat, np.nan)
            with np.errstate(invalid="ignore"):
                low, middle, high = np.quantile(flat, median_and_tails(interval), axis=0)
            pieces.append(made.table.assign(term=term, n=n, sd=middle, sd_low=low, sd_high=high))
    return pd.concat(pieces, ignore_index=True)


@either_seed
@listed("sizes")
def subset_spread(cells: Cells, *, sizes: Sequence[int] = SIZES, partitions: int = 20, seed: int = 0) -> pd.DataFrame:
    """The same from the responses themselves: the spread between disjoint random subsets of n responses per question.

    For each n of which every kept question has at least three disjoint subsets (questions with fewer responses than
    most are left out); the variance over subsets is averaged over random partitions. Returns model, term, n, subsets,
    sd; letters only.
    """
    import pandas as pd

    if cells.counts is None:
        raise NotTestable("Subsets are drawn of letters; the outcome here is another.")
    rng = np.random.default_rng([seed, 41])
    letters = letter_cells(cells)
    whole = np.column_stack([letters.right, letters.wrong, letters.unparsable])
    total = whole.sum(1)
    keep = total >= np.median(total)
    models = cells.table["model"].astype(str).to_numpy()
    rows = []
    for n in sizes:
        subsets = int(total[keep].min()) // n
        if n < 2 or subsets < 3:
            continue
        collected: dict[str, list[Floats]] = {}
        for _ in range(partitions):
            left = whole[keep].copy()
            values: dict[str, list[tuple[float, float]]] = {m: [] for m in np.unique(models[keep])}
            for _ in range(subsets):
                drawn = _hypergeometric(rng, left, n)
                left -= drawn
                share = drawn / n
                error, _, variance = brier_terms(share[:, 0], share[:, 1:-1], share[:, -1], letters.choices[keep])
                variance = variance * n / (n - 1)
                for m in values:
                    own = models[keep] == m
                    values[m].append((float(variance[own].mean()), float(error[own].mean())))
            for m, pairs in values.items():
                v, e = np.array(pairs).T
                with np.errstate(invalid="ignore", divide="ignore"):
                    ratio = np.where(e > 0, v / e, np.nan)
                each = np.array([np.var(x, ddof=1) for x in (e - v, v, ratio)])
                collected.setdefault(m, []).append(each)
        for m, many in collected.items():
            for term, value in zip(TERMS, np.sqrt(np.mean(many, axis=0))):
                rows.append({"model": m, "term": term, "n": n, "subsets": subsets, "sd": float(value)})
    return pd.DataFrame(rows, columns=["model", "term", "n", "subsets", "sd"])


def _hypergeometric(rng: np.random.Generator, counts: Ints, n: int) -> Ints:
    """n responses of every row, without replacement, option by option."""
    out = np.zeros_like(counts)
    rest, need = counts.sum(1), np.full(len(counts), n)
    for k in range(counts.shape[1]):
        rest = rest - counts[:, k]
        out[:, k] = rng.hypergeometric(counts[:, k], rest, need)
        need = need - out[:, k]
    return out
