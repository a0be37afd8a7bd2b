"""Posteriors for bias, variance and incoherence of language model failures.

    import hotmess as hm

    responses = hm.read("logs/")
    fit = hm.fit(responses)
    verdict = hm.test("natural-overthinking", responses)

Everything is imported on first use, so that `import hotmess` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "BadInput": "hotmess.errors",
    "NotTestable": "hotmess.errors",
    "read": "hotmess.responses.read",
    "add_outcome": "hotmess.responses.own",
    "Responses": "hotmess.responses.table",
    "Cells": "hotmess.responses.cells",
    "reduce": "hotmess.responses.cells",
    "decompose": "hotmess.decompose.records",
    "Checks": "hotmess.checks.predictive",
    "check": "hotmess.checks.predictive",
    "pymc_model": "hotmess.pymc_models",
    "sample_pymc": "hotmess.pymc_models.sample",
    "Design": "hotmess.design.planning",
    "Fit": "hotmess.answers.posterior",
    "plan": "hotmess.design.planning",
    "fit": "hotmess.answers.fit",
    "load": "hotmess.saved",
    "triage": "hotmess.answers.signatures",
    "sample_size": "hotmess.laws.samples",
    "subset_spread": "hotmess.laws.samples",
    "LawPrior": "hotmess.laws.power_model",
    "LengthPrior": "hotmess.laws.length_prior",
    "PowerLaws": "hotmess.laws.power",
    "power_laws": "hotmess.laws.power",
    "LengthLaw": "hotmess.laws.length",
    "length_law": "hotmess.laws.length",
    "Contrast": "hotmess.laws.contrast",
    "natural_contrast": "hotmess.laws.contrast",
    "Claim": "hotmess.claims.claim",
    "Verdict": "hotmess.claims.verdict",
    "Study": "hotmess.claims.study",
    "test": "hotmess.claims.api",
    "report": "hotmess.report.api",
    "Reliability": "hotmess.runs.reliability",
    "reliability": "hotmess.runs.reliability",
    "Judged": "hotmess.runs.judges",
    "judged": "hotmess.runs.judges",
    "decision_study": "hotmess.runs.decision",
    "Modes": "hotmess.runs.modes",
    "modes": "hotmess.runs.modes",
    "Sources": "hotmess.runs.sources",
    "sources": "hotmess.runs.sources",
    "compare": "hotmess.interpret.compare",
    "Comparison": "hotmess.interpret.compare",
    "example": "hotmess.examples",
}
_MODULES = ("claims", "ensembles", "interpret", "plot", "simulate")

__all__ = [
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


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        value = getattr(importlib.import_module(_WHERE[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"hotmess.{name}")
    else:
        raise AttributeError(f"module 'hotmess' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
