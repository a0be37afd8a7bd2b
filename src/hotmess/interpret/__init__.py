"""Reading a fit: predictions, comparisons and slopes of error, bias², variance and incoherence over any covariate.

Every function takes a `Fit`, a `Study` or `Responses`, averages over questions (each draw with one set of question
weights, the same for every model and setting, which pairs them), and returns a table with the posterior and, beside it,
the unbiased estimate without a model.
"""

from __future__ import annotations

from hotmess.lazy import Getter, attributes

_HOME = {
    "predictions": "tables",
    "comparisons": "tables",
    "slopes": "tables",
    "compare": "compare",
    "Comparison": "compare",
    "sets_of": "sets",
    "Sets": "sets",
}

__all__ = sorted(_HOME)

__getattr__: Getter = attributes(__name__, _HOME)
