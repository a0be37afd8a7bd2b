"""The page of verdicts on public responses, from the numbers of the study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hotmess.words import minus
from public_sources.table import SOURCES

NUMBERS = Path(__file__).resolve().parents[2] / "reports" / "studies" / "verdicts_real.json"


def page(numbers: dict[str, Any]) -> str:
    """Per data set: where it is from, the claims that it can speak to with their verdicts, and what to know."""
    out = [
        "# What public responses say",
        "",
        "Every claim of the paper, and of this project, on responses that others have published, read as the options "
        "say, seed 0: made by `python models/public.py --page FILE` from the numbers of "
        "`python reports/studies/verdicts_real.py`. Numbers only; no row of the data is here. Intervals are 90%, for "
        "questions like these; claims that a data set cannot speak to are counted. *Supported*: the claim, as it "
        "stands in the first column, is found in these data.",
        "",
        tally(numbers),
        "",
    ]
    for name in sorted(numbers, key=str.lower):
        if not name.startswith(("own", "logs")):
            out += data_set(name, numbers[name])
    return "\n".join(out).rstrip() + "\n"


def tally(numbers: dict[str, Any]) -> str:
    """A row per claim: in how many data sets it has each verdict."""
    from hotmess.claims.catalogue import CATALOGUE

    kinds = ("supported", "contradicted", "negligible", "inconclusive")
    rows = [
        "| claim | in the paper | supported | contradicted | practically none | inconclusive |",
        "|---|---|---|---|---|---|",
    ]
    public = [v for name, v in numbers.items() if not name.startswith(("own", "logs"))]
    for claim in CATALOGUE.values():
        said = [v["verdict"] for one in public for v in one.get("verdicts", ()) if v["claim"] == claim.name]
        counts = [said.count(kind) for kind in kinds]
        if sum(counts):
            rows.append(f"| {claim.statement} | {claim.place} | {' | '.join(map(str, counts))} |")
    return "\n".join(rows)


def data_set(name: str, found: dict[str, Any]) -> list[str]:
    """The section of a data set."""
    from hotmess.claims.catalogue import CATALOGUE

    source = SOURCES.get(name)
    out = [f"## {name}", ""]
    if source is not None:
        place = f"Source: github.com/{source.where} (at {source.commit}); licence: {source.licence}."
        out += [f"{source.what}. {place} {source.caveat}", ""]
        if source.rows is not None:
            command = f"Its table, from a clone's folder: `python models/public.py {name} FOLDER`. {source.differs}"
            out += [command.rstrip(), ""]
    if "refused" in found:
        return [*out, f"It is refused: {found['refused']}", ""]
    told = f", read with `{found['typed']}`" if found.get("typed") else ""
    out += [f"{found['responses']:,} responses to {found['questions']:,} questions, {found['date']}{told}.", ""]
    speaks = [v for v in found["verdicts"] if v["verdict"] != "not testable"]
    if speaks:
        out += ["| claim | verdict | number | P | held back by | next step |", "|---|---|---|---|---|---|"]
        for v in speaks:
            claim = CATALOGUE.get(v["claim"])
            number = f"{v['median']:.3g} [{v['low']:.3g}, {v['high']:.3g}]" if v["median"] is not None else ""
            chance = f"{v['probability']:.3f}" if v["probability"] is not None else ""
            said = "practically none" if v["verdict"] == "negligible" else v["verdict"]
            cells = (claim.statement if claim else v["claim"], f"**{said}**", number, chance, held(v), step(v))
            out.append(minus(f"| {' | '.join(cells)} |"))
        out.append("")
    rest = len(found["verdicts"]) - len(speaks)
    return [*out, f"{rest} of {len(found['verdicts'])} claims it cannot speak to.", ""]


def held(verdict: dict[str, Any]) -> str:
    """What held a verdict back, where it is not the probability alone."""
    reasons = [r for r in verdict.get("reasons") or () if not r.startswith("the posterior probability")]
    return reasons[0].replace("|", " ") if reasons else ""


def step(verdict: dict[str, Any]) -> str:
    """What its reader may do next, where nothing is decided."""
    return str(verdict.get("next_step") or "").replace("|", " ")
