"""Incoherence of every model: posterior intervals for both populations, the estimators without a model beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.plot import style
from hotmess.plot.colour import PAPER, palette

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from hotmess.claims.study import Study

INTERVAL = 0.9


def incoherence_by_model_table(study: Study, *, interval: float = INTERVAL) -> pd.DataFrame:
    """One row per model: incoherence by the latent posterior (both populations), unbiased, and plug-in.

    Columns `latent_like_these`, `latent_these` with `_low` and `_high`; `unbiased` and `plug_in` where the metric has
    them. The numbers are those of `hotmess decompose --by model` with the same seed, draws and chains.
    """
    from hotmess.answers import decompose_latent
    from hotmess.decompose.records import decompose
    from hotmess.errors import BadInput

    responses, metric = study.responses, study.metric
    table = style.models_in_order(responses.table).set_index("model", drop=False)
    for population in ("like-these", "these"):
        records = decompose_latent(
            responses,
            by=["model"],
            metric=metric,
            interval=interval,
            population=population,
            seed=study.seed,
            draws=study.draws,
            warmup=study.warmup,
            chains=study.chains,
        )
        name = f"latent_{population.replace('-', '_')}"
        for record in records:
            for suffix in ("", "_low", "_high"):
                value = record[f"incoherence{suffix}"]
                table.loc[record["model"], name + suffix] = np.nan if value is None else value
    for estimator, name in (("unbiased", "unbiased"), ("plug-in", "plug_in")):
        try:
            records = decompose(responses, by=["model"], metric=metric, estimator=estimator).records  # type: ignore[arg-type]
        except BadInput:  # KL has no unbiased estimator
            continue
        for record in records:
            value = record["incoherence"]
            table.loc[record["model"], name] = np.nan if value is None else value
    return table.reset_index(drop=True)


def incoherence_by_model(
    study: Study, *, interval: float = INTERVAL, width: float = style.WIDE, table: pd.DataFrame | None = None
) -> Axes:
    """Incoherence of every model, Σ variance / Σ error.

    Filled marks are posterior medians; the thick line is the interval for these questions, the thin one for questions
    like these. Hollow diamonds are the unbiased estimate, hollow squares the plug-in estimate, which is low.
    """
    whole = incoherence_by_model_table(study, interval=interval) if table is None else table
    shown = whole.iloc[style.some(len(whole), style.MAX_ROWS)]
    colours = palette(list(zip(whole["model"].astype(str), whole["family"].astype(str))))
    with style.look():
        axes = style.panels(1, 1, width=width, height=0.95 + 0.27 * len(shown))[0, 0]
        at = style.rows_axis(axes, shown["model"].astype(str).tolist(), limit=36 if width > 5 else 22)
        for y, (_, row) in zip(at, shown.iterrows()):
            colour, marker = colours.colours[str(row["model"])], colours.markers[str(row["model"])]
            if not np.isfinite(row["latent_like_these"]):
                axes.text(0.02, y, "no errors: undefined", va="center", fontsize=8)
                continue
            axes.hlines(y, row["latent_like_these_low"], row["latent_like_these_high"], color=colour, lw=1.2)
            axes.hlines(y, row["latent_these_low"], row["latent_these_high"], color=colour, lw=4.5, alpha=0.55)
            axes.plot(row["latent_like_these"], y, marker, color=colour, ms=5.5, zorder=3)
            for name, mark in (("unbiased", "D"), ("plug_in", "s")):
                if name in row and np.isfinite(row[name]):
                    axes.plot(row[name], y - 0.27, mark, color=colour, mfc=PAPER, ms=3.6, mew=0.9, zorder=4)
        axes.set_xlim(0, 1)
        axes.set_xlabel("incoherence (variance / error)")
        _legend(axes, whole, width)
        style.left_over(axes, len(shown), len(whole), "models")
    return axes


def _legend(axes: Axes, table: pd.DataFrame, width: float) -> None:
    from matplotlib.lines import Line2D

    from hotmess.plot.colour import MUTED

    line = {"color": MUTED}
    entries = [
        (Line2D([], [], marker="o", lw=0, ms=5.5, **line), "posterior median"),  # type: ignore[arg-type]
        (Line2D([], [], lw=1.2, **line), "questions like these"),  # type: ignore[arg-type]
        (Line2D([], [], lw=4.5, alpha=0.55, **line), "these questions"),  # type: ignore[arg-type]
    ]
    for name, mark, said in (("unbiased", "D", "unbiased"), ("plug_in", "s", "plug-in")):
        if name in table:
            entries.append((Line2D([], [], marker=mark, lw=0, ms=3.6, mfc=PAPER, **line), said))  # type: ignore[arg-type]
    handles, said = zip(*entries)
    axes.figure.legend(  # type: ignore[union-attr]
        handles, said, loc="outside upper left", ncols=5 if width > 5 else 2, columnspacing=1.3, handlelength=1.6
    )
