"""Plans of draws: independent seeds, stable under growth, balanced orders."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, kstest

from hotmess.errors import BadInput
from hotmess.sampling.draws import draw_contexts, draw_seed, plan_draws
from hotmess.sampling.items import Item

ITEMS = [Item(f"q{i}", f"Question {i}?", ("w", "x", "y", "z"), i % 4) for i in range(20)]
POOL = [Item(f"e{i}", f"Example {i}?", ("x", "y"), 0) for i in range(12)]


def test_every_draw_has_its_own_seed_and_the_seeds_look_uniform() -> None:
    plans = [plan_draws(ITEMS, stream=(model, budget)) for model in ("m", "n") for budget in ("low", "high")]
    seeds = [draw.seed for plan in plans for draw in plan]
    assert len(seeds) == 4 * 20 * 10 * 3
    assert len(set(seeds)) == len(seeds)
    assert kstest(np.array(seeds) / 2**31, "uniform").pvalue > 1e-3


def test_the_order_is_by_context_then_question_then_draw() -> None:
    plan = plan_draws(ITEMS, contexts=2, draws=2)
    assert [draw.id for draw in plan[:4]] == ["q0/0/0", "q0/0/1", "q1/0/0", "q1/0/1"]
    assert plan[40].id == "q0/1/0"
    assert plan_draws(ITEMS, contexts=2, draws=2, only=[1]) == plan[40:]


def test_a_plan_that_grows_keeps_what_it_had() -> None:
    small = {draw.id: draw for draw in plan_draws(ITEMS[:5], contexts=3, draws=2, order="permuted", seed=7)}
    large = {draw.id: draw for draw in plan_draws(ITEMS, contexts=5, draws=4, order="permuted", seed=7)}
    assert small == {key: large[key] for key in small}
    assert draw_contexts(POOL, contexts=3, seed=7) == draw_contexts(POOL, contexts=5, seed=7)[:3]


@given(st.permutations(range(4)), st.integers(0, 3))
def test_an_order_maps_back(order: list[int], target: int) -> None:
    item = Item("q", "Q?", ("w", "x", "y", "z"), target)
    (draw,) = plan_draws([item], contexts=1, draws=1, order="permuted")
    draw = type(draw)(item, 0, 0, 0, tuple(order))
    assert draw.shown_target is not None
    assert draw.choices[draw.shown_target] == item.choices[target]
    assert [item.choices[i] for i in draw.order] == list(draw.choices)


def test_permuted_orders_show_every_option_everywhere_and_are_the_same_for_all_models() -> None:
    one = plan_draws(ITEMS, draws=5, order="permuted", stream=("m", "low"))
    two = plan_draws(ITEMS, draws=5, order="permuted", stream=("n", "low"))
    assert [draw.order for draw in one] == [draw.order for draw in two]
    places = np.zeros((4, 4))
    for draw in one:
        places[np.arange(4), draw.order] += 1
    expected = len(one) / 4
    # 9 free cells of a doubly stochastic table; the statistic of n permutations is chi-squared up to the factor 3/4.
    statistic = ((places - expected) ** 2 / expected).sum() * 3 / 4
    assert statistic < chi2(9).ppf(0.999)


def test_contexts_are_samples_without_replacement_of_the_sizes_asked_for() -> None:
    contexts = draw_contexts(POOL, contexts=200, shots=(2, 3), seed=1)
    assert {len(context) for context in contexts} == {2, 3}
    assert all(len({item.id for item in context}) == len(context) for context in contexts)
    assert len({tuple(item.id for item in context) for context in contexts}) > 150
    assert draw_contexts([], contexts=2) == [(), ()]


def test_bad_plans_are_refused() -> None:
    for arguments, words in (({"draws": 0}, "0 draws"), ({"contexts": 2, "only": [2]}, "numbered 0 to 1")):
        with pytest.raises(BadInput, match=words):
            plan_draws(ITEMS, **arguments)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="the pool holds 12"):
        draw_contexts(POOL, shots=(13,))
    with pytest.raises(BadInput, match="at least 1"):
        draw_contexts(POOL, contexts=0)


def test_seeds_depend_on_every_part_of_the_key() -> None:
    keys = [("a", "b"), ("ab",), ("a", "b", 0), ("a", 0, "b"), ("a", "b", "0")]
    assert len({draw_seed(0, *key) for key in keys} | {draw_seed(1, "a", "b")}) == len(keys) + 1
