"""Sums at many scores, orders within cells, cells with one cluster left out: each the plain way beside."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from hotmess.responses.validate import validate
from hotmess.runs import length_pairs, score_sums, within_question
from hotmess.runs.clusters import response_clusters
from hotmess.runs.length_pairs import pair_sums, set_sums, slope_terms


def responses(rng: np.random.Generator, sizes: list[int], kind: str) -> tuple[np.ndarray, ...]:
    """z, error, u and cell of cells of these sizes."""
    n = sum(sizes)
    z = np.eye(4)[rng.integers(4, size=n)] if kind == "letters" else rng.normal(size=(n, 9))
    error = np.where(z[:, 0] == 1, 0.0, 2.0) if kind == "letters" else (z**2).sum(axis=1)
    return z, error, rng.normal(size=n), np.repeat(np.arange(len(sizes)), sizes)


@pytest.mark.parametrize("kind", ["letters", "positions"])
def test_sums_at_other_scores_are_those_made_anew(kind):
    rng = np.random.default_rng(0)
    z, error, u, cell = responses(rng, [5, 1, 12, 5, 8], kind)
    error[:5] = np.nan  # a cell without a target
    sums = score_sums.score_sums(z, error, cell)
    assert isinstance(sums, score_sums.ScoreSums) == (kind == "letters")
    for scores in (u, rng.permutation(u)):
        np.testing.assert_allclose(sums(scores), set_sums(z, error, scores, cell), rtol=1e-12, atol=1e-12)


def test_an_order_within_cells_of_several_sizes_is_that_of_all_at_once():
    rng = np.random.default_rng(1)
    cell = np.repeat(np.arange(60), rng.integers(1, 40, 60))
    order = length_pairs.order_within(cell)
    for _ in range(3):
        values = rng.random(len(cell))
        np.testing.assert_array_equal(order(values), np.lexsort((values, cell)))


def test_normal_scores_are_of_the_ranks_of_pandas():
    rng = np.random.default_rng(1)
    cell = np.repeat(np.arange(50), rng.integers(0, 20, 50))
    lengths = rng.integers(1, 9, len(cell)).astype(float)
    groups = pd.Series(lengths).groupby(cell)
    expected = ndtri((groups.rank() - 0.375) / (groups.transform("size") + 0.25))
    np.testing.assert_array_equal(length_pairs.normal_scores(lengths, cell), expected)


@pytest.mark.parametrize("contexts", [False, True])
@pytest.mark.parametrize("block", [1, 9, 10_000])
def test_with_a_cluster_left_out_terms_are_those_of_the_other_responses(monkeypatch, block, contexts):
    monkeypatch.setattr(score_sums, "BLOCK", block)
    rng = np.random.default_rng(2)
    z, error, u, cell = responses(rng, [5, 7, 4, 9], "letters")
    starts = (np.diff(cell) > 0) | (u[1:] > 0 if contexts else True)
    cluster = np.cumsum(np.r_[0, starts])
    owner = cell[np.unique(cluster, return_index=True)[1]]
    assert len(owner) < len(u) or not contexts
    seen = []
    for one in score_sums.left_out(z, error, u, cluster, owner):
        assert (owner[one.clusters] == one.start + one.owner).all()
        for c, found in zip(range(one.clusters.start, one.clusters.stop), one.again):
            rest = np.flatnonzero((cell == owner[c]) & (cluster != c))
            some, none = (z[rest], error[rest], u[rest]), np.zeros(len(rest), int)
            inside = pair_sums(set_sums(*some, np.unique(cluster[rest], return_inverse=True)[1])).sum(axis=0)
            sums = set_sums(*some, none)
            np.testing.assert_allclose(found, slope_terms(sums, pair_sums(sums) - inside)[0], atol=1e-10)
            seen.append(c)
    assert seen == list(range(len(owner)))


def test_permuted_statements_are_those_of_lengths_permuted_in_the_table_s_order():
    rng = np.random.default_rng(3)
    rows = [{"question": f"q{q}", "answer": a} for q in range(30) for a in rng.integers(3, size=7 + q % 5)]
    table = pd.DataFrame(rows).assign(model="m", target=0, n_choices=3, sample=np.arange(len(rows)))
    table["context"] = rng.choice(list("uvwxyz"), len(table))
    data = within_question.within_question(validate(table.assign(reasoning_tokens=rng.permutation(len(table)) + 1)))
    for p, found in enumerate(data.permuted(5, permutations=3)):
        order = np.lexsort((np.random.default_rng([5, p, 59]).random(len(data.u)), data.cell))
        single = set_sums(data.z, data.error, data.u[order], data.cluster)
        add = [np.stack([np.bincount(data.owner, x) for x in y.T], 1) for y in (single, pair_sums(single))]
        terms = slope_terms(add[0], pair_sums(add[0]) - add[1])
        sums, cells = data.questions.by_set(terms, data.model, 1)
        plain = data.questions.plain(sums, cells, within_question.DRAWS, 5 + p).settle(within_question.change)
        np.testing.assert_allclose(found.draws, plain.draws, atol=1e-10)


def test_clusters_are_contexts_where_they_repeat_and_else_responses():
    rng = np.random.default_rng(4)
    cell = np.repeat(np.arange(12), 6)
    names = pd.Series(rng.choice(np.array(["a", "b", "c", None, 1, "1"], object), len(cell)))
    names[cell == 0], names[cell == 1], names[cell == 2] = "a", list("abcdef"), None
    found = response_clusters(names, cell)
    place: dict[tuple[object, ...], int] = {}
    for i, (c, name) in enumerate(zip(cell, names)):
        own = [str(x) if x is not None else j for j, x in enumerate(names) if cell[j] == c]
        repeats = len(set(own)) >= 2 and max(own.count(x) for x in own) >= 2
        key = (c, str(name) if name is not None else i) if repeats else (c, i)
        assert found[i] == place.setdefault(key, len(place))
    assert (response_clusters(pd.Series([None] * 4), np.zeros(4, int)) == np.arange(4)).all()


def test_a_cell_whose_lengths_are_alike_without_one_response_has_no_slope_then():
    """Sums less those of one response leave a spread of rounding's size, which is none."""
    for n in range(4, 40):
        cell = np.zeros(n, int)
        u = length_pairs.normal_scores(np.r_[2.0, np.ones(n - 1)], cell)
        for seed in range(5):
            z = np.eye(3)[np.random.default_rng(seed).integers(3, size=n)]
            (one,) = score_sums.left_out(z, 2.0 * (z[:, 0] < 1), u, np.arange(n), cell)
            assert np.isnan(one.again[0]).all() and np.isfinite(one.again[1:]).all()
