"""Two runs of lm-evaluation-harness that differ in one field: repeats only where the list of harmless ones says so."""

from __future__ import annotations

import pytest
from lm_eval_fields import ANOTHER_MODEL, CONFIG, OWN, PATHS, REFUSED, RESULTS, expected, listed, pooled, recorded_as

from hotmess.responses.formats.lm_eval_config import HARMLESS, TELLING


def test_every_field_is_in_one_of_the_lists():
    assert not set(HARMLESS) & set(TELLING)
    for path in PATHS:
        assert expected(path) in (True, False)  # KeyError names a field in neither list
        assert recorded_as(path) or path in RECORDED_ELSEWHERE, path


RECORDED_ELSEWHERE = ("samples",)
"""Written into files of their own."""


ARGUMENT = "config.model_args."
SOME = [
    path
    for path in PATHS
    if not path.startswith(ARGUMENT) or listed(path.removeprefix("config."), HARMLESS) or path in ANOTHER_MODEL
]
"""All but arguments of models that tell runs apart; the study walks them too."""


@pytest.mark.parametrize("path", SOME)
def test_runs_are_pooled_where_the_list_says_so(path, tmp_path):
    result = pooled(path, tmp_path)
    if path in REFUSED:
        assert "has two sizes" in str(result)
    else:
        assert result is expected(path), result


@pytest.mark.parametrize("name", ["revision", "enable_thinking", "load_in_4bit", "reasoning_effort", "num_concurrent"])
def test_arguments_may_be_written_as_text(name, tmp_path):
    path = f"config.model_args.{name}"
    assert pooled(path, tmp_path, text=True) is expected(path) is (name == "num_concurrent")


def test_what_public_reports_found_pooled_is_told_apart():
    told = ["config.model_revision", "config.model_args.revision", "config.model_args.enable_thinking", "versions"]
    told += ["configs.doc_to_text", "configs.description", "configs.num_fewshot", "chat_template", "config.gen_kwargs"]
    assert not any(map(expected, [*told, *ANOTHER_MODEL]))


def test_the_fields_are_those_of_the_harness():
    """Against the harness itself, where it is installed."""
    dataclasses = pytest.importorskip("dataclasses")
    task = pytest.importorskip("lm_eval.config.task")
    schema = pytest.importorskip("lm_eval.result_schema")
    named = {field.name for field in dataclasses.fields(task.TaskConfig)}
    assert named - {"task"} <= set(OWN)
    assert set(schema.EvalResults.__annotations__) - {"configs", "config"} <= set(RESULTS)
    assert set(schema._EvalConfig.__annotations__) - {"model_args"} <= set(CONFIG)
