"""Columns linear in weights of questions against the same cell by cell, and kinds against rows told apart."""

from __future__ import annotations

import numpy as np
import pytest

from hotmess.answers.conjugate import LetterCells
from hotmess.answers.prior import AnswerPrior
from hotmess.statements import letters, sums
from hotmess.statements.questions import Questions


@pytest.mark.parametrize("width", [3, 10**5, 10**15])
def test_kinds_are_the_distinct_rows_in_their_order(width):
    """Of few codes, of more than a table of them holds, and of more than a number holds."""
    rng = np.random.default_rng(0)
    rows = rng.integers(2, size=(400, 6)) * (width - 1) + rng.integers(2, size=(400, 6)) - 1
    first, of = sums.find_kinds(*rows.T)
    values, inverse = np.unique(rows, axis=0, return_inverse=True)
    np.testing.assert_array_equal(of, np.ravel(inverse))
    np.testing.assert_array_equal(rows[first], values)


@pytest.mark.parametrize("samples", [4, 60])
@pytest.mark.parametrize("open_ended", [False, True])
def test_columns_by_kind_are_those_cell_by_cell(samples, open_ended):
    rng = np.random.default_rng(samples)
    n = 600
    counts = rng.multinomial(samples, rng.dirichlet([1.0, 0.3, 0.3, 0.3, 0.1], n))
    choices = np.full(n, np.inf) if open_ended else rng.choice([4, 5], n)
    cells = LetterCells(counts[:, 0], counts[:, 1:4], counts[:, 4], choices)
    group, question = rng.integers(3, size=n), rng.integers(200, size=n)
    apart = group < 2
    found = sums.features(cells, group, question, piece=group * 2, apart=apart)
    assert (found.members is None) == (samples == 60)
    w = rng.exponential(size=(7, 200))
    v, v2, options = found(w)
    squares = (cells.wrong**2).sum(axis=1)
    p, o = found.patterns, found.options
    assert o is not None and len(p.of) == n
    for i in range(p.size):
        own = (group == p.group[i]) & (cells.right == p.right[i]) & (cells.unparsable == p.unparsable[i])
        own &= (cells.wrong.sum(axis=1) == p.split[i]) & (choices == p.choices[i])
        assert (p.of[own] == i).all() and own.any() and (apart[own] == p.apart[i]).all()
        np.testing.assert_allclose(v[:, i], w[:, question[own]].sum(axis=1))
        np.testing.assert_allclose(v2[:, i], (w[:, question[own]] * squares[own]).sum(axis=1), atol=1e-12)
    for i, (block, j) in enumerate(zip(o.block, o.steps)):
        own = (group == o.group[block]) & (choices - 1 == o.kinds[block])
        tail = (cells.wrong > j).sum(axis=1) * own
        np.testing.assert_allclose(options[:, i], w[:, question] @ tail)


@pytest.mark.parametrize("kept", [0, letters.KEPT])
def test_statements_about_whole_groups_are_those_of_their_pieces(monkeypatch, kept):
    """From the fit's own columns, kept or made again, as from columns made for the sets."""
    monkeypatch.setattr(letters, "KEPT", kept)
    rng = np.random.default_rng(1)
    n = 120
    counts = rng.multinomial(6, [0.5, 0.2, 0.2, 0.1], n)
    cells = LetterCells(counts[:, 0], counts[:, 1:], np.zeros(n, int), np.full(n, 4))
    group = np.arange(n) % 4
    found = letters.LetterBootstrap(
        cells, group, Questions(np.arange(n) // 4), AnswerPrior(), rng.random((n, 3)), 30, 5
    )
    sets = np.array([1, 0, 1, 2])[group]
    assert letters.of_groups(group, sets) is not None
    whole = [found.means(sets, implied=False), found.powers(sets)]
    monkeypatch.setattr(letters, "of_groups", lambda *_: None)
    apart = [found.means(sets, implied=False), found.powers(sets)]
    for name in ("latent", "centre"):
        np.testing.assert_allclose(getattr(whole[0], name), getattr(apart[0], name), rtol=1e-12)
    for one, other in zip(whole[1], apart[1]):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    assert letters.of_groups(group, np.where(np.arange(n) < 9, 3, sets)) is None
    assert letters.of_groups(group, np.where(group == 3, -1, sets)) is None
