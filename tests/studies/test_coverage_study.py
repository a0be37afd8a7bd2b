"""The coverage study in small, and that its short cuts over arrays are the package's own results."""

from __future__ import annotations

from pathlib import Path

import arrays
import interval_coverage as study
import numpy as np
import pytest
from coverage_table import markdown, outside

from hotmess.simulate.answers import Answers, answers

SMALL = study.Setting("prior", "prior", 40, 5, 90)


def test_unbiased_intervals_are_those_of_decompose() -> None:
    import hotmess as hm
    from hotmess.responses.validate import validate

    world = answers(Answers(questions=60, samples=4, models=2), seed=3)
    records = hm.decompose(
        validate(world.table), by=["model"], estimator="unbiased", interval=0.9, population="these"
    ).records
    for m, record in enumerate(records):
        counts = world.counts[None, m : m + 1, :, 0]
        found = arrays.unbiased_intervals(arrays.letter_points(counts), (1, 1, 60), np.ones(1), draws=10, seed=0)
        for k, name in enumerate(arrays.QUANTITIES):
            ours = [found["these"].estimate[0, k], found["these"].low[0, k], found["these"].high[0, k]]
            assert ours == pytest.approx([record[name], record[f"{name}_low"], record[f"{name}_high"]])


def test_context_points_are_those_of_the_responses() -> None:
    from hotmess.decompose.points import from_responses
    from hotmess.decompose.squared import unbiased

    rng = np.random.default_rng(1)
    answer, context = rng.integers(4, size=(3, 12)), np.repeat(np.arange(4), 3)
    counts = np.stack([study.tally(np.where(context == c, answer, -1)) for c in range(4)], axis=-2)
    target = np.broadcast_to(np.eye(4)[0], (3, 4))
    cell = np.repeat(np.arange(3), 12)
    expected = unbiased(from_responses(np.eye(4)[answer.ravel()], target, cell=cell, context=np.tile(context, 3)))
    found = unbiased(arrays.context_points(counts))
    np.testing.assert_allclose(found.variance, expected.variance)
    np.testing.assert_allclose(found.sampling_variance, expected.sampling_variance)


def test_latent_draws_of_certain_data_are_the_plug_in_values() -> None:
    counts = np.zeros((1, 1, 60, 4), int)
    counts[..., 0], counts[..., 1] = 180, 120
    draws = arrays.latent_draws(counts, draws=50, seed=0)
    for population in arrays.POPULATIONS:
        np.testing.assert_allclose(draws[population].mean((0, 1, 2)), [0.32, 0.48, 0.6], atol=0.02)


def test_intervals_cover_nine_of_ten_worlds_drawn_from_the_prior() -> None:
    blocks = [study.run_block(SMALL, i, seed=2) for i in range(-(-SMALL.sets // SMALL.block))]
    merged = study.merge(blocks)
    for quantity in arrays.QUANTITIES:
        result = merged["latent, these"]
        assert result["sets"][quantity] == SMALL.sets
        assert abs(result["coverage"][quantity] - 0.9) < 3.5 * np.sqrt(0.09 / SMALL.sets)


def test_a_fixed_world_is_covered_for_questions_like_these() -> None:
    setting = study.Setting("fixed", "even", 100, 5, 60)
    merged = study.merge([study.run_block(setting, i, seed=2) for i in range(2)])
    for estimator in ("latent", "unbiased"):
        for rate in merged[f"{estimator}, like-these"]["coverage"].values():
            assert abs(rate - 0.9) < 3.5 * np.sqrt(0.09 / 60)


def test_three_samples_and_the_model_beat_the_plug_in_of_thirty() -> None:
    setting = study.Setting("error", "accuracy 0.5", 1140, 30, 4)
    merged = study.merge([study.run_block(setting, i, seed=4) for i in range(2)])
    rmse = {name: merged[name]["rmse"]["incoherence"] for name in merged}
    assert rmse["latent, 3"] < rmse["plug-in, 30"] < rmse["plug-in, 3"]
    assert rmse["unbiased, 30"] < rmse["latent, 3"]


def test_correlated_models_have_no_difference_for_questions_like_these() -> None:
    setting = study.Setting("misspecified", "correlated models", 50, 4, 1, models=2, shared=0.7)
    answer, _, truth = study.draw(setting, [1, 2])
    assert answer.shape == (2, 50, 4)
    assert not truth["like-these"].any() and truth["these"].any()
    again = study.draw(setting, [1, 2])
    np.testing.assert_array_equal(answer, again[0])


def test_finished_blocks_are_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [study.Setting("prior", "prior", 1500, 3, 3), study.Setting("error", "accuracy 0.4", 100, 30, 3)]
    store = tmp_path / "blocks.jsonl"
    first = study.run(rows, seed=1, jobs=1, store=store)
    store.write_text(store.read_text() + '["cut short, {"')
    monkeypatch.setattr(study, "work", lambda job: pytest.fail("a finished block was done again"))
    assert study.run(rows, seed=1, jobs=1, store=store) == first


def test_the_page_judges_each_part() -> None:
    rows = []
    for setting in (
        SMALL,
        study.Setting("fixed", "even", 25, 3, 300),
        study.Setting("misspecified", "mixture", 300, 3, 300),
    ):
        one = dict.fromkeys(arrays.QUANTITIES, 0.5)
        result = {"coverage": one, "sets": dict.fromkeys(one, 300.0)}
        names = [f"{e}, {p}" for e in ("latent", "unbiased") for p in arrays.POPULATIONS]
        rows.append({"setting": study.asdict(setting), "results": dict.fromkeys(names, result)})
    page = markdown({"command": "x", "date": "2026-01-01", "seed": 1, "draws": 9}, rows[:1] + rows[2:])
    assert page.count("**50.0**") == 12
    assert "0 of 3 inside" in page


@pytest.mark.parametrize(
    ("rate", "sets", "place"), [(0.9, 100, 0), (0.86, 100, 0), (0.85, 100, 1), (0.7, 100, 2), (0.96, 10_000, 2)]
)
def test_outside_allows_two_monte_carlo_standard_errors(rate: float, sets: float, place: int) -> None:
    assert outside(rate, sets, (0.86, 0.94)) == place


def test_doctests() -> None:
    import doctest

    import coverage_table

    import hotmess.answers.nested

    for module in (arrays, coverage_table, hotmess.answers.nested):
        result = doctest.testmod(module)
        assert result.attempted and not result.failed
