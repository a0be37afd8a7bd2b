"""Posteriors in files: the same bytes, every name, and nothing half."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from hotmess.errors import BadInput
from hotmess.inference import store
from hotmess.inference.sample import to_tree


def tree(names=("a", "b", "ü")):
    rng = np.random.default_rng(3)
    sample = {"theta": rng.normal(size=(2, 5, 3))}
    stats = {"diverging": rng.random((2, 5)) > 0.5}
    return to_tree(sample, sample_stats=stats, coords={"group": list(names)}, dims={"theta": ["group"]})


def test_the_same_bytes_whenever_it_is_written(tmp_path, monkeypatch):
    one = tree()
    assert "created_at" in one["posterior"].attrs
    one["posterior"].attrs["created_at"] = "2001-01-01T00:00:00"
    assert bytes(store.to_bytes(one)) == bytes(store.to_bytes(tree()))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    dated = store.from_bytes(bytes(store.to_bytes(tree())))
    assert dated["posterior"].attrs["created_at"] == "1970-01-02T00:00:00+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "no date")
    assert "created_at" not in store.from_bytes(bytes(store.to_bytes(tree())))["posterior"].attrs


def test_what_is_written_is_read_and_known_as_ours(tmp_path):
    path = tmp_path / "p.nc"
    store.save_tree(tree(("a\0b", "", "\u202e")), path)
    back = store.load_tree(path)
    assert back["posterior"]["group"].values.tolist() == ["a\\x00b", "", "\u202e"]
    np.testing.assert_array_equal(back["posterior"]["theta"], tree()["posterior"]["theta"])
    assert store.is_ours(path)
    xr.Dataset({"x": [1.0]}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    (tmp_path / "text").write_text("no")
    assert not store.is_ours(tmp_path / "other.nc") and not store.is_ours(tmp_path / "text")


@pytest.mark.filterwarnings("ignore:Exception ignored in.*File.close:pytest.PytestUnraisableExceptionWarning")
def test_a_damaged_file_is_a_sentence(tmp_path):
    path = tmp_path / "p.nc"
    store.save_tree(tree(), path)
    whole = path.read_bytes()
    half = len(whole) // 2
    for content in (b"", b"half a fi", whole[:half], whole[:half] + bytes(len(whole) - half)):
        path.write_bytes(content)
        with pytest.raises(BadInput, match=r"is not a netCDF file of a posterior: [^\n]*\.$"):
            store.load_tree(path)
