"""Question-level answer distributions, drawn from their conjugate posterior given the group parameters.

Given (a, kappa, phi) of its group, the answer distribution of cell i is independent of all others:

    accuracy       a_i ~ Beta(kappa a + x_i, kappa (1 - a) + r_i)
    wrong answers  w_i ~ Dirichlet(phi/K + c_i1, …, phi/K + c_iK)          (methods, section 3)

The decomposition terms are functions of these draws (methods, section 1). Unparsable responses are a category of their
own, whose position is the uniform vector: their share of what is not right is Beta(psi u + n_u, psi (1 - u) + sum c)
in groups that have any, and 0 in groups that have none. Or else they count as one more wrong option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hotmess.answers.cell_drawer import CellDrawer
from hotmess.answers.prior import AnswerPrior

if TYPE_CHECKING:
    from jaxtyping import Float, Real


DELTA = 1e-12  # smoothing of the KL family, as in the paper
WORTH_THREADS = 20_000  # options of all cells: with fewer, handing a block to a thread takes longer than the block
BLOCK = 20_000  # options drawn together, of as many draws as that takes
T = TypeVar("T")


@dataclass(frozen=True)
class LetterCells:
    """Counts of letter cells, target first.

    Attributes
    ----------
    right
        (cells,) responses on the target.
    wrong
        (cells, K) responses on each wrong option, zero-padded where a cell has fewer options.
    unparsable
        (cells,) unparsable responses (all zero where they are counted as one more wrong option).
    choices
        (cells,) number of options C, the uniform vector's length.
    """

    right: Real[np.ndarray, " cells"]
    wrong: Real[np.ndarray, "cells k"]
    unparsable: Real[np.ndarray, " cells"]
    choices: Real[np.ndarray, " cells"]

    @property
    def options(self) -> np.ndarray:
        """(cells,) number of wrong options."""
        return self.choices - 1

    @property
    def prior(self) -> AnswerPrior:
        """The prior that suits the outcome."""
        return AnswerPrior()

    def apart(self, index: np.ndarray) -> np.ndarray:
        """(cells,) whether unparsable responses are told apart in the cell's group: in those that have any."""
        return np.isin(index, index[self.unparsable > 0])


@dataclass(frozen=True)
class TermDraws:
    """Draws of the decomposition terms: error, bias2, variance of shape (draws, cells), float32."""

    error: Float[np.ndarray, "draws cells"]
    bias2: Float[np.ndarray, "draws cells"]
    variance: Float[np.ndarray, "draws cells"]


def answer_draws(
    cells: LetterCells,
    group: np.ndarray,
    parameters: dict[str, np.ndarray],
    *,
    seed: int | np.random.SeedSequence,
    threads: int = 2,
) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield (s, a, w, u) for every posterior draw s of the group parameters.

    a: (cells,) accuracy; w: (cells, K) probability of each wrong option; u: (cells,) probability of an unparsable
    response; a + w.sum(1) + u = 1, all float32. `parameters`: dict of (draws, groups). Each block of draws has its own
    generator, so the result does not depend on the number of threads.
    """
    for block, *drawn in answer_blocks(cells, group, parameters, seed=seed, threads=threads):
        a, w, u = (x.reshape(block.stop - block.start, len(group), *x.shape[1:]) for x in drawn)
        yield from zip(range(block.start, block.stop), a, w, u)


def answer_blocks(
    cells: LetterCells,
    group: np.ndarray,
    parameters: dict[str, np.ndarray],
    *,
    seed: int | np.random.SeedSequence,
    threads: int = 2,
) -> Iterator[tuple[slice, np.ndarray, np.ndarray, np.ndarray]]:
    """The same draws, several at a time: (draws, a, w, u), the cells of one draw below those of another."""
    yield from _each_block(cells, group, parameters, lambda *drawn: drawn, seed=seed, threads=threads)


def _each_block(
    cells: LetterCells,
    group: np.ndarray,
    parameters: dict[str, np.ndarray],
    use: Callable[[slice, np.ndarray, np.ndarray, np.ndarray], T],
    *,
    seed: int | np.random.SeedSequence,
    threads: int,
) -> Iterator[T]:
    """What `use` makes of (draws, a, w, u), block by block, cells of one draw below those of another; `use` runs in the
    threads."""
    draws = len(parameters["logit_a"])
    step = max(1, BLOCK // max(cells.wrong.size, 1))
    blocks = [slice(start, min(start + step, draws)) for start in range(0, draws, step)]
    seeds = (np.random.SeedSequence(seed) if isinstance(seed, int) else seed).spawn(len(blocks))
    one = CellDrawer(cells, group, parameters)

    def used(i: int) -> T:
        return use(blocks[i], *one(blocks[i], np.random.default_rng(seeds[i])))

    if threads <= 1 or draws < 4 or cells.wrong.size < WORTH_THREADS:
        yield from map(used, range(len(blocks)))
        return
    with ThreadPoolExecutor(threads) as pool:
        together = 8 * threads  # bounded: results wait in memory until they are used
        for start in range(0, len(blocks), together):
            yield from pool.map(used, range(start, min(start + together, len(blocks))))


def brier_terms(
    a: Float[np.ndarray, "*draws cells"],
    w: Float[np.ndarray, "*draws cells k"],
    u: Float[np.ndarray, "*#draws #cells"],
    choices: Real[np.ndarray, " #cells"],
) -> tuple[np.ndarray, ...]:
    """Brier error, bias² and variance of answer distributions (…, cells); one-hot responses, unparsable uniform.

    z̄ = p + u/C;  error = 2(1 - a - u) + u(1 - 1/C);  bias² = |y - z̄|²;  variance = error - bias².

    >>> a, w, u = np.array([1 / 3]), np.array([[0.4, 0.8 / 3]]), np.zeros(1)      # A 10, B 12, C 8 of 30, D correct
    >>> [round(float(x[0]), 3) for x in brier_terms(np.zeros(1), np.array([[1/3, 0.4, 0.8/3]]), u, np.array([4]))]
    [2.0, 1.342, 0.658]
    """
    missed = w.sum(axis=1)
    squares = np.einsum("ck,ck->c", w, w)
    if not u.any():
        error, bias2 = 2 * missed, missed**2 + squares
        return error, bias2, error - bias2
    # From sums of what is positive, so that nothing is lost near accuracy 1: 1 - a - u/C = missed + u(1 - 1/C).
    off = 1 - 1 / choices
    error = 2 * missed + u * off
    bias2 = (missed + u * off) ** 2 + squares + 2 * missed * u / choices + (choices - 1) * (u / choices) ** 2
    return error, bias2, error - bias2


def kl_terms(
    a: Float[np.ndarray, "*draws cells"],
    w: Float[np.ndarray, "*draws cells k"],
    u: Float[np.ndarray, "*#draws #cells"],
    choices: Real[np.ndarray, " #cells"],
    delta: float = DELTA,
) -> tuple[np.ndarray, ...]:
    """KL error, bias and variance with smoothing f ← (f + δ)/(1 + Cδ) (methods, section 1)."""
    high = np.log((1 + delta) / (1 + choices * delta))
    low = np.log(delta / (1 + choices * delta))
    middle = np.log((1 / choices + delta) / (1 + choices * delta))

    def mean_log(p: np.ndarray) -> np.ndarray:
        shape = (slice(None), *(None,) * (p.ndim - 1))
        out: np.ndarray = low[shape] + p * (high - low)[shape] + u[shape] * (middle - low)[shape]
        return out

    m_a, m_w = mean_log(a), mean_log(w)
    real = np.arange(w.shape[1]) < (choices - 1)[:, None]
    m_w = np.where(real, m_w, -np.inf)
    log_z = np.logaddexp.reduce(np.column_stack([m_a, m_w]), axis=1)
    return -m_a, -m_a + log_z, -log_z


def zero_one_terms(
    a: Float[np.ndarray, "*draws cells"],
    w: Float[np.ndarray, "*draws cells k"],
    u: Float[np.ndarray, "*#draws #cells"],
    choices: Real[np.ndarray, " #cells"],
) -> tuple[np.ndarray, ...]:
    """0/1 error, bias and variance (Domingos 2000); an unparsable response counts 1/C for every option.

    Posterior draws have no ties, so the main answer is the most probable option.
    """
    right = a + u / choices
    best_wrong = w.max(axis=1) + u / choices
    bias = (best_wrong > right).astype(float)
    return 1 - right, bias, 1 - np.maximum(right, best_wrong)


METRICS = {"brier": brier_terms, "kl": kl_terms, "zero-one": zero_one_terms}


def term_draws(
    cells: LetterCells,
    group: np.ndarray,
    parameters: dict[str, np.ndarray],
    *,
    metrics: tuple[str, ...] = ("brier",),
    seed: int | np.random.SeedSequence,
    threads: int = 2,
) -> dict[str, TermDraws]:
    """Draws of error, bias² and variance of every cell under each metric, from the same answer distributions."""
    draws, size = len(parameters["logit_a"]), len(group)
    out = {m: TermDraws(*(np.empty((draws, size), np.float32) for _ in range(3))) for m in metrics}

    def keep(block: slice, a: np.ndarray, w: np.ndarray, u: np.ndarray) -> None:
        many = block.stop - block.start
        for m in metrics:
            terms = METRICS[m](a, w, u, np.tile(cells.choices, many))
            out[m].error[block], out[m].bias2[block], out[m].variance[block] = (x.reshape(many, size) for x in terms)

    for _ in _each_block(cells, group, parameters, keep, seed=seed, threads=threads):
        pass
    return out
