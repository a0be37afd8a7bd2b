"""The catalogue of claims: the paper's, each as a function of the joint posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims import quick
from hotmess.claims.claim import Claim, Estimate, Quantity
from hotmess.claims.control import Control, run_control
from hotmess.claims.scope import length_scope, scale_scope
from hotmess.decompose.parts import NAMES, from_moments, shapley
from hotmess.decompose.squared import unbiased
from hotmess.errors import NotTestable
from hotmess.inference.gate import gate_draws

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.claims.study import Study

# --- natural variation of length --------------------------------------------------------------------------------


def _natural(study: Study, population: str) -> Quantity:
    contrast = study.contrast
    change = contrast.change(population)
    if not np.isfinite(change).all():
        bad = [m for i, m in enumerate(contrast.models["model"]) if not np.isfinite(change[..., i]).all()]
        raise NotTestable(f"One half of {bad[0]} has no errors at all, so its incoherence is undefined.")
    assert contrast.fit is not None
    each = {str(m): change[..., i] for i, m in enumerate(contrast.models["model"])}
    parts = {name: contrast.parts[population][..., i].mean(-1) for i, name in enumerate(NAMES)}
    return Quantity(
        change.mean(-1),
        contrast.fit.gate & gate_draws(each),
        length_scope(study, contrast.fit.cells.table),
        each,
        parts,
        contrast.notes,
    )


def _natural_estimate(study: Study) -> Estimate:
    cells = study.halves
    assert cells.counts is not None
    model, question = quick.half_index(cells.table)
    return quick.half_estimate(cells.counts, cells.table, model_index=model, question=question)


def _natural_control(study: Study, seed: int) -> Control:
    cells = study.halves
    model, question = quick.half_index(cells.table)
    permuted = (
        quick.half_estimate(counts, cells.table, model_index=model, question=question)
        for counts in quick.permuted_halves(cells, seed)
    )
    return run_control("lengths permuted within model, question and budget", _natural_estimate(study), permuted)


def _natural_variants(study: Study) -> dict[str, Estimate]:
    from hotmess.laws.contrast import halved_cells

    cells = study.halves
    assert cells.counts is not None
    model, question = quick.half_index(cells.table)
    wrong = quick.half_estimate(cells.counts, cells.table, unparsable="wrong", model_index=model, question=question)
    out = {"unparsable as wrong": wrong}
    without = study.without_truncated
    if without is not None:
        rest = halved_cells(without)
        assert rest.counts is not None
        model, question = quick.half_index(rest.table)
        out["cut off and unparsable left out"] = quick.half_estimate(
            rest.counts, rest.table, model_index=model, question=question
        )
    return out


natural_overthinking = Claim(
    name="natural-overthinking",
    place="claim 2; figure of responses above and below the question's median length",
    statement="within a question, longer responses are more incoherent than shorter ones",
    estimand="change of incoherence from the shorter to the longer half, mean over models",
    quantity=_natural,
    needs="letters, lengths, at least 3 responses above and below each question's median length",
    estimate=_natural_estimate,
    control=_natural_control,
    variants=_natural_variants,
    association=True,
    change=True,
)

# --- length between questions -----------------------------------------------------------------------------------


def _length(study: Study, population: str) -> Quantity:
    law = study.length_law
    slopes = law.slopes("odds", population)
    each = {str(a): slopes[..., i] for i, a in enumerate(law.data["posterior"].dataset["arm"].values)}
    keys = ["model", "condition", "budget", "bin"]
    table = law.fit.draws(keys, population="these").table
    moments = law.fit.moments(keys, population=population)
    place = {tuple(r): i for i, r in enumerate(table[keys].itertuples(index=False, name=None))}
    parts = []
    for arm in range(len(law.arms)):
        rows = law.bins[law.bins["arm"] == arm].sort_values("x")
        index = [place[tuple(r)] for r in rows[keys].itertuples(index=False, name=None)]
        parts.append(_slope_parts(moments[..., index, :], rows["x"].to_numpy()))
    mean = np.mean(parts, axis=0)
    return Quantity(
        slopes.mean(-1),
        law.gate & gate_draws(each),
        length_scope(study, law.fit.cells.table),
        each,
        {name: mean[..., i] for i, name in enumerate(NAMES)},
        law.notes,
    )


def _slope_parts(moments: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Least squares slope over x of the three parts of the change of incoherence from the first set; they add up."""
    factors = from_moments(moments)
    parts = shapley(factors[..., :1, :], factors)
    t = x - x.mean()
    return np.einsum("k,cdkp->cdp", t / (t**2).sum(), np.nan_to_num(parts))


def _length_terms(study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    from hotmess.laws.length import ARM

    cells = study.length_law.fit.cells
    terms = unbiased(cells.points)
    arm = cells.table.groupby(list(ARM), observed=True, sort=True).ngroup().to_numpy()
    x = cells.table["latent_log2_length"].to_numpy() * np.log(2)
    return terms.variance, terms.error, x, arm, quick.question_index(cells.table), int(cells.table["bin"].max()) + 1


def _length_estimate(study: Study) -> Estimate:
    variance, error, x, arm, _, bins = _length_terms(study)
    return quick.length_estimate(variance, error, x, arm, bins=bins)


def _length_control(study: Study, seed: int) -> Control:
    variance, error, x, arm, question, bins = _length_terms(study)
    size = int(question.max()) + 1
    grid = np.full((int(arm.max()) + 1, size), np.nan)
    grid[arm, question] = x
    permuted = []
    for p in range(quick.PERMUTATIONS):
        order = np.random.default_rng([seed, p, 19]).permutation(size)
        new = grid[arm, order[question]]
        has = np.isfinite(new)
        permuted.append(quick.length_estimate(variance[has], error[has], new[has], arm[has], bins=bins))
    return run_control("lengths permuted between questions, alike for all models", _length_estimate(study), permuted)


def _length_variants(study: Study) -> dict[str, Estimate]:
    from hotmess.laws.length import ARM, binned_cells
    from hotmess.responses.cells import reduce
    from hotmess.responses.positions import Space

    out = {}
    _, _, x, arm, _, bins = _length_terms(study)
    cells = study.length_law.fit.cells
    assert cells.counts is not None
    if cells.table["unparsable"].any():
        wrong = unbiased(reduce(study.responses, space=Space(unparsable="wrong")).points)
        keys = ["benchmark", "model", "question", "condition", "budget"]
        where = reduce(study.responses).table[keys].reset_index().set_index(keys)["index"]
        index = where.loc[list(cells.table[keys].itertuples(index=False, name=None))].to_numpy()
        out["unparsable as wrong"] = quick.length_estimate(wrong.variance[index], wrong.error[index], x, arm, bins=bins)
    without = study.without_truncated
    if without is not None:
        rest, _ = binned_cells(without)
        terms = unbiased(rest.points)
        arm = rest.table.groupby(list(ARM), observed=True, sort=True).ngroup().to_numpy()
        out["cut off and unparsable left out"] = quick.length_estimate(
            terms.variance, terms.error, rest.table["latent_log2_length"].to_numpy() * np.log(2), arm, bins=bins
        )
    return out


incoherence_rises_with_length = Claim(
    name="incoherence-rises-with-length",
    place="claim 1; figures of incoherence against reasoning length and actions",
    statement="questions that take longer responses have more incoherent errors",
    estimand="slope of logit incoherence on log length between questions, mean over models",
    quantity=_length,
    needs="letters, lengths, at least 8 questions and 4 length bins with 10 wrong responses",
    estimate=_length_estimate,
    control=_length_control,
    variants=_length_variants,
    association=True,
)

# --- scale ------------------------------------------------------------------------------------------------------


def _scale(study: Study, population: str, which: str, sign: float) -> Quantity:
    laws = study.power_laws
    slopes = sign * laws.slope_of_logit_incoherence(population)
    weights = _group_weights(study, which)
    labels = [str(g) for g in laws.data["posterior"].dataset["group"].values]
    each = {g: slopes[..., i] for i, g in enumerate(labels) if weights[i] > 0}
    keys = ["model", *laws.by]
    table = laws.fit.draws(keys, population="these").table
    moments = laws.fit.moments(keys, population=population)
    place = {tuple(map(str, r)): i for i, r in enumerate(table[keys].itertuples(index=False, name=None))}
    total = 0
    for i in np.flatnonzero(weights):
        group = laws.groups.iloc[i]
        rows = laws.law.cells
        rows = rows[(rows[list(laws.by)].astype(str) == group[list(laws.by)].astype(str)).all(axis=1)].sort_values("x")
        index = [place[tuple(map(str, r))] for r in rows[keys].itertuples(index=False, name=None)]
        total = total + weights[i] * sign * _slope_parts(moments[..., index, :], rows["x"].to_numpy())
    assert isinstance(total, np.ndarray)
    return Quantity(
        slopes @ weights,
        laws.gate & gate_draws(each),
        scale_scope(study, laws),
        each,
        {name: total[..., i] for i, name in enumerate(NAMES)},
        laws.notes,
    )


def _group_weights(study: Study, which: str) -> np.ndarray:
    """Equal weights on the groups meant: the hardest, the easiest or all difficulty groups of every family and arm."""
    laws = study.power_laws
    if "difficulty" not in laws.by:
        raise NotTestable("The laws are not by difficulty, so easy and hard questions cannot be told apart.")
    level = laws.groups["difficulty"]
    if which != "all" and level.nunique() < 2:
        raise NotTestable("There is one difficulty group only, so easy and hard questions cannot be told apart.")
    wanted = list(level.unique())
    if which != "all":
        order = _easiest_first(level)
        wanted = [order[-1]] if which == "hard" else [order[0]]
    chosen = level.isin(wanted).to_numpy()
    if not chosen.any():
        raise NotTestable(f"Every model is left out of the law for {wanted[0]} questions, so it cannot be tested.")
    counts = laws.law.cells.groupby(list(laws.by), observed=True)["x"].nunique()
    for i in np.flatnonzero(chosen):
        key = tuple(laws.groups.iloc[i][list(laws.by)])
        sizes = int(counts[key if len(key) > 1 else key[0]])
        if sizes < 4:
            raise NotTestable(
                f"Only {sizes} model sizes have enough errors on {level.iloc[i]} questions; a slope needs at least 4."
            )
    return chosen / chosen.sum()


WORDS = ("easiest", "very easy", "easy", "medium", "middle", "moderate", "hard", "very hard", "hardest")


def _easiest_first(level: pd.Series) -> list[Any]:
    """The difficulty groups from easy to hard: an ordered category's order, that of numbers, or that of `WORDS`."""
    import pandas as pd

    if isinstance(level.dtype, pd.CategoricalDtype) and level.cat.ordered:
        return list(level.cat.categories)
    values = list(level.unique())
    words = [str(v).strip().lower() for v in values]
    if all(w in WORDS for w in words):
        return [v for _, v in sorted(zip((WORDS.index(w) for w in words), values))]
    numbers = pd.to_numeric(pd.Series(words).str.extract(r"^(-?\d+(?:\.\d+)?)")[0], errors="coerce")
    if numbers.notna().all():
        return [values[i] for i in np.argsort(numbers.to_numpy(), kind="stable")]
    raise NotTestable(
        f"Which of the difficulty groups {', '.join(map(str, values))} is the hardest cannot be told; name them easy, "
        "medium, hard, or number them."
    )


def _scale_estimate(study: Study, which: str, sign: float) -> Estimate:
    x, y = quick.size_statistics(study.power_laws)
    return quick.size_estimate(x, sign * y, _group_weights(study, which))


def _scale_control(study: Study, seed: int, which: str, sign: float) -> Control:
    x, y = quick.size_statistics(study.power_laws)
    weights = _group_weights(study, which)
    orders, exhaustive = quick.size_permutations(x, seed)
    permuted = quick.size_estimates(orders, sign * y, weights)
    real = quick.size_estimate(x, sign * y, weights)
    return run_control("sizes permuted between models", real, permuted, exhaustive=exhaustive)


def _scale_claim(name: str, place: str, statement: str, estimand: str, which: str, sign: float) -> Claim:
    return Claim(
        name=name,
        place=place,
        statement=statement,
        estimand=estimand,
        quantity=lambda study, population: _scale(study, population, which, sign),
        needs="letters, at least 4 model sizes, questions grouped by difficulty (by a reference's lengths or a column)",
        estimate=lambda study: _scale_estimate(study, which, sign),
        control=lambda study, seed: _scale_control(study, seed, which, sign),
    )


hard_incoherence_rises_with_scale = _scale_claim(
    "hard-incoherence-rises-with-scale",
    "claim 4; figures of incoherence against model size by difficulty",
    "on the hardest questions larger models are more incoherent",
    "slope of logit incoherence on log model size in the hardest group, alpha_B - alpha_V",
    "hard",
    1.0,
)
easy_incoherence_falls_with_scale = _scale_claim(
    "easy-incoherence-falls-with-scale",
    "claim 4; figures of incoherence against model size by difficulty",
    "on the easiest questions larger models are less incoherent",
    "minus the slope of logit incoherence on log model size in the easiest group, alpha_V - alpha_B",
    "easy",
    -1.0,
)
bias_falls_faster_than_variance = _scale_claim(
    "bias-falls-faster-than-variance",
    "claims 4 and 7; exponents of bias² and variance",
    "with model size bias² falls faster than variance",
    "alpha_B - alpha_V, mean over difficulty groups",
    "all",
    1.0,
)

CATALOGUE: dict[str, Claim] = {
    c.name: c
    for c in (
        incoherence_rises_with_length,
        natural_overthinking,
        hard_incoherence_rises_with_scale,
        easy_incoherence_falls_with_scale,
        bias_falls_faster_than_variance,
    )
}
