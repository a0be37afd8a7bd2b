"""What a claim is: everything that is known of it in one object, and the guards that stand around its verdict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.rule import DECIDED, NEGLIGIBLE, Probability
from hotmess.errors import median_and_tails
from hotmess.estimates.estimate import THRESHOLD, Estimate
from hotmess.inference.gate import Gate

if TYPE_CHECKING:
    from hotmess.answers.posterior import Fit
    from hotmess.claims.published import Published
    from hotmess.claims.rates import Rates
    from hotmess.claims.study import Study
    from hotmess.design.components import Components
    from hotmess.estimates.control import Control
    from hotmess.inference.evidence import PointEvidence
    from hotmess.statements.effective import Effective


@dataclass(frozen=True)
class Quantity:
    """Posterior draws of the scalar that a claim is about.

    Attributes
    ----------
    draws
        (chain, draw).
    each
        The same quantity per model, group or arm: label -> (chain, draw).
    gate
        Diagnostics of the fits behind it.
    parts
        Draws (chain, draw) of the three parts of the change of incoherence, where there is one (often `Later`).
    scope
        What the data cover: a phrase that ends the claim's sentence.
    notes
        Sentences about what was left out.
    held
        Reasons that hold back any verdict, such as a comparison that is not decidable; `remedy`: what to do then.
    guards
        Records of the quantity's own, name -> record, shown as they are beside the guards; they decide nothing.
    effective
        How many questions it rests on, where its draws are settled (`hotmess.statements.settle`); None: they are
        spread by the number of questions where it is tested.
    location_error
        () -> standard error of where all draws lie, by what they are made of being drawn, too; None: nothing is.
    """

    draws: np.ndarray
    gate: Gate
    scope: str
    each: Mapping[str, np.ndarray] = field(default_factory=dict)
    parts: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    guards: Mapping[str, Any] = field(default_factory=dict)
    effective: Effective | None = None
    remedy: str = ""
    location_error: Callable[[], float] | None = None

    @cached_property
    def shift(self) -> float:
        """`location_error` in standard deviations of the draws; 0 where there is none."""
        spread = float(self.draws.std())
        return float(self.location_error() / spread) if self.location_error is not None and spread > 0 else 0.0


@dataclass(frozen=True)
class LeaveOut:
    """What of the data is left out one at a time, by the guard of sensitivity.

    Attributes
    ----------
    without
        (case, column, value) -> draws without a part of the data, and the Pareto k of their weights (-inf: exact);
        None where it cannot be had without a new fit.
    parts
        Columns whose values are left out one at a time.
    refit
        Whether a new fit is cheap enough to be made for a guard.
    """

    without: Callable[[Case, str, str], tuple[np.ndarray, float] | None] | None = None
    parts: tuple[str, ...] = ("model", "benchmark")
    refit: bool = True


@dataclass(frozen=True)
class Claim:
    """A named statement about a scalar function of the joint posterior.

    Attributes
    ----------
    name
        The command-line name; with underscores, the attribute of `hotmess.claims`.
    place, statement, estimand
        Where the paper says it; what is claimed, as a sentence without scope; what the number is, in words with its
        unit.
    quantity
        (study, population) -> Quantity. The claim is that it is positive, or lies in `region`.
    needs, region
        What the data must have; region of practical equivalence (low, high) where the claim is of equality, stated
        beforehand.
    estimate, control, variants
        (study) -> Estimate by the unbiased estimator, for the guard of agreement; (study, seed) -> negative control;
        (study) -> {name: Estimate} for truncated and unparsable responses treated otherwise.
    association, change
        True where the sentence may speak of association only; where the quantity is itself a change of incoherence, so
        that its parts belong in the sentence.
    across
        What is compared (`model`, `budget`, `condition`, `question`, `response`): where its sides were decoded at
        different settings, the claim is not testable.
    long, widened
        True where it takes long on large tables: there it is tested when it is asked for by name. False where the
        posterior speaks of new questions itself, or rests on draws that are spread already.
    units, by_unit
        What there may be others like: questions, or the entities of a survey; whether it knows clusters of questions
        and weights, or (`cluster`) clusters alone: where what it does not know is named, it is not testable.
    preregistration
        SHA-256 of the canonical definition of a user's claim, or of a region that was changed.
    fit, densities, leave_out
        (study) -> the fit of answers that it rests on, for posterior predictive checks. (study, population) -> log
        prior and log likelihood of every draw of the quantity, (chain, draw) each, for powers of either; None where
        there are none. Parts of the data left out one at a time.
    prior, point
        (study, generator, n) -> (n,) draws from the prior that the model induces; (study) -> evidence for no effect.
    published, design, rates, guards
        (study) -> what a published procedure says of it; (study, draws) -> its variance's parts, for planning; how
        often it was called supported where it is false, in simulated worlds; guards of its own.
    of_models, absent, these_models
        True where `each` of its quantity are models: then it is said in how many the claim holds. (study) -> what it is
        about that the data do not hold at all, in words. (study, population) -> the quantity of these models
        themselves, and how many they are; it never decides.
    negligible, effect, most
        Half-width δ of the region (-δ, δ) in which its quantity is practically none; None for no such verdict. Effect
        that is planned for, where one is stated. The largest that an effect can be.
    by_questions, narrowed_by, order
        True where its statement's variance is one over questions; what more of narrows it where that is not worked out;
        its place in the catalogue.
    """

    name: str
    place: str
    statement: str
    estimand: str
    quantity: Callable[[Study, str], Quantity]
    needs: str
    region: tuple[float, float] | None = None
    estimate: Callable[[Study], Estimate] | None = None
    control: Callable[[Study, int], Control] | None = None
    variants: Callable[[Study], dict[str, Estimate]] | None = None
    association: bool = False
    change: bool = False
    across: tuple[str, ...] = ()
    long: bool = False
    widened: bool = True
    units: str = "questions"
    by_unit: bool | str = False
    preregistration: str = ""
    fit: Callable[[Study], Fit | None] | None = None
    densities: Callable[[Study, str], tuple[np.ndarray, np.ndarray] | None] | None = None
    leave_out: LeaveOut = LeaveOut()
    prior: Callable[[Study, np.random.Generator, int], np.ndarray] | None = None
    point: Callable[[Study], PointEvidence] | None = None
    published: Callable[[Study], Published] | None = None
    design: Callable[[Study, int], Components] | None = None
    rates: Rates | None = None
    guards: tuple[Guard, ...] = ()
    of_models: bool = False
    absent: Callable[[Study], str] | None = None
    these_models: Callable[[Study, str], tuple[Quantity, int]] | None = None
    negligible: float | None = None
    effect: float | None = None
    most: float = np.inf
    by_questions: bool = False
    narrowed_by: str = "questions"
    order: int = 1000

    def holds(self, draws: np.ndarray) -> np.ndarray:
        """Where the claim holds among draws of its quantity."""
        if self.region is None:
            return draws > 0
        return (draws > self.region[0]) & (draws < self.region[1])


@dataclass(frozen=True)
class Case:
    """A claim under test: what its guards see.

    Attributes
    ----------
    quantity, other
        Of the population asked about, and of the other one; of questions like these they are spread.
    gate, p, p_other
        Diagnostics of the fits and of both quantities; probability of the claim in each population.
    verdict
        What the rule says of these.
    lowered
        Reasons found so far that hold the verdict back.
    effective
        How many questions the quantity for questions like these rests on, where that is known.
    threshold
        Probability that decides: 0.975, or more at a look before the last.
    """

    study: Study
    claim: Claim
    population: str
    interval: float
    quantity: Quantity
    other: Quantity
    gate: Gate
    p: Probability
    p_other: float
    verdict: str
    lowered: tuple[str, ...] = ()
    effective: Effective | None = None
    threshold: float = THRESHOLD

    @property
    def median(self) -> float:
        return float(np.median(self.quantity.draws))

    @property
    def stands(self) -> bool:
        """Whether a verdict is decided and nothing has held it back: only what stands can fall."""
        return self.verdict in (*DECIDED, NEGLIGIBLE) and not self.lowered

    def holds(self, draws: np.ndarray) -> np.ndarray:
        """Where what the verdict says holds: the claim, or that its quantity is practically none."""
        if self.verdict == NEGLIGIBLE and self.claim.negligible is not None:
            out: np.ndarray = np.abs(draws) < self.claim.negligible
            return out
        return self.claim.holds(draws)

    def summary(self, draws: np.ndarray) -> dict[str, float]:
        """Median and interval of draws."""
        low, median, high = np.quantile(draws, median_and_tails(self.interval))
        return {"median": float(median), "low": float(low), "high": float(high)}


@dataclass(frozen=True)
class Finding:
    """What a guard found: its record for JSON, and the reasons (if any) that hold a verdict back."""

    guard: Guard
    record: Any
    reasons: tuple[str, ...] = ()
    not_run: str = ""

    def line(self, units: str) -> str:
        """The record in one line, for the page, or why there is none."""
        return self.not_run or self.guard.line(self.record, units)


class Guard(ABC):
    """Something that is looked at before a verdict stands. A guard can lower a verdict and never raise it.

    Attributes
    ----------
    name
        Its key in JSON.
    title
        What the page calls it.
    lowers
        The verdict that is left where it finds a reason: *not testable*, *inconclusive*, or None where it only tells.
    """

    name: str
    title: str
    lowers: str | None = None

    @abstractmethod
    def run(self, case: Case) -> Finding | None:
        """What it finds; None where it has nothing to say of this case."""

    @abstractmethod
    def line(self, record: Any, units: str) -> str:
        """Its record in one line, for the page. units: what the claim's populations are of, as `questions`."""

    def shell(self, record: Any) -> str:
        """Its record in one line at the command line; nothing where it is for the page alone."""
        return ""

    def clause(self, record: Any) -> str:
        """What of its record belongs in the verdict's own sentence: a sentence, or nothing."""
        return ""

    def remedy(self, record: Any) -> str:
        """What to do where it held a verdict back; nothing where its reason says so."""
        return ""
