"""Sampling a PyMC model with nutpie into a DataTree with the groups that the other fits have."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import either_seed, listed

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

STATS = {
    "diverging": "diverging",
    "energy": "energy",
    "depth": "tree_depth",
    "mean_tree_accept": "acceptance_rate",
    "logp": "lp",
}


def load_pymc() -> Any:
    """The module pymc; it and what it imports say things at import that are no concern of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pymc

    return pymc


@either_seed
@listed("names")
def sample_pymc(
    model: pm.Model,
    *,
    seed: int = 0,
    draws: int = 1000,
    warmup: int = 1000,
    chains: int = 4,
    target_accept: float = 0.9,
    names: Sequence[str] | None = None,
    backend: str = "numba",
    progress: bool = False,
) -> xr.DataTree:
    """Draw from the posterior of a PyMC model by nutpie's NUTS.

    Parameters
    ----------
    names
        Variables to keep (default: all of the posterior).
    backend
        `numba` (slow to compile, quick to sample) or `jax`.

    Returns
    -------
    A DataTree with `posterior` and `sample_stats` (diverging, energy, tree_depth, acceptance_rate, lp), which
    `hotmess.inference.gate.gate_tree` judges.
    """
    import xarray as xr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import nutpie

        compiled = nutpie.compile_pymc_model(model, backend=backend)
        trace = nutpie.sample(
            compiled,
            draws=draws,
            tune=warmup,
            chains=chains,
            cores=min(chains, os.cpu_count() or 1),
            seed=seed,
            target_accept=target_accept,
            progress_bar=progress,
        )
        posterior, stats = (_dataset(trace, group) for group in ("posterior", "sample_stats"))
    kept = posterior[[str(n) for n in (names or posterior.data_vars)]]
    found = {ours: stats[theirs] for theirs, ours in STATS.items() if theirs in stats}
    out = {"posterior": kept, "sample_stats": xr.Dataset(found)}
    return xr.DataTree.from_dict(out)


def _dataset(trace: Any, group: str) -> xr.Dataset:
    """A group as a dataset, from InferenceData or a DataTree, whichever this version of nutpie makes."""
    found: Any = trace[group]
    dataset: xr.Dataset = getattr(found, "dataset", found)
    # A plain copy: chains and draws counted from zero, and no view into nutpie's memory.
    sizes = {name: np.arange(dataset.sizes[name]) for name in ("chain", "draw")}
    return dataset.copy(deep=True).assign_coords(sizes)
