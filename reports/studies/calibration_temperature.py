"""Study: simulation-based calibration of the temperature model (Talts et al. 2018; methods, section 5).

    python reports/studies/calibration_temperature.py --simulations 300

The parameters of one model are drawn from the prior (level, spreads of scores, effects of natural and of budgeted
length on log temperature and on the target's score), then the scores of every question and the answers; their ranks
among the draws of the fast path must be uniform. Where its Pareto k is above 0.7 the fast path says that it is not to
be trusted: such data sets count, and their number is said.

Writes `calibration_temperature.json`, `.md` and `.nc` beside itself.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sbc

QUESTIONS, SAMPLES, OPTIONS, DRAWS, BINS = 30, 12, 4, 250, 15


def lengths(rng: np.random.Generator) -> Any:
    """Arranged data with lengths, and answers yet to be drawn: two budgets, half of the samples in each."""
    import pandas as pd

    from hotmess.temperature.data import length_data

    shape = (QUESTIONS, 2, SAMPLES // 2)
    question, budget, sample = (x.ravel() for x in np.indices(shape))
    log2 = 8 + budget + 0.3 * rng.normal(size=QUESTIONS)[question] + 0.7 * rng.normal(size=len(question))
    table = {"benchmark": "b", "model": "m", "question": question, "budget": budget.astype(str), "sample": sample}
    table |= {"answer": 0, "target": 0, "n_choices": OPTIONS, "reasoning_tokens": np.exp2(log2)}
    return length_data(pd.DataFrame(table))


def simulate(rng: np.random.Generator) -> tuple[dict[str, float], Any]:
    """Parameters from the prior, and arranged data with answers."""
    from hotmess.temperature.likelihood import parameter_names
    from hotmess.temperature.prior import TemperaturePrior

    prior, data = TemperaturePrior(), lengths(rng)
    levels = [rng.normal(mean, sd) for mean, sd in prior.level]
    theta = np.r_[levels, rng.normal(0, prior.effect_scales(data.features))]
    mu, target, wrong = theta[0], np.exp(theta[1]), np.exp(theta[2])
    n = len(data.cells)
    d = -mu - target * rng.normal(size=n) + wrong * rng.normal(size=(OPTIONS - 1, n))
    scores = logits(theta, d, data)
    answer = (scores + rng.gumbel(size=scores.shape)).argmax(0)
    named = dict(zip(parameter_names(data.features), theta.tolist(), strict=True))
    return named, replace(data, dense=data.dense._replace(answer=answer))


def logits(theta: np.ndarray, d: np.ndarray, data: Any) -> np.ndarray:
    """(options, cells, responses) of the target and of wrong options with scores d less the target's (methods, 5)."""
    x = data.dense.features
    heat, lift = (np.tensordot(theta[at : at + len(x)], x, 1) for at in (3, 3 + len(x)))
    scores = np.concatenate([lift[None], np.broadcast_to(d[:, :, None], (len(d), *heat.shape))])
    return scores * np.exp(-heat)


def ranks(simulations: int, *, seed: int, draws: int = DRAWS) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(simulations,) ranks in (0, 1) of every parameter, and Pareto's k of every simulation."""
    from hotmess.inference.spec import Spec
    from hotmess.temperature.fit import fit_data
    from hotmess.temperature.prior import TemperaturePrior

    spec = Spec("fast", TemperaturePrior(), seed=0, draws=draws, chains=4, options={"points": 64})
    out: dict[str, list[float]] = {}
    k = []
    for i in range(simulations):
        rng = np.random.default_rng([seed, i])
        truth, data = simulate(rng)
        fit = fit_data(data, spec.changed(seed=i))
        posterior = fit.data["posterior"]["theta"].to_numpy()[:, :, 0]
        k.append(fit.data.attrs["pareto_k"])
        for p, (name, value) in enumerate(truth.items()):
            below = (posterior[..., p] < value).sum()
            out.setdefault(name, []).append((below + rng.random()) / (4 * draws + 1))
    return {name: np.array(x) for name, x in out.items()}, np.array(k)


def run(simulations: int, seed: int, out: Path) -> dict[str, np.ndarray]:
    """The ranks; Pareto's k go to `calibration_temperature_k.json` in the folder."""
    found, k = ranks(simulations, seed=seed)
    (out / "calibration_temperature_k.json").write_text(json.dumps([round(float(x), 3) for x in k]) + "\n")
    return found


def trusted(out: Path) -> str:
    """How often the fast path may be trusted, as a paragraph."""
    k = np.array(json.loads((out / "calibration_temperature_k.json").read_text()))
    return (
        f"Pareto's k is above 0.7 in {int((k > 0.7).sum())} of the {len(k)} simulations, 0.5 in {int((k > 0.5).sum())}."
    )


def main() -> None:
    of = f"of {QUESTIONS} questions with {SAMPLES} responses each at two budgets, {4 * DRAWS:,} draws of the fast path"
    sbc.main(__file__, "Simulation-based calibration of the temperature model", of, BINS, run, last=trusted)


if __name__ == "__main__":
    main()
