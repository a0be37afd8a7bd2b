"""Whether questions' own slopes on length scatter by more than heat and a lean explain (methods, section 5).

In a slot (a model's responses to a question at a budget) with shares p_k of the answers given, Z = Σz² and z summing to
0, the slope of option k is S_k = Σ z 1[y = k]. Heat γ and lean λ, the same for all questions of a unit, make it

    Z [γ p_k (Σ_j p_j log p_j - log p_k) + λ p_k (1[k right] - p_right)],

fitted by least squares with the covariance Z (diag p - p p'). What is left, R, has the scatter Σ_k R_k²/(Z p_k), which
by chance alone is (K - 1) n/(n - 1) for K answers given in n responses: the statistic is the sum of the first over that
of the second, less 1. Where each option has a length of its own it is large; where wrong runs are merely longer or
shorter by a common factor, which is a lean, it is not. Its p value is that of data which the fitted model makes, with
heat, lean and scores as they are drawn: a posterior predictive one (Gelman, Meng and Stern 1996).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import NotTestable
from hotmess.temperature.single_responses import single_responses

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from hotmess.temperature.posterior import LengthFit

DRAWS = 199


@dataclass(frozen=True)
class OptionLengths:
    """Excess scatter of questions' own slopes: `observed`, and (draws,) of data that the fitted model makes."""

    observed: float
    replicated: np.ndarray

    @property
    def p(self) -> float:
        """Share of the model's data that scatter as much, the data themselves counted in."""
        return float((1 + np.sum(self.replicated >= self.observed)) / (1 + len(self.replicated)))


def option_lengths(fit: LengthFit, *, draws: int = DRAWS) -> OptionLengths:
    """The check, on natural length.

    Raises
    ------
    NotTestable
        If lengths do not vary within budgets, or no slot has two answers.
    """
    data = fit.lengths
    if "natural" not in data.features:
        raise NotTestable("Lengths do not vary within the budgets, so long and short cannot be compared.")
    responses = single_responses(data)
    posterior = fit.data["posterior"].to_dataset()
    theta, scores = (posterior[name].values for name in ("theta", "scores"))
    theta, scores = (x.reshape(-1, *x.shape[2:]) for x in (theta, scores))
    z = responses.features[data.features.index("natural")]
    unit, options = responses.unit[responses.cell], len(responses.real)

    def excess(answer: np.ndarray) -> float:
        return excess_scatter(z, answer, responses.slot, unit, options)

    observed = excess(responses.answer)
    if not np.isfinite(observed):
        raise NotTestable("No question has answers that differ at a budget.")
    rng = np.random.default_rng([fit.seed, 71])
    take = np.linspace(0, len(theta) - 1, draws).astype(int)
    made = [excess(responses.drawn(theta[s, :, 3:], scores[s], rng)) for s in take]
    return OptionLengths(observed, np.array([x for x in made if np.isfinite(x)]))


def excess_scatter(
    z: Float[np.ndarray, " r"],
    answer: Int[np.ndarray, " r"],
    slot: Int[np.ndarray, " r"],
    unit: Int[np.ndarray, " r"],
    options: int,
) -> float:
    """The statistic; answer 0 is the right one. nan where no slot has two answers and lengths that differ."""
    slots = int(slot.max()) + 1
    at = slot * options + answer
    count = np.bincount(at, minlength=slots * options).reshape(slots, options).astype(float)
    slope = np.bincount(at, z, slots * options).reshape(slots, options)
    n, square = count.sum(axis=1), np.bincount(slot, z**2, slots)
    use = ((count > 0).sum(axis=1) > 1) & (square > 1e-12)
    if not use.any():
        return float("nan")
    count, slope, n, square = count[use], slope[use], n[use], square[use]
    own = np.zeros(slots, np.int64)
    own[slot] = unit
    own = own[use]
    p = count / n[:, None]
    log_p = np.log(np.where(p > 0, p, 1.0))
    heat = p * ((p * log_p).sum(axis=1, keepdims=True) - log_p)
    lean = p * ((np.arange(options) == 0) - p[:, :1])
    inverse = np.where(p > 0, 1 / np.where(p > 0, p, 1.0), 0.0)
    design = np.stack([heat, lean])

    def by_unit(x: np.ndarray) -> np.ndarray:
        return np.bincount(own, x, int(own.max()) + 1)

    whole = np.array([[by_unit(square * (a * b * inverse).sum(axis=1)) for b in design] for a in design])
    score = np.array([by_unit((a * slope * inverse).sum(axis=1)) for a in design])
    fitted = np.einsum("ijg,jg->ig", np.linalg.pinv(whole.transpose(2, 0, 1)).transpose(1, 2, 0), score)[:, own]
    left = slope - square[:, None] * np.einsum("is,isk->sk", fitted, design)
    scatter = ((left**2 * inverse).sum(axis=1) / square).sum()
    chance = (((p > 0).sum(axis=1) - 1) * n / (n - 1)).sum()
    return float(scatter / chance - 1)
