"""Design: closed-form variances by enumeration, decision rates by simulation, and what is asked gets an answer."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.study import Study
from hotmess.cli import main
from hotmess.design.components import half_weights, linear, size_weights
from hotmess.design.decision_rate import decision_rate, standard_error
from hotmess.design.planning import plan
from hotmess.design.variance import Moments, moments, sampling_coefficients, sampling_variance
from hotmess.errors import BadInput, NotTestable
from hotmess.estimates.estimate import THRESHOLD
from hotmess.estimates.sides import half_estimate, letter_terms
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.0, 1.0), (0.7, -1.3)])
def test_the_variance_of_unbiased_terms_by_enumeration(n, alpha, beta):
    p = np.array([0.5, 0.3, 0.2])
    value, weight = [], []
    for answers in product(range(3), repeat=n):
        counts = np.bincount(answers, minlength=3)
        variance, error = letter_terms(np.array([[*counts, 0]]), np.array([3]), np.array([0]))
        value.append(alpha * variance[0] + beta * error[0])
        weight.append(p[list(answers)].prod())
    value, weight = np.array(value), np.array(weight)
    direct = weight @ value**2 - (weight @ value) ** 2
    c = sampling_coefficients(moments(p[None]), np.array([alpha]), np.array([beta]))
    assert sampling_variance(c, n) == pytest.approx(direct, rel=1e-10)


def test_decision_rates_are_those_of_a_t_test():
    rng = np.random.default_rng(0)
    n, effect = 12, 0.9
    x = rng.normal(effect, 1.0, (20_000, n))
    t = x.mean(1) / (x.std(1, ddof=1) / np.sqrt(n))
    rate = (stats.t.cdf(t, n - 1) > THRESHOLD).mean()
    assert decision_rate(np.array([1 / np.sqrt(n)]), n - 1, effect)[0] == pytest.approx(rate, abs=0.012)
    assert decision_rate(np.array([0.3]), 9, 0.0)[0] == pytest.approx(0.025, abs=1e-6)


def halves(models=2, questions=60, seed=1):
    """Answer distributions of shorter and longer halves, rows alternating, and their table."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=(models, questions, 4)) + 1.5 * rng.normal(size=(questions, 4)) + [1.5, 0, 0, 0]
    both = np.stack([score, score / 1.35], axis=2).reshape(-1, 4)
    p = np.exp(both) / np.exp(both).sum(1, keepdims=True)
    model, question, half = (v.ravel() for v in np.indices((models, questions, 2)))
    table = pd.DataFrame({"benchmark": "x", "model": model.astype(str), "question": [f"{q:03d}" for q in question]})
    return p, table.assign(half=np.where(half == 1, "longer", "shorter"), n_choices=4, target=0)


def test_simulated_data_are_decided_as_often_as_the_closed_form_says():
    """New questions from the same sixty, six and seven samples in each half: half-estimates and the quick rule."""
    p, table = halves()
    question = table["question"].astype(int).to_numpy()
    value, between, c = linear(moments(p), half_weights(table), question)
    rng = np.random.default_rng(2)
    new, n, repeats = 90, 6, 500
    by_question = p.reshape(2, 60, 2, 4)
    estimates = []
    names = pd.DataFrame({"n_choices": np.full(2 * new * 2, 4), "target": 0})
    model = np.repeat([0, 1], 2 * new)
    index = np.tile(np.repeat(np.arange(new), 2), 2)
    names = names.assign(benchmark="x", question=index)
    for _ in range(repeats):
        chosen = by_question[:, rng.integers(60, size=new)].reshape(-1, 4)
        counts = np.column_stack([rng.multinomial(n, chosen), np.zeros(len(chosen), int)])
        estimates.append(half_estimate(counts, names, model_index=model, question=index))
    found = np.array([e.value for e in estimates])
    error = np.sqrt(60 / new * (between * 59 / 60 + sampling_variance(c, n)))
    assert found.mean() == pytest.approx(value, abs=4 * error / np.sqrt(repeats) + 0.003)
    assert found.std() == pytest.approx(error, rel=0.12)
    rate = np.mean([e.probability > THRESHOLD for e in estimates])
    expected = float(decision_rate(np.array([error]), new - 1, value)[0])
    assert 0.15 < expected < 0.95
    assert rate == pytest.approx(expected, abs=3 * np.sqrt(expected * (1 - expected) / repeats) + 0.03)


def test_weights_are_derivatives_of_the_estimate():
    p, table = halves(models=4, questions=12)
    table = table.assign(group="all")
    x = {(str(m), "all"): float(m) for m in range(4)}
    t = np.arange(4) - 1.5
    each = np.column_stack([0.4 * t, t]) / (t**2).sum()
    for weights in (half_weights(table), size_weights(table, x, ["model", "group"], each)):
        m = moments(p)
        alpha, beta, value = weights(m)
        rng = np.random.default_rng(3)
        dv, de = 1e-6 * rng.normal(size=len(p)), 1e-6 * rng.normal(size=len(p))
        moved = weights(Moments(m.s2 - dv, m.s3, m.t - de / 2))[2]
        assert moved - value == pytest.approx(alpha @ dv + beta @ de, rel=1e-4)


@pytest.fixture(scope="module")
def pilot():
    table = simulate("scale", seed=5, questions=60, samples=8, residual=0.02).table
    tokens = np.rint(2 ** (8 + np.random.default_rng(5).normal(size=len(table)))).astype(int)
    return table.assign(reasoning_tokens=tokens)


@pytest.fixture(scope="module")
def study(pilot):
    return Study(validate(pilot), seed=1, draws=100)


def test_more_of_anything_decides_more_often(study):
    found = plan(study, "natural_overthinking", effect=0.03, questions=[50, 200, 2000], samples=[6, 12, 40])
    rates = found.table.pivot(index="questions", columns="samples", values="rate").to_numpy()
    assert (np.diff(rates, axis=0) > 0).all() and (np.diff(rates, axis=1) > 0).all()
    best = found.best
    cheaper = found.table[found.table["responses"] < best["responses"]]
    assert best["rate"] >= 0.8 and (cheaper["rate"] < 0.8).all()
    split = plan(study, "natural-overthinking", effect=0.03, responses=60_000)
    assert split.best["rate"] == split.table["rate"].max() and (split.table["responses"] <= 60_000).all()
    none = plan(study, "natural-overthinking", effect=0.001, questions=[50], samples=[6])
    assert none.best is None and "No design" in none.notes[0]


def test_contexts_that_questions_share_do_not_become_more_with_the_questions(pilot):
    some = pilot[pilot["model"].isin(sorted(set(pilot["model"]))[:2])].assign(context=lambda t: t["sample"] % 4)
    sizes = {"effect": 0.03, "questions": [200], "samples": [12], "draws": 20}
    for table, there in ((some, 1), (some.drop(columns="context"), 0)):
        notes = plan(Study(validate(table), seed=1, draws=100), "natural-overthinking", **sizes).notes
        assert sum("few-shot contexts" in note for note in notes) == there


def test_sizes_are_what_a_slope_over_size_needs(study):
    c = CATALOGUE["hard-incoherence-rises-with-scale"].design(study, 20)
    slope = study.power_laws.slope_of_logit_incoherence("like-these")
    hard = study.power_laws.groups["difficulty"].tolist().index("hard")
    assert c.effect.mean() == pytest.approx(slope[..., hard].mean(), abs=2 * slope[..., hard].std())
    few, df = standard_error(c, 60, 8, 4)
    many, more = standard_error(c, 60, 8, 12)
    assert (df, more) == (2, 10) and (many < few).all()
    endless = standard_error(c, 1e9, 1e6)[0]
    np.testing.assert_allclose(endless, np.sqrt(c.residual / c.spread), rtol=1e-3)
    with pytest.raises(BadInput, match="at least 4 models"):
        plan(study, "hard-incoherence-rises-with-scale", models=[3])


def test_differences_of_exponents_between_groups_have_no_residual_that_groups_share(study):
    laws, claim = study.power_laws, CATALOGUE["variance-exponent-falls-with-difficulty"]
    c = claim.design(study, 20)
    estimate = claim.estimate(study)  # by least squares over six models, without a model of answers
    assert c.effect.mean() == pytest.approx(estimate.value, abs=2 * estimate.error)
    posterior = laws.data["posterior"].dataset.sel(population="like-these")
    level, ratio = (posterior[n].values.ravel() ** 2 for n in ("e_level", "e_ratio"))
    e = (level + ratio) / 2  # of log variance; w = (1, 0, -1) up to a scale: the sum of squares is two
    take = np.linspace(0, len(e) - 1, 20).astype(int)
    np.testing.assert_allclose(c.residual, 2 * e[take], rtol=1e-9)
    slope = CATALOGUE["hard-incoherence-rises-with-scale"].design(study, 20)
    u = posterior["u_ratio"].values.ravel()[take]  # log bias² − log variance is −√2 times what is told as the ratio
    np.testing.assert_allclose(slope.residual, 2 * u**2 + 2 * ratio[take], rtol=1e-9)


@pytest.mark.parametrize("effect", [0.004, 0.015, 0.02, None])
def test_what_counts_as_none_is_not_called_supported(study, effect):
    """Estimates and their errors drawn anew in one design, each called what the rule calls it: none first."""
    claim = replace(CATALOGUE["natural-overthinking"], negligible=0.02)
    found = plan(study, claim, effect=effect, questions=[300], samples=[100], draws=100)
    error, delta = found.table["sd"][0], 0.02
    assert 2 * stats.norm.ppf(0.975) * error < 1.3 * delta  # so that the region matters here
    rng = np.random.default_rng(0)
    true = claim.design(study, 100).effect if effect is None else np.array([effect])
    estimate = rng.normal(np.repeat(true, 200_000 // len(true)), error)
    t = stats.t.ppf(THRESHOLD, 299) * error * np.sqrt(rng.chisquare(299, len(estimate)) / 299)
    none = np.abs(estimate) < delta - t
    up = (estimate > t) & ~none
    rates = {("negligible",): none, ("supported",): up, ("supported", "negligible"): none | up}
    assert found.table["rate"][0] == pytest.approx(rates[found.verdicts].mean(), abs=0.04)
    words = {0.004: "practically none", 0.015: "supported or practically none"}.get(effect, "supported")
    assert f"called {words} with" in plan(study, claim, effect=effect, questions=[3000], samples=[100]).notes[0] or (
        effect is None
    )
    assert found.record()["verdicts"] == list(found.verdicts)
    assert any("counts as none" in note for note in found.notes) is (effect != 0.02)
    for_all = plan(study, replace(claim, negligible=None), effect=0.004, questions=[300], samples=[100])
    assert for_all.verdicts == ("supported",)


def test_length_and_refusals(pilot, study):
    with pytest.raises(NotTestable, match="no length column"):
        plan(Study(validate(pilot.drop(columns="reasoning_tokens"))), "incoherence-rises-with-length")
    world = simulate("odds-law", seed=3, questions=120, samples=8)
    between = plan(Study(validate(world.table), draws=100), "incoherence-rises-with-length", questions=[120, 1000])
    assert (between.table.groupby("samples")["rate"].apply(lambda r: r.is_monotonic_increasing)).all()
    with pytest.raises(NotTestable, match="No design for the claim"):
        plan(study, "length-saturates")
    with pytest.raises(NotTestable, match="No design for the claim"):  # one of equality is not called by its direction
        plan(study, "bias-exponent-constant-across-difficulty")
    for bad in (
        *({"effect": e} for e in (-1.0, float("nan"), "x", 10**400, True)),
        *({"probability": p} for p in (1.5, float("nan"), "x")),
        *({"samples": [1]}, {"samples": [10**30]}, {"samples": "6"}, {"questions": ["a"]}, {"questions": [1.5]}),
        *({"models": [10**30]}, {"responses": 5}, {"responses": 10**30}, {"responses": 1.5}, {"responses": 0}),
    ):
        with pytest.raises(BadInput):
            plan(study, "natural-overthinking", **bad)


def test_the_command(pilot, tmp_path, capsys):
    path = tmp_path / "pilot.parquet"
    pilot.to_parquet(path)
    args = ["design", str(path), "--claim", "natural-overthinking", "--effect", "0.05", "--draws", "100"]
    assert main([*args, "--samples", "8,20", "--questions", "100,500", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert len(record["designs"]) == 4 and record["effect"] == 0.05 and record["claim"] == "natural-overthinking"
    assert main(args) == 0
    out = capsys.readouterr()
    assert "is called supported with probability" in out.out and "new questions are taken to be like these" in out.err


def test_sizes_are_taken_as_hotmess_test_takes_them(pilot, tmp_path, capsys):
    path = tmp_path / "pilot.parquet"
    pilot.to_parquet(path)
    args = ["design", str(path), "--claim", "natural-overthinking", "--draws", "100", "--samples", "8", "--questions"]
    args += ["100", "--json"]
    alone, named = (["--effect", f"{of}0.05", "--negligible", f"{of}0.2"] for of in ("", "natural-overthinking="))
    assert main([*args, *alone]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main([*args, *named]) == 0
    assert json.loads(capsys.readouterr().out) == first and first["verdicts"] == ["negligible"]
    for wrong, why in (("mine=1", "is of 'mine', and the design of natural-overthinking"), ("a", "--effect is 'a'")):
        assert main([*args, "--effect", wrong]) == 2 and why in capsys.readouterr().err


def test_a_pilot_that_cannot_speak_to_a_claim_says_what_it_needs(pilot, tmp_path, capsys):
    path = tmp_path / "few.parquet"
    pilot[pilot["sample"] < 4].to_parquet(path)
    assert main(["design", str(path), "--claim", "natural-overthinking", "--draws", "100"]) == 2
    said = capsys.readouterr().err
    assert "both above and below its median length. It needs any outcome with a target, lengths, at least 3" in said


def test_a_pilot_that_cannot_know_the_sign_says_so(pilot, study, tmp_path, capsys):
    """Lengths were drawn by themselves, so longer responses are no more incoherent than shorter ones."""
    found = plan(study, "natural-overthinking", draws=20)
    assert any("cannot know the sign" in note and "--effect" in note for note in found.notes)
    assert not any("sign" in note for note in plan(study, "natural-overthinking", effect=0.05, draws=20).notes)
    path = tmp_path / "pilot.parquet"
    pilot.to_parquet(path)
    assert main(["design", str(path), "--claim", "natural-overthinking", "--effect", "0.05", "--draws", "100"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].split()[:2] == ["questions", "samples"] and len(rows) == 1 + 5 + 1
    sizes = [int(r.split()[3].replace(",", "")) for r in rows[1:6]]
    assert sizes == sorted(sizes)
