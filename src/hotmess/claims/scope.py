"""What the data cover, in words: the end of every claim's sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.claims.study import Study
    from hotmess.laws.power import PowerLaws


def join(words: list[str], *, most: int = 6) -> str:
    """A list as English, cut where it is long.

    >>> join(["a", "b", "c"]), join(["a"])
    ('a, b and c', 'a')
    """
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def number(x: float) -> str:
    """A number as in a sentence.

    >>> number(0.5), number(72.0), number(1234.0)
    ('0.5', '72', '1,234')
    """
    return f"{x:,.0f}" if abs(x) >= 100 or float(x).is_integer() else f"{x:.3g}"


def size_words(billions: float) -> str:
    """A model's size in words.

    >>> size_words(72.0), size_words(0.5), size_words(9.46e-6)
    ('72 billion', '500 million', '9.46 thousand')
    """
    if billions >= 1:
        return f"{number(billions)} billion"
    return f"{number(billions * 1e3)} million" if billions >= 1e-3 else f"{number(billions * 1e6)} thousand"


def size_span(sizes: pd.Series) -> str:
    """Sizes in billions, from the smallest to the largest, in words.

    >>> import pandas as pd
    >>> size_span(pd.Series([0.5, 72.0])), size_span(pd.Series([1.7, 32.0])), size_span(pd.Series([0.5, 0.5]))
    ('500 million to 72 billion', '1.7 to 32 billion', '500 million')
    """
    low, high = size_words(sizes.min()), size_words(sizes.max())
    if low == high:
        return low
    return f"{low.split()[0] if low.split()[-1] == high.split()[-1] else low} to {high}"


def base_scope(table: pd.DataFrame) -> str:
    """Models and questions of a table of cells."""
    models = list(dict.fromkeys(table.sort_values(["family", "model_size_b", "model"])["model"].astype(str)))
    sizes = table["model_size_b"].dropna()
    span = ""
    if len(sizes) and sizes.nunique() > 1:
        span = f" of {size_span(sizes)} parameters"
    who = f"the {len(models)} models" if len(models) > 4 else join(models)
    families = [f for f in table["family"].astype(str).unique() if f and f != "nan"]
    if len(models) > 4 and families:
        who += f" ({join(families)})"
    questions = len(table[["benchmark", "question"]].drop_duplicates())
    return f"{who}{span} on {questions:,} question{'s' if questions != 1 else ''}{of_benchmarks(table)}"


def of_benchmarks(table: pd.DataFrame) -> str:
    """The benchmarks of a table, as the end of a phrase; nothing where none was named.

    >>> import pandas as pd
    >>> [of_benchmarks(pd.DataFrame({"benchmark": names})) for names in (["mmlu", "gpqa"], ["all"])]
    [' of gpqa and mmlu', '']
    """
    names = sorted(table["benchmark"].astype(str).unique())
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
