"""The page of objections quotes the numbers of its commands, and the commands make them."""

import json
import re
from pathlib import Path

import objections
import pytest

ROOT = Path(__file__).resolve().parents[2]
STORED = json.loads((ROOT / "reports" / "studies" / "objections.json").read_text(encoding="utf-8"))


def test_the_page_quotes_every_number_and_no_other():
    page = (ROOT / "docs" / "objections.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", page, flags=re.M)[1:]
    quoted = {}
    for section in sections:
        (name,) = re.findall(r"objections\.py --only ([\w-]+)`", section)
        quoted[name] = dict(re.findall(r"^\| (.+?) \| (-?\d+\.\d{3}) \|$", section, flags=re.M))
        assert "**What is done.**" in section and "**What remains.**" in section
    assert quoted == {name: {k: f"{v:.3f}" for k, v in numbers.items()} for name, numbers in STORED.items()}


@pytest.mark.parametrize(
    "name", [n for n in objections.OBJECTIONS if n not in ("median-split", "plug-in", "endogenous")]
)
def test_commands_make_the_numbers_again(name):
    again = objections.OBJECTIONS[name]()
    assert again == pytest.approx(STORED[name], abs=2e-6)
