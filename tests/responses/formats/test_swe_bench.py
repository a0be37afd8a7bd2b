"""Reading report trees of SWE-bench."""

from __future__ import annotations

import json

import pytest
from make_logs import swe_report, swe_summary, unapplied, write_swe

from hotmess.errors import BadInput
from hotmess.responses.formats import read_logs

FIX = {"t::fix_a": True, "t::fix_b": False}
KEEP = {"t::keep_a": True, "t::keep_b": True}


def read(path, **options):
    return read_logs(path, cache=False, progress=False, **options)


@pytest.fixture
def tree(tmp_path):
    """Three runs of two instances: one partly right, one right, one whose patch does not apply."""
    for run, report in (
        ("run1", swe_report("org__repo-1", FIX, KEEP)),
        ("run2", swe_report("org__repo-1", dict.fromkeys(FIX, True), KEEP)),
        ("run3", unapplied("org__repo-1")),
    ):
        write_swe(tmp_path, run, "my__model", "org__repo-1", report)
        write_swe(tmp_path, run, "my__model", "org__repo-2", swe_report("org__repo-2", {"x": run == "run1"}, {}))
    return tmp_path


def test_runs_are_repeats_and_tests_a_vector(tree):
    table, notes = read(tree)
    one = table[table["question"] == "org__repo-1"]
    assert [list(vector) for vector in one["tests"]] == [[1, 0, 1, 1], [1, 1, 1, 1], [0, 0, 1, 1]]
    assert one["score"].tolist() == [0.0, 1.0, 0.0] and one["sample"].tolist() == [0, 1, 2]
    assert one["run"].tolist() == ["run1", "run2", "run3"] and (one["model"] == "my/model").all()
    assert (table["category"] == "org__repo").all() and (table["benchmark"] == "swe-bench").all()
    assert one["patch_applied"].tolist() == [True, True, False]
    assert any(note.startswith("1 run without a patch that applies") for note in notes)


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_every_folder_of_the_tree_may_be_named(tree, depth):
    path = [
        tree,
        tree / "logs",
        tree / "logs" / "run_evaluation",
        tree / "logs" / "run_evaluation" / "run1" / "my__model",
    ]
    assert len(read(path[depth])[0]) == (6 if depth < 3 else 2)


def test_runs_named_one_by_one_share_their_tests(tree):
    runs = tree / "logs" / "run_evaluation"
    table, _ = read([runs / "run3", runs / "run1"])
    vectors = table[table["question"] == "org__repo-1"]["tests"]
    assert [list(vector) for vector in vectors] == [[0, 0, 1, 1], [1, 0, 1, 1]]


def test_a_test_that_another_run_reports_counts_as_failed(tmp_path):
    write_swe(tmp_path, "a", "m", "i-1", swe_report("i-1", {"x": True}, {"k": True, "l": True}))
    write_swe(tmp_path, "b", "m", "i-1", swe_report("i-1", {"x": True}, {"k": True}))
    table, notes = read(tmp_path)
    assert [list(vector) for vector in table["tests"]] == [[1, 1, 1], [1, 1, 0]]
    assert "1 unit test that another run reports and this one does not count as failed." in [
        note.replace("tests", "test") for note in notes
    ]


def test_a_failed_patch_without_a_report_leaves_the_code_as_it_was(tree):
    log = {"run_instance__dot__log": "x\n>>>>> Patch Apply Failed:\nerror"}
    write_swe(tree, "run4", "my__model", "org__repo-1", None, **log)
    write_swe(tree, "run5", "my__model", "org__repo-1", None)  # broken off for another reason
    write_swe(tree, "run6", "my__model", "org__repo-1", None, patch__dot__diff="  \n")
    table, notes = read(tree)
    one = table[table["question"] == "org__repo-1"].set_index("run")["tests"]
    assert list(one["run4"]) == list(one["run6"]) == [0, 0, 1, 1] and "run5" not in one
    # run5 holds no outcome at all, so it is passed over by name
    assert any("run5" in note and "broke off without a report" in note for note in notes)


def test_tests_that_timed_out_say_nothing(tree):
    files = {"test_output__dot__txt": "…\nTimeout error: 1800 seconds exceeded."}
    write_swe(tree, "run1", "my__model", "org__repo-3", unapplied("org__repo-3"), **files)
    table, notes = read(tree)
    assert "org__repo-3" not in set(table["question"])
    assert "1 instance left out: unit tests did not run to the end." in notes


def test_an_instance_without_any_names_of_tests_is_left_out(tree):
    write_swe(tree, "run1", "my__model", "org__repo-4", unapplied("org__repo-4"))
    table, notes = read(tree)
    assert "org__repo-4" not in set(table["question"])
    assert "1 run left out: no run of the instance names its unit tests." in notes


def test_empty_patches_are_in_the_summary(tree):
    summary = {"empty_patch_ids": ["org__repo-2"], "resolved_ids": []}
    (tree / "my__model.run7.json").write_text(json.dumps(summary))
    write_swe(tree, "run7", "my__model", "org__repo-1", swe_report("org__repo-1", FIX, KEEP))
    table, _ = read(tree)
    row = table[(table["run"] == "run7") & (table["question"] == "org__repo-2")].iloc[0]
    assert list(row["tests"]) == [0] and not row["patch_applied"]


def test_steps_come_from_trajectories(tree):
    trajectory = {"trajectory": [{}] * 7, "info": {"exit_status": "submitted", "model_stats": {"tokens_received": 900}}}
    limited = {"trajectory": [{}] * 50, "info": {"exit_status": "exit_cost"}}
    model = tree / "logs" / "run_evaluation" / "run1" / "my__model"
    (model / "org__repo-1" / "org__repo-1.traj").write_text(json.dumps(trajectory))
    (model / "trajs").mkdir()
    (model / "trajs" / "org__repo-2.traj").write_text(json.dumps(limited))
    table, _ = read(model)
    rows = table.set_index("question")
    assert rows["actions"].to_dict() == {"org__repo-1": 7, "org__repo-2": 50}
    assert rows["finish_reason"].to_dict() == {"org__repo-1": "submitted", "org__repo-2": "length"}
    assert rows.loc["org__repo-1", "reasoning_tokens"] == 900


def test_a_run_at_its_limit_without_a_report_leaves_the_code_as_it_was(tree):
    folder = write_swe(tree, "run8", "my__model", "org__repo-1", None)
    (folder / "org__repo-1.traj").write_text(json.dumps({"trajectory": [], "info": {"exit_status": "LimitsExceeded"}}))
    table, _ = read(tree)
    assert list(table[table["run"] == "run8"].iloc[0]["tests"]) == [0, 0, 1, 1]


def test_damaged_reports_are_named(tree):
    report = tree / "logs" / "run_evaluation" / "run2" / "my__model" / "org__repo-1" / "report.json"
    report.write_bytes(report.read_bytes()[:100])
    with pytest.raises(BadInput, match=r"run2.*report\.json is damaged or cut off"):
        read(tree)


def test_a_tree_of_failures_alone_is_refused(tmp_path):
    write_swe(tmp_path, "run1", "m", "i-1", unapplied("i-1"))
    with pytest.raises(BadInput, match="No run names the unit tests"):
        read(tmp_path)


def verdict(instance, resolved):
    """A report without tests_status, as of evaluations that were told to leave it out."""
    entry = {"patch_is_None": False, "patch_exists": True, "patch_successfully_applied": True, "resolved": resolved}
    return {instance: entry | {"infra_failure": False}}


def test_failures_of_the_machine_are_left_out_and_counted(tree):
    broken = unapplied("org__repo-1")
    broken["org__repo-1"] |= {"infra_failure": True, "infra_failure_reason": "out_of_memory"}
    write_swe(tree, "run4", "my__model", "org__repo-1", broken)
    # Earlier versions only show it in the output of the tests.
    files = {"test_output__dot__txt": "collecting\nKilled\n"}
    write_swe(tree, "run4", "my__model", "org__repo-2", unapplied("org__repo-2"), **files)
    write_swe(tree, "run4", "my__model", "org__repo-3", swe_report("org__repo-3", {"x": True}, {}))
    table, notes = read(tree)
    assert set(table.loc[table["run"] == "run4", "question"]) == {"org__repo-3"}
    assert "2 instances left out: the machine failed, not the patch." in notes


def test_a_verdict_without_tests_is_a_score(tmp_path):
    for run, resolved in (("a", True), ("b", False)):
        write_swe(tmp_path, run, "m", "i-1", verdict("i-1", resolved))
        write_swe(tmp_path, run, "m", "i-2", unapplied("i-2"))
    table, notes = read(tmp_path)
    assert "tests" not in table
    assert table.set_index(["run", "question"])["score"].to_dict() == {
        ("a", "i-1"): 1.0,
        ("a", "i-2"): 0.0,
        ("b", "i-1"): 0.0,
        ("b", "i-2"): 0.0,
    }
    assert "2 reports without unit tests, only with the verdict whether the instance was resolved." in notes
    assert any(note.startswith("The runs a, b of m are taken as repeats") for note in notes)


def test_the_verdict_is_the_score_where_some_reports_name_no_tests(tree):
    write_swe(tree, "run4", "my__model", "org__repo-1", verdict("org__repo-1", True))
    table, notes = read(tree)
    assert "tests" not in table and table.set_index(["run", "question"])["score"]["run4", "org__repo-1"] == 1.0
    assert any("the graded score is the outcome they share" in note for note in notes)
    assert len(read(tree, outcome="tests")[0]) == len(table) - 1


def test_a_verdict_that_differs_from_the_tests_is_the_score(tmp_path):
    report = swe_report("i-1", {"x": True}, {"k": False})
    report["i-1"]["resolved"] = True  # of a repository where only failures are looked for
    write_swe(tmp_path, "a", "m", "i-1", report)
    table, notes = read(tmp_path)
    assert table["score"].tolist() == [1.0] and [list(one) for one in table["tests"]] == [[1, 0]]
    assert any(note.startswith("1 run whose verdict is not that all their unit tests pass") for note in notes)


STATES = {
    "o__r-1": "resolved",
    "o__r-2": "unresolved",
    "o__r-3": "empty_patch",
    "o__r-4": "error",
    "o__r-5": "infra",
    "o__r-6": "incomplete",
}


def summaries(folder, runs=2, **lists):
    folder.mkdir(exist_ok=True)
    for run in range(runs):
        (folder / f"lab__model-1.5.run{run}.json").write_text(json.dumps(swe_summary(STATES, **lists), indent=4))


def test_summaries_are_scores(tmp_path):
    summaries(tmp_path)
    table, notes = read(tmp_path)
    assert (table["model"] == "lab/model-1.5").all() and table["run"].tolist() == ["run0"] * 3 + ["run1"] * 3
    assert table["score"].tolist()[:3] == [1.0, 0.0, 0.0] and table["sample"].tolist() == [0] * 3 + [1] * 3
    assert table["question"].tolist()[:3] == ["o__r-1", "o__r-2", "o__r-3"]
    assert "2 instances left out: the evaluation ended in an error." in notes
    assert "2 instances left out: the machine failed, not the patch." in notes
    assert "2 instances with an empty patch: not resolved." in notes


def test_long_summaries_are_known_by_the_first_of_their_lists(tmp_path):
    states = {f"a_long_name__of_a_repository-{number}": "resolved" for number in range(3_000)}
    body = swe_summary(states)
    lists = {name: value for name, value in body.items() if name.endswith("_ids")}
    (tmp_path / "lab__m.run.json").write_text(json.dumps(lists | body))
    assert len(read(tmp_path)[0]) == 3_000


def test_a_summary_beside_its_reports_is_not_read_twice(tree):
    (tree / "my__model.run1.json").write_text(json.dumps(swe_summary({"org__repo-1": "resolved"})))
    table, notes = read(tree)
    assert len(table) == 6 and any("sums up the reports in" in note for note in notes)


def test_summaries_of_sb_cli_name_no_model(tmp_path):
    # Its reports are the same lists with pending and failed runs, as <subset>__<split>__<run_id>.json.
    body = swe_summary(STATES, pending_instances=0, failed_instances=1, failed_ids=["o__r-2"])
    (tmp_path / "swe-bench_lite__test__mine.json").write_text(json.dumps(body))
    with pytest.raises(BadInput, match="which model it is about: name it with --model NAME"):
        read(tmp_path)
    table, _ = read(tmp_path, model="m")
    assert table["question"].tolist() == ["o__r-1", "o__r-3"] and (table["model"] == "m").all()


def test_summaries_that_do_not_say_what_was_tried_or_contradict_themselves_are_refused(tmp_path):
    summaries(tmp_path / "a", unresolved_ids=["o__r-1"])
    with pytest.raises(BadInput, match="lists o__r-1 both as resolved and as not resolved"):
        read(tmp_path / "a")
    body = {"resolved_ids": ["x-1"], "submitted_instances": 3}
    (tmp_path / "m.run.json").write_text(json.dumps(body))
    with pytest.raises(BadInput, match="lists what was resolved and not what was tried"):
        read(tmp_path / "m.run.json")


def test_options_that_mean_nothing_are_refused(tree, tmp_path):
    with pytest.raises(
        BadInput, match=r"--filter means nothing to logs of swe-bench: .* it is for lm-evaluation-harness"
    ):
        read(tree, filter="x")
    summaries(tmp_path / "s")
    with pytest.raises(BadInput, match=r"--scorer means nothing to logs of swe-bench-summary: .* for inspect, lm-eval"):
        read(tmp_path / "s", scorer="x")
    with pytest.raises(BadInput, match="--tokenizer means nothing to logs of swe-bench-summary"):
        read(tmp_path / "s", tokenizer="y")


def test_several_models_are_not_merged_by_a_name(tree):
    write_swe(tree, "run1", "other", "org__repo-1", swe_report("org__repo-1", FIX, KEEP))
    with pytest.raises(BadInput, match="--model x would merge the models my/model, other"):
        read(tree, model="x")


def test_runs_of_another_scaffold_are_no_repeats(tree):
    runs = tree / "logs" / "run_evaluation"
    for run, version, heat in (("run1", "1.0", 0.0), ("run2", "1.1", 0.0), ("run3", "1.1", 0.0)):
        for instance in ("org__repo-1", "org__repo-2"):
            config = {"model": {"name": "m", "temperature": heat}, "agent": {"step_limit": 5, "instance_id": instance}}
            info = {"exit_status": "submitted", "swe_agent_version": version, "config": config}
            path = runs / run / "my__model" / instance / f"{instance}.traj"
            path.write_text(json.dumps({"trajectory": [{}], "info": info}))
    table, notes = read(tree)
    told = table.groupby("run")["condition"].first().to_dict()
    assert told["run2"] == told["run3"] == "swe_agent_version=1.1" and told["run1"] == "swe_agent_version=1.0"
    assert any("told apart as conditions" in note for note in notes)
