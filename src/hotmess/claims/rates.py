"""Rates that stand beside a verdict: how often its claim was called supported where it was false, from the studies."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """The packaged table: `provenance` (command, date, number of data sets) and `claims`; empty where there is none."""
    place = files("hotmess.claims").joinpath("rates.json")
    return json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {"provenance": {}, "claims": {}}


def null_calibration(claim: str) -> dict[str, Any] | None:
    """The rates of a claim, for its verdict's guards; None for a claim that the studies do not cover."""
    found = table()["claims"].get(claim)
    if found is None:
        return None
    keys = ("false_worlds", "data_sets", "supported", "worst_world", "worst_rate", "worst_upper_limit")
    out = {k: found[k] for k in keys}
    out["published_supported"] = found["published_supported"]
    return {**out, "command": table()["provenance"]["command"], "date": table()["provenance"]["date"]}
