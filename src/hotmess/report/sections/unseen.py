"""Free text: how many distinct wrong answers were seen, and how probable a new one is."""

from __future__ import annotations

from hotmess.answers.position_fit import PositionFit
from hotmess.report.section import Context, Section, Table
from hotmess.words import percent, population_words


def unseen(context: Context) -> Section | None:
    """Distinct wrong answers per question and the mass on answers never seen, per model."""
    study = context.study
    if study.responses.outcome != "text":
        return None
    fit = study.fit
    assert isinstance(fit, PositionFit)
    data = fit.new_answers(["model"], population=context.population, interval=context.interval)
    heads = {
        "model": "model",
        "questions": "questions",
        "responses": "responses",
        "distinct": "distinct wrong answers per question",
        "unseen": "probability of a new wrong answer",
    }
    caption = (
        "Distinct wrong answers seen per question (those that could not be read are not counted), and the posterior "
        "probability that one more response to a question would be a wrong answer not seen there, with "
        f"{percent(context.interval)} intervals for {population_words(context.population)}."
    )
    return Section(
        "unseen",
        "Answers not seen yet",
        text=("The set of answers is not bounded: the more distinct wrong answers there are, the more are to come.",),
        tables=(Table("unseen", caption, data, heads, places={"distinct": 1}),),
    )
