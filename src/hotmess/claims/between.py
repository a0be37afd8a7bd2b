"""The claim about length between questions: incoherence of questions that take longer responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.population import question_index
from hotmess.claims.claim import Claim, Estimate, Quantity
from hotmess.claims.scope import length_scope
from hotmess.claims.slopes import moments_of, slope_parts
from hotmess.decompose.parts import NAMES
from hotmess.decompose.squared import unbiased
from hotmess.estimates.control import PERMUTATIONS, Control, run_control
from hotmess.estimates.lengths import arm_index, length_estimate
from hotmess.inference.gate import gate_draws

if TYPE_CHECKING:
    from hotmess.claims.study import Study


def _length(study: Study, population: str) -> Quantity:
    law = study.length_law
    slopes = law.slopes("odds", population)
    each = {str(a): slopes[..., i] for i, a in enumerate(law.data["posterior"].dataset["arm"].values)}
    keys = ["model", "condition", "budget", "bin"]
    table = law.fit.draws(keys, population="these").table
    moments = moments_of(law.fit, keys, population)
    place = {tuple(r): i for i, r in enumerate(table[keys].itertuples(index=False, name=None))}
    parts = []
    for arm in range(len(law.arms) if moments is not None else 0):
        rows = law.bins[law.bins["arm"] == arm].sort_values("x")
        index = [place[tuple(r)] for r in rows[keys].itertuples(index=False, name=None)]
        assert moments is not None
        parts.append(slope_parts(moments[..., index, :], rows["x"].to_numpy()))
    mean = np.mean(parts, axis=0) if parts else None
    return Quantity(
        slopes.mean(-1),
        law.gate & gate_draws(each),
        length_scope(study, law.fit.cells.table),
        each,
        {} if mean is None else {name: mean[..., i] for i, name in enumerate(NAMES)},
        law.notes,
    )


def _length_terms(study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    from hotmess.laws.length import ARM

    cells = study.length_law.fit.cells
    terms = unbiased(cells.points)
    arm = cells.table.groupby(list(ARM), observed=True, sort=True).ngroup().to_numpy()
    x = cells.table["latent_log2_length"].to_numpy() * np.log(2)
    return terms.variance, terms.error, x, arm, question_index(cells.table), int(cells.table["bin"].max()) + 1


def _length_estimate(study: Study) -> Estimate:
    variance, error, x, arm, _, bins = _length_terms(study)
    return length_estimate(variance, error, x, arm, bins=bins)


def _length_control(study: Study, seed: int) -> Control:
    variance, error, x, arm, question, bins = _length_terms(study)
    size = int(question.max()) + 1
    grid = np.full((int(arm.max()) + 1, size), np.nan)
    grid[arm, question] = x
    permuted = []
    for p in range(PERMUTATIONS):
        order = np.random.default_rng([seed, p, 19]).permutation(size)
        new = grid[arm, order[question]]
        has = np.isfinite(new)
        permuted.append(length_estimate(variance[has], error[has], new[has], arm[has], bins=bins))
    return run_control("lengths permuted between questions, alike for all models", _length_estimate(study), permuted)


def _length_variants(study: Study) -> dict[str, Estimate]:
    from hotmess.laws.length import ARM, binned_cells
    from hotmess.responses.cells import reduce
    from hotmess.responses.positions import Space

    out = {}
    _, _, x, arm, _, bins = _length_terms(study)
    cells = study.length_law.fit.cells
    if cells.table["unparsable"].any():
        wrong = unbiased(reduce(study.responses, space=Space(unparsable="wrong")).points)
        keys = ["benchmark", "model", "question", "condition", "budget"]
        where = reduce(study.responses).table[keys].reset_index().set_index(keys)["index"]
        index = where.loc[list(cells.table[keys].itertuples(index=False, name=None))].to_numpy()
        out["unparsable as wrong"] = length_estimate(wrong.variance[index], wrong.error[index], x, arm, bins=bins)
    without = study.without_truncated
    if without is not None:
        rest, _ = binned_cells(without)
        terms = unbiased(rest.points)
        arm = rest.table.groupby(list(ARM), observed=True, sort=True).ngroup().to_numpy()
        out["cut off and unparsable left out"] = length_estimate(
            terms.variance, terms.error, rest.table["latent_log2_length"].to_numpy() * np.log(2), arm, bins=bins
        )
    for name, filled in study.filled_lengths.items():
        rest, _ = binned_cells(filled)
        terms = unbiased(rest.points)
        out[name] = length_estimate(
            terms.variance,
            terms.error,
            rest.table["latent_log2_length"].to_numpy() * np.log(2),
            arm_index(rest.table),
            bins=int(rest.table["bin"].max()) + 1,
        )
    return out


incoherence_rises_with_length = Claim(
    name="incoherence-rises-with-length",
    place="claim 1; figures of incoherence against reasoning length and actions",
    statement="questions that take longer responses have more incoherent errors",
    estimand="slope of logit incoherence on log length between questions, mean over models",
    quantity=_length,
    needs="any outcome with a target, lengths, at least 8 questions and 4 length bins with 10 wrong responses",
    estimate=_length_estimate,
    control=_length_control,
    variants=_length_variants,
    association=True,
    across=("question",),
)
