"""Every posterior keeps the protocol: labelled draws, refits, leaving out, files; those of answers make statements."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.answers.answer_posterior import AnswerPosterior
from hotmess.answers.densities import fit_densities
from hotmess.ensembles import ensemble_table
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.posterior import Posterior
from hotmess.laws.embedding_model import PRIOR, law_given
from hotmess.laws.embeddings import variance_law
from hotmess.responses.validate import validate


@pytest.fixture(scope="module")
def tested():
    rng = np.random.default_rng(3)
    seen = [[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 0, 0]]  # never all wrong
    rows = {
        "question": [f"q{i % 8}" for i in range(40)],
        "model": "m",
        "tests": [seen[i] for i in rng.integers(4, size=40)],
    }
    return hm.fit(validate(pd.DataFrame(rows)), seed=1, draws=30, chains=2)


@pytest.fixture(scope="module")
def embedded():
    rng = np.random.default_rng(4)
    rows = [
        (m, f"q{q}", rng.normal(size=3) * np.exp(q / 20), 50 * (q + 1) * np.exp(0.1 * rng.normal()))
        for m in "ab"
        for q in range(12)
        for _ in range(4)
    ]
    return validate(pd.DataFrame(rows, columns=["model", "question", "embedding", "reasoning_tokens"]))


def test_a_law_of_embeddings_is_a_posterior_as_any(embedded, tmp_path):
    law = variance_law(embedded, seed=3, draws=40, chains=2)
    assert isinstance(law, Posterior) and not isinstance(law, AnswerPosterior)
    assert law.gate.independent  # exact independent draws are not judged by R-hat
    draws = law.dataset(population="these")
    assert draws["slope"].dims == ("chain", "draw", "arm") and dict(draws.sizes) == {"chain": 2, "draw": 40, "arm": 2}
    assert np.array_equal(law.refit().slopes(), law.slopes()) and law.refit(draws=20).spec.draws == 20
    rest = law.without(models=["a"], questions=["q3"])
    assert rest.arms["model"].tolist() == ["b"] and "q3" not in set(rest.questions["question"])
    law.save(str(tmp_path / "law.nc"))
    again = hm.load(tmp_path / "law.nc")
    assert again.spec == law.spec and np.array_equal(again.slopes(), law.slopes())
    with pytest.raises(BadInput, match="read from a file"):
        again.refit()


def test_the_law_of_embeddings_is_that_of_the_whole_gaussian():
    rng = np.random.default_rng(0)
    arm = np.array([0, 0, 0, 1, 1, 1, 1])
    x, y, variance = rng.normal(size=7), rng.normal(size=7), rng.uniform(0.2, 2, 7)
    level = np.eye(2)[arm]
    design = np.column_stack([level, level * x[:, None]])
    law, rest = law_given(y, x, arm, variance)
    for omega in (0.1, 0.8):
        slopes = PRIOR.slope**2 + omega**2 * np.eye(2)
        prior = np.block([[PRIOR.level**2 * np.eye(2), np.zeros((2, 2))], [np.zeros((2, 2)), slopes]])
        whole = stats.multivariate_normal(np.zeros(7), design @ prior @ design.T + np.diag(variance))
        assert law.log_likelihood(np.array([[omega]]))[0] + rest == pytest.approx(whole.logpdf(y), abs=1e-9)
        gain = prior @ design.T @ np.linalg.inv(whole.cov)
        mean, covariance = law.conditional(np.array([[omega]]))
        assert mean[0] == pytest.approx(gain @ y, abs=1e-9)
        assert covariance[0] == pytest.approx(prior - gain @ design @ prior, abs=1e-9)


def test_powers_of_the_likelihood_of_tests_know_how_probable_each_pattern_is(tested):
    """Wrong patterns by SciPy's Dirichlet-multinomial, right or wrong by its Beta-binomial."""
    prior, likelihood = fit_densities(tested)
    cells, found = tested.letters, tested.parameters()
    n, wrong = cells.right + cells.wrong.sum(1) + cells.unparsable, cells.wrong.astype(int)
    assert not cells.unparsable.any()  # nothing at the origin

    def exact(s):
        a, kappa, phi = (float(found[k][s, 0]) for k in ("logit_a", "log_kappa", "log_phi"))
        a, kappa, phi = 1 / (1 + np.exp(-a)), np.exp(kappa), np.exp(phi)
        total = 0.0
        for i in range(len(n)):
            total += stats.betabinom(int(n[i]), kappa * a, kappa * (1 - a)).logpmf(int(cells.right[i]))
            share = np.append(1 / cells.kinds[i], 1 - (1 / cells.kinds[i]).sum())  # the last: patterns not seen
            split = np.append(wrong[i], 0)[share > 1e-12]
            total += stats.dirichlet_multinomial(phi * share[share > 1e-12], int(split.sum())).logpmf(split)
        return total

    here = likelihood.ravel()
    assert here[1] - here[0] == pytest.approx(exact(1) - exact(0), abs=1e-6)
    assert prior.shape == likelihood.shape == (2, 30)


def test_what_is_worked_out_for_letters_is_not_said_of_tests(tested):
    with pytest.raises(NotTestable, match="letter answers; the outcome here is another"):
        hm.sample_size(tested)
    with pytest.raises(BadInput, match="Votes need letters"):
        ensemble_table(tested)
