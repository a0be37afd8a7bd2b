"""Study: simulation-based calibration of the rank model of surveys (Talts et al. 2018).

    python reports/studies/calibration_ranks.py --simulations 300     # resumes where it stopped

Correlation, discrimination of raters and entities are drawn from the prior (`hotmess.rankings.model`), orders from
Plackett and Luce, and the ranks of the truth among thinned draws of NUTS must be uniform. 16 entities, 3 and 4 raters.

Writes `calibration_ranks.json`, `.md` and `.nc` (`sbc.py`) beside itself. Finished simulations are kept in
`.cache/calibration_ranks.jsonl`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sbc
from calibration_laws import BINS, rank

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
    import jax.numpy as jnp
    from numpyro.infer.hmc import hmc
    from numpyro.infer.util import initialize_model

    from hotmess.inference.sample import enable_x64
    from hotmess.rankings.model import rank_model

    def model(order: Any) -> None:
        rank_model(ATTRIBUTE, order, ENTITIES)

    with enable_x64():
        some = from_prior(np.random.default_rng(0))[1]
        start = initialize_model(jax.random.PRNGKey(0), model, model_args=(some,), dynamic_args=True)
        first, step = hmc(potential_fn_gen=start.potential_fn, algo="NUTS")
        zero = jax.tree.map(jnp.zeros_like, start.param_info.z)

    def chain(key: Any, order: Any) -> Any:
        state = first(zero, WARMUP, target_accept_prob=0.95, rng_key=key, model_args=(order,))

        def one(state: Any, _: Any) -> Any:
            state = jax.lax.fori_loop(0, THIN, lambda i, now: step(now, model_args=(order,)), state)
            return state, state.z

        state = jax.lax.fori_loop(0, WARMUP, lambda i, now: step(now, model_args=(order,)), state)
        return jax.vmap(start.postprocess_fn(order))(jax.lax.scan(one, state, None, length=DRAWS)[1])

    compiled = jax.jit(chain)

    def run(seed: int, order: np.ndarray) -> dict[str, np.ndarray]:
        with enable_x64():
            found = {k: np.asarray(v) for k, v in compiled(jax.random.PRNGKey(seed), order).items()}
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


def ranks(count: int, *, seed: int, store: Path) -> dict[str, np.ndarray]:
    """Ranks in (0, 1) of every quantity, finished ones read from `store`."""
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


def main() -> None:
    def surveys(simulations: int, seed: int, out: Path) -> dict[str, np.ndarray]:
        store = out / ".cache" / "calibration_ranks.jsonl"
        store.parent.mkdir(parents=True, exist_ok=True)
        return ranks(simulations, seed=seed, store=store)

    of = (
        f"of surveys of {ENTITIES} entities by {RATERS[0]} and {RATERS[1]} raters from the prior, {DRAWS} draws of "
        f"NUTS (every {THIN}th)"
    )
    sbc.main(__file__, "Simulation-based calibration of the rank model", of, BINS, surveys)


if __name__ == "__main__":
    main()
