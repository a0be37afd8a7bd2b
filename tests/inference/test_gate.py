"""The gate: what must not pass does not pass."""

import importlib
import re

import numpy as np
import pytest

from hotmess.inference.gate import Gate, diagnose, gate_draws, gate_tree, independent
from hotmess.inference.sample import to_tree

gate_module = importlib.import_module("hotmess.inference.gate")
GOOD = np.random.default_rng(0).normal(size=(4, 500))


def stuck_one():
    x = GOOD.copy()
    x[0] = 0.0
    return x


def not_a_number():
    x = GOOD.copy()
    x[2, 7] = np.nan
    return x


def stand_still(*places):
    return np.repeat(np.array(places, float)[:, None], 500, axis=1)


@pytest.mark.parametrize(
    ("name", "draws", "reason"),
    [
        ("one chain elsewhere", GOOD + np.array([0, 0, 0, 1.0])[:, None], "R-hat"),
        ("one chain of another width", GOOD * np.array([1, 1, 1, 9.0])[:, None], "R-hat"),
        ("one chain stuck", stuck_one(), "R-hat"),
        ("all stuck, each elsewhere", stand_still(0, 1, 2, 3), "R-hat"),
        ("all stuck, two by two", stand_still(0, 0, 1, 1), "R-hat"),
        ("trend", GOOD + np.linspace(0, 2, 500), "R-hat"),
        ("one chain only", GOOD[:1], "R-hat"),
        ("few draws", GOOD[:, :20], "effective sample size"),
        ("three draws", GOOD[:, :3], "R-hat"),
        ("one draw", GOOD[:1, :1], "R-hat"),
        ("one draw of each chain", GOOD[:, :1], "R-hat"),
        ("a constant of one draw", np.zeros((1, 1)), "R-hat"),
        ("a constant of one chain", np.zeros((1, 2000)), "R-hat"),
        ("a constant", np.zeros((4, 500)), "the same in all draws"),
        ("slow", np.random.default_rng(2).normal(size=(4, 50)).repeat(10, axis=1), "effective sample size"),
        ("not a number", not_a_number(), "finite number"),
        ("infinite", np.where(GOOD > 3, np.inf, GOOD), "finite number"),
    ],
)
def test_bad_draws_do_not_pass(name, draws, reason):
    gate = gate_draws({name: draws})
    assert not gate.passed
    assert any(reason in r and name in r for r in gate.reasons)


def test_what_is_computed_of_diagnosed_parameters_may_be_constant_where_there_are_enough_draws():
    gate = gate_draws({"x": GOOD})
    assert gate.passed and np.isnan(diagnose(np.ones((4, 500)))).all()
    assert gate.over({"y": np.ones((4, 500))}).passed
    assert not gate.judge({"y": np.ones((4, 500))}, constants=False).passed
    assert "not above 400, with 400 draws" in gate.judge({"y": np.ones((4, 100))}).reasons[0]
    assert not gate.judge({"y": GOOD + np.arange(4)[:, None]}).passed


def exact(x, **names):
    """A tree of exact independent draws."""
    return independent(to_tree({"x": x}, **names))


def test_exact_independent_draws_are_judged_by_their_number_and_not_by_chance():
    """Among many quantities some R-hat of 200 independent draws is above 1.01: that says nothing."""
    x = np.random.default_rng(3).normal(size=(4, 50, 40))
    assert not gate_tree(to_tree({"x": x})).passed
    gate = gate_tree(exact(x))
    assert gate.passed and gate.independent and gate.over({"y": x[..., 0] ** 2}).passed
    few = gate_tree(exact(x[:, :49, :1]))
    assert few.reasons == ("196 independent draws of x[0] are too few, there must be at least 200",)
    assert not gate.judge({"y": x[:, :1, 0]}).passed
    assert not gate.judge({"y": np.where(x[..., 0] > 2, np.nan, 1.0)}).passed
    assert gate.judge({"y": np.ones((4, 50))}).passed
    assert not gate.judge({"y": np.ones((4, 50))}, constants=False).passed
    assert not gate_tree(exact(np.ones((4, 50)))).passed
    assert gate_tree(exact(x[:1].repeat(5, axis=1)[..., :1])).passed  # 250 draws of one chain


def test_a_law_of_an_exact_fit_is_judged_as_chains():
    whole = gate_tree(exact(np.random.default_rng(3).normal(size=(4, 50)))) & gate_tree(tree(x=GOOD))
    assert whole.passed and not whole.independent
    assert not whole.judge({"y": GOOD + np.arange(4)[:, None]}).passed


def test_messages_name_the_group():
    x = np.stack([GOOD, GOOD + np.arange(4)[:, None]], axis=-1)
    fit = to_tree({"log_phi": x}, coords={"group": ["owl, low", "owl, high"]}, dims={"log_phi": ["group"]})
    assert all("log_phi[owl, high]" in reason for reason in gate_tree(fit).reasons)


def test_a_quantity_that_did_not_converge_is_called_by_its_words():
    x = np.stack([GOOD, GOOD + np.arange(4)[:, None]], axis=-1)
    fit = to_tree({"log_phi": x}, coords={"group": ["low", "high"]}, dims={"log_phi": ["group"]})
    gate = gate_tree(fit, called={"log_phi": "the concentration of wrong answers in {group}".format})
    assert gate.reasons[0].startswith("R-hat of the concentration of wrong answers in high is ")
    assert set(gate.values) == {"log_phi[low]", "log_phi[high]"}
    each = gate_draws({}).over({"owl": x[..., 1]}, "the change of incoherence")
    assert "of the change of incoherence of owl is" in each.reasons[0]


@pytest.mark.parametrize("over", [0.0, 1e-9, 1e-4, 4e-4, 6e-4, 0.2])
def test_a_number_beside_its_bound_is_told_from_it(over, monkeypatch):
    """Never `R-hat is 1.010, not below 1.01`, nor `400, not above 400` of 399.6; what equals the bound says so."""
    monkeypatch.setattr(gate_module, "diagnose_each", lambda draws: [(1.01 + over, 400 - 1000 * over, 900.0)])
    reasons = gate_draws({"x": GOOD}).reasons
    for reason, bound in zip(reasons, (1.01, 400.0), strict=True):
        shown = float(re.search(r"is ([\d.]+), not", reason)[1])
        assert (shown == bound) == (over == 0), reason


def test_effective_sample_size_of_an_autoregression():
    """ESS of AR(1) is n (1 - r)/(1 + r)."""
    rng, r = np.random.default_rng(1), 0.6
    x = np.zeros((4, 3000))
    noise = rng.normal(size=x.shape)
    for t in range(1, 3000):
        x[:, t] = r * x[:, t - 1] + noise[:, t]
    assert diagnose(x)[1] == pytest.approx(12_000 * (1 - r) / (1 + r), rel=0.15)


def tree(**posterior):
    return to_tree(posterior, sample_stats={"diverging": np.zeros((4, 500), bool)})


def test_divergences_are_counted_and_close_the_gate():
    fit = tree(x=GOOD)
    assert gate_tree(fit).passed
    fit["sample_stats"]["diverging"].values[1, 3] = True
    gate = gate_tree(fit)
    assert gate.divergences == 1 and "1 divergent transition:" in gate.reasons[-1]


def test_every_entry_of_an_array_is_looked_at_by_name():
    x = np.stack([GOOD, GOOD + np.arange(4)[:, None]], axis=-1)
    gate = gate_tree(tree(x=x, y=GOOD))
    assert not gate.passed and all("x[1]" in r for r in gate.reasons)
    assert gate_tree(tree(x=x, y=GOOD), names=["y"]).passed


def test_question_level_latents_need_less():
    x = GOOD[:, :60] + np.array([0, 0, 0, 0.5])[:, None]
    fit = to_tree({"latent": x})
    hard = gate_tree(fit)
    assert not hard.passed and 1.01 < hard.values["latent"][0] < 1.05
    fit["posterior"]["latent"].attrs["role"] = "latent"
    assert gate_tree(fit).passed
    far = to_tree({"latent": x + np.array([0, 0, 0, 2.0])[:, None]})
    far["posterior"]["latent"].attrs["role"] = "latent"
    assert not gate_tree(far).passed


def test_gates_add_up_and_say_everything_once():
    first, second = Gate(("a",), {"x": (1, 2, 3)}), Gate(("a", "b"), {"y": (1, 2, 3)}, 2)
    both = first & second
    assert both.reasons == ("a", "b") and set(both.values) == {"x", "y"} and both.divergences == 2


@pytest.mark.parametrize(("lost", "said"), [(3, "3 of"), (2000, "all")])
@pytest.mark.parametrize("independent", [False, True])
def test_draws_that_are_no_numbers_are_called_so(lost, said, independent):
    x = np.random.default_rng(0).normal(size=(4, 500))
    x.flat[:lost] = np.nan
    gate = Gate(independent=independent).judge({"x": x})
    assert gate.reasons == (f"x is not a finite number in {said} 2,000 draws",)
