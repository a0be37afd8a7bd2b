"""Claims about exponents, shares and shapes: their estimands, controls and procedures against what they should be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hotmess.claims import procedures
from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.catalogue.length_saturates import RIVALS, bent_estimate
from hotmess.claims.kinds.exponent_trends import trend_weights
from hotmess.claims.kinds.shares import INTERCEPT, MODEL, REST, SLOPE, quick_shares, share_difference, slope_draws
from hotmess.claims.study import Study
from hotmess.claims.test import test_claims as run_claims
from hotmess.decompose.squared import plug_in
from hotmess.laws.shapes import NAMES, ShapeFit, Shapes, loo, stacking
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


class Groups:
    """A stand-in for a study whose laws have these groups, each with enough sizes."""

    def __init__(self, rows: list[tuple[str, str]]) -> None:
        groups = pd.DataFrame(rows, columns=["family", "difficulty"])
        cells = pd.concat([groups.assign(x=x) for x in range(5)], ignore_index=True)
        law = type("Law", (), {"cells": cells})
        self.power_laws = type("Laws", (), {"by": ("family", "difficulty"), "groups": groups, "law": law})


def test_trend_weights_give_the_rise_along_the_line() -> None:
    rows = [(f, d) for f in ("a", "b") for d in ("easy", "hard", "medium")]
    w = trend_weights(Groups(rows).power_laws)  # type: ignore[arg-type]
    y = {"easy": 1.0, "medium": 5.0, "hard": 3.0}
    line = np.polyfit([0, 1, 2], [y["easy"], y["medium"], y["hard"]], 1)[0]
    assert w @ np.array([y[d] for _, d in rows]) == pytest.approx(2 * line)
    assert w.sum() == pytest.approx(0)
    ragged = [*rows, ("c", "easy")]  # a family with one group says nothing about a trend
    np.testing.assert_allclose(trend_weights(Groups(ragged).power_laws)[:-1], w)  # type: ignore[arg-type]


def test_slopes_of_length_and_size_match_brute_force() -> None:
    """The posterior mean of both slopes by a fine grid over the two scales, with SciPy's densities."""
    rng = np.random.default_rng(0)
    model = np.repeat(np.arange(4), 3)
    length, size = rng.normal(size=12), np.array([0.0, 1.0, 2.0, 4.0])[model]
    y, noise = rng.normal(size=12) * 0.5, 0.05 * np.eye(12)
    got = slope_draws(y, noise, length, size, model, draws=40_000, seed=1)
    z, s = ((v - v.mean()) / v.std() for v in (length, size))
    x = np.column_stack([np.ones(12), z, s])
    prior = np.diag([INTERCEPT**2, SLOPE**2, SLOPE**2])
    weights, means = [], []
    for u in stats.halfnorm.ppf((np.arange(60) + 0.5) / 60, scale=MODEL):
        for e in stats.halfnorm.ppf((np.arange(60) + 0.5) / 60, scale=REST):
            total = noise + u**2 * (model[:, None] == model) + e**2 * np.eye(12) + x @ prior @ x.T
            weights.append(stats.multivariate_normal.logpdf(y, np.zeros(12), total))
            means.append(prior @ x.T @ np.linalg.solve(total, y))
    w = np.exp(np.array(weights) - max(weights))
    exact = w @ np.array(means) / w.sum()
    for draws, mean in ((got.length, exact[1]), (got.size, exact[2])):
        assert draws.mean() == pytest.approx(mean, abs=5 * draws.std() / 200 + 2e-3)
    assert got.r == pytest.approx(np.corrcoef(length, size)[0, 1])


def test_shares_add_up_and_quick_shares_find_them() -> None:
    for length, size, r in ((0.5, 0.2, 0.3), (0.1, -0.7, -0.2)):
        total = length**2 + size**2 + 2 * r * length * size
        parts = np.array([length**2 + r * length * size, size**2 + r * length * size])
        assert parts.sum() == pytest.approx(total)
        value = share_difference(np.array(length), np.array(size), r)
        assert float(value) == pytest.approx((parts[0] - parts[1]) / total)
    rng = np.random.default_rng(1)
    model, sizes = np.repeat(np.arange(6), 200), np.log([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    x = rng.normal(size=1200)
    for slopes, truth in (((0.5, 0.0), 1.0), ((0.0, 0.5), -1.0)):
        standard = (sizes - sizes.mean()) / sizes.std()
        logit = -0.5 + slopes[0] * x + slopes[1] * standard[model]
        error = np.ones(1200)
        found = quick_shares(error / (1 + np.exp(-logit)), error, x, model, sizes, bins=10)
        assert found.value == pytest.approx(truth, abs=0.02) and found.df == 4


def test_a_bend_is_found_and_a_line_has_none() -> None:
    rng = np.random.default_rng(2)
    x, arm, error = rng.normal(size=2000), np.zeros(2000, int), np.ones(2000)

    def bend_of(logit: np.ndarray) -> float:
        return bent_estimate(1 / (1 + np.exp(-logit)), error, x, arm, bins=12).value

    assert bend_of(0.5 * np.minimum(x, np.median(x))) == pytest.approx(0.5, abs=0.05)
    assert bend_of(0.5 * x) == pytest.approx(0.0, abs=0.05)


def test_leave_one_out_of_a_normal_mean_is_exact() -> None:
    rng = np.random.default_rng(3)
    n, y = 30, rng.normal(size=30)
    mean = y.sum() / (n + 1) + rng.normal(size=4000) / np.sqrt(n + 1)
    elpd, k = loo(stats.norm.logpdf(y, mean[:, None]))
    exact = [stats.norm.logpdf(v, (y.sum() - v) / n, np.sqrt(1 + 1 / n)) for v in y]
    np.testing.assert_allclose(elpd, exact, atol=0.02)
    assert k.max() < 0.5


def test_the_rule_of_decidability() -> None:
    rng = np.random.default_rng(4)

    def shapes(gap: float, units: int = 24, k: float = 0.1, noise: float = 0.1) -> Shapes:
        base = rng.normal(size=units)
        fits = {
            name: ShapeFit(name, elpd, np.full(units, k), np.ones((10, 1)), 0.0)
            for name, elpd in (("saturating", base + gap / units + noise * rng.normal(size=units)), ("odds", base))
        }
        return Shapes(fits, {}, units)

    assert shapes(10).undecided("saturating", "odds") == ""
    assert shapes(-10).undecided("saturating", "odds") == ""
    assert "cannot be told apart" in shapes(3).undecided("saturating", "odds")
    assert "cannot be told apart" in shapes(10, noise=3).undecided("saturating", "odds")
    assert "fewer than 20" in shapes(10, units=12).undecided("saturating", "odds")
    assert "Pareto k" in shapes(10, k=0.8).undecided("saturating", "odds")


def test_stacking_weights_maximise_the_mixture() -> None:
    rng = np.random.default_rng(5)
    elpd = {"a": rng.normal(size=40), "b": rng.normal(size=40)}
    found = stacking(elpd)["a"]
    grid = np.linspace(0, 1, 2001)[:, None]
    score = np.log(grid * np.exp(elpd["a"]) + (1 - grid) * np.exp(elpd["b"])).sum(1)
    assert found == pytest.approx(float(grid[score.argmax(), 0]), abs=2e-3)
    assert set(RIVALS) | {"saturating"} == set(NAMES)


def test_a_plateau_saturates_and_an_odds_law_is_not_said_to() -> None:
    verdicts = {}
    for world in ("plateau-law", "odds-law"):
        study = Study(validate(simulate(world, seed=1, questions=200, samples=15).table), seed=1, draws=250)
        verdicts[world] = run_claims(study, ["length-saturates"], sensitivity=False)[0]
    assert verdicts["plateau-law"].verdict == "supported"
    assert verdicts["odds-law"].verdict in ("inconclusive", "contradicted")
    guard = verdicts["plateau-law"].guards["shapes"]
    assert guard["saturating"]["stacking_weight"] > 0.9 and guard["difference"] > 4


@pytest.fixture(scope="module")
def sized() -> Study:
    world = simulate("size-not-length", seed=2, questions=60, samples=8, sizes=(0.6, 2.0, 8.0, 32.0))
    return Study(validate(world.table), seed=2, draws=500)


def test_size_predicts_more_where_it_does(sized: Study) -> None:
    verdict = run_claims(sized, ["length-predicts-more-than-size"], sensitivity=False)[0]
    assert verdict.verdict == "contradicted" and verdict.median < -0.8
    assert {e["name"] for e in verdict.each} == {"slope on length", "slope on size"}
    few = validate(sized.responses.table.query("model_size_b < 5").reset_index(drop=True))
    refused = run_claims(Study(few, draws=100), ["length-predicts-more-than-size"])[0]
    assert refused.verdict == "not testable" and "at least 4" in refused.sentence
    assert CATALOGUE["length-predicts-more-than-size"].published(sized).verdict == "contradicted"


def test_published_procedures_are_plain_least_squares_on_plug_in_terms() -> None:
    table = simulate("scale", seed=3, questions=60, samples=6).table
    study = Study(validate(table), draws=50)
    terms, cells = plug_in(study.scale_cells.points), study.scale_cells.table
    hard = (cells["difficulty"] == "hard").to_numpy()
    sums = cells.assign(v=terms.variance, b=terms.bias2)[hard].groupby("model_size_b")[["v", "b"]].sum()
    exact = stats.linregress(np.log(sums.index), np.log(sums["v"] / (sums["v"] + sums["b"])))
    found = CATALOGUE["hard-incoherence-rises-with-scale"].published(study)
    assert (found.estimate, found.p) == pytest.approx((exact.slope, exact.pvalue))
    slopes = [stats.linregress(np.log(sums.index), np.log(sums[c])).slope for c in ("v", "b")]
    one = procedures.size_line(study, "hard", -1.0)
    assert one.estimate == pytest.approx(-exact.slope) and np.isfinite(slopes).all()


def test_the_median_split_is_the_difference_of_plug_in_ratios() -> None:
    study = Study(validate(simulate("wrong-longer", seed=1, questions=50, samples=14, budgets=1).table), draws=50)
    terms = plug_in(study.halves.points)
    half = (study.halves.table["half"] == "longer").to_numpy()
    ratio = [terms.variance[rows].sum() / terms.error[rows].sum() for rows in (half, ~half)]
    found = procedures.median_split(study)
    assert found.estimate == pytest.approx(ratio[0] - ratio[1]) and found.verdict == "contradicted"


def test_the_new_claims_say_what_they_need() -> None:
    for name in ("variance-exponent-falls-with-difficulty", "bias-exponent-constant-across-difficulty"):
        claim = CATALOGUE[name]
        assert claim.control is not None and claim.estimate is not None and "4 model sizes" in claim.needs
    assert CATALOGUE["bias-exponent-constant-across-difficulty"].region == (-0.1, 0.1)
