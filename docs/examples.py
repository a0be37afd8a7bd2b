"""Run the examples of the documentation, and hold what they print against what the pages show.

    python docs/examples.py              check every page
    python docs/examples.py --update     write what is printed now into the pages

In a page, ```python blocks run one after the other in one namespace; in ```shell blocks every line that begins with
`hotmess` runs as a command, and other lines (pip, make, git) are for the reader. A ```text block after either is what
it prints: words must agree, numbers within a twentieth. A block whose info has a file name after the language is
written to that file. Every page has a folder of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import re
import shlex
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
FENCE = re.compile(r"^```(\w*)[ \t]*([^\n`]*)\n(.*?)^```[ \t]*$", re.S | re.M)
NUMBER = re.compile(r"[-−+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Block:
    """A fenced block: language, the rest of its info string, text, and where the text stands in the page."""

    language: str
    info: str
    text: str
    start: int
    end: int
    line: int


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page."""
    found = []
    for m in FENCE.finditer(page):
        found.append(Block(m[1], m[2].strip(), m[3], m.start(3), m.end(3), page.count("\n", 0, m.start()) + 1))
    return found


def pages() -> list[Path]:
    """Every page with something to run, and the README."""
    every = [*sorted(HERE.glob("*.md")), *sorted(HERE.glob("howto/*.md")), HERE.parent / "README.md"]
    return [p for p in every if any(b.language in ("python", "shell") for b in blocks(p.read_text(encoding="utf-8")))]


def run_python(text: str, space: dict[str, object], name: str) -> str:
    """What a block of Python prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(text, name, "exec"), space)
    return out.getvalue()


def run_shell(text: str) -> str:
    """What the `hotmess` commands of a block print; a command that fails raises."""
    from hotmess.cli import main

    out = ""
    for line in text.replace("\\\n", " ").splitlines():
        if not line.startswith("hotmess "):
            continue
        said, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(errors):
            code = main(shlex.split(line, comments=True)[1:])
        if code:
            raise AssertionError(f"{line}: exit code {code}: {errors.getvalue().strip()}")
        out += said.getvalue()
    return out


def agree(shown: str, printed: str) -> str:
    """Empty where the two agree: words equal, numbers within a twentieth or 0.02; else what differs first."""
    one, other = shown.split(), printed.split()
    for a, b in zip(one, other):
        if a == b:
            continue
        if NUMBER.sub("#", a) != NUMBER.sub("#", b):
            return f"{a!r} is shown, {b!r} is printed"
        for x, y in zip(NUMBER.findall(a), NUMBER.findall(b)):
            p, q = (float(v.replace(",", "").replace("−", "-")) for v in (x, y))
            if not math.isclose(p, q, rel_tol=0.05, abs_tol=0.02):
                return f"{x} is shown, {y} is printed"
    return "" if len(one) == len(other) else f"{len(one)} words are shown, {len(other)} printed"


def run_page(path: Path, *, update: bool = False) -> list[str]:
    """Run a page in an empty folder; what does not hold, in sentences."""
    page = path.read_text(encoding="utf-8")
    space: dict[str, object] = {"__name__": "page"}
    wrong, changes, printed = [], [], None
    back = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for block in blocks(page):
                place = f"{path.name}, line {block.line}"
                if block.language in ("python", "shell") and not block.info:
                    try:
                        run = run_shell(block.text) if block.language == "shell" else None
                        printed = run if run is not None else run_python(block.text, space, place)
                    except Exception as error:
                        return [*wrong, f"{place}: {error!r}\n{traceback.format_exc(limit=-3)}"]
                elif block.info:
                    Path(block.info).parent.mkdir(parents=True, exist_ok=True)
                    Path(block.info).write_text(block.text, encoding="utf-8")
                elif block.language == "text" and printed is not None:
                    differs = agree(block.text, printed)
                    if update:
                        changes.append((block.start, block.end, printed.rstrip() + "\n"))
                    elif differs:
                        wrong.append(f"{place}: {differs}")
                    printed = None
        finally:
            os.chdir(back)
    now = page
    for start, end, text in reversed(changes):
        now = now[:start] + text + now[end:]
    if now != page:
        path.write_text(now, encoding="utf-8")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path, help="default: all")
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    wrong = []
    for page in [p.resolve() for p in args.pages] or pages():
        found = run_page(page, update=args.update)
        print(f"{page.name}: {'ok' if not found else 'wrong'}", flush=True)
        wrong += found
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
