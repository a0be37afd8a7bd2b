"""Study: what can a survey of 60 entities by 5 and 6 raters establish about the correlation of two attributes?

    python reports/studies/survey.py              # many simulated surveys without a model, then some by the rank model
    python reports/studies/survey.py --fits 0     # without the rank model

Surveys of the published design are simulated (`hotmess.rankings.simulate_rankings`), with raters who discriminate well
(β = 2: their mean ranks have a reliability of about 0.9) or poorly (β = 1), and with a misjudgement of each entity
that all raters share. For each: the raw correlation of mean ranks, the one corrected for the raters' noise, and its 90%
interval (jackknife over entities). Fits of the rank model are kept in `survey.json` and not made twice.

Writes `survey.json` and `survey.md` beside itself.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
CELLS = [
    *({"rho": rho, "beta": 2.0, "raters": [5, 6], "shared": 0.0} for rho in (0.0, 0.3, 0.5, 0.65, 0.8)),
    {"rho": 0.65, "beta": 1.0, "raters": [5, 6], "shared": 0.0},
    {"rho": 0.65, "beta": 1.0, "raters": [3, 3], "shared": 0.0},
    {"rho": 0.0, "beta": 2.0, "raters": [5, 6], "shared": 0.5},
    {"rho": 0.0, "beta": 2.0, "raters": [5, 6], "shared": 1.0},
    {"rho": 0.0, "beta": 2.0, "raters": [5, 6], "shared": 1.36},
]
FITTED = (0.0, 0.65, 0.9)
Z = 1.6448536269514722


def surveys(cell: dict[str, Any], *, count: int, seed: int) -> dict[str, Any]:
    """Averages over simulated surveys of one kind."""
    from hotmess.rankings import mean_rank_correlation, simulate_rankings

    rows = []
    for i in range(count):
        settings = cell | {"raters": tuple(cell["raters"])}
        made = mean_rank_correlation(simulate_rankings(**settings, seed=seed + i))
        rows.append([made.raw, np.mean(made.reliability), made.corrected, made.error])
    raw, reliability, corrected, error = np.array(rows).T
    agreed = (cell["rho"] + cell["shared"] ** 2) / (1 + cell["shared"] ** 2)
    low, high = corrected - Z * error, corrected + Z * error
    return {
        "agreed": agreed,
        "raw": float(raw.mean()),
        "reliability": float(reliability.mean()),
        "corrected": float(np.nanmedian(corrected)),
        "spread": float(np.nanstd(corrected, ddof=1)),
        "half_width": float(Z * np.nanmedian(error)),
        "coverage": float(((low < agreed) & (agreed < high)).mean()),
        "above_zero": float((low > 0).mean()),
        "above_half": float((low > 0.5).mean()),
        "surveys": count,
    }


def one_fit(rho: float, seed: int, *, draws: int = 1000) -> dict[str, Any]:
    """The rank model on one simulated survey, beside the estimate without a model."""
    from hotmess.rankings import fit_rankings, mean_rank_correlation, simulate_rankings

    data = simulate_rankings(rho, seed=seed)
    fit = fit_rankings(data, seed=seed, draws=draws, warmup=500)
    quick = mean_rank_correlation(data)
    record: dict[str, Any] = {"rho": rho, "seed": seed, "corrected": quick.corrected, "error": quick.error}
    for population in ("like-these", "these"):
        low, middle, high = np.quantile(fit.correlation(population), [0.05, 0.5, 0.95])
        record[population] = [float(low), float(middle), float(high)]
    return record | {"passed": fit.gate.passed, "reasons": list(fit.gate.reasons[:3])}


def markdown(result: dict[str, Any]) -> str:
    lines = [
        "# What a survey with few raters can establish",
        "",
        f"`{result['command']}`, {result['date']}. Simulated surveys of 60 entities. *Agreed*: the correlation of what "
        "raters agree on, which is all that ranks can show; it is not the true ρ where raters share a misjudgement. "
        "*Corrected*: raw correlation of mean ranks over the root of the reliabilities: medians, in brackets the "
        "standard deviation over surveys. Coverage is that of its 90% interval; where it is undefined it covers "
        "nothing.",
        "",
        "| true ρ | raters | β | shared misjudgement | agreed | raw | reliability | corrected (spread) | half width | "
        "coverage | lower end above 0 | above 0.5 |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in result["rows"]:
        cell, s = row["cell"], row["summary"]
        lines.append(
            f"| {cell['rho']:g} | {cell['raters'][0]} and {cell['raters'][1]} | {cell['beta']:g} | {cell['shared']:g} "
            f"| {s['agreed']:.2f} | {s['raw']:.2f} | {s['reliability']:.2f} | {s['corrected']:.2f} ({s['spread']:.2f}) "
            f"| {s['half_width']:.2f} | {s['coverage']:.0%} | {s['above_zero']:.0%} | {s['above_half']:.0%} |"
        )
    first = result["rows"][0]["summary"]["surveys"]
    by = {(r["cell"]["rho"], r["cell"]["shared"], r["cell"]["beta"]): r["summary"] for r in result["rows"]}
    strong, none, halo = by[0.65, 0.0, 2.0], by[0.0, 0.0, 2.0], by[0.0, 1.36, 2.0]
    lines += [
        "",
        f"{first} surveys per row. A correlation of 0.65 with these raters and entities:",
        "",
        f"* establishes that it is not 0: the interval's lower end is above 0 in {strong['above_zero']:.0%} of "
        f"surveys, and in {none['above_zero']:.0%} where the correlation is 0;",
        f"* does not establish how strong it is: the 90% interval is ±{strong['half_width']:.2f}, and its lower end "
        f"is above 0.5 in {strong['above_half']:.0%} of surveys;",
        "* does not establish that the entities have it: raters who share a misjudgement of each entity (as large as "
        f"1.36 standard deviations) agree on a correlation of {halo['agreed']:.2f} where there is none, and "
        f"the interval excludes 0 in {halo['above_zero']:.0%} of surveys. Ranks cannot show this; other kinds of "
        "raters, or a measure of the attributes, could.",
    ]
    fits = result["fits"]
    if fits:
        inside = {p: sum(f[p][0] < f["rho"] < f[p][2] for f in fits) for p in ("like-these",)}
        away = np.array([f["like-these"][1] - f["corrected"] for f in fits])
        width = np.mean([(f["like-these"][2] - f["like-these"][0]) / 2 for f in fits])
        lines += [
            "",
            f"**The rank model** on {len(fits)} surveys (ρ of {', '.join(f'{r:g}' for r in FITTED)}; 5 and 6 raters, "
            f"β = 2): its 90% interval for entities like these holds ρ in {inside['like-these']}, half width "
            f"{width:.2f} on average; its median differs from the corrected correlation by {np.abs(away).mean():.3f} "
            f"on average (at most {np.abs(away).max():.3f}); {sum(f['passed'] for f in fits)} pass the diagnostics.",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--surveys", type=int, default=400, help="per row, without a model")
    parser.add_argument("--fits", type=int, default=4, help="fits of the rank model for each correlation")
    args = parser.parse_args()
    path = HERE / "survey.json"
    old = json.loads(path.read_text()) if path.exists() else {"rows": [], "fits": []}
    known = {json.dumps(r["cell"]): r for r in old["rows"] if r["summary"]["surveys"] == args.surveys}
    result = {"command": "python reports/studies/survey.py", "date": datetime.date.today().isoformat(), "rows": []}
    for c, cell in enumerate(CELLS):
        row = known.get(json.dumps(cell))
        if row is None:
            row = {"cell": cell, "summary": surveys(cell, count=args.surveys, seed=10_000 * c)}
            print(row, flush=True)
        result["rows"].append(row)
    result["fits"] = old["fits"]
    write(result)
    made = {(f["rho"], f["seed"]) for f in old["fits"]}
    for seed in range(args.fits):
        for rho in FITTED:
            if (rho, seed) not in made:
                result["fits"].append(one_fit(rho, seed))
                print(result["fits"][-1], flush=True)
                write(result)


def write(result: dict[str, Any]) -> None:
    (HERE / "survey.json").write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    (HERE / "survey.md").write_text(markdown(result))


if __name__ == "__main__":
    main()
