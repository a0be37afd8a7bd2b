"""Few-shot contexts: scores against the likelihood's slopes, exact design effects, and draws widened by them."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from hotmess.inference.sample import enable_x64, to_tree
from hotmess.temperature import design_effects as robust
from hotmess.temperature.data import length_data
from hotmess.temperature.fit import _widen
from hotmess.temperature.likelihood import Dense, log_likelihood


def table(copies, seed=0, questions=12, each=8):
    """Every response `copies` times over, each with its copies in a context of its own."""
    rng = np.random.default_rng(seed)
    q, c = (x.ravel() for x in np.indices((questions, each)))
    one = pd.DataFrame({"question": q, "context": c, "answer": rng.integers(0, 3, q.size)})
    one["reasoning_tokens"] = np.rint(2 ** rng.normal(8, 1, q.size)).astype(int)
    out = one.loc[one.index.repeat(copies)].reset_index(drop=True)
    budget = np.where(np.arange(len(out)) // copies % 2, "high", "low")
    return out.assign(benchmark="b", model="m", target=0, n_choices=4 - out["question"] % 2, budget=budget)


def parameters(data, seed=1):
    rng = np.random.default_rng(seed)
    return 0.3 * rng.normal(size=(1, data.parameters)), rng.normal(size=data.dense.real.shape)


def test_scores_are_the_slopes_of_the_likelihood():
    data = length_data(table(2))
    theta, scores = parameters(data)
    rows = data.contexts
    u, v = robust._scores(rows, data.dense.real, theta[[0] * len(rows.cell), 3:], scores, len(data.features))
    with enable_x64():
        dense = Dense(*map(jnp.asarray, data.dense))
        cells = jnp.asarray(np.repeat(theta.T, scores.shape[1], axis=1))
        slope = jax.grad(lambda d, t: log_likelihood(d, t, dense).sum(), argnums=(0, 1))(jnp.asarray(scores), cells)
    for mine, theirs in ((v, slope[0]), (u, slope[1][3:])):
        sums = np.stack([np.bincount(rows.cell, weights=x, minlength=scores.shape[1]) for x in mine])
        np.testing.assert_allclose(sums, theirs, atol=1e-9)


def test_copies_in_one_context_count_once():
    data = length_data(table(3))
    np.testing.assert_allclose(robust.design_effects(data, *parameters(data)), 3 * 8 / 7)
    few = length_data(table(3, each=2))
    np.testing.assert_allclose(robust.design_effects(few, *parameters(few)), 3 * 2)


def test_no_clusters_without_repeats():
    assert length_data(table(1)).contexts is None
    assert length_data(table(3).drop(columns="context")).contexts is None
    assert length_data(table(3).assign(context="one")).contexts is None


def test_draws_are_widened_and_it_is_said():
    data = length_data(table(3))
    theta, scores = parameters(data)
    rng = np.random.default_rng(3)
    draws = theta + 0.1 * rng.normal(size=(2, 40, 1, data.parameters))
    dims = {"theta": ["unit", "parameter"], "scores": ["option", "cell"]}
    tree = to_tree({"theta": draws, "scores": np.broadcast_to(scores, (2, 40, *scores.shape)).copy()}, dims=dims)
    note = _widen(tree, data)
    wide = tree["posterior"]["theta"].values
    np.testing.assert_allclose(wide[..., 3:].std((0, 1)), np.sqrt(24 / 7) * draws[..., 3:].std((0, 1)))
    np.testing.assert_allclose(wide.mean((0, 1)), draws.mean((0, 1)))
    np.testing.assert_allclose(wide[..., :3], draws[..., :3])
    assert "not independent" in note and "natural 1.85" in note and "all questions alike" in note
