"""Rates that stand beside a verdict: how often its claim was called supported where it was false, from the studies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotmess.words import counted

WORTH_SAYING = 0.05
"""Rate of false "supported" in a single world from which on the world is named."""
SHOWN = (
    *("false_worlds", "data_sets", "fewest", "supported", "upper_limit", "worst_world", "worst_rate"),
    *("worst_upper_limit", "published_supported", "command", "date", "by"),
)


@dataclass(frozen=True)
class Rates:
    """Rates of a claim, as its file beside the claim's module has them.

    Where a file has `earlier`, they are of verdicts as they were made before, which it says, and not measured anew yet.
    """

    values: Mapping[str, Any]

    def record(self) -> dict[str, Any]:
        """As JSON: the rates in worlds where the claim is false, the worst of these where it is a bad one, its `power`
        where it is true, where they come from."""
        true = self.values["power"]  # world, truth, supported, data sets
        supported, sets = (sum(world[i] for world in true) for i in (2, 3))
        power = {"worlds": len(true), "data_sets": sets, "supported": supported}
        earlier = {"earlier": self.values["earlier"]} if self.values.get("earlier") else {}
        bad = self.values["worst_world"] if self.values["worst_rate"] > WORTH_SAYING else None
        return {**{k: self.values[k] for k in SHOWN}, "bad_world": bad, "power": power, **earlier}


def place(module: str | Path) -> Path:
    """Where the rates of the claim in a module stand: in a file of its name, beside it."""
    return Path(module).with_suffix(".json")


def rates_beside(module: str | Path) -> Rates | None:
    """The rates beside a claim's module (`__file__`); None where the studies do not cover it."""
    file = place(module)
    return Rates(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def sentence(record: Mapping[str, Any]) -> str:
    """The rates in words; every number is of simulated data sets, limits are one-sided, 95%."""
    by = f" {record['by']}" if record["by"] else ""
    out = (
        f"called supported{by} in {record['supported']:,} of {record['data_sets']:,} simulated data sets of "
        f"{counted(record['false_worlds'], 'world')} where it is false (upper limit of the mean rate "
        f"{record['upper_limit']:.1%}; of a single world, with {record['fewest']:,} data sets or more each, "
        f"{record['worst_upper_limit']:.1%})"
    )
    if record["bad_world"]:
        out += f"; most often where {record['worst_world']}: {record['worst_rate']:.0%}"
    true = record["power"]
    if true["data_sets"]:
        found, sets, worlds = (true[k] for k in ("supported", "data_sets", "worlds"))
        out += f"; and in {found:,} of {sets:,} of {counted(worlds, 'world')} where it is true"
    else:
        out += "; how often where it is true was not measured"
    other = record["published_supported"]
    if other is not None:
        out += f". The published procedure supports it in {other:,} of those where it is false"
    earlier = f" These are rates of {record['earlier']}." if record.get("earlier") else ""
    return f"{out}. {record['command']}, {record['date']}.{earlier}"
