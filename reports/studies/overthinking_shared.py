"""The temperature model on data of other people: an earlier fit again, and natural and budgeted effects beside a
model-free estimate.

    python reports/studies/overthinking_shared.py ../shared/data earlier     # resumes: what has run is kept
    python reports/studies/overthinking_shared.py ../shared/data earlier-nuts
    python reports/studies/overthinking_shared.py ../shared/data cot
    python reports/studies/overthinking_shared.py ../shared/data gemma
    python reports/studies/overthinking_shared.py                            # writes the page alone

`earlier`: cot-scaling-qwen2.5, condition cot, arc_challenge and openbookqa together, one model at a time; an earlier
analysis found log temperature per doubling 0.17 ± 0.11 (1.5B), 0.68 ± 0.21 (7B) and 0.51 ± 0.26 (72B). `cot`: all its
models on the three benchmarks that all have. `gemma`: gemma4-trajectory-mmlu-pro, the trace cut at 10, 30 and 100%.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
FOUND, PAGE = HERE / "overthinking_shared.json", HERE / "overthinking_shared.md"
EARLIER = {
    "Qwen2.5-1.5B-Instruct": "0.17 ± 0.11",
    "Qwen2.5-7B-Instruct": "0.68 ± 0.21",
    "Qwen2.5-72B-Instruct-AWQ": "0.51 ± 0.26",
}


def read(shared: Path, name: str, where: str) -> Any:
    """Validated responses."""
    import hotmess as hm

    return hm.read(shared / name, where=where, outcome="answer")


def health(fit: Any) -> dict[str, Any]:
    """Diagnostics of a fit."""
    if fit.engine == "fast":
        return {"pareto_k": fit.data.attrs["pareto_k"], "effective": fit.data.attrs["effective"]}
    values = np.array([v for v in fit.gate.values.values() if np.isfinite(v).all()])
    return {"r_hat": values[:, 0].max(), "ess": values[:, 1:].min(), "divergences": fit.gate.divergences}


def kept() -> dict[str, Any]:
    """What has run."""
    return json.loads(FOUND.read_text()) if FOUND.exists() else {}


def keep(part: str, result: Any) -> None:
    """Write one part's result."""
    FOUND.write_text(json.dumps(kept() | {part: result}, indent=1, default=float) + "\n")


def earlier(shared: Path, engine: str = "fast") -> list[dict[str, Any]]:
    """One model at a time, each kept as it is done."""
    from hotmess.temperature.fit import fit_lengths

    part = "earlier" if engine == "fast" else "earlier-nuts"
    rows = [] if engine == "fast" else list(kept().get(part, []))
    for model in EARLIER:
        if any(row["model"] == model for row in rows):
            continue
        where = f"condition = 'cot' and benchmark in ('arc_challenge', 'openbookqa') and model = '{model}'"
        options = {"draws": 300} if engine == "fast" else {"draws": 900, "warmup": 400, "chains": 4}
        fit = fit_lengths(
            read(shared, "cot-scaling-qwen2.5.parquet", where), engine=engine, seed=1, pool=True, **options
        )
        heat = fit.slopes("natural", population="these")["heat"]
        rows.append({"model": model, "mean": heat.mean(), "sd": heat.std(), "passed": fit.gate.passed, **health(fit)})
        keep(part, rows)
    return rows


def beside(responses: Any, **options: Any) -> dict[str, Any]:
    """Effects by the joint model and without a model."""
    from hotmess.errors import NotTestable
    from hotmess.laws.contrast import halved_cells
    from hotmess.plot.overthinking import overthinking_slopes_table
    from hotmess.temperature.assigned import budget_cells
    from hotmess.temperature.fit import fit_lengths

    fit = fit_lengths(responses, engine="fast", seed=1, pool=True, **options)
    halves = {"natural": halved_cells(responses)}
    with contextlib.suppress(NotTestable):
        halves["budget"] = budget_cells(responses)
    table = overthinking_slopes_table(fit, halves)
    means = {}
    for kind in ("natural", "budget"):
        if kind in fit.lengths.features:
            draws = fit.mean_over_models(fit.slopes(kind)["incoherence"])
            means[kind] = np.quantile(draws, [0.05, 0.5, 0.95]).tolist()
    rows = json.loads(table.to_json(orient="records"))
    return {"rows": rows, "means": means, "passed": fit.gate.passed, "notes": list(fit.notes), **health(fit)}


def cot(shared: Path) -> dict[str, Any]:
    """All models on the benchmarks that all have."""
    where = "condition = 'cot' and benchmark in ('aqua', 'arc_challenge', 'openbookqa')"
    return beside(read(shared, "cot-scaling-qwen2.5.parquet", where), draws=250)


def gemma(shared: Path) -> dict[str, Any]:
    """The trace cut at three places."""
    where = "condition = 'prefix_probe' and budget in (10, 30, 100)"
    return beside(read(shared, "gemma4-trajectory-mmlu-pro.parquet", where), draws=250, points=32)


def write() -> None:
    """The page."""
    found = json.loads(FOUND.read_text())
    lines = [
        "# The temperature model on data of other people",
        "",
        "Made by `python reports/studies/overthinking_shared.py ../shared/data PART` for each part; numbers in",
        f"`{FOUND.name}`.",
    ]
    if "earlier" in found:
        lines += [
            "",
            "## An earlier fit again",
            "",
            "Qwen2.5 on arc_challenge and openbookqa together, one model at a time, observed lengths: change of log",
            "temperature per doubling of reasoning tokens, mean ± sd.",
            "",
            "| model | earlier fit | fast path | Pareto k | effective draws | NUTS | largest R-hat | smallest ESS |",
            "|---|---|---|---|---|---|---|---|",
        ]
        slow = {r["model"]: r for r in found.get("earlier-nuts", [])}
        for r in found["earlier"]:
            s = slow.get(r["model"])
            nuts = f"{s['mean']:.2f} ± {s['sd']:.2f} | {s['r_hat']:.3f} | {s['ess']:.0f}" if s else "– | – | –"
            lines.append(
                f"| {r['model']} | {EARLIER[r['model']]} | {r['mean']:.2f} ± {r['sd']:.2f} | {r['pareto_k']:.2f} "
                f"| {r['effective']:.0f} | {nuts} |"
            )
    titles = {
        "cot": "Qwen2.5, chain of thought, three benchmarks",
        "gemma": "gemma-4-12B on MMLU-Pro, its trace cut at 10, 30 and 100%",
    }
    for part, title in titles.items():
        if part in found:
            lines += ["", f"## {title}", "", *_effects(found[part])]
    PAGE.write_text("\n".join(lines) + "\n")


def _effects(part: dict[str, Any]) -> list[str]:
    said = {"natural": "natural length", "budget": "tokens by budget"}
    lines = [
        "Change of logit incoherence per doubling, 90% intervals for questions like these: the joint model, and the",
        "unbiased estimate without a model (halves by length; smallest against largest budget).",
        "",
        "| model | tokens by | joint model | without a model | intervals overlap |",
        "|---|---|---|---|---|",
    ]
    by = {(r["unit"], r["kind"], r["estimator"]): r for r in part["rows"]}
    for (unit, kind, estimator), r in by.items():
        if estimator != "joint":
            continue
        u = by.get((unit, kind, "unbiased"))
        plain, overlap = "–", "–"
        if u is not None:
            plain = _interval(u)
            overlap = "yes" if r["slope_low"] <= u["slope_high"] and u["slope_low"] <= r["slope_high"] else "no"
        lines.append(f"| {unit} | {said[kind]} | {_interval(r)} | {plain} | {overlap} |")
    means = "; ".join(
        f"{said[kind]} {middle:+.2f} [{low:+.2f}, {high:+.2f}]" for kind, (low, middle, high) in part["means"].items()
    )
    lines += [
        "",
        f"Mean over models: {means}. Pareto k {part['pareto_k']:.2f}, effective draws {part['effective']:.0f}: "
        + ("the fit passes its diagnostics." if part["passed"] else "the fit does not pass its diagnostics."),
        *part["notes"],
    ]
    return lines


def _interval(row: dict[str, Any]) -> str:
    return f"{row['slope']:+.2f} [{row['slope_low']:+.2f}, {row['slope_high']:+.2f}]"


def main() -> None:
    """Run a part, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", nargs="?", type=Path, help="folder of the data")
    parser.add_argument("part", nargs="?", choices=["earlier", "earlier-nuts", "cot", "gemma"])
    args = parser.parse_args()
    parts = {"earlier": earlier, "earlier-nuts": lambda s: earlier(s, "nuts"), "cot": cot, "gemma": gemma}
    if args.part:
        keep(args.part, parts[args.part](args.shared))
    write()


if __name__ == "__main__":
    main()
