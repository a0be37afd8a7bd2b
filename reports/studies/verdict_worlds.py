"""Simulated data sets with known truth, fitted once for all claims: what null_worlds.py and power.py share.

A `Kind` is a world with the size of its data sets and the claims that it can say something about. Every data set is
tested by the route of `hotmess test` with all its guards, and by the published procedures; what stands beside a verdict
and decides nothing (odds, plans) is left out, and where the probability of every claim lies between the thresholds the
guards are not asked, as none of them raises a verdict. Finished data sets are lines of `verdict_worlds.jsonl`, so that
a study goes on where it was stopped; a line carries the number of the rules that verdicts rested on when it was made,
and lines of other rules are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
STORE = HERE / "verdict_worlds.jsonl"
DRAWS, FULL = 500, 1000
"""Draws per chain: those of the studies (the default of `hotmess.Study`), and of the command line."""
RULES = 2
"""To be raised with whatever verdicts rest on: 1 were weighted draws, 2 is the posterior bootstrap with its guard."""
BOUNDARY, ELSEWHERE = 200, 60
"""Data sets of a world that lies on the boundary of one of its claims, and of others."""
NATURAL = ("natural-overthinking",)
BETWEEN = ("incoherence-rises-with-length", "length-saturates")
SIZED = ("length-predicts-more-than-size", "incoherence-rises-with-length")
SCALE = (
    "hard-incoherence-rises-with-scale",
    "easy-incoherence-falls-with-scale",
    "bias-falls-faster-than-variance",
    "variance-exponent-falls-with-difficulty",
    "bias-exponent-constant-across-difficulty",
)
LETTER = {"supported": "s", "contradicted": "c", "negligible": "p", "inconclusive": "i", "not testable": "n"}


@dataclass(frozen=True)
class Kind:
    """A row of the studies: `world` with `changes`, the `claims` tested there; `null` or a power study's effect."""

    name: str
    world: str
    claims: tuple[str, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    draws: int = DRAWS
    effect: str = ""


def _natural(name: str, world: str, effect: str = "", **changes: Any) -> Kind:
    return Kind(name, world, NATURAL, {"questions": 100, "samples": 20, "budgets": 1, **changes}, effect=effect)


def _between(name: str, world: str, effect: str = "", claims: tuple[str, ...] = BETWEEN, **changes: Any) -> Kind:
    return Kind(name, world, claims, {"questions": 200, "samples": 15, **changes}, effect=effect)


def _scale(name: str, world: str, effect: str = "", **changes: Any) -> Kind:
    return Kind(name, world, SCALE, {"questions": 120, **changes}, effect=effect)


def _sized(name: str, world: str, effect: str = "", **changes: Any) -> Kind:
    return Kind(name, world, SIZED, {"questions": 100, **changes}, effect=effect)


FLAT = (0.3, 0.3, 0.3)
KINDS: tuple[Kind, ...] = (
    _natural("no effect", "neither"),
    _natural("longer responses are colder", "mirror"),
    _natural("longer responses are hotter", "natural-only"),
    _natural("length lowers accuracy only", "accuracy-only"),
    _natural("hard questions take longer", "difficulty-drives-both"),
    _natural("wrong runs merely longer", "wrong-longer"),
    _natural("wrong runs merely shorter", "wrong-shorter"),
    _natural("wrong runs longer, more spread", "wrong-longer-unequal"),
    _natural("wrong runs shorter, less spread", "wrong-shorter-unequal"),
    _natural("wrong options have their own lengths", "option-lengths"),
    _between("no law", "no-law"),
    _between("no law, three noisy runs", "no-law", samples=3, noise=1.2),
    _between("negative law", "negative-law"),
    _between("power law 0.5", "noisy-length"),
    _between("power law 0.5, three noisy runs", "noisy-length", samples=3, noise=1.2),
    _between("odds law 0.5", "odds-law"),
    _between("plateau", "plateau-law"),
    Kind("regression to the mean", "regression-to-mean", (*NATURAL, BETWEEN[0]), {"questions": 120, "samples": 14}),
    _scale("hard rises, easy falls", "scale"),
    _scale("size has no effect", "scale-none"),
    _scale("bias² and variance fall alike", "scale-boundary"),
    _scale("hard falls, easy rises", "scale-mirror"),
    _scale("size raises accuracy only", "scale-accuracy-only"),
    _scale("models scatter, no effect", "scale-none", residual=0.2),
    _scale("bias exponents at the edge", "scale", alpha_bias=(0.25, 0.3, 0.35), alpha_variance=FLAT),
    _scale("bias exponents at the other edge", "scale", alpha_bias=(0.35, 0.3, 0.25), alpha_variance=FLAT),
    _scale("bias exponents 0.3 apart", "scale", alpha_bias=(0.15, 0.3, 0.45), alpha_variance=FLAT),
    _sized("length, not size", "length-not-size"),
    _sized("size, not length", "size-not-length"),
    _sized("length and size alike", "length-and-size"),
    _sized("neither length nor size", "neither-length-nor-size"),
    _sized("size more than length", "length-and-size", length_slope=0.3),
)
"""The null worlds, and worlds where some of the claims are true."""

POWER: tuple[Kind, ...] = (
    *(_natural(f"heat {h}", "natural-only", f"log temperature {h} per doubling", heat_nat=h) for h in (0.1, 0.2, 0.5)),
    *(_between(f"odds slope {b}", "odds-law", f"slope {b} per doubling", BETWEEN[:1], slope=b) for b in (0.1, 0.25)),
    _between("gentle plateau", "plateau-law", "slope 0.5 up to the knee", BETWEEN[1:], slope=0.5),
    _scale("exponents 0.1 apart", "scale", "0.1 apart", alpha_bias=FLAT, alpha_variance=(0.4, 0.3, 0.2)),
    _scale("exponents 0.25 apart", "scale", "0.25 apart", alpha_bias=FLAT, alpha_variance=(0.55, 0.3, 0.05)),
    _sized("length twice size", "length-and-size", "standardised slopes 0.5 and 0.25", size_slope=0.25),
)
"""Worlds where a claim is true at further effect sizes."""


def truths(kind: Kind) -> dict[str, float]:
    """The claims' estimands in the world, for questions (and models) like these; true where the claim holds there.

    length-saturates has no number: 1 where the law has a plateau, -1 where not. NaN: undefined, and the claim false.
    """
    from hotmess.simulate import simulate

    found = simulate(kind.world, seed=0, **kind.changes).truth
    out: dict[str, float] = {}
    if kind.world == "regression-to-mean":
        return dict.fromkeys(kind.claims, 0.0)
    if kind.claims == NATURAL:
        out[NATURAL[0]] = 0.0 if abs(found["contrast"]) < 1e-9 else float(found["contrast"])
    elif kind.claims[0] in BETWEEN:
        out = {BETWEEN[0]: float(found["slope"]), BETWEEN[1]: 1.0 if kind.world == "plateau-law" else -1.0}
    elif kind.claims == SIZED:
        out = {SIZED[0]: found["explained_difference"], SIZED[1]: found["length_slope"]}
    elif kind.claims == SCALE:
        out = dict(zip(SCALE, _scale_truths(kind)))
    return {claim: out[claim] for claim in kind.claims}


def _scale_truths(kind: Kind) -> list[float]:
    from hotmess.simulate.scale import laws
    from hotmess.simulate.worlds import WORLDS

    world = replace(WORLDS[kind.world].parameters, **kind.changes)
    x = np.log(world.sizes) - np.mean(np.log(world.sizes))
    bias, variance = laws(world, np.zeros((2, len(x))))
    alpha_b, alpha_v = (-(x @ np.log(v)) / (x @ x) for v in (bias, variance))
    slope = alpha_b - alpha_v
    values = [slope[2], -slope[0], slope.mean(), alpha_v[0] - alpha_v[2], alpha_b[2] - alpha_b[0]]
    return [round(float(v), 6) + 0.0 for v in values]


def is_true(claim: str, truth: float) -> bool:
    """Whether the claim holds where its estimand is `truth`; the boundary and what is undefined are false."""
    from hotmess.claims.catalogue import CATALOGUE

    region = CATALOGUE[claim].region
    if not np.isfinite(truth):
        return False
    return bool(truth > 0) if region is None else bool(region[0] + 1e-9 < truth < region[1] - 1e-9)


def planned(kind: Kind) -> int:
    """How many data sets of a world are wanted: the most where the truth of a claim lies on its boundary."""
    from hotmess.claims.catalogue import CATALOGUE

    for claim, truth in () if kind.effect else truths(kind).items():
        edges = CATALOGUE[claim].region or (0.0,)
        if claim != BETWEEN[1] and any(abs(truth - edge) < 1e-9 for edge in edges):
            return BOUNDARY
    return ELSEWHERE


def run_one(kind: Kind, seed: int, *, draws: int | None = None) -> dict[str, Any]:
    """Draw a data set, test the claims and the published procedures on it: a line of the store."""
    from hotmess.claims.study import Study
    from hotmess.claims.test import find_claims, published, test_claims
    from hotmess.claims.these_models import these_models
    from hotmess.responses.validate import validate
    from hotmess.simulate import simulate

    world = simulate(kind.world, seed=seed, **kind.changes)
    study = Study(validate(world.table), seed=seed, draws=draws or kind.draws)
    out: dict[str, Any] = {"kind": kind.name, "seed": seed, "rules": RULES, "claims": {}, "published": {}, "these": {}}
    claims = [replace(claim, prior=None, point=None, design=None) for claim in find_claims(kind.claims)]
    first = {claim.name: between(study, claim) for claim in claims}
    if None in first.values():
        out["claims"] = {verdict.claim.name: _numbers(verdict) for verdict in test_claims(study, claims)}
    else:
        out["claims"] = first
    for claim in claims:
        own = these_models(claim.these_models, study, "like-these", 0.9, claim.region)
        if own is not None:
            out["these"][claim.name] = _numbers(own)
        if claim.published is not None:
            said = published(study, claim)
            out["published"][claim.name] = "n" if said is None else LETTER[said.verdict]
    return out


def between(study: Any, claim: Any) -> list[Any] | None:
    """The numbers of a claim whose probability lies between the thresholds, and which is not practically none.

    Nothing else can make it supported or contradicted; None where it may be, or the data do not speak to it.
    """
    from hotmess.claims.rule import practically_none, smoothed
    from hotmess.claims.test import of_questions, thresholds_of
    from hotmess.claims.untestable import untestable
    from hotmess.errors import NotTestable

    try:
        if untestable(study, claim, "like-these", claim.absent(study) if claim.absent is not None else "") is not None:
            return None
        quantity, effective = of_questions(study, claim, claim.quantity(study, "like-these"))
    except NotTestable:
        return None
    draws, (low, high) = quantity.draws, claim.region or (0.0, np.inf)
    if not (quantity.gate & quantity.gate.judge({claim.name: draws}, constants=False)).passed:
        return None
    p, (threshold, _) = smoothed(draws, low, high, effective=effective), thresholds_of(study, claim, "like-these")
    none = practically_none(draws, draws, claim.negligible, threshold=threshold, effective=effective)
    if none or not 1 - threshold <= p.value <= threshold:
        return None
    ends = np.quantile(draws, [0.5, 0.05, 0.95])
    return ["i", *(float(f"{v:.4g}") for v in (p.value, *ends))]


def _numbers(verdict: Any) -> list[Any]:
    numbers = [verdict.probability, verdict.median, verdict.low, verdict.high]
    return [LETTER[verdict.verdict], *(None if v is None else float(f"{v:.4g}") for v in numbers)]


def _work(job: tuple[Kind, int]) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run_one(*job)


def options(about: str | None) -> argparse.ArgumentParser:
    """What the studies of these worlds are told."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default="plan", help="plan, a number, or subject=plan,… (default plan)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so much processor time")
    parser.add_argument("--store", type=Path, default=STORE, help="file of finished data sets")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results (default: beside this script)")
    parser.add_argument("--summary", action="store_true", help="write the table from what has run")
    return parser


def load(path: Path = STORE) -> list[dict[str, Any]]:
    """The finished data sets by today's rules; a line cut short by an interruption is done again."""
    if not path.exists():
        return []
    records = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
    return [r for r in records if r.get("rules") == RULES]


def run(kinds: Iterable[Kind], sets: Mapping[str, int], *, jobs: int, path: Path = STORE, minutes: float = 1e9) -> None:
    """Run what is missing, all kinds in proportion to their `sets`, until done or `minutes` of processor time."""
    done = {(r["kind"], r["seed"]) for r in load(path)}
    kinds = list(kinds)
    todo = [(k, s) for k in kinds for s in range(sets[k.name]) if (k.name, s) not in done]
    todo.sort(key=lambda job: (job[1] + 0.5) / sets[job[0].name])
    begun, total = time.process_time(), len(todo)
    with path.open("a") as out, ProcessPoolExecutor(jobs) as pool:
        results = (pool.map if jobs > 1 else map)(_work, todo)
        for i, record in enumerate(results, 1):
            out.write(json.dumps(record, separators=(",", ":")) + "\n")
            out.flush()
            if sys.stderr.isatty():
                print(f"\r{i} of {total} data sets ", end="", file=sys.stderr)
            used = time.process_time() - begun if jobs == 1 else sum(os.times()[:4])
            if used > 60 * minutes:
                pool.shutdown(wait=False, cancel_futures=True)  # leaving the block alone would do all the rest
                break


def upper_limit(count: int, sets: int, level: float = 0.95) -> float:
    """One-sided upper limit of a rate (Clopper and Pearson).

    >>> round(upper_limit(0, 100), 3), round(upper_limit(2, 100), 3)
    (0.03, 0.062)
    """
    from scipy import stats

    return 1.0 if count >= sets else float(stats.beta.ppf(level, count + 1, sets - count))


def above(rate: float, counts: Mapping[str, tuple[int, int]], *, level: float = 0.05) -> list[str]:
    """Worlds whose true rate is above `rate` by an exact binomial test, with Holm's correction over all of them.

    >>> above(0.035, {"a": (1, 60), "b": (20, 200), "c": (5, 60)})
    ['b']
    """
    from scipy import stats

    p = {name: float(stats.binom.sf(count - 1, sets, rate)) for name, (count, sets) in counts.items()}
    out: list[str] = []
    for name in sorted(p, key=lambda n: p[n]):
        if p[name] * (len(p) - len(out)) > level:
            break
        out.append(name)
    return out


def error(count: int, sets: int) -> float:
    """Monte Carlo standard error of a rate.

    >>> round(error(50, 100), 3)
    0.05
    """
    p = (count + 0.5) / (sets + 1)
    return float((p * (1 - p) / sets) ** 0.5)


def width(results: list[list[Any]]) -> float | None:
    """Mean sd of posteriors over the sd of their medians; None below 20 results (verdict, p, median, low, high)."""
    if len(results) < 20:
        return None
    median, low, high = np.array([r[2:5] for r in results], float).T
    return float((high - low).mean() / 2 / 1.6449 / median.std(ddof=1))


def rates(records: Iterable[dict[str, Any]], kinds: Iterable[Kind]) -> list[dict[str, Any]]:
    """One row per kind and claim: truth, counts of verdicts, counts of the published procedure's, coverage."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_kind.setdefault(record["kind"], []).append(record)
    rows = []
    for kind in kinds:
        mine = by_kind.get(kind.name, [])
        if not mine:
            continue
        for claim, truth in truths(kind).items():
            results = [r["claims"][claim] for r in mine]
            letters = [v[0] for v in results]
            published = [r["published"][claim] for r in mine if claim in r["published"]]
            inside = [v[3] <= truth <= v[4] for v in results if v[1] is not None]
            rows.append(
                {
                    "claim": claim,
                    "world": kind.name,
                    "effect": kind.effect,
                    "truth": None if np.isnan(truth) else truth,
                    "true": is_true(claim, truth),
                    "sets": len(mine),
                    **{word: letters.count(letter) for word, letter in LETTER.items()},
                    "published": {w: published.count(k) for w, k in LETTER.items()} if published else None,
                    "covered": None if np.isnan(truth) or claim in BETWEEN else int(np.sum(inside)),
                    "intervals": len(inside),
                    "width": None if claim == BETWEEN[1] else width([v for v in results if v[1] is not None]),
                }
            )
    return rows
