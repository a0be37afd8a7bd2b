"""The studies of verdicts: truths by closed form, limits by SciPy, tables from records; laws calibrated in small."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import calibration_laws
import null_worlds
import numpy as np
import power
import pytest
import sbc
import verdict_worlds as worlds
from scipy import stats

from hotmess.claims.guards.null_worlds import NullWorlds
from hotmess.claims.rates import Rates, rates_beside, sentence

BY_NAME = {k.name: k for k in (*worlds.KINDS, *worlds.POWER)}


def test_truths_of_scale_worlds_are_their_exponents() -> None:
    truth = worlds.truths(BY_NAME["hard rises, easy falls"])
    assert list(truth.values()) == pytest.approx([0.15, 0.15, 0.0, 0.3, 0.0])
    edge = worlds.truths(BY_NAME["bias exponents at the edge"])
    claim = "bias-exponent-constant-across-difficulty"
    assert edge[claim] == pytest.approx(0.1) and not worlds.is_true(claim, edge[claim])  # the boundary is false
    assert worlds.is_true(claim, 0.0) and not worlds.is_true(claim, -0.3)
    neither = worlds.truths(BY_NAME["neither length nor size"])
    assert neither[worlds.SIZED[0]] == 0 and not worlds.is_true(worlds.SIZED[0], 0.0)


def test_every_claim_has_three_false_worlds_with_a_boundary() -> None:
    kinds = [k for k in worlds.KINDS if worlds.NATURAL[0] not in k.claims]
    truth = {k.name: worlds.truths(k) for k in kinds}
    for claim in {c for k in kinds for c in k.claims}:
        values = [truth[k.name][claim] for k in kinds if claim in k.claims]
        false = [v for v in values if not worlds.is_true(claim, v)]
        assert len(false) >= 3, claim
        if claim != worlds.BETWEEN[1]:  # which has no number
            assert any(v in (0.0, 0.1, -0.1) for v in false), claim


def test_limits_are_exact() -> None:
    for count, sets in ((0, 100), (3, 57), (10, 10)):
        exact = stats.binomtest(count, sets, alternative="less").proportion_ci(0.95, method="exact").high
        assert worlds.upper_limit(count, sets) == pytest.approx(exact)
    counts = {f"{k} of {n}": (k, n) for k, n in ((0, 60), (3, 60), (6, 60), (16, 200), (20, 200))}
    exact = {w: stats.binomtest(k, n, 0.035, alternative="greater").pvalue for w, (k, n) in counts.items()}
    assert worlds.above(0.035, counts) == ["20 of 200", "16 of 200"]
    assert exact["20 of 200"] < 0.05 / 5 and exact["16 of 200"] < 0.05 / 4 and 0.05 / 3 < exact["6 of 60"] < 0.05


def test_worlds_on_a_boundary_have_the_most_data_sets() -> None:
    assert worlds.planned(BY_NAME["no effect"]) == worlds.planned(BY_NAME["bias exponents at the edge"]) == 200
    assert {worlds.planned(BY_NAME[k]) for k in ("longer responses are hotter", "exponents 0.1 apart")} == {60}
    assert null_worlds.wanted("natural=plan,scale=2", worlds.KINDS)["no effect"] == 200
    assert null_worlds.wanted("natural=4,scale=2", worlds.KINDS)["no effect"] == 4
    assert null_worlds.wanted("natural=4", worlds.KINDS)["no law"] == 0
    assert set(null_worlds.wanted("7", worlds.KINDS).values()) == {7}


POPULATIONS = ("like-these", "these")


def made(name: str, seed: int, claims: dict, published: dict) -> dict:
    return {"kind": name, "seed": seed, "rules": worlds.RULES, "claims": claims, "published": published, "these": {}}


def records(sets: int = 30) -> list[dict]:
    """Records as `run_one` makes them: one false 'supported' where nothing is true, half where something is."""
    out = []
    for name in ("size has no effect", "hard rises, easy falls"):
        kind = BY_NAME[name]
        for seed in range(sets):
            said = {c: ["s" if seed % 2 and "rises" in name else "i", 0.5, 0.1, -1.0, 1.0] for c in kind.claims}
            if name == "size has no effect" and seed == 0:
                said[kind.claims[0]] = ["s", 0.99, 0.3, 0.1, 0.5]
            published = dict.fromkeys(kind.claims, "s")
            out.append(made(name, seed, said, published))
    return out


def test_tables_count_what_the_records_say(tmp_path: Path) -> None:
    store = tmp_path / "store.jsonl"
    lines = [json.dumps(r) for r in records(60)]
    other = [json.dumps(r | {"rules": worlds.RULES - 1}) for r in records(5)]  # verdicts as they were made before
    store.write_text("\n".join([*lines, *other, '{"kind": "no eff']) + "\n")  # an interrupted line
    assert len(worlds.load(store)) == 120
    null_worlds.write(store, tmp_path)
    rows = json.loads((tmp_path / "null_worlds.json").read_text())["rows"]
    hard = next(r for r in rows if r["claim"] == worlds.SCALE[0] and r["world"] == "size has no effect")
    assert (hard["supported"], hard["sets"], hard["true"], hard["published"]["supported"]) == (1, 60, False, 60)
    assert hard["covered"] == 59  # the interval 0.1 to 0.5 does not hold 0
    page = (tmp_path / "null_worlds.md").read_text()
    assert "supported in 1 of 60 data sets" in page and f"{worlds.upper_limit(1, 60):.1%}" in page
    power.write(store, tmp_path)
    assert "50.0% ± 6" in (tmp_path / "power.md").read_text()
    beside = rates_beside(tmp_path / f"{worlds.SCALE[0].replace('-', '_')}.py")
    assert beside is not None
    found = beside.record()
    assert found["supported"] == 1 and found["data_sets"] == 60
    assert found["worst_upper_limit"] == found["upper_limit"] == pytest.approx(worlds.upper_limit(1, 60))
    assert "in 1 of 60 simulated data sets of 1 world where" in sentence(found)
    assert rates_beside(tmp_path / "no_such_claim.py") is None
    few = tmp_path / "few"
    few.mkdir()
    store.write_text("\n".join(lines[:12]) + "\n")  # 12 data sets in false worlds do not replace what was known
    null_worlds.write(store, few)
    assert not list(few.glob("hard_incoherence*")) and "in 1 of 12 data sets" in (few / "null_worlds.md").read_text()


def test_joint_claims_are_counted_by_their_posteriors(tmp_path: Path) -> None:
    def record(world: str, seed: int, truth: float, p: float, these: float = 0.9, **changes: object) -> str:
        values = {
            f"{c}|{x}": [truth, 0, 0, 0, q, 0] for c in null_worlds.JOINT for x, q in zip(POPULATIONS, (p, these))
        }
        return json.dumps({"world": world, "seed": seed, "engine": "fast", "pareto_k": 0.1, **values, **changes})

    lines = [
        *(record("neither", i, 0.0, 0.99 if i < 3 else 0.5) for i in range(20)),
        *(
            record("option-lengths", i, 0.0, 0.98, option_lengths=0.005, from_no_effect=0.96 + 0.03 * i)
            for i in range(2)
        ),
        record("option-lengths", 2, 0.0, 0.98, these=0.4),  # the populations differ in sign
        record("neither", 30, 0.0, 0.99, pareto_k=0.9),  # not to be trusted
        record("neither", 31, 0.0, 0.99, engine="nuts"),
        record("both", 0, 0.2, 0.99),
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n")
    both = null_worlds.joint_rates(tmp_path / "rows.jsonl", "today")
    assert both[null_worlds.HOTTER]["supported"] == 4  # one is open from no effect, where options' lengths are seen
    found = both["natural-exceeds-budget"]
    assert (found["supported"], found["data_sets"], found["false_worlds"], found["fewest"]) == (5, 23, 2, 3)
    assert found["worst_world"] == "wrong options have their own lengths" and found["worst_rate"] == 2 / 3
    assert found["power"] == [["both effects", 0.2, 1, 1]]
    assert not null_worlds.joint_rates(tmp_path / "rows.jsonl", "today", least=2)
    assert null_worlds.joint_rates(tmp_path / "rows.jsonl", "today", least=1)
    said = sentence(Rates(found).record())
    assert "supported by its posterior alone in 5 of 23" in said and "own lengths: 67%" in said
    assert NullWorlds().clause(Rates(found).record()).startswith("Where wrong options have their own lengths, which")
    assert "; and in 1 of 1 of 1 world where it is true" in said
    unknown = sentence(Rates({**found, "power": []}).record())
    assert "; how often where it is true was not measured" in unknown and "where it is true." not in unknown


def test_a_run_stops_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, done = tmp_path / "store.jsonl", []

    def fake(kind: worlds.Kind, seed: int, *, draws: int | None = None) -> dict:
        done.append((kind.name, seed))
        return made(kind.name, seed, {c: ["i", 0.5, 0, 0, 0] for c in kind.claims}, {})

    monkeypatch.setattr(worlds, "run_one", fake)
    kinds = worlds.KINDS[:2]
    worlds.run(kinds, {k.name: 2 for k in kinds}, jobs=1, path=store)
    worlds.run(kinds, {k.name: 3 for k in kinds}, jobs=1, path=store)
    assert len(done) == len(set(done)) == 6 and len(worlds.load(store)) == 6
    assert null_worlds.check(worlds.load(store), every=1) == 0
    monkeypatch.setattr(worlds, "run_one", lambda kind, seed: {"claims": {c: ["s"] for c in kind.claims}})
    assert null_worlds.check(worlds.load(store), every=1) == 6


def test_ranks_of_a_shape_are_uniform_and_a_wrong_prior_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from hotmess.laws import curve_draws
    from hotmess.laws.curves import CurveLaw

    def ranks(number: int) -> dict[str, np.ndarray]:
        every = [calibration_laws.curve(seed) for seed in range(number)]
        return {name: np.array([one[name] for one in every]) for name in every[0]}

    for row in sbc.uniformity(ranks(40), calibration_laws.BINS):
        assert row["kolmogorov"] > 0.001, row
    right = curve_draws.curve_chains

    def narrow(law: CurveLaw, **rest: int) -> np.ndarray:
        bins = law.bins._replace(values=law.bins.values / 400)  # an error taken for a twentieth of what it is
        return right(replace(law, bins=bins, prior=replace(law.prior, residual=1e-3)), **rest)

    monkeypatch.setattr(curve_draws, "curve_chains", narrow)
    rows = {r["quantity"]: r for r in sbc.uniformity(ranks(20), calibration_laws.BINS)}
    assert rows["slope of an arm"]["coverage90"] < 0.7


@pytest.mark.parametrize("law", [calibration_laws.shares, calibration_laws.length_law])
def test_slopes_on_length_and_size_are_calibrated(law: Callable[[int], dict[str, float]]) -> None:
    ranks = np.array([list(law(seed).values()) for seed in range(60)])
    for x in ranks.T:
        assert stats.kstest(x, "uniform").pvalue > 1e-3
