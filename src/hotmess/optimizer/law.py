"""A hierarchical power law of rollout bias², variance and loss in model size, over seeds of training and problems.

For outcome k of the model of size N trained in sweep s (one seed of training on one problem p)

    log y_ks(N) = a_k + u_kp + v_ks − (α_k + β_kp + γ_ks) log(N / N₀) + e_ksN,

u, β normal over problems, v, γ normal over sweeps, and e normal with a correlation between outcomes: what a single
model has of its own. The estimate of log y has its own known standard deviation, from the starts (methods, section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.inference.gate import Gate

OUTCOMES = ("bias2", "variance", "loss")
PUBLISHED = {"bias2": 2.165, "variance": 0.878}  # Hägele et al. 2026: exponents of 1 / N
NOISE = 2.0  # a bias² within so many standard deviations of 0 has no usable logarithm


@dataclass(frozen=True)
class LawData:
    """Arrays of the law, one row per model; `left_out` says in sentences which estimates were not used and why."""

    x: np.ndarray  # (n,) log(size / N0)
    y: np.ndarray  # (n, K) logarithms, 0 where not seen
    sd: np.ndarray  # (n, K) their standard deviations from the starts
    seen: np.ndarray  # (n, K)
    sweep: np.ndarray  # (n,)
    problem: np.ndarray  # (n,)
    centre: float  # N0
    left_out: tuple[str, ...]


def law_data(table: pd.DataFrame) -> LawData:
    """Prepare the tidy table of `hotmess.optimizer.table.tidy`.

    Raises `BadInput` where fewer than 4 sizes remain: a slope then has too few degrees of freedom.
    """
    if table["size"].nunique() < 4:
        raise BadInput(f"A law in size needs at least 4 sizes; there are {table['size'].nunique()}.")
    values = table[list(OUTCOMES)].to_numpy(float)
    spread = np.column_stack([table["bias2_sd"], table["variance_sd"], np.zeros(len(table))]).astype(float)
    seen = (values > 0) & (values > NOISE * spread)
    left_out = tuple(
        f"{OUTCOMES[k]} of size {row.size} (problem {row.problem}, seed {row.seed}) is {values[i, k]:.3g} ± "
        f"{spread[i, k]:.2g}: not told from 0"
        for i, row in enumerate(_rows(table))
        for k in range(len(OUTCOMES))
        if not seen[i, k]
    )
    safe = np.where(seen, values, 1.0)
    sweeps = list(zip(table["problem"], table["seed"]))
    order = {s: i for i, s in enumerate(sorted(set(sweeps)))}
    problems = {p: i for i, p in enumerate(sorted(set(table["problem"])))}
    size = table["size"].to_numpy(float)
    centre = float(np.exp(np.log(np.unique(size)).mean()))
    return LawData(
        x=np.log(size / centre),
        y=np.log(safe),
        sd=np.where(seen, spread / safe, 1.0),
        seen=seen,
        sweep=np.array([order[s] for s in sweeps]),
        problem=np.array([problems[p] for p in table["problem"]]),
        centre=centre,
        left_out=left_out,
    )


def law_model(data: LawData) -> None:
    """The NumPyro model. Priors: exponents N(1, 1.5²), their spreads over problems and over sweeps half-normal(0.5)."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    n, k = data.y.shape
    middle = np.array([data.y[data.seen[:, j], j].mean() if data.seen[:, j].any() else 0.0 for j in range(k)])
    level = numpyro.sample("level", dist.Normal(middle, 3.0).to_event(1))
    alpha = numpyro.sample("alpha", dist.Normal(jnp.ones(k), 1.5).to_event(1))
    parts = {}
    for name, count in (("problem", data.problem.max() + 1), ("sweep", data.sweep.max() + 1)):
        for what, scale in (("level", 1.0), ("alpha", 0.5)):
            spread = numpyro.sample(f"{what}_sd_{name}", dist.HalfNormal(scale * jnp.ones(k)).to_event(1))
            z = numpyro.sample(f"{what}_z_{name}", dist.Normal(jnp.zeros((count, k)), 1.0).to_event(2))
            parts[what, name] = spread * z
    own = numpyro.sample("residual_sd", dist.HalfNormal(0.5 * jnp.ones(k)).to_event(1))
    chol = numpyro.sample("residual_chol", dist.LKJCholesky(k, 2.0))
    z = numpyro.sample("residual_z", dist.Normal(jnp.zeros((n, k)), 1.0).to_event(2))
    levels = level + parts["level", "problem"][data.problem] + parts["level", "sweep"][data.sweep]
    slopes = alpha + parts["alpha", "problem"][data.problem] + parts["alpha", "sweep"][data.sweep]
    mean = levels - slopes * data.x[:, None] + (z @ chol.T) * own
    # a floor of 1%: the loss is a mean over thousands of held-out pairs, known but not exactly
    error = jnp.hypot(jnp.asarray(data.sd), 0.01)
    log_density = dist.Normal(mean, error).log_prob(data.y)
    numpyro.factor("estimates", jnp.sum(jnp.where(data.seen, log_density, 0.0)))


def fit_law(data: LawData, *, seed: int = 0, draws: int = 1000, warmup: int = 1000, chains: int = 4) -> xr.DataTree:
    """Posterior of the law, with `alpha_new` added: the exponents of a new seed of training on a new problem."""
    from hotmess.inference.sample import sample

    tree = sample(law_model, data, seed=seed, draws=draws, warmup=warmup, chains=chains, target_accept=0.95)
    posterior = tree["posterior"].dataset
    spread = np.hypot(posterior["alpha_sd_problem"].values, posterior["alpha_sd_sweep"].values)
    noise = np.random.default_rng(seed).normal(size=spread.shape)
    new = posterior["alpha"].copy(data=posterior["alpha"].values + spread * noise)
    tree["posterior"] = tree["posterior"].assign(alpha_new=new)
    return tree


def law_gate(tree: xr.DataTree) -> Gate:
    """The gate on everything that is reported: exponents, their spreads, levels, residuals."""
    from hotmess.inference.gate import gate_tree

    names = ["alpha", "alpha_new", "alpha_sd_problem", "alpha_sd_sweep", "level", "residual_sd"]
    return gate_tree(tree, names=names)


def exponents(tree: xr.DataTree, *, interval: float = 0.9) -> pd.DataFrame:
    """Per outcome: the mean exponent, that of a new seed and problem, with intervals, and the published one."""
    import pandas as pd

    tail = (1 - interval) / 2
    rows: list[dict[str, Any]] = []
    posterior = tree["posterior"].dataset
    for k, outcome in enumerate(OUTCOMES):
        row: dict[str, Any] = {"outcome": outcome}
        for name, label in (("alpha", "mean"), ("alpha_new", "new")):
            low, mid, high = np.quantile(posterior[name].values[..., k], [tail, 0.5, 1 - tail])
            row |= {label: mid, f"{label}_low": low, f"{label}_high": high}
        row["published"] = PUBLISHED.get(outcome, np.nan)
        rows.append(row)
    return pd.DataFrame(rows)


def falls_faster(tree: xr.DataTree, *, population: str = "new") -> tuple[np.ndarray, Gate]:
    """Draws (chain, draw) of α_bias² − α_variance, and the gate, for the claim that bias falls faster than variance.

    `population`: "new" for a new seed of training and a new problem, "mean" for the average over both.
    """
    if population not in ("new", "mean"):
        raise BadInput(f"The population is 'new' or 'mean', not {population!r}.")
    alpha = tree["posterior"].dataset["alpha_new" if population == "new" else "alpha"].values
    return alpha[..., 0] - alpha[..., 1], law_gate(tree)


def sentence(draws: np.ndarray, sizes: Sequence[int], *, problems: int, trainings: int, population: str = "new") -> str:
    """What the claim covers and what was found, in one sentence."""
    low, mid, high = np.quantile(draws, [0.05, 0.5, 0.95])
    who = "a new seed of training and a new problem" if population == "new" else "the average seed and problem"
    return (
        f"Along transformers of {min(sizes):,} to {max(sizes):,} parameters trained to imitate steepest descent on "
        f"{problems} quadratics ({trainings} trainings in all), the exponent of bias² exceeds that of variance by "
        f"{mid:.2f} [{low:.2f}, {high:.2f}] for {who}; probability that bias² falls faster {np.mean(draws > 0):.3f}."
    )


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table[["size", "problem", "seed"]].itertuples(index=False, name="Row"))
