"""The words of the prompts: instructions, budgets, how a question and a worked example are written.

A prompt is one system message (what kind of answer, how much reasoning, in which format), then the few-shot examples
as real user and assistant turns, then the question as the last user turn. The wording of a released data set must not
change, so each text is a constant of this file.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Literal

Format = Literal["letter", "probability", "open"]
FORMATS: tuple[Format, ...] = ("letter", "probability", "open")

LETTERS = string.ascii_uppercase

OPENING = "Answer the question at the end of the conversation."

BUDGETS = {
    "low": "Give at most one short sentence of reasoning before the answer.",
    "medium": "Reason in two or three short sentences before the answer.",
    "high": "Work through every step before the answer: one short line for each step, then a check of the result.",
}
"""How a reasoning budget is asked for in words, for models without a setting of their own."""

ENDINGS: dict[Format, str] = {
    "letter": "The last line of your response must be 'ANSWER: X', where X is the letter of one option.",
    "probability": (
        "Give the probability that each option is correct. The last line of your response must be of the form "
        "'PROBABILITIES: A=p, B=p, ...', with one number between 0 and 1 for every option; the numbers must sum to 1."
    ),
    "open": "Put your final answer, and nothing else, between <answer> and </answer> at the end of your response.",
}

REMINDERS: dict[Format, str] = {
    "letter": "End with 'ANSWER: X'.",
    "probability": "End with 'PROBABILITIES: A=p, B=p, ...'.",
    "open": "End with <answer>...</answer>.",
}
"""The last line of every user turn: small models forget the system message by then."""

EXAMPLE_CERTAINTY = 85
"""Percent that a few-shot example in the probability format puts on the right option."""


def system_text(form: Format, budget: str | None = None) -> str:
    """The system message for an answer format and a budget in words.

    `budget` is a key of `BUDGETS`, or an instruction of your own, or None for no word about it.

    >>> system_text("letter", "low").count(".")
    3
    """
    words = [OPENING]
    if budget:
        words.append(BUDGETS.get(budget, budget))
    words.append(ENDINGS[form])
    return " ".join(words)


def question_text(form: Format, question: str, choices: Sequence[str] = ()) -> str:
    """A question with its lettered options (none in the open format), as a user turn.

    >>> print(question_text("letter", "What is 1 + 1?", ["1", "2"]))
    What is 1 + 1?
    <BLANKLINE>
    A) 1
    B) 2
    <BLANKLINE>
    End with 'ANSWER: X'.
    """
    parts = [question.strip()]
    if form != "open" and choices:
        parts.append("\n".join(f"{LETTERS[i]}) {choice}" for i, choice in enumerate(choices)))
    return "\n\n".join((*parts, REMINDERS[form]))


def example_text(form: Format, *, target: int | str, n_choices: int = 0, worked: str = "") -> str:
    """The assistant turn of a few-shot example: the worked answer if there is one, then the line that `form` asks for.

    >>> print(example_text("letter", target=1, n_choices=4, worked="One and one make two."))
    One and one make two.
    ANSWER: B
    >>> example_text("probability", target=1, n_choices=4)
    'PROBABILITIES: A=0.05, B=0.85, C=0.05, D=0.05'
    """
    if form == "open":
        last = f"<answer>{target}</answer>"
    elif form == "letter":
        last = f"ANSWER: {LETTERS[int(target)]}"
    else:
        others = n_choices - 1
        shares = [(100 - EXAMPLE_CERTAINTY) // others + (i < (100 - EXAMPLE_CERTAINTY) % others) for i in range(others)]
        shares.insert(int(target), 100 - sum(shares))
        pairs = (f"{LETTERS[i]}={share / 100:.2f}" for i, share in enumerate(shares))
        last = "PROBABILITIES: " + ", ".join(pairs)
    return f"{worked.strip()}\n{last}" if worked.strip() else last
