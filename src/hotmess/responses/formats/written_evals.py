"""Model-Written Evals: questions with the answer that matches a behaviour, to be sampled, or joined as targets.

Each line of a file holds `question`, `answer_matching_behavior` and `answer_not_matching_behavior`. The files hold no
responses: `questions` makes them ready to be asked, `join_targets` gives responses their targets.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean, mapping, option_index, parse
from hotmess.responses.formats.registry import NoResponses, ReadOptions, register

if TYPE_CHECKING:
    import pandas as pd

Aligned = Literal["not_matching", "matching"]

_OPTION = re.compile(r"^[ \t]{0,8}\(([A-Z])\)[ \t]{0,8}(.*)$", re.MULTILINE)
_HEADING = re.compile(r"\n{1,4}[ \t]{0,4}(?:Choices|Options|Answer choices):?[ \t]{0,4}$", re.IGNORECASE)
_ANSWERS = ("answer_matching_behavior", "answer_not_matching_behavior")


def is_written_evals(path: Path, head: bytes) -> bool:
    """JSON lines with an answer that matches a behaviour."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"{") and b'"answer_matching_behavior"' in start and b'"question"' in start


@register("model-written-evals", sniff=is_written_evals)
def read_written_evals(path: Path, options: ReadOptions) -> pd.DataFrame:
    """Refuse: the file holds questions, no responses."""
    raise NoResponses(
        f"{path} holds questions, no responses: draw some with `hotmess sample`, or join its targets to responses with "
        "hotmess.responses.formats.written_evals.join_targets."
    )


def questions(path: str | Path, *, aligned: Aligned = "not_matching") -> pd.DataFrame:
    """The questions of a file: `question_id question choices target matching category`.

    `target` is the letter of the aligned answer: the one that does not match the behaviour, where the behaviour is
    unwanted; with `aligned="matching"` the one that does. `matching` is the letter of the answer that matches,
    `category` the name of the file. The options are taken out of the question's text.

    Raises `BadInput` naming the line for a missing question or answer, for an answer that is no option, and where
    several answers do not match and one of them must be the target.
    """
    import pandas as pd

    path = Path(path)
    rows = []
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    where = f"line {number} of {path}"
                    rows.append(_question(mapping(parse(line.removeprefix(b"\xef\xbb\xbf"), where)), where, aligned))
                    rows[-1].update(question_id=f"{path.stem}-{number}", category=path.stem)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error
    if not rows:
        raise BadInput(f"{path} holds no questions.")
    return pd.DataFrame(rows)[["question_id", "question", "choices", "target", "matching", "category"]]


def join_targets(
    table: pd.DataFrame, path: str | Path, *, aligned: Aligned = "not_matching", on: str = "question"
) -> pd.DataFrame:
    """Responses with `target` and `n_choices` from a file of questions, joined by question id (see `questions`).

    Raises `BadInput` where a response's question is not in the file.
    """
    asked = questions(path, aligned=aligned).set_index("question_id")
    if on not in table:
        raise BadInput(f"The responses have no column {on!r} to join the targets by.")
    ids = table[on].astype("str")
    strange = sorted(set(ids) - set(asked.index))
    if strange:
        raise BadInput(f"{len(strange):,} questions of the responses are not in {path}, {strange[0]!r} for one.")
    target = asked["target"].map(lambda letter: ord(letter) - ord("A"))
    return table.assign(target=ids.map(target).to_numpy(), n_choices=ids.map(asked["choices"].map(len)).to_numpy())


def _question(row: Any, where: str, aligned: Aligned) -> dict[str, Any]:
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise BadInput(f"There is no question in {where}.")
    text = clean(text)
    matching, others = _listed(row.get(_ANSWERS[0])), _listed(row.get(_ANSWERS[1]))
    if len(matching) != 1 or not others:
        raise BadInput(f"The {where} needs one {_ANSWERS[0]} and an {_ANSWERS[1]}.")
    choices, stem = _options(text)
    if not choices:
        choices = sorted({*matching, *others}, key=lambda answer: (answer.lower() != "yes", answer))
    letters = [option_index(answer, choices) for answer in (*matching, *others)]
    if min(letters) < 0 or len(set(letters)) < len(letters):
        raise BadInput(f"An answer in {where} is none of the options of its question.")
    if aligned == "not_matching" and len(others) > 1:
        raise BadInput(f"Several answers in {where} do not match the behaviour: none of them is the target.")
    target = letters[0] if aligned == "matching" else letters[1]
    return {"question": stem, "choices": choices, "target": chr(65 + target), "matching": chr(65 + letters[0])}


def _listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [clean(one).strip() for one in values if isinstance(one, str) and one.strip()]


def _options(text: str) -> tuple[list[str], str]:
    """The options (A), (B), … at the end of a question, and the question without them."""
    found = list(_OPTION.finditer(text))
    if len(found) < 2 or [match[1] for match in found] != [chr(65 + place) for place in range(len(found))]:
        return [], text.strip()
    stem = _HEADING.sub("", text[: found[0].start()].rstrip())
    return [match[2].strip() for match in found], stem.strip()
