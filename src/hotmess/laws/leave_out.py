"""Power laws without one of their models, from the draws at hand: reweighted, not fitted anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.inference.pareto import resample, smoothed
from hotmess.laws.power_model import draw_laws, to_data

if TYPE_CHECKING:
    from hotmess.laws.power import PowerLaws


def laws_without(laws: PowerLaws, model: str) -> tuple[PowerLaws, dict[str, float]]:
    """The laws without a model, by reweighting; and the Pareto k of each population's weights.

    Hyperparameters are weighted by p(y without the model | them) / p(y | them), everything else integrated out; levels
    and exponents are drawn anew from their conditional given what is left.
    """
    cells = laws.law.cells
    keep = np.flatnonzero((cells["model"].astype(str) != model).to_numpy())
    both = np.concatenate([keep, keep + len(cells)])
    sizes = laws.data["posterior"].sizes
    shape = sizes["chain"], sizes["draw"]
    k: dict[str, float] = {}
    models, points, rngs, log_prior = [], [], [], {}
    for p, population in enumerate(laws.law.populations):
        after, own = laws.model(population).rows(both), laws.points(population)
        weights, worst = smoothed(after.log_likelihood(own) - laws.likelihoods[population])
        k[population] = float(worst)
        rng = np.random.default_rng([laws.fit.seed, 37, p])
        kept = own[resample(weights, rng)]
        models.append(after)
        points.append(kept.reshape(*shape, -1))
        rngs.append(rng)
        log_prior[population] = after.hyper.log_density(kept).reshape(shape)
    law = replace(
        laws.law,
        cells=cells.iloc[keep].reset_index(drop=True),
        mean=laws.law.mean[:, both],
        covariance=laws.law.covariance[:, both][:, :, both],
    )
    posterior = draw_laws(models, points, rngs)
    labels = [str(group) for group in laws.data["posterior"].dataset["group"].values]
    tree = to_data(posterior, laws.law.populations, labels, log_prior)
    return replace(laws, law=law, data=tree), k
