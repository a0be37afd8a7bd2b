"""Draw the responses in this folder from local language models, through Inspect.

    python data/draw.py MODEL.gguf --budgets low high

Serves the model on 127.0.0.1, asks every question of `questions.jsonl` in 10 few-shot contexts, 3 times each, at each
budget, and writes one part for each (model, budget, context) to `parts/`. Parts that exist are kept, so the command
resumes. When a model is complete at the budgets asked for, their parts go into `arithmetic-and-facts-MODEL.parquet`;
another budget can be added later. `--summary` prints, from the files that are there, rows, accuracy and wrong formats
for each model and budget, and puts them into the README.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from hotmess.sampling.items import Item, load_rows, read_items
from hotmess.sampling.local import gguf_metadata, serve
from hotmess.sampling.parse import parse_letter
from hotmess.sampling.wrong_format import format_table

if TYPE_CHECKING:
    from inspect_ai.dataset import MemoryDataset, Sample

HERE = Path(__file__).parent
BENCHMARK = "arithmetic-and-facts"
SEED = 20261121
CONTEXTS, DRAWS = 10, 3
TEMPERATURE, TOP_P = 0.8, 0.95
MAX_TOKENS = {"low": 64, "high": 256}
PATIENCE = 4 * 3600  # seconds for one response: a busy machine may be slow, and a repeated request slower still
MARK = "`python data/draw.py --summary` prints, and writes here,"
CATEGORIES = ("benchmark", "model", "family", "question", "category", "condition", "budget", "finish_reason")


def describe(path: str) -> dict[str, object]:
    """Model, family and size from the file's own metadata."""
    entries = gguf_metadata(path)
    size = str(entries["general.size_label"])
    return {
        "model": str(entries["general.name"]),
        "family": str(entries["general.basename"]),
        "model_size_b": float(size[:-1]) * {"B": 1, "M": 1e-3}[size[-1]],
    }


def pin(samples: Iterable[Sample], slots: int) -> MemoryDataset:
    """Pin each question to a slot of the server, so that its prompt is processed once and not for every draw."""
    from inspect_ai.dataset import MemoryDataset

    ordered = list(samples)
    places = {name: place for place, name in enumerate(dict.fromkeys(s.metadata["question"] for s in ordered))}
    for sample in ordered:
        sample.metadata["slot"] = places[sample.metadata["question"]] % slots
    # By blocks of as many questions as there are slots, in each block by draw.
    ordered.sort(key=lambda s: (places[s.metadata["question"]] // slots, s.metadata["draw"]))
    return MemoryDataset(ordered)


def draw_part(
    items: list[Item], pool: list[Item], model: dict[str, object], url: str, *, budget: str, context: int, slots: int
) -> pd.DataFrame:
    """The responses of one model at one budget in one context."""
    from inspect_ai import eval as run
    from inspect_ai.log import read_eval_log
    from inspect_ai.model import get_model
    from inspect_ai.solver import Generate, Solver, TaskState, solver

    from hotmess.sampling.task import build_task

    @solver
    def draw_in_slot() -> Solver:
        """Generate once, with the sample's own seed, in the slot of llama.cpp that its question is pinned to."""

        async def solve(state: TaskState, generate: Generate) -> TaskState:
            return await generate(state, seed=state.metadata["seed"], extra_body={"id_slot": state.metadata["slot"]})

        return solve

    task = build_task(
        items,
        pool,
        name=BENCHMARK,
        budget=budget,
        contexts=CONTEXTS,
        draws=DRAWS,
        seed=SEED,
        stream=str(model["model"]),
        only=[context],
        temperature=TEMPERATURE,
        top_p=TOP_P,
        max_tokens=MAX_TOKENS[budget],
    )
    task.dataset = pin(task.dataset, slots)
    task.solver = draw_in_slot()
    name = str(model["model"]).replace(" ", "-")
    provider = get_model(
        f"openai-api/local/{name}", base_url=url, api_key="none", memoize=False, client_timeout=PATIENCE
    )
    with tempfile.TemporaryDirectory() as logs:
        (header,) = run(
            task,
            model=provider,
            # As many as wait for the slots: each slot then always has its next request.
            max_connections=DRAWS * slots,
            max_samples=DRAWS * slots,
            log_dir=logs,
            display="none",
            log_realtime=False,
            timeout=PATIENCE,
        )
        log = read_eval_log(header.location)
    if log.status != "success" or len(log.samples or []) != len(items) * DRAWS:
        raise RuntimeError(f"The run ended with status {log.status}: {log.error}")
    levels = {row["question_id"]: row["level"] for row in load_rows(str(HERE / "questions.jsonl"))}
    rows = []
    for sample in log.samples or []:
        about, (score,) = sample.metadata, (sample.scores or {}).values()
        usage = sample.output.usage
        assert usage is not None and score.metadata is not None
        reason = str(sample.output.stop_reason)
        rows.append(
            {
                "benchmark": BENCHMARK,
                **model,
                "question": about["question"],
                "category": about["category"],
                "level": levels[about["question"]],
                "condition": "",
                "budget": budget,
                "context": context,
                "sample": about["draw"],
                "answer": score.metadata["answer"],
                "target": about["target"],
                "n_choices": about["n_choices"],
                "reasoning_tokens": usage.output_tokens,
                "finish_reason": "length" if reason == "max_tokens" else reason,
                "seed": about["seed"],
                "temperature": TEMPERATURE,
                "top_p": TOP_P,
                "max_tokens": MAX_TOKENS[budget],
                "text": sample.output.completion,
            }
        )
    return pd.DataFrame(rows)


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a Parquet file beside its place, then move it there whole."""
    table = table.sort_values(["budget", "question", "context", "sample"], ignore_index=True)
    table = table.astype(dict.fromkeys(CATEGORIES, "category"))
    beside = path.with_suffix(".writing")
    table.to_parquet(beside, compression="zstd", index=False)
    os.replace(beside, path)


def read(paths: Iterable[Path]) -> pd.DataFrame:
    """The responses of some files, with the answers that the parser, as it is now, reads in their texts."""
    table = pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)
    table = table.astype(dict.fromkeys(CATEGORIES, str))
    table["answer"] = [parse_letter(text, n) for text, n in zip(table["text"], table["n_choices"], strict=True)]
    return table


def draw_model(path: str, budgets: list[str], *, slots: int, url: str | None) -> None:
    """Draw what is missing of one model at some budgets, then put these parts into its file.

    Parts of other budgets stay where they are, and responses in the model's file are kept.
    """
    model = describe(path)
    whole = HERE / f"{BENCHMARK}-{str(model['model']).lower().replace(' ', '-')}.parquet"
    there = set(pd.read_parquet(whole, columns=["budget"])["budget"].unique()) if whole.exists() else set()
    budgets = [budget for budget in budgets if budget not in there]
    if not budgets:
        print(f"{whole.name} holds these budgets already", flush=True)
        return
    items, pool = (read_items(str(HERE / name)) for name in ("questions.jsonl", "examples.jsonl"))
    folder = HERE / "parts"
    folder.mkdir(exist_ok=True)
    keys = [(context, budget) for context in range(CONTEXTS) for budget in budgets]
    parts = {key: folder / f"{whole.stem}.{key[1]}.{key[0]}.parquet" for key in keys}
    missing = {key: part for key, part in parts.items() if not part.exists()}
    server = nullcontext(url or "") if url or not missing else serve(path, slots=slots, timeout=600)
    with server as address:
        for (context, budget), part in missing.items():
            start = time.monotonic()
            table = draw_part(items, pool, model, address, budget=budget, context=context, slots=slots)
            write(table, part)
            seconds = time.monotonic() - start
            right = (table.answer == table.target).mean()
            print(
                f"{part.name}: {len(table)} draws in {seconds:.0f} s, right {right:.2f}, "
                f"wrongly formatted {(table.answer < 0).mean():.2f}, tokens {table.reasoning_tokens.mean():.0f}",
                flush=True,
            )
    write(read([*([whole] if there else []), *parts.values()]), whole)
    for part in parts.values():
        part.unlink()
    write_summary()
    print(f"{whole.name} is complete at {', '.join(sorted(there | set(budgets)))}", flush=True)


def summary() -> pd.DataFrame:
    """Rows, accuracy, wrong formats and lengths for each model and budget, from the files that are there."""
    files = sorted(HERE.glob(f"{BENCHMARK}-*.parquet")) + sorted((HERE / "parts").glob("*.parquet"))
    table = read(files)
    table = table.assign(right=table.answer == table.target)
    groups = table.groupby(["model_size_b", "model", "budget"], sort=True)
    about = groups.agg(
        contexts=("context", "nunique"), right=("right", "mean"), median_tokens=("reasoning_tokens", "median")
    )
    return format_table(table).drop(columns="condition").merge(about.reset_index(), on=["model", "budget"])


def summary_text() -> str:
    """The summary as a Markdown table."""
    table = summary().sort_values(["model_size_b", "budget"])
    heads = {
        "model": "model",
        "budget": "budget",
        "contexts": "contexts",
        "responses": "responses",
        "right": "right",
        "wrong": "wrongly formatted",
        "at_the_limit": "cut off",
        "median_tokens": "median tokens",
    }
    lines = ["| " + " | ".join(heads.values()) + " |", "|" + "---|" * len(heads)]
    for row in table.assign(right=table["right"].map("{:.1%}".format))[list(heads)].itertuples(index=False):
        lines.append(
            "| " + " | ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in row) + " |"
        )
    return "\n".join(lines) + "\n"


def write_summary() -> None:
    """Put the summary at the end of the README."""
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(text[: text.index(MARK)] + MARK + "\n\n" + summary_text(), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="GGUF files, drawn from in this order")
    parser.add_argument("--budgets", nargs="+", default=["low", "high"], choices=list(MAX_TOKENS))
    parser.add_argument("--slots", type=int, default=8, help="responses generated at the same time")
    parser.add_argument("--url", help="address of a server that already serves the one model, top-k and min-p off")
    parser.add_argument("--summary", action="store_true")
    args = parser.parse_args()
    for path in args.models:
        draw_model(path, args.budgets, slots=args.slots, url=args.url)
    if args.summary or not args.models:
        print(summary_text(), end="")
        write_summary()


if __name__ == "__main__":
    main()
