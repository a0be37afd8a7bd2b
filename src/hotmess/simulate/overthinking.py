"""Worlds in which answers follow a temperature that moves with natural length, with the budget, both or neither."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from hotmess.arrays import Floats
from hotmess.simulate import truth as exact
from hotmess.simulate.world import World, draw_answers, tokens

LARGE = 20_000  # questions behind the truth for questions like these


@dataclass(frozen=True)
class Temperature:
    """Parameters of a temperature world (methods, section 5); lengths in doublings, temperatures in natural logs.

    score_target = ability_m + difficulty_q, scores of wrong options scatter with `favourite`;
    P(k) = softmax((score_k + (lift_nat z + lift_bud x) 1[k = target]) / exp(heat_nat z + heat_bud x)), each
    coefficient plus its size interaction times log2(N/N0), N0 the geometric mean size.

    Attributes
    ----------
    length_spread
        sd of log2 length between the responses of one cell.
    length_difficulty
        change of a question's mean log2 length per unit of difficulty (easier is higher score).
    unstable_difficulty
        change of a question's log temperature per unit of difficulty, whatever the length.
    shared
        share of the questions' variance of scores that all models have in common.
    """

    models: int = 1
    questions: int = 100
    samples: int = 30
    budgets: int = 3
    options: int = 4
    heat_nat: float = 0.0
    heat_bud: float = 0.0
    lift_nat: float = 0.0
    lift_bud: float = 0.0
    heat_nat_size: float = 0.0
    heat_bud_size: float = 0.0
    length_spread: float = 0.6
    length_difficulty: float = -0.3
    unstable_difficulty: float = 0.0
    ability: float = 2.0
    difficulty: float = 1.5
    favourite: float = 1.2
    shared: float = 0.5

    @property
    def sizes(self) -> tuple[float, ...]:
        """Sizes in billions, equally many doublings apart."""
        return tuple(float(s) for s in 8.0 * 4.0 ** (np.arange(self.models) - (self.models - 1) / 2))

    @property
    def distance(self) -> Floats:
        """(B,) doublings of tokens of each budget from the mean over budgets."""
        return np.arange(self.budgets, dtype=np.float64) - (self.budgets - 1) / 2


def scores(world: Temperature, questions: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(M, Q, K) scores with the target first, and the (Q,) difficulties that all models share."""
    m, k = world.models, world.options
    common, own = np.sqrt(world.shared), np.sqrt(1 - world.shared)
    both = common * rng.normal(size=(1, questions, k)) + own * rng.normal(size=(m, questions, k))
    shared = both.mean(0)[:, 0]
    out = both * world.favourite
    growth = 0.3 * (np.arange(m) - (m - 1) / 2)
    out[..., 0] = world.ability + growth[:, None] + world.difficulty * both[..., 0]
    if world.unstable_difficulty:
        out = out / np.exp(world.unstable_difficulty * both[..., :1])
    return out, shared


def effects(world: Temperature, model: int) -> tuple[float, float, float, float]:
    """(lift_nat, heat_nat, lift_bud, heat_bud) of one model, size interactions included."""
    doublings = 2.0 * (model - (world.models - 1) / 2)
    return (
        world.lift_nat,
        world.heat_nat + world.heat_nat_size * doublings,
        world.lift_bud,
        world.heat_bud + world.heat_bud_size * doublings,
    )


def truths(world: Temperature, score: Floats) -> dict[str, float]:
    """Estimands for given questions; score is (M, Q, K).

    beta_nat, beta_bud: average slope of logit incoherence per doubling, over the 10% to 90% range of natural lengths
    at the mean budget, and over the budgets at the question's mean length; means over models, and per model as
    `beta_nat[m]`. contrast: incoherence of the longer minus the shorter halves, with its three parts.
    """
    out: dict[str, float] = {}
    rows: dict[str, list[float]] = {}
    reach = world.length_spread * float(np.diff(ndtri(exact.RANGE))[0]) / 2
    for m in range(world.models):
        lift_nat, heat_nat, lift_bud, heat_bud = effects(world, m)
        ends = [exact.at_length(score[m], lift_nat, heat_nat, z) for z in (-reach, reach)]
        row = {"beta_nat": exact.slope(ends[0], ends[1], 2 * reach), "gamma_nat": heat_nat, "lambda_nat": lift_nat}
        row["accuracy_nat"] = float(ends[1][:, 0].mean() - ends[0][:, 0].mean()) / (2 * reach)
        if world.budgets > 1:
            far = float(world.distance[-1])
            ends = [exact.at_length(score[m], lift_bud, heat_bud, x) for x in (-far, far)]
            row |= {"beta_bud": exact.slope(ends[0], ends[1], 2 * far), "gamma_bud": heat_bud, "lambda_bud": lift_bud}
            row["accuracy_bud"] = float(ends[1][:, 0].mean() - ends[0][:, 0].mean()) / (2 * far)
            row["exceeds"] = abs(row["beta_nat"]) - abs(row["beta_bud"])
        row |= contrast(*exact.halves_given_length(score[m], lift_nat, heat_nat, world.length_spread))
        for name, value in row.items():
            rows.setdefault(name, []).append(value)
            if world.models > 1:
                out[f"{name}[{m}]"] = value
    return {name: float(np.mean(values)) for name, values in rows.items()} | out


@lru_cache(maxsize=64)
def population(world: Temperature) -> dict[str, float]:
    """Truth for questions like these, from `LARGE` questions."""
    return truths(world, scores(world, LARGE, np.random.default_rng(20_240_101))[0])


def temperature(world: Temperature, *, seed: int) -> World:
    """Draw a data set; truth for questions like these under plain names, for these questions with `_these` added.

    >>> data = temperature(Temperature(questions=10, heat_nat=0.3), seed=1)
    >>> data.table.shape[0], data.truth["gamma_nat"], data.truth["beta_nat"] > 0
    (900, 0.3, True)
    """
    rng = np.random.default_rng(seed)
    score, shared = scores(world, world.questions, rng)
    shape = (world.models, world.questions, world.budgets, world.samples)
    z = rng.normal(0, world.length_spread, shape)
    size = 2.0 * (np.arange(world.models) - (world.models - 1) / 2)
    base = 9 + world.length_difficulty * shared + rng.normal(0, 0.5, world.questions)
    log2_length = base[None, :, None, None] + world.distance[:, None] + z
    # The temperature moves with the distance from the cell's own mean, which is what the model calls z.
    wide = size[:, None, None, None]
    x = world.distance[:, None]
    heat = (world.heat_nat + world.heat_nat_size * wide) * z + (world.heat_bud + world.heat_bud_size * wide) * x
    moved = np.broadcast_to(score[:, :, None, None], (*shape, world.options)).copy()
    moved[..., 0] += world.lift_nat * z + world.lift_bud * x
    answer = draw_answers(exact.softmax(moved / np.exp(heat)[..., None]), rng)
    known = population(world) | {f"{k}_these": v for k, v in truths(world, score).items() if "[" not in k}
    return World(
        answer=answer,
        target=rng.integers(world.options, size=world.questions),
        options=world.options,
        truth=known,
        models=tuple(f"model-{m}" for m in range(world.models)),
        sizes=world.sizes,
        budgets=tuple(f"budget-{b}" for b in range(world.budgets)) if world.budgets > 1 else ("",),
        length=tokens(log2_length),
    )


def contrast(shorter: Floats, longer: Floats) -> dict[str, float]:
    """Incoherence of the longer halves minus that of the shorter, its three parts, and the two not mechanical."""
    parts = exact.three_parts(shorter, longer)
    return {
        "contrast": float(exact.incoherence(longer) - exact.incoherence(shorter)),
        **{f"contrast_{name}": value for name, value in parts.items()},
        "contrast_settled": parts["spread"] + parts["concentration"],
    }
