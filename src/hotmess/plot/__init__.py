"""Figures as functions: each takes a study, fit, law or contrast and returns matplotlib axes.

Every figure has a table function beside it (`power_laws` and `power_laws_table`), and draws what that table holds and
nothing else; `predictions`, `comparisons` and `compare` take what the functions of `hotmess.interpret` return. Figures
are made without pyplot: no window opens, no global setting changes; save one by
`hotmess.plot.save(axes, "figure.pdf")`.

With `ax=` a figure is drawn into one of yours: in place of axes that `plt.subplots` made, which go (a figure may need
several panels; those it made are returned), or in a figure or subfigure. A figure with `layout="constrained"` leaves
room for legends.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checks": ["posterior_checks", "posterior_checks_table"],
        "contrast": ["natural_contrast", "natural_contrast_table"],
        "diagnostics": ["ranks", "ranks_table"],
        "ensembles": ["real_ensembles", "real_ensembles_table"],
        "interpret": ["predictions", "comparisons", "compare"],
        "length": ["incoherence_against_length", "incoherence_against_length_table"],
        "models": ["incoherence_by_model", "incoherence_by_model_table", "model_records"],
        "overthinking": ["overthinking_slopes", "overthinking_slopes_table", "dose_response", "dose_response_table"],
        "plane": ["bias_variance_plane", "bias_variance_plane_table"],
        "prior": ["answer_prior", "answer_prior_table", "length_prior", "length_prior_table"],
        "relations": [
            "length_correlation",
            "length_correlation_table",
            "length_size_surface",
            "length_size_surface_table",
            "movement_by_size",
            "movement_by_size_table",
            "wait_ratio_table",
            "wait_ratios",
        ],
        "reliability": ["pass_curves", "pass_curves_table", "source_shares", "source_shares_table"],
        "samples": ["changed_answers", "changed_answers_table", "sample_efficiency", "sample_efficiency_table"],
        "scale": ["power_laws", "power_laws_table"],
        "signatures": ["failure_signatures", "failure_signatures_table"],
        "style": ["figure_of", "save"],
    },
)
