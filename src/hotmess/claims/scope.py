"""What the data cover, in words: the end of every claim's sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.grouping import first_rows
from hotmess.remembered import remembered
from hotmess.words import join, number, size_span

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.claims.study import Study
    from hotmess.laws.power import PowerLaws


@remembered
def base_scope(table: pd.DataFrame) -> str:
    """Models and questions of a table of cells."""
    import pandas as pd

    columns = ["family", "model_size_b", "model"]
    rows = first_rows(table, columns)
    who_is = list(zip(*(table[name].to_numpy(object)[rows] for name in columns)))
    place = [[(True, "") if pd.isna(value) else (False, value) for value in row] for row in who_is]  # missing: last
    models = list(dict.fromkeys(str(who_is[i][2]) for i in sorted(range(len(place)), key=place.__getitem__)))
    sizes = np.array([size for _, size, _ in who_is], float)
    span = ""
    if np.isfinite(sizes).all() and len(set(sizes)) > 1:
        span = f" of {size_span(sizes)} parameters"
    who = f"the {len(models)} models" if len(models) > 4 else join(models)
    families = [f for f in dict.fromkeys(str(family) for family, *_ in who_is) if f and f != "nan"]
    if len(models) > 4 and families:
        who += f" ({join(families)})"
    questions = len(first_rows(table, ["benchmark", "question"]))
    return f"{who}{span} on {questions:,} question{'s' if questions != 1 else ''}{of_benchmarks(table)}"


def of_benchmarks(table: pd.DataFrame) -> str:
    """The benchmarks of a table, as the end of a phrase; nothing where none was named.

    >>> import pandas as pd
    >>> [of_benchmarks(pd.DataFrame({"benchmark": names})) for names in (["mmlu", "gpqa"], ["all"])]
    [' of gpqa and mmlu', '']
    """
    names = sorted({str(name) for name in table["benchmark"].unique()})
    return "" if names == ["all"] else f" of {join(names)}"


def length_scope(study: Study, table: pd.DataFrame) -> str:
    """With the range of lengths."""
    lengths = 2 ** table["log2_length"].dropna().to_numpy()
    low, high = np.quantile(lengths, [0.0, 1.0])
    unit = str(study.responses.length).replace("_", " ")
    return f"{base_scope(table)}, at mean lengths of {number(round(low))} to {number(round(high))} {unit}"


def scale_scope(study: Study, laws: PowerLaws) -> str:
    """With who made the groups of difficulty."""
    note = next((n for n in study.grouped.notes if n.startswith("Difficulty")), "")
    return base_scope(laws.fit.cells.table) + (f". {note.rstrip('.')}" if note else "")
