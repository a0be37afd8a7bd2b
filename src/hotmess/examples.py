"""A small example that comes with the package: made-up responses whose truth is known."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses

FILE, SEED = "example.parquet", 8
SIZES = (1, 4, 16, 64)


def example() -> Responses:
    """4,800 made-up responses: four models of one family, 60 questions of four options, two budgets, 10 repeats.

    Drawn from the temperature world of `hotmess.simulate` (methods, section 5): within a question longer responses are
    hotter, and more so in larger models; a larger budget makes answers a little colder. No model of that name exists.

    >>> responses = example()
    >>> len(responses.table), responses.outcome, responses.length
    (4800, 'answer', 'reasoning_tokens')
    """
    from hotmess.responses.read import read

    with as_file(files("hotmess").joinpath(FILE)) as path:
        return read(path)


def make() -> pd.DataFrame:
    """The table of the example, drawn again."""
    from hotmess.simulate.overthinking import Temperature, temperature

    world = Temperature(
        models=len(SIZES),
        questions=60,
        samples=10,
        budgets=2,
        heat_nat=0.35,
        heat_nat_size=0.03,
        heat_bud=-0.1,
        ability=1.2,
        difficulty=1.6,
    )
    table = temperature(world, seed=SEED).table
    names = {f"model-{m}": f"owl-{size}b" for m, size in enumerate(SIZES)}
    budgets = {"budget-0": "low", "budget-1": "high"}
    return table.assign(
        benchmark="example",
        family="owl",
        model=table["model"].astype(str).map(names),
        budget=table["budget"].astype(str).map(budgets),
        question=table["question"].astype(str).str.replace("q000", "q"),
    )


def _write() -> None:
    """Write the packaged file anew: `python -m hotmess.examples`, in a checkout."""
    from pathlib import Path

    from hotmess.responses.written import write

    write(make(), Path(__file__).with_name(FILE))


if __name__ == "__main__":
    _write()
