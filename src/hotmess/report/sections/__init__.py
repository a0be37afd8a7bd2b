"""The report's sections: small functions `(context) -> Section | None`, called in order.

None: nothing to say about these data. A function may raise `NotTestable` or `BadInput`: its sentence stands in the
report in the section's place. A new part adds itself as one function to the list.
"""

from __future__ import annotations

from collections.abc import Callable

from hotmess.report.section import Context, Section
from hotmess.report.sections import (
    account,
    answers,
    between,
    checks,
    ensembles,
    overthinking,
    relations,
    reliability,
    samples,
    scale,
    signatures,
    survey,
    unseen,
    within,
)

SECTIONS: list[tuple[str, str, Callable[[Context], Section | None]]] = [
    ("models", "Bias, variance and incoherence of each model", answers.models),
    ("questions", "Questions", answers.questions),
    ("unseen", "Answers not seen yet", unseen.unseen),
    ("signatures", "How questions fail", signatures.signatures),
    ("reliability", "Will it be right the next time?", reliability.reliability_section),
    ("sources", "Sources of variance", reliability.sources_section),
    ("length", "Length between questions", between.length),
    ("natural", "Length within questions", within.natural),
    ("overthinking", "Natural against budgeted length", overthinking.overthinking),
    ("scale", "Model size", scale.size),
    ("relations", "Lengths, sizes, words", relations.relations),
    ("survey", "Survey", survey.survey),
    ("samples", "Samples", samples.samples),
    ("ensembles", "Ensembles", ensembles.ensembles),
    ("checks", "Does the model make such data?", checks.checks),
    ("diagnostics", "Diagnostics", account.diagnostics),
    ("data", "Data", account.data),
]
"""(name, title, function): name and title are also those of what takes the place of a section that is not testable."""
