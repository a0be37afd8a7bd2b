"""The temperature likelihood: softmax((score + lift · 1[target]) /
temperature), response by response, in NumPy or JAX (methods, section 5).

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

from hotmess.temperature.small_matrices import namespace

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
    if namespace(d) is np:
        return values(softmax(d, cell_theta, dense), dense)
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
    soft = softmax(d, cell_theta, dense)
    p, a, cold, _ = soft
    off: list[Any] = []
    by_heat: Any = 0.0
    for k, x in enumerate(a):
        chosen = dense.answer == k
        residual = dense.weight * (chosen - p[k])
        off.append(residual)
        by_heat = by_heat - (residual * x if k == 0 else jnp.where(dense.real[k - 1][:, None], residual * x, 0.0))
    by_d = jnp.stack([(r * cold).sum(-1) for r in off[1:]])
    zero = jnp.zeros_like(by_d[0])
    heats = [(by_heat * dense.features[f]).sum(-1) for f in range(count)]
    lifts = [(off[0] * cold * dense.features[f]).sum(-1) for f in range(count)]
    return values(soft, dense), by_d, jnp.stack([zero, zero, zero, *heats, *lifts])


def _parts(d: Any, cell_theta: Any, dense: Dense) -> tuple[list[Any], Any]:
    """Logits (n, S) of the target and of each wrong option, and inverse temperatures (n, S)."""
    xp, count = namespace(d), dense.features.shape[0]
    heat = sum(cell_theta[3 + f][:, None] * dense.features[f] for f in range(count))
    lift = sum(cell_theta[3 + count + f][:, None] * dense.features[f] for f in range(count))
    cold = xp.exp(-heat)
    wrong = [xp.where(dense.real[k][:, None], d[k][:, None] * cold, ABSENT) for k in range(d.shape[0])]
    return [lift * cold, *wrong], cold


class Softmax(NamedTuple):
    """Of the target and of each wrong option: probabilities and logits; inverse temperatures, and the logarithm of the
    sum of the exponentials of the logits; each (n, S)."""

    p: list[Any]
    logits: list[Any]
    cold: Any
    total: Any


def softmax(d: Any, cell_theta: Any, dense: Dense) -> Softmax:
    """Of all responses at scores d (K, n) and parameters (T, n)."""
    xp = namespace(d)
    a, cold = _parts(d, cell_theta, dense)
    top = a[0]
    for x in a[1:]:
        top = xp.maximum(top, x)
    if xp is not np:
        import jax

        top = jax.lax.stop_gradient(top)
    e = [xp.exp(x - top) for x in a]
    total = sum(e)
    inverse = 1 / total
    return Softmax([x * inverse for x in e], a, cold, top + xp.log(total))


def values(soft: Softmax, dense: Dense) -> Any:
    """(n,) log likelihood of each cell's responses."""
    xp, value = namespace(soft.total), -soft.total
    for k, x in enumerate(soft.logits):
        value = value + xp.where(dense.answer == k, x, 0.0)
    return (dense.weight * value).sum(-1)


def curvature(d: Any, cell_theta: Any, dense: Dense) -> tuple[Any, Any]:
    """Gradient (K, n) and negative Hessian (K, K, n) of the cells' log likelihood with respect to d."""
    return curvature_of(softmax(d, cell_theta, dense), dense)


def curvature_of(soft: Softmax, dense: Dense) -> tuple[Any, Any]:
    """The same from what was made already."""
    p, xp = soft.p[1:], namespace(soft.cold)
    k = len(p)
    weighted = dense.weight * soft.cold
    gradient = xp.stack([(weighted * ((dense.answer == j + 1) - p[j])).sum(-1) for j in range(k)])
    squared = weighted * soft.cold
    first = [(squared * p[j]).sum(-1) for j in range(k)]
    second = {(i, j): (squared * p[i] * p[j]).sum(-1) for i in range(k) for j in range(i + 1)}
    rows = [
        xp.stack([(first[i] if i == j else 0.0) - second[max(i, j), min(i, j)] for j in range(k)]) for i in range(k)
    ]
    return gradient, xp.stack(rows)


def prior_precision(cell_theta: Any, real: Any) -> tuple[Any, Any]:
    """Mean (K, n) and precision (K, K, n) of d's Normal prior.

    (sigma_w² I + sigma_t² 1 1')^-1 = sigma_w^-2 (I - c 1 1') with c = sigma_t²/(sigma_w² + K sigma_t²). Options a cell
    does not have get independent standard Normals, which nothing else depends on.
    """
    xp = namespace(cell_theta)
    target, wrong = xp.exp(2 * cell_theta[1]), xp.exp(2 * cell_theta[2])
    here = xp.asarray(real, float)
    count = here.sum(0)
    c = target / (wrong + count * target)
    k = here.shape[0]
    eye = xp.eye(k)[:, :, None]
    precision = (eye * here[None] - c * here[:, None] * here[None]) / wrong + eye * (1 - here)[None]
    return -cell_theta[0] * here, precision


def log_prior(d: Any, cell_theta: Any, real: Any) -> Any:
    """(n,) log density of d (K, n) given the unit's mu and sigmas, over the options a cell has; or (P, n) of (K, P, n).

    With the precision of `prior_precision` the quadratic form is r'r/sigma_w² - c/sigma_w² (1'r)².
    """
    xp = namespace(d)
    target, wrong = xp.exp(2 * cell_theta[1]), xp.exp(2 * cell_theta[2])
    here = xp.asarray(real, float)
    count = here.sum(0)
    both, shift = wrong + count * target, cell_theta[0] * here
    away = d + (shift if d.ndim == 2 else shift[:, None].astype(d.dtype))
    each, lean = (xp.asarray(x, d.dtype) for x in (here / wrong + (1 - here), here))
    square = xp.einsum("k...n,k...n,kn->...n", away, away, each)
    quadratic = square - target / (wrong * both) * xp.einsum("k...n,kn->...n", away, lean) ** 2
    log_det = -(count - 1) * xp.log(wrong) - xp.log(both)
    return 0.5 * (log_det - quadratic) - 0.5 * np.log(2 * np.pi) * len(real)
