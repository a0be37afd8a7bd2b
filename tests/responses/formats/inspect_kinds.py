"""Logs of many kinds of task by Inspect itself, on its mock model: `python inspect_kinds.py FOLDER`.

Every reply of the model ends in its number of tokens, in brackets, so that lengths can be checked; a judge's calls cost
nine thousand. Prints, for each task, the accuracy (or mean) by which Inspect sums up each of its scorers.
"""

from __future__ import annotations

import json
import random
import re
import sys
import warnings
from typing import Any

from inspect_ai import Epochs, Task, eval, task_with
from inspect_ai.agent import react
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import (
    CORRECT,
    INCORRECT,
    NOANSWER,
    PARTIAL,
    Score,
    accuracy,
    answer,
    choice,
    exact,
    f1,
    includes,
    match,
    mean,
    model_graded_fact,
    model_graded_qa,
    multi_scorer,
    pattern,
    scorer,
)
from inspect_ai.solver import basic_agent, generate, multiple_choice, self_critique, system_message
from inspect_ai.tool import tool

RNG = random.Random(11)
MODEL = "mockllm/model"
EPOCHS = 3


def output(text: str, tokens: int, reasoning: int | None = None, **more: Any) -> ModelOutput:
    """A reply with the tokens that a provider would have counted."""
    out = ModelOutput.from_content(MODEL, text, **more)
    out.usage = ModelUsage(input_tokens=9, output_tokens=tokens, total_tokens=9 + tokens, reasoning_tokens=reasoning)
    return out


def replies(*texts: str, graded: str = "C I P", reasoning: bool = False) -> Any:
    """A model that gives one of the texts, each time another number of tokens; asked to grade, it grades."""

    def reply(messages: Any, *_: Any) -> ModelOutput:
        asked = messages[-1].text if messages else ""
        if "GRADE:" in asked:
            return output(f"GRADE: {RNG.choice(graded.split())}", 9_000)
        tokens = RNG.randint(20, 400)
        return output(f"{RNG.choice(texts)}", tokens, tokens // 2 if reasoning else None)

    return get_model(MODEL, custom_outputs=reply, memoize=False)


def counted(*texts: str, **options: Any) -> Any:
    """The same, with the number of tokens in the text."""

    def reply(messages: Any, *_: Any) -> ModelOutput:
        asked = messages[-1].text if messages else ""
        if "GRADE:" in asked:
            return output(f"GRADE: {RNG.choice(options.get('graded', 'C I P').split())}", 9_000)
        tokens = RNG.randint(20, 400)
        return output(f"[{tokens}] {RNG.choice(texts)}", tokens)

    return get_model(MODEL, custom_outputs=reply, memoize=False)


def questions(targets: Any, **more: Any) -> MemoryDataset:
    return MemoryDataset([Sample(id=f"q{i}", input=f"Question {i}?", target=t, **more) for i, t in enumerate(targets)])


def valued(*values: Any, answers: tuple[str, ...] = (), metric: Any = accuracy) -> Any:
    """A scorer that gives one of the values, whatever was answered."""

    @scorer(metrics=[metric()], name="own")
    def own() -> Any:
        async def score(state: Any, target: Any) -> Score:
            said = RNG.choice(answers) if answers else None
            return Score(value=RNG.choice(values), answer=said)

        return score

    return own()


@scorer(metrics=[accuracy()])
def checked() -> Any:
    """Runs the reply as arithmetic, as a scorer of code runs code; there is no target."""

    async def score(state: Any, target: Any) -> Score:
        found = re.search(r"\d+ \+ \d+", state.output.completion)
        return Score(value=found is not None and sum(map(int, found[0].split(" + "))) == 4, answer=found and found[0])

    return score


@tool
def add() -> Any:
    async def execute(x: int, y: int) -> int:
        """Add.

        Args:
            x: one
            y: other
        """
        return x + y

    return execute


def agent_model() -> Any:
    """An agent that calls a tool, then submits."""
    turn: dict[str, int] = {}

    def reply(messages: Any, *_: Any) -> ModelOutput:
        tokens = RNG.randint(20, 400)
        calls = sum(message.role == "assistant" for message in messages)
        if calls % 2 == 0:
            out = ModelOutput.for_tool_call(MODEL, "add", {"x": 1, "y": 2}, content=f"[{tokens}] Let me add.")
        else:
            said = RNG.choice(["3", "3", "4", "it is 3"])
            out = ModelOutput.for_tool_call(MODEL, "submit", {"answer": said}, content=f"[{tokens}] Done.")
        out.usage = ModelUsage(input_tokens=9, output_tokens=tokens, total_tokens=9 + tokens)
        turn["n"] = turn.get("n", 0) + 1
        return out

    return get_model(MODEL, custom_outputs=reply, memoize=False)


ABC = ["red", "green", "blue", "black"]
LETTERS = (*(f"I think.\n\nANSWER: {letter}" for letter in "ABCD"), "I do not know.")
SETS = tuple(f"So.\n\nANSWER: {letters}" for letters in ("A,B", "B", "A,B,D", "B,A", "nothing"))


def cased(*targets: Any, scorers: Any, model: Any, solver: Any = None, **more: Any) -> tuple[Task, Any]:
    return Task(questions(targets, **more), solver=solver or generate(), scorer=scorers), model


def kinds() -> dict[str, tuple[Task, Any, dict[str, Any]]]:
    """Task, model and options of each kind."""
    judge = counted("x", graded="C I")
    four: dict[str, Any] = {"choices": ABC}
    plain: dict[str, tuple[Task, Any]] = {
        "choice": cased(*"ABCDA", scorers=choice(), model=replies(*LETTERS), solver=multiple_choice(), **four),
        "choice_cot": cased(
            *"ABCD", scorers=choice(), model=replies(*LETTERS), solver=multiple_choice(cot=True), **four
        ),
        "choice_sets": cased(
            *(["A", "B"], ["B"], ["A", "B", "D"], ["A", "B"]),
            scorers=choice(),
            model=replies(*SETS),
            solver=multiple_choice(multiple_correct=True),
            **four,
        ),
        "exact": cased("Paris", "Rome", scorers=exact(), model=replies("Paris", "paris.", "Rome", "the Rome", "Oslo")),
        "exact_targets": cased(
            ["colour", "color"],
            ["grey", "gray"],
            scorers=exact(),
            model=replies("color", "colour", "gray", "Color", "x"),
        ),
        "includes": cased("Paris", "Rome", scorers=includes(), model=counted("It is Paris.", "Rome, I think", "Oslo")),
        "includes_case": cased(
            "Paris", "Rome", scorers=includes(ignore_case=False), model=counted("it is paris", "Paris", "Rome", "rome")
        ),
        "includes_long": cased(
            "Paris", "Rome", scorers=includes(), model=counted(*(f"{'so ' * 200}{town}" for town in ("Paris", "Rome")))
        ),
        "includes_targets": cased(
            ["Paris", "Lutetia"], ["Rome"], scorers=includes(), model=counted("Lutetia it is", "Rome", "Oslo", "Paris")
        ),
        "match": cased(
            "12", "7", scorers=match(numeric=True), model=replies("It is 12.", "12.0", "$7", "7", "about 8")
        ),
        "match_targets": cased(
            ["12", "13"], ["7"], scorers=match(location="exact"), model=replies("12", "13", "7", "8", "12 ")
        ),
        "pattern": cased(
            "12", "7", scorers=pattern(r"ANSWER: (\w+)"), model=replies("ANSWER: 12", "ANSWER: 7", "ANSWER: x", "?")
        ),
        "answer_word": cased("yes", "no", scorers=answer("word"), model=counted("ANSWER: yes", "ANSWER: No", "?")),
        "answer_line": cased("a b", "c d", scorers=answer("line"), model=counted("ANSWER: a b", "ANSWER: C d", "?")),
        "answer_letter": cased("A", "B", scorers=answer("letter"), model=counted("ANSWER: A", "ANSWER: B", "?")),
        "answer_letter_choices": cased(
            *"ABCD", scorers=answer("letter"), model=counted("ANSWER: A", "ANSWER: C", "?"), **four
        ),
        "f1": cased("the red fox", "a cat", scorers=f1(), model=counted("red fox", "a cat", "dog")),
        "self_graded": cased(
            "Paris is right", "Rome is right", scorers=model_graded_qa(), model=counted("Paris", "Rome")
        ),
        "self_graded_partial": cased(
            "Paris", "Rome", scorers=model_graded_qa(partial_credit=True), model=counted("Paris", "Rome")
        ),
        "fact": cased("Paris", "Rome", scorers=model_graded_fact(), model=counted("Paris", "Rome", graded="C I")),
        "fact_judge": cased(
            "Paris", "Rome", scorers=model_graded_fact(model=judge), model=counted("Paris", "Rome", "Rome!")
        ),
        "graded_choices": cased(
            *"ABCD", scorers=model_graded_qa(), model=replies(*LETTERS), solver=multiple_choice(), **four
        ),
        "critique": cased(
            "Paris", "Rome", scorers=exact(), model=replies("Paris", "Rome"), solver=[generate(), self_critique()]
        ),
        "system": cased(
            "Paris", scorers=exact(), model=replies("Paris", "Rome"), solver=[system_message("Short."), generate()]
        ),
        "numbers": cased("x", "y", scorers=valued(0.0, 0.25, 1.0, metric=mean), model=counted("a", "b")),
        "scale": cased("x", "y", scorers=valued(1, 4, 10, metric=mean), model=counted("a", "b")),
        "booleans": cased("x", "y", scorers=valued(True, False), model=counted("a", "b")),
        "words": cased("x", "y", scorers=valued("yes", "no", "True", "false"), model=counted("a", "b")),
        "partial": cased("x", "y", scorers=valued(CORRECT, PARTIAL, INCORRECT, NOANSWER), model=counted("a", "b")),
        "partial_choices": cased(
            *"ABCD",
            scorers=valued(CORRECT, PARTIAL, INCORRECT, answers=("A", "B")),
            model=replies(*LETTERS),
            solver=multiple_choice(),
            **four,
        ),
        "contradicting_choices": cased(
            *"ABCD", scorers=valued(CORRECT, INCORRECT, answers=("A", "B", "C")), model=replies(*LETTERS), **four
        ),
        "unknown_grades": cased("x", "y", scorers=valued("great", "poor"), model=counted("a", "b")),
        "several_scorers": cased(
            "Paris", "Rome", scorers=[exact(), includes()], model=replies("Paris", "in Rome", "x")
        ),
        "several_values": cased("x", "y", scorers=_of_two(), model=counted("a", "b")),
        "reduced_scorers": cased(
            "Paris", "Rome", scorers=multi_scorer([exact(), includes()], "max"), model=replies("Paris", "in Rome", "x")
        ),
        "code": cased("", "", scorers=checked(), model=counted("2 + 2", "2 + 3", "3 + 1", "?")),
        "no_target": cased("", "", scorers=valued(True, False), model=counted("a", "b")),
        "agent": cased(
            "3",
            "4",
            scorers=includes(),
            model=agent_model(),
            solver=basic_agent(tools=[add()], max_attempts=1),
        ),
        "react": cased("3", "4", scorers=includes(), model=agent_model(), solver=react(tools=[add()])),
        "reasoning": cased("yes", "no", scorers=exact(), model=replies("yes", "no", reasoning=True)),
    }
    out: dict[str, tuple[Task, Any, dict[str, Any]]] = {name: (*pair, {}) for name, pair in plain.items()}
    out["judge_role"] = (
        *cased("Paris", "Rome", scorers=model_graded_qa(), model=counted("Paris", "Rome")),
        {"model_roles": {"grader": counted("x", graded="C I")}},
    )
    out["unscored"] = (*cased("Paris", scorers=exact(), model=replies("Paris", "x")), {"score": False})
    for reducer in ("mode", "max", "at_least_2", "pass_at_2"):
        out[f"reducer_{reducer}"] = (
            *cased("Paris", "Rome", scorers=exact(), model=replies("Paris", "Rome", "x")),
            {"epochs": Epochs(EPOCHS, reducer)},
        )
    return out


def _of_two() -> Any:
    @scorer(metrics={"helpful": [mean()], "honest": [mean()]}, name="two")
    def two() -> Any:
        async def score(state: Any, target: Any) -> Score:
            return Score(value={"helpful": RNG.choice([0.0, 0.5, 1.0]), "honest": RNG.choice([0, 1])})

        return score

    return two()


def main(folder: str) -> None:
    """Run all kinds; the logs alternate between Inspect's two forms."""
    warnings.simplefilter("ignore")
    said: dict[str, dict[str, float]] = {}
    for at, (name, (task, model, options)) in enumerate(kinds().items()):
        log = eval(
            task_with(task, name=name),
            model=model,
            log_dir=f"{folder}/{name}",
            log_format="json" if at % 2 else "eval",
            display="none",
            **{"epochs": EPOCHS, **options},
        )[0]
        if log.status != "success":
            raise SystemExit(f"{name}: {log.error}")
        said[name] = {
            score.name: float(next(iter(score.metrics.values())).value)
            for score in (log.results.scores if log.results else [])
        }
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1])
