"""Logs of 46 kinds of task by Inspect itself: accuracy here is the log's own, lengths are the answer's alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hotmess.errors import BadInput
from hotmess.responses.formats import read_logs

pytest.importorskip("inspect_ai")
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:inspect_ai")

LETTERS = ("choice", "choice_cot", "answer_letter_choices")
TEXT = (
    *("choice_sets", "exact", "exact_targets", "includes", "includes_case", "includes_targets", "match", "pattern"),
    *("match_targets", "answer_word", "answer_line", "answer_letter", "critique", "system", "reasoning", "agent"),
    *("react", "self_graded", "fact", "fact_judge", "judge_role", "graded_choices", "reduced_scorers"),
)
SCORES = (
    *("includes_long", "f1", "self_graded_partial", "numbers", "scale", "booleans", "words", "partial", "code"),
    *("partial_choices", "no_target"),
)
REFUSED = {
    "contradicting_choices": "answers to contradicting_choices contradict their grades.*--outcome score",
    "unknown_grades": r"as '(great|poor)', which is no grade",
    "several_scorers": "several scorers .*exact, includes.*--scorer NAME",
    "several_values": "several scorers .*two/helpful, two/honest.*--scorer NAME",
    "unscored": "was not scored: nobody graded its samples",
}
REDUCED = tuple(f"reducer_{name}" for name in ("mode", "max", "at_least_2", "pass_at_2"))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    # In a process of its own: Inspect leaves streams open, which are warnings here.
    command = [sys.executable, str(Path(__file__).with_name("inspect_kinds.py")), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
    return folder, json.loads(done.stdout.splitlines()[-1])


def read(folder, **options):
    return read_logs(folder, cache=False, progress=False, allow_copies=True, **options)


def mean_of(table, values):
    """The mean over questions of the means over epochs, as Inspect sums up."""
    return float(values.groupby(table["question"]).mean().mean())


def test_every_kind_is_named_here(ran):
    assert {*LETTERS, *TEXT, *SCORES, *REFUSED, *REDUCED} == set(ran[1])


@pytest.mark.parametrize("kind", [*LETTERS, *TEXT, *SCORES])
def test_the_accuracy_is_the_logs_own(ran, kind):
    folder, said = ran
    (logged,) = said[kind].values()
    table, _ = read(folder / kind)
    assert mean_of(table, table["score"]) == pytest.approx(logged, abs=5e-4 if kind == "f1" else 1e-12)
    assert set(table["benchmark"]) == {kind} and len(table) > 0
    outcome = "answer" if kind in LETTERS else "text" if kind in TEXT else "score"
    others = {"answer", "text"} - {outcome}
    assert outcome in table and not others & set(table)
    if outcome != "score":  # the outcome itself says right where the grade does
        assert ((table[outcome] == table["target"]) == (table["score"] == 1)).all()


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused_by_name(ran, kind):
    with pytest.raises(BadInput, match=REFUSED[kind]):
        read(ran[0] / kind)


def test_what_a_refusal_names_can_be_done(ran):
    folder, said = ran
    table, _ = read(folder / "contradicting_choices", outcome="score")
    assert mean_of(table, table["score"]) == pytest.approx(said["contradicting_choices"]["own"])
    for kind, scorers in (("several_scorers", said["several_scorers"]), ("several_values", said["several_values"])):
        for name, logged in scorers.items():
            table, _ = read(folder / kind, scorer=name if kind == "several_scorers" else f"two/{name}")
            assert mean_of(table, table["score"]) == pytest.approx(logged)
    table, _ = read(folder / "unscored", canonical="text")
    assert set(table["text"]) <= {"Paris", "x"} and (table["target"] == "Paris").all()


@pytest.mark.parametrize("kind", REDUCED)
def test_every_epoch_is_a_response_whatever_reduces_them_to_a_number(ran, kind):
    folder, said = ran
    table, _ = read(folder / kind)
    by = table.groupby("question")["score"]
    n, c = by.size(), by.sum()
    reduced = {
        "reducer_mode": by.agg(lambda values: values.mode().iloc[0]),
        "reducer_max": by.max(),
        "reducer_at_least_2": (c >= 2).astype(float),
        "reducer_pass_at_2": 1 - (n - c) * (n - c - 1) / (n * (n - 1)),
    }[kind]
    assert len(table) == 6 and float(reduced.mean()) == pytest.approx(said[kind]["exact"])


JUDGED = ("self_graded", "self_graded_partial", "fact", "fact_judge", "judge_role")


@pytest.mark.parametrize("kind", [*JUDGED, "includes", "includes_long", "code", "agent", "react", "numbers"])
def test_the_length_is_that_of_the_answer_whoever_judges(ran, kind):
    """Each reply begins with its number of tokens; a judge's, of the same model, has nine thousand."""
    from inspect_ai.log import list_eval_logs, read_eval_log

    (info,) = list_eval_logs(str(ran[0] / kind))
    own = {}
    for sample in read_eval_log(info).samples:
        written = [message.text for message in sample.messages if message.role == "assistant"]
        own[str(sample.id), sample.epoch - 1] = sum(int(re.match(r"\[(\d+)\]", text)[1]) for text in written)
        assert (max(used.output_tokens for used in sample.model_usage.values()) > 9_000) == (kind in JUDGED)
    table, _ = read(ran[0] / kind)
    found = zip(table["question"], table["sample"], table["reasoning_tokens"], strict=True)
    assert {(question, sample): length for question, sample, length in found}.items() <= own.items()


def test_without_events_only_what_is_sure_is_a_length(ran, tmp_path):
    from inspect_ai.log import list_eval_logs, read_eval_log, write_eval_log

    lengths = {}
    for kind in ("self_graded", "judge_role", "react"):
        (info,) = list_eval_logs(str(ran[0] / kind))
        log = read_eval_log(info)
        whole = [sample.model_usage["mockllm/model"].output_tokens for sample in log.samples]
        for sample in log.samples:
            sample.events = []
        write_eval_log(log, str(tmp_path / kind / "log.json"), format="json")
        table, _ = read(tmp_path / kind)
        lengths[kind] = table.get("reasoning_tokens", np.nan), whole
    assert (lengths["self_graded"][0] < 500).all() and (lengths["judge_role"][0] < 500).all()  # the only call's
    assert sorted(lengths["react"][0]) == sorted(lengths["react"][1])  # the sum of all: no scorer calls a model


def test_reasoning_tokens_are_told_apart(ran):
    table, _ = read(ran[0] / "reasoning")
    assert ((table["output_tokens"] // 2) == table["reasoning_tokens"]).all()
