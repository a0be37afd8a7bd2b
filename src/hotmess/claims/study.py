"""A study: responses, settings, and the fits that claims and the report share, each made once, when asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from hotmess.errors import BadInput, NotTestable, checked_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotmess.answers.posterior import Fit
    from hotmess.laws.contrast import Contrast
    from hotmess.laws.length import LengthLaw
    from hotmess.laws.length_prior import LengthPrior
    from hotmess.laws.power import PowerLaws
    from hotmess.laws.power_model import LawPrior
    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses
    from hotmess.temperature.checks import BudgetAgreement
    from hotmess.temperature.posterior import LengthFit

Made = TypeVar("Made")
LARGE, MOST_DRAWS = 200_000, 16_000  # responses beyond which a test by default leaves out what takes minutes; draws
OF_THE_DATA = ("cells", "grouped", "scale_cells", "unread", "filled_lengths", "without_truncated", "seen")
WHATEVER_THE_DRAWS = ("temperature", "within question")


@dataclass(frozen=True)
class Study:
    """Responses with the settings of an analysis.

    Attributes
    ----------
    responses
        Responses; with a `difficulty` column where groups of difficulty are wanted (else made by `grouped`).
    metric
        Decomposition that the claims are about; default: the outcome's own.
    groups, reference, difficulty
        Number of difficulty groups, the reference model (None: the largest), or a column that holds the groups.
    seed, draws, chains, most_draws
        Of every posterior; `draws` per chain, `most_draws` in all while Monte Carlo error leaves a claim open.
    patience
        Seconds that a slow engine may take where a fast one fails its check.
    law_prior, length_prior
        Of power and length laws, also where a part of the data is left out; None: their defaults.
    made
        What has been made so far, by name: see `once`.
    """

    responses: Responses
    metric: str = ""
    groups: int = 3
    reference: str | None = None
    difficulty: str | None = None
    seed: int = 0
    draws: int = 500
    warmup: int = 500
    chains: int = 4
    most_draws: int = 0
    patience: float = 120.0
    law_prior: LawPrior | None = None
    length_prior: LengthPrior | None = None
    made: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        from hotmess.decompose.methods import choose_metric
        from hotmess.responses.table import Responses

        checked_seed(self.seed)
        Responses.need(self.responses)
        self.responses.need_single("A study")
        object.__setattr__(self, "metric", choose_metric(self.responses.outcome, self.metric or None))

    def once(self, key: str, make: Callable[[], Made]) -> Made:
        """What `make` returns, or raises when the data cannot speak: computed once."""
        if key not in self.made:
            try:
                self.made[key] = make()
            except NotTestable as reason:
                self.made[key] = reason
        made: Made | NotTestable = self.made[key]
        if isinstance(made, NotTestable):
            raise made
        return made

    def with_more_draws(self) -> Study | None:
        """This study with twice the draws; None where these are asked for, or enough, or the data are large."""
        if self.large or 2 * self.draws * self.chains > self.most_draws:
            return None
        kept = {key: value for key, value in self.made.items() if key in OF_THE_DATA + WHATEVER_THE_DRAWS}
        return self.once("more draws", lambda: replace(self, draws=2 * self.draws, made=kept))

    @property
    def sampled(self) -> dict[str, Any]:
        """Seed, draws and chains of every posterior."""
        return {"seed": self.seed, "draws": self.draws, "chains": self.chains}

    @property
    def large(self) -> bool:
        """Whether what takes minutes is left out unless it is asked for by name."""
        return len(self.responses.table) > LARGE

    @property
    def questions(self) -> int:
        """How many questions there are."""
        return len(self.responses.table[["benchmark", "question"]].drop_duplicates())

    @property
    def cells(self) -> Cells:
        """All responses by cell."""
        from hotmess.responses.cells import reduce

        return self.once("cells", lambda: reduce(self.responses))

    @property
    def fit(self) -> Fit:
        """Latent answer distributions, groups unpooled."""
        from hotmess.answers.fit import fit

        made: Fit = self.once("fit", lambda: fit(self.cells, warmup=self.warmup, **self.sampled))
        return made

    @property
    def grouped(self) -> Responses:
        """Responses with a `difficulty` column."""

        def make() -> Responses:
            if "difficulty" in self.responses.table and self.difficulty is None:
                return self.responses
            if self.difficulty is None and self.responses.length is None:
                raise NotTestable(
                    "There is neither a length column to group questions by difficulty nor a column of difficulties "
                    "(--difficulty COLUMN)."
                )
            try:
                return self.responses.difficulty(reference=self.reference, groups=self.groups, column=self.difficulty)
            except NotTestable:
                raise
            except BadInput as error:
                if self.reference is not None or self.difficulty is not None:
                    raise  # the user asked for it, and it cannot be done
                raise NotTestable(str(error)) from error

        return self.once("grouped", make)

    @property
    def scale_cells(self) -> Cells:
        """Cells with their difficulty group, of models whose size is known."""
        from hotmess.responses.cells import reduce, take_cells

        def make() -> Cells:
            if self.responses.table["model_size_b"].isna().all():
                raise NotTestable("No model has a value of model_size_b, so nothing can be said about scale.")
            cells = reduce(self.grouped, split=["difficulty"])
            known = cells.table["model_size_b"].notna().to_numpy()
            return cells if known.all() else take_cells(cells, np.flatnonzero(known))

        return self.once("scale_cells", make)

    @property
    def unfit(self) -> str:
        """Why no claim can stand on these responses: mostly unparsable, or looks that are not known; else empty."""
        from hotmess.decompose.unparsable import unread_models
        from hotmess.looks.record import not_known

        said = self.once("unread", lambda: unread_models(self.cells.table)[1].removeprefix("Not reliable: "))
        looks = self.responses.looks
        return not_known(self.responses.table, looks, None if looks is None else self.seen) or str(said)

    @property
    def seen(self) -> Any:
        """What identifies the responses at a look."""
        from hotmess.looks.seen import seen

        return self.once("seen", lambda: seen(self.responses.table))

    @property
    def has_truncated(self) -> bool:
        """Whether responses were cut off at a token limit, more than 1% are unparsable, or lengths are missing."""
        from hotmess.responses.cut import cut_off, parsed

        many = (~parsed(self.responses)).mean() > 0.01
        return bool(cut_off(self.responses).any() or many or self.filled_lengths)

    @property
    def filled_lengths(self) -> dict[str, Responses]:
        """Bounds where lengths are missing (`hotmess.responses.cut.length_bounds`)."""
        from hotmess.responses.cut import length_bounds

        return self.once("filled_lengths", lambda: length_bounds(self.responses))

    @property
    def without_truncated(self) -> Responses | None:
        """Responses that were neither cut off nor unparsable; None where that leaves nothing, or all."""
        from hotmess.responses.cut import whole_and_parsed

        return self.once("without_truncated", lambda: whole_and_parsed(self.responses))

    @property
    def power_laws(self) -> PowerLaws:
        """Power laws in model size by difficulty group (and family and arm, where there are several)."""
        from hotmess.answers.fit import fit
        from hotmess.laws.power import power_laws

        def make() -> PowerLaws:
            cells = self.scale_cells
            by = [c for c in ("family", "condition", "budget") if cells.table[c].nunique() > 1] + ["difficulty"]
            groups = ["benchmark", "model", "condition", "budget", "difficulty"]
            first = fit(cells, groups=groups, warmup=self.warmup, pointwise=False, **self.sampled)
            return power_laws(first, by=by, metric=self.metric, prior=self.law_prior, **self.sampled)

        return self.once("power_laws", make)

    @property
    def length_law(self) -> LengthLaw:
        """Odds and power laws of incoherence in length, between questions."""
        from hotmess.laws.length import length_law

        settings = {"metric": self.metric, "prior": self.length_prior, **self.sampled}
        return self.once("length_law", lambda: length_law(self.responses, **settings))

    @property
    def halves(self) -> Cells:
        """Cells by half: responses above and below the question's own median length."""
        from hotmess.laws.contrast import halved_cells

        return self.once("halves", lambda: halved_cells(self.responses))

    @property
    def contrast(self) -> Contrast:
        """Longer against shorter responses of the same question, latent."""
        from hotmess.laws.contrast import latent_contrast

        return self.once("contrast", lambda: latent_contrast(self.halves, **self.sampled))

    @property
    def unbiased_contrast(self) -> Contrast:
        """The same without a model."""
        from hotmess.laws.contrast import unbiased_contrast

        return self.once("unbiased_contrast", lambda: unbiased_contrast(self.halves, seed=self.seed))

    @property
    def budget_halves(self) -> Cells:
        """Cells of the smallest and the largest budget of every model, by assignment."""
        from hotmess.temperature.assigned import budget_cells

        return self.once("budget_halves", lambda: budget_cells(self.responses))

    @property
    def budget_contrast(self) -> Contrast:
        """The largest against the smallest budget, latent."""
        from hotmess.laws.contrast import latent_contrast

        return self.once("budget_contrast", lambda: latent_contrast(self.budget_halves, **self.sampled))

    @property
    def unbiased_budget_contrast(self) -> Contrast:
        """The same without a model."""
        from hotmess.laws.contrast import unbiased_contrast

        return self.once("unbiased_budget_contrast", lambda: unbiased_contrast(self.budget_halves, seed=self.seed))

    @property
    def temperature(self) -> LengthFit:
        """The joint model of answers and lengths; one unit per model and condition."""
        from hotmess.temperature.ready import fit_ready

        return self.once("temperature", lambda: fit_ready(self.responses, **self.sampled, patience=self.patience))

    @property
    def budget_agreement(self) -> BudgetAgreement:
        """Whether answers at different budgets agree as often as the joint model says."""
        from hotmess.temperature.checks import budget_agreement

        return self.once("budget_agreement", lambda: budget_agreement(self.temperature))

    @property
    def temperature_variants(self) -> dict[str, LengthFit]:
        """The joint model with unparsable and cut off responses treated otherwise; few draws, for signs."""
        from hotmess.temperature.ready import fit_ready

        def make() -> dict[str, LengthFit]:
            out = {}
            if (self.responses.table["answer"] < 0).any():
                out["unparsable as wrong"] = fit_ready(self.responses, self.seed, 110, 4, unparsable="wrong")
            if self.without_truncated is not None:
                out["cut off and unparsable left out"] = fit_ready(self.without_truncated, self.seed, 110, 4)
            return out

        return self.once("temperature_variants", make)

    def fitted(self, key: str) -> Any:
        """What has been made under this name, or None: for what is shown only where it is there already."""
        made = self.made.get(key)
        return None if isinstance(made, NotTestable) else made
