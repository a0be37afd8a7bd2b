"""Programs of three models for HumanEval, ten for each task: jamesmurdza/humaneval-results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hotmess.errors import BadInput
from public_sources.clones import Clone

HEAD = {
    "question": re.compile(r"# Results of .* on (HumanEval/\d+)"),
    "model": re.compile(r"Model: (\S+?)<br />"),
    "temperature": re.compile(r"Temperature: (\d+(?:\.\d+)?)<br />"),
    "passing": re.compile(r"Passing runs: (\d+)<br />"),
    "total": re.compile(r"Total runs: (\d+)<br />"),
}
RUN = re.compile(r"### \S+ Run (\d+)")
RESULT = re.compile(r"Result: (Pass|Fail)")
SIZE = re.compile(r"-(\d+)b-")
FENCE = "```"


def rows(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per program: whether it passed the unit tests, and its length in characters (0 where there is none).

    Every file says how many runs there are and how many passed: one that holds others is refused. A program that begins
    with a fence of its own is read whole (nine of GPT-4's, all failed, to which the page's table gives length 0).
    """
    for file in clone.files("*/[0-9]*.md"):
        lines, where = clone.text(file).splitlines(), clone.name(file)
        head = header(lines, where)
        found = list(runs(lines))
        passed = sum(right for _, right, _ in found if right is not None)
        if len(found) != int(head["total"]) or passed != int(head["passing"]) or any(r is None for _, r, _ in found):
            raise BadInput(
                f"{where} says {head['passing']} of {head['total']} runs passed and holds {passed} of {len(found)}."
            )
        size = SIZE.search(head["model"])
        for number, right, code in found:
            yield {
                "benchmark": "humaneval",
                "model": head["model"],
                "question": head["question"],
                "sample": number - 1,
                "score": float(bool(right)),
                "response_chars": len(code),
                "temperature": float(head["temperature"]),
                "model_size_b": float(size[1]) if size else None,
            }


def header(lines: list[str], where: str) -> dict[str, str]:
    """What the lines above the prompt say."""
    out: dict[str, str] = {}
    for line in lines[: lines.index("## Prompt") if "## Prompt" in lines else len(lines)]:
        out |= {name: found[1] for name, pattern in HEAD.items() if (found := pattern.fullmatch(line))}
    if missing := [name for name in HEAD if name not in out]:
        raise BadInput(f"{where} does not say its {' and '.join(missing)}, as files of results do.")
    return out


def runs(lines: list[str]) -> Iterator[tuple[int, bool | None, str]]:
    """Number, whether it passed, and program of every run: below `## Runs`, what stands in fences is program."""
    section, number, right, fenced = "", 0, None, False
    code: list[str] = []
    for line in lines:
        if fenced:
            fenced = line != FENCE
            code += [f"{line}\n"] if fenced else []
        elif line.startswith(FENCE):
            fenced = True
        elif line.startswith("## "):
            section = line
        elif section == "## Runs" and (found := RUN.fullmatch(line)):
            if number:
                yield number, right, "".join(code)
            number, right, code = int(found[1]), None, []
        elif found := RESULT.match(line):
            right = found[1] == "Pass"
    if number:
        yield number, right, "".join(code)
