"""Metrics over epochs in Inspect's own runner: the numbers of `hotmess decompose` on the log that it writes."""

from __future__ import annotations

import gc
from collections import Counter

import numpy as np
import pytest

pytest.importorskip("inspect_ai", reason="needs hotmess[inspect]")
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import SampleScore, Score, accuracy, choice
from inspect_ai.solver import multiple_choice

import hotmess as hm
from hotmess.sampling import metrics

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:The 'initial' parameter is deprecated:DeprecationWarning",
)
WANTED = ("incoherence", "bias2", "variance")


def scored(said, *, grades=False):
    """Scores of some questions: question -> letters, A is right; or question -> grades."""

    def one(answer):
        return Score(value=answer) if grades else Score(value="C" if answer == "A" else "I", answer=answer)

    return [SampleScore(score=one(a), sample_id=q) for q, answers in said.items() for a in answers]


def found(scores):
    return {k: v for name in WANTED for k, v in getattr(metrics, name)()(scores).items()}


def test_letters_by_hand():
    """ABBC: of 12 ordered pairs 2 agree, so variance is 1 - 1/6; the error is 2 * 3/4."""
    one = found(scored({"q": "ABBC", "r": "AAAA"}))
    assert one["variance"] == pytest.approx((5 / 6) / 2)
    assert one["bias2"] == pytest.approx((1.5 - 5 / 6) / 2)
    assert one["incoherence"] == pytest.approx((5 / 6) / 1.5)
    assert one["variance_stderr"] == pytest.approx(5 / 12)  # sd of (5/6, 0) over the root of 2


def test_grades_by_hand():
    """0, 1/2, 1: variance 1/4 with n - 1, error the mean of (1, 1/4, 0)."""
    one = found(scored({"q": [0.0, 0.5, 1.0]}, grades=True))
    assert one["variance"] == pytest.approx(0.25)
    assert one["bias2"] == pytest.approx(1.25 / 3 - 0.25)
    assert np.isnan(one["variance_stderr"])


def test_one_epoch_says_nothing_and_no_errors_have_no_incoherence():
    assert all(np.isnan(v) for v in found(scored({"q": "B", "r": "A"})).values())
    assert np.isnan(found(scored({"q": "AA", "r": "AA"}))["incoherence"])


def test_standard_errors_are_those_of_many_data_sets():
    """Over 120 data sets of 60 questions the mean standard error is the standard deviation of the estimates."""
    rng = np.random.default_rng(2)
    made = []
    for _ in range(120):
        chance = rng.dirichlet([1.0, 0.7, 0.4], 60)
        made.append(found(scored({q: rng.choice(list("ABC"), 5, p=p) for q, p in enumerate(chance)})))
    for name in WANTED:
        sd = np.std([m[name] for m in made], ddof=1)
        assert np.mean([m[f"{name}_stderr"] for m in made]) == pytest.approx(sd, rel=4 / np.sqrt(2 * 120))


def test_inspect_prints_what_decompose_finds_in_its_log(tmp_path):
    seen = Counter()

    def output(messages, tools, tool_choice, config):
        text = messages[-1].text
        number = next(i for i in range(4) if f"Question {i}?" in text)
        seen[number] += 1
        letter = "ABCD"[(seen[number] * number) % 4]
        result = ModelOutput.from_content("mockllm/model", f"ANSWER: {letter}")
        result.usage = ModelUsage(input_tokens=10, output_tokens=5 + seen[number], total_tokens=15)
        return result

    samples = [Sample(f"Question {i}?", choices=["w", "x", "y", "z"], target="B", id=f"q{i}") for i in range(4)]
    own = [accuracy(), *(getattr(metrics, name)() for name in WANTED)]
    task = Task(samples, solver=multiple_choice(), scorer=choice(), metrics=own, epochs=8, name="made-up")
    model = get_model("mockllm/model", custom_outputs=output, memoize=False)
    (log,) = eval(task, model=model, log_dir=str(tmp_path), display="none", log_realtime=False)
    gc.collect()
    assert log.status == "success", log.error
    shown = {name: one.value for block in log.results.scores for name, one in block.metrics.items()}
    record = hm.decompose(hm.read(tmp_path, allow_copies=True), by=["model"], estimator="unbiased").records[0]
    for name in WANTED:
        assert shown[name] == pytest.approx(record[name]), shown
    assert 0 < shown["incoherence_stderr"] < 1
    assert 0 < shown["incoherence"] < 1


def test_the_entry_point_registers_them():
    from inspect_ai._util.registry import registry_lookup

    import hotmess.sampling.task  # noqa: F401, what the entry point names

    assert all(registry_lookup("metric", f"hotmess/{name}") is not None for name in WANTED)
