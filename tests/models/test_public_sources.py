"""Small folders in the layouts of the public repositories, with values made up here, become rows worked by hand."""

import doctest
import json
from pathlib import Path

import public
import pytest
from public_sources import (
    agent_consistency,
    clones,
    cruxeval,
    hot_mess_reward_hacking,
    humaneval_results,
    tree_of_thought,
    tts_knowledge,
)
from public_sources.clones import Clone, Entry

import hotmess as hm
from hotmess.errors import BadInput

GAME, STORIES = tree_of_thought.GAME, tree_of_thought.STORIES


def write(folder: Path, files: dict) -> Clone:
    """A clone of files by name: texts as they are, lists of `.jsonl` by line, else as JSON."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            file.write_text(content, encoding="utf-8")
        elif name.endswith(".jsonl"):
            file.write_text("\n".join(json.dumps(line) for line in content) + "\n\n", encoding="utf-8")
        else:
            file.write_text(json.dumps(content), encoding="utf-8")
    return Clone(folder, "someone/somewhere")


def kept(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


def program(passing=1, model="codellama-34b-instruct", runs=None):
    two = ["### ✅ Run 1\nResult: Pass<br />\n```python\nx = 1\n```", "### ❌ Run 2\nResult: Fail\n```python\n```"]
    return (
        f"# Results of Code on HumanEval/7\nDate: today<br />\nModel: {model}<br />\nTemperature: 0.2<br />\n"
        f"Passing runs: {passing}<br />\nTotal runs: 2<br />\n## Prompt\n```python\n## Runs\n### ✅ Run 9\n```\n"
        "## Unit tests\n```python\nResult: Pass\n```\n## Runs\n" + "\n".join(runs or two) + "\n"
    )


def test_programs_are_read_with_their_results(tmp_path):
    fenced = [
        "### ❌ Run 1\nResult: Fail\n```python\n```python\ny\n```",
        "### ✅ Run 2\nResult: Pass\n```python\n## z\n```",
    ]
    clone = write(tmp_path, {"a/7.md": program(), "b/7.md": program(model="gpt-4", runs=fenced), "b/README.md": "no"})
    rows = list(humaneval_results.rows(clone))
    assert kept(rows, "model", "model_size_b", "question", "sample", "score", "response_chars", "temperature") == [
        ("codellama-34b-instruct", 34.0, "HumanEval/7", 0, 1.0, 6, 0.2),
        ("codellama-34b-instruct", 34.0, "HumanEval/7", 1, 0.0, 0, 0.2),
        ("gpt-4", None, "HumanEval/7", 0, 0.0, 12, 0.2),
        ("gpt-4", None, "HumanEval/7", 1, 1.0, 5, 0.2),
    ]
    for text, said in (
        (program(passing=2), "a/7.md says 2 of 2 runs passed and holds 1 of 2."),
        (program().replace("Temperature: 0.2", "Warm"), "a/7.md does not say its temperature"),
    ):
        with pytest.raises(BadInput, match=said):
            list(humaneval_results.rows(write(tmp_path, {"a/7.md": text})))


def agent_run(answer, actions=("Search", "Retrieve", "Finish"), **more):
    times = {"start_time": "2026-01-01T10:00:00", "end_time": "2026-01-01T10:00:02.500000"}
    return {
        "model": "m",
        "steps": [{"action": a} for a in actions],
        "final_answer": answer,
        "success": True,
        "error": None,
        **times,
        **more,
    }


def test_runs_of_agents_are_scored_by_three_rules(tmp_path):
    runs = [
        agent_run("The Blue  Nile, of course"),
        agent_run(None, [], success=False, error="limit"),
        agent_run({"v": 1}),
    ]
    head = {"task_id": "t1", "answer": "Blue Nile", "type": "bridge", "level": "hard"}
    yes = {**head, "task_id": "t2", "answer": "no", "runs": [agent_run("A documentary."), agent_run("No")]}
    clone = write(
        tmp_path, {"hotpotqa/results_a/t1.json": {**head, "runs": runs}, "hotpotqa/results_a_temp0/t2.json": yes}
    )
    rows = list(agent_consistency.rows(clone))
    assert kept(rows, "question", "condition", "sample", "score", "score_authors", "exact", "text") == [
        ("t1", "default", 0, 1.0, 0.0, 0.0, "The Blue  Nile, of course"),
        ("t1", "default", 1, 0.0, 0.0, 0.0, ""),
        ("t1", "default", 2, 0.0, 0.0, 0.0, "{'v': 1}"),
        ("t2", "temp0", 0, 0.0, 0.0, 0.0, "A documentary."),
        ("t2", "temp0", 1, 1.0, 1.0, 1.0, "No"),
    ]
    assert kept(rows[:2], "actions", "searches", "retrieves", "finished", "duration_s", "error") == [
        (3, 1, 1, True, 2.5, None),
        (0, 0, 0, False, 2.5, "limit"),
    ]
    assert agent_consistency.right("a neat thing", "eat")["score_authors"] == 1.0
    assert agent_consistency.right("a neat thing", "eat")["score"] == 0.0
    bad = {**head, "runs": [agent_run("x", start_time="noon")]}
    with pytest.raises(BadInput, match=r"t1.json, runs 1: 'start_time' and 'end_time' must be two times"):
        list(agent_consistency.rows(write(tmp_path, {"hotpotqa/results_a/t1.json": bad})))


def scored(texts, scores):
    return {"raw_generations": {"sample_3": texts}, "raw_scored_generations": {"sample_3": scores}}


def test_samples_of_code_have_the_scores_of_their_authors(tmp_path):
    files = {
        "data/cruxeval.jsonl": [{"id": "sample_3", "input": "'a'", "output": "1", "code": ""}],
        cruxeval.SCORED.format("input"): scored(["f('a')", "f('b')"], [True, False]),
        cruxeval.SCORED.format("output"): scored(["1", "2"], [True, False]),
    }
    rows = list(cruxeval.rows(write(tmp_path, files)))
    assert kept(rows, "benchmark", "question", "sample", "text", "target", "score", "model_size_b") == [
        ("cruxeval-i", "sample_3", 0, "f('a')", "'a'", 1.0, 7.0),
        ("cruxeval-i", "sample_3", 1, "f('b')", "'a'", 0.0, 7.0),
        ("cruxeval-o", "sample_3", 0, "1", "1", 1.0, 7.0),
        ("cruxeval-o", "sample_3", 1, "2", "1", 0.0, 7.0),
    ]
    short = write(tmp_path, {cruxeval.SCORED.format("output"): scored(["1"], [])})
    with pytest.raises(BadInput, match="'sample_3' has 1 samples and 0 scores"):
        list(cruxeval.rows(short))
    other = write(tmp_path, {"data/cruxeval.jsonl": [{"id": "sample_4", "input": "", "output": ""}]})
    with pytest.raises(BadInput, match=r"'sample_3' is not in data/cruxeval.jsonl"):
        list(cruxeval.rows(other))


def test_games_and_judged_stories(tmp_path):
    games = {
        GAME.format("standard"): [{"idx": 900, "ys": ["Answer: 4 * 6 = 24", "no"], "accs": [True, False]}],
        GAME.format("cot"): [{"idx": 900, "ys": ["Steps:\n1\nAnswer: 8 * 3 = 24\n"], "infos": [{"r": 1}]}],
        STORIES.format("standard"): [{"idx": 0, "ys": ["Once", "Then."], "infos": [{"rs": [1, 10]}, {"rs": [4]}]}],
        STORIES.format("cot"): [{"idx": 1, "ys": ["Plan"], "infos": [{"rs": []}]}],
    }
    clone = write(tmp_path, games)
    assert kept(
        tree_of_thought.game24(clone), "condition", "question", "sample", "score", "text", "response_chars"
    ) == [
        ("standard", "900", 0, 1.0, "4 * 6 = 24", 18),
        ("standard", "900", 1, 0.0, "no", 2),
        ("cot", "900", 0, 1.0, "8 * 3 = 24", 28),
    ]
    rows = list(tree_of_thought.creative_writing(clone))
    assert kept(rows, "condition", "question", "sample", "judge_sample", "rating", "response_chars") == [
        ("standard", "0", 0, 0, 1, 4),
        ("standard", "0", 0, 1, 10, 4),
        ("standard", "0", 1, 0, 4, 5),
    ]
    assert [row["score"] for row in rows] == pytest.approx([0, 1, 1 / 3])
    games[GAME.format("cot")][0]["ys"] = []
    games[STORIES.format("cot")][0]["infos"] = [{"rs": [11]}]
    clone = write(tmp_path, games)
    with pytest.raises(BadInput, match="entry 1 has 0 texts and 1 scores"):
        list(tree_of_thought.game24(clone))
    with pytest.raises(BadInput, match="infos 1: ratings must be from 1 to 10"):
        list(tree_of_thought.creative_writing(clone))


def test_levels_of_thinking(tmp_path):
    one = {"id": 5, "problem": "P", "answer": "gold"}
    files = {
        "benchmarks/frames_1.jsonl": [one],
        "benchmarks/simpleqa_1.jsonl": [{**one, "problem": "Q"}],
        "outputs/qwen3-8b/Q_frames_exd2.jsonl": [
            {**one, "response": "Answer: x<|im_end|>", "grading": "A", "thinking_tokens": 30, "response_tokens": 4}
        ],
        "outputs/o3-mini/o_simpleqa_high_effort.jsonl": [
            {**one, "response": "no", "grading": "B", "completion_tokens": 70},
            {**one, "problem": "Q", "response": None, "grading": "C", "completion_tokens": 80},
        ],
        "outputs/g/g_frames_budget256.jsonl": [
            {**one, "response": "y", "grading": "B", "reasoning_tokens": 9, "response_tokens": 2}
        ],
        "outputs/g/notes.jsonl": [{}],
    }
    clone = write(tmp_path, files)
    rows = list(tts_knowledge.rows(clone))
    names = "benchmark", "model", "model_size_b", "condition", "budget", "budget_kind", "grading", "score", "text"
    assert kept(rows, *names) == [
        ("frames", "g", None, "budget256", 256.0, "token budget", "B", 0.0, "y"),
        ("simpleqa", "o3-mini", None, "high_effort", 3.0, "effort", "C", 0.0, ""),
        ("frames", "qwen3-8b", 8.0, "exd2", 2.0, "extensions (budget forcing)", "A", 1.0, "x"),
    ]
    lengths = "reasoning_tokens", "completion_tokens", "answer_tokens", "length_source", "abstained"
    assert kept(rows, *lengths) == [
        (9.0, None, 2.0, "api", False),
        (None, 80.0, None, "completion_tokens include reasoning and answer", True),
        (30.0, None, 4.0, "tokenizer", False),
    ]
    assert list(clone.left.values()) == [1, 1]
    files["outputs/g/g_frames_budget256.jsonl"][0]["grading"] = "D"
    with pytest.raises(BadInput, match="line 1: 'grading' must be A, B or C"):
        list(tts_knowledge.rows(write(tmp_path, files)))


def hinted(tmp_path, **changed):
    one = {"question_idx": 0, "correct_answer": "B", "hint_answer": "C", **changed}
    answers = [{"sample": 0, "answer": "B"}, {"sample": 1, "answer": "C"}, {"sample": 2, "answer": None}]
    files = {
        "data/questions.json": [{"question": "?", "answer": 1, "source": "gpqa", "subject": "Chemistry"}],
        "results/phase1/baseline_m.json": [{**one, "answers": answers}],
        "results/phase2/hinted_m.json": {"grader": [{**one, "answers": answers[1:2]}]},
    }
    return write(tmp_path, files)


def test_answers_with_and_without_hints(tmp_path):
    clone = hinted(tmp_path)
    rows = list(hot_mess_reward_hacking.rows(clone))
    assert kept(rows, "benchmark", "model", "condition", "sample", "answer", "score", "target", "hint_answer") == [
        ("gpqa_diamond", "m", "none", 0, 1, 1.0, 1, 2),
        ("gpqa_diamond", "m", "none", 1, 2, 0.0, 1, 2),
        ("gpqa_diamond", "m", "none", 2, -1, 0.0, 1, 2),
        ("gpqa_diamond", "m", "grader", 1, 2, 0.0, 1, 2),
    ]
    write(tmp_path, {"results/phase2/hinted_m.json": {"\ud800": []}, "results/phase2/hinted_n.json": {"x" * 999: 3}})
    with pytest.raises(BadInput, match=r"hinted_n.json, x{60} must be a list of objects"):
        list(hot_mess_reward_hacking.rows(clone))
    for changed, said in (({"correct_answer": "A"}, "not that of data"), ({"question_idx": 3}, "has no question 3")):
        with pytest.raises(BadInput, match=said):
            list(hot_mess_reward_hacking.rows(hinted(tmp_path, **changed)))


def test_damaged_files_are_said_and_nothing_is_written(tmp_path, capsys, monkeypatch):
    file, out = tmp_path / GAME.format("standard"), tmp_path / "t.parquet"
    write(tmp_path, {GAME.format("cot"): [{"idx": 1, "ys": ["24", "\ud800"], "accs": [True, False]}]})
    out.write_text("earlier")
    for content, said in (
        (b'[{"idx": 1', "is damaged or cut off"),
        (b'{"idx": 1}', "entry must be a list of objects"),
        (b"[3]", "entry 1 must be an object"),
        (b'[{"idx": true}]', "entry 1: 'idx' must be a whole number"),
        (b'[{"idx": 1, "ys": ["a", 2], "accs": []}]', "entry 1, ys: '2' must be a text"),
        (b'[{"idx": 1, "ys": ["a"], "infos": [{"r": NaN}]}]', "entry 1, infos 1: 'r' must be a number"),
        (b"version https://git-lfs.github.com/spec/v1", "is a pointer of Git LFS"),
    ):
        file.write_bytes(content)
        monkeypatch.setattr("sys.argv", ["public.py", "tot_game24", str(tmp_path), "--out", str(out)])
        assert public.main() == 2
        error = capsys.readouterr().err
        assert said in error and error.startswith(GAME.format("standard")) and error.count("\n") == 1
        assert out.read_text() == "earlier"
    file.write_text(json.dumps([{"idx": q, "ys": ["24", "2"], "accs": [True, False]} for q in (1, 2)]))
    assert public.main() == 0 and capsys.readouterr().out == f"6 rows in {out}; left out: nothing.\n"
    table = hm.read(out, length="response_chars", allow_copies=True).table
    assert table["score"].tolist() == [1.0, 0.0] * 3


def test_a_line_is_named_by_its_number(tmp_path):
    clone = write(tmp_path, {"a.jsonl": '{"x": 1}\n\n{"x": \n'})
    with pytest.raises(BadInput, match=r"a.jsonl, line 3 is damaged or cut off"):
        [line.take("x", int) for line in clone.lines(tmp_path / "a.jsonl")]
    (tmp_path / "a.md").write_bytes(b"\xff")
    with pytest.raises(BadInput, match=r"a.md is not UTF-8 text"):
        clone.text(tmp_path / "a.md")
    for value, kind in (
        (2**60, int),
        (float("inf"), float),
        (True, int),
        (1.5, int),
        ("1", float),
        (1, bool),
        (None, list),
    ):
        with pytest.raises(BadInput, match=r"x.json: 'v' must be"):
            Entry({"v": value}, "x.json").take("v", kind)
    assert Entry({"v": "a\ud800"}, "x.json").take("v", str) == "a?"
    assert list(clones.entry({"\ud800": 1}, "x.json").value) == ["?"]
    assert Entry({"v": None}, "x.json").maybe("v", str) is None


@pytest.mark.parametrize("module", [agent_consistency, clones, hot_mess_reward_hacking, tree_of_thought, tts_knowledge])
def test_examples_of_the_sources_run(module):
    found = doctest.testmod(module)
    assert found.attempted and not found.failed
