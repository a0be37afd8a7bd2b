"""Figures as functions: each takes a study, fit, law or contrast and returns matplotlib axes.

Every figure has a table function beside it (`power_laws` and `power_laws_table`), and draws what that table holds and
nothing else; `predictions`, `comparisons` and `compare` take what the functions of `hotmess.interpret` return. Figures
are made without pyplot: no window opens, no global setting changes; save one by
`hotmess.plot.save(axes, "figure.pdf")`.
"""

from __future__ import annotations

from hotmess.lazy import Getter, attributes

_HOME = {
    "incoherence_by_model": "models",
    "incoherence_by_model_table": "models",
    "model_records": "models",
    "incoherence_against_length": "length",
    "incoherence_against_length_table": "length",
    "length_prior": "prior",
    "length_prior_table": "prior",
    "changed_answers": "samples",
    "changed_answers_table": "samples",
    "sample_efficiency": "samples",
    "sample_efficiency_table": "samples",
    "length_correlation": "relations",
    "length_correlation_table": "relations",
    "length_size_surface": "relations",
    "length_size_surface_table": "relations",
    "movement_by_size": "relations",
    "movement_by_size_table": "relations",
    "wait_ratio_table": "relations",
    "wait_ratios": "relations",
    "failure_signatures": "signatures",
    "failure_signatures_table": "signatures",
    "real_ensembles": "ensembles",
    "real_ensembles_table": "ensembles",
    "power_laws": "scale",
    "power_laws_table": "scale",
    "natural_contrast": "contrast",
    "natural_contrast_table": "contrast",
    "overthinking_slopes": "overthinking",
    "overthinking_slopes_table": "overthinking",
    "dose_response": "overthinking",
    "dose_response_table": "overthinking",
    "bias_variance_plane": "plane",
    "bias_variance_plane_table": "plane",
    "predictions": "interpret",
    "comparisons": "interpret",
    "compare": "interpret",
    "posterior_checks": "checks",
    "posterior_checks_table": "checks",
    "pass_curves": "reliability",
    "pass_curves_table": "reliability",
    "source_shares": "reliability",
    "source_shares_table": "reliability",
    "figure_of": "style",
    "save": "style",
    "ranks": "diagnostics",
    "ranks_table": "diagnostics",
}

__all__ = sorted(_HOME)

__getattr__: Getter = attributes(__name__, _HOME)
