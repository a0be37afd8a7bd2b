"""Claim by claim on real responses: the verdict, the number, and the next step where nothing is decided.

    python reports/studies/verdicts_real.py                 every data set that is there and not done yet
    python reports/studies/verdicts_real.py agent_hotpotqa  one of them, anew
    python reports/studies/verdicts_real.py --before TREE   what the code in another work tree says of them
    python reports/studies/verdicts_real.py --summary       the page from the numbers that are there

Each data set is read and tested as `hotmess test FILE …` with the options of `SETS` does, seed 0, all claims together.
Shared data lie in `../shared/data` of the repository's parent and are skipped where they do not; the project's own in
`data/`. Written are numbers and sentences (`verdicts_real.json`, `verdicts_real.md`), no rows of the data.

*Before* is the code that made statements from posterior draws, without regions, effects and next steps: a work tree at
the commit `BEFORE`, whose own command line tests the same files with the same options (`git worktree add --detach TREE
06d0937`).
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotmess.claims.rule import INCONCLUSIVE, NOT_TESTABLE
from hotmess.claims.study import MOST_DRAWS, Study
from hotmess.claims.test import test_claims
from hotmess.errors import BadInput
from hotmess.responses.read import read

HERE = Path(__file__).resolve().parent
SHARED, OWN = HERE.parents[2] / "shared" / "data", HERE.parents[1] / "data"
NUMBERS, PAGE = HERE / "verdicts_real.json", HERE / "verdicts_real.md"
BEFORE, MINUTES = "06d0937", 120
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
    "gemma4-probes": _shared("gemma4-trajectory-mmlu-pro", where="condition = 'prefix_probe'", outcome="probs"),
    "tot_game24": _shared("public/tot_game24", length="response_chars"),
    "tot_creative_writing": _shared(
        "public/tot_creative_writing",
        columns={"judged_response": "sample", "sample": "judge_sample"},
        sources=["judged_response"],
        length="response_chars",
    ),
    "cruxeval_codellama7b": _shared("public/cruxeval_codellama7b"),
    "agent_hotpotqa": _shared("public/agent_hotpotqa", where="condition = 'default'"),
    "terminal-bench": _shared("terminal-bench"),
    "budget_global_mmlu": _shared(
        "public/budget_global_mmlu", columns={"item": "question", "question": "question,context"}, cluster="item"
    ),
    "temperature0_json": _shared(
        "public/temperature0_repeats", where="experiment = 'strict_json_schema'", allow_copies=True
    ),
    "hinted-mcq": _shared("hinted-mcq", where="condition = 'none' or condition = 'sycophancy'"),
    "paraphrase_consistency": _shared(
        "public/paraphrase_consistency", where="prompt = 'paraphrase' and condition = 'plain' and family = 'qwen3'"
    ),
    "mgsm_language_forcing": _shared("public/mgsm_language_forcing", where="condition = 'wait'"),
    "thinking_budget_qa": _shared("public/thinking_budget_qa"),
    "logs/inspect": Real((SHARED / "logs" / "inspect",)),
    "logs/lm_eval": Real((SHARED / "logs" / "lm_eval",)),
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
    if real.options:
        out["typed"] = typed(real.options)
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


def words(options: dict[str, Any]) -> list[str]:
    """Options of `hotmess.read` as the command line takes them."""
    out: list[str] = []
    for option, value in options.items():
        if option == "columns":
            out += [a for ours, theirs in value.items() for a in ("--column", f"{ours}={theirs}")]
        elif option == "sources":
            out += ["--source", ",".join(value)]
        elif value is True:
            out.append(f"--{option.replace('_', '-')}")
        else:
            out += [f"--{option}", value]
    return out


def typed(options: dict[str, Any]) -> str:
    """The same as one would type them."""
    return " ".join(w if re.fullmatch(r"[\w,=.-]+", w) else f'"{w}"' for w in words(options))


def before(name: str, tree: Path) -> dict[str, Any]:
    """What the command line of another work tree says of a data set; where it ends without verdicts, why."""
    real = SETS[name]
    asked = [sys.executable, "-m", "hotmess", "test", *map(str, real.files), "--json", *words(real.options)]
    try:
        done = subprocess.run(
            asked,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(tree / "src")},
            timeout=60 * MINUTES,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"stopped": f"it was not done in {MINUTES} minutes"}
    if done.returncode:
        return {"stopped": (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]}
    return {v["claim"]: {k: v[k] for k in ("verdict", "probability", "median")} for v in json.loads(done.stdout)}


def page(found: dict[str, Any]) -> str:
    """A table for each data set: what is decided, what is not and the next step; what it does not hold in one line."""
    head = (
        "# Verdicts on real responses\n\n`python reports/studies/verdicts_real.py`, seed 0. Every claim of the "
        "catalogue on each data set as `hotmess test` reads it with the options named. *Before* is the verdict, with "
        f"its median and P, of the code at the commit {BEFORE}, by the same options (`--before`); *published* what the "
        "published procedure calls the same claim, *alone* in how many models it holds alone. Intervals are 90%.\n"
    )
    parts = [head]
    for name in (n for n in SETS if n in found):
        one = found[name]
        read_as = typed(one["options"])
        parts.append(f"\n## {name}\n\n{f'Read with `{read_as}`. ' * bool(read_as)}")
        past = one.get("before", {})
        stopped = f" Before: could not run ({past['stopped'].rstrip('.')})." if "stopped" in past else ""
        if "refused" in one:
            parts.append(f"Refused: {one['refused']}{stopped}\n")
            continue
        size = f"{one['responses']:,} responses, {one['questions']:,} questions"
        parts.append(f"{size}, {one['seconds']} s, {one['date']}.{stopped}\n\n{_table(one['verdicts'], past)}")
    left = [n for n in SETS if n not in found]
    parts.append(f"\nNot run yet: {', '.join(left)}.\n" if left else "")
    return "".join(parts)


def _table(verdicts: list[dict[str, Any]], past: dict[str, Any]) -> str:
    """Those with a number row by row; those not testable for one reason in one row; the absent in one line."""
    columns = "claim | before | verdict | estimate | published | alone | could show | next step"
    rows: list[str] = []
    alike: dict[tuple[Any, ...], list[str]] = {}
    missing: dict[str, list[str]] = {}
    for v in verdicts:
        if v["absent"]:
            missing.setdefault(v["absent"], []).append(v["claim"])
        elif v["verdict"] == NOT_TESTABLE:
            alike.setdefault((_past(past, v["claim"]), tuple(v["reasons"]), v["next_step"]), []).append(v["claim"])
        else:
            rows.append(_row(v, past))
    for (was, reasons, step), names in alike.items():
        rows.append(_cells(", ".join(names), was, NOT_TESTABLE, "", "", "", "", f"{reasons[-1].rstrip('.')}. {step}"))
    listed = "; ".join(f"no {what}: {', '.join(names)}" for what, names in missing.items())
    table = f"| {columns} |\n|{'---|' * 8}\n{''.join(rows)}" if rows else ""
    return table + (f"\nNot about these data, which hold {listed}.\n" if listed else "")


def _past(past: dict[str, Any], claim: str) -> str:
    was = past.get(claim)
    if was is None:
        return "" if "stopped" in past or not past else "not there yet"
    if was["median"] is None:
        return str(was["verdict"])
    return f"{was['verdict']}, {was['median']:.3g}, P = {was['probability']:.3f}"


def _row(v: dict[str, Any], past: dict[str, Any]) -> str:
    number = f"{v['median']:.3g} [{v['low']:.3g}, {v['high']:.3g}], P = {v['probability']:.3f}"
    alone = "" if v["holds_in"] is None else f"{v['holds_in'][0]} of {v['holds_in'][1]}"
    smallest = "" if v["smallest_effect"] is None else f"{v['smallest_effect']:.2g}"
    step = v["next_step"] or ""
    if v["verdict"] == INCONCLUSIVE:
        first = next((r for r in v["reasons"] if not r.startswith("the posterior probability")), v["reasons"][0])
        step = f"{first.rstrip('.')}. {step}"
    was = _past(past, v["claim"])
    return _cells(v["claim"], was, v["verdict"], number, v["published"] or "", alone, smallest, step)


def _cells(*cells: str) -> str:
    return f"| {' | '.join(str(c).replace('|', '/') for c in cells)} |\n"


def _stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(NUMBERS.read_text(encoding="utf-8")) if NUMBERS.exists() else {}
    return found


def main() -> None:
    """Run what is asked for and there; write numbers and page after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*SETS, []], metavar="NAME")
    parser.add_argument("--summary", action="store_true")
    parser.add_argument("--before", type=Path, metavar="TREE")
    args = parser.parse_args()
    done = "before" if args.before else "date"
    todo = [] if args.summary else args.names or [n for n in SETS if done not in _stored().get(n, {})]
    for name in todo:
        if not SETS[name].files or not all(f.exists() for f in SETS[name].files):
            print(f"{name}: its data are not there.")
            continue
        new = {"before": before(name, args.before.resolve())} if args.before else run(name)
        found = _stored()
        kept = {k: v for k, v in found.get(name, {}).items() if args.before or k == "before"}
        found[name] = {**kept, **new}
        NUMBERS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(name, found[name].get("seconds", found[name].get("refused")), flush=True)
    found = {n: one for n, one in _stored().items() if "date" in one}
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
