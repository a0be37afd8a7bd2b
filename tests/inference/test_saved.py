"""A posterior of any kind comes back from its file whole; what was damaged, or is of another kind, is a sentence."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hotmess as hm
from hotmess.errors import BadInput
from hotmess.inference.pack import pack, unpack
from hotmess.inference.store import load_tree, save_posterior, save_tree
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


@pytest.fixture(scope="module")
def world():
    table = simulate("scale", seed=2, questions=12, samples=6).table
    answer = table["answer"].to_numpy().copy()
    answer[::17] = -1
    return validate(table.assign(answer=answer))


def of_scores(table):
    return validate(table.assign(score=np.where(table["answer"] == table["target"], 1.0, 0.4)), outcome="score")


def vectors():
    rng = np.random.default_rng(1)
    rows = [("m", f"q{q}", s, np.r_[f, 1 - f], 0) for q in range(6) for s in range(4) for f in [round(rng.random(), 2)]]
    return validate(pd.DataFrame(rows, columns=["model", "question", "sample", "probs", "target"]))


FITS = {
    "letters on the grid, by difficulty": lambda w: hm.fit(w, seed=4, draws=60, chains=2),
    "letters by NUTS, with a formula": lambda w: hm.fit(
        w, "log(model_size_b)", seed=4, draws=15, warmup=30, chains=2, pointwise=False
    ),
    "scores": lambda w: hm.fit(of_scores(w.table), seed=4, draws=60, chains=2),
    "probability vectors": lambda w: hm.fit(vectors(), seed=4, draws=20, warmup=20, chains=2),
}


def test_a_file_of_an_earlier_version_comes_back(world, tmp_path, monkeypatch):
    """Its points have their sums row by row, under other names."""
    fit = FITS["letters on the grid, by difficulty"](world)
    points = fit.cells.points
    assert points.kind is not None

    @dataclass(frozen=True)
    class Points:
        cell: np.ndarray
        copies: np.ndarray
        n: np.ndarray
        sum: np.ndarray
        squares: np.ndarray
        target: np.ndarray

    old = Points(points.cell, points.copies, points.n, points.sum, points.squares, points.target)
    replace(fit, cells=replace(fit.cells, points=old)).save(str(tmp_path / "old.nc"))
    again = hm.load(tmp_path / "old.nc")
    assert type(again.cells.points) is type(points) and again.cells.points.kind is None
    pd.testing.assert_frame_equal(again.summary(["model"]), fit.summary(["model"]))


@pytest.mark.parametrize("name", FITS)
def test_a_fit_comes_back_whole(name, world, tmp_path):
    fit = FITS[name](world)
    fit.save(str(tmp_path / "fit.nc"))
    again = hm.load(tmp_path / "fit.nc")
    assert type(again) is type(fit) and again.spec == fit.spec
    pd.testing.assert_frame_equal(again.cells.table, fit.cells.table)
    assert list(again.data.children) == list(fit.data.children)
    for by in (["model"], ["model", "question"]):
        pd.testing.assert_frame_equal(again.summary(by), fit.summary(by))
    assert again.gate.reasons == fit.gate.reasons and again.gate.independent == fit.gate.independent
    pd.testing.assert_frame_equal(hm.triage(again), hm.triage(fit))
    if name.startswith("letters"):
        assert np.array_equal(again.refit().data["posterior"]["logit_a"], fit.data["posterior"]["logit_a"])
    tree = xr.open_datatree(tmp_path / "fit.nc", engine="h5netcdf")
    assert "posterior" in tree.children  # where ArviZ looks for it
    tree.close()


def test_laws_come_back_with_the_fit_beneath_them(tmp_path):
    many = validate(simulate("scale", seed=5, questions=48, samples=10, residual=0.02).table)
    laws = hm.power_laws(hm.fit(many, seed=4, draws=60, chains=2), by=["difficulty"], draws=40, chains=2)
    save_posterior(laws, tmp_path / "laws.nc")
    again = hm.load(tmp_path / "laws.nc")
    pd.testing.assert_frame_equal(again.summary(), laws.summary())
    assert again.gate.reasons == laws.gate.reasons and again.notes == laws.notes
    pd.testing.assert_frame_equal(again.fit.summary(), laws.fit.summary())
    assert np.array_equal(again.law.covariance, laws.law.covariance)


def test_a_custom_prior_and_the_way_laws_were_made_come_back(tmp_path):
    many = validate(simulate("scale", seed=5, questions=48, samples=10, residual=0.02).table)
    laws = hm.power_laws(
        hm.fit(many, seed=4, draws=60, chains=2), prior=hm.LawPrior(slope=0.3), by=["difficulty"], draws=40, chains=2
    )
    laws.save(str(tmp_path / "laws.nc"))
    again = hm.load(tmp_path / "laws.nc")
    assert again.spec == laws.spec and again.prior == hm.LawPrior(slope=0.3)
    pd.testing.assert_frame_equal(again.refit().summary(), laws.summary())
    for ours, theirs in zip(again.densities("these"), laws.densities("these")):
        np.testing.assert_array_equal(ours, theirs)
    world = validate(simulate("odds-law", seed=3, questions=80, samples=8).table)
    law = hm.length_law(world, prior=hm.LengthPrior(slope=0.2), draws=40, chains=2)
    law.save(str(tmp_path / "length.nc"))
    back = hm.load(tmp_path / "length.nc")
    assert type(back) is type(law) and back.spec == law.spec and back.prior == hm.LengthPrior(slope=0.2)
    pd.testing.assert_frame_equal(back.bins, law.bins)
    for population in ("these", "like-these"):
        pd.testing.assert_frame_equal(back.summary(population=population), law.summary(population=population))
    pd.testing.assert_frame_equal(back.refit().summary(), law.summary())
    pd.testing.assert_frame_equal(back.fit.summary(["model", "bin"]), law.fit.summary(["model", "bin"]))


def test_damage_is_a_sentence(world, tmp_path):
    path = tmp_path / "fit.nc"
    fit = hm.fit(world, seed=4, draws=20, chains=2, pointwise=False)
    fit.save(str(path))
    tree = load_tree(path)
    tree["posterior"]["logit_a"].values[0, 3, 1] += 1e-9
    save_tree(tree, path)
    with pytest.raises(BadInput, match="was damaged or changed after it was written"):
        hm.load(path)
    fit.save(str(path))
    tree = load_tree(path)
    tree["hotmess"].attrs["kind"] = "Popen"
    save_tree(tree, path)
    with pytest.raises(BadInput, match="damaged or changed"):
        hm.load(path)
    whole = path.read_bytes()
    for part in (whole[: len(whole) // 2], whole[:100], b"", b"nonsense"):
        path.write_bytes(part)
        with pytest.raises(BadInput, match=r"not a netCDF file of a posterior|was damaged"):
            hm.load(path)
    with pytest.raises(BadInput, match="no file"):
        hm.load(tmp_path / "nowhere.nc")
    save_tree(fit.data, path)
    with pytest.raises(BadInput, match="holds draws but not what they are of"):
        hm.load(path)


def test_values_come_back_as_they_were():
    table = pd.DataFrame(
        {"a": pd.Categorical(["x", "y"], ["y", "x"], ordered=True), "b": [1.5, np.nan], "c": [None, "é"]}
    )
    values = {
        "empty": np.zeros((0, 3)),
        "text": np.array(["a", None, "ü"], object),
        "flags": np.array([[True, False]]),
        "table": table,
        "pair": (1, (2.5, None), [True, "x"]),
        "options": {"n": 3, 4: (1,)},
        "nothing": None,
        "huge": float("inf"),
    }
    again = unpack(pack(values, "example"), {})
    assert list(again) == list(values)
    assert again["empty"].shape == (0, 3) and again["text"].tolist() == ["a", None, "ü"]
    assert again["flags"].dtype == bool and again["flags"].tolist() == [[True, False]]
    pd.testing.assert_frame_equal(again["table"], table)
    assert {k: again[k] for k in ("pair", "options", "nothing", "huge")} == {
        k: values[k] for k in ("pair", "options", "nothing", "huge")
    }
    with pytest.raises(TypeError, match="cannot be saved"):
        pack({"f": print}, "example")
