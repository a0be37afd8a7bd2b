"""What several formats look up in the same way: digests of texts, and files that stand beside the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hotmess.responses.formats.hostile import text_hash
from hotmess.responses.layouts.paths import Scope


def digest(*paths: str) -> Any:
    """A digest of the texts at some paths: copies are told by it, and the text is not kept."""

    def of(row: Scope) -> int | None:
        texts = [found for path in paths if isinstance(found := row.get(path), str)]
        return text_hash(texts) if texts else None

    return of


def beside(path: Path, name: str) -> dict[str, Any]:
    """A JSON object in a file beside another; an empty one where there is none that is sound."""
    try:
        found = json.loads((path.parent / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
