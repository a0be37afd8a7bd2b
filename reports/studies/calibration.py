"""Study: simulation-based calibration of the nested Dirichlet model (Talts et al. 2018).

    python reports/studies/calibration.py --simulations 1000

Parameters of a group are drawn from the prior, answers from the model, and the parameters' ranks among draws of the
exact grid posterior must be uniform: logit a, log κ, log φ, and the incoherence that follows from them in closed form.
Half of the simulations have questions with 4 options, the others a mixture of 3 and 6.

Writes `calibration.json` and `calibration.md` beside itself, and the ranks as `calibration.nc` in ArviZ's layout (group
`prior_sbc`, values in (0, 1)):

    arviz_plots.plot_ecdf_pit(xarray.open_datatree("reports/studies/calibration.nc", engine="h5netcdf"))
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from hotmess.answers.grid import grid_posterior
from hotmess.answers.prior import PARAMETERS, AnswerPrior
from hotmess.answers.tails import tail_counts

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sbc

QUESTIONS, SAMPLES, DRAWS, STACK, BINS = 60, 5, 199, 50, 20
NAMES = (*PARAMETERS, "incoherence")


def incoherence(eta: np.ndarray, options: float) -> np.ndarray:
    """Population incoherence of parameters (…, 3), questions with `options` wrong options (methods, section 3)."""
    a, kappa, phi = 1 / (1 + np.exp(-eta[..., 0])), np.exp(eta[..., 1]), np.exp(eta[..., 2])
    h = (1 + phi / options) / (1 + phi)
    return 1 - 0.5 * (kappa * (1 - a) + 1) / (kappa + 1) * (1 + h)


def simulate(
    eta: np.ndarray, options: np.ndarray, samples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Right (questions,) and wrong (questions, 5) counts of one group with parameters eta (3,)."""
    a, kappa, phi = 1 / (1 + np.exp(-eta[0])), np.exp(eta[1]), np.exp(eta[2])
    right = rng.binomial(samples, rng.beta(kappa * a, kappa * (1 - a), len(options)))
    wrong = np.zeros((len(options), 5), int)
    for i, k in enumerate(options):
        wrong[i, :k] = rng.multinomial(samples - right[i], rng.dirichlet(np.full(k, phi / k)))
    return right, wrong


def ranks(simulations: int, *, seed: int, draws: int = DRAWS) -> dict[str, np.ndarray]:
    """(simulations,) randomised ranks in (0, 1) of `NAMES`: uniform where posterior and model agree."""
    prior = AnswerPrior()
    rng = np.random.default_rng(seed)
    out = np.empty((simulations, len(NAMES)))
    for start in range(0, simulations, STACK):
        size = min(STACK, simulations - start)
        eta = rng.normal(prior.location, prior.scale, (size, 3))
        kinds = [np.full(QUESTIONS, 3), np.where(np.arange(QUESTIONS) % 2, 2, 5)]
        options = np.stack([kinds[(start + i) % 2] for i in range(size)])
        drawn = [simulate(eta[i], options[i], SAMPLES, rng) for i in range(size)]
        tails = tail_counts(
            np.concatenate([d[0] for d in drawn]),
            np.concatenate([d[1] for d in drawn]),
            np.repeat(np.arange(size), QUESTIONS),
            groups=size,
            options=options.ravel(),
        )
        posterior = grid_posterior(tails, prior, draws=draws, seed=int(rng.integers(2**31)))
        values = np.stack([posterior[name] for name in PARAMETERS], axis=-1)
        every = np.concatenate([values, incoherence(values, 3)[..., None]], axis=-1)
        truth = np.column_stack([eta, incoherence(eta, 3)])
        below = (every < truth).sum(0)
        out[start : start + size] = (below + rng.random(below.shape)) / (draws + 1)
    return dict(zip(NAMES, out.T))


def main() -> None:
    of = f"of {QUESTIONS} questions with {SAMPLES} samples each, {DRAWS} posterior draws"
    title = "Simulation-based calibration of the nested Dirichlet model"
    sbc.main(__file__, title, of, BINS, lambda simulations, seed, _: ranks(simulations, seed=seed))


if __name__ == "__main__":
    main()
