"""Variance of embedded answers against length: a hierarchical model of log variance (variance only: no target).

    log V̂_q | v_q  ~ Normal(log v_q - s_q²/2, s_q²)     V̂_q unbiased, from pairs of responses; s_q by the jackknife
    log v_q        ~ Normal(level_a + slope_a x_q, tau²)      x_q: latent log length, centred in its arm
    slope_a        ~ Normal(mu, omega²)

Given (tau, omega) all is linear and Gaussian; the two are integrated on a grid, so draws are independent. What is
reported is the least squares slope of the latent log v_q on x_q, over these questions, or with Dirichlet(1, …, 1)
weights on questions, the same for every arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.population import question_weights
from hotmess.decompose.grouping import question_index
from hotmess.errors import NotTestable
from hotmess.laws.length_bins import ARM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    import xarray as xr

    from hotmess.inference.gate import Gate
    from hotmess.responses.table import Responses

MIN_QUESTIONS, MIN_RESPONSES, MAX_SAME = 10, 3, 0.1
LEVEL, SLOPE, OMEGA, TAU = 3.0, 1.0, 0.5, 1.0  # prior scales, of natural logarithms


@dataclass(frozen=True)
class VarianceLaw:
    """Posterior of the slopes; `questions` has arm, x, log_variance and its standard error for every cell."""

    questions: pd.DataFrame
    arms: pd.DataFrame
    data: xr.DataTree
    length: str
    notes: tuple[str, ...]

    @cached_property
    def gate(self) -> Gate:
        """Diagnostics; draws are independent, what can fail is their number."""
        from hotmess.inference.gate import gate_tree

        return gate_tree(self.data)

    def slopes(self, population: str = "like-these") -> np.ndarray:
        """(chain, draw, arm) slopes of log variance in log length: exponents of variance ∝ L^slope."""
        return self.data["posterior"].dataset["slope"].sel(population=population).values

    def summary(self, population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
        """Median and interval of the slope of every arm."""
        flat = self.slopes(population).reshape(-1, len(self.arms))
        low, high = np.quantile(flat, [(1 - interval) / 2, (1 + interval) / 2], axis=0)
        return self.arms.assign(slope=np.median(flat, axis=0), slope_low=low, slope_high=high)


def variance_table(responses: Responses) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """One row per cell: its arm, question, x (centred latent log length), log V̂ and its standard error; notes.

    Raises
    ------
    NotTestable
        Without embeddings or lengths, with too few questions, or where many questions have identical answers only.
    """
    from hotmess.decompose.points import leave_one_out, totals
    from hotmess.decompose.squared import unbiased
    from hotmess.laws.length_bins import latent_lengths
    from hotmess.responses.cells import reduce, take_cells
    from hotmess.responses.cut import missing_lengths_note

    if responses.outcome != "embedding":
        raise NotTestable(f"The outcome is {responses.outcome}; this is about embeddings of answers.")
    if responses.length is None:
        raise NotTestable("There is no length column, so nothing can be said about length.")
    cells = reduce(responses)
    clusters = np.bincount(cells.points.cell, cells.points.copies, len(cells))
    has = (clusters >= MIN_RESPONSES) & cells.table["log2_length"].notna().to_numpy()
    said = [note for note in [missing_lengths_note(responses)] if note]
    if not has.any():
        raise NotTestable(f"No question has a length and {MIN_RESPONSES} or more responses.")
    cells = take_cells(cells, np.flatnonzero(has))
    whole = totals(cells.points)
    variance = unbiased(whole).variance
    without = unbiased(leave_one_out(cells.points, whole)).variance
    p, size = cells.points, len(cells)
    n = np.bincount(p.cell, p.copies, size)
    mean = np.bincount(p.cell, p.copies * without, size) / n
    jackknife = np.bincount(p.cell, p.copies * (without - mean[p.cell]) ** 2, size) * (n - 1) / n
    good = variance > 1e-12
    if (~good).mean() > MAX_SAME:
        raise NotTestable(
            f"In {(~good).mean():.0%} of the questions all answers are the same; their log variance is not finite."
        )
    if (~good).any():
        said.append(f"{int((~good).sum())} questions whose answers are all the same are left out.")
    v = np.where(good, variance, 1.0)
    table = cells.table.assign(
        log_variance=np.log(v),
        error=np.maximum(np.sqrt(jackknife) / v, 1e-3),
        log_length=latent_lengths(responses, cells.table) * np.log(2),
        question_number=question_index(cells.table),
    )[good]
    counts = table.groupby(list(ARM), observed=True)["log_length"].transform("size")
    table = table[counts >= MIN_QUESTIONS].reset_index(drop=True)
    if not len(table):
        raise NotTestable(f"No model has {MIN_QUESTIONS} questions with lengths and {MIN_RESPONSES} responses.")
    arms = table.groupby(list(ARM), observed=True)["log_length"]
    if (arms.transform("max") - arms.transform("min")).max() < 1e-9:
        raise NotTestable(
            f"{responses.length} varies between questions no more than between runs of one question, so nothing can be "
            "said about length."
        )
    return table.assign(x=table["log_length"] - arms.transform("mean")), tuple(said)


def variance_law(responses: Responses, *, seed: int = 0, draws: int = 500, chains: int = 4) -> VarianceLaw:
    """Fit the model above."""
    from hotmess.inference.sample import to_tree

    table, notes = variance_table(responses)
    arms = table.drop_duplicates(list(ARM))[[*ARM, "family", "model_size_b"]]
    arms = arms.sort_values(["family", "model_size_b", *ARM]).reset_index(drop=True)
    place = {tuple(row): i for i, row in enumerate(arms[list(ARM)].itertuples(index=False))}
    arm = np.array([place[tuple(row)] for row in table[list(ARM)].itertuples(index=False)])
    x, error = table["x"].to_numpy(), table["error"].to_numpy()
    y = table["log_variance"].to_numpy() + error**2 / 2  # E log V̂ lies below log v
    rng = np.random.default_rng([seed, 41])
    total = draws * chains
    latent, tau, omega = _latent(y, x, error, arm, total, rng)
    question = np.unique(table["question_number"], return_inverse=True)[1]
    size = int(question.max()) + 1
    populations = ("like-these", "these")
    slope = np.empty((2, total, len(arms)))
    for i, population in enumerate(populations):
        weights = question_weights(size, total, population=population, seed=seed)[:, question]
        for a in range(len(arms)):
            rows = np.flatnonzero(arm == a)
            slope[i, :, a] = weighted_slope(x[rows], latent[:, rows], weights[:, rows])
    labels = [", ".join(str(part) for part in row if part) for row in arms[list(ARM)].itertuples(index=False)]
    tree = to_tree(
        {
            "slope": np.moveaxis(slope.reshape(2, chains, draws, -1), 0, 2),
            "tau": tau.reshape(chains, draws),
            "omega": omega.reshape(chains, draws),
        },
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        coords={"population": list(populations), "arm": labels},
        dims={"slope": ["population", "arm"]},
    )
    return VarianceLaw(table.assign(arm=arm), arms, tree, str(responses.length), notes)


def weighted_slope(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(draws,) weighted least squares slopes of y (draws, n) on x (n,).

    >>> weighted_slope(np.array([0.0, 1.0, 2.0]), np.array([[1.0, 3.0, 5.0]]), np.ones((1, 3))).tolist()
    [2.0]
    """
    total = weights.sum(axis=1, keepdims=True)
    t = x - (weights @ x)[:, None] / total
    out: np.ndarray = (weights * t * y).sum(axis=1) / (weights * t * t).sum(axis=1)
    return out


def _latent(
    y: np.ndarray, x: np.ndarray, error: np.ndarray, arm: np.ndarray, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws (draws, cells) of log v, and of tau and omega (draws,)."""
    arms = int(arm.max()) + 1
    level = np.eye(arms)[arm]
    design = np.column_stack([level, level * x[:, None], x])  # levels, deviations of the slopes, their mean
    center = y.mean()
    grid = [
        (t, o) for t in TAU * np.exp(np.linspace(-4.5, 1.2, 40)) for o in OMEGA * np.exp(np.linspace(-3.5, 1.2, 16))
    ]
    fits, log_p = [], np.empty(len(grid))
    for k, (t, o) in enumerate(grid):
        prior = np.r_[np.full(arms, LEVEL**-2), np.full(arms, o**-2), SLOPE**-2]
        noise = t * t + error**2
        precision = (design / noise[:, None]).T @ design + np.diag(prior)
        root = np.linalg.cholesky(precision)
        right = design.T @ ((y - center) / noise)
        mean = np.linalg.solve(precision, right)
        log_p[k] = 0.5 * (right @ mean - ((y - center) ** 2 / noise).sum() - np.log(noise).sum() + np.log(prior).sum())
        # Half-normal priors, and the Jacobian of the grid's logarithms.
        log_p[k] -= np.log(np.diag(root)).sum() + 0.5 * ((t / TAU) ** 2 + (o / OMEGA) ** 2) - np.log(t * o)
        fits.append((mean, root))
    p = np.exp(log_p - log_p.max())
    at = rng.choice(len(grid), draws, p=p / p.sum())
    latent = np.empty((draws, len(y)))
    for k in np.unique(at):
        rows = np.flatnonzero(at == k)
        mean, root = fits[k]
        beta = mean + np.linalg.solve(root.T, rng.standard_normal((len(mean), len(rows)))).T
        expected = center + beta @ design.T
        share = grid[k][0] ** 2 / (grid[k][0] ** 2 + error**2)
        width = np.sqrt(share) * error
        latent[rows] = expected + share * (y - expected) + width * rng.standard_normal(expected.shape)
    both = np.array(grid)[at]
    return latent, both[:, 0], both[:, 1]


def compare_embedders(
    responses: Responses,
    embedders: Sequence[str | Callable[[list[str]], np.ndarray]],
    *,
    seed: int = 0,
    draws: int = 500,
) -> pd.DataFrame:
    """Slopes of every arm by each embedder of the column `text`: what depends on the embedder shows here."""
    import pandas as pd

    from hotmess.responses.embed import embed

    pieces = []
    for one in embedders:
        name = one if isinstance(one, str) else getattr(one, "__name__", "own")
        pieces.append(variance_law(embed(responses, one), seed=seed, draws=draws).summary().assign(embedder=name))
    return pd.concat(pieces, ignore_index=True)
