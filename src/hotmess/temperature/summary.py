"""The table of what length and budget do, unit by unit and on average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import tails

if TYPE_CHECKING:
    import pandas as pd


def slope_summary(fit: Any, *, population: str, interval: float) -> pd.DataFrame:
    """One row per unit, effect and kind of length, and their means over models, of a `LengthFit`."""
    import pandas as pd

    rows = []
    for kind in ("natural", "budget"):
        if kind not in fit.lengths.features:
            continue
        out = fit.slopes(kind, population=population)
        for effect in ("incoherence", "accuracy", "heat"):
            columns = {label: out[effect][:, :, g] for g, label in enumerate(fit.labels)}
            columns = {label: x for label, x in columns.items() if np.isfinite(x).all()}
            if effect == "accuracy":  # a difference of probabilities, not an effect of the model
                mean = fit.mean_over_models(out[effect])
            else:
                mean = fit.mean_slope(kind, effect, population=population)[0]
            for label, x in (columns | {"mean over models": mean}).items():
                low, high = np.quantile(x, tails(interval))
                reliable = fit.gate.passed and fit.gate.judge({effect: x}).passed
                rows.append((label, kind, effect, float(np.median(x)), low, high, float((x > 0).mean()), reliable))
    names = ["unit", "kind", "effect", "median", "low", "high", "probability", "reliable"]
    return pd.DataFrame(rows, columns=names)
