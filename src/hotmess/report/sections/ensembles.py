"""Ensembles: what more samples buy, and averages of real responses."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotmess import plot
from hotmess.decompose.context_scatter import without_contexts
from hotmess.decompose.grouping import rows_by_model
from hotmess.errors import BadInput, NotTestable
from hotmess.report.section import Context, Figure, Section, Table
from hotmess.words import percent, population_words, show, with_interval

if TYPE_CHECKING:
    from hotmess.answers.posterior import Fit
    from hotmess.claims.study import Study
    from hotmess.ensembles.real import RealEnsembles

SIZE = 8


def ensembles(context: Context) -> Section | None:
    """Votes and averages of 8 answers and in the limit, by model and difficulty; disjoint real ensembles."""
    study = context.study
    if study.responses.outcome != "answer":
        return None
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    missing: tuple[str, ...] = ()
    text: list[str] = []
    with contextlib.suppress(NotTestable):
        tables, said = (_bought(context),), _limit(context)
        text += [said, *without_contexts(study.cells, "the intervals of this table")]
    try:
        figures, notes = (_real(context),), _ensembles(study).notes
        text += list(notes)
    except NotTestable as reason:
        missing = (f"Averages of real responses: {reason}",)
    if not tables and not figures:
        return None
    return Section("ensembles", "Ensembles", text=tuple(text), figures=figures, tables=tables, missing=missing)


def _ensembles(study: Study) -> RealEnsembles:
    from hotmess.claims.catalogue.ensembling_divides_variance import ensembles as made

    return made(study)


def grouped_fit(study: Study) -> tuple[Fit, list[str]]:
    """Latent answers with a group for each level of difficulty where there are any, and the columns of its sets."""
    from hotmess.answers.fit import fit
    from hotmess.responses.cells import reduce

    def make() -> Fit:
        laws = study.fitted("power_laws")
        if laws is not None and study.scale_split == ["difficulty"] and len(laws.fit.cells) == len(study.cells):
            first: Fit = laws.fit  # of the same cells in the same groups
            return first
        cells = reduce(study.grouped, split=["difficulty"])
        out: Fit = fit(cells, pointwise=False, **study.answers, **study.sampled)
        return out

    try:
        return study.once("fit by difficulty", make), ["model", "difficulty"]
    except BadInput:
        return study.fit, ["model"]


def _sizes(context: Context) -> pd.DataFrame:
    from hotmess.ensembles import ensemble_table

    fit, by = grouped_fit(context.study)

    def make() -> pd.DataFrame:
        out: pd.DataFrame = ensemble_table(
            fit, sizes=(SIZE,), by=by, population=context.population, interval=context.interval
        )
        return out

    return context.study.once(f"ensembles, {context.population}, {context.interval}", make)


def _bought(context: Context) -> Table:
    """What 8 samples buy: one row per model and group of difficulty."""
    long, (_, by) = _sizes(context), grouped_fit(context.study)
    keys = [*by, "questions"]
    wide = long[long["size"] == 1][keys].reset_index(drop=True)
    for size, name in ((1.0, "one"), (float(SIZE), "eight"), (np.inf, "limit")):
        part = long[long["size"] == size].reset_index(drop=True)
        for value in ("accuracy", "error"):
            for end in ("", "_low", "_high"):
                wide[f"{value}_{name}{end}"] = part[f"{value}{end}"]
    wide = rows_by_model(wide.astype(dict.fromkeys(by, str)), context.study.responses.table)
    heads = {name: name for name in by} | {
        "accuracy_one": "accuracy of one answer",
        "accuracy_eight": f"of the vote of {SIZE}",
        "accuracy_limit": "of ever more votes",
        "error_one": "Brier error of one answer",
        "error_eight": f"of the average of {SIZE}",
        "error_limit": "of ever more",
    }
    alone = ", each in a few-shot context of its own" if (context.study.cells.points.n > 1).any() else ""
    caption = (
        f"What {SIZE} samples buy: majority votes and averages of independent answers{alone}, from the latent answer "
        f"distributions; medians with {percent(context.interval)} intervals for "
        f"{population_words(context.population)}. What the last column of each leaves wrong, no resampling removes."
    )
    return Table("ensembles", caption, wide, heads, digits=2)


def _limit(context: Context) -> str:
    long, (_, by) = _sizes(context), grouped_fit(context.study)
    limit = long[np.isinf(long["size"])]
    best, worst = limit.loc[limit["gain"].idxmax()], limit.loc[limit["gain"].idxmin()]

    def one(row: pd.Series) -> str:
        gain = with_interval(row["gain"], row["gain_low"], row["gain_high"], 2)
        return f"{', '.join(str(row[name]) for name in by)} {gain}"

    if len(limit) == 1:
        return f"Ever more votes change accuracy by at most {one(best)}."
    rises = int((limit["gain_low"] > 0).sum())
    return (
        f"Ever more votes raise accuracy in {rises} of {show(len(limit))} rows of the table (intervals above zero), by "
        f"most for {one(best)}, by least for {one(worst)}."
        + (" Below zero, the vote settles on a wrong answer." if worst["gain"] < 0 else "")
    )


def _real(context: Context) -> Figure:
    real = _ensembles(context.study)
    table = plot.real_ensembles_table(real, interval=context.interval)
    last = table[(table["size"] == real.sizes[-1]) & (table["expected"] > 0)]
    if last.empty:
        raise NotTestable("No model's answers vary, so there is no variance for an average to divide.")
    ratio = last["variance"] / last["expected"]
    finding = (
        f"Variance of averages of {real.sizes[-1]} real responses over that of one divided by {real.sizes[-1]}: "
        f"{show(ratio.min(), 2)}"
        + (f" to {show(ratio.max(), 2)} across {len(last)} models." if len(last) > 1 else ".")
        + " Independent responses give 1."
    )
    return Figure(
        "real-ensembles",
        "Disjoint ensembles of real responses in the order in which they were drawn (one response from each of E "
        "few-shot contexts where responses share contexts): bias² and unbiased variance of their average, with "
        f"{percent(context.interval)} intervals for questions like these. Lines: what independent responses give.",
        finding,
        lambda width: plot.real_ensembles(real, interval=context.interval, width=width, table=table),
        table,
        f"plot.real_ensembles(hm.ensembles.real_ensembles(study.responses), interval={context.interval})",
        claims=("ensembling-divides-variance",),
    )
