"""What the report says of its data, its settings and its making."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import pandas as pd

from hotmess.claims.scope import of_benchmarks
from hotmess.words import join

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.claims.verdict import Verdict
    from hotmess.responses.table import Responses

PACKAGES = ("hotmess", "numpy", "scipy", "pandas", "duckdb", "jax", "numpyro", "arviz-base", "arviz-stats", "xarray")


def data_sentence(responses: Responses) -> str:
    """The data in a sentence."""
    table = responses.table
    models = table["model"].nunique()
    questions = len(table[["benchmark", "question"]].drop_duplicates())
    cells = table.groupby(["benchmark", "model", "question", "condition", "budget"], observed=True).size()
    low, high = int(cells.min()), int(cells.max())
    repeats = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    arms = [f"{table[c].nunique()} {c}s" for c in ("condition", "budget") if table[c].nunique() > 1]
    extra = f" under {join(arms)}" if arms else ""
    return (
        f"{len(table):,} responses of {models:,} model{'s' * (models != 1)} to {questions:,} "
        f"question{'s' * (questions != 1)}{of_benchmarks(table)}{extra}, {repeats} "
        f"response{'s' * (repeats != '1')} to each; outcome: {responses.outcome}."
    )


def accounting(responses: Responses) -> pd.DataFrame:
    """One row per benchmark and model: questions, responses, per question, unparsable, cut off, mean length."""
    table = responses.table
    frame = pd.DataFrame(
        {
            "benchmark": table["benchmark"].astype(str),
            "model": table["model"].astype(str),
            "question": table["question"].astype(str),
            "unparsable": (table["answer"] < 0).fillna(True).astype(float) if responses.outcome == "answer" else 0.0,
            "length": responses.lengths(),
        }
    )
    if "finish_reason" in table:
        frame["cut_off"] = table["finish_reason"].astype(str).isin(["length", "max_tokens"]).astype(float)
    by = frame.groupby(["benchmark", "model"], sort=True)
    out = by.agg(questions=("question", "nunique"), responses=("question", "size"))
    if responses.outcome == "answer":
        out["unparsable"] = by["unparsable"].mean()
    if "cut_off" in frame:
        out["cut_off"] = by["cut_off"].mean()
    if responses.length is not None:
        out["mean_length"] = by["length"].mean()
    out = out.reset_index()
    from hotmess.decompose.grouping import models_in_order

    order = models_in_order(table)["model"].astype(str).tolist()
    rank = [(b, order.index(m)) for b, m in zip(out["benchmark"], out["model"])]
    return out.iloc[sorted(range(len(out)), key=rank.__getitem__)].reset_index(drop=True)


def settings(study: Study, population: str, interval: float) -> dict[str, Any]:
    """Everything that the numbers depend on beside the data."""
    return {
        "metric": study.metric,
        "population": population,
        "interval": interval,
        "outcome": study.responses.outcome,
        "length": study.responses.length,
        "reference": study.reference,
        "groups": study.groups,
        "difficulty": study.difficulty,
        "seed": study.seed,
        "draws": study.draws,
        "warmup": study.warmup,
        "chains": study.chains,
        **{k: _record(v) for k, v in made_otherwise(study).items()},
    }


def _record(value: Any) -> Any:
    """A prior as its numbers."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def made_otherwise(study: Study) -> dict[str, Any]:
    """Settings of fits and laws that are not their defaults: priors, engine, backend, groups and bins of laws.

    >>> import hotmess as hm
    >>> made_otherwise(hm.Study(hm.example(), engine="nuts"))
    {'engine': 'nuts'}
    """
    names = ("prior", "engine", "backend", "law_prior", "law_by", "length_prior", "length_options", "temperature_prior")
    default = {f.name: f.default for f in fields(study)} | {"length_options": {}}
    return {name: value for name in names if (value := getattr(study, name)) != default[name]}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that make the numbers, and the device that was computed on."""
    out = {"device": _device(), "python": platform.python_version()}
    return out | _packages()


@cache
def _packages() -> dict[str, str]:
    out = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            out[name] = version(name)
    return out


def _device() -> str:
    """JAX's, where anything has asked for JAX; else the processor, without starting JAX to be told so."""
    if "jax" not in sys.modules:
        return "cpu"
    import jax

    first = jax.devices()[0]
    return first.platform if first.device_kind == first.platform else f"{first.platform}, {first.device_kind}"


def digest(responses: Responses) -> str:
    """SHA-256 of the responses, the same in whatever order the rows stand and whatever file they came from.

    Every value counts, numbers as numbers and the rest as text; a column that is wholly empty does not.
    """
    table = responses.table
    columns = [c for c in sorted(map(str, table.columns)) if (table[c].notna() & (table[c].astype(str) != "")).any()]
    plain = [
        table[c].astype(float) if table[c].dtype.kind in "iufb" else table[c].astype(str).where(table[c].notna(), "")
        for c in columns
    ]
    rows = pd.util.hash_pandas_object(pd.concat(plain, axis=1), index=False, categorize=False).to_numpy().copy()
    rows.sort()
    return hashlib.sha256("\0".join(columns).encode() + rows.tobytes()).hexdigest()


def together(verdicts: Sequence[Verdict]) -> str:
    """What all decided verdicts say together: how many signs are expected to be wrong, and what others would say."""
    from hotmess.claims.guards.several import expected_false_signs, wrong_signs

    found, said = expected_false_signs(list(verdicts)), []
    if found["decided"] > 1:
        said.append(f"Of {found['decided']} claims decided, {wrong_signs(found['expected_false_signs'])}")
    other = Counter(v.published.verdict for v in verdicts if v.published is not None)
    if other:
        listed = join([f"{what} {n}" for what, n in other.most_common()])
        said.append(f"Published procedures, where there are any, would have said of the same responses: {listed}.")
    return " ".join(said)
