"""The survey: two attributes ranked by different raters."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hotmess.claims.catalogue.intelligence_and_incoherence_correlate import rank_fit, rankings_of
from hotmess.errors import median_and_tails, tails
from hotmess.rankings import mean_rank_correlation
from hotmess.rankings.table import COLUMNS
from hotmess.report.section import Context, Section, Table
from hotmess.report.sections.between import gate_sentences
from hotmess.words import percent, show


def survey(context: Context) -> Section | None:
    """Correlations with and without a model, and what so few raters can and cannot establish."""
    study = context.study
    if not set(COLUMNS) <= set(study.responses.table.columns):
        return None
    data, sign = rankings_of(study)
    fit, quick = rank_fit(study), mean_rank_correlation(data)
    rows: list[dict[str, object]] = [
        {"what": "mean ranks, raw", "correlation": sign * quick.raw},
        {"what": "mean ranks, corrected for the raters' noise", "correlation": sign * quick.corrected},
    ]
    from scipy.stats import norm

    half = norm.isf(tails(context.interval)[0]) * quick.error
    rows[1] |= {"correlation_low": sign * quick.corrected - half, "correlation_high": sign * quick.corrected + half}
    found = {
        "rank model, entities like these": fit.correlation(),
        "rank model, these entities": fit.correlation("these"),
    }
    found |= {f"rank model, among {name}": draws for name, draws in fit.within().items()}
    for what, draws in found.items():
        low, middle, high = np.quantile(sign * draws, median_and_tails(context.interval))
        rows.append({"what": what, "correlation": middle, "correlation_low": low, "correlation_high": high})
    table = pd.DataFrame(rows, columns=["what", "correlation", "correlation_low", "correlation_high"])
    other = "incoherence" if sign < 0 else data.attributes[1]
    count = np.bincount(data.attribute, minlength=2)
    text = (
        f"{len(data.entities)} entities, ranked by {count[0]} raters of {data.attributes[0]} and {count[1]} of "
        f"{data.attributes[1]}; reliability of their mean ranks {show(quick.reliability[0], 2)} and "
        f"{show(quick.reliability[1], 2)}.",
        "With some 60 entities and 5 or 6 raters a correlation of 0.65 can be told from none, but hardly from 0.5 "
        "or 0.8; and ranks cannot tell a correlation of the entities from one of their raters' shared misjudgements "
        "(reports/studies/survey.md).",
    )
    caption = (
        f"Correlation of {data.attributes[0]} and {other} over entities, with {percent(context.interval)} intervals: "
        "of mean ranks (jackknife over entities), and by Plackett and Luce's rank model with raters of different "
        "discrimination."
    )
    return Section(
        "survey",
        "Survey",
        text=text,
        tables=(Table("survey", caption, table, {"what": "estimate", "correlation": "correlation"}, digits=2),),
        missing=gate_sentences(fit.gate.reasons, "The rank model"),
        posteriors={"survey": fit.data},
    )
