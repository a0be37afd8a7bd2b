"""Building a report: sections made one by one, a page, the numbers, the posteriors; written whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.files import write_text
from hotmess.plot.style import NARROW, WIDE
from hotmess.report import accounts, text
from hotmess.report.folder import FORMAT, whole_folder
from hotmess.report.section import Context, Section
from hotmess.report.svg import Sheet, inline_svg
from hotmess.report.verdicts import tally, views
from hotmess.words import join, metric_words, percent, plain, population_words

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.claims.verdict import Verdict

INTERVAL, MAX_BYTES = 0.9, 1_500_000


def build_report(
    study: Study,
    verdicts: Sequence[Verdict],
    *,
    out: str | Path,
    command: str,
    population: str = "like-these",
    interval: float = INTERVAL,
    code: str | None = None,
    remarks: Sequence[str] = (),
    force: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Write the report of a study to the folder `out`; returns the path of report.html.

    The folder holds report.html (one page that needs nothing else), results.json (the same numbers) and the posteriors
    as netCDF. It is written beside and moved into place whole; an earlier report there is replaced.

    Parameters
    ----------
    study, verdicts
        The analysis, and the claims tested on it.
    command
        What made the report, shown in it.
    population
        `like-these` or `these`: what intervals in tables and figures are about.
    interval
        Probability inside intervals.
    code
        Python that makes `study`, shown with every figure; default: a line that leaves reading the data to the reader.
    remarks
        Sentences that stand with the verdicts.
    force
        Put aside what stands in the place of `out` and is no report, instead of refusing.
    progress
        Called with the name of each stage.

    Raises
    ------
    BadInput
        If `out` is a file, or a folder that holds something other than an earlier report.
    """
    tell = progress or (lambda _: None)
    context = Context(study, verdicts, population, interval, code or default_code(study))
    with whole_folder(Path(out), force=force) as folder:
        sections = make_sections(context, tell)
        tell("page")
        numbers = results(context, sections, command)
        page, large = render(context, sections, command, remarks)
        write_text(folder / "report.html", page)
        for name, content in large.items():
            write_text(folder / name, content)
        tell("posteriors")
        from hotmess.inference.store import save_tree

        for section in sections:
            for name, tree in section.posteriors.items():
                save_tree(tree, folder / f"{name}.nc")
        numbers["files"] = sorted([*(p.name for p in folder.iterdir()), "results.json"])
        whole = json.dumps(numbers, indent=1, ensure_ascii=True, allow_nan=False)
        write_text(folder / "results.json", whole + "\n")
    return Path(out) / "report.html"


def make_sections(context: Context, tell: Callable[[str], None]) -> list[Section]:
    """Every section; one that the data cannot speak to is a sentence with the reason."""
    from hotmess.report.sections import SECTIONS

    sections = []
    for name, title, make in SECTIONS:
        tell(title)
        try:
            section = make(context)
        except BadInput as reason:
            section = Section(name, title, missing=(f"Not testable with these data. {reason}",))
        if section is not None:
            sections.append(section)
    return sections


def default_code(study: Study) -> str:
    """Python that makes the study from responses."""
    named = {k: getattr(study, k) for k in ("metric", "groups", "reference", "difficulty", "seed", "draws", "warmup")}
    named["chains"] = study.chains
    settings = ", ".join(f"{k}={v!r}" for k, v in named.items())
    return f"study = hm.Study(responses, {settings})  # responses = hm.read(...)"


def render(
    context: Context, sections: Sequence[Section], command: str, remarks: Sequence[str] = ()
) -> tuple[str, dict[str, str]]:
    """The page, and data too large to stand in it: name -> CSV."""
    from jinja2 import Environment, StrictUndefined

    sheet, large = Sheet(), {}
    shown: list[dict[str, Any]] = []
    figures = tables = 0

    def href(name: str, data: Any) -> str:
        content = text.csv(data)
        if len(content) <= MAX_BYTES:
            return text.data_uri(content)
        large[f"{name}.csv"] = content
        return f"{name}.csv"

    for section in sections:
        own: dict[str, Any] = {k: getattr(section, k) for k in ("name", "title", "text", "missing", "folded")}
        own["figures"], own["tables"] = [], []
        for figure in section.figures:
            figures += 1
            own["figures"].append(
                {
                    "number": figures,
                    "name": figure.name,
                    "caption": figure.caption,
                    "finding": figure.finding,
                    "wide": inline_svg(
                        figure.draw(WIDE), sheet, name=f"{figure.name}-wide", label=figure.finding, css="wide"
                    ),
                    "narrow": inline_svg(
                        figure.draw(NARROW), sheet, name=f"{figure.name}-narrow", label=figure.finding, css="narrow"
                    ),
                    "href": href(figure.name, figure.data),
                    "code": figure_code(context.code, figure.code, figure.name),
                }
            )
        for table in section.tables:
            tables += 1
            heads, rows = text.rows(table)
            more = f"{len(rows):,} rows; the first {table.most} are shown." if len(rows) > table.most else ""
            own["tables"].append(
                {
                    "number": tables,
                    "name": table.name,
                    "caption": table.caption,
                    "heads": heads,
                    "rows": rows[: table.most],
                    "more": more,
                    "href": href(f"table-{table.name}", table.data),
                }
            )
        shown.append(own)
    style = stylesheet(sheet)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    study = context.study
    posteriors = [name for section in sections for name in section.posteriors]
    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=text.visible)
    template = environment.from_string(files("hotmess.report").joinpath("page.html").read_text(encoding="utf-8"))
    settings = accounts.settings(study, context.population, context.interval)
    page = template.render(
        style=style,
        style_hash=f"sha256-{digest}",
        sprite=sheet.sprite(),
        title="Bias, variance and incoherence",
        data=accounts.data_sentence(study.responses),
        sizes=accounts.sizes_sentence(study.responses),
        contents=[("verdicts", "Verdicts"), *((s.name, s.title) for s in sections), ("making", "How it was made")],
        tally=tally(context.verdicts),
        remarks=remarks,
        population=population_words(context.population),
        metric=metric_words(study.metric),
        interval=percent(context.interval),
        verdicts=views(context.verdicts),
        sections=shown,
        command=command,
        settings=[(k, "–" if v is None else str(v)) for k, v in settings.items()],
        versions=accounts.versions(),
        posteriors=(
            f"{join([f'{name}.nc' for name in posteriors])} hold{'s' * (len(posteriors) == 1)} the "
            f"posterior{'s' * (len(posteriors) > 1)} (netCDF, ArviZ's groups)."
            if posteriors
            else "there is no posterior."
        ),
    )
    return page, large


def stylesheet(sheet: Sheet) -> str:
    """The page's only style: its hash stands in the page's Content-Security-Policy."""
    day, night = sheet.rules()
    css = files("hotmess.report").joinpath("page.css").read_text(encoding="utf-8")
    dark = (
        ":root{--ink:#e4e7ea;--muted:#9aa4af;--rule:#363c43;--paper:#17191b;--shade:#202427;--link:#8fb8ee;"
        "--good:#7fcf98;--bad:#f0998c;--unsure:#dcb65f;--none:#9aa4af}"
    )
    return f"{css}{day}@media screen and (prefers-color-scheme:dark){{{dark}{night}}}\n"


def figure_code(study: str, draw: str, name: str) -> str:
    """Python that makes a figure, from reading the data to the file."""
    return f'import hotmess as hm\nfrom hotmess import plot\n\n{study}\naxes = {draw}\nplot.save(axes, "{name}.pdf")'


def results(context: Context, sections: Sequence[Section], command: str) -> dict[str, Any]:
    """The numbers of the page, for results.json: undefined ones are null."""
    study = context.study
    out: dict[str, Any] = plain(
        {
            "format": FORMAT,
            "command": command,
            "data": accounts.data_sentence(study.responses),
            "notes": list(study.responses.notes),
            "settings": accounts.settings(study, context.population, context.interval),
            "versions": accounts.versions(),
            "verdicts": [v.record() for v in context.verdicts],
            "not_testable": {s.name: list(s.missing) for s in sections if s.missing},
            "sections": {s.name: list(s.text) for s in sections if s.text},
            "tables": {t.name: _table(t) for s in sections for t in s.tables},
            "figures": {f.name: _figure(f) for s in sections for f in s.figures},
        }
    )
    return out


def _table(table: Any) -> dict[str, Any]:
    values = text.columns_json(table.data)
    records = [dict(zip(values, row)) for row in zip(*values.values())]
    return {"caption": table.caption, "records": records}


def _figure(figure: Any) -> dict[str, Any]:
    return {"caption": figure.caption, "finding": figure.finding, "columns": text.columns_json(figure.data)}
