"""Predictions, comparisons and slopes as tables: the posterior, and the unbiased estimate beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput, NotTestable, listed
from hotmess.interpret.paired_sets import MODEL_LEVEL, pair_sets, pair_table
from hotmess.interpret.rows import long_rows
from hotmess.interpret.sets import QUANTITIES, Sets, Source, quantity, sets_of, source_of
from hotmess.responses.values import suggest

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 30


@listed("over", "by")
def predictions(
    about: Any,
    over: str | Sequence[str] = ("model",),
    *,
    by: Sequence[str] = (),
    bins: int | None = None,
    metric: str | None = None,
    population: str = "like-these",
    interval: float = 0.9,
    **settings: Any,
) -> pd.DataFrame:
    """Incoherence, bias², variance and error at every level of covariates, averaged over questions.

    Parameters
    ----------
    about
        A `Fit`, a `Study`, or `Responses` (then fitted here; `settings` are seed, draws, chains, unparsable).
    over, by
        Covariates: columns of the cells. Both name the sets; `over` is what a figure puts on its axis.
    bins
        A number that differs from question to question, as `log2_length`, is cut into so many groups of about as many
        cells; the column then holds their middles (medians). None: such a column is refused.

    Returns
    -------
    One row per set and quantity: the covariates, questions, responses, quantity, median, low, high (posterior),
    effective (questions like these that carry the errors),
    unbiased, unbiased_low, unbiased_high (without a model; NaN for metrics that have none), reliable (the gate).

    >>> import hotmess as hm
    >>> table = hm.interpret.predictions(hm.example(), "model", draws=50)
    >>> table["quantity"].unique().tolist()
    ['incoherence', 'bias2', 'variance', 'error']
    """
    names = list(dict.fromkeys([*over, *by]))
    source = source_of(about, names, metric=metric, **settings)
    source = source if bins is None else in_bins(source, names, bins)
    few_levels(source.cells.table, names)
    sets = sets_of(source, names, population=population)
    links = dict.fromkeys(QUANTITIES, "log") | {"incoherence": "logit"}

    def these() -> Sets:
        return sets_of(source, names, population="these")

    return long_rows(sets, source, quantity, interval, ["median", "low", "high"], links=links, these=these)


@listed("levels", "by")
def comparisons(
    about: Any,
    over: str = "model",
    *,
    levels: Sequence[Any] | None = None,
    by: Sequence[str] = (),
    metric: str | None = None,
    population: str = "like-these",
    interval: float = 0.9,
    **settings: Any,
) -> pd.DataFrame:
    """Differences of incoherence, bias², variance and error between levels of one covariate, on the same questions.

    Where questions appear under both levels, only cells that both have (the same question, condition and budget, and
    the same model where `over` is not one) are compared, with the same weights: the difference is paired. A covariate
    of questions themselves (difficulty, category) cannot be paired, and `paired` says so.

    Parameters
    ----------
    levels
        Two or more levels; the first is what the others are compared with. Default: all, in order.

    Returns
    -------
    One row per comparison and quantity: the `by` columns, of, against, questions, quantity, value_of, value_against
    (posterior medians), difference, low, high (of − against), probability (of a difference above 0; by the Bayesian
    bootstrap where there is no latent model), effective (questions), unbiased, unbiased_low, unbiased_high, reliable,
    paired.

    Raises
    ------
    BadInput
        For a covariate or a level that is not there.
    NotTestable
        If two levels share no question.
    """
    import pandas as pd

    source = source_of(about, [over, *by], metric=metric, **settings)
    few_levels(source.cells.table, [over])
    chosen = _levels(source.cells.table[over], levels, over)
    out: list[pd.DataFrame] = []
    for level in chosen[1:]:
        pairs = cache(partial(pair_sets, source, over, level, chosen[0], list(by)))
        for i, two in enumerate(pairs(population)):
            out.append(pair_table(two, source, interval, partial(_of_these, pairs, i)))
    return pd.concat(out, ignore_index=True)


def _of_these(pairs: Callable[[str], list[Sets]], i: int) -> Sets:
    return pairs("these")[i]


@listed("by")
def slopes(
    about: Any,
    over: str = "model_size_b",
    *,
    by: Sequence[str] = (),
    log: bool = True,
    link: bool = True,
    metric: str | None = None,
    population: str = "like-these",
    interval: float = 0.9,
    **settings: Any,
) -> pd.DataFrame:
    """Least-squares slopes of incoherence, bias², variance and error in a numeric covariate, draw by draw.

    A description of these levels: models that lie off the line widen no interval here, as they do in `hm.power_laws`.
    With `log`, x = log(covariate), else the covariate; with `link`, y = logit incoherence, log bias², log variance, log
    error, else the quantity itself. On the default scales the slopes of bias² and variance are −α of the paper's power
    laws, and that of logit incoherence, α of bias² less α of variance. A covariate estimated per question, as length,
    is not for this: noise in x flattens slopes; `hm.length_law` takes account of it.

    Returns
    -------
    One row per `by` set and quantity: levels, quantity, scale, slope, low, high, probability (of a slope above 0),
    effective (questions), unbiased (the same of the unbiased estimates; NaN where one is not positive) with its
    interval, reliable.

    Raises
    ------
    BadInput
        If the covariate is not numeric, not positive (with `log`), or has more than 30 levels.
    NotTestable
        With fewer than three levels.
    """
    import pandas as pd

    by = list(by)
    source = source_of(about, [over, *by], metric=metric, **settings)
    column = source.cells.table[over]
    if column.dtype.kind not in "iuf":
        raise BadInput(f"A slope needs numbers, and the column {over!r} holds {column.iloc[0]!r}.")
    few_levels(source.cells.table, [over])
    known = np.flatnonzero(column.notna().to_numpy())
    if log and (column.iloc[known] <= 0).any():
        raise BadInput(f"The column {over!r} holds {column.min():g}, which has no logarithm; use log=False.")
    drawn = cache(partial(sets_of, source, [*by, over], rows=known))
    sets = drawn(population=population) if len(known) else None
    pieces = []
    groups = sets.table.groupby(by, sort=False, observed=True).indices.values() if sets is not None and by else None
    for index in [range(len(sets.table))] if groups is None and sets is not None else groups or []:
        assert sets is not None
        own = sets.take(list(index))
        x = own.table[over].to_numpy(float)
        if len(x) < 3:
            continue
        x = np.log(x) if log else x
        line = _slope(x)

        def value(terms: np.ndarray, name: str, line: np.ndarray = line) -> np.ndarray:
            y = quantity(terms, name)
            with np.errstate(invalid="ignore", divide="ignore"):
                if link:
                    y = np.log(y) - np.log1p(-y) if name == "incoherence" else np.log(y)
            out: np.ndarray = (y @ line)[..., None]
            return out

        head = own.table.iloc[:1][by].assign(levels=len(x))
        one = Sets(head, own.latent, own.unbiased, own.estimate, own.questions[:1], own.means)

        def these(index: Sequence[int] = tuple(index), head: pd.DataFrame = head) -> Sets:
            own = drawn(population="these").take(index)
            return Sets(head, own.latent, own.unbiased, own.estimate, own.questions[:1], own.means)

        piece = long_rows(one, source, value, interval, ["slope", "low", "high"], probability=True, these=these)
        scale = [("logit" if q == "incoherence" else "log") if link else "" for q in piece["quantity"]]
        piece.insert(list(piece.columns).index("quantity") + 1, "scale", scale)
        pieces.append(piece)
    if not pieces:
        raise NotTestable(f"A slope needs three levels of {over!r} or more; there are {column.nunique()}.")
    return pd.concat(pieces, ignore_index=True)


def _slope(x: np.ndarray) -> np.ndarray:
    """Coefficients c with slope = c · y of the least-squares line."""
    centred = x - x.mean()
    out: np.ndarray = centred / (centred**2).sum()
    return out


def in_bins(source: Source, names: Sequence[str], bins: int) -> Source:
    """The source with columns of many numbers cut into bins of about as many cells, named by their medians.

    Raises
    ------
    BadInput
        For fewer than two bins, or a column that has missing values.
    """
    import pandas as pd

    if bins < 2:
        raise BadInput(f"bins is {bins}; a covariate is cut into 2 or more.")
    table = source.cells.table.copy()
    for name in names:
        column = table[name]
        if column.dtype.kind not in "iuf" or name in MODEL_LEVEL or column.nunique() <= bins:
            continue
        if column.isna().any():
            raise BadInput(f"The column {name!r} has {int(column.isna().sum()):,} missing values and cannot be cut.")
        code = pd.qcut(column, bins, labels=False, duplicates="drop")
        table[name] = column.groupby(code).transform("median")
    return replace(source, cells=replace(source.cells, table=table))


def few_levels(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse numbers that differ from question to question: a set of one question has no interval."""
    for name in names:
        count = table[name].nunique()
        if count > MOST_LEVELS and table[name].dtype.kind in "iuf" and name not in MODEL_LEVEL:
            raise BadInput(
                f"The column {name!r} has {count:,} different values; cut it by bins=, group it first (as "
                "difficulty), or use hm.length_law for a law in length."
            )


def _levels(column: pd.Series, levels: Sequence[Any] | None, over: str) -> list[Any]:
    have = sorted(column.dropna().unique().tolist(), key=_order(column))
    if levels is None:
        chosen = have
    else:
        chosen = list(dict.fromkeys(levels))
        for level in chosen:
            if level not in have:
                raise BadInput(
                    f"There is no {over} {level!r}{suggest(str(level), have)}; there are {', '.join(map(repr, have))}."
                )
    if len(chosen) < 2:
        raise BadInput(f"A comparison needs two levels of {over!r}; there is {chosen[0]!r} only.")
    return chosen


def _order(column: pd.Series) -> Any:
    from hotmess.decompose.grouping import natural

    if hasattr(column, "cat"):
        return column.cat.categories.tolist().index
    return (lambda v: natural(str(v))) if column.dtype.kind not in "iufb" else (lambda v: v)
