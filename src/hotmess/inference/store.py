"""Writing and reading posteriors as netCDF, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.inference.pack import checksum, pack, saved

if TYPE_CHECKING:
    import xarray as xr

REST = "hotmess"
"""The group of what belongs to a posterior beside its draws."""


def save_tree(tree: xr.DataTree, path: str | Path) -> None:
    """Write beside, then move into place: an interruption leaves the earlier file whole."""
    path = Path(path)
    if not path.parent.is_dir():
        raise BadInput(f"The folder {path.parent} does not exist; make it, or choose another place for {path.name}.")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    try:
        tree.to_netcdf(name, engine="h5netcdf")
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def save_posterior(posterior: Any, path: str | Path) -> None:
    """A posterior's draws, with all that belongs to them in a group of its own and a checksum: `hotmess.load` reads it.

    The draws are where ArviZ looks for them, whatever else is in the file.
    """
    tree = posterior.data.copy()
    tree[REST] = pack(saved(posterior), type(posterior).__name__)
    tree[REST].attrs["checksum"] = checksum(tree)
    save_tree(tree, path)


def load_tree(path: str | Path) -> xr.DataTree:
    """Read a posterior written by `save_tree`."""
    import xarray as xr

    path = Path(path)
    if not path.is_file():
        raise BadInput(f"There is no file {path}.")
    try:
        return xr.open_datatree(path, engine="h5netcdf").load()
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is not a netCDF file of a posterior: {str(error).splitlines()[0]}.") from error
