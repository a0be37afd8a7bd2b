"""Ranking tables: columns attribute, rater, entity, rank (1 is the most), and, if known, each entity's group.

A ranking is a response, too: a rater (`model`) places an entity (`question`) with respect to an attribute
(`condition`). `as_responses` brings a ranking table into that form, so that every command reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotmess.arrays import Floats, Ints
from hotmess.errors import BadInput, NotTestable

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = ("attribute", "rater", "entity", "rank")
MIN_ENTITIES = 8


@dataclass(frozen=True)
class Rankings:
    """Rankings of two attributes by raters.

    Attributes
    ----------
    attributes, entities, raters
        Names; a rater of both attributes counts once for each, as `name (attribute)`.
    attribute
        (R,) attribute 0 or 1 of each ranking.
    order
        (R, N) entities from the first to the last place; −1 fills up where a rater ranked fewer than N.
    group
        (N,) group of each entity, or empty names where there are none.
    """

    attributes: tuple[str, str]
    entities: tuple[str, ...]
    raters: tuple[str, ...]
    attribute: Ints
    order: Ints
    group: tuple[str, ...] = ()

    def scores(self) -> Floats:
        """(R, N) normal scores of the places, higher for more of the attribute; NaN where not ranked."""
        from scipy.special import ndtri

        out = np.full((len(self.order), len(self.entities)), np.nan)
        for r, row in enumerate(self.order):
            seen = row[row >= 0]
            out[r, seen] = -ndtri((np.arange(len(seen)) + 0.5) / len(seen))
        return out

    def without(self, *, entities: Sequence[str] = (), raters: Sequence[str] = ()) -> Rankings:
        """The rankings without some entities, or without some raters, for each attribute by `name (attribute)`.

        Raises
        ------
        BadInput
            For a name that is not there.
        NotTestable
            If fewer than eight entities, or than two raters of an attribute, are left.
        """
        for what, gone, there in (("entity", entities, self.entities), ("rater", raters, self.raters)):
            for name in gone:
                if name not in there:
                    raise BadInput(f"There is no {what} {name!r} to leave out; there are {', '.join(there)}.")
        rows = [r for r, name in enumerate(self.raters) if name not in raters]
        stay = [e for e, name in enumerate(self.entities) if name not in entities]
        place = {e: i for i, e in enumerate(stay)}
        order = np.full((len(rows), len(stay)), -1)
        for i, r in enumerate(rows):
            left = [place[e] for e in self.order[r].tolist() if e in place]
            order[i, : len(left)] = left
        kept = Rankings(
            self.attributes,
            tuple(self.entities[e] for e in stay),
            tuple(self.raters[r] for r in rows),
            self.attribute[rows],
            order,
            tuple(self.group[e] for e in stay) if self.group else (),
        )
        enough(kept.attribute, kept.order)
        return kept


def enough(attribute: Ints, order: Ints) -> None:
    """Refuse rankings with fewer than two raters of an attribute, or eight entities ranked by both."""
    if min(np.bincount(attribute, minlength=2)) < 2:
        raise NotTestable("Each attribute needs two raters: the noise of one cannot be told from the entities.")
    common = [set(order[attribute == a].ravel().tolist()) - {-1} for a in (0, 1)]
    if len(common[0] & common[1]) < MIN_ENTITIES:
        raise NotTestable(f"Only {len(common[0] & common[1])} entities are ranked by both attributes; 8 are the least.")


def is_ranking(frame: pd.DataFrame) -> bool:
    """Whether a table holds rankings, and is no response table already."""
    return set(COLUMNS) <= set(frame.columns) and not {"model", "question"} <= set(frame.columns)


def as_responses(frame: pd.DataFrame) -> pd.DataFrame:
    """A ranking table in the columns of a response table: the place, from 1 for the first to 0 for the last, as score.

    >>> table = pd.DataFrame({"attribute": "a", "rater": "r", "entity": ["x", "y", "z"], "rank": [3, 1, 2]})
    >>> as_responses(table)[["benchmark", "model", "question", "condition"]].iloc[0].tolist()
    ['survey', 'r', 'x', 'a']
    >>> as_responses(table)["score"].tolist()
    [0.0, 1.0, 0.5]
    """
    rank = pd.to_numeric(frame["rank"], errors="coerce")
    if rank.isna().any():
        at = int(np.argmax(rank.isna().to_numpy()))
        raise BadInput(f"Column rank holds {frame['rank'].iloc[at]!r} in row {at + 1}, not a number.")
    place = rank.groupby([frame["attribute"], frame["rater"]]).rank(method="average")
    most = place.groupby([frame["attribute"], frame["rater"]]).transform("size")
    score = np.where(most > 1, (most - place) / np.maximum(most - 1, 1), 1.0)
    return frame.assign(
        benchmark=frame.get("benchmark", "survey"),
        model=frame["rater"],
        question=frame["entity"],
        condition=frame["attribute"],
        sample=0,
        score=score,
    )


def rankings(frame: pd.DataFrame, *, attributes: Sequence[str] | None = None) -> Rankings:
    """Rankings of two attributes from a table with attribute, rater, entity and rank (and perhaps `group`).

    Parameters
    ----------
    attributes
        The two, in order; default: those of the table, by name.

    Raises
    ------
    BadInput
        If a column or attribute is missing, a rater places an entity twice, or gives two entities the same place.
    NotTestable
        If there are not two attributes, two raters of each, or eight entities ranked by both.
    """
    for name in COLUMNS:
        if name not in frame.columns:
            raise BadInput(f"A ranking table needs a column {name!r}; it has {', '.join(map(str, frame.columns))}.")
    table = frame[[*COLUMNS, *(["group"] if "group" in frame else [])]].copy()
    for name in COLUMNS[:3]:
        table[name] = table[name].astype(str)
    found = sorted(table["attribute"].unique())
    wanted = list(attributes or found)
    if missing := [a for a in wanted if a not in found]:
        raise NotTestable(f"Nobody ranked {missing[0]!r}; the attributes are {', '.join(found)}.")
    if len(wanted) != 2:
        raise NotTestable(f"A correlation takes two attributes; the table has {', '.join(found)}.")
    table = table[table["attribute"].isin(wanted)]
    for what, columns in (("places", ["attribute", "rater", "entity"]), ("ranks", ["attribute", "rater", "rank"])):
        twice = table.duplicated(columns)
        if twice.any():
            row = table[twice].iloc[0]
            said = f"{row['entity']!r} twice" if what == "places" else f"several entities at {row['rank']}"
            hint = "keep one" if what == "places" else "break the tie, or leave the rater out"
            raise BadInput(f"Rater {row['rater']!r} has {said} for {row['attribute']!r}; {hint}.")
    entities = sorted(table["entity"].unique())
    index = {e: i for i, e in enumerate(entities)}
    raters, attribute, rows = [], [], []
    both = len(set(table["rater"])) < len(table[["attribute", "rater"]].drop_duplicates())
    for _, own in table.groupby(["attribute", "rater"], sort=True):
        name, rater = own[["attribute", "rater"]].iloc[0]
        raters.append(f"{rater} ({name})" if both else str(rater))
        attribute.append(wanted.index(name))
        rows.append([index[e] for e in own.sort_values("rank")["entity"]])
    order = np.full((len(rows), len(entities)), -1)
    for r, placed in enumerate(rows):
        order[r, : len(placed)] = placed
    kind = np.array(attribute)
    enough(kind, order)
    group: tuple[str, ...] = ()
    if "group" in table:
        first = table.drop_duplicates("entity").set_index("entity")["group"]
        group = tuple(str(first[e]) for e in entities)
    return Rankings((wanted[0], wanted[1]), tuple(entities), tuple(raters), kind, order, group)
