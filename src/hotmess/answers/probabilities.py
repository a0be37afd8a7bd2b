"""Probability-format responses: a Dirichlet with masses at certainty and rounding (methods, section 3).

A response is *certain* (one option has all the mass, within the rounding) or *divided*:

    certain with probability v_i ~ Beta(psi_g m_g, psi_g (1 - m_g)),  on option k with probability t_ik,
              t_i ~ Dirichlet(½, …, ½)
    divided:  f ~ Dirichlet(kappa_i mu_i),   log kappa_i ~ Normal(l_g, s_g),   mu_i ~ Dirichlet(1, …, 1)

Models print probabilities rounded to a unit r; a divided response's exact zeros are values below r/2 and are read as
r/4, and the response is renormalised. Given its group every cell is independent: v_i and t_i are conjugate, (kappa_i,
mu_i) has a Laplace approximation in log alpha = log(kappa mu), weighted by importance. The group parameters are
empirical Bayes. Responses of one question that fall into clusters, each near another answer, are not Dirichlet: `check`
says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, digamma, gammaln, polygamma

from hotmess.answers.conjugate import DELTA, TermDraws
from hotmess.errors import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
UNITS = (0.1, 0.05, 0.01, 0.001, 1e-4, 1e-6)


@dataclass(frozen=True)
class ProbabilityFit:
    """Posterior draws of every cell, target first.

    Attributes
    ----------
    certain
        (draws, cells) probability v of a response with all its mass on one option.
    vertex
        (draws, cells, D) distribution t over options of such a response.
    alpha
        (draws, cells, D) Dirichlet parameters kappa mu of a divided response; 0 where a cell lacks the option.
    effective
        (cells,) effective importance draws behind alpha.
    unit
        the rounding unit.
    real
        (cells, D) options each cell has.
    """

    certain: Floats
    vertex: Floats
    alpha: Floats
    effective: Floats
    unit: float
    real: NDArray[np.bool_]

    def terms(self, metric: str = "brier") -> TermDraws:
        """Draws of error, bias² and variance under `brier` or `kl`, in closed form from every draw.

        Brier: z̄ = v t + (1 - v) mu and E|f|² = v + (1 - v)(|mu|² + (1 - |mu|²)/(kappa + 1)). KL: E log f of a divided
        response is digamma(alpha) - digamma(kappa), of a certain one the smoothed logarithms.
        """
        if metric not in ("brier", "kl"):
            raise BadInput(f"The metric is {metric!r}; probability vectors have 'brier' and 'kl' terms in closed form.")
        v, kappa = self.certain[..., None], self.alpha.sum(-1, keepdims=True)
        mu = self.alpha / kappa
        if metric == "brier":
            mean = v * self.vertex + (1 - v) * mu
            own = (mu**2).sum(-1)
            square = self.certain + (1 - self.certain) * (own + (1 - own) / (kappa[..., 0] + 1))
            error = 1 - 2 * mean[..., 0] + square
            variance = square - (mean**2).sum(-1)
            return TermDraws(*(x.astype(np.float32) for x in (error, error - variance, variance)))
        choices = self.real.sum(-1).astype(float)[:, None]
        high, low = np.log((1 + DELTA) / (1 + choices * DELTA)), np.log(DELTA / (1 + choices * DELTA))
        inside = digamma(np.where(self.real, self.alpha, 1.0)) - digamma(kappa)
        mean_log = v * (self.vertex * high + (1 - self.vertex) * low) + (1 - v) * inside
        mean_log = np.where(self.real, mean_log, -np.inf)
        top = mean_log.max(-1)
        log_z = top + np.log(np.exp(mean_log - top[..., None]).sum(-1))
        error = -mean_log[..., 0]
        return TermDraws(*(x.astype(np.float32) for x in (error, error + log_z, -log_z)))

    def check(self, f: Floats, cell: Ints, *, seed: int = 0, draws: int = 200) -> dict[str, tuple[float, float]]:
        """Posterior predictive checks: statistic -> (observed, share of replicated data sets at or above it).

        Statistics are means over responses or cells: share of certain responses, largest probability, |f|², entropy,
        plug-in Brier variance. Shares near 0 or 1 say that the model does not make such data.
        """
        rng = np.random.default_rng([seed, 29])
        read = _divided(f, self.unit, self.real[cell])[0]
        seen = _statistics(np.where(_certain(f, self.unit)[:, None], np.round(f), read), cell)
        above = np.zeros(len(seen))
        take = rng.choice(len(self.certain), min(draws, len(self.certain)), replace=False)
        for s in take:
            sure = rng.random(len(cell)) < self.certain[s][cell]
            gammas = rng.standard_gamma(self.alpha[s][cell]) + 1e-300 * self.real[cell]
            copies = gammas / gammas.sum(-1, keepdims=True)
            pick = (np.cumsum(self.vertex[s][cell], axis=1) < rng.random(len(cell))[:, None]).sum(1)
            one_hot = np.eye(f.shape[1])[np.minimum(pick, f.shape[1] - 1)]
            above += _statistics(np.where(sure[:, None], one_hot, copies), cell) >= seen
        names = ("certain", "largest", "square", "entropy", "variance")
        return {name: (float(x), float(a / len(take))) for name, x, a in zip(names, seen, above, strict=True)}

    def misfit(self, f: Floats, cell: Ints, *, seed: int = 0, draws: int = 200, level: float = 0.01) -> tuple[str, ...]:
        """Sentences that say what the model gets wrong, for every statistic of `check` in the tails; empty where none.

        Terms of a fit with a misfit are not to be reported: use the unbiased estimator, which has no such model, and
        say so. Responses near one answer or near another, as when probabilities are read after reasoning that settled
        on an answer, are the usual cause.
        """
        said = {
            "certain": "the share of certain responses",
            "largest": "the largest probability of a response",
            "square": "the sum of squared probabilities",
            "entropy": "the entropy of a response",
            "variance": "the variance of a question's responses",
        }
        out = []
        for name, (seen, above) in self.check(f, cell, seed=seed, draws=draws).items():
            if min(above, 1 - above) < level / 2:
                out.append(
                    f"The model of probability vectors does not make such data: {said[name]} is {seen:.3g} on average, "
                    f"{'larger' if above < 0.5 else 'smaller'} than in all but {min(above, 1 - above):.1%} of the data "
                    "sets that it makes; rely on the unbiased estimator."
                )
        return tuple(out)


def rounding_unit(f: Floats) -> float:
    """The coarsest unit of which at least 95% of the values strictly between 0 and 1 are multiples, else 1e-6.

    >>> rounding_unit(np.array([[0.25, 0.75], [0.9, 0.1]])), rounding_unit(np.array([[1 / 3, 2 / 3]]))
    (0.05, 1e-06)
    """
    inside = f[(f > 0) & (f < 1)]
    for unit in UNITS:
        ratio = inside / unit
        if len(inside) and np.mean(np.abs(ratio - np.round(ratio)) < 1e-6 / unit) >= 0.95:
            return unit
    return UNITS[-1]


def fit_probabilities(
    f: Floats,
    cell: Ints,
    real: NDArray[np.bool_],
    *,
    group: Ints | None = None,
    draws: int = 1000,
    seed: int = 0,
    unit: float | None = None,
) -> ProbabilityFit:
    """Fit every cell's distribution of probability vectors.

    Parameters
    ----------
    f
        (responses, D) probabilities, the target first, 0 where a cell lacks the option.
    cell
        (responses,) cell of each response.
    real
        (cells, D) options each cell has.
    group
        (cells,) cells that share the group parameters.

    Raises
    ------
    BadInput
        If a row is not a probability vector over its cell's options.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> f = rng.dirichlet([8.0, 1.0, 1.0], 400)
    >>> out = fit_probabilities(f, np.repeat(np.arange(20), 20), np.ones((20, 3), bool), draws=200)
    >>> bool(abs(out.terms().variance.mean() - (1 - 0.66) / 11) < 0.01)
    True
    """
    if np.any(f < 0) or np.any(np.abs(f.sum(1) - 1) > 1e-3) or np.any(f[~real[cell]] != 0):
        bad = int(np.argmax((f < 0).any(1) | (np.abs(f.sum(1) - 1) > 1e-3) | ((f != 0) & ~real[cell]).any(1)))
        raise BadInput(f"Response {bad} is not a probability vector over its question's options; correct or drop it.")
    rng = np.random.default_rng([seed, 31])
    unit = rounding_unit(f) if unit is None else unit
    cells, width = real.shape
    group = np.zeros(cells, int) if group is None else group
    groups = int(group.max()) + 1
    sure = _certain(f, unit)
    on = np.zeros((cells, width))
    np.add.at(on, (cell[sure], f[sure].argmax(1)), 1)
    total = np.bincount(cell, minlength=cells).astype(float)
    certain = np.empty((draws, cells))
    for g in range(groups):
        rows = group == g
        x, y = on[rows].sum(1), (total - on.sum(1))[rows]
        m, psi = _beta_binomial(x, y)
        certain[:, rows] = rng.beta(psi * m + x, psi * (1 - m) + y, (draws, rows.sum()))
    gammas = rng.standard_gamma(np.where(real, on + 0.5, 0.0), (draws, cells, width)) + 1e-300 * real
    vertex = gammas / gammas.sum(-1, keepdims=True)
    _, log_f = _divided(f, unit, real[cell])
    n = total - on.sum(1)
    sums = np.zeros((cells, width))
    np.add.at(sums, cell[~sure], log_f[~sure])
    location, spread = np.full(groups, np.log(5.0)), np.full(groups, 1.5)
    theta = np.log(np.where(real, 5.0 / real.sum(1, keepdims=True), 1.0))
    for _ in range(30):
        theta, low = _modes(theta, n, sums, real, location[group], spread[group])
        log_kappa, variance = _log_kappa(theta, low, real)
        before = location.copy()
        for g in range(groups):
            rows = (group == g) & (n > 0)
            if rows.sum() > 1:
                location[g] = log_kappa[rows].mean()
                spread[g] = max(0.2, np.sqrt(np.mean((log_kappa[rows] - location[g]) ** 2 + variance[rows])))
        if np.abs(location - before).max() < 1e-3:
            break
    alpha, effective = _draw_alpha(theta, low, n, sums, real, location[group], spread[group], draws, rng)
    return ProbabilityFit(certain, vertex, alpha, effective, unit, real)


def _certain(f: Floats, unit: float) -> NDArray[np.bool_]:
    return f.max(1) >= 1 - min(unit / 2, 1e-6)


def _divided(f: Floats, unit: float, real: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Responses with exact zeros read as a quarter of the unit, renormalised; their logarithms, 0 off the support."""
    read = np.where(real, np.maximum(f, unit / 4), 0.0)
    read = read / read.sum(1, keepdims=True)
    return read, np.log(np.where(real, read, 1.0))


def _statistics(f: Floats, cell: Ints) -> Floats:
    n = np.bincount(cell)
    mean = np.stack([np.bincount(cell, weights=f[:, k]) for k in range(f.shape[1])], 1) / n[:, None]
    square = (f**2).sum(1)
    entropy = -(f * np.log(np.where(f > 0, f, 1.0))).sum(1)
    variance = np.bincount(cell, weights=square) / n - (mean**2).sum(1)
    return np.array([(f.max(1) >= 1 - 1e-6).mean(), f.max(1).mean(), square.mean(), entropy.mean(), variance.mean()])


def _beta_binomial(x: Floats, y: Floats) -> tuple[float, float]:
    """Empirical-Bayes mean and precision on a grid, under logit m ~ Normal(-2, 2) and log psi ~ Normal(1, 1.5)."""
    m, psi = 1 / (1 + np.exp(-np.linspace(-8, 6, 71)))[:, None], np.exp(np.linspace(-3, 5, 33))[None]
    value = -0.5 * ((np.log(m / (1 - m)) + 2) / 2) ** 2 - 0.5 * ((np.log(psi) - 1) / 1.5) ** 2
    pairs, copies = np.unique(np.stack([x, y], 1), axis=0, return_counts=True)
    for (a, b), c in zip(pairs, copies, strict=True):
        value = value + c * (betaln(psi * m + a, psi * (1 - m) + b) - betaln(psi * m, psi * (1 - m)))
    i, j = np.unravel_index(int(value.argmax()), value.shape)
    return float(m[i, 0]), float(psi[0, j])


def _log_density(
    theta: Floats, n: Floats, sums: Floats, real: NDArray[np.bool_], location: Floats, spread: Floats
) -> Floats:
    """Log posterior density of theta = log alpha, (…, cells, D) -> (…, cells), Jacobian included.

    With mu ~ Dirichlet(1, …, 1) and log kappa Normal, the density of theta is that of (log kappa, mu) times the product
    of the mu's.
    """
    alpha = np.where(real, np.exp(theta), 0.0)
    kappa = alpha.sum(-1)
    safe = np.where(real, alpha, 1.0)
    like = n * (gammaln(kappa) - np.where(real, gammaln(safe), 0.0).sum(-1)) + ((safe - 1) * sums * real).sum(-1)
    log_kappa = np.log(kappa)
    prior = -0.5 * ((log_kappa - location) / spread) ** 2
    return like + prior + np.where(real, theta - log_kappa[..., None], 0.0).sum(-1)


def _modes(
    theta: Floats, n: Floats, sums: Floats, real: NDArray[np.bool_], location: Floats, spread: Floats
) -> tuple[Floats, Floats]:
    """Modes (cells, D) of theta and Cholesky factors (cells, D, D) of their precision, by guarded Newton steps."""
    width = theta.shape[1]
    eye = np.eye(width)
    value = _log_density(theta, n, sums, real, location, spread)
    for _ in range(50):
        alpha = np.where(real, np.exp(theta), 0.0)
        kappa = alpha.sum(1, keepdims=True)
        mu, safe = alpha / kappa, np.where(real, alpha, 1.0)
        options = real.sum(1, keepdims=True)
        pull = (np.log(kappa) - location[:, None]) / spread[:, None] ** 2
        inner = n[:, None] * (digamma(kappa) - digamma(safe)) + sums
        gradient = np.where(real, alpha * inner + 1 - options * mu - pull * mu, 0.0)
        # Fisher information for the likelihood (positive), exact and convex parts for the prior
        trigamma = polygamma(1, safe)
        outer = alpha[:, :, None] * alpha[:, None]
        precision = n[:, None, None] * (eye * (alpha**2 * trigamma)[:, None] - polygamma(1, kappa)[..., None] * outer)
        both = mu[:, :, None] * mu[:, None]
        precision += both / spread[:, None, None] ** 2
        precision += options[..., None] * (eye * mu[:, None] - both)
        precision += eye * np.where(real, 1e-6, 1.0)[:, None]
        step = np.linalg.solve(precision, gradient[..., None])[..., 0]
        step *= np.minimum(1, 2 / np.maximum(np.abs(step).max(1), 1e-12))[:, None]
        for _ in range(12):
            trial = _log_density(theta + step, n, sums, real, location, spread)
            worse = ~(trial >= value - 1e-10)
            if not worse.any():
                break
            step[worse] *= 0.4
        step[worse] = 0
        theta = theta + step
        value = _log_density(theta, n, sums, real, location, spread)
        if np.abs(step).max() < 1e-7:
            break
    return theta, np.linalg.cholesky(precision)


def _log_kappa(theta: Floats, low: Floats, real: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """log kappa at the modes and its variance by the delta method."""
    alpha = np.where(real, np.exp(theta), 0.0)
    mu = alpha / alpha.sum(1, keepdims=True)
    half = np.linalg.solve(low, mu[..., None])[..., 0]
    return np.log(alpha.sum(1)), (half**2).sum(1)


def _draw_alpha(
    theta: Floats,
    low: Floats,
    n: Floats,
    sums: Floats,
    real: NDArray[np.bool_],
    location: Floats,
    spread: Floats,
    draws: int,
    rng: np.random.Generator,
    freedom: float = 6.0,
) -> tuple[Floats, Floats]:
    """Draws of alpha by importance resampling from multivariate t proposals around the modes."""
    cells, width = theta.shape
    z = rng.normal(size=(draws, cells, width)) * np.sqrt(freedom / rng.chisquare(freedom, (draws, cells, 1)))
    inverse = np.linalg.inv(low).transpose(0, 2, 1)
    at = theta + np.where(real, np.einsum("cij,scj->sci", inverse, z), 0.0)
    used = (z**2 * real).sum(-1)
    log_q = -0.5 * (freedom + real.sum(1)) * np.log1p(used / freedom)
    weights = _log_density(at, n, sums, real, location, spread) - log_q
    weights = np.exp(weights - weights.max(0))
    weights /= weights.sum(0)
    steps = (np.arange(draws)[:, None] + rng.random((1, cells))) / draws
    cumulative = np.cumsum(weights, axis=0)
    index = np.stack([np.searchsorted(cumulative[:, c], steps[:, c]) for c in range(cells)], 1)
    index = rng.permuted(np.minimum(index, draws - 1), axis=0)
    alpha = np.where(real, np.exp(np.take_along_axis(at, index[..., None], axis=0)), 0.0)
    return alpha, 1 / (weights**2).sum(0)
