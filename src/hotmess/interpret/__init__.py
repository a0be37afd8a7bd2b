"""Reading a fit: predictions, comparisons and slopes of error, bias², variance and incoherence over any covariate.

Every function takes a `Fit`, a `Study` or `Responses`, averages over questions (each draw with one set of question
weights, the same for every model and setting, which pairs them), and returns a table with the posterior and, beside it,
the unbiased estimate without a model.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "compare": ["compare", "Comparison"],
        "sets": ["sets_of", "Sets"],
        "tables": ["predictions", "comparisons", "slopes"],
    },
)
