"""The table of reliability: sets, pairs of models, notes, and the command."""

import json

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.cli import main
from hotmess.errors import BadInput, NotTestable
from hotmess.responses.validate import validate


def frame(**columns):
    return hm.read(pd.DataFrame(columns), allow_copies=True)


@pytest.fixture(scope="module")
def two_models():
    rng = np.random.default_rng(0)
    rows = []
    for m, accuracy in (("a", 0.5), ("b", 0.8)):
        for q in range(60):
            p = np.clip(accuracy + 0.3 * rng.normal(), 0, 1)
            rows += [
                {"model": m, "question": q, "sample": s, "answer": int(rng.random() > p), "target": 0, "n_choices": 3}
                for s in range(8)
            ]
    return hm.read(pd.DataFrame(rows), allow_copies=True)


def value(found, quantity, k=None, **where):
    t = found.table[found.table["quantity"] == quantity]
    t = t[t["k"].isna()] if k is None else t[t["k"] == k]
    for name, v in where.items():
        t = t[t[name] == v]
    assert len(t) == 1
    return t.iloc[0]


def test_letters_texts_tests_and_scores_give_the_same_counts(two_models):
    t = two_models.table
    right = (t["answer"] == t["target"]).astype(float)
    base = t[["model", "question", "sample"]]
    by_letters = hm.reliability(two_models)
    others = {
        "score": hm.read(base.assign(score=right), allow_copies=True),
        "tests": hm.read(base.assign(tests=[[1, int(x)] for x in right]), allow_copies=True),
        "text": hm.read(base.assign(text=np.where(right == 1, "yes", "no"), target="yes"), allow_copies=True),
    }
    for name, responses in others.items():
        other = hm.reliability(responses)
        pd.testing.assert_frame_equal(by_letters.table, other.table, obj=name)


def test_differences_are_paired_over_questions(two_models):
    found = hm.reliability(two_models, k=[1, 4])
    d = found.differences.set_index(["quantity", found.differences["k"].fillna(0)])
    for quantity, k in (("accuracy", 0), ("pass^k", 4), ("flips", 0), ("icc", 0)):
        sides = [value(found, quantity, k or None, model=m)["value"] for m in "ab"]
        assert d.loc[(quantity, k), "difference"] == pytest.approx(sides[0] - sides[1])
    same = two_models.table.assign(model="c")
    both = hm.read(
        pd.concat([two_models.table[two_models.table["model"] == "a"], same[two_models.table["model"] == "a"]]),
        allow_copies=True,
    )
    gone = hm.reliability(both).differences
    assert np.abs(gone["difference"]).max() < 1e-12
    assert np.abs(gone.loc[gone["quantity"] != "entropy", ["low", "high"]]).to_numpy().max() < 0.06  # none of 60


def test_questions_count_once_however_often_they_were_asked():
    answers = [0] * 12 + [1, 1]
    responses = frame(
        model="m", question=[0] * 12 + [1] * 2, sample=[*range(12), 0, 1], answer=answers, target=0, n_choices=2
    )
    found = hm.reliability(responses, k=[1])
    assert value(found, "accuracy")["value"] == pytest.approx(0.5)


def test_beyond_the_responses_there_are_bounds_and_no_value(two_models):
    row = value(hm.reliability(two_models, k=[2, 40]), "pass^k", 40, model="b")
    assert row["kind"] == "bounds" and np.isnan(row["value"]) and 0 <= row["low"] < row["high"] <= 1


def test_scores_between_have_best_and_worst_until_a_threshold_is_named():
    rng = np.random.default_rng(1)
    responses = frame(model="m", question=np.repeat(range(20), 4), sample=np.tile(range(4), 20), score=rng.random(80))
    plain, cut = hm.reliability(responses, k=[2]), hm.reliability(responses, k=[2], right=0.5)
    assert {"best of k", "worst of k", "score"} <= set(plain.table["quantity"])
    assert "flips" not in set(plain.table["quantity"])
    assert {"pass@k", "pass^k", "flips"} <= set(cut.table["quantity"])
    assert (
        value(plain, "best of k", 2)["value"] > value(plain, "score")["value"] > value(plain, "worst of k", 2)["value"]
    )


def test_stopping_by_outcome_is_seen_and_stopping_by_lot_is_not():
    rng = np.random.default_rng(2)

    def rows(stop):
        out = []
        for q in range(150):
            p, seen = rng.beta(1, 1), []
            while len(seen) < 12:
                seen.append(int(rng.random() > p))
                if stop(seen):
                    break
            out += [
                {"model": "m", "question": q, "sample": s, "answer": a, "target": 0, "n_choices": 2}
                for s, a in enumerate(seen)
            ]
        return hm.read(pd.DataFrame(out), allow_copies=True)

    until_two_differ = hm.reliability(rows(lambda s: len(set(s)) > 1))
    by_lot = hm.reliability(rows(lambda s: len(s) > 1 and rng.random() < 0.4))
    assert any("have more responses where those so far agree" in n for n in until_two_differ.notes)
    assert not any("where those so far" in n for n in by_lot.notes)


def test_wordings_left_out_for_their_answers_were_not_asked_again():
    """Each wording asked once: fewer of them where answers differ is said without a word of asking again."""
    rng = np.random.default_rng(4)
    rows = []
    for q in range(150):
        answers = (rng.random(8) > rng.beta(1, 1)).astype(int)
        kept = answers if len(set(answers)) == 1 else answers[: rng.integers(2, 5)]
        rows += [{"question": q, "wording": f"w{i}", "sample": i, "answer": a} for i, a in enumerate(kept)]
    table = pd.DataFrame(rows).assign(model="m", target=0, n_choices=2)
    said = [n for n in hm.reliability(hm.read(table, sources=["wording"])).notes if "so far agree" in n]
    assert "have more levels of wording, each asked once, where answers so far agree" in said[0]
    assert "which is no asking again" in said[0] and "sample = 0" not in said[0]


def test_what_is_no_answer_is_refused():
    probs = frame(model="m", question=[0, 0], sample=[0, 1], probs=[[0.5, 0.5], [0.4, 0.6]], target=0)
    with pytest.raises(NotTestable, match="is none, and the table has no column answer"):
        hm.reliability(probs)
    single = frame(model="m", question=[0, 1], answer=[0, 1], target=0, n_choices=2)
    with pytest.raises(NotTestable, match="one response only"):
        hm.reliability(single)
    fine = frame(model="m", question=[0, 0], answer=[0, 1], target=0, n_choices=2)
    with pytest.raises(BadInput, match="whole number from 1"):
        hm.reliability(fine, k=[0])
    with pytest.raises(BadInput, match=r"whole number from 1 to 1,000,000,000,000"):
        hm.reliability(fine, k=[10**30])
    with pytest.raises(BadInput, match="--right"):
        hm.reliability(fine, right=0.5)
    scores = frame(model="m", question=[0, 0], score=[0.0, 0.7])
    for right in (float("nan"), 0.0, -1.0, 2.0, "a"):
        with pytest.raises(BadInput, match="scores lie between 0 and 1"):
            hm.reliability(scores, right=right)


def test_counted_tables_give_the_same(two_models, tmp_path):
    two_models.table.to_parquet(tmp_path / "r.parquet")
    counted = hm.read(tmp_path / "r.parquet", engine="duckdb")
    pd.testing.assert_frame_equal(hm.reliability(two_models).table, hm.reliability(counted).table)


def test_the_command_prints_json_alone(two_models, tmp_path, capsys):
    two_models.table.to_parquet(tmp_path / "r.parquet")
    assert main(["reliability", str(tmp_path / "r.parquet"), "--k", "1,4", "--json", "--allow-copies"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert {"model", "quantity", "k", "questions", "value", "low", "high", "kind"} == set(records[0])
    assert main(["reliability", str(tmp_path / "r.parquet"), "--differences", "--allow-copies"]) == 0
    assert "pass^4" in capsys.readouterr().out


def test_differences_of_no_two_models_are_an_error_and_not_silence(two_models, tmp_path, capsys):
    two_models.table.query("model == @two_models.table.model.iloc[0]").to_parquet(tmp_path / "r.parquet")
    assert main(["reliability", str(tmp_path / "r.parquet"), "--allow-copies", "--differences"]) == 2
    assert "no two models to compare" in capsys.readouterr().err


def test_where_every_question_is_right_every_time_the_interval_is_the_exact_one():
    """Of Q questions that all are right, the lower end of a 90% interval is 0.05^(1/Q); likewise where none is."""
    for right, side, want in ((1, "low", 0.05 ** (1 / 40)), (0, "high", 1 - 0.05 ** (1 / 40))):
        frame = pd.DataFrame({"model": "m", "question": np.repeat(range(40), 3), "sample": [*range(3)] * 40})
        found = hm.reliability(hm.read(frame.assign(score=float(right)), allow_copies=True), k=[3]).table
        rows = found.set_index("quantity")
        for name in ("accuracy", "pass^k", "pass@k"):
            assert rows.loc[name, side] == pytest.approx(want, abs=0.012)
            assert rows.loc[name, "low" if side == "high" else "high"] == right
        assert rows.loc["flips", "high"] > 0.05 and rows.loc["agreement", "low"] < 0.95


def test_rare_failures_are_covered():
    """5 of 100 questions fail on average: the interval of accuracy holds 0.95 in 85% of 200 data sets at least."""
    rng, held = np.random.default_rng(3), 0
    for _ in range(200):
        score = np.repeat((rng.random(100) < 0.95).astype(float), 2)
        frame = pd.DataFrame({"model": "m", "question": np.repeat(range(100), 2), "sample": [0, 1] * 100})
        row = hm.reliability(validate(frame.assign(score=score)), k=[1], draws=400).table.iloc[0]
        held += row["low"] <= 0.95 <= row["high"]
    assert held >= 170


def test_one_question_has_no_interval_and_a_note_says_why():
    frame = pd.DataFrame({"model": "m", "question": "q", "answer": [0, 1, 1, 2, 0, 1], "target": 0, "n_choices": 3})
    one = hm.read(frame, allow_copies=True)
    for found in (hm.reliability(one, k=[1]), hm.modes(one)):
        assert any("one question only" in note for note in found.notes)
        assert found.table["low"].isna().all() and found.table["high"].isna().all()


def test_columns_that_divide_alike_are_named():
    rng = np.random.default_rng(0)
    q, p, s = (a.ravel() for a in np.indices((12, 5, 3)))
    frame = pd.DataFrame({"model": "m", "question": q, "prompt": p, "wording": p, "sample": 3 * p + s})
    read = hm.read(frame.assign(score=rng.random(len(q)).round()), sources=["prompt", "wording"], allow_copies=True)
    assert any(
        "prompt and wording divide every question alike" in n for n in hm.sources(read, ["prompt", "wording"]).notes
    )


def test_the_correlation_takes_pairs_of_different_questions_not_of_budgets():
    """Two questions in two budgets, by enumeration: pairs of one question in two budgets are no pairs of questions."""
    scores = {(0, 0): [1, 1], (0, 1): [1, 0], (1, 0): [0, 0], (1, 1): [0, 1]}
    rows = [
        {"model": "m", "question": q, "budget": b, "sample": s, "score": x}
        for (q, b), own in scores.items()
        for s, x in enumerate(own)
    ]
    table = hm.reliability(hm.read(pd.DataFrame(rows), allow_copies=True), k=[1]).table
    pairs = np.mean([x[0] * x[1] for x in scores.values()])
    across = np.mean(
        [x * y for (q, _), a in scores.items() for (r, _), b in scores.items() if q < r for x in a for y in b]
    )
    within = np.mean([np.var(x, ddof=1) for x in scores.values()])
    want = (pairs - across) / (pairs - across + within)
    assert table.set_index("quantity").loc["icc", "value"] == pytest.approx(want)


def test_answers_that_never_differed_may_yet():
    rows = [{"model": "m", "question": q, "sample": s, "score": 0.0} for q in range(20) for s in range(3)]
    entropy = hm.reliability(hm.read(pd.DataFrame(rows), allow_copies=True)).table.set_index("quantity").loc["entropy"]
    assert entropy["value"] == 0 and entropy["high"] == pytest.approx(1.5 * (1 - 0.05 ** (1 / 20)), rel=0.05)


def compared(a, b):
    """Differences of two models with these scores."""
    rows = [
        {"model": m, "question": q, "sample": s, "score": float(x)}
        for m, own in (("a", a), ("b", b))
        for q, given in enumerate(own)
        for s, x in enumerate(given)
    ]
    found = hm.reliability(hm.read(pd.DataFrame(rows), allow_copies=True), k=[3])
    return found.differences.set_index("quantity")


def test_differences_are_possible_and_equal_ones_are_0():
    """No difference is beyond 1 (icc: 2); where both are always right it is 0, to the last digit."""
    far = compared(["1000", "0110", "0101", "0100"], ["111", "111", "111", "100"])
    assert ((far["low"] >= -1) & (far["high"] <= 1)).drop(["icc", "entropy"]).all()
    assert far.loc["icc", "low"] >= -2 and far.loc["icc", "high"] <= 2
    equal = compared(["1100", "0110", "0101", "1001"], ["111"] * 4).loc["pass@k"]
    assert equal["difference"] == 0 and equal["low"] == -equal["high"]


@pytest.mark.parametrize("size", [20, 60])
def test_models_that_never_differed_may_yet(size):
    """Q differences of 0: where a share s of questions differs by 1, none is seen in (1 − s)^Q of data sets."""
    found = compared(["111"] * size, ["1111"] * size)
    want = 1 - 0.05 ** (1 / size)
    for name in ("accuracy", "pass^k", "pass@k", "flips", "agreement"):
        difference, low, high = found.loc[name, ["difference", "low", "high"]]
        assert difference == 0 and (low, high) == pytest.approx((-want, want), rel=0.1)
    apart = compared(["111"] * size, ["0000"] * size).loc["accuracy"]
    assert apart["high"] == 1 and 1 - apart["low"] == pytest.approx(2 * want, rel=0.1)


@pytest.mark.parametrize("name", ["responses", "quantity", "value"])
def test_sets_are_not_made_by_a_column_that_the_result_has(name):
    table = hm.example().table[["model", "question", "budget", "sample", "answer", "target", "n_choices"]]
    with pytest.raises(BadInput, match="of its own"):
        hm.reliability(hm.read(table.assign(**{name: 1}), allow_copies=True), [name], k=[1])
