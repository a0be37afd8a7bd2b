"""Natural against budgeted length: the joint model where a claim needed it, and budgets by assignment."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

from hotmess import plot
from hotmess.errors import NotTestable, OtherOutcome, median_and_tails
from hotmess.report.section import Context, Figure, Section, Table
from hotmess.report.sections.between import gate_sentences
from hotmess.words import percent, population_words, with_interval

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from hotmess.claims.study import Study
    from hotmess.responses.cells import Cells
    from hotmess.temperature.posterior import LengthFit

APART = (
    "The two need not agree exactly. The joint model compares the same questions at lengths apart from what their "
    "answers' mean says, along a straight line in log tokens; the estimate without a model compares two groups of "
    "responses, and its incoherence mixes all lengths in a group. Where they differ by more than their intervals, "
    "the effect bends within the range, or answers follow no temperature: trust the estimate without a model."
)


def overthinking(context: Context) -> Section | None:
    """Effects side by side, dose response, and budgets by assignment with their three parts."""
    study = context.study
    figures: list[Figure] = []
    tables: list[Table] = []
    text: list[str] = []
    missing: tuple[str, ...] = ()
    posteriors = {}
    assigned = _assigned(context)
    if assigned is not None:
        tables.append(assigned[0])
        text.append(assigned[1])
        posteriors["budget-contrast"] = study.budget_contrast.fit.data  # type: ignore[union-attr]
    fit: LengthFit | None = study.fitted("temperature")
    if fit is not None:
        missing = gate_sentences(fit.gate.reasons, "The joint model of answers and lengths")
        if not missing:
            more, shown, said = _joint(context, fit)
            figures += more
            tables.append(shown)
            text += said
            if "budget" in fit.lengths.features:
                text.append(study.budget_agreement.sentence)
            posteriors["temperature"] = fit.data
        text += fit.notes
    elif assigned is not None:
        text.append("No claim that was tested needed the joint model of answers and lengths, so it was not fitted.")
    if not tables and not missing:
        return None
    return Section(
        "overthinking",
        "Natural against budgeted length",
        text=tuple(text),
        figures=tuple(figures),
        tables=tuple(tables),
        missing=missing,
        posteriors=posteriors,
    )


def _assigned(context: Context) -> tuple[Table, str] | None:
    study = context.study
    try:
        latent, unbiased = study.budget_contrast, study.unbiased_budget_contrast
    except OtherOutcome:
        raise
    except NotTestable:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        data = plot.natural_contrast_table(latent, unbiased, population=context.population, interval=context.interval)
    own = data[data["estimator"] == "latent"]
    falls, rises = int((own["change_high"] < 0).sum()), int((own["change_low"] > 0).sum())
    heads = {k: k for k in ("model", "estimator", "change", "accuracy", "spread", "concentration") if k in data}
    table = Table(
        "budget-parts",
        "Change of incoherence from the smallest to the largest budget by assignment, and its three parts (mean "
        f"accuracy is the mechanical one), {latent.questions:,} questions, with {percent(context.interval)} intervals "
        f"for {population_words(context.population)}.",
        data,
        heads,
    )
    said = (
        f"By assignment, an intervention: at the largest budget incoherence is lower than at the smallest in {falls} "
        f"of {len(own)} models, higher in {rises}, and the interval includes zero in {len(own) - falls - rises}."
    )
    return table, said


def _halves(study: Study) -> dict[str, Cells]:
    out = {}
    for kind, name in (("natural", "halves"), ("budget", "budget_halves")):
        with contextlib.suppress(NotTestable):
            out[kind] = getattr(study, name)
    return out


def _joint(context: Context, fit: LengthFit) -> tuple[list[Figure], Table, list[str]]:
    study, population, interval = context.study, context.population, context.interval
    halves = _halves(study)
    data = plot.overthinking_slopes_table(fit, halves, population=population, interval=interval)
    words = population_words(population)
    figures = [
        Figure(
            "natural-against-budget",
            f"{slopes_words(set(data['kind']), set(data['estimator']))} {percent(interval)} intervals for {words}.",
            _finding(fit, data, population, interval),
            lambda width: plot.overthinking_slopes(fit, halves, width=width, table=data),
            data,
            "plot.overthinking_slopes(study.temperature, {'natural': study.halves, 'budget': study.budget_halves}, "
            f"population={population!r}, interval={interval})",
            claims=("answers-get-hotter-with-length", "natural-exceeds-budget"),
        )
    ]
    if "budget" in fit.lengths.features or "zero" in fit.lengths.features:
        doses = plot.dose_response_table(fit, study.responses, population=population, interval=interval)
        figures.append(
            Figure(
                "dose-response",
                "Incoherence over tokens. Squares: budgets, at the tokens that they spend, joint model at the "
                "questions' own mean lengths; hollow: unbiased, without a model, over all lengths of the level. Band: "
                f"natural length at the mean budget. {percent(interval)} intervals for {words}. A dose response in "
                "tokens takes for granted that budgets act through tokens alone.",
                _doses(doses),
                lambda width: plot.dose_response(fit, study.responses, interval=interval, width=width, table=doses),
                doses,
                f"plot.dose_response(study.temperature, study.responses, population={population!r}, "
                f"interval={interval})",
                claims=("budget-lowers-incoherence",),
            )
        )
    heads = {
        "unit": "model",
        "kind": "tokens by",
        "estimator": "estimator",
        "slope": "logit incoherence",
        "accuracy": "accuracy",
        "heat": "log temperature",
    }
    table = Table(
        "overthinking-slopes",
        "Changes per doubling of tokens, natural and budgeted side by side, averaged over the observed range of "
        f"lengths and the same questions, with {percent(interval)} intervals for {words}. Unbiased: without a model.",
        data,
        heads,
    )
    return figures, table, _agreement(data)


def slopes_words(kinds: Collection[str], estimators: Collection[str]) -> str:
    """What the figure of slopes shows, of the kinds and estimators that are in it.

    >>> slopes_words({"natural"}, {"joint"}).partition(", ")[2]
    'by natural variation of length within a question (observed: an association). Filled: the joint temperature model.'
    >>> slopes_words({"natural", "budget"}, {"joint", "unbiased"})[-41:]
    'model; hollow: unbiased, without a model.'
    """
    natural = "by natural variation of length within a question"
    if "budget" in kinds:
        natural += " and budget"
    ways = [f"{natural} (observed: an association)"] if "natural" in kinds else []
    if "budget" in kinds:
        ways.append(
            "by budget (assigned: an intervention; per token spent only if a budget acts through its tokens alone)"
        )
    hollow = "; hollow: unbiased, without a model" if "unbiased" in estimators else ""
    return (
        f"Change of logit incoherence per doubling of tokens, {', and '.join(ways)}. "
        f"Filled: the joint temperature model{hollow}."
    )


def _finding(fit: LengthFit, data: pd.DataFrame, population: str, interval: float) -> str:
    said = []
    joint = data[data["estimator"] == "joint"]
    for kind, words in (("natural", "by natural length"), ("budget", "by budget")):
        if kind not in fit.lengths.features:
            continue
        number = joint.loc[joint["kind"] == kind, "unit"].nunique()
        mean = fit.mean_slope(kind, "incoherence", population=population)[0]
        low, middle, high = np.quantile(mean, median_and_tails(interval))
        over = f"mean over {number} models" if number > 1 else "in one model"
        said.append(f"{words}, {over}, {with_interval(middle, low, high, 2)}")
    return f"Change of logit incoherence per doubling of tokens: {'; '.join(said)}."


def _doses(doses: pd.DataFrame) -> str:
    said = []
    for unit, own in doses[doses["curve"] == "budget"].groupby("unit", sort=False):
        if len(own) < 2:
            continue
        own = own.sort_values("tokens")
        ends = [own.iloc[0], own.iloc[-1]]
        said.append(
            f"{unit} "
            + " to ".join(
                f"{with_interval(e['incoherence'], e['incoherence_low'], e['incoherence_high'], 2)} at "
                f"{e['tokens']:,.0f} tokens"
                for e in ends
            )
        )
    return f"Incoherence from the smallest to the largest budget: {'; '.join(said)}." if said else ""


def _agreement(data: pd.DataFrame) -> list[str]:
    """Whether the joint model's intervals and those without a model overlap, and what it means where they do not."""
    wide = data.pivot_table(index=["unit", "kind"], columns="estimator", values=["slope", "slope_low", "slope_high"])
    if ("slope", "unbiased") not in wide:
        return []
    both = wide.dropna()
    apart = both[
        (both["slope_low"]["joint"] > both["slope_high"]["unbiased"])
        | (both["slope_high"]["joint"] < both["slope_low"]["unbiased"])
    ]
    if apart.empty:
        return [
            f"{f'In all {len(both)} comparisons the' if len(both) > 1 else 'The'} intervals of the joint model and of "
            "the estimate without a model overlap."
        ]
    names = ", ".join(f"{unit} ({kind})" for unit, kind in apart.index)
    return [f"The intervals of the joint model and of the estimate without a model do not overlap for {names}.", APART]
