"""Points as responses, the law's scales against densities written out, and the claim in worlds with known exponents."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hotmess.claims.catalogue import optimizer_bias_falls_faster_than_variance as optimizer
from hotmess.claims.rule import SUPPORTED
from hotmess.claims.study import Study
from hotmess.claims.test import test_claim as run_claim
from hotmess.errors import NotTestable
from hotmess.optimizer.end_points import add_points, end_points, in_a_norm
from hotmess.optimizer.logarithms import logarithms
from hotmess.optimizer.quadratic import Quadratic, random_quadratic
from hotmess.optimizer.rollout import decompose
from hotmess.optimizer.scales import SCALES, by_problem, rollout_law
from hotmess.responses.read import read
from hotmess.responses.validate import validate

SIZES = np.geomspace(1e3, 6e4, 6)
SWEEPS = ((0, 0), (1, 0), (2, 0), (0, 1))
PLANE = Quadratic(np.eye(2), np.zeros(2))


def world(alpha=(2.0, 0.8), *, starts=60, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for problem, training in SWEEPS:
        for size in SIZES:
            bias2, variance = (np.exp(1 - a * np.log(size / 8e3) + rng.normal(0, 0.1)) for a in alpha)
            ends = np.sqrt([bias2, 0.0]) + np.sqrt(variance / 2) * rng.normal(size=(starts, 2))
            made = {"number": problem, "seed": training, "size": int(size), "step": 9, "loss": 0.5}
            parts.append(end_points(PLANE, ends, **made))
    return pd.concat(parts, ignore_index=True)


def test_the_a_norm_is_euclidean_in_the_points_coordinates():
    problem = random_quadratic(3)
    x = np.random.default_rng(0).normal(size=(20, 4))
    away = x - np.asarray(problem.optimum, float)
    squares = np.einsum("nd,de,ne->n", away, np.asarray(problem.matrix, float), away)
    np.testing.assert_allclose((in_a_norm(problem, x) ** 2).sum(axis=1), squares, rtol=1e-6)


def test_points_replace_earlier_ones_and_decompose_as_the_rollouts_do(tmp_path):
    problem, rng = random_quadratic(1), np.random.default_rng(1)
    path, ends = tmp_path / "points.parquet", rng.normal(size=(3, 25, 4))
    for i, seed in ((0, 0), (1, 1), (2, 0)):
        add_points(end_points(problem, ends[i], number=1, seed=seed, size=2000, step=5, loss=0.3), path)
    responses = read(path)
    assert responses.outcome == "point" and len(responses) == 50 and responses.table["loss"].eq(0.3).all()
    study = Study(responses)
    table = study.cells.table
    assert table["model"].tolist() == ["imitator-2.0k-s0", "imitator-2.0k-s1"]
    direct = decompose(problem, ends[[2, 1]].transpose(0, 1, 2))
    from hotmess.decompose.squared import unbiased

    terms = unbiased(study.cells.points)
    np.testing.assert_allclose(terms.bias2, direct.bias2, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(terms.variance, direct.variance, rtol=1e-5)


def test_the_laws_table_holds_unbiased_terms_and_their_jackknife():
    table = world(starts=12)
    frame, cells = optimizer.point_terms(validate(table))
    assert len(frame) == 24 and len(cells) == 24
    row = frame[(frame["problem"] == "problem 2") & (frame["size"] == int(SIZES[3]))].iloc[0]
    mine = table[(table["question"] == "problem 2") & (table["model_size_b"] == int(SIZES[3]) / 1e9)]
    direct = decompose(PLANE, np.stack(mine["point"].tolist())[None])
    assert row["bias2"] == pytest.approx(direct.bias2[0]) and row["variance"] == pytest.approx(direct.variance[0])
    assert row["bias2_sd"] == pytest.approx(direct.bias2_sd[0], rel=1e-6)
    assert row["variance_sd"] == pytest.approx(direct.variance_sd[0], rel=1e-6)


def test_what_points_cannot_say_is_refused():
    table = world(starts=4)
    letters = pd.DataFrame({"model": "m", "question": ["q", "r"], "answer": 0, "target": 0, "n_choices": 2})
    for rows, said in (
        (letters, "the outcome here is answer"),
        (table.assign(model_size_b=np.nan), "has a size"),
        (table[table["model_size_b"] < 4e-6], "at least 4 sizes"),
        (table[(table["question"] == "problem 0")], "at least 3 trainings"),
    ):
        with pytest.raises(NotTestable, match=said):
            optimizer.point_terms(validate(rows.reset_index(drop=True)))


def test_the_collapsed_density_is_that_of_the_model_written_out():
    data = logarithms(optimizer.point_terms(validate(world(starts=20)))[0])
    data.seen[3, 0] = False
    law = rollout_law(data, [0, 1])
    rng = np.random.default_rng(0)
    point = law.hyper.draws(rng, 1)
    sd, rho = point[0, :-2].reshape(2, len(SCALES)), point[0, -2:]
    size = np.unique(data.x, return_inverse=True)[1]
    units = {"problem": data.problem, "sweep": data.sweep, "size": size, "model": np.arange(len(data.x))}
    seen = np.argwhere(data.seen[:, :2])
    covariance = np.zeros((len(seen), len(seen)))
    for a, (i, j) in enumerate(seen):
        for b, (k, m) in enumerate(seen):
            total = (9.0 + 1.5**2 * data.x[i] * data.x[k]) * (j == m)
            for s, (what, between) in enumerate(SCALES):
                if units[between][i] != units[between][k]:
                    continue
                along = data.x[i] * data.x[k] if what == "alpha" else 1.0
                link = 1.0 if j == m else rho[("size", "model").index(between)] if between in ("size", "model") else 0.0
                total += along * link * sd[j, s] * sd[m, s]
            covariance[a, b] = total + (a == b) * (data.sd[i, j] ** 2 + 0.01**2)
    mean = np.array([data.y[data.seen[:, j], j].mean() - data.x[i] for i, j in seen])
    y = np.array([data.y[i, j] for i, j in seen])
    exact = stats.multivariate_normal.logpdf(y, mean, covariance)
    assert law.log_likelihood(point)[0] == pytest.approx(exact, rel=1e-8)
    draws = by_problem(law.draw(np.repeat(point, 4000, axis=0), rng), 2)[1]  # E[α | y], from the joint normal
    cross = np.array([[-(1.5**2) * data.x[i] * (j == k) for i, j in seen] for k in range(2)])
    expected = 1.0 + cross @ np.linalg.solve(covariance, y - mean)
    error = draws.std(axis=0) / np.sqrt(4000)
    assert np.all(np.abs(draws.mean(axis=0) - expected) < 5 * error)


def test_a_world_where_bias_falls_faster_and_its_mirror():
    study = Study(validate(world()), seed=1, draws=500)
    claim = optimizer.CLAIM
    found = run_claim(study, claim, sensitivity=False)
    assert found.verdict == SUPPORTED and found.low < 1.2 < found.high and len(found.each) == 3
    assert found.guards["populations"]["these"] > 0.99 and "few_questions" not in found.guards
    assert found.guards["evidence"]["prior_odds"] == pytest.approx(1, abs=0.1)
    assert found.guards["evidence"]["posterior_odds"] > 100
    log_prior, log_likelihood = claim.densities(study, "like-these")
    assert log_prior.shape == log_likelihood.shape == (4, 500)
    assert found.guards["negative_control"]["rank"] <= 3 and found.guards["agreement"]["passed"]
    assert "(4 trainings of all sizes), for a new seed of training and a new problem" in found.sentence
    frame = optimizer.point_terms(validate(world((0.8, 2.0))))[0]
    mirrored = optimizer._centred(np.log(frame.pivot_table("variance", "size", ["problem", "seed"]).to_numpy()))
    slope = np.polyfit(np.log(SIZES), mirrored[:, 0], 1)[0]
    assert slope == pytest.approx(-2.0, abs=0.15)
