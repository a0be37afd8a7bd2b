"""Fitting the temperature model: responses with lengths in, a `LengthFit` with posterior draws out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput
from hotmess.inference.resume import resumed
from hotmess.inference.spec import Spec
from hotmess.temperature.data import LengthData, length_data
from hotmess.temperature.posterior import LengthFit
from hotmess.temperature.prior import Pooling, TemperaturePrior, pooling

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.arrays import Floats
    from hotmess.responses.table import Responses
    from hotmess.temperature.laplace import Approximation

ENGINES = ("nuts", "fast")


def fit_lengths(
    responses: Responses | pd.DataFrame,
    *,
    length: str | None = None,
    unparsable: str = "leave-out",
    pool: bool = False,
    engine: str = "nuts",
    prior: TemperaturePrior | None = None,
    seed: int = 0,
    draws: int = 400,
    warmup: int = 250,
    chains: int = 4,
    points: int | None = None,
    target_accept: float = 0.75,
    contexts: bool = True,
    near: LengthFit | None = None,
) -> LengthFit:
    """Fit the temperature model (methods, section 5).

    Parameters
    ----------
    responses
        letter answers with lengths: validated responses or a table in their columns.
    pool
        one unit per model, all its benchmarks together.
    engine
        `nuts`, or `fast`: Laplace's approximation with importance sampling, checked by its Pareto k; `draws` × `chains`
        parameter draws with `points` importance points per cell (default 16 to 128, more for fewer cells).
    contexts
        widen the effects where few-shot contexts repeat within questions (`hotmess.temperature.design_effects`).
    near
        a fit of nearly the same responses: the fast engine starts from its draws, which spares the search for the peak;
        where the likelihood is the same, its draws are the posterior's.

    Raises
    ------
    BadInput
        If the answers are not letters, or there is nothing to compare.
    """
    if engine not in ENGINES:
        raise BadInput(f"The engine is {engine!r}; it can be 'nuts' or 'fast'.")
    column = length or getattr(responses, "length", None) or "reasoning_tokens"
    options = {"length": column, "pool": pool, "points": points, "target_accept": target_accept, "contexts": contexts}
    made = prior or TemperaturePrior()
    spec = Spec(engine, made, seed, draws, chains, warmup, unparsable=unparsable, options=options)
    return fit_spec(responses, spec, near)


def fit_spec(responses: Responses | pd.DataFrame, spec: Spec, near: LengthFit | None = None) -> LengthFit:
    """Fit responses, or a table of them, as a spec says; see `fit_lengths`."""
    table: Any = getattr(responses, "table", responses)
    options = spec.options or {}
    data = length_data(table, length=options["length"], unparsable=spec.unparsable, pool=options["pool"])
    return replace(fit_data(data, spec, near), source=responses, make=fit_spec)


def fit_data(data: LengthData, spec: Spec, near: LengthFit | None = None) -> LengthFit:
    """Fit arranged data; see `fit_lengths`."""
    from hotmess.temperature.likelihood import parameter_names

    engine, prior, options = spec.engine, spec.prior, spec.options or {}
    groups = pooling(data)
    if near is not None and near.prior == prior and _same(near, data, options.get("contexts", True)):
        also = near.notes[len(near.lengths.notes) :]
        return LengthFit(data, near.data, near.spec.changed(unparsable=spec.unparsable), groups, (*data.notes, *also))
    coords = {
        "unit": np.arange(len(data.units)),
        "parameter": list(parameter_names(data.features)),
        "grouping": list(groups.groupings),
        "effect": list(parameter_names(data.features))[3:],
        "option": np.arange(1, data.dense.real.shape[0] + 1),
        "cell": np.arange(data.dense.real.shape[1]),
    }
    dims = {"theta": ["unit", "parameter"], "scores": ["option", "cell"], "scales": ["grouping", "effect"]}
    points = int(options.get("points") or 2 ** round(np.log2(np.clip(40_000 / len(data.cells), 16, 128))))
    settings: dict[str, Any] = {"seed": spec.seed, "draws": spec.draws, "warmup": spec.warmup, "chains": spec.chains}
    if engine == "nuts":
        run, settings["target_accept"] = _nuts, options.get("target_accept", 0.75)
    else:
        run, settings["start"] = _fast, _start(near, data, groups)
    tree = run(data, prior, groups, coords=coords, dims=dims, points=points, **settings)
    notes = data.notes
    if data.contexts is not None and options.get("contexts", True):
        notes = (*notes, _widen(tree, data))
    tree["posterior"]["scores"].attrs["role"] = "latent"
    return LengthFit(data, tree, spec, groups, notes)


def _same(near: LengthFit, data: LengthData, contexts: bool) -> bool:
    """Whether the likelihood, the hierarchy and the widening by contexts are the same; an unparsable response is one
    more option, whatever its terms then are."""
    own = near.lengths
    if (near.spec.options or {}).get("contexts", True) != contexts or (own.contexts is None) != (data.contexts is None):
        return False
    alike = own.features == data.features and own.units.equals(data.units)
    return alike and all(np.array_equal(x, y) for x, y in zip(own.dense, data.dense))


def _start(near: LengthFit | None, data: LengthData, groups: Pooling) -> tuple[Floats, Floats] | None:
    """Means (G, T) and covariances (G, T, T) of the units' parameters by another fit's draws, where it can be used."""
    if near is None or near.failed or (not groups.groupings and len(data.units) > 1):
        return None
    if near.lengths.features != data.features or not near.lengths.units.equals(data.units):
        return None
    theta = near.flat("theta")
    away = theta - theta.mean(axis=0)
    return theta.mean(axis=0), np.einsum("sgi,sgj->gij", away, away) / len(theta)


def _widen(tree: xr.DataTree, data: LengthData) -> str:
    """Stretch the draws of the effects by their design effects, in place; the sentence that says so."""
    from hotmess.temperature.design_effects import design_effects, said, widened

    posterior = tree["posterior"].to_dataset()
    theta, scores = posterior["theta"].values, posterior["scores"].values
    effects = design_effects(data, theta.mean((0, 1)), scores.mean((0, 1)))
    tree["posterior"] = posterior.assign(theta=(posterior["theta"].dims, widened(theta, effects)))
    tree.attrs["design_effects"] = effects.ravel().tolist()
    return said(effects, data.features)


def _approximation(data: LengthData, prior: TemperaturePrior, *, points: int, seed: int) -> Approximation:
    """The units' likelihoods as Normals, from which both engines start."""
    from hotmess.temperature.fast import refine
    from hotmess.temperature.laplace import approximate

    center = np.r_[[m for m, _ in prior.level], np.zeros(2 * len(data.features))]
    width = prior.widths(data.features)
    return refine(data.dense, approximate(data.dense, center, width), center, width, points=points, seed=seed)


@resumed
def _fast(
    data: LengthData,
    prior: TemperaturePrior,
    groups: Pooling,
    *,
    coords: Any,
    dims: Any,
    points: int,
    start: tuple[Floats, Floats] | None = None,
    **options: Any,
) -> xr.DataTree:
    from hotmess.temperature.laplace import around
    from hotmess.temperature.weighted_draws import fast_draws

    if start is None:
        approximation = _approximation(data, prior, points=points, seed=options["seed"])
    else:
        approximation = around(data.dense, *start, prior.widths(data.features))
    return fast_draws(data, approximation, prior, groups, coords=coords, dims=dims, points=points, **options)


def _nuts(
    data: LengthData, prior: TemperaturePrior, groups: Pooling, *, coords: Any, dims: Any, points: int, **options: Any
) -> xr.DataTree:
    from hotmess.inference.sample import enable_x64, sample
    from hotmess.temperature.fast import integrate_cells
    from hotmess.temperature.likelihood import single
    from hotmess.temperature.model import temperature_model
    from hotmess.temperature.weighted_draws import responses, with_prior

    with enable_x64():
        approximation = _approximation(data, prior, points=points, seed=options["seed"])
        tree = sample(
            temperature_model,
            single(data.dense),
            approximation,
            prior,
            groups,
            data.features,
            chain_method="sequential",
            coords=coords,
            dims=dims,
            **options,
        )
        posterior = tree["posterior"].to_dataset().drop_vars(["raw_theta", "raw_scores"])
        tree["posterior"] = posterior.drop_dims([d for d in posterior.dims if str(d).startswith("raw_")])
        theta = tree["posterior"].to_dataset()["theta"].values
        flat = theta.reshape(-1, *theta.shape[2:])
        cells, _ = integrate_cells(data.dense, approximation, flat, points=points, seed=options["seed"])
        tree["log_likelihood"] = responses(cells.reshape(*theta.shape[:2], -1), data)
        return with_prior(tree, prior, groups, data)
