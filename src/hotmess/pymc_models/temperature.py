"""The model of answers and lengths in PyMC (methods, section 5), response by response, every option's score a variable.

P(answer = k) = softmax_k((eta_{mq,k} + lambda_s 1[k = target]) / tau_s)
log tau_s = sum over lengths f of heat_f x_fs,      lambda_s = sum of lift_f x_fs
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.pymc_models.sample import load_pymc
from hotmess.temperature.data import LengthData, length_data
from hotmess.temperature.prior import TemperaturePrior, pooling

if TYPE_CHECKING:
    import pymc as pm

ABSENT = -1e4  # the logit of an option that a question does not have


def temperature_model(about: Any, *, prior: TemperaturePrior | None = None, **options: Any) -> pm.Model:
    """The temperature model.

    about: responses (or their table) with lengths, arranged by `hotmess.temperature.data.length_data` with `options`;
    or `LengthData`. Scores of the target are Normal(mu, sigma_target), those of wrong options Normal(0, sigma_wrong);
    effects of a unit are c + cN doublings + deviations of its model, its benchmark and its own.
    """
    pm = load_pymc()
    if not isinstance(about, LengthData):
        column = options.pop("length", None) or getattr(about, "length", None) or "reasoning_tokens"
        about = length_data(getattr(about, "table", about), length=column, **options)
    data: LengthData = about
    prior = prior or TemperaturePrior()
    dense, groups = data.dense, pooling(data)
    where = np.nonzero(np.asarray(dense.weight) > 0)
    copies = np.asarray(dense.weight)[where].astype(int)
    cell = np.repeat(where[0], copies)
    answer = np.repeat(np.asarray(dense.answer)[where], copies)
    features = np.repeat(np.asarray(dense.features)[:, where[0], where[1]], copies, axis=1)
    real, unit = np.asarray(dense.real), np.asarray(dense.unit)
    absent = np.where(np.concatenate([np.ones((1, real.shape[1])), real]) > 0, 0.0, ABSENT).T[cell]
    units, count = len(data.units), len(data.features)
    target = np.eye(real.shape[0] + 1)[0]
    coords = {
        "unit": data.units["model"].astype(str).tolist() if units == 1 else list(range(units)),
        "effect": [f"{kind}_{name}" for kind in ("heat", "lift") for name in data.features],
        "cell": np.arange(real.shape[1]),
        "option": np.arange(real.shape[0] + 1),
    }
    with pm.Model(coords=coords) as model:
        (m0, s0), (m1, s1), (m2, s2) = prior.level
        mu = pm.Normal("mu", m0, s0, dims="unit")
        sigma_target = pm.math.exp(pm.Normal("log_sigma_target", m1, s1, dims="unit"))
        sigma_wrong = pm.math.exp(pm.Normal("log_sigma_wrong", m2, s2, dims="unit"))
        width = prior.effect_scales(data.features)
        total = pm.Normal("c", 0.0, width, dims="effect")[None, :] * np.ones((units, 1))
        if np.ptp(groups.doublings) > 0:
            by_size = pm.Normal("c_size", 0.0, prior.size * width, dims="effect")
            total = total + groups.doublings[:, None] * by_size[None, :]
        for i, name in enumerate(groups.groupings):
            spread = pm.HalfNormal(f"scale_{name}", prior.spread * width, dims="effect")
            levels = int(groups.index[i].max()) + 1
            own = pm.Normal(f"own_{name}", 0.0, 1.0, shape=(levels, 2 * count))
            total = total + (spread[None, :] * own)[groups.index[i]]
        effects = pm.Deterministic("effects", total, dims=("unit", "effect"))
        location = mu[unit][:, None] * target[None]
        scale = sigma_target[unit][:, None] * target[None] + sigma_wrong[unit][:, None] * (1 - target)[None]
        eta = pm.Normal("eta", location, scale, dims=("cell", "option"))
        mine = effects[unit[cell]]
        heat = sum(mine[:, f] * features[f] for f in range(count))
        lift = sum(mine[:, count + f] * features[f] for f in range(count))
        logits = (eta[cell] + lift[:, None] * target[None]) * pm.math.exp(-heat)[:, None] + absent
        pm.Categorical("answer", logit_p=logits, observed=answer)
    return model
