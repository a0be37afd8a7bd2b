"""Checkpoints: arrays as .npz, everything else as .json. Nothing is ever unpickled."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hotmess.errors import BadInput


def save(path: str | Path, tree: Any, notes: Mapping[str, Any]) -> None:
    """Write the arrays of a pytree to `path`.npz and `notes` to `path`.json, each whole or not at all.

    The notes go last and name the arrays' stamp, so that an interruption between the two is noticed when reading.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {f"a{i:04d}": np.asarray(leaf) for i, leaf in enumerate(_leaves(tree))}
    stamp = int(notes.get("step", 0))
    _replace(path.with_suffix(".npz"), lambda f: np.savez(f, stamp=np.int64(stamp), **arrays))
    text = json.dumps({**notes, "stamp": stamp}, indent=1)
    _replace(path.with_suffix(".json"), lambda f: f.write(text.encode()))


def load(path: str | Path, like: Any) -> tuple[Any, dict[str, Any]] | None:
    """The pytree and the notes saved at `path`, or None where there is no whole checkpoint.

    `like` gives the structure; `BadInput` where the file's arrays do not have its shapes and types.
    """
    path = Path(path)
    if not (path.with_suffix(".npz").is_file() and path.with_suffix(".json").is_file()):
        return None
    leaves, treedef = jax.tree_util.tree_flatten(like)
    try:
        notes = json.loads(path.with_suffix(".json").read_text())
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
            stamp = int(file["stamp"])
            arrays = [file[f"a{i:04d}"] for i in range(len(file.files) - 1)]
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(f"The checkpoint {path} cannot be read ({error}); delete it to start afresh.") from error
    if stamp != notes.get("stamp"):
        return None
    same = len(arrays) == len(leaves) and all(
        a.shape == jnp.shape(leaf) and a.dtype == np.asarray(leaf).dtype for a, leaf in zip(arrays, leaves)
    )
    if not same:
        raise BadInput(f"The checkpoint {path} is of another model; delete it or choose another folder.")
    return jax.tree_util.tree_unflatten(treedef, [jnp.asarray(a) for a in arrays]), notes


def write_json(path: str | Path, record: Mapping[str, Any]) -> None:
    """A JSON file, whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1)
    _replace(path, lambda f: f.write(text.encode()))


def _leaves(tree: Any) -> list[Any]:
    return jax.tree_util.tree_leaves(tree)


def _replace(path: Path, write: Any) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
