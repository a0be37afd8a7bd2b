"""Study: how often are claims on shares of sources, and on reliability with scale, decided in a false direction?

    python reports/studies/source_claims.py --sets 100

Worlds where a claim is false or at its boundary (a share of exactly a tenth; reliability that follows accuracy only),
and where it is true. Beside the claims' modules in `src/hotmess/claims/catalogue` it writes the rates that stand
beside their verdicts, and `source_claims.md` beside itself.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from verdict_worlds import upper_limit  # noqa: E402

from hotmess.claims.rates import place  # noqa: E402
from hotmess.claims.study import Study  # noqa: E402
from hotmess.claims.test import find_claims, test_claims  # noqa: E402
from hotmess.responses.table import Responses  # noqa: E402
from hotmess.responses.validate import validate  # noqa: E402

CATALOGUE = HERE.parents[1] / "src" / "hotmess" / "claims" / "catalogue"
COMMAND = "python reports/studies/source_claims.py --sets {}"
BASE, LEVEL = (stats.norm.ppf((np.arange(n) + 0.5) / n) for n in (400, 400))


def share(spread: float) -> float:
    """The share of levels that move the log odds with this standard deviation, of right and wrong."""
    p = 1 / (1 + np.exp(-BASE[:, None] - spread * LEVEL))
    return float(p.var(axis=1).mean() / (p.mean(axis=1) * (1 - p.mean(axis=1))).mean())


def spread_of(wanted: float) -> float:
    """The standard deviation that gives a share."""
    return float(optimize.brentq(lambda s: share(s) - wanted, 0.0, 4.0)) if wanted > 0 else 0.0


def contexts(wanted: float, shared: bool, *, levels: int = 8, questions: int = 60, samples: int = 3) -> Any:
    """rng -> responses of one model with contexts that have this share."""
    spread = spread_of(wanted)

    def make(rng: np.random.Generator) -> Responses:
        x = rng.normal(size=(questions, 1, 1)) + rng.normal(0, spread, (1 if shared else questions, levels, 1))
        wrong = rng.random((questions, levels, samples)) > 1 / (1 + np.exp(-x))
        q, k, s = (index.ravel() for index in np.indices(wrong.shape))
        frame = pd.DataFrame({"model": "m", "question": q, "context": k if shared else q * levels + k})
        return validate(frame.assign(sample=s, answer=wrong.ravel().astype(int), target=0, n_choices=2))

    return make


def judged(wanted: float, *, stories: int = 5, judges: int = 3, questions: int = 60) -> Any:
    """rng -> stories judged by every judge, of whose variance judging has this share (judges and repeats alike)."""
    judging = 0.02 * wanted / (1 - wanted) if wanted else 0.0

    def make(rng: np.random.Generator) -> Responses:
        story = 0.5 + rng.normal(0, 0.02**0.5, (questions, stories, 1))
        x = story + rng.normal(0, (0.25 * judging) ** 0.5, (1, 1, judges))
        x = x + rng.normal(0, (0.75 * judging) ** 0.5, (questions, stories, judges))
        q, r, j = (index.ravel() for index in np.indices(x.shape))
        frame = pd.DataFrame({"model": "m", "question": q, "judged_response": r, "judge": j, "sample": r * judges + j})
        frame["score"] = np.clip(x.ravel() / 4 + 0.375, 0, 1)  # far from both ends, so that nothing is cut
        return validate(frame)

    return make


def sizes(
    rho: np.ndarray, accuracy: np.ndarray, *, residual: float = 0.0, questions: int = 100, samples: int = 5
) -> Any:
    """rng -> models of 1 to 2^(k − 1) billion parameters with these correlations and accuracies."""

    def make(rng: np.random.Generator) -> Responses:
        rows = []
        ease = rng.normal(size=questions)
        for i, (r, a) in enumerate(zip(rho, accuracy)):
            r = float(np.clip(r + rng.normal(0, residual), 0.03, 0.97))
            u = stats.norm.cdf(0.7 * ease + 0.51**0.5 * rng.normal(size=questions))
            p = stats.beta.ppf(u, (1 / r - 1) * a, (1 / r - 1) * (1 - a))
            wrong = rng.random((questions, samples)) > p[:, None]
            q, s = (index.ravel() for index in np.indices(wrong.shape))
            frame = pd.DataFrame({"model": f"m{i}", "model_size_b": 2.0**i, "question": q, "sample": s})
            rows.append(frame.assign(answer=wrong.ravel().astype(int)))
        return validate(pd.concat(rows, ignore_index=True).assign(family="f", target=0, n_choices=2))

    return make


@dataclass(frozen=True)
class World:
    """A claim in a world: whether it is true there, and its quantity."""

    claim: str
    name: str
    true: bool
    truth: float
    make: Callable[[np.random.Generator], Responses]


SIX, RISING = np.ones(6), np.linspace(0.3, 0.8, 6)
CONTEXT, JUDGE, SCALE = "context-share-of-variance", "judge-share-of-variance", "reliability-rises-with-scale"
WORLDS = (
    World(CONTEXT, "a share of a tenth, contexts of one question", False, 0.1, contexts(0.1, False)),
    World(CONTEXT, "a share of a tenth, contexts shared", False, 0.1, contexts(0.1, True)),
    World(CONTEXT, "a share of a tenth, 4 contexts shared", False, 0.1, contexts(0.1, True, levels=4, samples=6)),
    World(CONTEXT, "no share, contexts shared", True, 0.0, contexts(0.0, True)),
    World(CONTEXT, "a share of 0.03, contexts of one question", True, 0.03, contexts(0.03, False)),
    World(JUDGE, "a share of a tenth", False, 0.1, judged(0.1)),
    World(JUDGE, "a share of a tenth, 20 questions", False, 0.1, judged(0.1, questions=20)),
    World(JUDGE, "a share of 0.03", True, 0.03, judged(0.03)),
    World(SCALE, "reliability the same, accuracy rises", False, 0.0, sizes(0.4 * SIX, RISING)),
    World(SCALE, "models scatter by 0.05, accuracy rises", False, 0.0, sizes(0.4 * SIX, RISING, residual=0.05)),
    World(SCALE, "models scatter by 0.1", False, 0.0, sizes(0.5 * SIX, 0.6 * SIX, residual=0.1)),
    World(SCALE, "rises by 0.06 per doubling", True, 0.06, sizes(0.3 + 0.06 * np.arange(6), RISING)),
)


def run(world: World, sets: int) -> dict[str, Any]:
    """How often the claim is supported and contradicted."""
    claims = [replace(claim, control=None) for claim in find_claims([world.claim])]  # it takes long and moves no rate
    verdicts = []
    for seed in range(sets):
        study = Study(world.make(np.random.default_rng([seed, WORLDS.index(world)])), seed=seed, draws=250)
        verdicts.append(test_claims(study, claims, sensitivity=False)[0].verdict)
    return {"supported": verdicts.count("supported"), "contradicted": verdicts.count("contradicted"), "sets": sets}


def packaged(claim: str, rows: list[tuple[World, dict[str, Any]]], command: str, date: str) -> dict[str, Any]:
    """The rates that stand beside a claim's verdict."""
    null = [(w, r) for w, r in rows if w.claim == claim and not w.true]
    worst, rates = max(null, key=lambda one: one[1]["supported"])
    total, sets = (sum(r[name] for _, r in null) for name in ("supported", "sets"))
    return {
        "false_worlds": len(null),
        "data_sets": sets,
        "supported": total,
        "fewest": min(r["sets"] for _, r in null),
        "upper_limit": upper_limit(total, sets),
        "not_testable": 0,
        "worst_world": worst.name,
        "worst_rate": rates["supported"] / rates["sets"],
        "worst_upper_limit": max(upper_limit(r["supported"], r["sets"]) for _, r in null),
        "published_supported": None,
        "power": [[w.name, w.truth, r["supported"], r["sets"]] for w, r in rows if w.claim == claim and w.true],
        "command": command,
        "date": date,
        "by": "",
    }


def main() -> None:
    """Run the worlds; write the table and the rates beside the claims."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=100, help="data sets in each world")
    args = parser.parse_args()
    command, date = COMMAND.format(args.sets), datetime.date.today().isoformat()
    rows = []
    for world in WORLDS:
        rows.append((world, run(world, args.sets)))
        print(world.claim, world.name, rows[-1][1], flush=True)
    for claim in dict.fromkeys(world.claim for world in WORLDS):
        to = place(CATALOGUE / f"{claim.replace('-', '_')}.py")
        to.write_text(json.dumps(packaged(claim, rows, command, date), indent=1) + "\n")
    lines = [f"# Claims on sources and on reliability with scale\n\n`{command}`, {date}.\n"]
    lines.append(
        "| claim | world | truth | true | supported | contradicted | data sets |\n|---|---|---:|---|---:|---:|---:|"
    )
    for w, r in rows:
        said = "yes" if w.true else "no"
        cells = (w.claim, w.name, w.truth, said, r["supported"], r["contradicted"], r["sets"])
        lines.append(f"| {' | '.join(map(str, cells))} |")
    (HERE / "source_claims.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
