"""Study: our simulation-based calibration of the nested Dirichlet model against simuk's, on the same simulated data.

    pip install simuk
    python reports/studies/calibration_simuk.py --simulations 300

simuk (arviz-devs) draws parameters and counts from the prior of the PyMC model, `hotmess.pymc_model("answers", …)`,
samples every posterior by PyMC's NUTS and ranks the truth. The same data go to the exact grid of
`hotmess.answers.grid`, and the truth is ranked among its draws. Both sets of ranks must be uniform, and agree up to
Monte Carlo error in every simulation. In simuk's data the number of wrong answers to be split is that of a template,
the same in all simulations, and not what the draw of right answers leaves: so the grid reads right answers and splits
of wrong ones as two data sets, which its likelihood keeps apart (methods, section 3).

Writes `calibration_simuk.json`, `.md` and `.nc` beside itself, and how far the two ranks of one simulation lie apart as
`calibration_simuk_pairs.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from hotmess.answers.grid import grid_posterior
from hotmess.answers.prior import PARAMETERS, AnswerPrior
from hotmess.answers.tails import tail_counts

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sbc

QUESTIONS, SAMPLES, OPTIONS, DRAWS, GRID_DRAWS, BINS = 40, 5, 3, 1000, 4000, 15
FAR = 0.1  # ranks of one simulation further apart than Monte Carlo error explains: a chain of NUTS that did not mix


def template(seed: int) -> Any:
    """Responses whose numbers of wrong answers the simulations share."""
    import pandas as pd

    from hotmess.responses.validate import validate

    rng = np.random.default_rng(seed)
    answer = rng.integers(OPTIONS + 1, size=(QUESTIONS, SAMPLES))
    answer[:, 0] = 1  # every question has wrong answers to split
    question, sample = (x.ravel() for x in np.indices(answer.shape))
    table = {"benchmark": "b", "model": "m", "question": [f"q{q}" for q in question], "sample": sample}
    return validate(pd.DataFrame({**table, "answer": answer.ravel(), "target": 0, "n_choices": OPTIONS + 1}))


def grid_ranks(truth: np.ndarray, right: np.ndarray, wrong: np.ndarray, seed: int) -> np.ndarray:
    """(parameters, simulations) ranks in (0, 1); truth likewise, right (simulations, questions), wrong (…, K)."""
    simulations = len(right)
    group = np.repeat(np.arange(simulations), QUESTIONS)
    ones = np.ones(len(group), int)
    missed = (SAMPLES - right).reshape(-1, 1)
    accuracy = tail_counts(right.ravel(), missed, group, groups=simulations, options=ones)
    splits = wrong.reshape(-1, OPTIONS)
    division = tail_counts(0 * ones, splits, group, groups=simulations, options=OPTIONS * ones)
    first, second = (grid_posterior(t, AnswerPrior(), draws=GRID_DRAWS, seed=seed) for t in (accuracy, division))
    found = np.stack([first["logit_a"], first["log_kappa"], second["log_phi"]])
    below = (found < truth[:, None]).sum(1)
    return (below + np.random.default_rng(seed).random(below.shape)) / (GRID_DRAWS + 1)


def run(simulations: int, seed: int, out: Path) -> dict[str, np.ndarray]:
    """Ranks of simuk's and of ours; their differences go to `calibration_simuk_pairs.json` in the folder."""
    import simuk

    import hotmess as hm

    model = hm.pymc_model("answers", template(seed))
    settings = {"draws": DRAWS, "tune": 500, "chains": 1, "cores": 1}
    study = simuk.SBC(model, num_simulations=simulations, seed=seed, sample_kwargs=settings)
    prior, made = study._get_prior_predictive_samples()  # by the same seed as run_simulations
    study.run_simulations()
    ranks = study.simulations["prior_sbc"].dataset
    theirs = np.stack([ranks[name].to_numpy()[0, :, 0] for name in PARAMETERS])
    theirs = (theirs + np.random.default_rng(seed).random(theirs.shape)) / (DRAWS + 1)
    truth = np.stack([prior[name].to_numpy()[0] for name in PARAMETERS])
    right = made["right"].to_numpy().T
    wrong = np.moveaxis(made[f"wrong_{OPTIONS}"].to_numpy(), 2, 0)
    ours = grid_ranks(truth, right, wrong, seed)
    gap = np.abs(ours - theirs)
    pairs = {
        name: {
            "median": float(np.median(g)),
            "mean": float(g.mean()),
            "far": int((g > FAR).sum()),
            "correlation": float(np.corrcoef(a, b)[0, 1]),
        }
        for name, g, a, b in zip(PARAMETERS, gap, ours, theirs, strict=True)
    }
    (out / "calibration_simuk_pairs.json").write_text(json.dumps(pairs, indent=1) + "\n")
    both = {"simuk": theirs, "ours": ours}
    return {f"{who}: {name}": x for who, found in both.items() for name, x in zip(PARAMETERS, found)}


def pairs_said(out: Path) -> str:
    """How far the ranks of one simulation lie apart, as a paragraph."""
    pairs = json.loads((out / "calibration_simuk_pairs.json").read_text())
    said = "; ".join(
        f"{name} {v['mean']:.3f} (median {v['median']:.3f}, {v['far']} beyond {FAR}, "
        f"correlation {v['correlation']:.4f})"
        for name, v in pairs.items()
    )
    noise = float(np.sqrt(np.pi / 32 * (1 / DRAWS + 1 / GRID_DRAWS)))  # of uniform ranks, by independent draws
    return (
        f"Ranks of one simulation by the two lie apart on average by: {said}. Independent draws would lie {noise:.3f} "
        "apart; NUTS's are not quite independent."
    )


def main() -> None:
    of = f"of {QUESTIONS} questions with {SAMPLES} samples each, {DRAWS:,} draws by NUTS, {GRID_DRAWS:,} from the grid"
    sbc.main(__file__, "Our calibration against simuk's, on the same simulated data", of, BINS, run, last=pairs_said)


if __name__ == "__main__":
    main()
