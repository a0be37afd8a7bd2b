"""A study: responses, settings, and the fits that claims and the report share, each made once, when asked for."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hotmess.claims.study_data import OF_THE_DATA, StudyData
from hotmess.errors import BadInput, checked_count, checked_number, checked_seed, few_enough
from hotmess.words import Short

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from hotmess.answers.posterior import Fit
    from hotmess.answers.prior import AnswerPrior
    from hotmess.laws.contrast import Contrast
    from hotmess.laws.length import LengthLaw
    from hotmess.laws.length_prior import LengthPrior
    from hotmess.laws.power import PowerLaws
    from hotmess.laws.power_model import LawPrior
    from hotmess.responses.table import Responses
    from hotmess.temperature.checks import BudgetAgreement
    from hotmess.temperature.posterior import LengthFit
    from hotmess.temperature.prior import TemperaturePrior

MOST_DRAWS = 16_000
WHATEVER_THE_DRAWS = ("temperature", "within question")


@dataclass(frozen=True, repr=False)
class Study(Short, StudyData):
    """Responses with the settings of an analysis.

    Attributes
    ----------
    responses
        Responses; with a `difficulty` column where groups of difficulty are wanted (else made by `grouped`).
    metric
        Decomposition that the claims are about; default: the outcome's own.
    groups, reference, difficulty
        Number of difficulty groups, the reference model (None: the largest), or a column that holds the groups.
    seed, draws, warmup, chains, most_draws
        Of every posterior; `draws` per chain, `most_draws` in all while Monte Carlo error leaves a claim open.
        `random_seed` is another name of `seed`.
    patience
        Seconds that a slow engine may take where a fast one fails its check.
    prior, engine, backend
        Of every posterior of answers, as in `hotmess.fit`; None: its defaults.
    law_prior, law_by, length_prior, length_options, temperature_prior
        Priors of power laws, length laws and the temperature model, the columns that tell groups of power laws apart,
        and `bins`, `latent`, `shapes` of length laws, also where a part of the data is left out; None or empty: their
        defaults.
    made
        What has been made so far, by name: see `once`.
    reduced
        Whether this is a part of another study, left for how a verdict changes: fits then keep no log likelihoods.
    instead_of
        The outcome that the table was read with, where this is the study of another that stands beside it (`beside`).
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
    prior: AnswerPrior | None = None
    engine: str | None = None
    backend: str = "numpyro"
    law_prior: LawPrior | None = None
    law_by: tuple[str, ...] = ()
    length_prior: LengthPrior | None = None
    temperature_prior: TemperaturePrior | None = None
    length_options: Mapping[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    reduced: bool = False
    instead_of: str = ""
    random_seed: InitVar[int | None] = None

    def __post_init__(self, random_seed: int | None) -> None:
        from hotmess.decompose.methods import choose_metric
        from hotmess.responses.table import Responses

        if random_seed is not None:
            object.__setattr__(self, "seed", random_seed)
        checked_seed(self.seed)
        for name, least in (("draws", 1), ("chains", 1), ("warmup", 0), ("groups", 1)):
            checked_count(name, getattr(self, name), least)
        few_enough(self.draws, self.chains)
        checked_number("patience", self.patience, "a number of seconds, from 0")
        self._check_priors()
        Responses.need(self.responses)
        self.responses.need_single("A study")
        object.__setattr__(self, "metric", choose_metric(self.responses.outcome, self.metric or None))

    def _check_priors(self) -> None:
        given = {name: getattr(self, name) for name in ("prior", "law_prior", "length_prior", "temperature_prior")}
        given = {name: prior for name, prior in given.items() if prior is not None}
        if not given:
            return  # nothing to load
        from hotmess.answers.prior import AnswerPrior
        from hotmess.laws.length_prior import LengthPrior
        from hotmess.laws.power_model import LawPrior
        from hotmess.temperature.prior import TemperaturePrior

        kinds = {"law_prior": LawPrior, "length_prior": LengthPrior, "temperature_prior": TemperaturePrior}
        for name, prior in given.items():
            kind: type = kinds.get(name, AnswerPrior)
            if not isinstance(prior, kind):
                raise BadInput(f"{name} is {prior!r}; it must be of {kind.__name__}, or None.")

    def said(self) -> str:
        """One line for a print."""
        made = ", ".join(sorted(key for key in self.made if key.replace("_", "").isalpha())) or "nothing yet"
        return f"{self.responses.summary()} {self.metric}, {self.chains} × {self.draws:,} draws; made: {made}"

    def shown(self) -> pd.DataFrame:
        """For a notebook."""
        return self.responses.shown()

    def with_more_draws(self) -> Study | None:
        """This study with twice the draws; None where these are asked for, or enough, or the data are large."""
        if self.large or 2 * self.draws * self.chains > self.most_draws:
            return None
        kept = {key: value for key, value in self.made.items() if key in OF_THE_DATA + WHATEVER_THE_DRAWS}
        return self.once("more draws", lambda: replace(self, draws=2 * self.draws, made=kept))

    @property
    def beside(self) -> Study | None:
        """This study of the outcome that stands beside its own in the table; None where there is none.

        Claims are tested on it where the outcome itself cannot speak: of probability vectors there is no latent model
        of cells, and the letters that go with them have one.
        """
        from hotmess.responses.beside import read_beside

        def make() -> Study | None:
            read = read_beside(self.responses)
            own = self.responses.outcome
            return None if read is None else replace(self, responses=read, metric="", made={}, instead_of=own)

        study: Study | None = self.once("beside", make)
        if study is None:
            return None
        looks = self.responses.looks
        if looks is not None:
            study.made.setdefault("seen", self.seen)  # what was looked at is the table as it was read
        return replace(study, responses=replace(study.responses, looks=looks), made=study.made)

    @property
    def of_column(self) -> str:
        """A sentence on the column that this study is of, where the table was read with another; else nothing."""
        if not self.instead_of:
            return ""
        return (
            f"It speaks of the column {self.responses.outcome}: of {self.instead_of}, with which the table was read, "
            "it cannot be tested."
        )

    @property
    def sampled(self) -> dict[str, Any]:
        """Seed, draws and chains of every posterior."""
        return {"seed": self.seed, "draws": self.draws, "chains": self.chains}

    @property
    def answers(self) -> dict[str, Any]:
        """What else `hotmess.fit` is told for every posterior of answers."""
        return {"prior": self.prior, "engine": self.engine, "backend": self.backend, "warmup": self.warmup}

    @property
    def fit(self) -> Fit:
        """Latent answer distributions, groups unpooled."""
        from hotmess.answers.fit import fit

        told = {"pointwise": not self.reduced, "prior_draws": 0, **self.answers, **self.sampled}
        made: Fit = self.once("fit", lambda: fit(self.cells, **told))
        return made

    @property
    def power_laws(self) -> PowerLaws:
        """Power laws in model size by difficulty group (and family and arm, where there are several)."""
        from hotmess.answers.fit import fit
        from hotmess.laws.power import power_laws

        def make() -> PowerLaws:
            cells = self.scale_cells
            by = [c for c in ("family", "condition", "budget") if cells.table[c].nunique() > 1] + ["difficulty"]
            by, groups = list(self.law_by) or by, ["benchmark", "model", "condition", "budget", *self.scale_split]
            first = fit(cells, groups=groups, pointwise=False, **self.answers, **self.sampled)
            return power_laws(first, by=by, metric=self.metric, prior=self.law_prior, **self.sampled)

        return self.once("power_laws", make)

    @property
    def length_law(self) -> LengthLaw:
        """Odds and power laws of incoherence in length, between questions."""
        from hotmess.laws.length import length_law

        return self.once("length_law", lambda: length_law(self.responses, **self.of_length_laws))

    @property
    def of_length_laws(self) -> dict[str, Any]:
        """What `hotmess.length_law` is told."""
        told = {"metric": self.metric, "prior": self.length_prior, "answers": self.answers}
        return {**self.length_options, **told, **self.sampled}

    @property
    def contrast(self) -> Contrast:
        """Longer against shorter responses of the same question, latent."""
        from hotmess.laws.contrast import latent_contrast

        return self.once("contrast", lambda: latent_contrast(self.halves, answers=self.answers, **self.sampled))

    @property
    def unbiased_contrast(self) -> Contrast:
        """The same without a model."""
        from hotmess.laws.contrast import unbiased_contrast

        return self.once("unbiased_contrast", lambda: unbiased_contrast(self.halves, seed=self.seed))

    @property
    def budget_contrast(self) -> Contrast:
        """The largest against the smallest budget, latent."""
        from hotmess.laws.contrast import latent_contrast

        settings = {"answers": self.answers, **self.sampled}
        return self.once("budget_contrast", lambda: latent_contrast(self.budget_halves, **settings))

    @property
    def unbiased_budget_contrast(self) -> Contrast:
        """The same without a model."""
        from hotmess.laws.contrast import unbiased_contrast

        return self.once("unbiased_budget_contrast", lambda: unbiased_contrast(self.budget_halves, seed=self.seed))

    @property
    def temperature(self) -> LengthFit:
        """The joint model of answers and lengths; one unit per model and condition."""
        from hotmess.temperature.ready import fit_ready

        settings = {"prior": self.temperature_prior, "patience": self.patience, "warmup": self.warmup, **self.sampled}
        return self.once("temperature", lambda: fit_ready(self.responses, **settings))

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
            few: dict[str, Any] = {"seed": self.seed, "draws": 110, "chains": 4, "prior": self.temperature_prior}
            few["near"] = self.temperature
            if (self.responses.table["answer"] < 0).any():
                out["unparsable as wrong"] = fit_ready(self.responses, unparsable="wrong", **few)
            if self.without_truncated is not None:
                out["cut off and unparsable left out"] = fit_ready(self.without_truncated, **few)
            return out

        return self.once("temperature_variants", make)
