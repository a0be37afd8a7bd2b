"""The length laws as a collapsed Gaussian law: levels of arms, slopes per standard deviation of their log lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from hotmess.inference.resume import resumed
from hotmess.laws.curves import CURVES
from hotmess.laws.gaussian import GaussianLaw, Part
from hotmess.laws.hyperprior import HyperPrior
from hotmess.laws.length_prior import LengthPrior

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.floating[Any]]
TAU, GRID = 0, 400


def length_model(y: Floats, noise: Floats, prior: LengthPrior, shape: str = "odds") -> GaussianLaw:
    """The law of A arms of one shape: `levels_and_slopes` around an incoherence of ½."""
    return levels_and_slopes(y, noise, prior, float(CURVES[shape].link(np.array(0.5))))


def levels_and_slopes(y: Floats, noise: Floats, prior: LengthPrior, start: float) -> GaussianLaw:
    """A line of each of A arms.

    y, noise: (2A,) levels, then slopes, and their (2A, 2A) covariance. The coefficients are the same, without the
    noise: level_a ~ Normal(start, level), slope_a ~ Normal(mu, tau), mu ~ Normal(0, slope), tau ~ HalfNormal(spread).
    """
    arms = len(y) // 2
    slopes = np.diag([0.0, 1.0])
    return GaussianLaw(
        y=y,
        noise=noise,
        design=np.eye(2 * arms),
        mean=np.concatenate([np.full(arms, start), np.zeros(arms)]),
        fixed=np.kron(np.diag([prior.level**2, 0.0]), np.eye(arms))
        + np.kron(slopes, np.full((arms, arms), prior.slope**2)),
        hyper=HyperPrior((prior.spread,)),
        coefficients=(Part((TAU, TAU), np.kron(slopes, np.eye(arms))),),
    )


def log_factor_without_slopes(law: GaussianLaw) -> float:
    """log p(y | all slopes 0) - log p(y | the law): evidence that incoherence does not depend on length, exactly.

    The spread of slopes is integrated over points of equal prior mass.
    """
    from dataclasses import replace

    arms = len(law.y) // 2
    levels = np.kron(np.diag([1.0, 0.0]), np.ones((arms, arms)))
    without = replace(law, fixed=law.fixed * levels)
    points = law.hyper.grid(GRID)
    some = float(logsumexp(law.log_likelihood(points)) - np.log(len(points)))
    none = float(without.log_likelihood(np.zeros((1, 1)))[0])
    return none - some


@resumed
def sample_length_laws(
    models: Sequence[Sequence[GaussianLaw]],
    shapes: Sequence[str],
    populations: Sequence[str],
    arms: Sequence[str],
    spread: Floats,
    *,
    seed: int,
    draws: int,
    chains: int,
) -> xr.DataTree:
    """Independent draws of every shape and population; spread: (A,) standard deviation of each arm's log lengths."""
    import xarray as xr

    from hotmess.inference.gate import independent
    from hotmess.inference.sample import to_tree

    m = len(arms)
    hyper = np.empty((chains, draws, len(shapes), len(populations)))
    theta = np.empty((*hyper.shape, 2 * m))
    log_prior = {}
    for s, of_shape in enumerate(models):
        for p, law in enumerate(of_shape):
            rng = np.random.default_rng([seed, 11, s, p])
            points, found = law.on_grid(law.hyper.grid(GRID), chains * draws, rng)
            hyper[:, :, s, p] = points[:, TAU].reshape(chains, draws)
            theta[:, :, s, p] = found.reshape(chains, draws, -1)
            log_prior[f"{shapes[s]}_{populations[p]}"] = law.hyper.log_density(points).reshape(chains, draws)
    dims = ["shape", "population", "arm"]
    tree = to_tree(
        {
            "level": theta[..., :m],
            "slope": theta[..., m:] / spread,
            "slope_per_sd": theta[..., m:],
            "spread": hyper,
        },
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        coords={"shape": list(shapes), "population": list(populations), "arm": list(arms)},
        dims={"level": dims, "slope": dims, "slope_per_sd": dims, "spread": dims[:2]},
    )
    tree["log_prior"] = xr.Dataset(
        {f"spread_{name}": (("chain", "draw"), v) for name, v in log_prior.items()},
        coords={"chain": np.arange(chains), "draw": np.arange(draws)},
    )
    return independent(tree)
