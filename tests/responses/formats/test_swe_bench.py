"""Reading report trees of SWE-bench."""

from __future__ import annotations

import json

import pytest
from make_logs import swe_report, unapplied, write_swe

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
