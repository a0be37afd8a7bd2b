"""Plackett–Luce with raters of different discrimination, for two correlated attributes.

    (θ_e1, θ_e2) ~ Normal(0, [[1, ρ], [ρ, 1]])                            entities
    P(order of rater r) = Π_j exp(β_r θ_(j)) / Σ_{k ≥ j} exp(β_r θ_(k))    Plackett 1975, Luce 1959
    log β_r = b_a + τ (z_r − mean of z over the raters of a),
    b_a ~ Normal(0.5, 1),  τ ~ HalfNormal(0.5),  z_r ~ Normal(0, 1),  ρ ~ Uniform(−1, 1)

A rater orders entities by β_r θ_e + Gumbel noise; large β_r: a rater who agrees with the others. Equivalent to
Thurstone's model with Gumbel in the place of normal noise. ρ is for entities like these; the correlation of the θ
themselves, draw by draw, is for these entities.

What the raters of one attribute have in common is all that θ is: a misjudgement that they share is part of it, and no
number of entities removes it. Only more raters, or raters of other kinds, do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.inference.gate import Called, Gate, gate_tree
from hotmess.inference.spec import Spec
from hotmess.rankings.table import Rankings

if TYPE_CHECKING:
    import xarray as xr

CALLED: Called = {
    "rho": "the correlation over entities like these".format,
    "rho_these": "the correlation over these entities".format,
    "level": "how decidedly raters rank {attribute}".format,
    "tau": "the spread between raters of how decidedly they rank".format,
    "log_beta": "how decidedly {ranking} ranks".format,
}
"""The variables that the gate judges, and what they are called in words."""


@dataclass(frozen=True)
class RankFit:
    """Posterior of the rank model; `data` is a DataTree with rho, rho_these, theta (attribute, entity), log_beta."""

    rankings: Rankings
    data: xr.DataTree
    spec: Spec

    @property
    def gate(self) -> Gate:
        """Diagnostics of the correlation and the raters."""
        return gate_tree(self.data, names=list(CALLED), called=CALLED)

    def dataset(self, *, population: str = "like-these") -> xr.Dataset:
        """Draws of `correlation` for one population of entities, of theta (attribute, entity) and of log_beta."""
        draws = self.data["posterior"].dataset
        correlation = draws["rho" if population == "like-these" else "rho_these"]
        return draws[["theta", "log_beta"]].assign(correlation=correlation)

    def refit(self, **changes: Any) -> RankFit:
        """The same rankings fitted again, with the settings of `spec` but for the changes."""
        return fit_spec(self.rankings, self.spec.changed(**changes))

    def without(self, *, questions: Sequence[Any] = (), models: Sequence[str] = ()) -> RankFit:
        """The rest fitted without some entities, which are the questions of rankings, or some raters, their models."""
        return fit_spec(self.rankings.without(entities=questions, raters=models), self.spec)

    def save(self, path: str) -> None:
        """Write the posterior as netCDF, whole, for `hotmess.load`."""
        from hotmess.inference.store import save_posterior

        save_posterior(self, path)

    def correlation(self, population: str = "like-these") -> np.ndarray:
        """(chain, draw) correlation of the two attributes, for entities like these or these themselves."""
        name = "rho" if population == "like-these" else "rho_these"
        return np.asarray(self.data["posterior"][name].values)

    def within(self) -> dict[str, np.ndarray]:
        """(chain, draw) correlation among the entities of each group of three or more."""
        theta = np.asarray(self.data["posterior"]["theta"].values)
        groups = np.array(self.rankings.group)
        out = {}
        for name in dict.fromkeys(groups.tolist()):
            rows = np.flatnonzero(groups == name)
            if len(rows) >= 3:
                out[str(name)] = correlation(theta[..., 0, rows], theta[..., 1, rows])
        return out


def correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson correlation over the last axis.

    >>> round(float(correlation(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 7.0]))), 3)
    0.993
    """
    x, y = (v - v.mean(-1, keepdims=True) for v in (x, y))
    out: np.ndarray = (x * y).sum(-1) / np.sqrt((x**2).sum(-1) * (y**2).sum(-1))
    return out


def log_likelihood(strength: Any, xp: Any = np) -> Any:
    """(R,) log probability of orders: strength (R, N) is β_r θ_e in each rater's order, −inf where nothing was ranked.

    >>> x = np.log(np.array([[0.5, 0.3, 0.2]]))                       # 0.5 · 0.3/0.5
    >>> round(float(np.exp(log_likelihood(x))[0]), 3)
    0.3
    """
    known = xp.isfinite(strength)
    top = xp.max(strength, axis=1, keepdims=True)
    # Infinities and logarithms of 0 are kept out: their gradients are not numbers.
    safe = xp.where(known, strength - top, 0.0)
    rest = xp.where(known, xp.exp(safe), 0.0) @ np.tri(strength.shape[1])  # what is left at each place
    return xp.where(known, safe - xp.log(xp.where(known, rest, 1.0) + 1e-300), 0.0).sum(axis=1)


def rank_model(attribute: np.ndarray, order: np.ndarray, entities: int) -> None:
    """The NumPyro model; see the module.

    Sampled are the strengths exp(b_a) θ_e, which the orders determine directly, and not θ_e itself: nothing then moves
    along the ridge between a scale of θ and one of β.
    """
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    rho = numpyro.sample("rho", dist.Uniform(-1.0, 1.0))
    level = numpyro.sample("level", dist.Normal(0.5, 1.0).expand([2]).to_event(1))
    tau = numpyro.sample("tau", dist.HalfNormal(0.5))
    free = numpyro.sample("rater", dist.Normal(0.0, 1.0).expand([len(attribute)]).to_event(1))
    same = attribute[:, None] == attribute
    z = free - (same / same.sum(1)) @ free
    scale = jnp.exp(level)
    with numpyro.plate("entities", entities):
        first = numpyro.sample("first", dist.Normal(0.0, scale[0]))
        mean, sd = rho * scale[1] / scale[0] * first, scale[1] * jnp.sqrt(1 - rho**2)
        second = numpyro.sample("second", dist.Normal(mean, sd))
    strength = jnp.stack([first, second])
    theta = numpyro.deterministic("theta", strength / scale[:, None])
    numpyro.deterministic("log_beta", level[attribute] + tau * z)
    x, y = theta[0] - theta[0].mean(), theta[1] - theta[1].mean()
    numpyro.deterministic("rho_these", (x * y).sum() / jnp.sqrt((x**2).sum() * (y**2).sum()))
    seen = jnp.exp(tau * z)[:, None] * strength[attribute[:, None], jnp.maximum(order, 0)]
    numpyro.factor("orders", log_likelihood(jnp.where(order >= 0, seen, -jnp.inf), jnp).sum())


def fit_rankings(data: Rankings, *, seed: int = 0, draws: int = 500, warmup: int = 500, chains: int = 4) -> RankFit:
    """Fit the rank model by NUTS; scales of raters mix slowly: 1000 draws of 4 chains pass the gate at 60 entities."""
    return fit_spec(data, Spec("nuts", None, seed, draws, chains, warmup))


def fit_spec(data: Rankings, spec: Spec) -> RankFit:
    """Fit rankings as a spec says; see `fit_rankings`."""
    from hotmess.inference.sample import sample

    tree = sample(
        rank_model,
        data.attribute,
        data.order,
        len(data.entities),
        seed=spec.seed,
        draws=spec.draws,
        warmup=spec.warmup,
        chains=spec.chains,
        target_accept=0.95,
        coords={
            "attribute": list(data.attributes),
            "entity": list(data.entities),
            "ranking": list(data.raters),
        },
        dims={
            "level": ["attribute"],
            "theta": ["attribute", "entity"],
            "first": ["entity"],
            "second": ["entity"],
            "log_beta": ["ranking"],
            "rater": ["ranking"],
        },
    )
    tree["posterior"]["theta"].attrs["role"] = "latent"
    return RankFit(data, tree, spec)
