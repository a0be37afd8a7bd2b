"""Claims on shares of sources and on reliability with scale: worlds where they hold, fail, or cannot be told."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.kinds.source_share import filled, is_judging, permuted
from hotmess.claims.study import Study
from hotmess.claims.test import test_claims as hm_tests
from hotmess.laws.lines import line_draws
from hotmess.runs.counts import intraclass
from hotmess.runs.equal_accuracy import equal_accuracy

CONTEXT, JUDGE, SCALE = (
    CATALOGUE[name] for name in ("context-share-of-variance", "judge-share-of-variance", "reliability-rises-with-scale")
)


def contexts(spread, *, shared, levels=8, questions=60, samples=3, seed=0, models=1):
    """Right and wrong, contexts moving the log odds with this standard deviation."""
    rng, rows = np.random.default_rng(seed), []
    for m in range(models):
        main = rng.normal(0, spread, levels)
        for q, base in enumerate(rng.normal(size=questions)):
            for k in range(levels):
                odds = base + (main[k] if shared else rng.normal(0, spread))
                answers = (rng.random(samples) > 1 / (1 + np.exp(-odds))).astype(int)
                name = f"c{k}" if shared else f"{q}-{k}"
                rows += [(f"m{m}", q, name, k * samples + s, a) for s, a in enumerate(answers)]
    frame = pd.DataFrame(rows, columns=["model", "question", "context", "sample", "answer"])
    return hm.read(frame.assign(target=0, n_choices=2), allow_copies=True)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.slow
def test_contexts_that_do_nothing_and_contexts_that_do_much(shared):
    none = hm.test(CONTEXT, contexts(0.0, shared=shared, models=2))
    assert none.verdict == "supported" and abs(none.median) < 0.07
    much = hm.test(CONTEXT, contexts(2.0, shared=shared, levels=16, models=2))
    assert much.verdict == "contradicted" and 0.2 < much.median < 0.6
    assert [one["name"] for one in much.each] == ["m0", "m1"]


@pytest.mark.slow
def test_at_the_edge_of_the_region_little_is_decided():
    """A share of a tenth: log odds of standard deviation 0.72; two directed verdicts of 12 have P < 0.04 at 2.5%."""
    base, level = np.random.default_rng(0).normal(size=(2, 200_000))
    p = 1 / (1 + np.exp(-base[:, None] - 0.72 * level[:200]))
    assert p.var(axis=1).mean() / (p.mean(axis=1) * (1 - p.mean(axis=1))).mean() == pytest.approx(0.1, abs=0.015)
    found = [hm.test(CONTEXT, contexts(0.72, shared=False, questions=50, seed=s)).verdict for s in range(12)]
    assert sum(verdict != "inconclusive" for verdict in found) <= 2


def test_contexts_that_cannot_be_told_from_sampling_are_not_testable():
    once = hm.test(CONTEXT, contexts(1.0, shared=False, samples=1))
    assert once.verdict == "not testable" and "one response to a question only" in once.sentence
    two = hm.test(CONTEXT, contexts(0.0, shared=True, levels=2, samples=12))
    assert two.verdict == "inconclusive" and "two levels say nothing of others" in two.sentence
    assert CONTEXT.absent(Study(hm.example())) == "contexts"
    assert JUDGE.absent(Study(hm.example())) == "repeated judgements"
    said = {v.claim.name: v for v in hm_tests(Study(hm.example()), [CONTEXT, JUDGE])}
    assert [v.verdict for v in said.values()] == ["not testable"] * 2
    assert "No response is judged twice" in said[JUDGE.name].sentence


def judgements(of_stories, of_judges, *, judges=3, stories=4, questions=40, seed=0):
    """Stories judged once by each judge, on a scale from 0 to 1."""
    rng, rows = np.random.default_rng(seed), []
    strict = rng.normal(0, of_judges / 2, judges)
    for q, s in product(range(questions), range(stories)):
        story = 0.5 + rng.normal(0, of_stories)
        for j in range(judges):
            score = np.clip(story + strict[j] + rng.normal(0, of_judges), 0, 1)
            rows.append(("m", q, s, f"judge {j}", s * judges + j, score))
    return pd.DataFrame(rows, columns=["model", "question", "judged_response", "judge", "sample", "score"])


def test_judging_is_told_from_stories():
    """Beside stories of 0.15, judges of 0.02 have (0.02² 5/4) / 0.15² = 2%; of 0.12, 44%."""
    small = hm.test(JUDGE, hm.read(judgements(0.15, 0.02), allow_copies=True, sources=["judge"]))
    assert small.verdict == "supported" and small.median == pytest.approx(0.022, abs=0.02)
    large = hm.test(JUDGE, hm.read(judgements(0.15, 0.12), allow_copies=True, sources=["judge"]))
    assert large.verdict == "contradicted" and large.median == pytest.approx(0.44, abs=0.12)
    frame = judgements(0.15, 0.12)
    table = hm.read(frame, allow_copies=True, sources=["judge"]).table
    assert is_judging(table) and CONTEXT.absent(Study(hm.read(frame, allow_copies=True, sources=["judge"])))


def test_one_judge_who_judges_again_is_told_from_stories_by_hand():
    frame = judgements(0.15, 0.05, questions=20).drop(columns="judge")
    made = hm.test(JUDGE, hm.read(frame, allow_copies=True))
    z = frame["score"].to_numpy().reshape(20, 4, 3)
    within = z.var(axis=2, ddof=1).mean()
    pairs = [(z[:, a, i] - z[:, b, j]) ** 2 / 2 for a, b in product(range(4), repeat=2) if a != b
             for i, j in product(range(3), repeat=2)]  # fmt: skip
    assert made.median == pytest.approx(within / np.mean(pairs), abs=0.02)


def test_a_judged_response_that_is_named_a_source_is_no_context():
    frame = judgements(0.15, 0.05, questions=20).drop(columns="judge")
    named = hm.read(frame, sources=["judged_response"], allow_copies=True)
    verdict = hm.test(CONTEXT, named)
    assert verdict.verdict == "not testable" and "judge-share-of-variance" in verdict.sentence
    assert any("Sampling is of judgements" in note for note in hm.sources(named, ["judged_response"]).notes)


def test_texts_in_a_column_response_are_no_judgements():
    frame = judgements(0.1, 0.1).drop(columns="judge").rename(columns={"judged_response": "response"})
    assert JUDGE.absent(Study(hm.read(frame.assign(response="yes"), allow_copies=True))) == "repeated judgements"


def test_the_controls_leave_the_source_everything():
    study = Study(contexts(0.0, shared=False))
    made = CONTEXT.control(study, 0)
    assert made.supported == 0 and made.rank == 1
    table = filled(study.responses, "context", np.random.default_rng(0)).table
    assert (table.groupby(["question", "context"])["answer"].nunique() == 1).all()
    judged = hm.read(judgements(0.15, 0.02), allow_copies=True, sources=["judge"])
    control = JUDGE.control(Study(judged), 0)
    assert control.supported <= 0.1 and control.rank == 1
    mixed = permuted(judged, np.random.default_rng(0)).table
    for (_, before), (_, after) in zip(judged.table.groupby("question"), mixed.groupby("question")):
        assert sorted(before["score"]) == sorted(after["score"])
        assert before["score"].tolist() != after["score"].tolist()


# --- scale ----------------------------------------------------------------------------------------------------------


def sizes(accuracy, rho, *, questions=150, samples=6, seed=0):
    """Models of 1 to 32 billion parameters with Beta chances of this mean and intra-class correlation."""
    rng, rows = np.random.default_rng(seed), []
    for i, (a, r) in enumerate(zip(accuracy, rho)):
        kappa = 1 / r - 1
        p = rng.beta(kappa * a, kappa * (1 - a), questions)
        right = rng.random((questions, samples)) < p[:, None]
        rows += [(f"m{2**i}b", 2.0**i, q, s, int(not right[q, s])) for q, s in np.ndindex(right.shape)]
    frame = pd.DataFrame(rows, columns=["model", "model_size_b", "question", "sample", "answer"])
    return hm.read(frame.assign(family="f", target=0, n_choices=2), allow_copies=True)


def test_reliability_that_rises_falls_or_only_follows_accuracy():
    flat, rising = np.full(6, 0.6), np.linspace(0.3, 0.8, 6)
    up = hm.test(SCALE, sizes(flat, np.linspace(0.2, 0.7, 6)))
    assert up.verdict == "supported" and up.median == pytest.approx(0.1, abs=0.03)
    down = hm.test(SCALE, sizes(flat, np.linspace(0.7, 0.2, 6)))
    assert down.verdict == "contradicted"
    same = hm.test(SCALE, sizes(rising, flat))
    assert same.verdict == "inconclusive" and abs(same.median) < 0.03


def test_correlations_are_those_of_counts_and_their_scatter_that_of_new_responses():
    made = equal_accuracy(sizes([0.6], [0.4], questions=300))
    row = made.table.iloc[0]
    a, both = row["accuracy"], row["both_right"]
    square = a**2 - np.var(_means(sizes([0.6], [0.4], questions=300))) / 299  # pairs of different questions
    assert row["value"] == pytest.approx((both - square) / (a - square), abs=1e-12)
    again = []
    for seed in range(200):  # the same questions answered again
        p = np.random.default_rng(5).beta(0.9, 0.6, 300)
        c = np.random.default_rng([seed, 1]).random((300, 6)) < p[:, None]
        m, n = c.mean(axis=1), 6
        again.append(float(intraclass(m, m, (n * m**2 - m) / (n - 1), np.full((1, 300), 1 / 300))[0]))
    assert np.sqrt(made.these[0, 0]) == pytest.approx(np.std(again), rel=0.25)


def _means(responses):
    return responses.table.groupby("question")["answer"].mean()


def test_a_line_is_the_conjugate_posterior_where_models_have_no_residual():
    rng = np.random.default_rng(1)
    x, noise = np.arange(6.0), np.diag(rng.uniform(0.01, 0.02, 6))
    y = 0.1 * x + rng.normal(0, 0.1, 6)
    design = np.column_stack([np.ones(6), x - x.mean()])
    precision = design.T @ np.linalg.solve(noise, design) + np.diag([1.0, 1 / 0.2**2])
    mean = np.linalg.solve(precision, design.T @ np.linalg.solve(noise, y - y.mean()))[1]
    sd = np.sqrt(np.linalg.inv(precision)[1, 1])
    b = line_draws(y, noise, x, np.zeros(6, int), slope=0.2, residual=1e-6, draws=20_000, seed=0)
    assert b.mean() == pytest.approx(mean, abs=5 * sd / np.sqrt(20_000))
    assert b.std() == pytest.approx(sd, rel=0.03)


def test_what_scale_needs():
    few = hm.test(SCALE, sizes([0.5] * 3, [0.4] * 3))
    assert few.verdict == "not testable" and "No family of models has 4 sizes" in few.sentence
    once = hm.test(SCALE, sizes([0.5] * 5, [0.4] * 5, samples=1))
    assert once.verdict == "not testable" and "one response only" in once.sentence
    graded = judgements(0.1, 0.1).drop(columns=["judge", "judged_response"])
    assert "scores between are neither" in hm.test(SCALE, hm.read(graded, allow_copies=True)).sentence


@pytest.mark.parametrize("questions", [7, 24])  # of which even weights do not sum to 1 to the last digit
def test_a_model_that_is_always_right_is_left_out_by_name(questions):
    rng = np.random.default_rng(0)
    rows = [
        {"benchmark": "b", "model": f"m{m}", "model_size_b": size, "family": "f", "question": q, "sample": s}
        | {"answer": int(rng.random() > p), "target": 0, "n_choices": 2}
        for m, (size, p) in enumerate([(1, 0.3), (2, 0.5), (4, 0.6), (8, 0.8), (16, 1.0)])
        for q in range(questions)
        for s in range(5)
    ]
    responses = hm.read(pd.DataFrame(rows))
    found = equal_accuracy(responses)
    assert found.alike == ("m4",) and found.table["model"].tolist() == ["m0", "m1", "m2", "m3"]
    assert np.isfinite(found.like_these).all() and np.isfinite(found.these).all()
    verdict = hm.test("reliability-rises-with-scale", responses)
    assert "left out, always right or always wrong: m4" in verdict.sentence
