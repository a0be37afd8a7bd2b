"""Power laws of bias² and variance in model size, hierarchical over groups, never shrunk twice (methods, section 4).

    log bias²_g(N)    = A^B_g - alpha^B_g log(N/N0) + u^B_m + e^B_gm
    log variance_g(N) = A^V_g - alpha^V_g log(N/N0) + u^V_m + e^V_gm

The data are draws of (log bias², log variance) of every model and group from a first stage that pools nothing over
the law's x, models or groups; their joint covariance is the measurement error. u_m is the model's own residual, shared
by its groups, (u^B, u^V) correlated; (alpha^B_g, alpha^V_g) are partially pooled over groups with a correlation.
Given the eight scales and correlations everything is linear and Gaussian, and is integrated out exactly; the eight are
sampled by independence Metropolis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import need_draws
from hotmess.inference.resume import resumed

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.answers.posterior import Fit
    from hotmess.inference.gate import Gate

MIN_SIZES, MIN_WRONG, MAX_SHIFT = 4, 10, 0.5


@dataclass(frozen=True)
class LawPrior:
    """Priors of the power law.

    alpha_g ~ Normal(mean, diag(tau) R diag(tau)), mean ~ Normal(0, slope); A_g ~ Normal(-1, intercept);
    tau ~ HalfNormal(slope_spread); residual scales sigma_u ~ HalfNormal(model), sigma_e ~ HalfNormal(rest), on the
    scale of natural logarithms; correlations uniform on (-1, 1).
    """

    slope: float = 1.0
    intercept: float = 2.0
    slope_spread: float = 0.3
    model: float = 0.3
    rest: float = 0.15


@dataclass(frozen=True)
class LawData:
    """What the law sees: `cells` (model, group, x = log(N/N0)), `mean` (P, 2C), `covariance` (P, 2C, 2C).

    P populations; the first C entries are log bias², the last C log variance.
    """

    cells: pd.DataFrame
    mean: np.ndarray
    covariance: np.ndarray
    populations: tuple[str, ...]
    center: float


@dataclass(frozen=True)
class PowerLaws:
    """Posterior of the power laws; `data` is a DataTree whose `posterior` has alpha_bias2, alpha_variance and more."""

    law: LawData
    data: xr.DataTree
    groups: pd.DataFrame
    over: str
    by: tuple[str, ...]
    left_out: pd.DataFrame
    notes: tuple[str, ...]
    fit: Fit = field(repr=False)

    @cached_property
    def gate(self) -> Gate:
        """Diagnostics of the law's parameters, and of the first stage."""
        from hotmess.inference.gate import gate_tree

        return gate_tree(self.data) & self.fit.gate

    def draws(self, name: str, population: str = "like-these") -> np.ndarray:
        """(chain, draw, group) draws of `alpha_bias2`, `alpha_variance`, `level_bias2` or `level_variance`."""
        return self.data["posterior"].dataset[name].sel(population=population).values

    def slope_of_logit_incoherence(self, population: str = "like-these") -> np.ndarray:
        """(chain, draw, group) draws of alpha_B - alpha_V = d logit(incoherence) / d log N."""
        return self.draws("alpha_bias2", population) - self.draws("alpha_variance", population)

    def summary(self, population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
        """Medians and intervals of the exponents per group."""
        table = self.groups.copy()
        quantities = {
            "alpha_bias2": self.draws("alpha_bias2", population),
            "alpha_variance": self.draws("alpha_variance", population),
            "logit_incoherence_slope": self.slope_of_logit_incoherence(population),
        }
        for name, values in quantities.items():
            flat = values.reshape(-1, values.shape[-1])
            table[name] = np.median(flat, axis=0)
            table[f"{name}_low"], table[f"{name}_high"] = np.quantile(
                flat, [(1 - interval) / 2, (1 + interval) / 2], axis=0
            )
        return table


def power_laws(
    fit: Fit,
    *,
    over: str = "model_size_b",
    by: str | Sequence[str] = "difficulty",
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
        If fewer than 4 sizes remain, since a slope has about k - 2 degrees of freedom with k sizes.
    """
    if fit.formula is not None:
        raise BadInput(
            "The fit is pooled by a formula, and a law fitted to it would shrink twice: fit without a formula for "
            "power laws."
        )
    by = (by,) if isinstance(by, str) else tuple(by)
    seed = fit.seed if seed is None else seed
    law, left_out, notes = law_data(fit, over=over, by=by, metric=metric)
    groups = law.cells[list(by)].drop_duplicates().sort_values(list(by)).reset_index(drop=True)
    arrays = _arrays(law, groups, by)
    tree = _sample(arrays, prior or LawPrior(), law.populations, groups, by, seed=seed, draws=draws, chains=chains)
    return PowerLaws(law, tree, groups, over, by, left_out, notes, fit)


def law_data(fit: Fit, *, over: str, by: Sequence[str], metric: str) -> tuple[LawData, pd.DataFrame, tuple[str, ...]]:
    """Mean and joint covariance of (log bias², log variance) for both populations; the cells left out, and why."""
    import pandas as pd

    table = fit.cells.table
    for name in (over, *by):
        if name not in table:
            raise BadInput(
                f"There is no column {name!r} for the power law; the cells have {', '.join(map(str, table.columns))}."
            )
    sizes = pd.to_numeric(table[over], errors="coerce")
    if sizes.isna().all():
        raise NotTestable(f"No model has a value of {over}, so nothing can be said about scale.")
    keep = ["model", *by]
    known = table.assign(**{over: sizes})
    if (known.groupby("model")[over].nunique() > 1).any():
        raise BadInput(f"A model has more than one value of {over}; it must be constant within a model.")
    need_draws(fit.kept_draws)
    populations = ("like-these", "these")
    sets = {p: fit.draws(keep, population=p, metric=metric) for p in populations}
    cells = sets["these"].table.merge(known.groupby("model", as_index=False)[over].first(), on="model", how="left")
    wrong = known.assign(wrong=known["responses"] - known["right"]).groupby(keep, observed=True)["wrong"].sum()
    cells["wrong"] = wrong.reindex(pd.MultiIndex.from_frame(cells[keep])).to_numpy()
    reason = pd.Series("", index=cells.index, dtype=object)
    reason[~(cells[over] > 0)] = f"no positive {over}"
    reason[cells["wrong"] < MIN_WRONG] = f"fewer than {MIN_WRONG} wrong responses"
    for s in sets.values():
        flat = np.minimum(s.bias2, s.variance).reshape(-1, len(cells))
        reason[(flat <= 0).any(axis=0)] = "bias² or variance of zero"
    shift = prior_shift(fit, sets["these"].bias2, cells, keep)
    reason[(shift > MAX_SHIFT) & (reason == "")] = (
        f"log bias² moves by more than {MAX_SHIFT} sd under prior power-scaling"
    )
    left_out = cells[reason != ""].assign(reason=reason[reason != ""]).reset_index(drop=True)
    ok = np.flatnonzero(reason == "")
    kept = cells.iloc[ok].reset_index(drop=True)
    sizes_left = int(kept[over].nunique())
    if sizes_left < MIN_SIZES:
        raise NotTestable(
            f"Only {sizes_left} model size{'s' if sizes_left != 1 else ''} can be used, and a slope over k sizes has "
            f"about k - 2 degrees of freedom: at least {MIN_SIZES} are needed."
        )
    logs = {
        p: np.log(np.concatenate([s.bias2[..., ok], s.variance[..., ok]], axis=-1)).reshape(-1, 2 * len(ok))
        for p, s in sets.items()
    }
    center = float(np.log(np.unique(kept[over])).mean())
    kept = kept.assign(x=np.log(kept[over]) - center)
    notes = tuple(
        f"{', '.join(str(r[c]) for c in keep)} is left out of the law: {r['reason']}." for _, r in left_out.iterrows()
    )
    mean = np.stack([logs[p].mean(0) for p in populations])
    covariance = np.stack([_covariance(logs[p]) for p in populations])
    return LawData(kept, mean, covariance, populations, center), left_out, notes


def _covariance(draws: np.ndarray) -> np.ndarray:
    """Covariance of draws, its correlations shrunk by their Monte Carlo noise (dimension over draws)."""
    cov = np.cov(draws, rowvar=False)
    keep = 1 - min(0.5, draws.shape[1] / draws.shape[0])
    return keep * cov + (1 - keep) * np.diag(np.diag(cov)) + 1e-10 * np.eye(len(cov))


def prior_shift(fit: Fit, bias2: np.ndarray, cells: pd.DataFrame, keys: list[str]) -> np.ndarray:
    """How far, in posterior sd, the mean of log bias² of each set moves under its prior to the power 0.8 or 1.25.

    Importance weights on the draws (power-scaling, Kallioinen et al. 2024), using the prior of the set's own groups.
    """
    import pandas as pd

    logs = np.log(np.maximum(bias2, 1e-300)).reshape(-1, len(cells))
    parameters = fit.parameters(len(logs))
    names, prior = ("logit_a", "log_kappa", "log_phi"), fit.prior
    per_group = sum(-0.5 * ((parameters[n] - m) / s) ** 2 for n, m, s in zip(names, prior.location, prior.scale))
    assert isinstance(per_group, np.ndarray)
    index = pd.MultiIndex.from_frame(cells[keys].astype(str))
    member = index.get_indexer(pd.MultiIndex.from_frame(fit.cells.table[keys].astype(str)))
    out = np.zeros(len(cells))
    for s in range(len(cells)):
        log_prior = per_group[:, np.unique(fit.groups.index[member == s])].sum(axis=1)
        for power in (0.8, 1.25):
            w = np.exp((power - 1) * (log_prior - log_prior.max()))
            moved = (w * logs[:, s]).sum() / w.sum() - logs[:, s].mean()
            out[s] = max(out[s], abs(moved) / max(logs[:, s].std(), 1e-12))
    return out


def _arrays(law: LawData, groups: pd.DataFrame, by: Sequence[str]) -> dict[str, np.ndarray]:
    import pandas as pd

    g = pd.MultiIndex.from_frame(groups.astype(str)).get_indexer(
        pd.MultiIndex.from_frame(law.cells[list(by)].astype(str))
    )
    m = pd.factorize(law.cells["model"], sort=True)[0]
    x = law.cells["x"].to_numpy()
    cells, n_groups, n_models = len(x), len(groups), m.max() + 1
    level = np.zeros((cells, n_groups))
    level[np.arange(cells), g] = 1
    model = np.zeros((cells, n_models))
    model[np.arange(cells), m] = 1
    return {"y": law.mean, "noise": law.covariance, "level": level, "slope": -level * x[:, None], "model": model}


SCALES = ("tau_bias2", "tau_variance", "u_bias2", "u_variance", "e_bias2", "e_variance")
CORRELATIONS = ("rho_alpha", "rho_u")


class _Collapsed:
    """The law with levels, exponents and residuals integrated out: y ~ Normal(-1, sum of parts), per hyperparameter.

    A hyperparameter point has eight entries: logs of the six `SCALES`, inverse hyperbolic tangents of `CORRELATIONS`.
    """

    def __init__(self, arrays: dict[str, np.ndarray], prior: LawPrior, population: int) -> None:
        level, slope, model = arrays["level"], arrays["slope"], arrays["model"]
        groups, cells = level.shape[1], len(level)
        two, first, second = np.eye(2), np.diag([1.0, 0.0]), np.diag([0.0, 1.0])
        cross = np.array([[0.0, 1.0], [1.0, 0.0]])
        self.groups, self.y, self.prior = groups, arrays["y"][population] + 1.0, prior
        self.level, self.slope = np.kron(two, level), np.kron(two, slope)
        self.shared = prior.slope**2 * np.kron(two, np.ones((groups, groups)))  # the mean of alpha over groups
        self.fixed = (
            arrays["noise"][population]
            + prior.intercept**2 * self.level @ self.level.T
            + self.slope @ self.shared @ self.slope.T
        )
        within, same = slope @ slope.T, model @ model.T
        self.parts = np.stack(
            [np.kron(k, m) for m in (within, same) for k in (first, second, cross)]
            + [np.kron(k, np.eye(cells)) for k in (first, second)]
        )

    def covariances(self, points: np.ndarray) -> np.ndarray:
        """(n, 8) points to (n, 2C, 2C) covariances of y."""
        s, rho = np.exp(points[:, :6]), np.tanh(points[:, 6:])
        weights = np.column_stack(
            [
                *(s[:, 0] ** 2, s[:, 1] ** 2, rho[:, 0] * s[:, 0] * s[:, 1]),
                *(s[:, 2] ** 2, s[:, 3] ** 2, rho[:, 1] * s[:, 2] * s[:, 3]),
                *(s[:, 4] ** 2, s[:, 5] ** 2),
            ]
        )
        return self.fixed + np.tensordot(weights, self.parts, axes=1)

    def log_likelihood(self, points: np.ndarray) -> np.ndarray:
        """(n,) log density of y; -inf far beyond any scale of the prior (its density there is below exp(-1000))."""
        out = np.full(len(points), -np.inf)
        inside = np.flatnonzero((points[:, :6] < np.log(50 * self._widths())).all(axis=1))
        for block in np.array_split(inside, max(1, len(inside) // 500)):
            root = np.linalg.cholesky(self.covariances(points[block]))
            z = np.empty((len(self.y), len(block)))
            for i, y in enumerate(self.y):  # forward substitution, all points at once
                z[i] = (y - np.einsum("nk,kn->n", root[:, i, :i], z[:i])) / root[:, i, i]
            out[block] = -0.5 * (z**2).sum(0) - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1)
        return out

    def _widths(self) -> np.ndarray:
        p = self.prior
        return np.repeat([p.slope_spread, p.model, p.rest], 2)

    def log_prior(self, points: np.ndarray) -> np.ndarray:
        """HalfNormal scales and uniform correlations, with the Jacobians of log and atanh; normalised."""
        width = self._widths()
        s = np.exp(points[:, :6])
        scales = 0.5 * np.log(2 / np.pi) - np.log(width) - 0.5 * (s / width) ** 2 + points[:, :6]
        away = 2 * np.abs(points[:, 6:])  # sech², written so that it does not underflow
        correlations = np.log(2) - away - 2 * np.log1p(np.exp(-away))
        return scales.sum(1) + correlations.sum(1)

    def prior_draws(self, rng: np.random.Generator, n: int) -> np.ndarray:
        return self.from_normal(rng.standard_normal((n, 8)))

    def from_normal(self, v: np.ndarray) -> np.ndarray:
        """(n, 8) points from as many independent standard Normals: quantiles of the priors of scales and correlations.

        Logs of scales have an exponential tail to the left where the data allow 0; in v all tails are Gaussian.
        """
        from scipy.special import erfinv, log_ndtr, ndtr, ndtri

        x, y = v[:, :6], v[:, 6:]
        with np.errstate(divide="ignore"):
            log_s = np.where(x > 0, np.log(-ndtri(ndtr(-np.abs(x)) / 2)), np.log(np.sqrt(2) * erfinv(ndtr(x))))
        return np.column_stack([log_s + np.log(self._widths()), (log_ndtr(y) - log_ndtr(-y)) / 2])

    def chains(
        self,
        *,
        seed: int,
        draws: int,
        chains: int,
        thin: int = 5,
        more: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> tuple[np.ndarray, float]:
        """(chains, draws, 8) points from the posterior, and the acceptance rate; `more` is added to the likelihood."""
        from hotmess.inference.independence import independence_metropolis

        def log_likelihood(v: np.ndarray) -> np.ndarray:
            points = self.from_normal(v)
            return self.log_likelihood(points) + (0 if more is None else more(points))

        v, rate = independence_metropolis(
            log_likelihood,
            lambda rng, n: rng.standard_normal((n, 8)),
            lambda v: -0.5 * (v**2).sum(1) - 4 * np.log(2 * np.pi),
            seed=seed,
            draws=draws,
            chains=chains,
            thin=thin,
        )
        return self.from_normal(v.reshape(-1, 8)).reshape(v.shape), rate

    def conditional(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean (n, 4 groups) and covariance of A^B, A^V, alpha^B, alpha^V given hyperparameters: they are Gaussian."""
        n, g2 = len(points), 2 * self.groups
        s, rho = np.exp(points[:, :2]), np.tanh(points[:, 6])
        both = rho * s[:, 0] * s[:, 1]
        pair = np.stack([np.stack([s[:, 0] ** 2, both], -1), np.stack([both, s[:, 1] ** 2], -1)], -2)
        pooled = np.einsum("nij,gh->nigjh", pair, np.eye(self.groups)).reshape(n, g2, g2) + self.shared
        prior = np.zeros((n, 2 * g2, 2 * g2))
        prior[:, :g2, :g2], prior[:, g2:, g2:] = self.prior.intercept**2 * np.eye(g2), pooled
        cross = prior @ np.concatenate([self.level, self.slope], axis=1).T
        gain = np.swapaxes(np.linalg.solve(self.covariances(points), np.swapaxes(cross, 1, 2)), 1, 2)
        prior_mean = np.concatenate([np.full(g2, -1.0), np.zeros(g2)])
        cov = prior - gain @ np.swapaxes(cross, 1, 2)
        return prior_mean + gain @ self.y, (cov + np.swapaxes(cov, 1, 2)) / 2

    def coefficients(self, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Exact draws (n, 4, groups) of A^B, A^V, alpha^B, alpha^V from their Gaussian conditional."""
        out = np.empty((len(points), 4 * self.groups))
        for rows in np.array_split(np.arange(len(points)), max(1, len(points) // 500)):
            mean, cov = self.conditional(points[rows])
            root = np.linalg.cholesky(cov + 1e-10 * np.eye(cov.shape[1]))
            out[rows] = mean + np.einsum("nij,nj->ni", root, rng.standard_normal(mean.shape))
        return out.reshape(len(points), 4, self.groups)


@resumed
def _sample(
    arrays: dict[str, np.ndarray],
    prior: LawPrior,
    populations: Sequence[str],
    groups: pd.DataFrame,
    by: Sequence[str],
    *,
    seed: int,
    draws: int,
    chains: int,
) -> xr.DataTree:
    import xarray as xr

    from hotmess.inference.sample import to_tree

    hyper, theta, rates, log_prior = [], [], [], []
    for p in range(len(populations)):
        law = _Collapsed(arrays, prior, p)
        chain, rate = law.chains(seed=seed + 100 * p, draws=draws, chains=chains)
        flat = chain.reshape(-1, chain.shape[-1])
        theta.append(law.coefficients(flat, np.random.default_rng([seed, 11, p])).reshape(chains, draws, 4, -1))
        log_prior.append(law.log_prior(flat).reshape(chains, draws))
        hyper.append(chain)
        rates.append(rate)
    posterior = {
        name: np.stack([t[:, :, i] for t in theta], axis=2)
        for i, name in enumerate(("level_bias2", "level_variance", "alpha_bias2", "alpha_variance"))
    }
    posterior |= {name: np.stack([np.exp(h[..., i]) for h in hyper], axis=2) for i, name in enumerate(SCALES)}
    posterior |= {
        name: np.stack([np.tanh(h[..., 6 + i]) for h in hyper], axis=2) for i, name in enumerate(CORRELATIONS)
    }
    labels = [", ".join(map(str, row)) for row in groups[list(by)].itertuples(index=False)]
    tree = to_tree(
        posterior,
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        coords={"population": list(populations), "group": labels},
        dims={name: ["population", "group"][: values.ndim - 2] for name, values in posterior.items()},
    )
    tree["log_prior"] = xr.Dataset(
        {f"scales_{p}": (("chain", "draw"), v) for p, v in zip(populations, log_prior)},
        coords={"chain": np.arange(chains), "draw": np.arange(draws)},
    )
    tree["posterior"].attrs["acceptance_rate"] = float(np.min(rates))
    return tree
