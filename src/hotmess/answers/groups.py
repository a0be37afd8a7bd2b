"""From cells to the groups of the latent model: who shares parameters, and the
regression's design matrix (methods, section 3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.conjugate import LetterCells
from hotmess.errors import BadInput
from hotmess.responses.table import Responses

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.cells import Cells

DESIGN = ("benchmark", "model", "condition", "budget")  # a cell's own columns, apart from the question
SPLITS = ("difficulty", "half")


@dataclass(frozen=True)
class Groups:
    """Groups of cells that share (a, kappa, phi).

    Attributes
    ----------
    table
        One row per group: the columns that define it, and its `unit`.
    index
        (cells,) group of each cell.
    design, names
        Standardised design matrix (groups, P) with the intercept first, and its column names; None without a formula.
    unit
        (groups,) residual unit: groups that differ only in covariates that vary by question share it.
    columns
        The columns that tell units apart.
    """

    table: pd.DataFrame
    index: np.ndarray
    design: np.ndarray | None
    names: tuple[str, ...]
    unit: np.ndarray
    columns: tuple[str, ...]

    def with_unparsable(self, letters: LetterCells) -> np.ndarray:
        """Sorted indices of the groups in which unparsable responses (or those at the origin) are told apart."""
        return np.unique(self.index[letters.apart(self.index)])

    @cached_property
    def labels(self) -> list[str]:
        """One readable, unique label per group."""
        columns = [c for c in self.table.columns if c != "unit" and self.table[c].nunique() > 1]
        if not columns:
            return ["all"]
        return [", ".join(str(v) for v in row) for row in self.table[columns].itertuples(index=False)]


def letter_cells(cells: Cells, *, unparsable: str = "uniform") -> LetterCells:
    """Letter counts with the target first; `unparsable` is `uniform` (position 1/C) or `wrong` (one more option)."""
    if cells.counts is None:
        raise BadInput(
            f"The outcome here is {cells.outcome}, not letters: the latent model of letters needs `answer` and "
            "`target` columns (choose them with --outcome answer where the table has both)."
        )
    target = cells.table["target"].to_numpy(int)
    choices = cells.table["n_choices"].to_numpy(int)
    options = cells.counts[:, :-1]
    rest = np.arange(options.shape[1]) != target[:, None]
    wrong = options[rest].reshape(len(options), -1)
    nothing = cells.counts[:, -1]
    if unparsable == "wrong" and nothing.any():
        wrong, choices = np.column_stack([wrong, nothing]), choices + 1
        # the further option of a cell with fewer options sits in the last column: bring it next to the others
        order = np.argsort(np.arange(wrong.shape[1]) * np.ones((len(wrong), 1)) + _gap(wrong.shape[1], choices), axis=1)
        wrong, nothing = np.take_along_axis(wrong, order, axis=1), np.zeros_like(nothing)
    return LetterCells(right=options[np.arange(len(options)), target], wrong=wrong, unparsable=nothing, choices=choices)


def _gap(columns: int, choices: np.ndarray) -> np.ndarray:
    gap = np.zeros((len(choices), columns))
    gap[:, -1] = -(columns - (choices - 1)) - 0.5
    return gap


def find_groups(
    cells: Cells, formula: str | None, *, by: Sequence[str] = (), columns: Sequence[str] | None = None
) -> Groups:
    """Groups of cells, and the design matrix where a formula is given.

    Groups are the distinct values of (benchmark, model, condition, budget), of the columns in `by`, of difficulty and
    half where cells have them, and of the formula's variables; or just of `columns`, where given. A formula is the
    right-hand side of a Wilkinson formula over the cells' columns, such as `difficulty * log(model_size_b)`; it is the
    regression of all three parameters.

    Raises
    ------
    BadInput
        If the formula names a column that is not there, has missing values, or cannot be parsed.
    """
    table = cells.table
    variables = _variables(formula, list(table.columns)) if formula else []
    unit_columns = list(dict.fromkeys(columns or [*DESIGN, *[c for c in SPLITS if c in table], *by]))
    for name in unit_columns:
        if name not in table:
            raise BadInput(
                f"There is no column {name!r} to group by; the cells have {', '.join(map(str, table.columns))}."
            )
    keys = list(dict.fromkeys([*unit_columns, *variables]))
    keyed = table[keys].astype({c: str for c in keys if c not in variables})
    for name in variables:
        if keyed[name].isna().any():
            raise BadInput(
                f"The formula uses {name!r}, which has missing values in {int(keyed[name].isna().sum())} cells."
            )
    grouped = keyed.groupby(keys, sort=False, observed=True)
    index = grouped.ngroup().to_numpy()
    first = np.unique(index, return_index=True)[1]
    rows = table.iloc[first][keys].reset_index(drop=True)
    unit = rows[unit_columns].astype(str).groupby(unit_columns, sort=False).ngroup().to_numpy()
    if formula is None:
        return Groups(rows.assign(unit=unit), index, None, (), unit, tuple(unit_columns))
    design, names = _design(formula, rows)
    return Groups(rows.assign(unit=unit), index, design, names, unit, tuple(unit_columns))


def split_columns(responses: Responses, by: Sequence[str], formula: str | None) -> list[str]:
    """Columns of responses that divide cells: difficulty, half, and what `by` and the formula name."""
    Responses.need(responses)
    have = set(responses.table.columns)
    words = formula_words(formula or "")
    own = {"benchmark", "model", "question", "condition", "budget", "family", "model_size_b", "category", "n_choices"}
    wanted = ["difficulty", "half", *by, *words]
    return [c for c in dict.fromkeys(wanted) if c in have and c not in own]


def formula_words(formula: str) -> list[str]:
    """Names in a formula, of columns and of functions, in order.

    >>> formula_words("difficulty * log(model_size_b)")
    ['difficulty', 'log', 'model_size_b']
    """
    return re.findall(r"[^\W\d]\w*", formula)


LONGEST, DEEPEST, MOST_PRODUCTS, MOST_POWER = 1_000, 20, 12, 6
"""Characters, nested parentheses, products and the highest power of a formula: each product may double its terms."""

FUNCTIONS = (
    *("log", "log2", "log10", "exp", "sqrt", "abs", "I", "C"),
    *("center", "scale", "standardize", "poly", "bs", "cs", "cr", "cc"),
)
"""Functions of a formula, evaluated by formulaic as Python: these and no others."""


def _plain(formula: str) -> None:
    """Refuse formulas that take forever to read, and functions that are none of a formula.

    >>> _plain("difficulty * log(model_size_b)")
    >>> _plain("open(model)")
    Traceback (most recent call last):
    hotmess.errors.BadInput: The formula 'open(model)' calls 'open'; there are the functions log, log2, ...
    """
    shown = formula if len(formula) <= 100 else formula[:99] + "…"
    depth = deepest = 0
    for letter in formula:
        depth += (letter in "([{") - (letter in ")]}")
        deepest = max(deepest, depth)
    powers = [float(power) for power in re.findall(r"(?:\*\*|\^)\s*\(*\s*(\d+)", formula)]
    products = len(re.findall(r"(?<!\*)\*(?!\*)|:", formula))
    if len(formula) > LONGEST or deepest > DEEPEST or products > MOST_PRODUCTS or max(powers, default=0) > MOST_POWER:
        raise BadInput(
            f"The formula {shown!r} is too large: at most {LONGEST:,} characters, {DEEPEST} parentheses in each other, "
            f"{MOST_PRODUCTS} products and powers up to {MOST_POWER}."
        )
    for name in re.findall(r"([^\W\d]\w*)\s*\(", formula):
        if name not in FUNCTIONS:
            raise BadInput(f"The formula {shown!r} calls {name!r}; there are the functions {', '.join(FUNCTIONS)}.")


def _variables(formula: str, columns: list[str]) -> list[str]:
    _plain(formula)
    words = set(formula_words(formula))
    functions = set(re.findall(r"([^\W\d]\w*)\s*\(", formula))
    unknown = sorted(words - functions - set(columns))
    if unknown:
        raise BadInput(
            f"The formula {formula!r} names {unknown[0]!r}, which is no column; there are {', '.join(columns)}."
        )
    return [c for c in columns if c in words]


def _design(formula: str, rows: pd.DataFrame) -> tuple[np.ndarray, tuple[str, ...]]:
    from formulaic import model_matrix

    try:
        matrix = model_matrix(formula, rows)
    except Exception as error:  # formulaic raises many kinds for a formula it cannot read
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadInput(f"The formula {formula!r} cannot be used: {first.rstrip('.')}.") from error
    names = [str(c) for c in matrix.columns]
    values = np.asarray(matrix, float)
    if not np.isfinite(values).all():
        raise BadInput(
            f"The formula {formula!r} gives values that are not finite (a logarithm of zero, or a missing size?)."
        )
    keep = [i for i, n in enumerate(names) if n != "Intercept"]
    spread = values[:, keep].std(axis=0)
    keep = [i for i, s in zip(keep, spread) if s > 0]
    centred = (values[:, keep] - values[:, keep].mean(0)) / values[:, keep].std(0)
    return np.column_stack([np.ones(len(values)), centred]), ("Intercept", *(names[i] for i in keep))
