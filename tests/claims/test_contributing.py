"""The claim that CONTRIBUTING shows is a claim: one file in the catalogue, and everything asks it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from hotmess.claims import catalogue
from hotmess.claims.claim import Claim
from hotmess.claims.study import Study
from hotmess.claims.test import find_claims
from hotmess.claims.test import test_claims as run_claims
from hotmess.decompose.squared import unbiased
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

PAGE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"
BLOCK = re.compile(r"^```python src/hotmess/claims/catalogue/(\w+)\.py\n(.*?)^```", re.S | re.M)


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Claim:
    """The claim of the page in the catalogue, from a file of its own beside the others."""
    found = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    (tmp_path / f"{found[1]}.py").write_text(found[2], encoding="utf-8")
    monkeypatch.setattr(catalogue, "__path__", [*catalogue.__path__, str(tmp_path)])
    found_again = catalogue.find()
    sys.modules.pop(f"{catalogue.__name__}.{found[1]}")
    own = next(c for c in found_again if c.name == found[1].replace("_", "-"))
    monkeypatch.setitem(catalogue.CATALOGUE, own.name, own)
    assert importlib.util.find_spec(f"{catalogue.__name__}.{found[1]}") is not None
    return own


def test_one_file_is_all_it_takes(shown: Claim) -> None:
    assert find_claims(["errors_are_mostly_variance"])[0].name == shown.name
    world = simulate("beta", seed=2, questions=60, samples=8)
    study = Study(validate(world.table), draws=250)
    (verdict,) = run_claims(study, [shown.name])
    terms = unbiased(study.cells.points)
    assert shown.estimate is not None
    assert shown.estimate(study).value == pytest.approx(terms.variance.sum() / terms.error.sum() - 0.5)
    assert verdict.median == pytest.approx(shown.estimate(study).value, abs=0.06)
    assert {"gate", "evidence", "agreement"} <= set(verdict.guards)
    assert verdict.guards["evidence"]["prior_odds"] == pytest.approx(1.0, rel=0.1)
    assert np.isfinite(verdict.low) and "Agreement" in dict(verdict.lines())
