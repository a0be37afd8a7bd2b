"""Sphinx: `make docs` builds the site offline, with warnings as errors."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

project = "hotmess"
author = "the hotmess maintainers"
copyright = "the hotmess maintainers, Apache-2.0"
release = version = installed("hotmess")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
default_role = "code"
nitpicky = False
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "hotmess"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["site"]
html_css_files = ["site.css"]
# Quotes and ellipses, not dashes: `--summary` outside code stays what one types.
smartquotes_action = "qe"
# The system's own fonts: no page asks the network for anything.
html_theme_options = {
    "light_css_variables": {"font-stack": "system-ui, sans-serif", "font-stack--monospace": "ui-monospace, monospace"},
}


def as_written(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are prose: bars, stars and trailing underscores in them are what they look like."""
    for i, line in enumerate(lines):
        if line.lstrip().startswith((">>>", "...")):
            continue
        pieces = re.split(r"(`[^`]*`)", line)
        pieces[::2] = [re.sub(r"(?<=\w)_(?!\w)", r"\\_", re.sub(r"[|*]", r"\\\g<0>", p)) for p in pieces[::2]]
        lines[i] = "".join(pieces)


def made_pages(app: Any) -> None:
    """Write the pages that the package itself writes."""
    import pages

    pages.write()


def whole_contents(app: Any, name: str, source: list[str]) -> None:
    """Add pages that neither the index nor the page of claims lists, so that none is out of reach."""
    if name == "index":
        strange = [
            d
            for d in sorted(app.env.found_docs)
            if not (d == "index" or d.startswith("made/claim-") or re.search(rf"(?m)^{d}$", source[0]))
        ]
        if strange:
            source[0] += "\n```{toctree}\n:caption: More\n:maxdepth: 1\n\n" + "\n".join(strange) + "\n```\n"


REACHED = (
    ('<p class="caption" role="heading">', '<p class="caption" role="heading" aria-level="2">'),
    ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="All pages">'),
    ('<aside class="toc-drawer', '<aside aria-label="On this page" class="toc-drawer'),
    ("<pre>", '<pre tabindex="0">'),
    ('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
)
"""What the theme leaves without a level, a name or the keyboard."""


def reached(app: Any, failed: Exception | None) -> None:
    """Give headings their level, landmarks their names, and what scrolls the keyboard."""
    if failed is None:
        for file in Path(app.outdir).rglob("*.html"):
            text = file.read_text(encoding="utf-8")
            for old, new in REACHED:
                text = text.replace(old, new)
            file.write_text(text, encoding="utf-8")


def setup(app: Any) -> None:
    app.connect("source-read", whole_contents)
    app.connect("autodoc-process-docstring", as_written, priority=100)
    app.connect("builder-inited", made_pages)
    app.connect("build-finished", reached)
