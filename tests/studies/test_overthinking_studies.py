"""The studies of the temperature model in small: their worlds are what they say, their pages count by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import overthinking_contexts as contexts
import overthinking_shared as shared
import overthinking_worlds as worlds
import pytest

from hotmess.simulate import simulate


def rows_of(page: Path, first: str) -> list[list[str]]:
    """Cells of the table rows that begin with a word."""
    lines = [line for line in page.read_text().splitlines() if line.startswith(f"| {first} |")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("world", list(contexts.WORLDS))
def test_contexts_move_what_their_world_says(world: str) -> None:
    shift, drift = contexts.WORLDS[world]
    table = contexts.table(world, 1)
    q, b, c, n = contexts.QUESTIONS, contexts.BUDGETS, contexts.CONTEXTS, contexts.EACH
    answer = table["answer"].to_numpy().reshape(q, b, c, n)
    log2 = np.log2(table["reasoning_tokens"].to_numpy().reshape(q, b, c, n))
    inside = np.mean(answer[..., :-1] == answer[..., 1:])
    across = np.mean(answer[:, :, :-1, 0] == answer[:, :, 1:, 0])
    noise = 4 * np.sqrt(0.5 / (q * b * c))
    assert (inside - across > noise) if shift else abs(inside - across) < noise
    means = log2.mean(-1) - log2.mean((-1, -2), keepdims=True)[..., 0]
    apart = means[:, 0] * means[:, 1]  # the same contexts at both budgets
    assert apart.mean() == pytest.approx(drift**2 * (1 - 1 / c), abs=0.05)
    assert np.diff(log2.mean((0, 2, 3)))[0] == pytest.approx(1, abs=0.1)  # the larger budget: a doubling


def test_the_page_on_contexts_counts_intervals_that_hold_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "ROWS", tmp_path / "rows.jsonl")
    monkeypatch.setattr(contexts, "PAGE", tmp_path / "page.md")
    records = [
        {"world": world, "seed": seed, "independent": [[mean] * 4, [1.0] * 4], "widened": [[mean] * 4, [2.0] * 4]}
        for world in contexts.WORLDS
        for seed, mean in enumerate((0.0, 3.0, -2.0, 1.0))
    ]
    contexts.ROWS.write_text("\n".join(map(json.dumps, records)))
    contexts.write()
    rms = np.sqrt((9 + 4 + 1) / 4)
    for world in contexts.WORLDS:
        found = rows_of(contexts.PAGE, world)
        assert len(found) == 4 and all(row[1] == "4" for row in found)
        assert all(row[3:] == ["0.50", "1.00", f"{rms:.2f}", f"{rms / 2:.2f}"] for row in found)


@pytest.mark.slow
def test_a_fit_with_contexts_is_recorded_with_and_without_the_widening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "QUESTIONS", 12)
    record = contexts.one("contexts move answers and lengths", 3)
    mean, wide = (np.array(record[name]) for name in ("independent", "widened"))
    assert mean.shape == wide.shape == (2, 4) and (wide[1] >= mean[1] - 1e-9).all() and wide[1].sum() > mean[1].sum()


def test_the_page_on_shared_data_says_which_intervals_overlap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "FOUND", tmp_path / "found.json")
    monkeypatch.setattr(shared, "PAGE", tmp_path / "page.md")

    def row(unit: str, estimator: str, low: float, high: float) -> dict[str, Any]:
        ends = {"slope_low": low, "slope": (low + high) / 2, "slope_high": high}
        return {"unit": unit, "kind": "natural", "estimator": estimator, **ends}

    rows = [row("m", "joint", 0.1, 0.3), row("m", "unbiased", 0.3, 0.5), row("n", "joint", 0.1, 0.2)]
    rows += [row("n", "unbiased", 0.21, 0.5), row("lone", "joint", 0.0, 1.0)]
    means = {"natural": [0.1, 0.2, 0.3]}
    health = {"passed": False, "pareto_k": 0.91, "effective": 44.0, "notes": []}
    shared.keep("cot", {"rows": rows, "means": means, **health})
    shared.keep(
        "earlier",
        [{"model": name, "mean": 0.2, "sd": 0.1, "pareto_k": 0.3, "effective": 99} for name in shared.EARLIER],
    )
    shared.write()
    assert [rows_of(shared.PAGE, unit)[0][-1] for unit in ("m", "n", "lone")] == ["yes", "no", "–"]
    page = shared.PAGE.read_text()
    assert "natural length +0.20 [+0.10, +0.30]" in page and "does not pass" in page and "Pareto k 0.91" in page
    assert rows_of(shared.PAGE, "Qwen2.5-7B-Instruct")[0][1:3] == [shared.EARLIER["Qwen2.5-7B-Instruct"], "0.20 ± 0.10"]


def test_a_median_split_is_recorded_with_its_truth() -> None:
    truth, value, error = worlds.split(simulate("both", seed=2, **worlds.SIZE))
    assert error > 0 and abs(value - truth) < 4 * error


def test_recovery_is_counted_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROWS", "TABLE", "VERDICTS"):
        monkeypatch.setattr(worlds, name, tmp_path / name.lower())
    names = [*worlds.STATEMENTS, *worlds.EFFECTS.values()]

    def record(
        seed: int, world: str, *, engine: str = "fast", inside: bool, p: float, k: float = 0.2, seen: float = 0.5
    ) -> dict[str, Any]:
        values = [1.0, 1.1, 0.5 if inside else 1.05, 1.6, p, 0.3]  # true, median, 5%, 95%, P(> 0), sd
        found = {
            f"{name}|{population}": values for name in (*names, worlds.WITHIN) for population in ("like-these", "these")
        }
        return {
            "world": world,
            "seed": seed,
            "engine": engine,
            "split": [0.1, 0.2, 0.05],
            "pareto_k": k,
            "gate": [],
            "option_lengths": seen,
            "from_no_effect": 0.6,
            **found,
        }

    world = worlds.SHIFTED[0]
    records = [record(i, world, inside=i < 3, p=0.99 if i < 1 else 0.6, seen=0.01 if i < 1 else 0.5) for i in range(4)]
    records += [record(9, world, inside=False, p=0.99, k=0.9), record(0, worlds.SHIFTED[1], inside=True, p=0.5)]
    records += [record(0, world, engine="nuts", inside=True, p=0.99)]
    worlds.ROWS.write_text("\n".join(map(json.dumps, records)))
    worlds.VERDICTS.write_text(json.dumps({f"{world} 0": "inconclusive"}))
    assert worlds.sure(records[0]) and not worlds.sure(records[1])
    worlds.summarise()
    coverage, *statements = rows_of(worlds.TABLE, world)
    assert coverage[1:] == ["4", "1", str(2 * 4 * len(names)), "0.75", "0.75"]
    assert statements[0][1:] == ["natural-slope", "+1.000", "+1.100", "0.75", "0.25", "0.00"]
    page = worlds.TABLE.read_text()
    assert (
        worlds.guarded(records[0]) == 0 and worlds.sure(records[0]) == 1
    )  # lengths of options, nothing from no effect
    assert f"| {world} | 4 | 1 | 1 + 0 | 0 + 0 | 0 + 0 | 1 of 1 |" in page
