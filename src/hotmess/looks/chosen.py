"""Whether questions were asked more or less often for what they had been answered: then estimates without a model are
off (methods, section 9).

Let a question have n responses, later ones only if earlier ones scattered. Of questions that happened to scatter
little the first ones are all there is, and those of the others are diluted by more: the mean of v̂ over questions, of
whichever estimator is unbiased at a fixed n, is too small, and ê with it where errors are rare. The likelihood of all
responses is the product of their probabilities whatever decided how many there are (what decided is no function of the
answer distributions but through them, and the score of each question stays a martingale): posteriors are as good as
their model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.looks.record import Looks

ROUNDING, FAILED = 1, 0.1
"""Responses of a question by round, and a share of them, by which numbers differ where all were asked alike."""

NOTE = (
    "Which questions were asked again hung on their answers: plug-in and unbiased error and variance are too low, as "
    "little scatter was kept where it was seen first; quote latent ones, which are not pulled towards them here."
)


def asked_by_answers(table: pd.DataFrame, looks: Looks | None) -> bool:
    """Whether there were looks, or rounds, before the last responses, and some questions have more responses than
    others of the same model, arm and budget by more than rounding and failures explain.

    >>> import pandas as pd
    >>> same = {"model": "m", "condition": "", "budget": "", "benchmark": "b", "round": "1"}
    >>> table = pd.DataFrame({**same, "question": ["a"] * 5 + ["b"] * 9})
    >>> asked_by_answers(table, None), asked_by_answers(table.assign(round=["1"] * 10 + ["2"] * 4), None)
    (False, True)
    """
    rounds = int(table["round"].nunique()) if "round" in table.columns else 0
    if looks is not None:
        rounds = max(rounds, sum(look.responses < len(table) for look in looks.history) + 1)
    if rounds < 2:
        return False
    side = ["model", "condition", "budget"]
    counts = table.groupby([*side, "benchmark", "question"], observed=True).size().groupby(side, observed=True)
    least, most = counts.min(), counts.max()
    return bool((most - least > ROUNDING * rounds + FAILED * most).any())
