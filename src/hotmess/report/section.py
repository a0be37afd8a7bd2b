"""What a report is made of: sections of sentences, figures and tables, and the context they are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.claims.study import Study
    from hotmess.claims.verdict import Verdict


@dataclass(frozen=True)
class Context:
    """What every section is made from.

    Attributes
    ----------
    study
        Responses, settings, and the fits that are made once and shared.
    verdicts
        Of the claims that were tested.
    population
        `like-these` or `these`.
    interval
        Probability inside intervals.
    code
        Lines of Python that make `study`, shown with every figure.
    texts
        Whether the responses that are to be read first are shown whole, on a page of their own.
    """

    study: Study
    verdicts: Sequence[Verdict]
    population: str
    interval: float
    code: str
    texts: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure with all that belongs to it.

    Attributes
    ----------
    name
        Identifier: letters, digits and dashes.
    caption
        What is drawn and how to read it.
    finding
        What is to be seen, in a sentence, for those who cannot see it.
    draw
        width in inches -> matplotlib axes.
    data
        The table that is drawn.
    code
        The lines of Python that draw it, given `study`.
    claims
        Names of the claims that it shows: it stands on the first pages where one of them has a verdict.
    first
        Whether it stands on the first pages whatever the verdicts.
    """

    name: str
    caption: str
    finding: str
    draw: Callable[[float], Any]
    data: pd.DataFrame
    code: str
    claims: tuple[str, ...] = ()
    first: bool = False


@dataclass(frozen=True)
class Table:
    """A table with a caption; `heads` maps columns to what they are called in the page.

    A column with `…_low` and `…_high` beside it is shown with its interval, in one cell. Numbers have
    `digits` decimals, or those that `places` says. The page has up to `most` rows, of longer tables the first 20 (or
    `most`, where that is less); the CSV has all. `links` are addresses of the first rows' first cells.
    """

    name: str
    caption: str
    data: pd.DataFrame
    heads: Mapping[str, str]
    digits: int = 3
    places: Mapping[str, int] = field(default_factory=dict)
    most: int = 60
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes
    ----------
    name
        Identifier in the page and in results.json.
    text
        Sentences, one paragraph each.
    missing
        Why something is not shown or not testable, in sentences.
    folded
        Whether the section is folded away until it is asked for.
    posteriors
        name -> DataTree, saved as NAME.nc.
    pages
        Further pages: name of the file -> HTML.
    """

    name: str
    title: str
    text: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    missing: tuple[str, ...] = ()
    folded: bool = False
    posteriors: Mapping[str, Any] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
