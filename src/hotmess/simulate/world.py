"""One simulated data set: arrays of answers and lengths, the truth behind them, and the response table they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.errors import BadInput
from hotmess.words import brief

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class World:
    """A balanced data set of M models, Q questions, B budgets and S responses per cell, with K options.

    Attributes
    ----------
    answer
        (M, Q, B, S) chosen option, counted from the target: 0 is right. The table shifts options so that the target
        of each question is `target`.
    target
        (Q,) option that is right in the table.
    options
        K, the number of options.
    truth
        estimands by name; what a claim says is true or false by their sign. See `hotmess.simulate.worlds`.
    length
        (M, Q, B, S) tokens of each response, or None.
    context
        (M, Q, B, S) few-shot context of each response, or None.
    difficulty
        (Q,) label of each question's difficulty group, or None.
    """

    answer: Ints
    target: Ints
    options: int
    truth: Mapping[str, float]
    models: tuple[str, ...] = ("model",)
    sizes: tuple[float, ...] | None = None
    budgets: tuple[str, ...] = ("",)
    length: Ints | None = None
    context: Ints | None = None
    difficulty: tuple[str, ...] | None = None
    about: str = field(default="", compare=False)

    @cached_property
    def counts(self) -> Ints:
        """(M, Q, B, K) answers per option, the target first."""
        m, q, b, s = self.answer.shape
        cell = np.repeat(np.arange(m * q * b), s)
        flat = np.bincount(cell * self.options + self.answer.ravel(), minlength=m * q * b * self.options)
        return flat.reshape(m, q, b, self.options)

    @cached_property
    def table(self) -> pd.DataFrame:
        """The response table, one row per response, in the columns every reader makes."""
        import pandas as pd

        m, q, b, s = self.answer.shape
        model, question, budget, sample = (x.ravel() for x in np.indices((m, q, b, s)))
        target = self.target[question]

        def labels(names: tuple[str, ...] | list[str], index: Ints) -> pd.api.extensions.ExtensionArray:
            return pd.array(list(names), dtype="str").take(index)

        columns: dict[str, object] = {
            "benchmark": labels(["simulated"], np.zeros(len(model), int)),
            "model": labels(self.models, model),
            "question": labels([f"q{i:05d}" for i in range(q)], question),
            "sample": sample,
            "answer": (self.answer.ravel() + target) % self.options,
            "target": target,
            "n_choices": np.full(len(model), self.options),
        }
        if b > 1 or self.budgets != ("",):
            columns["budget"] = labels(self.budgets, budget)
        if self.sizes is not None:
            columns["family"] = labels(["simulated"], np.zeros(len(model), int))
            columns["model_size_b"] = np.asarray(self.sizes, float)[model]
        if self.length is not None:
            columns["reasoning_tokens"] = self.length.ravel()
        if self.context is not None:
            columns["context"] = labels([f"c{i}" for i in range(int(self.context.max()) + 1)], self.context.ravel())
        if self.difficulty is not None:
            columns["difficulty"] = labels(self.difficulty, question)
        return pd.DataFrame(columns)


def log_sizes(sizes: Sequence[float]) -> Floats:
    """(models,) logs of the sizes of a world's models.

    Raises:
        BadInput: where they are not two or more different numbers above 0, along which nothing can change.

    >>> log_sizes((1.0, 10.0)).round(3).tolist()
    [0.0, 2.303]
    """
    values = np.asarray(sizes, float)
    if not (values.ndim == 1 and np.isfinite(values).all() and (values > 0).all() and len(set(values.tolist())) > 1):
        raise BadInput(f"Sizes must be two or more different numbers above 0, not {brief(sizes)}.")
    out: Floats = np.log(values)
    return out


def draw_answers(p: Floats, rng: np.random.Generator) -> Ints:
    """One option per distribution in the last axis of p.

    >>> draw_answers(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), np.random.default_rng(0)).tolist()
    [1, 0]
    """
    cumulative = np.cumsum(p[..., :-1], axis=-1)
    out: Ints = (rng.random(p.shape[:-1])[..., None] >= cumulative).sum(-1)
    return out


def tokens(log2_length: Floats) -> Ints:
    """Whole tokens, at least one."""
    return np.maximum(1, np.rint(np.exp2(log2_length))).astype(np.int64)
