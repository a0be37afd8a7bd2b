"""Building a report: sections made one by one, a page, the numbers, the posteriors; written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput, OtherOutcome
from hotmess.files import write_text
from hotmess.report import accounts, text
from hotmess.report.folder import FORMAT, whole_folder
from hotmess.report.page import render
from hotmess.report.section import Context, Section
from hotmess.report.texts import need_texts
from hotmess.words import plain

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.claims.verdict import Verdict

INTERVAL = 0.9


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
    texts: bool = False,
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
    texts
        Also write texts.html, the responses to the questions to read first; the table of these links to it.
    force
        Put aside what stands in the place of `out` and is no report, instead of refusing.
    progress
        Called with the name of each stage.

    Raises
    ------
    BadInput
        If `out` is a file, or a folder that holds something other than an earlier report; if there are no texts.
    """
    tell = progress or (lambda _: None)
    if texts:
        need_texts(study.responses)
    context = Context(study, verdicts, population, interval, code or default_code(study), texts)
    with whole_folder(Path(out), force=force) as folder:
        sections = make_sections(context, tell)
        tell("page")
        numbers = results(context, sections, command)
        page, large = render(context, sections, command, remarks)
        write_text(folder / "report.html", page)
        more = [*large.items(), *(pair for section in sections for pair in section.pages.items())]
        for name, content in more:
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
            section = _made(context, make)
        except BadInput as reason:
            section = Section(name, title, missing=(f"Not testable with these data. {reason}",))
        if section is not None:
            sections.append(section)
    return sections


def _made(context: Context, make: Callable[[Context], Section | None]) -> Section | None:
    """A section, of the outcome that stands beside the table's own where that one cannot speak, as claims are."""
    try:
        return make(context)
    except OtherOutcome as reason:
        other = context.study.beside
        if other is None:
            raise reason
    section = make(replace(context, study=other, code=f"{context.code}\nstudy = study.beside"))
    return None if section is None else replace(section, text=(other.of_column, *section.text))


def default_code(study: Study) -> str:
    """Python that makes the study from responses."""
    named = {k: getattr(study, k) for k in ("metric", "groups", "reference", "difficulty", "seed", "draws", "warmup")}
    named |= {"chains": study.chains, **accounts.made_otherwise(study)}
    settings = ", ".join(f"{k}={v!r}" for k, v in named.items())
    kinds = dict.fromkeys(type(v) for v in named.values() if is_dataclass(v))
    imports = "".join(f"from {kind.__module__} import {kind.__name__}\n" for kind in kinds)
    return f"{imports}study = hm.Study(responses, {settings})  # responses = hm.read(...)"


def results(context: Context, sections: Sequence[Section], command: str) -> dict[str, Any]:
    """The numbers of the page, for results.json: undefined ones are null."""
    study = context.study
    out: dict[str, Any] = plain(
        {
            "format": FORMAT,
            "command": command,
            "data": accounts.data_sentence(study.responses),
            "digest": study.once("digest of the responses", lambda: accounts.digest(study.responses)),
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
