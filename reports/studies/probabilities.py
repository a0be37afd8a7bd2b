"""The model of probability vectors: its own check on real data, recovery and calibration on simulated data.

    python reports/studies/probabilities.py ../shared/data      # gemma-4-12B on MMLU-Pro, its trace cut at 10 to 100%
    python reports/studies/probabilities.py --sets 100          # simulated data sets; resumes where it stopped
    python reports/studies/probabilities.py                     # writes the page alone

Real: `gemma4-trajectory-mmlu-pro.parquet`, condition prefix_probe, every budget a group of its own. Simulated: group
parameters from the prior where it does not make leads so long that responses read as certain, 40 questions, 4 options,
10 responses each; coverage of 90% intervals.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
FOUND, PAGE = HERE / "probabilities.json", HERE / "probabilities.md"
CELLS, WIDTH, EACH, DRAWS = 40, 4, 10, 400
SURE = 0.002  # share of responses that read as certain, above which parameters are drawn again
TERMS = ("error", "bias2", "variance")


def real(shared: Path) -> list[dict[str, Any]]:
    """One row per budget: checks, terms by the model and by the unbiased estimator, diagnostics."""
    import pandas as pd

    from hotmess.answers.vector_fit import fit_probabilities
    from hotmess.inference.gate import diagnose

    data = pd.read_parquet(shared / "gemma4-trajectory-mmlu-pro.parquet")
    data = data[data["condition"] == "prefix_probe"]
    rows = []
    for budget, part in data[data["budget"] > 0].groupby("budget"):  # at 0% responses do not vary
        cell, keys = pd.factorize(part["question"], sort=True)
        f = np.zeros((len(part), int(part["n_choices"].max())))
        has = np.zeros((len(keys), f.shape[1]), bool)
        for i, (probs, target) in enumerate(zip(part["probs"], part["target"], strict=True)):
            order = [target, *(k for k in range(len(probs)) if k != target)]
            f[i, : len(probs)] = np.asarray(probs, float)[order]
            has[cell[i], : len(probs)] = True
        fit = fit_probabilities(f, cell, has, draws=2000, warmup=600, seed=1)
        row: dict[str, Any] = {"budget": int(budget), "responses": len(f), "check": fit.check(f, cell, draws=400)}
        terms = fit.terms()
        plain = unbiased(f, cell)
        for name in TERMS:
            x = getattr(terms, name).mean(1).reshape(fit.chains, -1)
            row[name] = [*np.quantile(x, [0.05, 0.5, 0.95]), *diagnose(x), plain[name]]
        values = (diagnose(v[..., 0]) for k, v in fit.parameters.items() if k.startswith("log"))
        row["parameters"] = [float(x) for x in np.array(list(values)).T[0]]
        rows.append(row)
        print(budget, row["check"], flush=True)
    return rows


def unbiased(f: np.ndarray, cell: np.ndarray) -> dict[str, float]:
    """Means over questions of the unbiased Brier terms."""
    n = np.bincount(cell)
    mean = np.stack([np.bincount(cell, weights=x) for x in f.T], 1) / n[:, None]
    square = np.bincount(cell, weights=(f**2).sum(1)) / n
    variance = (square - (mean**2).sum(1)) * n / np.maximum(n - 1, 1)
    error = 1 - 2 * mean[:, 0] + square
    return {"error": error.mean(), "bias2": (error - variance).mean(), "variance": variance.mean()}


def one(seed: int) -> dict[str, Any]:
    """A data set from the prior: ranks of the true values among the draws, and whether 90% intervals hold them."""
    from hotmess.answers import vector_state as sampler
    from hotmess.answers.prior import AnswerPrior
    from hotmess.answers.probabilities import ProbabilityFit
    from hotmess.answers.rounding import UNITS
    from hotmess.answers.vector_fit import fit_probabilities

    rng = np.random.default_rng([seed, 71])
    prior = AnswerPrior()
    units = (np.array(UNITS) == UNITS[-1])[None].astype(float)
    whole = {"real": np.ones((CELLS, WIDTH), bool), "group": np.zeros(CELLS, int), "units": units, "unit": UNITS[-1]}
    while True:
        logit_a, log_kappa, log_phi = rng.normal(prior.location, prior.scale)
        mean, kappa, phi = 1 / (1 + np.exp(-logit_a)), np.exp(log_kappa), np.exp(log_phi)
        a = rng.beta(kappa * mean, kappa * (1 - mean), CELLS)
        share = rng.dirichlet(np.full(WIDTH - 1, phi / (WIDTH - 1)), CELLS)
        location = rng.normal(sampler.LOCATION, sampler.WIDTH)
        scale = np.abs(rng.normal(0, sampler.SCALE))
        tau = sampler.DOUBT * rng.normal()
        mu, spread = (rng.normal(location[i], scale[i], CELLS) for i in range(2))
        beta = np.exp(rng.normal(location[2], scale[2], (CELLS, WIDTH)))
        p = np.nan_to_num(np.column_stack([a, (1 - a)[:, None] * share]), nan=1 / WIDTH)
        values = {"main": p, "certain": np.zeros(CELLS), "mu": mu, "doubtful": mu - tau, "sigma": np.exp(spread)}
        copies = {k: np.repeat(v[None], 100, 0) for k, v in (values | {"beta": beta}).items()}
        true = ProbabilityFit(**copies, **whole)
        many = true.replicate(0, np.repeat(np.arange(CELLS), 100), rng)
        if np.mean(many.sum(1) - many.max(1) < 1e-9) < SURE:
            break
    cell = np.repeat(np.arange(CELLS), EACH)
    f = true.replicate(0, cell, rng)
    fit = fit_probabilities(f, cell, whole["real"], draws=DRAWS, warmup=400, thin=4, seed=seed)
    known, found = {}, {}
    for metric in ("brier", "kl"):
        x, y = true.terms(metric), fit.terms(metric)
        for name in TERMS:
            known[f"{metric} {name}"] = float(getattr(x, name).mean())
            found[f"{metric} {name}"] = getattr(y, name).mean(1)
    known |= {"logit_a": logit_a, "log_kappa": log_kappa, "log_phi": log_phi, "tau": tau}
    found |= {name: fit.parameters[name].ravel() for name in ("logit_a", "log_kappa", "log_phi", "tau")}
    record: dict[str, Any] = {"seed": seed}
    for name, x in found.items():
        low, high = np.quantile(x, [0.05, 0.95])
        record[name] = bool(low <= known[name] <= high)
    each, true_each = fit.terms(), true.terms()
    inside = []
    for name in TERMS:
        low, high = np.quantile(getattr(each, name), [0.05, 0.95], axis=0)
        at = getattr(true_each, name).mean(0)
        inside.append(float(np.mean((low - 1e-6 <= at) & (at <= high + 1e-6))))
    return record | {"questions": inside}


def write() -> None:
    """The page."""
    found = json.loads(FOUND.read_text())
    lines = ["# Probability vectors: checks and calibration", ""]
    if "real" in found:
        names = list(found["real"][0]["check"])
        lines += [
            "## gemma-4-12B on MMLU-Pro, its trace cut at 10 to 100%",
            "",
            "Made by `python reports/studies/probabilities.py ../shared/data`. Posterior predictive checks: the share",
            "of 400 replicated data sets at or above the data (ties count half), every budget fitted alone; below",
            "0.005 or above 0.995 the model says of itself that it does not make such data. At 0% nothing varies.",
            "",
            "| budget, % | " + " | ".join(names) + " | passes |",
            "|---" * (len(names) + 2) + "|",
        ]
        for r in found["real"]:
            p = [r["check"][k][1] for k in names]
            passes = "yes" if all(min(x, 1 - x) >= 0.005 for x in p) else "no"
            lines.append(f"| {r['budget']} | " + " | ".join(f"{x:.3f}" for x in p) + f" | {passes} |")
        lines += [
            "",
            "Brier terms, means over the 88 questions: median and 90% interval for these questions; beside them the",
            "unbiased estimator. R-hat and effective sizes are the worst of the three terms.",
            "",
            "| budget, % | bias², model | unbiased | variance, model | unbiased | R-hat | ESS | R-hat of a, κ, φ |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for r in found["real"]:
            cells = []
            for name in ("bias2", "variance"):
                low, mid, high, *_, plain = r[name]
                cells.append(f"{mid:.3f} [{low:.3f}, {high:.3f}] | {plain:.3f}")
            rhat = max(r[k][3] for k in TERMS)
            ess = min(min(r[k][4:6]) for k in TERMS)
            lines.append(
                f"| {r['budget']} | {' | '.join(cells)} | {rhat:.3f} | {ess:.0f} | {max(r['parameters']):.3f} |"
            )
        lines += ["", *reading(found["real"])]
    sets = found.get("sets", [])
    if sets:
        lines += [
            "",
            "## Data sets drawn from the prior",
            "",
            f"Made by `python reports/studies/probabilities.py --sets {len(sets)}`: {CELLS} questions, {WIDTH}",
            f"options, {EACH} responses; parameters with which {SURE:.1%} or more of the responses would read as",
            "certain are drawn again. Coverage of 90% intervals for the mean over these questions; its Monte Carlo",
            f"standard error is {np.sqrt(0.09 / len(sets)):.2f} where it is 0.90.",
            "",
            "| quantity | coverage |",
            "|---|---|",
        ]
        for name in [k for k in sets[0] if k not in ("seed", "questions")]:
            lines.append(f"| {name} | {np.mean([r[name] for r in sets]):.2f} |")
        each = np.mean([r["questions"] for r in sets], axis=0)
        lines += ["", f"Of single questions' terms 90% intervals hold {each[0]:.2f} (error), {each[1]:.2f} (bias²) and"]
        lines += [f"{each[2]:.2f} (variance) of the true values, over {len(sets) * CELLS:,} questions."]
    PAGE.write_text("\n".join(lines) + "\n")


def reading(rows: list[dict[str, Any]]) -> list[str]:
    """What the two tables say, in words."""
    failed: dict[str, list[str]] = {}
    for r in rows:
        for name, (_, p) in r["check"].items():
            if min(p, 1 - p) < 0.005:
                failed.setdefault(name, []).append(f"{r['budget']}%")
    fine = [f"{r['budget']}%" for r in rows if all(min(p, 1 - p) >= 0.005 for _, p in r["check"].values())]
    outside = [f"{r['budget']}%" for r in rows if not r["variance"][0] <= r["variance"][-1] <= r["variance"][2]]
    more = [r["variance"][1] / r["variance"][-1] - 1 for r in rows]
    said = [f"{name} at {', '.join(at)}" for name, at in failed.items()]
    return [
        f"All checks pass at {', '.join(fine) or 'no budget'}.",
        f"What fails: {'; '.join(said) or 'nothing'}; `misfit` then says to rely on the unbiased estimator.",
        f"The model's variance is {min(more):.0%} to {max(more):.0%} above that of the unbiased estimator, which has a",
        f"sampling error of its own and lies outside the model's 90% interval at {', '.join(outside) or 'no budget'}.",
    ]


def main() -> None:
    """Run a part, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", nargs="?", type=Path, help="folder of the data")
    parser.add_argument("--sets", type=int, default=0, help="simulated data sets")
    args = parser.parse_args()

    def keep(part: str, value: Any) -> None:
        before = json.loads(FOUND.read_text()) if FOUND.exists() else {}
        FOUND.write_text(json.dumps(before | {part: value}, indent=1, default=float) + "\n")

    if args.shared:
        keep("real", real(args.shared))
    have = json.loads(FOUND.read_text()).get("sets", []) if FOUND.exists() else []
    for seed in range(len(have), args.sets):
        have.append(one(seed))
        keep("sets", have)
    write()


if __name__ == "__main__":
    main()
