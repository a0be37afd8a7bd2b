"""What a study takes over from fits and laws that were made before: all that made them, or a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput, NotTestable
from hotmess.words import join

if TYPE_CHECKING:
    from hotmess.answers.answer_posterior import AnswerPosterior
    from hotmess.claims.study import Study
    from hotmess.inference.spec import Spec
    from hotmess.temperature.posterior import LengthFit


def study_of(made: Sequence[Any], settings: Mapping[str, Any]) -> Study:
    """A study of what fits and laws were fitted to, with the settings that made them; they are used as they are.

    settings: further ones of the `Study`.

    Raises
    ------
    BadInput
        For what is neither fit nor law; what was fitted to cells, or to other responses than the rest; what was made
        in a way that claims cannot follow; settings that disagree.
    """
    from hotmess.claims.study import Study
    from hotmess.responses.table import Responses

    told: dict[str, Any] = {}
    usual: list[dict[str, Any]] = []
    source, ready = None, {}
    for one in made:
        key, answers = _kind(one), _answers(one)
        if not isinstance(answers.source, Responses):
            raise BadInput(
                "The responses are not kept with this (it was made of cells or a table, or loaded): test the claim on "
                "a Study of the responses."
            )
        if source is not None and source is not answers.source and not source.table.equals(answers.source.table):
            raise BadInput("These were fitted to different responses; test a claim on each by itself.")
        source = answers.source if source is None else source
        for name, value in carried(one).items():
            if name in told and told[name] != value:
                raise BadInput(
                    f"One of these was made with {_said(name, told[name])} and another with {_said(name, value)}: make "
                    "them alike, or test a claim on each by itself."
                )
            told[name] = value
        usual.append(_usual(one))
        ready[key] = _ready(one) if key == "temperature" else one
        if key == "contrast":
            ready["halves"] = answers.cells
    for name, value in settings.items():
        the_same = value is not None and all(one.get(name) == value for one in usual)
        if name in told and told[name] != value and not (told[name] is None and the_same):
            raise BadInput(
                f"This was made with {_said(name, told[name])}, and {_said(name, value)} was asked for: make it again "
                f"so, or leave {name} out."
            )
    if source is None:
        raise BadInput("There is nothing to study: give responses, a study, a fit or laws.")
    study = Study(source, **dict(settings) | told)
    study.made.update(ready)
    return study


def carried(one: Any) -> dict[str, Any]:
    """The settings of a `Study` that make a fit or law again.

    >>> import hotmess as hm
    >>> told = carried(hm.fit(hm.example(), seed=3, draws=50))
    >>> told["seed"], told["draws"], told["engine"]
    (3, 50, None)

    Raises
    ------
    BadInput
        For a setting that claims cannot follow.
    """
    answers = _answers(one)
    spec = answers.spec
    if _kind(one) == "temperature":
        return _carried_of_lengths(one)
    out = {name: getattr(spec, name) for name in ("seed", "draws", "warmup", "chains", "backend")}
    usual = _usual(one)
    out["prior"] = None if spec.prior == usual["prior"] else spec.prior
    out["engine"] = None if spec.engine == usual["engine"] else spec.engine
    _refuse_unparsable(spec, bool((answers.cells.table["unparsable"] > 0).any()))
    kind = _kind(one)
    if kind == "fit":
        _refuse_division(answers)
    if kind == "power_laws":
        if one.over != "model_size_b":
            raise BadInput(
                f"These laws are over {one.over}, and claims about scale are over model_size_b: read the responses "
                f"with {one.over} as model_size_b."
            )
        out |= {"law_prior": one.prior, "law_by": one.by, "metric": one.spec.options["metric"]}
    if kind == "length_law":
        options = dict(one.spec.options)
        out |= {"length_prior": one.prior, "metric": options.pop("metric"), "length_options": options}
    return out


def _usual(one: Any) -> dict[str, Any]:
    """What None stands for in a study: the default prior, and the engine that fits unpooled answers."""
    from hotmess.answers.posterior import Fit
    from hotmess.answers.prior import AnswerPrior
    from hotmess.temperature.prior import TemperaturePrior

    if _kind(one) == "temperature":
        return {"temperature_prior": TemperaturePrior()}
    letters = isinstance(answers := _answers(one), Fit)
    prior = answers.letters.prior if letters else AnswerPrior()
    return {"prior": prior, "engine": "grid" if letters else "gibbs"}


def _carried_of_lengths(fit: LengthFit) -> dict[str, Any]:
    """Of a fit of answers and lengths; claims are of one unit per model and condition, unparsable answers uniform."""
    spec, options = fit.spec, fit.spec.options or {}
    _refuse_unparsable(spec, bool((fit.source.table["answer"] < 0).any()))
    own = fit.source.length
    for differs, made, instead in (
        (
            not options["pool"] and fit.lengths.cells["benchmark"].nunique() > 1,
            "a unit for each benchmark",
            "pool=True",
        ),
        (not options["contexts"] and fit.lengths.contexts is not None, "contexts=False", "contexts=True"),
        (options["length"] != own, f"lengths in {options['length']}, not {own}", f"length={own!r}"),
    ):
        if differs:
            raise BadInput(
                f"This fit was made with {made}, which claims cannot follow: fit again with {instead}, or give the "
                "responses."
            )
    out = {name: getattr(spec, name) for name in ("seed", "draws", "chains", "warmup")}
    return {**out, "temperature_prior": None if spec.prior == _usual(fit)["temperature_prior"] else spec.prior}


def _ready(fit: LengthFit) -> LengthFit | NotTestable:
    """The fit, or why claims can say nothing of such responses: what they would be told before one is made."""
    from hotmess.temperature.ready import check_draws, check_ready

    try:
        check_ready(fit.source)
        check_draws(fit.spec.draws, fit.spec.chains)
    except NotTestable as reason:
        return reason
    return fit


def _kind(one: Any) -> str:
    """Under which name a study keeps it."""
    from hotmess.answers.posterior import Fit
    from hotmess.answers.vectors import VectorFit
    from hotmess.laws.contrast import Contrast
    from hotmess.laws.length import LengthLaw
    from hotmess.laws.power import PowerLaws
    from hotmess.temperature.posterior import LengthFit

    kinds = {PowerLaws: "power_laws", LengthLaw: "length_law", Contrast: "contrast", Fit: "fit", VectorFit: "fit"}
    for kind, name in (kinds | {LengthFit: "temperature"}).items():
        if isinstance(one, kind):
            return name
    raise BadInput(
        f"A claim is tested on responses, a study, a fit or laws, not on {type(one).__name__}: hotmess.read makes "
        "responses of files and data frames."
    )


def _answers(one: Any) -> Any:
    """The posterior of answers: itself, or that beneath a law."""
    answers = one if _kind(one) in ("fit", "temperature") else one.fit
    if answers is None:
        raise BadInput("This contrast is without a model, and claims rest on a latent one: give the responses.")
    return answers


def _refuse_unparsable(spec: Spec, some: bool) -> None:
    if spec.unparsable != "uniform" and some:
        raise BadInput(
            f"In this fit unparsable responses are {spec.unparsable!r}, and in the estimates without a model that "
            "stand beside a claim they are 'uniform': fit again with unparsable='uniform'; claims look themselves "
            "whether it matters."
        )


def _refuse_division(answers: AnswerPosterior) -> None:
    """Claims tell groups apart themselves and pool none; tuning of one sampler goes with no other fit."""
    spec = answers.spec
    given = {"formula": spec.formula, "by": spec.by, "groups": spec.groups, "options": spec.options}
    named = [name for name, value in given.items() if value]
    if named:
        raise BadInput(
            f"This fit was made with {join([_said(name, given[name]) for name in named])}, and claims divide and pool "
            f"answers in ways of their own: fit again without {join(named)}, or give the responses."
        )


def _said(name: str, value: Any) -> str:
    """A setting in words; of a prior only what is not its default.

    >>> _said("draws", 50)
    'draws=50'
    """
    if hasattr(value, "__dataclass_fields__"):
        plain = type(value)()
        own = [f for f in fields(value) if getattr(value, f.name) != getattr(plain, f.name)]
        inside = ", ".join(f"{f.name}={getattr(value, f.name)!r}" for f in own)
        return f"{name}={type(value).__name__}({inside})"
    return f"{name}={value!r}"
