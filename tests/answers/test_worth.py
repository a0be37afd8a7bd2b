"""What responses that share few-shot contexts are worth to their question's answers."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.answers.groups import letter_cells
from hotmess.answers.worth import context_share, repeated_contexts, worth
from hotmess.responses.cells import reduce
from hotmess.responses.validate import validate


def table(seed: int = 0, questions: int = 5) -> pd.DataFrame:
    """Contexts of one to three responses; two models."""
    rng = np.random.default_rng(seed)
    rows = [
        {"model": m, "question": f"q{q}", "context": f"c{k}", "answer": "ABCD"[rng.integers(4 - 2 * (k % 2))]}
        for m in ("owl", "wren")
        for q in range(questions)
        for k in range(4)
        for _ in range(rng.integers(1, 4))
    ]
    return pd.DataFrame(rows).assign(target="A", n_choices=4)


def test_the_share_is_that_of_pairs_counted_one_by_one() -> None:
    frame = table()
    cells = reduce(validate(frame))
    group = (cells.table["model"] == "wren").to_numpy().astype(int)
    found = context_share(cells, group)
    for g, model in enumerate(("owl", "wren")):
        together, apart = [], []
        for _, rows in frame[frame["model"] == model].groupby("question"):
            for (_, one), (_, two) in combinations(rows.iterrows(), 2):
                (together if one["context"] == two["context"] else apart).append(one["answer"] == two["answer"])
        s, d = np.mean(together), np.mean(apart)
        assert found[g] == pytest.approx(np.clip((s - d) / (1 - d), 0, 0.95)) and 0 < found[g] < 0.95


def test_counts_are_divided_by_the_design_effect_and_stay_without_contexts() -> None:
    cells = reduce(validate(table()))
    letters, group = letter_cells(cells), np.zeros(len(cells), int)
    rho = context_share(cells, group)[0]
    found = worth(letters, cells, group)
    sizes = table().groupby(["model", "question", "context"]).size().groupby(["model", "question"])
    design = 1 + rho * (sizes.apply(lambda n: (n**2).sum() / n.sum()).to_numpy() - 1)
    total = letters.right + letters.wrong.sum(axis=1)
    np.testing.assert_allclose(found.right + found.wrong.sum(axis=1), total / design)
    np.testing.assert_allclose(found.right * total, letters.right * (found.right + found.wrong.sum(axis=1)))
    for plain in (table().drop(columns="context"), table().drop_duplicates(["model", "question", "context"])):
        other = reduce(validate(plain))
        assert not repeated_contexts(other) and worth(letters, other, group) is letters
        assert context_share(other, np.zeros(len(other), int)).tolist() == [0.0]


def test_a_mean_scatters_as_that_of_as_many_independent_responses() -> None:
    rng, p, s = np.random.default_rng(1), 0.3, 4.0
    each = rng.binomial(3, rng.beta(s * p, s * (1 - p), (40_000, 10)))
    worth_30 = 30 / (1 + 1 / (s + 1) * 2)
    assert (each.sum(axis=1) / 30).var() == pytest.approx(p * (1 - p) / worth_30, rel=0.03)


def test_terms_without_contexts_are_what_they_were() -> None:
    from hotmess.answers.conjugate import term_draws

    fit = hm.fit(validate(table().drop(columns="context")), seed=0, draws=100)
    plain = term_draws(fit.letters, fit.groups.index, fit.parameters(), seed=fit.seed)["brier"]
    np.testing.assert_array_equal(fit.terms().variance, plain.variance)
    shared = hm.fit(validate(table(questions=30)), seed=0, draws=100)
    plain = term_draws(shared.letters, shared.groups.index, shared.parameters(), seed=shared.seed)["brier"]
    assert shared.terms().variance.std(axis=0).mean() > plain.variance.std(axis=0).mean()


def test_texts_are_worth_what_letters_are() -> None:
    """The same answers as free text: the same share, and posteriors as much wider for it."""
    frame = table(questions=30)
    texts = frame.rename(columns={"answer": "text"}).drop(columns="n_choices")
    letters, words = reduce(validate(frame)), reduce(validate(texts))
    group = np.zeros(len(letters), int)
    np.testing.assert_allclose(context_share(words, group), context_share(letters, group))
    fit, alone = (hm.fit(validate(t), seed=0, draws=100) for t in (texts, texts.drop(columns="context")))
    width = [one.terms().error.std(axis=0).mean() for one in (fit, alone)]
    assert width[0] > 1.02 * width[1]
