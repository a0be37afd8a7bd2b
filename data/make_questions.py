"""Write `questions.jsonl` (the questions that are asked) and `examples.jsonl` (the pool of few-shot examples).

    python data/make_questions.py

Five kinds of question, each at graded difficulty (`level`): sums of 2 to 6 numbers, counting a letter in a word,
alphabetical order, number sequences, plain facts. Everything but the facts is generated from one seed, so that
running the script again writes the same files. Examples carry a worked answer for each reasoning budget.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).parent
SEED = 20261121
LETTERS = "ABCD"


@dataclass(frozen=True)
class Draft:
    """A question before its options are put in order."""

    text: str
    right: str
    wrong: tuple[str, str, str]
    level: int
    brief: str
    steps: tuple[str, ...]
    sort: bool = False


def sums(rng: random.Random, level: int) -> Draft:
    numbers = [rng.randint(12, 98) for _ in range(level + 1)]
    total = sum(numbers)
    wrong = rng.sample([total + d for d in (-20, -11, -10, -9, -2, -1, 1, 2, 9, 10, 11, 20)], 3)
    steps, running = [f"Start with {numbers[0]}."], numbers[0]
    for number in numbers[1:]:
        steps.append(f"{running} + {number} = {running + number}.")
        running += number
    tens, ones = [n // 10 * 10 for n in numbers], [n % 10 for n in numbers]
    steps.append(
        f"Check with tens and ones: {' + '.join(map(str, tens))} = {sum(tens)}, "
        f"{' + '.join(map(str, ones))} = {sum(ones)}, and {sum(tens)} + {sum(ones)} = {total}."
    )
    text = f"What is {' + '.join(map(str, numbers))}?"
    return Draft(text, str(total), tuple(map(str, wrong)), level, f"The sum is {total}.", tuple(steps))  # type: ignore[arg-type]


WORDS = {
    1: ("banana", "pepper", "rabbit", "cotton", "eleven", "bubble"),
    2: ("balloon", "possess", "academic", "parallel", "elephant", "tomorrow"),
    3: ("strawberry", "assessment", "bookkeeper", "aluminium", "occurrence", "referendum"),
    4: ("mississippi", "possessiveness", "concentration", "misunderstanding", "characteristically", "individualistic"),
}


def counting(rng: random.Random, level: int) -> Draft:
    word = rng.choice(WORDS[level])
    letter = rng.choice(sorted({c for c in word if word.count(c) > 1} if rng.random() < 0.8 else set(word)))
    count = word.count(letter)
    low = max(0, count - rng.randint(0, 3))
    options = [str(low + i) for i in range(4)]
    seen, marks = 0, []
    times = "once" if count == 1 else f"{count} times"
    for c in word:
        seen += c == letter
        marks.append(f"{c} ({seen})" if c == letter else c)
    steps = (
        f"Spell the word: {'-'.join(word)}.",
        f"Go through it and number every '{letter}': {', '.join(marks)}.",
        f"The last number is {count}, so the letter '{letter}' occurs {times}.",
    )
    return Draft(
        f"How many times does the letter '{letter}' occur in the word '{word}'?",
        str(count),
        tuple(o for o in options if o != str(count)),  # type: ignore[arg-type]
        level,
        f"The letter '{letter}' occurs {times}.",
        steps,
        sort=True,
    )


SETS = {
    1: (
        ("apple", "grape", "melon", "peach", "cherry"),
        ("hammer", "saw", "drill", "wrench", "chisel"),
        ("river", "lake", "ocean", "pond", "creek"),
        ("violin", "drum", "flute", "harp", "trumpet"),
    ),
    2: (
        ("table", "tiger", "towel", "train", "thumb"),
        ("crane", "cloud", "candle", "cup", "city"),
        ("ship", "sand", "snow", "stone", "silver"),
        ("plate", "pillow", "poem", "pearl", "purple"),
    ),
    3: (
        ("market", "marble", "margin", "marine", "marsh"),
        ("candle", "canyon", "canoe", "canvas", "cancel"),
        ("street", "strand", "stripe", "strong", "struck"),
        ("planet", "plaster", "plasma", "plate", "platform"),
    ),
    4: (
        ("interest", "internal", "internet", "interval", "interim"),
        ("contract", "contrast", "control", "contour", "continue"),
        ("transfer", "transform", "transit", "translate", "transport"),
        ("compass", "compare", "compact", "company", "compartment"),
    ),
}
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def alphabet(rng: random.Random, level: int) -> Draft:
    words = rng.sample(rng.choice(SETS[level]), 4)
    end = rng.choice(("first", "last"))
    best = min if end == "first" else max
    steps, left, place = [], list(words), 0
    while len(left) > 1:
        at = {w: w[place : place + 1] for w in left}
        chosen = best(at.values())
        kept = [w for w in left if at[w] == chosen]
        shown = ", ".join(f"{w}: {at[w] or 'none'}" for w in left)
        if len(set(at.values())) == 1:
            steps.append(f"The {ORDINALS[place]} letters are all '{chosen}'.")
        else:
            side = "earliest" if end == "first" else "latest"
            steps.append(
                f"The {ORDINALS[place]} letters are {shown}. "
                f"The {side} is '{chosen}', which leaves {' and '.join(kept)}."
            )
        left, place = kept, place + 1
    right = left[0]
    wrong = tuple(w for w in words if w != right)
    return Draft(
        f"Which of these words comes {end} in alphabetical order?",
        right,
        wrong,  # type: ignore[arg-type]
        level,
        f"The word that comes {end} is {right}.",
        (*steps, f"So {right} comes {end}."),
    )


def sequence(rng: random.Random, level: int) -> Draft:
    start, step = rng.randint(2, 9), rng.randint(3, 9)
    if level == 1:
        terms = [start + step * i for i in range(6)]
        rule = f"each term is {step} more than the one before"
    elif level == 2:
        terms = [start + 90 - step * i for i in range(6)]
        rule = f"each term is {step} less than the one before"
    elif level == 3:
        factor = rng.choice((2, 3))
        terms = [start * factor**i for i in range(6)]
        rule = f"each term is {factor} times the one before"
    elif level == 4:
        terms = [start]
        for i in range(5):
            terms.append(terms[-1] + step + 2 * i)
        rule = "the differences grow by 2 each time"
    else:
        terms = [start, start + step]
        while len(terms) < 6:
            terms.append(terms[-1] + terms[-2])
        rule = "each term is the sum of the two before it"
    shown, right = terms[:5], terms[5]
    steps = [f"Look at neighbours: {', '.join(f'{b} - {a} = {b - a}' for a, b in pairwise(shown))}."]
    if level == 3:
        steps.append(f"Try ratios: {', '.join(f'{b} / {a} = {b // a}' for a, b in pairwise(shown))}.")
        last = f"{shown[-1]} x {right // shown[-1]} = {right}"
    elif level == 5:
        steps.append(f"Try sums: {', '.join(f'{a} + {b} = {a + b}' for a, b in pairwise(shown[:-1]))}.")
        last = f"{shown[-2]} + {shown[-1]} = {right}"
    else:
        last = f"{shown[-1]} {'-' if right < shown[-1] else '+'} {abs(right - shown[-1])} = {right}"
    steps += [f"So {rule}.", f"The next term is {last}."]
    near = [right + d for d in (-step, -2, -1, 1, 2, step, 10) if right + d != right]
    if level == 4:
        near.append(right - 2)
    wrong = rng.sample(sorted(set(near) - {right}), 3)
    return Draft(
        f"What is the next number in the sequence {', '.join(map(str, shown))}?",
        str(right),
        tuple(map(str, wrong)),  # type: ignore[arg-type]
        level,
        f"Since {rule}, the next number is {right}.",
        tuple(steps),
    )


FACTS = (
    ("How many sides does a hexagon have?", "6", ("5", "7", "8"), 1),
    ("Which planet is closest to the Sun?", "Mercury", ("Venus", "Mars", "Earth"), 1),
    ("Which gas do plants take in for photosynthesis?", "carbon dioxide", ("oxygen", "nitrogen", "helium"), 1),
    ("Who wrote the play Hamlet?", "William Shakespeare", ("Charles Dickens", "Jane Austen", "Mark Twain"), 1),
    ("Which of these animals is a mammal?", "dolphin", ("shark", "penguin", "salmon"), 2),
    (
        "Which ocean lies between Africa and Australia?",
        "Indian Ocean",
        ("Arctic Ocean", "Pacific Ocean", "Atlantic Ocean"),
        2,
    ),
    ("Which chemical element has the symbol Na?", "sodium", ("nitrogen", "neon", "nickel"), 2),
    ("What is the capital of Australia?", "Canberra", ("Sydney", "Melbourne", "Perth"), 3),
    ("At how many degrees Fahrenheit does water boil at sea level?", "212", ("100", "180", "373"), 3),
    ("Which Roman numeral stands for 500?", "D", ("C", "L", "M"), 3),
)
EXAMPLE_FACTS = (
    (
        "How many days does a leap year have?",
        "366",
        ("364", "365", "367"),
        "A leap year has 366 days.",
        (
            "An ordinary year has 365 days.",
            "A leap year adds one day, the 29th of February.",
            "365 + 1 = 366, so 364, 365 and 367 are all wrong.",
        ),
    ),
    (
        "Which is the largest planet of the Solar System?",
        "Jupiter",
        ("Saturn", "Earth", "Neptune"),
        "The largest planet is Jupiter.",
        (
            "Earth is one of the small rocky planets.",
            "Neptune is larger, about four times as wide as Earth.",
            "Saturn is about nine times as wide as Earth.",
            "Jupiter is about eleven times as wide as Earth, so it is the largest.",
        ),
    ),
    (
        "What is the capital of Japan?",
        "Tokyo",
        ("Kyoto", "Seoul", "Beijing"),
        "The capital of Japan is Tokyo.",
        (
            "Seoul is the capital of South Korea.",
            "Beijing is the capital of China.",
            "Kyoto was the capital of Japan in earlier times.",
            "Today the capital of Japan is Tokyo.",
        ),
    ),
    (
        "Which of these is a metal?",
        "copper",
        ("sulfur", "carbon", "oxygen"),
        "The only metal here is copper.",
        (
            "Oxygen is a gas and not a metal.",
            "Sulfur is a yellow solid and not a metal.",
            "Carbon, as in coal, is not a metal either.",
            "Copper conducts electricity and can be drawn into wire: it is a metal.",
        ),
    ),
    (
        "How many strings does a violin have?",
        "4",
        ("3", "5", "6"),
        "A violin has 4 strings.",
        (
            "The strings of a violin are tuned to G, D, A and E.",
            "Count them: G is 1, D is 2, A is 3, E is 4.",
            "A guitar is the instrument that usually has 6.",
            "So a violin has 4 strings.",
        ),
    ),
)

KINDS: dict[str, tuple[Callable[[random.Random, int], Draft], tuple[int, ...]]] = {
    "sums": (sums, (1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5)),
    "counting": (counting, (1, 1, 2, 2, 2, 3, 3, 3, 4, 4)),
    "alphabet": (alphabet, (1, 1, 2, 2, 3, 3, 3, 4, 4)),
    "sequences": (sequence, (1, 1, 2, 2, 3, 3, 4, 4, 5)),
}
EXAMPLE_LEVELS = {
    "sums": (1, 2, 2, 3, 4),
    "counting": (1, 2, 2, 3, 3),
    "alphabet": (1, 2, 2, 3, 3),
    "sequences": (1, 2, 3, 4, 5),
}


def finish(draft: Draft, rng: random.Random, *, position: int) -> dict[str, object]:
    """Put the options in order: sorted ones as they are, the others with the right one at `position`."""
    if draft.sort:
        choices = sorted((draft.right, *draft.wrong), key=int)
    else:
        choices = list(rng.sample(draft.wrong, 3))
        choices.insert(position, draft.right)
    assert len(set(choices)) == 4, draft
    return {"question": draft.text, "choices": choices, "target": LETTERS[choices.index(draft.right)]}


def main() -> None:
    rng = random.Random(SEED)
    seen: set[tuple[object, ...]] = set()

    def new(kind: str, level: int) -> Draft:
        while True:
            draft = KINDS[kind][0](rng, level)
            key = (draft.text, draft.right) if kind == "alphabet" else (draft.text,)
            if key not in seen:
                seen.add(key)
                return draft

    questions: list[dict[str, object]] = []
    for kind, (_, levels) in KINDS.items():
        for number, level in enumerate(levels, 1):
            row = finish(new(kind, level), rng, position=len(questions) % 4)
            questions.append({"question_id": f"{kind}-{number:02d}", "category": kind, "level": level, **row})
    for number, (text, right, wrong, level) in enumerate(FACTS, 1):
        draft = Draft(text, right, wrong, level, "", ())
        row = finish(draft, rng, position=len(questions) % 4)
        questions.append({"question_id": f"facts-{number:02d}", "category": "facts", "level": level, **row})

    examples: list[dict[str, object]] = []

    def add(kind: str, number: int, draft: Draft) -> None:
        row = finish(draft, rng, position=rng.randrange(4))
        option = f"That is option {row['target']}."
        worked = {"worked_low": f"{draft.brief} {option}", "worked_high": "\n".join((*draft.steps, option))}
        examples.append({"question_id": f"example-{kind}-{number:02d}", "category": kind, **row, **worked})

    for kind, levels in EXAMPLE_LEVELS.items():
        for number, level in enumerate(levels, 1):
            add(kind, number, new(kind, level))
    for number, (text, right, wrong, brief, steps) in enumerate(EXAMPLE_FACTS, 1):
        add("facts", number, Draft(text, right, wrong, 1, brief, steps))

    for name, rows in (("questions.jsonl", questions), ("examples.jsonl", examples)):
        (HERE / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        print(f"{name}: {len(rows)} rows")


if __name__ == "__main__":
    main()
