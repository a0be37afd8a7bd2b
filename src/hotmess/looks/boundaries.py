"""Error spent over looks, and the thresholds that spend it (Lan and DeMets
1983; Armitage, McPherson and Rowe 1969) (methods, section 9).

At look k the estimate has information I_k = 1/variance, and error is spent by a fraction t_k, which says how far the
run has come (`hotmess.looks.record.Looks.fraction`). Its standardised values Z_1, Z_2, … are jointly Normal with
covariance √(I_j/I_k) for j < k: exactly so for efficient estimates from accumulating data, more questions and more
samples of the same questions alike, because each estimate uses all there is. The information of an estimate counts
there, not the number of responses: draws of questions already asked leave the scatter between questions as it is.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import optimize, stats

ALPHA = 0.025
"""Error of each direction over all looks: what one look alone spends at the threshold 0.975."""

LEAST = 1.05
"""Growth of information from look to look, at least."""

NODES = 400
"""Points of the quadrature over the values at which a run goes on."""


def obrien_fleming(fraction: float, alpha: float = ALPHA) -> float:
    """Error spent by a fraction t of the information: 2 − 2Φ(z_{1−α/2}/√t), which is small early and α at t = 1.

    >>> obrien_fleming(1.0), obrien_fleming(0.2) < 1e-5
    (0.025, True)
    """
    if fraction <= 0 or fraction >= 1:
        return alpha if fraction >= 1 else 0.0
    return float(min(alpha, 2 * stats.norm.sf(stats.norm.isf(alpha / 2) / math.sqrt(fraction))))


def pocock(fraction: float, alpha: float = ALPHA) -> float:
    """Error spent by a fraction t of the information: α log(1 + (e − 1) t), about as much at each look.

    >>> pocock(1.0)
    0.025
    """
    return float(alpha * math.log1p((math.e - 1) * min(max(fraction, 0.0), 1.0)))


SPENDING: dict[str, Callable[[float, float], float]] = {"obrien-fleming": obrien_fleming, "pocock": pocock}
"""How error may be spent, by name."""


@functools.cache
def quadrature() -> tuple[np.ndarray, np.ndarray]:
    """Points and weights on (−1, 1), found once: they take longer than a threshold."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return nodes, weights


def thresholds(
    fractions: Sequence[float],
    information: Sequence[float] | None = None,
    *,
    spending: str = "obrien-fleming",
    alpha: float = ALPHA,
) -> np.ndarray:
    """(looks,) values of Z above which each look decides, so that under no effect α is spent over all looks.

    fractions: by which error is spent at each look, from 0 to 1.
    information: of the estimate at each look, which decides how the looks go together; default: the fractions. It is
    itself estimated, and taken to grow by a twentieth at least, which errs towards higher thresholds. A look at which
    no error may be spent, or nothing is known, gets an infinite threshold: it decides nothing.

    Solves P(Z_1 < c_1, …, Z_{k−1} < c_{k−1}, Z_k ≥ c_k) = α(t_k) − α(t_{k−1}) look by look, by Gauss–Legendre
    quadrature over the values at which the run goes on.

    >>> thresholds([0.2, 0.4, 0.6, 0.8, 1.0]).round(2).tolist()          # Lan and DeMets
    [4.88, 3.36, 2.68, 2.29, 2.03]
    >>> float(thresholds([1.0])[0].round(3))
    1.96
    """
    spend = SPENDING[spending]
    known = np.asarray(fractions if information is None else information, float)
    known = known / known.max() if len(known) and known.max() > 0 else known
    out, before, spent = [], 0.0, 0.0
    points: np.ndarray | None = None  # values of S = Z √t at which the run went on
    weight = np.ones(0)  # their density times the quadrature's weights
    for fraction, t in zip(fractions, known.tolist(), strict=True):
        more = spend(fraction, alpha) - spent
        t = max(t, LEAST * before)
        if more <= 0 or t <= 0:
            out.append(math.inf)
            continue
        step = math.sqrt(t - before)
        if points is None:
            bound = math.sqrt(t) * stats.norm.isf(more)
        else:
            at, by, sd, wanted = points, weight, step, more

            def excess(
                b: float, at: np.ndarray = at, by: np.ndarray = by, sd: float = sd, wanted: float = wanted
            ) -> float:
                return float(by @ stats.norm.sf((b - at) / sd)) - wanted

            bound = optimize.brentq(excess, -12.0, 12.0, xtol=1e-12)
        out.append(bound / math.sqrt(t))
        nodes, legendre = quadrature()
        low = min(-9.0 * math.sqrt(t), bound - 1.0)
        new = low + (bound - low) * (nodes + 1) / 2
        density = (
            stats.norm.pdf(new / math.sqrt(t)) / math.sqrt(t)
            if points is None
            else (stats.norm.pdf((new[:, None] - points) / step) / step) @ weight
        )
        points, weight = new, density * legendre * (bound - low) / 2
        before, spent = t, spent + more
    return np.array(out)


def chance_of_deciding(estimate: float, information: float, final: float, threshold: float) -> float:
    """P(the last look's Z exceeds its threshold), given an estimate now and nothing else known of the effect.

    With θ ~ Normal(estimate, 1/I) the last estimate is Normal(estimate, 1/I − 1/I_final).

    >>> round(chance_of_deciding(0.0, 1.0, 2.0, 0.0), 3)
    0.5
    """
    if final <= information * (1 + 1e-9):
        return float(estimate * math.sqrt(information) > threshold)
    left = math.sqrt(1 / information - 1 / final)
    return float(stats.norm.sf((threshold / math.sqrt(final) - estimate) / left))
