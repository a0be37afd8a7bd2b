"""Differences of models in their parts of variance: paired over questions, and over levels that both models share."""

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.cli import main
from hotmess.runs.levels import Main as Effects
from hotmess.runs.levels import alike, level_effects, pivots, together


def two_models(seed=0, *, alike_by=1.0, questions=30, prompts=6, samples=2, noise=0.05):
    """Scores of two models; the effects of prompts are the same in both, or independent."""
    rng, rows = np.random.default_rng(seed), []
    shared, own = rng.normal(0, 0.12, prompts), rng.normal(0, 0.12, prompts)
    effects = {"a": shared, "b": alike_by * shared + np.sqrt(1 - alike_by**2) * own}
    base = rng.normal(0, 0.05, questions)
    for m, (q, p, s) in product(effects, product(range(questions), range(prompts), range(samples))):
        x = 0.5 + base[q] + effects[m][p] + rng.normal(0, noise)
        rows.append((m, q, p, p * samples + s, float(np.clip(x, 0, 1))))
    return pd.DataFrame(rows, columns=["model", "question", "prompt", "sample", "score"])


def read(frame):
    return hm.read(frame, allow_copies=True, sources=["prompt"])


def test_differences_are_those_of_the_table_and_add_up():
    found = hm.sources(read(two_models()), ["prompt"])
    table = found.table.set_index(["model", "part"])
    rows = found.differences.set_index("part")
    for part in ("prompt", "sampling", "total"):
        for name, column in (
            ("difference", "value"),
            ("share_difference", "share"),
            ("incoherence_difference", "incoherence"),
        ):
            want = table.loc[("a", part), column] - table.loc[("b", part), column]
            assert rows.loc[part, name] == pytest.approx(want)
    assert rows.loc[["prompt", "sampling"], "difference"].sum() == pytest.approx(rows.loc["total", "difference"])


def test_levels_alike_in_both_models_cancel():
    """The same prompts with the same effects: what prompts these are is no reason for a difference."""
    same, other = (hm.sources(read(two_models(alike_by=r)), ["prompt"]) for r in (1.0, 0.0))
    width = [
        d.set_index("part").eval("difference_high - difference_low")["prompt"]
        for d in (same.differences, other.differences)
    ]
    alone = same.table.set_index(["model", "part"]).eval("high - low")["a", "prompt"]
    assert width[0] < 0.5 * alone < width[1]


@pytest.mark.parametrize("rho", [0.0, 0.7, 1.0])
@pytest.mark.slow
def test_a_difference_that_is_not_there_is_held(rho):
    held, sets = 0, 60
    for seed in range(sets):
        row = (
            hm.sources(read(two_models(seed, alike_by=rho)), ["prompt"], draws=400)
            .differences.set_index("part")
            .loc["prompt"]
        )
        held += row["difference_low"] <= 0 <= row["difference_high"]
    assert held >= 0.9 * sets - 3 * np.sqrt(sets * 0.09)


def test_only_questions_of_both_models_are_compared():
    frame = two_models()
    fewer = frame[~((frame["model"] == "b") & (frame["question"] >= 20))]
    row = hm.sources(read(fewer), ["prompt"]).differences.iloc[0]
    assert row["questions"] == 20
    common = hm.sources(read(frame[frame["question"] < 20]), ["prompt"]).differences.iloc[0]
    assert row["difference"] == pytest.approx(common["difference"])
    apart = frame[(frame["model"] == "a") == (frame["question"] < 15)]
    assert not len(hm.sources(read(apart), ["prompt"]).differences)


def test_mean_squares_of_two_sets_move_together_as_their_effects_do():
    """Of effects that correlate by ρ, mean squares correlate by ρ²; each is M (f / χ²_f − 1)."""
    effect = np.array([[-1.0], [0.0], [1.0], [2.0], [-2.0]])
    mains = [{frozenset({0}): Effects(frozenset({0}), np.arange(5), sign * effect, 2.5, 4.0)} for sign in (1, -1)]
    one, two = (found[frozenset({0})] for found in pivots(mains, 4000, 0))
    assert one == pytest.approx(two)  # ρ = −1: the squares are the same
    ends = 2.5 * (4 / np.quantile(np.random.default_rng(1).chisquare(4, 200_000), [0.75, 0.25]) - 1)
    assert np.quantile(one, [0.25, 0.75]) == pytest.approx(ends, abs=0.12)
    uniform = together(np.array([[1, 0.5], [0.5, 1.0]]), 20_000, np.random.default_rng(0))
    assert np.corrcoef(uniform.T)[0, 1] == pytest.approx(6 / np.pi * np.arcsin(0.25), abs=0.03)
    assert alike([(np.arange(3), effect[:3]), (np.arange(3, 5), effect[3:])])[0, 1] == 0


def test_effects_of_levels_are_those_of_least_squares_in_an_unbalanced_table():
    import statsmodels.formula.api as smf

    rng = np.random.default_rng(2)
    pairs = [(c, k) for c, k in product(range(9), range(4)) if (c + k) % 5]
    cell, level = np.array(pairs).T
    z = rng.normal(size=len(cell)) + level
    names, effect = level_effects(z[:, None], cell, level)
    fit = smf.ols("z ~ 0 + C(cell) + C(level)", pd.DataFrame({"z": z, "cell": cell, "level": level})).fit()
    own = np.array([0.0, *(fit.params[f"C(level)[T.{k}]"] for k in (1, 2, 3))])
    assert names.tolist() == [0, 1, 2, 3] and effect[:, 0] == pytest.approx(own - own.mean(), abs=1e-8)


def test_at_the_shell(tmp_path, capsys):
    file = tmp_path / "scores.csv"
    two_models().to_csv(file, index=False)
    command = ["reliability", str(file), "--allow-copies", "--source", "prompt", "--differences"]
    assert main([*command, "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert [one["part"] for one in out] == ["prompt", "sampling", "total"]
    assert main(command) == 0 and "share_difference" in capsys.readouterr().out
    assert main([*command, "--where", "model = 'a'"]) == 2
    assert "no two models to compare" in capsys.readouterr().err
