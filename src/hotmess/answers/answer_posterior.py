"""What every posterior of answers has in common, whatever the outcome: its settings, labelled draws, statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.bootstrap import means_of
from hotmess.answers.population import question_sets, refuse_unknown
from hotmess.errors import listed
from hotmess.words import Short, counted

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.answers.conjugate import TermDraws
    from hotmess.answers.drawn import Bootstrap
    from hotmess.answers.population import SetDraws
    from hotmess.answers.prior import AnswerPrior
    from hotmess.inference.gate import Gate
    from hotmess.inference.spec import Spec
    from hotmess.responses.cells import Cells
    from hotmess.statements.means import SetMeans


class AnswerPosterior(Short):
    """A posterior of answers to questions: beside what all posteriors have (`hotmess.inference.posterior.Posterior`) it
    makes statements about sets of questions."""

    if TYPE_CHECKING:

        @property
        def cells(self) -> Cells: ...
        @property
        def spec(self) -> Spec: ...
        @property
        def data(self) -> xr.DataTree: ...
        @property
        def gate(self) -> Gate: ...
        @property
        def chains(self) -> int: ...
        @property
        def made(self) -> dict[Any, Any]: ...

    def said(self) -> str:
        """One line for a print."""
        cells, spec = self.cells.table, self.spec
        asked, models = len(cells[["benchmark", "question"]].drop_duplicates()), cells["model"].nunique()
        what = f"{counted(asked, 'question')}, {counted(models, 'model')}, {counted(len(cells), 'cell')}"
        made = f"{self.cells.outcome}, by {spec.engine}, {spec.chains} × {spec.draws:,} draws"
        return f"{what}; {made}; {self.gate.said}"

    def shown(self) -> pd.DataFrame | None:
        """For a notebook: medians and 90% intervals of the estimands, where they are made already."""
        import pandas as pd

        if "estimands" not in self.data.children:
            return None
        found = self.data["estimands"].to_dataset().quantile([0.5, 0.05, 0.95], ("chain", "draw"))
        ends = ("", "_low", "_high")
        columns = {f"{name}{end}": values[i].values for name, values in found.items() for i, end in enumerate(ends)}
        return pd.DataFrame({"model": found["model"].values, **columns})

    @property
    def seed(self) -> int:
        return self.spec.seed

    @property
    def formula(self) -> str | None:
        return self.spec.formula

    @property
    def prior(self) -> AnswerPrior:
        prior: AnswerPrior = self.spec.prior
        return prior

    @property
    def unparsable(self) -> str:
        return self.spec.unparsable

    @listed("by")
    def draws(
        self, by: Sequence[str] = ("model",), *, population: str = "like-these", metric: str = "brier"
    ) -> SetDraws:
        """Draws of mean error, bias² and variance over the questions of each set, for one population."""
        raise NotImplementedError

    @listed("by")
    def dataset(
        self, by: Sequence[str] = ("model",), *, population: str = "like-these", metric: str = "brier"
    ) -> xr.Dataset:
        """The same by label: error, bias2, variance and incoherence with dimensions chain, draw, and those of `by`.

        >>> import hotmess as hm
        >>> fit = hm.fit(hm.example(), draws=50)
        >>> draws = fit.dataset(["model", "budget"], population="these")
        >>> draws["error"].dims
        ('chain', 'draw', 'model', 'budget')
        """
        return self.draws(by, population=population, metric=metric).dataset

    def terms(self, metric: str = "brier") -> TermDraws:
        """Draws (draws, cells) of error, bias² and variance of every question's answer distribution."""
        raise NotImplementedError

    def make_bootstrap(self, metric: str, weights: np.ndarray | None) -> Bootstrap:
        """What draws the terms of questions like these; `weights` (draws, questions) in place of its own."""
        raise NotImplementedError

    def bootstrap(self, metric: str = "brier") -> Bootstrap:
        """What draws the terms of questions like these, the same for every statement."""
        key = ("bootstrap", metric)
        if key not in self.made:
            self.made[key] = self.make_bootstrap(metric, None)
        out: Bootstrap = self.made[key]
        return out

    def statement(
        self,
        weights: np.ndarray | None = None,
        by: Sequence[str] = ("model",),
        *,
        rows: Sequence[np.ndarray] | None = None,
        metric: str = "brier",
        known: np.ndarray | None = None,
    ) -> SetMeans:
        """Means of error, bias² and variance over sets of questions, under weights on questions.

        What a statement about questions like these is a function of: `.settle(g)` of the result guards, shifts and
        spreads it (methods, section 3).

        Parameters
        ----------
        weights
            (draws, questions), mean 1, in the order of (benchmark, question); None: Q × Dirichlet(1, …, 1).
        by
            Columns that tell sets apart, in the order of `draws(by).table`.
        rows
            Rows of the cells of each set instead; sets may share cells.
        known
            (cells,) whether a cell's unbiased terms are used, where it has any.

        Raises
        ------
        BadInput
            For a column that is not there, or a metric that the outcome does not have.

        Examples
        --------
        Is the first model more incoherent than the second? Both sides of the difference have the same weights.

        >>> import hotmess as hm
        >>> from hotmess.statements.means import incoherence
        >>> fit = hm.fit(hm.example(), draws=50)
        >>> settled = fit.statement().settle(lambda means: -np.diff(incoherence(means)[..., :2]))
        >>> settled.draws.shape
        (200, 1)
        """
        if rows is None:
            refuse_unknown(self.cells.table, by)
            rows = question_sets(self.cells.table, by).rows
        found = self.bootstrap(metric) if weights is None else self.make_bootstrap(metric, weights)
        return means_of(found, rows, self.cells, known, unparsable=self.unparsable, seed=self.seed)

    @listed("by")
    def summary(
        self,
        by: Sequence[str] = ("model",),
        *,
        population: str = "like-these",
        metric: str = "brier",
        interval: float | None = 0.9,
    ) -> pd.DataFrame:
        """Medians (and intervals) of error, bias², variance and incoherence of each set."""
        raise NotImplementedError

    @listed("by")
    def incoherence(
        self,
        by: Sequence[str] = ("model",),
        *,
        population: str = "like-these",
        metric: str = "brier",
        interval: float = 0.9,
    ) -> pd.DataFrame:
        """Incoherence, the ratio of sums Σ variance / Σ error, of each set, with its interval."""
        table = self.summary(by, population=population, metric=metric, interval=interval)
        wanted = [*by, "questions", "responses", "incoherence", "incoherence_low", "incoherence_high", "reliable"]
        return table[wanted]
