"""The templates of the report's pages: values are escaped, one that is missing is an error, no page loads anything."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Any

from hotmess.report.text import visible


def read(name: str) -> str:
    """A template or stylesheet of the package."""
    return files("hotmess.report").joinpath(name).read_text(encoding="utf-8")


def page(name: str, style: str, **values: Any) -> str:
    """A page made of a template with one stylesheet, which its content policy allows by its digest."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=visible, loader=FunctionLoader(read))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return str(environment.get_template(name).render(style=style, style_hash=f"sha256-{digest}", **values))
