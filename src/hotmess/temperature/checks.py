"""A check of the temperature model's assumption that a question's scores are the same at every budget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.errors import NotTestable
from hotmess.temperature.data import LengthData
from hotmess.temperature.posterior import LengthFit
from hotmess.temperature.single_responses import single_responses


@dataclass(frozen=True)
class BudgetAgreement:
    """How often two responses of one question at different budgets agree.

    Attributes
    ----------
    observed
        mean over questions (and pairs of budgets) of the share of pairs that agree.
    replicated
        (draws,) the same of data that the fitted model makes.
    """

    observed: float
    replicated: Floats

    @property
    def share(self) -> float:
        """Share of replicated data sets that agree as little as the data, or less: near 0, scores differ by budget."""
        return float(np.mean(self.replicated <= self.observed))

    @property
    def sentence(self) -> str:
        """What the check says."""
        low, high = np.quantile(self.replicated, [0.05, 0.95])
        said = (
            f"Two responses of a question at different budgets agree in {self.observed:.1%} of pairs; data made by the "
            f"joint model in {low:.1%} to {high:.1%}"
        )
        if self.share < 0.025:
            return (
                f"{said}: fewer, so a budget changes which answers a question draws, not their temperature and "
                "accuracy alone. The budgeted effect of the joint model is then an average over such changes; rely on "
                "the comparison by assignment."
            )
        return f"{said}: no sign that a question's scores differ between budgets beyond temperature and accuracy."


def budget_agreement(fit: LengthFit, *, draws: int = 100) -> BudgetAgreement:
    """Posterior predictive check by agreement between budgets.

    Raises
    ------
    NotTestable
        If there are no two budgets.
    """
    data = fit.lengths
    if len(data.levels) < 2:
        raise NotTestable("There are no two budgets to compare.")
    level = _levels(data)
    responses = single_responses(data)
    theta, scores = fit.flat("theta"), fit.flat("scores")
    take = np.unique(np.linspace(0, len(theta) - 1, draws).astype(int))
    rng = np.random.default_rng([fit.seed, 41])

    def agreement(answer: Ints) -> float:
        at = level[responses.cell, responses.entry]
        return _agreement(answer, responses.cell, at, responses.real.shape[1], len(responses.real))

    replicated = np.array([agreement(responses.drawn(theta[s, :, 3:], scores[s], rng)) for s in take])
    observed = agreement(responses.answer)
    return BudgetAgreement(observed, replicated)


def _levels(data: LengthData) -> Ints:
    """(n, S) level of each entry, from what tells levels apart: tokens by budget, and having none."""
    names = [i for i, name in enumerate(data.features) if name in ("budget", "zero")]
    if not names:
        raise NotTestable("Budgets do not differ in the tokens that they spend.")
    gap = np.zeros((*np.asarray(data.dense.weight).shape, len(data.levels)))
    for i in names:
        gap += np.abs(np.asarray(data.dense.features)[i][:, :, None] - data.at_level[i][:, None])
    out: Ints = np.where(np.isnan(gap), np.inf, gap).argmin(-1)
    return out


def _agreement(answer: Ints, cell: Ints, level: Ints, cells: int, options: int) -> float:
    levels = int(level.max()) + 1
    counts = np.zeros((cells, levels, options))
    np.add.at(counts, (cell, level, answer), 1)
    n = counts.sum(-1)
    same, pairs = np.zeros(cells), np.zeros(cells)
    for a in range(levels):
        for b in range(a):
            both = (n[:, a] > 0) & (n[:, b] > 0)
            same[both] += (counts[both, a] * counts[both, b]).sum(1) / (n[both, a] * n[both, b])
            pairs += both
    return float((same[pairs > 0] / pairs[pairs > 0]).mean())
