"""Probability-format responses: a main option, its lead, and how the rest is divided (methods, section 3).

A model that gives probabilities settles on a main option in every run, and runs settle on different ones. So a response
of question i picks

    main option k   ~ p_i,      p_i ~ nested Dirichlet(a_g, kappa_g, phi_g), as the letters of `hotmess.answers.fit`
    certain         with probability v_i ~ Beta(psi_g u_g, psi_g (1 - u_g)): all the mass on k, within the rounding
    divided         r ~ Dirichlet(beta_i without beta_ik), how the other options share what k leaves over,
                    log(f_k / max_j f_j) ~ Normal(mu_i, sigma_i²) above 0, the lead over the runner-up

so that k has the largest probability. Responses are less sure of unusual options: each has a second thought, another
draw from p_i, and where that is another option the lead's mean is mu_i - tau_g, so that an option of share p_ik is
doubted with probability 1 - p_ik. mu_i, log sigma_i and log beta_ij are Normal in a group, with location and scatter of
their own. All are sampled (`hotmess.answers.vector_sampler`) but psi and u, which are empirical Bayes; v is
0 in groups without a certain response.

Models print probabilities rounded to a unit r, each response to its own: a divided response's exact zeros are values
below r/2 and are read as r/4, and the response is renormalised; a tie is read as a lead of r/4. `check` rounds the data
that it makes likewise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, log_ndtr, logsumexp, ndtri_exp

from hotmess.answers.conjugate import DELTA, TermDraws
from hotmess.answers.prior import AnswerPrior
from hotmess.answers.vector_sampler import Vectors, sample_vectors
from hotmess.errors import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
NODES, WEIGHTS = (1 + NODES) / 2, WEIGHTS / 2
REMAINDERS = 16  # draws of how the rest is divided, behind each posterior draw of the terms
UNITS = (0.1, 0.05, 0.01, 0.001, 1e-4, 1e-6)
SAID = {
    "certain": "the share of certain responses",
    "largest": "the largest probability of a response",
    "square": "the sum of squared probabilities",
    "entropy": "the entropy of a response",
    "variance": "the variance of a question's responses",
    "agreement": "how often two responses of a question have one most probable option",
    "zeros": "the share of options without any probability",
    "surer": "how much surer responses are whose most probable option is the question's usual one",
}


@dataclass(frozen=True)
class ProbabilityFit:
    """Posterior draws of every cell, target first.

    Attributes
    ----------
    main
        (draws, cells, D) distribution p of the main option.
    certain
        (draws, cells) probability v of a response with all its mass on its main option.
    mu, doubtful, sigma
        (draws, cells) of the lead's Normal(mu, sigma²) before it is cut off at 0, where the second thought is the same
        option, and of its Normal(doubtful, sigma²) elsewhere.
    beta
        (draws, cells, D) Dirichlet parameters of the others; 0 where a cell lacks the option.
    unit
        the rounding unit of most responses.
    real
        (cells, D) options each cell has.
    group
        (cells,) cells that share the group parameters.
    units
        (groups, U) share of divided responses rounded to each of `UNITS`.
    parameters
        (chains, draws of each, groups) arrays: logit_a, log_kappa, log_phi, and location and scatter of the rest.
    chains, seed, remainders
        number of chains, whose draws come one chain after the other; seed of the draws behind the terms, and number of
        divisions of the rest in each.
    """

    main: Floats
    certain: Floats
    mu: Floats
    doubtful: Floats
    sigma: Floats
    beta: Floats
    unit: float
    real: NDArray[np.bool_]
    group: Ints
    units: Floats
    parameters: Mapping[str, Floats] = field(default_factory=dict)
    chains: int = 1
    seed: int = 0
    remainders: int = REMAINDERS

    def terms(self, metric: str = "brier") -> TermDraws:
        """Draws of error, bias² and variance under `brier` or `kl`.

        Brier needs E f and E|f|², KL E log of the smoothed f. The sum over main options is exact, the expectation over
        the lead a quadrature, that over the rest's division a mean of `remainders` draws; |E f|² is the mean over pairs
        of different draws, so that their noise goes neither to bias² nor to variance (for single questions it can be
        below 0 by as much).
        """
        if metric not in ("brier", "kl"):
            raise BadInput(
                f"The metric is {metric!r}; the latent model of probability vectors has 'brier' and "
                "'kl'; use the plug-in or the unbiased estimator."
            )
        rng = np.random.default_rng([self.seed, 43])
        out = np.empty((3, *self.certain.shape), np.float32)
        block = max(1, 400_000 // self.real.size)
        for start in range(0, len(self.main), block):
            s = slice(start, start + block)
            out[:, s] = (self._brier if metric == "brier" else self._kl)(s, rng)
        return TermDraws(*out)

    def _divisions(self, s: slice, rng: np.random.Generator) -> Iterator[Floats]:
        """Draws (draws, cells, D, D) of how the rest is divided: share of option j where k is the main option."""
        for _ in range(self.remainders):
            yield _shares(_log_gammas(self.beta[s], self.real, rng))

    def _answers(self, s: slice) -> Iterator[tuple[Floats, Floats]]:
        """The ways a main option is chosen: weight (draws, cells, D), and lead (draws, cells, 1, nodes)."""
        p, sigma = self.main[s].astype(float), self.sigma[s][..., None]
        for weight, mu in ((p * p, self.mu[s]), (p * (1 - p), self.doubtful[s])):
            yield weight, _lead(mu[..., None], sigma, NODES)[:, :, None]

    def _brier(self, s: slice, rng: np.random.Generator) -> Floats:
        p, v, n = self.main[s].astype(float), self.certain[s], self.remainders
        ways = list(self._answers(s))
        total, own, square = np.zeros(p.shape), np.zeros(p.shape[:2]), np.zeros(p.shape[:2])
        for shares in self._divisions(s, rng):
            offset = np.log(shares.max(-1))
            one, two = np.zeros(p.shape), np.zeros(p.shape)  # expectations of 1 - f_k and of its square
            for weight, lead in ways:
                rest = expit(-(offset[..., None] + lead))
                one += weight * (rest @ WEIGHTS)
                two += weight * ((rest**2) @ WEIGHTS)
            mean = p - one + np.einsum("dck,dckj->dcj", one, shares)
            total += mean
            own += (mean**2).sum(-1)
            square += (p - 2 * one + two + two * (shares**2).sum(-1)).sum(-1) / n
        # |mean|² from pairs of different divisions: the square of an average would count its noise as bias.
        pairs = ((total**2).sum(-1) - own) / (n * (n - 1))
        whole = v + (1 - v) * square
        error = 1 - 2 * (v * p[..., 0] + (1 - v) * total[..., 0] / n) + whole
        cross = (p * total).sum(-1) / n
        variance = whole - (v**2 * (p**2).sum(-1) + 2 * v * (1 - v) * cross + (1 - v) ** 2 * pairs)
        return np.stack([error, error - variance, variance])

    def _kl(self, s: slice, rng: np.random.Generator) -> Floats:
        p, v, d = self.main[s].astype(float), self.certain[s][..., None], self.real.shape[1]
        scale = np.log1p(self.real.sum(-1).astype(float)[:, None] * DELTA)
        ways, main = list(self._answers(s)), np.eye(d, dtype=bool)
        inside = np.zeros(p.shape)
        for shares in self._divisions(s, rng):
            offset = np.log(shares.max(-1))
            for weight, lead in ways:
                for node, share in enumerate(WEIGHTS):
                    y = offset + lead[..., node]
                    f = np.where(main, expit(y)[..., None], shares * expit(-y)[..., None])
                    inside += share * np.einsum("dck,dckj->dcj", weight, np.log(f + DELTA)) / self.remainders
        mean_log = v * (p * np.log1p(DELTA) + (1 - p) * np.log(DELTA)) + (1 - v) * inside - scale
        mean_log = np.where(self.real, mean_log, -np.inf)
        log_z = logsumexp(mean_log, axis=-1)
        error = -mean_log[..., 0]
        return np.stack([error, error + log_z, -log_z])

    def replicate(self, draw: int, cell: Ints, rng: np.random.Generator) -> Floats:
        """(responses, D) a data set that the model makes at one draw, rounded as the data are."""
        row = np.arange(len(cell))
        edges = np.cumsum(self.main[draw].astype(float), axis=1)[cell]
        main, second = ((edges < rng.random((len(cell), 1)) * edges[:, -1:]).sum(1) for _ in range(2))
        rest = _shares(_log_gammas(self.beta[draw].astype(float)[cell], self.real[cell], rng))[row, main]
        mu = np.where(main == second, self.mu[draw][cell], self.doubtful[draw][cell])
        lead = _lead(mu[:, None], self.sigma[draw][cell][:, None], rng.random((len(cell), 1)))[:, 0]
        logit = lead + np.log(rest.max(1))
        f = rest * expit(-logit)[:, None]
        f[row, main] = expit(logit)
        shares = np.cumsum(self.units, axis=1)[self.group[cell]]
        unit = np.array(UNITS)[np.minimum((shares < rng.random(len(cell))[:, None]).sum(1), len(UNITS) - 1)]
        f = _rounded(np.where(self.real[cell], np.maximum(f, 1e-300), 0.0), unit)
        sure = rng.random(len(cell)) < self.certain[draw][cell]
        f[sure] = np.eye(f.shape[1])[main[sure]]
        return f

    def check(self, f: Floats, cell: Ints, *, seed: int = 0, draws: int = 200) -> dict[str, tuple[float, float]]:
        """Posterior predictive checks: statistic -> (observed, share of replicated data sets at or above it).

        Statistics are means over responses or cells: share of certain responses, largest probability, |f|², entropy,
        plug-in Brier variance, agreement of pairs on the most probable option, zeros; and, over questions whose
        responses do not all agree, how much larger the largest probability is where it is on the usual option. Ties
        count half. Shares near 0 or 1 say that the model does not make such data.
        """
        return self._checks(f, cell, [np.ones(len(f), bool)], seed=seed, draws=draws)[0]

    def _checks(
        self, f: Floats, cell: Ints, parts: Sequence[NDArray[np.bool_]], *, seed: int, draws: int
    ) -> list[dict[str, tuple[float, float]]]:
        """`check` of parts of the responses, from the same replicated data sets."""
        rng = np.random.default_rng([seed, 29])
        rounded = np.where(_certain(f)[:, None], np.round(f), f)
        cells = [np.unique(cell[rows], return_inverse=True)[1] for rows in parts]
        seen = np.stack([_statistics(rounded[rows], of) for rows, of in zip(parts, cells, strict=True)])
        take = rng.choice(len(self.main), min(draws, len(self.main)), replace=False)
        made = np.empty((len(take), *seen.shape))
        for i, s in enumerate(take):
            new = self.replicate(int(s), cell, rng)
            made[i] = [_statistics(new[rows], of) for rows, of in zip(parts, cells, strict=True)]
        shares = _tail(made, seen)
        return [
            {name: (float(x), float(a)) for name, x, a in zip(SAID, *both, strict=True)} for both in zip(seen, shares)
        ]

    def misfit(self, f: Floats, cell: Ints, *, seed: int = 0, draws: int = 200, level: float = 0.01) -> tuple[str, ...]:
        """Sentences that say what the model gets wrong, for every statistic of `check` in the tails; empty where none.

        Terms of a fit with a misfit are not to be relied on: use the unbiased estimator, which has no such model, and
        say so.
        """
        return _said(self.check(f, cell, seed=seed, draws=draws), level)

    def misfits(
        self, f: Floats, cell: Ints, *, seed: int = 0, draws: int = 200, level: float = 0.01
    ) -> tuple[tuple[str, ...], ...]:
        """`misfit` of every group by itself, at a level divided by their number."""
        of = self.group[cell]
        groups = [of == g for g in range(int(self.group.max()) + 1)]
        found = self._checks(f, cell, groups, seed=seed, draws=draws)
        return tuple(_said(check, level / len(groups)) for check in found)


def _tail(made: Floats, seen: Floats) -> Floats:
    """Share of replicated statistics (replicates, …) at or above those seen, ties by half.

    Where none or all are above, a Normal's tail says how far out, which counting cannot.
    """
    from scipy.stats import norm

    n = len(made)
    above: Floats = ((made > seen) + 0.5 * (made == seen)).mean(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (seen - made.mean(0)) / made.std(0)
    above = np.where(above == 0, np.minimum(norm.sf(z), 0.5 / n), above)
    return np.where(above == 1, 1 - np.minimum(norm.sf(-z), 0.5 / n), above)


def _said(check: Mapping[str, tuple[float, float]], level: float) -> tuple[str, ...]:
    out = []
    for name, (seen, above) in check.items():
        if min(above, 1 - above) < level / 2:
            out.append(
                f"The model of probability vectors does not make such data: {SAID[name]} is {seen:.3g} on average, "
                f"{'larger' if above < 0.5 else 'smaller'} than in all but {min(above, 1 - above):.1%} of the data "
                "sets that it makes; rely on the unbiased estimator."
            )
    return tuple(out)


def _log_gammas(beta: Floats, real: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Logarithms of Gamma(beta) draws, of any smallness: log Gamma(beta + 1) draws + log(uniform)/beta."""
    shape = np.where(real, beta, 1.0).astype(float)
    drawn = np.log(rng.standard_gamma(shape + 1)) - rng.standard_exponential(shape.shape) / shape
    return np.where(real, drawn, -np.inf)


def _shares(log_g: Floats) -> Floats:
    """(…, k, j) share of option j among all options but k."""
    d = log_g.shape[-1]
    others = np.where(np.eye(d, dtype=bool), -np.inf, log_g[..., None, :])
    g = np.exp(others - others.max(-1, keepdims=True))
    return g / g.sum(-1, keepdims=True)


def _lead(mu: Floats, sigma: Floats, u: Floats) -> Floats:
    """Quantiles at u (…, n) of Normal(mu, sigma²) cut off below 0, with mu and sigma (…, 1)."""
    return np.maximum(mu - sigma * ndtri_exp(np.log1p(-u) + log_ndtr(mu / sigma)), 0.0)


def rounding_unit(f: Floats) -> float:
    """The coarsest unit of which at least 95% of the values strictly between 0 and 1 are multiples, else 1e-6.

    >>> rounding_unit(np.array([[0.25, 0.75], [0.9, 0.1]])), rounding_unit(np.array([[1 / 3, 2 / 3]]))
    (0.05, 1e-06)
    """
    inside = f[(f > 0) & (f < 1)]
    for unit in UNITS:
        if len(inside) and np.mean(_multiple(inside, unit)) >= 0.95:
            return unit
    return UNITS[-1]


def own_units(f: Floats) -> Floats:
    """(responses,) the coarsest unit of which all of a response's values are multiples, else 1e-6.

    >>> own_units(np.array([[0.5, 0.5], [0.25, 0.75], [1 / 3, 2 / 3]]))
    array([1.e-01, 5.e-02, 1.e-06])
    """
    out = np.full(len(f), UNITS[-1])
    for unit in UNITS[::-1]:
        out[_multiple(f, unit).all(1)] = unit
    return out


def _multiple(x: Floats, unit: float) -> NDArray[np.bool_]:
    ratio = x / unit
    return np.abs(ratio - np.round(ratio)) < 1e-8 / unit


def fit_probabilities(
    f: Floats,
    cell: Ints,
    real: NDArray[np.bool_],
    *,
    group: Ints | None = None,
    prior: AnswerPrior | None = None,
    draws: int = 1000,
    warmup: int = 400,
    chains: int = 4,
    thin: int = 6,
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
    draws
        kept draws, of all chains together; every `thin`-th sweep is kept.
    unit
        one rounding unit for all responses, where it is known.

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
    cells, width = real.shape
    group = np.zeros(cells, int) if group is None else group
    groups = int(group.max()) + 1
    own = own_units(f) if unit is None else np.full(len(f), unit)
    unit = rounding_unit(f) if unit is None else unit
    sure = _certain(f)
    on = np.zeros((cells, width))
    np.add.at(on, (cell[sure], f[sure].argmax(1)), 1)
    x = on.sum(1)
    y = np.bincount(cell, minlength=cells) - x
    kept = -(-draws // chains)
    certain = np.zeros((kept * chains, cells))
    for g in np.unique(group[x > 0]):  # where nobody is ever certain there is no such mass
        rows = group == g
        m, psi = _beta_binomial(x[rows], y[rows])
        certain[:, rows] = rng.beta(psi * m + x[rows], psi * (1 - m) + y[rows], (kept * chains, rows.sum()))
    log_f, log_rest = _divided(f[~sure], own[~sure], real[cell[~sure]])
    ordered = np.sort(np.where(real[cell[~sure]], log_f, -np.inf), axis=1)
    least = np.log1p(own[~sure] / 4 / np.exp(ordered[:, -1]))  # a tie is a lead within the rounding
    tied = real[cell[~sure]] & (log_f >= ordered[:, -1:] - 1e-9)
    found = sample_vectors(
        Vectors(
            log_f, log_rest, np.maximum(ordered[:, -1] - ordered[:, -2], least), tied, cell[~sure], on, real, group
        ),
        prior or AnswerPrior(),
        draws=kept,
        warmup=warmup,
        chains=chains,
        thin=thin,
        seed=seed,
    )
    flat = {name: found.pop(name).reshape(kept * chains, cells, *([width] * deep)) for name, deep in _DEPTH.items()}
    units = np.zeros((groups, len(UNITS)))
    nearest = np.abs(np.log(own[~sure])[:, None] - np.log(UNITS)).argmin(1)
    np.add.at(units, (group[cell[~sure]], nearest), 1)
    units[:, -1] += units.sum(1) == 0
    units = units / units.sum(1, keepdims=True)
    return ProbabilityFit(
        certain=certain,
        unit=unit,
        real=real,
        group=group,
        units=units,
        parameters=found,
        chains=chains,
        seed=seed,
        main=flat.pop("p"),
        mu=flat["mu"],
        doubtful=flat["doubtful"],
        sigma=flat["sigma"],
        beta=flat["beta"],
    )


_DEPTH = {"p": 1, "mu": 0, "doubtful": 0, "sigma": 0, "beta": 1}


def _certain(f: Floats) -> NDArray[np.bool_]:
    return f.sum(1) - f.max(1) < 1e-9


def _divided(f: Floats, unit: Floats, real: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Logarithms of the responses, exact zeros read as a quarter of the unit, and of one minus each; 0 elsewhere."""
    least = np.where(f > 0, f, 1.0).min(1, initial=1.0)
    read = np.where(real, np.where(f == 0, np.minimum(unit, least)[:, None] / 4, f), 0.0)
    read = read / read.sum(1, keepdims=True)
    before = np.cumsum(read, axis=1) - read  # sums of the others, exact where one minus the value is not
    after = np.cumsum(read[:, ::-1], axis=1)[:, ::-1] - read
    safe = np.where(real, read, 1.0)
    return np.log(safe), np.log(np.where(real, np.maximum(before + after, 1e-300), 1.0))


def _rounded(f: Floats, unit: Floats) -> Floats:
    """Rounded to each response's unit and renormalised; what would round to certainty keeps one unit off it."""
    coarse = unit > UNITS[-1]
    if not coarse.any():
        return f
    u = unit[coarse, None]
    whole = np.round(f[coarse] / u) * u
    row, top = np.arange(len(u)), f[coarse].argmax(1)
    alone = (whole > 0).sum(1) < 2
    second = np.where(np.arange(f.shape[1]) == top[:, None], -1.0, f[coarse]).argmax(1)
    whole[row[alone], top[alone]] = 1 - u[alone, 0]
    whole[row[alone], second[alone]] = u[alone, 0]
    out = f.copy()
    out[coarse] = whole / whole.sum(1, keepdims=True)
    return out


def _statistics(f: Floats, cell: Ints) -> Floats:
    n = np.bincount(cell)
    width = f.shape[1]
    sums = np.stack([np.bincount(cell, weights=f[:, k], minlength=len(n)) for k in range(width)], 1)
    there = np.maximum(n, 1)
    square, top, largest = (f**2).sum(1), f.argmax(1), f.max(1)
    entropy = -(f * np.log(np.where(f > 0, f, 1.0))).sum(1)
    variance = np.bincount(cell, weights=square) / there - ((sums / there[:, None]) ** 2).sum(1)
    counts = np.bincount(cell * width + top, minlength=len(n) * width).reshape(-1, width)
    pairs = np.maximum(n * (n - 1), 1)
    agreement = ((counts * (counts - 1)).sum(1) / pairs)[n > 1]
    usual = top == counts.argmax(1)[cell]
    split = (counts.max(1) < n)[cell]
    surer = largest[usual & split].mean() - largest[~usual].mean() if (~usual).any() else 0.0
    means = (largest >= 1 - 1e-6).mean(), largest.mean(), square.mean(), entropy.mean(), variance[n > 0].mean()
    return np.array([*means, agreement.mean() if len(agreement) else 1.0, (f == 0).mean(), surer])


def _beta_binomial(x: Floats, y: Floats) -> tuple[float, float]:
    """Empirical-Bayes mean and precision on a grid, under logit m ~ Normal(-2, 2) and log psi ~ Normal(1, 1.5)."""
    m, psi = 1 / (1 + np.exp(-np.linspace(-8, 6, 71)))[:, None], np.exp(np.linspace(-3, 5, 33))[None]
    value = -0.5 * ((np.log(m / (1 - m)) + 2) / 2) ** 2 - 0.5 * ((np.log(psi) - 1) / 1.5) ** 2
    pairs, copies = np.unique(np.stack([x, y], 1), axis=0, return_counts=True)
    for (a, b), c in zip(pairs, copies, strict=True):
        value = value + c * (betaln(psi * m + a, psi * (1 - m) + b) - betaln(psi * m, psi * (1 - m)))
    i, j = np.unravel_index(int(value.argmax()), value.shape)
    return float(m[i, 0]), float(psi[0, j])
