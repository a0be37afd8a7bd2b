"""The plan of a sampling run: which few-shot contexts, which draws, which seeds, which order of the options.

Everything follows from one seed and stable names, so a plan can be made again, cut into parts and resumed: adding
questions, contexts or draws leaves those that were there as they were.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hotmess.errors import BadInput
from hotmess.sampling.items import Item

Order = Literal["fixed", "permuted"]


def draw_seed(seed: int, *key: str | int) -> int:
    """A seed in [0, 2**31) for a key such as (model, budget, question, context, draw), from BLAKE2.

    >>> draw_seed(0, "q1", 0, 0) == draw_seed(0, "q1", 0, 0) != draw_seed(0, "q1", 0, 1)
    True
    """
    digest = hashlib.blake2b(json.dumps([seed, *key]).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") & 0x7FFFFFFF


@dataclass(frozen=True)
class Draw:
    """One response to ask for. `order[i]` is the original index of the option shown at place i."""

    item: Item
    context: int
    draw: int
    seed: int
    order: tuple[int, ...]

    @property
    def id(self) -> str:
        """A name that no other draw of the plan has."""
        return f"{self.item.id}/{self.context}/{self.draw}"

    @property
    def choices(self) -> tuple[str, ...]:
        """The options in the order shown."""
        return tuple(self.item.choices[i] for i in self.order)

    @property
    def shown_target(self) -> int | None:
        """Place at which the right option is shown."""
        return self.order.index(self.item.target) if isinstance(self.item.target, int) else None


def draw_contexts(
    pool: Sequence[Item], *, contexts: int = 10, shots: Sequence[int] = (2, 3), seed: int = 0
) -> list[tuple[Item, ...]]:
    """Random few-shot contexts: each an ordered sample from `pool` without replacement, of a size drawn from `shots`.

    Without a pool every context is empty, and responses differ by their own seeds alone. Raises `BadInput` where the
    pool is smaller than the largest context.
    """
    if contexts < 1:
        raise BadInput(f"{contexts} contexts were asked for: at least 1 is needed.")
    if not pool:
        return [()] * contexts
    if min(shots) < 0 or max(shots) > len(pool):
        raise BadInput(f"Contexts of {max(shots)} examples were asked for, but the pool holds {len(pool)}.")
    drawn = []
    for number in range(contexts):
        rng = np.random.default_rng(draw_seed(seed, "context", number))
        size = int(rng.choice(list(shots)))
        drawn.append(tuple(pool[i] for i in rng.choice(len(pool), size, replace=False)))
    return drawn


def held_out(items: Sequence[Item], number: int, *, seed: int = 0) -> tuple[list[Item], list[Item]]:
    """The questions to ask, and `number` others, drawn at random, to be the pool of examples.

    Only questions with a target are held out. Raises `BadInput` where too few of them, or none to ask, would be left.

    >>> asked, pool = held_out([Item(str(i), f"{i}?", ("x", "y"), 0) for i in range(5)], 2)
    >>> len(asked), len(pool)
    (3, 2)
    """
    able = [place for place, item in enumerate(items) if item.target is not None]
    if not 0 < number <= len(able) or number == len(items):
        raise BadInput(f"{number} of {len(items)} questions, {len(able)} of them with a target, cannot be held out.")
    rng = np.random.default_rng(draw_seed(seed, "held out"))
    kept = set(rng.choice(able, number, replace=False).tolist())
    asked = [item for place, item in enumerate(items) if place not in kept]
    return asked, [items[place] for place in sorted(kept)]


def plan_draws(
    items: Sequence[Item],
    *,
    contexts: int = 10,
    draws: int = 3,
    order: Order = "fixed",
    seed: int = 0,
    stream: Sequence[str] = (),
    only: Sequence[int] | None = None,
) -> list[Draw]:
    """Every draw of a run, by context, then question, then draw (so that a server can reuse a context's prefix).

    `stream` holds the names (model, condition, budget) that make one run's seeds independent of another's; `only` keeps
    the contexts with these numbers. The order of the options depends on (question, context, draw) alone, so that runs
    of different models show the same.
    """
    if draws < 1:
        raise BadInput(f"{draws} draws were asked for: at least 1 is needed.")
    numbers = range(contexts) if only is None else only
    if any(not 0 <= number < contexts for number in numbers):
        raise BadInput(f"Contexts are numbered 0 to {contexts - 1}.")
    return [
        Draw(
            item=item,
            context=context,
            draw=draw,
            seed=draw_seed(seed, *stream, item.id, context, draw),
            order=_order(item, order, draw_seed(seed, "order", item.id, context, draw)),
        )
        for context in numbers
        for item in items
        for draw in range(draws)
    ]


def plan_counts(
    items: Sequence[Item],
    counts: Mapping[str, tuple[int, int]],
    *,
    contexts: int = 1,
    order: Order = "fixed",
    seed: int = 0,
    stream: Sequence[str] = (),
) -> list[Draw]:
    """Draws of questions asked more or less often: counts are (asked so far, more) by a question's id.

    The j-th response to a question, from 0, is draw j // contexts in context j mod contexts: contexts are used in turn,
    and the first contexts × draws responses are those of `plan_draws`.

    >>> items = [Item("a", "a?", ("x", "y"), 0)]
    >>> [(one.context, one.draw) for one in plan_counts(items, {"a": (3, 2)}, contexts=2)]
    [(1, 1), (0, 2)]
    """
    return [
        Draw(
            item=item,
            context=j % contexts,
            draw=j // contexts,
            seed=draw_seed(seed, *stream, item.id, j % contexts, j // contexts),
            order=_order(item, order, draw_seed(seed, "order", item.id, j % contexts, j // contexts)),
        )
        for item in items
        for j in range(counts.get(item.id, (0, 0))[0], sum(counts.get(item.id, (0, 0))))
    ]


def _order(item: Item, order: Order, seed: int) -> tuple[int, ...]:
    if order == "fixed":
        return tuple(range(len(item.choices)))
    return tuple(int(i) for i in np.random.default_rng(seed).permutation(len(item.choices)))
