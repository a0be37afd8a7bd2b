"""What a claim is, what its test returns, and the rule that decides (methods, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from hotmess.estimates.estimate import THRESHOLD, Estimate
from hotmess.inference.gate import Gate, diagnose

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.estimates.control import Control

SUPPORTED, CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE = "supported", "contradicted", "inconclusive", "not testable"
LARGE = 200_000  # responses beyond which a test by default leaves out what takes minutes


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
        Draws (chain, draw) of the three parts of the change of incoherence, where there is one.
    scope
        What the data cover: a phrase that ends the claim's sentence.
    notes
        Sentences about what was left out.
    held
        Reasons that hold back any verdict, such as a comparison that is not decidable.
    guards
        Guards of the claim's own, name -> record, shown beside the others.
    """

    draws: np.ndarray
    gate: Gate
    scope: str
    each: Mapping[str, np.ndarray] = field(default_factory=dict)
    parts: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    guards: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A named statement about a scalar function of the joint posterior.

    Attributes
    ----------
    name
        The command-line name; with underscores, the attribute of `hotmess.claims`.
    place
        Where the paper says it.
    statement
        What is claimed, as a sentence without scope.
    estimand
        What the number is, in words with its unit.
    quantity
        (study, population) -> Quantity. The claim is that it is positive, or lies in `region`.
    needs
        What the data must have.
    region
        Region of practical equivalence (low, high) where the claim is of equality; stated beforehand.
    estimate
        (study) -> Estimate by the unbiased estimator, for the guard of agreement.
    control
        (study, seed) -> Control, the negative control.
    variants
        (study) -> {name: Estimate} for truncated and unparsable responses treated otherwise.
    association
        True where the sentence may speak of association only.
    change
        True where the quantity is itself a change of incoherence, so that its parts belong in the sentence.
    across
        What is compared (`model`, `budget`, `condition`, `question`, `response`): where its sides were decoded at
        different settings, the claim is not testable.
    long
        True where it takes long on large tables: there it is tested when it is asked for by name.
    widened
        False where the posterior itself speaks of new questions: its draws for questions like these are then not
        widened where questions are few.
    units
        What there may be others like: questions, or the entities of a survey.
    preregistration
        Hash of a user's claim: SHA-256 of its canonical definition, in the report and in JSON.
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
    preregistration: str = ""

    def holds(self, draws: np.ndarray) -> np.ndarray:
        """Where the claim holds among draws of its quantity."""
        if self.region is None:
            return draws > 0
        return (draws > self.region[0]) & (draws < self.region[1])


@dataclass(frozen=True)
class Verdict:
    """The outcome of a test; `record()` is the command line's JSON."""

    claim: Claim
    verdict: str
    sentence: str
    population: str
    metric: str
    probability: float | None = None
    median: float | None = None
    low: float | None = None
    high: float | None = None
    guards: dict[str, Any] = field(default_factory=dict)
    each: tuple[dict[str, Any], ...] = ()
    reasons: tuple[str, ...] = ()
    draws: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    def record(self) -> dict[str, Any]:
        """One JSON record: undefined numbers are None."""
        return {
            "claim": self.claim.name,
            "verdict": self.verdict,
            "probability": self.probability,
            "median": self.median,
            "low": self.low,
            "high": self.high,
            "population": self.population,
            "metric": self.metric,
            "statement": self.claim.statement,
            "estimand": self.claim.estimand,
            "place": self.claim.place,
            "sentence": self.sentence,
            "reasons": list(self.reasons),
            "preregistration": self.claim.preregistration or None,
            "guards": self.guards,
            "models": list(self.each),
        }


@dataclass(frozen=True)
class Probability:
    """P(claim) with its Monte Carlo interval (95%), which never is a point even where all draws agree."""

    value: float
    low: float
    high: float
    effective: float


def probability(holds: np.ndarray) -> Probability:
    """P from indicator draws (chain, draw), with a Jeffreys interval at the effective number of draws.

    >>> p = probability(np.ones((4, 500), bool))
    >>> p.value, p.low > 0.99
    (1.0, True)
    """
    p = float(holds.mean())
    n = holds.size
    _, bulk, _ = diagnose(holds.astype(float))
    effective = float(min(n, bulk)) if np.isfinite(bulk) and bulk > 0 else float(n)
    a, b = p * effective + 0.5, (1 - p) * effective + 0.5
    return Probability(p, float(stats.beta.ppf(0.025, a, b)), float(stats.beta.ppf(0.975, a, b)), effective)


def decide(
    p: Probability, other: float, *, gate: Gate, region: bool = False, threshold: float = THRESHOLD
) -> tuple[str, tuple[str, ...]]:
    """The rule: a verdict and the reasons that held it back.

    Supported: P > threshold for the population asked about, the same sign in the other population (`other`, its P, on
    the same side of one half), and the Monte Carlo interval of P clears the threshold. Contradicted: likewise below
    1 - threshold. Not testable: the gate failed. Else inconclusive.

    >>> decide(Probability(0.99, 0.985, 0.995, 2000.0), 0.9, gate=Gate())
    ('supported', ())
    >>> decide(Probability(0.99, 0.985, 0.995, 2000.0), 0.9, gate=Gate(("R-hat of x is 1.2",)))[0]
    'not testable'
    """
    if not gate.passed:
        return NOT_TESTABLE, gate.reasons
    if p.value > threshold:
        wanted, clear, agrees = SUPPORTED, p.low > threshold, other > 0.5
    elif 1 - p.value > threshold:
        wanted, clear, agrees = CONTRADICTED, 1 - p.high > threshold, other < 0.5
    else:
        return INCONCLUSIVE, (
            f"the posterior probability {p.value:.3f} lies between {1 - threshold:.3f} and {threshold}",
        )
    reasons = []
    if not clear:
        reasons.append(
            f"the Monte Carlo interval of the probability, {p.low:.3f} to {p.high:.3f}, does not clear {threshold}"
        )
    if not agrees:
        reasons.append("the other population has the opposite sign")
    return (wanted, ()) if not reasons else (INCONCLUSIVE, tuple(reasons))
