"""Latent positions: exact moments by enumeration, Pólya's urn, the whole way from a table to terms."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from hotmess.answers.fit import fit
from hotmess.answers.position_cells import NAMED, position_cells
from hotmess.answers.positions import cell_log_likelihood, pair_variance, position_draws
from hotmess.answers.resemblance import PAIRS
from hotmess.answers.tails import log_likelihood_accuracy, log_likelihood_wrong, tail_counts
from hotmess.decompose.squared import plug_in, unbiased
from hotmess.errors import NotTestable
from hotmess.responses.cells import reduce
from hotmess.responses.validate import validate

A, KAPPA, PHI, U, PSI = 0.4, 1.5, 2.0, 0.3, 1.2
LOGIT = {"logit_a": np.log(A / (1 - A)), "log_kappa": np.log(KAPPA), "log_phi": np.log(PHI)}
LOGIT |= {"logit_u": np.log(U / (1 - U)), "log_psi": np.log(PSI)}


def parameters(draws, groups=1):
    return {k: np.full((draws, groups), v) for k, v in LOGIT.items()}


def table(outcome, values, **more):
    """One question per list of values."""
    rows = [(f"q{i}", v) for i, mine in enumerate(values) for v in mine]
    return pd.DataFrame({"model": "m", "question": [q for q, _ in rows], outcome: [v for _, v in rows], **more})


def of_tests(*patterns, new=None):
    more = {} if new is None else {"new_tests": new}
    return reduce(
        validate(table("tests", [[np.array([int(c) for c in p]) for p in mine] for mine in patterns], **more))
    )


def scores(*values):
    return reduce(validate(table("score", values)))


def texts(*answers):
    return reduce(validate(table("text", answers, target="right")))


COPIES, DRAWS = 400, 15  # the same question many times: as many draws, in a fraction of the time


def drawn(cells, seed):
    """Without what other questions say of resemblance: the nest alone."""
    cells = replace(cells, alike=None)
    return position_draws(cells, np.zeros(COPIES, int), parameters(DRAWS), seed=seed)


def close(draws, value):
    draws = draws.ravel().astype(float)
    assert draws.mean() == pytest.approx(value, abs=4.5 * draws.std() / np.sqrt(len(draws)))


# --- exact expectations ---------------------------------------------------------------------------------------------


def dirichlet_square(alpha, across):
    """E[wᵀ across w] and E w for w ~ Dirichlet(alpha)."""
    total = alpha.sum()
    second = (np.outer(alpha, alpha) + np.diag(alpha)) / (total * (total + 1))
    return (second * across).sum(), alpha / total


def nest(right, origin, split):
    """E of a, u, v (mass elsewhere), and of u², uv, v²."""
    b = np.array([KAPPA * (1 - A) + origin + split, KAPPA * A + right])
    share = np.array([PSI * U + origin, PSI * (1 - U) + split])
    mean = lambda x: x[0] / x.sum()  # noqa: E731
    square = lambda x: x[0] * (x[0] + 1) / (x.sum() * (x.sum() + 1))  # noqa: E731
    m, s = mean(b), square(b)
    u, uu = mean(share), square(share)
    return m * u, m * (1 - u), s * uu, s * (u - uu), s * (1 - 2 * u + uu)


def exact_tests(patterns, new):
    """Error and bias² of one cell of three tests, over all eight patterns."""
    every = [np.array(p) for p in product([0, 1], repeat=3)]
    inner = [p for p in every if 0 < p.sum() < 3]
    seen = [tuple(int(c) for c in p) for p in patterns]
    right, origin = seen.count((1, 1, 1)), seen.count((0, 0, 0))
    base = np.array([1 / 6 for _ in inner])  # k = 1, 2 alike, three patterns each
    if new:
        only = np.array([tuple(p) == tuple([0] * new + [1] * (3 - new)) for p in inner])
        base = (1 - NAMED) * base + NAMED * only
    counts = np.array([seen.count(tuple(p)) for p in inner])
    d = np.array([(p - 1) / np.sqrt(3) for p in inner])
    u, v, uu, uv, vv = nest(right, origin, counts.sum())
    square, mean = dirichlet_square(PHI * base + counts, d @ d.T)
    at_origin = -np.ones(3) / np.sqrt(3)
    error = u + v * (mean * (d**2).sum(1)).sum()
    return error, uu + 2 * uv * (mean @ d) @ at_origin + vv * square


@pytest.mark.parametrize("new", [None, 1, 2])
@pytest.mark.parametrize("patterns", [("111", "011", "011", "010", "000"), ("111", "111"), ("001", "001", "001")])
def test_moments_of_test_patterns_are_those_of_all_patterns(patterns, new):
    cells = position_cells(of_tests(*[patterns] * COPIES, new=new))
    terms = drawn(cells, 1)[0]["squared"]
    error, bias2 = exact_tests(patterns, new)
    for name, value in (("error", error), ("bias2", bias2)):
        close(getattr(terms, name), value)


def test_moments_of_free_text_are_those_of_the_ewens_limit():
    answers = ["right", "right", "b", "b", "b", "c", None]
    cells = position_cells(texts(*[answers] * COPIES))
    assert (cells.right[0], cells.unparsable[0], sorted(cells.wrong[0])) == (2, 1, [1, 3])
    terms, unseen = drawn(cells, 1)
    u, v, uu, uv, vv = nest(2, 1, 4)
    h = (3 * 4 + 1 * 2 + PHI) / ((4 + PHI) * (5 + PHI))
    wanted = {"error": u + 2 * v, "bias2": uu + 2 * uv + vv * (1 + h)}
    for name, value in wanted.items():
        close(getattr(terms["squared"], name), value)
    close(unseen, v * PHI / (4 + PHI))
    close(terms["zero-one"].error, u + v)


def test_moments_of_scores_are_those_of_a_dirichlet_process():
    cells = position_cells(scores(*[[1.0, 0.0, 0.25, 0.25, 0.5]] * COPIES))
    terms = drawn(cells, 2)[0]["squared"]
    u, v, uu, uv, vv = nest(1, 1, 3)
    # Elsewhere: d = 0.75 (twice), 0.5, and uniform with weight phi.
    total = 3 + PHI
    mean = (2 * 0.75 + 0.5 + PHI / 2) / total
    square = (2 * 0.75**2 + 0.5**2 + PHI / 3) / total
    second = (square + total * mean**2) / (total + 1)  # E of a Dirichlet process' squared mean
    for name, value in (("error", u + v * square), ("bias2", uu + 2 * uv * mean + vv * second)):
        close(getattr(terms, name), value)


def test_one_test_or_pass_and_fail_leave_nothing_between():
    for cells in (position_cells(of_tests(("1", "0", "0"))), position_cells(scores([1.0, 0.0, 0.0]))):
        terms, unseen = position_draws(cells, np.zeros(1, int), parameters(500), seed=1)
        assert not cells.rest[0] and not unseen.any()
        p = terms["squared"].error[:, 0]
        np.testing.assert_allclose(terms["squared"].variance[:, 0], p * (1 - p), atol=1e-6)


# --- what questions say together ------------------------------------------------------------------------------------


def test_new_positions_resemble_those_seen_as_far_as_these_resemble_each_other():
    """Pairs 0.9 and 0.8, 0.2 and 0.1 of one question each: alike. Pairs across: not."""
    near = position_cells(scores(*[[0.9, 0.8], [0.2, 0.1]] * 50)).alike
    far = position_cells(scores(*[[0.9, 0.2], [0.8, 0.1]] * 50)).alike
    # Around the base's mean of 1/2 products of pairs are 0.12 and squares 0.125, over 200 pairs and positions.
    between, whole = 200 * 0.12 / (200 + PAIRS), (200 * 0.125 + PAIRS / 12) / (200 + PAIRS)
    rho = between / whole
    np.testing.assert_allclose(near.weight, 2 * rho / (1 + rho))
    np.testing.assert_allclose(far.weight, 0.0)
    assert not near.cross.any() and not near.mutual.any()  # scores lie on the line


def test_across_the_line_new_patterns_are_aligned_with_those_seen():
    cells = position_cells(of_tests(*[("1100", "1010")] * 30, *[("0011", "0101")] * 30))
    # d is (0, 0, -1, -1)/2 and (0, -1, 0, -1)/2: half of it across the line each, 1/4, and no product of the two.
    np.testing.assert_allclose(cells.across[0], [[0.25, 0.0], [0.0, 0.25]], atol=1e-12)
    np.testing.assert_allclose(cells.alike.cross, 0.0, atol=1e-12)
    cells = position_cells(of_tests(*[("11110", "01110")] * 30))
    side = cells.across[0]
    between, whole = 60 * side[0, 1] / (60 + PAIRS), (30 * np.trace(side) + PAIRS * (0.5 - 0.3)) / (60 + PAIRS)
    rho = between / whole
    s = 2 * rho / (1 + rho)
    assert 0.1 < s < 1
    np.testing.assert_allclose(cells.alike.cross[0], s * side.mean(1))
    np.testing.assert_allclose(cells.alike.mutual[0], s**2 * side.mean() + (1 - s) * between)


def test_the_variance_of_a_group_is_what_pairs_of_runs_show():
    responses = world("tests", questions=60, runs=4)
    cells = reduce(responses)
    placed = position_cells(cells)
    np.testing.assert_allclose(pair_variance(placed), unbiased(cells.points).variance, atol=1e-12)
    group = np.zeros(60, int)
    free = {k: v + (2.0 if k == "log_phi" else 0.0) for k, v in parameters(400).items()}  # far too scattered
    before = position_draws(replace(placed, alike=None), group, free, seed=1)[0]["squared"]
    after = position_draws(placed, group, free, seed=1)[0]["squared"]
    seen = pair_variance(placed).mean()
    assert before.variance.mean() > 1.1 * seen
    assert seen < after.variance.mean() < seen + 0.5 * (before.variance.mean() - seen)
    np.testing.assert_allclose(after.error, after.bias2 + after.variance, atol=1e-6)
    assert after.variance.min() >= 0 and after.bias2.min() >= 0


# --- likelihood -----------------------------------------------------------------------------------------------------


def urn(sequence, base):
    """Log probability of a sequence of (kind, share): right, origin, or the share in the base of a place elsewhere."""
    total, counts = 0.0, {}
    right = origin = split = 0
    for place in sequence:
        n = right + origin + split
        p_right = (KAPPA * A + right) / (KAPPA + n)
        p_origin = (PSI * U + origin) / (PSI + origin + split)
        if place == "right":
            total, right = total + np.log(p_right), right + 1
        elif place == "origin":
            total, origin = total + np.log((1 - p_right) * p_origin), origin + 1
        else:
            seen = counts.get(place, 0)
            share = base[place] if base else float(seen == 0)
            new = (PHI * share + seen) / (PHI + split)
            total += np.log((1 - p_right) * (1 - p_origin) * new)
            counts[place], split = seen + 1, split + 1
    return total


def test_the_likelihood_is_that_of_polyas_urn():
    cells = position_cells(of_tests(("111", "011", "011", "010", "000"), new=1))
    got = cell_log_likelihood(cells, np.zeros(1, int), parameters(1))[0, 0]
    base = {"011": NAMED + (1 - NAMED) / 6, "010": (1 - NAMED) / 6}
    assert got == pytest.approx(urn(["right", "011", "011", "010", "origin"], base))
    cells = position_cells(texts(["right", "b", "b", "c", None]))
    got = cell_log_likelihood(cells, np.zeros(1, int), parameters(1))[0, 0]
    assert got == pytest.approx(urn(["right", "b", "b", "c", "origin"], {}))


def test_tail_counts_give_the_likelihood_up_to_a_constant():
    cells = position_cells(
        of_tests(("111", "011", "010", "010", "000"), ("0111", "0111", "1010", "0000"), ("1", "0"), new=1)
    )
    group = np.array([0, 1, 0])
    tails = tail_counts(cells.right, cells.wrong, group, groups=2, options=cells.options, unparsable=cells.unparsable)
    rows = np.flatnonzero(cells.apart(group))
    assert rows.tolist() == [0, 1]
    lost = tail_counts(
        cells.unparsable[rows], cells.wrong[rows].sum(1, keepdims=True), group[rows], groups=2, options=np.full(2, 2)
    )
    rng = np.random.default_rng(0)
    draws = {k: v + rng.normal(size=(7, 2)) for k, v in parameters(7, 2).items()}
    a, u = (1 / (1 + np.exp(-draws[k])) for k in ("logit_a", "logit_u"))
    value = log_likelihood_accuracy(tails, a.T, np.exp(draws["log_kappa"]).T)
    value = value + log_likelihood_wrong(tails, np.exp(draws["log_phi"]).T)
    value = value + log_likelihood_accuracy(lost, u.T, np.exp(draws["log_psi"]).T)
    exact = cell_log_likelihood(cells, group, draws)
    exact = np.stack([exact[:, group == g].sum(1) for g in range(2)])
    gap = value - exact
    np.testing.assert_allclose(gap, gap[:, :1] * np.ones(7), atol=1e-9)


# --- from a table to terms ------------------------------------------------------------------------------------------


def world(outcome, questions=20, runs=400, seed=0):
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(questions):
        a, partial = rng.beta(1, 1), rng.beta(1, 1)
        kinds = rng.choice(3, runs, p=[a, (1 - a) * partial, (1 - a) * (1 - partial)])
        one = rng.integers(0, 2, 3)
        one[rng.integers(3)], one[(place := rng.integers(3))] = 1, 0
        middle = {"tests": one, "score": round(rng.uniform(0.1, 0.9), 2), "text": f"x{place}"}[outcome]
        right, wrong = {"tests": (np.ones(3, int), np.zeros(3, int)), "score": (1.0, 0.0), "text": ("right", "y")}[
            outcome
        ]
        values.append([(right, middle, wrong)[k] for k in kinds])
    more = {"target": "right"} if outcome == "text" else {}
    return validate(table(outcome, values, **more))


@pytest.mark.parametrize("outcome, metric", [("tests", "coverage"), ("score", "score"), ("text", "brier")])
def test_with_many_runs_the_posterior_is_at_the_shares_seen(outcome, metric):
    responses = world(outcome)
    posterior = fit(responses, seed=1, draws=150)
    own = plug_in(posterior.cells.points)
    table = posterior.summary(population="these", metric=metric)
    for name in ("error", "bias2", "variance"):
        assert table[name][0] == pytest.approx(getattr(own, name).mean(), abs=0.01)
    assert posterior.draws().metric == metric and posterior.gate.passed
    assert posterior.data["log_likelihood"]["responses"].shape == (4, 150, 20)


def test_new_answers_counts_what_was_seen_and_what_was_not():
    posterior = fit(reduce(validate(table("text", [["right", "b", "c"], ["b", "b", "d"]], target="right"))), seed=1)
    row = posterior.new_answers(["model"]).iloc[0]
    assert row["distinct"] == 2.0
    assert 0 < row["unseen_low"] < row["unseen"] < row["unseen_high"] < 0.9


def test_parts_are_of_answers_that_are_right_or_wrong():
    assert np.isfinite(fit(world("text", 6, 6), seed=1, draws=50).moments(["model"])).all()
    with pytest.raises(NotTestable, match="right or wrong"):
        fit(world("tests", 6, 6), seed=1, draws=50).moments(["model"])


def test_contexts_of_text_are_added_up_and_those_of_scores_refused():
    answers = table("text", [["right", "b", None, "b", "c", "b"]], target="right", context=list("xxxyyy"))
    cells = position_cells(reduce(validate(answers)))
    assert (cells.right[0], cells.unparsable[0], sorted(cells.wrong[0])) == (1, 1, [1, 3])
    graded = table("score", [[0.1, 0.2, 0.3, 0.4]], context=list("xxyy"))
    with pytest.raises(NotTestable, match="few-shot contexts"):
        position_cells(reduce(validate(graded)))
