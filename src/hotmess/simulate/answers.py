"""Worlds of latent answer distributions: what the answer models assume, and what they do not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from hotmess.arrays import Floats
from hotmess.simulate import truth as exact
from hotmess.simulate.world import World, draw_answers

LARGE = 50_000


@dataclass(frozen=True)
class Answers:
    """Questions' accuracies from a Beta, a logit-normal or a two-component mixture; wrong answers Dirichlet(phi/K).

    Attributes
    ----------
    spread
        intraclass correlation rho = 1/(kappa + 1) of a Beta; the sd on the logit scale of a logit-normal is
        4 rho; in a mixture rho is the share of settled questions (accuracy 0.01 or 0.99), the rest Beta(4a, 4(1 - a)).
    shared
        correlation between models of a question's accuracy, on the normal scale.
    contexts
        few-shot contexts per cell, each with samples // contexts responses; 0 for none.
    concentration
        of the Dirichlet of a context's answer distribution around its question's; infinite: contexts do not matter.
    """

    kind: Literal["beta", "logit-normal", "mixture"] = "beta"
    models: int = 1
    questions: int = 100
    samples: int = 30
    options: int = 4
    accuracy: float = 0.6
    spread: float = 0.5
    phi: float = 1.0
    shared: float = 0.0
    contexts: int = 0
    concentration: float = np.inf


def _accuracies(world: Answers, normal: Floats, rng: np.random.Generator) -> Floats:
    from scipy.special import betaincinv, expit, logit, ndtr

    u = np.clip(ndtr(normal), 1e-9, 1 - 1e-9)
    kappa = 1 / world.spread - 1
    if world.kind == "beta":
        out: Floats = betaincinv(kappa * world.accuracy, kappa * (1 - world.accuracy), u)
        return out
    if world.kind == "logit-normal":
        out = expit(logit(world.accuracy) + 4 * world.spread * normal)
        return out
    settled = rng.random(normal.shape[-1]) < world.spread
    clear = np.where(u < world.accuracy, 0.99, 0.01)
    return np.where(settled, clear, betaincinv(4 * world.accuracy, 4 * (1 - world.accuracy), u))


def distributions(world: Answers, questions: int, rng: np.random.Generator) -> Floats:
    """(models, questions, options) answer distributions of a world, the target first."""
    m, k = world.models, world.options - 1
    own = rng.normal(size=(m, questions))
    normal = np.sqrt(world.shared) * rng.normal(size=questions) + np.sqrt(1 - world.shared) * own
    right = _accuracies(world, normal, rng)
    w = rng.standard_gamma(world.phi / k, (m, questions, k)) + 1e-300
    return np.concatenate([right[..., None], (1 - right)[..., None] * w / w.sum(-1, keepdims=True)], axis=-1)


def answers(world: Answers, *, seed: int) -> World:
    """Draw a data set.

    truth: `incoherence`, `bias2`, `variance`, `accuracy` for questions like these (closed form for the Beta, otherwise
    from `LARGE` questions), the same for these questions with `_these`, and `context_share`, the part of the variance
    that lies between contexts, 1/(concentration + 1).

    >>> data = answers(Answers(accuracy=0.5, spread=0.5, phi=3.0), seed=0)
    >>> data.truth["incoherence"]                                 # 1 - ½ · (1·½ + 1)/2 · (1 + ½)
    0.4375
    """
    rng = np.random.default_rng(seed)
    p = distributions(world, world.questions, rng)
    shape = (world.models, world.questions, 1, world.samples)
    context = None
    each = np.broadcast_to(p[:, :, None, None], (*shape, world.options))
    if world.contexts:
        context = np.broadcast_to(np.arange(world.samples) * world.contexts // world.samples, shape).copy()
        around = np.broadcast_to(p[:, :, None], (*shape[:2], world.contexts, world.options))
        if np.isfinite(world.concentration):
            around = rng.standard_gamma(world.concentration * around) + 1e-300 * around
            around = around / around.sum(-1, keepdims=True)
        each = around[:, :, context[0, 0, 0]][:, :, None]
    truth = {f"{name}_these": value for name, value in _terms(p).items()}
    if world.kind == "beta":
        kappa, k = 1 / world.spread - 1, world.options - 1
        h = (1 + world.phi / k) / (1 + world.phi)
        error = 2 * (1 - world.accuracy)
        ratio = 1 - 0.5 * (kappa * (1 - world.accuracy) + 1) / (kappa + 1) * (1 + h)
        truth |= {
            "incoherence": ratio,
            "variance": ratio * error,
            "bias2": (1 - ratio) * error,
            "accuracy": world.accuracy,
        }
    else:
        truth |= _population(world)
    truth["context_share"] = 1 / (world.concentration + 1) if world.contexts else 0.0
    return World(
        answer=draw_answers(each, rng),
        target=rng.integers(world.options, size=world.questions),
        options=world.options,
        truth=truth,
        models=tuple(f"model-{m}" for m in range(world.models)),
        context=context,
    )


@lru_cache(maxsize=16)
def _population(world: Answers) -> dict[str, float]:
    return _terms(distributions(world, LARGE // world.models, np.random.default_rng(20_240_103)))


def _terms(p: Floats) -> dict[str, float]:
    variance = 1 - (p**2).sum(-1)
    error = 2 * (1 - p[..., 0])
    return {
        "incoherence": float(np.mean(exact.incoherence(p))),
        "variance": float(variance.mean()),
        "bias2": float((error - variance).mean()),
        "accuracy": float(p[..., 0].mean()),
    }
