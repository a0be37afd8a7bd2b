"""The report: one HTML page that stands alone, its numbers as JSON, its posteriors as netCDF.

The package itself can be called: `hotmess.report(responses, to="folder")` is `hotmess.report.api.report`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A package that is also the function of its name, whichever of the two was imported first."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from hotmess.report.api import report

        return report(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
