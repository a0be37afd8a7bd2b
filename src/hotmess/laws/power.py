"""Power laws of bias² and variance in model size, hierarchical over groups, never shrunk twice (methods, section 4).

    log bias²_g(N)    = A^B_g - alpha^B_g log(N/N0) + u^B_m + e^B_gm
    log variance_g(N) = A^V_g - alpha^V_g log(N/N0) + u^V_m + e^V_gm

The data are draws of (log bias², log variance) of every model and group from a first stage that pools nothing over
the law's x, models or groups; their joint covariance is the measurement error. u_m is the model's own residual, shared
by its groups, (u^B, u^V) correlated; (alpha^B_g, alpha^V_g) are partially pooled over groups with a correlation.
Given the eight scales and correlations everything is linear and Gaussian (`hotmess.laws.gaussian`), and is integrated
out exactly; the eight are sampled by independence Metropolis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput, either_seed, listed, tails
from hotmess.inference.spec import Spec
from hotmess.laws.called import POWER
from hotmess.laws.power_data import LawData, law_data, law_draws, unbiased_sums
from hotmess.laws.power_model import COEFFICIENTS, CORRELATIONS, SCALES, LawPrior, model_of, sample_laws
from hotmess.words import Short, counted

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.answers.posterior import Fit
    from hotmess.inference.gate import Gate
    from hotmess.laws.gaussian import GaussianLaw


@dataclass(frozen=True, repr=False)
class PowerLaws(Short):
    """Posterior of the power laws; `data` is a DataTree whose `posterior` has alpha_bias2, alpha_variance and more.

    `law` is what they were fitted to, `spec` how (`prior` a `LawPrior`, `by` the groups, `options` the column of sizes
    and the metric), `fit` the posterior of answers beneath them.
    """

    law: LawData
    data: xr.DataTree
    groups: pd.DataFrame
    spec: Spec
    left_out: pd.DataFrame
    notes: tuple[str, ...]
    fit: Fit = field(repr=False)

    def said(self) -> str:
        """One line for a print."""
        models, groups = self.law.cells["model"].nunique(), counted(len(self.groups), "group")
        return f"{counted(models, 'model')} over {self.over}, {groups}; {self.gate.said}"

    def shown(self) -> pd.DataFrame:
        """For a notebook."""
        return self.summary()

    @cached_property
    def gate(self) -> Gate:
        """Diagnostics of the law's parameters, and of the first stage."""
        from hotmess.inference.gate import gate_tree

        return gate_tree(self.data, called=POWER) & self.fit.gate

    @property
    def over(self) -> str:
        """The column of sizes."""
        return str((self.spec.options or {})["over"])

    @property
    def by(self) -> tuple[str, ...]:
        """The columns that tell groups apart."""
        return self.spec.by

    @property
    def prior(self) -> LawPrior:
        """The prior that was used."""
        prior: LawPrior = self.spec.prior
        return prior

    @cached_property
    def sizes(self) -> np.ndarray:
        """(groups,) how many model sizes each group has; 0 where the model left out was its only one."""
        names = list(self.by)
        found = self.law.cells.groupby(names, observed=True)["x"].nunique()
        keys = self.groups[names].itertuples(index=False, name=None)
        return np.array([int(found.get(key if len(key) > 1 else key[0], 0)) for key in keys])

    @cached_property
    def unbiased_sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(models,) x in order, and (models, groups) sums of unbiased bias² and variance; nan: a model has none."""
        return unbiased_sums(self.fit.cells, self.law.cells, self.groups, self.by)

    def draws(self, population: str = "like-these") -> xr.Dataset:
        """Draws (chain, draw, group) of alpha_bias2, alpha_variance, level_bias2 and level_variance; and of scales.

        Raises
        ------
        BadInput
            For a population that is not there.
        """
        if population not in self.law.populations:
            raise BadInput(f"The population is {population!r}; it can be {' or '.join(self.law.populations)}.")
        return self._draws[population].copy(deep=False)

    @cached_property
    def _draws(self) -> dict[str, xr.Dataset]:
        return {p: self.data["posterior"].dataset.sel(population=p) for p in self.law.populations}

    def dataset(self, *, population: str = "like-these") -> xr.Dataset:
        """The same, as of any posterior."""
        return self.draws(population)

    def slope_of_logit_incoherence(self, population: str = "like-these") -> np.ndarray:
        """(chain, draw, group) draws of alpha_B - alpha_V = d logit(incoherence) / d log N."""
        draws = self.draws(population)
        return np.asarray((draws["alpha_bias2"] - draws["alpha_variance"]).values)

    def model(self, population: str) -> GaussianLaw:
        """The law itself, with the prior that was used: its density, conditional, and prior."""
        return self._models[population]

    @cached_property
    def _models(self) -> dict[str, GaussianLaw]:
        return {p: model_of(self.law, self.groups, self.by, self.prior, p) for p in self.law.populations}

    def points(self, population: str) -> np.ndarray:
        """(draws, 8) scales and correlations, as the law takes them."""
        draws = self.draws(population)
        return np.column_stack([draws[name].values.ravel() for name in (*SCALES, *CORRELATIONS)])

    @cached_property
    def likelihoods(self) -> dict[str, np.ndarray]:
        """(draws,) log likelihood of `points` for each population, all else integrated out."""
        return {p: self.model(p).log_likelihood(self.points(p)) for p in self.law.populations}

    def densities(self, population: str) -> tuple[np.ndarray, np.ndarray]:
        """(chain, draw) log prior and log likelihood of the draws, for powers of either."""
        draws = self.draws(population)
        shape = draws.sizes["chain"], draws.sizes["draw"]
        theta = [draws[name].values.reshape(shape[0] * shape[1], -1) for name in COEFFICIENTS]
        found = self.model(population).log_densities(np.concatenate(theta, axis=1), self.points(population))
        return found[0].reshape(shape), found[1].reshape(shape)

    def first_stage(self, population: str) -> np.ndarray:
        """(draws, 2C) log bias² and log variance of its cells that the law sees mean and covariance of."""
        metric = str((self.spec.options or {})["metric"])
        return law_draws(self.law, self.fit, by=self.by, metric=metric, population=population)

    def refit(self, **changes: Any) -> PowerLaws:
        """The laws of the same fit again, with the settings of `spec` but for the changes.

        Raises
        ------
        BadInput
            For a setting that a spec does not have.
        """
        return _fit(self.fit, self.spec.changed(**changes))

    def without(self, *, questions: Sequence[Any] = (), models: Sequence[str] = ()) -> PowerLaws:
        """The laws without some questions (names, or (benchmark, question) pairs) or some models.

        Raises
        ------
        BadInput
            For a name that is not there.
        NotTestable
            If fewer than 4 sizes are left.
        """
        return _fit(self.fit.without(questions=questions, models=models), self.spec)

    def save(self, path: str) -> None:
        """Write the posterior as netCDF, whole, for `hotmess.load`."""
        from hotmess.inference.store import save_posterior

        save_posterior(self, path)

    def summary(self, population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
        """Medians and intervals of the exponents per group."""
        table, draws = self.groups.copy(), self.draws(population)
        quantities = {
            "alpha_bias2": draws["alpha_bias2"].values,
            "alpha_variance": draws["alpha_variance"].values,
            "logit_incoherence_slope": self.slope_of_logit_incoherence(population),
        }
        ends = tails(interval)
        for name, values in quantities.items():
            table[name] = np.median(values, axis=(0, 1))
            table[f"{name}_low"], table[f"{name}_high"] = np.quantile(values, ends, axis=(0, 1))
        return table


@either_seed
@listed("by")
def power_laws(
    fit: Fit,
    *,
    over: str = "model_size_b",
    by: str | Sequence[str] = ("difficulty",),
    metric: str = "brier",
    prior: LawPrior | None = None,
    seed: int | None = None,
    draws: int = 500,
    chains: int = 4,
) -> PowerLaws:
    """Fit hierarchical power laws of bias² and variance in `over`, for each group of `by`.

    Raises
    ------
    BadInput
        If the fit is pooled by a formula (shrinking twice), or the columns are missing.
    NotTestable
        If fewer than 4 sizes remain, since a slope has about k - 2 degrees of freedom with k sizes; or the law would be
        of more than 600 estimates.
    """
    spec = Spec(
        engine="metropolis",
        prior=prior or LawPrior(),
        seed=fit.seed if seed is None else seed,
        draws=draws,
        chains=chains,
        by=tuple(by),
        options={"over": over, "metric": metric},
    )
    return _fit(fit, spec)


def _fit(fit: Fit, spec: Spec) -> PowerLaws:
    if fit.formula is not None:
        raise BadInput(
            "The fit is pooled by a formula, and a law fitted to it would shrink twice: fit without a formula for "
            "power laws."
        )
    by, options = list(spec.by), spec.options or {}
    law, left_out, notes = law_data(fit, over=options["over"], by=by, metric=options["metric"])
    groups = law.cells[by].drop_duplicates().sort_values(by).reset_index(drop=True)
    models = [model_of(law, groups, by, spec.prior, population) for population in law.populations]
    labels = [", ".join(map(str, row)) for row in groups.itertuples(index=False)]
    tree = sample_laws(models, law.populations, labels, seed=spec.seed, draws=spec.draws, chains=spec.chains)
    return PowerLaws(law, tree, groups, spec, left_out, notes, fit)
