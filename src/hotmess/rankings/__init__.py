"""Surveys: raters rank entities by an attribute; a Bayesian rank model of two attributes and their correlation."""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "mean_ranks": ["mean_rank_correlation"],
        "model": ["RankFit", "fit_rankings"],
        "simulate": ["simulate_rankings"],
        "table": ["Rankings", "rankings", "as_responses"],
    },
)
