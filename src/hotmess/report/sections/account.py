"""Diagnostics and the account of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from hotmess.errors import BadInput
from hotmess.plot import ranks_table
from hotmess.report.accounts import accounting
from hotmess.report.section import Context, Section, Table
from hotmess.responses.cut import missing_lengths_note

if TYPE_CHECKING:
    import xarray as xr

    from hotmess.claims.study import Study
    from hotmess.inference.gate import Gate


def _stages(study: Study) -> dict[str, Callable[[], tuple[xr.DataTree, Gate]]]:
    stages: dict[str, Callable[[], tuple[xr.DataTree, Gate]]] = {
        "answers": lambda: (study.fit.data, study.fit.gate),
        "length law": lambda: (study.length_law.data, study.length_law.gate),
        "contrast": lambda: (study.contrast.fit.data, study.contrast.fit.gate),  # type: ignore[union-attr]
        "power laws": lambda: (study.power_laws.data, study.power_laws.gate),
    }
    if (joint := study.fitted("temperature")) is not None:
        stages["temperature"] = lambda: (joint.data, joint.gate)
    return stages


def diagnostics(context: Context) -> Section | None:
    """R-hat and effective sample sizes of every posterior."""
    pieces, bad = [], []
    stages = _stages(context.study)
    if (other := context.study.fitted("beside")) is not None:
        stages |= {f"{name}, {other.responses.outcome}": make for name, make in _stages(other).items()}
    for name, make in stages.items():
        try:
            tree, gate = make()
        except BadInput:
            continue
        table = ranks_table(tree)
        table.insert(0, "posterior", name)
        pieces.append(table)
        bad += [f"{name}: {reason}." for reason in gate.reasons]
    if not pieces:
        return None
    bad = list(dict.fromkeys(bad))
    said = (
        bad[:20] if bad else ["Every posterior passes: R-hat below 1.01, bulk and tail ESS above 400, no divergences."]
    )
    if len(bad) > 20:
        said.append(f"And {len(bad) - 20} more.")
    data = pd.concat(pieces, ignore_index=True)
    heads = {
        "posterior": "posterior",
        "variable": "variable",
        "scalars": "scalars",
        "r_hat": "largest R-hat",
        "ess_bulk": "smallest bulk ESS",
        "ess_tail": "smallest tail ESS",
    }
    caption = "Rank-normalised R-hat and effective sample sizes: the worst of each variable."
    return Section(
        "diagnostics",
        "Diagnostics",
        text=tuple(said),
        tables=(Table("diagnostics", caption, data, heads, places={"ess_bulk": 0, "ess_tail": 0}),),
        folded=True,
    )


def data(context: Context) -> Section:
    """What was read, what was left out and why, and what is there per benchmark and model."""
    responses = context.study.responses
    table = accounting(responses)
    heads = {
        "benchmark": "benchmark",
        "model": "model",
        "questions": "questions",
        "responses": "responses",
        "unparsable": "unparsable",
        "cut_off": "cut off",
        "mean_length": f"mean {(responses.length or '').replace('_', ' ')}",
    }
    heads = {k: v for k, v in heads.items() if k in table}
    missing = missing_lengths_note(responses)
    notes = (*responses.notes, *([missing[:1].upper() + missing[1:]] if missing else []))
    shares = [heads[k] for k in ("unparsable", "cut_off") if k in heads]
    caption = "The data by benchmark and model"
    if shares:
        caption += f"; {' and '.join(shares)} {'are shares' if len(shares) > 1 else 'is a share'} of the responses"
    caption += "."
    return Section(
        "data", "Data", text=notes, tables=(Table("data", caption, table, heads, places={"mean_length": 0}),)
    )
