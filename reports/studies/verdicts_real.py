"""Claim by claim on real responses: the verdict, the number, and the next step where nothing is decided.

    python reports/studies/verdicts_real.py                 every data set that is there and not done yet
    python reports/studies/verdicts_real.py agent_hotpotqa  one of them, anew
    python reports/studies/verdicts_real.py --summary       the page from the numbers that are there

Each data set is read and tested as `hotmess test FILE …` with the options of `SETS` does, seed 0, all claims together.
Shared data lie in `../shared/data` of the repository's parent and are skipped where they do not; the project's own in
`data/`. Written are numbers and sentences (`verdicts_real.json`, `verdicts_real.md`), no rows of the data.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotmess.claims.rule import NOT_TESTABLE
from hotmess.claims.study import MOST_DRAWS, Study
from hotmess.claims.test import test_claims
from hotmess.errors import BadInput
from hotmess.responses.read import read

HERE = Path(__file__).resolve().parent
SHARED, OWN = HERE.parents[2] / "shared" / "data", HERE.parents[1] / "data"
NUMBERS, PAGE = HERE / "verdicts_real.json", HERE / "verdicts_real.md"
KEPT = ("claim", "verdict", "probability", "median", "low", "high", "smallest_effect", "next_step", "reasons")


@dataclass(frozen=True)
class Real:
    """A data set: its files, how it is read, and whether what takes minutes is asked for too."""

    files: tuple[Path, ...]
    options: dict[str, Any] = field(default_factory=dict)


def _shared(name: str, **options: Any) -> Real:
    return Real((SHARED / f"{name}.parquet",), options)


SETS: dict[str, Real] = {
    "humaneval_repeats": _shared("public/humaneval_repeats", length="response_chars"),
    "gemma4-natural": _shared(
        "gemma4-trajectory-mmlu-pro", where="condition = 'natural'", outcome="answer", length="trace_tokens"
    ),
    "tot_game24": _shared("public/tot_game24", length="response_chars"),
    "tot_creative_writing": _shared(
        "public/tot_creative_writing",
        columns={"judged_response": "sample", "sample": "judge_sample"},
        length="response_chars",
    ),
    "cruxeval_codellama7b": _shared("public/cruxeval_codellama7b"),
    "agent_hotpotqa": _shared("public/agent_hotpotqa", where="condition = 'default'"),
    "terminal-bench": _shared("terminal-bench"),
    "budget_global_mmlu": _shared("public/budget_global_mmlu", columns={"question": ["question", "context"]}),
    "temperature0_json": _shared("public/temperature0_repeats", where="experiment = 'strict_json_schema'"),
    "hinted-mcq": _shared("hinted-mcq", where="condition = 'none' or condition = 'sycophancy'"),
    "paraphrase_consistency": _shared(
        "public/paraphrase_consistency", where="prompt = 'paraphrase' and condition = 'plain' and family = 'qwen3'"
    ),
    "mgsm_language_forcing": _shared("public/mgsm_language_forcing", where="condition = 'wait'"),
    "thinking_budget_qa": _shared("public/thinking_budget_qa"),
    "own: arithmetic-and-facts": Real(tuple(sorted(OWN.glob("arithmetic-and-facts-*.parquet")))),
    "own: optimizer": Real((OWN / "optimizer" / "reduced-points.parquet",)),
    "own: organisms": Real((OWN / "organisms" / "responses.parquet",)),
    "cot-scaling-qwen2.5": _shared("cot-scaling-qwen2.5", where="condition = 'cot'"),
}


def run(name: str) -> dict[str, Any]:
    """The verdicts on one data set; where it cannot be read, why."""
    real, begun = SETS[name], time.process_time()
    files: Any = [str(f) for f in real.files]
    out: dict[str, Any] = {"options": real.options, "date": str(datetime.date.today())}
    try:
        responses = read(files[0] if len(files) == 1 else files, **real.options)
    except BadInput as reason:
        return {**out, "refused": str(reason)}
    study = Study(responses, most_draws=MOST_DRAWS)
    verdicts = []
    for v in test_claims(study):
        record = {k: x for k, x in v.record().items() if k in KEPT}
        published = None if v.published is None else v.published.verdict
        alone = None if v.holds_in is None else [v.holds_in.holds, v.holds_in.models]
        verdicts.append({**record, "absent": v.absent, "published": published, "holds_in": alone})
    size = {"responses": len(responses.table), "questions": study.questions}
    return {**out, **size, "seconds": round(time.process_time() - begun), "verdicts": verdicts}


def page(found: dict[str, Any]) -> str:
    """A table for each data set: what is decided, what is not and the next step; what it does not hold in one line."""
    head = (
        "# Verdicts on real responses\n\n`python reports/studies/verdicts_real.py`, seed 0. Every claim of the "
        "catalogue on each data set as `hotmess test` reads it with the options named. *Published* is what the "
        "published procedure calls the same claim, *alone* in how many models it holds alone. Intervals are 90%.\n"
    )
    parts = [head]
    for name in (n for n in SETS if n in found):
        one = found[name]
        read_as = ", ".join(f"{k} {v}" for k, v in one["options"].items())
        parts.append(f"\n## {name}\n\n{f'Read with {read_as}. ' * bool(read_as)}")
        if "refused" in one:
            parts.append(f"Refused: {one['refused']}\n")
            continue
        parts.append(f"{one['responses']:,} responses, {one['questions']:,} questions, {one['seconds']} s.\n\n")
        parts.append(
            "| claim | verdict | estimate | published | alone | could show | next step |\n|" + "---|" * 7 + "\n"
        )
        missing: dict[str, list[str]] = {}
        for v in one["verdicts"]:
            if v["absent"]:
                missing.setdefault(v["absent"], []).append(v["claim"])
                continue
            parts.append(_row(v))
        listed = "; ".join(f"no {what}: {', '.join(names)}" for what, names in missing.items())
        parts.append(f"\nNot about these data, which hold {listed}.\n" if listed else "")
    left = [n for n in SETS if n not in found]
    parts.append(f"\nNot run yet: {', '.join(left)}.\n" if left else "")
    return "".join(parts)


def _row(v: dict[str, Any]) -> str:
    number = ""
    if v["median"] is not None:
        number = f"{v['median']:.3g} [{v['low']:.3g}, {v['high']:.3g}], P = {v['probability']:.3f}"
    alone = "" if v["holds_in"] is None else f"{v['holds_in'][0]} of {v['holds_in'][1]}"
    smallest = "" if v["smallest_effect"] is None else f"{v['smallest_effect']:.2g}"
    step = v["next_step"] or ""
    if v["verdict"] == NOT_TESTABLE or len(v["reasons"]) > 1:
        step = f"{v['reasons'][-1].rstrip('.')}. {step}"
    cells = (v["claim"], v["verdict"], number, v["published"] or "", alone, smallest, step)
    return f"| {' | '.join(str(c).replace('|', '/') for c in cells)} |\n"


def main() -> None:
    """Run what is asked for and there; write numbers and page after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*SETS, []], metavar="NAME")
    parser.add_argument("--summary", action="store_true")
    args = parser.parse_args()
    found = json.loads(NUMBERS.read_text(encoding="utf-8")) if NUMBERS.exists() else {}
    todo = [] if args.summary else args.names or [n for n in SETS if n not in found]
    for name in todo:
        if not SETS[name].files or not all(f.is_file() for f in SETS[name].files):
            print(f"{name}: its data are not there.")
            continue
        found[name] = run(name)
        NUMBERS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(name, found[name].get("seconds", found[name].get("refused")), flush=True)
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
