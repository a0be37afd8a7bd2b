"""The within-question contrast of longer against shorter responses, in three parts (methods, section 5).

Within a question at a fixed budget, responses above the question's own median length against those below it. The
change of incoherence is split into the parts of mean accuracy, of the spread of accuracy over questions, and of the
concentration of wrong answers: Shapley values, adding up exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.population import question_sets, question_weights
from hotmess.decompose.grouping import question_index
from hotmess.decompose.parts import NAMES as PARTS
from hotmess.decompose.parts import from_moments, shapley
from hotmess.errors import NotTestable, either_seed, tails
from hotmess.laws.contrast_parts import changes, letter_statistics, parts_like_these
from hotmess.responses.cells import take_cells
from hotmess.statements.means import incoherence as set_incoherence
from hotmess.words import Short, counted

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.posterior import Fit
    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses
    from hotmess.statements.means import SetMeans
    from hotmess.statements.settle import Settled

HALVES = ("shorter", "longer")


class ByPopulation(Mapping[str, np.ndarray]):
    """An array for each population, made when it is first asked for; absent where making it raises NotTestable.

    >>> found = ByPopulation({"these": lambda: np.arange(2)})
    >>> found["these"].tolist(), "like-these" in found
    ([0, 1], False)
    """

    def __init__(self, make: Mapping[str, Callable[[], np.ndarray]]) -> None:
        self._make = dict(make)
        self._made: dict[str, np.ndarray] = {}

    def __getitem__(self, population: str) -> np.ndarray:
        if population not in self._made:
            try:
                self._made[population] = self._make[population]()
            except NotTestable as error:
                raise KeyError(population) from error
        return self._made[population]

    def __iter__(self) -> Iterator[str]:
        return (population for population in self._make if population in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, repr=False)
class Contrast(Short):
    """Draws of the change of incoherence from the shorter to the longer half, per model.

    Attributes
    ----------
    models
        Names; `model_size_b` beside.
    incoherence
        population -> (chain, draw, models, 2): incoherence of the shorter and the longer half.
    parts
        population -> (chain, draw, models, 3): accuracy, spread, concentration; they add up to the change of
        incoherence with unparsable responses counted as one more wrong option. Empty for outcomes that are not just
        right or wrong.
    source
        `latent` (posterior) or `unbiased` (without a model).
    means, settled
        Of the latent contrast for questions like these: means over the halves of each model in turn, and every model's
        change, then their mean, each settled as a statement (`hotmess.statements.settle`).
    """

    models: pd.DataFrame
    incoherence: Mapping[str, np.ndarray]
    parts: Mapping[str, np.ndarray]
    source: str
    questions: int
    notes: tuple[str, ...] = ()
    fit: Fit | None = field(default=None, repr=False)
    means: SetMeans | None = field(default=None, repr=False)
    settled: Settled | None = field(default=None, repr=False)

    def said(self) -> str:
        """One line."""
        return f"{counted(len(self.models), 'model')} on {counted(self.questions, 'question')}, {self.source}"

    def shown(self) -> pd.DataFrame:
        """For a notebook."""
        return self.summary()

    def change(self, population: str = "like-these") -> np.ndarray:
        """(chain, draw, models) incoherence of the longer half minus that of the shorter half."""
        if population == "like-these" and self.settled is not None:
            return self._statement()[..., :-1]
        both = self.incoherence[population]
        out: np.ndarray = both[..., 1] - both[..., 0]
        return out

    def mean_change(self, population: str = "like-these") -> np.ndarray:
        """(chain, draw) the change, mean over models: a statement of its own."""
        if population == "like-these" and self.settled is not None:
            return self._statement()[..., -1]
        return np.asarray(self.change(population).mean(axis=-1))

    def _statement(self) -> np.ndarray:
        assert self.settled is not None and self.fit is not None
        draws = self.settled.draws
        return draws.reshape(self.fit.chains, len(draws) // self.fit.chains, -1)

    def summary(self, population: str = "like-these", interval: float = 0.9) -> pd.DataFrame:
        """Median and interval of the change and its parts, per model."""
        table = self.models.copy()
        columns = {"change": self.change(population)}
        if population in self.parts:
            columns |= {name: self.parts[population][..., i] for i, name in enumerate(PARTS)}
        for name, values in columns.items():
            flat = values.reshape(-1, values.shape[-1])
            table[name] = np.median(flat, axis=0)
            table[f"{name}_low"], table[f"{name}_high"] = np.quantile(flat, tails(interval), axis=0)
        return table


def halved_cells(responses: Responses) -> Cells:
    """Cells by half; only questions whose halves both have three or more clusters (responses, or few-shot
    contexts where they repeat) are kept.

    Three, since the jackknife leaves one out and a pair must remain.

    Raises
    ------
    NotTestable
        If there are no lengths, or none that vary within a question.
    """
    from hotmess.responses.cells import reduce
    from hotmess.responses.halves import split_halves

    if responses.length is None:
        raise NotTestable(
            "There is no length column (reasoning_tokens or actions), so long and short cannot be compared."
        )
    halved = split_halves(responses)
    if halved.table["half"].isna().all():
        raise NotTestable(
            f"No question has responses of different {responses.length} at one budget, so long and short cannot "
            "be compared."
        )
    return whole_pairs(
        reduce(halved, split=["half"]),
        "No question has three or more responses (of different few-shot contexts, where there are any) both above "
        "and below its median length.",
    )


def whole_pairs(cells: Cells, otherwise: str) -> Cells:
    """Halved cells both of whose halves have three or more clusters.

    Raises
    ------
    NotTestable
        With the sentence `otherwise`, if there are none.
    """
    import pandas as pd

    keys = ["benchmark", "model", "question", "condition", "budget"]
    clusters = np.bincount(cells.points.cell, weights=cells.points.copies, minlength=len(cells.table))
    enough = pd.Series(clusters >= 3, index=cells.table.index)
    both = cells.table[enough].groupby(keys, observed=True)["half"].transform("nunique").reindex(cells.table.index)
    keep = np.flatnonzero(((both == 2) & enough).to_numpy())
    if len(keep) == 0:
        raise NotTestable(otherwise)
    return take_cells(cells, keep)


def unbiased_contrast(cells: Cells, *, seed: int, draws: int = 2000, chains: int = 4) -> Contrast:
    """The contrast without a model: unbiased terms; Bayesian bootstrap over questions, or jackknife for these."""
    estimate, covariance = letter_statistics(cells)
    models, model, half, question = _index(cells)
    q, columns = int(question.max()) + 1, estimate.shape[1]
    rng = np.random.default_rng([seed, 3])
    sums: dict[str, np.ndarray] = {}
    for population in ("like-these", "these"):
        weights = question_weights(q, draws, population=population, seed=seed)
        out = np.empty((draws, len(models), 2, columns))
        for m in range(len(models)):
            for h in range(2):
                rows = np.flatnonzero((model == m) & (half == h))
                w = weights[:, question[rows]]
                out[:, m, h] = (w @ estimate[rows]) / w.sum(1, keepdims=True)
                if population == "these":
                    noise = covariance[rows].sum(0) / len(rows) ** 2
                    out[:, m, h] += rng.multivariate_normal(np.zeros(columns), noise, draws, method="eigh")
        sums[population] = out.reshape(chains, draws // chains, len(models), 2, columns)
    return Contrast(
        models,
        {p: s[..., 0] / s[..., 1] for p, s in sums.items()},
        {p: shapley(from_moments(s[..., 0, 2:]), from_moments(s[..., 1, 2:])) for p, s in sums.items() if columns > 2},
        "unbiased",
        q,
    )


def latent_contrast(
    cells: Cells, *, seed: int, draws: int = 500, chains: int = 4, answers: Mapping[str, Any] | None = None
) -> Contrast:
    """The contrast from latent answer distributions of each half, groups unpooled between halves and models.

    answers: what else `hotmess.fit` is told for them: prior, engine, backend, warmup.
    """
    from hotmess.answers.fit import fit

    posterior = fit(
        cells,
        groups=["benchmark", "model", "condition", "budget", "half"],
        seed=seed,
        draws=draws,
        chains=chains,
        pointwise=False,
        **(answers or {}),
    )
    models, model, half, question = _index(cells)
    by, sets = ["model", "half"], 2 * model + half
    rows = [np.flatnonzero(sets == s) for s in range(2 * len(models))]
    means = posterior.statement(rows=rows)
    settled = means.settle(changes)
    missed = (cells.table["responses"] - cells.table["right"]).to_numpy()
    faultless = np.array([not missed[own].any() for own in rows]).reshape(len(models), 2)
    lost = np.append(faultless.any(axis=1), faultless.any())  # without an error incoherence is undefined
    settled = replace(settled, draws=np.where(lost, np.nan, settled.draws))
    shape = (posterior.chains, -1, len(models), 2)

    def order(table: pd.DataFrame) -> np.ndarray:
        place = table.reset_index().set_index(by)["index"]
        return np.array([[place[m, h] for h in HALVES] for m in models["model"]])

    def like_these() -> np.ndarray:
        each = [means.take([s]).settle(set_incoherence, ["logit"]).draws for s in range(2 * len(models))]
        return np.where(faultless, np.nan, np.concatenate(each, axis=1).reshape(shape))

    def these() -> np.ndarray:
        drawn = posterior.draws(by, population="these")
        return np.asarray(drawn.incoherence[..., order(drawn.table)])

    def parts_of_these() -> np.ndarray:
        moments = posterior.moments(by, population="these")
        moments = moments[..., order(question_sets(cells.table, by).table), :]
        return shapley(from_moments(moments[..., 0, :]), from_moments(moments[..., 1, :]))

    incoherence = ByPopulation({"like-these": like_these, "these": these})
    parts = ByPopulation(
        {
            "like-these": lambda: parts_like_these(cells, posterior, rows, means).reshape(*shape[:3], 3),
            "these": parts_of_these,
        }
    )
    return Contrast(models, incoherence, parts, "latent", int(question.max()) + 1, (), posterior, means, settled)


def _index(cells: Cells) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    table = cells.table
    models = table.groupby("model", as_index=False)[["family", "model_size_b"]].first()
    models = models.sort_values(["family", "model_size_b", "model"]).reset_index(drop=True)
    model = models.reset_index().set_index("model")["index"].reindex(table["model"]).to_numpy()
    half = (table["half"] == "longer").to_numpy(int)
    return models, model, half, question_index(table)


@either_seed
def natural_contrast(
    responses: Responses,
    *,
    seed: int = 0,
    draws: int = 500,
    chains: int = 4,
    answers: Mapping[str, Any] | None = None,
) -> Contrast:
    """Longer against shorter responses of the same question, from latent answer distributions.

    answers: what else `hotmess.fit` is told for them: prior, engine, backend, warmup.

    Raises
    ------
    NotTestable
        If there are no lengths that vary within a question.
    """
    contrast = latent_contrast(halved_cells(responses), seed=seed, draws=draws, chains=chains, answers=answers)
    assert contrast.fit is not None
    return replace(contrast, fit=replace(contrast.fit, source=responses))
