"""The claim about embedded answers: their variance against length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.between_questions import permuted_lengths
from hotmess.claims.scope import length_scope
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import NOTHING, Estimate
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
    return Quantity(slopes.mean(-1), law.gate.over(each), scope, each, {}, law.notes)


def slope_estimate(x: np.ndarray, y: np.ndarray, arm: np.ndarray, question: np.ndarray) -> Estimate:
    """Mean over arms of the least squares slope; scatter of influence over questions, shared by the arms.

    >>> x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0, 3.5])
    >>> round(slope_estimate(x, y, np.zeros(4, int), np.arange(4)).value, 2)
    1.15
    """
    arms, questions = int(arm.max()) + 1, int(question.max()) + 1
    influence, total = np.zeros(questions), 0.0
    for a in range(arms):
        rows = np.flatnonzero(arm == a)
        t = x[rows] - x[rows].mean()
        spread = (t**2).sum()
        if spread <= 0:
            return NOTHING
        slope = (t * y[rows]).sum() / spread
        total += slope / arms
        rest = y[rows] - y[rows].mean() - slope * t
        np.add.at(influence, question[rows], t * rest / spread / arms)
    used = len(np.unique(question))
    if used < 4:
        return NOTHING
    return Estimate(float(total), float(np.sqrt((influence**2).sum() * used / (used - 2))), used - 2)


def _arrays(law: VarianceLaw) -> tuple[np.ndarray, ...]:
    return _of(law.questions, law.questions["arm"].to_numpy())


def _of(table: pd.DataFrame, arm: np.ndarray) -> tuple[np.ndarray, ...]:
    question = np.unique(table["question_number"], return_inverse=True)[1]
    y = table["log_variance"].to_numpy() + table["error"].to_numpy() ** 2 / 2
    return table["x"].to_numpy(), y, arm, question


def _estimate(study: Study) -> Estimate:
    return slope_estimate(*_arrays(study_law(study)))


def _control(study: Study, seed: int) -> Control:
    x, y, arm, question = _arrays(study_law(study))
    permuted = (
        slope_estimate(new, y[has], arm[has], question[has])
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
