"""Posteriors for bias, variance and incoherence of language model failures.

    import hotmess as hm

    responses = hm.read("logs/")
    fit = hm.fit(responses)
    verdict = hm.test("natural-overthinking", responses)

Everything is imported on first use, so that `import hotmess` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

__version__ = "0.2.0"

_WHERE = {
    "answers.fit": ["fit"],
    "answers.posterior": ["Fit"],
    "answers.prior": ["AnswerPrior"],
    "answers.signatures": ["triage"],
    "checks.predictive": ["Checks", "check"],
    "claims.api": ["test"],
    "claims.claim": ["Claim"],
    "claims.study": ["Study"],
    "claims.verdict": ["Verdict"],
    "decompose.records": ["decompose"],
    "design.planning": ["Design", "plan"],
    "errors": ["BadInput", "NotTestable"],
    "examples": ["example"],
    "interpret.compare": ["compare", "Comparison"],
    "laws.contrast": ["Contrast", "natural_contrast"],
    "laws.length": ["LengthLaw", "length_law"],
    "laws.length_prior": ["LengthPrior"],
    "laws.power": ["PowerLaws", "power_laws"],
    "laws.power_model": ["LawPrior"],
    "laws.samples": ["sample_size", "subset_spread"],
    "pymc_models": ["pymc_model"],
    "pymc_models.sample": ["sample_pymc"],
    "report.api": ["report"],
    "responses.cells": ["Cells", "reduce"],
    "responses.own": ["add_outcome"],
    "responses.read": ["read"],
    "responses.table": ["Responses"],
    "runs.decision": ["decision_study"],
    "runs.judges": ["Judged", "judged"],
    "runs.modes": ["Modes", "modes"],
    "runs.reliability": ["Reliability", "reliability"],
    "runs.sources": ["Sources", "sources"],
    "saved": ["load"],
}
_MODULES = ("claims", "ensembles", "interpret", "plot", "simulate")

__all__ = [
    "AnswerPrior",
    "BadInput",
    "Cells",
    "Checks",
    "Claim",
    "Comparison",
    "Contrast",
    "Design",
    "Fit",
    "Judged",
    "LawPrior",
    "LengthLaw",
    "LengthPrior",
    "Modes",
    "NotTestable",
    "PowerLaws",
    "Reliability",
    "Responses",
    "Sources",
    "Study",
    "Verdict",
    "__version__",
    "add_outcome",
    "check",
    "claims",
    "compare",
    "decision_study",
    "decompose",
    "ensembles",
    "example",
    "fit",
    "interpret",
    "judged",
    "length_law",
    "load",
    "modes",
    "natural_contrast",
    "plan",
    "plot",
    "power_laws",
    "pymc_model",
    "read",
    "reduce",
    "reliability",
    "report",
    "sample_pymc",
    "sample_size",
    "simulate",
    "sources",
    "subset_spread",
    "test",
    "triage",
]

if TYPE_CHECKING:
    from hotmess.answers.fit import fit
    from hotmess.answers.posterior import Fit
    from hotmess.answers.prior import AnswerPrior
    from hotmess.answers.signatures import triage
    from hotmess.checks.predictive import Checks, check
    from hotmess.claims.api import test
    from hotmess.claims.claim import Claim
    from hotmess.claims.study import Study
    from hotmess.claims.verdict import Verdict
    from hotmess.decompose.records import decompose
    from hotmess.design.planning import Design, plan
    from hotmess.errors import BadInput, NotTestable
    from hotmess.examples import example
    from hotmess.interpret.compare import Comparison, compare
    from hotmess.laws.contrast import Contrast, natural_contrast
    from hotmess.laws.length import LengthLaw, length_law
    from hotmess.laws.length_prior import LengthPrior
    from hotmess.laws.power import PowerLaws, power_laws
    from hotmess.laws.power_model import LawPrior
    from hotmess.laws.samples import sample_size, subset_spread
    from hotmess.pymc_models import pymc_model
    from hotmess.pymc_models.sample import sample_pymc
    from hotmess.report.api import report
    from hotmess.responses.cells import Cells, reduce
    from hotmess.responses.own import add_outcome
    from hotmess.responses.read import read
    from hotmess.responses.table import Responses
    from hotmess.runs.decision import decision_study
    from hotmess.runs.judges import Judged, judged
    from hotmess.runs.modes import Modes, modes
    from hotmess.runs.reliability import Reliability, reliability
    from hotmess.runs.sources import Sources, sources
    from hotmess.saved import load

__getattr__, _, _ = lazy_loader.attach(__name__, _MODULES, _WHERE)


def __dir__() -> list[str]:
    return sorted(__all__)
