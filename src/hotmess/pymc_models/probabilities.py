"""Probability vectors in PyMC: which option leads, by how much, and how the others share the rest (methods, section 3).

    k ~ p_i,                            p_i = (a_i, (1 - a_i) w_i) as for letters, given the group's a, kappa and phi
    log(f_k / max_j f_j) ~ Normal(mu_i, sigma_i²) above 0, and around mu_i - tau_g where another draw from p_i is not k
    f_j / (1 - f_k) ~ Dirichlet(beta_i without beta_ik)

Which response has a second thought is summed out, and so is the leading option where the largest are tied. That some
responses are certain has a share of its own, which nothing here depends on; their options are draws from p_i.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.prior import PARAMETERS, AnswerPrior
from hotmess.answers.rounding import own_units
from hotmess.errors import BadInput
from hotmess.pymc_models.sample import load_pymc

if TYPE_CHECKING:
    import pymc as pm

CELLS = ("lead", "log_sigma", "log_beta")
LOCATION, WIDTH, SCALE = (4.0, 0.5, 0.0), (3.0, 1.5, 2.0), (2.0, 1.0, 1.5)
"""Of a group's cells: Normal prior of their location, half-normal of their scatter (between 0.05 and 6)."""
DOUBT, NEVER = 3.0, -700.0


def probability_model(
    about: Any,
    *,
    cell: np.ndarray,
    real: np.ndarray,
    group: np.ndarray | None = None,
    unit: float | None = None,
    prior: AnswerPrior | None = None,
) -> pm.Model:
    """The model of probability vectors; arguments as of `hotmess.answers.vector_fit.fit_probabilities`.

    Log beta has its prior alone, where the package's own sampler also keeps it below 15: that matters only for
    questions whose responses are divided and all the same.

    Parameters
    ----------
    about
        (responses, D) probabilities, the target first, 0 where a cell lacks the option.
    cell, real, group
        (responses,) cell of each response; (cells, D) options of each cell; (cells,) its group.
    unit
        rounding unit of the responses; default: each one's own.

    Raises
    ------
    BadInput
        If a row is not a probability vector.
    """
    pm = load_pymc()
    import pytensor.tensor as pt

    f = np.asarray(about, float)
    if (f < 0).any() or (np.abs(f.sum(1) - 1) > 1e-3).any():
        raise BadInput("Every response must be a probability vector over its question's options; correct or drop it.")
    prior, cells, width = prior or AnswerPrior(), *real.shape
    g = np.zeros(cells, int) if group is None else np.asarray(group)
    others, certain = f.sum(1) - f.max(1), np.zeros((cells, width))
    sure = others < 1e-9
    np.add.at(certain, (cell[sure], f[sure].argmax(1)), 1)
    units = own_units(f) if unit is None else np.full(len(f), unit)
    data = _read(f[~sure], units[~sure], real[cell[~sure]])
    i = cell[~sure]
    coords = {"group": np.arange(int(g.max()) + 1), "kind": list(CELLS), "cell": np.arange(cells)}
    with pm.Model(coords=coords | {"option": np.arange(width)}) as model:
        logit_a, log_kappa, log_phi = (
            pm.Normal(name, m, s, dims="group") for name, m, s in zip(PARAMETERS, prior.location, prior.scale)
        )
        wide = [np.array(v)[:, None] for v in (LOCATION, WIDTH, SCALE)]
        location = pm.Normal("location", wide[0], wide[1], dims=("kind", "group"))
        scale = pm.TruncatedNormal("scale", 0.0, wide[2], lower=0.05, upper=6.0, dims=("kind", "group"))
        tau = pm.Normal("tau", 0.0, DOUBT, dims="group")
        kappa = pm.math.exp(log_kappa)
        shape = (kappa * pm.math.sigmoid(logit_a))[g], (kappa * pm.math.sigmoid(-logit_a))[g]
        a = pm.Beta("accuracy", alpha=shape[0], beta=shape[1], dims="cell")
        log_p = pt.concatenate([pt.log(a)[:, None], np.full((cells, width - 1), NEVER)], axis=1)
        wrong = real[:, 1:].sum(1)
        for k in np.unique(wrong):
            rows = np.flatnonzero(wrong == k)
            columns = np.stack([np.flatnonzero(r) for r in real[rows, 1:]]) + 1
            share = pt.zeros((len(rows), 1))
            if k > 1:
                each = (pm.math.exp(log_phi) / int(k))[g[rows]][:, None] * np.ones((1, int(k)))
                share = pt.log(pm.Dirichlet(f"wrong_{k}", a=each))
            log_p = pt.set_subtensor(log_p[rows[:, None], columns], pt.log1p(-a)[rows][:, None] + share)
        lead = pm.Normal("lead", location[0][g], scale[0][g], dims="cell")
        sigma = pm.math.exp(pm.Normal("log_sigma", location[1][g], scale[1][g], dims="cell"))
        rest = (location[2][g], scale[2][g])
        log_beta = pm.Normal("log_beta", rest[0][:, None], rest[1][:, None], dims=("cell", "option"))
        beta = pt.exp(log_beta) * real
        same, other = (_lead_density(pm, data["lead"], mean[i], sigma[i]) for mean in (lead, lead - tau[g]))
        mine = log_p[i]
        doubt = pt.log(pt.clip(1 - pt.exp(mine), 1e-300, 1))
        divided = _divided(pt, beta[i], real[i], data)
        each = mine + pt.logaddexp(mine + same[:, None], doubt + other[:, None]) + divided
        each = pt.switch(data["tied"], each, -np.inf)
        pm.Potential("responses", pt.logsumexp(each, axis=1).sum() + (certain * log_p).sum())
    return model


def _read(f: np.ndarray, unit: np.ndarray, real: np.ndarray) -> dict[str, np.ndarray]:
    """Exact zeros as a quarter of the unit; logarithms, the lead, and the options that have the largest probability."""
    least = np.min(np.where(f > 0, f, 1.0), axis=1)
    read = np.where(real & (f == 0), np.minimum(unit, least)[:, None] / 4, f)
    read = read / read.sum(1, keepdims=True)
    top = np.sort(read, axis=1)
    lead = np.maximum(np.log(top[:, -1] / top[:, -2]), np.log1p(unit / 4 / top[:, -1]))
    rest = np.stack([np.delete(read, k, axis=1).sum(1) for k in range(read.shape[1])], axis=1)
    log_f = np.log(np.where(real, read, 1.0))
    return {"log_f": log_f, "log_rest": np.log(rest), "lead": lead, "tied": real & (read >= top[:, -1:] * (1 - 1e-9))}


def _lead_density(pm: Any, x: np.ndarray, mean: Any, sigma: Any) -> Any:
    """Log density of a Normal above 0."""
    from pymc.distributions.dist_math import normal_lcdf

    inside = normal_lcdf(0.0, 1.0, mean / sigma)
    return -0.5 * ((x - mean) / sigma) ** 2 - pm.math.log(sigma) - 0.5 * np.log(2 * np.pi) - inside


def _divided(pt: Any, beta: Any, real: np.ndarray, data: dict[str, np.ndarray]) -> Any:
    """(responses, D) log density of how the others share what option k leaves over, were k the leading option."""
    log_gamma = pt.switch(real, pt.gammaln(pt.switch(real, beta, 1.0)), 0.0)
    less = pt.switch(real, beta - 1, 0.0)
    total, count = beta.sum(axis=1, keepdims=True) - beta, less.sum(axis=1, keepdims=True) - less
    inside = less * data["log_f"]
    out = pt.gammaln(pt.maximum(total, 1e-300)) - (log_gamma.sum(axis=1, keepdims=True) - log_gamma)
    return out + inside.sum(axis=1, keepdims=True) - inside - count * data["log_rest"]
