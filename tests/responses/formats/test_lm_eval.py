"""Reading logs of lm-evaluation-harness."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from make_logs import DATE, GSM, likelihood_record, lm_record, write_lm_eval

from hotmess.errors import BadInput
from hotmess.responses.formats import read_logs
from hotmess.responses.formats import tokens as tokenizers_of
from hotmess.responses.formats.lm_eval_choices import softmax
from hotmess.responses.formats.lm_eval_filters import Unknown, apply, find_all, select

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def read(path, **options):
    return read_logs(path, cache=False, progress=False, **options)


def repeated(number, answers, **changes):
    """A record with one repeat for each answer; the filter took the first."""
    texts = [f"So it is #### {answer}" for answer in answers]
    right = str(answers[0]) == str(number + 1)
    changes = {"resps": [texts], "filtered_resps": [str(answers[0])], "exact_match": float(right)} | changes
    return lm_record(number, **changes)


def test_all_repeats_are_read_through_the_filter(tmp_path):
    write_lm_eval(tmp_path, [repeated(q, [q + 1, q + 2, q + 1]) for q in range(4)])
    table, notes = read(tmp_path)
    assert len(table) == 12
    one = table[table["question"] == "2"]
    assert one["text"].tolist() == ["3", "4", "3"] and one["score"].tolist() == [1.0, 0.0, 1.0]
    assert one["sample"].tolist() == [0, 1, 2] and (one["target"] == "3").all()
    assert (table["model"] == "org/model-1b").all() and (table["model_size_b"] == 1.0).all()
    assert (table["benchmark"] == "gsm8k").all() and (table["temperature"] == 0.7).all()
    assert "reasoning_tokens" not in table and (table["reasoning_characters"] > 10).all()
    assert notes == ("12 responses read from 1 log (lm-evaluation-harness).",)


def test_the_filter_is_never_guessed(tmp_path):
    loose = [lm_record(q, filter="flexible-extract") for q in range(3)]
    write_lm_eval(tmp_path, [lm_record(q) for q in range(3)] + loose)
    with pytest.raises(BadInput, match=r"several filters \(strict-match, flexible-extract\): choose one with --filter"):
        read(tmp_path)
    assert len(read(tmp_path, filter="flexible-extract")[0]) == 3
    with pytest.raises(BadInput, match="no filter 'other': choose one of strict-match, flexible-extract"):
        read(tmp_path, filter="other")


def test_a_filter_that_gives_another_answer_than_the_log_is_refused(tmp_path):
    write_lm_eval(tmp_path, [repeated(q, [q + 1, q + 2], filtered_resps=["99"]) for q in range(3)])
    with pytest.raises(BadInput, match="cannot be applied to all repeats: for question 0 it gives another answer"):
        read(tmp_path)


def test_a_filter_that_is_not_known_is_refused_where_there_are_repeats(tmp_path):
    odd = [{"name": "strict-match", "filter": [{"function": "llm-judge"}]}]
    write_lm_eval(tmp_path / "a", [repeated(q, [q + 1, q + 2]) for q in range(3)], filter_list=odd)
    with pytest.raises(BadInput, match="its step 'llm-judge' is not known here"):
        read(tmp_path / "a")
    write_lm_eval(tmp_path / "b", [lm_record(q) for q in range(3)], filter_list=odd)
    assert read(tmp_path / "b")[0]["text"].tolist() == ["1", "2", "3"]  # what the log itself says


def test_log_likelihoods_are_probabilities(tmp_path):
    values = [[-1.0, -2.0, -3.0], [-5.0, -0.5, -math.inf]]
    write_lm_eval(tmp_path, [likelihood_record(q, v, 1) for q, v in enumerate(values)], task="arc", filter_list=None)
    table, _ = read(tmp_path)
    for row, expected in zip(table["probs"], values, strict=True):
        weights = np.exp(expected)
        np.testing.assert_allclose(row, weights / weights.sum(), rtol=1e-12)
    assert table["answer"].tolist() == [0, 1] and table["target"].tolist() == [1, 1]
    assert table["score"].tolist() == [0.0, 1.0] and table["n_choices"].tolist() == [3, 3]


def test_a_target_may_be_a_letter_or_the_text_of_an_option(tmp_path):
    texts = ["B", "option 1", "1"]
    records = [likelihood_record(q, [-2.0, -1.0], 1, target=text) for q, text in enumerate(texts)]
    write_lm_eval(tmp_path, records, task="arc")
    assert read(tmp_path)[0]["target"].tolist() == [1, 1, 1]


def test_targets_that_contradict_the_accuracy_are_no_targets(tmp_path):
    records = [likelihood_record(q, [-2.0, -1.0], 1, acc=0.0) for q in range(2)]
    write_lm_eval(tmp_path, records, task="arc")
    table, _ = read(tmp_path)
    assert "probs" not in table and table["score"].tolist() == [0.0, 0.0]


def test_unconditional_likelihoods_are_no_options(tmp_path):
    records = [likelihood_record(0, [-1.0, -2.0, -9.0, -9.0], 0, metrics=["acc", "acc_mutual_info"], acc_mutual_info=1)]
    write_lm_eval(tmp_path, records, task="arc")
    assert read(tmp_path)[0]["n_choices"].tolist() == [2]


def letters(number, answers, target="(B)"):
    texts = [f"I say ({answer})" for answer in answers]
    doc = {"choices": ["w", "x", "y", "z"]}
    right = f"({answers[0]})" == target
    changes = {"doc": doc, "target": target, "resps": [texts], "filtered_resps": [f"({answers[0]})"]}
    return lm_record(number, **changes, exact_match=float(right))


def test_letters_are_options(tmp_path):
    steps = [{"function": "regex", "regex_pattern": r"(\([A-Z]\))"}, {"function": "take_first"}]
    listed = [{"name": "strict-match", "filter": steps}]
    write_lm_eval(tmp_path, [letters(0, "BDB"), letters(1, "AAZ")], filter_list=listed)
    table, _ = read(tmp_path)
    assert table["answer"].tolist() == [1, 3, 1, 0, 0, -1] and set(table["target"]) == {1}
    assert table["n_choices"].tolist() == [4] * 6


def test_a_grade_that_is_no_equality_is_the_outcome_of_single_responses(tmp_path):
    records = [lm_record(q, filtered_resps=["a half"], target="0.5", exact_match=1.0) for q in range(3)]
    write_lm_eval(tmp_path, records)
    table, notes = read(tmp_path)
    assert "text" not in table and table["score"].tolist() == [1.0, 1.0, 1.0]
    assert table["text_hash"].notna().all() and (table["reasoning_characters"] > 0).all()
    assert "The outcome of gsm8k is the log's own grade, exact_match." in notes


def test_where_equality_and_grade_differ_repeats_are_refused(tmp_path):
    records = [repeated(q, [q + 1, q + 2], exact_match=0.0) for q in range(3)]
    write_lm_eval(tmp_path, records)
    with pytest.raises(BadInput, match="grades one of 2 repeats of each question by exact_match, and no way to read"):
        read(tmp_path)


def test_a_question_stands_once(tmp_path):
    write_lm_eval(tmp_path, [lm_record(0), lm_record(1), lm_record(0)])
    with pytest.raises(BadInput, match="holds question 0 more than once under the filter 'strict-match'"):
        read(tmp_path)


def test_the_model_is_named_in_the_results_alone(tmp_path):
    path = write_lm_eval(tmp_path, [lm_record(0)], results=False)
    with pytest.raises(BadInput, match="does not lie beside it"):
        read(path)
    table, _ = read(path, model="mine")
    assert table["model"].tolist() == ["mine"]


def test_results_of_several_models_cannot_be_told_apart(tmp_path):
    path = write_lm_eval(tmp_path, [lm_record(0)])
    path.rename(tmp_path / f"samples_gsm8k_{DATE.replace('10', '11')}.jsonl")
    write_lm_eval(tmp_path, [lm_record(0)], model="other", date="2026-04-01T00-00-00")
    (tmp_path / "samples_gsm8k_2026-04-01T00-00-00.jsonl").unlink()
    with pytest.raises(BadInput, match="cannot be told which are its own"):
        read(tmp_path)


def test_several_tasks_and_models_in_one_folder(tmp_path):
    for model in ("a", "b"):
        folder = tmp_path / model
        write_lm_eval(folder, [lm_record(q) for q in range(2)], model=model)
        write_lm_eval(folder, [lm_record(q) for q in range(2)], model=model, task="asdiv")
        body = json.loads((folder / f"results_{DATE}.json").read_text())
        body["configs"]["gsm8k"] = {"filter_list": GSM}
        (folder / f"results_{DATE}.json").write_text(json.dumps(body))
    table, _ = read(tmp_path)
    assert sorted(set(zip(table["model"], table["benchmark"], strict=True))) == [
        *[("a", "asdiv"), ("a", "gsm8k")],
        *[("b", "asdiv"), ("b", "gsm8k")],
    ]


def test_logs_that_leave_out_the_prompts_are_read_together(tmp_path):
    for name in ("org/model-1b", "org/model-7b"):
        records = [repeated(q, [q + 1, q + 2], arguments={}) for q in range(3)]
        write_lm_eval(tmp_path / name.replace("/", "__"), records, model=name)
    table, notes = read(tmp_path)
    assert table.groupby("model").size().tolist() == [6, 6]
    file = f"samples_gsm8k_{DATE}.jsonl"  # both are called so: their folders tell them apart
    assert f"Responses of each log: org__model-1b/{file} (6), org__model-7b/{file} (6)." in notes


def test_a_file_copied_twice_counts_once(tmp_path):
    write_lm_eval(tmp_path / "a", [lm_record(q) for q in range(3)])
    write_lm_eval(tmp_path / "b", [lm_record(q) for q in range(3)])
    table, notes = read(tmp_path)
    assert len(table) == 3 and any("taken once" in note for note in notes)


def test_greedy_decoding_is_temperature_0_and_its_repeats_are_refused(tmp_path):
    arguments = {"gen_args_0": {"arg_0": "p", "arg_1": {"do_sample": False, "temperature": 0.7}}}
    write_lm_eval(tmp_path, [repeated(q, [q + 1] * 3, arguments=arguments) for q in range(4)])
    with pytest.raises(BadInput, match="likely cause is the temperature, which was 0"):
        read(tmp_path)
    table, notes = read(tmp_path, allow_copies=True)
    assert (table["temperature"] == 0).all() and notes[-1].startswith(
        "Repeats that look like copies are taken as they are"
    )


def test_a_damaged_line_is_named(tmp_path):
    path = write_lm_eval(tmp_path, [lm_record(q) for q in range(3)])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadInput, match=r"line 3 of .* is damaged or cut off"):
        read(path)
    path.write_text('{"doc_id": 1, "resps": [[]], "arguments": {}}\n')
    with pytest.raises(BadInput, match=r"line 1 of .* is damaged: its resps are neither"):
        read(path)


def test_tokens_are_counted_with_a_local_tokenizer(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    model = tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    write_lm_eval(tmp_path / "logs", [lm_record(q, resps=[["a b c " + "d " * q]]) for q in range(3)])
    table, notes = read(tmp_path / "logs", tokenizer=str(tmp_path / "tokenizer.json"))
    assert table["reasoning_tokens"].tolist() == [3, 4, 5] and "reasoning_characters" not in table
    assert any("counted with tokenizer.json" in note for note in notes)
    table, _ = read(tmp_path / "logs", tokenizer=str(tmp_path))
    assert table["reasoning_tokens"].tolist() == [3, 4, 5]


def test_a_tokenizer_is_never_downloaded(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BadInput, match="nothing is downloaded"):
        tokenizers_of.tokenizer_file("Qwen/Qwen2.5-0.5B")
    there = tmp_path / "models--Qwen--Qwen2.5-0.5B" / "snapshots" / "abc" / "tokenizer.json"
    there.parent.mkdir(parents=True)
    there.write_text("{}")
    assert tokenizers_of.tokenizer_file("Qwen/Qwen2.5-0.5B") == there
    pytest.importorskip("tokenizers")
    with pytest.raises(BadInput, match="is no tokenizer"):
        tokenizers_of.count_tokens(["a"], "Qwen/Qwen2.5-0.5B")


def test_the_public_log():
    folder = SHARED / "logs" / "lm_eval"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    table, _ = read(folder)
    assert len(table) == 10 and table["model"].str.startswith("RylanSchaeffer/mem_Qwen3-93M").all()
    assert (table["temperature"] == 0).all() and (table["score"] == 0).all()
    assert (table["benchmark"] == "math_perturbed_full").all() and table["target"].tolist()[:2] == ["3", "9"]
    np.testing.assert_allclose(table["model_size_b"], 0.09306928)


# ---- filters ----


def test_patterns_match_as_findall_does():
    texts = ["#### 7 and #### -1,200", "none", "x=1.5 y=3"]
    assert find_all(texts, r"#### (\-?[0-9\.\,]+)") == [["7", "-1,200"], [], []]
    assert find_all(texts, r"(-?[$0-9.,]{2,})|(-?[0-9]+)") == [["7", "-1,200"], [], ["1.5", "3"]]
    assert find_all(["So the answer is 12."], r"((?<=So the answer is )(.*)(?=.))") == [["12"]]
    assert find_all(["The best answer is (C) x"], r"(?<=The best answer is )(.*)(?=.)") == [["(C) "]]


def test_a_pattern_takes_linear_time_or_is_refused():
    # Python's own re needs hours for this one.
    assert find_all(["a" * 20_000], r"(a+)+b") == [[]]
    for pattern in (r"(a)\1", "b(?!a)b", "((", "x" * 2_000, "(((a{100}){100}){100}){100}"):
        with pytest.raises(Unknown):
            find_all(["aa"], pattern)


def test_a_missing_match_is_the_fallback():
    steps = [{"function": "regex", "regex_pattern": "x([0-9])", "group_select": -1, "fallback": "?"}]
    assert apply(steps, ["x1 x2", "y"], [(), ()]) == ["2", "?"]


def test_options_are_found_by_letter_and_by_text():
    steps = [{"function": "multi_choice_regex", "regex_pattern": r"(\([A-Z]\))", "ignore_case": True}]
    options = [("Red wine", "Beer")] * 5
    texts = ["It is (B).", "surely red WINE", "Answer: B", "no idea", "beer, not red wine"]
    assert apply(steps, texts, options) == ["(B)", "(A)", "(B)", "[invalid]", "(B)"]


def test_steps_up_to_the_selection():
    steps = [{"function": "remove_whitespace"}, {"function": "lowercase"}, {"function": "majority_vote"}]
    answers = apply(steps, [" Yes", "No", "no"], [()] * 3)
    assert answers == ["yes", "no", "no"] and select(steps, answers) == "no"
    assert select([{"function": "take_first"}], answers) == "yes"
    mapped = [{"function": "map", "mapping_dict": {"yes": "1"}, "default_value": "0"}]
    assert apply(mapped, answers, [()] * 3) == ["1", "0", "0"]


def test_softmax_needs_a_finite_value():
    assert softmax([-math.inf, -math.inf]) is None
    np.testing.assert_allclose(softmax([-1000.0, -1000.0]), [0.5, 0.5])
