"""From draws of a statement to what it says: guard, shift, spread (one
function, for many statements at once) (methods, section 3).

1. *Guard against the model's shape.* With d = this statement - the same by unbiased terms, under the same weights, and
   z² = (mean d / sd d)², the statement is draws - max(0, 1 - 4/z²) d: where the two differ by much more than they
   scatter it is the unbiased one, where they differ by less than two standard deviations the latent one
   (positive-part shrinkage, James and Stein 1961).
2. *Shift.* Draws under Dirichlet(1, …, 1) weights have twice the skewness of a bootstrap's, and with it the right
   curvature of quantiles; what they lack to second order is a shift by (2 z0 - a) standard deviations, z0 = the normal
   score of the share of draws below the estimate, a = the acceleration. For a mean this is 3a = skewness/(2 √Q)
   standard errors. (BCa on a bootstrap that resamples has 2 z0 + a z² instead, which would count the skewness twice.)
3. *Spread.* The variance is itself estimated, with df effective questions: distances from the median are multiplied by
   t_df / normal at their rank, and by √((df + 2)/df), the bootstrap's own deficit.

Shift and spread are made on a scale on which nothing is out of range: logs of what is positive, logits of ratios.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from hotmess.statements.influence import acceleration, effective
from hotmess.statements.tail import scores

if TYPE_CHECKING:
    from jaxtyping import Float


FLOOR = 8.0  # effective questions below which a statement decides nothing
MOST = 0.5  # of a standard deviation: the largest shift


@dataclass(frozen=True)
class Settled:
    """Statements, settled.

    Attributes
    ----------
    draws
        (draws, k) of k statements.
    df
        (k,) effective questions by which draws are spread.
    implied
        (k,) effective questions as the fitted model implies them; where there is no model, as `df`.
    guard
        (k,) share of the distance to the unbiased statement that was gone: 0 latent, 1 unbiased.
    z
        (k,) mean d / sd d of the paired differences d, latent - unbiased; nan without unbiased terms.
    apart
        (k,) mean d.
    shift
        (k,) in standard deviations of the draws.
    estimate
        (k,) the guarded estimate at even weights.
    """

    draws: Float[np.ndarray, "draws k"]
    df: Float[np.ndarray, " k"]
    implied: Float[np.ndarray, " k"]
    guard: Float[np.ndarray, " k"]
    z: Float[np.ndarray, " k"]
    apart: Float[np.ndarray, " k"]
    shift: Float[np.ndarray, " k"]
    estimate: Float[np.ndarray, " k"]

    @property
    def few(self) -> np.ndarray:
        """(k,) whether a statement decides nothing, since its errors sit on few questions."""
        out: np.ndarray = ~(np.fmin(self.implied, np.inf) >= FLOOR)
        return out


def settle(
    latent: Float[np.ndarray, "draws k"],
    centre: Float[np.ndarray, " k"],
    *,
    influence: Float[np.ndarray, "units k"],
    units: int,
    unbiased: Float[np.ndarray, "draws k"] | None = None,
    unbiased_centre: Float[np.ndarray, " k"] | None = None,
    implied: np.ndarray | None = None,
    links: Sequence[str] | None = None,
) -> Settled:
    """Guard, shift and spread.

    Parameters
    ----------
    latent, unbiased
        (draws, k) under the same weights; `unbiased` None or nan where there is none.
    centre, unbiased_centre
        (k,) the same at even weights.
    influence
        (units, k) of questions, or clusters of them, on the statements.
    units
        How many weights were drawn.
    implied
        (k,) effective questions that the fitted model implies.
    links
        The scale of each statement: `identity`, `log` or `logit`; identity where a draw lies outside its range.
    """
    draws = np.asarray(latent, dtype=float)
    size = draws.shape[1]
    share, z, apart = np.zeros(size), np.full(size, np.nan), np.full(size, np.nan)
    estimate = np.array(centre, dtype=float)
    if unbiased is not None and unbiased_centre is not None:
        d = draws - unbiased
        share, z, apart = guard(d)
        for i, link in enumerate(links or ()):  # unbiased terms may leave the range: then it stays as it was
            if _inside(link, draws[:, i]) == link != _inside(link, draws[:, i] - share[i] * d[:, i]):
                share[i] = 0.0
        known = np.isfinite(z)
        draws = np.where(known & (share > 0), draws - share * np.where(known, d, 0.0), draws)
        estimate = np.where(known & (share > 0), estimate - share * (estimate - unbiased_centre), estimate)
    df = effective(influence, units)
    df = np.where(np.isfinite(df), df, units)
    accel = np.nan_to_num(acceleration(influence))
    names = [_inside(link, draws[:, i]) for i, link in enumerate(links or ["identity"] * size)]
    scaled = np.column_stack([FORWARD[link](draws[:, i]) for i, link in enumerate(names)]) if size else draws
    with np.errstate(invalid="ignore"):
        below = ((draws < estimate).mean(axis=0) + (draws <= estimate).mean(axis=0)) / 2
        z0 = special.ndtri(np.clip(below, 0.05, 0.95))
        shift = np.clip(2 * z0 - accel, -MOST, MOST)
        moved = scaled + shift * scaled.std(axis=0)
    back = [BACK[link](spread(moved[:, i], df[i])) for i, link in enumerate(names)]
    out = np.column_stack(back) if size else moved
    floor = df if implied is None else np.where(np.isfinite(implied), implied, df)
    return Settled(out, df, floor, share, z, apart, np.where(np.isfinite(shift), shift, 0.0), estimate)


FORWARD = {"identity": np.asarray, "log": np.log, "logit": special.logit}
BACK = {"identity": np.asarray, "log": np.exp, "logit": special.expit}
_TOP = {"identity": np.inf, "log": np.inf, "logit": 1.0}


def _inside(link: str, draws: np.ndarray) -> str:
    whole = link == "identity" or ((draws > 0) & (draws < _TOP[link])).all()
    return link if whole else "identity"


def guard(
    d: Float[np.ndarray, "draws k"],
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Share of d to take off, z = mean d / sd d, and mean d, for d (draws, k).

    >>> share, z, _ = guard(np.array([[3.0, 0.5], [5.0, -0.5]]))
    >>> share.round(3).tolist(), z.tolist()
    ([0.75, 0.0], [4.0, 0.0])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, sd = d.mean(axis=0), d.std(axis=0)
        z = np.where(sd > 0, mean / sd, np.where(mean == 0, 0.0, np.inf * np.sign(mean)))
        share = np.where(np.isfinite(mean), np.maximum(0.0, 1 - 4 / np.maximum(z**2, 1e-300)), 0.0)
    return share, np.where(np.isfinite(mean), z, np.nan), mean


def spread(draws: Float[np.ndarray, " draws"], df: float) -> Float[np.ndarray, " draws"]:
    """Draws moved away from their median as Student's t with df degrees of freedom is, rank by rank.

    >>> y = spread(scores(4001), 10.0)                       # t_10 / normal at 0.95 times the root of 12/10
    >>> round(float(np.quantile(y, 0.95) / special.ndtri(0.95)), 2)
    1.21
    """
    if not np.isfinite(draws).all() or not np.isfinite(df) or df <= 0:
        return draws
    order = np.argsort(draws, kind="stable")
    ranked = draws[order]
    normal, student = scores(len(draws)), scores(len(draws), df)
    middle = (ranked[(len(draws) - 1) // 2] + ranked[len(draws) // 2]) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.where(normal == 0, 1.0, student / normal) * np.sqrt((df + 2) / df)
    out = np.empty_like(draws)
    out[order] = middle + factor * (ranked - middle)
    return out
