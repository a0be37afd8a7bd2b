"""The figure of checks draws its table: a line per set of what is made, a mark of what was seen, hollow outside."""

import numpy as np
import pandas as pd

from hotmess.checks.predictive import Checks
from hotmess.checks.statistics import NAMES, WORDS
from hotmess.plot.checks import posterior_checks, posterior_checks_table


def test_lines_are_what_is_made_and_hollow_marks_lie_outside():
    rng = np.random.default_rng(0)
    made = 0.5 + 0.01 * rng.normal(size=(200, 2, len(NAMES)))
    seen = np.full((2, len(NAMES)), 0.5)
    seen[1, 0] = 0.9
    whole = {name: (float(seen[:, j].mean()), made[:, :, j].mean(1)) for j, name in enumerate(NAMES)}
    checks = Checks(
        pd.DataFrame({"model": ["a", "b"]}), seen, made, whole | {"between models": (0.6, made[:, 0, 0] - 0.5)}
    )
    table = posterior_checks_table(checks)
    panels = [p for p in posterior_checks(checks).flat if p.get_visible()]
    assert panels[0].get_title(loc="left") == WORDS["pairs"] and len(panels) == len(NAMES) + 1
    first = table[table["statistic"] == WORDS["pairs"]]
    assert [t.get_text() for t in panels[0].get_yticklabels()] == ["a", "b", "whole"]
    segments = [segment for c in panels[0].collections for segment in c.get_segments()]
    np.testing.assert_allclose([s[:, 0] for s in segments], first[["made_low", "made_high"]])
    marks = [(x, line.get_markerfacecolor() == "none") for line in panels[0].lines for x in line.get_xdata()]
    assert marks == [(0.5, False), (0.9, True), (0.7, True)]
    assert len(panels[-1].lines) == 1 and panels[-1].lines[0].get_markerfacecolor() == "none"
