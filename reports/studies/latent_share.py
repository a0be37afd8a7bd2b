"""Study: simulation-based calibration of the latent share of a source (Talts et al. 2018).

    python reports/studies/latent_share.py --simulations 250

The share of the variance between the levels of a source (`hotmess reliability --source … --estimator latent`) is drawn
from its prior, Beta(1, 4), the group's parameters logit a, log κ, log φ from theirs, answers among four options from
the model, and the rank of the share among its posterior draws must be uniform. Thrice: with the parameters that made
the answers (`given parameters`), which tests the posterior of the share alone; as it is published, with the parameters
unknown too (`unknown parameters`); and with parameters held at a fit without levels (`held parameters`), as it was
published once. Designs: few questions of many levels, and more questions of three.

Writes `latent_share.json` and `latent_share.md` beside itself, and the ranks as `latent_share.nc` in ArviZ's layout.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import hotmess as hm
from hotmess.answers.contexts import PRIOR, context_counts, context_posterior
from hotmess.answers.prior import PARAMETERS, AnswerPrior
from hotmess.responses.cells import reduce
from hotmess.responses.table import Responses
from hotmess.runs.latent import share_posterior

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sbc

OPTIONS, DRAWS, BINS = 4, 400, 20
KINDS = ("given", "unknown", "held")


@dataclass(frozen=True)
class Design:
    """Questions, levels of each, and responses of each level."""

    questions: int
    levels: int
    samples: int

    def __str__(self) -> str:
        return f"{self.questions} questions × {self.levels} levels × {self.samples} responses"


DESIGNS = (Design(30, 8, 4), Design(60, 3, 3))


def simulate(design: Design, eta: np.ndarray, rho: float, rng: np.random.Generator) -> Responses:
    """Responses of one model with parameters eta (3,), levels with the share `rho` of the variance."""
    a, kappa, phi = 1 / (1 + np.exp(-eta[0])), np.exp(eta[1]), np.exp(eta[2])
    rows = []
    for q in range(design.questions):
        right = rng.beta(kappa * a, kappa * (1 - a))
        p = np.r_[right, (1 - right) * rng.dirichlet(np.full(OPTIONS - 1, phi / (OPTIONS - 1)))]
        for c in range(design.levels):
            own = rng.dirichlet(np.maximum(p * (1 / rho - 1), 1e-12))
            answers = rng.choice(OPTIONS, design.samples, p=own)
            rows += [(q, f"{q}.{c}", c * design.samples + s, answer) for s, answer in enumerate(answers)]
    frame = pd.DataFrame(rows, columns=["question", "context", "sample", "answer"])
    return hm.read(frame.assign(model="m", target=0, n_choices=OPTIONS), allow_copies=True)


def held(responses: Responses, seed: int) -> np.ndarray:
    """(DRAWS,) draws of the share with the parameters at the medians of a fit without levels."""
    fit = hm.fit(responses, draws=DRAWS // 4, seed=seed, pointwise=False)
    return given(responses, np.array([np.median(fit.parameters()[name]) for name in PARAMETERS]), seed)


def given(responses: Responses, eta: np.ndarray, seed: int) -> np.ndarray:
    """(DRAWS,) draws of the share with these parameters, as those that made the answers."""
    cells = reduce(responses)
    counts, cell, real = context_counts(cells)
    a, kappa, phi = (np.full(len(cells), value) for value in (1 / (1 + np.exp(-eta[0])), *np.exp(eta[1:])))
    return context_posterior(counts, cell, real, a=a, kappa=kappa, phi=phi, draws=DRAWS, seed=seed).rho[:, 0]


def published(responses: Responses, seed: int) -> np.ndarray:
    """(DRAWS,) draws of the share as it is published."""
    return share_posterior(responses, "context", seed=seed, draws=DRAWS // 4, chains=4)[0][1]


def ranks(simulations: int, *, seed: int, designs: tuple[Design, ...] = DESIGNS) -> dict[str, np.ndarray]:
    """(simulations,) randomised ranks in (0, 1) of every design and kind of parameters."""
    prior, out = AnswerPrior(), {}
    for number, design in enumerate(designs):
        rng = np.random.default_rng([seed, number])
        found = np.empty((simulations, len(KINDS)))
        for i in range(simulations):
            eta, rho = rng.normal(prior.location, prior.scale), rng.beta(*PRIOR)
            responses = simulate(design, eta, rho, rng)
            draws = given(responses, eta, i), published(responses, i), held(responses, i)
            found[i] = ([np.sum(x < rho) for x in draws] + rng.random(len(KINDS))) / (DRAWS + 1)
        out |= {f"{design}: {kind} parameters": column for kind, column in zip(KINDS, found.T)}
    return out


def last(folder: Path) -> str:
    """The smallest p-value of each kind."""
    rows = json.loads((folder / "latent_share.json").read_text())["rows"]
    least = [
        min(min(row["kolmogorov"], row["chi2"]) for row in rows if f" {kind} " in row["quantity"]) for kind in KINDS
    ]
    return (
        f"The smallest of {2 * len(DESIGNS)} p-values is {least[0]:.4f} with given parameters, {least[1]:.4f} with "
        f"unknown ones, as published, and {least[2]:.4f} with held ones, as once."
    )


def main() -> None:
    of = f"of each design, answers among {OPTIONS} options, {DRAWS} posterior draws"
    title = "Simulation-based calibration of the latent share of a source"
    sbc.main(__file__, title, of, BINS, lambda simulations, seed, _: ranks(simulations, seed=seed), last)


if __name__ == "__main__":
    main()
