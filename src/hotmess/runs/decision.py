"""With r judges and s samples, how wide would the statement be, and which split is cheapest? A decision study.

The mean score of a model over questions scatters for every reason that its responses do: which questions, which
prompts, which judges, and sampling. With the variance of each reason known (questions count as a source here, so that a
judge who is strict everywhere is told from one who is strict on some questions), the mean over a design with n_s levels
of source s has the variance

    Var = Σ_B σ²_B / Π_{s ∈ B} n_s + σ²_sampling / Π_s n_s

(Brennan 2001, Generalizability Theory, ch. 4: the absolute error of a D study, with the questions' own part added,
since the statement is about questions like these).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from numbers import Number
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from hotmess.errors import BadInput, NotTestable, checked_interval, checked_number, is_whole, listed, tails
from hotmess.responses.source_columns import level_names, need_source
from hotmess.responses.units import refuse_units
from hotmess.runs.pairs import pair_sums, parts
from hotmess.runs.scores import scores_of

if TYPE_CHECKING:
    from hotmess.responses.table import Responses


def components(responses: Responses, names: Sequence[str]) -> dict[tuple[str, ...], float]:
    """Variance of the score by source, with `question` as a source; () is sampling. Negative estimates count as 0.

    >>> import hotmess as hm
    >>> found = components(hm.example().where("model = 'owl-1b'"), ["budget"])
    >>> sorted(found)
    [(), ('budget',), ('question',), ('question', 'budget')]
    """
    given = ["question", *names]
    responses.need_single("A decision study")
    refuse_units(responses.table, "A decision study")
    table = responses.table
    for name in names:
        need_source(table, name, full=True)
    _need_named(responses, names)
    score = scores_of(responses)
    if not np.ptp(score) > 0:
        raise NotTestable("All responses have the same score, so nothing is known of what would scatter; ask more.")
    question = table.groupby(["benchmark", "question"], sort=True).ngroup().to_numpy(np.int64)
    levels = [
        np.asarray(question, np.int64),
        *(pd.factorize(level_names(table, name), sort=True)[0].astype(np.int64) for name in names),
    ]
    one = np.zeros(len(table), np.int64)
    sums = pair_sums(score[:, None], one, levels)
    if question.max() == 0:
        raise NotTestable("There is one question only, and how questions differ is part of every design: ask more.")
    if frozenset() not in sums.shared:
        raise NotTestable(
            f"No two responses differ in the question and in all of {', '.join(names)}: drop one of them."
        )
    d = dict(zip(sums.shared, sums.distance()[:, 0]))
    out: dict[tuple[str, ...], float] = {}
    for key, combination in parts(sums.shared).items():
        value = max(0.0, float(sum(c * d[s] for s, c in combination.items())))
        out[tuple(given[s] for s in sorted(key or ()))] = value
    return out


def _need_named(responses: Responses, names: Sequence[str]) -> None:
    """Refuse what differs between responses to a question and would count as sampling, since it is not named."""
    table = responses.table
    unnamed = [name for name in responses.sources if name not in names]
    if table["budget"].nunique() > 1 and "budget" not in names:
        unnamed.append("budget")
    named = [level_names(table, name) for name in names]
    alike = table.groupby([table["benchmark"], table["question"], *named], sort=False, dropna=False)
    if not unnamed and "context" in table.columns and (alike["context"].nunique() > 1).any():
        own = table.groupby(["benchmark", "question", "context"], sort=False).size()
        unnamed = ["context"] if (own > 1).any() else []
    if unnamed:
        at = unnamed[0]
        levels = level_names(table, at)
        raise BadInput(
            f"The responses have {levels.nunique():,} levels of {at}, whose differences would count as sampling: say "
            f'how many there are to be, as --levels {at}=1,2, or choose one, as --where "{at} = '
            f"'{levels.dropna().iloc[0]}'\"."
        )


def _looked_at(levels: Mapping[str, int | Sequence[int]]) -> dict[str, Sequence[int]]:
    """Numbers of levels by source; one number is a list of one."""
    if not isinstance(levels, Mapping):
        raise BadInput(f"levels is {levels!r}; give numbers of levels by source, as {{'judge': [1, 2, 5]}}.")
    each = {name: [given] if isinstance(given, (Number, str)) else given for name, given in levels.items()}
    for name, given in each.items():
        if not isinstance(given, Iterable):
            raise BadInput(f"The numbers of {name} are {given!r}; give whole numbers from 1, as [1, 2, 5].")
    return {name: list(given) for name, given in each.items()}  # type: ignore[arg-type]


@listed("questions", "samples")
def decision_study(
    responses: Responses,
    levels: Mapping[str, int | Sequence[int]],
    *,
    questions: Sequence[int] | None = None,
    samples: Sequence[int] = (1,),
    cost: Mapping[str, float] | None = None,
    width: float | None = None,
    interval: float = 0.9,
) -> pd.DataFrame:
    """How wide the interval of a model's mean score would be under designs, cheapest first.

    Parameters
    ----------
    responses
        Of one model and condition; letters, texts, tests or scores.
    levels
        Source → numbers of levels to look at, in the order in which work is done: every level of a later source is
        taken for every one of the earlier ones, as judges for every story.
    questions
        Numbers of questions; default: as many as there are.
    samples
        Numbers of responses under the same levels of everything.
    cost
        What one more unit costs: source → cost of one level (within its question and earlier sources), `sample` → of
        one response; default: 1 a response.
    width
        Half width wanted: designs that do not reach it are left out.

    Returns
    -------
    One row per design: `questions`, a column per source, `samples`, `responses`, `cost`, `half_width`, and the source
    that adds most to the variance, `largest`.

    >>> import hotmess as hm
    >>> one = hm.example().where("model = 'owl-1b'")
    >>> found = decision_study(one, {"budget": [1, 2]}, samples=[1, 4])
    >>> found["half_width"].is_monotonic_decreasing
    True
    """
    interval = checked_interval(interval)
    if responses.table[["model", "condition"]].drop_duplicates().shape[0] > 1:
        raise BadInput("A decision study is of one model in one condition: choose them, as --where \"model = 'm'\".")
    looked = _looked_at(levels)
    names = list(looked)
    for name, numbers in {"question": questions, **looked, "sample": samples}.items():
        if numbers is not None and not (len(numbers) and all(is_whole(one) and one >= 1 for one in numbers)):
            raise BadInput(
                f"The numbers of {name} are {list(numbers)}: a design has at least one question, one level of every "
                "source and one sample, in whole numbers."
            )
    found = components(responses, names)
    asked = responses.table[["benchmark", "question"]].drop_duplicates().shape[0]
    if not isinstance(cost, Mapping | None):
        raise BadInput(f"cost is {cost!r}; give what one more costs by source, as {{'judge': 0.2, 'sample': 1}}.")
    costs = {"sample": 1.0} if cost is None else dict(cost)
    unknown = set(costs) - {"sample", "question", *names}
    if unknown:
        raise BadInput(f"A cost is given for {sorted(unknown)[0]!r}, which is neither a source nor question or sample.")
    for name, price in costs.items():
        checked_number(f"The cost of {name}", price, "a number from 0", under=np.inf)
    if width is not None:
        checked_number("The half width wanted", width, "a number above 0", beyond=True, under=np.inf)
    z = float(stats.norm.isf(tails(interval)[0]))
    rows = []
    for q, *rest, s in product(questions or [asked], *looked.values(), samples):
        size = dict(zip(["question", *names], [q, *rest]))
        total = float(np.prod(list(size.values()))) * s
        terms = {key: v / (total if not key else float(np.prod([size[n] for n in key]))) for key, v in found.items()}
        units = np.cumprod(list(size.values()))
        spent = sum(costs.get(n, 0.0) * u for n, u in zip(size, units)) + costs.get("sample", 0.0) * total
        largest = max(terms, key=lambda key: terms[key])
        rows.append(
            {"questions": q, **dict(zip(names, rest)), "samples": s, "responses": int(total), "cost": float(spent)}
            | {"half_width": z * float(np.sqrt(sum(terms.values()))), "largest": " × ".join(largest) or "sampling"}
        )
    table = pd.DataFrame(rows).sort_values(["cost", "half_width"], kind="stable").reset_index(drop=True)
    if width is not None:
        enough = table["half_width"] <= width
        if not enough.any():
            best = table.iloc[int(table["half_width"].to_numpy().argmin())]
            raise NotTestable(
                f"No design reaches a half width of {width:g}; the best of these reaches {best['half_width']:.3g}, "
                "and what "
                f"adds most to it is {best['largest']}."
            )
        table = table[enough].reset_index(drop=True)
    return table
