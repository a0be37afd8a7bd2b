"""Power laws in model size."""

from __future__ import annotations

from hotmess import plot
from hotmess.plot.scale import out_of_sight
from hotmess.report.section import Context, Figure, Section, Table
from hotmess.report.sections.between import gate_sentences
from hotmess.words import percent, population_words, with_interval


def size(context: Context) -> Section:
    """Exponents of bias² and variance by group of difficulty."""
    study, population, interval = context.study, context.population, context.interval
    laws = study.power_laws
    summary = laws.summary(population, interval)
    name = "logit_incoherence_slope"
    labels = [", ".join(map(str, row)) for row in summary[list(laws.by)].itertuples(index=False)]
    listed = [
        f"{label} {with_interval(row[name], row[f'{name}_low'], row[f'{name}_high'], 2)}"
        for label, (_, row) in zip(labels[:6], summary.iterrows())
    ]
    finding = f"Slope of logit incoherence in log model size: {'; '.join(listed)}{'; …' if len(labels) > 6 else ''}."
    notes = tuple(n for n in study.grouped.notes if n.startswith("Difficulty"))
    table = plot.power_laws_table(laws, population=population, interval=interval)
    cut = "; intervals that leave the picture are whole in its data" if out_of_sight(table) else ""
    figure = Figure(
        "power-laws",
        "Bias² and variance against model size by difficulty, on logarithmic axes; lines and bands are power laws with "
        f"{percent(interval)} intervals for {population_words(population)}, marks the models' own posteriors, as the "
        f"law takes them, normal in logarithms{cut}. Below: the exponents, and their difference, the slope of logit "
        "incoherence, above zero where incoherence rises with size. Intervals of the difference take account of what "
        "the two exponents share.",
        finding,
        lambda width: plot.power_laws(laws, population=population, interval=interval, width=width, table=table),
        table,
        f"plot.power_laws(study.power_laws, population={population!r}, interval={interval})",
        claims=(
            "hard-incoherence-rises-with-scale",
            "easy-incoherence-falls-with-scale",
            "bias-falls-faster-than-variance",
            "variance-exponent-falls-with-difficulty",
            "bias-exponent-constant-across-difficulty",
        ),
    )
    heads = {c: c.replace("_", " ") for c in laws.by}
    heads |= {
        "alpha_bias2": "exponent of bias²",
        "alpha_variance": "exponent of variance",
        name: "slope of logit incoherence",
    }
    caption = (
        "Exponents of the power laws bias² ∝ N^−α and variance ∝ N^−α, and their difference, with "
        f"{percent(interval)} intervals for {population_words(population)}."
    )
    return Section(
        "scale",
        "Model size",
        text=(*notes, *laws.notes[:12], *_more(len(laws.notes) - 12)),
        figures=(figure,),
        tables=(Table("exponents", caption, summary, heads),),
        missing=gate_sentences(laws.gate.reasons, "The power law"),
        posteriors={"power-laws": laws.data},
    )


def _more(count: int) -> tuple[str, ...]:
    return (f"{count} more are left out of the law; results.json lists them.",) if count > 0 else ()
