"""Study: sources of variance and reliability on real responses.

    python reports/studies/sources.py --seed 0

* judges: stories of GPT-4 judged five times each (Tree of Thoughts), beside the variances that their table states;
* two crossed sources: the language of the question and the language that is forced (MGSM);
* contexts: this repository's own responses, ten few-shot contexts shared by all questions;
* wording and size: paraphrases at temperature 0, Qwen3 of 0.6 to 32 billion parameters, common questions only;
* order: ten samples of CodeLlama-7B on CRUXEval, whose order carries information;
* stopping: runs at temperature 0 that went on or not by their outcomes, and runs that did not.

Tables are looked for in `--shared` (default: the repository's sibling folder `shared/data`). Writes `sources.json` and
`sources.md` beside itself: numbers only.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

import pandas as pd

import hotmess as hm
from hotmess.responses.table import Responses

HERE = Path(__file__).resolve().parent
OWN = HERE.parents[1] / "data"
GRADES = 81
"""Squared width of the scale from 1 to 10 that stands behind scores from 0 to 1."""
STATED = {"cot": {"judge": 0.49, "story": 1.19}, "standard": {"judge": 0.57, "story": 1.95}}


def judges(file: Path, seed: int) -> dict[str, Any]:
    """Variance of judgements and of stories, on the scale from 1 to 10, and the claim on judging."""
    table = pd.read_parquet(file)
    names = ["condition", "question", "sample"]
    table["judged_response"] = table[names].astype(str).agg("/".join, axis=1)
    table["sample"] = table["sample"] * 5 + table["judge_sample"]
    responses = hm.read(table, allow_copies=True)
    found = hm.sources(responses, ["judged_response"], by=["condition"], seed=seed).table
    parts = {"judged_response": "story", "sampling": "judge"}
    rows = [
        {
            "condition": row["condition"],
            "part": parts[row["part"]],
            "stated": STATED[row["condition"]][parts[row["part"]]],
        }
        | {name: GRADES * row[name] for name in ("value", "low", "high")}
        | {name: row[name] for name in ("share", "share_low", "share_high")}
        for row in found.to_dict("records")
        if row["part"] in parts
    ]
    return {"parts": rows, "claim": verdict("judge-share-of-variance", responses, seed)}


def crossed(file: Path, seed: int) -> dict[str, Any]:
    """Language of the question, language forced, and the rest."""
    sources = ["context", "forced_language"]
    responses = hm.read(file, where="condition = 'NxN'", outcome="score", sources=sources, allow_copies=True)
    found = hm.sources(responses, sources, seed=seed)
    return {"parts": found.table.drop(columns="model").to_dict("records"), "notes": list(found.notes)}


def contexts(folder: Path, seed: int) -> dict[str, Any]:
    """The share of contexts in this repository's responses, and the claim on it."""
    responses = hm.read(sorted(folder.glob("arithmetic-and-facts-*.parquet")), outcome="answer", allow_copies=True)
    found = hm.sources(responses, ["context"], seed=seed)
    keep = found.table[found.table["part"] == "context"]
    columns = ["of", "against", "part", "share_difference", "share_difference_low", "share_difference_high"]
    between = found.differences[found.differences["part"] == "context"][columns]
    claim = verdict("context-share-of-variance", responses, seed)
    return {"parts": keep.to_dict("records"), "differences": between.to_dict("records"), "claim": claim}


def wording(file: Path, seed: int) -> list[dict[str, Any]]:
    """Reliability of each size over paraphrases, on the questions that all sizes have, and the claim on scale."""
    out = []
    for benchmark in ("truthfulqa-paraphrases", "math500-paraphrases"):
        where = f"benchmark = '{benchmark}' AND prompt = 'paraphrase' AND condition = 'plain' AND model LIKE '%Qwen3-%'"
        responses = common(hm.read(file, where=where, outcome="score", allow_copies=True))
        found = hm.reliability(responses, ["model_size_b"], k=[1], seed=seed, differences=False).table
        wanted = found[found["quantity"].isin(["accuracy", "flips", "icc", "agreement"])]
        rows = wanted[["model_size_b", "quantity", "questions", "value", "low", "high"]].to_dict("records")
        claim = verdict("reliability-rises-with-scale", responses, seed)
        out.append({"benchmark": benchmark, "rows": rows, "claim": claim})
    return out


def common(responses: Responses) -> Responses:
    """The questions that every model has with two responses or more."""
    n = responses.table.groupby(["question", "model"]).size().unstack()
    asked = set(n.index[(n >= 2).all(axis=1)])
    listed = ", ".join("'" + str(q).replace("'", "''") + "'" for q in sorted(asked))
    return responses.where(f"question IN ({listed})")


def order(file: Path, seed: int) -> list[str]:
    """What is said of the order of samples."""
    responses = hm.read(file, outcome="score", allow_copies=True)
    return list(hm.reliability(responses, ["benchmark"], k=[1], seed=seed, differences=False).notes)


def stopping(file: Path, seed: int) -> dict[str, Any]:
    """In how many groups stopping by outcome is recognised, among those that did and those that did not."""
    out: dict[str, Any] = {}
    responses = hm.read(file, columns={"condition": "condition,experiment,folder"}, allow_copies=True)
    notes = hm.reliability(responses, ["model"], k=[1], seed=seed, differences=False).notes
    place = ["benchmark", "model", "condition"]
    for name in ("adaptive", "balanced"):
        groups = responses.table[responses.table["design"].astype(str).str.startswith(name)].groupby(place)
        several = groups.apply(lambda g: g.groupby("question").size().nunique() > 1, include_groups=False)
        said = [note for note in notes if any(f"({', '.join(key)})" in note for key in several.index)]
        out[name] = {"groups": len(several), "of_unequal_numbers": int(several.sum())}
        for what, words in (
            ("recognised", "depends on what they say"),
            ("never_differ", "no two answers to any of them differ"),
            ("too_few", "too few to tell"),
        ):
            out[name][what] = sum(words in note for note in said)
    largest = next(n for n in notes if "depends on what they say" in n and "no_ling" in n)
    out["adaptive"]["largest"] = largest.split(": ", 1)[1].split(", as ", 1)[0] + "."
    out["adaptive"]["column"] = next(n for n in notes if n.startswith("Column "))
    return out


def verdict(claim: str, responses: Responses, seed: int) -> dict[str, Any]:
    """A claim's verdict in short."""
    made = hm.test(claim, responses, seed=seed)
    keys = ("claim", "verdict", "probability", "median", "low", "high", "sentence")
    return {key: made.record()[key] for key in keys}


def page(found: dict[str, Any], command: str) -> str:
    """The numbers as tables."""
    out = ["# Sources of variance and reliability on real responses", "", f"`{command}`, {found['date']}.", ""]

    def table(heads: list[str], rows: list[list[Any]]) -> None:
        out.extend([f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)])
        out.extend(f"| {' | '.join(cell(value) for value in row)} |" for row in rows)
        out.append("")

    def span(row: dict[str, Any], name: str, side: str | None = None, digits: int = 3) -> str:
        side = name if side is None else side
        low, high = (row[f"{side}_{end}" if side else end] for end in ("low", "high"))
        return f"{row[name]:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"

    out += [
        "## Judges: stories of GPT-4, each judged five times",
        "",
        "On the scale from 1 to 10; `stated` by the table's makers.",
        "",
    ]
    rows = found["judges"]["parts"]
    table(
        ["condition", "part", "stated", "variance", "share"],
        [[r["condition"], r["part"], r["stated"], span(r, "value", ""), span(r, "share")] for r in rows],
    )
    out += [found["judges"]["claim"]["sentence"], "", "## Two crossed sources: MGSM, s1.1-14B", ""]
    table(
        ["part", "variance", "share", "part of incoherence"],
        [
            [r["part"], span(r, "value", ""), span(r, "share"), span(r, "incoherence")]
            for r in found["crossed"]["parts"]
        ],
    )
    out += ["## Ten few-shot contexts, shared by all questions: this repository's responses", ""]
    table(
        ["model", "questions", "share of contexts", "part of incoherence"],
        [[r["model"], r["questions"], span(r, "share"), span(r, "incoherence")] for r in found["contexts"]["parts"]],
    )
    table(
        ["of", "against", "difference of shares"],
        [[r["of"], r["against"], span(r, "share_difference")] for r in found["contexts"]["differences"]],
    )
    out += [
        found["contexts"]["claim"]["sentence"],
        "",
        "## Wording and size: Qwen3 at temperature 0 over paraphrases",
        "",
    ]
    for one in found["wording"]:
        out += [f"{one['benchmark']}:", ""]
        table(
            ["billions", "quantity", "questions", "value"],
            [[r["model_size_b"], r["quantity"], r["questions"], span(r, "value", "")] for r in one["rows"]],
        )
        out += [one["claim"]["sentence"], ""]
    out += [
        "## Order: CRUXEval, CodeLlama-7B",
        "",
        *found["order"],
        "",
        "## Stopping by outcome: runs at temperature 0",
        "",
    ]
    table(
        ["design", "groups", "of unequal numbers of runs", "recognised", "answers never differ", "too few to tell"],
        [
            [k, v["groups"], v["of_unequal_numbers"], v["recognised"], v["never_differ"], v["too_few"]]
            for k, v in found["stopping"].items()
        ],
    )
    adaptive = found["stopping"]["adaptive"]
    out += [f"Among the recognised: {adaptive['largest']}", "", f"Of all groups together: {adaptive['column']}", ""]
    return "\n".join(out)


def cell(value: Any) -> str:
    """A value in a table."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Run on what is there, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=HERE.parents[2] / "shared" / "data", help="folder of tables")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    public, seed = args.shared / "public", args.seed
    found = {
        "command": f"python reports/studies/sources.py --seed {seed}",
        "date": datetime.date.today().isoformat(),
        "judges": judges(public / "tot_creative_writing.parquet", seed),
        "crossed": crossed(public / "mgsm_language_forcing.parquet", seed),
        "contexts": contexts(OWN, seed),
        "wording": wording(public / "paraphrase_consistency.parquet", seed),
        "order": order(public / "cruxeval_codellama7b.parquet", seed),
        "stopping": stopping(public / "temperature0_repeats.parquet", seed),
    }
    (HERE / "sources.json").write_text(json.dumps(found, indent=1) + "\n")
    (HERE / "sources.md").write_text(page(found, found["command"]))


if __name__ == "__main__":
    main()
