"""The power laws as a collapsed Gaussian law: levels and exponents of groups,
residuals of models and of cells (methods, section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotmess.inference.resume import resumed
from hotmess.laws.gaussian import GaussianLaw, Part
from hotmess.laws.hardness import hardness
from hotmess.laws.hyperprior import HyperPrior

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from jaxtyping import Float, Int

    from hotmess.laws.power_data import LawData

Floats = NDArray[np.floating[Any]]
COEFFICIENTS = ("level_bias2", "level_variance", "alpha_bias2", "alpha_variance")
SCALES = ("tau_bias2", "tau_variance", "u_level", "u_ratio", "e_level", "e_ratio")
CORRELATIONS = ("rho_alpha", "rho_u")
TAU_B, TAU_V, U_L, U_R, E_L, E_R, RHO_ALPHA, RHO_U = range(8)
LEVEL = -1.0
"""Prior mean of log bias² and log variance at the middle size."""


@dataclass(frozen=True)
class LawPrior:
    """Priors of the power law.

    alpha_g ~ Normal(mean + h_g t, diag(tau) R diag(tau)), for bias² and for variance: mean ~ Normal(0, slope),
    t ~ Normal(0, trend) with h_g from -1 (easiest group) to 1 (hardest), 0 without an order; A_g ~ Normal(-1,
    intercept); tau ~ HalfNormal(slope_spread). Residuals are those of level and ratio, (log bias² + log variance)/√2
    and (log variance − log bias²)/√2: scales sigma_u ~ HalfNormal(model), sigma_e ~ HalfNormal(rest), on the scale of
    natural logarithms; correlations uniform on (-1, 1).
    """

    slope: float = 1.0
    intercept: float = 2.0
    slope_spread: float = 0.3
    model: float = 0.3
    rest: float = 0.15
    trend: float = 0.3

    @property
    def hyper(self) -> HyperPrior:
        """Of `SCALES` and `CORRELATIONS`."""
        each = (self.slope_spread, self.model, self.rest)
        return HyperPrior(tuple(width for width in each for _ in range(2)), len(CORRELATIONS))


def power_model(
    y: Float[np.ndarray, " m"],
    noise: Float[np.ndarray, "m m"],
    x: Float[np.ndarray, " c"],
    group: Int[np.ndarray, " c"],
    model: Int[np.ndarray, " c"],
    prior: LawPrior,
    *,
    hard: Float[np.ndarray, " g"],
) -> GaussianLaw:
    """The law of C cells.

    A model's residuals are told as level and ratio, since claims are about the ratio: with a scale each for bias² and
    variance that of their ratio would have to be told from both, and be widest where they are alike.

    Parameters
    ----------
    y, noise
        (2C,) log bias² of all cells, then log variance, and their (2C, 2C) covariance.
    x
        (C,) log(N/N0).
    group, model
        (C,) index of each cell's group and model.
    hard
        (G,) of each group, from -1 to 1 (`hotmess.laws.hardness`); a group without a cell is known from the others
        alone.

    Returns
    -------
    A law whose coefficients are A^B_g, A^V_g, alpha^B_g, alpha^V_g (`COEFFICIENTS`), each for all groups.
    """
    cells, groups = len(x), len(hard)
    level = np.eye(groups)[group]
    slope = -level * x[:, None]
    same = (model[:, None] == model).astype(float)
    two, bias2, variance = np.eye(2), np.diag([1.0, 0.0]), np.diag([0.0, 1.0])
    cross = np.array([[0.0, 1.0], [1.0, 0.0]])
    of_level, of_ratio, of_both = np.ones((2, 2)) / 2, np.array([[1.0, -1.0], [-1.0, 1.0]]) / 2, np.diag([-1.0, 1.0])
    # The mean of alpha is shared by groups, and so is its trend.
    shared = prior.slope**2 * np.ones((groups, groups)) + prior.trend**2 * np.outer(hard, hard)

    def of_alpha(covariance: Floats) -> Floats:
        return np.kron(variance, covariance)  # exponents are the second half of the coefficients

    own = np.eye(groups)
    intercepts = prior.intercept**2 * np.kron(bias2, np.eye(2 * groups))
    return GaussianLaw(
        y=y,
        noise=noise,
        design=np.concatenate([np.kron(two, level), np.kron(two, slope)], axis=1),
        mean=np.concatenate([np.full(2 * groups, LEVEL), np.zeros(2 * groups)]),
        fixed=intercepts + of_alpha(np.kron(two, shared)),
        hyper=prior.hyper,
        coefficients=(
            Part((TAU_B, TAU_B), of_alpha(np.kron(bias2, own))),
            Part((TAU_V, TAU_V), of_alpha(np.kron(variance, own))),
            Part((TAU_B, TAU_V, RHO_ALPHA), of_alpha(np.kron(cross, own))),
        ),
        residuals=(
            Part((U_L, U_L), np.kron(of_level, same)),
            Part((U_R, U_R), np.kron(of_ratio, same)),
            Part((U_L, U_R, RHO_U), np.kron(of_both, same)),
            Part((E_L, E_L), np.kron(of_level, np.eye(cells))),
            Part((E_R, E_R), np.kron(of_ratio, np.eye(cells))),
        ),
    )


def model_of(law: LawData, groups: pd.DataFrame, by: Sequence[str], prior: LawPrior, population: str) -> GaussianLaw:
    """The law of what was learnt of one population of questions."""
    import pandas as pd

    p = law.populations.index(population)
    index = pd.MultiIndex.from_frame(groups[list(by)].astype(str))
    group = index.get_indexer(pd.MultiIndex.from_frame(law.cells[list(by)].astype(str)))
    model = pd.factorize(law.cells["model"], sort=True)[0]
    x = law.cells["x"].to_numpy(float)
    return power_model(law.mean[p], law.covariance[p], x, np.asarray(group), model, prior, hard=hardness(groups))


def draw_laws(
    laws: Sequence[GaussianLaw], points: Sequence[Floats], rngs: Sequence[np.random.Generator]
) -> dict[str, Floats]:
    """Posterior variables, (chain, draw, population, …), from hyperparameters (chain, draw, 8) of each population."""
    theta = []
    for law, own, rng in zip(laws, points, rngs):
        flat = law.draw(own.reshape(-1, own.shape[-1]), rng)
        theta.append(flat.reshape(*own.shape[:2], len(COEFFICIENTS), -1))
    out = {name: np.stack([t[:, :, i] for t in theta], axis=2) for i, name in enumerate(COEFFICIENTS)}
    names = (*SCALES, *CORRELATIONS)
    return out | {name: np.stack([p[..., i] for p in points], axis=2) for i, name in enumerate(names)}


def to_data(
    posterior: dict[str, Floats], populations: Sequence[str], groups: Sequence[str], log_prior: dict[str, Floats]
) -> xr.DataTree:
    """The draws in ArviZ's layout."""
    import xarray as xr

    from hotmess.inference.sample import to_tree

    chains, draws = posterior[SCALES[0]].shape[:2]
    tree = to_tree(
        posterior,
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        coords={"population": list(populations), "group": list(groups)},
        dims={name: ["population", "group"][: values.ndim - 2] for name, values in posterior.items()},
    )
    tree["log_prior"] = xr.Dataset(
        {f"scales_{p}": (("chain", "draw"), v) for p, v in log_prior.items()},
        coords={"chain": np.arange(chains), "draw": np.arange(draws)},
    )
    return tree


@resumed
def sample_laws(
    laws: Sequence[GaussianLaw],
    populations: Sequence[str],
    groups: Sequence[str],
    *,
    seed: int,
    draws: int,
    chains: int,
) -> xr.DataTree:
    """Hyperparameters by independence Metropolis, levels and exponents exactly given them, for every population."""
    found = [law.chains(seed=seed + 100 * p, draws=draws, chains=chains) for p, law in enumerate(laws)]
    points = [chain for chain, _ in found]
    posterior = draw_laws(laws, points, [np.random.default_rng([seed, 11, p]) for p in range(len(laws))])
    log_prior = {
        name: law.hyper.log_density(own.reshape(-1, own.shape[-1])).reshape(chains, draws)
        for name, law, own in zip(populations, laws, points)
    }
    tree = to_data(posterior, populations, groups, log_prior)
    tree["posterior"].attrs["acceptance_rate"] = float(min(rate for _, rate in found))
    return tree
