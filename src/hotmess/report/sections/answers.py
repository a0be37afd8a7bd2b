"""Models and questions: decompositions per model, the plane of bias² and variance."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd

from hotmess import plot
from hotmess.errors import BadInput
from hotmess.report.section import Context, Figure, Section, Table
from hotmess.words import metric_words, percent, population_words, show, with_interval

HEADS = {
    "model": "model",
    "questions": "questions",
    "responses": "responses",
    "error": "error",
    "bias2": "bias²",
    "variance": "variance",
    "incoherence": "incoherence",
    "reliable": "reliable",
}
SAID = {
    "latent": "Latent answer distributions: posterior medians",
    "unbiased": "Unbiased estimates, without a model",
    "plug-in": "Plug-in estimates, with variance too low and bias² too high at few responses",
}


def models(context: Context) -> Section:
    """Decompositions per model by every estimator, and the figure of incoherence."""
    study, about = context.study, population_words(context.population)
    words = metric_words(study.metric)
    tables: list[Table] = []
    missing: list[str] = []
    order = plot.incoherence_by_model_table(study, interval=context.interval)
    for estimator, said in SAID.items():
        try:
            records = plot.model_records(study, estimator, population=context.population, interval=context.interval)
        except BadInput as reason:
            missing.append(f"{said.split(':')[0].split(',')[0]}: {reason}")
            continue
        if estimator == "plug-in" and tables:
            continue  # in the figure and in results.json; a third table says little more
        frame = _numbers(pd.DataFrame.from_records(records))
        frame["model"] = pd.Categorical(frame["model"].astype(str), order["model"])
        frame = frame.sort_values("model").astype({"model": str}).reset_index(drop=True)
        heads, same = _without_constant(frame)
        between = f", with {percent(context.interval)} intervals for {about}" if _with_intervals(frame) else ""
        caption = f"{said}{between}, by {words}.{same}"
        tables.append(Table(estimator, caption, frame, heads))
    title = "Bias, variance and incoherence of each model"
    if not tables:  # one response per question: nothing can be told apart
        return Section("models", title, missing=tuple(dict.fromkeys(missing)))
    tables += _conditions(context, order["model"].tolist())
    posteriors = {}
    with contextlib.suppress(BadInput):
        posteriors["answers"] = study.fit.data
    filled, hollow = "posterior medians", "estimates without a model"
    if not posteriors:
        filled, hollow = "unbiased estimates, without a model", "plug-in estimates"
    figure = Figure(
        "incoherence-by-model",
        f"Incoherence of each model, Σ variance / Σ error. Filled marks: {filled}. Thick lines: "
        f"{percent(context.interval)} intervals for these questions themselves; thin lines: for questions like these. "
        f"Hollow marks: {hollow}; plug-in is biased towards low incoherence.",
        _finding(order),
        lambda width: plot.incoherence_by_model(study, interval=context.interval, width=width),
        order,
        f"plot.incoherence_by_model(study, interval={context.interval})",
        first=True,
    )
    return Section(
        "models",
        title,
        figures=(figure,),
        tables=tuple(tables),
        missing=tuple(missing),
        posteriors=posteriors,
        text=_contexts(context, fitted=bool(posteriors)),
    )


def _conditions(context: Context, order: list[str]) -> list[Table]:
    """Models in each condition, where there are several: nothing above tells conditions apart."""
    study = context.study
    if study.responses.table["condition"].nunique() < 2:
        return []
    by = ["model", "condition"]
    try:
        records = plot.model_records(study, "unbiased", by=by, population=context.population, interval=context.interval)
    except BadInput:
        return []
    frame = _numbers(pd.DataFrame.from_records(records))
    frame = frame.sort_values(by, key=lambda c: c.map(order.index) if c.name == "model" else c, ignore_index=True)
    heads, same = _without_constant(frame)
    about = population_words(context.population)
    caption = (
        f"Each condition by itself, which the tables above put together: {SAID['unbiased'].lower()}, with "
        f"{percent(context.interval)} intervals for {about}.{same}"
    )
    return [Table("conditions", caption, frame, {"model": "model", "condition": "condition"} | heads, most=40)]


def _contexts(context: Context, *, fitted: bool) -> tuple[str, ...]:
    """What repeated few-shot contexts mean for these intervals; fitted: whether there is a latent model of them."""
    with contextlib.suppress(BadInput):
        if (context.study.cells.points.n > 1).any():
            said = (
                f"Responses share {context.study.responses.shared}. Unbiased estimates and their intervals take each "
                "as one cluster"
            )
            if not fitted:
                return (f"{said}.",)
            return (
                f"{said}; in what the latent model says of a question, its responses count for as many independent "
                "ones as they are worth (reports/studies/context_worth.md).",
            )
    return ()


def _numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of numbers and None as columns of numbers and NaN."""
    mixed = [c for c in frame if frame[c].dtype == object and not any(isinstance(v, str) for v in frame[c])]
    return frame.astype(dict.fromkeys(mixed, float))


def _with_intervals(frame: pd.DataFrame) -> bool:
    """Whether there is an interval: too few draws, or a single question, have none."""
    ends = frame[[c for c in frame if str(c).endswith("_low")]].to_numpy(float)
    return bool(np.isfinite(ends).any())


def _without_constant(frame: pd.DataFrame) -> tuple[dict[str, str], str]:
    """The columns to show, and a sentence in place of those that say the same of every model."""
    heads = {k: v for k, v in HEADS.items() if k in frame}
    said = []
    if len(frame) > 1:
        for name in ("questions", "responses"):
            if frame[name].nunique() == 1:
                said.append(f"{int(frame[name].iloc[0]):,} {heads.pop(name)}")
    each = f" {' and '.join(said)} of each." if said else ""
    if bool(frame["reliable"].all()):
        heads.pop("reliable")
        each += " All are reliable."
    return heads, each


def _finding(table: pd.DataFrame) -> str:
    main = "latent" if "latent" in table else "unbiased" if "unbiased" in table else "plug_in"
    known = table[np.isfinite(table[main])]
    if not len(known):
        return "No model has a defined incoherence: there are no errors."

    def one(row: pd.Series) -> str:
        value = with_interval(row[main], row.get(f"{main}_low"), row.get(f"{main}_high"), 2)
        return f"{row['model']} ({value})"

    if len(known) == 1:
        return f"Incoherence of {one(known.iloc[0])}."
    low, high = known.loc[known[main].idxmin()], known.loc[known[main].idxmax()]
    return f"Incoherence of {len(known)} models, from the lowest, {one(low)}, to the highest, {one(high)}."


def questions(context: Context) -> Section:
    """Every question in the plane of bias² and variance."""
    fit, metric = context.study.fit, context.study.metric
    data = plot.bias_variance_plane_table(fit, metric=metric)
    middle = data.groupby("model", sort=False)["incoherence"].median().dropna()
    settled = float(((data["bias2"] + data["variance"]) < 0.05).mean())
    finding = (
        f"Of {len(data):,} cells of a model and a question, {percent(round(settled, 3))} have an error below 0.05. "
        + (
            f"The median question's incoherence lies between {show(middle.min(), 2)} and {show(middle.max(), 2)} "
            "across models."
            if len(middle) > 1
            else f"The median question's incoherence is {show(middle.iloc[0], 2)}."
            if len(middle)
            else ""
        )
    )
    figure = Figure(
        "bias-variance-plane",
        "Each question at its posterior mean of bias² and variance; grey lines join points of equal incoherence. "
        "The cross is the mean over questions with 90% intervals: the line it lies on is the model's incoherence, a "
        "ratio of sums and not a mean of ratios.",
        finding,
        lambda width: plot.bias_variance_plane(
            fit, metric=metric, population=context.population, width=width, table=data
        ),
        data,
        f"plot.bias_variance_plane(study.fit, metric={metric!r}, population={context.population!r})",
    )
    return Section("questions", "Questions", figures=(figure,))
