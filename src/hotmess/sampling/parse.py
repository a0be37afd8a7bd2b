"""Reading the answer out of a response: pure functions, linear in the length of the text.

Each parser looks for the **last** marker of its format and reads what follows it. What does not follow the format is
wrongly formatted (-1 or None) and never guessed at, so that the rate of wrong formats is a fact about the model.
"""

from __future__ import annotations

import math
import re

from hotmess.sampling.prompts import LETTERS

_LETTER_MARK = re.compile(r"\banswer\b[ \t*_]{0,4}[:=]", re.IGNORECASE)
# A small letter before a word is an article, not an option.
_LETTER = re.compile(
    r"[\s*_$`\"'(\[]{0,8}(?:(?i:option)[ \t]{0,4})?[*_$`\"'(\[]{0,4}"
    r"([A-Z]|[a-z](?![ \t]{1,4}[A-Za-z]))(?![A-Za-z0-9]|['’][A-Za-z])"
)
_PROBABILITY_MARK = re.compile(r"\bprobabilities\b[ \t*_]{0,4}:", re.IGNORECASE)
_PAIR = re.compile(r"\(?([A-Za-z])\)?[ \t]{0,4}[=:][ \t]{0,4}([0-9]{0,12}(?:\.[0-9]{0,12})?)[ \t]{0,4}(%?)")
_LONGEST_LINE = 2000


def _last_end(pattern: re.Pattern[str], text: str) -> int:
    end = -1
    for match in pattern.finditer(text):
        end = match.end()
    return end


def parse_letter(text: str, n_choices: int) -> int:
    """Index of the option named after the last 'ANSWER:', or -1.

    Markdown emphasis, quotes and brackets around the letter are allowed, and so is the word "option".

    >>> parse_letter("The sum is 7.\\nANSWER: C", 4), parse_letter("**Answer: (b)**", 4), parse_letter("It is C.", 4)
    (2, 1, -1)
    """
    start = _last_end(_LETTER_MARK, text)
    if start < 0:
        return -1
    match = _LETTER.match(text, start)
    if match is None:
        return -1
    index = LETTERS.find(match.group(1).upper())
    return index if 0 <= index < n_choices else -1


def parse_probabilities(text: str, n_choices: int, *, tolerance: float = 0.01) -> tuple[float, ...] | None:
    """Probabilities of all options from the line after the last 'PROBABILITIES:', or None.

    Every option must be given exactly once, every number lie in [0, 1] (or be a percentage, all of them then) and the
    sum lie within `tolerance` of 1. The result is divided by that sum.

    >>> parse_probabilities("PROBABILITIES: A=0.7, B=0.1, C=0.2", 3)
    (0.7, 0.1, 0.2)
    >>> parse_probabilities("PROBABILITIES: A=0.7, B=0.7, C=0.2", 3) is None
    True
    """
    start = _last_end(_PROBABILITY_MARK, text)
    if start < 0:
        return None
    line = text[start : start + _LONGEST_LINE].partition("\n")[0].strip(" \t\r*_`.[]{}")
    found: dict[int, float] = {}
    percents = 0
    for part in line.split(","):
        match = _PAIR.fullmatch(part.strip(" \t*_`"))
        if match is None or match.group(2) in ("", "."):
            return None
        index = LETTERS.find(match.group(1).upper())
        if not 0 <= index < n_choices or index in found:
            return None
        percents += bool(match.group(3))
        found[index] = float(match.group(2)) / (100 if match.group(3) else 1)
    if len(found) != n_choices or percents not in (0, n_choices):
        return None
    total = math.fsum(found.values())
    if max(found.values()) > 1 or abs(total - 1) > tolerance:
        return None
    return tuple(found[i] / total for i in range(n_choices))


def parse_open(text: str) -> str | None:
    """What stands between the last '<answer>' and the '</answer>' after it, without outer space, or None.

    >>> parse_open("I think so. <answer> 42 </answer>")
    '42'
    """
    lowered = text.lower() if text.isascii() else re.sub("</?ANSWER>", lambda m: m.group().lower(), text, flags=re.I)
    start = lowered.rfind("<answer>")
    if start < 0:
        return None
    end = lowered.find("</answer>", start)
    answer = text[start + len("<answer>") : end].strip() if end >= 0 else ""
    return answer or None
