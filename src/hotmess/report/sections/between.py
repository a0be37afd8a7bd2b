"""Incoherence against length between questions."""

from __future__ import annotations

from hotmess import plot
from hotmess.plot.length import arms
from hotmess.report.section import Context, Figure, Section, Table
from hotmess.words import percent, population_words, with_interval


def length(context: Context) -> Section:
    """The odds law of incoherence in length, per model."""
    study, population, interval = context.study, context.population, context.interval
    law = study.length_law
    summary = law.summary("odds", population, interval)
    rises, falls = int((summary["slope_low"] > 0).sum()), int((summary["slope_high"] < 0).sum())
    named = summary.assign(name=[", ".join(part for part in arm if part) for arm in arms(law)]).sort_values("slope")
    ends = [named.iloc[i] for i in sorted({0, len(named) - 1})]
    listed = [f"{e['name']} {with_interval(e['slope'], e['slope_low'], e['slope_high'], 2)}" for e in ends]
    finding = f"Slope of logit incoherence in log length of {listed[0]}."
    if len(summary) > 1:
        finding = (
            f"Slope of logit incoherence in log length for {len(summary)} models or settings: above zero in {rises}, "
            f"below zero in {falls}, its interval includes zero in {len(summary) - rises - falls}. The extremes: "
            f"{' and '.join(listed)}."
        )
    unit = law.length.replace("_", " ")
    table = plot.incoherence_against_length_table(law, population=population, interval=interval)
    told = {"population": population, "interval": interval, "table": table}
    figure = Figure(
        "incoherence-against-length",
        f"Incoherence against mean {unit} between questions. Band: odds law, logit incoherence = c + β log length, "
        f"with its {percent(interval)} interval for {population_words(population)}. Filled marks: bins of equally many "
        "questions, posterior; hollow marks: plug-in estimates of the same bins. An association: questions that need "
        "more words differ in other ways too.",
        finding,
        lambda width: plot.incoherence_against_length(law, width=width, **told),
        table,
        f"plot.incoherence_against_length(study.length_law, population={population!r}, interval={interval})",
        claims=("incoherence-rises-with-length", "length-saturates"),
    )
    heads = {"model": "model", "condition": "condition", "budget": "budget", "slope": "slope β"}
    heads = {k: v for k, v in heads.items() if k in ("model", "slope") or summary[k].nunique() > 1}
    power = law.summary("power", population, interval) if "power" in law.shapes else None
    if power is not None:
        summary = summary.assign(**{f"power{e}": power[f"slope{e}"] for e in ("", "_low", "_high")})
        heads["power"] = "exponent α (power law)"
    table = Table(
        "length-slopes",
        "Slopes of the odds law (logit incoherence per unit of log length) and exponents of the power law, which "
        f"cannot hold as incoherence nears 1, with {percent(interval)} intervals for {population_words(population)}.",
        summary,
        heads,
    )
    return Section(
        "length",
        "Length between questions",
        text=tuple(law.notes),
        figures=(figure,),
        tables=(table,),
        missing=gate_sentences(law.gate.reasons, "The length law"),
        posteriors={"length-law": law.data},
    )


def gate_sentences(reasons: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Why a posterior is not to be relied on, if so."""
    if not reasons:
        return ()
    more = f", and {len(reasons) - 1} more (see Diagnostics)" if len(reasons) > 1 else ""
    return (f"{what} is not reliable, and its bands are not to be quoted: {reasons[0]}{more}.",)
