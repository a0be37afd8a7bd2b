"""Will it be right the next time? pass^k, flips, agreement, and how answers differ where they do."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd

from hotmess import plot
from hotmess.decompose.grouping import models_in_order
from hotmess.errors import NotTestable
from hotmess.plot.reliability import WHO, pass_curves_of
from hotmess.report.section import Context, Figure, Section, Table
from hotmess.runs.modes import modes
from hotmess.runs.reliability import Reliability, reliability
from hotmess.runs.scores import ANSWERS
from hotmess.runs.sources import sources
from hotmess.words import percent, show, with_interval

SAID = {
    "flips": "Flips: of two runs one is right and one is not.",
    "agreement": "Agreement: two runs give the same answer.",
    "icc": "Icc: intra-class correlation, the share of the variance of right and wrong between questions.",
    "entropy": "Entropy of answers in nats.",
}


def reliability_section(context: Context) -> Section | None:
    """pass^k and pass@k against k, what is counted by hand, and modes of failure."""
    study, interval = context.study, context.interval
    if study.responses.outcome not in ANSWERS:
        return None
    models = study.responses.table[["family", "model"]].drop_duplicates()
    by = WHO if models["model"].is_unique else ["model"]  # by what the figure needs, where this makes no more sets
    found = study.once(
        "reliability",
        lambda: reliability(study.responses, by, interval=interval, seed=study.seed, differences=False),
    )
    order = models_in_order(study.responses.table)["model"].tolist()
    tables = [_table(found, order, interval)]
    with contextlib.suppress(NotTestable):
        tables.append(_modes(context, order))
    figures = (_curves(context, found),) if len(found.table["k"].dropna().unique()) > 1 else ()
    return Section(
        "reliability", "Will it be right the next time?", text=found.notes, figures=figures, tables=tuple(tables)
    )


def _curves(context: Context, found: Reliability) -> Figure:
    study, interval = context.study, context.interval
    if set(WHO) <= set(found.table):
        table = pass_curves_of(found.table)
    else:
        table = plot.pass_curves_table(study.responses, interval=interval, seed=study.seed)
    last = table[table["k"] == table["k"].max()]
    side = "pass^k" if (last["quantity"] == "pass^k").any() else "worst of k"
    own = last[last["quantity"] == side]
    name = side.replace("k", str(int(own["k"].iloc[0]))) if side == "pass^k" else f"The worst of {own['k'].iloc[0]}"
    low, high = own["value"].min(), own["value"].max()
    span = show(low, 2) if len(own) == 1 else f"between {show(low, 2)} and {show(high, 2)} across models"
    what = "All of k responses right, and one of k right" if side == "pass^k" else "The worst and the best of k scores"
    return Figure(
        "pass-curves",
        f"{what}, against k: means over questions of unbiased estimates, with "
        f"{percent(interval)} intervals for questions like these. k goes up to the responses of every question.",
        f"{name} is {span}.",
        lambda width: plot.pass_curves(study.responses, interval=interval, width=width, table=table),
        table,
        f"plot.pass_curves(study.responses, interval={interval}, seed={study.seed})",
        claims=("reliability-rises-with-scale",),
    )


def _table(found: Reliability, order: list[str], interval: float) -> Table:
    """One row per model."""
    table, rows = found.table, []
    most = table[table["quantity"].isin(["pass^k", "worst of k"])]["k"].max()
    for model in order:
        own = table[table["model"].astype(str) == str(model)]
        row: dict[str, object] = {"model": model}
        for name, k, value, low, high in own[["quantity", "k", "value", "low", "high"]].itertuples(index=False):
            key = str(name)
            if not pd.isna(k):
                if k != most or most == 1:
                    continue
                key = key.replace("@k", f"@{k}").replace("^k", f"^{k}").replace("of k", f"of {k}")
            row |= {key: value, f"{key}_low": low, f"{key}_high": high}
        rows.append(row)
    data = pd.DataFrame(rows)
    shown = [str(name) for name in data if not str(name).endswith(("_low", "_high"))]
    said = " ".join(text for name, text in SAID.items() if name in shown)
    caption = f"What repeated runs say, with {percent(interval)} intervals for questions like these. {said}"
    return Table("reliability", caption, data, {name: name for name in shown})


def _modes(context: Context, order: list[str]) -> Table:
    """How two answers to a question differ, where they do."""
    study, interval = context.study, context.interval
    found = modes(study.responses, interval=interval, seed=study.seed).table
    rows = []
    for model in order:
        own = found[found["model"].astype(str) == str(model)].set_index("part")
        if not len(own):
            continue
        row: dict[str, object] = {"model": model}
        for name in own.index:
            row |= {name: own.loc[name, "value"]}
            row |= {f"{name}_low": own.loc[name, "low"], f"{name}_high": own.loc[name, "high"]}
        rows.append(row)
    data = pd.DataFrame(rows)
    shown = [str(name) for name in data if not str(name).endswith(("_low", "_high"))]
    caption = (
        "Modes of failure: the variance of answers, the chance that two responses to a question differ, divided by how "
        "they differ: one is right and one is not, one is no answer, or both are wrong and not the same. Effective "
        "wrong answers: 1 where every mistake to a question is the same one, 2 where two are equally frequent."
    )
    return Table("modes", caption, data, {name: name for name in shown}, digits=2)


def sources_section(context: Context) -> Section | None:
    """The parts of variance by source, where the data name any: the columns named, else few-shot contexts."""
    study, interval = context.study, context.interval
    names = list(study.responses.sources[:4]) or ["context"]
    if names == ["context"] and study.responses.table["context"].isna().all():
        return None
    responses, seed = study.responses, study.seed
    found = sources(responses, names, interval=interval, seed=seed, differences=False)
    table = plot.source_shares_table(responses, names, interval=interval, seed=seed)
    listed = []
    for part, own in table.groupby("part", sort=False):
        if len(own) == 1:
            one = own.iloc[0]
            listed.append(f"{part} {with_interval(one['share'], one['share_low'], one['share_high'], 2)}")
        else:
            listed.append(f"{part} {show(own['share'].min(), 2)} to {show(own['share'].max(), 2)}")
    figure = Figure(
        "source-shares",
        "Shares of the variance of responses to a question, by source, estimated without a model from pairs of "
        f"responses that share some of their sources, with {percent(interval)} intervals for questions and levels like "
        "these. Estimates of a share that is nothing lie to both sides of 0; lines are cut at −0.2 and 1.2.",
        f"Shares of the variance: {'; '.join(listed)}.",
        lambda width: plot.source_shares(responses, names, interval=interval, width=width, table=table),
        table,
        f"plot.source_shares(study.responses, {names!r}, interval={interval}, seed={study.seed})",
    )
    order = models_in_order(study.responses.table)["model"].tolist()
    data = found.table.sort_values("model", key=lambda c: c.map(order.index), kind="stable", ignore_index=True)
    data = data.rename(columns={"low": "value_low", "high": "value_high"})
    data.loc[data["part"] == "total", ["share", "share_low", "share_high"]] = np.nan
    heads = {"model": "model", "part": "part", "questions": "questions", "value": "variance", "share": "share"}
    if data["incoherence"].notna().any():
        heads["incoherence"] = "part of incoherence"
    caption = (
        f"The variance of a response to a question by source, with {percent(interval)} intervals; the total is that of "
        "one response whose levels are all new."
    )
    whole = Table("sources", caption, data, heads, most=40)
    title = "How much is the prompt, the judge, the machine?" if study.responses.sources else "How much is the context?"
    return Section("sources", title, text=found.notes, figures=(figure,), tables=(whole,))
