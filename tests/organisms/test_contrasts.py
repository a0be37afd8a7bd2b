"""Contrasts between arms: terms against pairs of responses, and a world in which one arm is known to vary less."""

import numpy as np
import pandas as pd
import pytest

from hotmess.errors import BadInput
from hotmess.organisms.contrasts import contrasts, question_terms


def world(rng: np.random.Generator, *, favourite: dict[str, float], questions: int = 80) -> pd.DataFrame:
    """Half the responses right; of the wrong ones a share `favourite[condition]` falls on one option."""
    rows = []
    for q in range(questions):
        target = int(rng.integers(10))
        for condition, share in favourite.items():
            for i in range(30):
                wrong = (target + 1) % 10 if rng.random() < share else (target + int(rng.integers(2, 10))) % 10
                answer = target if rng.random() < 0.5 else wrong
                rows.append(("m", 1.0, condition, "natural", f"q{q}", i, answer, target, int(rng.integers(5, 40))))
    columns = ["model", "model_size_b", "condition", "budget", "question", "sample", "answer", "target"]
    return pd.DataFrame(rows, columns=[*columns, "reasoning_tokens"])


def test_terms_are_means_over_pairs_of_responses():
    table = world(np.random.default_rng(0), favourite={"plain": 0.3}, questions=3)
    terms = question_terms(table).set_index(["length", "question"])
    one = table[table["question"] == "q1"]
    z, y = np.eye(10)[one["answer"]], np.eye(10)[one["target"].iloc[0]]
    pairs = [(y - z[i]) @ (y - z[j]) for i in range(30) for j in range(30) if i != j]
    assert terms.loc[("all", "q1"), "bias2"] == pytest.approx(np.mean(pairs))
    assert terms.loc[("all", "q1"), "error"] == pytest.approx(np.mean(((y - z) ** 2).sum(axis=1)))
    longer = one[one["reasoning_tokens"] > one["reasoning_tokens"].median()]
    assert terms.loc[("longer", "q1"), "n"] == len(longer)


def test_a_known_change_is_found_and_none_is_not():
    rng = np.random.default_rng(1)
    # accuracy ½, wrong answers' h: 1 for a favourite of share 1, about 0.145 for scattered ones: (1 + a)/2 − (1 − a)h/2
    found = contrasts(question_terms(world(rng, favourite={"plain": 0.25, "correcting": 1.0})))
    row = found[found["contrast"] == "plain → correcting"].iloc[0]
    h = 0.25**2 + 0.75**2 / 8
    assert row["before"] == pytest.approx(0.75 - h / 4, abs=0.03) and row["after"] == pytest.approx(0.5, abs=0.03)
    assert row["high"] < 0 and row["p_rises"] < 0.01 and row["questions"] == 80
    natural = found[found["contrast"].str.contains("natural")]
    assert len(natural) == 2 and (natural["low"] < 0).all() and (natural["high"] > 0).all()


def test_nothing_to_compare_is_said():
    with pytest.raises(BadInput, match="no two arms"):
        contrasts(question_terms(world(np.random.default_rng(0), favourite={"plain": 0.3}, questions=4)))
