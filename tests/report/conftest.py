"""Reports of small made-up data, built once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chromium_pipe
import pytest
from report_world import BENCHMARK, FORMULA, HIT, LINK, SCRIPT, made_up


@dataclass(frozen=True)
class Built:
    """A report, its page, and what it was built from."""

    folder: Path
    page: str
    study: Any
    verdicts: list[Any]


@pytest.fixture(scope="session")
def table() -> Any:
    return made_up


@pytest.fixture(scope="module")
def browser() -> Iterator[chromium_pipe.Chromium]:
    chromium = chromium_pipe.Chromium(chromium_pipe.find())
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A whole report in which models, benchmark, family and questions have names that attack."""
    from hotmess.claims.study import Study
    from hotmess.claims.test import test_claims
    from hotmess.claims.user import claim_from
    from hotmess.report.build import build_report
    from hotmess.responses.validate import validate

    data = made_up()
    names = {"m-1b": SCRIPT, "m-2b": FORMULA, "m-4b": "m-4b", "m-8b": "javascript:alert(1)//"}
    data["model"] = data["model"].map(names)
    data["benchmark"], data["family"] = BENCHMARK, "'\"><svg onload=alert(1)>"
    data["question"] = "<b>" + data["question"]
    for number, name in enumerate(
        ("condition", "budget", "category", "finish_reason", "temperature", "prompt_version")
    ):
        data[name] = HIT.format(name) if number % 2 else LINK.format(name)
    data["text"] = HIT.format("text")
    study = Study(validate(data), draws=60)
    own = claim_from(
        {
            "name": "of-somebody",
            "statement": LINK.format("statement"),
            "quantity": f"error(model={SCRIPT!r}) - error(model='m-4b')",
        }
    )
    verdicts = test_claims(study, ["natural-overthinking", "bias-falls-faster-than-variance", own])
    folder = tmp_path_factory.mktemp("report") / "hostile"
    page = build_report(
        study,
        verdicts,
        out=folder,
        command="hotmess report '<script>window.hit=1</script>' --out y",
        code=f"study = hm.Study(responses)  # {LINK.format('code')}",
        remarks=[HIT.format("remark")],
        texts=True,
    )
    return Built(folder, page.read_text(encoding="utf-8"), study, verdicts)
