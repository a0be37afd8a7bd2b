"""Do questions that are long for one model take another long, too, and do people's labels of difficulty tell?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.arrays import Floats
from hotmess.decompose.intervals import bootstrap_interval, question_shares
from hotmess.errors import BadInput, NotTestable
from hotmess.laws.length_bins import ARM
from hotmess.remembered import remembered
from hotmess.responses.table import CELL

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses

DRAWS, LEAST = 1000, 8


@dataclass(frozen=True)
class _Arm:
    name: str
    mean: pd.Series
    reliability: float


def length_correlations(
    responses: Responses, *, label: str | None = None, interval: float = 0.9, seed: int = 0
) -> pd.DataFrame:
    """Correlations of questions' log lengths between models (and conditions and budgets), over common questions.

    Lengths are mean log₂ lengths of a question's responses, less their mean over the questions of the benchmark, so
    that benchmarks of different lengths do not make a correlation. `raw` is that of the means; `correlation` is
    corrected for their noise by the reliabilities, raw / √(λ₁ λ₂) with λ = between / (between + within / n) by the
    analysis of variance (Spearman 1904), and cut at ±1. Intervals: Bayesian bootstrap over questions, of the corrected
    one with the reliabilities held.

    Parameters
    ----------
    label
        A column that is constant in a question: people's label of its difficulty, numbers (as hours) or an ordered
        category. Its rank correlation with each model's lengths is added, as a row whose `second` is the
        label's name; not corrected.

    Returns
    -------
    One row per pair: first, second, questions, raw, correlation, correlation_low, correlation_high.

    Raises
    ------
    BadInput
        For a label that is not there or changes within a question.
    NotTestable
        If there are no lengths, or no pair has eight questions in common.
    """
    import pandas as pd

    arms = _arms(responses)
    questions = sorted(set().union(*(a.mean.index for a in arms)))
    weights = question_shares(len(questions), DRAWS, seed)
    place = {q: i for i, q in enumerate(questions)}
    rows: list[dict[str, Any]] = []

    def placed(values: pd.Series) -> Floats:
        """(questions,): NaN where there is no value."""
        out = np.full(len(questions), np.nan)
        known = [(place[q], v) for q, v in zip(values.index, values) if q in place]
        out[[i for i, _ in known]] = [v for _, v in known]
        return out

    def add(first: str, x: Floats, seconds: Sequence[str], ys: Floats, factors: Floats) -> None:
        """Pairs of one with several (S, questions), all at once where they have the same questions in common."""
        known = np.isfinite(x) & np.isfinite(ys)
        kinds, kind = np.unique(known, axis=0, return_inverse=True)
        found: dict[int, dict[str, Any]] = {}
        for number, common in enumerate(kinds):
            at = np.flatnonzero(kind == number)
            u, v = x[common], ys[at][:, common]
            at, v = at[np.ptp(v, axis=1) > 0], v[np.ptp(v, axis=1) > 0]
            if len(u) < LEAST or np.ptp(u) == 0 or not len(at):
                continue
            w = weights[:, common]
            draws = _weighted(u, v, w / w.sum(1, keepdims=True)) * factors[at]
            raw = _weighted(u, v, np.full((1, len(u)), 1 / len(u)))[0]
            ends = bootstrap_interval(draws, raw * factors[at], interval=interval, questions=len(u))
            cut = np.clip([raw * factors[at], *ends], -1, 1)
            for i, r, three in zip(at, raw, cut.T):
                row = {"first": first, "second": seconds[i], "questions": len(u), "raw": float(r)}
                found[int(i)] = row | dict(
                    zip(("correlation", "correlation_low", "correlation_high"), map(float, three))
                )
        rows.extend(found[i] for i in sorted(found))

    reliable = [one for one in arms if one.reliability > 0]
    means = np.array([placed(one.mean) for one in reliable]).reshape(len(reliable), len(questions))
    factor = 1 / np.sqrt([one.reliability for one in reliable])
    for i, one in enumerate(reliable[:-1]):
        names = [other.name for other in reliable[i + 1 :]]
        add(one.name, means[i], names, means[i + 1 :], factor[i] * factor[i + 1 :])
    if label is not None:
        values = _label(responses, label)
        for one in arms:
            common = one.mean.index.intersection(values.index)
            theirs = placed(values[common].rank())[None]
            add(one.name, placed(one.mean[common].rank()), [label], theirs, np.ones(1))
    if not rows:
        raise NotTestable(f"No two models have {LEAST} questions with lengths in common.")
    return pd.DataFrame(rows)


def alike_in_length(responses: Responses) -> list[str]:
    """Names of models (and conditions and budgets) whose questions' lengths differ no more than by chance.

    They have no reliability to correct a correlation by, and no row in `length_correlations`.

    >>> import hotmess as hm
    >>> alike_in_length(hm.example())
    []
    """
    return [one.name for one in _arms(responses) if not one.reliability > 0]


@remembered
def _arms(responses: Responses) -> list[_Arm]:
    if responses.length is None:
        raise NotTestable("There is no length column (reasoning_tokens or actions), so lengths cannot be compared.")
    table = responses.table[list(CELL)].assign(log2=np.log2(responses.lengths()))
    each = table.dropna(subset="log2").groupby(list(CELL), observed=True)["log2"].agg(["mean", "var", "count"])
    each = each.reset_index()
    varying = [c for c in ARM if c == "model" or each[c].nunique() > 1]
    out = []
    for key, own in each.groupby(varying, observed=True, sort=True):
        centred = own["mean"] - own.groupby("benchmark", observed=True)["mean"].transform("mean")
        index = list(zip(own["benchmark"].astype(str), own["question"].astype(str)))
        spare = (own["count"] - 1).sum()
        within = (own["var"].fillna(0.0) * (own["count"] - 1)).sum() / spare if spare > 0 else 0.0
        total = float((centred**2).sum() / max(len(own) - own["benchmark"].nunique(), 1))
        noise = float((within / own["count"]).mean())
        reliability = max(total - noise, 0.0) / total if total > 0 else 0.0
        name = ", ".join(str(k) for k in key if str(k))
        series = centred.set_axis(index).groupby(level=0).mean() if len(own) else centred
        out.append(_Arm(name, series, reliability))
    return out


def _label(responses: Responses, label: str) -> pd.Series:
    import pandas as pd

    table = responses.table
    if label not in table.columns:
        raise BadInput(f"There is no column {label!r} of labels; the table has {', '.join(map(str, table.columns))}.")
    values = table[label]
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.astype(float)
        values = codes.where(codes >= 0)
    else:
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.isna().sum() > values.isna().sum():
            raise BadInput(f"Labels in {label!r} are not numbers; make the column an ordered category, or numbers.")
        values = numbers.astype(float)
    keys = list(zip(table["benchmark"].astype(str), table["question"].astype(str)))
    grouped = values.set_axis(keys).dropna().groupby(level=0)
    if (grouped.nunique() > 1).any():
        raise BadInput(f"Column {label!r} changes within a question; a label of difficulty may not.")
    return grouped.first()


def _weighted(x: Floats, y: Floats, w: Floats) -> Floats:
    """(draws, S) weighted correlations of x (Q,) with each row of y (S, Q), one per row of weights (draws, Q)."""
    mx, my = (w @ x)[:, None], w @ y.T
    xx, yy, xy = (w @ x**2)[:, None] - mx**2, w @ (y**2).T - my**2, w @ (x * y).T - mx * my
    with np.errstate(invalid="ignore", divide="ignore"):
        return xy / np.sqrt(xx * yy)
