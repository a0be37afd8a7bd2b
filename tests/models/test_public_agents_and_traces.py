"""Trials of agents with their tests, and traces with their probabilities, in folders made up here."""

import doctest
import json

import pandas as pd
import pytest
from public_sources import logit_cot_overthinking, terminal_bench
from public_sources.clones import Clone

import hotmess as hm
from hotmess.errors import BadInput

BENCH = "results/terminal-bench-core@0.1.1"


def trial(task, resolved, log, **more):
    one = {"task_id": task, "is_resolved": resolved, "failure_mode": "unset", "parser_results": log}
    return {**one, "total_output_tokens": 0, "total_input_tokens": None, **more}


def saved(folder, name, content):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


@pytest.fixture
def bench(tmp_path):
    """Two runs of one submission, and a submission of one file: failures stand under names with their messages."""
    times = {"agent_started_at": "2026-01-01T10:00:00+00:00", "agent_ended_at": "2026-01-01T10:01:30.5+00:00"}
    first = [
        trial("a", True, {"test_x": "passed", "test_y": "passed"}, total_output_tokens=12, **times),
        trial("b", None, None),
    ]
    second = [
        trial("a", False, {"test_x": "passed", "test_y - AssertionError: no": "failed", "test_own": "passed"}),
        trial("b", False, {"../tests/test_outputs.py - TypeError": "failed"}),
    ]
    skipped = {"test_x": "passed", "[1] ../tests/test_outputs.py:48: no service": "passed"}
    saved(tmp_path, f"{BENCH}/20250923_droid_model-1/run_1/results.json", {"results": first})
    saved(tmp_path, f"{BENCH}/20250923_droid_model-1/run_2/results.json", {"results": second})
    saved(tmp_path, f"{BENCH}/ob1-09-10-25/2025-08-27_results.json", {"results": [trial("a", True, skipped)]})
    return tmp_path


def test_trials_hold_the_same_tests_and_a_message_is_none(bench):
    rows = list(terminal_bench.rows(Clone(bench, "someone/somewhere")))
    said = [(r["model"], r["question"], r["run"], r["sample"], r["score"], r["tests"], r["has_tests"]) for r in rows]
    assert sorted(said) == [
        ("droid_model-1", "a", "run_1", 0, 1.0, [1, 1], True),
        ("droid_model-1", "a", "run_2", 1, 0.0, [1, 0], True),
        ("droid_model-1", "b", "run_1", 0, 0.0, [0], False),
        ("droid_model-1", "b", "run_2", 1, 0.0, [0], True),
        ("ob1", "a", "2025-08-27", 0, 1.0, [1, 1], True),
    ]
    lengths = {(r["run"], r["question"]): (r["reasoning_tokens"], r["duration_s"]) for r in rows}
    assert lengths["run_1", "a"] == (12.0, 90.5) and lengths["run_2", "a"] == (None, None)
    pd.DataFrame(rows).to_parquet(bench / "t.parquet", index=False)
    assert hm.read(bench / "t.parquet", allow_copies=True).outcome == "tests"


def test_a_result_of_a_test_that_is_none_is_refused(bench):
    saved(bench, f"{BENCH}/ob1-09-10-25/2025-08-27_results.json", {"results": [trial("a", True, {"test_x": "maybe"})]})
    with pytest.raises(BadInput, match=r"27_results.json, results 1, parser_results: a test's result must be passed"):
        list(terminal_bench.rows(Clone(bench, "someone/somewhere")))


def of_run(folder, run, **changed):
    head = {"question_id": "7", "answer": "B", "category": "law", "options": ["x", "y", "z"], "run_seed": 3}
    trace = {**head, "generated_answer": "C", "trace_token_count": 40, "baseline_cohort": "loss"}
    place = {
        **head, "decile": 50, "prediction": "B", "prefix_token_count": 20, "trace_token_count": 40,
        "choice_probabilities": {"A": 0.1, "B": 0.3, "C": 0.0, "D": None}, "choice_probability_mass": 0.4, **changed,
    }  # fmt: skip
    here = folder / "outputs" / f"{run}_gemma4_12b_extended" / "mmlu_pro" / "seed_3"
    here.mkdir(parents=True, exist_ok=True)
    (here / "traces.jsonl").write_text(json.dumps(trace) + "\n" + json.dumps({**trace, "generated_answer": None}))
    pd.DataFrame([place]).to_parquet(here / "trajectory.parquet")
    return here


def test_traces_of_both_runs_and_the_probabilities_along_them(tmp_path):
    for run in ("matched_controls", "candidate_reruns"):
        of_run(tmp_path, run)
    clone = Clone(tmp_path, "someone/somewhere")
    own = [(r["sample"], r["answer"], r["target"], r["trace_tokens"]) for r in logit_cot_overthinking.natural(clone)]
    assert own == [(3, 2, 1, 40), (3, -1, 1, 40), (13, 2, 1, 40), (13, -1, 1, 40)]
    first, second = logit_cot_overthinking.probes(clone)
    assert first["probs"] == pytest.approx([0.25, 0.75, 0.0])
    assert (first["budget"], first["reasoning_tokens"], first["choice_mass"], first["answer"]) == (50, 20, 0.4, 1)
    assert (first["sample"], second["sample"], first["n_choices"]) == (3, 13, 3)


def test_damaged_probabilities_are_said(tmp_path):
    here = of_run(tmp_path, "matched_controls", choice_probabilities={"A": -0.1, "B": 0.3, "C": 0.0})
    clone = Clone(tmp_path, "someone/somewhere")
    with pytest.raises(BadInput, match=r"trajectory.parquet, row 1: probabilities of letters must be 0 or more"):
        list(logit_cot_overthinking.probes(clone))
    other = pd.DataFrame({"answer": ["B"]}).to_parquet()
    for content in (b"PAR1 nothing", other, other[:-9]):
        (here / "trajectory.parquet").write_bytes(content)
        with pytest.raises(BadInput, match=r"trajectory.parquet is not the Parquet file that it should be"):
            list(logit_cot_overthinking.probes(clone))


@pytest.mark.parametrize("module", [terminal_bench, logit_cot_overthinking])
def test_examples_of_agents_and_traces_run(module):
    found = doctest.testmod(module)
    assert found.attempted and not found.failed
