"""The triage study: its arithmetic, and calibration in a small world that the model describes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import triage


def test_probabilities_are_calibrated_where_the_model_is_right():
    made = triage.one_world({"spread": 0.5, "phi": 0.5}, samples=10, sets=15, draws=200, seed=5)
    summary = triage.summarise(made)
    assert made["posterior"].sum(1) == pytest.approx(1)
    assert summary["calibration_error"] < 3 * summary["calibration_error_of_perfect"] + 0.005
    assert summary["right"] > summary["right_plug_in"] - 0.02
    assert summary["right_where_sure"] > 0.93


def test_probabilities_of_the_wrong_signature_are_not_calibrated():
    """The study can fail: probabilities handed to another signature are far off."""
    made = triage.one_world({"spread": 0.5, "phi": 0.5}, samples=10, sets=5, draws=100, seed=6)
    swapped = made | {"posterior": made["posterior"][:, [1, 0, 3, 2]]}
    assert triage.summarise(swapped)["calibration_error"] > 0.2


def test_the_page_says_what_the_record_says():
    result = json.loads((triage.HERE / "triage.json").read_text())
    assert (triage.HERE / "triage.md").read_text() == triage.markdown(result)
    assert len(result["rows"]) == len(triage.WORLDS) * len(triage.SAMPLES)
    assert np.isfinite([r["summary"]["calibration_error"] for r in result["rows"]]).all()
