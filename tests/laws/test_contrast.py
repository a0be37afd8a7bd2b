"""The contrast of longer against shorter responses: parts, null halves, the jackknife, and the traps."""

import numpy as np
import pandas as pd
import pytest

from hotmess.decompose.parts import incoherence
from hotmess.errors import NotTestable
from hotmess.laws.contrast import (
    halved_cells,
    latent_contrast,
    natural_contrast,
    unbiased_contrast,
)
from hotmess.laws.contrast_parts import letter_estimates, letter_statistics
from hotmess.responses.cells import reduce, take_cells
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


def halves_of(name, seed=1, **changes):
    world = simulate(name, seed=seed, **({"questions": 150, "samples": 20, "budgets": 1} | changes))
    return world, halved_cells(validate(world.table))


@pytest.fixture(scope="module")
def longer():
    return halves_of("wrong-longer", questions=400, samples=40)


@pytest.mark.parametrize("source", ["latent", "unbiased"])
@pytest.mark.parametrize("population", ["like-these", "these"])
def test_parts_add_up_exactly(longer, source, population):
    _, cells = longer
    made = (
        latent_contrast(cells, seed=1, draws=50) if source == "latent" else unbiased_contrast(cells, seed=1, draws=200)
    )
    total = made.parts[population].sum(-1)
    tolerance = 5e-6 if source == "latent" else 1e-12  # question-level draws are kept in single precision
    np.testing.assert_allclose(total, made.change(population), atol=tolerance)
    assert made.source == source and made.questions == len(cells) // 2


def test_wrong_runs_that_are_merely_longer_make_the_longer_half_look_less_incoherent(longer):
    """The trap of one sample in two roles: length follows the answer here, never the answer the length."""
    world, cells = longer
    made = latent_contrast(cells, seed=1, draws=250)
    change = made.change()
    assert world.truth["gamma_nat"] == 0 and world.truth["contrast"] < -0.1
    assert abs(change.mean() - world.truth["contrast"]) < 4 * change.std()
    assert (change < 0).all()
    parts = made.parts["like-these"].mean(axis=(0, 1, 2))
    assert parts[0] < 0 and abs(parts[0]) > abs(parts[1:].sum())  # nearly all of it is accuracy: mechanical
    row = made.summary().iloc[0]
    assert row["change_low"] < row["change"] < row["change_high"] < 0
    assert row["accuracy_high"] < 0


def test_wrong_runs_that_are_merely_shorter_make_it_look_more_incoherent():
    world, cells = halves_of("wrong-shorter", questions=300, samples=40)
    change = latent_contrast(cells, seed=1, draws=250).change()
    assert world.truth["gamma_nat"] == 0 and world.truth["contrast"] > 0.1
    assert abs(change.mean() - world.truth["contrast"]) < 4 * change.std() and (change > 0).all()


def test_the_numbers_of_the_trap():
    """0.5 against 0.74: two options' worth of wrong runs, all of them longer."""
    world, cells = halves_of("wrong-longer", seed=2, questions=400, samples=40, longer=1.2, unstable_difficulty=0.0)
    made = unbiased_contrast(cells, seed=1, draws=200)
    shorter, longer = made.incoherence["like-these"].mean(axis=(0, 1))[0]
    assert longer < shorter - 0.1
    assert longer - shorter == pytest.approx(world.truth["contrast_these"], abs=0.05)


def test_halves_that_do_not_differ_show_nothing():
    z = []
    for seed in range(4):
        _, cells = halves_of("neither", seed=seed, questions=100)
        for made in (unbiased_contrast(cells, seed=seed, draws=400), latent_contrast(cells, seed=seed, draws=100)):
            change = made.change()
            z.append(change.mean() / change.std())
    assert np.abs(z).max() < 3.5 and np.abs(np.mean(z)) < 1.5


def test_heat_without_a_change_of_accuracy_order_is_found_and_not_mechanical():
    world, cells = halves_of("natural-only", questions=400, samples=40)
    made = latent_contrast(cells, seed=1, draws=250)
    assert (made.change() > 0).mean() > 0.99
    settled = made.parts["like-these"][..., 1:].sum(-1)
    assert abs(settled.mean() - world.truth["contrast_settled"]) < 4 * settled.std()
    assert (settled > 0).mean() > 0.99


def test_with_and_without_a_model_agree(longer):
    _, cells = longer
    a, b = latent_contrast(cells, seed=1, draws=100), unbiased_contrast(cells, seed=1, draws=400)
    for population in ("like-these", "these"):
        x, y = a.change(population), b.change(population)
        assert abs(x.mean() - y.mean()) < 1.0 * np.hypot(x.std(), y.std())
        assert 0.7 < x.std() / y.std() < 1.4


# --- the unbiased statistics and their jackknife -----------------------------------------------------------------


def small(contexts=False):
    rng = np.random.default_rng(0)
    rows = []
    for q in range(4):
        n = 6 + 2 * q
        answer = rng.choice([-1, 0, 1, 2], n, p=[0.15, 0.45, 0.25, 0.15])
        rows.append(
            pd.DataFrame(
                {
                    "model": "m",
                    "question": f"q{q}",
                    "answer": answer,
                    "target": 0,
                    "n_choices": 3,
                    "sample": np.arange(n),
                    **({"context": np.arange(n) // 2} if contexts else {}),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def by_pairs(answer, context):
    """variance, error, a, a², Σw² of one cell from all ordered pairs of responses in different clusters."""
    z = np.vstack([np.eye(3), np.full(3, 1 / 3)])[answer]  # −1 takes the last row, the uniform one
    hot = np.eye(4)[answer]
    pairs = context[:, None] != context[None]
    inner = lambda v: (v @ v.T)[pairs].mean()  # noqa: E731
    variance = (z**2).sum(1).mean() - inner(z)
    right = inner(hot[:, :1])
    return np.array([variance, ((z - np.eye(3)[0]) ** 2).sum(1).mean(), hot[:, 0].mean(), right, inner(hot[:, 1:])])


@pytest.mark.parametrize("contexts", [False, True])
def test_statistics_and_jackknife_by_brute_force(contexts):
    table = small(contexts)
    cells = reduce(validate(table))
    estimate, covariance = letter_statistics(cells)
    np.testing.assert_array_equal(letter_estimates(cells), estimate)
    for i, (_, cell) in enumerate(table.groupby("question")):
        answer = cell["answer"].to_numpy()
        context = cell["context"].to_numpy() if contexts else np.arange(len(cell))
        np.testing.assert_allclose(estimate[i], by_pairs(answer, context), atol=1e-12)
        names = np.unique(context)
        left = np.array([by_pairs(answer[context != c], context[context != c]) for c in names])
        brute = (len(names) - 1) / len(names) * (left - left.mean(0)).T @ (left - left.mean(0))
        np.testing.assert_allclose(covariance[i], brute, atol=1e-12)


def test_the_parts_of_a_cell_rebuild_its_incoherence_where_all_is_parsable():
    table = small()
    table["answer"] = table["answer"].clip(lower=0)
    estimate, _ = letter_statistics(reduce(validate(table)))
    mean = estimate.mean(0)
    a, square, wrong = mean[2:]
    rebuilt = incoherence(a, (square - a**2) / (a * (1 - a)), wrong / (1 - 2 * a + square))
    assert rebuilt == pytest.approx(mean[0] / mean[1])


def test_some_cells_only():
    cells = reduce(validate(small()))
    part = take_cells(cells, np.array([1, 3]))
    whole, taken = letter_statistics(cells), letter_statistics(part)
    np.testing.assert_array_equal(taken[0], whole[0][[1, 3]])
    np.testing.assert_array_equal(taken[1], whole[1][[1, 3]])
    assert part.table["question"].tolist() == ["q1", "q3"]


# --- what is refused ---------------------------------------------------------------------------------------------


def test_refusals():
    table = simulate("natural-only", seed=1, questions=10, samples=8, budgets=1).table
    with pytest.raises(NotTestable, match="no length column"):
        natural_contrast(validate(table.drop(columns="reasoning_tokens")))
    with pytest.raises(NotTestable, match="No question has responses of different"):
        natural_contrast(validate(table.assign(reasoning_tokens=7)))
    with pytest.raises(NotTestable, match="three or more responses"):
        natural_contrast(validate(table).where("sample < 4"))


def test_a_contrast_from_responses_remembers_them_and_its_seed():
    table = simulate("natural-only", seed=1, questions=30, samples=10, budgets=1).table
    responses = validate(table)
    made, again = (natural_contrast(responses, seed=4, draws=50) for _ in range(2))
    assert made.fit.source is responses
    np.testing.assert_array_equal(made.change(), again.change())
