"""Whether the model of answers makes such data, and what may stand in the Beta's place."""

from __future__ import annotations

from hotmess import plot
from hotmess.checks.predictive import LEVEL, check
from hotmess.checks.statistics import WORDS
from hotmess.decompose.grouping import rows_by_model
from hotmess.report.section import Context, Figure, Section, Table
from hotmess.words import show

GROUPS = 24
"""Other distributions are fitted to every group where there are at most so many, or where a check fails."""


def checks(context: Context) -> Section | None:
    """Posterior predictive checks per model; evidence for other distributions of accuracy."""
    from hotmess.checks.families import alternatives

    study = context.study
    if study.responses.outcome != "answer":
        return None
    fit = study.fit
    found = check(fit)
    failed = [WORDS[name] for name in found.failed]
    finding = (
        f"Of {len(found.whole)} statistics of the whole, the model makes data with another {', another '.join(failed)}."
        if failed
        else f"All {len(found.whole)} statistics of the whole are such as the model makes."
    )
    text = []
    if "between models" in found.failed:
        text.append(
            "Models find the same questions hard, which the model of answers does not know: nothing rests on it, since "
            "statements about questions like these weigh the same questions alike for every model."
        )
    if "contexts" in found.failed:
        text.append(
            "Few-shot contexts move the answers, which the parameters of groups do not know: what is said of a "
            "question counts its responses for what they are worth, and the unbiased estimates take contexts as "
            "clusters."
        )
    text += [f"{reason[:1].upper()}{reason[1:]}." for reason in found.gate.reasons]
    table = found.table()
    figure = Figure(
        "posterior-checks",
        "Statistics of the data (marks) and 95% of those of new questions that the model makes from its posterior "
        f"(lines). A hollow mark lies outside. For the whole, a two-sided p at or below {LEVEL} is a failure.",
        finding,
        lambda width: plot.posterior_checks(found, width=width, table=table),
        table,
        "plot.posterior_checks(hm.check(study.fit))",
    )
    tables: tuple[Table, ...] = ()
    if not found.gate.passed or len(fit.groups.table) <= GROUPS:
        data = rows_by_model(alternatives(fit), fit.cells.table)
        best = data.loc[data.groupby("model", sort=False)["log_evidence"].idxmax()]
        most = best.iloc[int(best["moved"].to_numpy().argmax())]
        text.append(
            f"Where another distribution of accuracy fits better than the Beta, incoherence moves by at most "
            f"{show(most['moved'], 2)} of its posterior sd ({most['model']}, {most['family']})."
            if (best["family"] != "beta").any()
            else "No other distribution of accuracy fits better than the Beta."
        )
        heads = {
            "model": "model",
            "family": "accuracies are",
            "log_evidence": "log evidence",
            "incoherence": "incoherence",
            "moved": "moved by (sd)",
        }
        caption = (
            "Other distributions of accuracy over questions in the Beta's place, by exact likelihood: log evidence, "
            "incoherence of these questions, and its distance from the Beta's in posterior sd. Unparsable answers "
            "count as one more wrong option."
        )
        tables = (Table("families", caption, data, heads, places={"log_evidence": 1, "moved": 2}),)
    return Section(
        "checks", "Does the model make such data?", text=tuple(text), figures=(figure,), tables=tables, folded=True
    )
