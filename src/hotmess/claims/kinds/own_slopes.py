"""Exponents of these models' own terms in model size, by Poisson pseudo-likelihood of the means themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.fit_sets import sets_of
from hotmess.claims.claim import Quantity
from hotmess.claims.scope import scale_scope
from hotmess.errors import NotTestable
from hotmess.statements.effective import effective_of
from hotmess.statements.pseudo import poisson_slope

if TYPE_CHECKING:
    from hotmess.claims.study import Study


@dataclass(frozen=True)
class OwnSlopes:
    """Σ_g w_g alpha_B,g + v_g alpha_V,g of these models: the exponents of the means of bias² and of variance.

    Every model with a known size takes part in every group that it has answered, however few its errors.

    weights: (study) -> (groups,) w and v; raises where the data cannot speak.
    """

    weights: Callable[[Study], tuple[np.ndarray, np.ndarray]]

    def __call__(self, study: Study, population: str) -> tuple[Quantity, int]:
        """The quantity, and how many models it is of; made once for a study."""
        return study.once(f"own slopes {id(self)} {population}", lambda: self._made(study, population))

    def _made(self, study: Study, population: str) -> tuple[Quantity, int]:
        laws, keys = study.power_laws, ["model", *study.power_laws.by]
        fit = laws.fit
        found = sets_of(fit, keys)
        sizes = fit.cells.table.groupby("model", observed=True)[laws.over].first()
        size = sizes.reindex(found.table["model"]).to_numpy(float)
        plan: list[tuple[float, float, np.ndarray, np.ndarray]] = []
        used: list[int] = []
        for w, v, (_, group) in zip(*self.weights(study), laws.groups.iterrows()):
            same = np.ones(len(found.table), bool)
            for name in laws.by:
                same &= (found.table[name].astype(str) == str(group[name])).to_numpy()
            rows = np.flatnonzero(same & (size > 0))
            if (w or v) and len(np.unique(size[rows])) >= 3:
                plan.append((w, v, np.arange(len(rows)) + len(used), np.log(size[rows])))
                used.extend(rows.tolist())
        if not plan:
            raise NotTestable("No group has three model sizes.")

        def exponents(means: np.ndarray) -> np.ndarray:
            total = np.zeros(means.shape[:-2])
            for w, v, at, x in plan:
                bias2, variance = (means[..., at, i] for i in (1, 2))
                total = total - w * poisson_slope(bias2, x) - v * poisson_slope(variance, x)
            return total[..., None]

        models = found.table["model"].iloc[used].nunique()
        scope = scale_scope(study, laws)
        if population == "like-these":
            whole = study.once(f"own means {id(laws)}", lambda: fit.statement(rows=found.rows, metric=study.metric))
            means = whole.take(used)
            settled = means.settle(exponents)
            draws = settled.draws.reshape(fit.chains, -1)
            return Quantity(draws, fit.gate, scope, effective=effective_of(settled, 0, means.units)), models
        sets = fit.draws(keys, population=population, metric=study.metric)
        terms = np.stack([x[..., np.array(used)] for x in (sets.error, sets.bias2, sets.variance)], axis=-1)
        return Quantity(exponents(terms)[..., 0], fit.gate, scope), models
