"""Is one model more coherent than another on the same questions, and by how much?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.fit_sets import powers_of
from hotmess.answers.population import aggregate, pair_moments, question_sets
from hotmess.answers.posterior import Fit
from hotmess.answers.shared_contexts import NOT_SQUARED
from hotmess.claims.preregister import preregister
from hotmess.claims.regions import half_width
from hotmess.claims.rule import OTHER
from hotmess.decompose.context_scatter import not_told
from hotmess.decompose.parts import NAMES as PARTS
from hotmess.decompose.parts import from_moments, shapley
from hotmess.decompose.records import plain_value
from hotmess.decompose.unparsable import unread_models
from hotmess.errors import BadInput, NotTestable, listed, tails
from hotmess.estimates.estimate import THRESHOLD
from hotmess.inference.gate import MORE
from hotmess.interpret.pair_verdicts import NEGLIGIBLE_CHANGE, NEXT, Pair, judged, pair_of, sentence, with_verdicts
from hotmess.interpret.paired_sets import pair_sets, pair_table, paired_rows
from hotmess.interpret.sets import Sets, Source, source_of
from hotmess.responses.decoding import pair_decoded_differently
from hotmess.responses.values import suggest
from hotmess.words import Short

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Comparison(Short):
    """Models compared in pairs on the questions that both answered.

    Attributes
    ----------
    table
        One row per pair (and `by` set) and quantity, as of `hotmess.interpret.comparisons`; letters add the three parts
        of the difference of incoherence as the quantities `accuracy part`, `spread part` and `concentration part`. Rows
        of incoherence have the `verdict` (`supported`: the sign of the difference is certain; `negligible`,
        `inconclusive`, `not testable`), what held it back (`reason`), the `smallest_effect` that these data could show
        with probability 0.8, and what would decide it (`next_step`), as of a claim.
    sentences
        One per pair (and `by` set): who is more coherent, by how much, on what.
    notes
        What the numbers leave out or depend on.
    negligible
        Half-width of the region in which a difference of incoherence is practically none.
    preregistration
        SHA-256 of the region where it is another than the default's, to be published beforehand.
    """

    table: pd.DataFrame
    sentences: tuple[str, ...]
    population: str
    metric: str
    interval: float
    notes: tuple[str, ...] = field(default=())
    negligible: float | None = None
    preregistration: str = ""

    def said(self) -> str:
        """One line for a print, without what would decide it, which the sentences and the table say."""
        return " ".join(one.partition(NEXT)[0] for one in self.sentences)

    def shown(self) -> pd.DataFrame:
        """For a notebook."""
        names = [n for n in ("of", "against", "quantity", "difference", "low", "high", "verdict") if n in self.table]
        return self.table[names]

    def records(self) -> list[dict[str, Any]]:
        """The table's rows for JSON: undefined numbers are None."""
        extra = {"population": self.population, "metric": self.metric, "negligible": self.negligible}
        extra["preregistration"] = self.preregistration or None
        return [{str(k): plain_value(v) for k, v in row.items()} | extra for row in self.table.to_dict("records")]


@listed("by")
def compare(
    about: Any,
    *models: str,
    by: Sequence[str] = (),
    metric: str | None = None,
    population: str = "like-these",
    interval: float = 0.9,
    negligible: float | None = NEGLIGIBLE_CHANGE,
    **settings: Any,
) -> Comparison:
    """Compare models in pairs, on the questions (in the same condition and budget) that both answered.

    The difference is A − B for models given as A, B: below zero where A is more coherent, that is has less of its error
    in variance. Latent: a posterior of both models' answer distributions, averaged over the same questions with the
    same weights. Beside it the unbiased estimate with a paired Bayesian bootstrap over questions (or, for these
    questions, the jackknife).

    Verdicts on the difference of incoherence are by the rule of claims (methods, section 7): *practically none* first,
    then a direction, which must stand among all pairs compared (Benjamini and Hochberg).

    Parameters
    ----------
    about
        `Responses`, a `Study` or a `Fit`.
    models
        Two or more names; every pair is compared. None: all models, where there are at most four.
    by
        Columns that divide the comparison, as benchmark or budget.
    negligible
        Half-width of the region around 0 in which a difference is practically none; None for no such verdict.
    settings
        seed, draws, chains, unparsable of the fit, where one is made.

    Raises
    ------
    BadInput
        For a model that is not there (the nearest name is suggested), or a region that is not above 0.
    NotTestable
        If two models share no question.

    >>> import hotmess as hm
    >>> found = hm.compare(hm.example(), "owl-4b", "owl-64b", draws=250)
    >>> found.table["quantity"].tolist()[:4]
    ['incoherence', 'bias2', 'variance', 'error']
    """
    import pandas as pd

    region = None if negligible is None else half_width(negligible, "negligible")
    source = source_of(about, ["model", *by], metric=metric, **settings)
    names = _names(source, models)
    pieces, notes = [], [*source.notes, *not_told(source.cells, source.metric, NOT_SQUARED)]
    asked: list[Pair] = []
    unread, said = unread_models(source.cells.table)
    if any(unread[name] for name in names):
        notes.append(said)
    for of, against in combinations(names, 2):
        mine, other = (pair_sets(source, "model", of, against, list(by), p) for p in (population, OTHER[population]))
        if not mine:
            raise NotTestable(f"{of} and {against} share no question within {', '.join(by)}.")
        rows, _ = paired_rows(source.cells.table, "model", of, against, by)
        left = len(np.flatnonzero(source.cells.table["model"].isin([of, against]).to_numpy())) - len(rows)
        if left:
            notes.append(f"{left:,} cells of {of} or {against} have no partner in the other and are left out.")
        here = other if population == "like-these" else mine
        pieces_of = [pair_table(two, source, interval, partial(_itself, own)) for two, own in zip(mine, here)]
        table = pd.concat(pieces_of, ignore_index=True)
        table = pd.concat(
            [table, *_parts(source, rows, of, against, table, by, population, interval)], ignore_index=True
        )
        order = table.groupby(list(by), sort=False, observed=True).ngroup() if by else np.zeros(len(table))
        table = table.iloc[np.argsort(np.asarray(order), kind="stable")].reset_index(drop=True)
        table["reliable"] &= not (unread[of] or unread[against])
        pieces.append(table)
        settings_differ = _decoding(about, source, of, against)
        notes.extend(settings_differ)
        barred = (
            "they were decoded at different settings"
            if settings_differ
            else "most responses of one of them are unparsable"
            if unread[of] or unread[against]
            else ""
        )
        rows_of = [row for _, row in table[table["quantity"] == "incoherence"].iterrows()]
        asked.extend(pair_of(*one, population, barred) for one in zip(rows_of, mine, other))
    level, said = _looked(_responses_of(about))
    notes.extend([said] if said else [])
    found = judged(asked, region, level, source.gate)
    reasons = source.gate.reasons
    if reasons:
        rest = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
        notes.append(f"Not reliable: {reasons[0]}{rest}; {MORE}.")
    return Comparison(
        with_verdicts(pd.concat(pieces, ignore_index=True), found),
        tuple(sentence(one, by, population, interval, region) for one in found),
        population,
        source.metric,
        interval,
        tuple(notes),
        region,
        "" if region == NEGLIGIBLE_CHANGE else preregister({"name": "compare", "negligible": region}),
    )


def _itself(sets: Sets) -> Sets:
    return sets


def _names(source: Source, models: Sequence[str]) -> list[str]:
    from hotmess.decompose.grouping import models_in_order

    have = models_in_order(source.cells.table)["model"].astype(str).tolist()
    for name in models:
        if name not in have:
            raise BadInput(f"There is no model {name!r}{suggest(name, have)}; there are {', '.join(have[:12])}.")
    chosen = list(dict.fromkeys(models)) or have
    if len(chosen) < 2:
        raise BadInput(f"A comparison needs two models; there is {chosen[0]!r} only.")
    if not models and len(chosen) > 4:
        raise BadInput(f"There are {len(chosen)} models; say which to compare, as --models {have[0]},{have[1]}.")
    return chosen


def _parts(
    source: Source,
    rows: np.ndarray,
    of: str,
    against: str,
    table: pd.DataFrame,
    by: Sequence[str],
    population: str,
    interval: float,
) -> list[pd.DataFrame]:
    """Shapley values of mean accuracy, spread of accuracy and concentration of wrong answers in the difference."""
    fitted = source.fit
    if not isinstance(fitted, Fit) or source.metric != "brier" or source.cells.outcome != "answer":
        return []
    fitted = fitted.unparsable_as_wrong
    cells = source.cells.table.iloc[rows].reset_index(drop=True)
    if population == "like-these":
        found = question_sets(cells, [*by, "model"])
        sets = np.full(len(source.cells.table), -1)
        for s, members in enumerate(found.rows):
            sets[rows[members]] = s
        frame, moments = found.table, powers_of(fitted, sets)[0]
    else:
        terms = fitted.terms("brier")
        frame, means = aggregate(
            [terms.error[:, rows], terms.variance[:, rows]],
            cells,
            [*by, "model"],
            population=population,
            seed=source.seed,
            chains=fitted.chains,
            transform=pair_moments,
        )
        moments = np.moveaxis(means, 0, -1)
    out = []
    for _, own in frame.groupby(list(by), sort=False, observed=True) if by else [((), frame)]:
        place = dict(zip(own["model"].astype(str), own.index))
        if not {of, against} <= set(place):
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            both = [from_moments(moments[..., place[m], :]) for m in (against, of)]
            flat = shapley(*both).reshape(-1, 3)
        head = table.iloc[:1] if not by else table[(table[list(by)] == own.iloc[0][list(by)]).all(axis=1)].iloc[:1]
        if not len(head) or not np.isfinite(flat).all():
            continue
        for i, name in enumerate(PARTS):
            low, high = np.quantile(flat[:, i], tails(interval))
            values = {"difference": np.median(flat[:, i]), "low": low, "high": high}
            values["probability"] = (flat[:, i] > 0).mean()
            gone = dict.fromkeys(("value_of", "value_against", "unbiased", "unbiased_low", "unbiased_high"), np.nan)
            out.append(head.assign(quantity=f"{name} part", **values, **gone))
    return out


def _decoding(about: Any, source: Source, of: str, against: str) -> list[str]:
    """Whether the two models were decoded at different settings: then the difference may be the settings'."""
    responses = _responses_of(about)
    return [] if responses is None else pair_decoded_differently(responses.table, of, against)


def _responses_of(about: Any) -> Any:
    """The responses behind what is compared; None where a fit does not hold them."""
    from hotmess.responses.table import Responses

    responses = about if isinstance(about, Responses) else getattr(about, "source", None)
    return getattr(about, "responses", responses)


def _looked(responses: Any) -> tuple[float, str]:
    """The error that a direction may have, and what to say of looks that were taken while the responses were drawn."""
    from hotmess.looks.needed import not_known

    if responses is None:
        return 1 - THRESHOLD, ""
    looks, table = responses.looks, responses.table
    if why := not_known(table, looks):
        return 0.0, f"{why}. No direction is decided."
    look = None if looks is None else looks.look(len(table))
    if look is None:
        return 1 - THRESHOLD, ""
    threshold = looks.beside(len(table))
    return 1 - threshold, looks.sentence(len(table), threshold, own=False)
