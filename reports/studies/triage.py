"""Study: is a question's posterior probability of a failure signature how often it has it?

    python reports/studies/triage.py

Data sets of 100 questions with known answer distributions are drawn from worlds that the latent model describes (Beta
accuracies) and worlds that it does not (logit-normal, a mixture of settled and unsettled questions). The posterior
probability of each signature (`hotmess.answers.signatures`) is compared with the share of questions that have it, in
bins of probability; the most probable signature with the true one, beside the signature of the plug-in terms.

Writes `triage.json` and `triage.md` beside itself.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
from arrays import latent_parameters

HERE = Path(__file__).resolve().parent
EDGES = np.array([0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0])
WORLDS = {
    "Beta, one favourite wrong answer": {"spread": 0.5, "phi": 0.5},
    "Beta, scattered wrong answers": {"spread": 0.3, "phi": 5.0},
    "logit-normal": {"kind": "logit-normal", "spread": 0.5, "phi": 1.0},
    "mixture": {"kind": "mixture", "spread": 0.5, "phi": 1.0},
}
SAMPLES = (5, 10, 30)
QUESTIONS, OPTIONS, ACCURACY = 100, 4, 0.55


def one_world(settings: dict[str, Any], *, samples: int, sets: int, draws: int, seed: int) -> dict[str, np.ndarray]:
    """True signatures (sets · questions,), their posterior probabilities (…, 4), and those of the plug-in terms."""
    from hotmess.answers.conjugate import LetterCells, term_draws
    from hotmess.answers.signatures import SIGNATURES, signatures
    from hotmess.simulate.answers import Answers, distributions

    rng = np.random.default_rng(seed)
    world = Answers(questions=QUESTIONS, samples=samples, options=OPTIONS, accuracy=ACCURACY, **settings)
    p = np.concatenate([distributions(world, QUESTIONS, rng) for _ in range(sets)])  # (sets, questions, options)
    counts = rng.multinomial(samples, p)
    flat = counts.reshape(-1, OPTIONS)
    parameters = latent_parameters(counts, draws=draws, seed=seed + 1)
    cells = LetterCells(flat[:, 0], flat[:, 1:], np.zeros(len(flat), int), np.full(len(flat), OPTIONS))
    terms = term_draws(cells, np.repeat(np.arange(sets), QUESTIONS), parameters, seed=seed + 2)["brier"]
    kind = signatures(terms.bias2, terms.variance)
    share = flat / samples
    return {
        "true": signatures(*_terms(p.reshape(-1, OPTIONS))),
        "posterior": np.stack([(kind == i).mean(0) for i in range(len(SIGNATURES))], axis=1),
        "plug_in": signatures(*_terms(share)),
    }


def _terms(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    variance = 1 - (p**2).sum(-1)
    return 2 * (1 - p[:, 0]) - variance, variance


def reliability(probability: np.ndarray, true: np.ndarray) -> list[dict[str, float]]:
    """Per bin of probability: how many questions, their mean probability, the share that have it, its error.

    >>> rows = reliability(np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, False, True, True]))
    >>> [(r["questions"], r["probability"], r["share"]) for r in rows]
    [(2, 0.1, 0.0), (2, 0.9, 1.0)]
    """
    at = np.clip(np.searchsorted(EDGES, probability, side="right") - 1, 0, len(EDGES) - 2)
    out = []
    for b in range(len(EDGES) - 1):
        rows = at == b
        if n := int(rows.sum()):
            mean, share = float(probability[rows].mean()), float(true[rows].mean())
            out.append(
                {
                    "low": float(EDGES[b]),
                    "questions": n,
                    "probability": mean,
                    "share": share,
                    "error": float(np.sqrt(max(mean * (1 - mean), 1e-12) / n)),
                }
            )
    return out


def summarise(world: dict[str, np.ndarray]) -> dict[str, Any]:
    """Reliability of each signature, calibration error over all of them, and how often the likeliest is right."""
    from hotmess.answers.signatures import SIGNATURES

    true, posterior = world["true"], world["posterior"]
    tables = {name: reliability(posterior[:, i], true == i) for i, name in enumerate(SIGNATURES)}
    every = [row for rows in tables.values() for row in rows]
    total = sum(row["questions"] for row in every)
    gap = sum(row["questions"] * abs(row["share"] - row["probability"]) for row in every) / total
    noise = sum(row["questions"] * row["error"] * np.sqrt(2 / np.pi) for row in every) / total
    sure = posterior.max(1) > 0.9
    hit = posterior.argmax(1) == true
    return {
        "reliability": tables,
        "calibration_error": float(gap),
        "calibration_error_of_perfect": float(noise),
        "right": float(hit.mean()),
        "right_plug_in": float((world["plug_in"] == true).mean()),
        "sure": float(sure.mean()),
        "right_where_sure": float(hit[sure].mean()) if sure.any() else None,
        "questions": len(true),
    }


def markdown(result: dict[str, Any]) -> str:
    lines = [
        "# Triage: are the probabilities of failure signatures honest?",
        "",
        f"`{result['command']}`, {result['date']}. {result['sets']} data sets of {QUESTIONS} questions with {OPTIONS} "
        f"options for each row, mean accuracy {ACCURACY}. *Calibration error*: mean distance between probability and "
        "the share of questions with the signature, over bins; in brackets what perfect calibration would show by "
        "chance alone. *Right*: the most probable signature is the true one; beside it that of the plug-in terms. "
        "*Sure*: share of questions with a probability above 0.9, and how often that is right.",
        "",
        "| world | responses | calibration error | right | plug-in right | sure | right where sure |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in result["rows"]:
        s = row["summary"]
        lines.append(
            f"| {row['world']} | {row['samples']} | {s['calibration_error']:.3f} "
            f"({s['calibration_error_of_perfect']:.3f}) | {s['right']:.1%} | {s['right_plug_in']:.1%} "
            f"| {s['sure']:.1%} | {s['right_where_sure']:.1%} |"
        )
    lines += [
        "",
        "With 10 responses, probability against share (questions) per bin:",
        "",
        "| world | signature | " + " | ".join(f"from {e:g}" for e in EDGES[:-1]) + " |",
        "|---|---|" + "---|" * (len(EDGES) - 1),
    ]
    for row in (r for r in result["rows"] if r["samples"] == 10):
        for name, rows in row["summary"]["reliability"].items():
            by = {r["low"]: f"{r['probability']:.2f}: {r['share']:.2f} ({r['questions']})" for r in rows}
            lines.append(f"| {row['world']} | {name} | " + " | ".join(by.get(float(e), "") for e in EDGES[:-1]) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=60, help="data sets per world and number of responses")
    parser.add_argument("--draws", type=int, default=400)
    args = parser.parse_args()
    rows = []
    for w, (name, settings) in enumerate(WORLDS.items()):
        for samples in SAMPLES:
            made = one_world(settings, samples=samples, sets=args.sets, draws=args.draws, seed=1000 * w + samples)
            rows.append({"world": name, "samples": samples, "summary": summarise(made)})
            print(name, samples, {k: v for k, v in rows[-1]["summary"].items() if k != "reliability"}, flush=True)
    result = {
        "command": "python reports/studies/triage.py",
        "date": datetime.date.today().isoformat(),
        "sets": args.sets,
        "rows": rows,
    }
    (HERE / "triage.json").write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    (HERE / "triage.md").write_text(markdown(result))


if __name__ == "__main__":
    main()
