"""Weights on questions: what stands for drawing questions like these (Rubin
1981; Newton and Raftery 1994) (methods, section 3).

One draw of weights is Q × Dirichlet(1, …, 1), so that it has mean 1: the likelihood it multiplies must weigh as much as
it did. The same draw serves all models, sizes, budgets, halves and arms. Where questions come in clusters (a task
family, a passage, a template) the clusters are drawn; where questions have weights of their own (a benchmark's) those
multiply; where few-shot contexts are shared by questions, contexts are drawn too and weights are products.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.population import question_weights
from hotmess.answers.population import weight_blocks as blocks_of

if TYPE_CHECKING:
    from jaxtyping import Float


def weight_blocks(
    questions: int,
    draws: int,
    *,
    seed: int,
    cluster: np.ndarray | None = None,
    own: np.ndarray | None = None,
    numbers: int | None = None,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of (draws, questions) weights of mean 1, the same for the same seed whatever the blocks.

    Parameters
    ----------
    cluster
        (questions,) cluster of each question, from 0; None: every question is its own.
    own
        (questions,) positive weights of the questions themselves, on any scale.
    numbers
        How many numbers a block holds at most (default: `hotmess.answers.population.weight_blocks`).

    Raises
    ------
    BadInput
        If a question's own weight is not positive and finite.

    Examples
    --------
    Questions of one cluster share their weight:

    >>> _, w = next(weight_blocks(3, 2, seed=0, cluster=np.array([0, 0, 1])))
    >>> bool((w[:, 0] == w[:, 1]).all()), bool((w[:, 0] == w[:, 2]).any())
    (True, False)
    """
    return blocks_of(questions, draws, population="like-these", seed=seed, numbers=numbers, cluster=cluster, own=own)


def even(questions: int, *, own: np.ndarray | None = None) -> Float[np.ndarray, "1 questions"]:
    """(1, questions) the weights that draws scatter around."""
    return question_weights(questions, 1, population="these", seed=0, own=own)


def product_weights(
    questions: int, contexts: int, draws: int, *, seed: int, cluster: np.ndarray | None = None
) -> tuple[Float[np.ndarray, "draws questions"], Float[np.ndarray, "draws contexts"]]:
    """Weights where few-shot contexts are crossed with questions: (draws, questions) and (draws, contexts).

    The weight of the responses of question q in context k is their product (Owen and Eckles 2012).

    >>> w, v = product_weights(4, 3, 5, seed=0)
    >>> w.shape, v.sum(axis=1).round(9).tolist()
    ((5, 4), [3.0, 3.0, 3.0, 3.0, 3.0])
    """
    whole = np.concatenate([w for _, w in weight_blocks(questions, draws, seed=seed, cluster=cluster)])
    raw = np.random.default_rng([seed, 919]).standard_exponential((draws, contexts))
    return whole, contexts * raw / raw.sum(axis=1, keepdims=True)
