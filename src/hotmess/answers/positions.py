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

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from hotmess.answers.conjugate import LetterCells, TermDraws
from hotmess.answers.conjugate import _beta as beta_draws
from hotmess.answers.prior import AnswerPrior
from hotmess.errors import BadInput, NotTestable
from hotmess.responses.own import OWN

if TYPE_CHECKING:
    from hotmess.responses.cells import Cells

STICKS = 12  # pieces of the mass on positions never seen, largest first; what is left over enters by its expectation
NAMED = 0.5  # of the base measure, on "only the new tests fail", where it is known which are new
NEAR, PAIRS = 1e-12, 10
CONTINUOUS = {
    "probs": "The outcome here is probs, not letters: probability vectors have a latent model of their own, of "
    "responses (hm.fit, --estimator latent), not of cells; choose letters with --outcome answer where there are both.",
    "embedding": "The outcome embedding has no target, so there is variance but no bias; its model is of the variance, "
    "hotmess.answers.embeddings.",
    "point": "The outcome point is continuous, no two responses are at one place; use the unbiased estimator.",
}


@dataclass(frozen=True)
class Base:
    """Where new positions fall: a base measure, known by the shortfall f and the squared distance e of its positions.

    f = (y - z)·y/|y| is how far a position falls short of the target along the line to the origin.

    Attributes
    ----------
    draw
        (generator, sticks) -> (f, e), each (cells, sticks).
    shortfall, shortfall2, square
        (cells,) expectations of f, f² and e.
    """

    draw: Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
    shortfall: np.ndarray
    shortfall2: np.ndarray
    square: np.ndarray


@dataclass(frozen=True)
class Alike:
    """How far new positions at a question resemble those D that were seen there: an urn around the base measure.

    Distinct positions of one question are exchangeable, with a correlation rho that all pairs of distinct positions
    show together; a new one is then like those seen with weight s = D rho / (1 + (D - 1) rho), else from the base.

    Attributes
    ----------
    weight
        (cells,) s along the line to the origin: the shortfall of a new position is that of one seen with probability s.
    cross
        (cells, M) expected inner product, across the line, of a new position and each position seen.
    mutual
        (cells,) and of two new ones.
    """

    weight: np.ndarray
    cross: np.ndarray
    mutual: np.ndarray


def resemblance(wrong: np.ndarray, shortfall: np.ndarray, square: np.ndarray, across: np.ndarray, base: Base) -> Alike:
    """Pair correlations along and across the line, and what follows for every question.

    The base measure counts as `PAIRS` uncorrelated pairs: few pairs say little.
    """
    seen = (wrong > 0).astype(float)
    count = seen.sum(axis=1)
    pairs = (count * (count - 1)).sum()
    away = np.where(wrong > 0, shortfall - base.shortfall[:, None], 0.0)
    spread = base.shortfall2 - base.shortfall**2

    def weight(products: float, squares: float, own: float) -> tuple[np.ndarray, float]:
        between = max(products / (pairs + PAIRS), 0.0)
        whole = (squares + PAIRS * own) / (count.sum() + PAIRS)
        rho = min(between / whole, 1.0) if whole > 0 else 0.0
        return count * rho / (1 + (count - 1) * rho), between

    squares = (away**2).sum(axis=1)
    s, _ = weight(float((away.sum(axis=1) ** 2 - squares).sum()), float(squares.sum()), float(spread.mean()))
    length = np.where(wrong > 0, np.maximum(square - shortfall**2, 0), 0.0)
    sums = np.einsum("cmn,cn->cm", across, seen)
    products = (sums * seen).sum(axis=1)
    own = float(np.maximum(base.square - base.shortfall2, 0).mean())
    t, between = weight(float((products - length.sum(axis=1)).sum()), float(length.sum()), own)
    scale = t / np.maximum(count, 1)
    mutual = products * scale**2 + (1 - t) * between
    return Alike(s, sums * scale[:, None], mutual)


@dataclass(frozen=True)
class PositionCells(LetterCells):
    """Counts of positions, the target first; `wrong` are distinct positions elsewhere, `unparsable` is the origin.

    Attributes
    ----------
    kinds
        (cells, M) one over each position's share in the base measure; `inf` where it has no atom.
    shortfall, square
        (cells, M) f and e of every position.
    across
        (cells, M, M) inner products of d after its part along the line to the origin is taken off; None where
        different positions are orthogonal there.
    named
        (cells, M) mass of the base measure on positions known beforehand; the rest of it is `base`.
    base
        Of new positions, where nothing is known of the question.
    alike
        How new positions resemble those seen at the same question; None where they do not, as in free text.
    rest
        (cells,) whether there can be any position beside target and origin.
    smooth
        Whether every group is smoothed towards the origin, or only those in which it has been seen.
    origin
        (cells, 2) f and e of the origin.
    """

    kinds: np.ndarray
    shortfall: np.ndarray
    square: np.ndarray
    across: np.ndarray | None
    named: np.ndarray
    base: Base
    alike: Alike | None
    rest: np.ndarray
    smooth: bool
    origin: np.ndarray

    @property
    def options(self) -> np.ndarray:
        """(cells, M) one over each position's share in the base measure: as many equal options as it stands for."""
        return self.kinds

    @property
    def prior(self) -> AnswerPrior:
        """Of text as of letters; elsewhere the origin (no test passes, score 0) is no rare failure of reading."""
        return AnswerPrior(unparsable=(0.0, 1.5)) if self.smooth else AnswerPrior()

    def apart(self, index: np.ndarray) -> np.ndarray:
        """(cells,) whether the origin is told apart in the cell's group, and the cell has positions beside it."""
        return self.rest & (super().apart(index) | self.smooth)


def position_cells(cells: Cells, *, unparsable: str = "uniform") -> PositionCells:
    """Counts and distances of the distinct positions of every cell.

    Raises
    ------
    NotTestable
        For an outcome without a target (embeddings), or few-shot contexts that repeat, of outcomes other than text.
    """
    target = cells.points.target
    if cells.outcome in CONTINUOUS:
        raise NotTestable(CONTINUOUS[cells.outcome])
    if cells.outcome in OWN and cells.points.copies.max() == 1 and (cells.table["responses"] > 1).any():
        raise NotTestable(CONTINUOUS["point"].replace("point", cells.outcome, 1))
    line = np.linalg.norm(target, axis=1)
    if (line < 1e-12).any():
        raise BadInput(f"A target of outcome {cells.outcome} is the origin; move the origin, so that nothing scores 0.")
    place, n, z, mass = _with_named(cells)
    d = z - target[place]
    e = np.einsum("md,md->m", d, d)
    right = e < NEAR
    at_origin = ~right & (np.einsum("md,md->m", z, z) < NEAR)
    text = cells.outcome == "text"
    as_wrong = at_origin if text and unparsable == "wrong" else np.zeros(len(n), bool)
    lost = at_origin & ~as_wrong
    y = target / line[:, None]
    f = np.where(as_wrong, 1.0, -np.einsum("md,md->m", d, y[place]))
    e = np.where(as_wrong, 2.0, e)  # an answer of its own, at a corner of its own
    other = np.flatnonzero(~right & ~lost)
    owner, size = place[other], len(target)
    slot = np.arange(len(owner)) - np.searchsorted(owner, owner)
    width = int(slot.max(initial=0)) + 1

    def table(values: np.ndarray) -> np.ndarray:
        out = np.zeros((size, width, *values.shape[1:]), values.dtype)
        out[owner, slot] = values[other]
        return out

    wrong, shortfall, square, named = table(n), table(f), table(e), table(mass)
    across = None
    if not text:
        spread = table(d + f[:, None] * y[place])
        across = np.einsum("cmd,cnd->cmn", spread, spread)
    base, options, rest = BASES.get(cells.outcome, resembling)(cells, wrong, shortfall, square)
    share = named + (1 - named.sum(axis=1, keepdims=True)) / options
    with np.errstate(divide="ignore"):
        options = np.where(share > 1e-200, 1 / share, np.inf)
    return PositionCells(
        right=np.bincount(place, n * right, size).astype(int),
        wrong=wrong,
        unparsable=np.bincount(place, n * lost, size).astype(int),
        choices=np.full(size, np.inf),
        kinds=options,
        shortfall=shortfall,
        square=square,
        across=across,
        named=named,
        base=base,
        alike=None if across is None else resemblance(wrong, shortfall, square, across, base),
        rest=rest,
        smooth=not text,
        origin=np.column_stack([line, line**2]),
    )


def _with_named(cells: Cells) -> tuple[np.ndarray, ...]:
    """`tally` with the positions known beforehand, where they were not seen too; and their mass in the base measure.

    The one position known beforehand is "only the new tests fail": `new_tests` says how many tests, at the front of the
    vector, are new (0 or empty: unknown).
    """
    place, n, z = tally(cells)
    mass = np.zeros(len(n))
    if cells.outcome != "tests" or "new_tests" not in cells.table:
        return place, n, z, mass
    goal = cells.points.target
    new = cells.table["new_tests"].fillna(0).to_numpy(int)
    known = np.flatnonzero((new > 0) & (new < (goal > 0).sum(axis=1)))
    pattern = goal * (np.arange(goal.shape[1]) >= new[:, None])
    mass[np.isin(place, known) & (np.abs(z - pattern[place]).max(axis=1) < 1e-9)] = NAMED
    more = np.setdiff1d(known, place[mass > 0])
    order = np.argsort(np.r_[place, more], kind="stable")
    return (
        np.r_[place, more][order],
        np.r_[n, np.zeros(len(more), int)][order],
        np.vstack([z, pattern[more]])[order],
        np.r_[mass, np.full(len(more), NAMED)][order],
    )


def tally(cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(cell, copies, position) of every distinct position of a cell, sorted by cell."""
    p = cells.points
    if (p.n == 1).all():
        return p.cell, p.copies, p.sum
    if cells.outcome != "text":
        raise NotTestable(
            f"The latent model of outcome {cells.outcome} takes the responses of a question as independent; these "
            "share few-shot contexts (column context). The unbiased estimator takes account of them."
        )
    # One-hot positions: sums over a context are counts. Answers that cannot be read are at the origin.
    counts = np.zeros(p.target.shape)
    np.add.at(counts, p.cell, p.copies[:, None] * p.sum)
    total = np.bincount(p.cell, p.copies * p.n, len(p.target))
    every = np.column_stack([counts, total - counts.sum(1)]).round().astype(int)
    found = np.argwhere(every)
    cell, slot = found[:, 0], found[:, 1]
    width = p.target.shape[1]
    z = np.vstack([np.eye(width), np.zeros((1, width))])[slot]
    return cell, every[cell, slot], z


Made = tuple[Base, np.ndarray, np.ndarray]


def _constant(size: int, f: float, e: float) -> Base:
    def draw(rng: np.random.Generator, sticks: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full((size, sticks), f), np.full((size, sticks), e)

    return Base(draw, np.full(size, f), np.full(size, f * f), np.full(size, e))


def unbounded(cells: Cells, wrong: np.ndarray, shortfall: np.ndarray, square: np.ndarray) -> Made:
    """Free text: new answers, each at a corner of its own (f = 1, e = 2)."""
    return _constant(len(wrong), 1.0, 2.0), np.full(wrong.shape, np.inf), np.ones(len(wrong), bool)


def partial_passes(cells: Cells, wrong: np.ndarray, shortfall: np.ndarray, square: np.ndarray) -> Made:
    """Tests: k of T pass, k uniform on 1 to T - 1, which k they are all alike; f = e = share of failed tests."""
    tests = (cells.points.target > 0).sum(axis=1)
    kinds = np.maximum(tests - 1, 1)
    passed = np.clip(np.rint((1 - shortfall) * tests[:, None]), 0, tests[:, None])
    ways = gammaln(tests + 1.0)[:, None] - gammaln(passed + 1) - gammaln(tests[:, None] - passed + 1)
    options = np.where(ways < 450, kinds[:, None] * np.exp(np.minimum(ways, 450)), np.inf)

    def draw(rng: np.random.Generator, sticks: int) -> tuple[np.ndarray, np.ndarray]:
        failed = (1 + np.floor(rng.random((len(tests), sticks)) * kinds[:, None])) / np.maximum(tests, 1)[:, None]
        return failed, failed

    # Moments of k/T for k uniform on 1 to T - 1: 1/2, and (2T - 1)/(6T).
    half = np.full(len(tests), 0.5)
    return Base(draw, half, (2 * tests - 1) / (6 * np.maximum(tests, 1)), half), options, tests > 1


def between_zero_and_one(cells: Cells, wrong: np.ndarray, shortfall: np.ndarray, square: np.ndarray) -> Made:
    """Scores: new ones uniform on (0, 1), f = 1 - score, e = f². A benchmark with no score inside is pass or fail."""
    size = len(wrong)
    graded = wrong.any(axis=1)
    benchmark = np.unique(cells.table["benchmark"].astype(str).to_numpy(), return_inverse=True)[1]
    rest = np.bincount(benchmark, graded)[benchmark] > 0

    def draw(rng: np.random.Generator, sticks: int) -> tuple[np.ndarray, np.ndarray]:
        f = rng.random((size, sticks))
        return f, f * f

    base = Base(draw, np.full(size, 1 / 2), np.full(size, 1 / 3), np.full(size, 1 / 3))
    return base, np.full(wrong.shape, np.inf), rest


def resembling(cells: Cells, wrong: np.ndarray, shortfall: np.ndarray, square: np.ndarray) -> Made:
    """Any other outcome: new positions are as far from the target as the wrong positions that were seen."""
    size, seen = len(wrong), wrong > 0
    if not seen.any():
        return _constant(size, 1.0, 1.0), np.full(wrong.shape, np.inf), np.zeros(size, bool)
    f, e = shortfall[seen], square[seen]

    def draw(rng: np.random.Generator, sticks: int) -> tuple[np.ndarray, np.ndarray]:
        pick = rng.integers(len(f), size=(size, sticks))
        return f[pick], e[pick]

    base = Base(draw, np.full(size, f.mean()), np.full(size, (f**2).mean()), np.full(size, e.mean()))
    return base, np.full(wrong.shape, np.inf), np.ones(size, bool)


BASES: dict[str, Callable[[Cells, np.ndarray, np.ndarray, np.ndarray], Made]] = {
    "text": unbounded,
    "tests": partial_passes,
    "score": between_zero_and_one,
}
"""outcome -> its base measure; an outcome that is not here has `resembling`."""


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
        mean = 1 / (1 + np.exp(-parameters["logit_a"][s]))
        kappa, phi = np.exp(parameters["log_kappa"][s])[group], np.exp(parameters["log_phi"][s])[group]
        alpha = kappa * mean[group]
        a, left = beta_draws(rng, alpha + cells.right, kappa * (1 - mean[group]) + split + cells.unparsable)
        u = np.where(cells.rest, 0.0, left)
        if some:
            share = 1 / (1 + np.exp(-parameters["logit_u"][s]))
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


def pair_variance(cells: PositionCells) -> np.ndarray:
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


def _sticks(rng: np.random.Generator, phi: np.ndarray, mass: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(cells, sticks) pieces of `mass` by stick breaking with Beta(1, phi), and what is left over."""
    keep = rng.random((len(phi), STICKS)) ** (1 / phi)[:, None]  # 1 - Beta(1, phi)
    left = mass[:, None] * np.cumprod(keep, axis=1)
    before = np.column_stack([mass, left[:, :-1]])
    return before - left, left[:, -1]


def cell_log_likelihood(cells: PositionCells, group: np.ndarray, parameters: dict[str, np.ndarray]) -> np.ndarray:
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
        return gammaln(alpha + n) - gammaln(alpha)

    def beta_binomial(mean: np.ndarray, size: np.ndarray, yes: np.ndarray, no: np.ndarray) -> np.ndarray:
        return rise(size * mean, yes) + rise(size * (1 - mean), no) - rise(size, yes + no)

    for s in range(len(out)):
        kappa, phi = np.exp(parameters["log_kappa"][s])[group], np.exp(parameters["log_phi"][s])[group]
        a = 1 / (1 + np.exp(-parameters["logit_a"][s]))[group]
        out[s] = beta_binomial(a, kappa, cells.right, wrong) - rise(phi, split)
        own = np.where(finite, rise(np.maximum(phi[:, None] * atom, 1e-290), cells.wrong), 0.0)
        out[s] += own.sum(axis=1) + distinct * np.log(phi) + again
        if "logit_u" in parameters:
            has = np.flatnonzero(np.isfinite(parameters["logit_u"][s])[group] & cells.rest)
            share = 1 / (1 + np.exp(-parameters["logit_u"][s]))[group[has]]
            psi = np.exp(parameters["log_psi"][s])[group[has]]
            out[s, has] += beta_binomial(share, psi, cells.unparsable[has], split[has])
    return out
