"""Studies of sources: their truths against simulation, small runs, and the real responses where they are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import latent_share
import numpy as np
import pandas as pd
import pytest
import reliability_coverage
import source_claims
import source_coverage
import sources as real

import hotmess as hm

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "public"


@pytest.mark.parametrize(
    "name",
    [
        *("shared, 8 levels, right and wrong", "nested, 5 levels, right and wrong", "two shared, 8 and 8 levels"),
        "two shared, 8 and 8 levels, right and wrong",
    ],
)
def test_truths_are_what_estimates_average_to(name: str) -> None:
    world = next(w for w in source_coverage.WORLDS if w.name == name)
    rng = np.random.default_rng(0)
    names = ["a", "b"] if world.second else ["a"]
    found = []
    for _ in range(60):
        rows, truth = source_coverage.simulate(replace(world, questions=60), rng)
        weights = np.full((1, 60), 1 / 60)
        split = source_coverage.splits([rows], names, weights, settle=False, seed=0)[0][0]
        found.append(dict(zip(split.parts, split.value)))
    table = pd.DataFrame(found)
    for part in ("a", "b", "a × b", "sampling", "sampling and interactions", "total"):
        if part in truth and part in table:
            error = table[part].std() / np.sqrt(60)
            assert table[part].mean() == pytest.approx(truth[part], abs=4 * error)


@pytest.mark.parametrize(
    "name",
    [
        *("shared, 5 levels", "nested, 5 levels", "two shared, 5 and 6 levels"),
        "two shared, 3 and 4 levels, truth drawn",
    ],
)
def test_a_small_run_covers(name: str) -> None:
    """Every part within three Monte Carlo errors of the band from 0.87 to 0.93."""
    world = next(w for w in source_coverage.WORLDS if w.name == name)
    sets = 150
    found = source_coverage.run(world, sets, 300)
    for part, row in found["parts"].items():
        if part != "total":
            assert 0.87 - 3 * np.sqrt(0.1 / sets) < row["coverage"] <= 0.93 + 3 * np.sqrt(0.06 / sets), part
    assert "coverage" in source_coverage.page([found], "a command")


def test_what_is_left_of_two_shared_sources_without_repeats_is_known_from_the_levels_only() -> None:
    """Right and wrong scatter most where levels make them even: by questions alone it was covered half of the time."""
    world = next(w for w in source_coverage.WORLDS if w.second and w.right)
    strong = replace(world, questions=30, main=1.5)
    held = [source_coverage.one_set(strong, (seed, 0), 300)["sampling and interactions"][0] for seed in range(50)]
    assert np.mean(held) > 0.87 - 3 * np.sqrt(0.1 / 50)


def test_bounds_and_intervals_of_a_small_run_hold() -> None:
    world = reliability_coverage.WORLDS[1]
    rows = reliability_coverage.run(world, 25)["rows"]
    assert all(row["coverage"] >= 0.9 for row in rows if row["kind"] == "bounds")
    assert all(row["coverage"] >= 0.9 - 4 * np.sqrt(0.09 / 25) for row in rows)


def test_worlds_of_claims_have_the_shares_they_are_named_for() -> None:
    assert source_claims.share(source_claims.spread_of(0.1)) == pytest.approx(0.1, abs=1e-6)
    rng = np.random.default_rng(1)
    judged = source_claims.judged(0.1, judges=40, questions=150)(rng)
    own = judged.table.assign(
        judged_response=judged.table["question"] + "/" + judged.table["judged_response"].astype(str)
    )
    found = hm.sources(replace(judged, table=own), ["judged_response", "judge"], draws=200).table.set_index("part")
    assert 1 - found["share"]["judged_response"] == pytest.approx(0.1, abs=0.02)
    made = source_claims.sizes(np.full(4, 0.4), np.full(4, 0.6), questions=400, samples=8)(rng)
    icc = hm.reliability(made, k=[1], differences=False).table.query("quantity == 'icc'")["value"]
    assert icc.mean() == pytest.approx(0.4, abs=0.06)


def test_judges_of_real_stories_have_the_variances_that_were_stated() -> None:
    file = SHARED / "tot_creative_writing.parquet"
    if not file.is_file():
        pytest.skip("the folder of public tables is not there")
    for row in real.judges(file, 0)["parts"]:
        assert row["value"] == pytest.approx(row["stated"], abs=0.006)


def test_stopping_by_outcome_is_recognised_in_real_runs_and_not_where_there_was_none() -> None:
    file = SHARED / "temperature0_repeats.parquet"
    if not file.is_file():
        pytest.skip("the folder of public tables is not there")
    found = real.stopping(file, 0)
    assert found["balanced"]["recognised"] == found["balanced"]["never_differ"] == found["balanced"]["too_few"] == 0
    assert found["adaptive"]["recognised"] >= 9 and found["adaptive"]["never_differ"] >= 9
    assert sum(found["adaptive"][name] for name in ("recognised", "never_differ", "too_few")) >= 24
    assert "score 0.480, all rows pooled 0.608" in found["adaptive"]["largest"]
    assert "all 25 groups where it is 'adaptive" in found["adaptive"]["column"]


def test_simulated_levels_have_the_share_they_are_drawn_with_and_ranks_are_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(2)
    made = latent_share.simulate(latent_share.Design(400, 6, 3), np.array([0.0, 0.5, 0.7]), 0.3, rng)
    plain = hm.sources(made, ["context"], draws=200).table.set_index("part").loc["context"]
    assert plain["share"] == pytest.approx(0.3, abs=0.05)
    design = (latent_share.Design(10, 3, 2),)
    monkeypatch.setattr(latent_share, "published", lambda responses, seed: np.zeros(latent_share.DRAWS))
    found = latent_share.ranks(6, seed=1, designs=design)
    given, zeros, held = found.values()
    assert (
        all(((x > 0) & (x < 1)).all() for x in (given, held)) and (zeros > 0.99).all()
    )  # draws below the truth have it above them
