"""Inspect tasks: one sample for each draw, few-shot examples as chat turns, a scorer that records the parsed answer.

Every provider of Inspect works, vLLM and any OpenAI-compatible server included. What a log reader needs is in each
sample's metadata: `benchmark question context draw seed condition budget category n_choices target option_order`. In
the sample and in its score, options, target and answer are numbered in the **original** order of the options; only the
messages show the order of that draw, and `option_order[i]` is the original index of the option shown at place i.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from inspect_ai import Task, task
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    get_model,
)
from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from hotmess.errors import BadInput
from hotmess.sampling import metrics
from hotmess.sampling.draws import Draw, Order, draw_contexts, held_out, plan_draws
from hotmess.sampling.items import LAYOUTS, Columns, Item, read_items
from hotmess.sampling.parse import parse_letter, parse_open, parse_probabilities
from hotmess.sampling.prompts import FORMATS, LETTERS, Format, example_text, question_text, system_text

BudgetBy = Literal["instruction", "effort", "tokens"]
REASONING_TOKENS = {"low": 1024, "medium": 4096, "high": 16384}
"""Reasoning tokens for a budget given in words, with `budget_by="tokens"`."""


def build_task(
    items: Sequence[Item],
    pool: Sequence[Item] = (),
    *,
    name: str,
    form: Format = "letter",
    budget: str = "",
    budget_by: BudgetBy = "instruction",
    condition: str = "",
    contexts: int = 10,
    draws: int = 3,
    shots: Sequence[int] = (2, 3),
    order: Order = "fixed",
    seed: int = 0,
    stream: str = "",
    only: Sequence[int] | None = None,
    chosen: Sequence[Draw] | None = None,
    number: int | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    max_tokens: int | None = None,
    tolerance: float = 0.01,
) -> Task:
    """An Inspect task of `len(items) * contexts * draws` samples.

    `name` is the benchmark. `budget` is asked for in words ("instruction"), or by the provider's own `reasoning_effort`
    ("effort") or `reasoning_tokens` ("tokens"; a number, or low, medium, high). `stream` goes into the seeds: give the
    model's name there, so that the draws of two models are independent. `only` restricts the run to some contexts.

    `chosen` are the draws themselves (`hotmess.sampling.draws.plan_counts`), `number` the round that they belong to.

    Raises `BadInput` where pool and questions overlap, or options are missing that the format needs.
    """
    _check(items, pool, form)
    examples = draw_contexts(pool, contexts=contexts, shots=shots, seed=seed)
    stream_of = (stream, condition, budget)
    plan = chosen
    if plan is None:
        plan = plan_draws(items, contexts=contexts, draws=draws, order=order, seed=seed, stream=stream_of, only=only)
    system = system_text(form, budget if budget_by == "instruction" else None)
    prefixes = [_prefix(system, context, form, budget) for context in examples]
    common = {"benchmark": name, "condition": condition, "budget": budget, "format": form}
    if number is not None:
        common["round"] = str(number)
    samples = [_sample(draw, prefixes[draw.context], common, form) for draw in plan]
    config = GenerateConfig(temperature=temperature, top_p=top_p, max_tokens=max_tokens, **_budget(budget, budget_by))
    return Task(
        dataset=MemoryDataset(samples, name=name),
        solver=draw_response(),
        scorer=parsed_answer(form=form, tolerance=tolerance),
        config=config,
        name=name,
        metadata={"contexts": [[item.id for item in context] for context in examples], "seed": seed},
    )


@task
def multiple_choice(
    questions: str,
    pool: str = "",
    layout: str = "",
    columns: dict[str, Any] | None = None,
    split: str = "",
    pool_split: str = "",
    hold_out: int = 0,
    name: str = "",
    form: Format = "letter",
    stream: str = "",
    **options: Any,
) -> Task:
    """The same from files, for `inspect eval`:

        inspect eval hotmess/multiple_choice -T questions=gpqa.csv -T layout=gpqa -T hold_out=20 -T budget=high

    `layout` names the columns of a published data set, `columns` renames columns (see `hotmess.sampling.items`).
    Examples come from `pool`, or `hold_out` of the questions are kept for them. `stream` is by default the name of the
    model that is evaluated; the other options are those of `build_task`.
    """
    if layout and layout not in LAYOUTS:
        raise BadInput(f"There is no layout {layout!r}: choose one of {', '.join(sorted(LAYOUTS))}.")
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in (columns or {}).items()
    }
    names = replace(LAYOUTS[layout] if layout else Columns(), **given)
    items = read_items(questions, columns=names, split=split or None)
    examples = read_items(pool, columns=names, split=pool_split or split or None) if pool else []
    if hold_out:
        items, kept = held_out(items, hold_out, seed=int(options.get("seed", 0)))
        examples = [*examples, *kept]
    if "shots" in options:  # Inspect's command line gives 2, or 2,3 as texts
        sizes = options["shots"]
        options["shots"] = tuple(int(size) for size in (sizes if isinstance(sizes, list | tuple) else [sizes]))
    name = name or Path(questions.removeprefix("hf:")).stem
    return build_task(items, examples, name=name, form=form, stream=stream or _evaluated(), **options)


@task
def open_ended(questions: str, pool: str = "", **options: Any) -> Task:
    """Questions answered in words, between <answer> and </answer>; options as for `multiple_choice`."""
    return multiple_choice(questions, pool, **{**options, "form": "open"})


def _evaluated() -> str:
    """The name of the model under evaluation, nothing where there is none yet."""
    try:
        return str(get_model())
    except (ValueError, PrerequisiteError):
        return ""


@solver
def draw_response() -> Solver:
    """Generate once, with the sample's own seed."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return await generate(state, seed=int(state.metadata["seed"]))

    return solve


@scorer(metrics=[accuracy(), metrics.incoherence(), metrics.bias2(), metrics.variance()])
def parsed_answer(form: Format = "letter", tolerance: float = 0.01) -> Scorer:
    """Record what the response says, in the original order of the options.

    `Score.answer` is a letter, a text, or for probabilities a JSON list; it is None where the response is wrongly
    formatted. `Score.metadata` holds `answer` (index, -1 if unparsable), `probs` and `parsed`. `Score.value` is C or I
    (for probabilities: is the most probable option right), N where nothing is right or nothing was answered.
    """

    async def score(state: TaskState, target: Target) -> Score:
        return read_answer(state.output.completion, state.metadata, form=form, tolerance=tolerance)

    return score


def read_answer(text: str, metadata: dict[str, Any], *, form: Format, tolerance: float = 0.01) -> Score:
    """The score of one response, from its text and its sample's metadata (see `parsed_answer`)."""
    order, right = metadata["option_order"], metadata["target"]
    if form == "open":
        answer = parse_open(text)
        value = NOANSWER if answer is None or right is None else (CORRECT if answer == right else INCORRECT)
        return Score(value=value, answer=answer, metadata={"parsed": answer is not None})
    probs: list[float] | None = None
    if form == "letter":
        place = parse_letter(text, len(order))
        index = order[place] if place >= 0 else -1
    else:
        shown = parse_probabilities(text, len(order), tolerance=tolerance)
        index = -1
        if shown is not None:
            probs = [shown[order.index(i)] for i in range(len(order))]
            index = probs.index(max(probs))
    value = NOANSWER if index < 0 or right is None else (CORRECT if index == right else INCORRECT)
    shown_answer = None if index < 0 else (LETTERS[index] if probs is None else json.dumps(probs))
    return Score(value=value, answer=shown_answer, metadata={"parsed": index >= 0, "answer": index, "probs": probs})


def _check(items: Sequence[Item], pool: Sequence[Item], form: Format) -> None:
    if form not in FORMATS:
        raise BadInput(f"There is no answer format {form!r}: choose one of {', '.join(FORMATS)}.")
    asked = {item.question.strip() + "\0" + "\0".join(item.choices) for item in items}
    for item in pool:
        if item.question.strip() + "\0" + "\0".join(item.choices) in asked:
            raise BadInput(
                f"The example {item.id!r} of the pool is also asked as a question: leave it out of one of them."
            )
        if item.target is None:
            raise BadInput(f"The example {item.id!r} of the pool has no target, so its answer cannot be shown.")
    for item in (*items, *pool):
        if form != "open" and not item.choices:
            raise BadInput(f"The question {item.id!r} has no options: name their column, or ask for the format open.")


def _prefix(system: str, examples: Sequence[Item], form: Format, budget: str) -> list[ChatMessage]:
    messages: list[ChatMessage] = [ChatMessageSystem(content=system)]
    for item in examples:
        assert item.target is not None  # _check
        target = item.choices[item.target] if form == "open" and isinstance(item.target, int) else item.target
        answer = example_text(form, target=target, n_choices=len(item.choices), worked=item.worked_for(budget))
        messages.append(ChatMessageUser(content=question_text(form, item.question, item.choices)))
        messages.append(ChatMessageAssistant(content=answer))
    return messages


def _sample(draw: Draw, prefix: Sequence[ChatMessage], common: dict[str, Any], form: Format) -> Sample:
    item = draw.item
    question = ChatMessageUser(content=question_text(form, item.question, draw.choices))
    target = item.target
    if form == "open" and isinstance(target, int):
        target = item.choices[target]
    letters = isinstance(target, int)
    return Sample(
        id=draw.id,
        input=[*prefix, question],
        choices=list(item.choices) or None,
        target=LETTERS[int(target)] if letters else str(target or ""),  # type: ignore[arg-type]
        metadata={
            **common,
            "question": item.id,
            "context": draw.context,
            "draw": draw.draw,
            "seed": draw.seed,
            "category": item.category,
            "n_choices": len(item.choices),
            "target": target,
            "option_order": list(draw.order),
        },
    )


def _budget(budget: str, by: BudgetBy) -> dict[str, Any]:
    if by == "instruction" or not budget:
        return {}
    if by == "effort":
        return {"reasoning_effort": budget}
    if budget not in REASONING_TOKENS and not budget.isdecimal():
        raise BadInput(f"The budget {budget!r} is neither a number of tokens nor one of {', '.join(REASONING_TOKENS)}.")
    return {"reasoning_tokens": REASONING_TOKENS.get(budget) or int(budget)}
