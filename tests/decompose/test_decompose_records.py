"""`decompose` against an independent computation in plain loops, on real and on made tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hotmess.decompose.grouping import natural
from hotmess.decompose.records import decompose
from hotmess.errors import BadInput
from hotmess.responses.read import read
from hotmess.responses.validate import validate

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
COT = "condition = 'cot' and benchmark in ('aqua','arc_challenge','openbookqa')"


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared data file {name} is not here")
    return path


def vectors_of(row) -> np.ndarray:
    """The position of one response, from its raw row."""
    c = int(row.n_choices)
    if getattr(row, "probs", None) is not None:
        return np.asarray(row.probs, dtype=float)
    return np.full(c, 1 / c) if row.answer < 0 else np.eye(c)[int(row.answer)]


def squared_loops(frame: pd.DataFrame, place, goal) -> dict[str, dict[str, float]]:
    """Means over questions of error, bias², variance, plug-in and unbiased, one model at a time."""
    cells = defaultdict(list)
    for row in frame.itertuples():
        cells[row.model, row.benchmark, row.question].append(row)
    sums = defaultdict(list)
    for (model, _, _), rows in cells.items():
        z = [place(row) for row in rows]
        y = goal(rows[0])
        n = len(z)
        mean = sum(z) / n
        error = sum(((y - v) ** 2).sum() for v in z) / n
        variance = sum(((v - mean) ** 2).sum() for v in z) / n
        corrected = variance * n / (n - 1)
        sums[model].append((error, ((y - mean) ** 2).sum(), variance, error - corrected, corrected))
    return {
        model: dict(zip(("error", "bias2", "variance", "bias2_u", "variance_u"), np.mean(v, axis=0), strict=True))
        for model, v in sums.items()
    }


def check_squared(responses, expected):
    for estimator, tail in (("plug-in", ""), ("unbiased", "_u")):
        for record in decompose(responses, by=["model"], estimator=estimator).records:
            want = expected[record["model"]]
            assert record["error"] == pytest.approx(want["error"], abs=1e-9)
            assert record["bias2"] == pytest.approx(want["bias2" + tail], abs=1e-9)
            assert record["variance"] == pytest.approx(want["variance" + tail], abs=1e-9)
            assert record["incoherence"] == pytest.approx(want["variance" + tail] / want["error"], abs=1e-9)


@pytest.fixture(scope="module")
def cot():
    path = shared("cot-scaling-qwen2.5.parquet")
    raw = pd.read_parquet(path)
    raw = raw[(raw.condition == "cot") & raw.benchmark.isin(["aqua", "arc_challenge", "openbookqa"])]
    return read(path, where=COT), raw


def test_real_letters_brier(cot):
    responses, raw = cot
    expected = squared_loops(raw, vectors_of, lambda row: np.eye(int(row.n_choices))[int(row.target)])
    assert len(expected) == 7
    check_squared(responses, expected)


def test_real_letters_kl(cot):
    responses, raw = cot
    delta, terms = 1e-12, defaultdict(list)
    for (model, _, _), rows in raw.groupby(["model", "benchmark", "question"]):
        c, y = int(rows.n_choices.iloc[0]), int(rows.target.iloc[0])
        logs = np.array([np.log((vectors_of(row) + delta) / (1 + c * delta)) for row in rows.itertuples()])
        mean = logs.mean(axis=0)
        log_z = np.log(np.exp(mean).sum())
        terms[model].append((-mean[y], -mean[y] + log_z, -log_z))
    for record in decompose(responses, by=["model"], metric="kl").records:
        error, bias, variance = np.mean(terms[record["model"]], axis=0)
        assert record["error"] == pytest.approx(error, abs=1e-9)
        assert record["bias2"] == pytest.approx(bias, abs=1e-9)
        assert record["variance"] == pytest.approx(variance, abs=1e-9)
        assert record["incoherence"] == pytest.approx(variance / error, abs=1e-9)


def test_real_letters_zero_one(cot):
    responses, raw = cot
    terms = defaultdict(list)
    for (model, _, _), rows in raw.groupby(["model", "benchmark", "question"]):
        c, y, n = int(rows.n_choices.iloc[0]), int(rows.target.iloc[0]), len(rows)
        share = Counter(dict.fromkeys(range(c), 0.0))
        for answer in rows.answer:
            for k in range(c) if answer < 0 else [answer]:
                share[k] += (1 / c if answer < 0 else 1.0) / n
        top = max(share.values())
        modes = [k for k in share if abs(share[k] - top) < 1e-9]
        terms[model].append((1 - share[y], np.mean([k != y for k in modes]), np.mean([1 - share[k] for k in modes])))
    for record in decompose(responses, by=["model"], metric="zero-one").records:
        error, bias, variance = np.mean(terms[record["model"]], axis=0)
        assert record["error"] == pytest.approx(error, abs=1e-9)
        assert record["bias2"] == pytest.approx(bias, abs=1e-9)
        assert record["variance"] == pytest.approx(variance, abs=1e-9)
        assert record["incoherence"] is None


def test_real_probabilities():
    path = shared("gemma4-trajectory-mmlu-pro.parquet")
    where = "condition = 'prefix_probe' and budget = 50"
    raw = pd.read_parquet(path)
    raw = raw[(raw.condition == "prefix_probe") & (raw.budget == 50)]
    expected = squared_loops(raw, vectors_of, lambda row: np.eye(int(row.n_choices))[int(row.target)])
    check_squared(read(path, where=where), expected)


def test_real_unit_tests_and_scores():
    path = shared("terminal-bench.parquet")
    raw = pd.read_parquet(path)
    expected = squared_loops(
        raw,
        lambda row: np.asarray(row.tests) / np.sqrt(len(row.tests)),
        lambda row: np.full(len(row.tests), 1 / np.sqrt(len(row.tests))),
    )
    check_squared(read(path), expected)
    check_squared(
        read(path, outcome="score"), squared_loops(raw, lambda row: np.array([row.score]), lambda row: np.ones(1))
    )


def test_the_metric_chooses_the_outcome_and_the_records_name_it():
    path = shared("gemma4-trajectory-mmlu-pro.parquet")
    probs = decompose(read(path, metric="brier"), metric="brier").records[0]
    letters = decompose(read(path, metric="zero-one"), metric="zero-one").records[0]
    assert (probs["outcome"], letters["outcome"]) == ("probs", "answer")
    assert probs["responses"] < letters["responses"]


def made(seed: int = 0, *, questions: int = 30, n: int = 6, **extra) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = questions * n * 2
    frame = {
        "model": np.repeat(["org/m-1B", "org/m-10B"], rows // 2),
        "question": np.tile(np.repeat([f"q{i}" for i in range(questions)], n), 2),
        "sample": np.tile(np.arange(n), questions * 2),
        "answer": rng.integers(0, 4, rows),
        "target": 0,
        "n_choices": 4,
    }
    return pd.DataFrame(frame | extra)


def test_records_are_the_contract_and_nothing_undefined_but_none():
    record = decompose(validate(made()), by=["model", "benchmark"], interval=0.9).records[0]
    terms = ("error", "bias2", "variance", "incoherence")
    expected = {"model", "benchmark", "questions", "responses", "reliable", "metric", "outcome", "estimator"}
    assert set(record) == expected | {f"{t}{s}" for t in terms for s in ("", "_low", "_high")}
    assert (record["questions"], record["responses"], record["reliable"]) == (30, 180, True)
    assert all(record[f"{t}_low"] < record[t] < record[f"{t}_high"] for t in terms)
    assert type(record["questions"]) is int and type(record["error"]) is float


def test_groups_come_in_natural_order():
    frame = made().assign(model=lambda d: d.model.str.replace("1B", "2B"))
    assert [r["model"] for r in decompose(validate(frame)).records] == ["org/m-2B", "org/m-10B"]
    assert sorted(["b10", "b9", "a"], key=natural) == ["a", "b9", "b10"]


def test_no_groups_is_one_record():
    records = decompose(validate(made()), by=[]).records
    assert len(records) == 1
    assert records[0]["responses"] == 360


def test_all_right_has_undefined_incoherence():
    frame = made(answer=0)
    record = decompose(validate(frame), interval=0.9).records[0]
    assert record["error"] == 0.0
    assert [record[n] for n in ("incoherence", "incoherence_low", "incoherence_high")] == [None] * 3


def test_one_response_per_question_is_left_out_of_unbiased_estimates_and_said():
    frame = pd.concat([made(), made(1, n=1).assign(condition="once")], ignore_index=True)
    out = decompose(validate(frame), by=["condition"], estimator="unbiased", interval=0.9)
    empty, once = out.records
    assert empty["questions"] == 30
    assert (once["questions"], once["responses"], once["variance"], once["reliable"]) == (0, 0, None, False)
    assert any("60 of 120 cells" in note and "cannot be separated" in note for note in out.notes)
    plug_in = decompose(validate(frame), by=["condition"])
    assert any("all of their error counts as bias" in note for note in plug_in.notes)
    assert [record["reliable"] for record in plug_in.records] == [True, False]


def test_widened_intervals_stay_where_errors_can_lie():
    few = made()
    few = few[few["question"].isin(few["question"].unique()[:2])]
    for estimator in ("plug-in", "unbiased"):
        for record in decompose(validate(few), by=["model"], estimator=estimator, interval=0.99).records:
            assert record["error_low"] >= 0 and record["variance_low"] >= 0
            if estimator == "plug-in":
                assert 0 <= record["incoherence_low"] <= record["incoherence_high"] <= 1


def test_the_two_populations_differ_and_few_questions_are_said():
    responses = validate(made())
    like = decompose(responses, estimator="unbiased", interval=0.9)
    these = decompose(responses, estimator="unbiased", interval=0.9, population="these")
    assert like.records[0]["error"] == these.records[0]["error"]
    assert like.records[0]["error_low"] != these.records[0]["error_low"]
    assert any("fewer than 50 questions" in note for note in like.notes)


def test_models_share_the_weights_of_questions():
    """Two models with the same answers have the same interval: weights are paired, not drawn anew."""
    frame = made(n=4, questions=60)
    half = len(frame) // 2
    frame.loc[half:, "answer"] = frame["answer"].to_numpy()[:half]
    first, second = decompose(validate(frame), interval=0.9).records
    assert [first[k] for k in first if k.startswith("inco")] == [second[k] for k in second if k.startswith("inco")]


def test_contexts_divide_the_variance():
    frame = made(n=6).assign(context=lambda d: d["sample"] // 2)
    record = decompose(validate(frame), estimator="unbiased").records[0]
    assert record["context_variance"] + record["sampling_variance"] == pytest.approx(record["variance"])
    assert "context_variance" not in decompose(validate(made()), estimator="unbiased").records[0]


def test_unparsable_answers_are_compared_when_more_than_one_percent():
    frame = made()
    frame.loc[::10, "answer"] = -1
    out = decompose(validate(frame))
    assert any("unparsable" in note and "one more wrong option" in note for note in out.notes)
    uniform, wrong = out.records[0], decompose(validate(frame), unparsable="wrong").records[0]
    assert wrong["error"] > uniform["error"]
    assert not any("unparsable" in note for note in decompose(validate(made())).notes)


@pytest.mark.parametrize("metric", ["brier", "kl", "zero-one"])
def test_unparsable_as_wrong_is_one_more_option(metric):
    frame = made()
    frame.loc[::7, "answer"] = -1
    more = frame.assign(answer=frame["answer"].replace(-1, 4), n_choices=5)
    got = decompose(validate(frame), metric=metric, unparsable="wrong").records
    want = decompose(validate(more), metric=metric).records
    for a, b in zip(got, want, strict=True):
        for name in ("error", "bias2", "variance"):
            assert a[name] == pytest.approx(b[name], abs=1e-12)


def test_unparsable_brier_closed_form():
    """error = Σ_k p_k|y − e_k|² + p_u(1 − 1/C), variance = 1 − p_u(1 − 1/C) − |z̄|²."""
    frame = pd.DataFrame(
        {"model": "m", "question": "q", "answer": [0] * 5 + [1] * 3 + [-1] * 2, "target": 0, "n_choices": 4}
    )
    record = decompose(validate(frame)).records[0]
    z = np.array([0.5, 0.3, 0, 0]) + 0.2 / 4
    assert record["error"] == pytest.approx(0.3 * 2 + 0.2 * 0.75)
    assert record["variance"] == pytest.approx(1 - 0.2 * 0.75 - (z**2).sum())


def test_free_text_is_one_hot_over_distinct_answers():
    frame = pd.DataFrame(
        {"model": "m", "question": "q", "text": ["1,000", "1000.0", "12", " 12. ", "7", None], "target": "1000"}
    )
    record = decompose(validate(frame)).records[0]
    z = np.array([2, 2, 1]) / 6
    assert record["outcome"] == "text"
    assert record["bias2"] == pytest.approx((1 - z[0]) ** 2 + z[1] ** 2 + z[2] ** 2)
    assert record["error"] == pytest.approx((3 * 2 + 1) / 6)


def test_embeddings_and_points():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(8, 3))
    base = {"model": "m", "question": np.repeat(["a", "b"], 4)}
    record = decompose(
        validate(pd.DataFrame(base | {"embedding": list(z)})), estimator="unbiased", interval=0.9
    ).records[0]
    want = np.mean([z[:4].var(axis=0, ddof=1).sum(), z[4:].var(axis=0, ddof=1).sum()])
    assert record["variance"] == pytest.approx(want)
    assert record["error"] is None and record["incoherence"] is None
    assert record["variance_low"] < record["variance"] < record["variance_high"]
    point = pd.DataFrame(base | {"point": list(z), "target_point": [[1.0, 0.0, 0.0]] * 8})
    record = decompose(validate(point), population="these", interval=0.9).records[0]
    assert record["metric"] == "a-norm"
    assert record["error"] == pytest.approx(((z - [1, 0, 0]) ** 2).sum(axis=1).mean())


def test_embeddings_have_a_jackknife_too():
    z = np.random.default_rng(0).normal(size=(12, 3))
    frame = pd.DataFrame({"model": "m", "question": np.repeat(["a", "b"], 6), "embedding": list(z)})
    record = decompose(validate(frame), estimator="unbiased", interval=0.9, population="these").records[0]
    assert record["variance_low"] < record["variance"] < record["variance_high"]
    assert record["error_low"] is None


@pytest.mark.parametrize("population", ["like-these", "these"])
@pytest.mark.parametrize("estimator", ["plug-in", "unbiased"])
def test_ends_are_where_terms_can_lie(population, estimator):
    """Two questions, one always wrong and one of four ways: Student's t alone would end at an error of 7."""
    frame = pd.DataFrame({"model": "m", "question": ["a"] * 4 + ["b"] * 4, "answer": [1] * 4 + [0, 1, 2, 3]})
    how = {"interval": 0.99, "population": population, "estimator": estimator}
    record = decompose(validate(frame.assign(target=0, n_choices=4)), **how).records[0]
    assert 0 <= record["error_low"] < record["error"] < record["error_high"] <= 2
    assert 0 <= record["variance_low"] <= record["variance"] <= record["variance_high"] <= 1


def test_one_question_with_errors_says_little_of_incoherence():
    frame = pd.DataFrame({"model": "m", "question": np.repeat(np.arange(50), 4), "answer": 0})
    frame.loc[:1, "answer"] = 1
    record = decompose(validate(frame.assign(target=0, n_choices=4)), interval=0.9).records[0]
    assert record["incoherence"] == pytest.approx(0.5)
    assert record["incoherence_low"] < 0.1 and record["incoherence_high"] > 0.9


def test_responses_that_never_differ_are_told():
    frame = pd.DataFrame({"model": "m", "question": ["a", "a", "b", "b"], "answer": [0, 0, 1, 1], "target": 0})
    how = {"interval": 0.9, "population": "these"}
    found = decompose(validate(frame.assign(n_choices=4)), **how)
    assert any("never differ in error in a group (m)" in note for note in found.notes)
    assert not any("never differ in error" in note for note in decompose(validate(made()), **how).notes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"by": ["modle"]}, "did you mean 'model'"),
        ({"metric": "coverage"}, "needs the outcome tests"),
        ({"metric": "brie"}, "did you mean 'brier'"),
        ({"metric": "kl", "estimator": "unbiased"}, "no unbiased estimator"),
        ({"estimator": "best"}, "no estimator"),
        ({"population": "all"}, "no population"),
        ({"interval": 90.0}, "The interval is 90.0; it must be a probability"),
        ({"delta": 0.0}, "delta"),
        ({"unparsable": "right"}, "uniform or wrong"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(BadInput, match=words):
        decompose(validate(made()), **options)


def test_the_package_is_also_the_function():
    import hotmess.decompose

    responses = validate(made())
    assert hotmess.decompose(responses, by=["model"]).records == decompose(responses, by=["model"]).records


def test_no_group_by_a_column_of_nothing_but_its_name():
    with pytest.raises(BadInput, match="no column 'category' to group by"):
        decompose(validate(made()), by=["category"])


def test_what_no_question_shows_is_in_the_interval():
    """None of 20 questions shows what s of them show with probability (1 − s)^20: as many may be wrong, at worst always
    in the same way, which is error 2, or evenly, half of it variance. Where there is no worst, the point is told."""
    rows = [(m, q, s) for m in "ab" for q in range(20) for s in range(3)]
    frame = pd.DataFrame(rows, columns=["model", "question", "sample"]).assign(answer=0, target=0, n_choices=4)
    found = decompose(validate(frame), estimator="unbiased", interval=0.9)
    share = 1 - 0.05 ** (1 / 20)
    for name, most in (("error", 2), ("bias2", 2), ("variance", 1)):
        assert found.records[0][name] == found.records[0][f"{name}_low"] == 0
        assert found.records[0][f"{name}_high"] == pytest.approx(most * share, rel=0.05)
    assert not any("points" in note for note in found.notes)
    alike = decompose(validate(frame), metric="kl", interval=0.9)
    want = f"2 groups (a and one more), so that intervals are points: up to {share:.0%} of questions"
    assert any(want in note for note in alike.notes)
    wrong = decompose(validate(frame.assign(answer=1)), interval=0.9).records[0]
    assert wrong["error_low"] == pytest.approx(2 * (1 - share), rel=0.05) and wrong["error_high"] == 2
