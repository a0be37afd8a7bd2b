"""The claim about embedded answers: their variance against length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.between_questions import permuted_lengths
from hotmess.claims.scope import length_scope
from hotmess.decompose.grouping import unit_index
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import NOTHING, Estimate
from hotmess.laws.embedding_slopes import expected_log_variance
from hotmess.laws.embeddings import VarianceLaw, variance_law, variance_table

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.claims.study import Study


def study_law(study: Study) -> VarianceLaw:
    """The study's law of embedding variance, made once."""
    law: VarianceLaw = study.once(
        "variance_law",
        lambda: variance_law(study.responses, seed=study.seed, draws=study.draws, chains=study.chains),
    )
    return law


def _rises(study: Study, population: str) -> Quantity:
    law = study_law(study)
    slopes = law.slopes(population)
    each = {str(a): slopes[..., i] for i, a in enumerate(law.data["posterior"].dataset["arm"].values)}
    scope = f"{length_scope(study, law.questions)}. Variance of embeddings: there is no right answer and no bias"
    effective = law.effective if population == "like-these" else None
    return Quantity(
        law.mean_slope(population),
        law.gate.over(each, "the slope on log length"),
        scope,
        each,
        {},
        law.notes,
        effective=effective,
    )


def slope_estimate(x: np.ndarray, y: np.ndarray, arm: np.ndarray, unit: np.ndarray, own: np.ndarray) -> Estimate:
    """Mean over arms of the least squares slope; scatter of influence over questions, shared by the arms.

    unit: index of whom weights are drawn for, a question or a cluster of them; own: the questions' own weights.

    >>> x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0, 3.5])
    >>> round(slope_estimate(x, y, np.zeros(4, int), np.arange(4), np.ones(4)).value, 2)
    1.15
    """
    arms, units = int(arm.max()) + 1, int(unit.max()) + 1
    influence, total = np.zeros(units), 0.0
    for a in range(arms):
        rows = np.flatnonzero(arm == a)
        w = own[rows]
        t = x[rows] - np.average(x[rows], weights=w)
        spread = (w * t**2).sum()
        if spread <= 0:
            return NOTHING
        slope = (w * t * y[rows]).sum() / spread
        total += slope / arms
        rest = y[rows] - np.average(y[rows], weights=w) - slope * t
        np.add.at(influence, unit[rows], w * t * rest / spread / arms)
    used = len(np.unique(unit))
    if used < 4:
        return NOTHING
    return Estimate(float(total), float(np.sqrt((influence**2).sum() * used / (used - 2))), used - 2)


def _arrays(law: VarianceLaw) -> tuple[np.ndarray, ...]:
    return _of(law.questions, law.questions["arm"].to_numpy())


def _of(table: pd.DataFrame, arm: np.ndarray) -> tuple[np.ndarray, ...]:
    return table["x"].to_numpy(), expected_log_variance(table), arm, *unit_index(table)


def _estimate(study: Study) -> Estimate:
    return slope_estimate(*_arrays(study_law(study)))


def _control(study: Study, seed: int) -> Control:
    law = study_law(study)
    x, y, arm, unit, own = _arrays(law)
    question = np.unique(law.questions["question_number"], return_inverse=True)[1]
    permuted = (
        slope_estimate(new, y[has], arm[has], unit[has], own[has])
        for has, new in permuted_lengths(x, arm, question, seed, 43)
    )
    return run_control("lengths permuted between questions, alike for all models", _estimate(study), permuted)


def _variants(study: Study) -> dict[str, Estimate]:
    out = {}
    for name, responses in {"cut off left out": study.without_truncated, **study.filled_lengths}.items():
        if responses is None:
            continue
        try:
            table, _ = variance_table(responses)
        except NotTestable:
            continue
        arm = table.groupby(["model", "condition", "budget"], observed=True).ngroup().to_numpy()
        out[name] = slope_estimate(*_of(table, arm))
    return out


CLAIM = Claim(
    name="embedding-variance-rises-with-length",
    place="claim 1 on open-ended safety answers; figure of embedding variance against length",
    statement="answers to questions that take longer responses vary more, as embeddings",
    estimand="slope of the log variance of embeddings on log length between questions, mean over models",
    quantity=_rises,
    by_unit=True,
    needs="embeddings of the answers, lengths, at least 10 questions with 3 responses",
    estimate=_estimate,
    control=_control,
    variants=_variants,
    association=True,
    across=("question",),
    of_models=True,
    absent=absent.embeddings,
    by_questions=True,
    order=180,
)
