"""Agents' trajectories beside reports of SWE-bench: steps, tokens, how a run ended, and how the agent was set up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import count, label, mapping, parse, sequence
from hotmess.responses.formats.recorded import recorded

HARMLESS = (
    *("instance_id", "*.instance_id", "*api_key*", "*.host", "*.port", "*.base_url", "*.api_base", "*.output_path"),
    *("*.output_dir", "*.traj_path", "*.path", "*.seed", "*.num_workers", "*.timeout", "*.container_name", "*.image"),
)
"""What a trajectory's configuration holds of where and when it ran."""

_CONFIG = ("model", "agent", "tools", "templates", "environment")


def folders(path: Path) -> list[Path]:
    """Where the trajectories of a run may lie."""
    return [path, path / "trajs", path.parent / "trajs", path.parent / "trajectories"]


def trajectory(path: Path, instance: str) -> dict[str, Any]:
    """Steps, output tokens, the end of a run and its settings, from the agent's `.traj` file where one lies beside."""
    if "/" in instance or instance.startswith("."):
        return {}
    names = (f"{instance}.traj", f"{instance}.traj.json")
    files = [folder / name for folder in (path / instance, *folders(path)) for name in names]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        file = next(iter(sorted((path / instance).glob("*.traj"))), None)
    if file is None:
        return {}
    traj = mapping(parse(file.read_bytes(), str(file)))
    steps: float | None = None
    if isinstance(traj.get("trajectory"), list):
        steps = float(len(traj["trajectory"]))
    elif isinstance(traj.get("messages"), list):
        steps = float(sum(mapping(message).get("role") == "assistant" for message in traj["messages"]))
    info = mapping(traj.get("info"))
    ended = label(info.get("exit_status"))
    if ended is not None and any(word in ended.lower() for word in ("limit", "exit_cost", "exit_context", "max_")):
        ended = "length"
    tokens = count(mapping(info.get("model_stats")).get("tokens_received"))
    return {"actions": steps, "output_tokens": tokens, "finish_reason": ended, "settings": _settings(traj, info)}


def _settings(traj: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, str]:
    """The scaffold, its version and how it was set up, as SWE-agent and mini-SWE-agent write them."""
    config = info.get("config") or traj.get("replay_config") or {}
    if isinstance(config, str):
        try:
            config = parse(config.encode("utf-8", "replace"), "the trajectory's replay_config")
        except BadInput:
            config = {}
    config = mapping(config)
    own: dict[str, Any] = {name: config[name] for name in _CONFIG if name in config}
    scaffold = {name: info[name] for name in ("swe_agent_version", "swe_agent_hash", "mini_version") if name in info}
    out: dict[str, str] = json.loads(recorded({**own, "scaffold": scaffold}, HARMLESS))
    return out


def common(settings: Iterable[Mapping[str, str]]) -> str | None:
    """What all trajectories of a run are set to, as the column `settings`; what varies is of the instances.

    >>> common([{"model.name": "m", "task": "a"}, {"model.name": "m", "task": "b"}]), common([])
    ('{"model.name": "m"}', None)
    """
    shared: dict[str, str] | None = None
    for one in settings:
        shared = dict(one) if shared is None else {name: v for name, v in shared.items() if one.get(name) == v}
    return None if shared is None else json.dumps(shared, sort_keys=True)


def ids(report: Mapping[str, Any], name: str) -> list[str]:
    """The instances that a summary lists under a name."""
    return [text for one in sequence(report.get(name)) if (text := label(one))]
