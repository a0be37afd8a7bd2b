"""The power laws of bias² and variance in PyMC (methods, section 4): levels, exponents and hyperparameters sampled.

y = (log bias²_gm, log variance_gm),   y ~ Normal(A_g - alpha_g x_m, noise + cov(u_m) + cov(e_gm))
(alpha^B_g, alpha^V_g) ~ Normal(mean + h_g trend, diag(tau) R diag(tau)), h_g from the easiest group to the hardest
level and ratio, (u^B_m + u^V_m, u^V_m - u^B_m) / sqrt(2), likewise around 0; those of e_gm without a correlation
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput
from hotmess.laws.hardness import hardness
from hotmess.laws.power_data import LawData, law_data
from hotmess.laws.power_model import LawPrior
from hotmess.pymc_models.sample import load_pymc

if TYPE_CHECKING:
    import pymc as pm


def power_model(
    about: Any,
    *,
    over: str = "model_size_b",
    by: str | tuple[str, ...] = "difficulty",
    metric: str = "brier",
    population: str = "like-these",
    prior: LawPrior | None = None,
) -> pm.Model:
    """The model of the laws, for one population of questions.

    about: a `Fit` without a formula, `PowerLaws` already fitted (their data are taken), or `LawData`.

    Raises
    ------
    BadInput
        For a fit that is pooled by a formula, which would be shrunk twice.
    """
    pm = load_pymc()
    import pandas as pd

    prior = prior or LawPrior()
    by = (by,) if isinstance(by, str) else tuple(by)
    if hasattr(about, "law"):
        data, by = about.law, about.by
    elif isinstance(about, LawData):
        data = about
    else:
        if about.formula is not None:
            raise BadInput("The fit is pooled by a formula, and a law fitted to it would shrink twice.")
        data = law_data(about, over=over, by=by, metric=metric)[0]
    p = data.populations.index(population)
    names = data.cells[list(by)].astype(str).agg(", ".join, axis=1)
    levels = sorted(names.unique(), key=lambda label: names.tolist().index(label))
    g = names.map(levels.index).to_numpy()
    m, models = pd.factorize(data.cells["model"], sort=True)
    x, size = data.cells["x"].to_numpy(), len(data.cells)
    same = (m[:, None] == m[None]).astype(float)
    alone = np.eye(size)
    hard = hardness(data.cells[list(by)].iloc[[names.tolist().index(one) for one in levels]])
    coords = {"term": ["bias2", "variance"], "residual": ["level", "ratio"], "group": levels, "model": list(models)}
    with pm.Model(coords=coords) as model:
        tau = pm.HalfNormal("tau", prior.slope_spread, dims="term")
        u = pm.HalfNormal("u", prior.model, dims="residual")
        e = pm.HalfNormal("e", prior.rest, dims="residual")
        rho_alpha = pm.Uniform("rho_alpha", -1.0, 1.0)
        rho_u = pm.Uniform("rho_u", -1.0, 1.0)
        level = pm.Normal("level", -1.0, prior.intercept, dims=("term", "group"))
        middle = pm.Normal("middle", 0.0, prior.slope, dims="term")
        trend = pm.Normal("trend", 0.0, prior.trend, dims="term")
        free = pm.Normal("free", 0.0, 1.0, dims=("term", "group"))
        first = tau[0] * free[0]
        second = tau[1] * (rho_alpha * free[0] + pm.math.sqrt(1 - rho_alpha**2) * free[1])
        around = middle[:, None] + trend[:, None] * hard[None]
        alpha = pm.Deterministic("alpha", around + pm.math.stack([first, second]), dims=("term", "group"))
        mean = pm.math.concatenate([level[i][g] - alpha[i][g] * x for i in range(2)])

        def turned(level: Any, ratio: Any, both: Any, matrix: np.ndarray) -> Any:
            """Covariance of (bias², variance), of residuals of level and ratio with these (co)variances."""
            blocks = [
                [(level + ratio) / 2 - both, (level - ratio) / 2],
                [(level - ratio) / 2, (level + ratio) / 2 + both],
            ]
            rows = [pm.math.concatenate([block * matrix for block in row], axis=1) for row in blocks]
            return pm.math.concatenate(rows, axis=0)

        covariance = data.covariance[p] + turned(u[0] ** 2, u[1] ** 2, rho_u * u[0] * u[1], same)
        covariance = covariance + turned(e[0] ** 2, e[1] ** 2, 0.0, alone)
        pm.MvNormal("y", mu=mean, cov=covariance, observed=data.mean[p])
    return model
