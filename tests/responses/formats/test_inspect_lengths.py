"""Whose tokens a length is: events in both forms, roles, calls that failed, logs without events."""

from __future__ import annotations

import pytest

from hotmess.responses.formats.inspect_lengths import calls_of, length_of

NAME = "lab/m"


def call(tokens, reasoning=None, model=NAME, **more):
    output = {"choices": [{}], "usage": {"output_tokens": tokens, "reasoning_tokens": reasoning}}
    return {"event": "model", "model": model, "output": output, **more}


def length(events=(), replies=1, scorers=("judge",), roles=None, **sample):
    sample = {"events": list(events), **sample}
    return length_of(calls_of(sample, replies), NAME, roles or {}, scorers)


def begin(name, kind, parent=None):
    return {"event": "span_begin", "id": name, "type": kind, "parent_id": parent}


def test_calls_inside_scorers_are_no_answer():
    spans = [begin("a", "solvers"), begin("s", "scorers"), begin("j", "scorer", "s"), begin("deep", "agent", "j")]
    calls = [call(10, 4, span_id="a"), call(20, 5, span_id="a"), call(900, 800, span_id="j")]
    assert length([*spans, *calls, call(700, 1, span_id="deep")]) == (30, 9)


def test_older_logs_tell_steps():
    def step(action, kind, name):
        return {"event": "step", "action": action, "type": kind, "name": name}

    scoring = [
        step("begin", "scorer", "j"),
        step("begin", "solver", "inner"),
        call(900),
        step("end", "solver", "inner"),
    ]
    events = [step("begin", "solver", "generate"), call(10), step("end", "solver", "generate"), *scoring]
    events += [call(800), step("end", "scorer", "j"), call(5)]
    assert length(events) == (15, None)
    assert length_of(calls_of({"transcript": {"events": events}}, 3), NAME, {}, ["judge"]) == (15, None)


def test_other_models_roles_and_calls_that_failed_do_not_count():
    failed = call(99, error="rate limit")
    empty = {"event": "model", "model": NAME, "output": {"choices": []}}
    events = [call(10), call(500, model="lab/judge"), call(400, role="attacker"), failed, empty, call(7, pending=True)]
    assert length(events) == (10, None)
    assert length([call(10), {"event": "model", "model": NAME, "output": {"choices": [{}]}}]) == (None, None)


def test_without_events_the_only_call_counts():
    usage = {NAME: {"output_tokens": 340}}
    output = {"usage": {"output_tokens": 34, "reasoning_tokens": 20}}
    assert length(output=output, model_usage=usage) == (34, 20)
    assert length(output=output, model_usage=usage, replies=2) == (None, None)
    assert length(model_usage={"lab/judge": {"output_tokens": 300}}) == (None, None)


@pytest.mark.parametrize("scorers", [("exact",), ("lab/includes1", "match"), ("f1",), ()])
def test_sums_count_where_no_scorer_calls_a_model(scorers):
    usage = {NAME: {"output_tokens": 340, "reasoning_tokens": 40}}
    assert length(model_usage=usage, replies=3, scorers=scorers) == (340, 40)
    roles = {"critic": {"output_tokens": 100, "reasoning_tokens": 10}}
    told = length(model_usage=usage, role_usage=roles, replies=3, scorers=scorers, roles={"critic": [NAME]})
    assert told == (240, 30)
    other = length(model_usage=usage, role_usage=roles, replies=3, scorers=scorers, roles={"critic": ["lab/other"]})
    assert other == (340, 40)


@pytest.mark.parametrize("events", [None, 3, [None, 7, {"event": "model"}, {"event": "span_begin"}], {"a": 1}])
def test_events_that_are_none_are_passed_over(events):
    assert length_of(calls_of({"events": events, "model_usage": []}, 1), NAME, {}, []) == (None, None)
