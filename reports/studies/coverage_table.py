"""The coverage study's page: tables, and which targets are met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

QUANTITIES = ("bias2", "variance", "incoherence")
WORLDS = {
    "even": "accuracy 0.5, κ 1, φ 2",
    "settled": "accuracy 0.8, κ 0.5, φ 1: most questions always right or always wrong, one favourite wrong answer",
    "scattered": "accuracy 0.35, κ 4, φ 6: questions alike, wrong answers scattered",
    "logit-normal": "accuracies logit-normal, sd 2",
    "mixture": "half of the questions settled at 0.01 or 0.99, the rest Beta",
    "correlated models": "two models that find the same questions hard (0.7); the difference of their quantities",
    "contexts": "ten few-shot contexts of three responses around each question's distribution (concentration 4)",
}
PARTS = {
    "prior": ("Worlds drawn from the prior", "these", (0.88, 0.92)),
    "fixed": ("Fixed worlds, questions drawn anew", "like-these", (0.86, 0.94)),
    "misspecified": ("Worlds that are not the answer model's", "like-these", (0.80, 1.0)),
}


def markdown(about: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """The page."""
    lines = [
        "# Coverage of 90% intervals, and errors of estimates",
        "",
        f"`{about['command']}`, {about['date']}, seed {about['seed']}. Latent intervals from {about['draws']} draws of "
        "the exact grid posterior; unbiased ones by Bayesian bootstrap (questions like these) or jackknife (these).",
        "",
        "Monte Carlo standard error of a coverage of 90%: 0.9% with 1,000 data sets, 1.5% with 400, 1.7% with 300 and "
        "2.1% with 200. Data sets where a quantity is undefined (no wrong response at all) are left out of its column. "
        "A coverage in bold is outside the range aimed at by more than two Monte Carlo standard errors, one in italics "
        "by less.",
    ]
    for part, (title, population, target) in PARTS.items():
        chosen = [r for r in rows if r["setting"]["part"] == part]
        if not chosen:
            continue
        names = [n for n in dict.fromkeys(r["setting"]["name"] for r in chosen) if n in WORLDS]
        lines += ["", f"## {title}", ""] + [f"* {n}: {WORLDS[n]}" for n in names] + [""] * bool(names)
        aim = f"{target[0]:.0%} to {target[1]:.0%}" if target[1] < 1 else f"at least {target[0]:.0%}"
        few = "; below 50 questions published only" if part == "fixed" else ""
        lines += [f"Aim, for *{population}*: {aim}{few}. Bias², variance, incoherence in this order, in per cent.", ""]
        lines += _coverage(chosen, population, target)
        lines += ["", f"**{_verdict(chosen, population, target)}**"]
        if part == "prior":
            lines += ["", "The jackknife of the unbiased terms is conservative with few samples per question."]
        if any(r["setting"]["contexts"] for r in chosen):
            lines += [
                "",
                "The answer model takes responses that share a few-shot context for independent: with contexts its "
                "intervals for these questions are too narrow, while scatter between questions hides that for "
                "questions like these. The unbiased terms by context are right for both.",
            ]
    lines += _errors([r for r in rows if r["setting"]["part"] == "error"])
    return "\n".join(lines) + "\n"


def _coverage(rows: Sequence[dict[str, Any]], population: str, target: tuple[float, float]) -> list[str]:
    order = (population, "like-these" if population == "these" else "these")
    columns = [f"{e}, {p}" for p in order for e in ("latent", "unbiased")]
    lines = ["| world | questions | samples | data sets | " + " | ".join(columns) + " |"]
    lines.append("|---|" + "---:|" * (3 + len(columns)))
    for r in rows:
        s = r["setting"]
        judged = _judged(s)
        cells = []
        for column in columns:
            aim = target if column.endswith(f", {population}") and judged else None
            result = r["results"][column]
            cells.append(" ".join(_mark(result["coverage"][q], result["sets"][q], aim) for q in QUANTITIES))
        lines.append(f"| {s['name']} | {s['questions']} | {s['samples']} | {s['sets']} | " + " | ".join(cells) + " |")
    return lines


def _judged(setting: dict[str, Any]) -> bool:
    return setting["questions"] >= 50 or setting["part"] != "fixed"


def outside(rate: float, sets: float, target: tuple[float, float]) -> int:
    """0 inside the range; 1 outside by at most two Monte Carlo standard errors (taken at its edge); 2 by more.

    >>> outside(0.9, 1000, (0.88, 0.92)), outside(0.87, 1000, (0.88, 0.92)), outside(0.8, 1000, (0.88, 0.92))
    (0, 1, 2)
    """
    edge = min(max(rate, target[0]), target[1])
    if edge == rate:
        return 0
    return 1 + (abs(rate - edge) > 2 * (edge * (1 - edge) / max(sets, 1)) ** 0.5)


def _mark(rate: float, sets: float, target: tuple[float, float] | None) -> str:
    text = f"{100 * rate:.1f}"
    sign = "" if target is None else ("", "*", "**")[outside(rate, sets, target)]
    return f"{sign}{text}{sign}"


def _verdict(rows: Sequence[dict[str, Any]], population: str, target: tuple[float, float]) -> str:
    out = []
    for estimator in ("latent", "unbiased"):
        judged = [r for r in rows if _judged(r["setting"])]
        results = [r["results"][f"{estimator}, {population}"] for r in judged]
        places = [outside(x["coverage"][q], x["sets"][q], target) for x in results for q in QUANTITIES]
        rates = [x["coverage"][q] for x in results for q in QUANTITIES]
        out.append(
            f"{estimator.capitalize()}: {places.count(0)} of {len(places)} inside, {places.count(1)} outside within "
            f"Monte Carlo error, {places.count(2)} beyond it; from {min(rates):.1%} to {max(rates):.1%}."
        )
    return " ".join(out)


def _errors(rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    names = list(rows[0]["results"])
    lines = [
        "",
        "## Errors of estimated incoherence",
        "",
        f"{rows[0]['setting']['questions']:,} questions, κ 1 and φ 2 (or logit-normal accuracies of sd 2), for *these* "
        "questions. The number after each name is the samples per question. Root mean square error, and in brackets "
        "the mean error, both × 1,000.",
        "",
        "| world | data sets | " + " | ".join(names) + " |",
        "|---|" + "---:|" * (len(names) + 1),
    ]
    for r in rows:
        cells = [
            f"{1000 * r['results'][n]['rmse']['incoherence']:.2f} "
            f"({1000 * r['results'][n]['mean_error']['incoherence']:+.2f})"
            for n in names
        ]
        lines.append(f"| {r['setting']['name']} | {r['setting']['sets']} | " + " | ".join(cells) + " |")
    beta = [r for r in rows if r["setting"]["kind"] == "beta" and r["setting"]["accuracy"] <= 0.7]
    better = [
        r["results"]["latent, 3"]["rmse"]["incoherence"] < r["results"]["plug-in, 30"]["rmse"]["incoherence"]
        for r in beta
    ]
    lines += [
        "",
        f"**At accuracy 0.4 to 0.7 the latent estimate from 3 samples is nearer than the plug-in estimate from 30 in "
        f"{sum(better)} of {len(better)} worlds.**",
    ]
    return lines
