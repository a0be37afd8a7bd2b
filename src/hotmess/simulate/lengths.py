"""Worlds in which length has no effect on the answer: it follows the answer, the question, or chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.special import ndtri

from hotmess.arrays import Floats
from hotmess.simulate import truth as exact
from hotmess.simulate.overthinking import LARGE, Temperature, contrast, scores
from hotmess.simulate.world import World, draw_answers, log_sizes, tokens


@dataclass(frozen=True)
class Follows:
    """Lengths that follow the answer: log2 length ~ Normal(question + budget + shift_k, spread_k) given option k.

    Attributes
    ----------
    longer
        doublings by which wrong runs are longer (negative: shorter), a common lognormal factor.
    spread, spread_wrong
        sd of log2 length of right and of wrong runs.
    by_option
        sd of further shifts of each question's wrong options.
    """

    base: Temperature = field(default_factory=Temperature)
    longer: float = 0.6
    spread: float = 0.6
    spread_wrong: float = 0.6
    by_option: float = 0.0


def _given(world: Follows, questions: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
    score, shared = scores(world.base, questions, rng)
    p = exact.softmax(score)
    shift = np.zeros_like(p)
    shift[..., 1:] = world.longer + world.by_option * rng.normal(size=shift[..., 1:].shape)
    spread = np.r_[world.spread, np.full(world.base.options - 1, world.spread_wrong)]
    return p, shift, spread, shared


def _truths(world: Follows, p: Floats, shift: Floats, spread: Floats) -> dict[str, float]:
    rows: dict[str, list[float]] = {}
    for m in range(world.base.models):
        mean = (p[m] * shift[m]).sum(-1, keepdims=True)
        sd = float(np.sqrt((p[m] * (spread**2 + (shift[m] - mean) ** 2)).sum(-1).mean()))
        reach = sd * float(ndtri(exact.RANGE[1]))  # the mixture is close enough to Normal for a range
        ends = [exact.given_length(p[m], shift[m], spread, z) for z in (-reach, reach)]
        row = {
            "beta_nat": exact.slope(ends[0], ends[1], 2 * reach),
            "beta_bud": 0.0,
            "gamma_nat": 0.0,
            "gamma_bud": 0.0,
        }
        row["accuracy_nat"] = float(ends[1][:, 0].mean() - ends[0][:, 0].mean()) / (2 * reach)
        row["exceeds"] = abs(row["beta_nat"])
        if world.spread == world.spread_wrong and world.by_option == 0:
            row["lambda_nat"] = -world.longer / world.spread**2
        row |= contrast(*exact.halves_given_answer(p[m], shift[m], spread))
        for name, value in row.items():
            rows.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in rows.items()}


@lru_cache(maxsize=64)
def _population(world: Follows) -> dict[str, float]:
    return _truths(world, *_given(world, LARGE, np.random.default_rng(20_240_102))[:3])


def follows_answer(world: Follows, *, seed: int) -> World:
    """Wrong runs are merely longer, or shorter: the answer decides the length, never the length the answer.

    gamma_nat is 0. With equal spreads and no option-specific shifts, Bayes' theorem makes the association of answer
    with length a shift lambda_nat = -longer / spread² towards the target; beta_nat is that association's slope.
    """
    rng = np.random.default_rng(seed)
    base = world.base
    p, shift, spread, shared = _given(world, base.questions, rng)
    shape = (base.models, base.questions, base.budgets, base.samples)
    answer = draw_answers(np.broadcast_to(p[:, :, None, None], (*shape, base.options)), rng)
    moved = np.take_along_axis(shift, answer.reshape(*shape[:2], -1), axis=2).reshape(shape)
    question = 9 + base.length_difficulty * shared + rng.normal(0, 0.5, base.questions)
    log2_length = question[None, :, None, None] + base.distance[:, None] + moved
    log2_length = log2_length + spread[answer] * rng.normal(size=shape)
    known = _population(world) | {f"{k}_these": v for k, v in _truths(world, p, shift, spread).items()}
    return World(
        answer=answer,
        target=rng.integers(base.options, size=base.questions),
        options=base.options,
        truth=known,
        models=tuple(f"model-{m}" for m in range(base.models)),
        sizes=base.sizes,
        budgets=tuple(f"budget-{b}" for b in range(base.budgets)) if base.budgets > 1 else ("",),
        length=tokens(log2_length),
    )


@dataclass(frozen=True)
class Between:
    """A law between questions, with lengths known only from noisy runs.

    Incoherence of question q is I_q = level · 2^(slope · l_q) (`power`), or logit I_q = logit level + slope · l_q
    (`odds`), l_q its latent log2 length minus the mean; with `plateau` the odds law holds up to l_q = 0 and incoherence
    is `level` beyond. With a single wrong option incoherence is accuracy, so I_q is exact question by question.

    Attributes
    ----------
    noise
        sd of log2 length between the runs of one question: the slope on the mean of r runs is
        slope · spread²/(spread² + noise²/r).
    """

    questions: int = 300
    samples: int = 30
    slope: float = 0.5
    level: float = 0.25
    spread: float = 1.0
    noise: float = 0.593
    law: Literal["power", "odds", "plateau"] = "power"
    cap: int | None = None


def noisy_length(world: Between, *, seed: int) -> World:
    """Questions that take longer are more incoherent; each run's length is a noisy reading of the question's.

    >>> round(noisy_length(Between(questions=10), seed=0).truth["slope_one_run"], 2)
    0.37
    """
    rng = np.random.default_rng(seed)
    latent = rng.normal(0, world.spread, world.questions)
    if world.law == "power":
        right = np.minimum(world.level * np.exp2(world.slope * latent), 0.98)
    else:
        bent = np.minimum(latent, 0.0) if world.law == "plateau" else latent
        right = 1 / (1 + np.exp(-np.log(world.level / (1 - world.level)) - world.slope * bent))
    shape = (1, world.questions, 1, world.samples)
    answer = (rng.random(shape) >= right[None, :, None, None]).astype(np.int64)
    length = tokens(9 + latent[None, :, None, None] + world.noise * rng.normal(size=shape))
    if world.cap is not None:
        length = np.minimum(length, world.cap)
    shrink = [world.spread**2 / (world.spread**2 + world.noise**2 / runs) for runs in (1, 3, world.samples)]
    return World(
        answer=answer,
        target=rng.integers(2, size=world.questions),
        options=2,
        truth={
            "slope": world.slope,
            "slope_one_run": world.slope * shrink[0],
            "slope_three_runs": world.slope * shrink[1],
            "slope_all_runs": world.slope * shrink[2],
        },
        length=length,
    )


@dataclass(frozen=True)
class Sized:
    """Several models: logit I_mq = logit level + length_slope · l_q + size_slope · s_m + residual · u_m.

    l_q is the question's latent log2 length in standard deviations, s_m the log size in standard deviations over the
    models. With a single wrong option incoherence is accuracy, so I_mq is exact.
    """

    sizes: tuple[float, ...] = (0.6, 1.7, 4.0, 8.0, 14.0, 32.0)
    questions: int = 150
    samples: int = 10
    length_slope: float = 0.5
    size_slope: float = 0.0
    level: float = 0.35
    residual: float = 0.05
    noise: float = 0.5


def length_and_size(world: Sized, *, seed: int) -> World:
    """Incoherence depends on the question's length, on the model's size, on both or neither.

    truth: `length_slope`, `size_slope` (per standard deviation), and `explained_difference`, the variance of logit
    incoherence that length explains minus that which size explains.

    >>> length_and_size(Sized(questions=10, size_slope=0.5), seed=0).truth["explained_difference"]
    0.0
    """
    rng = np.random.default_rng(seed)
    m = len(world.sizes)
    log_size = log_sizes(world.sizes)
    s = (log_size - log_size.mean()) / log_size.std()
    latent = rng.normal(size=world.questions)
    own = world.size_slope * s + world.residual * rng.normal(size=m)
    logit = np.log(world.level / (1 - world.level)) + world.length_slope * latent + own[:, None]
    shape = (m, world.questions, 1, world.samples)
    answer = (rng.random(shape) >= 1 / (1 + np.exp(-logit))[:, :, None, None]).astype(np.int64)
    return World(
        answer=answer,
        target=rng.integers(2, size=world.questions),
        options=2,
        truth={
            "length_slope": world.length_slope,
            "size_slope": world.size_slope,
            "explained_difference": world.length_slope**2 - world.size_slope**2,
        },
        models=tuple(f"model-{size:g}B" for size in world.sizes),
        sizes=world.sizes,
        length=tokens(9 + latent[None, :, None, None] + world.noise * rng.normal(size=shape)),
    )


def regression_to_mean(
    *, questions: int = 300, samples: int = 3, groups: int = 3, seed: int, base: Temperature | None = None
) -> World:
    """Two identical models: the same answer distribution at every question, so any difference between them is 0.

    Questions are labelled by how often the first model was wrong in the very responses in the table: in the group
    where it did worst the second model looks better, and in the best group worse.
    """
    base = base or Temperature(models=1, questions=questions)
    rng = np.random.default_rng(seed)
    p = exact.softmax(scores(base, questions, rng)[0][0])
    shape = (2, questions, 1, samples)
    answer = draw_answers(np.broadcast_to(p[None, :, None, None], (*shape, base.options)), rng)
    wrong = (answer[0] > 0).mean((1, 2)) + 1e-6 * rng.random(questions)
    group = np.argsort(np.argsort(wrong)) * groups // questions
    return World(
        answer=answer,
        target=rng.integers(base.options, size=questions),
        options=base.options,
        truth={"difference": 0.0, "incoherence_these": float(exact.incoherence(p))},
        models=("reference", "twin"),
        sizes=(32.0, 8.0),
        length=tokens(9 + rng.normal(0, 0.5, questions)[None, :, None, None] + 0.5 * rng.normal(size=shape)),
        difficulty=tuple(f"{g + 1} of {groups}" for g in group),
    )
