"""Questions that come in clusters, and questions that weigh more than others: columns that say so.

Questions of one passage, template or task family are no independent questions: what is drawn when one speaks of
*questions like these* are clusters. A benchmark may weigh its questions. Both are facts of a question, not of a
response (methods, section 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotmess.errors import BadInput, NotTestable
from hotmess.responses.outcomes import refuse_outcomes
from hotmess.responses.values import labels, missing, numbers, suggest

if TYPE_CHECKING:
    from hotmess.responses.values import Place

CLUSTER, WEIGHT = "question_cluster", "question_weight"
"""Columns of a validated table, where they were asked for."""

FACTS = (CLUSTER, WEIGHT)


def take_units(
    frame: pd.DataFrame, cluster: str | None, weight: str | None, place: Place
) -> tuple[pd.DataFrame, list[str]]:
    """Add the columns `question_cluster` (text) and `question_weight` (mean 1 over questions), and say so.

    A cluster is what its label says, in whatever benchmark it stands.

    Raises:
        BadInput: for a column that is not there, is empty in a row, varies within a question, or is an outcome or a
            model; for a weight that is not a positive number.

    >>> frame = pd.DataFrame({"question": ["a", "b"], "passage": [1, 2], "points": [1.0, 3.0]})
    >>> take_units(frame, "passage", "points", lambda at: f"row {at + 1}")[0]["question_weight"].tolist()
    [0.5, 1.5]
    """
    if cluster is None and weight is None:
        return frame, []
    frame, notes = frame.copy(deep=False), []
    keys = [name for name in ("benchmark", "question") if name in frame.columns]
    question = frame.groupby([labels(frame[k], fill="") for k in keys], sort=False).ngroup().to_numpy()
    if cluster is not None:
        _need(frame, cluster, "cluster", place)
        frame[CLUSTER] = labels(frame[cluster], fill="").astype("str")
        _constant(frame, CLUSTER, cluster, question, place)
        units = frame[CLUSTER].nunique()
        if units < 2:
            raise BadInput(
                f"Column {cluster} holds one cluster of questions, {frame[CLUSTER].iloc[0]!r}; nothing can be said of "
                "clusters like it. Leave out --cluster."
            )
        notes.append(
            f"Every question is a cluster of its own (column {cluster}): clusters change nothing."
            if units == len(np.unique(question))
            else f"Questions come in {units:,} clusters (column {cluster}): statements about questions like these are "
            "about clusters like these."
        )
    if weight is not None:
        _need(frame, weight, "weight", place)
        values = numbers(frame[weight], name=weight, place=place)
        bad = ~(np.isfinite(values) & (values > 0))
        if bad.any():
            at = int(np.argmax(bad))
            raise BadInput(
                f"Column {weight} holds {values[at]:g} in {place(at)}; weights of questions are positive and finite: "
                "leave out the questions that have none, with --where."
            )
        frame[WEIGHT] = values
        _constant(frame, WEIGHT, weight, question, place)
        share = values / frame[WEIGHT].groupby(question).first().mean()
        frame[WEIGHT] = share
        notes.append(f"Questions weigh as column {weight} says, the heaviest {share.max():.3g} times the mean.")
    return frame, notes


def refuse_units(table: pd.DataFrame, what: str) -> None:
    """Refuse clusters and weights of questions where questions are taken for independent and alike.

    Raises:
        NotTestable: naming the options to leave out.
    """
    named = [name.removeprefix("question_") for name in FACTS if name in table]
    if named:
        options = " and ".join(f"--{name}" for name in named)
        raise NotTestable(f"{what} knows no {' and no '.join(named)} of questions; leave out {options}.")


def _need(frame: pd.DataFrame, name: str, what: str, place: Place) -> None:
    if name not in frame.columns:
        raise BadInput(f"There is no column {name!r} to be the {what} of questions{suggest(name, frame.columns)}.")
    if name in ("model", "sample", "condition", "budget", "context"):
        raise BadInput(f"The column {name} says what a response is of, and cannot be the {what} of a question.")
    refuse_outcomes([name])
    empty = missing(frame[name])
    if empty.any():
        raise BadInput(f"Column {name}, the {what} of questions, is empty in {place(int(np.argmax(empty)))}.")


def _constant(frame: pd.DataFrame, column: str, called: str, question: np.ndarray, place: Place) -> None:
    """Refuse what differs between responses to one question."""
    first = frame[column].groupby(question).transform("first")
    odd = (frame[column] != first.to_numpy()).to_numpy()
    if odd.any():
        at = int(np.argmax(odd))
        raise BadInput(
            f"Question {str(frame['question'].iloc[at])!r} has two values in column {called}, {first.iloc[at]} and "
            f"{frame[column].iloc[at]} ({place(at)}); clusters and weights belong to whole questions."
        )
