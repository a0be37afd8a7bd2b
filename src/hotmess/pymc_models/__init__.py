"""The models once more, in PyMC, written from the methods page alone: an independent check, and a start for extensions.

    model = hm.pymc_model("answers", responses, formula="difficulty * log(model_size_b)")
    with model:
        ...                               # add what is yours
    tree = hm.sample_pymc(model, seed=1)  # nutpie

A model here states every latent quantity and observes every count: nothing is integrated out by hand, so its posterior
predictive draws and log likelihoods are PyMC's own. The collapsed models are the quicker ones; these agree with them
(`reports/studies/backends.md`).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput

if TYPE_CHECKING:
    import pymc as pm

KINDS = {
    "answers": ("hotmess.pymc_models.answers", "answer_model"),
    "power-laws": ("hotmess.pymc_models.power", "power_model"),
    "temperature": ("hotmess.pymc_models.temperature", "temperature_model"),
    "probability-vectors": ("hotmess.pymc_models.probabilities", "probability_model"),
}
"""Kinds of model: name -> (module, function)."""


def pymc_model(kind: str, about: Any, **options: Any) -> pm.Model:
    """A PyMC model object.

    Parameters
    ----------
    kind
        `answers` (nested Dirichlet; responses or cells), `power-laws` (a fit, or `LawData`), `temperature` (responses
        with lengths, or `LengthData`), `probability-vectors` (an array of them, with `cell` and `real`).
    about
        What it is about, as above.
    options
        Of the function behind the kind, see `KINDS`.

    Raises
    ------
    BadInput
        For a kind that does not exist, or data that it cannot take.
    """
    from difflib import get_close_matches

    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(KINDS)}."
        raise BadInput(f"There is no PyMC model {kind!r}; {hint}")
    module, function = KINDS[kind]
    model: pm.Model = getattr(importlib.import_module(module), function)(about, **options)
    return model
