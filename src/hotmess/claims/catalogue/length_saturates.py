"""The claim that incoherence stops rising with length: shapes of the law compared by prediction of left-out bins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.claim import Case, Claim, Finding, Guard, LeaveOut, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.between_questions import length_terms, permuted_lengths
from hotmess.claims.rates import rates_beside
from hotmess.claims.scope import length_scope
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import NOTHING, Estimate
from hotmess.estimates.length_slopes import binned_logits
from hotmess.inference.gate import Gate
from hotmess.laws.shapes import MIN_UNITS, Shapes, bend, compare_shapes
from hotmess.words import population_words

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.laws.length import LengthLaw


RIVALS = ("power", "odds", "linear", "constant")


def shapes_law(study: Study) -> LengthLaw:
    """The study's length law, or one with enough bins for the comparison where that has too few."""
    from hotmess.laws.length import length_law
    from hotmess.laws.length_bins import BINS

    law = study.length_law
    if len(law.rows) >= MIN_UNITS or "latent_log2_length" not in law.fit.cells.table:
        return law

    def make() -> LengthLaw:
        bins = max(BINS, -(-(MIN_UNITS + 4) // len(law.arms)))
        return length_law(study.responses, **study.of_length_laws | {"bins": bins, "shapes": ("odds",)})

    finer: LengthLaw = study.once("shapes_law", make)
    return finer if len(finer.rows) > len(law.rows) else law


def study_shapes(study: Study, population: str) -> Shapes:
    """The comparison of shapes, made once for each population."""
    law = shapes_law(study)
    made: Shapes = study.once(
        f"shapes:{population}",
        lambda: compare_shapes(
            law, population=population, draws=max(200, min(2000, study.draws * study.chains)), seed=study.seed
        ),
    )
    return made


def best_rival(shapes: Shapes) -> str:
    """The law without a plateau that predicts left-out bins best."""
    return max(RIVALS, key=lambda name: shapes.fits[name].elpd.sum())


class ShapesOfLaws(Guard):
    """How well each law predicts left-out bins."""

    name, title = "shapes", "Shapes of the law"

    def run(self, case: Case) -> Finding | None:
        shapes = study_shapes(case.study, case.population)
        best = best_rival(shapes)
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
        return Finding(self, {"best_rival": best, "difference": value, "standard_error": error, **table})

    def line(self, record: Any, units: str) -> str:
        rows = {k: v for k, v in record.items() if isinstance(v, Mapping)}
        best = sorted(rows, key=lambda name: -rows[name]["elpd"])
        listed = ", ".join(f"{n} {rows[n]['elpd']:.1f} (weight {rows[n]['stacking_weight']:.2f})" for n in best)
        return f"expected log predictive density of left-out length bins, and stacking weight: {listed}."


def _quantity(study: Study, population: str) -> Quantity:
    law = shapes_law(study)
    shapes = study_shapes(study, population)
    best = best_rival(shapes)
    each_bin = shapes.fits["saturating"].elpd - shapes.fits[best].elpd
    rng = np.random.default_rng([study.seed, 43])
    chains, draws = study.chains, study.draws
    w = rng.dirichlet(np.ones(shapes.units), chains * draws)
    why = shapes.undecided("saturating", best)
    held = [f"for {population_words(population)} {why}"] if why else []
    slopes = shapes.fits["saturating"].slopes.mean(1)
    if not held and each_bin.sum() > 0 and np.mean(slopes > 0) < 0.975:
        held.append("below the knee incoherence does not rise with length")
    return Quantity(
        (shapes.units * w @ each_bin).reshape(chains, draws),
        _gate(law, draws),
        length_scope(study, law.fit.cells.table),
        notes=law.notes,
        held=tuple(held),
        location_error=lambda: float(np.hypot(shapes.fits["saturating"].error, shapes.fits[best].error)),
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
    mean, y = binned_logits(variance, error, x, arm, bins=bins)

    known = np.isfinite(y) & np.isfinite(mean)

    def changes(keep: np.ndarray) -> np.ndarray:
        """(k,) of k sets of bins, (k, bins)."""
        use = keep & known[:, None]  # (arms, k, bins)
        count = use.sum(axis=2)
        found = np.full(count.shape, np.nan)
        for size in np.unique(count[count >= 6]):
            arms, rows = np.nonzero(count == size)
            bin_ = np.nonzero(use[arms, rows])[1].reshape(len(rows), size)
            t, v = (values[arms[:, None], bin_] for values in (mean, y))
            knee = np.quantile(t, fraction, axis=1)[:, None]
            design = np.stack([np.ones(t.shape), bend(t, knee, 1e-3), np.maximum(t - knee, 0)], axis=2)
            beta = (np.linalg.pinv(design, rcond=np.finfo(float).eps * size) @ v[..., None])[..., 0]
            found[arms, rows] = beta[:, 1] - beta[:, 2]
        there = np.isfinite(found)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(there, found, 0.0).sum(0) / there.sum(0))

    whole, *rest = changes(np.concatenate([np.ones((1, bins), bool), ~np.eye(bins, dtype=bool)]))
    left = np.array(rest)
    left = left[np.isfinite(left)]
    if len(left) < 4 or not np.isfinite(whole):
        return NOTHING
    spread = np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
    return Estimate(float(whole), float(spread), len(left) - 1)


def _control(study: Study, seed: int) -> Control:
    """Lengths permuted between questions: no curve is left to bend."""
    shapes_law(study)
    t = length_terms(study)
    permuted = (
        bent_estimate(t.variance[has], t.error[has], x, t.arm[has], bins=t.bins)
        for has, x in permuted_lengths(t.x, t.arm, t.question, seed, 47)
    )
    real = bent_estimate(t.variance, t.error, t.x, t.arm, bins=t.bins)
    return run_control("lengths permuted between questions, alike for all models; bend of the curve", real, permuted)


CLAIM = Claim(
    name="length-saturates",
    place="open check: whether incoherence keeps growing with length or saturates",
    statement="between questions, incoherence rises with length up to a length and no further",
    estimand=(
        "expected log predictive density of left-out length bins, saturating law minus the best of power, odds, linear "
        "and constant"
    ),
    quantity=_quantity,
    needs="any outcome with a target, lengths, 20 or more length bins over all models with 10 wrong responses each",
    by_unit=True,
    control=_control,
    association=True,
    across=("question",),
    leave_out=LeaveOut(refit=False),  # five shapes, each fitted without each bin already
    rates=rates_beside(__file__),
    guards=(ShapesOfLaws(),),
    absent=absent.lengths,
    widened=False,
    narrowed_by="questions, of lengths further apart,",
    order=120,
)
