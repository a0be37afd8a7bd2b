"""Longer against shorter responses of the same question."""

from __future__ import annotations

import numpy as np

from hotmess import plot
from hotmess.report.section import Context, Figure, Section, Table
from hotmess.report.sections.between import gate_sentences
from hotmess.words import percent, population_words


def natural(context: Context) -> Section:
    """The change of incoherence and its three parts, latent and unbiased."""
    study, population, interval = context.study, context.population, context.interval
    with np.errstate(invalid="ignore", divide="ignore"):  # a half without errors has no incoherence: NaN
        latent, unbiased = study.contrast, study.unbiased_contrast
    data = plot.natural_contrast_table(latent, unbiased, population=population, interval=interval)
    own = data[data["estimator"] == "latent"]
    rises, falls = int((own["change_low"] > 0).sum()), int((own["change_high"] < 0).sum())
    unknown = int(own["change"].isna().sum())
    finding = (
        f"Longer responses are more incoherent than shorter ones of the same question in {rises} of {len(own)} models, "
        f"less incoherent in {falls}; the interval of the change includes zero in {len(own) - rises - falls - unknown}"
        + (f", and the change is undefined in {unknown}, where a half has no errors." if unknown else ".")
    )
    figure = Figure(
        "natural-contrast",
        "Change of incoherence from responses below to responses above their own question's median length, and its "
        "three parts, which add up to it (with unparsable answers as one more wrong option): mean accuracy (the "
        "mechanical part), spread of accuracy over questions, concentration of wrong answers. Filled: latent "
        f"posterior; hollow: unbiased, without a model. {percent(interval)} intervals for "
        f"{population_words(population)}. Length was observed, not assigned: an association.",
        finding,
        lambda width: plot.natural_contrast(latent, unbiased, width=width, table=data),
        data,
        "plot.natural_contrast(study.contrast, study.unbiased_contrast, "
        f"population={population!r}, interval={interval})",
        claims=("natural-overthinking",),
    )
    heads = {
        "model": "model",
        "estimator": "estimator",
        "change": "change",
        "accuracy": "accuracy",
        "spread": "spread",
        "concentration": "concentration",
    }
    heads = {k: v for k, v in heads.items() if k in data}
    caption = (
        f"The change of incoherence, longer − shorter, and its three parts, {latent.questions:,} questions, with "
        f"{percent(interval)} intervals for {population_words(population)}."
    )
    gate = latent.fit.gate.reasons if latent.fit is not None else ()
    return Section(
        "natural",
        "Length within questions",
        text=tuple(latent.notes),
        figures=(figure,),
        tables=(Table("natural-parts", caption, data, heads),),
        missing=gate_sentences(gate, "The contrast"),
        posteriors={"contrast": latent.fit.data} if latent.fit is not None else {},
    )
