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
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_ndtr, logsumexp, ndtri_exp

from hotmess.answers.conjugate import DELTA, TermDraws
from hotmess.answers.rounding import UNITS, certain, rounded
from hotmess.answers.vector_checks import SAID, said, statistics, tail_share
from hotmess.arrays import Bools, Floats, Ints
from hotmess.errors import BadInput

if TYPE_CHECKING:
    from jaxtyping import Float


NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
NODES, WEIGHTS = (1 + NODES) / 2, WEIGHTS / 2
REMAINDERS = 16  # draws of how the rest is divided, behind each posterior draw of the terms


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
    real: Bools
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
            yield weight, lead_quantile(mu[..., None], sigma, NODES)[:, :, None]

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
        lead = lead_quantile(mu[:, None], self.sigma[draw][cell][:, None], rng.random((len(cell), 1)))[:, 0]
        logit = lead + np.log(rest.max(1))
        f = rest * expit(-logit)[:, None]
        f[row, main] = expit(logit)
        shares = np.cumsum(self.units, axis=1)[self.group[cell]]
        unit = np.array(UNITS)[np.minimum((shares < rng.random(len(cell))[:, None]).sum(1), len(UNITS) - 1)]
        f = rounded(np.where(self.real[cell], np.maximum(f, 1e-300), 0.0), unit)
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
        self, f: Floats, cell: Ints, parts: Sequence[Bools], *, seed: int, draws: int
    ) -> list[dict[str, tuple[float, float]]]:
        """`check` of parts of the responses, from the same replicated data sets."""
        rng = np.random.default_rng([seed, 29])
        printed = np.where(certain(f)[:, None], np.round(f), f)
        cells = [np.unique(cell[rows], return_inverse=True)[1] for rows in parts]
        seen = np.stack([statistics(printed[rows], of) for rows, of in zip(parts, cells, strict=True)])
        take = rng.choice(len(self.main), min(draws, len(self.main)), replace=False)
        made = np.empty((len(take), *seen.shape))
        for i, s in enumerate(take):
            new = self.replicate(int(s), cell, rng)
            made[i] = [statistics(new[rows], of) for rows, of in zip(parts, cells, strict=True)]
        shares = tail_share(made, seen)
        return [
            {name: (float(x), float(a)) for name, x, a in zip(SAID, *both, strict=True)} for both in zip(seen, shares)
        ]

    def misfit(self, f: Floats, cell: Ints, *, seed: int = 0, draws: int = 200, level: float = 0.01) -> tuple[str, ...]:
        """Sentences that say what the model gets wrong, for every statistic of `check` in the tails; empty where none.

        Terms of a fit with a misfit are not to be relied on: use the unbiased estimator, which has no such model, and
        say so.
        """
        return said(self.check(f, cell, seed=seed, draws=draws), level)

    def misfits(
        self, f: Floats, cell: Ints, *, seed: int = 0, draws: int = 200, level: float = 0.01
    ) -> tuple[tuple[str, ...], ...]:
        """`misfit` of every group by itself, at a level divided by their number."""
        of = self.group[cell]
        groups = [of == g for g in range(int(self.group.max()) + 1)]
        found = self._checks(f, cell, groups, seed=seed, draws=draws)
        return tuple(said(check, level / len(groups)) for check in found)


def _log_gammas(
    beta: Float[np.ndarray, "*draws d"], real: Bools, rng: np.random.Generator
) -> Float[np.ndarray, "*draws d"]:
    """Logarithms of Gamma(beta) draws, of any smallness: log Gamma(beta + 1) draws + log(uniform)/beta."""
    shape = np.where(real, beta, 1.0).astype(float)
    drawn = np.log(rng.standard_gamma(shape + 1)) - rng.standard_exponential(shape.shape) / shape
    return np.where(real, drawn, -np.inf)


def _shares(log_g: Float[np.ndarray, "*draws d"]) -> Float[np.ndarray, "*draws d d"]:
    """(…, k, j) share of option j among all options but k."""
    d = log_g.shape[-1]
    others = np.where(np.eye(d, dtype=bool), -np.inf, log_g[..., None, :])
    g = np.exp(others - others.max(-1, keepdims=True))
    out: Floats = g / g.sum(-1, keepdims=True)
    return out


def lead_quantile(
    mu: Float[np.ndarray, "*cells 1"], sigma: Float[np.ndarray, "*cells 1"], u: Float[np.ndarray, "*#cells n"]
) -> Float[np.ndarray, "*cells n"]:
    """Quantiles at u (…, n) of Normal(mu, sigma²) cut off below 0, with mu and sigma (…, 1)."""
    out: Floats = np.maximum(mu - sigma * ndtri_exp(np.log1p(-u) + log_ndtr(mu / sigma)), 0.0)
    return out
