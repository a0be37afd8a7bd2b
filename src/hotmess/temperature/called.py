"""What the parameters and effects of the temperature model are called where one of them did not converge."""

from __future__ import annotations

from collections.abc import Sequence

from hotmess.inference.gate import Called

_LENGTHS = {"natural": "natural length", "budget": "the budget's length", "zero": "having no tokens"}
_EFFECTS = {"heat": "log temperature", "lift": "the right answer's score"}
_LEVELS = {
    "mu": "the mean score of the right answer",
    "log_sigma_target": "the spread over questions of the right answer's score",
    "log_sigma_wrong": "the spread of the wrong options' scores",
}


def parameter_words(name: str) -> str:
    """A parameter of a unit in words.

    >>> parameter_words("log_sigma_target"), parameter_words("heat_natural")
    ("the spread over questions of the right answer's score", 'the effect of natural length on log temperature')
    """
    if name in _LEVELS:
        return _LEVELS[name]
    kind, _, feature = name.partition("_")
    return f"the effect of {_LENGTHS.get(feature, feature)} on {_EFFECTS.get(kind, kind)}"


def called(labels: Sequence[str]) -> Called:
    """The variables that a fit's gate judges, in words; labels: of the units.

    >>> called(["owl"])["scales"](grouping="model", effect="lift_budget")
    "the spread between models of the effect of the budget's length on the right answer's score"
    """
    return {
        "theta": lambda unit, parameter: f"{parameter_words(parameter)} in {labels[int(unit)]}",
        "scales": lambda grouping, effect: f"the spread between {grouping}s of {parameter_words(effect)}",
    }
