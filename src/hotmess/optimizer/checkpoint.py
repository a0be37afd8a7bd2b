"""Checkpoints: one .npz file of arrays, with everything else as JSON inside. Nothing is ever unpickled."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hotmess.errors import BadInput
from hotmess.files import write_bytes, write_text

NOTES = "notes"


def save(path: str | Path, tree: Any, notes: Mapping[str, Any]) -> None:
    """Write the arrays of a pytree and `notes` to `path`.npz, whole or not at all."""
    path = Path(path)
    make_folder(path.parent)
    arrays: dict[str, Any] = {f"a{i:04d}": np.asarray(leaf) for i, leaf in enumerate(jax.tree_util.tree_leaves(tree))}
    arrays[NOTES] = np.frombuffer(json.dumps(notes).encode(), np.uint8)
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_bytes(path.with_suffix(".npz"), content.getbuffer())


def load(path: str | Path, like: Any) -> tuple[Any, dict[str, Any]] | None:
    """The pytree and the notes saved at `path`, or None where there is no checkpoint.

    `like` gives the structure; `BadInput` where the file cannot be read, or its arrays are not as those of `like`.
    """
    found = _read(Path(path))
    if found is None:
        return None
    arrays, notes = found
    leaves, treedef = jax.tree_util.tree_flatten(like)
    same = len(arrays) == len(leaves) and all(
        a.shape == jnp.shape(leaf) and a.dtype == np.asarray(leaf).dtype for a, leaf in zip(arrays, leaves)
    )
    if not same:
        raise BadInput(f"The checkpoint {path} is of another model; delete it or choose another folder.")
    return jax.tree_util.tree_unflatten(treedef, [jnp.asarray(a) for a in arrays]), notes


def step(path: str | Path) -> int:
    """The training steps of the checkpoint at `path`; 0 where there is none."""
    found = _read(Path(path))
    return 0 if found is None else found[1]["step"]


def write_json(path: str | Path, record: Mapping[str, Any]) -> None:
    """A JSON file, whole or not at all."""
    make_folder(Path(path).parent)
    write_text(path, json.dumps(record, indent=1))


def make_folder(folder: Path) -> None:
    """Make a folder with those above it. Raises `BadInput` where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"The folder {str(folder)!r} cannot be written: {error.strerror or error}.") from None


def _read(path: Path) -> tuple[list[np.ndarray], dict[str, Any]] | None:
    """The arrays and the notes: of training, so that `step` is a number and `losses` are some."""
    file = path.with_suffix(".npz")
    if not file.is_file():
        return None
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as members:
            notes = json.loads(members[NOTES].tobytes())
            arrays = [members[f"a{i:04d}"] for i in range(len(members.files) - 1)]
        losses = notes.get("losses", [])
        if not isinstance(notes["step"], int) or not all(isinstance(loss, float) for loss in losses):
            raise ValueError("its notes are not those of a training")
    except Exception as error:  # zip files, headers of arrays and JSON each fail in their own ways
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
        raise BadInput(f"The checkpoint {str(file)!r} cannot be read ({why}); delete it to start afresh.") from error
    return arrays, notes
