"""From responses to a fit: groups, pointwise likelihood, paired weights, NUTS against the grid, files, refusals."""

import numpy as np
import pandas as pd
import pytest

from hotmess.answers.closed import ENOUGH
from hotmess.answers.fit import fit
from hotmess.answers.fit_sets import aggregated
from hotmess.answers.groups import find_groups, letter_cells
from hotmess.answers.parameters import group_parameters
from hotmess.answers.population import aggregate, question_weights
from hotmess.answers.tails import log_likelihood_accuracy, log_likelihood_wrong, tail_counts
from hotmess.decompose.grouping import question_index
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import diagnose
from hotmess.responses.cells import reduce
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


def responses(*, unparsable=0.0, seed=1, **changes):
    world = simulate("correlated-models", seed=seed, **({"questions": 40, "samples": 6, "models": 3} | changes))
    table = world.table
    lost = np.random.default_rng(seed).random(len(table)) < unparsable
    return validate(table.assign(answer=np.where(lost, -1, table["answer"])))


@pytest.fixture(scope="module")
def lost():
    return responses(unparsable=0.1)


@pytest.fixture(scope="module")
def grid(lost):
    return fit(lost, seed=3, draws=500)


# --- cells and groups -------------------------------------------------------------------------------------------


def mixed():
    rows = [("q1", 4, 2, "ABCCD?"), ("q2", 3, 0, "AABC??"), ("q3", 2, 1, "AB?BBB")]
    frame = pd.DataFrame(
        [
            {"model": "m", "question": q, "answer": -1 if x == "?" else "ABCD".index(x), "target": t, "n_choices": c}
            for q, c, t, letters in rows
            for x in letters
        ]
    )
    return reduce(validate(frame))


def test_letters_have_the_target_first():
    letters = letter_cells(mixed())
    assert letters.right.tolist() == [2, 2, 4]
    assert letters.wrong.tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 0]]
    assert letters.unparsable.tolist() == [1, 2, 1] and letters.choices.tolist() == [4, 3, 2]


def test_unparsable_as_wrong_is_one_more_option_next_to_the_others():
    letters = letter_cells(mixed(), unparsable="wrong")
    assert letters.wrong.tolist() == [[1, 1, 1, 1], [1, 1, 2, 0], [1, 1, 0, 0]]
    assert not letters.unparsable.any() and letters.choices.tolist() == [5, 4, 3]


def test_a_formula_gives_a_standardised_design(lost):
    table = lost.table.assign(model_size_b=lost.table["model"].map({f"model-{i}": 2.0**i for i in range(3)}))
    table["level"] = np.where(table["question"] < "q00020", "low", "high")
    cells = reduce(validate(table), split=["level"])
    groups = find_groups(cells, "level * log(model_size_b)")
    assert len(groups.table) == 6 and groups.names[0] == "Intercept" and len(groups.names) == 4
    np.testing.assert_array_equal(groups.design[:, 0], 1)
    np.testing.assert_allclose(groups.design[:, 1:].mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(groups.design[:, 1:].std(0), 1)
    sizes = np.log(groups.table["model_size_b"].to_numpy(float))
    column = groups.names.index("log(model_size_b)")
    np.testing.assert_allclose(groups.design[:, column], (sizes - sizes.mean()) / sizes.std())
    assert len(set(groups.labels)) == 6
    assert np.bincount(groups.unit).tolist() == [2, 2, 2]  # the formula's own variables share a model's residual
    for row, group in zip(cells.table.itertuples(), groups.index):
        assert groups.table.loc[group, ["model", "level"]].tolist() == [row.model, row.level]


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("modle", "names 'modle', which is no column"),
        ("log(model_size_b)", "missing values"),
        ("model +* 2", "cannot be used"),
        ("log(zero)", "not finite"),
    ],
)
def test_formulas_that_cannot_be_used_are_refused(lost, formula, sentence):
    table = lost.table.assign(zero=0.0)
    cells = reduce(validate(table), split=["zero"])
    with np.errstate(divide="ignore"), pytest.raises(BadInput, match=sentence.replace("(", r"\(")):
        find_groups(cells, formula)


def test_groups_by_a_column_that_is_not_there(lost):
    with pytest.raises(BadInput, match="no column 'tier'"):
        find_groups(reduce(lost), None, columns=["tier"])


# --- the fit ----------------------------------------------------------------------------------------------------


def test_pointwise_log_likelihoods_add_up_to_the_collapsed_one_in_every_draw(grid):
    letters, index = grid.letters, grid.groups.index
    size = len(grid.groups.table)
    tails = tail_counts(
        letters.right, letters.wrong, index, groups=size, options=letters.choices - 1, unparsable=letters.unparsable
    )
    post = group_parameters(grid.data["posterior"].dataset, grid.groups)
    a, kappa, phi = 1 / (1 + np.exp(-post["logit_a"])), np.exp(post["log_kappa"]), np.exp(post["log_phi"])
    whole = log_likelihood_accuracy(tails, a.T, kappa.T) + log_likelihood_wrong(tails, phi.T)
    lost = tail_counts(
        letters.unparsable,
        letters.wrong.sum(1, keepdims=True),
        index,
        groups=size,
        options=np.full(len(index), 2),
    )
    u, psi = 1 / (1 + np.exp(-post["logit_u"])), np.exp(post["log_psi"])
    whole = whole + log_likelihood_accuracy(lost, u.T, psi.T)
    pointwise = grid.data["log_likelihood"]["responses"]
    assert dict(pointwise.sizes) == {"chain": 4, "draw": 500, "question": 40}
    np.testing.assert_allclose(pointwise.sum("question").values.ravel(), whole.sum(0), rtol=2e-6)


def test_loo_works_on_the_collapsed_likelihood(grid):
    from arviz_stats import loo

    result = loo(grid.data, pointwise=True)
    assert float(result.pareto_k.max()) < 0.7
    assert result.n_data_points == 40 and 0 < result.p < 20


def test_the_fit_finds_the_truth_of_its_own_world():
    data = simulate("beta", seed=4, questions=400, samples=10)
    found = fit(validate(data.table), seed=1, draws=500, pointwise=False)
    row = found.incoherence(interval=0.99).iloc[0]
    assert row["incoherence_low"] < data.truth["incoherence"] < row["incoherence_high"] and row["reliable"]
    these = found.draws(population="these")
    assert abs(these.variance.mean() - data.truth["variance_these"]) < 4 * these.variance.std()
    assert abs(these.bias2.mean() - data.truth["bias2_these"]) < 4 * these.bias2.std()
    wide, narrow = found.draws().incoherence.std(), these.incoherence.std()
    assert wide > 2 * narrow


def test_error_is_bias_plus_variance_in_every_draw(grid):
    for metric in ("brier", "kl"):
        sets, like = grid.draws(metric=metric, population="these"), grid.statement(metric=metric).latent
        np.testing.assert_allclose(sets.bias2 + sets.variance, sets.error, rtol=1e-5)
        np.testing.assert_allclose(like[..., 1] + like[..., 2], like[..., 0], rtol=1e-5)
        assert ((sets.incoherence > 0) & (sets.incoherence < 1)).all()
    assert np.isnan(grid.draws(metric="zero-one").incoherence).all()


def test_moments_rebuild_incoherence_with_unparsable_as_one_more_wrong_option(grid):
    from hotmess.decompose.parts import from_moments, incoherence

    wrong = grid.unparsable_as_wrong
    assert wrong.unparsable == "wrong" and not wrong.letters.unparsable.any()
    latent = wrong.statement().latent
    expected = {
        "these": wrong.draws(population="these").incoherence,
        "like-these": (latent[..., 2] / latent[..., 0]).reshape(4, -1, latent.shape[1]),
    }
    for population, own in expected.items():
        rebuilt = from_moments(grid.moments(population=population))
        np.testing.assert_allclose(incoherence(*np.moveaxis(rebuilt, -1, 0)), own, atol=2e-6)


def test_many_questions_with_unparsable_answers_agree_with_their_draws():
    many = fit(responses(unparsable=0.1, questions=ENOUGH, models=1), seed=3, draws=500)
    closed = many.draws(population="these")
    terms = aggregated(many, [many.terms().error, many.terms().bias2], ["model"], "these")[1]
    for mine, drawn in zip((closed.error, closed.bias2), terms):
        assert abs(mine.mean() - drawn.mean()) < 0.1 * drawn.std() and abs(mine.std() / drawn.std() - 1) < 0.15


def test_question_weights_are_the_same_for_every_model():
    table = pd.DataFrame(
        [
            {"benchmark": b, "question": q, "model": m, "responses": 3}
            for m in "xy"
            for b in "AB"
            for q in ("q1", "q2", "q3")
        ]
    )
    values = np.tile(np.random.default_rng(0).random((40, 6)), 2)  # both models alike
    sets, out = aggregate([values], table, ["model"], population="like-these", seed=1, chains=4)
    np.testing.assert_array_equal(out[0, ..., 0], out[0, ..., 1])
    assert sets["questions"].tolist() == [6, 6] and sets["responses"].tolist() == [18, 18]
    _, parts = aggregate([values], table, ["model", "benchmark"], population="like-these", seed=1, chains=4)
    np.testing.assert_array_equal(parts[0, ..., 0], parts[0, ..., 2])
    shuffled = np.random.default_rng(1).permutation(12)
    _, again = aggregate(
        [values[:, shuffled]], table.iloc[shuffled].reset_index(), ["model"], population="like-these", seed=1, chains=4
    )
    np.testing.assert_allclose(out, again)
    _, these = aggregate([values], table, ["model"], population="these", seed=1, chains=4)
    np.testing.assert_allclose(these[0, ..., 0].ravel(), values[:, :6].mean(1))
    assert question_index(table).tolist() == [*range(6), *range(6)]


def test_weights_for_questions_like_these_are_a_flat_dirichlet():
    q, draws = 5, 20_000
    w = question_weights(q, draws, population="like-these", seed=2)
    np.testing.assert_allclose(w.sum(1), q)
    variance = q**2 * (q - 1) / (q**2 * (q + 1))
    assert (abs(w.mean(0) - 1) < 4 * np.sqrt(variance / draws)).all()
    assert abs(w.var() / variance - 1) < 0.05
    with pytest.raises(BadInput, match="population"):
        question_weights(q, 3, population="those", seed=0)


def test_seeds_reproduce_exactly(lost, grid):
    again, other = (fit(lost, seed=s, draws=500, pointwise=False) for s in (3, 4))
    for name in ("logit_a", "log_kappa", "log_phi", "logit_u", "log_psi"):
        np.testing.assert_array_equal(again.data["posterior"][name], grid.data["posterior"][name])
    np.testing.assert_array_equal(again.draws().incoherence, grid.draws().incoherence)
    assert not np.array_equal(other.draws().incoherence, grid.draws().incoherence)


def test_a_fit_comes_back_from_its_file(grid, tmp_path):
    from hotmess.inference.store import load_tree

    grid.save(str(tmp_path / "fit.nc"))
    back = load_tree(tmp_path / "fit.nc")
    np.testing.assert_array_equal(back["posterior"]["logit_a"], grid.data["posterior"]["logit_a"])
    assert {"posterior", "sample_stats", "log_likelihood", "log_prior", "observed_data", "constant_data"} <= set(
        back.children
    )


def test_too_few_draws_are_not_reliable(lost):
    few = fit(lost, seed=1, draws=20, pointwise=False)
    assert not few.gate.passed and not few.summary()["reliable"].any()


@pytest.mark.parametrize(
    ("change", "options", "sentence"),
    [
        ({"samples": 1}, {}, "one response only"),
        ({}, {"engine": "grid", "formula": "model"}, "cannot pool"),
        ({}, {"engine": "magic"}, "'grid' or 'nuts'"),
        ({}, {"by": ["tier"]}, "no column 'tier'"),
    ],
)
def test_refusals(change, options, sentence):
    with pytest.raises(BadInput, match=sentence):
        fit(responses(questions=6, **change), **options)


@pytest.mark.parametrize("outcome, sentence", [("probs", "not of cells"), ("embedding", "no target")])
def test_cells_with_another_model_or_none_say_so(outcome, sentence):
    vectors = [np.array([0.2, 0.8]), np.array([0.6, 0.4])]
    frame = pd.DataFrame({"model": "m", "question": ["a", "a"], outcome: vectors, "target": 0})
    with pytest.raises(NotTestable, match=sentence):
        fit(reduce(validate(frame)))


def matches(first, second, names):
    for name in names:
        for i in range(first[name].shape[-1]):
            x, y = first[name].values[..., i], second[name].values[..., i]
            (rhat, ex, _), (_, ey, _) = diagnose(x), diagnose(y)
            assert rhat < 1.02
            assert abs(x.mean() - y.mean()) < 4 * np.sqrt(x.var() / ex + y.var() / ey), (name, i)
            spread = 0.5 * x.var() / ex + 0.5 * y.var() / ey
            assert abs(x.std() - y.std()) < 4 * np.sqrt(2 * spread), (name, i)


@pytest.mark.slow
def test_nuts_and_the_grid_agree(lost, grid):
    nuts = fit(lost, engine="nuts", seed=5, draws=500, warmup=400, pointwise=False)
    names = ("logit_a", "log_kappa", "log_phi", "logit_u", "log_psi")
    matches(nuts.data["posterior"].dataset, grid.data["posterior"].dataset, names)


@pytest.mark.slow
def test_a_formula_pools_groups_towards_its_regression():
    world = simulate("scale", seed=2, questions=60, samples=6, residual=0.0)
    data = validate(world.table)
    pooled = fit(data, "log(model_size_b)", by=["difficulty"], seed=1, draws=500, warmup=500, pointwise=False)
    alone = fit(data, by=["difficulty"], seed=1, draws=500, pointwise=False)
    assert pooled.gate.divergences == 0
    assert max(r for r, *_ in pooled.gate.values.values()) < 1.03
    spread = [f.data["posterior"]["log_kappa"].values.std(axis=(0, 1)).mean() for f in (pooled, alone)]
    assert spread[0] < spread[1]
    assert pooled.data["posterior"]["coefficients"].shape[2:] == (3, 2)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("(" * 21 + "model_size_b" + ")" * 21, "too large"),
        ("+".join(["model_size_b"] * 100), "too large"),
        ("*".join(["model"] * 14), "too large"),
        ("model_size_b ** 7", "too large"),
        ("(model_size_b) ^ 100000", "too large"),
        ("I(__import__(chr(111)))", "calls '__import__'"),
        ("open (model)", "calls 'open'"),
        ("model_size_b.map(print)", "calls 'map'"),
    ],
)
def test_formulas_are_small_and_run_nothing(formula, words):
    from hotmess.answers.groups import _plain

    with pytest.raises(BadInput, match=words) as refused:
        _plain(formula)
    assert len(str(refused.value)) < 400


def test_where_nothing_is_wrong_the_prior_is_not_shown_as_a_finding():
    from hotmess.answers.latent_records import decompose_noted

    rng = np.random.default_rng(0)
    rows = [(m, f"q{q}", 0 if m == "a" else int(rng.integers(3))) for m in "ab" for q in range(30) for _ in range(5)]
    frame = pd.DataFrame(rows, columns=["model", "question", "answer"]).assign(target=0, n_choices=4)
    records, notes = decompose_noted(validate(frame), draws=100)
    assert [r["reliable"] for r in records] == [False, True]
    assert "no response of a is wrong" in notes[0] and len(notes) == 1
    assert fit(validate(frame), draws=100).summary(by=[])["reliable"].tolist() == [True]
    records, notes = decompose_noted(validate(frame[frame["model"] == "a"]), by=[], draws=100)
    assert not records[0]["reliable"] and "no response is wrong" in notes[0]
