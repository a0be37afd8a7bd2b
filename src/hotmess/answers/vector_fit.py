"""Fitting the model of probability vectors in `hotmess.answers.probabilities`: responses in, draws of cells out."""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, expit

from hotmess.answers.prior import AnswerPrior
from hotmess.answers.probabilities import ProbabilityFit
from hotmess.answers.rounding import UNITS, certain, divided, own_units, rounding_unit
from hotmess.answers.vector_sampler import sample_vectors
from hotmess.answers.vector_state import Vectors
from hotmess.arrays import Bools, Floats, Ints
from hotmess.errors import BadInput

DEPTH = {"p": 1, "mu": 0, "doubtful": 0, "sigma": 0, "beta": 1}
"""Axes of options that each of a cell's draws has."""


def fit_probabilities(
    f: Floats,
    cell: Ints,
    real: Bools,
    *,
    group: Ints | None = None,
    prior: AnswerPrior | None = None,
    draws: int = 1000,
    warmup: int = 400,
    chains: int = 4,
    thin: int = 6,
    seed: int = 0,
    unit: float | None = None,
) -> ProbabilityFit:
    """Fit every cell's distribution of probability vectors.

    Parameters
    ----------
    f
        (responses, D) probabilities, the target first, 0 where a cell lacks the option.
    cell
        (responses,) cell of each response.
    real
        (cells, D) options each cell has.
    group
        (cells,) cells that share the group parameters.
    draws
        kept draws, of all chains together; every `thin`-th sweep is kept.
    unit
        one rounding unit for all responses, where it is known.

    Raises
    ------
    BadInput
        If a row is not a probability vector over its cell's options.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> f = rng.dirichlet([8.0, 1.0, 1.0], 400)
    >>> out = fit_probabilities(f, np.repeat(np.arange(20), 20), np.ones((20, 3), bool), draws=200)
    >>> bool(abs(out.terms().variance.mean() - (1 - 0.66) / 11) < 0.01)
    True
    """
    if np.any(f < 0) or np.any(np.abs(f.sum(1) - 1) > 1e-3) or np.any(f[~real[cell]] != 0):
        bad = int(np.argmax((f < 0).any(1) | (np.abs(f.sum(1) - 1) > 1e-3) | ((f != 0) & ~real[cell]).any(1)))
        raise BadInput(f"Response {bad} is not a probability vector over its question's options; correct or drop it.")
    rng = np.random.default_rng([seed, 31])
    cells, width = real.shape
    group = np.zeros(cells, int) if group is None else group
    groups = int(group.max()) + 1
    own = own_units(f) if unit is None else np.full(len(f), unit)
    unit = rounding_unit(f) if unit is None else unit
    sure = certain(f)
    on = np.zeros((cells, width))
    np.add.at(on, (cell[sure], f[sure].argmax(1)), 1)
    x = on.sum(1)
    y = np.bincount(cell, minlength=cells) - x
    kept = -(-draws // chains)
    whole = np.zeros((kept * chains, cells))
    for g in np.unique(group[x > 0]):  # where nobody is ever certain there is no such mass
        rows = group == g
        m, psi = _beta_binomial(x[rows], y[rows])
        whole[:, rows] = rng.beta(psi * m + x[rows], psi * (1 - m) + y[rows], (kept * chains, rows.sum()))
    log_f, log_rest = divided(f[~sure], own[~sure], real[cell[~sure]])
    ordered = np.sort(np.where(real[cell[~sure]], log_f, -np.inf), axis=1)
    least = np.log1p(own[~sure] / 4 / np.exp(ordered[:, -1]))  # a tie is a lead within the rounding
    tied = real[cell[~sure]] & (log_f >= ordered[:, -1:] - 1e-9)
    found = sample_vectors(
        Vectors(
            log_f, log_rest, np.maximum(ordered[:, -1] - ordered[:, -2], least), tied, cell[~sure], on, real, group
        ),
        prior or AnswerPrior(),
        draws=kept,
        warmup=warmup,
        chains=chains,
        thin=thin,
        seed=seed,
    )
    flat = {name: found.pop(name).reshape(kept * chains, cells, *([width] * deep)) for name, deep in DEPTH.items()}
    units = np.zeros((groups, len(UNITS)))
    nearest = np.abs(np.log(own[~sure])[:, None] - np.log(UNITS)).argmin(1)
    np.add.at(units, (group[cell[~sure]], nearest), 1)
    units[:, -1] += units.sum(1) == 0
    units = units / units.sum(1, keepdims=True)
    return ProbabilityFit(
        certain=whole,
        unit=unit,
        real=real,
        group=group,
        units=units,
        parameters=found,
        chains=chains,
        seed=seed,
        main=flat.pop("p"),
        mu=flat["mu"],
        doubtful=flat["doubtful"],
        sigma=flat["sigma"],
        beta=flat["beta"],
    )


def _beta_binomial(x: Floats, y: Floats) -> tuple[float, float]:
    """Empirical-Bayes mean and precision on a grid, under logit m ~ Normal(-2, 2) and log psi ~ Normal(1, 1.5)."""
    m, psi = expit(np.linspace(-8, 6, 71))[:, None], np.exp(np.linspace(-3, 5, 33))[None]
    value = -0.5 * ((np.log(m / (1 - m)) + 2) / 2) ** 2 - 0.5 * ((np.log(psi) - 1) / 1.5) ** 2
    pairs, copies = np.unique(np.stack([x, y], 1), axis=0, return_counts=True)
    for (a, b), c in zip(pairs, copies, strict=True):
        value = value + c * (betaln(psi * m + a, psi * (1 - m) + b) - betaln(psi * m, psi * (1 - m)))
    i, j = np.unravel_index(int(value.argmax()), value.shape)
    return float(m[i, 0]), float(psi[0, j])
