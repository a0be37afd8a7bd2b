"""Study: simulation-based calibration of the rank model of surveys (Talts et al. 2018).

    python reports/studies/calibration_ranks.py --simulations 300     # resumes where it stopped

Correlation, discrimination of raters and entities are drawn from the prior (`hotmess.rankings.model`), orders from
Plackett and Luce, and the ranks of the truth among thinned draws of NUTS must be uniform. 16 entities, 3 and 4 raters.

Writes `calibration_ranks.json` and `calibration_ranks.md` beside itself. Finished simulations are kept in
`.cache/calibration_ranks.jsonl`.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
ENTITIES, RATERS = 16, (3, 4)
DRAWS, THIN, WARMUP = 99, 10, 500
ATTRIBUTE = np.repeat([0, 1], RATERS)


def from_prior(rng: np.random.Generator) -> tuple[dict[str, float], np.ndarray]:
    """True values of what is ranked, and (raters, entities) orders."""
    rho = rng.uniform(-1, 1)
    level, tau, z = rng.normal(0.5, 1, 2), abs(rng.normal(0, 0.5)), rng.normal(size=len(ATTRIBUTE))
    z -= (np.bincount(ATTRIBUTE, z) / np.bincount(ATTRIBUTE))[ATTRIBUTE]
    theta = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], ENTITIES).T
    log_beta = level[ATTRIBUTE] + tau * z
    noisy = np.exp(log_beta)[:, None] * theta[ATTRIBUTE] + rng.gumbel(size=(len(ATTRIBUTE), ENTITIES))
    truth = {
        "rho": rho,
        "rho_these": np.corrcoef(theta)[0, 1],
        "level, first": level[0],
        "level, second": level[1],
        "tau": tau,
        "log beta of a rater": log_beta[0],
        "theta, first": theta[0, 0],
        "theta, second": theta[1, 0],
    }
    return {name: float(value) for name, value in truth.items()}, np.argsort(-noisy, axis=1)


def sampler() -> Callable[[int, np.ndarray], dict[str, np.ndarray]]:
    """NUTS on the rank model, compiled once for orders of one shape: (seed, orders) -> thinned draws."""
    import jax
    from numpyro.infer import MCMC, NUTS

    from hotmess.rankings.model import rank_model

    kernel = NUTS(lambda order: rank_model(ATTRIBUTE, order, ENTITIES), target_accept_prob=0.95)
    chain = MCMC(
        kernel,
        num_warmup=WARMUP,
        num_samples=DRAWS * THIN,
        thinning=THIN,
        progress_bar=False,
        jit_model_args=True,
    )

    def run(seed: int, order: np.ndarray) -> dict[str, np.ndarray]:
        chain.run(jax.random.PRNGKey(seed), order)
        found = {name: np.asarray(value, float) for name, value in chain.get_samples().items()}
        return {
            "rho": found["rho"],
            "rho_these": found["rho_these"],
            "level, first": found["level"][:, 0],
            "level, second": found["level"][:, 1],
            "tau": found["tau"],
            "log beta of a rater": found["log_beta"][:, 0],
            "theta, first": found["theta"][:, 0, 0],
            "theta, second": found["theta"][:, 1, 0],
        }

    return run


def simulations(count: int, *, seed: int, store: Path) -> dict[str, np.ndarray]:
    """Ranks in (0, 1) of every quantity, finished ones read from `store`."""
    from calibration_laws import rank

    done = [json.loads(line) for line in store.read_text().splitlines()] if store.exists() else []
    done = [row for row in done if row["seed"] == seed][:count]
    run = sampler()
    with store.open("a") as file:
        for i in range(len(done), count):
            rng = np.random.default_rng([seed, i, 61])
            truth, order = from_prior(rng)
            draws = run(int(rng.integers(2**31)), order)
            row: dict[str, Any] = {"seed": seed, **{name: rank(truth[name], draws[name], rng) for name in truth}}
            file.write(json.dumps(row) + "\n")
            file.flush()
            done.append(row)
    return {name: np.array([row[name] for row in done]) for name in done[0] if name != "seed"}


def markdown(about: dict[str, Any]) -> str:
    n, rows = about["simulations"], about["rows"]
    lines = [
        "# Simulation-based calibration of the rank model",
        "",
        f"`{about['command']}`, {about['date']}. {n:,} surveys of {ENTITIES} entities by {RATERS[0]} and {RATERS[1]} "
        f"raters, from the prior; {DRAWS} draws of NUTS, every {THIN}th. p-values of uniformity of the ranks, and how "
        f"often central intervals hold the truth (Monte Carlo standard error {100 * (0.25 / n) ** 0.5:.1f}% and "
        f"{100 * (0.09 / n) ** 0.5:.1f}%).",
        "",
        "| quantity | Kolmogorov | χ², 10 bins | 50% intervals | 90% intervals |",
        "|---|---:|---:|---:|---:|",
    ]
    for r in rows:
        held = f"{r['coverage50']:.1%} | {r['coverage90']:.1%}"
        lines.append(f"| {r['quantity']} | {r['kolmogorov']:.3f} | {r['chi2']:.3f} | {held} |")
    smallest, count = min(min(r["kolmogorov"], r["chi2"]) for r in rows), 2 * len(rows)
    verdict = "No sign against uniform ranks" if smallest > 0.05 / count else "The ranks are not uniform"
    return "\n".join([*lines, "", f"**{verdict}: the smallest of {count} p-values is {smallest:.4f}.**"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results (default: beside this script)")
    args = parser.parse_args()
    from calibration_laws import uniformity

    store = args.out / ".cache" / "calibration_ranks.jsonl"
    store.parent.mkdir(parents=True, exist_ok=True)
    ranks = simulations(args.simulations, seed=args.seed, store=store)
    about = {
        "command": f"python reports/studies/calibration_ranks.py --simulations {args.simulations} --seed {args.seed}",
        "date": datetime.date.today().isoformat(),
        "seed": args.seed,
        "simulations": args.simulations,
        "rows": uniformity(ranks),
    }
    (args.out / "calibration_ranks.json").write_text(json.dumps(about, indent=1, allow_nan=False) + "\n")
    (args.out / "calibration_ranks.md").write_text(markdown(about))


if __name__ == "__main__":
    main()
