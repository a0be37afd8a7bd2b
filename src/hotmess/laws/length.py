"""Laws of incoherence in reasoning (or action) length, between questions (methods, section 4).

    odds    logit I = c + beta log L          power   log I = c + alpha log L (the paper's, impossible near I = 1)

I is a ratio of sums over questions of latent length L. In a first stage that pools nothing over length, every draw of
the questions' own terms has a line for each arm (model, condition, budget), by quasi-likelihood
(`hotmess.laws.quasi_lines`): no bins, no logarithm of an estimate, no question left out for its answers. Their means
and joint covariance are what the law sees; given the spread of slopes between arms all is Gaussian
(`hotmess.laws.gaussian`), the spread is integrated on a grid, and draws are independent. Slopes have their prior per
standard deviation of the arm's log lengths, and are told per log length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.decompose.context_scatter import without_contexts
from hotmess.errors import BadInput, NotTestable, either_seed, listed, tails
from hotmess.inference.spec import Spec
from hotmess.laws.called import LENGTH
from hotmess.laws.curves import CURVES, Bins, CurveLaw
from hotmess.laws.length_bins import ARM, BINS, binned_cells
from hotmess.laws.length_lines import BIN, POPULATIONS, LineData, bin_incoherences, bin_rows, line_data, line_draws
from hotmess.laws.length_model import length_model, sample_length_laws
from hotmess.laws.length_prior import LengthPrior
from hotmess.words import Short, counted

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.answers.posterior import Fit
    from hotmess.inference.gate import Gate
    from hotmess.laws.gaussian import GaussianLaw
    from hotmess.responses.table import Responses

SHAPES = ("odds", "power")
OF_FIRST = ("seed", "draws", "warmup", "chains", "unparsable")
"""Settings that the law shares with the posterior of answers beneath it."""


@dataclass(frozen=True, repr=False)
class LengthLaw(Short):
    """Posterior of the length laws.

    `law` is what they were fitted to; `spec` says how the law was made (`prior` a `LengthPrior`, `options` the number
    of bins, latent or mean lengths, shapes, metric); `fit` is the posterior of answers beneath it.
    """

    law: LineData
    data: xr.DataTree
    spec: Spec
    length: str
    notes: tuple[str, ...]
    fit: Fit = field(repr=False)

    def said(self) -> str:
        """One line for a print."""
        what = f"{counted(len(self.arms), 'arm')}, {counted(len(self.rows), 'bin')}, {', '.join(self.shapes)}"
        return f"{what}; {self.gate.said}"

    def shown(self) -> pd.DataFrame:
        """For a notebook."""
        return self.summary()[["model", "condition", "budget", "slope", "slope_low", "slope_high"]]

    @cached_property
    def gate(self) -> Gate:
        """Diagnostics of the laws and of the first stage."""
        from hotmess.inference.gate import gate_tree

        return gate_tree(self.data, called=LENGTH) & self.fit.gate

    @property
    def arms(self) -> pd.DataFrame:
        """A row per arm: model, condition, budget, family, model_size_b, mean and sd of its log lengths."""
        return self.law.arms

    @cached_property
    def rows(self) -> pd.DataFrame:
        """A row per bin of questions by length: arm, log length, `x` (less the arm's mean), questions, wrong."""
        return bin_rows(self.fit, self.arms)

    @cached_property
    def binned(self) -> tuple[pd.DataFrame, np.ndarray]:
        """`bins`, and the (P, B, B) covariances of their incoherences: made when first asked for, the law's lines need
        no bins."""
        return bin_incoherences(self.fit, self.rows, (self.spec.options or {})["metric"])

    @property
    def bins(self) -> pd.DataFrame:
        """The bins with posterior mean and sd of their incoherence, for each population."""
        return self.binned[0]

    @property
    def shapes(self) -> tuple[str, ...]:
        """The shapes that were fitted."""
        return tuple((self.spec.options or {})["shapes"])

    @property
    def prior(self) -> LengthPrior:
        """The prior that was used."""
        prior: LengthPrior = self.spec.prior
        return prior

    def draws(self, population: str = "like-these", shape: str = "odds") -> xr.Dataset:
        """Draws (chain, draw, arm) of `level`, `slope` and `slope_per_sd`, and (chain, draw) of the slopes' `spread`.

        Raises
        ------
        BadInput
            For a population or a shape that is not there.
        """
        for what, value, known in (("population", population, POPULATIONS), ("shape", shape, self.shapes)):
            if value not in known:
                raise BadInput(f"The {what} of a length law is {value!r}; it can be {' or '.join(known)}.")
        return self._draws[shape, population].copy(deep=False)

    @cached_property
    def _draws(self) -> dict[tuple[str, str], xr.Dataset]:
        posterior = self.data["posterior"].dataset
        return {(s, p): posterior.sel(shape=s, population=p) for s in self.shapes for p in POPULATIONS}

    def dataset(self, *, population: str = "like-these", shape: str = "odds") -> xr.Dataset:
        """The same, as of any posterior."""
        return self.draws(population, shape)

    def slopes(self, shape: str = "odds", population: str = "like-these") -> np.ndarray:
        """(chain, draw, arm) slopes of logit incoherence (odds) or exponents (power) in log length."""
        return np.asarray(self.draws(population, shape)["slope"].values)

    def curve(
        self, log_length: np.ndarray, arm: int, shape: str = "odds", population: str = "like-these"
    ) -> np.ndarray:
        """(draws, points) incoherence of an arm at natural log lengths."""
        post, own = self.draws(population, shape), self.arms.iloc[arm]
        level = post["level"].values[..., arm].ravel()[:, None]
        slope = post["slope"].values[..., arm].ravel()[:, None]
        return np.asarray(CURVES[shape].value(level, slope, np.asarray(log_length) - own["log_length"]))

    def summary(self, shape: str = "odds", population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
        """Median and interval of the slope of every arm."""
        slopes = self.slopes(shape, population)
        middle, low, high = np.quantile(slopes, [0.5, *tails(interval)], axis=(0, 1))
        return self.arms.assign(slope=middle, slope_low=low, slope_high=high)

    def model(self, population: str, shape: str = "odds") -> GaussianLaw:
        """The law itself, with the prior that was used: its density, conditional, and prior."""
        s, p = self.shapes.index(shape), POPULATIONS.index(population)
        return length_model(self.law.mean[s, p], self.law.covariance[s, p], self.prior, shape)

    def mean_slope(self) -> np.ndarray:
        """(2A,) weights of the law's coefficients whose sum is the mean over arms of the slope per log length."""
        each = 1 / self.arms["log_length_sd"].to_numpy(float) / len(self.arms)
        return np.concatenate([np.zeros(len(each)), each])

    def first_stage(self, population: str, shape: str = "odds") -> np.ndarray:
        """(draws, 2A) levels and slopes that the law sees mean and covariance of; made when first asked for."""
        key, metric = (population, shape), (self.spec.options or {})["metric"]
        if key not in self._first_stage:
            self._first_stage[key] = line_draws(self.fit, shape=shape, population=population, metric=metric)
        return self._first_stage[key]

    @cached_property
    def _first_stage(self) -> dict[tuple[str, str], np.ndarray]:
        return {}

    def curves(self, population: str) -> CurveLaw:
        """The odds law as a curve over bins, with their joint covariance: what other shapes are compared with.

        Raises
        ------
        NotTestable
            If the error of a bin cannot be told from 0, so that its incoherence is undefined in some draws: to leave
            such bins out would select them by their outcome.
        """
        bins, arms = self.bins, self.arms
        spread = float(np.sqrt(np.average(arms["log_length_sd"] ** 2, weights=arms["questions"])))
        x = bins["log_length"].to_numpy(float)
        mean = bins[f"incoherence_{population}"].to_numpy(float)
        lost = int((~np.isfinite(mean)).sum())
        if lost:
            raise NotTestable(
                f"In {lost} of {len(mean)} bins of length the error cannot be told from 0, so that shapes over bins "
                "cannot be compared.",
                "Ask more questions, or draw more responses to each: fewer bins have then next to no errors.",
            )
        seen = Bins.of(mean, self.binned[1][POPULATIONS.index(population)])
        return CurveLaw("odds", seen, (x - x.mean()) / spread, bins["arm"].to_numpy(), self.prior)

    def densities(self, population: str, shape: str = "odds") -> tuple[np.ndarray, np.ndarray]:
        """(chain, draw) log prior and log likelihood of the draws, for powers of either."""
        post = self.draws(population, shape)
        size = post.sizes["chain"], post.sizes["draw"]
        theta = np.concatenate([post["level"].values, post["slope_per_sd"].values], axis=-1)
        points = post["spread"].values.reshape(-1, 1)
        found = self.model(population, shape).log_densities(theta.reshape(len(points), -1), points)
        return found[0].reshape(size), found[1].reshape(size)

    def refit(self, **changes: Any) -> LengthLaw:
        """The law of the same bins again, with the settings of `spec` but for the changes.

        Seed, draws, chains and unparsable are changed in the posterior of answers beneath it, too.

        Raises
        ------
        BadInput
            For a setting that a spec does not have, or other bins.
        """
        spec = self.spec.changed(**changes)
        old, new = self.spec.options or {}, spec.options or {}
        if any(old[name] != new.get(name) for name in ("bins", "latent")):
            raise BadInput("The bins of a length law stay what they are; make another with hotmess.length_law.")
        own = {name: changes[name] for name in OF_FIRST if name in changes}
        return _fit(self.fit.refit(**own) if own else self.fit, spec, self.length, self.notes)

    def without(self, *, questions: Sequence[Any] = (), models: Sequence[str] = ()) -> LengthLaw:
        """The law without some questions (names, or (benchmark, question) pairs) or some models, bins as they are.

        Raises
        ------
        BadInput
            For a name that is not there.
        NotTestable
            If too few bins are left.
        """
        return _fit(self.fit.without(questions=questions, models=models), self.spec, self.length, self.notes)

    def save(self, path: str) -> None:
        """Write the posterior as netCDF, whole, for `hotmess.load`; the responses are not in it."""
        from hotmess.inference.store import save_posterior

        save_posterior(self, path)


@either_seed
@listed("shapes")
def length_law(
    responses: Responses,
    *,
    bins: int = BINS,
    latent: bool = True,
    shapes: Sequence[str] = SHAPES,
    metric: str = "brier",
    prior: LengthPrior | None = None,
    seed: int = 0,
    draws: int = 500,
    chains: int = 4,
    answers: Mapping[str, Any] | None = None,
) -> LengthLaw:
    """Fit length laws; latent=False: in the means of the runs, noise and all, for comparison.

    bins: in which the posterior of answers is made, so that it depends on length freely, and shapes are compared.
    answers: what else `hotmess.fit` is told for that posterior: prior, engine, backend, warmup.

    Raises
    ------
    NotTestable
        As `binned_cells`, or if a model has no line.
    BadInput
        For a shape that does not exist.
    """
    from hotmess.answers.fit import fit

    for shape in shapes:
        if shape not in SHAPES:
            raise BadInput(f"There is no length law {shape!r}; there are {', '.join(SHAPES)}.")
    cells, notes = binned_cells(responses, bins=bins, latent=latent)
    notes += without_contexts(cells, "lines in length")
    settings = {"seed": seed, "draws": draws, "chains": chains, **(answers or {})}
    first = fit(cells, groups=list(BIN), pointwise=False, **settings)
    options = {"bins": bins, "latent": latent, "shapes": tuple(shapes), "metric": metric}
    spec = Spec("metropolis", prior or LengthPrior(), seed, draws, chains, options=options)
    return _fit(replace(first, source=responses), spec, str(responses.length), notes)


def _fit(first: Fit, spec: Spec, length: str, notes: tuple[str, ...]) -> LengthLaw:
    """The law of a posterior of answers by bin."""
    options = spec.options or {}
    shapes = options["shapes"]
    law = line_data(first, shapes=shapes, metric=options["metric"])
    models = [
        [length_model(law.mean[s, p], law.covariance[s, p], spec.prior, shape) for p in range(len(POPULATIONS))]
        for s, shape in enumerate(shapes)
    ]
    varying = [c for c in ARM if law.arms[c].nunique() > 1] or ["model"]
    labels = [", ".join(map(str, row)) for row in law.arms[varying].itertuples(index=False)]
    spread = law.arms["log_length_sd"].to_numpy(float)
    settings = {"seed": spec.seed, "draws": spec.draws, "chains": spec.chains}
    tree = sample_length_laws(models, shapes, POPULATIONS, labels, spread, **settings)
    return LengthLaw(law, tree, spec, length, notes, first)
