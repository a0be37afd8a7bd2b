"""Surveys: raters rank entities by an attribute; a Bayesian rank model of two attributes and their correlation."""

from __future__ import annotations

from hotmess.lazy import Getter, attributes

_HOME = {
    "Rankings": "table",
    "rankings": "table",
    "as_responses": "table",
    "RankFit": "model",
    "fit_rankings": "model",
    "simulate_rankings": "simulate",
    "mean_rank_correlation": "mean_ranks",
}

__all__ = sorted(_HOME)

__getattr__: Getter = attributes(__name__, _HOME)
