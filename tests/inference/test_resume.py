"""Finished fits are found again, and only those of the very same call."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from hotmess.inference import resume
from hotmess.inference.kept import keep
from hotmess.inference.resume import digest, resumed
from hotmess.inference.sample import to_tree

calls = []


@pytest.fixture(autouse=True)
def _everything_is_kept(monkeypatch):
    monkeypatch.setattr(resume, "WORTH", 0.0)


@resumed
def posterior(data: dict, *, seed: int) -> xr.DataTree:
    calls.append(seed)
    rng = np.random.default_rng(seed)
    sample = {"theta": rng.normal(size=(2, 5, 3)) + data["x"].sum()}
    stats = {"diverging": rng.random((2, 5)) > 0.5}
    return to_tree(sample, sample_stats=stats, coords={"group": ["a", "b", "ü"]}, dims={"theta": ["group"]})


class Stop(Exception):
    pass


def test_an_interrupted_job_makes_nothing_twice(tmp_path):
    folder, data = tmp_path / "fits", {"x": np.arange(3.0)}
    calls.clear()
    with pytest.raises(Stop), keep(folder):
        first = posterior(data, seed=1)
        raise Stop
    with keep(folder):
        again = posterior(data, seed=1)
        posterior(data, seed=2)
        posterior({"x": np.arange(4.0)}, seed=1)
    assert calls == [1, 2, 1]
    for group in ("posterior", "sample_stats"):
        xr.testing.assert_identical(first[group].dataset.drop_attrs(), again[group].dataset.drop_attrs())
        for name in first[group].dataset:
            assert first[group][name].dtype == again[group][name].dtype
    assert not folder.exists()  # a job that ends well leaves nothing behind


def test_what_is_made_in_no_time_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(resume, "WORTH", 60.0)
    calls.clear()
    with pytest.raises(Stop), keep(tmp_path / "fits"):
        posterior({"x": np.zeros(1)}, seed=1)
        assert not list((tmp_path / "fits").glob("*"))
        posterior({"x": np.zeros(1)}, seed=1)
        raise Stop
    assert calls == [1, 1]


def test_without_a_job_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calls.clear()
    posterior({"x": np.zeros(1)}, seed=1)
    posterior({"x": np.zeros(1)}, seed=1)
    assert calls == [1, 1]
    assert list(tmp_path.iterdir()) == []


def zeroed(content: bytes) -> bytes:
    """As after a power cut: the right length, and nothing in its second half."""
    half = len(content) // 2
    return content[:half] + bytes(len(content) - half)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"half a fi",
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        zeroed,
        lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
    ],
    ids=["other", "empty", "cut off", "zeroed", "one bit"],
)
def test_a_damaged_file_is_made_again(tmp_path, damage):
    folder, data = tmp_path / "fits", {"x": np.zeros(1)}
    calls.clear()
    with pytest.raises(Stop), keep(folder):
        first = posterior(data, seed=1)
        (kept,) = folder.iterdir()
        kept.write_bytes(damage(kept.read_bytes()))
        again = posterior(data, seed=1)
        posterior(data, seed=1)
        raise Stop
    assert calls == [1, 1]
    assert len(list(folder.iterdir())) == 1
    xr.testing.assert_identical(first["posterior"].dataset.drop_attrs(), again["posterior"].dataset.drop_attrs())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        ("1", 1),
        ([1, 2], [[1], 2]),
        (["a", "b"], ["ab"]),
        (np.arange(4), np.arange(4.0)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        ({"a": 1}, {"b": 1}),
    ],
)
def test_different_calls_have_different_hashes(one, other):
    assert digest(posterior.__wrapped__, (one,), {}) != digest(posterior.__wrapped__, (other,), {})
    assert digest(posterior.__wrapped__, (one,), {}) == digest(posterior.__wrapped__, (one,), {})


def test_what_cannot_be_hashed_is_made():
    with pytest.raises(TypeError):
        digest(posterior.__wrapped__, (object(),), {})
    outer = 3
    with pytest.raises(TypeError):
        digest(posterior.__wrapped__, (lambda x: x + outer,), {})
