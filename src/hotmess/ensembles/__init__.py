"""Ensembles of repeated answers: averages and majority votes, from answer distributions and from real responses."""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "averages": ["average", "average_kl"],
        "predicted": ["ensemble_table"],
        "real": ["real_ensembles", "RealEnsembles"],
        "votes": ["vote", "vote_limit"],
    },
)
