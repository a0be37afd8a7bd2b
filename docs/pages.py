"""Pages that the package itself writes: the command line from its parsers, and one page per claim from the catalogue.

python docs/pages.py    write docs/made/ (building the site does that too)
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PLACE = HERE / "made"

HEAD = """# The command line

Made from the parsers, so that it is what `--help` says. Exit codes: 0 done; 1 a claim was contradicted and `--strict`
was given; 2 bad input or a failure of the world around, with one sentence on stderr; 130 interrupted.
"""

CLAIMS = """# The claims

What each claim says, what it needs, and how often simulated data sets in which it is false, or true, ended as
*supported*. Pages are made from the catalogue (`hotmess claims --json`) and from rates that studies write beside each.

"""


def commands() -> str:
    """Every command with its usage and options, in the order of `hotmess --help`."""
    from hotmess.cli import COMMANDS

    out = [HEAD]
    for name, parser in parsers(tuple(COMMANDS)):
        out += [f"## hotmess {name}\n", f"{plain(parser.description or '')}\n", *_arguments(parser)]
        for action in parser._actions:
            for inner, own in (action.choices or {}).items() if isinstance(action.choices, dict) else ():
                out += [f"### hotmess {name} {inner}\n", f"{plain(own.description or '')}\n", *_arguments(own)]
        if parser.epilog:
            out.append(f"```text\n{parser.epilog.strip()}\n```\n")
    return "\n".join(out)


def parsers(names: tuple[str, ...]) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The parser of each command."""
    from hotmess.cli import frame

    for name in names:
        whole = frame(name)
        yield name, next(a.choices[name] for a in whole._actions if isinstance(a.choices, dict))


def _arguments(parser: argparse.ArgumentParser) -> list[str]:
    rows = []
    formatter = parser._get_formatter()
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or "--help" in action.option_strings:
            continue
        value = formatter._format_args(action, formatter._get_default_metavar_for_optional(action))
        names = [f"{option} {value}".strip() for option in action.option_strings] or [
            formatter._format_args(action, formatter._get_default_metavar_for_positional(action))
        ]
        said = formatter._expand_help(action) if action.help else ""
        rows.append(f"{', '.join(f'`{n}`' for n in names)}\n: {plain(said)}\n")
    return rows


def plain(text: str) -> str:
    """Prose of a parser as Markdown that shows it as it is."""
    return re.sub(r"([*_<>\[\]|])", r"\\\1", " ".join(text.split())) or "See above."


def claims() -> dict[str, str]:
    """File name → page, one for each claim and `claims` with all of them."""
    from hotmess.claims.catalogue import CATALOGUE

    pages = {f"claim-{claim.name}": claim_page(claim) for claim in CATALOGUE.values()}
    rows = ["| claim | what it says |", "|---|---|"]
    rows += [f"| [{c.name}](claim-{c.name}.md) | {plain(c.statement)} |" for c in CATALOGUE.values()]
    tree = "\n```{toctree}\n:hidden:\n\n" + "\n".join(pages) + "\n```\n"
    return {"claims": CLAIMS + "\n".join(rows) + "\n" + tree, **pages}


def claim_page(claim: Any) -> str:
    """The page of a claim: statement, estimand, needs, region, guards of its own, null worlds, power."""
    lines = [
        f"# {claim.name}\n",
        f"*{plain(claim.statement)}*\n",
        "| of the claim | what |",
        "|---|---|",
        f"| number | {plain(claim.estimand)} |",
        f"| in the paper | {plain(claim.place)} |",
        f"| needs | {plain(claim.needs)} |",
        f"| holds where | {plain(region(claim))} |",
        f"| speaks of | {'association only: length is observed' if claim.association else 'what was compared'} |",
        f"| published procedure | {'beside the verdict' if claim.published else 'none'} |",
        f"| negative control | {'on permuted data' if claim.control else 'none'} |",
        f"| `hotmess design` | {'says what would decide it' if claim.design else 'does not know it'} |\n",
        f"```shell\nhotmess test responses.parquet --claim {claim.name}\n```\n",
        "## How often it is wrong, and how often it is found\n",
        rates(claim),
    ]
    return "\n".join(lines)


def region(claim: Any) -> str:
    """Where the number must lie for the claim to hold, and what counts as none."""
    if claim.region is not None:
        return f"the number lies between {claim.region[0]:g} and {claim.region[1]:g}"
    none = f"; practically none within {claim.negligible:.3g} of 0" if claim.negligible else ""
    return f"the number is above 0{none}"


def rates(claim: Any) -> str:
    """The rates beside a claim, in words and by world."""
    from hotmess.claims.rates import sentence
    from hotmess.words import capital

    if claim.rates is None:
        return "No study of null worlds covers it: nothing is known of its rates.\n"
    said = capital(plain(sentence(claim.rates.record())))
    rows = ["| world where it is true | effect | supported |", "|---|---|---|"]
    rows += [
        f"| {plain(world)} | {truth:.3g} | {yes} of {sets} |" for world, truth, yes, sets in claim.rates.values["power"]
    ]
    return f"{said}\n" + ("\n" + "\n".join(rows) + "\n" if len(rows) > 2 else "")


def public() -> str:
    """What public responses say, from the study's numbers as they are now."""
    sys.path.insert(0, str(HERE.parent / "models"))
    from public_sources.page import NUMBERS, page

    return page(json.loads(NUMBERS.read_text(encoding="utf-8")))


def write(place: Path = PLACE) -> None:
    """Write all pages, those that changed."""
    place.mkdir(exist_ok=True)
    wanted = {"commands": commands(), "public": public(), **claims()}
    for old in place.glob("*.md"):
        if old.stem not in wanted:
            old.unlink()
    for name, text in wanted.items():
        file = place / f"{name}.md"
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
    sys.exit(0)
