"""Where more responses pay: against enumeration of all splits, and scatter worked out from its definition."""

import itertools

import numpy as np
import pytest

import hotmess as hm
from hotmess.answers.conjugate import LetterCells
from hotmess.claims.api import as_study
from hotmess.sequential.allocation import influence_sd, next_counts, neyman


@pytest.mark.parametrize("seed", range(6))
def test_no_split_of_the_same_cost_is_better(seed):
    rng = np.random.default_rng(seed)
    have, sd = rng.integers(1, 6, 4).astype(float), rng.exponential(1, 4)
    cost, total = np.ones(4), 9
    best = min(
        (np.sum(sd**2 / (have + np.array(m))), m)
        for m in itertools.product(range(total + 1), repeat=4)
        if sum(m) == total
    )
    found = neyman(have, sd, cost, total)
    assert found.sum() == total
    assert np.sum(sd**2 / (have + found)) <= best[0] * (1 + 1e-9)


def test_costs_are_kept_within_and_used():
    have, sd, cost = np.full(5, 2.0), np.array([1.0, 2.0, 0.0, 1.0, 3.0]), np.array([1, 2, 1, 3, 2])
    m = neyman(have, sd, cost, 23)
    assert 23 - cost.max() < (cost * m).sum() <= 23 and m[2] == 0


@pytest.mark.parametrize("u", [0.0, 0.2])
def test_scatter_of_influence_from_its_definition(u):
    """Variance over responses z of |z − z̄|² − I |z − y|², z one-hot or uniform, by enumeration."""
    a, w, share = 0.5, np.array([0.2, 0.3 - u]), 0.4
    cells = LetterCells(np.array([1]), np.array([[1, 1]]), np.array([1]), np.array([3]))
    positions = [*np.eye(3), np.full(3, 1 / 3)]
    p = np.array([a, *w, u])
    mean = sum(pi * z for pi, z in zip(p, positions, strict=True))
    g = np.array([((z - mean) ** 2).sum() - share * ((z - positions[0]) ** 2).sum() for z in positions])
    wanted = np.sqrt(p @ g**2 - (p @ g) ** 2)
    found = influence_sd(cells, np.array([a]), w[None], np.array([u]), np.array([share]))
    assert found[0] == pytest.approx(wanted)


def test_options_that_a_question_does_not_have_count_nothing():
    two = LetterCells(np.array([1]), np.array([[1, 0, 0]]), np.array([0]), np.array([2]))
    bare = LetterCells(np.array([1]), np.array([[1]]), np.array([0]), np.array([2]))
    one = influence_sd(two, np.array([0.7]), np.array([[0.3, 0.0, 0.0]]), np.zeros(1), np.array([0.5]))
    assert one == pytest.approx(influence_sd(bare, np.array([0.7]), np.array([[0.3]]), np.zeros(1), np.array([0.5])))


def test_it_is_the_derivative_of_the_decomposition():
    """Moving a share ε of all responses to one answer moves v − I e by ε times its influence (finite differences)."""
    p, target, share, eps = np.array([0.5, 0.3, 0.2]), np.eye(3)[0], 0.4, 1e-6

    def value(q):
        spread = sum(qi * ((z - q) ** 2).sum() for qi, z in zip(q, np.eye(3), strict=True))
        error = sum(qi * ((z - target) ** 2).sum() for qi, z in zip(q, np.eye(3), strict=True))
        return spread - share * error

    g = np.array([(value((1 - eps) * p + eps * z) - value(p)) / eps for z in np.eye(3)])
    cells = LetterCells(np.array([1]), np.array([[1, 1]]), np.array([0]), np.array([3]))
    found = influence_sd(cells, np.array([0.5]), np.array([[0.3, 0.2]]), np.zeros(1), np.array([share]))
    assert found[0] == pytest.approx(np.sqrt(p @ g**2 - (p @ g) ** 2), rel=1e-4)


def test_questions_that_scatter_are_asked_more():
    table = hm.example().table
    study = as_study(hm.read(table[table["model"] == "owl-4b"]), draws=100)
    chosen = next_counts(study, 400)
    sides = study.cells.table.groupby("question").size().iloc[0]
    assert (chosen["more"] * sides).sum() <= 400 and (chosen["more"] >= 0).all()
    assert chosen["more"].corr(chosen["sd"]) > 0.8
    again = next_counts(study, 400)
    assert chosen.equals(again)


def test_where_one_side_is_not_asked_again_answers_decide_nothing():
    study = as_study(hm.example(), draws=100)
    one = (study.cells.table["model"] == "owl-4b").to_numpy()
    asked = int(one.sum())
    chosen = next_counts(study, 3 * asked, cells=one, alike=True)
    after = chosen["responses"] + chosen["more"]
    assert chosen["more"].sum() > 0 and after.nunique() == 1
    assert next_counts(study, 3 * asked, cells=one)["more"].nunique() > 1
