"""Quick estimates without the joint model: for agreement and negative controls of its claims (methods, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.decompose.grouping import question_index
from hotmess.estimates.control import PERMUTATIONS
from hotmess.estimates.estimate import NOTHING, ROUNDING, Estimate, with_scatter
from hotmess.estimates.sides import Terms, half_counts, half_index, permuted_counts
from hotmess.responses.units import CLUSTER
from hotmess.temperature.assigned import doublings

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.cells import Cells


@dataclass(frozen=True)
class HeatScore:
    """What the score of log temperature and truth shift at zero is made of; rows sorted by slot.

    A slot is a model's responses to a question at a budget; p its answers' shares, half a response added to each
    option. With z summing to zero in a slot, the score of the heat is -sum z log p(answer), how far longer responses
    give rarer answers; that of the shift sum z 1[right].

    Attributes
    ----------
    z, surprise, right
        (responses,) doublings from the slot's mean, -log p of the answer given, whether it is right.
    slot, model, question
        (responses,) slot, (slots,) model and question of each slot.
    information
        (slots, 3) variances of log p and of rightness under p, and minus their covariance, each times sum z².
    """

    z: Floats
    surprise: Floats
    right: Floats
    slot: Ints
    model: Ints
    question: Ints
    information: Floats

    def estimate(self, z: Floats | None = None) -> Estimate:
        """One Newton step from no effect: mean over models of the heat per doubling; scatter over questions."""
        z = self.z if z is None else z
        slots = len(self.model)
        score = np.stack(
            [np.bincount(self.slot, weights=z * w, minlength=slots) for w in (self.surprise, self.right)], 1
        )
        models, questions = int(self.model.max()) + 1, int(self.question.max()) + 1
        total, influence = 0.0, np.zeros(questions)
        for m in range(models):
            rows = self.model == m
            heat, lift, both = self.information[rows].T
            whole = np.array([[heat.sum(), both.sum()], [both.sum(), lift.sum()]])
            if not np.linalg.det(whole) > 1e-9:
                return NOTHING
            inverse = np.linalg.inv(whole)
            step = inverse @ score[rows].sum(0)
            left = score[rows] - np.stack([heat * step[0] + both * step[1], both * step[0] + lift * step[1]], 1)
            total += step[0] / models
            np.add.at(influence, self.question[rows], (left @ inverse[0]) / models)
        return with_scatter(total, influence)

    def permuted(self, seed: int, *, permutations: int = PERMUTATIONS) -> Iterator[Estimate]:
        """Estimates with lengths permuted within slots."""
        for p in range(permutations):
            rng = np.random.default_rng([seed, p, 37])
            yield self.estimate(self.z[np.lexsort((rng.random(len(self.z)), self.slot))])


def heat_score(table: pd.DataFrame, *, length: str, unparsable: str = "leave-out") -> HeatScore | None:
    """The score's ingredients from letter responses; None where no slot has two lengths.

    unparsable: `leave-out`, or `wrong` for one more wrong option.
    """
    keys = ["benchmark", "model", "question", "condition", "budget"]
    tokens = table[length].to_numpy(float, na_value=np.nan)
    answer = table["answer"].to_numpy(int)
    keep = np.isfinite(tokens) & (tokens > 0) & ((answer >= 0) | (unparsable == "wrong"))
    who = [CLUSTER] if CLUSTER in table else []
    data = table.loc[keep, [*keys, *who, "target", "n_choices"]].assign(log2=np.log2(tokens[keep]), answer=answer[keep])
    if data.empty:
        return None
    data["slot"] = data.groupby(keys, observed=True, sort=True).ngroup()
    data = data.sort_values("slot", kind="stable")
    slot = data["slot"].to_numpy(np.int64)
    n = np.bincount(slot).astype(float)
    z = data["log2"].to_numpy() - (np.bincount(slot, weights=data["log2"]) / n)[slot]
    if np.abs(z).max() < 1e-9:
        return None
    first = np.r_[0, np.flatnonzero(np.diff(slot)) + 1]
    each = data.iloc[first]
    choices, width = each["n_choices"].to_numpy(int), int(data["n_choices"].max()) + 1
    code = np.where(data["answer"] < 0, width - 1, data["answer"]).astype(int)
    counts = np.zeros((len(n), width))
    np.add.at(counts, (slot, code), 1)
    real = np.arange(width) < choices[:, None]
    real[:, -1] = counts[:, -1] > 0
    share = np.where(real, counts + 0.5, 0.0)
    share /= share.sum(1, keepdims=True)
    log_p = np.log(np.where(real, share, 1.0))
    target = each["target"].to_numpy(int)
    on = share[np.arange(len(n)), target]
    mean = (share * log_p).sum(1)
    square = np.bincount(slot, weights=z**2)
    variance = (share * log_p**2).sum(1) - mean**2
    covariance = on * (log_p[np.arange(len(n)), target] - mean)
    information = square[:, None] * np.stack([variance, on * (1 - on), -covariance], 1)
    model = np.unique(each["model"].astype(str).to_numpy(), return_inverse=True)[1]
    named = each[who or ["benchmark", "question"]].astype(str).agg("\x1f".join, axis=1).to_numpy(str)
    question = np.unique(named, return_inverse=True)[1]
    right = (data["answer"] == data["target"]).to_numpy(float)
    return HeatScore(z, -log_p[slot, code], right, slot, model, question, information)


@dataclass(frozen=True)
class _Halves:
    """What of halved cells stays as it is while responses are dealt anew between the halves."""

    counts: Ints
    terms: Terms
    model: Ints
    distance: Floats

    def slope(self, counts: Ints) -> tuple[float, Floats]:
        """Slope and the influence of each cell; nan where bias² or variance is estimated as nothing, or less."""
        variance, error = self.terms(counts)
        influence = np.zeros(len(counts))
        slope = 0.0
        for m, gap in enumerate(self.distance):
            for start, sign in ((0, -1.0), (1, 1.0)):
                rows = np.flatnonzero(self.model == m)[start::2]
                v, b = variance[rows].sum(), (error[rows] - variance[rows]).sum()
                if not (min(v, b) > ROUNDING * (v + b) and gap > 0):
                    return np.nan, influence
                weight = sign / gap / len(self.distance)
                slope += weight * np.log(v / b)
                influence[rows] = weight * (variance[rows] / v - (error[rows] - variance[rows]) / b)
        return float(slope), influence


def _halves(cells: Cells) -> _Halves:
    counts, terms = half_counts(cells)
    return _Halves(counts, terms, half_index(cells.table)[0], doublings(cells))


def slope_of_halves(cells: Cells) -> tuple[float, pd.Series]:
    """Change of logit incoherence per doubling between halves (or budgets), mean over models, and its influences.

    Unbiased terms; influences by question, indexed by benchmark and question. nan where bias² or variance is estimated
    as nothing (but for rounding), or less.
    """
    import pandas as pd

    halves = _halves(cells)
    slope, influence = halves.slope(halves.counts)
    if not np.isfinite(slope):
        return np.nan, pd.Series(dtype=float)
    by = [cells.table[k].astype(str) for k in ("benchmark", "question")]
    return slope, pd.Series(influence).groupby(by).sum()


def exceeds_estimate(natural: Cells, budget: Cells) -> Estimate:
    """|natural slope| - |budget slope| of logit incoherence per doubling; scatter over questions, shared by both."""
    estimate, *both = _exceeds(natural, budget)
    return estimate(*(half.counts for half in both))


def _exceeds(natural: Cells, budget: Cells) -> tuple[Callable[[Ints, Ints], Estimate], _Halves, _Halves]:
    """The estimate as a function of both tables' counts, and those tables."""
    import pandas as pd

    both = _halves(natural), _halves(budget)
    keys = [cells.table[["benchmark", "question"]] for cells in (natural, budget)]
    question = question_index(pd.concat(keys, ignore_index=True))

    def estimate(*counts: Ints) -> Estimate:
        (a, psi_a), (b, psi_b) = (half.slope(own) for half, own in zip(both, counts))
        if not np.isfinite([a, b]).all():
            return NOTHING
        influence = np.bincount(question, np.concatenate([np.sign(a) * psi_a, -np.sign(b) * psi_b]))
        return with_scatter(abs(a) - abs(b), influence)

    return estimate, *both


def permuted_exceeds(natural: Cells, budget: Cells, seed: int) -> Iterator[Estimate]:
    """The same with lengths permuted within (model, question, budget) and budgets within (model, question)."""
    estimate, *both = _exceeds(natural, budget)
    pairs = zip(*(permuted_counts(half.counts, seed + s) for s, half in enumerate(both)))
    return (estimate(*counts) for counts in pairs)
