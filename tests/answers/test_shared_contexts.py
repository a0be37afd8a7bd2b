"""Few-shot contexts that questions share: closed forms, what cancels, what does nothing, and coverage."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.answers.latent_records import decompose_noted
from hotmess.decompose import context_scatter
from hotmess.decompose.context_scatter import context_influence, context_moves, less_own, shared_contexts
from hotmess.interpret.sets import sets_of, source_of
from hotmess.responses.cells import reduce, take_cells
from hotmess.responses.validate import validate
from hotmess.statements.means import incoherence

STUDY = Path(__file__).parents[2] / "reports" / "studies" / "shared_contexts.py"
RIGHT = np.array([3, 2, 3, 0, 1])  # of three responses, in each of five contexts
P = RIGHT / 3
SCALE = P.std(ddof=1) / np.sqrt(5) / (P.mean() * (1 - P.mean()))  # of the logit of their mean


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


def influence(cells, rows=None, **how):
    rows = [np.arange(len(cells))] if rows is None else rows
    return context_influence(cells, shared_contexts(cells), rows, **how)


def spread_of_logits(shares):
    """The scale of a t with 4 degrees of freedom, from the quartiles."""
    low, high = np.quantile(np.log(shares / (1 - shares)), [0.25, 0.75])
    return (high - low) / (2 * stats.t.ppf(0.75, 4))


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
    """Questions are alike, so that error scatters over contexts alone: its logit as t with 4 degrees of freedom."""
    responses = validate(pd.concat([table(40, model="a"), table(40, model="b")], ignore_index=True))
    fit = hm.fit(responses, draws=500, seed=1, pointwise=False)
    found = fit.statement(by=["model"]).latent[:, 0, 0]
    assert spread_of_logits(found / 2) == pytest.approx(SCALE * np.sqrt(1 - 1 / 40), rel=0.1)
    apart = fit.statement(by=["model"]).settle(lambda means: means[..., :1, 0] - means[..., 1:, 0])
    assert apart.draws.std() < 0.1 * found.std()


def test_these_questions_scatter_over_contexts_and_differences_do_not():
    """As above, of these questions: each posterior knows its own question, and what moves all of them is beside it."""
    tables = [table(40, model=m) for m in "ab"]
    fit = hm.fit(validate(pd.concat(tables, ignore_index=True)), draws=500, seed=1, pointwise=False)
    found = fit.draws(["model"], population="these").error.reshape(-1, 2)
    assert spread_of_logits(found[:, 0] / 2) == pytest.approx(SCALE * np.sqrt(1 - 1 / 40), rel=0.1)
    assert np.diff(found).std() < 0.15 * found[:, 0].std()
    moved = fit.draws(["model"], population="these", metric="kl").error
    own = fit.terms("kl").error
    np.testing.assert_allclose(moved.reshape(-1, 2)[:, 0], own[:, :40].mean(axis=1), rtol=1e-4)


def test_one_response_of_each_context_tells_of_contexts_that_questions_share():
    """The paper's own protocol: no pairs within contexts are needed, since other questions were asked under them too.
    Contexts of a question's own add nothing that its responses do not show."""
    single = [table(40).groupby(["question", "context"], as_index=False).first() for _ in "ab"]
    single[1]["context"] = single[1]["question"] + single[1]["context"]
    shared, own = (hm.fit(validate(t), draws=250, seed=1, pointwise=False) for t in single)
    for population in ("these", "like-these"):
        width = [fit.draws(["model"], population=population).error.std() for fit in (shared, own)]
        assert width[0] > 3 * width[1]


@pytest.mark.parametrize("estimator", ["unbiased", "plug-in"])
@pytest.mark.parametrize("population", ["these", "like-these"])
def test_intervals_without_a_model_hold_what_contexts_do(population, estimator):
    """Questions are alike, what scatters is the mean over contexts: half the width is t times its standard error."""
    found = hm.decompose(validate(table(60)), estimator=estimator, population=population, interval=0.9).records[0]
    error = 2 * (1 - RIGHT / 3)
    want = stats.t.ppf(0.95, 4) * error.std(ddof=1) / np.sqrt(5)
    assert (found["error_high"] - found["error_low"]) / 2 == pytest.approx(want, rel=0.06)


@pytest.mark.parametrize("estimator", ["unbiased", "plug-in"])
def test_few_contexts_leave_incoherence_an_interval(estimator):
    """Of three contexts t has tails in which error itself would be below 0: to first order incoherence moves by
    d_variance / error − incoherence d_error / error, which is what the interval for these questions has."""
    few = validate(table(60, right=lambda q: np.array([2, 1 + q % 2, q % 3, 0, 0])).query("context < 'c3'"))
    how = {"estimator": estimator, "interval": 0.9}
    like, these = (hm.decompose(few, population=p, **how).records[0] for p in ("like-these", "these"))
    width = [r["incoherence_high"] - r["incoherence_low"] for r in (like, these)]
    assert width[0] == pytest.approx(width[1], rel=0.2), width


def test_few_contexts_leave_differences_without_a_model_an_interval():
    """Beside a latent difference with an interval, and about as wide as it."""
    rights = {"a": np.array([2, 2, 1]), "b": np.array([2, 1, 1])}
    tables = [table(60, model=m, right=lambda q, right=right: np.append(right, [0, 0])) for m, right in rights.items()]
    found = hm.compare(validate(pd.concat(tables).query("context < 'c3'")), draws=250).table.iloc[0]
    width = [found[f"{name}high"] - found[f"{name}low"] for name in ("", "unbiased_")]
    assert found["quantity"] == "incoherence"
    assert width[0] == pytest.approx(width[1], rel=0.3), (found["unbiased"], width)


def test_many_contexts_are_drawn_in_blocks(monkeypatch):
    d, df = np.random.default_rng(0).normal(size=(7, 2, 3)), np.array([6, 6])
    whole = context_moves(d, df, 50, 1)
    monkeypatch.setattr(context_scatter, "BLOCK", 20)
    np.testing.assert_allclose(context_moves(d, df, 50, 1), whole, rtol=1e-12)


def test_each_set_has_the_degrees_of_freedom_of_its_own_contexts():
    """One set of three contexts and one of nine: quantiles of t with as many, less one, of the same draws."""
    drawn = context_moves(np.ones((1, 2, 3)), np.array([3, 8]), 100_000, 1)[..., 0]
    for column, df in zip(drawn.T, (3, 8), strict=True):
        assert np.quantile(column, [0.05, 0.95]) == pytest.approx(stats.t.ppf([0.05, 0.95], df), rel=0.03)
    assert (np.sign(drawn[:, 0]) == np.sign(drawn[:, 1])).all()


@pytest.mark.parametrize("contexts", [1, 2])
def test_a_benchmark_of_few_contexts_leaves_others_their_intervals(contexts):
    more = table(benchmark="y").query(f"context < 'c{contexts}'")
    alone, beside = table(benchmark="x"), pd.concat([table(benchmark="x"), more])
    how = {"by": ["benchmark"], "interval": 0.9, "population": "these"}
    want, got = (hm.decompose(validate(t), **how).records[0] for t in (alone, beside))
    for name in ("error", "bias2", "variance", "incoherence"):
        assert got[f"{name}_low"] == pytest.approx(want[f"{name}_low"], abs=1e-9), name
        assert got[f"{name}_high"] == pytest.approx(want[f"{name}_high"], abs=1e-9), name


@pytest.mark.parametrize(("contexts", "told"), [(1, True), (2, True), (3, False)])
def test_questions_asked_under_fewer_contexts_than_terms_need_are_told(contexts, told):
    """However many responses there are: a question asked under one context cannot be told from it."""
    frame = table(12, name=lambda q, k: f"c{(q + k % contexts) % 4}")
    notes = hm.decompose(validate(frame), estimator="unbiased", interval=0.9).notes
    assert any("none was asked under three" in note for note in notes) == told


def test_intervals_of_one_model_do_not_hang_on_the_others_beside_it():
    rng = np.random.default_rng(1)
    rights = {m: rng.permuted(np.tile(RIGHT, (30, 1)), axis=1) + rng.integers(0, 2, 5) for m in "abcd"}
    tables = [table(30, model=m, right=lambda q, own=own: np.minimum(own[q], 3)) for m, own in rights.items()]
    for population in ("these", "like-these"):
        how = {"estimator": "unbiased", "interval": 0.9, "population": population}
        together = hm.decompose(validate(pd.concat(tables, ignore_index=True)), **how).records
        for one, beside in zip(tables, together, strict=True):
            alone = hm.decompose(validate(one), **how).records[0]
            for name in ("error", "bias2", "variance", "incoherence"):
                width, want = (r[f"{name}_high"] - r[f"{name}_low"] for r in (beside, alone))
                assert width == pytest.approx(want, rel=1e-6 if population == "these" else 0.05), name


def test_contexts_of_which_questions_share_some():
    """Three of five: those alone scatter with other questions', as 3 s²/5² of the mean of five."""
    cells = cells_of(table(name=lambda q, k: f"c{k}" if k < 3 else f"q{q}-{k}"))
    error = 2 * (1 - RIGHT / 3)[:3]
    got = influence(cells)[:, 0, 0]
    assert (got**2).sum() == pytest.approx(3 * error.var(ddof=1) / 25 * (1 - 1 / 6))


@pytest.mark.parametrize("population", ["these", "like-these"])
def test_moments_of_accuracy_move_with_the_terms(population):
    """Of these questions they make the terms themselves; of questions like these, whose terms are settled, they scatter
    over contexts as accuracy does, s²/K, and no more than there is of it."""
    fit = hm.fit(validate(table(40)), draws=500, seed=1, pointwise=False)
    a, square, wrong = fit.moments(["model"], population=population)[..., 0, :].reshape(-1, 3).T
    assert (square >= a**2 - 1e-9).all() and (wrong >= 0).all()
    assert spread_of_logits(a) == pytest.approx(SCALE, rel=0.1)
    if population == "these":
        terms = fit.draws(["model"], population="these")
        np.testing.assert_allclose(2 * (1 - a), terms.error.ravel(), rtol=1e-5)
        bias2 = terms.bias2.ravel()
        can = bias2 >= (1 - a) ** 2  # of one-hot answers, which draws of a t this wide go beyond
        np.testing.assert_allclose((1 - 2 * a + square + wrong)[can], bias2[can], rtol=1e-3)
        assert can.mean() > 0.8


def test_tables_of_differences_move_as_fits_do():
    fit = hm.fit(validate(pd.concat([table(9, model=m) for m in "ab"])), draws=60, seed=1, pointwise=False)
    found, sets = fit.draws(["model"], population="these"), sets_of(source_of(fit), ["model"], population="these")
    np.testing.assert_allclose(sets.latent[..., 0], found.error, rtol=1e-9)
    np.testing.assert_allclose(sets.latent[..., 2], found.variance, rtol=1e-9)
    assert np.diff(sets.unbiased[..., 0]).std() < sets.unbiased[..., 0, 0].std()


def test_what_is_not_in_an_interval_is_said_beside_it():
    few = table(12)[lambda t: t["context"].isin(["c0", "c3"])]
    for frame, metric, words in (
        (table(12), "kl", "under KL loss: --metric brier has it"),
        (few, None, "asked under three"),
    ):
        responses = validate(pd.concat([frame, frame.assign(model="n")]))
        told = [hm.compare(responses, metric=metric, draws=60).notes]
        told += [decompose_noted(responses, metric=metric, interval=0.9, draws=60, chains=2)[1]]
        assert [sum(words in note for note in notes) for notes in told] == [1, 1]
    assert any("asked under three" in note for note in hm.fit(responses, draws=60, pointwise=False).notes)
    for estimator, there in (("unbiased", 1), ("plug-in", 0)):
        notes = hm.decompose(responses, estimator=estimator, interval=0.9).notes
        assert sum("asked under three" in note for note in notes) == there
    (said,) = [n for n in hm.decompose(validate(table(12)), metric="zero-one", interval=0.9).notes if "contexts" in n]
    assert "under 0/1 loss" in said
    assert not any("contexts" in n for n in hm.decompose(validate(table(12)), metric="kl", interval=0.9).notes)


def test_own_scatter_is_taken_off_the_sums_over_contexts():
    """Ten contexts move eight columns alike, variance 5, each with noise of its own, variance 1: what is left says so
    of each, and of a difference of two next to nothing, on average over data sets; without any, little."""
    rng = np.random.default_rng(2)
    found = {0.0: [], 5.0: []}
    for common, out in found.items():
        for _ in range(300):
            x = rng.normal(size=(10, 1)) * np.sqrt(common) + rng.normal(size=(10, 8))
            d = less_own((x - x.mean(axis=0)) / 3, np.eye(8), 9)
            out.append([(d[:, 0] ** 2).sum(), ((d[:, 0] - d[:, 1]) ** 2).sum()])
    none, some = (np.mean(out, axis=0) for out in found.values())
    assert some[0] == pytest.approx(5, rel=0.15) and some[1] < 0.5
    assert none[0] < 0.3 and none[1] < 0.5
    np.testing.assert_allclose(less_own(0.1 * np.eye(3), np.eye(3), 2), 0.0, atol=1e-12)
    assert less_own(np.zeros((4, 2)), np.zeros((2, 2)), 3).tolist() == [[0.0, 0.0]] * 4


def test_terms_without_unbiased_estimates_stay_as_they_are():
    fit = hm.fit(validate(table(12)), draws=60, seed=1, pointwise=False)
    plain = fit.bootstrap("kl").means(np.zeros(12, int))
    np.testing.assert_array_equal(fit.statement(metric="kl").latent, plain.latent)
    assert not np.array_equal(fit.statement().latent, fit.bootstrap().means(np.zeros(12, int)).latent)
    found = fit.statement().latent
    np.testing.assert_allclose(found[..., 0], found[..., 1] + found[..., 2])
    assert (found > 0).all() and (incoherence(found) < 1).all()


def test_the_study_holds_the_truth_where_questions_alone_do_not():
    spec = importlib.util.spec_from_file_location("shared_contexts_study", STUDY)
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    everywhere, held = study.of_all(), np.zeros((2, 2, 5), int)
    for seed in range(12):
        frame, these = study.table(100, "crossed", 3, seed)
        found, true = study.intervals(frame, seed), np.stack([everywhere, these])[:, None]
        held += (found[..., 0] < true) & (true < found[..., 1])
    assert held[:, 0].min() >= 8
    assert held[:, 0, :2].sum() >= held[:, 1, :2].sum() + 8
