"""Study: spreads by the fast path's adaptive mixtures on bent posteriors, and how far numbers scatter over seeds.

    python reports/studies/bent_posteriors.py
    python reports/studies/bent_posteriors.py --responses responses.parquet --seeds 8 --points 64

Without responses: x ~ N(0, sd²), y | x ~ N(x², around²), the rest Normal, all under a prior Normal(0, 3²); spreads of x
and y over the exact ones (by quadrature), averages of many units. With responses: the standard deviation over seeds of
5%, 50% and 95% quantiles of each unit's natural slopes, over the width between the outer two; the median and the
largest over units.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

PRIOR = 3.0
TARGETS = ((2, 1.5, 0.25), (2, 1.0, 0.5), (5, 1.0, 0.5), (7, 1.0, 0.5), (5, 0.3, 0.5))
"""Dimensions, sd, around."""


def exact_spreads(sd: float, around: float) -> np.ndarray:
    """Of x and y; over y in closed form."""
    x = np.linspace(-10, 10, 4001)
    both = around**2 + PRIOR**2
    p = np.exp(-0.5 * x**2 * (1 / sd**2 + 1 / PRIOR**2) - 0.5 * x**4 / both)
    p /= p.sum()
    y, variance = x**2 * PRIOR**2 / both, around**2 * PRIOR**2 / both
    return np.sqrt([p @ x**2, p @ (y**2 + variance) - (p @ y) ** 2])


def drawn(size: int, sd: float, around: float, *, units: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(units, 2) spreads of x and y over the exact ones; (units, 3) draws, effective draws, Pareto k."""
    from hotmess.temperature.particles import adapt

    def evaluate(some):
        def one(theta, number):
            x, y, rest = theta[:, 0], theta[:, 1], theta[:, 2:]
            bent = -0.5 * (x / sd) ** 2 - 0.5 * ((y - x**2) / around) ** 2 - 0.5 * (rest**2).sum(axis=1)
            return bent, np.zeros((1, len(some)))

        return one

    likelihood = np.r_[sd, around, np.ones(size - 2)]
    covariance = np.diag(1 / (1 / likelihood**2 + 1 / PRIOR**2))  # at the peak, by its curvature
    start = np.zeros((units, size)), np.tile(covariance, (units, 1, 1))
    found = adapt(evaluate, np.arange(units), *start, np.zeros(size), np.full(size, PRIOR), seed=seed)
    mean = [own.weights @ own.theta for own in found]
    spread = np.array([np.sqrt(own.weights @ (own.theta - m) ** 2)[:2] for own, m in zip(found, mean)])
    return spread / exact_spreads(sd, around), np.array([(len(own.theta), own.effective, own.k) for own in found])


def scatter(path: Path, *, seeds: int, points: int | None) -> dict[str, np.ndarray]:
    """(3, G) of each slope: the sd over seeds of its quantiles over the width of its interval."""
    import hotmess as hm
    from hotmess.temperature.fit import fit_lengths

    responses, quantiles = hm.read(str(path)), {}
    for seed in range(seeds):
        fit = fit_lengths(
            responses, engine="fast", pool=True, unparsable="uniform", seed=seed, draws=300, points=points
        )
        for name in ("incoherence", "heat", "lift"):
            value = fit.slopes("natural")[name]
            row = np.quantile(value, [0.05, 0.5, 0.95], axis=(0, 1))
            quantiles.setdefault(name, []).append(row)
    out = {}
    for name, rows in quantiles.items():
        each = np.array(rows)  # (seeds, 3, G)
        out[name] = each.std(axis=0, ddof=1) / (each[:, 2] - each[:, 0]).mean(axis=0)
    return out


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--responses", type=Path)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--points", type=int)
    options = parser.parse_args()
    if options.responses:
        for name, share in scatter(options.responses, seeds=options.seeds, points=options.points).items():
            ends = share[[0, 2]]
            print(
                f"{name}: ends {np.median(ends):.3f}, {ends.max():.3f} at most; "
                f"medians {np.median(share[1]):.3f}, {share[1].max():.3f} at most"
            )
        return
    print("dimensions, sd, around: spread of x, of y over the exact ones (standard errors); draws, effective, failed")
    for target in TARGETS:
        share, about = drawn(*target, units=options.units, seed=0)
        mean, error = share.mean(axis=0), share.std(axis=0) / np.sqrt(len(share))
        failed = ((about[:, 2] >= 0.7) | (about[:, 1] <= 100)).mean()
        shown = ", ".join(f"{m:.3f} ({e:.3f})" for m, e in zip(mean, error))
        print(f"{target}: {shown}; {about[:, 0].mean():.0f}, {about[:, 1].mean():.0f}, {failed:.3f}")


if __name__ == "__main__":
    main()
