"""The first screen of a report: what it is about, and the two or three figures that carry its verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hotmess.claims.rule import CONTRADICTED, INCONCLUSIVE, NEGLIGIBLE, SUPPORTED
from hotmess.report.accounts import accounting
from hotmess.report.section import Figure, Section
from hotmess.responses.table import CELL
from hotmess.words import clean, metric_words, number, percent

if TYPE_CHECKING:
    from hotmess.claims.verdict import Verdict
    from hotmess.responses.table import Responses

TITLE = "Bias, variance and incoherence"
MOST = 3
"""Figures of the first pages."""
WORTH = {SUPPORTED: 0, CONTRADICTED: 0, NEGLIGIBLE: 1, INCONCLUSIVE: 2}


def title(responses: Responses) -> str:
    """What the report is about, and of whom: one model, one family with its sizes, or how many models."""
    return f"{TITLE} of {who(responses)}"


def who(responses: Responses) -> str:
    """The models in a few words."""
    table = responses.table
    models = table["model"].astype(str).unique()
    if len(models) == 1:
        return clean(models[0], 80)
    families = [f for f in table["family"].astype(str).unique() if f and f != "nan"] if "family" in table else []
    sizes = table["model_size_b"].dropna()
    if len(families) != 1:
        return f"{len(models):,} models"
    if not len(sizes) or sizes.min() == sizes.max():
        return f"{len(models):,} models of {clean(families[0], 80)}"
    unit, name = next(u for u in ((1.0, "B"), (1e-3, "M"), (1e-6, "k"), (0.0, "")) if sizes.max() >= u[0])
    low, high = (number(float(f"{size / (unit or 1.0):.3g}")) for size in (sizes.min(), sizes.max()))
    return f"{clean(families[0], 80)}, {low} to {high}\u00a0{name} parameters"


def data_line(responses: Responses, metric: str) -> str:
    """The data in one line: how many of what, the length's column and how often it was cut off, the metric."""
    table = responses.table
    models, questions = table["model"].nunique(), len(table[["benchmark", "question"]].drop_duplicates())
    cells = table.groupby(list(CELL), observed=True).size()
    low, high = int(cells.min()), int(cells.max())
    repeats = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    names = sorted(clean(name, 40) for name in table["benchmark"].astype(str).unique() if name != "all")
    listed = f" of {', '.join(names[:4])}{f' and {len(names) - 4} more' * (len(names) > 4)}" if names else ""
    arms = "".join(f" × {table[c].nunique()} {c}s" for c in ("condition", "budget") if table[c].nunique() > 1)
    parts = [
        f"{len(table):,} responses: {models:,} model{'s' * (models != 1)} × {questions:,} "
        f"question{'s' * (questions != 1)}{listed}{arms} × {repeats}"
    ]
    account = accounting(responses)
    known = [k for k in ("unparsable", "cut_off") if k in account]
    share = {k: float((account[k] * account["responses"]).sum() / len(table)) for k in known}
    if responses.length is not None:
        parts.append(f"length in {clean(responses.length.replace('_', ' '))}")
    parts += [f"{percent(float(f'{v:.2g}'))} {k.replace('_', ' ')}" for k, v in share.items() if v > 0]
    parts.append(metric_words(metric).removeprefix("the "))
    return " · ".join(parts)


def carrying(sections: Sequence[Section], verdicts: Sequence[Verdict]) -> list[Figure]:
    """The figures that carry the verdicts: incoherence itself, then those that show a claim, decided ones first.

    A figure names the claims that it shows (`Figure.claims`); one of no claim that was tested stays in its section.
    """
    said = {v.claim.name: WORTH.get(v.verdict, 9) for v in verdicts}
    found = [(f, min((said.get(c, 9) for c in f.claims), default=9)) for s in sections for f in s.figures]
    first = [f for f, _ in found if f.first][:1]
    rest = sorted((pair for pair in found if pair[1] < 9 and pair[0] not in first), key=lambda pair: pair[1])
    return [*first, *(f for f, _ in rest)][:MOST]
