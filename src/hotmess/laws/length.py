"""Laws of incoherence in reasoning (or action) length, between questions (methods, section 4).

Questions are sorted by their latent log length into many equal bins, fixed beforehand; each bin's incoherence is
inferred on its own (nothing is pooled over length), and a law is fitted to the vector of all bins' incoherences on the
identity scale with its joint covariance as measurement error:

    odds    logit I = c + beta log L          power   log I = c + alpha log L (the paper's, impossible near I = 1)

Arms (model, condition, budget) have their own level and slope; slopes are partially pooled over arms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import need_draws
from hotmess.inference.resume import resumed
from hotmess.inference.spec import Spec
from hotmess.laws.curves import CURVES, Bins, CurveLaw, LengthPrior
from hotmess.laws.gaussian import shrunk_covariance
from hotmess.laws.length_bins import ARM, BINS, MIN_BINS, binned_cells

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.answers.posterior import Fit
    from hotmess.inference.gate import Gate
    from hotmess.responses.table import Responses

SHAPES, POPULATIONS = ("odds", "power"), ("like-these", "these")
MIN_WRONG = 10
BIN = (*ARM, "bin")
OF_FIRST = ("seed", "draws", "warmup", "chains", "unparsable")
"""Settings that the law shares with the posterior of answers beneath it."""


@dataclass(frozen=True)
class LengthLaw:
    """Posterior of the length laws. `bins` has arm columns, `bin`, `log_length` (natural), `x` (centred), `questions`,
    and per population the posterior mean and standard deviation of the bin's incoherence.

    `covariance` is (populations, bins, bins); `spec` says how the law was made (`prior` a `LengthPrior`, `options` the
    number of bins, latent or mean lengths, shapes, metric); `fit` is the posterior of answers beneath it.
    """

    bins: pd.DataFrame
    arms: pd.DataFrame
    covariance: np.ndarray
    data: xr.DataTree
    spec: Spec
    center: float
    length: str
    notes: tuple[str, ...]
    fit: Fit = field(repr=False)

    @cached_property
    def gate(self) -> Gate:
        """Diagnostics of the laws and of the first stage."""
        from hotmess.inference.gate import gate_tree

        return gate_tree(self.data) & self.fit.gate

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
        """Draws (chain, draw, arm) of `level` and `slope`, and (chain, draw) of their `spread` and the `residual`.

        Raises
        ------
        BadInput
            For a population or a shape that is not there.
        """
        for what, value, known in (("population", population, POPULATIONS), ("shape", shape, self.shapes)):
            if value not in known:
                raise BadInput(f"The {what} of a length law is {value!r}; it can be {' or '.join(known)}.")
        return self.data["posterior"].dataset.sel(shape=shape, population=population)

    def slopes(self, shape: str = "odds", population: str = "like-these") -> np.ndarray:
        """(chain, draw, arm) slopes of logit incoherence (odds) or exponents (power) in log length."""
        return np.asarray(self.draws(population, shape)["slope"].values)

    def curve(
        self, log_length: np.ndarray, arm: int, shape: str = "odds", population: str = "like-these"
    ) -> np.ndarray:
        """(draws, points) incoherence of an arm at natural log lengths."""
        post = self.draws(population, shape)
        level = post["level"].values[..., arm].ravel()[:, None]
        slope = post["slope"].values[..., arm].ravel()[:, None]
        return CURVES[shape].value(level, slope, np.asarray(log_length) - self.center)[0]

    def summary(self, shape: str = "odds", population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
        """Median and interval of the slope of every arm."""
        slopes = self.slopes(shape, population)
        low, middle, high = np.quantile(slopes, [(1 - interval) / 2, 0.5, (1 + interval) / 2], axis=(0, 1))
        return self.arms.assign(slope=middle, slope_low=low, slope_high=high)

    def seen(self, population: str) -> Bins:
        """What was learnt of the bins' incoherences."""
        mean = self.bins[f"incoherence_{population}"].to_numpy(float)
        return Bins.of(mean, self.covariance[POPULATIONS.index(population)])

    def model(self, population: str, shape: str = "odds") -> CurveLaw:
        """The law itself, with the prior that was used."""
        return CurveLaw(
            shape, self.seen(population), self.bins["x"].to_numpy(), self.bins["arm"].to_numpy(), self.prior
        )

    def densities(self, population: str, shape: str = "odds") -> tuple[np.ndarray, np.ndarray]:
        """(chain, draw) log prior and log likelihood of the draws, for powers of either."""
        post, model = self.draws(population, shape), self.model(population, shape)
        tau, sigma = (post[name].values for name in ("spread", "residual"))
        theta = np.concatenate([post["level"].values, post["slope"].values], axis=-1).reshape(tau.size, -1)
        scales = np.column_stack([tau.ravel(), sigma.ravel()])
        log_prior, log_likelihood = model.log_densities(theta, np.log(scales))
        log_prior = log_prior + model.prior.hyper.log_density(scales)
        return log_prior.reshape(tau.shape), log_likelihood.reshape(tau.shape)

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
) -> LengthLaw:
    """Fit length laws over many bins; latent=False: in the means of the runs, noise and all, for comparison.

    Raises
    ------
    NotTestable
        As `binned_cells`; or if fewer than 4 bins have 10 wrong responses.
    BadInput
        For a shape that does not exist.
    """
    from hotmess.answers.fit import fit

    for shape in shapes:
        if shape not in SHAPES:
            raise BadInput(f"There is no length law {shape!r}; there are {', '.join(SHAPES)}.")
    cells, notes = binned_cells(responses, bins=bins, latent=latent)
    first = fit(cells, groups=list(BIN), seed=seed, draws=draws, chains=chains, pointwise=False)
    options = {"bins": bins, "latent": latent, "shapes": tuple(shapes), "metric": metric}
    spec = Spec("metropolis", prior or LengthPrior(), seed, draws, chains, options=options)
    return _fit(replace(first, source=responses), spec, str(responses.length), notes)


def _fit(first: Fit, spec: Spec, length: str, notes: tuple[str, ...]) -> LengthLaw:
    """The law of a posterior of answers by bin."""
    need_draws(first.kept_draws)
    keys, options = list(BIN), spec.options or {}
    sets = {p: first.draws(keys, population=p, metric=options["metric"]) for p in POPULATIONS}
    table = _described(sets["these"].table, first)
    ok = (table["wrong"] >= MIN_WRONG).to_numpy()
    per_arm = table.assign(ok=ok).groupby(list(ARM), observed=True)["ok"].transform("sum")
    ok = ok & (per_arm >= MIN_BINS).to_numpy()
    if not ok.any():
        raise NotTestable(
            f"No model has {MIN_BINS} length bins with {MIN_WRONG} or more wrong responses: there are too few errors "
            "to decompose."
        )
    if (~ok).any():
        notes = (
            *(note for note in notes if "length bins are left out" not in note),
            f"{int((~ok).sum())} of {len(ok)} length bins are left out: fewer than {MIN_WRONG} wrong responses, or too "
            "few such bins of that model.",
        )
    bins = table[ok].reset_index(drop=True)
    arms, arm = _arms(bins)
    center = float(bins["log_length"].mean())
    x = bins["log_length"].to_numpy() - center
    flat = {p: s.incoherence.reshape(-1, len(ok))[:, ok] for p, s in sets.items()}
    covariance = np.stack([shrunk_covariance(flat[p]) for p in POPULATIONS])
    bins = bins.assign(
        **{f"incoherence_{p}": v.mean(0) for p, v in flat.items()}, **{f"sd_{p}": v.std(0) for p, v in flat.items()}
    )
    models = [
        [CurveLaw(shape, Bins.of(flat[p].mean(0), c), x, arm, spec.prior) for p, c in zip(POPULATIONS, covariance)]
        for shape in options["shapes"]
    ]
    varying = [c for c in ARM if arms[c].nunique() > 1] or ["model"]
    labels = [", ".join(map(str, row)) for row in arms[varying].itertuples(index=False)]
    tree = _sample(models, labels, seed=spec.seed, draws=spec.draws, chains=spec.chains)
    return LengthLaw(bins.assign(arm=arm, x=x), arms, covariance, tree, spec, center, length, notes, first)


def _described(table: pd.DataFrame, first: Fit) -> pd.DataFrame:
    """The bins with their wrong responses, log length, and what is known of the model."""
    import pandas as pd

    cells = first.cells.table
    more = cells.assign(wrong=cells["responses"] - cells["right"]).groupby(list(BIN), observed=True)
    extra = more.agg(
        wrong=("wrong", "sum"),
        log2=("latent_log2_length", "mean"),
        family=("family", "first"),
        size=("model_size_b", "first"),
    )
    extra = extra.reindex(pd.MultiIndex.from_frame(table[list(BIN)]))
    return table.assign(
        wrong=extra["wrong"].to_numpy(),
        log_length=extra["log2"].to_numpy() * np.log(2),
        family=extra["family"].to_numpy(),
        model_size_b=extra["size"].to_numpy(),
    )


def _arms(bins: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """The arms, in order of family and size, and the index of each bin's arm."""
    import pandas as pd

    arms = bins[[*ARM, "family", "model_size_b"]].drop_duplicates(list(ARM))
    arms = arms.sort_values(["family", "model_size_b", *ARM]).reset_index(drop=True)
    arm = pd.MultiIndex.from_frame(arms[list(ARM)]).get_indexer(pd.MultiIndex.from_frame(bins[list(ARM)]))
    return arms, np.asarray(arm)


@resumed
def _sample(
    models: Sequence[Sequence[CurveLaw]], arms: Sequence[str], *, seed: int, draws: int, chains: int
) -> xr.DataTree:
    """Draws of every shape and population."""
    from hotmess.inference.sample import to_tree

    m = len(arms)
    out = np.empty((chains, draws, len(models), len(models[0]), 2 + 2 * m))
    for s, of_shape in enumerate(models):
        for p, law in enumerate(of_shape):
            out[:, :, s, p] = law.chains(seed=seed + 10 * s + p, draws=draws, chains=chains)
    by_arm = ["shape", "population", "arm"]
    return to_tree(
        {
            "spread": np.exp(out[..., 0]),
            "residual": np.exp(out[..., 1]),
            "level": out[..., 2 : 2 + m],
            "slope": out[..., 2 + m :],
        },
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        coords={
            "shape": [of_shape[0].shape for of_shape in models],
            "population": list(POPULATIONS),
            "arm": list(arms),
        },
        dims={"spread": by_arm[:2], "residual": by_arm[:2], "level": by_arm, "slope": by_arm},
    )
