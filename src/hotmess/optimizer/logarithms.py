"""What the optimizer's law is fitted to: logarithms of rollout bias², variance and loss, with their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = ("bias2", "variance", "loss")
NOISE = 2.0  # a bias² within so many standard deviations of 0 has no usable logarithm


@dataclass(frozen=True)
class Logarithms:
    """Arrays of the law, one row per model and problem; `left_out` says which estimates were not used, and why."""

    x: np.ndarray  # (n,) log(size / N0)
    y: np.ndarray  # (n, K) logarithms, 0 where not seen
    sd: np.ndarray  # (n, K) their standard deviations from the starts
    seen: np.ndarray  # (n, K)
    sweep: np.ndarray  # (n,)
    problem: np.ndarray  # (n,)
    centre: float  # N0
    left_out: tuple[str, ...]
    problems: tuple[Any, ...] = ()  # their names, in the order of `problem`


def logarithms(table: pd.DataFrame) -> Logarithms:
    """Prepare the tidy table of `hotmess.optimizer.table.tidy`.

    Raises `BadInput` where fewer than 4 sizes remain: a slope then has too few degrees of freedom.
    """
    if table["size"].nunique() < 4:
        raise BadInput(f"A law in size needs at least 4 sizes; there are {table['size'].nunique()}.")
    values = table[list(OUTCOMES)].to_numpy(float)
    spread = np.column_stack([table["bias2_sd"], table["variance_sd"], np.zeros(len(table))]).astype(float)
    with np.errstate(invalid="ignore"):
        seen = (values > 0) & (values > NOISE * spread)
    left_out = tuple(
        f"{OUTCOMES[k]} of size {row.size} ({_problem(row.problem)}, seed {row.seed}) is {values[i, k]:.3g} ± "
        f"{spread[i, k]:.2g}: not told from 0"
        for i, row in enumerate(_rows(table))
        for k in range(len(OUTCOMES))
        if not seen[i, k] and np.isfinite(values[i, k])
    )
    safe = np.where(seen, values, 1.0)
    sweeps = list(zip(table["problem"], table["seed"]))
    order = {s: i for i, s in enumerate(sorted(set(sweeps)))}
    problems = {p: i for i, p in enumerate(sorted(set(table["problem"])))}
    size = table["size"].to_numpy(float)
    centre = float(np.exp(np.log(np.unique(size)).mean()))
    return Logarithms(
        x=np.log(size / centre),
        y=np.log(safe),
        sd=np.where(seen, spread / safe, 1.0),
        seen=seen,
        sweep=np.array([order[s] for s in sweeps]),
        problem=np.array([problems[p] for p in table["problem"]]),
        centre=centre,
        left_out=left_out,
        problems=tuple(problems),
    )


def rest_of(data: Logarithms, problems: Sequence[Any] = (), sizes: Sequence[Any] = ()) -> Logarithms:
    """The rows of the other problems and sizes, N0 as it was.

    Raises
    ------
    BadInput
        For a name or a size that is not there, and where fewer than 4 sizes remain.
    """
    size = np.rint(data.centre * np.exp(data.x)).astype(int)
    known = {"problem": [str(name) for name in data.problems], "size": [str(n) for n in np.unique(size)]}
    for what, asked in (("problem", problems), ("size", sizes)):
        for name in asked:
            if str(name) not in known[what]:
                raise BadInput(f"The law has no {what} {name!r}; there are {', '.join(known[what])}.")
    gone = {str(name) for name in problems}
    kept = [i for i, name in enumerate(known["problem"]) if name not in gone]
    keep = np.isin(data.problem, kept) & ~np.isin(size.astype(str), [str(n) for n in sizes])
    if len(np.unique(size[keep])) < 4:
        raise BadInput(f"A law in size needs at least 4 sizes; there are {len(np.unique(size[keep]))}.")
    return replace(
        data,
        **{name: getattr(data, name)[keep] for name in ("x", "y", "sd", "seen")},
        sweep=np.unique(data.sweep[keep], return_inverse=True)[1],
        problem=np.searchsorted(kept, data.problem[keep]),
        problems=tuple(data.problems[i] for i in kept),
    )


def _problem(name: Any) -> str:
    return name if isinstance(name, str) else f"problem {name}"


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table[["size", "problem", "seed"]].itertuples(index=False, name="Row"))
