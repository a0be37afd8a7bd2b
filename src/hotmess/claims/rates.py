"""Rates that stand beside a verdict: how often its claim was called supported where it was false, from the studies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

WORTH_SAYING = 0.05
"""Rate of false "supported" in a single world from which on the world is named."""


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
    keys = ("false_worlds", "data_sets", "fewest", "supported", "upper_limit", "worst_world", "worst_rate")
    out = {k: found[k] for k in (*keys, "worst_upper_limit", "published_supported")}
    provenance = table()["provenance"]
    return {
        **out,
        "command": found.get("command", provenance["command"]),
        "date": provenance["date"],
        "by": found.get("by", ""),
    }


def sentence(guard: Mapping[str, Any]) -> str:
    """The rates in words; every number is of simulated data sets, limits are one-sided, 95%."""
    by = f" {guard['by']}" if guard["by"] else ""
    out = (
        f"called supported{by} in {guard['supported']:,} of {guard['data_sets']:,} simulated data sets of "
        f"{guard['false_worlds']} worlds where it is false (upper limit of the mean rate {guard['upper_limit']:.1%}; "
        f"of a single world, with {guard['fewest']:,} data sets or more each, {guard['worst_upper_limit']:.1%})"
    )
    if guard["worst_rate"] > WORTH_SAYING:
        out += f"; most often where {guard['worst_world']}: {guard['worst_rate']:.0%}"
    other = guard["published_supported"]
    if other is not None:
        out += f"; the published procedure supports it in {other:,}"
    return f"{out}. {guard['command']}, {guard['date']}."
