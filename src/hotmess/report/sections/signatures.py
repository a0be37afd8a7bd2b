"""How questions fail, and which to read first."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from hotmess import plot
from hotmess.answers.signatures import SIGNATURES, Thresholds, triage
from hotmess.decompose.context_scatter import without_contexts
from hotmess.report.section import Context, Figure, Section, Table
from hotmess.report.texts import FILE, anchor, has_texts, texts_page
from hotmess.responses.outcomes import largest_error
from hotmess.words import metric_words, percent, population_words, show


def signatures(context: Context) -> Section | None:
    """Shares of questions by failure signature, and the triage table."""
    study = context.study
    metric = study.metric
    if largest_error(metric) is None:
        return None
    fit, at = study.fit, Thresholds.of(metric)
    shares = plot.failure_signatures_table(fit, metric=metric, population=context.population, interval=context.interval)
    rows = triage(fit, metric=metric)
    counts = rows["signature"].value_counts()
    listed = ", ".join(f"{name} {show(int(counts.get(name, 0)))}" for name in SIGNATURES)
    finding = f"Of {show(len(rows))} cells of a model and a question, by their most probable signature: {listed}."
    figure = Figure(
        "failure-signatures",
        "Share of questions by how they fail, posterior medians with "
        f"{percent(context.interval)} intervals for {population_words(context.population)}. Systematic: bias² above "
        f"{at.bias2:g} and variance below {at.variance:g}, the same wrong answer nearly every time; hot mess: the "
        "other way round, right more often than not but not every time; both high: does not know; solved: neither.",
        finding,
        lambda width: plot.failure_signatures(fit, width=width, table=shares),
        shares,
        f"plot.failure_signatures(study.fit, metric={metric!r}, population={context.population!r}, "
        f"interval={context.interval})",
    )
    table, pages = _table(rows, metric), {}
    if context.texts:
        first = table.data.head(table.most)
        pages = {FILE: texts_page(study.responses, first)}
        table = replace(table, links=tuple(f"{FILE}#{anchor(i)}" for i in range(1, len(first) + 1)))
    text = (*_alike(rows), *without_contexts(fit.cells, "the intervals of these shares"))
    if not context.texts and has_texts(study.responses):
        text = (*text, "With --texts (in Python, texts=True) the table links to the responses themselves.")
    return Section("signatures", "How questions fail", text=text, figures=(figure,), tables=(table,), pages=pages)


def _table(rows: pd.DataFrame, metric: str) -> Table:
    fails = rows["signature"] != "solved"
    if "right" in rows:  # where all responses are right there is no failure to read
        fails &= rows["right"] < rows["responses"]
    failing = rows[fails].reset_index(drop=True)
    data = failing if len(failing) else rows
    wanted = {
        "benchmark": "benchmark",
        "model": "model",
        "question": "question",
        "condition": "condition",
        "budget": "budget",
        "signature": "signature",
        "probability": "probability",
        "right": "right",
        "responses": "responses",
        "favourite": "favourite wrong answer",
        "favourite_count": "times given",
        "modes": "favourite mistakes",
        "first": "share of the first",
        "models_alike": "other models alike",
    }
    constant = [c for c in ("benchmark", "model", "condition", "budget", "models_alike") if c in data]
    drop = [c for c in constant if data[c].nunique() < 2]
    heads = {k: v for k, v in wanted.items() if k in data and k not in drop}
    caption = (
        "The questions to read first: failures of each kind in turn, the surest first, by "
        f"{metric_words(metric)}. "
        + (
            "Other models alike: how many systematically give the same wrong answer; where they agree, look at the "
            "answer key. "
            if "models_alike" in heads
            else ""
        )
        + (
            "Favourite mistakes: wrong answers that hold more than a fifth of the wrong ones, and the share of the "
            "largest with its 90% interval. "
            if "modes" in heads
            else ""
        )
        + "The CSV holds every failing question with all probabilities."
    )
    places = {"modes": 0}
    if "right" in data and (data["right"] % 1 == 0).all():  # of scores a sum, which may be whole
        places["right"] = 0
    return Table("triage", caption, data, heads, digits=2, places=places, most=15)


def _alike(rows: pd.DataFrame) -> tuple[str, ...]:
    if "models_alike" not in rows:
        return ()
    sure = rows[(rows["systematic"] > 0.5) & (rows["models_alike"] >= 2)]
    questions = len(sure[["benchmark", "question"]].drop_duplicates())
    if not questions:
        return ()
    return (
        f"On {questions} question{'s' if questions > 1 else ''} three or more models systematically give the same "
        "wrong answer. There the answer key deserves a look: a wrong key turns consistent correctness into bias.",
    )
