"""Ensembles of repeated answers: averages and majority votes, from answer distributions and from real responses."""

from __future__ import annotations

from hotmess.lazy import Getter, attributes

_HOME = {
    "average": "averages",
    "average_kl": "averages",
    "vote": "votes",
    "vote_limit": "votes",
    "ensemble_table": "predicted",
    "real_ensembles": "real",
    "RealEnsembles": "real",
}

__all__ = sorted(_HOME)

__getattr__: Getter = attributes(__name__, _HOME)
