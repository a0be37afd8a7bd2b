"""Honest repeats: are the responses to a question draws of their own, or copies of each other?

Draws that share a seed, were taken at temperature 0 or came out of a cache look like repeats and carry no information
on variance. Text, tokens and answers together are the evidence: short answers that are equal and differ in their
(reasoning) tokens are draws of their own. Statistics find copies, each against a null that says what honest draws do:
the share of distinct responses and the alignment of draws (`hotmess.responses.repeats`); equal steps between lengths,
and responses that are in another group again (`hotmess.responses.elsewhere`); and, where there are answers alone, equal
sequences of them (`hotmess.responses.bare`).

Draws at a recorded temperature of 0 are refused where nothing varies, whatever the length. Rows of probabilities
without a text are not looked at: read off a fixed prompt they do not vary by nature.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Bools, Floats, Ints
from hotmess.errors import BadInput
from hotmess.responses.bare import agreeing, another_name, sequences
from hotmess.responses.elsewhere import elsewhere, padding
from hotmess.responses.repeats import EXCESS, Draws, alignment, distinct_excess, stacks_of
from hotmess.responses.table import CELL
from hotmess.responses.validate import LONGEST
from hotmess.responses.values import labels

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses

GROUP = ("benchmark", "model", "condition", "budget")
LENGTHS = {"reasoning_tokens": 20.0, "actions": 20.0, "reasoning_characters": 80.0}
"""Columns of lengths, and the median from which on equal responses say something."""


_OUTCOMES = ("answer", "tests", "score", "text")


@dataclass(frozen=True)
class Finding:
    """What makes the repeats of one (benchmark, model, condition, budget) look like copies, in words."""

    where: str
    what: str
    cause: str


def check_copies(table: pd.DataFrame, *, allow: bool = False) -> tuple[str, ...]:
    """Refuse repeats that are copies of each other; with `allow` take them, and return a note that says so.

    Works on any response table with `model`, `question`, an outcome and a length (or `text_hash`, a digest of the
    text); where there is nothing to compare it returns no note.

    Raises:
        BadInput: for the first group of repeats that look like copies, naming the likely cause.

    >>> import pandas as pd
    >>> rows = [("m", f"q{q}", 100 + 37 * q % 41, q % 4) for q in range(9) for _ in range(5)]
    >>> table = pd.DataFrame(rows, columns=["model", "question", "reasoning_tokens", "answer"])
    >>> check_copies(table, allow=True)[0][:53]
    'Repeats that look like copies are taken as they are: '
    """
    found = find_copies(table)
    if not found:
        return ()
    first = found[0]
    more = f", and so do those of {len(found) - 1} more" if len(found) > 1 else ""
    sentence = f"the repeats of {first.where} look like copies of each other{more}: {first.what}"
    if allow:
        return (f"Repeats that look like copies are taken as they are: {sentence}.",)
    raise BadInput(
        f"{sentence[0].upper()}{sentence[1:]}; the likely cause is {first.cause}: draw again, each response with a "
        "seed of its own and at a temperature above 0, or take them as they are with --allow-copies."
    )


def find_copies(table: pd.DataFrame) -> list[Finding]:
    """All groups of repeats that look like copies."""
    import pandas as pd

    names = [name for name in GROUP if name in table]
    if "question" not in table or "model" not in names:
        return []
    length = next((name for name in LENGTHS if name in table), None)
    answers = _codes(table)
    lengths = np.full(len(table), np.nan)
    if length is not None:
        lengths = pd.to_numeric(table[length], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    texts = np.full(len(table), -1)
    if "text_hash" in table:
        texts = pd.factorize(table["text_hash"])[0]
    usable = answers >= 0
    if "probs" in table:
        usable &= (texts >= 0) | table["probs"].isna().to_numpy()
    pairs = answers * (1 << 32) + np.nan_to_num(lengths, nan=-1, posinf=-1).astype(np.int64)
    context = pd.factorize(table["context"])[0] if "context" in table else np.full(len(table), -1)
    groups, where = _groups(table, names)
    draws = Draws(
        question=pd.factorize(table["question"])[0],
        context=context,
        sample=pd.factorize(table["sample"])[0] if "sample" in table else np.full(len(table), -1),
        answer=answers,
        length=np.where(lengths > 0, lengths, np.nan),
        key=np.where(texts >= 0, _together(texts, lengths), -2 - pd.factorize(pairs)[0]),
        text=texts >= 0,
        temperature=_numbers(table, "temperature"),
        seed=pd.factorize(table["seed"])[0] if "seed" in table else np.full(len(table), -1),
    )
    order = np.lexsort((np.arange(len(table)), draws.question, np.where(usable, groups, -1)))
    order = order[usable[order]]
    edges = np.flatnonzero(np.diff(groups[order], prepend=-1, append=-1))
    found = []
    for start, end in itertools.pairwise(edges):
        rows = order[start:end]
        finding = _judge(draws.take(rows), where(int(rows[0])), LENGTHS.get(length or "", np.inf))
        found += [finding] if finding else []
    return found or _elsewhere(table, draws, usable, groups, LENGTHS.get(length or "", np.inf))


def _together(texts: Ints, lengths: Floats) -> Ints:
    """Codes of texts with their lengths."""
    import pandas as pd

    known = np.nan_to_num(lengths, nan=-1.0, posinf=-1.0)
    return pd.factorize(pd.factorize(known)[0].astype(np.int64) * (int(texts.max(initial=0)) + 1) + texts)[0]


def _elsewhere(table: pd.DataFrame, draws: Draws, usable: Bools, groups: Ints, shortest: float) -> list[Finding]:
    """Responses of one group that are those of another one again, benchmark by benchmark."""
    import pandas as pd

    warm = usable & (draws.temperature != 0)
    bare = ~draws.text & ~(draws.length >= shortest)
    benchmarks = pd.factorize(table["benchmark"])[0] if "benchmark" in table else np.zeros(len(table), dtype=np.int64)
    for benchmark in np.unique(benchmarks[warm]):
        here = warm & (benchmarks == benchmark)
        rows = np.flatnonzero(here & (draws.text | ~np.isnan(draws.length)))
        again = elsewhere(draws.take(rows), groups[rows], shortest)
        what = "{:.0%} of the responses of {} are equal to one of {} to the same question"
        if again is None:
            rows = np.flatnonzero(here & bare)
            codes, own = np.unique(groups[rows], return_inverse=True)
            same = another_name(sequences(draws.take(rows), own.ravel())) if len(codes) > 1 else None
            again = None if same is None else (int(codes[same[0]]), int(codes[same[1]]), same[2])
            what = "in {:.0%} of the questions that get more than one answer those of {} are those of {}"
        if again is not None:
            one, other = (_named(table, int(np.argmax(groups == code))) for code in again[:2])
            return [Finding(one, what.format(again[2], other, one), "that one of them was copied under another name")]
    return []


def _named(table: pd.DataFrame, row: int) -> str:
    words = [f"{name} {value!r}" for name in GROUP if name in table and (value := str(table[name].iloc[row]))]
    return ", ".join(word for word in words if not word.startswith("benchmark"))


def _groups(table: pd.DataFrame, names: Sequence[str]) -> tuple[Ints, Callable[[int], str]]:
    """A code for each row's group, and a function that names the group of a row in words."""
    import pandas as pd

    codes = np.zeros(len(table), dtype=np.int64)
    for name in names:
        part, values = pd.factorize(table[name], use_na_sentinel=False)
        codes = pd.factorize(codes * len(values) + part)[0]

    def where(row: int) -> str:
        benchmark = f" on {table['benchmark'].iloc[row]}" if "benchmark" in table else ""
        return f"{table['model'].iloc[row]}{benchmark}"

    return codes, where


def _numbers(table: pd.DataFrame, name: str) -> Floats:
    import pandas as pd

    if name not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _judge(draws: Draws, where: str, shortest: float) -> Finding | None:
    frozen = _frozen(draws, where)
    if frozen is not None:
        return frozen
    bare = draws.take(~draws.text & ~(draws.length >= shortest))
    same = agreeing(bare) if len(bare) == len(draws) else None
    if same is not None:
        what = f"draws {same[0]} and {same[1]} agree in all questions that get more than one answer"
        return Finding(where, what, _cause(draws, constant=False))
    draws = draws.take(~np.isnan(draws.length))
    stacks = [stack for stack in stacks_of(draws) if stack.keys.shape[1] >= 2]
    if not stacks:
        return None
    thing = "text" if draws.text.all() else "answer and length"
    excess, distinct, expected, sizes = distinct_excess(stacks, shortest)
    if len(excess) >= 3:
        error = float(excess.std(ddof=1)) / np.sqrt(len(excess))
        different = float((distinct * sizes).mean())
        if float(excess.mean()) - 3 * error > EXCESS:
            what = (
                f"of {sizes.mean():.3g} responses to a question {different:.2g} differ in {thing}, where at least "
                f"{(expected * sizes).mean():.3g} would"
            )
            return Finding(where, what, _cause(draws, constant=different < 1.5))
    padded = padding(stacks, shortest)
    if padded is not None:
        what = (
            f"{padded[1]:.0%} of the responses differ from another one to the question by {padded[0]} in length alone"
        )
        return Finding(where, what, "that lengths of copies were changed")
    aligned = alignment(draws)
    if aligned is not None:
        u, v, share = aligned
        what = f"draws {u} and {v} of a question agree in {thing} in {share:.0%} of the questions, other draws rarely"
        return Finding(where, what, _cause(draws, constant=False))
    return None


def _frozen(draws: Draws, where: str) -> Finding | None:
    """Repeats at temperature 0 of one question in one context, of which none varies."""
    draws = draws.take(draws.temperature == 0)
    if not len(draws):
        return None
    cells = np.unique(np.stack([draws.question, draws.context]), axis=1, return_inverse=True)[1].ravel()
    sizes = np.bincount(cells)
    kinds = np.bincount(np.unique(np.stack([cells, draws.key]), axis=1)[0])
    constant = int((kinds[sizes >= 2] == 1).sum())
    several = int((sizes >= 2).sum())
    if several < 3 or constant < 0.9 * several:
        return None
    return Finding(where, f"nothing varies in {constant} of {several} questions", "the temperature, which was 0")


def _cause(draws: Draws, *, constant: bool) -> str:
    if (draws.temperature == 0).all():
        return "the temperature, which was 0"
    seeded = draws.take(draws.seed >= 0)
    distinct = np.unique(np.stack([seeded.question, seeded.context, seeded.seed]), axis=1).shape[1]
    if distinct < 0.75 * len(seeded):
        return "the seed, which several draws share"
    return "a temperature of 0, one seed for all draws, or a cache" if constant else "a shared seed or a cache"


def _codes(table: pd.DataFrame) -> Ints:
    """The outcome of each row as a code; −1 where there is none."""
    import pandas as pd

    name = next((name for name in _OUTCOMES if name in table), None)
    if name is None:
        hashed = "text_hash" in table
        return np.where(table["text_hash"].notna(), 0, -1) if hashed else np.full(len(table), -1, dtype=np.int64)
    column = table[name]
    if name == "tests":
        column = column.map(lambda value: None if value is None else str(list(np.atleast_1d(value))))
    return pd.factorize(column)[0].astype(np.int64)


def comparable(responses: Responses) -> pd.DataFrame:
    """The columns that tell copies from honest repeats; those that validation does not know are brought into form."""
    import pandas as pd

    table = responses.table
    kept = [*CELL, "context", "sample", responses.outcome, *(["probs"] if "probs" in table.columns else [])]
    out = table[list(dict.fromkeys(kept))].copy(deep=False)
    for name in ("reasoning_tokens", "actions", "reasoning_characters", "temperature"):
        if name in table.columns:
            values = pd.to_numeric(table[name], errors="coerce").astype(float)
            out[name] = values.where(values.abs() <= LONGEST)
    for name in ("text_hash", "seed"):
        if name in table.columns:
            out[name] = labels(table[name])
    return out
