"""Lengths across models, incoherence over length and size, movement with size, words of waiting."""

from __future__ import annotations

from hotmess import plot
from hotmess.errors import BadInput, OtherOutcome
from hotmess.laws.length_relations import alike_in_length
from hotmess.plot.relations import in_plane
from hotmess.report.section import Context, Figure, Section
from hotmess.words import join, percent, population_words, show, with_interval


def relations(context: Context) -> Section | None:
    """What else the data show; each figure where the data have what it needs."""
    if context.study.responses.length is None:
        return None
    figures = []
    for make in (_correlations, _surface, _movement, _waiting):
        try:
            figure = make(context)
        except OtherOutcome:
            raise  # the outcome beside has what it needs, or all figures do without
        except BadInput:
            continue  # the data do not have what this figure needs
        if figure is not None:
            figures.append(figure)
    return Section("relations", "Lengths, sizes, words", figures=tuple(figures)) if figures else None


def _correlations(context: Context) -> Figure | None:
    study, interval, label = context.study, context.interval, context.study.difficulty
    if label is not None and study.responses.table[label].dtype.kind not in "iuf":
        label = None
    table = plot.length_correlation_table(study.responses, label=label, interval=interval, seed=study.seed)
    pairs = table[table["second"] != label] if label is not None else table
    if len(pairs) < 1:
        return None
    low, middle, high = (float(f(pairs["correlation"])) for f in (min, lambda x: x.median(), max))
    first = pairs.iloc[0]
    one = with_interval(first["correlation"], first["correlation_low"], first["correlation_high"], 2)
    people = ""
    if label is not None and (table["second"] == label).any():
        own = table[table["second"] == label]["correlation"]
        people = f" With {label}: {show(own.min(), 2)} to {show(own.max(), 2)} (rank correlations)."
    if alike := alike_in_length(study.responses):
        people += f" Left out, since lengths of their questions differ no more than by chance: {join(alike, most=5)}."
    return Figure(
        "length-correlation",
        "Do questions that take one model long take another long? Correlation of questions' mean log lengths between "
        "models, corrected for the noise of few responses: a row per model, a mark per other model. Raw ones and "
        f"{percent(interval)} intervals are in the table.",
        f"The corrected correlation is {one}.{people}"
        if len(pairs) == 1
        else f"Corrected correlations of {len(pairs):,} pairs lie between {show(low, 2)} and {show(high, 2)}, in the "
        f"middle {show(middle, 2)}.{people}",
        lambda width: plot.length_correlation(
            study.responses, label=label, interval=interval, seed=study.seed, width=width, table=table
        ),
        table,
        f"plot.length_correlation(study.responses, label={label!r}, interval={interval}, seed={study.seed})",
    )


def _surface(context: Context) -> Figure | None:
    law, population = context.study.length_law, context.population
    table = plot.length_size_surface_table(law, population=population, interval=context.interval)
    if table["model_size_b"].nunique() < 2:
        return None
    least, most = (table.loc[f] for f in (table["incoherence"].idxmin(), table["incoherence"].idxmax()))
    ends = [f"{show(row['incoherence'], 2)} ({row['model']} at {show(row['length'], 0)})" for row in (least, most)]
    return Figure(
        "length-size-surface",
        f"Incoherence over mean {law.length.replace('_', ' ')} of a question and model size: a square per bin of "
        f"equally many questions, posterior for {population_words(population)}; darker and larger squares are more "
        "incoherent.",
        f"Incoherence from {ends[0]} to {ends[1]}.",
        lambda width: plot.length_size_surface(law, width=width, table=table),
        table,
        f"plot.length_size_surface(study.length_law, population={population!r}, interval={context.interval})",
    )


def _movement(context: Context) -> Figure:
    laws, population = context.study.power_laws, context.population
    table = plot.movement_by_size_table(laws, population=population, interval=context.interval)
    reach = in_plane(table)
    beyond = table["bias2_high"].gt(reach[0]) | table["variance_high"].gt(reach[1])
    cut = " Intervals that leave the picture are whole in its data." if beyond.any() else ""
    moves = []
    for name, own in table.groupby("group", sort=False):
        ends = own.sort_values(laws.over)["incoherence"].iloc[[0, -1]]
        moves.append(f"{name} from {show(ends.iloc[0], 2)} to {show(ends.iloc[1], 2)}")
    return Figure(
        "movement-by-size",
        "How models move in the plane of bias² and variance as they grow: a line per group, the arrow at the largest, "
        f"posterior with {percent(context.interval)} intervals for {population_words(population)}. Grey lines join "
        f"points of equal incoherence: crossing to a steeper one, failures become more incoherent.{cut}",
        f"Incoherence of the smallest and the largest model: {'; '.join(moves[:6])}.",
        lambda width: plot.movement_by_size(laws, width=width, table=table),
        table,
        f"plot.movement_by_size(study.power_laws, population={population!r}, interval={context.interval})",
    )


def _waiting(context: Context) -> Figure | None:
    study, interval = context.study, context.interval
    table = plot.wait_ratio_table(study.responses, interval=interval, seed=study.seed)
    if table.groupby(["model", "condition", "budget"])["bin"].nunique().max() < 3:
        return None  # too few texts have the word
    return Figure(
        "wait-ratio",
        "Incoherence of questions against the share of the word “Wait” in the reasoning about them, unbiased, with "
        f"{percent(interval)} intervals for questions like these. An association: such texts are longer, too.",
        f"The highest share of a bin is {show(100 * table['ratio'].max(), 2)} per 100 words.",
        lambda width: plot.wait_ratios(study.responses, width=width, table=table),
        table,
        f"plot.wait_ratios(study.responses, interval={interval}, seed={study.seed})",
    )
