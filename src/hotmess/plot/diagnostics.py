"""Whether the chains agree: rank plots by ArviZ, and a table of R-hat and effective sample sizes."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.plot import style

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

BAND = 0.97
"""Of the envelope; from about 0.99, its default, arviz-stats 0.8 makes it as wide as the figure."""


def ranks_table(tree: xr.DataTree, *, names: Sequence[str] | None = None) -> pd.DataFrame:
    """One row per variable: scalars, largest rank-normalised R-hat, smallest bulk and tail ESS."""
    import pandas as pd

    from hotmess.inference.gate import diagnose_each

    posterior, rows = tree["posterior"].dataset, []
    for name in names or [str(v) for v in posterior.data_vars]:
        values = posterior[name].values
        flat = values.reshape(*values.shape[:2], -1)
        found = np.array(diagnose_each([flat[:, :, i] for i in range(flat.shape[2])]))
        with np.errstate(all="ignore"):
            moving = found[~np.isnan(found[:, 0])]
        worst = (moving[:, 0].max(), moving[:, 1].min(), moving[:, 2].min()) if len(moving) else (np.nan,) * 3
        rows.append((name, flat.shape[2], *worst))
    return pd.DataFrame(rows, columns=["variable", "scalars", "r_hat", "ess_bulk", "ess_tail"])


def ranks(tree: xr.DataTree, *, names: Sequence[str] | None = None, most: int = 12) -> Any:
    """Rank plots of a posterior's variables: an arviz-plots collection (`.viz["figure"]` holds the figure).

    Lines inside the band: the chains have the same distribution; of four chains that have, a line leaves it about once
    in 20. Only the first `most` scalars are drawn.
    """
    import arviz_plots

    posterior = tree["posterior"].dataset
    chosen = list(names or posterior.data_vars)
    out, left = {}, most
    for name in chosen:
        array = posterior[name]
        flat = array.stack(scalar=array.dims[2:]) if array.ndim > 2 else array.expand_dims(scalar=[0], axis=2)
        take = min(left, flat.sizes["scalar"])
        for i in range(take):
            label = name if flat.sizes["scalar"] == 1 else f"{name} {i + 1}"
            out[label] = flat.isel(scalar=i).drop_vars(
                [c for c in flat.coords if c not in ("chain", "draw")], errors="ignore"
            )
        left -= take
        if not left:
            break
    import xarray as xr

    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(out)})
    # ArviZ 1 calls the band an envelope, and draws another test's points without being asked for it
    new = "envelope_prob" in signature(arviz_plots.plot_rank).parameters
    band = {"method": "envelope", "envelope_prob": BAND} if new else {"ci_prob": BAND}
    columns = min(len(out), style.grid_of(len(out), width=style.WIDE)[1])
    size = style.WIDE * columns / max(columns, 3), 0.3 + 1.5 * -(-len(out) // columns)
    return arviz_plots.plot_rank(
        tree,
        **band,
        backend="matplotlib",
        col_wrap=columns,
        figure_kwargs={"figsize": size, "figsize_units": "inches", "layout": "constrained"},
    )
