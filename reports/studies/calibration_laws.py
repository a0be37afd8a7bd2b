"""Study: simulation-based calibration of the laws (Talts et al. 2018): power laws, length laws, length against size.

    python reports/studies/calibration_laws.py --simulations 1000     # resumes where it stopped

Hyperparameters, levels and slopes are drawn from each law's prior, the vector that the law sees (log bias² and log
variance of models and groups; incoherences or logits of bins) from its likelihood with a fixed measurement error, and
their ranks among posterior draws must be uniform. The first stage has a study of its own, `calibration.py`.

Writes `calibration_laws.json` and `calibration_laws.md` beside itself, and the ranks as `calibration_laws.nc` in
ArviZ's layout (group `prior_sbc`, values in (0, 1)) for `arviz_plots.plot_ecdf_pit`. Finished simulations are kept in
`.cache/calibration_laws.jsonl`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sbc

DRAWS, THIN, BINS = 99, 10, 10


def rank(truth: float, draws: np.ndarray, rng: np.random.Generator) -> float:
    """Randomised rank in (0, 1); uniform where truth and draws are exchangeable."""
    return float(((draws < truth).sum() + rng.random()) / (len(draws) + 1))


def power_law(seed: int) -> dict[str, float]:
    """Five sizes, three groups; noise of sd 0.15, correlated by half between bias² and variance of a cell."""
    from hotmess.laws.power_model import LEVEL, LawPrior, power_model

    rng, prior = np.random.default_rng([seed, 1]), LawPrior()
    models, groups = 5, 3
    g, m = np.tile(np.arange(groups), models), np.repeat(np.arange(models), groups)
    x = np.linspace(-2, 2, models)[m]
    noise = 0.15**2 * np.kron(np.array([[1.0, 0.5], [0.5, 1.0]]), np.eye(len(g)))
    point = prior.hyper.draws(rng, 1)
    s, rho = point[0, :6], point[0, 6:]
    pair = np.array([[s[0] ** 2, rho[0] * s[0] * s[1]], [rho[0] * s[0] * s[1], s[1] ** 2]])
    alpha = rng.multivariate_normal(np.zeros(2), pair, groups, method="eigh") + rng.normal(0, prior.slope, 2)
    hard = np.linspace(-1, 1, groups)
    alpha = alpha + hard[:, None] * rng.normal(0, prior.trend, 2)
    start = rng.normal(LEVEL, prior.intercept, (groups, 2))
    pair = np.array([[s[2] ** 2, rho[1] * s[2] * s[3]], [rho[1] * s[2] * s[3], s[3] ** 2]])
    u = rng.multivariate_normal(np.zeros(2), pair, models, method="eigh")
    # Residuals are of level and ratio: (log bias² + log variance) / √2 and (log variance − log bias²) / √2.
    residual = (u[m] + rng.normal(size=(len(g), 2)) * s[4:6]) @ np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2)
    mean = start[g] - alpha[g] * x[:, None] + residual
    y = mean.T.ravel() + rng.multivariate_normal(np.zeros(2 * len(g)), noise, method="eigh")
    law = power_model(y, noise, x, g, m, prior, hard=hard)
    chain, _ = law.chains(seed=seed, draws=DRAWS, chains=1, thin=10 * THIN)
    drawn = law.draw(chain[0], rng).reshape(DRAWS, 4, groups)
    truth = {
        "slope of logit incoherence": (alpha[0, 0] - alpha[0, 1], drawn[:, 2, 0] - drawn[:, 3, 0]),
        "alpha_B": (alpha[0, 0], drawn[:, 2, 0]),
        "trend of alpha_V": (alpha[2, 1] - alpha[0, 1], drawn[:, 3, 2] - drawn[:, 3, 0]),
        "sd of models' residuals": (point[0, 2], chain[0, :, 2]),
    }
    return {name: rank(t, d, rng) for name, (t, d) in truth.items()}


def length_law(seed: int) -> dict[str, float]:
    """Three arms whose levels and slopes are seen with errors of sd 0.15 and 0.1, correlated by half."""
    from hotmess.laws.length_model import length_model
    from hotmess.laws.length_prior import LengthPrior

    rng, prior, arms = np.random.default_rng([seed, 2]), LengthPrior(), 3
    sd = np.repeat([0.15, 0.1], arms)
    noise = np.outer(sd, sd) * (0.5 + 0.5 * np.eye(2 * arms))
    tau = abs(rng.normal(0, prior.spread))
    slope = rng.normal(0, prior.slope) + tau * rng.standard_normal(arms)
    level = rng.normal(0, prior.level, arms)
    y = np.concatenate([level, slope]) + rng.multivariate_normal(np.zeros(2 * arms), noise, method="eigh")
    law = length_model(y, noise, prior)
    points, drawn = law.on_grid(law.hyper.grid(400), DRAWS, rng)
    truth = {
        "mean slope": (slope.mean(), drawn[:, arms:].mean(1)),
        "slope of an arm": (slope[0], drawn[:, arms]),
        "level of an arm": (level[0], drawn[:, 0]),
        "spread of slopes": (tau, points[:, 0]),
    }
    return {name: rank(t, d, rng) for name, (t, d) in truth.items()}


def curve(seed: int, shape: str = "odds") -> dict[str, float]:
    """A shape on three arms of eight bins, errors of sd 0.03 correlated by 0.3 within a bin."""
    from hotmess.laws.curve_draws import curve_chains
    from hotmess.laws.curves import CURVES, Bins, CurveLaw
    from hotmess.laws.length_prior import LengthPrior

    rng, prior = np.random.default_rng([seed, 2]), LengthPrior()
    arms, bins, start = 3, 8, -0.5
    arm, x = np.repeat(np.arange(arms), bins), np.tile(np.linspace(-1.5, 1.5, bins), arms)
    same = (x[:, None] == x).astype(float)
    noise = 0.03**2 * (0.3 * same + 0.7 * np.eye(len(x)))
    tau, sigma = abs(rng.normal(0, prior.spread)), abs(rng.normal(0, prior.residual))
    slope = rng.normal(0, prior.slope) + tau * rng.standard_normal(arms)
    # the law centres its prior of levels at the data; here it is fixed, so that the prior is one
    level = rng.normal(start, prior.level, arms)
    y = CURVES[shape].value(level[arm], slope[arm], x) + rng.multivariate_normal(np.zeros(len(x)), noise)
    y = y + sigma * rng.standard_normal(len(x))
    law = CurveLaw(shape, Bins.of(y, noise), x, arm, prior, start)
    chain = curve_chains(law, seed=seed, draws=DRAWS, chains=1, thin=THIN * 4)[0]
    truth = {
        "mean slope": (slope.mean(), chain[:, 2 + arms :].mean(1)),
        "slope of an arm": (slope[0], chain[:, 2 + arms]),
        "level of an arm": (level[0], chain[:, 2]),
        "residual sd": (sigma, chain[:, 1]),
    }
    return {name: rank(t, d, rng) for name, (t, d) in truth.items()}


def shares(seed: int) -> dict[str, float]:
    """Five models, one arm each; errors of levels and slopes of sd 0.15."""
    from hotmess.claims.kinds.shares import LEVEL, MODEL, SLOPE, SPREAD, Arms, slope_draws

    rng = np.random.default_rng([seed, 3])
    middle, spread = 6 + 0.3 * rng.normal(size=5), rng.uniform(0.3, 0.6, 5)
    arms = Arms(middle, spread, np.arange(5.0), np.arange(5))
    b = rng.normal(0, [LEVEL, SLOPE, SLOPE])
    u, t = abs(rng.normal(0, MODEL)), abs(rng.normal(0, SPREAD))
    away = np.concatenate([u * rng.standard_normal(5), t * rng.standard_normal(5)])
    y = arms.design() @ b + away + 0.15 * rng.standard_normal(10)
    got = slope_draws(y, 0.15**2 * np.eye(10), arms, draws=DRAWS, seed=seed)
    truth = {
        "slope on length": (b[1], got.length),
        "slope on size": (b[2], got.size),
        "difference explained": (b[1] ** 2 - b[2] ** 2, got.difference),
    }
    return {name: rank(float(t), d, rng) for name, (t, d) in truth.items()}


LAWS: dict[str, Callable[[int], dict[str, float]]] = {
    "power law": power_law,
    "length law, odds": length_law,
    "shape of a length law, odds": curve,
    "length against size": shares,
}


def run(simulations: int, *, seed: int, store: Path | None) -> dict[str, np.ndarray]:
    """Ranks (simulations,) by quantity, `law: quantity`."""
    done: dict[str, dict[str, float]] = {}
    if store is not None and store.exists():
        done = dict(json.loads(line) for line in store.read_text().splitlines() if line.endswith("]"))
    out: dict[str, list[float]] = {}
    for i in range(simulations):
        for law, one in LAWS.items():
            key = f"{law} {seed} {i}"
            if key not in done:
                done[key] = one(1_000_003 * seed + i)
                if store is not None:
                    with store.open("a") as file:
                        file.write(json.dumps([key, done[key]]) + "\n")
            for name, value in done[key].items():
                out.setdefault(f"{law}: {name}", []).append(value)
    return {name: np.array(values) for name, values in out.items()}


def main() -> None:
    def laws(simulations: int, seed: int, out: Path) -> dict[str, np.ndarray]:
        store = out / ".cache" / "calibration_laws.jsonl"
        store.parent.mkdir(parents=True, exist_ok=True)
        return run(simulations, seed=seed, store=store)

    of = f"from each law's prior, {DRAWS} posterior draws"
    sbc.main(__file__, "Simulation-based calibration of the laws", of, BINS, laws)


if __name__ == "__main__":
    main()
