"""The claim about surveys: entities judged more intelligent are judged more incoherent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Claim, LeaveOut, Quantity
from hotmess.claims.kinds import absent
from hotmess.errors import NotTestable
from hotmess.estimates.control import PERMUTATIONS, Control, run_control
from hotmess.estimates.estimate import Estimate

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.rankings import RankFit, Rankings

DRAWS = 1000  # per chain, at least: scales of raters mix slowly


def rankings_of(study: Study) -> tuple[Rankings, float]:
    """The survey's rankings of intelligence and incoherence, and −1 where coherence was ranked instead, else 1.

    Raises
    ------
    NotTestable
        If the table holds no rankings of these two attributes.
    """
    from hotmess.rankings import rankings
    from hotmess.rankings.table import COLUMNS

    table = study.responses.table
    if not set(COLUMNS) <= set(table.columns):
        raise NotTestable("The data are no survey: rankings have the columns attribute, rater, entity and rank.")
    names = {str(a).strip().lower(): str(a) for a in table["attribute"].unique()}
    one = next((names[n] for n in ("intelligence", "intelligent") if n in names), None)
    other = next((n for n in ("incoherence", "incoherent", "coherence", "coherent") if n in names), None)
    if one is None or other is None:
        raise NotTestable(f"The attributes are {', '.join(names.values())}, not intelligence and (in)coherence.")
    made = study.once("rankings", lambda: rankings(table, attributes=(one, names[other])))
    return made, -1.0 if other.startswith("coh") else 1.0


def rank_fit(study: Study) -> RankFit:
    """The rank model of the survey, made once."""
    from hotmess.rankings.model import fit_rankings

    data, _ = rankings_of(study)
    draws = max(study.draws, DRAWS)
    return study.once(
        "rank fit",
        lambda: fit_rankings(data, seed=study.seed, draws=draws, warmup=study.warmup, chains=study.chains),
    )


def _quantity(study: Study, population: str) -> Quantity:
    data, sign = rankings_of(study)
    fit = rank_fit(study)
    each = {f"group {name}": sign * draws for name, draws in fit.within().items()}
    count = np.bincount(data.attribute, minlength=2)
    scope = (
        f"{len(data.entities)} entities ranked by {count[0]} raters of {data.attributes[0]} and {count[1]} of "
        f"{data.attributes[1]}. What is correlated is what raters agree on, shared "
        "misjudgements included"
    )
    return Quantity(sign * fit.correlation(population), fit.gate.over(each, "the correlation"), scope, each)


def _quick(data: Rankings, sign: float, rng: np.random.Generator | None = None) -> Estimate:
    from hotmess.rankings import mean_rank_correlation

    found = mean_rank_correlation(data, permute=rng)
    return Estimate(sign * found.corrected, found.error, found.entities - 2)


def _estimate(study: Study) -> Estimate:
    return _quick(*rankings_of(study))


def _control(study: Study, seed: int) -> Control:
    data, sign = rankings_of(study)
    permuted = (_quick(data, sign, np.random.default_rng([seed, p, 43])) for p in range(PERMUTATIONS))
    return run_control("entities of one attribute permuted", _quick(data, sign), permuted)


CLAIM = Claim(
    name="intelligence-and-incoherence-correlate",
    place="claim 8; survey of intelligence and coherence",
    statement="entities judged more intelligent are judged more incoherent",
    estimand="correlation of judged intelligence and judged incoherence over entities",
    quantity=_quantity,
    needs="a ranking table (columns attribute, rater, entity, rank), two raters of each attribute, eight entities",
    estimate=_estimate,
    control=_control,
    units="entities",
    leave_out=LeaveOut(parts=(), refit=False),
    absent=absent.survey,
    most=1.0,
    narrowed_by="entities",
    order=150,
)
