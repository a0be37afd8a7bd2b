"""Incoherence of every model: posterior intervals for both populations, the estimators without a model beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.api import as_study
from hotmess.decompose.grouping import models_in_order
from hotmess.errors import BadInput
from hotmess.plot import style
from hotmess.plot.colour import MUTED, PAPER, palette

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from hotmess.answers.posterior import Fit
    from hotmess.claims.study import Study

INTERVAL = 0.9
HOLLOW = (("unbiased", "D"), ("plug_in", "s"))


def model_records(
    study: Study,
    estimator: str,
    *,
    by: Sequence[str] = ("model",),
    population: str = "like-these",
    interval: float = INTERVAL,
) -> list[dict[str, Any]]:
    """Records of error, bias², variance and incoherence per model: what `hotmess decompose --by model --json` prints.

    `by` may name further columns, as `condition`.

    Raises
    ------
    BadInput
        Where the metric or the outcome has no such estimator.
    """

    def latent() -> list[dict[str, Any]]:
        from hotmess.answers.latent_records import latent_metric, records_of

        outcome = study.responses.outcome
        metric = latent_metric(outcome, study.metric)
        about: dict[str, Any] = {"metric": metric, "outcome": outcome, "interval": interval, "population": population}
        return records_of(latent_fit(study, by), list(by), **about)[0]

    def without_model() -> list[dict[str, Any]]:
        from hotmess.decompose.records import decompose

        return decompose(
            study.responses,
            by=list(by),
            metric=study.metric,
            estimator=estimator,  # type: ignore[arg-type]
            interval=interval,
            population=population,  # type: ignore[arg-type]
            seed=study.seed,
            draws=study.draws * study.chains,
        ).records

    make = latent if estimator == "latent" else without_model
    return study.once(f"{estimator} by {', '.join(by)}, {population}, {interval}", make)


def latent_fit(study: Study, by: Sequence[str]) -> Any:
    """The fit that `hotmess decompose` makes with the study's seed, draws and chains: its own where they are one."""
    from hotmess.answers.fit import fit
    from hotmess.answers.groups import DESIGN, split_columns

    plain = study.prior is None and study.engine is None and study.backend == "numpyro"
    if (
        plain
        and study.responses.outcome != "probs"
        and set(by) <= set(DESIGN)
        and not split_columns(study.responses, by, None)
    ):
        return study.fit
    told = {"by": list(by), "warmup": study.warmup, "pointwise": False, **study.sampled}
    return study.once(f"fit by {', '.join(by)}", lambda: fit(study.responses, **told))


def incoherence_by_model_table(study: Study | Fit, *, interval: float = INTERVAL) -> pd.DataFrame:
    """One row per model: incoherence by each estimator that the outcome has, in the order of family and size.

    Columns `latent` and `unbiased` (questions like these), `latent_these` and `unbiased_these`, each with `_low` and
    `_high`, and `plug_in`: the numbers of `hotmess decompose --by model` with the same seed, draws and chains.
    """
    study = as_study(study)
    models = models_in_order(study.responses.table)
    table = models.assign(model=models["model"].astype(str)).set_index("model", drop=False)
    wanted = [(e, p) for e in ("latent", "unbiased") for p in ("like-these", "these")] + [("plug-in", "like-these")]
    for estimator, population in wanted:
        try:
            records = model_records(study, estimator, population=population, interval=interval)
        except BadInput:  # the outcome has no such estimator
            continue
        name = estimator.replace("-", "_") + ("_these" if population == "these" else "")
        for suffix in ("", "_low", "_high") if estimator != "plug-in" else ("",):
            values = {str(r["model"]): r[f"incoherence{suffix}"] for r in records}
            table[name + suffix] = [np.nan if values.get(m) is None else values[m] for m in table["model"]]
    return table.reset_index(drop=True)


def incoherence_by_model(
    study: Study | Fit, *, interval: float = INTERVAL, width: float = style.WIDE, ax: Any = None
) -> Axes:
    """Incoherence of every model, Σ variance / Σ error.

    Filled marks are posterior medians (the unbiased estimate where the outcome has no latent model); the thick line is
    the interval for these questions, the thin one for questions like these. Hollow diamonds are the unbiased estimate,
    hollow squares the plug-in estimate, which is low.
    """
    whole = incoherence_by_model_table(study, interval=interval)
    shown = whole.iloc[style.some(len(whole), style.MAX_ROWS)]
    colours = palette(list(zip(whole["model"], whole["family"].astype(str))))
    main = "latent" if "latent" in whole else "unbiased" if "unbiased" in whole else "plug_in"
    with style.look(ax):
        axes: Axes = style.panels(1, 1, width=width, height=0.95 + 0.27 * len(shown))[0, 0]
        at = style.rows_axis(axes, shown["model"].tolist(), limit=36 if width > 5 else 22)
        for y, (_, row) in zip(at, shown.iterrows()):
            colour, marker = colours.colours[row["model"]], colours.markers[row["model"]]
            if not np.isfinite(row[main]):
                axes.text(0.02, y, "undefined: no errors", va="center", fontsize=8)
                continue
            looks: tuple[tuple[str, dict[str, Any]], ...] = (("", {"lw": 1.2}), ("_these", {"lw": 4.5, "alpha": 0.55}))
            for suffix, look in looks:
                if f"{main}{suffix}_low" in row and np.isfinite(row[f"{main}{suffix}_low"]):
                    axes.hlines(y, row[f"{main}{suffix}_low"], row[f"{main}{suffix}_high"], color=colour, **look)
            axes.plot(row[main], y, marker, color=colour, ms=5.5, zorder=3)
            for name, mark in HOLLOW:
                if name in row and name != main and np.isfinite(row[name]):
                    axes.plot(row[name], y - 0.27, mark, color=colour, mfc=PAPER, ms=3.6, mew=0.9, zorder=4)
        axes.set_xlim(0, 1)
        axes.set_xlabel("incoherence (variance / error)")
        _legend(axes, whole, main, width)
        style.left_over(axes, len(shown), len(whole), "models")
    return axes


def _legend(axes: Axes, table: pd.DataFrame, main: str, width: float) -> None:
    from matplotlib.lines import Line2D

    said = {"latent": "posterior median", "unbiased": "unbiased", "plug_in": "plug-in"}
    entries: list[tuple[Any, str]] = [(Line2D([], [], color=MUTED, marker="o", lw=0, ms=5.5), said[main])]
    if f"{main}_low" in table:
        entries.append((Line2D([], [], color=MUTED, lw=1.2), "questions like these"))
        entries.append((Line2D([], [], color=MUTED, lw=4.5, alpha=0.55), "these questions"))
    for name, mark in HOLLOW:
        if name in table and name != main:
            entries.append((Line2D([], [], color=MUTED, marker=mark, lw=0, ms=3.6, mfc=PAPER), said[name]))
    axes.figure.legend(
        *zip(*entries), loc="outside upper left", ncols=5 if width > 5 else 2, columnspacing=1.3, handlelength=1.6
    )
