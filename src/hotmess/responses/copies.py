"""Honest repeats: are the responses to a question draws of their own, or copies of each other?

Draws that share a seed, were taken at temperature 0 or came out of a cache look like repeats and carry no information
on variance. Two statistics find them, each against a null that says what honest draws do.

**Distinct share.** In a cell of n responses let o be the number of distinct texts, or of distinct (answer, length)
pairs, divided by n. Under the null two responses agree by chance alone, with a probability of at most q, so that of n
draws a share e(q) = (1 - (1 - q)^n) / (n q) is distinct at least. q = A b: A is the share of pairs of the cell with
equal answers, b the rate at which honest lengths coincide, estimated for each (benchmark, model, condition, budget) as
twice the largest of three rates, plus 0.02: pairs of one question whose lengths differ by 1, 2 or 3 (the mean rate of
these: a smooth distribution of lengths has as many ties as near-ties); equal lengths among pairs of one question with
*different* answers (which are no copies); equal lengths among pairs from different questions (templates). The excess
delta = (e - o) / (e - 1/n) is 0 for honest draws and 1 where all responses are one. Refused: the mean of delta over
questions exceeds 0.4 by more than three of its standard errors. Only questions whose median response is long enough
(20 tokens) are looked at: "ANSWER: A" may honestly be given 30 times.

**Alignment.** Under the null the order of draws means nothing: draws u and v agree as often as any other two. Refused:
two draws agree in four of five questions or more, while the median pair agrees in less than two of five, with a
binomial tail below 1e-6 after correction for the number of pairs. Two runs with the same seeds look like that.

Draws at a recorded temperature of 0 are refused where nothing varies, whatever the length. Rows of probabilities
without a text are not looked at: read off a fixed prompt they do not vary by nature.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hotmess.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

GROUP = ("benchmark", "model", "condition", "budget")
LENGTHS = {"reasoning_tokens": 20.0, "actions": 20.0, "reasoning_characters": 80.0}
"""Columns of lengths, and the median from which on equal responses say something."""

EXCESS = 0.4
MOST = 64
"""At most so many responses of a cell are compared."""

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
        f"{sentence[0].upper()}{sentence[1:]}; the likely cause is {first.cause}: draw again, each response with a seed "
        "of its own and at a temperature above 0, or take them as they are with --allow-copies."
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
        key=np.where(texts >= 0, texts, -2 - pd.factorize(pairs)[0]),
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
    return found


@dataclass(frozen=True)
class Draws:
    """Columns of the table as arrays of numbers and codes (-1 for none), sorted by question."""

    question: NDArray[np.int64]
    context: NDArray[np.int64]
    sample: NDArray[np.int64]
    answer: NDArray[np.int64]
    length: NDArray[np.float64]
    key: NDArray[np.int64]
    text: NDArray[np.bool_]
    temperature: NDArray[np.float64]
    seed: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Draws:
        """Some rows."""
        return Draws(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.question)


def _groups(table: pd.DataFrame, names: Sequence[str]) -> tuple[NDArray[np.int64], Callable[[int], str]]:
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


def _numbers(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    import pandas as pd

    if name not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _judge(draws: Draws, where: str, shortest: float) -> Finding | None:
    frozen = _frozen(draws, where)
    if frozen is not None:
        return frozen
    draws = draws.take(~np.isnan(draws.length))
    stacks = [stack for stack in _stacks(draws) if stack.keys.shape[1] >= 2]
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


@dataclass(frozen=True)
class Stack:
    """Cells with the same number n of responses: arrays of shape (cells, n)."""

    answers: NDArray[np.int64]
    lengths: NDArray[np.float64]
    keys: NDArray[np.int64]


def _stacks(draws: Draws) -> list[Stack]:
    """The cells, those of one size together, each cut to its first `MOST` responses."""
    starts = np.flatnonzero(np.diff(draws.question, prepend=-1))
    sizes = np.diff(np.append(starts, len(draws)))
    stacks = []
    for n in np.unique(sizes):
        rows = starts[sizes == n][:, None] + np.arange(min(n, MOST))
        stacks.append(Stack(draws.answer[rows], draws.length[rows], draws.key[rows]))
    return stacks


def distinct_excess(
    stacks: Sequence[Stack], shortest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """For each question long enough: delta, distinct share, the share expected at least, and n (see the module)."""
    near = near_pairs = ties = tie_pairs = 0.0
    lengths = []
    long_stacks = []
    for stack in stacks:
        long = np.median(stack.lengths, axis=1) >= shortest
        stack = Stack(stack.answers[long], stack.lengths[long], stack.keys[long])
        if not len(stack.keys):
            continue
        long_stacks.append(stack)
        lengths.append(stack.lengths.ravel())
        for part in _chunks(stack):
            first, second = np.triu_indices(part.keys.shape[1], 1)
            gap = np.abs(part.lengths[:, first] - part.lengths[:, second])
            other = part.answers[:, first] != part.answers[:, second]
            near += float(((gap >= 1) & (gap <= 3)).sum())
            near_pairs += gap.size
            ties += float((other & (gap == 0)).sum())
            tie_pairs += float(other.sum())
    if not long_stacks:
        none = np.zeros(0)
        return none, none, none, np.zeros(0, dtype=np.int64)
    shares = np.unique(np.concatenate(lengths), return_counts=True)[1] / sum(map(len, lengths))
    rates = [near / near_pairs / 6, float((shares**2).sum()) if len(long_stacks[0].keys) > 1 else 0.0]
    if tie_pairs >= 50:
        rates.append(ties / tie_pairs)
    b = min(1.0, 2 * max(rates) + 0.02)
    results = []
    for stack in long_stacks:
        n = stack.keys.shape[1]
        q = np.clip(b * _agreement(stack.answers), 1e-9, 1.0)
        expected = (1 - (1 - q) ** n) / (n * q)
        ordered = np.sort(stack.keys, axis=1)
        distinct = (1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)) / n
        room = expected - 1 / n
        told = room > 0.2 * (1 - 1 / n)
        delta = (expected[told] - distinct[told]) / room[told]
        results.append((delta, distinct[told], expected[told], np.full(int(told.sum()), n)))
    delta, distinct, expected, sizes = (np.concatenate(parts) for parts in zip(*results, strict=True))
    return delta, distinct, expected, sizes


def _chunks(stack: Stack, most: int = 2_000_000) -> list[Stack]:
    step = max(1, most // stack.keys.shape[1] ** 2)
    starts = range(0, len(stack.keys), step)
    return [Stack(*(a[at : at + step] for a in (stack.answers, stack.lengths, stack.keys))) for at in starts]


def _agreement(answers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of pairs of a cell with equal answers."""
    out = np.empty(len(answers))
    n = answers.shape[1]
    first, second = np.triu_indices(n, 1)
    step = max(1, 2_000_000 // n**2)
    for at in range(0, len(answers), step):
        part = answers[at : at + step]
        out[at : at + step] = (part[:, first] == part[:, second]).mean(axis=1)
    return out


def alignment(draws: Draws) -> tuple[str, str, float] | None:
    """Two draws that agree far more often than others do (see the module), with the share of questions; or None."""

    places, place = np.unique(np.stack([draws.context, draws.sample]), axis=1, return_inverse=True)
    questions, question = np.unique(draws.question, return_inverse=True)
    if len(questions) < 10 or places.shape[1] < 3:
        return None
    used = np.flatnonzero(np.bincount(place.ravel()) >= 0.5 * len(questions))[:MOST]
    column = np.full(places.shape[1], -1)
    column[used] = np.arange(len(used))
    keep = column[place.ravel()] >= 0
    keys = np.full((len(questions), len(used)), np.nan)
    keys[question[keep], column[place.ravel()[keep]]] = draws.key[keep]
    if len(used) < 3:
        return None
    first, second = np.triu_indices(keys.shape[1], 1)
    equal = np.empty(len(first))
    both = np.empty(len(first))
    for at in range(0, len(first), 256):
        one, other = keys[:, first[at : at + 256]], keys[:, second[at : at + 256]]
        there = ~np.isnan(one) & ~np.isnan(other)
        equal[at : at + 256] = ((one == other) & there).sum(axis=0)
        both[at : at + 256] = there.sum(axis=0)
    share = equal / np.maximum(both, 1)
    usual = float(np.median(share))
    best = int(np.argmax(np.where(both >= 10, share, -1)))
    if share[best] < 0.8 or usual >= 0.4 or both[best] < 10:
        return None
    from scipy.stats import binom

    tail = float(binom.sf(equal[best] - 1, both[best], max(usual, 0.05))) * len(first)
    if tail >= 1e-6:
        return None
    u, v = (int(used[index[best]]) + 1 for index in (first, second))
    return str(u), str(v), float(share[best])


def _codes(table: pd.DataFrame) -> NDArray[np.int64]:
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
