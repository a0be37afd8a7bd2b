"""The outcomes a response can have, each one object, in the order in which one is chosen when nothing else decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses import bases, outcome_checks, placing
from hotmess.responses.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotmess.responses.table import Responses

MADE = ("right", "unparsable")
"""Columns of cells that are outcomes too."""


def _answer_needs(frame: pd.DataFrame) -> tuple[str, ...]:
    counted = "choices" in frame.columns and "n_choices" not in frame.columns
    return ("target",) if counted else ("target", "n_choices")


def _same_tests(responses: Responses) -> np.ndarray:
    return first_rows(np.array([np.asarray(v).tobytes() for v in responses.table["tests"]], dtype=object))


def first_rows(keys: np.ndarray) -> np.ndarray:
    """(rows,) the number of the first row with the same key."""
    code = pd.factorize(keys)[0]
    return pd.Series(np.arange(len(code))).groupby(code).transform("first").to_numpy()


OUTCOMES: dict[str, Outcome] = {
    outcome.name: outcome
    for outcome in (
        Outcome(
            "probs",
            outcome_checks.check_probs,
            placing.probs,
            {"brier": 0, "kl": 0, "zero-one": 1},
            needs=lambda frame: ("target",),
            model="vectors",
            scale=2.0,
            refusal=(
                "The outcome here is probs, not letters: probability vectors have a latent model of their own, of "
                "responses (hm.fit, --estimator latent), not of cells; choose letters with --outcome answer where "
                "there are both."
            ),
            instead="Choose letters (--outcome answer), where there are both.",
            beside="answer",
        ),
        Outcome(
            "answer",
            outcome_checks.check_answer,
            placing.letters,
            {"brier": 1, "kl": 1, "zero-one": 0},
            needs=_answer_needs,
            values=lambda responses: responses.table["answer"],
            model="letters",
            scale=2.0,
        ),
        Outcome(
            "tests",
            outcome_checks.check_tests,
            placing.passes,
            {"coverage": 0},
            values=_same_tests,
            carried=("new_tests",),
            base=bases.partial_passes,
            scale=1.0,
        ),
        Outcome(
            "score",
            outcome_checks.check_score,
            placing.one_score,
            {"score": 0},
            values=lambda responses: responses.table["score"],
            base=bases.between_zero_and_one,
            scale=1.0,
        ),
        Outcome(
            "text",
            outcome_checks.check_text,
            placing.texts,
            {"brier": 2, "zero-one": 2},
            needs=lambda frame: ("target",),
            values=placing.text_codes,
            base=bases.unbounded,
            scale=2.0,
            distinct=True,
        ),
        Outcome(
            "reply",
            outcome_checks.check_reply,
            placing.replies,
            {"reply": 0},
            values=placing.reply_codes,
            model=None,
            refusal="A reply has no target, so there is variance but no bias, and no latent model of being right.",
        ),
        Outcome(
            "embedding",
            outcome_checks.check_embedding,
            placing.vectors,
            {"embedding": 0},
            model=None,
            refusal=(
                "The outcome embedding has no target, so there is variance but no bias; its model is of the variance, "
                "hotmess.laws.embeddings."
            ),
        ),
        Outcome(
            "point",
            outcome_checks.check_point,
            placing.vectors,
            {"a-norm": 0},
            needs=lambda frame: ("target_point",),
            model=None,
            refusal=("The outcome point is continuous, no two responses are at one place; use the unbiased estimator."),
        ),
    )
}


def metrics() -> dict[str, tuple[str, ...]]:
    """Which outcomes each metric can use, the preferred one first.

    >>> metrics()["zero-one"], metrics()["kl"]
    (('answer', 'probs', 'text'), ('probs', 'answer'))
    """
    names = dict.fromkeys(metric for outcome in OUTCOMES.values() for metric in outcome.metrics)
    return {
        metric: tuple(
            outcome.name
            for outcome in sorted(
                (o for o in OUTCOMES.values() if metric in o.metrics), key=lambda o: o.metrics[metric]
            )
        )
        for metric in names
    }


def largest_error(metric: str) -> float | None:
    """The largest error of a metric that is some outcome's own; None where there is no bound.

    >>> largest_error("brier"), largest_error("kl")
    (2.0, None)
    """
    return next((o.scale for o in OUTCOMES.values() if o.default_metric == metric and o.scale), None)


def refuse_outcomes(by: Iterable[str]) -> None:
    """Refuse to group by how a response turned out: inside such groups there is no variance left to speak of."""
    for name in by:
        if name in OUTCOMES or name in MADE:
            raise BadInput(
                f"Groups cannot be made by {name!r}, an outcome: how a response turned out leaves no variance inside "
                "a group; group by what was known before, as model or condition."
            )


def refuse_source(name: str) -> None:
    """Refuse how a response turned out as a source of its scatter: it would explain all of it, and it is what scatters.

    >>> refuse_source("prompt")
    """
    if name in OUTCOMES or name in MADE or name in ("reasoning_tokens", "actions"):
        raise BadInput(
            f"The column {name} says how a response turned out, and cannot be a source of its scatter; name what "
            "differed before, as a prompt or a judge."
        )
