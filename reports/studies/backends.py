"""Two implementations of each model, one posterior: the package's own samplers against PyMC with nutpie.

For every group-level quantity the mean, the sd and the 5% and 95% quantiles must agree to 4 sqrt(MCSE1² + MCSE2²), with
effective sample sizes above 2,000 on both sides (methods, section 7).

    python reports/studies/backends.py                     # all models; writes backends.json and backends.md
    python reports/studies/backends.py --model power-laws  # one of them
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
LIMIT, ESS = 4.0, 2000
STATISTICS = {"mean": {}, "sd": {}, "q05": {"prob": 0.05}, "q95": {"prob": 0.95}}
Draws = dict[str, np.ndarray]


def compare(ours: Draws, theirs: Draws) -> list[dict[str, Any]]:
    """One row per quantity and statistic: both values, their distance in Monte Carlo standard errors, effective sizes.

    Draws are (chain, draw) arrays.
    """
    from arviz_stats.base import array_stats

    rows = []
    for name in ours:
        pair = [np.asarray(d[name], float) for d in (ours, theirs)]
        ess = [
            min(
                float(array_stats.ess(x, chain_axis=0, draw_axis=1, method="bulk")),
                float(array_stats.ess(x, chain_axis=0, draw_axis=1, method="tail", prob=(0.05, 0.95))),
            )
            for x in pair
        ]
        for statistic, options in STATISTICS.items():
            method = "quantile" if options else statistic
            error = [
                float(array_stats.mcse(x, chain_axis=0, draw_axis=1, method=method, **(options or {}))) for x in pair
            ]
            value = [_value(x, statistic) for x in pair]
            rows.append(
                {
                    "quantity": name,
                    "statistic": statistic,
                    "ours": value[0],
                    "pymc": value[1],
                    "distance": abs(value[0] - value[1]) / float(np.hypot(*error)),
                    "ess_ours": round(ess[0]),
                    "ess_pymc": round(ess[1]),
                }
            )
    return rows


def _value(x: np.ndarray, statistic: str) -> float:
    if statistic == "mean":
        return float(x.mean())
    return float(x.std(ddof=1)) if statistic == "sd" else float(np.quantile(x, float(statistic[1:]) / 100))


def answers(*, seed: int, draws: int, formula: str | None = "difficulty * model", questions: int = 60) -> Any:
    """Nested Dirichlet with a regression: groups' parameters, coefficients, spreads, and incoherence of each group."""
    import hotmess as hm
    from hotmess.answers.prior import PARAMETERS
    from hotmess.pymc_models.answers import answer_model
    from hotmess.pymc_models.sample import sample_pymc
    from hotmess.responses.validate import validate
    from hotmess.simulate import simulate

    table = simulate("scale", seed=seed, questions=questions, samples=6).table
    table = table[table["model"].isin(["model-0.6B", "model-8B"])].reset_index(drop=True)
    responses = validate(table)
    run = {"seed": seed, "draws": draws, "warmup": 1000}
    made = hm.fit(responses, formula, engine="nuts", pointwise=False, **run)  # type: ignore[arg-type]
    tree = sample_pymc(answer_model(responses, formula, by=["difficulty"]), target_accept=0.95, **run)  # type: ignore[arg-type]
    extra = ("coefficients", "sigma") if formula else ()
    out = []
    for data in (made.data, tree):
        posterior = data["posterior"].to_dataset()
        one: Draws = {}
        for name in (*PARAMETERS, *extra):
            values = posterior[name].values
            flat = values.reshape(*values.shape[:2], -1)
            one |= {f"{name}[{i}]": flat[..., i] for i in range(flat.shape[2])}
        a, kappa, phi = (posterior[name].values for name in PARAMETERS)
        a, kappa, phi = 1 / (1 + np.exp(-a)), np.exp(kappa), np.exp(phi)
        h = (1 + phi / 3) / (1 + phi)
        incoherence = 1 - 0.5 * (kappa * (1 - a) + 1) / (kappa + 1) * (1 + h)
        out.append(one | {f"incoherence[{i}]": incoherence[..., i] for i in range(incoherence.shape[2])})
    return *out, _divergences(tree)


def power(*, seed: int, draws: int, questions: int = 90) -> Any:
    """Power laws by difficulty: levels, exponents, scales and correlations."""
    import hotmess as hm
    from hotmess.laws.power import power_laws
    from hotmess.pymc_models.power import power_model
    from hotmess.pymc_models.sample import sample_pymc
    from hotmess.responses.validate import validate
    from hotmess.simulate import simulate

    responses = validate(simulate("scale", seed=seed, questions=questions, samples=10).table)
    first = hm.fit(responses, by=["difficulty"], seed=seed, draws=500, pointwise=False)
    laws = power_laws(first, seed=seed, draws=2 * draws)
    tree = sample_pymc(power_model(laws), seed=seed, draws=draws, warmup=1000, target_accept=0.98)
    mine = laws.data["posterior"].dataset.sel(population="like-these")
    theirs = tree["posterior"].to_dataset()
    ours: Draws = {}
    pymc: Draws = {}
    order = [str(g) for g in mine["group"].values]
    for i, term in enumerate(("bias2", "variance")):
        for name in ("level", "alpha"):
            for g, label in enumerate(order):
                ours[f"{name} {term} {label}"] = mine[f"{name}_{term}"].values[..., g]
                pymc[f"{name} {term} {label}"] = theirs[name].sel(group=label).values[..., i]
        residual = ("level", "ratio")[i]
        for name, what in (("tau", term), ("u", residual), ("e", residual)):
            ours[f"{name} {what}"], pymc[f"{name} {what}"] = mine[f"{name}_{what}"].values, theirs[name].values[..., i]
    for name in ("rho_alpha", "rho_u"):
        ours[name], pymc[name] = mine[name].values, theirs[name].values
    return ours, pymc, _divergences(tree)


def temperature(*, seed: int, draws: int, questions: int = 40) -> Any:
    """Answers and lengths: levels, spreads and effects of a model."""
    from hotmess.pymc_models.sample import sample_pymc
    from hotmess.pymc_models.temperature import temperature_model
    from hotmess.simulate import simulate
    from hotmess.temperature.fit import fit_lengths

    table = simulate("both", seed=seed, questions=questions, samples=10).table
    made = fit_lengths(table, seed=seed, draws=draws, warmup=500)
    tree = sample_pymc(temperature_model(table), seed=seed, draws=2 * draws, warmup=1000, target_accept=0.9)
    theta = made.data["posterior"].to_dataset()["theta"]
    theirs = tree["posterior"].to_dataset()
    ours = {str(n): theta.values[:, :, 0, i] for i, n in enumerate(theta["parameter"].values)}
    pymc = {n: theirs[n].values[:, :, 0] for n in ("mu", "log_sigma_target", "log_sigma_wrong")}
    pymc |= {str(n): theirs["effects"].values[:, :, 0, i] for i, n in enumerate(theirs["effect"].values)}
    return ours, pymc, _divergences(tree)


def vectors(*, seed: int, draws: int, questions: int = 25, samples: int = 40) -> Any:
    """Probability vectors of one group: the main options' parameters, location and scatter of the cells, and tau.

    Many samples of each question: with a dozen, PyMC's centred hierarchy has effective sizes of some hundreds.
    """
    from hotmess.answers.prior import PARAMETERS
    from hotmess.answers.vector_fit import fit_probabilities
    from hotmess.pymc_models import pymc_model
    from hotmess.pymc_models.sample import sample_pymc

    rng = np.random.default_rng(seed)
    a = rng.beta(1.2, 0.8, questions)
    p = np.column_stack([a, (1 - a)[:, None] * rng.dirichlet([0.7] * 3, questions)])
    mu, sigma = rng.normal(2.5, 0.8, questions), np.exp(rng.normal(0, 0.3, questions))
    beta = np.exp(rng.normal(size=(questions, 4)))
    cell = np.repeat(np.arange(questions), samples)
    f = np.empty((len(cell), 4))
    for row, i in enumerate(cell):
        k, again = rng.choice(4, 2, p=p[i])
        lead = -1.0
        while lead <= 0:
            lead = rng.normal(mu[i] - (k != again), sigma[i])
        rest = rng.dirichlet(np.delete(beta[i], k))
        top = rest.max() * np.exp(lead) / (1 + rest.max() * np.exp(lead))
        f[row, k], f[row, np.arange(4) != k] = top, (1 - top) * rest
    real = np.ones((questions, 4), bool)
    made = fit_probabilities(f, cell, real, draws=4 * draws, warmup=1000, thin=20, seed=seed, unit=1e-6)
    model = pymc_model("probability-vectors", f, cell=cell, real=real, unit=1e-6)
    names = [*PARAMETERS, "location", "scale", "tau"]
    tree = sample_pymc(model, seed=seed, draws=draws, warmup=1000, target_accept=0.95, names=names)
    out = []
    for given, axis in ((made.parameters, -1), (tree["posterior"].to_dataset(), 2)):
        one = {name: np.asarray(given[name])[..., 0] for name in (*PARAMETERS, "tau")}
        for name in ("location", "scale"):
            each = np.moveaxis(np.asarray(given[name]), axis, 0)[..., 0]
            one |= dict(zip((f"{name} of the lead", f"{name} of log sigma", f"{name} of log beta"), each))
        out.append(one)
    return *out, _divergences(tree)


MODELS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "answers": (answers, {"seed": 1, "draws": 3000}),
    "power-laws": (power, {"seed": 2, "draws": 3000}),
    "temperature": (temperature, {"seed": 3, "draws": 1500}),
    "probability-vectors": (vectors, {"seed": 4, "draws": 3000}),
}


def _divergences(tree: Any) -> int:
    return int(tree["sample_stats"]["diverging"].sum())


def page(results: dict[str, Any]) -> str:
    """The page, in Markdown."""
    lines = [
        "# Two implementations of each model",
        "",
        "`python reports/studies/backends.py`. Distances are in Monte Carlo standard errors, sqrt(MCSE1² + MCSE2²); "
        f"the limit is {LIMIT:.0f}, for the mean, the sd, the 5% and the 95% quantile of group-level quantities, with "
        f"effective sample sizes above {ESS:,} on both sides.",
        "",
        "| model | seed | quantities | comparisons | largest distance | beyond 4 | smallest ESS, ours | smallest ESS, "
        "PyMC | divergences in PyMC | date |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, r in results.items():
        rows = r["rows"]
        lines.append(
            f"| {name} | {r['seed']} | {len({x['quantity'] for x in rows})} | {len(rows)} | "
            f"{max(x['distance'] for x in rows):.2f} | {sum(x['distance'] > LIMIT for x in rows)} | "
            f"{min(x['ess_ours'] for x in rows):,} | {min(x['ess_pymc'] for x in rows):,} | {r['divergences']} | "
            f"{r['date']} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Compare, and write the results after each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=list(MODELS), action="append", help="one model; may be repeated")
    parser.add_argument("--seed", type=int, help="another seed than that of the committed results")
    args = parser.parse_args()
    out = HERE / "backends.json"
    results = json.loads(out.read_text()) if out.exists() else {}
    for name in args.model or MODELS:
        started = time.perf_counter()
        function, options = MODELS[name]
        options = options | ({"seed": args.seed} if args.seed is not None else {})
        ours, pymc, divergences = function(**options)
        rows = compare(ours, pymc)
        results[name] = {
            **options,
            "divergences": divergences,
            "seconds": round(time.perf_counter() - started),
            "date": date.today().isoformat(),
            "rows": rows,
        }
        worst = max(rows, key=lambda r: r["distance"])
        print(
            f"{name}: largest distance {worst['distance']:.2f} ({worst['quantity']}, {worst['statistic']})", flush=True
        )
        print(f"  ESS {min(r['ess_ours'] for r in rows)} and {min(r['ess_pymc'] for r in rows)}", flush=True)
        if args.seed is None:
            kept = {k: results[k] for k in MODELS if k in results}
            out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
            (HERE / "backends.md").write_text(page(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
