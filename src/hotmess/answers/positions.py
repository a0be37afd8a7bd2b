"""Latent distributions over positions in a space: test patterns, scores, free text, and outcomes of your own.

A response stands at a position z, the target at y. Right answers are at y; among the others some are at the *origin*
(all tests fail, score 0, nothing that can be read), the rest at positions that are not known beforehand. The nest is
that of letters (methods, section 3), with a base measure H in the place of K equal options:

    accuracy     a_i ~ Beta(kappa a, kappa (1 - a))
    origin       u_i ~ Beta(psi u, psi (1 - u)), its share among what is not right
    elsewhere    w_i ~ Dirichlet process(phi H_i)

Where H has no atoms this is the Ewens limit K -> infinity. Whole patterns are points here, so tests of one run that
fail together stay together. All terms follow from distances to the target, d = z - y: error = E|d|², bias² = |E d|².
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, gammaln

from hotmess.answers.cell_drawer import beta_draws
from hotmess.answers.conjugate import TermDraws
from hotmess.answers.position_cells import PositionCells
from hotmess.answers.resemblance import PAIRS

if TYPE_CHECKING:
    from jaxtyping import Float, Int


STICKS = 12  # pieces of the mass on positions never seen, largest first; what is left over enters by its expectation


def position_draws(
    cells: PositionCells, group: np.ndarray, parameters: dict[str, np.ndarray], *, seed: int | np.random.SeedSequence
) -> tuple[dict[str, TermDraws], np.ndarray]:
    """Draws (draws, cells) of the terms of the squared family and of 0/1 loss, and of the mass on unseen positions.

    The mass elsewhere, given counts c of the positions seen, is Dirichlet(c, phi): the last piece belongs to a new
    Dirichlet process(phi H), broken into sticks; what the sticks leave over enters by its conditional expectation.
    """
    draws, size = len(parameters["logit_a"]), len(group)
    *seeds, last = (np.random.SeedSequence(seed) if isinstance(seed, int) else seed).spawn(draws + 1)
    out = {m: TermDraws(*(np.empty((draws, size), np.float32) for _ in range(3))) for m in ("squared", "zero-one")}
    unseen = np.empty((draws, size), np.float32)
    split = cells.wrong.sum(axis=1)
    wrong, diffuse = cells.wrong.astype(float), 1 - cells.named.sum(axis=1)
    some = "logit_u" in parameters
    for s in range(draws):
        rng = np.random.default_rng(seeds[s])
        mean = expit(parameters["logit_a"][s])
        kappa, phi = np.exp(parameters["log_kappa"][s])[group], np.exp(parameters["log_phi"][s])[group]
        alpha = kappa * mean[group]
        a, left = beta_draws(rng, alpha + cells.right, kappa * (1 - mean[group]) + split + cells.unparsable)
        u = np.where(cells.rest, 0.0, left)
        if some:
            share = expit(parameters["logit_u"][s])
            has = np.flatnonzero(np.isfinite(parameters["logit_u"][s])[group] & cells.rest)
            psi, m = np.exp(parameters["log_psi"][s])[group[has]], share[group[has]]
            u[has] = left[has] * beta_draws(rng, psi * m + cells.unparsable[has], psi * (1 - m) + split[has])[0]
        away = left - u
        gamma = rng.standard_gamma(wrong + phi[:, None] * cells.named)
        phi = phi * diffuse
        new = rng.standard_gamma(phi)
        total = gamma.sum(axis=1) + new
        safe = np.maximum(total, 1e-300)
        w = gamma * (away / safe)[:, None]
        fresh = np.where(total > 1e-300, new / safe, 1.0) * away
        unseen[s] = fresh
        sticks, over = _sticks(rng, phi, fresh)
        f, e, mean_f, mean_e = _new(rng, cells, sticks.shape[1])
        along = (w * cells.shortfall).sum(1) + u * cells.origin[:, 0] + (sticks * f).sum(1) + over * mean_f
        error = (w * cells.square).sum(1) + u * cells.origin[:, 1] + (sticks * e).sum(1) + over * mean_e
        lump = over**2 / (1 + phi)
        seen = (w * w * (cells.square - cells.shortfall**2)).sum(1)
        if cells.across is not None:
            seen = np.einsum("cm,cmn,cn->c", w, cells.across, w, optimize=True)
        side = e - f * f
        bias2 = along**2 + seen + lump * (mean_e - mean_f**2)
        if cells.alike is None:
            bias2 += (sticks**2 * side).sum(1)
        else:
            mutual = np.minimum(cells.alike.mutual[:, None], side)
            bias2 += (sticks**2 * (side - mutual)).sum(1) + fresh**2 * mutual.mean(1)
            bias2 += 2 * fresh * (w * cells.alike.cross).sum(1)
        # In rounding bias² can exceed the error, of which it is a part.
        bias2 = np.minimum(bias2, error)
        out["squared"].error[s], out["squared"].bias2[s], out["squared"].variance[s] = error, bias2, error - bias2
        top = np.maximum(np.maximum(w.max(axis=1), sticks.max(axis=1)), u if cells.smooth else 0.0)
        out["zero-one"].error[s], out["zero-one"].bias2[s] = 1 - a, top > a
        out["zero-one"].variance[s] = 1 - np.maximum(a, top)
    if cells.alike is not None:
        _align(out["squared"], cells, group, np.random.default_rng(last))
    return out, unseen


def _align(terms: TermDraws, cells: PositionCells, group: np.ndarray, rng: np.random.Generator) -> None:
    """Scale the variance of every group, in place, to what pairs of runs show; bias² takes the rest of the error.

    The likelihood says how much mass is away from what was seen at a question, not which way: all pass and all fail are
    as likely at a question where nearly all tests pass as at any other, and so smoothing makes too much of the variance
    (by a tenth to a fifth at five runs a question). Unbiased variances, from pairs of runs, say how much. In every draw
    the factor is a ratio of weighted sums over questions, with Dirichlet(1, ..., 1) weights for its uncertainty, and
    `PAIRS` questions' worth of weight on 1. Groups without positions between target and origin are left alone.
    """
    pairs = pair_variance(cells)
    for g in np.unique(group[cells.rest]):
        rows = np.flatnonzero((group == g) & np.isfinite(pairs))
        mine = terms.variance[:, rows].astype(float)
        weights = rng.standard_exponential(mine.shape)
        own = mine.mean(axis=1)
        factor = (weights @ pairs[rows] + PAIRS * own) / np.maximum((weights * mine).sum(1) + PAIRS * own, 1e-300)
        every = np.flatnonzero(group == g)
        error = terms.error[:, every]
        scaled = np.minimum(terms.variance[:, every] * factor[:, None], error)
        terms.variance[:, every], terms.bias2[:, every] = scaled, error - scaled


def pair_variance(cells: PositionCells) -> Float[np.ndarray, " cells"]:
    """(cells,) unbiased variance of every cell, from pairs of responses; nan below two."""
    n = (cells.right + cells.unparsable + cells.wrong.sum(axis=1)).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        w, u = cells.wrong / n[:, None], cells.unparsable / n
        error = (w * cells.square).sum(1) + u * cells.origin[:, 1]
        side = (w * w * (cells.square - cells.shortfall**2)).sum(1)
        if cells.across is not None:
            side = np.einsum("cm,cmn,cn->c", w, cells.across, w, optimize=True)
        bias2 = ((w * cells.shortfall).sum(1) + u * cells.origin[:, 0]) ** 2 + side
        return np.where(n > 1, (error - bias2) * n / (n - 1), np.nan)


def _new(rng: np.random.Generator, cells: PositionCells, sticks: int) -> tuple[np.ndarray, ...]:
    """f and e of new positions (cells, sticks), and their means: from the base, or like one that was seen."""
    base = cells.base
    f, e = base.draw(rng, sticks)
    if cells.alike is None:
        return f, e, base.shortfall, base.square
    seen, s = cells.wrong > 0, cells.alike.weight
    count = np.maximum(seen.sum(axis=1), 1)
    order = np.argsort(~seen, axis=1, kind="stable")
    pick = np.take_along_axis(order, (rng.random(f.shape) * count[:, None]).astype(int), axis=1)
    like = rng.random(f.shape) < s[:, None]
    f = np.where(like, np.take_along_axis(cells.shortfall, pick, axis=1), f)
    e = np.where(like, np.take_along_axis(cells.square, pick, axis=1), e)
    own = [(values * seen).sum(axis=1) / count for values in (cells.shortfall, cells.square)]
    return f, e, s * own[0] + (1 - s) * base.shortfall, s * own[1] + (1 - s) * base.square


def _sticks(
    rng: np.random.Generator, phi: Float[np.ndarray, " cells"], mass: Float[np.ndarray, " cells"]
) -> tuple[Float[np.ndarray, "cells sticks"], Float[np.ndarray, " cells"]]:
    """(cells, sticks) pieces of `mass` by stick breaking with Beta(1, phi), and what is left over."""
    keep = rng.random((len(phi), STICKS)) ** (1 / phi)[:, None]  # 1 - Beta(1, phi)
    left = mass[:, None] * np.cumprod(keep, axis=1)
    before = np.column_stack([mass, left[:, :-1]])
    return before - left, left[:, -1]


def cell_log_likelihood(
    cells: PositionCells, group: Int[np.ndarray, " cells"], parameters: dict[str, np.ndarray]
) -> Float[np.ndarray, "draws cells"]:
    """(draws, cells) exact log likelihood of each cell's positions in their order of drawing.

    Where the base measure has no atom the density of a new position under it is left out: it has no parameters.
    """
    split = cells.wrong.sum(axis=1)
    wrong = split + cells.unparsable
    finite = np.isfinite(cells.kinds) & (cells.wrong > 0)
    distinct = ((cells.wrong > 0) & ~finite).sum(axis=1)
    again = np.where((cells.wrong > 0) & ~finite, gammaln(np.maximum(cells.wrong, 1)), 0.0).sum(axis=1)
    atom = np.where(finite, 1 / np.where(finite, cells.kinds, 1.0), 1.0)
    out = np.empty((len(parameters["logit_a"]), len(group)))

    def rise(alpha: np.ndarray, n: np.ndarray) -> np.ndarray:
        out: np.ndarray = gammaln(alpha + n) - gammaln(alpha)
        return out

    def beta_binomial(mean: np.ndarray, size: np.ndarray, yes: np.ndarray, no: np.ndarray) -> np.ndarray:
        out: np.ndarray = rise(size * mean, yes) + rise(size * (1 - mean), no) - rise(size, yes + no)
        return out

    for s in range(len(out)):
        kappa, phi = np.exp(parameters["log_kappa"][s])[group], np.exp(parameters["log_phi"][s])[group]
        a = expit(parameters["logit_a"][s])[group]
        out[s] = beta_binomial(a, kappa, cells.right, wrong) - rise(phi, split)
        own = np.where(finite, rise(np.maximum(phi[:, None] * atom, 1e-290), cells.wrong), 0.0)
        out[s] += own.sum(axis=1) + distinct * np.log(phi) + again
        if "logit_u" in parameters:
            has = np.flatnonzero(np.isfinite(parameters["logit_u"][s])[group] & cells.rest)
            share = expit(parameters["logit_u"][s])[group[has]]
            psi = np.exp(parameters["log_psi"][s])[group[has]]
            out[s, has] += beta_binomial(share, psi, cells.unparsable[has], split[has])
    return out
