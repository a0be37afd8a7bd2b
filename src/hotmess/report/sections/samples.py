"""How often answers change, and how many samples are enough."""

from __future__ import annotations

from hotmess import plot
from hotmess.laws.samples import sample_size, subset_spread
from hotmess.report.section import Context, Figure, Section
from hotmess.words import percent, population_words, show


def samples(context: Context) -> Section | None:
    """Share of questions with a changed answer; standard deviation against the number of responses."""
    if context.study.responses.outcome != "answer":
        return None
    return Section("samples", "Samples", figures=(_changes(context), _efficiency(context)))


def _changes(context: Context) -> Figure:
    study, interval = context.study, context.interval
    table = plot.changed_answers_table(study.cells, interval=interval, seed=study.seed)
    listed = []
    for kind, own in table.groupby("kind", sort=False):
        low, high = own["share"].min(), own["share"].max()
        span = show(low, 2) if len(own) == 1 else f"{show(low, 2)} to {show(high, 2)}"
        listed.append(f"by {kind} {span}")
    contexts = (
        " By resampling: in one few-shot context; by both: each in a context of its own; by context: the difference."
        if len(set(table["kind"])) > 1
        else ""
    )
    return Figure(
        "changed-answers",
        f"Share of questions on which two responses give different answers, with {percent(interval)} intervals for "
        f"questions like these.{contexts} It is the unbiased Brier variance.",
        f"Two responses differ{', across models' if table['model'].nunique() > 1 else ''}: {'; '.join(listed)}.",
        lambda width: plot.changed_answers(study.cells, width=width, table=table),
        table,
        f"plot.changed_answers(study.cells, interval={interval}, seed={study.seed})",
    )


def _efficiency(context: Context) -> Figure:
    study, population, interval = context.study, context.population, context.interval
    made = study.once(f"sample size, {population}", lambda: sample_size(study.fit, population=population))
    spread = study.once("subset spread", lambda: subset_spread(study.cells, seed=study.seed))
    table = plot.sample_efficiency_table(made, spread, interval=interval)
    at = table[(table["n"] == 30) & (table["term"] == "incoherence")]
    low, high = at["sd"].min(), at["sd"].max()
    hollow = " Hollow marks: spread between disjoint subsets of the responses." if "subsets" in table else ""
    span = show(low, 3) if len(at) == 1 else f"between {show(low, 3)} and {show(high, 3)} across models"
    return Figure(
        "sample-efficiency",
        "Standard deviation of each model's mean bias² and variance and of its incoherence by sampling alone, for as "
        "many questions as here, against the number of responses per question: exact for given answer distributions, "
        f"with their posterior as the band ({percent(interval)}, {population_words(population)}).{hollow} "
        "The dotted line marks 30 responses.",
        f"With 30 responses per question the standard deviation of incoherence is {span}.",
        lambda width: plot.sample_efficiency(made, width=width, table=table),
        table,
        "plot.sample_efficiency(hm.sample_size(study.fit), hm.subset_spread(study.cells))",
        claims=("thirty-samples-suffice",),
    )
