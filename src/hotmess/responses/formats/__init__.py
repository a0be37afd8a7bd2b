"""Readers of logs: Inspect, lm-evaluation-harness, SWE-bench, Model-Written Evals, and formats of one's own.

See `hotmess.responses.formats.registry.register` for how to add a format in three lines.
"""

from __future__ import annotations

from hotmess.lazy import Getter, attributes

_HOME = {
    "NoResponses": "registry",
    "ReadOptions": "registry",
    "Reader": "registry",
    "find": "registry",
    "forget": "registry",
    "readers": "registry",
    "register": "registry",
    "read_logs": "read",
}

__all__ = sorted(_HOME)

__getattr__: Getter = attributes(__name__, _HOME)
