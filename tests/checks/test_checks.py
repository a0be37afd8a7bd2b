"""Checks pass on the model's own data and fail where its assumptions do; other distributions in the Beta's place."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.checks import families
from hotmess.checks.families import FAMILIES, _nodes, _quadrature, alternatives, group_posteriors
from hotmess.checks.predictive import check, replicate, tail
from hotmess.checks.statistics import NAMES, between_models, cell_statistics, summarise
from hotmess.errors import NotTestable
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


def fitted(world, **changes):
    table = simulate(world, seed=11, **changes).table
    return hm.fit(validate(table), seed=1, draws=250, pointwise=False)


@pytest.mark.parametrize("counts", [(3, 2, 1), (0, 4, 0), (5, 0, 0), (1, 1, 1), (2, 0, 2)])
def test_statistics_are_shares_of_pairs_and_triples(counts):
    answers = np.repeat(np.arange(3), counts)
    pairs = [a == b for a, b in combinations(answers, 2)]
    triples = [a == b == c for a, b, c in combinations(answers, 3)]
    both = [a == b == 0 for a, b in combinations(answers, 2)]
    out = cell_statistics(np.array([counts[0]]), np.array([counts[1:]]))[0]
    wrong = answers[answers > 0]
    alike = [a == b for a, b in combinations(wrong, 2)]
    expected = [np.mean(pairs), np.mean(triples), np.mean(answers == 0), np.mean(both)]
    np.testing.assert_allclose(out[:4], expected)
    assert out[4] == float(len(set(answers == 0)) == 1)
    assert out[5] == float(0.25 <= np.mean(answers == 0) <= 0.75)
    np.testing.assert_allclose(out[6:], [2 * sum(alike), 2 * len(alike)])


def test_summaries_estimate_what_they_are_called():
    rng = np.random.default_rng(3)
    a, h, n, cells = 0.6, (1 + 2.0 / 3) / 3.0, 8, 60_000  # Beta(3, 2): intraclass correlation 1/6; phi = 2
    p = rng.beta(3, 2, cells)
    right = rng.binomial(n, p)
    wrong = rng.multinomial(n - right, rng.dirichlet([2 / 3] * 3, cells))
    out = dict(zip(NAMES, summarise(cell_statistics(right, wrong), np.zeros(cells, int), 1)[0]))
    squares = stats.beta(3, 2).moment(2)
    assert out["pairs"] == pytest.approx(squares + (1 - 2 * a + squares) * h, abs=0.005)
    assert out["spread"] == pytest.approx(1 / 6, abs=0.005)
    assert out["concentration"] == pytest.approx(h, abs=0.005)
    all_right = stats.betabinom(n, 3, 2).pmf([0, n]).sum()
    assert out["settled"] == pytest.approx(all_right, abs=0.005)
    assert out["middle"] == pytest.approx(stats.betabinom(n, 3, 2).pmf(range(2, 7)).sum(), abs=0.005)


def test_replicated_counts_have_the_moments_of_the_group():
    fit = fitted("beta", questions=4000, samples=6)
    one = {"logit_a": np.array([0.5]), "log_kappa": np.array([0.3]), "log_phi": np.array([-0.5])}
    right, wrong = replicate(fit.letters, fit.groups.index, one, np.random.default_rng(1))
    a, kappa, phi = 1 / (1 + np.exp(-0.5)), np.exp(0.3), np.exp(-0.5)
    out = dict(zip(NAMES, summarise(cell_statistics(right, wrong), fit.groups.index, 1)[0]))
    assert (right + wrong.sum(1) == 6).all() and right.mean() / 6 == pytest.approx(a, abs=0.015)
    assert out["spread"] == pytest.approx(1 / (1 + kappa), abs=0.02)
    assert out["concentration"] == pytest.approx((1 + phi / 3) / (1 + phi), abs=0.02)


def test_the_models_own_data_pass():
    found = check(fitted("beta", questions=200, samples=12))
    assert found.gate.passed and set(found.whole) == set(NAMES)  # one model, no contexts
    table = found.table()
    assert (table["p"] > 0).all() and len(table) == 2 * len(NAMES)
    inside = table.query("statistic == 'agreement of pairs' and set == 'whole'").iloc[0]
    assert inside["made_low"] < inside["seen"] < inside["made_high"]


def test_settled_and_open_questions_are_not_a_beta_and_the_mixture_is_offered():
    fit = fitted("mixture", questions=1500, samples=16)
    found = check(fit)
    assert not found.gate.passed and "middle" in found.failed
    assert "the model makes data with another" in found.gate.reasons[0]
    table = alternatives(fit).set_index("family")
    assert list(table.index) == list(FAMILIES) and table["log_evidence"].idxmax() == "mixture"
    assert table.loc["beta", "moved"] == 0 and (table["sd"] > 0).all()


def test_models_that_find_the_same_questions_hard_are_told_and_nothing_rests_on_it():
    found = check(fitted("correlated-models", questions=120, samples=8))
    assert "between models" in found.failed and found.gate.passed
    seen, made = found.whole["between models"]
    assert seen > 0.4 and abs(np.mean(made)) < 0.1


def test_contexts_that_matter_are_seen_and_others_are_not():
    for world, failed in (("contexts", True), ("contexts-none", False)):
        found = check(fitted(world, questions=80))
        assert ("contexts" in found.failed) is failed
        seen, made = found.whole["contexts"]
        assert abs(np.mean(made)) < 0.01 and (seen > 0.05) is failed


def test_correlation_between_models_by_hand():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 50))
    model, question = (v.ravel() for v in np.indices((3, 50)))
    direct = np.mean([np.corrcoef(x[i], x[j])[0, 1] for i, j in combinations(range(3), 2)])
    assert between_models(x.ravel(), model, question) == pytest.approx(direct)
    assert np.isnan(between_models(x[0], np.zeros(50, int), np.arange(50)))
    assert np.isnan(tail(np.nan, np.arange(9.0)))


def test_each_family_is_a_density_and_the_beta_gives_the_beta_binomial():
    u = _nodes()
    for family in FAMILIES:
        total = _quadrature(family)(np.ones((len(u), 1)))[:, 0]
        np.testing.assert_allclose(total, 1, atol=0.02)  # a very narrow Beta falls between the nodes a little
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(-6, 6, 61), np.linspace(-5, 5, 51), indexing="ij"))
    point = int(np.argmin((x - 0.4) ** 2 + (y - 0.6) ** 2))
    a, kappa = 1 / (1 + np.exp(-x[point])), np.exp(y[point])
    like = np.exp(-3 * np.logaddexp(0, -u) - 5 * np.logaddexp(0, u))
    integral = _quadrature("beta")(like[:, None])[point, 0]
    direct = stats.betabinom(8, kappa * a, kappa * (1 - a)).pmf(3) / 56
    assert integral == pytest.approx(direct, rel=1e-4)


def test_means_with_the_beta_are_those_of_the_fit():
    fit = fitted("beta", questions=60, samples=5)
    _, first, second = group_posteriors(fit.letters.right, np.full(60, 5), np.zeros(60, int), "beta")
    a = 1 - fit.terms("brier").error.astype(float) / 2
    np.testing.assert_allclose(first, a.mean(0), atol=5 * a.std(0).max() / np.sqrt(1000))
    np.testing.assert_allclose(second, (a**2).mean(0), atol=0.04)
    table = alternatives(fit, families=("beta",))
    assert table["incoherence"].iloc[0] == pytest.approx(fit.incoherence()["incoherence"].iloc[0], abs=0.02)


@pytest.mark.parametrize("together", [1, 9, 1000])
def test_groups_that_share_patterns_are_what_each_is_alone(together, monkeypatch):
    monkeypatch.setattr(families, "TOGETHER", together)
    rng = np.random.default_rng(3)
    group, total = rng.integers(0, 4, 60), rng.integers(3, 6, 60)
    right = rng.binomial(total, 0.2 + 0.2 * group)
    for family in FAMILIES:
        evidence, *means = group_posteriors(right, total, group, family)
        for g in range(4):
            mine = group == g
            alone = group_posteriors(right[mine], total[mine], np.zeros(mine.sum(), int), family)
            assert evidence[g] == pytest.approx(alone[0][0], rel=1e-12)
            np.testing.assert_allclose([m[mine] for m in means], alone[1:], rtol=1e-9)


def test_other_outcomes_are_refused():
    rows = {"model": "m", "question": ["a", "a", "b", "b"], "score": [0.0, 1.0, 0.5, 1.0]}
    with pytest.raises(NotTestable, match="letter answers"):
        check(hm.fit(validate(pd.DataFrame(rows)), draws=20, chains=2))
