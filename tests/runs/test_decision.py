"""Decision studies: the width promised is the width that data of that design have."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.cli import main
from hotmess.errors import BadInput, NotTestable
from hotmess.runs.decision import components, decision_study

SD = {"question": 0.15, "judge": 0.08, "both": 0.05, "sample": 0.1}


def judged(rng, questions, judges, samples):
    """Scores of questions by judges who are strict everywhere, and on some questions."""
    q = rng.normal(0, SD["question"], questions)
    j = rng.normal(0, SD["judge"], judges)
    both = rng.normal(0, SD["both"], (questions, judges))
    noise = rng.normal(0, SD["sample"], (questions, judges, samples))
    return 0.5 + q[:, None, None] + j[None, :, None] + both[:, :, None] + noise


@pytest.fixture(scope="module")
def pilot():
    x = judged(np.random.default_rng(0), 200, 8, 3)
    rows = [
        {"model": "m", "question": q, "judge": f"j{j}", "sample": 3 * j + s, "score": float(np.clip(x[q, j, s], 0, 1))}
        for q, j, s in product(range(200), range(8), range(3))
    ]
    return hm.read(pd.DataFrame(rows), allow_copies=True, sources=["judge"])


def test_components_are_those_of_the_world(pilot):
    found = components(pilot, ["judge"])
    want = {("question",): "question", ("question", "judge"): "both", (): "sample"}
    for key, name in want.items():
        assert found[key] == pytest.approx(SD[name] ** 2, rel=0.25)
    assert 0.2 < found["judge",] / SD["judge"] ** 2 < 3  # seven degrees of freedom


def test_the_width_is_that_of_data_of_the_design(pilot):
    """With the true variances the half width is z times the scatter of means over 4,000 data sets, within 5%."""
    rng = np.random.default_rng(3)
    means = [judged(rng, 50, 2, 4).mean() for _ in range(4000)]
    found = decision_study(pilot, {"judge": [2]}, questions=[50], samples=[4])
    variances = components(pilot, ["judge"])
    size = {"question": 50, "judge": 2}
    true = {("question",): "question", ("judge",): "judge", ("question", "judge"): "both"}
    known = sum(SD[n] ** 2 / np.prod([size[k] for k in key]) for key, n in true.items()) + SD["sample"] ** 2 / 400
    assert np.std(means) == pytest.approx(np.sqrt(known), rel=0.05)
    mine = sum(variances[key] / np.prod([size[k] for k in key]) for key in true) + variances[()] / 400
    assert found["half_width"][0] == pytest.approx(stats.norm.isf(0.05) * np.sqrt(mine))


def test_the_cheapest_design_that_is_narrow_enough_comes_first(pilot):
    found = decision_study(
        pilot,
        {"judge": [1, 2, 4, 8]},
        questions=[50, 200],
        samples=[1, 4],
        cost={"judge": 1, "sample": 0.01},
        width=0.08,
    )
    assert (found["half_width"] <= 0.08).all() and found["cost"].is_monotonic_increasing
    with pytest.raises(NotTestable, match="adds most to it is judge"):
        decision_study(pilot, {"judge": [1]}, questions=[200], width=0.05)


def test_a_design_has_to_be_one(pilot):
    with pytest.raises(BadInput, match="at least one"):
        decision_study(pilot, {"judge": [0]})
    with pytest.raises(BadInput, match="neither a source"):
        decision_study(pilot, {"judge": [1]}, cost={"jugde": 1})
    with pytest.raises(BadInput, match="one model in one condition"):
        decision_study(hm.example(), {"budget": [1]})


def test_the_command(pilot, tmp_path, capsys):
    pilot.table.to_parquet(tmp_path / "r.parquet")
    file = str(tmp_path / "r.parquet")
    assert main(["reliability", file, "--allow-copies", "--source", "judge", "--by", "model"]) == 0
    assert "sampling" in capsys.readouterr().out
    words = ["--levels", "judge=1,4", "--levels", "question=100", "--cost", "judge=1", "--width", "0.5"]
    assert main(["reliability", file, "--allow-copies", *words]) == 0
    assert "half_width" in capsys.readouterr().out
    assert main(["reliability", file, "--allow-copies", "--source", "judge", *words]) == 0
    assert "half_width" in capsys.readouterr().out
    assert main(["reliability", file, "--allow-copies", *words, "--levels", "judge=2"]) == 2
    assert "--levels is given twice for judge" in capsys.readouterr().err
    assert main(["reliability", file, "--allow-copies", *words, "--by", "judge"]) == 2
    assert "--by says nothing about what --levels prints" in capsys.readouterr().err
    assert main(["reliability", file, "--allow-copies", "--width", "0.5"]) == 2
    assert "belongs to --levels" in capsys.readouterr().err


@pytest.mark.parametrize("price", [-1.0, float("nan"), float("inf")])
def test_a_cost_is_a_number_from_0(pilot, price):
    with pytest.raises(BadInput, match="The cost of sample is"):
        decision_study(pilot, {"judge": [1]}, cost={"sample": price})


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), float("inf")])
def test_a_width_wanted_is_above_0(pilot, width):
    with pytest.raises(BadInput, match="The half width wanted is"):
        decision_study(pilot, {"judge": [1]}, width=width)


@pytest.mark.parametrize("names", [{"question": [1]}, {"sample": [1]}, {"model": [2]}, {"score": [2]}])
def test_only_sources_have_numbers_of_levels(pilot, names):
    with pytest.raises(BadInput, match=r"says what a response is of|how a response turned out"):
        decision_study(pilot, names)


@pytest.mark.parametrize(
    "given", [{"levels": {"judge": [1.5]}}, {"levels": {"judge": []}}, {"levels": {}, "samples": []}]
)
def test_numbers_of_a_design_are_whole_and_there(pilot, given):
    with pytest.raises(BadInput, match="in whole numbers"):
        decision_study(pilot, **given)


def test_what_a_study_cannot_use_is_refused_and_not_left_aside(pilot):
    table = pilot.table[["model", "question", "judge", "sample", "score"]].iloc[:480]
    some = table.assign(judge=table["judge"].mask(table["judge"] == "j3"))
    with pytest.raises(BadInput, match="60 of 480 responses have no value in judge"):
        decision_study(hm.read(some, allow_copies=True, sources=["judge"]), {"judge": [2]})
    plain = table.drop(columns="judge").assign(passage=table["question"].astype(int) // 5, points=1.0)
    with pytest.raises(NotTestable, match="knows no cluster of questions"):
        decision_study(hm.read(plain, allow_copies=True, cluster="passage"), {})
    with pytest.raises(NotTestable, match="knows no weight of questions"):
        decision_study(hm.read(plain, allow_copies=True, weight="points"), {})
    with pytest.raises(NotTestable, match="one question only"):
        decision_study(pilot.where("question = '0'"), {"judge": [2]})
    with pytest.raises(NotTestable, match="same score"):
        decision_study(hm.read(plain.assign(score=1.0), allow_copies=True), {})
    with pytest.raises(BadInput, match=r"The interval is 1\.5"):
        decision_study(pilot, {"judge": [2]}, interval=1.5)


def test_what_is_not_named_does_not_count_as_sampling(pilot):
    """A budget, a source named in reading, and a shared context scatter: a study that leaves them out is refused."""
    one = hm.example().where("model = 'owl-1b'")
    assert one.table["budget"].nunique() > 1
    with pytest.raises(BadInput, match=r"levels of budget, whose differences would count as sampling: .*budget=1,2"):
        decision_study(one, {}, samples=[4])
    assert len(decision_study(one, {"budget": [1]}, samples=[4])) == 1
    level = one.table["budget"].iloc[0]
    assert len(decision_study(one.where(f"budget = '{level}'"), {}, samples=[4])) == 1
    with pytest.raises(BadInput, match=r"8 levels of judge, .*judge = 'j0'"):
        decision_study(pilot, {})
    bare = pilot.table[["model", "question", "judge", "sample", "score"]].iloc[:480]
    shared = hm.read(bare.rename(columns={"judge": "context"}), allow_copies=True)
    with pytest.raises(BadInput, match="8 levels of context"):
        decision_study(shared, {})
    assert len(decision_study(shared, {"context": [2]})) == 1
