"""What is read of runs of lm-evaluation-harness is what the harness itself says of them."""

from __future__ import annotations

import json
import math

import pytest
from lm_eval_runs import KINDS, Run, results_of, write_run
from make_logs import lmms_record, write_lmms_eval

from hotmess.errors import BadInput
from hotmess.responses.read import read

CASES = [
    (kind, repeats, name) for kind, make in KINDS.items() for repeats in (1, 3) for name in make(repeats, seed=1).own
]
REFUSED = {
    ("ifeval", 3, "prompt_level_strict_acc,none"): "grades one of 3 repeats .* by prompt_level_strict_acc",
    ("ifeval", 3, "prompt_level_loose_acc,none"): "run the task once for each repeat",
    ("code", 3, "pass@1,create_test"): r"grades all repeats of a question together \(pass@1\)",
    ("cloze", 1, "perplexity,none"): "Of the metric perplexity of .* less is better",
    ("cloze", 3, "perplexity,none"): "less is better",
}


READ_AS = {"letters": "answer"}
"""What is read of a kind; options with likelihoods as probabilities, texts with their grade."""


def looked_at(folder, **options):
    return read(folder, cache=False, progress=False, allow_copies=True, **options)


def accuracy(responses, mc2=False):
    """The mean grade of the first response to each question, by the outcome that was read."""
    table = responses.table[responses.table["sample"].astype(str) == "0"]
    if responses.outcome == "probs" and mc2:
        return sum(probs[goal] for probs, goal in zip(table["probs"], table["target"], strict=True)) / len(table)
    if responses.outcome in ("probs", "answer"):
        return (table["answer"] == table["target"]).mean()
    if responses.outcome == "text":
        return (table["text"] == table["target"]).mean()
    return table["score"].mean()


@pytest.mark.parametrize(("kind", "repeats", "name"), CASES)
def test_accuracy_is_the_logs_own_or_the_run_is_refused(kind, repeats, name, tmp_path):
    run = KINDS[kind](repeats, 1)
    write_run(tmp_path, kind, run, results_of(kind, run.config, repeats))
    metric, _, filter = name.partition(",")
    options = {"scorer": metric} | ({} if filter == "none" else {"filter": filter})
    if (kind, repeats, name) in REFUSED:
        with pytest.raises(BadInput, match=REFUSED[kind, repeats, name]):
            looked_at(tmp_path, **options)
        return
    responses = looked_at(tmp_path, **options)
    assert responses.outcome == {"multiple_choice": "probs"}.get(run.config["output_type"], READ_AS.get(kind, "score"))
    several = repeats if run.config["output_type"] == "generate_until" else 1
    assert len(responses) == several * len({one["doc_id"] for one in run.records})
    assert accuracy(responses, mc2=kind == "mc2") == pytest.approx(run.own[name], abs=1e-12)
    if responses.outcome == "score" and "text" in responses.table:
        texts = looked_at(tmp_path, outcome="text", **options)
        assert accuracy(texts) == pytest.approx(run.own[name], abs=1e-12)
        # Over all repeats text and grade are one: the right class is what is graded as right.
        table = texts.table
        assert ((table["text"] == table["target"]) == (table["score"] == 1.0)).all()


def test_the_metric_must_be_chosen_where_several_differ(tmp_path):
    write_run(tmp_path, "ifeval", KINDS["ifeval"](1, 1))
    with pytest.raises(
        BadInput, match=r"several metrics .prompt_level_strict_acc, prompt_level_loose_acc.: choose one"
    ):
        looked_at(tmp_path)
    with pytest.raises(BadInput, match=r"inst_level_strict_acc of .* has no number for each response"):
        looked_at(tmp_path, scorer="inst_level_strict_acc")
    with pytest.raises(BadInput, match="has no metric acc: choose one of prompt_level_strict_acc"):
        looked_at(tmp_path, scorer="acc")


def test_metrics_that_agree_need_no_choice(tmp_path):
    run = KINDS["ifeval"](1, 1)
    for one in run.records:
        one["prompt_level_loose_acc"] = "True" if one["prompt_level_strict_acc"] else "False"
    write_run(tmp_path, "ifeval", run)
    assert accuracy(looked_at(tmp_path)) == pytest.approx(run.own["prompt_level_strict_acc,none"])


@pytest.mark.parametrize("bypass", [999, None])
def test_what_nobody_graded_is_refused(bypass, tmp_path):
    run = KINDS["gsm8k"](3, 1)
    for one in run.records:
        one |= {"metrics": ["bypass"], "bypass": bypass}
        del one["exact_match"]
    write_run(tmp_path / "a", "gsm8k", run)
    with pytest.raises(BadInput, match="was written with --predict_only: nobody graded"):
        looked_at(tmp_path / "a", filter="strict-match")
    run = KINDS["acc"](1, 1)
    write_run(tmp_path / "b", "arc", Run(run.config, [{**one, "metrics": []} for one in run.records], {}))
    with pytest.raises(BadInput, match="predict_only"):
        looked_at(tmp_path / "b")


def test_likelihoods_of_texts_are_no_answers(tmp_path):
    run = KINDS["plain"](2, 1)
    records = [one | {"resps": [["-12.5", "-12.5"]], "filtered_resps": ["-12.5"]} for one in run.records]
    records = [one | {"metrics": ["word_perplexity"], "word_perplexity": [-12.5, 4]} for one in records]
    write_run(tmp_path, "wikitext", Run({"output_type": "loglikelihood_rolling"}, records, {}))
    with pytest.raises(BadInput, match="holds the likelihood of texts"):
        looked_at(tmp_path)


def test_metrics_of_a_whole_task_grade_nothing(tmp_path):
    run = KINDS["plain"](1, 1)
    records = [one | {"metrics": ["bleu"], "bleu": [one["target"], "x"]} for one in run.records]
    write_run(tmp_path, "wmt", Run(run.config, records, {}))
    with pytest.raises(BadInput, match=r"grades no single response: its metrics \(bleu\)"):
        looked_at(tmp_path)


def bare(run: Run) -> Run:
    """The run without its configuration, but for its filters: how it grades must then be found."""
    return Run({name: run.config[name] for name in ("filter_list",) if name in run.config}, run.records, run.own)


def body(task, run):
    return {"configs": {task: {"task": task, **run.config}}, "config": {"model": "hf"}, "model_name": "org/m"}


def test_a_grade_that_is_not_described_is_found(tmp_path):
    run = bare(KINDS["gsm8k"](3, 1))
    write_run(tmp_path, "gsm8k", run, body("gsm8k", run))
    responses = looked_at(tmp_path, filter="strict-match")
    assert accuracy(responses) == pytest.approx(run.own["exact_match,strict-match"])
    assert any("are right where they are the target but for $, commas" in note for note in responses.notes)


def test_boxed_answers_are_read_where_the_graded_ones_are_all_wrong(tmp_path):
    run = KINDS["aime"](3, 1)
    for number, one in enumerate(run.records):
        one["resps"] = [[f"Hm: \\boxed{{{100 + number + off}}}." for off in (1, 0, 0)]]
        one |= {"filtered_resps": [one["resps"][0][0]], "exact_match": 0}
    write_run(tmp_path, "aime", run)
    responses = looked_at(tmp_path)
    assert responses.table["score"].mean() == pytest.approx(2 / 3)
    assert any("though no graded one was right to confirm it" in note for note in responses.notes)


def test_an_answer_that_the_filter_does_not_find_is_unparsable(tmp_path):
    run = KINDS["gsm8k"](3, 1)
    write_run(tmp_path, "gsm8k", run)
    table = looked_at(tmp_path, filter="strict-match", outcome="text").table
    lost = [("####" not in text) for one in run.records[:12] for text in one["resps"][0]]
    assert table["text"].isna().tolist() == lost and any(lost)


def test_a_canonical_form_judges_anew(tmp_path):
    run = KINDS["plain"](3, 1)
    write_run(tmp_path, "plain", run)
    responses = looked_at(tmp_path, outcome="text")
    from hotmess.responses.canonical import canonical_answers

    strict, loose = responses.table, canonical_answers(responses, "text").table
    pairs = [(text, one["target"]) for one in run.records for text in one["resps"][0]]
    assert (strict["text"] == strict["target"]).mean() == sum(a == b for a, b in pairs) / len(pairs)
    same = [a.strip().rstrip(".").lower() == b.lower() for a, b in pairs]
    assert (loose["text"] == loose["target"]).tolist() == same
    assert any("(--canonical text or --canonical math counts them as right)" in note for note in responses.notes)


def test_votes_select_one_answer_of_all(tmp_path):
    run = KINDS["gsm8k"](3, 1)
    vote = [{"function": "take_first_k", "k": 3}, *run.config["filter_list"][0]["filter"][:1]]
    vote += [{"function": "majority_vote"}, {"function": "take_first"}]
    run.config["filter_list"] = [{"name": "maj@3", "filter": vote}]
    records = []
    for one in run.records[:12]:
        found = [text.partition("#### ")[2].rstrip() or "[invalid]" for text in one["resps"][0]]
        most = max(found, key=found.count)
        right = most.replace(",", "").removesuffix(".") == one["target"].partition("#### ")[2].replace(",", "")
        records.append(one | {"filter": "maj@3", "filtered_resps": [most], "exact_match": float(right)})
    write_run(tmp_path, "gsm8k", Run(run.config, records, {}))
    assert len(looked_at(tmp_path)) == 36


def test_options_that_are_shuffled_by_run_are_matched_by_their_texts(tmp_path):
    for day, order in enumerate(([0, 1, 2, 3], [2, 0, 3, 1], [3, 2, 1, 0]), 1):
        run = KINDS["acc"](1, 1)
        for one in run.records:
            options = one["doc"]["choices"]["text"]
            at = int(one["target"])
            shuffled = [options[place] for place in order]
            one["doc"] = {"question": one["doc"]["question"]} | {f"choice{i}": t for i, t in enumerate(shuffled, 1)}
            one |= {"resps": [one["resps"][place] for place in order], "target": f"({'ABCD'[order.index(at)]})"}
            one["arguments"] = {f"gen_args_{i}": {"arg_0": "Q", "arg_1": f" ({'ABCD'[i]})"} for i in range(4)}
        write_run(tmp_path, "gpqa", run, day=day)
    table = looked_at(tmp_path, scorer="acc").table
    assert len(table) == 36 and (table.groupby("question")["answer"].nunique() == 1).all()
    assert table["score"].mean() == pytest.approx(KINDS["acc"](1, 1).own["acc,none"])


# ---- sizes, lengths, names ----


@pytest.mark.parametrize(
    ("name", "given", "size"),
    [
        ("org/m-7b", 7.2e9, 7.2),
        ("org/m-7b", -1, None),
        ("org/m-7b", None, None),
        ("org/Some-7B-Instruct-AWQ", 1.1e9, None),
        ("org/m-7b", 1.1e9, None),
        ("org/m-8x7B", 46.7e9, 46.7),
        ("org/m", 3e9, 3.0),
    ],
)
def test_sizes_are_taken_where_the_log_is_sure(name, given, size, tmp_path):
    run = KINDS["acc"](1, 1)
    results = results_of("arc", run.config)
    results |= {"model_name": name}
    results["config"] |= {"model_num_parameters": given, "model_args": f"pretrained={name}"}
    write_run(tmp_path, "arc", run, results)
    responses = looked_at(tmp_path, scorer="acc")
    sizes = responses.table["model_size_b"].unique().tolist() if "model_size_b" in responses.table else [math.nan]
    assert sizes == pytest.approx([math.nan if size is None else size], nan_ok=True)
    assert (size is None and given is not None and given > 0) == any("is unknown" in note for note in responses.notes)


def test_what_follows_the_reasoning_is_not_the_length(tmp_path):
    run = KINDS["plain"](2, 1)
    results = results_of("plain", run.config)
    results["config"]["model_args"] = {"pretrained": "org/toy-1b", "think_end_token": "</think>"}
    write_run(tmp_path, "plain", run, results)
    responses = looked_at(tmp_path)
    assert "reasoning_characters" not in responses.table
    assert any("only what its model wrote after '</think>': lengths are not known" in note for note in responses.notes)
    with pytest.raises(BadInput, match="leave out --tokenizer"):
        looked_at(tmp_path, tokenizer="tokenizer.json")


def test_tokens_are_counted_for_scores_too(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    words.save(str(tmp_path / "tokenizer.json"))
    write_run(tmp_path / "logs", "ifeval", KINDS["ifeval"](1, 1))
    responses = looked_at(
        tmp_path / "logs", scorer="prompt_level_strict_acc", tokenizer=str(tmp_path / "tokenizer.json")
    )
    assert responses.outcome == "score" and set(responses.table["reasoning_tokens"]) == {2}
    assert responses.table["text_hash"].notna().all()


def test_a_name_for_a_model_that_has_one_is_refused(tmp_path):
    write_run(tmp_path, "acc", KINDS["acc"](1, 1))
    with pytest.raises(BadInput, match="names its model itself, org/toy-1b: leave out --model"):
        looked_at(tmp_path, model="mine")


def test_arguments_of_a_model_have_one_form(tmp_path):
    nested = {"pretrained": "org/toy-1b", "chat_template_args": {"enable_thinking": True, "k": 1}}
    texts = ['pretrained=org/toy-1b,chat_template_args={"enable_thinking": true, "k": 1}', json.dumps(nested)]
    for day, arguments in enumerate((nested, *texts), 1):
        run = KINDS["plain"](1, day)
        results = results_of("plain", run.config)
        results["config"]["model_args"] = arguments
        write_run(tmp_path, "plain", run, results, day)
    table = looked_at(tmp_path).table
    assert set(table["condition"]) == {""} and table["budget"].nunique() == 1 and table["model"].nunique() == 1


def test_a_first_record_longer_than_what_is_looked_at(tmp_path):
    run = KINDS["triviaqa"](1, 1)
    aliases = [f"alias {number}" for number in range(5_000)]
    run.records[0] |= {"target": str(aliases), "filtered_resps": ["Alias 7"], "exact_match": 1.0}
    write_run(tmp_path, "triviaqa", run)
    table = looked_at(tmp_path, outcome="text").table
    assert table.loc[table["question"] == "0", ["text", "target"]].to_numpy().tolist() == [["alias 0", "alias 0"]]


def test_options_that_mean_nothing_are_refused(tmp_path):
    write_run(tmp_path, "acc", KINDS["acc"](1, 1))
    with pytest.raises(BadInput, match=r"--tokenizer means nothing to these logs .* which hold no texts to count"):
        looked_at(tmp_path, tokenizer="tokenizer.json")
    with pytest.raises(BadInput, match=r"--filter means nothing to these logs .* which hold no filters to choose from"):
        looked_at(tmp_path, filter="strict-match")
    write_run(tmp_path, "gsm8k", KINDS["gsm8k"](1, 1), day=2)
    assert len(looked_at(tmp_path, filter="strict-match")) == 24  # of use to one of the logs


def test_logs_cut_down_to_what_was_graded(tmp_path):
    for kind in ("acc", "letters"):
        run = KINDS[kind](1, 1)
        for one in run.records:
            del one["resps"]
        write_run(tmp_path / kind, kind, run)
        responses = looked_at(tmp_path / kind, scorer=run.records[0]["metrics"][0])
        assert accuracy(responses) == pytest.approx(next(iter(run.own.values())))


def test_lmms_eval_is_read(tmp_path):
    records = [lmms_record(q, "ABBC"[q % 4]) for q in range(8)]
    del records[3]["resps"]  # left out where the filter changed nothing
    write_lmms_eval(tmp_path, records)
    responses = looked_at(tmp_path)
    table = responses.table
    assert (table["model"] == "org/vl-2b").all() and (table["benchmark"] == "mmmu_val").all()
    assert table["score"].tolist() == [0.0, 1.0, 1.0, 0.0] * 2
    assert table["reasoning_tokens"].tolist() == [20 + q for q in range(8)]


def test_lmms_eval_that_contradicts_its_targets_is_refused(tmp_path):
    records = [lmms_record(q, "B") for q in range(4)]
    records[0]["mmmu_acc"]["answer"] = "C"
    path = write_lmms_eval(tmp_path, records)
    with pytest.raises(BadInput, match="of lmms-eval, the metric names another right answer than the target"):
        looked_at(path)
    assert len(looked_at(path, scorer="mmmu_acc")) == 4


def test_repeats_of_one_prompt_have_no_context_and_drawn_examples_do(tmp_path):
    for day in (1, 2):
        run = KINDS["plain"](2, day)
        for one in run.records:
            one["arguments"]["gen_args_0"]["arg_0"] = f"examples of day {day}\n\n{one['doc']['question']}"
            one["prompt_hash"] = f"p{day}{one['doc_id']}"
        write_run(tmp_path, "plain", run, day=day)
        if day == 1:
            alone = looked_at(tmp_path).table
            assert "context" not in alone or alone["context"].isna().all()
    table = looked_at(tmp_path).table
    assert (table.groupby("question")["context"].nunique() == 2).all() and len(table) == 48
