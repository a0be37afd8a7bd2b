"""Free-form answers in canonical form: which answers count as the same one."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import BadInput, need
from hotmess.responses.values import OTHERWISE, canonical

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

LONGEST = 200  # characters of an answer that is taken for mathematics
_DROP = re.compile(r"\\(?:left|right|displaystyle|,|!|;|:| )|\\?\$|\\[()\[\]]|~")
_BOXED = re.compile(r"^\\(?:boxed|fbox)\{(.*)\}$")
_WORDS = re.compile(r"\\(?:text|mathrm|textbf|mathbf|operatorname|mbox)\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dtc]?frac\{([^{}]*)\}\{([^{}]*)\}")
_SHORT = re.compile(r"\\[dtc]?frac(\d)(\d)")
_POWER = re.compile(r"^([+-]?\d+(?:\.\d+)?)(?:\\times|\\cdot|\*|x|×)10\^\{?([+-]?\d{1,3})\}?$")
_NUMBER = re.compile(r"^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$")
_UNIT = re.compile(
    r"(?<=[\d})])\s*(?:\^?\{?\\circ\}?|°|degrees?|(?:square|cubic)?\s*(?:milli|centi|kilo)?(?:met(?:er|re)s?|grams?|"
    r"lit(?:er|re)s?)|[mck]?m(?:\^\{?[23]\}?)?|k?g|ml|l|inch(?:es)?|feet|foot|ft|miles?|mph|km/h|m/s|seconds?|s|minutes?|"
    r"min|hours?|h|days?|weeks?|months?|years?|dollars?|usd|cents?|euros?|units?|people|students)$"
)


def canonical_number(text: str) -> str:
    r"""An answer that is a number as an exact fraction in lowest terms; anything else as `canonical` text.

    Read are: signs, decimals, thousands separators, percent, powers of ten, simple fractions in plain text or LaTeX,
    mixed numbers, boxes and dollar signs. A unit at the end is left off: `5 cm` is 5, and `0.05 m` another answer.

    >>> [canonical_number(t) for t in ("0.50", r"\dfrac{1}{2}", r"$50\%$", "1/2", r"\boxed{\frac12}", "2/4 cm")]
    ['1/2', '1/2', '1/2', '1/2', '1/2', '1/2']
    >>> [canonical_number(t) for t in ("1,200.", r"1.2\times10^{3}", "x + 1", "-0", "1 1/2", r"90^\circ")]
    ['1200', '1200', 'x + 1', '0', '3/2', '90']
    """
    plain = canonical(text)
    if len(plain) > LONGEST:
        return plain
    value = _value(_bare(plain))
    return plain if value is None else str(value)


def _bare(text: str) -> str:
    out = _DROP.sub("", text).strip().rstrip(".").strip()
    for _ in range(3):
        boxed = _BOXED.match(out)
        out = boxed[1].strip() if boxed else out
    out = _WORDS.sub(r" \1", out).strip()
    out = re.sub(r"^(?:the )?(?:final )?answer(?: is)?:? *", "", out)
    out = re.sub(r"^[a-z] *= *", "", out)
    out = _FRACTION.sub(r"(\1)/(\2)", _SHORT.sub(r"(\1)/(\2)", out))
    out = re.sub(r"\((-?\d+)\)/\((\d+)\)", r"\1/\2", out)
    out = re.sub(r"^-\((\d+)\)/", r"-\1/", out).replace("\\%", "%").replace("−", "-")
    out = re.sub(r"(?<=\d),(?=\d{3}(?:\D|$))", "", out)
    return _UNIT.sub("", out).strip().lstrip("€£").strip()


def _value(text: str) -> Fraction | None:
    if text.endswith("%"):
        part = _value(text[:-1].strip())
        return None if part is None else part / 100
    mixed = re.match(r"^([+-]?)(\d{1,30}) ?(?:\+ ?)?(\d{1,30}) ?/ ?(\d{1,30})$", text)
    if mixed and (" " in text or "+" in text[1:]) and int(mixed[4]):
        size = int(mixed[2]) + Fraction(int(mixed[3]), int(mixed[4]))
        return -size if mixed[1] == "-" else size
    if text.count("/") == 1:
        top, bottom = (_decimal(part.strip()) for part in text.split("/"))
        return None if top is None or not bottom else top / bottom
    power = _POWER.match(text.replace(" ", ""))
    if power:
        base = _decimal(power[1])
        return None if base is None else base * Fraction(10) ** int(power[2])
    return _decimal(text)


def _decimal(text: str) -> Fraction | None:
    found = _NUMBER.match(text)
    if not found or len(text) > 60 or not (found[2] or found[3]):
        return None
    whole = Fraction(int((found[2] or "") + (found[3] or "")), 10 ** len(found[3] or ""))
    return (-whole if found[1] == "-" else whole) * Fraction(10) ** int(found[4] or 0)


def math_equivalent(one: str, other: str) -> bool:
    """Whether two answers are the same mathematics, by math-verify (the extra `math`): sets, intervals, expressions.

    Long answers, and powers of powers or of many digits, are compared as text: computing them could take for ever.
    """
    verify = need("math_verify", "math")
    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns that its timeouts are off; they need signals
    if one == other:
        return True
    if any(len(t) > LONGEST or re.search(r"\^[^^]*\^|\^\{?\d{3}|\d{20}|!", t) for t in (one, other)):
        return False
    try:
        gold, answer = (verify.parse(f"${t.strip('$')}$", parsing_timeout=None) for t in (one, other))
        return bool(verify.verify(gold, answer, timeout_seconds=None))
    except Exception:  # a parser of hostile text; what it cannot read is another answer
        return False


FORMS: dict[str, Callable[[str], str]] = {"text": canonical, "math": canonical_number}


def canonical_answers(
    responses: Responses,
    form: str | Callable[[str], str] = "math",
    *,
    equivalent: Callable[[str, str], bool] | None = None,
) -> Responses:
    """Responses whose texts and targets are in canonical form, so that equal answers compare equal.

    Parameters
    ----------
    form
        `text` (Unicode, case, white space, numbers as written), `math` (`canonical_number`), `math-verify` (the same,
        and `math_equivalent`), or a function of your own; what a function makes of an answer, None for one that cannot
        be read, stands in its place.
    equivalent
        Also: whether two answers to one question are the same, as `math_equivalent`. Each answer becomes the first that
        it is the same as, the target before all others.

    Raises
    ------
    BadInput
        If the outcome is not text, or a target cannot be read.
    """
    if responses.outcome != "text":
        raise BadInput(f"The outcome is {responses.outcome}; canonical forms are of text.")
    if form == "math-verify":
        form, equivalent = "math", equivalent or math_equivalent
    if isinstance(form, str) and form not in FORMS:
        listed = ", ".join((*FORMS, "math-verify"))
        raise BadInput(f"There is no canonical form {form!r}; there are {listed}, or a function of your own.")
    make = FORMS[form] if isinstance(form, str) else form
    table = responses.table
    known = {t: make(t.removesuffix(OTHERWISE)) for t in dict.fromkeys([*table["text"].dropna(), *table["target"]])}
    text = np.array([known.get(t) or None for t in table["text"]], dtype=object)
    target = np.array([known[t] for t in table["target"]], dtype=object)
    if any(not t for t in target):
        raise BadInput("The canonical form of a target is empty; a question needs its right answer.")
    if equivalent is not None:
        question = table.groupby(["benchmark", "question"], observed=True, sort=False).ngroup().to_numpy()
        for rows in np.split(np.argsort(question, kind="stable"), np.cumsum(np.bincount(question))[:-1]):
            first = [target[rows[0]]]
            same = {first[0]: first[0]}
            for t in dict.fromkeys(text[rows]):
                if t is not None and t not in same:
                    same[t] = next((f for f in first if equivalent(f, t)), t)
                    first += [t] if same[t] == t else []
            text[rows] = [same.get(t) for t in text[rows]]
    before, after = (len({*zip(table["question"], t)}) for t in (table["text"].fillna(""), text))
    note = f"{before:,} different answers to questions are {after:,} in canonical form."
    return replace(responses, table=table.assign(text=text, target=target)).note(note)
