"""Two runs of Inspect that differ in one field: repeats only where the list of harmless ones says so."""

from __future__ import annotations

import typing

import pytest
from inspect_fields import ANOTHER, GENERATE, MEMBERS, PATHS, ROLE, expected, listed, pooled, recorded_as

from hotmess.responses.formats.inspect_config import HARMLESS, TELLING

pytest.importorskip("inspect_ai")
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:inspect_ai")


def test_every_field_is_in_one_of_the_lists():
    assert not set(HARMLESS) & set(TELLING)
    for path in PATHS:
        assert expected(path) in (True, False)  # KeyError names a field in neither list


def test_the_fields_are_those_of_inspects_models():
    """A field that a later Inspect adds is in neither list until somebody decides."""
    from inspect_ai.log import EvalConfig, EvalDataset, EvalPlan, EvalPlanStep, EvalRevision, EvalSpec
    from inspect_ai.model import GenerateConfig, ModelConfig

    (scorers, _) = typing.get_args(EvalSpec.model_fields["scorers"].annotation)
    models = {
        "": (EvalSpec, ("config", "dataset", "model_generate_config", "model_roles", "revision", "scorers")),
        "config": (EvalConfig, ()),
        "dataset": (EvalDataset, ()),
        "plan": (EvalPlan, ("steps", "config")),
        "plan.steps.0": (EvalPlanStep, ()),
        "revision": (EvalRevision, ("type",)),  # has one value
        "scorers.0": (typing.get_args(scorers)[0], ("name",)),  # names whose grade is taken
        "model_roles.grader": (ModelConfig, ("config",)),
        "plan.config": (GenerateConfig, ()),
    }
    for part, (model, apart) in models.items():
        assert set(model.model_fields) - set(apart) == set(MEMBERS[part]) - set(apart), part


def test_changes_while_it_ran_count_where_the_field_does():
    assert recorded_as("config_updates.eval.token_limit") == ["config_updates.config.token_limit"]
    silent = [path for path in PATHS if not recorded_as(path)]
    names = ("eval.max_samples", "generate.max_retries", "concurrency.x")
    assert silent == [f"config_updates.{name}" for name in names]  # everything else is recorded


SOME = [
    *(path for path in PATHS if not path.startswith(("model_generate_config", "model_roles.grader.config"))),
    *("model_generate_config.extra_body", "model_generate_config.reasoning_effort", "model_generate_config.batch"),
    *("model_roles.grader.config.temperature", "model_roles.grader.config.seed"),
]
"""One of each kind of field; the study walks them all, in both forms of a log."""


@pytest.mark.parametrize("path", SOME)
def test_runs_are_pooled_where_the_list_says_so(path, tmp_path):
    assert pooled(path, tmp_path) is expected(path)


def test_what_public_reports_found_pooled_is_told_apart():
    told = ["task_version", "task_args", "config.token_limit", "config.message_limit", "plan.config.extra_body"]
    told += [
        "model_generate_config.reasoning_effort",
        "plan.steps.0.params",
        "scorers.0.options",
        "model_args.revision",
    ]
    told += ["plan.config.system_message", *(f"model_roles.grader.{name}" for name in ("model", "args")), "packages"]
    assert not any(map(expected, [*told, *ANOTHER]))
    assert all(map(expected, ["created", "run_id", "config.max_samples", "plan.config.max_connections"]))
    assert set(ROLE) and set(GENERATE) and not listed("unheard.of", (*HARMLESS, *TELLING))
