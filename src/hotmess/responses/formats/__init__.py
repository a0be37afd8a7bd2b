"""Readers of logs: Inspect, lm-evaluation-harness, SWE-bench, Model-Written Evals, and formats of one's own.

See `hotmess.responses.formats.registry.register` for how to add a format in three lines.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "read": ["read_logs"],
        "registry": ["NoResponses", "ReadOptions", "Reader", "find", "forget", "readers", "register"],
    },
)
