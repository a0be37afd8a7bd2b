"""Power laws without one of their models, from the draws at hand: reweighted, not fitted anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.inference.weights import resample, smoothed
from hotmess.laws.densities import law_points

if TYPE_CHECKING:
    from hotmess.laws.power import LawData, PowerLaws


def laws_without(laws: PowerLaws, model: str) -> tuple[PowerLaws, dict[str, float]]:
    """The laws without a model, by reweighting; and the Pareto k of each population's weights.

    Hyperparameters are weighted by p(y without the model | them) / p(y | them), everything else integrated out; levels
    and exponents are drawn anew from their conditional given what is left.
    """
    from hotmess.inference.sample import to_tree
    from hotmess.laws.power import CORRELATIONS, SCALES, LawPrior, _arrays, _Collapsed

    keep = np.flatnonzero((laws.law.cells["model"].astype(str) != model).to_numpy())
    both = np.concatenate([keep, keep + len(laws.law.cells)])
    law: LawData = replace(
        laws.law,
        cells=laws.law.cells.iloc[keep].reset_index(drop=True),
        mean=laws.law.mean[:, both],
        covariance=laws.law.covariance[:, both][:, :, both],
    )
    whole, rest = (_arrays(one, laws.groups, laws.by) for one in (laws.law, law))
    sizes = laws.data["posterior"].sizes
    chains, draws = sizes["chain"], sizes["draw"]
    k: dict[str, float] = {}
    hyper, theta = [], []
    for p, population in enumerate(law.populations):
        points = law_points(laws, population)
        before, after = (_Collapsed(arrays, LawPrior(), p) for arrays in (whole, rest))
        weights, worst = smoothed(after.log_likelihood(points) - before.log_likelihood(points))
        k[population] = float(worst)
        rng = np.random.default_rng([laws.fit.seed, 37, p])
        index = resample(weights, rng)
        hyper.append(points[index].reshape(chains, draws, 8))
        theta.append(after.coefficients(points[index], rng).reshape(chains, draws, 4, -1))
    names = ("level_bias2", "level_variance", "alpha_bias2", "alpha_variance")
    posterior = {name: np.stack([t[:, :, i] for t in theta], axis=2) for i, name in enumerate(names)}
    posterior |= {name: np.stack([np.exp(h[..., i]) for h in hyper], axis=2) for i, name in enumerate(SCALES)}
    posterior |= {n: np.stack([np.tanh(h[..., 6 + i]) for h in hyper], axis=2) for i, n in enumerate(CORRELATIONS)}
    old = laws.data["posterior"].dataset
    tree = to_tree(
        posterior,
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        coords={name: list(old[name].values) for name in ("population", "group")},
        dims={name: ["population", "group"][: values.ndim - 2] for name, values in posterior.items()},
    )
    return replace(laws, law=law, data=tree), k
