"""Positions of single responses are the points of cells that hold one response each, whatever the outcome."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hotmess.responses.cells import reduce
from hotmess.responses.placing import Space
from hotmess.responses.validate import validate
from hotmess.runs.places import places

RNG = np.random.default_rng(0)
OUTCOMES = {
    "letters": {"answer": RNG.integers(-1, 4, 40), "target": RNG.integers(4, size=10).repeat(4), "n_choices": 4},
    "scores": {"score": RNG.random(40).round(2)},
    "texts": {"text": RNG.choice(np.array(["4", "5", "6", None], object), 40), "target": "4"},
    "replies": {"reply": RNG.choice(list("abc"), 40)},
    "tests": {"tests": [list(map(int, row)) for row in RNG.integers(2, size=(40, 3))]},
    "embeddings": {"embedding": list(RNG.normal(size=(40, 3)))},
}


@pytest.mark.parametrize("unparsable", ["uniform", "wrong"])
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_places_are_points_of_cells_of_one_response(outcome, unparsable):
    table = pd.DataFrame({"question": np.arange(10).repeat(4).astype(str), "sample": np.tile(np.arange(4), 10)})
    table = table.assign(model="m", benchmark="b", **OUTCOMES[outcome])
    responses = validate(table.sample(frac=1.0, random_state=1).reset_index(drop=True))
    alone = responses.table.assign(row_number=np.arange(40))
    space = Space(unparsable=unparsable)
    cells = reduce(replace(responses, table=alone), split=["row_number"], space=space, alone=True)
    z, error = places(responses, space=space)
    order = cells.table["row_number"].to_numpy(int)
    np.testing.assert_array_equal(z[order], cells.points.sum)
    np.testing.assert_array_equal(error[order], np.square(cells.points.sum - cells.points.target).sum(axis=1))
