"""What is recorded of the package: named statements, each a value of JSON's own types.

`EXACT` holds what is computed without a sampler whose steps could part from each other on another machine:
decompositions, cells, grid posteriors, and the shape of every command's JSON. Its values are committed
(`exact.json`) and compared by `test_golden.py`. `SAMPLED` holds what is drawn: the same on one machine, so it is
compared between two source trees there (`python tests/golden/two_trees.py OLD NEW`).

Only the command line and the public names of `hotmess` are used, so that both trees understand the statements.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from golden_tables import TABLES

Statement = Callable[[Path], Any]
SOME = ("--draws", "150", "--chains", "2", "--seed", "3")
FEW = ("--draws", "60", "--warmup", "120", "--chains", "2", "--seed", "3")


def plain(value: Any) -> Any:
    """JSON's own types; numbers of 13 digits, so that a file does not change with the last bits of a library."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.13g}") if math.isfinite(value) else None
    return value if value is None or isinstance(value, (str, bool, int)) else str(value)


def tables(folder: Path) -> None:
    """Write every table, once."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in TABLES.items():
        if not (folder / f"{name}.parquet").exists():
            make().to_parquet(folder / f"{name}.parquet")


def command(*words: str) -> Statement:
    """JSON of a command; a word that is a table's name stands for its file, OUT for a file to write."""

    def run(folder: Path) -> Any:
        from hotmess.cli import main

        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            places = {"OUT": str(folder / "out.nc"), **{name: str(folder / f"{name}.parquet") for name in TABLES}}
            code = main([places.get(word, word) for word in words])
        return {"exit": code, "json": json.loads(out.getvalue())} if out.getvalue() else {"exit": code}

    return run


def shape(of: Statement) -> Statement:
    """The names and types of a statement's value, without the values."""

    def outline(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: outline(v) for k, v in sorted(value.items())}
        if isinstance(value, list):
            return [outline(v) for v in value]
        return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__

    def run(folder: Path) -> Any:
        return outline(of(folder))

    return run


def cells(name: str, **options: Any) -> Statement:
    """Counts and sufficient statistics of every cell."""

    def run(folder: Path) -> Any:
        import hotmess as hm

        found = hm.reduce(hm.read(folder / f"{name}.parquet"), **options)
        p = found.points
        kept = [c for c in found.table if c not in ("text",)]
        return {
            "table": {c: found.table[c].astype(object).where(found.table[c].notna(), None).tolist() for c in kept},
            "counts": found.counts,
            "clusters": found.clusters,
            "points": {k: getattr(p, k) for k in ("cell", "copies", "n", "sum")},
        }

    return run


def fitted(name: str, formula: str | None = None, **options: Any) -> Statement:
    """Means, spreads and some draws of every parameter of a fit; and its summary."""

    def run(folder: Path) -> Any:
        import hotmess as hm

        options_ = {"seed": 3, "draws": 60, "warmup": 120, "chains": 2, **options}
        fit = hm.fit(hm.read(folder / f"{name}.parquet"), formula, **options_)
        posterior = fit.data["posterior"].dataset
        out: dict[str, Any] = {}
        for key in sorted(map(str, posterior.data_vars)):
            x = np.asarray(posterior[key].values, float)
            out[key] = {
                "shape": x.shape,
                "mean": x.mean((0, 1)).ravel(),
                "sd": x.std((0, 1)).ravel(),
                "last": x[-1, -1].ravel(),
            }
        return {"posterior": out, "summary": fit.summary(["model"], interval=0.9).to_dict("list")}

    return run


def laws(folder: Path) -> Any:
    """Power laws by difficulty, from a fit without pooling."""
    import hotmess as hm

    responses = hm.read(folder / "scale.parquet").difficulty()
    fit = hm.fit(responses, by=["difficulty"], seed=3, draws=80, chains=2)
    return hm.power_laws(fit, by=["difficulty"], seed=3, draws=80, chains=2).summary().to_dict("list")


def length_law(folder: Path) -> Any:
    """The laws in length."""
    import hotmess as hm

    return hm.length_law(hm.read(folder / "letters.parquet"), seed=3, draws=80, chains=2).summary().to_dict("list")


def contrast(folder: Path) -> Any:
    """Longer against shorter responses of the same question."""
    import hotmess as hm

    found = hm.natural_contrast(hm.read(folder / "letters.parquet"), seed=3, draws=80, chains=2)
    return found.summary().to_dict("list")


def triage(folder: Path) -> Any:
    """Signatures of questions."""
    import hotmess as hm

    fit = hm.fit(hm.read(folder / "letters.parquet"), seed=3, draws=80, chains=2)
    return hm.triage(fit).to_dict("list")


def checks(folder: Path) -> Any:
    """Posterior predictive checks."""
    import hotmess as hm

    fit = hm.fit(hm.read(folder / "letters.parquet"), seed=3, draws=80, chains=2)
    found = hm.check(fit)
    return {name: found.p(name) for name in found.whole}


def report(folder: Path) -> Any:
    """The numbers of a report, without what changes from one run to the next."""
    import tempfile

    from hotmess.cli import main

    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "report"
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            main(["report", str(folder / "letters.parquet"), "--out", str(out), *FEW])
        found = json.loads((out / "results.json").read_text())
    for volatile in ("made", "created", "versions", "command", "seconds", "date", "time", "hotmess", "device"):
        found.pop(volatile, None)
    return found


def decompositions() -> dict[str, Statement]:
    """Every outcome, metric, estimator and population that has a decomposition without a sampler."""
    metrics = {
        "letters": ("brier", "kl", "zero-one"),
        "contexts": ("brier", "kl", "zero-one"),
        "texts": ("brier", "zero-one"),
        "tests": ("coverage",),
        "scores": ("score",),
        "probabilities": ("brier", "kl", "zero-one"),
        "points": ("a-norm",),
    }
    out: dict[str, Statement] = {}
    for table, names in metrics.items():
        for metric in names:
            for estimator in ("plug-in", "unbiased"):
                if estimator == "unbiased" and metric in ("kl", "zero-one"):
                    continue
                for population in ("these", "like-these"):
                    words = ["--metric", metric, "--estimator", estimator, "--population", population]
                    key = f"decompose {table} {metric} {estimator} {population}"
                    out[key] = command("decompose", table, "--json", "--interval", "0.9", *words, *SOME)
    words = ["--by", "model,benchmark,difficulty", "--estimator", "unbiased", "--unparsable", "wrong"]
    out["decompose letters by difficulty"] = command("decompose", "letters", "--json", *words)
    out["decompose letters by half"] = command("decompose", "letters", "--json", "--by", "model,half")
    return out


GRID = {"engine": "grid", "draws": 400}
EXACT: dict[str, Statement] = {
    **decompositions(),
    "cells letters": cells("letters"),
    "cells contexts": cells("contexts"),
    "cells texts": cells("texts"),
    "cells tests": cells("tests"),
    "grid letters": fitted("letters", **GRID, pointwise=False),
    "grid letters wrong": fitted("letters", **GRID, unparsable="wrong", pointwise=False),
    "shape decompose latent": shape(command("decompose", "letters", "--json", "--estimator", "latent", *SOME)),
    "shape fit": shape(command("fit", "letters", "--json", "--out", "OUT", *SOME)),
    "shape compare": shape(command("compare", "letters", "--json", *SOME)),
    "shape test": shape(command("test", "letters", "--json", "--claim", "natural-overthinking", "--seed", "3")),
}

SAMPLED: dict[str, Statement] = {
    "fit grid": fitted("letters"),
    "fit nuts": fitted("letters", "benchmark + log(model_size_b)"),
    "fit nuts alone": fitted("letters", engine="nuts"),
    "fit texts": fitted("texts"),
    "fit tests": fitted("tests"),
    "fit scores": fitted("scores"),
    "fit probabilities": fitted("probabilities"),
    "decompose latent": command("decompose", "letters", "--json", "--estimator", "latent", "--interval", "0.9", *FEW),
    "compare": command("compare", "letters", "--json", *FEW),
    "compare tests": command("compare", "tests", "--json", *FEW),
    "test letters": command("test", "letters", "--json", "--draws", "150", "--warmup", "150", "--seed", "3"),
    "test scale": command("test", "scale", "--json", "--draws", "250", "--warmup", "250", "--seed", "3"),
    "test texts": command("test", "texts", "--json", "--draws", "150", "--warmup", "150", "--seed", "3"),
    "claims": command("claims", "--json"),
    "power laws": laws,
    "length law": length_law,
    "contrast": contrast,
    "triage": triage,
    "checks": checks,
    "report": report,
}


def record(folder: Path, statements: dict[str, Statement], only: str = "") -> dict[str, Any]:
    """Every statement's value; where one raises, the error's kind and sentence."""
    tables(folder)
    out = {}
    for name, statement in statements.items():
        if only in name:
            out[name] = plain(attempt(functools.partial(statement, folder)))
    return out


def attempt(make: Callable[[], Any]) -> Any:
    """What `make` returns, or how it failed."""
    try:
        return make()
    except Exception as error:
        return {"raises": f"{type(error).__name__}: {error}"}


def differences(old: Any, new: Any, *, relative: float = 1e-9, absolute: float = 1e-12, at: str = "") -> list[str]:
    """Where two values of JSON's types differ, one line each: path, old, new.

    >>> differences({"a": [1.0, 2.0]}, {"a": [1.0, 2.5], "b": None})
    ['a.1: 2.0 -> 2.5', 'b: (missing) -> None']
    """
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = [(k, old.get(k, MISSING), new.get(k, MISSING)) for k in dict.fromkeys([*old, *new])]
    elif isinstance(old, list) and isinstance(new, list):
        size = range(max(len(old), len(new)))
        pairs = [(i, *(x[i] if i < len(x) else MISSING for x in (old, new))) for i in size]
    elif numeric(old) and numeric(new):
        same = math.isclose(old, new, rel_tol=relative, abs_tol=absolute)
        return [] if same else [f"{at}: {old} -> {new}"]
    else:
        return [] if old == new and type(old) is type(new) else [f"{at}: {old} -> {new}"]
    nested = (differences(a, b, relative=relative, absolute=absolute, at=f"{at}.{k}".lstrip(".")) for k, a, b in pairs)
    return [line for lines in nested for line in lines]


class _Missing:
    def __repr__(self) -> str:
        return "(missing)"


MISSING = _Missing()


def numeric(value: Any) -> bool:
    """A number that is not a truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
