"""Honest repeats: refused where draws are copies, never where they are honest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from hotmess.errors import BadInput
from hotmess.responses.copies import check_copies, find_copies
from hotmess.responses.repeats import Stack, distinct_excess

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def world(seed, *, questions, n, kind="honest", options=4):
    """Draws of one model: lognormal lengths, Dirichlet answers, and copies of some kind."""
    rng = np.random.default_rng(seed)
    distinct = {"honest": n, "template": n, "one": 1, "thirds": -(-n // 3), "runs": -(-n // 2), "pool": max(2, n // 4)}
    center = rng.normal(np.log(rng.choice([30, 80, 300, 2_000])), 0.5, questions)
    spread, scatter = rng.choice([0.05, 0.15, 0.4]), rng.choice([0.1, 0.5, 2.0])
    answers, lengths = [], []
    for question in range(questions):
        m = distinct[kind]
        answer = rng.choice(options, m, p=rng.dirichlet(np.full(options, scatter)))
        length = np.maximum(1, np.round(np.exp(rng.normal(center[question], spread, m))))
        if kind == "template":  # most responses are a sentence of fixed length
            length = np.where(rng.random(m) < 0.6, 25 + question % 3, length)
        pick = {
            "one": np.zeros(n, dtype=int),
            "thirds": rng.permutation(np.arange(n) % m),
            "runs": np.arange(n) % m,
            "pool": rng.integers(0, m, n),
        }.get(kind, np.arange(n))
        answers.append(answer[pick])
        lengths.append(length[pick])
    columns = {
        "question": np.repeat([f"q{q}" for q in range(questions)], n),
        "sample": np.tile(np.arange(n), questions),
    }
    columns |= {"answer": np.concatenate(answers), "reasoning_tokens": np.concatenate(lengths)}
    return pd.DataFrame(columns).assign(model="m", benchmark="b")


SIZES = [(10, 5), (30, 10), (50, 3), (50, 2), (100, 30)]


@pytest.mark.parametrize("kind", ["honest", "template"])
def test_false_alarms_are_rare(kind):
    """No more alarms than a rate of 1% explains (upper 99.9% limit)."""
    worlds = [(seed, *SIZES[seed % len(SIZES)]) for seed in range(150)]
    alarms = sum(bool(find_copies(world(seed, questions=q, n=n, kind=kind))) for seed, q, n in worlds)
    assert alarms <= binom.ppf(0.999, len(worlds), 0.01)


@pytest.mark.parametrize("kind", ["one", "runs", "thirds", "pool"])
def test_copies_are_found(kind):
    sizes = [(questions, n) for questions, n in SIZES if n >= (4 if kind == "pool" else 2)]
    found = [bool(find_copies(world(seed, questions=q, n=n, kind=kind))) for seed in range(8) for q, n in sizes]
    assert np.mean(found) >= 0.85


def test_the_sentence_names_the_cause():
    table = world(0, questions=30, n=8, kind="one")
    with pytest.raises(
        BadInput, match=r"repeats of m on b look like copies.*a temperature of 0, one seed .* --allow-cop"
    ):
        check_copies(table)
    with pytest.raises(BadInput, match="the likely cause is the seed, which several draws share"):
        check_copies(table.assign(seed=7))
    with pytest.raises(BadInput, match="the likely cause is the temperature, which was 0"):
        check_copies(table.assign(temperature=0.0))
    with pytest.raises(
        BadInput, match=r"draws 1 and \d+ of a question agree in answer and length in 100% of the questions"
    ):
        check_copies(world(1, questions=40, n=20, kind="runs"))


def test_copies_that_are_allowed_are_noted():
    (note,) = check_copies(world(0, questions=30, n=8, kind="one"), allow=True)
    assert note.startswith("Repeats that look like copies are taken as they are: the repeats of m on b")
    assert check_copies(world(0, questions=30, n=8), allow=True) == ()


def test_one_group_of_copies_among_honest_ones_is_found():
    honest = [world(seed, questions=20, n=6).assign(model=f"m{seed}") for seed in range(3)]
    bad = world(9, questions=20, n=6, kind="one").assign(model="bad")
    (found,) = find_copies(pd.concat([*honest, bad], ignore_index=True))
    assert found.where == "bad on b"


def test_texts_tell_more_than_lengths():
    table = world(3, questions=20, n=10, kind="one")
    assert "answer and length" in find_copies(table)[0].what
    table["text_hash"] = np.arange(len(table))
    assert not find_copies(table)
    table["text_hash"] = table.groupby("question").ngroup()
    assert "differ in text" in find_copies(table)[0].what


def test_short_answers_may_be_equal():
    table = world(4, questions=40, n=10, kind="one")
    table["reasoning_tokens"] = 4
    assert not find_copies(table)
    (found,) = find_copies(table.assign(temperature=0.0))
    assert found.what == "nothing varies in 40 of 40 questions"


def test_repeats_in_several_contexts_at_temperature_0_may_be_equal():
    table = world(4, questions=40, n=10, kind="one").assign(reasoning_tokens=4, temperature=0.0)
    table["context"] = table["sample"].astype(str)
    table["sample"] = 0
    assert not find_copies(table)


def test_probabilities_read_off_a_fixed_prompt_are_not_looked_at():
    table = world(5, questions=30, n=6, kind="one")
    table["probs"] = [[0.7, 0.1, 0.1, 0.1]] * len(table)
    assert not find_copies(table)


@pytest.mark.parametrize("columns", [["model", "question"], ["question", "answer"], ["model", "question", "answer"]])
def test_where_there_is_nothing_to_compare_nothing_is_said(columns):
    assert check_copies(world(0, questions=10, n=5, kind="one")[columns]) == ()


def test_single_responses_are_no_repeats():
    table = world(0, questions=50, n=1)
    assert check_copies(table) == () and check_copies(table.iloc[:0]) == ()


def test_missing_values_are_left_out():
    table = world(6, questions=20, n=8)
    table.loc[::3, "reasoning_tokens"] = np.nan
    table["answer"] = table["answer"].astype("Int64")
    table.loc[1::5, "answer"] = pd.NA
    assert check_copies(table) == ()


def test_the_excess_of_copies_by_hand():
    """Five questions of four responses: two distinct pairs each, lengths far apart, all answers equal."""
    lengths = np.array([[100.0, 100.0, 200.0, 200.0]]) + 1_000 * np.arange(5)[:, None]
    keys = lengths.astype(np.int64)
    excess, distinct, expected, sizes = distinct_excess([Stack(np.zeros((5, 4), np.int64), lengths, keys)], 20.0)
    between = 10 * (1 / 10) ** 2  # ten lengths, each of a tenth of the responses
    q = 2 * between + 0.02
    np.testing.assert_allclose(expected, (1 - (1 - q) ** 4) / (4 * q), rtol=1e-12)
    np.testing.assert_allclose(distinct, 0.5)
    np.testing.assert_allclose(excess, (expected - 0.5) / (expected - 0.25), rtol=1e-12)
    assert sizes.tolist() == [4] * 5


@pytest.mark.parametrize("name", ["cot-scaling-qwen2.5", "gemma4-trajectory-mmlu-pro", "hinted-mcq", "terminal-bench"])
def test_public_tables_are_honest(name):
    path = SHARED / f"{name}.parquet"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    assert check_copies(pd.read_parquet(path)) == ()


def test_the_projects_own_draws_are_honest():
    tables = sorted((Path(__file__).resolve().parents[2] / "data").glob("*.parquet"))
    if not tables:
        pytest.skip("data/ holds no tables")
    for path in tables:
        assert check_copies(pd.read_parquet(path)) == (), path.name


@pytest.mark.parametrize("copies", [2, 20])
def test_public_runs_that_are_copied_are_found(copies):
    """The first responses of each question stand for all: two runs with the same seeds, or one response for all."""
    path = SHARED / "cot-scaling-qwen2.5.parquet"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    table = pd.read_parquet(path, filters=[("condition", "=", "cot"), ("benchmark", "=", "openbookqa")])
    first = table[table["sample"] < 20 // copies]
    again = [first.assign(sample=first["sample"] + 20 // copies * number) for number in range(copies)]
    found = find_copies(pd.concat(again, ignore_index=True))
    assert len(found) == table["model"].nunique()


def hidden(seed=0, *, questions=30, n=6, condition="a"):
    """Reasoning that is not shown: short visible answers, often equal, whose reasoning tokens differ."""
    table = world(seed, questions=questions, n=n).assign(condition=condition)
    return table.assign(text_hash=[f"{q} {a}" for q, a in zip(table["question"], table["answer"], strict=True)])


def test_equal_short_answers_after_different_reasoning_are_no_copies():
    assert not find_copies(hidden().assign(answer=1, text_hash="ANSWER: B"))
    alike = hidden().assign(answer=1, text_hash="ANSWER: B")
    alike["reasoning_tokens"] = alike.groupby("question")["reasoning_tokens"].transform("first")
    assert "differ in text" in find_copies(alike)[0].what


@pytest.mark.parametrize("pad", [1, 3, 40])
@pytest.mark.parametrize("n", [1, 4])
def test_copies_with_longer_lengths_are_found(pad, n):
    table = hidden(questions=60, n=n)
    again = table.assign(sample=table["sample"] + n, reasoning_tokens=table["reasoning_tokens"] + pad)
    (found,) = find_copies(pd.concat([table, again], ignore_index=True))
    assert f"differ from another one to the question by {pad} in length alone" in found.what
    shuffled = again.assign(sample=again.groupby("question")["sample"].transform(lambda s: s.to_numpy()[::-1]))
    assert find_copies(pd.concat([table, shuffled], ignore_index=True))


@pytest.mark.parametrize("step", [1, 2, 64])
def test_lengths_that_are_rounded_are_no_padded_copies(step):
    for seed in range(20):
        table = world(seed, questions=60, n=4)
        table["reasoning_tokens"] = np.maximum(np.round(table["reasoning_tokens"] / step), 1) * step + 20
        assert not any("in length alone" in one.what for one in find_copies(table))


def test_coarse_lengths_are_no_copies_where_questions_have_unequally_many():
    """How often lengths coincide is seen across questions, also where one alone has the fewest responses."""
    alarms = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        table = world(seed, questions=9, n=8)
        table["answer"] = rng.random(72) < np.repeat(rng.beta(0.3, 0.1, 9), 8)
        table["reasoning_tokens"] = rng.choice([200, 400], 72)
        alone = (table["question"] == "q0") & (table["sample"] >= 3)
        alarms += bool(find_copies(table[~alone]))
    assert alarms == 0


@pytest.mark.parametrize("name", ["condition", "model", "budget"])
def test_copies_under_another_name_are_found(name):
    table = hidden(questions=40, n=4)
    again = table.assign(**{name: "other"})
    again["sample"] = again.groupby("question")["sample"].transform(lambda s: s.to_numpy()[::-1])  # renumbered
    (found,) = find_copies(pd.concat([table, again], ignore_index=True))
    assert "100% of the responses of" in found.what and f"{name} 'other'" in found.what
    half = again.assign(reasoning_tokens=again["reasoning_tokens"] * (1 + again["sample"] % 2))  # half are new
    assert not find_copies(pd.concat([table, half], ignore_index=True))


def test_other_conditions_and_other_models_are_no_copies():
    for seed in range(40):
        parts = [
            world(40 * seed + at, questions=30, n=4).assign(condition=f"c{at}", model=f"m{at % 2}") for at in range(4)
        ]
        assert not find_copies(pd.concat(parts, ignore_index=True))


def test_greedy_answers_may_be_equal_under_two_conditions():
    table = hidden(questions=40, n=1)
    both = pd.concat([table, table.assign(condition="b")], ignore_index=True)
    assert not find_copies(both)
    several = pd.concat([hidden(n=3), hidden(n=3).assign(condition="b")], ignore_index=True)
    assert find_copies(several) and not find_copies(several.assign(temperature=0.0))
