"""Points: clusters and sums against loops over single responses."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess.decompose.points import Points, from_responses, from_tally, leave_one_out, totals


def loops(z, cell, context, cells):
    """Clusters by the rule in words: contexts where a cell has two or more and one has two or more responses."""
    out = []
    for i in range(cells):
        mine = [r for r in range(len(z)) if cell[r] == i]
        names = sorted({context[r] for r in mine})
        groups = [[r for r in mine if context[r] == name] for name in names]
        if len(groups) < 2 or max(map(len, groups)) < 2:
            groups = [[r] for r in mine]
        out.append([(len(g), z[g].sum(axis=0), (z[g] ** 2).sum()) for g in groups])
    return out


@st.composite
def samples(draw):
    n = draw(st.integers(1, 25))
    seed = draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, 3, n)
    return rng.normal(size=(n, 2)), cell, rng.integers(0, draw(st.integers(1, 4)), n)


@pytest.mark.parametrize("block", [1, 3, 7, 10**6])
def test_sums_by_blocks_and_of_places_kept_once_are_the_same(monkeypatch, block):
    """Cells without rows, and cells larger than a block, among them."""
    monkeypatch.setattr(sys.modules[Points.__module__], "BLOCK", block)
    rng = np.random.default_rng(4)
    cell = np.repeat([1, 2, 4, 5, 6], [1, 12, 2, 4, 3])
    places, kind, copies, target = rng.normal(size=(4, 2)), rng.integers(0, 4, 22), rng.integers(1, 9, 22), np.eye(8, 2)
    n = np.ones(22, int)
    once = Points(cell, copies, n, places, (places**2).sum(axis=1), target, kind)
    each = Points(cell, copies, n, places[kind], (places[kind] ** 2).sum(axis=1), target)
    np.testing.assert_array_equal(once.sum, each.sum)
    np.testing.assert_array_equal(once.squares, each.squares)
    rows = np.array([5, 2, 21])
    some = [p.take(rows, np.arange(3), target[:3]) for p in (once, each)]
    np.testing.assert_array_equal(some[0].sum, some[1].sum)
    for points in (once, each):
        got = totals(points)
        for i in range(8):
            mine = cell == i
            assert got.n[i] == got.clusters[i] == copies[mine].sum()
            np.testing.assert_allclose(got.sum[i], (copies[:, None] * places[kind])[mine].sum(axis=0), atol=1e-12)
            np.testing.assert_allclose(got.within[i], (copies * each.squares)[mine].sum(), atol=1e-12)
            np.testing.assert_allclose(got.squares[i], got.within[i], atol=1e-12)


@given(samples())
@settings(max_examples=60, deadline=None)
def test_totals_are_sums_over_clusters(sample):
    z, cell, context = sample
    target = np.arange(6.0).reshape(3, 2)
    got = totals(from_responses(z, target, cell=cell, context=context))
    for i, clusters in enumerate(loops(z, cell, context, 3)):
        n = np.array([c[0] for c in clusters], dtype=float)
        s = np.array([c[1] for c in clusters]).reshape(-1, 2)
        assert got.clusters[i] == len(clusters)
        assert got.n[i] == n.sum()
        np.testing.assert_allclose(got.sum[i], s.sum(axis=0), atol=1e-12)
        np.testing.assert_allclose(got.squares[i], sum(c[2] for c in clusters), atol=1e-12)
        np.testing.assert_allclose(got.within[i], (s**2).sum(), atol=1e-12)
        assert got.n_squares[i] == (n**2).sum()


def test_a_tally_equals_its_single_responses():
    z = np.eye(3)
    cell = np.array([0, 0, 1, 1])
    copies = np.array([3, 1, 2, 5])
    rows = np.array([0, 1, 1, 2])
    target = np.eye(3)[[0, 1]]
    tallied = totals(from_tally(z[rows], target, cell=cell, copies=copies))
    single = totals(from_responses(np.repeat(z[rows], copies, axis=0), target, cell=np.repeat(cell, copies)))
    for name in ("clusters", "n", "sum", "squares", "within", "n_squares"):
        np.testing.assert_allclose(getattr(tallied, name), getattr(single, name))


def test_tallied_contexts_are_clusters_weighted_by_copies():
    points = from_tally(
        np.eye(2)[[0, 1, 0]],
        np.eye(2)[[0]],
        cell=np.zeros(3, dtype=int),
        copies=np.array([2, 1, 3]),
        context=np.array([7, 7, 9]),
    )
    assert points.n.tolist() == [3, 3]
    assert points.sum.tolist() == [[2.0, 1.0], [3.0, 0.0]]
    assert points.copies.tolist() == [1, 1]


def test_a_context_whose_answers_all_agree_counts_them_all():
    points = from_tally(
        np.eye(2), np.eye(2)[[0]], cell=np.zeros(2, int), copies=np.array([2, 3]), context=np.array([0, 1])
    )
    assert points.n.tolist() == [2, 3]
    assert points.sum.tolist() == [[2.0, 0.0], [0.0, 3.0]]
    assert points.squares.tolist() == [2.0, 3.0]


def test_contexts_of_one_response_each_are_responses():
    z = np.eye(2)[[0, 1, 0]]
    points = from_responses(z, np.eye(2)[[0]], cell=np.zeros(3, int), context=np.arange(3))
    assert points.n.tolist() == [1, 1, 1]


def test_leave_one_out_is_leaving_one_out():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(12, 3))
    cell = np.repeat([0, 1], 6)
    context = np.array([0, 0, 1, 1, 2, 2, 0, 0, 0, 1, 1, 2])
    target = rng.normal(size=(2, 3))
    points = from_responses(z, target, cell=cell, context=context)
    rest = leave_one_out(points)
    for row in range(len(points.cell)):
        keep = np.arange(len(points.cell)) != row
        other = totals(
            Points(
                points.cell[keep],
                points.copies[keep],
                points.n[keep],
                points.sum[keep],
                points.squares[keep],
                target,
            )
        )
        at = points.cell[row]
        for name in ("clusters", "n", "sum", "squares", "within", "n_squares"):
            np.testing.assert_allclose(getattr(rest, name)[row], getattr(other, name)[at], atol=1e-12)


@pytest.mark.parametrize("cells", [1, 3])
def test_cells_without_responses_have_no_sums(cells):
    got = totals(from_responses(np.zeros((0, 2)), np.zeros((cells, 2)), cell=np.zeros(0, int)))
    assert got.n.tolist() == [0.0] * cells
