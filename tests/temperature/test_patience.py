"""Where the fast path fails its check the slow engine takes over by itself, or a sentence says how long it would take.

The slow engine itself is tested in `test_length_posterior`; here its draws are stood in for by the fast path's.
"""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from hotmess.cli import main
from hotmess.simulate import simulate
from hotmess.temperature import trust
from hotmess.temperature.ready import DRAWS

FIT = importlib.import_module("hotmess.temperature.fit")
CLAIM = "answers-get-hotter-with-length"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("patience") / "responses.parquet"
    simulate("natural-only", seed=2, questions=12, budgets=1, samples=4).table.to_parquet(path)
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """No Pareto k passes; what the slow engine was asked for."""
    fast, calls = FIT._fast, []

    def slow(*args: Any, **settings: Any) -> Any:
        calls.append(settings)
        tree = fast(*args, **{k: v for k, v in settings.items() if k != "target_accept"} | {"seed": 7})
        for name in ("pareto_k", "effective", "unit_k", "unit_effective"):
            tree.attrs.pop(name, None)
        return tree

    monkeypatch.setattr(FIT, "_nuts", slow)
    monkeypatch.setattr(trust, "PARETO_K", -1.0)
    return calls


def verdict(file: Path, capsys: pytest.CaptureFixture[str], patience: str) -> dict[str, Any]:
    command = ["test", str(file), "--claim", CLAIM, "--draws", "150", "--json", "--patience", patience]
    assert main(command) == 0
    (record,) = json.loads(capsys.readouterr().out)
    return dict(record)


@pytest.mark.slow
def test_the_slow_engine_takes_over_by_itself(
    file: Path, asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    found = verdict(file, capsys, "1e9")
    assert [(one["draws"], one["chains"]) for one in asked] == [(DRAWS, 4)]
    assert found["verdict"] == "inconclusive" and found["median"] is not None
    assert found["guards"]["gate"]["passed"] and "fast path" not in found["sentence"]


def test_where_it_would_take_longer_the_sentence_names_option_and_time(
    file: Path, asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    found = verdict(file, capsys, "0")
    assert not asked and found["verdict"] == "not testable" and found["median"] is None
    assert re.search(r"he fast path failed .*Pareto k.* about \d+ minutes? .*--patience \d+", found["sentence"])
    assert "more draws may cure it" not in found["sentence"], "draws are no cure of a proposal that does not fit"
    option = int(re.search(r"--patience (\d+)", found["next_step"])[1])  # type: ignore[index]
    assert option > 0 and found["next_step"].startswith("The slow engine would take about")


def test_a_slow_engine_that_fails_too_is_said_to_have_been_tried(
    file: Path, asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    posterior = importlib.import_module("hotmess.temperature.posterior")
    failed = importlib.import_module("hotmess.inference.gate").Gate(("R-hat of theta is 1.2",))
    monkeypatch.setattr(posterior, "gate_tree", lambda *_, **__: failed)
    found = verdict(file, capsys, "1e9")
    assert len(asked) == 1 and found["verdict"] == "not testable"
    assert "the slow engine was tried, and failed too (R-hat of theta is 1.2)" in found["sentence"]
