"""Writing and reading posteriors as netCDF, whole or not at all, the same bytes for the same posterior."""

from __future__ import annotations

import datetime
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput
from hotmess.files import reason, write_bytes
from hotmess.inference.pack import checksum, pack, saved

if TYPE_CHECKING:
    import xarray as xr

REST = "hotmess"
"""The group of what belongs to a posterior beside its draws."""

MARK, FORMAT = "hotmess", "posterior 1"
"""The attribute that says that this package has written a file, and what it says."""


def save_tree(tree: xr.DataTree, path: str | Path) -> None:
    """Write a posterior, whole or not at all: an interruption leaves the earlier file whole.

    Raises:
        BadInput: where it cannot be written.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise BadInput(
            f"The folder {str(path.parent)!r} does not exist; make it, or choose another place for {path.name}."
        )
    write_bytes(path, to_bytes(tree))


def to_bytes(tree: xr.DataTree) -> memoryview:
    """A posterior as the bytes of a netCDF file.

    They are made in memory, as HDF5 cannot be trusted with a disk that is full. They hold no time but
    `SOURCE_DATE_EPOCH`, where that is set, and the posterior and the versions of packages decide all of them.
    """
    return stored(tree).to_netcdf(engine="h5netcdf")


def stored(tree: xr.DataTree) -> xr.DataTree:
    """A tree as files hold it: marked as this package's, without the time it was made, its names without NUL."""
    import xarray as xr

    def plain(data: xr.Dataset) -> xr.Dataset:
        out = data.copy(deep=False)
        out.attrs = {name: value for name, value in data.attrs.items() if name != "created_at"}
        out.attrs |= _created()
        texts = {n: _without_nul(v.values) for n, v in out.coords.items() if v.dtype.kind in "OUT"}
        return out.assign_coords({n: (out[n].dims, v) for n, v in texts.items() if v is not None})

    groups = {name: plain(node.to_dataset(inherit=False)) for name, node in tree.subtree_with_keys}
    root = groups.pop(".", xr.Dataset())
    root.attrs[MARK] = FORMAT
    return xr.DataTree.from_dict({"/": root, **groups})


def save_posterior(posterior: Any, path: str | Path) -> None:
    """A posterior's draws, with all that belongs to them in a group of its own and a checksum: `hotmess.load` reads it.

    The draws are where ArviZ looks for them, whatever else is in the file.
    """
    tree = posterior.data.copy()
    tree[REST] = pack(saved(posterior), type(posterior).__name__)
    tree = stored(tree)
    tree[REST].attrs["checksum"] = checksum(tree)
    save_tree(tree, path)


def load_tree(path: str | Path) -> xr.DataTree:
    """Read a posterior written by `save_tree`.

    Raises:
        BadInput: where there is none, or it cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"There is no file {str(path)!r}.")
    try:
        return from_bytes(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{str(path)!r} cannot be read: {reason(error)}.") from error
    except ValueError as error:
        raise BadInput(f"{str(path)!r} is not a netCDF file of a posterior: {error}.") from error


def from_bytes(content: bytes) -> xr.DataTree:
    """The posterior of some bytes. Raises `ValueError` where they hold none."""
    import xarray as xr

    try:
        return xr.open_datatree(io.BytesIO(content), engine="h5netcdf").load()
    except Exception as error:  # HDF5, h5netcdf and xarray each fail in their own ways
        raise ValueError((str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")) from error


def is_ours(path: Path) -> bool:
    """Whether a file is a posterior that this package has written."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return MARK in file.attrs
    except Exception:  # whatever it is, it is not ours
        return False


def _created() -> dict[str, str]:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch.isascii() or not epoch.isdigit() or len(epoch) > 11:
        return {}
    return {"created_at": datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).isoformat()}


def _without_nul(values: Any) -> np.ndarray | None:
    """Names without NUL, which HDF5 cannot hold; None where there is none."""
    texts = np.asarray(values, object)
    if not any(isinstance(text, str) and "\0" in text for text in texts.flat):
        return None
    shown = [text.replace("\0", "\\x00") if isinstance(text, str) else text for text in texts.flat]
    return np.array(shown, object).reshape(texts.shape)
