"""The nested Dirichlet model in PyMC (methods, section 3): every count observed, no tail counts, no collapsing by hand.

    x_i ~ BetaBinomial(n_i, kappa a, kappa (1 - a)),     c_i ~ DirichletMultinomial(r_i, phi/K, …, phi/K)

with (logit a_g, log kappa_g, log phi_g) on weak priors of their own, or on a regression with residuals of their units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.groups import find_groups, letter_cells, split_columns
from hotmess.answers.parameters import GROUP
from hotmess.answers.prior import PARAMETERS, AnswerPrior
from hotmess.pymc_models.sample import load_pymc

if TYPE_CHECKING:
    import pymc as pm

    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses


def answer_model(
    responses: Responses | Cells,
    formula: str | None = None,
    *,
    by: Sequence[str] = (),
    groups: Sequence[str] | None = None,
    unparsable: str = "uniform",
    prior: AnswerPrior | None = None,
) -> pm.Model:
    """The model of latent answer distributions; arguments as of `hotmess.fit`.

    Observed: `right` (one number per cell), `wrong_K` (counts over the K wrong options of the cells with that many),
    and `lost` (unparsable responses among those that are not right), in groups that have any.
    """
    from hotmess.responses.cells import Cells, reduce

    pm = load_pymc()
    prior = prior or AnswerPrior()
    cells = (
        responses if isinstance(responses, Cells) else reduce(responses, split=split_columns(responses, by, formula))
    )
    letters = letter_cells(cells, unparsable=unparsable)
    found = find_groups(cells, formula, by=by, columns=groups)
    g, split = found.index, letters.wrong.sum(axis=1)
    missed = split + letters.unparsable
    coords: dict[str, Sequence[object]] = {GROUP: found.labels, "parameter": list(PARAMETERS)}
    with pm.Model(coords=coords) as model:
        if found.design is None:
            parameters = [
                pm.Normal(name, mean, sd, dims=GROUP) for name, mean, sd in zip(PARAMETERS, prior.location, prior.scale)
            ]
        else:
            model.add_coords({"term": list(found.names), "unit": np.arange(int(found.unit.max()) + 1)})
            size = (3, found.design.shape[1])
            mean, width = np.zeros(size), np.full(size, prior.coefficient)
            mean[:, 0], width[:, 0] = prior.location, prior.scale
            beta = pm.Normal("coefficients", mean, width, dims=("parameter", "term"))
            eta = pm.math.dot(beta, found.design.T)
            if len(model.coords["unit"]) > 1:
                sigma = pm.HalfNormal("sigma", prior.residual, dims="parameter")
                offset = pm.Normal("offset", 0.0, 1.0, dims=("parameter", "unit"))
                eta = eta + (sigma[:, None] * offset)[:, found.unit]
            parameters = [pm.Deterministic(name, eta[i], dims=GROUP) for i, name in enumerate(PARAMETERS)]
        logit_a, log_kappa, log_phi = parameters
        kappa, phi = pm.math.exp(log_kappa), pm.math.exp(log_phi)
        # Each shape from its own logit: kappa (1 - a) keeps its precision where a is near 1.
        shape = (kappa * pm.math.sigmoid(logit_a))[g], (kappa * pm.math.sigmoid(-logit_a))[g]
        pm.BetaBinomial("right", alpha=shape[0], beta=shape[1], n=letters.right + missed, observed=letters.right)
        for k in np.unique(letters.choices - 1):
            rows = np.flatnonzero((letters.choices - 1 == k) & (split > 0))
            if k > 1 and len(rows):
                each = (phi / k)[g[rows]][:, None] * np.ones((1, k))
                counts = letters.wrong[rows][:, :k]
                pm.DirichletMultinomial(f"wrong_{k}", n=split[rows], a=each, observed=counts)
        some = found.with_unparsable(letters)
        if len(some):
            model.add_coords({"unparsable_group": [found.labels[i] for i in some]})
            rows = np.flatnonzero(np.isin(g, some) & (missed > 0))
            place = np.searchsorted(some, g[rows])
            logit_u = pm.Normal("logit_u", *prior.unparsable, dims="unparsable_group")
            psi = pm.math.exp(pm.Normal("log_psi", 0.0, 1.5, dims="unparsable_group"))
            pm.BetaBinomial(
                "lost",
                alpha=(psi * pm.math.sigmoid(logit_u))[place],
                beta=(psi * pm.math.sigmoid(-logit_u))[place],
                n=missed[rows],
                observed=letters.unparsable[rows],
            )
    return model
