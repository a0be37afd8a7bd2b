"""Few-shot contexts that questions share: closed forms, what cancels, what does nothing, and coverage."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.answers.shared_contexts import context_influence, shared_contexts
from hotmess.responses.cells import reduce, take_cells
from hotmess.responses.validate import validate
from hotmess.statements.means import incoherence

STUDY = Path(__file__).parents[2] / "reports" / "studies" / "shared_contexts.py"
RIGHT = np.array([3, 2, 3, 0, 1])  # of three responses, in each of five contexts


def table(questions=6, *, model="m", benchmark="b", name=lambda q, k: f"c{k}", right=lambda q: RIGHT):
    rows = [
        (f"q{q}", name(q, k), "A" if r < right(q)[k] else "BCD"[(q + k + r) % 3])
        for q in range(questions)
        for k in range(len(RIGHT))
        for r in range(3)
    ]
    frame = pd.DataFrame(rows, columns=["question", "context", "answer"])
    return frame.assign(model=model, benchmark=benchmark, target="A", n_choices=4)


def cells_of(*tables):
    return reduce(validate(pd.concat(tables, ignore_index=True)))


def influence(cells, rows=None):
    rows = [np.arange(len(cells))] if rows is None else rows
    return context_influence(cells.points, shared_contexts(cells), rows)


def test_the_error_scatters_as_the_mean_over_contexts_does():
    """All questions alike in each context: the variance of the mean error is s²/K, less a question's own share, 1/Q."""
    cells = cells_of(table())
    error = 2 * (1 - RIGHT / 3)
    expected = error.var(ddof=1) / 5 * (1 - 1 / 6)
    got = influence(cells)[:, 0]
    assert (got[:, 0] ** 2).sum() == pytest.approx(expected)
    np.testing.assert_allclose(got[:, 0], got[:, 1] + got[:, 2], atol=1e-12)  # error = bias² + variance, moved alike


def test_what_contexts_do_to_both_sides_cancels():
    cells = cells_of(table(model="a"), table(model="b"))
    sides = [np.flatnonzero((cells.table["model"] == m).to_numpy()) for m in "ab"]
    found = influence(cells, sides)
    assert (found[:, 0] ** 2).sum() > 0.01
    np.testing.assert_allclose(found[:, 0], found[:, 1], atol=1e-12)


def test_contexts_of_a_question_are_its_own():
    assert shared_contexts(cells_of(table(name=lambda q, k: f"q{q}-{k}"))) is None
    assert shared_contexts(reduce(validate(table().drop(columns="context")))) is None


def test_a_name_in_two_benchmarks_is_two_contexts():
    cells = cells_of(table(benchmark="x"), table(benchmark="y"))
    assert len(np.unique(shared_contexts(cells))) == 10
    x = np.flatnonzero((cells.table["benchmark"] == "x").to_numpy())
    alone = influence(take_cells(cells, x))
    both = influence(cells, [x])
    np.testing.assert_allclose(both[:5], alone, atol=1e-12)
    np.testing.assert_allclose(both[5:], 0.0, atol=1e-12)


def test_contexts_that_move_each_question_its_own_way_move_no_mean():
    """Every question is moved by a shuffle of its own: the jackknife over contexts has their own noise alone."""
    rng = np.random.default_rng(3)
    shuffles = rng.permuted(np.tile(RIGHT, (300, 1)), axis=1)
    own = influence(cells_of(table(300, right=lambda q: shuffles[q])))
    same = influence(cells_of(table(300)))
    assert (own[:, 0, 0] ** 2).sum() < 0.01 * (same[:, 0, 0] ** 2).sum()


def test_statements_scatter_over_contexts_and_differences_do_not():
    """Questions are alike, so that log error scatters over contexts alone: as t with 4 degrees of freedom."""
    responses = validate(pd.concat([table(40, model="a"), table(40, model="b")], ignore_index=True))
    fit = hm.fit(responses, draws=500, seed=1, pointwise=False)
    error = 2 * (1 - RIGHT / 3)
    found = fit.statement(by=["model"]).latent[:, 0, 0]
    low, high = np.quantile(np.log(found), [0.25, 0.75])
    scale = np.sqrt(error.var(ddof=1) / 5 * (1 - 1 / 40)) / error.mean()
    assert (high - low) / (2 * stats.t.ppf(0.75, 4)) == pytest.approx(scale, rel=0.15)
    apart = fit.statement(by=["model"]).settle(lambda means: means[..., :1, 0] - means[..., 1:, 0])
    assert apart.draws.std() < 0.1 * found.std()


def test_terms_without_unbiased_estimates_stay_as_they_are():
    fit = hm.fit(validate(table(12)), draws=60, seed=1, pointwise=False)
    plain = fit.bootstrap("kl").means(np.zeros(12, int))
    np.testing.assert_array_equal(fit.statement(metric="kl").latent, plain.latent)
    assert not np.array_equal(fit.statement().latent, fit.bootstrap().means(np.zeros(12, int)).latent)
    found = fit.statement().latent
    np.testing.assert_allclose(found[..., 0], found[..., 1] + found[..., 2])
    assert (found > 0).all() and (incoherence(found) < 1).all()


def test_the_study_holds_the_truth_where_weights_on_questions_alone_do_not():
    spec = importlib.util.spec_from_file_location("shared_contexts_study", STUDY)
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    target = study.truth()
    found = np.stack([study.intervals(100, True, seed) for seed in range(20)])
    held = ((found[..., 0] < target) & (target < found[..., 1])).sum(axis=0)
    assert held[0].min() >= 15 and held[1].sum() <= held[0].sum() - 4
