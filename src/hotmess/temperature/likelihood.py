"""The temperature likelihood: softmax((score + lift · 1[target]) /
temperature), response by response, in JAX (methods, section 5).

Scores enter as differences d_k = eta_k - eta_target of the wrong options, so the target's logit is lift/tau and the
wrong ones' d_k/tau. Cells (a model's responses to a question, all budgets) are rows of dense arrays, padded with
weight 0: a gradient is a handful of passes over contiguous memory, without gathers by response.

Parameters of a unit (a model on a benchmark) are the columns of theta, `parameter_names`:

    mu, log_sigma_target, log_sigma_wrong, heat_1 … heat_F, lift_1 … lift_F

with eta_target ~ Normal(mu, sigma_target) and wrong options' scores ~ Normal(0, sigma_wrong), hence
d ~ Normal(-mu 1, sigma_wrong² I + sigma_target² 1 1').
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hotmess.temperature.small_matrices import UNROLLED

ABSENT = -1e30


class Dense(NamedTuple):
    """What a likelihood evaluation reads; n cells, S responses at most, F features, K wrong options at most.

    Attributes
    ----------
    features
        (F, n, S) doublings of length that each response lies from its reference.
    weight
        (n, S) how many identical responses the entry stands for; 0 for padding.
    answer
        (n, S) 0 for the target, k for wrong option k.
    real
        (K, n) whether the cell has that wrong option.
    unit
        (n,) unit of each cell.
    """

    features: Any
    weight: Any
    answer: Any
    real: Any
    unit: Any


def parameter_names(features: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the columns of theta.

    >>> parameter_names(("natural",))
    ('mu', 'log_sigma_target', 'log_sigma_wrong', 'heat_natural', 'lift_natural')
    """
    effects = [f"{kind}_{name}" for kind in ("heat", "lift") for name in features]
    return ("mu", "log_sigma_target", "log_sigma_wrong", *effects)


def single(dense: Dense) -> Dense:
    """The same in single precision: twice as fast to evaluate, each cell's log likelihood right to some 1e-5.

    Over 120,960 responses the sum is wrong by 1e-3, against the 0.3 by which a leapfrog step misses the energy.
    """
    import jax

    return Dense(*jax.device_put([np.asarray(x, np.float32 if x.dtype == np.float64 else None) for x in dense]))


def log_likelihood(d: Any, cell_theta: Any, dense: Dense) -> Any:
    """(n,) log likelihood of each cell's responses; its reverse derivative comes from the same pass over the data.

    Responses are read in the precision of `dense`; what comes out has that of `d`.
    """
    import jax

    kind, given = dense.features.dtype, d.dtype

    def evaluated(d: Any, cell_theta: Any) -> list[Any]:
        return [x.astype(given) for x in _value_and_slopes(d.astype(kind), cell_theta.astype(kind), dense)]

    @jax.custom_vjp
    def value(d: Any, cell_theta: Any) -> Any:
        return evaluated(d, cell_theta)[0]

    def forward(d: Any, cell_theta: Any) -> Any:
        total, by_d, by_theta = evaluated(d, cell_theta)
        return total, (by_d, by_theta)

    def backward(slopes: Any, g: Any) -> Any:
        return slopes[0] * g, slopes[1] * g

    value.defvjp(forward, backward)
    return value(d, cell_theta)


def _value_and_slopes(d: Any, cell_theta: Any, dense: Dense) -> tuple[Any, Any, Any]:
    """Log likelihood (n,), its slopes (K, n) by d and (T, n) by the parameters, fused by hand over options."""
    import jax.numpy as jnp

    count = dense.features.shape[0]
    p, a, cold, of_all = _softmax(d, cell_theta, dense)
    value = -of_all
    off: list[Any] = []
    by_heat: Any = 0.0
    for k, x in enumerate(a):
        chosen = dense.answer == k
        value = value + jnp.where(chosen, x, 0.0)
        residual = dense.weight * (chosen - p[k])
        off.append(residual)
        by_heat = by_heat - (residual * x if k == 0 else jnp.where(dense.real[k - 1][:, None], residual * x, 0.0))
    by_d = jnp.stack([(r * cold).sum(-1) for r in off[1:]])
    zero = jnp.zeros_like(by_d[0])
    heats = [(by_heat * dense.features[f]).sum(-1) for f in range(count)]
    lifts = [(off[0] * cold * dense.features[f]).sum(-1) for f in range(count)]
    return (dense.weight * value).sum(-1), by_d, jnp.stack([zero, zero, zero, *heats, *lifts])


def _parts(d: Any, cell_theta: Any, dense: Dense) -> tuple[list[Any], Any]:
    """Logits (n, S) of the target and of each wrong option, and inverse temperatures (n, S)."""
    import jax.numpy as jnp

    count = dense.features.shape[0]
    heat = sum(cell_theta[3 + f][:, None] * dense.features[f] for f in range(count))
    lift = sum(cell_theta[3 + count + f][:, None] * dense.features[f] for f in range(count))
    cold = jnp.exp(-heat)
    wrong = [jnp.where(dense.real[k][:, None], d[k][:, None] * cold, ABSENT) for k in range(d.shape[0])]
    return [lift * cold, *wrong], cold


class Coldness(NamedTuple):
    """What the log likelihood of many scores at the same parameters shares.

    Attributes
    ----------
    cold, lifted
        (n, S) inverse temperatures, and the target's logits.
    weight
        (n, S)
    given, right
        (K, n) sums of the coldness of the responses that gave each wrong option, and (n,) of the target's logits.
    real
        (K, n)
    """

    cold: Any
    lifted: Any
    weight: Any
    given: Any
    right: Any
    real: Any


def coldness(cell_theta: Any, dense: Dense) -> Coldness:
    """Of the cells' responses at these parameters (T, n)."""
    import jax.numpy as jnp

    k = dense.real.shape[0]
    (lifted, *_), cold = _parts(jnp.zeros((k, dense.real.shape[1]), cell_theta.dtype), cell_theta, dense)
    given = jnp.stack([jnp.where(dense.answer == j + 1, dense.weight * cold, 0.0).sum(-1) for j in range(k)])
    right = jnp.where(dense.answer == 0, dense.weight * lifted, 0.0).sum(-1)
    return Coldness(cold, lifted, dense.weight, given, right, dense.real)


def log_likelihood_at(d: Any, at: Coldness) -> Any:
    """(n,) log likelihood of each cell's responses at scores d (K, n): one exponential for each option, one logarithm.

    sum_s w_s (a_y - log sum_k exp a_k), of which the first part is linear in d.
    """
    import jax.numpy as jnp

    d = jnp.where(at.real, d, jnp.asarray(ABSENT, d.dtype))
    top = jnp.maximum(at.lifted, d.max(0)[:, None] * at.cold)
    total = jnp.exp(at.lifted - top) + sum(jnp.exp(x[:, None] * at.cold - top) for x in d)
    return at.right + (d * at.given).sum(0) - (at.weight * (top + jnp.log(total))).sum(-1)


def probabilities(d: Any, cell_theta: Any, dense: Dense) -> tuple[list[Any], list[Any], Any]:
    """Probabilities of the target and of each wrong option, their logits, and inverse temperatures; each (n, S)."""
    return _softmax(d, cell_theta, dense)[:3]


def _softmax(d: Any, cell_theta: Any, dense: Dense) -> tuple[list[Any], list[Any], Any, Any]:
    """The same, and the logarithm of the sum of the exponentials of the logits."""
    import jax
    import jax.numpy as jnp

    a, cold = _parts(d, cell_theta, dense)
    top = a[0]
    for x in a[1:]:
        top = jnp.maximum(top, x)
    top = jax.lax.stop_gradient(top)
    e = [jnp.exp(x - top) for x in a]
    total = sum(e)
    inverse = 1 / total
    return [x * inverse for x in e], a, cold, top + jnp.log(total)


def curvature(d: Any, cell_theta: Any, dense: Dense) -> tuple[Any, Any]:
    """Gradient (K, n) and negative Hessian (K, K, n) of the cells' log likelihood with respect to d.

    Of many options the Hessian is one product of matrices instead of K (K + 1)/2 sums: slower, but quick to compile.
    """
    import jax.numpy as jnp

    every, _, cold = probabilities(d, cell_theta, dense)
    p = every[1:]
    k = len(p)
    weighted = dense.weight * cold
    gradient = jnp.stack([(weighted * ((dense.answer == j + 1) - p[j])).sum(-1) for j in range(k)])
    squared = weighted * cold
    if k > UNROLLED:
        stacked = jnp.stack(p)
        second_moment = jnp.einsum("ins,jns->ijn", squared * stacked, stacked)
        return gradient, jnp.eye(k)[:, :, None] * (squared * stacked).sum(-1) - second_moment
    first = [(squared * p[j]).sum(-1) for j in range(k)]
    second = {(i, j): (squared * p[i] * p[j]).sum(-1) for i in range(k) for j in range(i + 1)}
    rows = [
        jnp.stack([(first[i] if i == j else 0.0) - second[max(i, j), min(i, j)] for j in range(k)]) for i in range(k)
    ]
    return gradient, jnp.stack(rows)


def prior_precision(cell_theta: Any, real: Any) -> tuple[Any, Any, Any]:
    """Mean (K, n), precision (K, K, n) and log determinant (n,) of the precision of d's Normal prior.

    (sigma_w² I + sigma_t² 1 1')^-1 = sigma_w^-2 (I - c 1 1') with c = sigma_t²/(sigma_w² + K sigma_t²). Options a cell
    does not have get independent standard Normals, which nothing else depends on.
    """
    import jax.numpy as jnp

    target, wrong = jnp.exp(2 * cell_theta[1]), jnp.exp(2 * cell_theta[2])
    here = jnp.asarray(real, float)
    count = here.sum(0)
    c = target / (wrong + count * target)
    k = here.shape[0]
    eye = jnp.eye(k)[:, :, None]
    precision = (eye * here[None] - c * here[:, None] * here[None]) / wrong + eye * (1 - here)[None]
    log_det = -(count - 1) * jnp.log(wrong) - jnp.log(wrong + count * target)
    return -cell_theta[0] * here, precision, log_det


def log_prior(d: Any, cell_theta: Any, real: Any) -> Any:
    """(n,) log density of d given the unit's mu and sigmas, over the options the cell has."""
    import jax.numpy as jnp

    mean, precision, log_det = prior_precision(cell_theta, real)
    r = d - mean
    quadratic = (r * (precision * r[None]).sum(1)).sum(0)
    return 0.5 * (log_det - quadratic) - 0.5 * np.log(2 * np.pi) * jnp.asarray(real).shape[0]
