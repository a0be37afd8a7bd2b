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
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput, median_and_tails
from hotmess.inference.spec import Spec
from hotmess.laws.called import OPTIMIZER
from hotmess.optimizer.logarithms import OUTCOMES, Logarithms, rest_of
from hotmess.optimizer.scales import CORRELATED, SCALES, RolloutPrior, as_coefficients, by_problem, rollout_law

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.inference.gate import Gate
    from hotmess.laws.gaussian import GaussianLaw

POPULATIONS = {"like-these": "alpha_new", "these": "alpha"}
PUBLISHED = {"bias2": 2.165, "variance": 0.878}  # Hägele et al. 2026: exponents of 1 / N


@dataclass(frozen=True)
class RolloutLaw:
    """Posterior of the law.

    `law` is what it was fitted to, `spec` how (`prior` a `RolloutPrior`). Variables of `data`: the standard deviations
    of `hotmess.optimizer.scales.SCALES` such as alpha_sd_problem, and the correlations between bias² and variance of
    what models share, such as correlation_size; `level`; `alpha` (mean exponents); `alpha_problem` (of each problem,
    seeds averaged); `alpha_new`, the exponents of a new seed of training on a new problem.
    """

    law: Logarithms
    data: xr.DataTree
    spec: Spec

    @cached_property
    def gate(self) -> Gate:
        """Diagnostics of everything that is reported: exponents, their spreads, levels, residuals."""
        from hotmess.inference.gate import gate_tree

        return gate_tree(self.data, names=list(OPTIMIZER), called=OPTIMIZER)

    @property
    def prior(self) -> RolloutPrior:
        """The prior that was used."""
        prior: RolloutPrior = self.spec.prior
        return prior

    def models(self) -> list[GaussianLaw]:
        """The collapsed laws with the prior that was used, bias² and variance together, then the loss where it is
        known: their density, conditional and prior."""
        return [rollout_law(self.law, part, self.prior) for part in _parts(self.law)]

    def dataset(self, *, population: str = "like-these") -> xr.Dataset:
        """Draws of the exponents by outcome, and of all else: `alpha` is that of a new seed of training on a new
        problem for `like-these`, the average over both for `these`.

        Raises
        ------
        BadInput
            For another population.
        """
        if population not in POPULATIONS:
            raise BadInput(f"The population is {population!r}; it can be {' or '.join(POPULATIONS)}.")
        found = self.data["posterior"].dataset
        return found.assign(alpha=found[POPULATIONS[population]]).drop_vars("alpha_new")

    def falls_faster(self, *, population: str = "like-these") -> np.ndarray:
        """(chain, draw) draws of α_bias² − α_variance, for the claim that bias falls faster than variance."""
        alpha = self.dataset(population=population)["alpha"].values
        return np.asarray(alpha[..., 0] - alpha[..., 1])

    def prior_falls_faster(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """(n,) draws of the same for the average seed and problem, from the law's prior."""
        law = self.models()[0]
        weights = np.zeros(len(law.mean))
        weights[2], weights[3] = 1.0, -1.0  # after the two levels
        return law.prior_draws(weights, rng, n)

    def densities(self) -> tuple[np.ndarray, np.ndarray]:
        """(chain, draw) log prior and log likelihood of the draws of bias² and variance, for powers of either."""
        found = self.data["posterior"].dataset
        shape = found.sizes["chain"], found.sizes["draw"]

        def flat(name: str) -> np.ndarray:
            values = found[name].values
            return np.asarray(values.reshape(shape[0] * shape[1], *values.shape[2:]))

        scales = np.stack([flat(f"{what}_sd_{between}")[:, :2] for what, between in SCALES], axis=2)
        correlations = [flat(f"correlation_{between}") for between in CORRELATED]
        points = np.column_stack([scales.reshape(len(scales), -1), *correlations])
        theta = as_coefficients(*(flat(name)[..., :2] for name in ("level", "alpha", "alpha_problem")))
        log_prior, log_likelihood = self.models()[0].log_densities(theta, points)
        return log_prior.reshape(shape), log_likelihood.reshape(shape)

    def exponents(self, *, interval: float = 0.9) -> pd.DataFrame:
        """Per outcome: the mean exponent, that of a new seed and problem, with intervals, and the published one."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        posterior = self.data["posterior"].dataset
        for k, outcome in enumerate(posterior["outcome"].values.tolist()):
            row: dict[str, Any] = {"outcome": outcome}
            for name, label in (("alpha", "mean"), ("alpha_new", "new")):
                low, mid, high = np.quantile(posterior[name].values[..., k], median_and_tails(interval))
                row |= {label: mid, f"{label}_low": low, f"{label}_high": high}
            row["published"] = PUBLISHED.get(outcome, np.nan)
            rows.append(row)
        return pd.DataFrame(rows)

    def refit(self, **changes: Any) -> RolloutLaw:
        """The law of the same models again, with the settings of `spec` but for the changes.

        Raises
        ------
        BadInput
            For a setting that a spec does not have.
        """
        return _fit(self.law, self.spec.changed(**changes))

    def without(self, *, questions: Sequence[Any] = (), models: Sequence[Any] = ()) -> RolloutLaw:
        """The law without some problems, or some sizes of models.

        Raises
        ------
        BadInput
            For what is not there, and where fewer than 4 sizes remain.
        """
        return _fit(rest_of(self.law, questions, models), self.spec)

    def save(self, path: str) -> None:
        """Write the posterior as netCDF, whole, for `hotmess.load`."""
        from hotmess.inference.store import save_posterior

        save_posterior(self, path)


def fit_law(
    data: Logarithms, *, prior: RolloutPrior | None = None, seed: int = 0, draws: int = 1000, chains: int = 4
) -> RolloutLaw:
    """Posterior of the law: its scales by independence Metropolis, levels and exponents exactly given them.

    Bias² and variance are fitted together, the loss, where there is one, by itself.
    """
    return _fit(data, Spec("metropolis", prior or RolloutPrior(), seed, draws, chains))


def _parts(data: Logarithms) -> list[list[int]]:
    """Outcomes that are fitted together."""
    return [part for part in ([0, 1], [2]) if data.seen[:, part].any()]


def _fit(data: Logarithms, spec: Spec) -> RolloutLaw:
    from hotmess.inference.sample import to_tree

    posterior: dict[str, list[np.ndarray]] = {}
    rates, seed, draws, chains = [], spec.seed, spec.draws, spec.chains
    fitted = _parts(data)
    for part, outcomes in enumerate(fitted):
        law = rollout_law(data, outcomes, spec.prior)
        points, rate = law.chains(seed=seed + 100 * part, draws=draws, chains=chains, thin=25)
        rates.append(rate)
        rng = np.random.default_rng([seed, 41, part])
        flat = points.reshape(-1, points.shape[-1])
        found = by_problem(law.draw(flat, rng), len(outcomes))
        scales = flat[:, : len(law.hyper.widths)].reshape(len(flat), len(outcomes), len(SCALES))
        made = {f"{what}_sd_{between}": scales[..., i] for i, (what, between) in enumerate(SCALES)}
        spread = np.hypot(made["alpha_sd_problem"], made["alpha_sd_sweep"])
        made |= dict(zip(("level", "alpha", "alpha_problem"), found))
        made["alpha_new"] = found[1] + spread * rng.standard_normal(spread.shape)
        if len(outcomes) == 2:
            made |= {f"correlation_{between}": flat[:, i - len(CORRELATED)] for i, between in enumerate(CORRELATED)}
        for name, values in made.items():
            posterior.setdefault(name, []).append(values.reshape(chains, draws, *values.shape[1:]))
    whole = {name: np.concatenate(values, axis=-1) for name, values in posterior.items()}
    tree = to_tree(
        whole,
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        coords={"outcome": [OUTCOMES[k] for part in fitted for k in part]},
        dims={name: ["problem", "outcome"][4 - values.ndim :] for name, values in whole.items()},
    )
    tree["posterior"].attrs["acceptance_rate"] = float(min(rates))
    return RolloutLaw(data, tree, spec)
