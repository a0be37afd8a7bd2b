"""Reading Inspect's logs: outcomes, lengths, budgets, conditions, errors, limits, scorers."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from make_logs import answered, inspect_sample, some_inspect, write_inspect

import hotmess
from hotmess.cli import main
from hotmess.errors import BadInput
from hotmess.responses.formats import read_logs
from hotmess.responses.formats.hostile import option_index
from hotmess.responses.formats.inspect_grades import grade

pytest.importorskip("inspect_ai")
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:inspect_ai")

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def read(path, **options):
    return read_logs(path, cache=False, progress=False, **options)


@pytest.mark.parametrize("suffix", [".eval", ".json"])
def test_epochs_are_samples_and_letters_the_outcome(tmp_path, suffix):
    table, notes = read(some_inspect(tmp_path / f"log{suffix}"))
    assert len(table) == 18
    assert set(table["sample"]) == {0, 1, 2}
    one = table[(table["question"] == "q2") & (table["sample"] == 1)].iloc[0]
    assert one["answer"] == (2 * 7 + 4) % 4 and one["target"] == 2 and one["n_choices"] == 4
    assert one["reasoning_tokens"] == 40 + 14 + 6
    assert (table["score"] == (table["answer"] == table["target"])).all()
    assert (table["benchmark"] == "toy").all() and (table["model"] == "mock/m").all()
    assert notes[0] == "18 responses read from 1 log (inspect)."


def test_both_formats_give_the_same_table(tmp_path):
    one, _ = read(some_inspect(tmp_path / "a.eval"))
    other, _ = read(some_inspect(tmp_path / "b.json"))
    key = ["question", "sample"]
    one, other = (table.sort_values(key).reset_index(drop=True) for table in (one, other))
    assert one.equals(other)


def test_the_format_is_found_by_content(tmp_path):
    path = some_inspect(tmp_path / "log.eval")
    renamed = path.rename(tmp_path / "results.csv")
    assert len(read(renamed)[0]) == 18


def test_reasoning_tokens_come_before_output_tokens(tmp_path):
    usage = {"mock/m": {"output_tokens": 500, "reasoning_tokens": 320, "total_tokens": 600}}
    other = {"mock/n": {"output_tokens": 77, "reasoning_tokens": 0, "total_tokens": 90}}
    grader = {"mock/grader": {"output_tokens": 9_000, "total_tokens": 9_000}}
    write_inspect(tmp_path / "a.eval", [inspect_sample(0, model_usage=usage | grader)])
    write_inspect(tmp_path / "b.eval", [inspect_sample(0, model_usage=other | grader, uuid="x")], model="mock/n")
    table, notes = read(tmp_path)
    assert dict(zip(table["model"], table["reasoning_tokens"], strict=True)) == {"mock/m": 320, "mock/n": 77}
    assert any("output tokens for the others: mock/n" in note for note in notes)


def test_usage_of_the_last_call_counts_only_where_it_is_the_only_call(tmp_path):
    sample = inspect_sample(0, model_usage={})
    sample["output"]["usage"] = {"input_tokens": 3, "output_tokens": 11, "total_tokens": 14}
    several = inspect_sample(1, model_usage={})
    several["output"]["usage"] = sample["output"]["usage"]
    several["messages"] = several["messages"] * 2
    table, _ = read(write_inspect(tmp_path / "log.json", [sample, several]))
    lengths = table.set_index("question")["reasoning_tokens"]
    assert lengths["q0"] == 11 and np.isnan(lengths["q1"])


def test_errors_are_left_out_and_counted_limits_are_marked(tmp_path):
    failure = {"message": "boom", "traceback": "", "traceback_ansi": ""}
    samples = [
        inspect_sample(0),
        inspect_sample(1, error=failure),
        inspect_sample(2, limit={"type": "token", "limit": 100}),
        inspect_sample(3, limit={"type": "message", "limit": 50}),
        inspect_sample(4, limit={"type": "operator", "limit": 1}),
        inspect_sample(5, scores={}),
    ]
    table, notes = read(write_inspect(tmp_path / "log.eval", samples))
    assert list(table.sort_values("question")["finish_reason"]) == ["stop", "length", "message limit"]
    assert "1 sample left out: ended in an error." in notes
    assert "1 sample left out: stopped by hand." in notes
    assert "1 sample left out: not graded." in notes


def test_a_reply_cut_at_the_token_limit_is_marked(tmp_path):
    sample = inspect_sample(0)
    sample["output"]["choices"][0]["stop_reason"] = "max_tokens"
    table, _ = read(write_inspect(tmp_path / "log.eval", [sample]))
    assert table["finish_reason"].tolist() == ["length"]


def test_several_scorers_are_never_guessed(tmp_path):
    scores = {"choice": {"value": "C", "answer": "A"}, "judge": {"value": 0.25}}
    path = write_inspect(tmp_path / "log.eval", [inspect_sample(0, scores=scores)])
    with pytest.raises(BadInput, match=r"several scorers \(choice, judge\): choose one with --scorer NAME"):
        read(path)
    table, _ = read(path, scorer="judge")
    assert table["score"].tolist() == [0.25]
    assert read(path, scorer=["choice", "elsewhere"])[0]["answer"].tolist() == [0]
    with pytest.raises(BadInput, match="no scorer nobody: choose one of choice, judge"):
        read(path, scorer="nobody")


def test_a_scorer_of_several_values_needs_a_choice_too(tmp_path):
    scores = {"judge": {"value": {"helpful": 0.5, "honest": 1}}}
    path = write_inspect(tmp_path / "log.eval", [inspect_sample(0, scores=scores, choices=None, target="")])
    with pytest.raises(BadInput, match=r"judge/helpful, judge/honest"):
        read(path)
    assert read(path, scorer="judge/helpful")[0]["score"].tolist() == [0.5]


@pytest.mark.parametrize(
    ("value", "number"), [("C", 1.0), ("I", 0.0), ("P", 0.5), ("N", 0.0), (True, 1.0), ("no", 0.0)]
)
def test_grades_are_numbers(tmp_path, value, number):
    sample = inspect_sample(0, choices=None, target="x", scores={"judge": {"value": value}})
    assert read(write_inspect(tmp_path / "log.json", [sample]))[0]["score"].tolist() == [number]
    assert grade(value) == number


def test_free_text_is_an_outcome_where_it_agrees_with_the_grades(tmp_path):
    right = {"match": {"value": "C", "answer": " 1,200 "}}
    wrong = {"match": {"value": "I", "answer": "7"}}
    samples = [inspect_sample(q, choices=None, target="1200", scores=s) for q, s in enumerate((right, wrong))]
    table, _ = read(write_inspect(tmp_path / "a.json", samples))
    assert table["text"].tolist() == ["1200", "7"] and table["target"].tolist() == ["1200", "1200"]
    none = inspect_sample(2, choices=None, target="1200", scores={"match": {"value": "N"}})  # wrongly formatted
    table, _ = read(write_inspect(tmp_path / "c.json", [*samples, none]))
    assert table["text"].isna().tolist() == [False, False, True]
    samples[1]["scores"]["match"]["answer"] = "1,200"  # called wrong although it is the target but for its writing
    table, notes = read(write_inspect(tmp_path / "b.json", samples))
    assert table["text"].tolist() == ["1200", "1200 (written otherwise)"] and table["score"].tolist() == [1.0, 0.0]
    assert any("equal to a right answer but for case, blanks or writing (--canonical)" in note for note in notes)


def test_answers_that_contradict_the_grades_have_to_be_chosen_between(tmp_path):
    samples = [answered(0, 1, "B"), inspect_sample(1, scores={"choice": {"value": "C", "answer": "D"}})]
    path = write_inspect(tmp_path / "log.json", samples)
    with pytest.raises(
        BadInput, match=r"1 of 2 answers to toy contradict .* question q1 \(answer D, right B, graded 1\)"
    ):
        read(path)
    table, _ = read(path, outcome="score")
    assert "answer" not in table and table["score"].tolist() == [0.0, 1.0]


def test_one_answer_in_a_hundred_may_differ_from_its_grade_which_counts(tmp_path):
    samples = [answered(q, 1, "ABCD"[(q + q % 3) % 4]) for q in range(200)]
    samples[3]["scores"]["choice"]["value"] = "I"  # answered rightly
    samples[4]["scores"]["choice"]["value"] = "C"  # answered wrongly
    path = write_inspect(tmp_path / "log.json", samples)
    table, notes = read(path)
    assert ((table["answer"] == table["target"]) == (table["score"] == 1)).all()
    answers = table.set_index("question")["answer"]
    assert (
        answers["q3"] == -1
        and answers["q4"] == 0
        and "2 answers that differ from what their grades say: the grade counts." in notes
    )


def test_grades_that_are_none_are_refused_by_name(tmp_path):
    sample = inspect_sample(0, scores={"judge": {"value": "excellent"}})
    path = write_inspect(tmp_path / "log.json", [sample])
    with pytest.raises(BadInput, match=r"'judge' graded sample q0 \(epoch 1\) .* as 'excellent', which is no grade"):
        read(path)


def test_sets_of_options_that_all_have_to_be_chosen_are_text(tmp_path):
    scores = {"choice": {"value": "I", "answer": "A"}}
    right = {"choice": {"value": "C", "answer": "C, A"}}
    samples = [inspect_sample(0)]
    samples += [inspect_sample(1, e, target=["A", "C"], scores=s, uuid=f"x{e}") for e, s in ((1, scores), (2, right))]
    table, notes = read(write_inspect(tmp_path / "log.json", samples))
    assert table["text"].tolist() == ["one", "one", "one | three"]
    assert table["target"].tolist() == ["one", "one | three", "one | three"]
    assert any("all of which have to be chosen" in note for note in notes)


def test_several_options_of_which_each_is_right_are_one_class(tmp_path):
    def of(epoch, letter, value):
        scores = {"any": {"value": value, "answer": letter}}
        return inspect_sample(1, epoch, target=["B", "D"], scores=scores, uuid=f"x{epoch}")

    samples = [inspect_sample(0), of(1, "B", "C"), of(2, "D", "C"), of(3, "C", "I"), of(4, "?", "I")]
    for sample in samples[:1]:
        sample["scores"] = {"any": sample["scores"]["choice"]}
    table, notes = read(write_inspect(tmp_path / "log.json", samples))
    assert table["answer"].tolist() == [0, 0, 0, 2, -1] and table["n_choices"].tolist() == [4, 3, 3, 3, 3]
    assert (table["target"] == 0).all() and any("count as one, the first" in note for note in notes)


def test_an_answer_with_no_letter_is_unparsable(tmp_path):
    samples = [answered(0, 1, ""), answered(1, 1, "A, B"), answered(2, 1, "Z")]
    table, _ = read(write_inspect(tmp_path / "log.json", samples))
    assert table["answer"].tolist() == [-1, -1, -1]


def test_budget_and_decoding_come_from_the_configuration(tmp_path):
    generate = {"reasoning_effort": "low", "temperature": 0.8, "top_p": 0.9}
    table, _ = read(write_inspect(tmp_path / "log.eval", [inspect_sample(0)], generate=generate))
    assert table.loc[0, ["budget", "temperature", "top_p"]].tolist() == ["low", 0.8, 0.9]
    generate = {"reasoning_tokens": 4096}
    table, _ = read(write_inspect(tmp_path / "log.eval", [inspect_sample(0)], model_generate_config=generate))
    assert table["budget"].tolist() == ["4096"]


def test_runs_that_differ_in_a_setting_are_conditions(tmp_path):
    for name, heat in (("a", 0.2), ("b", 1.0)):
        sample = inspect_sample(0, uuid=name)
        write_inspect(
            tmp_path / f"{name}.eval", [sample], generate={"temperature": heat}, task_args_passed={"cot": True}
        )
    table, notes = read(tmp_path)
    assert table["condition"].tolist() == ["temperature=0.2", "temperature=1"]
    assert any("differ in temperature are told apart" in note for note in notes)


def test_runs_with_equal_settings_are_repeats(tmp_path):
    for name in ("a", "b"):
        some_inspect(tmp_path / f"{name}.eval", questions=2, epochs=1)
    table, notes = read(tmp_path)
    assert len(table) == 2  # the same samples by their identity
    assert "2 responses that occur in several logs (copied or retried runs) taken once." in notes
    for name in ("c", "d"):
        samples = [inspect_sample(q, uuid=f"{name}{q}") for q in range(2)]
        write_inspect(tmp_path / "other" / f"{name}.eval", samples)
    table, _ = read(tmp_path / "other")
    assert sorted(table["sample"]) == [0, 0, 1, 1]


def test_tool_calls_are_actions(tmp_path):
    call = {"id": "c", "function": "bash", "arguments": {"cmd": "ls"}}
    messages = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "a", "tool_calls": [call, call], "source": "generate"},
        {"role": "tool", "content": "x", "tool_call_id": "c"},
        {"role": "assistant", "content": "b", "tool_calls": [call], "source": "generate"},
    ]
    agent = inspect_sample(0, messages=messages, choices=None, target="x", scores={"s": {"value": 1}})
    idle = inspect_sample(1, choices=None, target="x", scores={"s": {"value": 0}})
    table, _ = read(write_inspect(tmp_path / "log.eval", [agent, idle]))
    assert table.set_index("question")["actions"].to_dict() == {"q0": 3, "q1": 0}


def test_metadata_of_a_sampling_run_is_read(tmp_path):
    def draw(context, number, answer, probs=None):
        metadata = {"benchmark": "facts", "question": "q1", "context": context, "draw": number, "seed": 5 + number}
        metadata |= {
            "condition": "plain",
            "budget": "low",
            "category": "sums",
            "option_order": [2, 0, 1, 3],
            "target": 1,
        }
        extra = {"parsed": answer >= 0, "answer": answer, "probs": probs}
        value = "N" if answer < 0 else "C" if answer == 1 else "I"
        scores = {"parsed_answer": {"value": value, "answer": "B" if answer == 1 else None, "metadata": extra}}
        name = f"q1/{context}/{number}"
        return inspect_sample(1, id=name, uuid=name, metadata=metadata, scores=scores)

    path = write_inspect(tmp_path / "log.eval", [draw(0, 0, 1), draw(0, 1, -1), draw(1, 0, 3)])
    table, _ = read(path)
    assert table["answer"].tolist() == [1, -1, 3] and table["sample"].tolist() == [0, 1, 0]
    assert table["context"].tolist() == ["0", "0", "1"] and table["seed"].tolist() == [5, 6, 5]
    for name, value in (("benchmark", "facts"), ("question", "q1"), ("condition", "plain"), ("category", "sums")):
        assert (table[name] == value).all()
    assert list(table["option_order"][0]) == [2, 0, 1, 3]
    path = write_inspect(tmp_path / "probs.eval", [draw(0, 0, 1, [0.1, 0.7, 0.1, 0.1]), draw(0, 1, -1)])
    table, _ = read(path)
    assert list(table["probs"][0]) == [0.1, 0.7, 0.1, 0.1] and table["probs"][1] is None


def test_a_passage_in_the_metadata_is_no_few_shot_context(tmp_path):
    sample = inspect_sample(0, metadata={"context": "A long passage. " * 40, "question": "Is it?"})
    table, _ = read(write_inspect(tmp_path / "log.eval", [sample]))
    assert table["context"].isna().all() and table["question"].tolist() == ["q0"]


def test_attachments_are_not_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("do not read me")
    sample = inspect_sample(0, metadata={"image": f"file://{secret}"}, attachments={"x": "http://localhost:1/never"})
    sample["input"] = f"attachment://{secret}"
    table, _ = read(write_inspect(tmp_path / "log.json", [sample]), completions=True)
    assert "do not read me" not in table.to_json()


def test_a_log_without_samples_is_refused(tmp_path):
    path = write_inspect(tmp_path / "log.json", [])
    with pytest.raises(BadInput, match="holds no samples"):
        read(path)


def test_a_log_of_errors_alone_is_refused_but_passed_over_in_a_folder(tmp_path):
    failure = {"message": "boom\nmore", "traceback": "", "traceback_ansi": ""}
    path = write_inspect(tmp_path / "bad.json", [inspect_sample(0, error=failure)])
    with pytest.raises(BadInput, match="of 1 sample, 1 ended in an error, the first with boom"):
        read(path)
    write_inspect(tmp_path / "good.json", [inspect_sample(0)])
    table, notes = read(tmp_path)
    assert len(table) == 1 and any(note.startswith("Passed over: ") for note in notes)


def test_an_unfinished_run_is_read_as_far_as_it_goes(tmp_path):
    path = write_inspect(tmp_path / "log.eval", [inspect_sample(0)], status="cancelled")
    assert "1 log of runs that were not finished: read up to there." in read(path)[1]


def test_a_run_that_still_goes_on_has_no_header_yet(tmp_path):
    whole = some_inspect(tmp_path / "whole.eval", questions=3, epochs=1)
    with zipfile.ZipFile(whole) as log, zipfile.ZipFile(tmp_path / "going.eval", "w") as going:
        for name in log.namelist():
            if name.startswith("samples/"):
                going.writestr(name, log.read(name))
        header = json.loads(log.read("header.json"))
        start = {"version": 2, "eval": header["eval"], "plan": header["plan"]}
        going.writestr("_journal/start.json", json.dumps(start))
    table, notes = read(tmp_path / "going.eval")
    assert len(table) == 3 and "1 log of runs that were not finished: read up to there." in notes


def test_several_models_and_tasks_in_one_folder(tmp_path):
    for task in ("t1", "t2"):
        for model in ("mock/m", "mock/n"):
            usage = {model: {"output_tokens": 30, "total_tokens": 40}}
            samples = [inspect_sample(q, uuid=f"{task}{model}{q}", model_usage=usage) for q in range(2)]
            write_inspect(tmp_path / task / f"{model[-1]}.eval", samples, task=task, model=model)
    table, notes = read(tmp_path)
    assert table.groupby(["benchmark", "model"]).size().to_dict() == {
        ("t1", "mock/m"): 2,
        ("t1", "mock/n"): 2,
        ("t2", "mock/m"): 2,
        ("t2", "mock/n"): 2,
    }
    assert (table["sample"] == 0).all() and notes[0] == "8 responses read from 4 logs (inspect)."


def test_a_cut_log_is_refused_by_a_sentence(tmp_path):
    whole = some_inspect(tmp_path / "log.eval").read_bytes()
    for name, data in (
        ("cut.eval", whole[: len(whole) // 2]),
        ("flipped.eval", whole[:900] + b"\xff" * 9 + whole[909:]),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadInput, match=r"damaged|cut off"):
            read(tmp_path / name)
    text = some_inspect(tmp_path / "log.json").read_bytes()
    (tmp_path / "cut.json").write_bytes(text[: len(text) // 2])
    with pytest.raises(BadInput, match="damaged or cut off"):
        read(tmp_path / "cut.json")


def test_a_header_that_is_none_of_inspects_is_refused(tmp_path):
    log = json.loads(some_inspect(tmp_path / "log.json").read_bytes())
    log["eval"]["model"] = {"a": 1}
    (tmp_path / "log.json").write_text(json.dumps(log))
    with pytest.raises(BadInput, match=r"not one of Inspect's: eval\.model"):
        read(tmp_path / "log.json")


@pytest.mark.parametrize(
    ("name", "rows", "outcome"),
    [
        ("data_arc_qwen.json", 3, "answer"),
        ("data_arc_sonnet.json", 5, "answer"),
        ("data_pubmedqa_gpt4o_mini.json", 2, "answer"),
        ("data_cyse2_vuln_exploit_challenges.json", 1, "score"),
        ("data_intercode_ctf_local_path.json", 1, "score"),
        ("hibayes_minimal_test.eval", 2, "text"),
        ("data_cvebench_empty_choices.json", 0, "1 ended in an error, the first with RuntimeError"),
        ("data_with_llm_scoring.json", 0, "holds no samples, only the results of 1,000"),
    ],
)
def test_public_logs(name, rows, outcome):
    path = SHARED / "logs" / "inspect" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    if rows:
        table, _ = read(path)
        assert len(table) == rows and table[outcome].notna().all()
    else:
        with pytest.raises(BadInput, match=outcome):
            read(path)


def test_a_run_at_its_message_limit_has_no_length_from_its_last_call():
    path = SHARED / "logs" / "inspect" / "data_intercode_ctf_local_path.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    table, _ = read(path)
    assert table["finish_reason"].tolist() == ["message limit"]
    assert "reasoning_tokens" not in table and "actions" not in table


def test_options_are_named_by_letter_or_by_text():
    choices = ["Yes", "No", "Maybe so"]
    assert [option_index(text, choices) for text in ("A", "(b)", "c.", "no", "maybe so", "D", "", None)] == [
        *(0, 1, 2, 1, 2),
        *(-1, -1, -1),
    ]


def test_the_outcome_asked_for_reaches_the_readers(tmp_path):
    some_inspect(tmp_path / "letters.eval")
    scored = [inspect_sample(q, choices=None, target="x", scores={"s": {"value": 0.5}}, uuid=f"s{q}") for q in range(2)]
    write_inspect(tmp_path / "scores.eval", scored, task="other")
    assert hotmess.read(tmp_path, cache=False, progress=False).outcome == "score"
    letters = hotmess.read(tmp_path, outcome="answer", cache=False, progress=False)
    assert (letters.outcome, len(letters)) == ("answer", 18)
    assert "2 responses without the outcome answer are left out." in letters.notes
    with pytest.raises(BadInput, match="no outcome 'tests', only"):
        hotmess.read(tmp_path, outcome="tests", cache=False, progress=False)


def test_several_scorers_for_several_tasks_on_the_command_line(tmp_path, capsys):
    for name in ("one", "two"):
        scores = {name: {"value": "C"}, "cost": {"value": 0.25}}
        write_inspect(tmp_path / f"{name}.eval", [inspect_sample(0, choices=None, scores=scores, uuid=name)], task=name)
    command = ["read", str(tmp_path), "--out", str(tmp_path / "out.parquet")]
    assert main([*command, "--scorer", "one"]) == 2
    assert "choose one of two, cost" in capsys.readouterr().err
    assert main([*command, "--scorer", "one", "--scorer", "two"]) == 0
    assert (hotmess.read(tmp_path / "out.parquet").table["score"] == 1.0).all()


def test_only_the_first_line_of_a_programs_error_is_told(tmp_path):
    error = {"message": "RuntimeError('No service.\\nCompose: x')", "traceback": "t", "traceback_ansi": "t"}
    write_inspect(tmp_path / "a.eval", [inspect_sample(0, error=error)])
    with pytest.raises(BadInput, match=r"the first with RuntimeError\('No service\.$"):
        read(tmp_path / "a.eval")


def tokenizer_json(folder):
    """A tokenizer that counts words."""
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.save(str(folder / "tokenizer.json"))
    return str(folder / "tokenizer.json")


def test_options_are_used_or_refused(tmp_path):
    words = tokenizer_json(tmp_path)
    path = some_inspect(tmp_path / "log.eval", questions=2, epochs=1)
    with pytest.raises(BadInput, match="--filter means nothing to logs of inspect: leave it out; it is for lm-eval"):
        read(path, filter="strict")
    with pytest.raises(BadInput, match="--model means nothing to logs of inspect, which name their model themselves"):
        read(path, model="mine")
    with pytest.raises(BadInput, match="--tokenizer counts lengths that logs do not record, and these record all"):
        read(path, tokenizer=words)
    bare = write_inspect(tmp_path / "bare.json", [inspect_sample(q, model_usage={}) for q in range(2)])
    table, notes = read(bare, tokenizer=words)
    assert table["reasoning_tokens"].tolist() == [10, 10]  # I think about question 0 in epoch 1. ANSWER: A
    assert "2 responses whose length is the tokens of what the model wrote, counted with tokenizer.json." in notes


def test_a_table_beside_logs_may_take_the_models_name(tmp_path):
    some_inspect(tmp_path / "log.eval", questions=2, epochs=2)
    (tmp_path / "t.csv").write_text("question,sample,score\nq0,0,1\nq0,1,0\n")
    responses = hotmess.read(tmp_path, model="mine", outcome="score", cache=False, progress=False)
    assert set(responses.table["model"]) == {"mock/m", "mine"}


def test_limits_that_a_sample_ran_under_are_settings(tmp_path):
    config = {"epochs": 1, "token_limit": 1_000}
    samples = [inspect_sample(q, e, uuid=f"{q}{e}", token_limit=1_000 * e) for q in range(2) for e in (1, 2)]
    table, notes = read(write_inspect(tmp_path / "log.json", samples, config=config))
    assert set(table["condition"]) == {"token_limit=1000", "token_limit=2000"}
    assert any("differ in token_limit are told apart" in note for note in notes)


def test_what_a_fallback_model_answered_is_left_out(tmp_path):
    samples = [inspect_sample(0), inspect_sample(1)]
    samples[1]["output"]["fallback"] = {"model": "mock/m", "fallback_model": "mock/small"}
    table, notes = read(write_inspect(tmp_path / "log.json", samples))
    assert table["question"].tolist() == ["q0"]
    assert "1 sample left out: another model answered, as a fallback." in notes


def test_epochs_whose_options_are_shuffled_are_matched_by_text(tmp_path):
    samples = []
    for epoch, order in enumerate(([0, 1, 2, 3], [3, 1, 0, 2], [1, 0, 3, 2]), 1):
        for q in range(4):
            texts = [["one", "two", "three", "four"][place] for place in order]
            target = "ABCD"[texts.index("two")]
            said = "ABCD"[texts.index("three")]  # always the same wrong text
            scores = {"choice": {"value": "I", "answer": said}}
            more = {"choices": texts, "target": target, "scores": scores, "uuid": f"{q}{epoch}"}
            samples.append(inspect_sample(q, epoch, **more))
    table, notes = read(write_inspect(tmp_path / "log.json", samples, config={"epochs": 3}))
    assert (table.groupby("question")["answer"].nunique() == 1).all() and len(table["question"].unique()) == 4
    assert (table["answer"] != table["target"]).all()
    assert any("Options stand in another order in 8 responses" in note for note in notes)


def test_a_scorer_that_records_no_answers_makes_no_letters(tmp_path):
    for value in ("I", "C"):
        samples = [inspect_sample(q, scores={"own": {"value": value}}) for q in range(4)]
        table, _ = read(write_inspect(tmp_path / f"{value}.json", samples), outcome=None)
        assert "answer" not in table and set(table["score"]) == {float(value == "C")}


def test_letters_with_commas_are_one_answer_where_there_are_no_options(tmp_path):
    scores = {"match": {"value": "I", "answer": "A"}}
    samples = [inspect_sample(q, choices=None, target="A,B", scores=scores) for q in range(2)]
    table, _ = read(write_inspect(tmp_path / "log.json", samples))
    assert set(table["target"]) == {"A,B"} and set(table["text"]) == {"A"}


def test_conditions_by_scorer_say_so(tmp_path):
    for name in ("strict", "lenient"):
        sample = inspect_sample(0, scores={name: {"value": "C"}}, uuid=name)
        write_inspect(tmp_path / f"{name}.json", [sample])
    table, _ = read(tmp_path)
    assert set(table["condition"]) == {"scorer.name=strict", "scorer.name=lenient"}


def reasoned(tokens, condition=None):
    """Epochs of one short visible answer after hidden reasoning."""
    samples = []
    for q in range(12):
        for epoch in range(1, 5):
            usage = {"mock/m": {"output_tokens": 9 + tokens(q, epoch), "reasoning_tokens": tokens(q, epoch)}}
            output = inspect_sample(q)["output"]
            output["choices"][0]["message"]["content"] = output["completion"] = f"ANSWER: {'ABCD'[q % 4]}"
            more = {"uuid": f"{condition}{q}-{epoch}", "model_usage": usage, "output": output, "messages": []}
            samples.append(inspect_sample(q, epoch, **more))
    return samples


def drawn(q, epoch):
    return 60 + (q * 1_009 + epoch * 2_741 + q * epoch * 389) % 3_001


def test_equal_short_answers_after_different_reasoning_are_no_copies(tmp_path):
    table, _ = read(write_inspect(tmp_path / "log.json", reasoned(drawn), config={"epochs": 4}))
    assert len(table) == 48 and table["text_hash"].nunique() == 4
    with pytest.raises(BadInput, match="look like copies of each other"):
        read(write_inspect(tmp_path / "same.json", reasoned(lambda q, epoch: drawn(q, 1)), config={"epochs": 4}))


@pytest.mark.parametrize("pad", [0, 1])
def test_a_run_copied_under_another_setting_or_with_other_lengths_is_refused(tmp_path, pad):
    write_inspect(tmp_path / "a.json", reasoned(drawn, "a"), config={"epochs": 4})
    more = {} if pad else {"generate": {"temperature": 0.9}}
    write_inspect(tmp_path / "b.json", reasoned(lambda q, e: drawn(q, e) + pad, "b"), config={"epochs": 4}, **more)
    words = "differ from another one to the question by 1 in length alone" if pad else "100% of the responses of model"
    with pytest.raises(BadInput, match=words):
        read(tmp_path)


def test_logs_that_nobody_scored_are_judged_here_on_request(tmp_path):
    texts = ["color", "Colour", "gray"]
    samples = []
    for epoch, text in enumerate(texts, 1):
        output = {"model": "m", "completion": text, "choices": [{"message": {"role": "assistant", "content": text}}]}
        more = {"choices": None, "target": ["", "colour", "color"], "scores": None, "output": output, "uuid": text}
        samples.append(inspect_sample(0, epoch, **more))
    path = write_inspect(tmp_path / "log.json", samples)
    with pytest.raises(BadInput, match="was not scored: nobody graded its samples; score it with `inspect score"):
        read(path)
    responses = hotmess.read(path, canonical="text", cache=False, progress=False)
    assert responses.table["text"].tolist() == ["color", "color", "gray"]
    assert set(responses.table["target"]) == {"color"}


def test_an_empty_right_answer_is_none(tmp_path):
    scores = {"match": {"value": "I", "answer": "no"}}
    samples = [inspect_sample(q, choices=None, target=["", "yes"], scores=scores) for q in range(2)]
    table, _ = read(write_inspect(tmp_path / "log.json", samples))
    assert set(table["target"]) == {"yes"} and set(table["text"]) == {"no"}
