"""Expressions modulo 10 and the texts that work them out, with re-checks and, in one variant, corrected mistakes.

An expression x₀ op₁ x₁ … opₙ xₙ is worked out from left to right, every value modulo 10. A text is

    budget x₀ op₁ x₁ … . . = a v₁ b v₂ ? v₂ c v₃ … # answer

with the expression padded by `.` to a fixed length, one letter per step, and `? v` a re-check of the step before it.
The budget token says how many steps are re-checked: none, half (rounded up), all, or (natural) as chance has it, more
often after a multiplication. In plain texts every value is right. In correcting texts some values are wrong, each
followed by a re-check that puts it right; the wrong values themselves are not trained on.

The k-th commonest digit is an operand with a share in proportion to 1 / k³ in training texts and to 1 / k in the
questions asked: facts about rare operands are learned late, so that errors can be systematic as well as accidental.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hotmess.errors import BadInput

LONGEST = 6
OPERATORS = "+-*"
BUDGETS = ("natural", "none", "half", "all")
CONDITIONS = ("plain", "correcting")
SYMBOLS = "0123456789" + OPERATORS + "=?#." + "abcdef" + "NOHA"
CODE = {symbol: i for i, symbol in enumerate(SYMBOLS)}
EQUALS, CHECK, ANSWER, PAD = (CODE[c] for c in "=?#.")
STEP = [CODE[c] for c in "abcdef"]
BUDGET = {name: CODE[c] for name, c in zip(BUDGETS, "NOHA")}
PROMPT = 1 + (2 * LONGEST + 1) + 1  # budget, padded expression, "="
LENGTH = PROMPT + 4 * LONGEST + 2  # every step re-checked once, "#" and the answer
NATURAL = {"+": 0.15, "-": 0.15, "*": 0.4}  # chance of a re-check of a right value in natural texts
MISTAKES = 0.2  # share of wrong values: of steps in natural texts, of re-checked steps under a budget

COMMONEST = np.array([3, 7, 1, 9, 4, 6, 2, 8, 5, 0])  # digits by how often they are operands
TRAINED, ASKED = 3.0, 1.0  # powers of 1 / k by which the shares of operands fall


@dataclass(frozen=True)
class Question:
    """An expression: `start` and its `steps` (operator, operand).

    >>> q = Question(3, (("+", 4), ("*", 8), ("-", 9)))
    >>> q.text, q.values, q.target
    ('3+4*8-9', (7, 6, 7), 7)
    """

    start: int
    steps: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.steps) <= LONGEST:
            raise BadInput(f"An expression has 1 to {LONGEST} operations, not {len(self.steps)}.")

    @property
    def text(self) -> str:
        return str(self.start) + "".join(f"{op}{x}" for op, x in self.steps)

    @property
    def values(self) -> tuple[int, ...]:
        """The value after each step."""
        value, out = self.start, []
        for op, x in self.steps:
            value = (value + x if op == "+" else value - x if op == "-" else value * x) % 10
            out.append(value)
        return tuple(out)

    @property
    def target(self) -> int:
        return self.values[-1]

    def prompt(self, budget: str) -> list[int]:
        """The prompt's tokens, `PROMPT` of them.

        >>> "".join(SYMBOLS[t] for t in Question(3, (("+", 4), ("*", 8))).prompt("half"))
        'H3+4*8........='
        """
        if budget not in BUDGET:
            raise BadInput(f"There is no budget {budget!r}: choose from {', '.join(BUDGETS)}.")
        expression = [CODE[c] for c in self.text]
        return [BUDGET[budget], *expression, *[PAD] * (PROMPT - 2 - len(expression)), EQUALS]


def shares(power: float) -> np.ndarray:
    """Shares of the digits of `COMMONEST` as operands, in proportion to 1 / k^power.

    >>> shares(1.0).round(3).tolist()[:3], shares(0.0).tolist()[:2]
    ([0.341, 0.171, 0.114], [0.1, 0.1])
    """
    weights = np.arange(1, 11.0) ** -power
    out: np.ndarray = weights / weights.sum()
    return out


def random_question(rng: np.random.Generator, operations: int, *, power: float = 0.0) -> Question:
    """Uniform operators and first digit; operands by the `shares` of a power (0: uniform)."""
    digits = rng.integers(0, 10, operations + 1).tolist()
    if power:
        digits[1:] = COMMONEST[rng.choice(10, operations, p=shares(power))].tolist()
    operators = rng.integers(0, len(OPERATORS), operations).tolist()
    return Question(digits[0], tuple((OPERATORS[o], x) for o, x in zip(operators, digits[1:])))


def question_set(seed: int, *, each: int, shortest: int = 1) -> list[Question]:
    """Different questions, `each` per number of operations from `shortest` to `LONGEST`."""
    rng = np.random.default_rng(seed)
    found: dict[str, Question] = {}
    for operations in range(shortest, LONGEST + 1):
        wanted = len(found) + each
        while len(found) < wanted:
            q = random_question(rng, operations, power=ASKED)
            found.setdefault(q.text, q)
    return list(found.values())


def write(question: Question, budget: str, condition: str, rng: np.random.Generator) -> tuple[list[int], list[bool]]:
    """A training text and which of its tokens are trained on: `LENGTH` of each.

    >>> q = Question(3, (("+", 4), ("*", 8)))
    >>> tokens, trained = write(q, "all", "plain", np.random.default_rng(0))
    >>> "".join(SYMBOLS[t] for t in tokens)[PROMPT:].rstrip("."), sum(trained)
    ('a7?7b6?6#6', 10)
    """
    if condition not in CONDITIONS:
        raise BadInput(f"There is no condition {condition!r}: choose from {', '.join(CONDITIONS)}.")
    n = len(question.steps)
    chance = rng.random((2, n))
    if budget == "natural":
        wrong = chance[0] < MISTAKES
        checked = chance[1] < np.array([NATURAL[op] for op, _ in question.steps])
    else:
        count = {"none": 0, "half": (n + 1) // 2, "all": n}[budget]
        checked = np.argsort(np.argsort(chance[1])) < count
        wrong = (chance[0] < MISTAKES) & checked
    if condition == "plain":
        wrong = np.zeros(n, bool)
    tokens = question.prompt(budget)
    trained = [False] * PROMPT
    for i, value in enumerate(question.values):
        tokens += [STEP[i], (value + int(rng.integers(1, 10))) % 10 if wrong[i] else value]
        trained += [True, not wrong[i]]
        if checked[i] or wrong[i]:
            tokens += [CHECK, value]
            trained += [True, True]
    tokens += [ANSWER, question.target]
    trained += [True, True]
    rest = LENGTH - len(tokens)
    return tokens + [PAD] * rest, trained + [False] * rest


def write_batch(rng: np.random.Generator, count: int, condition: str) -> tuple[np.ndarray, np.ndarray]:
    """Tokens (count, LENGTH) int32 and the trained mask: lengths uniform, half the texts natural, the rest budgeted."""
    operations = rng.integers(1, LONGEST + 1, count).tolist()
    kind = np.where(rng.random(count) < 0.5, 0, rng.integers(1, len(BUDGETS), count)).tolist()
    texts = [
        write(random_question(rng, n, power=TRAINED), BUDGETS[k], condition, rng) for n, k in zip(operations, kind)
    ]
    return np.array([t for t, _ in texts], np.int32), np.array([m for _, m in texts])


def read(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What responses (n, LENGTH − PROMPT) say: answers (−1 where there is none), scratchpad tokens, re-checks.

    The answer is the token after the first `#`, where that is a digit; the scratchpad is what stands before it.

    >>> text = np.array([[CODE[c] for c in "a7?7b6#6...."], [CODE[c] for c in "a7b6#.......".ljust(12)]])
    >>> [x.tolist() for x in read(text)]
    [[6, -1], [6, 4], [1, 0]]
    """
    n, width = tokens.shape
    marked = tokens == ANSWER
    has = marked.any(axis=1)
    at = np.where(has, marked.argmax(axis=1), width)
    after = tokens[np.arange(n), np.minimum(at + 1, width - 1)]
    answers = np.where(has & (at + 1 < width) & (after < 10), after, -1)
    inside = np.arange(width) < at[:, None]
    return answers.astype(np.int64), at.astype(np.int64), ((tokens == CHECK) & inside).sum(axis=1)
