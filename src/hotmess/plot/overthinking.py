"""Natural against budgeted length: effects side by side, and incoherence over tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.decompose.grouping import rows_in_order
from hotmess.errors import median_and_tails, tails
from hotmess.plot import legend, style, ticks
from hotmess.plot.colour import INK, MUTED, PAPER
from hotmess.words import clean

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses
    from hotmess.temperature.posterior import LengthFit

KINDS = ("natural", "budget")
COLOURS = {"natural": "#b3541e", "budget": "#2f6690"}
MARKERS = {"natural": "o", "budget": "s"}
SAID = {"natural": "natural length (an association)", "budget": "budget (an intervention)"}


def overthinking_slopes_table(
    fit: LengthFit,
    halves: dict[str, Cells],
    *,
    population: str = "like-these",
    interval: float = 0.9,
) -> pd.DataFrame:
    """Change of logit incoherence per doubling of tokens: one row per unit, kind and estimator (joint, unbiased).

    halves: kind -> cells by half (natural: above and below the median length; budget: smallest and largest), for the
    estimates without a model. Joint rows also carry the changes of accuracy and of log temperature.
    """
    import pandas as pd
    from scipy import stats

    from hotmess.responses.cells import take_cells
    from hotmess.temperature.score import slope_of_halves

    rows: list[dict[str, Any]] = []
    for kind in KINDS:
        if kind not in fit.lengths.features:
            continue
        draws = fit.slopes(kind, population=population)
        for g, unit in enumerate(fit.labels):
            if not np.isfinite(draws["incoherence"][:, :, g]).all():
                continue
            row: dict[str, Any] = {"unit": unit, "kind": kind, "estimator": "joint"}
            for name, effect in (("slope", "incoherence"), ("accuracy", "accuracy"), ("heat", "heat")):
                row[f"{name}_low"], row[name], row[f"{name}_high"] = np.quantile(
                    draws[effect][:, :, g], median_and_tails(interval)
                )
            rows.append(row)
            if kind not in halves:
                continue
            table, own = halves[kind].table, fit.lengths.units.iloc[g]
            keep = (table["model"] == own["model"]) & (table["condition"].fillna("") == own["condition"])
            if not keep.any():
                continue
            value, influence = slope_of_halves(take_cells(halves[kind], np.flatnonzero(keep.to_numpy())))
            q = len(influence)
            if not np.isfinite(value) or q < 3:
                continue
            error = float(np.sqrt((influence**2).sum() * q / (q - 1))) * stats.t.ppf(tails(interval)[1], q - 1)
            rows.append(
                {
                    "unit": unit,
                    "kind": kind,
                    "estimator": "unbiased",
                    "slope": value,
                    "slope_low": value - error,
                    "slope_high": value + error,
                }
            )
    if not rows:
        return pd.DataFrame()
    about = next((cells.table for cells in halves.values()), fit.lengths.units)
    table = rows_in_order(pd.DataFrame(rows), "unit", about)
    return table.sort_values("kind", key=lambda kinds: kinds.map(KINDS.index), kind="stable", ignore_index=True)


def overthinking_slopes(
    fit: LengthFit,
    halves: dict[str, Cells],
    *,
    population: str = "like-these",
    interval: float = 0.9,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """Natural and budgeted effects on incoherence side by side, one row per model.

    Filled: the joint model; hollow: unbiased, without a model (halves by length; smallest against largest budget).

    `table`: what `overthinking_slopes_table` gave, where it is there already.
    """
    if table is None:
        table = overthinking_slopes_table(fit, halves, population=population, interval=interval)
    units = list(dict.fromkeys(table["unit"]))
    shown = [units[i] for i in style.some(len(units), style.MAX_ROWS)]
    drawn = [k for k in KINDS if (table["kind"] == k).any()]
    there = set(zip(table["kind"], table["estimator"]))
    places = [(kind, estimator) for kind in drawn for estimator in ("joint", "unbiased") if (kind, estimator) in there]
    offset = {place: 0.18 * ((len(places) - 1) / 2 - i) for i, place in enumerate(places)}
    with style.look(ax):
        axes = style.panels(1, 1, width=width, height=1.1 + (0.15 + 0.2 * len(drawn)) * len(shown))
        panel = axes.flat[0]
        at = dict(zip(shown, style.rows_axis(panel, shown, limit=26 if width > 5 else 16)))
        panel.axvline(0, color=MUTED, lw=0.8)
        for kind, estimator in places:
            own = table[table["unit"].isin(shown) & (table["kind"] == kind) & (table["estimator"] == estimator)]
            hollow, colour = estimator != "joint", COLOURS[kind]
            y = np.array([at[unit] for unit in own["unit"]]) + offset[kind, estimator]
            panel.hlines(y, own["slope_low"], own["slope_high"], color=colour, lw=0.8 if hollow else 1.6)
            face = {"mfc": PAPER, "mew": 0.9} if hollow else {}
            panel.plot(own["slope"], y, MARKERS[kind], color=colour, ms=3.6 if hollow else 4.8, lw=0, **face)
        more = "" if len(shown) == len(units) else f"\n{len(shown)} of {len(units)} are drawn, evenly spread"
        wide = "change of logit incoherence per doubling of tokens"
        panel.set_xlabel(f"{wide if width > 5 else 'logit incoherence per doubling'}{more}")
        _legend(panel.figure, drawn, bool((table["estimator"] == "unbiased").any()), width)
    return axes


def _legend(figure: Any, kinds: list[str], unbiased: bool, width: float) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=COLOURS[k], marker=MARKERS[k], ms=4.8, lw=1.6) for k in kinds]
    said = [SAID[k] for k in kinds]
    if unbiased:
        handles.append(Line2D([], [], color=MUTED, marker="o", ms=3.6, mfc=PAPER, mew=0.9, lw=0.8))
        said.append("hollow: without a model")
    legend.legend_above(figure, handles, said, width=width)


def dose_response_table(
    fit: LengthFit, responses: Responses, *, population: str = "like-these", interval: float = 0.9
) -> pd.DataFrame:
    """Incoherence over tokens: `budget` rows (one per level) and `natural` rows (a curve at the mean over budgets).

    Columns: unit, curve, budget, tokens (geometric mean), incoherence with interval by the joint model, and for budgets
    the unbiased estimate with its standard error.
    """
    import pandas as pd

    from hotmess.temperature.assigned import budget_levels

    levels = budget_levels(responses).set_index(["model", "condition", "budget"])["log2_tokens"]
    plain = _unbiased_levels(responses)
    where = fit.at
    rows: list[dict[str, Any]] = []
    budget = fit.curves("budget_curve", population=population).incoherence
    natural = fit.curves("natural_curve", population=population).incoherence if "natural" in where else None
    for g, unit in enumerate(fit.labels):
        own = fit.lengths.units.iloc[g]
        seen: list[float] = []
        for b, label in enumerate(fit.lengths.levels):
            key = (own["model"], own["condition"], label)
            if key not in levels.index or not np.isfinite(budget[:, g, b]).all():
                continue
            low, middle, high = np.quantile(budget[:, g, b], median_and_tails(interval))
            log2 = float(levels[key])
            value, error = plain.get(key, (np.nan, np.nan))
            rows.append(
                {
                    "unit": unit,
                    "curve": "budget",
                    "budget": label,
                    "tokens": 2.0**log2,
                    "incoherence": middle,
                    "incoherence_low": low,
                    "incoherence_high": high,
                    "unbiased": value,
                    "unbiased_error": error,
                }
            )
            if np.isfinite(log2):
                seen.append(log2)
        if natural is None or not seen or not np.ptp(where["natural_curve"][g]) > 0:
            continue
        z = where["natural_curve"][g, :, fit.lengths.features.index("natural")]
        quantiles = np.quantile(natural[:, g], median_and_tails(interval), axis=0)
        for p, shift in enumerate(z):
            low, middle, high = quantiles[:, p]
            rows.append(
                {
                    "unit": unit,
                    "curve": "natural",
                    "budget": "",
                    "tokens": 2.0 ** (np.mean(seen) + shift),
                    "incoherence": middle,
                    "incoherence_low": low,
                    "incoherence_high": high,
                }
            )
    return pd.DataFrame(rows)


def _unbiased_levels(responses: Responses) -> dict[tuple[str, str, str], tuple[float, float]]:
    from hotmess.estimates.estimate import ratio_influence, with_scatter
    from hotmess.estimates.sides import letter_terms
    from hotmess.responses.cells import reduce

    cells = reduce(responses)
    assert cells.counts is not None
    table = cells.table
    variance, error = letter_terms(cells.counts, table["n_choices"].to_numpy(), table["target"].to_numpy(int))
    out = {}
    names = [table[k].astype(str).to_numpy() for k in ("model", "condition", "budget")]
    for model, condition, budget in sorted(set(zip(*names))):
        at = (names[0] == model) & (names[1] == condition) & (names[2] == budget) & np.isfinite(variance)
        estimate = with_scatter(*ratio_influence(variance[at], error[at]))
        out[model, condition, budget] = (estimate.value, estimate.error)
    return out


def dose_response(
    fit: LengthFit,
    responses: Responses,
    *,
    population: str = "like-these",
    interval: float = 0.9,
    width: float = style.WIDE,
    table: pd.DataFrame | None = None,
    ax: Any = None,
) -> np.ndarray:
    """Incoherence over tokens, one panel per model: budgets as marks, natural length at the mean budget as a band.

    Filled: the joint model at the questions' own mean lengths; hollow: unbiased, without a model, at all lengths of the
    level. A budget without tokens stands at the left edge.

    `table`: what `dose_response_table` gave, where it is there already.
    """
    from scipy import stats

    if table is None:
        table = dose_response_table(fit, responses, population=population, interval=interval)
    table = rows_in_order(table, "unit", responses.table)
    units = list(dict.fromkeys(table["unit"]))
    shown = [units[i] for i in style.some(len(units), style.MAX_PANELS)]
    rows, columns = style.grid_of(len(shown), width=width)
    positive = table.loc[table["tokens"] > 0, "tokens"]
    low, high = float(positive.min()), float(positive.max())
    edge = low / (high / low) ** 0.12
    with style.look(ax):
        axes = style.panels(rows, columns, width=width, height=0.9 + 1.9 * rows, sharex=True, sharey=True)
        for panel, unit in zip(axes.flat, shown):
            own = table[table["unit"] == unit].assign(x=lambda t: t["tokens"].where(t["tokens"] > 0, edge))
            band, marks = own[own["curve"] == "natural"], own[own["curve"] == "budget"].sort_values("x")
            if len(band):
                panel.fill_between(
                    band["x"],
                    band["incoherence_low"],
                    band["incoherence_high"],
                    color=COLOURS["natural"],
                    alpha=0.2,
                    lw=0,
                )
                panel.plot(band["x"], band["incoherence"], color=COLOURS["natural"], lw=1.6)
            colour = COLOURS["budget"]
            panel.vlines(marks["x"], marks["incoherence_low"], marks["incoherence_high"], color=colour, lw=1.3)
            panel.plot(marks["x"], marks["incoherence"], "s-", color=colour, ms=4.2, lw=0.9)
            z = stats.norm.ppf(tails(interval)[1])
            beside, reach = marks["x"] * (high / low) ** 0.03, z * marks["unbiased_error"]
            panel.vlines(beside, marks["unbiased"] - reach, marks["unbiased"] + reach, color=MUTED, lw=0.8)
            panel.plot(beside, marks["unbiased"], "s", color=MUTED, mfc=PAPER, ms=3.4, mew=0.8, zorder=4)
            style.head(panel, unit, limit=30 if columns < 3 else 22)
            panel.grid(True, axis="y")
            panel.set_axisbelow(True)
        first = axes.flat[0]
        first.set_xscale("log")
        first.set_xlim((edge if (table["tokens"] == 0).any() else low) / 1.1, high * (high / low) ** 0.06)
        first.set_ylim(0, None)
        inches = (width - 0.6) / columns - 0.2
        for panel in axes.flat:
            ticks.log_ticks(panel.xaxis, low, high, most=ticks.room(width / columns, high), inches=inches)
        style.hide(axes.flat[len(shown) :])
        figure = first.figure
        figure.supylabel("incoherence", fontsize=8.5, color=INK)
        said = f"mean {clean(str(responses.length).replace('_', ' '))} (logarithmic)"
        if (table["tokens"] == 0).any():
            said += "; at the left edge: no tokens"
        if len(shown) < len(units):
            said += f"\n{len(shown)} of {len(units)} are drawn, evenly spread"
        figure.supxlabel(said, fontsize=8.5)
        _legend(figure, [k for k in KINDS if (table["curve"] == k).any()], True, width)
    return axes
