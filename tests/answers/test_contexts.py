"""Few-shot contexts: the marginal likelihood against quadrature, the null, recovery of the share of variance."""

from itertools import product

import numpy as np
import pytest
from scipy import integrate, stats

from hotmess.answers.contexts import GRID, context_posterior
from hotmess.errors import BadInput
from hotmess.simulate import simulate


def by_context(world):
    """Counts by context of a one-model world, the target first."""
    cells, samples = world.answer.shape[1], world.answer.shape[3]
    contexts = int(world.context.max()) + 1
    owner = np.repeat(np.arange(cells), samples) * contexts + world.context[0, :, 0].ravel()
    flat = np.bincount(owner * world.options + world.answer.ravel(), minlength=cells * contexts * world.options)
    return flat.reshape(-1, world.options), np.repeat(np.arange(cells), contexts)


def posterior(world, **options):
    counts, cell = by_context(world)
    cells = world.answer.shape[1]
    settings = {"a": np.full(cells, 0.6), "kappa": np.full(cells, 1.0), "phi": np.full(cells, 1.0)}
    return context_posterior(counts, cell, np.ones((cells, world.options), bool), **settings, **options)


def test_marginal_likelihood_against_quadrature():
    counts = np.array([[2, 1], [3, 0], [0, 3], [1, 2], [3, 0], [3, 0]])
    cell = np.array([0, 0, 0, 1, 1, 1])
    a, kappa = np.array([0.6, 0.4]), np.array([3.0, 2.0])
    out = context_posterior(
        counts, cell, np.ones((2, 2), bool), a=a, kappa=kappa, phi=np.ones(2), points=40_000, draws=10
    )
    for i in (0, 10, 30, 50):
        expected = 0.0
        for c in range(2):
            prior = stats.beta(kappa[c] * a[c], kappa[c] * (1 - a[c]))

            def integrand(p, c=c, rho=GRID[i], prior=prior):
                like = 1.0
                for x, y in counts[cell == c]:
                    terms = [p * (1 - rho) + j * rho for j in range(x)]
                    terms += [(1 - p) * (1 - rho) + j * rho for j in range(y)]
                    like *= np.prod(terms) / np.prod([(1 - rho) + j * rho for j in range(x + y)])
                return like * prior.pdf(p)

            expected += np.log(integrate.quad(integrand, 0, 1, limit=200)[0])
        assert out.log_likelihood[0, i] == pytest.approx(expected, abs=0.03)


def test_over_all_outcomes_of_a_small_nested_design_it_is_the_prior_again():
    """Two contexts of two responses: every outcome has its probability, and posteriors average to the prior.

    E rho = 1/5; the part of contexts is E rho times E 2a(1 − a), a ~ Beta(1.8, 1.2).
    """
    cuts = np.r_[0, (GRID[1:] + GRID[:-1]) / 2, 1]
    prior, one = np.diff(stats.beta.cdf(cuts, 1, 4)), np.ones(1)
    total, share, part = np.zeros(len(GRID)), 0.0, 0.0
    for x, y in product(range(3), repeat=2):
        counts = np.array([[x, 2 - x], [y, 2 - y]])
        settings = {"a": 0.6 * one, "kappa": 3 * one, "phi": one, "points": 4000, "draws": 2000, "seed": 1}
        out = context_posterior(counts, np.zeros(2, int), np.ones((1, 2), bool), **settings)
        chance = (1 + (x == 1)) * (1 + (y == 1)) * np.exp(out.log_likelihood[0])
        total += chance
        share += (chance * prior).sum() * out.rho.mean()
        part += (chance * prior).sum() * out.context_variance.mean()
    assert total == pytest.approx(np.ones(len(GRID)), abs=0.01)
    assert share == pytest.approx(0.2, abs=0.008)
    assert part == pytest.approx(0.2 * 2 * 0.6 * 0.4 * 3 / 4, abs=0.004)


def test_contexts_that_matter_and_contexts_that_do_not():
    matters = posterior(simulate("contexts", seed=1, questions=150), seed=2)
    low, high = np.quantile(matters.rho, [0.005, 0.995])
    assert low < 0.2 < high
    assert high - low < 0.2
    assert matters.log_bayes_factor[0] > 5
    share = matters.context_variance.sum(1) / matters.terms.variance.sum(1)
    np.testing.assert_allclose(share, matters.rho[:, 0], rtol=1e-4)
    assert np.quantile(matters.effective, 0.05) > 20

    null = posterior(simulate("contexts-none", seed=1, questions=150), seed=2)
    assert null.log_bayes_factor[0] < -1
    assert np.quantile(null.rho, 0.95) < 0.08


def test_terms_are_those_of_the_questions():
    world = simulate("contexts", seed=4, questions=200)
    out = posterior(world, seed=3)
    ratio = out.terms.variance.sum(1) / out.terms.error.sum(1)
    assert abs(ratio.mean() - world.truth["incoherence_these"]) < 4 * ratio.std()


def test_groups_have_their_own_share():
    both = [by_context(simulate(name, seed=5, questions=80)) for name in ("contexts", "contexts-none")]
    counts = np.concatenate([c for c, _ in both])
    cell = np.concatenate([both[0][1], both[1][1] + 80])
    out = context_posterior(
        counts,
        cell,
        np.ones((160, 4), bool),
        a=np.full(160, 0.6),
        kappa=np.ones(160),
        phi=np.ones(160),
        group=np.repeat([0, 1], 80),
        draws=400,
    )
    assert (out.rho[:, 0] > out.rho[:, 1]).mean() > 0.99


def test_one_option_is_refused():
    with pytest.raises(BadInput, match="fewer than two options"):
        context_posterior(
            np.ones((1, 2), int),
            np.zeros(1, int),
            np.array([[True, False]]),
            a=np.ones(1),
            kappa=np.ones(1),
            phi=np.ones(1),
        )
