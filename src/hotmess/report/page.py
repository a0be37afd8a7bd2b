"""The page: sections, verdicts and figures as HTML with one style and no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hotmess.plot.style import NARROW, WIDE
from hotmess.report import accounts, front, templates, text
from hotmess.report.section import Context, Figure, Section, Table
from hotmess.report.svg import Sheet, inline_svg
from hotmess.report.verdicts import counts, elsewhere, untestable, views
from hotmess.words import join, percent, population_words

MAX_BYTES = 1_500_000
"""Data of a figure or table larger than this stand beside the page, not in it."""
LEAD = 20
"""Rows shown of a table that is too long to be shown whole."""


def render(
    context: Context, sections: Sequence[Section], command: str, remarks: Sequence[str] = ()
) -> tuple[str, dict[str, str]]:
    """The page, and data too large to stand in it: name -> CSV."""
    sheet, large = Sheet(), dict[str, str]()

    def href(name: str, data: Any) -> str:
        content = text.csv(data)
        if len(content) <= MAX_BYTES:
            return text.data_uri(content)
        large[f"{name}.csv"] = content
        return f"{name}.csv"

    before = front.carrying(sections, context.verdicts)
    every = [*before, *(f for s in sections for f in s.figures if f not in before)]
    drawn = {f.name: _figure(f, i, context, sheet, href) for i, f in enumerate(every, 1)}
    style = stylesheet(sheet)
    study = context.study
    found = accounts.versions()
    page = templates.page(
        "page.html",
        style,
        sprite=sheet.sprite(),
        title=front.title(study.responses),
        data=front.data_line(study.responses, study.metric),
        digest=study.once("digest of the responses", lambda: accounts.digest(study.responses)),
        contents=[
            ("verdicts", "Verdicts"),
            *([("figures", "Figures behind them")] if before else []),
            *((s.name, s.title) for s in sections),
            ("making", "How it was made"),
        ],
        counts=counts(context.verdicts),
        tested=len(context.verdicts),
        elsewhere=elsewhere(context.verdicts),
        untestable=untestable(context.verdicts),
        remarks=remarks,
        together=accounts.together(context.verdicts),
        population=population_words(context.population),
        interval=percent(context.interval),
        verdicts=views(context.verdicts),
        figures=[drawn[f.name] for f in before],
        sections=_sections(sections, drawn, before, href),
        command=command,
        settings=[
            (k, "–" if v is None else str(v))
            for k, v in accounts.settings(study, context.population, context.interval).items()
        ],
        versions=found,
        posteriors=posteriors(sections),
    )
    return page, large


def _sections(
    sections: Sequence[Section],
    drawn: Mapping[str, dict[str, Any]],
    before: Sequence[Figure],
    href: Callable[[str, Any], str],
) -> list[dict[str, Any]]:
    """Sections as the template has them; tables are numbered through, figures shown before are referred to."""
    shown, number = [], 0
    for section in sections:
        own: dict[str, Any] = {k: getattr(section, k) for k in ("name", "title", "text", "missing", "folded")}
        own["above"] = [drawn[f.name] for f in section.figures if f in before]
        own["figures"] = [drawn[f.name] for f in section.figures if f not in before]
        own["tables"] = [_table(table, number + i, href) for i, table in enumerate(section.tables, 1)]
        number += len(section.tables)
        shown.append(own)
    return shown


def _figure(
    figure: Figure, number: int, context: Context, sheet: Sheet, href: Callable[[str, Any], str]
) -> dict[str, Any]:
    forms = {
        css: inline_svg(figure.draw(width), sheet, name=f"{figure.name}-{css}", label=figure.finding, css=css)
        for css, width in (("wide", WIDE), ("narrow", NARROW))
    }
    own = {k: getattr(figure, k) for k in ("name", "caption", "finding")}
    code = figure_code(context.code, figure.code, figure.name)
    return own | forms | {"number": number, "href": href(figure.name, figure.data), "code": code}


def _table(table: Table, number: int, href: Callable[[str, Any], str]) -> dict[str, Any]:
    heads, rows = text.rows(table)
    most = table.most if len(rows) <= table.most else min(table.most, LEAD)
    more = f"{len(rows):,} rows; the first {most} are shown, all are in the CSV." if len(rows) > most else ""
    links = [*table.links, *[""] * len(rows)][: len(rows)]
    return {
        "number": number,
        "name": table.name,
        "caption": table.caption,
        "heads": heads,
        "rows": list(zip(rows, links))[:most],
        "more": more,
        "href": href(f"table-{table.name}", table.data),
    }


def posteriors(sections: Sequence[Section]) -> str:
    """Which posteriors stand beside the page.

    >>> posteriors([])
    'there is no posterior.'
    """
    names = [name for section in sections for name in section.posteriors]
    if not names:
        return "there is no posterior."
    listed = join([f"{name}.nc" for name in names], most=len(names))
    s = "s" * (len(names) > 1)
    return f"{listed} hold{'s' * (not s)} the posterior{s} (netCDF, ArviZ's groups)."


def stylesheet(sheet: Sheet) -> str:
    """The page's only style: its hash stands in the page's Content-Security-Policy."""
    day, night = sheet.rules()
    css = templates.read("page.css")
    dark = (
        ":root{--ink:#e4e7ea;--muted:#9aa4af;--rule:#363c43;--paper:#17191b;--shade:#202427;--link:#8fb8ee;"
        "--good:#7fcf98;--bad:#f0998c;--unsure:#dcb65f;--none:#9aa4af;--nil:#9db8dd;--band:#30363c}"
    )
    return f"{css}{day}@media screen and (prefers-color-scheme:dark){{{dark}{night}}}\n"


def figure_code(study: str, draw: str, name: str) -> str:
    """Python that makes a figure, from reading the data to the file."""
    return f'import hotmess as hm\nfrom hotmess import plot\n\n{study}\naxes = {draw}\nplot.save(axes, "{name}.pdf")'
