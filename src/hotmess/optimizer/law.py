"""A hierarchical power law of rollout bias², variance and loss in model size, over seeds of training and problems.

For outcome k of the model of size N trained in sweep s (one seed of training on one problem p)

    log y_ks(N) = a_k + v_ks − (α_k + β_kp + γ_ks) log(N / N₀) + s_kN + e_ksN,

β normal over problems, v, γ normal over sweeps, s normal over sizes: what models of one shape have in common,
whatever they were trained on, such as a bend of the law; and e normal with a correlation between outcomes: what a
single model has of its own. The estimate of log y has its own known standard deviation, from the starts (methods,
section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput
from hotmess.optimizer.logarithms import OUTCOMES, Logarithms
from hotmess.optimizer.scales import SCALES, by_problem, rollout_law

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.inference.gate import Gate

PUBLISHED = {"bias2": 2.165, "variance": 0.878}  # Hägele et al. 2026: exponents of 1 / N


def fit_law(data: Logarithms, *, seed: int = 0, draws: int = 1000, chains: int = 4) -> xr.DataTree:
    """Posterior of the law: its scales by independence Metropolis, levels and exponents exactly given them.

    Variables: the standard deviations of `hotmess.optimizer.scales.SCALES` such as alpha_sd_problem; `level`; `alpha`
    (mean exponents); `alpha_problem` (of each problem, seeds averaged); `alpha_new`, the exponents of a new seed of
    training on a new problem. Priors: exponents N(1, 1.5²), levels N(their mean, 3²), half-normal scales, uniform
    correlations. Bias² and variance are fitted together, the loss, where there is one, by itself.
    """
    from hotmess.inference.sample import to_tree

    posterior: dict[str, list[np.ndarray]] = {}
    rates = []
    fitted = [part for part in ([0, 1], [2]) if data.seen[:, part].any()]
    for part, outcomes in enumerate(fitted):
        law = rollout_law(data, outcomes)
        points, rate = law.chains(seed=seed + 100 * part, draws=draws, chains=chains, thin=25)
        rates.append(rate)
        rng = np.random.default_rng([seed, 41, part])
        flat = points.reshape(-1, points.shape[-1])
        found = by_problem(law.draw(flat, rng), len(outcomes))
        scales = flat[:, : len(law.hyper.widths)].reshape(len(flat), len(outcomes), len(SCALES))
        made = {f"{what}_sd_{between}": scales[..., i] for i, (what, between, _) in enumerate(SCALES)}
        spread = np.hypot(made["alpha_sd_problem"], made["alpha_sd_sweep"])
        made |= dict(zip(("level", "alpha", "alpha_problem"), found))
        made["alpha_new"] = found[1] + spread * rng.standard_normal(spread.shape)
        for name, values in made.items():
            posterior.setdefault(name, []).append(values.reshape(chains, draws, *values.shape[1:]))
    whole = {name: np.concatenate(values, axis=-1) for name, values in posterior.items()}
    tree = to_tree(
        whole,
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        coords={"outcome": [OUTCOMES[k] for part in fitted for k in part]},
        dims={name: [*(["problem"] if values.ndim == 4 else []), "outcome"] for name, values in whole.items()},
    )
    tree["posterior"].attrs["acceptance_rate"] = float(min(rates))
    return tree


def law_gate(tree: xr.DataTree) -> Gate:
    """The gate on everything that is reported: exponents, their spreads, levels, residuals."""
    from hotmess.inference.gate import gate_tree

    names = ["alpha", "alpha_new", "alpha_sd_problem", "alpha_sd_sweep", "level", "level_sd_size", "level_sd_model"]
    return gate_tree(tree, names=names)


def exponents(tree: xr.DataTree, *, interval: float = 0.9) -> pd.DataFrame:
    """Per outcome: the mean exponent, that of a new seed and problem, with intervals, and the published one."""
    import pandas as pd

    tail = (1 - interval) / 2
    rows: list[dict[str, Any]] = []
    posterior = tree["posterior"].dataset
    for k, outcome in enumerate(posterior["outcome"].values.tolist()):
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
