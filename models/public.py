"""What public responses say: a table from files that you download, and the page of verdicts from the study's numbers.

    git clone https://github.com/sohv/inverse-scaling-cot
    python models/public.py inverse-scaling-cot --out cot.parquet      one row per chain of thought
    hotmess test cot.parquet                                           verdicts, as on the page
    python models/public.py --page reports/public/verdicts.md          the page, from verdicts_real.json

The data are other people's and no row of them is in this repository: the page holds numbers only. Where no licence is
stated, ask the authors before you pass anything on.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotmess.errors import BadInput

NUMBERS = Path(__file__).resolve().parents[1] / "reports" / "studies" / "verdicts_real.json"
MODEL = re.compile(r"Qwen2\.5-([\d.]+)B-Instruct(-AWQ)?")
OPTIONS = {"aqua": 5, "arc_challenge": 4, "openbookqa": 4, "hellaswag": 4}


@dataclass(frozen=True)
class Source:
    """Where a data set is from, what its repository says of a licence, and what to know of it."""

    where: str
    licence: str
    what: str
    caveat: str


SOURCES = {
    "cot-scaling-qwen2.5": Source(
        "sohv/inverse-scaling-cot",
        "none stated",
        "Qwen2.5-Instruct, 0.5 to 72 billion parameters, 20 chains of thought on 100 questions of each benchmark",
        "Sizes are complete for aqua, arc_challenge and openbookqa; at most 3% of chains end at the token limit.",
    ),
    "gemma4-natural": Source(
        "tobypullan/logit_cot_overthinking",
        "none stated",
        "gemma-4-12B thinking on MMLU-Pro, its own final letters",
        "Questions were chosen by an earlier run's outcome: levels are no benchmark scores.",
    ),
    "gemma4-probes": Source(
        "tobypullan/logit_cot_overthinking",
        "none stated",
        "the same traces cut at shares of their length, probabilities of letters read there",
        "Where the trace is cut at 0% the probabilities do not vary.",
    ),
    "terminal-bench": Source(
        "laude-institute/terminal-bench-leaderboard",
        "none stated",
        "nine pairs of agent and model on 80 tasks, five runs",
        "Lengths are missing where runs timed out, which is not at random.",
    ),
    "hinted-mcq": Source(
        "4cd4/hot-mess-reward-hacking",
        "MIT",
        "two models on GPQA and MMLU questions, without a hint and with one toward a wrong answer",
        "The intervention is the hint: less incoherent with it says more alike, not more often right. One model's "
        "answers without a hint look suspect in the source.",
    ),
    "paraphrase_consistency": Source(
        "kazemf78/llm-consistency-study",
        "Apache-2.0",
        "Qwen3, 0.6 to 32 billion parameters, paraphrased questions at temperature 0",
        "Repeats differ by wording: variance is that of wordings. Which questions are there depends on the model.",
    ),
    "mgsm_language_forcing": Source(
        "protimroy/crosslingual-test-time-scaling",
        "none stated",
        "s1.1, 3 to 32 billion parameters, MGSM in 11 languages",
        "The longest outputs are missing, most of them of the smallest model: do not compare sizes.",
    ),
    "budget_global_mmlu": Source(
        "protimroy/crosslingual-test-time-scaling",
        "none stated",
        "s1.1-32B with thinking capped at five budgets, 400 questions in 7 languages",
        "One greedy response at each budget; budget 0 is another model. The languages of a question are one cluster.",
    ),
    "thinking_budget_qa": Source(
        "XuZhao0/tts-knowledge",
        "MIT",
        "SimpleQA and FRAMES at levels of thinking of 12 models",
        "One response at each level, so no variance of sampling; the longest levels are missing.",
    ),
    "temperature0_json": Source(
        "breckbaldwin/llm-stability",
        "Apache-2.0",
        "gpt-4o at temperature 0 with a JSON schema, 7 tasks, five runs",
        "Variance that temperature does not explain; repeats that agree are no copies.",
    ),
    "tot_game24": Source(
        "princeton-nlp/tree-of-thought-llm",
        "MIT",
        "GPT-4 (2023) at the game of 24, 100 responses to each of 100 questions under two prompts",
        "Several expressions are right; most questions are never solved.",
    ),
    "tot_creative_writing": Source(
        "princeton-nlp/tree-of-thought-llm",
        "MIT",
        "stories by GPT-4, each judged five times by GPT-4",
        "The same model judges itself; judgements are nested in stories.",
    ),
    "cruxeval_codellama7b": Source(
        "facebookresearch/cruxeval",
        "MIT",
        "CodeLlama-7B on 800 functions, inputs and outputs, ten samples",
        "The order of the samples carries information: never take the first ones.",
    ),
    "humaneval_repeats": Source(
        "jamesmurdza/humaneval-results",
        "none stated",
        "three models on HumanEval, ten programs each",
        "Right or wrong by unit tests.",
    ),
    "agent_hotpotqa": Source(
        "amanmehta-maniac/agent-consistency",
        "none stated",
        "three models as agents on HotpotQA, ten runs",
        "Right where the answer holds the gold one.",
    ),
}


def inverse_scaling_cot(folder: Path) -> Iterator[dict[str, Any]]:
    """Rows of a clone, one per chain of thought, with its length in characters (the study counts tokens instead).

    Letters and digits counted from 1 become option indices from 0; an answer that is none is -1 (unparsable).
    """
    files = sorted(folder.glob("results/core_sweep/*/generation_results.jsonl"))
    if not files:
        raise BadInput(f"{folder} holds no results/core_sweep/*/generation_results.jsonl; give its folder.")
    for file in files:
        found = MODEL.search(file.parent.name)
        benchmark = file.parent.name.rpartition("__")[2]
        if found is None or benchmark not in OPTIONS:
            continue
        head = {
            "benchmark": benchmark,
            "model": found[0],
            "family": "Qwen2.5-Instruct",
            "model_size_b": float(found[1]),
        }
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            target = option(record["correct_label"])
            for sample in record["cot_samples"]:
                answer = option(sample["extracted_answer"])
                yield {
                    **head,
                    "question": record["id"],
                    "sample": sample["sample_idx"],
                    "answer": answer if answer < OPTIONS[benchmark] else -1,
                    "target": target,
                    "n_choices": OPTIONS[benchmark],
                    "reasoning_chars": len(sample["cot_text"]),
                }


def option(label: Any) -> int:
    """The index of an option from 0.

    >>> [option(x) for x in ("A", "e", "1", None, "")]
    [0, 4, 0, -1, -1]
    """
    text = str(label or "").strip().upper()
    if len(text) != 1:
        return -1
    return ord(text) - ord("1") if text.isdigit() else ord(text) - ord("A")


def page(numbers: dict[str, Any]) -> str:
    """Per data set: where it is from, the claims that it can speak to with their verdicts, and what to know."""
    out = [
        "# What public responses say",
        "",
        "Every claim of the paper, and of this project, on responses that others have published, read as the options "
        "say, seed 0: made by `python models/public.py --page FILE` from the numbers of "
        "`python reports/studies/verdicts_real.py`. Numbers only; no row of the data is here. Intervals are 90%, for "
        "questions like these; claims that a data set cannot speak to are counted. *Supported*: the claim, as it "
        "stands in the first column, is found in these data.",
        "",
        tally(numbers),
        "",
    ]
    for name in sorted(numbers, key=str.lower):
        if not name.startswith(("own", "logs")):
            out += data_set(name, numbers[name])
    return "\n".join(out).rstrip() + "\n"


def tally(numbers: dict[str, Any]) -> str:
    """A row per claim: in how many data sets it has each verdict."""
    from hotmess.claims.catalogue import CATALOGUE

    kinds = ("supported", "contradicted", "negligible", "inconclusive")
    rows = [
        "| claim | in the paper | supported | contradicted | practically none | inconclusive |",
        "|---|---|---|---|---|---|",
    ]
    public = [v for name, v in numbers.items() if not name.startswith(("own", "logs"))]
    for claim in CATALOGUE.values():
        said = [v["verdict"] for one in public for v in one.get("verdicts", ()) if v["claim"] == claim.name]
        counts = [said.count(kind) for kind in kinds]
        if sum(counts):
            rows.append(f"| {claim.statement} | {claim.place} | {' | '.join(map(str, counts))} |")
    return "\n".join(rows)


def data_set(name: str, found: dict[str, Any]) -> list[str]:
    """The section of a data set."""
    from hotmess.claims.catalogue import CATALOGUE

    source = SOURCES.get(name)
    out = [f"## {name}", ""]
    if source is not None:
        out += [f"{source.what}. Source: github.com/{source.where}; licence: {source.licence}. {source.caveat}", ""]
    if "refused" in found:
        return [*out, f"It is refused: {found['refused']}", ""]
    told = f", read with `{found['typed']}`" if found.get("typed") else ""
    out += [f"{found['responses']:,} responses to {found['questions']:,} questions, {found['date']}{told}.", ""]
    speaks = [v for v in found["verdicts"] if v["verdict"] != "not testable"]
    if speaks:
        out += ["| claim | verdict | number | P | held back by | next step |", "|---|---|---|---|---|---|"]
        for v in speaks:
            claim = CATALOGUE.get(v["claim"])
            number = f"{v['median']:.3g} [{v['low']:.3g}, {v['high']:.3g}]" if v["median"] is not None else ""
            chance = f"{v['probability']:.3f}" if v["probability"] is not None else ""
            said = "practically none" if v["verdict"] == "negligible" else v["verdict"]
            cells = (claim.statement if claim else v["claim"], f"**{said}**", number, chance, held(v), step(v))
            out.append(f"| {' | '.join(cells)} |")
        out.append("")
    rest = len(found["verdicts"]) - len(speaks)
    return [*out, f"{rest} of {len(found['verdicts'])} claims it cannot speak to.", ""]


def held(verdict: dict[str, Any]) -> str:
    """What held a verdict back, where it is not the probability alone."""
    reasons = [r for r in verdict.get("reasons") or () if not r.startswith("the posterior probability")]
    return reasons[0].replace("|", " ") if reasons else ""


def step(verdict: dict[str, Any]) -> str:
    """What its reader may do next, where nothing is decided."""
    return str(verdict.get("next_step") or "").replace("|", " ")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="a clone of sohv/inverse-scaling-cot")
    parser.add_argument("--out", type=Path, default=Path("cot.parquet"), help="the table (default: cot.parquet)")
    parser.add_argument("--page", type=Path, help="write the page of verdicts instead")
    args = parser.parse_args()
    try:
        if args.page is not None:
            args.page.parent.mkdir(parents=True, exist_ok=True)
            args.page.write_text(page(json.loads(NUMBERS.read_text(encoding="utf-8"))), encoding="utf-8")
        elif args.folder is not None:
            import pandas as pd

            table = pd.DataFrame(inverse_scaling_cot(args.folder))
            table.to_parquet(args.out)
            print(f"{len(table):,} rows in {args.out}")
        else:
            parser.error("give the folder of a clone, or --page FILE")
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
