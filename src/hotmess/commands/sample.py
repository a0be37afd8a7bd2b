"""`hotmess sample`: draw responses from a model and leave Inspect logs that `hotmess read` reads."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack, redirect_stdout
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.commands.options import patience_option
from hotmess.commands.options import seed as whole
from hotmess.commands.printing import print_json, say
from hotmess.errors import BadInput, need
from hotmess.interrupt import happened
from hotmess.responses.values import suggest
from hotmess.sampling.draws import held_out
from hotmess.sampling.items import LAYOUTS, Columns, Item, read_items
from hotmess.terminal import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_ai.log import EvalLog

    from hotmess.claims.verdict import Verdict
    from hotmess.looks.record import Looks
    from hotmess.sampling.draws import Draw


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `sample` to the parsers of the command line; its `run` default is `sample_command`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "sample",
        help="draw responses from a model through Inspect",
        description="Ask a model every question in several random few-shot contexts, several times each, and write "
        "Inspect logs. Each draw has its own seed, derived from --seed, model, budget, question, context and draw.",
        epilog="example:\n  hotmess sample questions.jsonl --pool examples.jsonl --model vllm/org/name --budget low",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("questions", help=".jsonl, .json, .csv or .parquet file, or hf:owner/name[:config]")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", help="a model as Inspect names it: openai/…, anthropic/…, vllm/…, openai-api/…")
    source.add_argument("--gguf", help="a GGUF file to serve here for the run (needs hotmess[local])")
    add("--model-base-url", help="address of an OpenAI-compatible or other server")
    add("--pool", help="questions with answers for the few-shot examples; none: every context is empty")
    add("--hold-out", type=int, default=0, metavar="N", help="keep N of the questions, at random, for the examples")
    add("--split", help="split of a Hugging Face data set (default: test)")
    add("--pool-split", help="split of the pool's data set (default: that of the questions)")
    add("--layout", choices=sorted(LAYOUTS), help="columns of a published data set")
    add("--column", action="append", default=[], metavar="NAME=COLUMN[,COLUMN…]", help=f"NAME is one of {_names()}")
    add("--name", help="benchmark name (default: the file's)")
    add("--format", choices=("letter", "probability", "open"), default="letter", help="what an answer looks like")
    add("--budget", action="append", default=[], help="low, medium, high, or a number of tokens; may be repeated")
    add("--budget-by", choices=("instruction", "effort", "tokens"), default="instruction", help="words, or a setting")
    add("--condition", default="", help="label of this arm, part of the cell")
    add("--contexts", type=int, default=10, help="random few-shot contexts (default 10)")
    add("--draws", type=int, default=3, help="draws in each context (default 3)")
    add("--shots", type=int, nargs="+", default=[2, 3], help="sizes of a context to draw from (default 2 3)")
    add("--order", choices=("fixed", "permuted"), default="fixed", help="order of the options")
    add("--seed", type=whole, default=0, help="seed of contexts, orders and draws (default: 0)")
    add("--temperature", type=float)
    add("--top-p", type=float)
    add("--max-tokens", type=int)
    add("--max-connections", type=int, default=8, help="requests at the same time (default 8)")
    add("--limit", type=int, help="only the first so many questions")
    add("--log-dir", default="logs")
    add(
        "--until",
        metavar="CLAIM",
        action="append",
        help="draw in rounds, and stop when this claim is decided (or will hardly be)",
    )
    add("--claims", action="append", metavar="FILE", help="claims of your own for --until, as YAML")
    add("--responses", type=int, metavar="N", help="with --until: responses to draw at most")
    add("--tokens", type=int, metavar="N", help="with --until: tokens to generate at most, by the first round's mean")
    add("--looks", type=int, default=5, metavar="N", help="with --until: looks at most, 1 to 10 (default: 5)")
    add("--futility", type=float, default=0.05, metavar="P", help="chance of a decision below which to stop (0.05)")
    add("--with", dest="beside", action="append", default=[], metavar="FILE", help="responses of other models or arms")
    add("--allow-copies", action="store_true", help="with --until: accept repeats that are copies of each other")
    patience_option(parser, "with --until: ")
    add("--price", type=float, metavar="DOLLARS", help="per million generated tokens, to say what a run costs")
    add("--json", action="store_true", help="print records on stdout and nothing else")
    parser.set_defaults(run=sample_command)
    return parser


def sample_command(args: argparse.Namespace) -> int:
    """Run `hotmess sample` and print one line for each log. Returns the exit code."""
    need("inspect_ai", "inspect")
    columns = _columns(args.layout, args.column)
    if args.limit is not None and args.limit < 1:
        raise BadInput(f"--limit {args.limit} leaves no question: give 1 or more.")
    items = read_items(args.questions, columns=columns, split=args.split)
    pool = read_items(args.pool, columns=columns, split=args.pool_split or args.split) if args.pool else []
    if args.hold_out:
        items, kept = held_out(items, args.hold_out, seed=args.seed)
        pool += kept
    items = items[: args.limit]
    records: list[dict[str, Any]] = []
    found: tuple[Looks, Verdict | None] | None = None
    with ExitStack() as stack:
        if args.json:
            # Inspect's display writes to stdout.
            stack.enter_context(redirect_stdout(sys.stderr))
        model = _model(args, stack)
        if args.until is not None:
            found = _until(args, items, pool, model)
        for budget in (args.budget or [""]) if found is None else ():
            log = _run(args, items, pool, model, budget)
            done = log.results.completed_samples if log.results else 0
            failed = (log.results.total_samples if log.results else len(log.samples or ())) - done
            if failed and not done:
                said = next((one.error.message for one in log.samples or () if one.error), "no reason is given")
                why = said.strip().splitlines()[0][:200]
                raise BadInput(
                    f"No response came from {log.eval.model}: all {failed} failed ({why}). The log is {log.location}."
                )
            about = {"model": log.eval.model, "budget": budget, "responses": done, "failed": failed}
            records.append({**about, "log": log.location})
    if found is not None:
        return _print_until(args, *found)
    if args.json:
        print(json.dumps(records))
    else:
        for record in records:
            lost = f" ({record['failed']} failed)" if record["failed"] else ""
            print(f"{record['model']} {record['budget']}: {record['responses']} responses{lost} in {record['log']}")
    return 0


def _until(args: argparse.Namespace, items: list[Item], pool: list[Item], model: Any) -> tuple[Looks, Verdict | None]:
    """Rounds until the claim is decided: the record, and the last look's verdict."""
    from hotmess.claims.user import chosen_claims
    from hotmess.looks.record import MOST_LOOKS
    from hotmess.sampling.rounds import Run, Until
    from hotmess.sampling.until import sample_until, settings_of

    if (args.responses is None) == (args.tokens is None):
        raise BadInput("--until needs a budget: --responses N or --tokens N, one of them.")
    if not 1 <= args.looks <= MOST_LOOKS:
        raise BadInput(f"--looks {args.looks} is not a number from 1 to {MOST_LOOKS}.")
    if not 0 <= args.futility <= 0.5:
        raise BadInput(f"--futility {args.futility:g} is not a probability from 0 to 0.5.")
    known = {claim.name: claim for claim in chosen_claims(None, None)}
    own = {claim.name: claim for claim in chosen_claims(None, args.claims)} if args.claims else {}
    if len(args.until) > 1:
        raise BadInput(
            f"--until takes one claim, and {' and '.join(args.until)} were given: the others can be tested on what was "
            "drawn (hotmess test), with errors added up over the looks."
        )
    name = args.until[0].replace("_", "-")
    if name not in known | own:
        raise BadInput(f"There is no claim {args.until[0]!r}{suggest(name, list(known | own))}; see hotmess claims.")
    claim = (known | own)[name]
    names = ("format", "budget_by", "condition", "contexts", "draws", "shots", "order", "seed", "temperature")
    options = {key: getattr(args, key) for key in (*names, "top_p", "max_tokens", "budget", "looks", "futility")}
    settings = settings_of(items, pool, model=str(model), claim=claim.name, beside=args.beside, **options)
    settings |= {"responses": args.responses, "tokens": args.tokens, "preregistration": claim.preregistration}
    budgets = args.budget or [""]
    run = Run(items, budgets, args.contexts, args.draws, args.order, args.seed, str(model), args.condition)
    until = Until(
        replace(claim, long=False),
        Path(args.log_dir),
        args.responses,
        args.tokens,
        args.looks,
        args.futility,
        args.price,
        tuple(args.beside),
        args.allow_copies,
        args.patience,
        settings,
    )
    plan, verdict, _ = sample_until(
        until, run, lambda draws, budget, number: _ask(args, items, pool, model, budget, draws, number), say
    )
    return plan, verdict


def _print_until(args: argparse.Namespace, plan: Looks, verdict: Verdict | None) -> int:
    """The record and the verdict as JSON, or the verdict's sentence."""
    if args.json:
        print_json({"looks": plan.shown(), "verdict": None if verdict is None else verdict.record()})
    elif verdict is not None:
        print(one_line(verdict.sentence))
    else:
        print(f"The run had ended: {plan.stopped}.")
    return 0


def _ask(
    args: argparse.Namespace, items: Any, pool: Any, model: Any, budget: str, draws: Sequence[Draw], number: int
) -> None:
    """One round's draws, into a log."""
    _run(args, items, pool, model, budget, chosen=draws, number=number)


def _names() -> str:
    return ", ".join(field.name for field in fields(Columns) if field.name != "inside")


def _columns(layout: str | None, renamed: list[str]) -> Columns:
    columns = LAYOUTS[layout] if layout else Columns()
    for text in renamed:
        name, equals, value = text.partition("=")
        if not equals or name not in _names().split(", "):
            raise BadInput(f"--column {text} is not NAME=COLUMN with NAME one of {_names()}.")
        several = name in ("choices", "wrong")
        change: dict[str, Any] = {name: tuple(value.split(",")) if several else value}
        columns = replace(columns, **change)
    return columns


def _model(args: argparse.Namespace, stack: ExitStack) -> Any:
    from inspect_ai._util.error import PrerequisiteError
    from inspect_ai.model import get_model

    if args.gguf:
        from hotmess.sampling.local import gguf_metadata, serve

        name = str(gguf_metadata(args.gguf).get("general.name", Path(args.gguf).stem)).replace(" ", "-")
        url = stack.enter_context(serve(args.gguf, slots=args.max_connections))
        return get_model(f"openai-api/local/{name}", base_url=url, api_key="none", memoize=False)
    try:
        return get_model(args.model, base_url=args.model_base_url, memoize=False)
    except (PrerequisiteError, ValueError) as error:
        first = str(getattr(error, "message", error)).strip().splitlines()[0]
        raise BadInput(f"The model {args.model} cannot be used: {first}") from error


def _run(args: argparse.Namespace, items: Any, pool: Any, model: Any, budget: str, **chosen: Any) -> EvalLog:
    from inspect_ai import eval as run

    from hotmess.sampling.task import build_task

    task = build_task(
        items,
        pool,
        name=args.name or Path(args.questions.removeprefix("hf:")).stem,
        form=args.format,
        budget=budget,
        budget_by=args.budget_by,
        condition=args.condition,
        contexts=args.contexts,
        draws=args.draws,
        shots=args.shots,
        order=args.order,
        seed=args.seed,
        stream=str(model),
        temperature=args.temperature,
        top_p=args.top_p,
        max_tokens=args.max_tokens,
        **chosen,
    )
    (log,) = run(
        task,
        model=model,
        max_connections=args.max_connections,
        log_dir=args.log_dir,
        fail_on_error=False,
        display="plain" if args.json else None,
    )
    if happened():  # which Inspect may take for a failure of the response that was under way
        raise KeyboardInterrupt
    if log.status != "success":
        reason = log.error.message.strip().splitlines()[0] if log.error else log.status
        raise BadInput(f"The run of {model} did not finish ({reason}); what was drawn is in {log.location}.")
    return log
