"""Published objections to measuring incoherence, each with a number that anybody can make again.

    python reports/studies/objections.py             # all; writes objections.json
    python reports/studies/objections.py --only keys  # one, printed

`docs/objections.md` quotes these numbers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
Numbers = dict[str, float]


def median_split(seed: int = 1) -> Numbers:
    """Longer minus shorter half, where wrong runs are merely longer, or merely shorter: nothing gets hotter."""
    from hotmess.laws.contrast import halved_cells, unbiased_contrast
    from hotmess.responses.validate import validate
    from hotmess.simulate import simulate

    out: Numbers = {}
    for world in ("wrong-longer", "wrong-shorter"):
        table = simulate(world, seed=seed, questions=400, samples=30, budgets=1).table
        found = unbiased_contrast(halved_cells(validate(table)), seed=seed)
        shorter, longer = np.median(found.incoherence["these"].reshape(-1, 2), axis=0)
        parts = np.median(found.parts["these"].reshape(-1, 3), axis=0)
        out |= {
            f"{world}: shorter half": shorter,
            f"{world}: longer half": longer,
            f"{world}: change": longer - shorter,
        }
        out |= {f"{world}: part of {name}": v for name, v in zip(("accuracy", "spread", "concentration"), parts)}
    return out


def accuracy() -> Numbers:
    """Incoherence when accuracy alone moves from 0.5 to 0.8; and with two options, where incoherence is accuracy."""
    from hotmess.decompose.parts import incoherence

    one = np.ones(1)
    return {
        "accuracy 0.5": float(incoherence(0.5 * one, 0.4 * one, 0.6 * one)[0]),
        "accuracy 0.8": float(incoherence(0.8 * one, 0.4 * one, 0.6 * one)[0]),
        "two options, accuracy 0.7": float(incoherence(0.7 * one, 0 * one, one)[0]),
    }


def smoothing() -> Numbers:
    """KL incoherence of one question (answers A, A, B, B, C, A right) at three smoothings, its limit, and Brier's."""
    from hotmess.decompose.kl import from_counts

    counts, target, choices = np.array([[2, 2, 1, 0, 0]]), np.array([0]), np.array([4])
    out = {}
    for delta in (1e-2, 1e-6, 1e-12):
        terms = from_counts(counts, target, choices, delta=delta)
        out[f"KL, smoothing {delta:g}"] = float((terms.variance / terms.error)[0])
    p = np.array([0.4, 0.4, 0.2])
    return out | {"KL, limit (modes only)": 0.6 / 0.6, "Brier": float((1 - (p**2).sum()) / (2 * (1 - 0.4)))}


def plug_in(seed: int = 2) -> Numbers:
    """Plug-in and unbiased incoherence of questions whose true incoherence is known, at 3 and 30 samples."""
    from hotmess.decompose.squared import plug_in as naive
    from hotmess.decompose.squared import unbiased
    from hotmess.responses.cells import reduce
    from hotmess.responses.validate import validate
    from hotmess.simulate import simulate

    out = {}
    for samples in (3, 30):
        world = simulate("beta", seed=seed, questions=3000, samples=samples)
        points = reduce(validate(world.table)).points
        for name, estimator in (("plug-in", naive), ("unbiased", unbiased)):
            terms = estimator(points)
            out[f"{name}, {samples} samples"] = float(terms.variance.sum() / terms.error.sum())
        out[f"truth, {samples} samples"] = world.truth["incoherence_these"]
    return out


def regression(seed: int = 3) -> Numbers:
    """Two identical models, questions grouped by the errors of the first: error of both in the worst third."""
    from hotmess.simulate import simulate

    table = simulate("regression-to-mean", seed=seed).table
    table = table.assign(wrong=(table["answer"] != table["target"]).astype(float))
    error = table.groupby(["model", "question"], observed=True)["wrong"].mean().unstack(0)
    first, second = error.columns
    worst = error[first].rank(method="first") > 2 * len(error) / 3
    return {
        "error in the worst third, reference": float(error.loc[worst, first].mean()),
        "error in the worst third, identical model": float(error.loc[worst, second].mean()),
        "error on all questions": float(error.to_numpy().mean()),
    }


def endogenous(seed: int = 4) -> Numbers:
    """Hard questions take longer and are less stable; within a question length does nothing. Both comparisons."""
    from hotmess.decompose.squared import unbiased
    from hotmess.laws.contrast import halved_cells, unbiased_contrast
    from hotmess.responses.cells import reduce
    from hotmess.responses.validate import validate
    from hotmess.simulate import simulate

    responses = validate(simulate("difficulty-drives-both", seed=seed, questions=400, samples=20, budgets=1).table)
    cells = reduce(responses)
    terms, length = unbiased(cells.points), cells.table["log2_length"].to_numpy()
    short, long = (half(length) for half in (lambda x: x < np.median(x), lambda x: x >= np.median(x)))
    ratio = [float(terms.variance[rows].sum() / terms.error[rows].sum()) for rows in (short, long)]
    within = unbiased_contrast(halved_cells(responses), seed=seed)
    change = within.change("these").ravel()
    return {
        "between questions, short": ratio[0],
        "between questions, long": ratio[1],
        "within questions, change": float(np.median(change)),
        "within questions, 90% low": float(np.quantile(change, 0.05)),
        "within questions, 90% high": float(np.quantile(change, 0.95)),
    }


def diversity() -> Numbers:
    """Right answers written in two ways (1/2 and 0.5), half each, and wrong once in ten: as texts, and as values."""
    shares = np.array([0.45, 0.45, 0.10])  # 1/2, 0.5, 3; the key is 1/2
    out = {}
    for name, p in (("texts as they are", shares), ("equal values made one", np.array([0.9, 0.1]))):
        error, variance = 1 - 2 * p[0] + 1, 1 - (p**2).sum()
        out |= {f"{name}: error": float(error), f"{name}: incoherence": float(variance / error)}
    return out


def pooling() -> Numbers:
    """Easy questions get less incoherent with size, hard ones more: slopes of logit incoherence, and of all pooled."""
    from scipy.special import logit

    from hotmess.simulate.scale import Scale, laws

    world = Scale(residual=0.0)
    bias, variance = laws(world, np.zeros((2, len(world.sizes))))
    x = np.log(world.sizes) - np.mean(np.log(world.sizes))
    pooled = variance.sum(1) / (bias.sum(1) + variance.sum(1))
    slopes = x @ logit(variance / (bias + variance)) / (x @ x)
    return {
        "slope, easy": float(slopes[0]),
        "slope, medium": float(slopes[1]),
        "slope, hard": float(slopes[2]),
        "slope, all questions pooled": float(x @ logit(pooled) / (x @ x)),
    }


def sizes() -> Numbers:
    """How often a slope over k sizes without any effect is called real at 5%, by 1.96 standard errors."""
    from scipy import stats

    out = {f"{k} sizes, 1.96 standard errors": float(2 * stats.t.sf(1.96, k - 2)) for k in (4, 5, 7)}
    return out | {"4 sizes, Student's t with 2 degrees": 0.05}


def extrapolation() -> Numbers:
    """A power law of incoherence in length with exponent 0.5, from 0.4: at 4 and 10 times the length; the odds law."""
    out = {f"power law, length × {k}": 0.4 * k**0.5 for k in (4, 10)}
    return out | {f"odds law, length × {k}": 1 / (1 + np.exp(-(np.log(0.4 / 0.6) + 0.5 * np.log(k)))) for k in (4, 10)}


def keys(seed: int = 5) -> Numbers:
    """Three models, right 97% of the time; 3% of keys wrong: incoherence, what suspect_keys finds, and after."""
    from hotmess.checks.answer_keys import suspect_keys
    from hotmess.decompose.squared import unbiased
    from hotmess.responses.cells import reduce
    from hotmess.responses.validate import validate

    rng = np.random.default_rng(seed)
    questions, samples, models = 1000, 10, 3
    import pandas as pd

    m, q, s = (v.ravel() for v in np.indices((models, questions, samples)))
    right = rng.random(len(m)) < 0.97
    answer = np.where(right, 0, rng.integers(1, 4, len(m)))
    bad = rng.random(questions) < 0.03
    target = np.where(bad, 1, 0)[q]
    table = pd.DataFrame({"benchmark": "x", "model": m.astype(str), "question": q.astype(str), "sample": s})
    table = table.assign(answer=answer, target=target, n_choices=4)

    def incoherence(some: Any) -> float:
        terms = unbiased(reduce(validate(some)).points)
        return float(terms.variance.sum() / terms.error.sum())

    found = suspect_keys(validate(table))
    suspects = set(found["question"])
    rest = table[~table["question"].isin(suspects)].reset_index(drop=True)
    return {
        "keys that are wrong": float(bad.sum()),
        "keys called suspect": float(len(found)),
        "of them wrong": float(sum(bad[int(i)] for i in suspects)),
        "incoherence with these keys": incoherence(table),
        "incoherence without the suspect questions": incoherence(rest),
        "incoherence with the right keys": incoherence(table.assign(target=0)),
    }


OBJECTIONS: dict[str, Callable[[], Numbers]] = {
    "median-split": median_split,
    "accuracy": accuracy,
    "smoothing": smoothing,
    "plug-in": plug_in,
    "regression": regression,
    "endogenous": endogenous,
    "diversity": diversity,
    "pooling": pooling,
    "sizes": sizes,
    "extrapolation": extrapolation,
    "keys": keys,
}


def main() -> None:
    """Make the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(OBJECTIONS), help="one objection")
    args = parser.parse_args()
    found = {name: OBJECTIONS[name]() for name in ([args.only] if args.only else OBJECTIONS)}
    for name, numbers in found.items():
        print(f"{name}: {OBJECTIONS[name].__doc__}")
        for what, value in numbers.items():
            print(f"  {what:<50}{value:8.3f}")
    if not args.only:
        rounded = {k: {w: round(float(v), 6) for w, v in n.items()} for k, n in found.items()}
        (HERE / "objections.json").write_text(
            json.dumps(rounded, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
