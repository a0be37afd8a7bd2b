"""Sphinx: `make docs` builds the site offline, with warnings as errors."""

from __future__ import annotations

import re
import types
from importlib.metadata import version as installed
from typing import Any

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


def more(page: str) -> str:
    """Directives for public names that the reference does not list, so that none is forgotten."""
    import hotmess as hm

    listed = {name.rpartition(".")[2] for name in re.findall(r"auto\w+:: ([\w.]+)", page)}
    lines = []
    for name in sorted(set(hm.__all__) - listed):
        value = getattr(hm, name)
        if isinstance(value, type):
            lines.append(f".. auto{'exception' if issubclass(value, Exception) else 'class'}:: hotmess.{name}")
        elif isinstance(value, types.FunctionType):
            lines.append(f".. autofunction:: hotmess.{name}")
    return "## More\n\n```{eval-rst}\n" + "\n".join(lines) + "\n```\n" if lines else ""


def whole_reference(app: Any, name: str, source: list[str]) -> None:
    """Add what the reference does not list."""
    if name == "api":
        source[0] += "\n" + more(source[0])


def whole_contents(app: Any, name: str, source: list[str]) -> None:
    """Add pages that the index does not list, so that none is out of reach."""
    if name == "index":
        strange = [d for d in sorted(app.env.found_docs) if d != "index" and not re.search(rf"(?m)^{d}$", source[0])]
        if strange:
            source[0] += "\n```{toctree}\n:caption: More\n:maxdepth: 1\n\n" + "\n".join(strange) + "\n```\n"


def setup(app: Any) -> None:
    app.connect("source-read", whole_contents)
    app.connect("autodoc-process-docstring", as_written, priority=100)
    app.connect("source-read", whole_reference)
