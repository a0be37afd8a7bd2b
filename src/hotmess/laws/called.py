"""What the variables of laws are called in words, where one of them did not converge or has too few draws."""

from __future__ import annotations

from collections.abc import Callable

from hotmess.inference.gate import Called
from hotmess.words import population_words


def _about(words: str) -> Callable[..., str]:
    return lambda *, population, **place: words.format(population=population_words(population), **place)


POWER: Called = {
    "level_bias2": _about("the level of bias² in {group} for {population}"),
    "level_variance": _about("the level of variance in {group} for {population}"),
    "alpha_bias2": _about("the exponent of bias² in {group} for {population}"),
    "alpha_variance": _about("the exponent of variance in {group} for {population}"),
    "tau_bias2": _about("the spread between groups of exponents of bias² for {population}"),
    "tau_variance": _about("the spread between groups of exponents of variance for {population}"),
    "u_level": _about("the models' scatter around the power law of the error's level for {population}"),
    "u_ratio": _about("the models' scatter around the power law of variance / bias² for {population}"),
    "e_level": _about("the cells' scatter around the power law of the error's level for {population}"),
    "e_ratio": _about("the cells' scatter around the power law of variance / bias² for {population}"),
    "rho_alpha": _about("the correlation of exponents of bias² and variance for {population}"),
    "rho_u": _about("the correlation of the models' scatter for {population}"),
}
LENGTH: Called = {
    "level": _about("incoherence at the mean length of {arm} ({shape} law, {population})"),
    "slope": _about("the slope on log length of {arm} ({shape} law, {population})"),
    "slope_per_sd": _about("the slope on standardised log length of {arm} ({shape} law, {population})"),
    "spread": _about("the spread between arms of slopes on log length ({shape} law, {population})"),
}
EMBEDDINGS: Called = {
    "slope": _about("the slope of log variance on log length of {arm} for {population}"),
    "level": "the log variance at the mean length of {arm}".format,
    "line": "the slope of the line of {arm}".format,
    "tau": "the scatter of questions around their line".format,
    "omega": "the spread between arms of slopes".format,
}
OPTIMIZER: Called = {
    "alpha": "the exponent of {outcome} for these problems and seeds".format,
    "alpha_new": "the exponent of {outcome} for a new problem and seed".format,
    "level": "the level of {outcome}".format,
    "alpha_sd_problem": "the spread between problems of the exponent of {outcome}".format,
    "alpha_sd_sweep": "the spread between seeds of the exponent of {outcome}".format,
    "level_sd_size": "the spread between sizes of the level of {outcome}".format,
    "level_sd_model": "the spread between models of the level of {outcome}".format,
}
