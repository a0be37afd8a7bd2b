"""The front table in a real browser: every column is read at its width."""

from __future__ import annotations

import chromium_pipe
import pytest
from report_world import made_up

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.each_model import EachModel
from hotmess.claims.study import Study
from hotmess.claims.these_models import TheseModels
from hotmess.claims.verdict import Verdict
from hotmess.report.page import render
from hotmess.report.section import Context
from hotmess.responses.validate import validate

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(chromium_pipe.find() is None, reason="no Chromium is installed"),
]

CELLS = """[...document.querySelectorAll('.verdicts > tbody > tr:first-child > *')].map(e => {
  const r = document.createRange(); r.selectNodeContents(e);
  const boxes = [...r.getClientRects()], right = e.getBoundingClientRect().right;
  const lines = new Set(boxes.map(b => Math.round(b.bottom))).size;
  return [e.className, lines, boxes.every(b => b.right <= right + 1)]; })"""


@pytest.mark.parametrize("width", [400, 1025, 1217, 1280])
def test_the_fullest_row_is_read_in_few_lines(browser, tmp_path, width):
    """All columns, the longest next step, three digits: no cell is a narrow tower, none runs into its neighbour."""
    long = "More models of other sizes, and more questions, narrow it; how many is not worked out for this claim."
    own = TheseModels(8, "contradicted", 0.99, -0.066, -0.0966, -0.0333)
    claim = CATALOGUE["hard-incoherence-rises-with-scale"]
    numbers = (0.8, -0.066, -0.0966, -0.0333)
    verdict = Verdict(
        claim, "inconclusive", "", "like-these", "brier", *numbers, these_models=own, remedy=long,
        holds_in=EachModel(8, 0, 3, 0.02, None),
    )  # fmt: skip
    page, _ = render(Context(Study(validate(made_up())), [verdict], "like-these", 0.9, ""), [], "")
    file = tmp_path / "report.html"
    file.write_text(page, encoding="utf-8")
    browser.open(file.as_uri(), width=width)
    cells = {name: (lines, inside) for name, lines, inside in browser.evaluate(CELLS)}
    assert {"drawn", "few", "own", "decide"} < set(cells)
    assert all(inside for _, inside in cells.values()), cells
    assert cells["decide"][0] <= 5 and cells["own"][0] <= 2, cells
