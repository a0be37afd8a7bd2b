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
from hotmess.claims.kinds.shares import LEVEL, MODEL, SLOPE, SPREAD, Arms, quick_shares, slope_draws
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
        self.power_laws = type("Laws", (), {"by": ("family", "difficulty"), "groups": groups, "sizes": [5] * len(rows)})


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
    arms = Arms(
        6 + 0.4 * rng.normal(size=5), rng.uniform(0.2, 0.6, 5), np.arange(5.0) ** 1.5, np.array([0, 0, 1, 2, 3])
    )
    y, noise = rng.normal(size=10) * 0.5, 0.05 * np.eye(10)
    got = slope_draws(y, noise, arms, draws=40_000, seed=1)
    z = (arms.middle - arms.middle.mean()) / np.sqrt((arms.spread**2).mean() + arms.middle.var())
    s = (arms.log_size - arms.log_size.mean()) / arms.log_size.std()
    of_slopes = arms.spread / np.sqrt((arms.spread**2).mean() + arms.middle.var())
    x = np.block([[np.ones((5, 1)), z[:, None], s[:, None]], [np.zeros((5, 1)), of_slopes[:, None], np.zeros((5, 1))]])
    prior = np.diag([LEVEL**2, SLOPE**2, SLOPE**2])
    same = np.zeros((10, 10))
    same[:5, :5] = arms.model[:, None] == arms.model
    own = np.diag(np.r_[np.zeros(5), np.ones(5)])
    weights, means = [], []
    for u in stats.halfnorm.ppf((np.arange(60) + 0.5) / 60, scale=MODEL):
        for e in stats.halfnorm.ppf((np.arange(60) + 0.5) / 60, scale=SPREAD):
            total = noise + u**2 * same + e**2 * own + x @ prior @ x.T
            weights.append(stats.multivariate_normal.logpdf(y, np.zeros(10), total))
            means.append(prior @ x.T @ np.linalg.solve(total, y))
    w = np.exp(np.array(weights) - max(weights))
    exact = w @ np.array(means) / w.sum()
    for draws, mean in ((got.length, exact[1]), (got.size, exact[2])):
        assert draws.mean() == pytest.approx(mean, abs=5 * draws.std() / 200 + 2e-3)
    np.testing.assert_allclose(got.difference, got.length**2 - got.size**2)


def test_the_difference_explained_is_that_of_shapley_values() -> None:
    for length, size, r in ((0.5, 0.2, 0.3), (0.1, -0.7, -0.2)):
        total = length**2 + size**2 + 2 * r * length * size
        parts = {"length": length**2 + r * length * size, "size": size**2 + r * length * size}
        # variance of the part of the prediction by each alone; the mean over both orders of what each adds
        alone = {"length": length**2, "size": size**2}
        for name, other in (("length", "size"), ("size", "length")):
            assert parts[name] == pytest.approx((alone[name] + total - alone[other]) / 2)
        assert parts["length"] - parts["size"] == pytest.approx(length**2 - size**2)


def test_quick_shares_find_what_explains_and_squares_of_noise_explain_nothing() -> None:
    rng = np.random.default_rng(1)
    model, question, sizes = np.repeat(np.arange(6), 200), np.tile(np.arange(200), 6), np.log([1, 2, 4, 8, 16, 32.0])
    x = np.tile(rng.normal(size=200), 6)
    x = (x - x.mean()) / x.std()
    error = rng.gamma(1, 1, 1200)
    standard = (sizes - sizes.mean()) / sizes.std()
    for slopes in ((0.5, 0.0), (0.0, 0.5), (0.4, 0.3)):
        logit = -0.5 + slopes[0] * x + slopes[1] * standard[model]
        found = quick_shares(error / (1 + np.exp(-logit)), error, x, model, question, sizes)
        assert found.value == pytest.approx(slopes[0] ** 2 - slopes[1] ** 2, abs=1e-6) and found.df == 4
    values = []
    for _ in range(60):
        own = 0.6 * rng.normal(size=6)
        variance = error / (1 + np.exp(0.5 - own[model])) + error * rng.normal(0, 0.3, 1200)
        values.append(quick_shares(variance, error, x, model, question, sizes).value)
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(60)


def test_a_bend_is_found_and_a_line_has_none() -> None:
    rng = np.random.default_rng(2)
    x, arm, error = rng.normal(size=2000), np.zeros(2000, int), np.ones(2000)

    def bend_of(logit: np.ndarray) -> float:
        return bent_estimate(1 / (1 + np.exp(-logit)), error, x, arm, bins=12).value

    assert bend_of(0.5 * np.minimum(x, np.median(x))) == pytest.approx(0.5, abs=0.05)
    assert bend_of(0.5 * x) == pytest.approx(0.0, abs=0.05)


def test_leave_one_out_of_weighted_draws_is_exact() -> None:
    """A normal mean from draws twice as wide as its posterior, weighted: log p(y_i | the others) in closed form."""
    rng = np.random.default_rng(5)
    n, y = 12, rng.normal(size=12)
    center, sd = y.sum() / (n + 1), 1 / np.sqrt(n + 1)
    mean = center + 2 * sd * rng.normal(size=20_000)
    log_w = stats.norm.logpdf(mean, center, sd) - stats.norm.logpdf(mean, center, 2 * sd)
    elpd, k, _ = loo(stats.norm.logpdf(y, mean[:, None]), log_w)
    exact = stats.norm.logpdf(y, (y.sum() - y) / n, np.sqrt(1 + 1 / n))
    assert (k < 0.7).all()
    np.testing.assert_allclose(elpd, exact, atol=0.02)


def test_leave_one_out_of_a_normal_mean_is_exact() -> None:
    rng = np.random.default_rng(3)
    n, y = 30, rng.normal(size=30)
    mean = y.sum() / (n + 1) + rng.normal(size=4000) / np.sqrt(n + 1)
    elpd, k, _ = loo(stats.norm.logpdf(y, mean[:, None]))
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
    assert not any(
        why.startswith("the shapes") for why in verdicts["odds-law"].reasons
    )  # it is said of which questions
    guard = verdicts["plateau-law"].guards["shapes"]
    assert guard["saturating"]["stacking_weight"] > 0.9 and guard["difference"] > 4


@pytest.fixture(scope="module")
def sized() -> Study:
    world = simulate("size-not-length", seed=2, questions=60, samples=8)
    return Study(validate(world.table), seed=2, draws=500)


def test_size_predicts_more_where_it_does(sized: Study) -> None:
    verdict = run_claims(sized, ["length-predicts-more-than-size"], sensitivity=False)[0]
    assert verdict.verdict == "contradicted" and -0.5 < verdict.median < -0.1
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
