"""The table of worlds: name, recipe, and what is true there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hotmess.errors import BadInput
from hotmess.simulate.answers import Answers, answers
from hotmess.simulate.lengths import (
    Between,
    Follows,
    Sized,
    follows_answer,
    length_and_size,
    noisy_length,
    regression_to_mean,
)
from hotmess.simulate.overthinking import Temperature, temperature
from hotmess.simulate.scale import Scale, scale
from hotmess.simulate.world import World


@dataclass(frozen=True)
class Recipe:
    """How to draw a world's data sets: `draw(parameters, seed=…)`; `about` says what is true there."""

    about: str
    draw: Callable[..., World]
    parameters: Any
    kind: str


def _regression(parameters: Temperature, *, seed: int) -> World:
    return regression_to_mean(questions=parameters.questions, samples=parameters.samples, base=parameters, seed=seed)


def _overthinking(about: str, **changes: float) -> Recipe:
    return Recipe(about, temperature, Temperature(**changes), "overthinking")  # type: ignore[arg-type]


def _follows(about: str, **changes: float) -> Recipe:
    return Recipe(about, follows_answer, Follows(**changes), "overthinking")  # type: ignore[arg-type]


def _sized(about: str, **changes: Any) -> Recipe:
    return Recipe(about, length_and_size, Sized(**changes), "between")


def _scale(about: str, **changes: Any) -> Recipe:
    return Recipe(about, scale, Scale(**changes), "scale")


def _answers(about: str, **changes: Any) -> Recipe:
    return Recipe(about, answers, Answers(**changes), "answers")


WORLDS: dict[str, Recipe] = {
    "natural-only": _overthinking("Longer responses are hotter; the budget does nothing.", heat_nat=0.35),
    "budget-only": _overthinking("Budgets make answers colder; natural length does nothing.", heat_bud=-0.3),
    "both": _overthinking(
        "Longer responses are much hotter; budgets make answers a little colder.", heat_nat=0.35, heat_bud=-0.1
    ),
    "neither": _overthinking("Length has no effect at all, natural or budgeted."),
    "equal": _overthinking(
        "Boundary: a doubling of natural length and of the budget do the same.", heat_nat=0.3, heat_bud=0.3
    ),
    "mirror": _overthinking("Longer responses are colder, larger budgets hotter.", heat_nat=-0.35, heat_bud=0.3),
    "accuracy-only": _overthinking(
        "Longer responses are less often right, larger budgets more often; nothing gets hotter.",
        lift_nat=-0.6,
        lift_bud=0.3,
    ),
    "difficulty-drives-both": _overthinking(
        "Harder questions take longer and are less stable; within a question length does nothing.",
        length_difficulty=-1.0,
        unstable_difficulty=0.3,
    ),
    "wrong-longer": _follows("All wrong runs are longer by a common lognormal factor.", longer=0.6),
    "wrong-shorter": _follows("All wrong runs are shorter by a common lognormal factor.", longer=-0.6),
    "wrong-longer-unequal": _follows(
        "Wrong runs are longer and more spread out.", longer=0.4, spread=0.5, spread_wrong=0.8
    ),
    "wrong-shorter-unequal": _follows(
        "Wrong runs are shorter and less spread out.", longer=-0.4, spread=0.8, spread_wrong=0.5
    ),
    "option-lengths": _follows("Each wrong option has a length of its own.", longer=0.0, by_option=0.6),
    "noisy-length": Recipe(
        "Incoherence is length to the power 0.5 between questions, each run a noisy reading of the length.",
        noisy_length,
        Between(),
        "between",
    ),
    "no-law": Recipe(
        "Incoherence does not depend on length between questions.", noisy_length, Between(slope=0.0), "between"
    ),
    "negative-law": Recipe("Longer questions are less incoherent.", noisy_length, Between(slope=-0.4), "between"),
    "odds-law": Recipe(
        "The odds of incoherence are length to the power 0.5 between questions.",
        noisy_length,
        Between(law="odds"),
        "between",
    ),
    "plateau-law": Recipe(
        "Incoherence rises with length up to the middle length and no further.",
        noisy_length,
        Between(slope=0.8, level=0.6, law="plateau"),
        "between",
    ),
    "length-not-size": _sized("Longer questions are more incoherent; size has no effect."),
    "size-not-length": _sized(
        "Larger models are more incoherent; length has no effect.", length_slope=0.0, size_slope=0.5
    ),
    "length-and-size": _sized("Boundary: length and size explain as much of incoherence.", size_slope=0.5),
    "neither-length-nor-size": _sized("Incoherence depends neither on length nor on size.", length_slope=0.0),
    "regression-to-mean": Recipe(
        "Two identical models; groups are formed by the first one's observed errors.",
        _regression,
        Temperature(questions=300, samples=5, budgets=1),
        "between",
    ),
    "scale": _scale("With size easy questions become less incoherent, hard ones more."),
    "scale-none": _scale("Size has no effect.", alpha_bias=(0.0,) * 3, alpha_variance=(0.0,) * 3),
    "scale-boundary": _scale("Bias² and variance fall alike: incoherence is constant.", alpha_variance=(0.3,) * 3),
    "scale-mirror": _scale(
        "With size easy questions become more incoherent, hard ones less.", alpha_variance=(0.15, 0.30, 0.45)
    ),
    "scale-accuracy-only": _scale("Size raises accuracy and nothing else.", accuracy_only=True),
    "beta": _answers("Accuracies are Beta, wrong answers Dirichlet: the answer model's own world."),
    "logit-normal": _answers("Accuracies are logit-normal.", kind="logit-normal"),
    "mixture": _answers("Half of the questions are settled, the others are not.", kind="mixture"),
    "correlated-models": _answers("Four models find the same questions hard.", models=4, shared=0.7),
    "contexts": _answers(
        "Ten few-shot contexts, three responses each, move the answers.", contexts=10, concentration=4.0
    ),
    "contexts-none": _answers("Ten few-shot contexts that do not matter.", contexts=10),
}


def simulate(name: str, *, seed: int, **changes: Any) -> World:
    """One data set of a world in `WORLDS`, with some of its parameters changed.

    Raises
    ------
    BadInput
        If there is no such world or no such parameter.

    Examples
    --------
    >>> world = simulate("natural-only", seed=1, questions=20, samples=10)
    >>> world.answer.shape, world.truth["gamma_nat"], world.truth["gamma_bud"]
    ((1, 20, 3, 10), 0.35, 0.0)
    """
    import difflib

    if name not in WORLDS:
        near = difflib.get_close_matches(name, WORLDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(WORLDS)}."
        raise BadInput(f"There is no world {name!r}; {hint}")
    recipe = WORLDS[name]
    parameters = recipe.parameters
    if isinstance(parameters, Follows):
        own = {k: v for k, v in changes.items() if k in Follows.__dataclass_fields__}
        rest = {k: v for k, v in changes.items() if k not in own}
        parameters = _change(parameters, own, name)
        parameters = replace(parameters, base=_change(parameters.base, rest, name))
    else:
        parameters = _change(parameters, changes, name)
    return replace(recipe.draw(parameters, seed=seed), about=recipe.about)


def _change(parameters: Any, changes: dict[str, Any], name: str) -> Any:
    unknown = [k for k in changes if k not in parameters.__dataclass_fields__]
    if unknown:
        raise BadInput(
            f"World {name!r} has no parameter {unknown[0]!r}; it has {', '.join(parameters.__dataclass_fields__)}."
        )
    return replace(parameters, **changes)
