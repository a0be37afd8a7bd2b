"""Variance of embedded answers against length: a hierarchical model of log variance (methods, section 3).

There is no target, so that there is variance only.

    log V̂_q | v_q  ~ Normal(log v_q - s_q²/2, s_q²)     V̂_q unbiased, from pairs of responses; s_q by the jackknife
    log v_q        ~ Normal(level_a + slope_a x_q, tau²)      x_q: latent log length, centred in its arm
    slope_a        ~ Normal(mu, omega²)

Given tau, levels and slopes by weighted least squares are sufficient, and what they see is a collapsed Gaussian law
(`hotmess.laws.length_model.levels_and_slopes`) with its spread omega. The two are integrated on a grid of points of
equal prior mass, so draws are independent. What is reported is the least squares slope of the latent log v_q on x_q,
over these questions, or for questions like these (`hotmess.laws.embedding_slopes`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.decompose.grouping import question_index, question_units
from hotmess.errors import BadInput, NotTestable, tails
from hotmess.inference.spec import Spec
from hotmess.laws.called import EMBEDDINGS
from hotmess.laws.embedding_model import PRIOR, latent_draws
from hotmess.laws.embedding_slopes import expected_log_variance, settled_slopes, weighted_slope
from hotmess.laws.length_bins import ARM
from hotmess.laws.length_prior import LengthPrior
from hotmess.responses.left_out import rest_of
from hotmess.responses.units import WEIGHT
from hotmess.statements.effective import Effective, effective_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    import xarray as xr

    from hotmess.inference.gate import Gate
    from hotmess.responses.table import Responses
    from hotmess.statements.settle import Settled

MIN_QUESTIONS, MIN_RESPONSES, MAX_SAME = 10, 3, 0.1


@dataclass(frozen=True)
class VarianceLaw:
    """Posterior of the slopes; `questions` has arm, x, log_variance and its standard error for every cell."""

    questions: pd.DataFrame
    arms: pd.DataFrame
    data: xr.DataTree
    spec: Spec
    length: str
    notes: tuple[str, ...]
    source: Responses | None = field(default=None, repr=False, compare=False)

    @cached_property
    def gate(self) -> Gate:
        """Diagnostics; draws are independent, what can fail is their number."""
        from hotmess.inference.gate import gate_tree

        return gate_tree(self.data, called=EMBEDDINGS)

    def refit(self, **changes: Any) -> VarianceLaw:
        """The same responses fitted again, with the settings of `spec` but for the changes."""
        return _fit(self._responses, self.spec.changed(**changes))

    def without(self, *, questions: Sequence[Any] = (), models: Sequence[str] = ()) -> VarianceLaw:
        """The rest fitted without some questions (names, or (benchmark, question) pairs) or some models."""
        return _fit(rest_of(self._responses, questions, models), self.spec)

    @property
    def _responses(self) -> Responses:
        if self.source is None:
            raise BadInput("This law was read from a file, which holds no responses; make it again from them.")
        return self.source

    def save(self, path: str) -> None:
        """Write the posterior as netCDF, whole, for `hotmess.load`; the responses are not in it."""
        from hotmess.inference.store import save_posterior

        save_posterior(self, path)

    def dataset(self, *, population: str = "like-these") -> xr.Dataset:
        """Draws of the slope of every arm, of the line that the model draws through it, and of tau and omega."""
        return self.data["posterior"].dataset.sel(population=population)

    def slopes(self, population: str = "like-these") -> np.ndarray:
        """(chain, draw, arm) slopes of log variance in log length: exponents of variance ∝ L^slope."""
        return np.asarray(self.dataset(population=population)["slope"].values)

    @cached_property
    def settled(self) -> Settled:
        """Slopes of every arm for questions like these, and their mean over arms, last."""
        draws = self.data["posterior"].dataset
        flat = {k: draws[k].values for k in ("level", "line", "tau", "omega")}
        flat = {k: v.reshape(-1, *v.shape[2:]) for k, v in flat.items()}
        return settled_slopes(self.questions, flat, self.spec.prior, seed=self.spec.seed)

    def mean_slope(self, population: str = "like-these") -> np.ndarray:
        """(chain, draw) the mean slope over arms; of questions like these settled as one statement."""
        slopes = self.slopes(population)
        if population == "these":
            return np.asarray(slopes.mean(-1))
        return np.asarray(self.settled.draws[:, -1].reshape(slopes.shape[:2]))

    @property
    def effective(self) -> Effective:
        """How many questions, or clusters of them, the mean slope for questions like these rests on."""
        question = np.unique(self.questions["question_number"], return_inverse=True)[1]
        cluster, _ = question_units(self.questions, question)
        return effective_of(self.settled, -1, int((question if cluster is None else cluster).max()) + 1)

    def summary(self, population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
        """Median and interval of the slope of every arm."""
        flat = self.slopes(population).reshape(-1, len(self.arms))
        low, high = np.quantile(flat, tails(interval), axis=0)
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
            f"Lengths ({responses.length}) vary between questions no more than between runs of one question, so "
            "nothing can be said about length."
        )
    return table.assign(x=table["log_length"] - arms.transform("mean")), tuple(said)


def variance_law(
    responses: Responses, *, prior: LengthPrior = PRIOR, seed: int = 0, draws: int = 500, chains: int = 4
) -> VarianceLaw:
    """Fit the model above.

    Raises
    ------
    NotTestable
        As `variance_table`.
    """
    return _fit(responses, Spec("grid", prior, seed, draws, chains))


def _fit(responses: Responses, spec: Spec) -> VarianceLaw:
    from hotmess.inference.gate import independent
    from hotmess.inference.sample import to_tree

    seed, draws, chains = spec.seed, spec.draws, spec.chains
    table, notes = variance_table(responses)
    arms = table.drop_duplicates(list(ARM))[[*ARM, "family", "model_size_b"]]
    arms = arms.sort_values(["family", "model_size_b", *ARM]).reset_index(drop=True)
    place = {tuple(row): i for i, row in enumerate(arms[list(ARM)].itertuples(index=False))}
    arm = np.array([place[tuple(row)] for row in table[list(ARM)].itertuples(index=False)])
    x, error = table["x"].to_numpy(), table["error"].to_numpy()
    rng = np.random.default_rng([seed, 41])
    found = latent_draws(expected_log_variance(table), x, error, arm, spec.prior, draws * chains, rng)
    table = table.assign(arm=arm)
    settled = settled_slopes(table, found, spec.prior, seed=seed)
    weight = table[WEIGHT].to_numpy(float) if WEIGHT in table else np.ones(len(table))
    rows_of = [np.flatnonzero(arm == a) for a in range(len(arms))]
    these = np.stack([weighted_slope(x[r], found["latent"][:, r], weight[None, r]) for r in rows_of], axis=-1)
    slope = np.stack([settled.draws[:, :-1], these])
    labels = [", ".join(str(part) for part in row if part) for row in arms[list(ARM)].itertuples(index=False)]
    tree = to_tree(
        {
            "slope": np.moveaxis(slope.reshape(2, chains, draws, -1), 0, 2),
            **{k: found[k].reshape(chains, draws, -1) for k in ("level", "line")},
            **{k: found[k].reshape(chains, draws) for k in ("tau", "omega")},
        },
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        coords={"population": ["like-these", "these"], "arm": labels},
        dims={"slope": ["population", "arm"], "level": ["arm"], "line": ["arm"]},
    )
    return VarianceLaw(table, arms, independent(tree), spec, str(responses.length), notes, source=responses)


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
