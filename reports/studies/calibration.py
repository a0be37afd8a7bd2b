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

import argparse
import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.grid import grid_posterior
from hotmess.answers.prior import PARAMETERS, AnswerPrior
from hotmess.answers.tails import tail_counts

if TYPE_CHECKING:
    import xarray as xr

HERE = Path(__file__).resolve().parent
QUESTIONS, SAMPLES, DRAWS, STACK = 60, 5, 199, 50
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


def ranks(simulations: int, *, seed: int, draws: int = DRAWS) -> np.ndarray:
    """(simulations, 4) randomised ranks in (0, 1) of `NAMES`: uniform where posterior and model agree."""
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
    return out


def tree(values: np.ndarray) -> xr.DataTree:
    """Ranks (simulations, 4) as a DataTree with the group `prior_sbc`, for `arviz_plots.plot_ecdf_pit`."""
    from arviz_base import from_dict

    return from_dict({"prior_sbc": {name: values[None, :, i] for i, name in enumerate(NAMES)}})


def uniformity(values: np.ndarray) -> list[dict[str, Any]]:
    """Per quantity: p-values of Kolmogorov's test and of χ² over 20 bins, and coverage of central 50 and 90%."""
    from scipy import stats

    rows = []
    for i, name in enumerate(NAMES):
        x = values[:, i]
        rows.append(
            {
                "quantity": name,
                "kolmogorov": float(stats.kstest(x, "uniform").pvalue),
                "chi2": float(stats.chisquare(np.histogram(x, 20, (0, 1))[0]).pvalue),
                "coverage50": float((np.abs(x - 0.5) < 0.25).mean()),
                "coverage90": float((np.abs(x - 0.5) < 0.45).mean()),
            }
        )
    return rows


def markdown(result: dict[str, Any]) -> str:
    simulations = result["simulations"]
    lines = [
        "# Simulation-based calibration of the nested Dirichlet model",
        "",
        f"`{result['command']}`, {result['date']}, seed {result['seed']}. {simulations:,} simulations of {QUESTIONS} "
        f"questions with {SAMPLES} samples each, {DRAWS} posterior draws. p-values of uniformity of the ranks, and how "
        "often central intervals hold the truth (Monte Carlo standard error "
        f"{100 * (0.25 / simulations) ** 0.5:.1f}% and {100 * (0.09 / simulations) ** 0.5:.1f}%).",
        "",
        "| quantity | Kolmogorov | χ², 20 bins | 50% intervals | 90% intervals |",
        "|---|---:|---:|---:|---:|",
    ]
    for r in result["rows"]:
        lines.append(
            f"| {r['quantity']} | {r['kolmogorov']:.3f} | {r['chi2']:.3f} | {r['coverage50']:.1%} | "
            f"{r['coverage90']:.1%} |"
        )
    smallest = min(min(r["kolmogorov"], r["chi2"]) for r in result["rows"])
    count = 2 * len(result["rows"])
    verdict = "No sign against uniform ranks" if smallest > 0.05 / count else "The ranks are not uniform"
    lines += ["", f"**{verdict}: the smallest of {count} p-values is {smallest:.3f}.**"]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results (default: beside this script)")
    args = parser.parse_args()
    from hotmess.inference.store import save_tree

    values = ranks(args.simulations, seed=args.seed)
    result = {
        "command": f"python reports/studies/calibration.py --simulations {args.simulations} --seed {args.seed}",
        "date": datetime.date.today().isoformat(),
        "seed": args.seed,
        "simulations": args.simulations,
        "rows": uniformity(values),
    }
    (args.out / "calibration.json").write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    (args.out / "calibration.md").write_text(markdown(result))
    save_tree(tree(values), args.out / "calibration.nc")


if __name__ == "__main__":
    main()
