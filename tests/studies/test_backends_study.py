"""Two implementations are compared in Monte Carlo standard errors: alike they agree, a shift of a tenth is seen."""

from __future__ import annotations

import backends as study
import numpy as np
import pytest
from scipy import stats


def draws(seed: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return shift + scale * np.random.default_rng(seed).normal(size=(4, 2500))


def test_values_and_distances_are_those_of_the_draws() -> None:
    rows = {row["statistic"]: row for row in study.compare({"x": draws(1)}, {"x": draws(2)})}
    assert set(rows) == {"mean", "sd", "q05", "q95"}
    ours, theirs = draws(1), draws(2)
    for name, value in (
        ("mean", np.mean),
        ("sd", lambda x: np.std(x, ddof=1)),
        ("q05", lambda x: np.quantile(x, 0.05)),
    ):
        assert rows[name]["ours"] == pytest.approx(value(ours)) and rows[name]["pymc"] == pytest.approx(value(theirs))
    error = np.sqrt(2) / np.sqrt(ours.size)  # of independent draws of sd 1, on both sides
    assert rows["mean"]["distance"] == pytest.approx(abs(ours.mean() - theirs.mean()) / error, rel=0.1)
    assert all(row["distance"] < study.LIMIT and row["ess_ours"] > study.ESS for row in rows.values())


@pytest.mark.parametrize(
    ("change", "seen"), [({"shift": 0.1}, "mean"), ({"scale": 1.1}, "sd"), ({"scale": 1.1}, "q95")]
)
def test_what_differs_lies_beyond_the_limit(change: dict[str, float], seen: str) -> None:
    rows = study.compare({"x": draws(1)}, {"x": draws(2, **change)})
    assert next(row for row in rows if row["statistic"] == seen)["distance"] > study.LIMIT


def test_chains_that_stick_have_few_effective_draws() -> None:
    sticky = np.repeat(draws(3)[:, :50], 50, axis=1)
    assert study.compare({"x": sticky}, {"x": draws(2)})[0]["ess_ours"] < study.ESS / 2


def test_the_page_counts_what_lies_beyond_the_limit() -> None:
    rows = study.compare({"x": draws(1), "y": draws(4)}, {"x": draws(2, 0.3), "y": draws(5)})
    far = sum(row["distance"] > study.LIMIT for row in rows)
    page = study.page({"answers": {"seed": 1, "divergences": 3, "date": "2026-01-01", "rows": rows}})
    cells = [cell.strip() for cell in page.splitlines()[-1].strip("|").split("|")]
    assert cells[:4] == ["answers", "1", "2", "8"] and cells[5] == str(far) and far == 3 and cells[8] == "3"


def test_the_location_of_a_normal_is_found_by_its_quantiles() -> None:
    (low,) = [row for row in study.compare({"x": draws(6)}, {"x": draws(7)}) if row["statistic"] == "q05"]
    assert low["ours"] == pytest.approx(stats.norm.ppf(0.05), abs=5 * 0.021)
