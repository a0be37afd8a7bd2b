"""The claim that incoherence stops rising with length: shapes of the law compared by prediction of left-out bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.between import _length_terms
from hotmess.claims.claim import Claim, Estimate, Quantity
from hotmess.claims.scope import length_scope
from hotmess.estimates.control import PERMUTATIONS, Control, run_control
from hotmess.estimates.estimate import NOTHING
from hotmess.inference.gate import Gate
from hotmess.laws.shapes import MIN_UNITS, Shapes, bend, compare_shapes

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.laws.length import LengthLaw

RIVALS = ("power", "odds", "linear", "constant")


def shapes_law(study: Study) -> LengthLaw:
    """The study's length law, or one with enough bins for the comparison where that has too few."""
    from hotmess.laws.length import BINS, length_law

    law = study.length_law
    if len(law.bins) >= MIN_UNITS or "latent_log2_length" not in law.fit.cells.table:
        return law

    def make() -> LengthLaw:
        bins = max(BINS, -(-(MIN_UNITS + 4) // len(law.arms)))
        return length_law(
            study.responses,
            bins=bins,
            shapes=("odds",),
            metric=study.metric,
            seed=study.seed,
            draws=study.draws,
            chains=study.chains,
        )

    finer: LengthLaw = study._once("shapes_law", make)
    return finer if len(finer.bins) > len(law.bins) else law


def study_shapes(study: Study, population: str) -> Shapes:
    """The comparison of shapes, made once for each population."""
    law = shapes_law(study)
    made: Shapes = study._once(
        f"shapes:{population}",
        lambda: compare_shapes(
            law, population=population, draws=max(200, min(2000, study.draws * study.chains)), seed=study.seed
        ),
    )
    return made


def _saturates(study: Study, population: str) -> Quantity:
    law = shapes_law(study)
    shapes = study_shapes(study, population)
    best = max(RIVALS, key=lambda name: shapes.fits[name].elpd.sum())
    each_bin = shapes.fits["saturating"].elpd - shapes.fits[best].elpd
    rng = np.random.default_rng([study.seed, 43])
    chains, draws = study.chains, study.draws
    w = rng.dirichlet(np.ones(shapes.units), chains * draws)
    held = [why for why in (shapes.undecided("saturating", best),) if why]
    slopes = shapes.fits["saturating"].slopes.mean(1)
    if not held and each_bin.sum() > 0 and np.mean(slopes > 0) < 0.975:
        held.append("below the knee incoherence does not rise with length")
    table = {
        name: {
            "elpd": float(fit.elpd.sum()),
            "stacking_weight": shapes.weights[name],
            "largest_pareto_k": fit.largest_k,
            "bins_refitted": len(fit.refitted),
        }
        for name, fit in shapes.fits.items()
    }
    value, error = shapes.difference("saturating", best)
    return Quantity(
        (shapes.units * w @ each_bin).reshape(chains, draws),
        _gate(law, draws),
        length_scope(study, law.fit.cells.table),
        notes=law.notes,
        held=tuple(held),
        guards={"shapes": {"best_rival": best, "difference": value, "standard_error": error, **table}},
    )


def _gate(law: LengthLaw, draws: int) -> Gate:
    """The first stage's gate, and as many draws as any other posterior needs."""
    from hotmess.inference.gate import ESS

    total = draws * law.fit.chains
    few = () if total > ESS else (f"effective sample size of the shapes is {total}, not above {ESS}",)
    return law.gate & Gate(few)


def bent_estimate(
    variance: np.ndarray, error: np.ndarray, x: np.ndarray, arm: np.ndarray, *, bins: int, fraction: float = 0.5
) -> Estimate:
    """Slope of logit incoherence below the middle of the bins minus that above it, mean over arms; jackknife over bins.

    Positive where the curve bends towards a plateau.
    """
    arms = int(arm.max()) + 1
    sums = np.full((arms, bins, 3), np.nan)
    for a in range(arms):
        rows = np.flatnonzero(arm == a)
        for b, part in enumerate(np.array_split(rows[np.argsort(x[rows], kind="stable")], bins)):
            if len(part):
                sums[a, b] = variance[part].sum(), error[part].sum(), x[part].mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.clip(sums[..., 0] / sums[..., 1], 0.02, 0.98)
    y = np.where(sums[..., 1] > 0, np.log(ratio / (1 - ratio)), np.nan)

    def change(keep: np.ndarray) -> float:
        out = []
        for a in range(arms):
            use = keep & np.isfinite(y[a]) & np.isfinite(sums[a, :, 2])
            if use.sum() < 6:
                continue
            t, v = sums[a, use, 2], y[a, use]
            knee = float(np.quantile(t, fraction))
            design = np.column_stack([np.ones(len(t)), bend(t, knee, 1e-3), np.maximum(t - knee, 0)])
            beta = np.linalg.lstsq(design, v, rcond=None)[0]
            out.append(beta[1] - beta[2])
        return float(np.mean(out)) if out else np.nan

    whole = change(np.ones(bins, bool))
    left = np.array([change(np.arange(bins) != b) for b in range(bins)])
    left = left[np.isfinite(left)]
    if len(left) < 4 or not np.isfinite(whole):
        return NOTHING
    spread = np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
    return Estimate(whole, float(spread), len(left) - 1)


def _control(study: Study, seed: int) -> Control:
    """Lengths permuted between questions: no curve is left to bend."""
    shapes_law(study)
    variance, error, x, arm, question, bins = _length_terms(study)
    grid = np.full((int(arm.max()) + 1, int(question.max()) + 1), np.nan)
    grid[arm, question] = x
    permuted = []
    for p in range(PERMUTATIONS):
        order = np.random.default_rng([seed, p, 47]).permutation(grid.shape[1])
        new = grid[arm, order[question]]
        has = np.isfinite(new)
        permuted.append(bent_estimate(variance[has], error[has], new[has], arm[has], bins=bins))
    real = bent_estimate(variance, error, x, arm, bins=bins)
    return run_control("lengths permuted between questions, alike for all models; bend of the curve", real, permuted)


length_saturates = Claim(
    name="length-saturates",
    place="open check: whether incoherence keeps growing with length or saturates",
    statement="between questions, incoherence rises with length up to a length and no further",
    estimand=(
        "expected log predictive density of left-out length bins, saturating law minus the best of power, odds, linear "
        "and constant"
    ),
    quantity=_saturates,
    needs="letters, lengths, 20 or more length bins over all models with 10 wrong responses each",
    control=_control,
    association=True,
    across=("question",),
)
