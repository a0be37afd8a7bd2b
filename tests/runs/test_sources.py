"""Parts of variance by source against enumeration, analysis of variance, and the unbiased decomposition."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hotmess as hm
from hotmess.claims.catalogue import CATALOGUE
from hotmess.errors import BadInput, NotTestable
from hotmess.runs.pairs import pair_sums, pair_values, parts


def by_hand(z, question, levels):
    """D of every agreement pattern and question, by looking at every pair."""
    out = {}
    for i, j in product(range(len(z)), repeat=2):
        if i != j and question[i] == question[j]:
            shared = frozenset(s for s, level in enumerate(levels) if level[i] == level[j])
            out.setdefault((shared, question[i]), []).append(0.5 * ((z[i] - z[j]) ** 2).sum())
    return {key: np.mean(value) for key, value in out.items()}


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_distances_are_means_over_all_pairs(seed, sources):
    rng = np.random.default_rng(seed)
    n = 14
    question, z = rng.integers(0, 2, n), rng.normal(size=(n, 2))
    question[:2] = [0, 1]
    levels = [rng.integers(0, 3, n) for _ in range(sources)]
    sums, hand = pair_sums(z, question, levels), by_hand(z, question, levels)
    found = sums.distance()
    for at, shared in enumerate(sums.shared):
        for q in (0, 1):
            assert found[at, q] == pytest.approx(hand.get((shared, q), np.nan), nan_ok=True)
    assert {s for s, _ in hand} == set(sums.shared)


@pytest.mark.parametrize("sources", [1, 2])
def test_values_of_single_responses_are_means_over_their_own_pairs(sources):
    rng = np.random.default_rng(3)
    question, z = np.repeat([0, 1], 9), rng.normal(size=(18, 2))
    levels = [rng.integers(0, 3, 18) for _ in range(sources)]
    of = parts(pair_sums(z, question, levels).shared)[None]
    hand = np.zeros(18)
    for pattern, times in of.items():
        pairs = [
            [0.5 * ((z[i] - z[j]) ** 2).sum() for j in range(18) if agree(i, j, question, levels) == pattern]
            for i in range(18)
        ]
        known = np.array([np.mean(one) if one else np.nan for one in pairs])
        hand += times * np.where(np.isnan(known), np.nanmean(known), known)
    np.testing.assert_allclose(pair_values(z, question, levels, of), hand, atol=1e-12)


def agree(i, j, question, levels):
    """Sources in which two responses to a question agree; None of others, and of a response with itself."""
    if i == j or question[i] != question[j]:
        return None
    return frozenset(s for s, level in enumerate(levels) if level[i] == level[j])


def anova(frame):
    """Variance components of a balanced two-way layout with replicates, from its mean squares."""
    import statsmodels.formula.api as smf
    from statsmodels.stats.anova import anova_lm

    table = anova_lm(smf.ols("z ~ C(a) * C(b)", frame).fit())["mean_sq"]
    a, b = frame["a"].nunique(), frame["b"].nunique()
    n = len(frame) // (a * b)
    both = (table["C(a):C(b)"] - table["Residual"]) / n
    return {
        "a": (table["C(a)"] - table["C(a):C(b)"]) / (b * n),
        "b": (table["C(b)"] - table["C(a):C(b)"]) / (a * n),
        "a × b": both,
        "sampling": table["Residual"],
    }


def test_crossed_sources_are_the_analysis_of_variance():
    rng = np.random.default_rng(5)
    rows = [
        {"a": a, "b": b, "z": za + zb + zab + rng.normal()}
        for a, za in enumerate(rng.normal(size=4))
        for b, zb in enumerate(rng.normal(size=3))
        for zab in rng.normal(size=1)
        for _ in range(2)
    ]
    frame = pd.DataFrame(rows)
    sums = pair_sums(frame[["z"]].to_numpy(), np.zeros(len(frame), int), [frame["a"].to_numpy(), frame["b"].to_numpy()])
    place = {s: i for i, s in enumerate(sums.shared)}
    d = sums.distance()[:, 0]
    names = {frozenset({0}): "a", frozenset({1}): "b", frozenset({0, 1}): "a × b", None: "sampling"}
    want = anova(frame)
    for key, combination in parts(sums.shared).items():
        assert sum(c * d[place[s]] for s, c in combination.items()) == pytest.approx(want[names[key]])


def letters(rng, questions=40, prompts=6, samples=4, spread=1.0):
    rows = []
    for q, p in product(range(questions), range(prompts)):
        base = q / questions * 2 - 1 + spread * rng.normal()
        for s in range(samples):
            a = int(rng.random() > 1 / (1 + np.exp(-base)))
            rows.append({"model": "m", "question": q, "context": f"{q}-{p}", "sample": s, "answer": a})
    return hm.read(pd.DataFrame(rows).assign(target=0, n_choices=2), allow_copies=True)


def test_with_contexts_as_the_source_the_whole_is_the_unbiased_variance():
    responses = letters(np.random.default_rng(1))
    table = hm.sources(responses, ["context"], draws=20).table.set_index("part")
    unbiased = hm.decompose(responses, by=["model"], estimator="unbiased").records[0]
    assert table.loc["total", "value"] == pytest.approx(unbiased["variance"])
    assert table.loc["total", "incoherence"] == pytest.approx(unbiased["incoherence"])
    assert table["value"].drop("total").sum() == pytest.approx(unbiased["variance"])


def test_a_source_without_effect_has_no_part_and_one_with_effect_its_own():
    """Within four Monte Carlo errors of the truth, over 20 data sets."""
    rng = np.random.default_rng(2)
    p = 1 / (1 + np.exp(-(np.arange(40) / 20 - 1)[:, None] - np.random.default_rng(0).normal(size=(40, 20_000))))
    truth = {0.0: 0.0, 1.0: 2 * p.var(axis=1).mean()}  # of one-hot letters: twice that of one coordinate
    for spread, want in truth.items():
        values = [
            hm.sources(letters(rng, spread=spread), ["context"], draws=2)
            .table.set_index("part")
            .loc["context", "value"]
            for _ in range(20)
        ]
        assert abs(np.mean(values) - want) < 4 * np.std(values) / np.sqrt(20)


def test_an_inner_source_is_named_within_its_outer():
    rows = [
        {"model": "m", "question": q, "prompt": p, "story": f"{q}{p}{s}", "sample": f"{p}{s}{j}"}
        | {"score": ((q + 2 * p + 3 * s + j) % 7) / 7}
        for q, p, s, j in product(range(5), range(3), range(3), range(2))
    ]
    responses = hm.read(pd.DataFrame(rows), allow_copies=True, sources=["prompt"])
    found = hm.sources(responses, ["prompt", "story"], draws=20).table
    assert found["part"].tolist() == ["prompt", "story within prompt", "sampling", "total"]
    assert found["value"].iloc[:3].sum() == pytest.approx(found["value"].iloc[3])


def test_without_repeats_sampling_and_interactions_are_one():
    rows = [
        {"model": "m", "question": q, "prompt": p, "judge": j, "sample": f"{p}{j}", "score": ((q * p + j) % 3) / 2}
        for q, p, j in product(range(6), range(3), range(3))
    ]
    responses = hm.read(pd.DataFrame(rows), allow_copies=True, sources=["prompt", "judge"])
    found = hm.sources(responses, ["prompt", "judge"], draws=20)
    assert found.table["part"].tolist() == ["prompt", "judge", "sampling and interactions", "total"]
    assert any("fewer than 5" in note for note in found.notes)


def test_judges_that_always_agree_have_no_share_of_nothing():
    """Scores of sixths, equal within a question: rounding is no variance, and nothing has no shares."""
    rows = [
        {"model": "m", "question": q, "judge": j, "sample": 2 * j + s, "score": q / 6}
        for q, j, s in product(range(6), range(5), range(2))
    ]
    found = hm.sources(hm.read(pd.DataFrame(rows), allow_copies=True, sources=["judge"]), ["judge"], draws=200).table
    assert (found["value"] == 0).all() and found["share"].isna().all()


def test_what_cannot_be_told_apart_is_refused():
    responses = letters(np.random.default_rng(1), questions=3)
    with pytest.raises(BadInput, match="no column 'promt'"):
        hm.sources(responses, ["promt"])
    with pytest.raises(BadInput, match="The column answer says how a response turned out"):
        hm.sources(responses, ["answer"])
    with pytest.raises(BadInput, match="makes the sets"):
        hm.sources(responses, ["model"])
    with pytest.raises(NotTestable, match="No question has responses with two values"):
        hm.sources(responses, ["condition"])
    with pytest.raises(BadInput, match="Name a source"):
        hm.sources(responses, [])


@pytest.mark.parametrize("levels", [5, 12])
def test_a_part_of_levels_that_questions_share_is_covered(levels):
    """90% intervals of prompts that are the same for all questions: at least 85% of 40 data sets, up to chance."""
    rng, held, sets = np.random.default_rng(levels), 0, 40
    for _ in range(sets):
        main, both = rng.normal(0, 0.12, levels), rng.normal(0, 0.06, (30, levels))
        x = 0.5 + main[None, :, None] + both[:, :, None] + rng.normal(0, 0.1, (30, levels, 2))
        question, prompt, sample = (one.ravel() for one in np.indices(x.shape))
        frame = pd.DataFrame({"model": "m", "question": question, "prompt": prompt, "sample": 2 * prompt + sample})
        responses = hm.read(frame.assign(score=np.clip(x.ravel(), 0, 1)), allow_copies=True, sources=["prompt"])
        row = hm.sources(responses, ["prompt"], draws=400).table.set_index("part").loc["prompt"]
        held += row["low"] <= 0.12**2 + 0.06**2 <= row["high"]
    assert held >= 0.85 * sets - 3 * np.sqrt(sets * 0.85 * 0.15)


def test_the_context_and_columns_of_the_cell_stay_what_they_were_beside_another_source():
    """Reading with several sources makes their combinations the clusters; each still has its own part."""
    rng = np.random.default_rng(4)
    one, two, three = rng.normal(0, 0.1, 6), rng.normal(0, 0.05, 5), rng.normal(0, 0.05, 4)
    rows = [
        {"model": "m", "question": q, "context": f"c{c}", "judge": f"j{j}", "condition": f"b{b}", "sample": 0}
        | {"score": float(np.clip(0.5 + one[c] + two[j] + three[b] + 0.02 * rng.normal(), 0, 1))}
        for q, c, j, b in product(range(12), range(6), range(5), range(4))
    ]
    names = ["context", "judge", "condition"]
    responses = hm.read(pd.DataFrame(rows), allow_copies=True, sources=names)
    assert responses.sources == tuple(names)
    found = hm.sources(responses, names, draws=200).table.set_index("part")["value"]
    for name, effect in zip(names, (one, two, three)):
        assert found[name] == pytest.approx(np.var(effect, ddof=1), abs=5e-4)
    other = pd.DataFrame(rows).assign(judge_source="everywhere the same")  # a column of the user's own
    again = hm.sources(hm.read(other, allow_copies=True, sources=names), names, draws=200).table.set_index("part")
    assert again["value"]["judge"] == pytest.approx(found["judge"])


def test_a_model_without_pairs_is_left_out_and_named():
    once = [{"model": "once", "question": q, "prompt": "a", "sample": 0, "score": 0.5} for q in range(5)]
    rows = [
        {"model": "m", "question": q, "prompt": p, "sample": s, "score": ((q + p * s) % 3) / 2}
        for q, p, s in product(range(5), "012", range(2))
        for p in [int(p)]
    ]
    found = hm.sources(hm.read(pd.DataFrame(rows + once), allow_copies=True, sources=["prompt"]), ["prompt"], draws=200)
    assert set(found.table["model"]) == {"m"}
    assert any(note.startswith("once: All responses to a question have the same prompt") for note in found.notes)


def test_a_level_for_every_response_is_said_to_tell_nothing():
    rows = [
        {"model": "m", "question": q, "sample": s, "prompt": f"{q}{s}", "score": s % 2} for q in "ab" for s in range(4)
    ]
    found = hm.sources(hm.read(pd.DataFrame(rows), allow_copies=True, sources=["prompt"]), ["prompt"], draws=200)
    assert found.notes == (
        "Every response to a question has its own prompt, so that its part cannot be told from sampling.",
    )
    with pytest.raises(BadInput, match=r"The interval is 1\.5"):
        hm.sources(hm.read(pd.DataFrame(rows), allow_copies=True, sources=["prompt"]), ["prompt"], interval=1.5)


def test_where_no_two_responses_differ_the_points_are_no_certainty():
    """None of 20 questions shows what s of them show with probability 1 − (1 − s)^20."""
    q, p, s = (a.ravel() for a in np.indices((20, 3, 2)))
    frame = pd.DataFrame({"model": "m", "question": q, "prompt": p, "sample": 2 * p + s, "score": 1.0})
    found = hm.sources(hm.read(frame, allow_copies=True, sources=["prompt"]), "prompt")
    assert not found.table[["value", "low", "high"]].to_numpy().any()
    assert any("(m)" in note and f"up to {1 - 0.05 ** (1 / 20):.0%} of questions" in note for note in found.notes)
    frame.loc[0, "score"] = 0.0
    other = hm.sources(hm.read(frame, allow_copies=True, sources=["prompt"]), "prompt")
    assert not any("No two responses" in note for note in other.notes)


def test_prompts_may_be_lists_of_messages():
    rows = [
        {
            "model": "m",
            "question": q,
            "sample": s,
            "prompt": [{"role": "user", "content": s % 3}],
            "score": s * q % 4 / 3,
        }
        for q, s in product(range(4), range(6))
    ]
    listed, plain = pd.DataFrame(rows), pd.DataFrame(rows).assign(prompt=[str(row["sample"] % 3) for row in rows])
    tables = [
        hm.sources(hm.read(frame, allow_copies=True, sources=["prompt"]), ["prompt"], draws=200).table
        for frame in (listed, plain)
    ]
    pd.testing.assert_frame_equal(*tables)


def test_a_part_that_is_surely_below_0_is_said_and_decides_no_claim():
    """Three judges grade each of four responses, and the table does not say which."""
    rng, rows = np.random.default_rng(11), []
    for q, r in product(range(12), range(4)):
        quality = rng.random()
        rows += [
            {
                "model": "m",
                "question": q,
                "judge": f"j{j}",
                "sample": 3 * r + j,
                "score": np.clip(quality + rng.normal(0, 0.1), 0, 1),
            }
            for j in range(3)
        ]
    responses = hm.read(pd.DataFrame(rows), allow_copies=True, sources=["judge"])
    found = hm.sources(responses, ["judge"])
    assert found.table["high"][0] < 0
    assert any(note.startswith("The part of judge is below 0 for certain (m)") for note in found.notes)
    claim = CATALOGUE["judge-share-of-variance"]
    quantity = claim.quantity(hm.Study(responses, draws=500), "like-these")
    assert any("which no source does (m)" in why for why in quantity.held) and "judged_response" in quantity.remedy
