"""Sensitivity of a verdict: priors and likelihood to a power, parts of the data left out, suspect answer keys.

A guard (methods, section 7): if any of these turns the side of a claim, its verdict is inconclusive. Power-scaling
(Kallioinen et al. 2024) reweights the draws by Pareto-smoothed importance sampling. What is left out is left out
exactly where the posterior factorises, by reweighting where a law shares parameters, by a new fit where the Pareto k
of the weights exceeds 0.7 or no weights are at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput, NotTestable
from hotmess.inference.weights import smoothed

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.fit import Fit
    from hotmess.claims.claim import Claim, Quantity
    from hotmess.claims.study import Study
    from hotmess.responses.table import Responses

PARETO_K, SENSE = 0.7, 0.05
POWERS = (1.25, 1.1, 1.05, 1.01)  # the widest pair (1/p, p) whose weights can be trusted is reported
MOST, DRAWS = 8, 100  # parts of a kind that are left out; draws per chain of a new fit, enough for a side

Densities = Callable[["Study", str], "tuple[np.ndarray, np.ndarray] | None"]
Without = Callable[["Study", "Quantity", str, str, str], "tuple[np.ndarray, float] | None"]


@dataclass(frozen=True)
class Hooks:
    """What a claim offers beyond its quantity.

    Attributes
    ----------
    densities
        (study, population) -> log prior and log likelihood of every draw of the quantity, (chain, draw) each.
    without
        (study, quantity, population, column, value) -> draws without a part of the data, and the Pareto k of their
        weights (-inf: exact); None where it cannot be had without a new fit.
    parts
        Columns whose values are left out one at a time.
    refit
        Whether a new fit is cheap enough to be made for a guard.
    fit
        study -> the fit of answers that the claim rests on, for posterior predictive checks.
    """

    densities: Densities | None = None
    without: Without | None = None
    parts: tuple[str, ...] = ("model", "benchmark")
    refit: bool = True
    fit: Callable[[Study], Fit | None] | None = None


@dataclass(frozen=True)
class Run:
    """One run: the median and P without a part of the data, or why there is none."""

    median: float | None
    probability: float | None
    how: str
    turned: bool = False
    pareto_k: float | None = None

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {k: v for k, v in vars(self).items() if v is not None}


@dataclass(frozen=True)
class Sensitivity:
    """All runs of a claim. `turned` names those that turn its side; `notes` says what was not run, and why."""

    runs: Mapping[str, Run]
    sense: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def turned(self) -> tuple[str, ...]:
        return tuple(name for name, run in self.runs.items() if run.turned)

    def record(self) -> dict[str, Any]:
        """As JSON: `sense` is arviz-stats' power-scaling sensitivity, above 0.05 noteworthy for the prior."""
        return {
            "passed": not self.turned,
            "turned": list(self.turned),
            "sense": dict(self.sense),
            "runs": {k: r.record() for k, r in self.runs.items()},
            "notes": list(self.notes),
        }

    def sentences(self) -> list[str]:
        """Reasons that hold a verdict back."""
        return [f"the side turns with {name}" for name in self.turned]


def sensitivity(study: Study, claim: Claim, quantity: Quantity, population: str = "like-these") -> Sensitivity:
    """Every run that can be made for a claim on a study.

    A side is P(claim) above or below one half; for a claim without a region it is the sign of the median.
    """
    from hotmess.claims.hooks import hooks_of

    hooks = hooks_of(claim.name)
    side = claim.holds(quantity.draws).mean() > 0.5
    runs: dict[str, Run] = {}
    notes: list[str] = []

    def run(draws: np.ndarray, how: str, k: float | None = None, weights: np.ndarray | None = None) -> Run:
        flat, holds = draws.ravel(), claim.holds(draws).ravel()
        p = float(np.average(holds, weights=weights))
        median = float(np.median(flat)) if weights is None else _weighted_median(flat, weights)
        return Run(median, p, how, bool((p > 0.5) != side), k)

    sense: dict[str, float] = {}
    densities = hooks.densities(study, population) if hooks.densities is not None else None
    if densities is not None:
        sense = power_scaling_sense(quantity.draws, *densities)
        for name, density in zip(("prior", "likelihood"), densities):
            for power, weights, k in scaled_weights(density):
                runs[f"the {name} to the power {power:.3g}"] = run(quantity.draws, "reweighted", k, weights)
    for column in hooks.parts:
        values = _values(study, column)
        if len(values) > MOST:
            notes.append(f"{MOST} of {len(values)} values of {column} were left out one at a time, evenly spread.")
            values = [values[i] for i in np.unique(np.linspace(0, len(values) - 1, MOST).round().astype(int))]
        for value in values if len(values) > 1 else ():
            name = f"{column} {value} left out"
            offered = hooks.without(study, quantity, population, column, value) if hooks.without else None
            if offered is not None and not offered[1] > PARETO_K:
                exact = offered[1] == -np.inf
                runs[name] = run(offered[0], "exact" if exact else "reweighted", None if exact else offered[1])
            elif hooks.refit:
                runs[name] = _refit(claim, without(study, column, value), population, run)
            else:
                notes.append(f"{name[:1].upper()}{name[1:]}: not run, a new fit takes long.")
    notes += _answer_key(study, claim, population, hooks, run, runs)
    return Sensitivity(runs, sense, tuple(notes))


def _refit(claim: Claim, reduced: Study, population: str, run: Callable[..., Run]) -> Run:
    try:
        return run(claim.quantity(reduced, population).draws, "a new fit")
    except (NotTestable, BadInput) as reason:
        return Run(None, None, f"not testable: {str(reason).rstrip('.')}")


def _answer_key(
    study: Study, claim: Claim, population: str, hooks: Hooks, run: Callable[..., Run], runs: dict[str, Run]
) -> list[str]:
    if study.responses.outcome != "answer":
        return []
    try:
        suspects = suspect_keys(study.responses)
    except NotTestable as reason:
        return [f"Answer keys: {reason!s}"]
    questions = study.responses.table[["benchmark", "question"]].drop_duplicates()
    if suspects.empty:
        return [f"Answer keys: on none of {len(questions):,} questions do all large models agree on one wrong option."]
    name = f"{len(suspects)} questions left out whose answer key is suspect"
    if hooks.refit and len(suspects) < len(questions):
        runs[name] = _refit(claim, _kept(study, "suspects", lambda: _not_in(study, suspects)), population, run)
    return []


def predictive(study: Study, claim: Claim) -> tuple[dict[str, Any] | None, list[str]]:
    """Posterior predictive checks of the fit that a claim rests on: the guard's record, and what holds a verdict back.

    A check that fails holds a verdict back where a distribution of accuracy that fits better than the Beta moves the
    incoherence of some model by more than a posterior standard deviation.
    """
    from hotmess.checks.families import alternatives
    from hotmess.checks.predictive import check
    from hotmess.claims.hooks import hooks_of

    of = hooks_of(claim.name).fit
    fit = of(study) if of is not None else None
    if fit is None:
        return None, []
    key = f"checks {id(fit)}"
    if key not in study._made:
        try:
            found = check(fit)
        except NotTestable:
            return None, []
        failed = not found.gate.passed
        others = alternatives(fit) if failed else None
        study._made[key] = found, others
    found, others = study._made[key]
    record: dict[str, Any] = {
        "passed": True,
        "p": {name: found.p(name) for name in found.whole},
        "failed": list(found.failed),
    }
    if others is None:
        return record, []
    best = others.loc[others.groupby("model", sort=False)["log_evidence"].idxmax()]
    most = best.iloc[int(best["moved"].to_numpy().argmax())]
    record |= {"alternative": str(most["family"]), "moved": float(most["moved"]), "passed": not most["moved"] > 1}
    if record["passed"]:
        return record, []
    return record, [
        f"{found.gate.reasons[0]}, and accuracies that are {most['family']}, which fit better, move the incoherence of "
        f"{most['model']} by {most['moved']:.1f} posterior sd"
    ]


def suspect_keys(responses: Responses) -> pd.DataFrame:
    """Questions on which all large models mostly give one and the same wrong answer: perhaps the key is wrong.

    Large models are those of at least the median size (two or more; where sizes are unknown, all models). One row per
    question: benchmark, question, option, share (the smallest share of responses on that option among the models).

    Raises
    ------
    NotTestable
        With fewer than two models.
    """
    import pandas as pd

    table = responses.table
    sizes = table.groupby("model")["model_size_b"].first() if "model_size_b" in table else pd.Series(dtype=float)
    large = sorted(sizes.index[sizes >= sizes.median()]) if sizes.notna().any() else sorted(table["model"].unique())
    if len(large) < 2:
        large = sorted(table["model"].unique(), key=lambda m: (sizes.get(m, 0.0), m))[-2:]
    if len(large) < 2:
        raise NotTestable("one model alone cannot show which keys are suspect.")
    keys = ["benchmark", "question"]
    mine = table[table["model"].isin(large)]
    total = mine.groupby([*keys, "model"], observed=True).size()
    wrong = mine[(mine["answer"] >= 0) & (mine["answer"] != mine["target"])]
    share = wrong.groupby([*keys, "model", "answer"], observed=True).size().rename("n").reset_index()
    share["share"] = share["n"] / total.reindex(pd.MultiIndex.from_frame(share[[*keys, "model"]])).to_numpy()
    most = share[share["share"] > 0.5]
    agreed = most.groupby([*keys, "answer"], observed=True).agg(models=("model", "nunique"), share=("share", "min"))
    answered = mine.groupby(keys, observed=True)["model"].nunique()
    agreed = agreed.reset_index()
    everyone = answered.reindex(pd.MultiIndex.from_frame(agreed[keys])).to_numpy()
    found = agreed[(agreed["models"] == everyone) & (agreed["models"] >= 2)]
    return found.rename(columns={"answer": "option"})[[*keys, "option", "share"]].reset_index(drop=True)


def without(study: Study, column: str, value: str) -> Study:
    """The study without one value of a column, with fewer draws; kept, so that several claims share it."""
    return _kept(study, f"{column}={value}", lambda: (_table(study)[column].astype(str) != value).to_numpy())


def _kept(study: Study, name: str, keep: Callable[[], np.ndarray]) -> Study:
    key = f"without {name}"
    if key not in study._made:
        base = _grouped(study)
        reduced = replace(base, table=base.table[keep()].reset_index(drop=True))
        study._made[key] = replace(
            study, responses=reduced, difficulty=None, draws=min(study.draws, DRAWS), chains=study.chains, _made={}
        )
    out: Study = study._made[key]
    return out


def _not_in(study: Study, suspects: pd.DataFrame) -> np.ndarray:
    import pandas as pd

    keys = ["benchmark", "question"]
    out = ~pd.MultiIndex.from_frame(_table(study)[keys]).isin(pd.MultiIndex.from_frame(suspects[keys]))
    return np.asarray(out)


def _grouped(study: Study) -> Responses:
    """The responses with the whole study's groups of difficulty, where it has any: they stay what they are."""
    try:
        return study.grouped
    except NotTestable:
        return study.responses


def _table(study: Study) -> pd.DataFrame:
    return _grouped(study).table


def _values(study: Study, column: str) -> list[str]:
    table = _table(study)
    if column not in table:
        return []
    values = table[column].dropna()
    if column == "model" and "model_size_b" in table:
        size = table.groupby("model", observed=True)["model_size_b"].first()
        return [str(v) for v in sorted(values.unique(), key=lambda m: (np.nan_to_num(size[m], nan=0.0), str(m)))]
    return sorted(str(v) for v in values.unique())


def power_scaling_sense(draws: np.ndarray, log_prior: np.ndarray, log_likelihood: np.ndarray) -> dict[str, float]:
    """Power-scaling sensitivity of a scalar to prior and likelihood, by arviz-stats (`psense`); (chain, draw) each.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(1.0, 0.5, (4, 500))         # prior Normal(0, 1); an observation 1.25 with sd 0.577
    >>> sense = power_scaling_sense(x, -0.5 * x**2, -0.5 * (x - 4 / 3) ** 2 * 3)
    >>> sense["prior"] > 0.05, sense["likelihood"] > 0.05
    (True, True)
    """
    import warnings

    from arviz_base import from_dict
    from arviz_stats import psense

    groups = {"posterior": draws, "log_prior": log_prior, "log_likelihood": log_likelihood[..., None]}
    tree = from_dict({k: {"claim": np.asarray(v, float)} for k, v in groups.items()})
    out = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group, density in (("prior", log_prior), ("likelihood", log_likelihood)):
            if np.ptp(density) < 1e-12:
                out[group] = 0.0  # a constant density moves nothing
                continue
            found: Any = psense(tree, group=group)
            found = getattr(found, "dataset", found)
            out[group] = float(np.asarray(found["claim"]))
    return out


def scaled_weights(density: np.ndarray) -> list[tuple[float, np.ndarray, float]]:
    """(power, normalised weights, Pareto k) for density^(power - 1), for the widest pair of `POWERS` with k < 0.7."""
    flat = np.asarray(density, float).ravel()
    pair: list[tuple[float, np.ndarray, float]] = []
    for power in POWERS:
        both = [(p, smoothed((p - 1) * flat)) for p in (1 / power, power)]
        pair = [(p, weights, float(k)) for p, (weights, k) in both]
        if all(k < PARETO_K for _, _, k in pair):
            return pair
    return []


def _weighted_median(x: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(x)
    total = np.cumsum(weights[order])
    return float(x[order][np.searchsorted(total, 0.5 * total[-1])])
