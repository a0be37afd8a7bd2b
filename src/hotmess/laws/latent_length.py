"""A latent log length per question: the cure of noise in x for laws between questions (methods, section 4).

A cell's runs have log2 lengths y_ij ~ Normal(l_i, sigma_g), those at a token limit c known only to exceed it, and the
cells of a group (a model at a budget, on a benchmark) have l_i ~ Normal(mu_g, tau_g). A law fitted to raw means is too
flat by tau²/(tau² + sigma²/n_i) (attenuation; Fuller 1987, section 1.1); fitted to the posterior means E[l_i | y] it is
not, since E[outcome | y] = a + b E[l_i | y] (regression calibration; Carroll et al. 2006, chapter 4). The
hyperparameters maximise the marginal likelihood (EM); given them the posterior of l_i is Normal, or with censored runs
nearly so (mode and curvature).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_ndtr

from hotmess.arrays import Bools, Floats, Ints
from hotmess.errors import BadInput, NotTestable

if TYPE_CHECKING:
    import pandas as pd

GROUP = ("benchmark", "model", "condition", "budget")


@dataclass(frozen=True)
class Latent:
    """Posterior of latent log2 lengths.

    Attributes
    ----------
    mean, sd
        (cells,) posterior mean and standard deviation of l_i.
    raw
        (cells,) mean of the runs' log2 lengths, censored runs at their limit.
    mu, tau, sigma
        (groups,) hyperparameters: mean and sd of l between cells, sd of runs within a cell.
    """

    mean: Floats
    sd: Floats
    raw: Floats
    mu: Floats
    tau: Floats
    sigma: Floats


def latent_means(
    y: Floats,
    cell: Ints,
    group: Ints,
    *,
    censored: Bools | None = None,
    run_sd: float | None = None,
    rounds: int = 500,
) -> Latent:
    """Empirical-Bayes posterior of every cell's latent log2 length.

    Parameters
    ----------
    y
        (runs,) log2 lengths; for a censored run its limit.
    cell
        (runs,) cell of each run, 0 to cells - 1.
    group
        (cells,) group of each cell.
    run_sd
        sd of log2 length between runs of a cell, where it is known; estimated otherwise, which takes cells with two or
        more runs.

    Raises
    ------
    NotTestable
        If no cell of a group has two runs and `run_sd` is not given.

    Examples
    --------
    Two cells an equal distance from their mean 10, tau² = sigma² = 1 known from many: one run each is shrunk by half.

    >>> rng = np.random.default_rng(0)
    >>> l = np.r_[9.0, 11.0, rng.normal(10, 1, 4000)]
    >>> y = l + np.r_[0.0, 0.0, rng.normal(0, 1, 4000)]
    >>> out = latent_means(y, np.arange(4002), np.zeros(4002, int), run_sd=1.0)
    >>> out.mean[:2].round(1).tolist(), out.sd[:1].round(1).tolist()
    ([9.5, 10.5], [0.7])
    """
    cells, groups = len(group), int(group.max()) + 1
    late = np.zeros(len(y), bool) if censored is None else censored
    runs = np.bincount(cell, minlength=cells).astype(float)
    raw = np.bincount(cell, weights=y, minlength=cells) / np.maximum(runs, 1)
    spare = np.bincount(group, weights=np.maximum(runs - 1, 0), minlength=groups)
    if run_sd is None and np.any(spare < 1):
        raise NotTestable(
            "Every question has one run only, so noise in length cannot be told from differences between questions; "
            "draw two or more runs, or give the sd of log2 length between runs as run_sd."
        )
    seen = _Runs.of(y[~late], cell[~late], cells)
    limits, owner = y[late], cell[late]
    off = y - raw[cell]
    within = np.bincount(group[cell], weights=off**2, minlength=groups)
    sigma = np.full(groups, run_sd) if run_sd is not None else np.sqrt(np.maximum(within / np.maximum(spare, 1), 1e-6))
    of_group = np.bincount(group, minlength=groups).astype(float)
    mu = np.bincount(group, weights=raw, minlength=groups) / of_group
    tau = np.sqrt(np.bincount(group, weights=(raw - mu[group]) ** 2, minlength=groups) / of_group) + 1e-3
    mean = raw.copy()
    runs_of_group = np.bincount(group, weights=runs, minlength=groups)
    for _ in range(rounds):
        mean, variance = _posterior(seen, limits, owner, group, mean, mu, tau, sigma)
        before = np.r_[mu, tau, sigma]
        mu = np.bincount(group, weights=mean, minlength=groups) / of_group
        spread = (mean - mu[group]) ** 2 + variance
        tau = np.maximum(np.sqrt(np.bincount(group, weights=spread, minlength=groups) / of_group), 1e-6)
        if run_sd is None:
            total = np.bincount(group, weights=seen.squares(mean, variance), minlength=groups)
            if len(limits):
                # E(Y - l)² given Y > limit is s²(1 - a phi(a)/Phi(a)) at a = (l - limit)/s
                s = sigma[group[owner]]
                a = (mean[owner] - limits) / s
                total += np.bincount(group[owner], weights=s**2 * (1 - a * _hazard(a)), minlength=groups)
            sigma = np.sqrt(np.maximum(total / runs_of_group, 1e-8))
        if np.abs(np.r_[mu, tau, sigma] - before).max() < 1e-7:
            break
    mean, variance = _posterior(seen, limits, owner, group, mean, mu, tau, sigma)
    # Where means differ no more than chance makes them, EM creeps towards tau = 0 and never arrives.
    alike = (tau**2 < 0.01 * sigma**2 * of_group / runs_of_group)[group]
    mean, variance = np.where(alike, mu[group], mean), np.where(alike, 0.0, variance)
    return Latent(mean, np.sqrt(variance), raw, mu, tau, sigma)


@dataclass(frozen=True)
class _Runs:
    """Runs that are not censored, by cell: how many, their mean, their sum of squares around it."""

    n: Floats
    mean: Floats
    within: Floats

    @classmethod
    def of(cls, y: Floats, cell: Ints, cells: int) -> _Runs:
        n = np.bincount(cell, minlength=cells).astype(float)
        mean = np.bincount(cell, weights=y, minlength=cells) / np.maximum(n, 1)
        within = np.bincount(cell, weights=(y - mean[cell]) ** 2, minlength=cells)
        return cls(n, mean, within.astype(float))

    def squares(self, at: Floats, variance: Floats) -> Floats:
        """(cells,) expected sum of squares around a latent length with this mean and variance."""
        return self.within + self.n * ((self.mean - at) ** 2 + variance)


def _posterior(
    seen: _Runs, limits: Floats, owner: Ints, group: Ints, mean: Floats, mu: Floats, tau: Floats, sigma: Floats
) -> tuple[Floats, Floats]:
    """Mode and inverse curvature of every l_i, by Newton's method on a log-concave density; exact without censoring."""
    s, weight = sigma[group], 1 / tau[group] ** 2
    for _ in range(40 if len(limits) else 1):
        gradient = seen.n * (seen.mean - mean) / s**2 - weight * (mean - mu[group])
        information = seen.n / s**2 + weight
        if len(limits):
            own = s[owner]
            a = (mean[owner] - limits) / own
            hazard = _hazard(a)
            gradient += np.bincount(owner, weights=hazard / own, minlength=len(mean))
            information += np.bincount(owner, weights=hazard * (hazard + a) / own**2, minlength=len(mean))
        step = gradient / information
        mean = mean + (np.clip(step, -3, 3) if len(limits) else step)
        if np.abs(step).max() < 1e-9:
            break
    return mean, 1 / information


def _hazard(a: Floats) -> Floats:
    """phi(a)/Phi(a), also far in the tail."""
    out: Floats = np.exp(-0.5 * a**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(a))
    return out


def latent_length(
    table: pd.DataFrame,
    *,
    length: str = "reasoning_tokens",
    by: Sequence[str] = GROUP,
    cap: float | None = None,
    censored: Bools | None = None,
    run_sd: float | None = None,
    enabled: bool = True,
) -> pd.DataFrame:
    """Latent log2 length of every cell of a response table.

    Parameters
    ----------
    cap
        token limit: lengths at or above it are censored there, as are rows whose `finish_reason` is `length`.
    censored
        (rows,) further runs that were cut off at their length, as `hotmess.responses.cut.cut_off` finds them.
    by
        columns whose cells share a population of lengths.
    enabled
        False gives the raw means in `log2_length`, with the standard error of the mean, for comparison.

    Returns
    -------
    One row per (benchmark, model, question, condition, budget): `log2_length`, `log2_length_sd`, `log2_length_raw`,
    `runs`, `censored`.

    Raises
    ------
    BadInput
        If the column of lengths is missing or holds no length.
    """
    import pandas as pd

    if length not in table:
        raise BadInput(f"The responses have no column {length!r}; name the column of lengths.")
    keys = ["benchmark", "model", "question", "condition", "budget"]
    data = pd.DataFrame({k: table[k].fillna("").astype(str) if k in table else "" for k in keys})
    data["tokens"] = table[length].to_numpy(dtype=float, na_value=np.nan)
    late = np.zeros(len(data), bool) if censored is None else np.array(censored, bool)
    if "finish_reason" in table:
        late |= (table["finish_reason"].astype("object") == "length").to_numpy(bool)
    if cap is not None:
        late |= (data["tokens"] >= cap).to_numpy(bool)
        data["tokens"] = data["tokens"].clip(upper=cap)
    data["late"] = late
    data = data[data["tokens"] > 0].reset_index(drop=True)
    if data.empty:
        raise BadInput(f"No response has a positive length in column {length!r}.")
    grouped = data.groupby(keys, sort=True)
    cell = grouped.ngroup().to_numpy().astype(np.int64)
    out = data.drop_duplicates(keys).sort_values(keys)[keys].reset_index(drop=True)
    y = np.log2(data["tokens"].to_numpy(float))
    runs = np.bincount(cell)
    out["runs"], out["censored"] = runs, np.bincount(cell, weights=data["late"]).astype(int)
    group = out.groupby([k for k in by if k in keys], sort=True).ngroup().to_numpy().astype(np.int64)
    if not enabled:
        raw = np.bincount(cell, weights=y) / runs
        square = np.bincount(cell, weights=(y - raw[cell]) ** 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt(square / (runs - 1.0) / runs)
        return out.assign(log2_length=raw, log2_length_sd=error, log2_length_raw=raw)
    latent = latent_means(y, cell, group, censored=data["late"].to_numpy(bool), run_sd=run_sd)
    return out.assign(log2_length=latent.mean, log2_length_sd=latent.sd, log2_length_raw=latent.raw)
