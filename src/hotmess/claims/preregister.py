"""The hash under which a definition can be published beforehand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def preregister(definition: Mapping[str, Any]) -> str:
    """SHA-256 of a definition as JSON with sorted keys and no spaces.

    >>> preregister({"b": 1, "a": 2}) == preregister({"a": 2, "b": 1})
    True
    """
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
