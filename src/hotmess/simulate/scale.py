"""Worlds in which bias² and variance are power laws of model size, by difficulty group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hotmess.arrays import Floats
from hotmess.errors import BadInput
from hotmess.simulate.world import World, draw_answers, log_sizes

GROUPS = ("easy", "medium", "hard")
TRIES = 100  # to find residuals of models that some answer distribution has


@dataclass(frozen=True)
class Scale:
    """log bias²_g(N) = log bias_g - alpha_bias_g log(N/N0) + u_m, variance likewise; N0 the geometric mean size.

    Answers follow the nested Dirichlet: the group's accuracy is 1 - (bias² + variance)/2, wrong answers have
    concentration parameter phi (options K = options - 1), and kappa is solved from the bias².

    Attributes
    ----------
    bias, variance
        bias² and variance of each group at N0.
    residual
        sd of the models' own residuals u_m of log bias² and of log variance, shared by all groups.
    correlation
        their correlation.
    shared
        correlation between models of a question's accuracy, on the normal scale (a Gaussian copula).
    """

    sizes: tuple[float, ...] = (0.6, 1.7, 4.0, 8.0, 14.0, 32.0)
    questions: int = 100
    samples: int = 10
    options: int = 4
    bias: tuple[float, float, float] = (0.12, 0.18, 0.26)
    variance: tuple[float, float, float] = (0.10, 0.16, 0.22)
    alpha_bias: tuple[float, float, float] = (0.30, 0.30, 0.30)
    alpha_variance: tuple[float, float, float] = (0.45, 0.30, 0.15)
    residual: float = 0.05
    correlation: float = 0.0
    phi: float = 4.0
    shared: float = 0.5
    accuracy_only: bool = False


def laws(world: Scale, u: Floats) -> tuple[Floats, Floats]:
    """bias² and variance, each (models, groups); u is (2, models), the residuals of their logs.

    With `accuracy_only` the error follows bias + variance with alpha_bias, while kappa and phi stay what they are at
    N0: all that moves is accuracy.
    """
    log_n = log_sizes(world.sizes)
    x = (log_n - log_n.mean())[:, None]
    bias = np.asarray(world.bias) * np.exp(-x * np.asarray(world.alpha_bias) + u[0][:, None])
    variance = np.asarray(world.variance) * np.exp(-x * np.asarray(world.alpha_variance) + u[1][:, None])
    if world.accuracy_only:
        h, _, rho = _solve(world, np.asarray(world.bias)[None], np.asarray(world.variance)[None])
        wrong = (np.asarray(world.bias) + np.asarray(world.variance)) / 2
        wrong = wrong * np.exp(-x * np.asarray(world.alpha_bias) + u[0][:, None])
        bias = wrong * (wrong + rho * (1 - wrong)) * (1 + h)
        variance = 2 * wrong - bias
    return bias, variance


def _solve(world: Scale, bias: Floats, variance: Floats) -> tuple[float, Floats, Floats]:
    """Wrong-answer concentration h, accuracy a and intraclass correlation rho = 1/(kappa + 1) with these terms."""
    k = world.options - 1
    h = (1 + world.phi / k) / (1 + world.phi)
    a = 1 - (bias + variance) / 2
    rho = (bias / ((1 - a) * (1 + h)) - (1 - a)) / a
    if np.any(a <= 0) or np.any(rho <= 0.005) or np.any(rho >= 0.995):
        raise BadInput(
            f"No answer distribution has these bias² and variance (accuracy {a.min():.2f} to {a.max():.2f}, intraclass "
            f"correlation {rho.min():.2f} to {rho.max():.2f}); choose laws that stay within (0, 1)."
        )
    return h, a, rho


def _models(world: Scale, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
    """bias², variance, accuracy and correlation of models; residuals that no answer distribution has are drawn anew."""
    m = len(world.sizes)
    _solve(world, *laws(world, np.zeros((2, m))))
    for _ in range(TRIES):
        noise = rng.normal(size=(2, m)) * world.residual
        noise[1] = world.correlation * noise[0] + np.sqrt(1 - world.correlation**2) * noise[1]
        bias, variance = laws(world, noise)
        try:
            return bias, variance, *_solve(world, bias, variance)[1:]
        except BadInput:
            continue
    raise BadInput(
        f"With residuals of standard deviation {world.residual:g} no answer distributions have these bias² and "
        f"variance in {TRIES} draws; choose smaller residuals."
    )


def scale(world: Scale, *, seed: int) -> World:
    """Draw a data set of all models on the questions of three difficulty groups.

    truth: `alpha_bias[g]`, `alpha_variance[g]`, `slope[g]` (change of logit incoherence per unit of log N of the law,
    alpha_bias - alpha_variance: exact without residuals, and the claim's estimand), `slope_these[g]` (least squares
    over these models, residuals included), for g easy, medium, hard; with `accuracy_only` only the slopes.

    >>> data = scale(Scale(questions=5, residual=0.0), seed=0)
    >>> round(data.truth["slope[hard]"], 2), round(data.truth["slope_these[hard]"], 2), len(data.models)
    (0.15, 0.15, 6)
    """
    from scipy.special import betaincinv, logit, ndtr

    rng = np.random.default_rng(seed)
    m, q, k = len(world.sizes), world.questions, world.options - 1
    bias, variance, a, rho = _models(world, rng)
    kappa = 1 / rho - 1
    group = np.repeat(np.arange(3), -(-q // 3))[:q]
    common = np.sqrt(world.shared) * rng.normal(size=q) + np.sqrt(1 - world.shared) * rng.normal(size=(m, q))
    shapes = ((kappa * a)[:, group], (kappa * (1 - a))[:, group])
    right = betaincinv(*shapes, np.clip(ndtr(common), 1e-9, 1 - 1e-9))
    w = rng.standard_gamma(world.phi / k, (m, q, k)) + 1e-300
    p = np.concatenate([right[..., None], (1 - right)[..., None] * w / w.sum(-1, keepdims=True)], axis=-1)
    answer = draw_answers(np.broadcast_to(p[:, :, None, None], (m, q, 1, world.samples, world.options)), rng)
    x = log_sizes(world.sizes) - np.mean(np.log(world.sizes))
    clean = laws(world, np.zeros((2, m)))

    def slopes(terms: tuple[Floats, Floats]) -> Floats:
        out: Floats = x @ logit(terms[1] / (terms[0] + terms[1])) / (x @ x)
        return out

    truth: dict[str, float] = {}
    for g, name in enumerate(GROUPS):
        if not world.accuracy_only:
            truth[f"alpha_bias[{name}]"] = world.alpha_bias[g]
            truth[f"alpha_variance[{name}]"] = world.alpha_variance[g]
        truth[f"slope[{name}]"] = float(slopes(clean)[g])
        truth[f"slope_these[{name}]"] = float(slopes((bias, variance))[g])
    truth["slope_difference"] = truth["slope[hard]"] - truth["slope[easy]"]
    return World(
        answer=answer,
        target=rng.integers(world.options, size=q),
        options=world.options,
        truth=truth,
        models=tuple(f"model-{s:g}B" for s in world.sizes),
        sizes=world.sizes,
        difficulty=tuple(GROUPS[g] for g in group),
    )
