"""The study of looks: false verdicts that the guards let stand are counted among all data sets without an effect."""

import importlib.util
from pathlib import Path

import pytest
from scipy import stats

STUDY = Path(__file__).parents[2] / "reports" / "studies" / "sequential.py"


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("sequential_study", STUDY)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(world, seed, looks, allocation):
    return {"world": world, "seed": seed, "looks": {"verdict": looks}, "allocation": {"verdict": allocation}}


def test_only_what_the_posterior_decided_falsely_is_asked_again(study):
    none = "inconclusive"
    rows = [row("null", 0, none, "supported"), row("null", 1, none, none), row("hotter", 0, "supported", "supported")]
    rows.append(row("null, most questions easy", 0, "contradicted", none))
    assert study._false(rows) == [("null", 0), ("null, most questions easy", 0)]
    again = [{"world": "null", "seed": 0, "looks": none, "allocation": "supported"}]
    assert study.with_guards(rows, again) == {} and study._said_of_guards({}) == ""  # not all have run
    again.append({"world": "null, most questions easy", "seed": 0, "looks": none, "allocation": none})
    found = study.with_guards(rows, again)["with guards"]
    assert found["allocation, supported"]["hits"] == 1 and found["allocation, supported"]["sets"] == 3
    assert found["allocation, supported"]["lower 95% limit"] == pytest.approx(stats.beta.ppf(0.05, 1, 3))
    assert found["looks, contradicted"] == {"hits": 0, "sets": 3, "rate": 0.0, "lower 95% limit": 0.0}
    assert "allocation, supported 1 of 3 (33.3%; 1.7%)" in study._said_of_guards({"with guards": found})
