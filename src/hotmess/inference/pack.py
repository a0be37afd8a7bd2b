"""Values as groups of a netCDF file, and back: arrays, tables, dataclasses and numbers, and nothing that runs.

Arrays of numbers are variables; tables, and arrays of text, are Arrow streams in variables of bytes; what is left is
JSON in attributes. Dataclasses become groups; reading makes only those of the classes it is given.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from hotmess.errors import BadInput

KIND, PLAIN = "kind", "plain"


def pack(values: Mapping[str, Any], kind: str, place: str = "") -> xr.DataTree:
    """A group that holds named values; `place`, its path, makes the names of dimensions unique in a file.

    >>> again = unpack(pack({"x": np.arange(3), "name": "a", "pair": (1, None)}, "example"), {})
    >>> again["x"].tolist(), again["name"], again["pair"]
    ([0, 1, 2], 'a', (1, None))
    """
    import pandas as pd

    variables: dict[str, Any] = {}
    children: dict[str, xr.DataTree] = {}
    plain: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.size:
            variables[name] = ([f"{place}{name}_{i}" for i in range(value.ndim)], value)
        elif isinstance(value, np.ndarray):
            flat = pd.DataFrame({"value": value.ravel()})
            variables[name] = ([f"{place}{name}_bytes"], _arrow(flat), {"arrow": json.dumps(value.shape)})
        elif isinstance(value, pd.DataFrame):
            variables[name] = ([f"{place}{name}_bytes"], _arrow(value), {"arrow": "table"})
        elif isinstance(value, xr.DataTree):
            children[name] = value
        elif isinstance(getattr(value, "data", None), xr.DataTree):
            children[name] = pack({"data": value.data, **saved(value)}, type(value).__name__, f"{place}{name}.")
        elif hasattr(value, "_asdict"):  # a named tuple
            children[name] = pack(value._asdict(), type(value).__name__, f"{place}{name}.")
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            own = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.compare}
            children[name] = pack(own, type(value).__name__, f"{place}{name}.")
        elif isinstance(value, Mapping) and any(isinstance(v, np.ndarray) for v in value.values()):
            children[name] = pack(value, "mapping", f"{place}{name}.")
        else:
            plain[name] = _encoded(value)
    attributes = {KIND: kind, PLAIN: json.dumps(plain), "order": json.dumps(list(values))}
    tree = xr.DataTree(xr.Dataset(variables, attrs=attributes))
    for name, child in children.items():
        tree[name] = child
    return tree


def saved(posterior: Any) -> dict[str, Any]:
    """What belongs to a posterior beside its draws: what it says itself, else all fields by which two are compared."""
    if hasattr(posterior, "saved"):
        found: dict[str, Any] = posterior.saved()
        return found
    names = (f.name for f in dataclasses.fields(posterior) if f.compare and f.name not in ("data", "source"))
    return {name: getattr(posterior, name) for name in names}


def unpack(tree: xr.DataTree, classes: Mapping[str, Any]) -> dict[str, Any]:
    """The named values of a group; `classes` name -> what makes a value of a nested group's values."""
    dataset = tree.to_dataset()
    plain = json.loads(dataset.attrs[PLAIN])
    out: dict[str, Any] = {}
    for name in json.loads(dataset.attrs["order"]):
        if name in plain:
            out[name] = _decoded(plain[name])
        elif name in dataset:
            array = dataset[name]
            out[name] = array.values
            if "arrow" in array.attrs:
                table = _table(array.values)
                if array.attrs["arrow"] == "table":
                    out[name] = table.to_pandas()
                else:
                    shape = json.loads(array.attrs["arrow"])
                    column = table.column("value")
                    kind = column.to_numpy() if table.num_rows == 0 else np.array(column.to_pylist(), object)
                    out[name] = kind.reshape(shape)
        else:
            child = tree.children[name]
            kind = child.attrs.get(KIND)
            if kind is None:
                out[name] = xr.DataTree(child.to_dataset(), children={k: v.copy() for k, v in child.children.items()})
            elif kind == "mapping":
                out[name] = unpack(child, classes)
            elif kind in classes:
                out[name] = classes[kind](**unpack(child, classes))
            else:
                raise BadInput(f"It holds a {kind}, which this version does not know.")
    return out


def checksum(tree: xr.DataTree) -> str:
    """SHA-256 of all names, values and attributes of a tree, whatever the file made of their types of text."""
    h = hashlib.sha256()
    for node in sorted(tree.subtree, key=lambda node: node.path):
        dataset = node.to_dataset()
        h.update(f"group {node.path}\n".encode())
        for name in sorted(map(str, dataset.variables)):
            array = dataset[name]
            values = np.asarray(array.values)
            h.update(f"{name} {array.dims} {values.shape}\n".encode())
            if values.dtype.kind in "biufM":
                h.update(values.dtype.kind.encode() + np.ascontiguousarray(values).tobytes())
            else:
                h.update("\0".join(map(str, values.ravel().tolist())).encode())
            _feed(h, array.attrs)
        _feed(h, dataset.attrs)
    return h.hexdigest()


def _feed(h: Any, attributes: Mapping[Any, Any]) -> None:
    for key in sorted(map(str, attributes)):
        if key != "checksum":
            h.update(f"{key}={np.asarray(attributes[key]).tolist()!r}\n".encode())


def _arrow(frame: Any) -> np.ndarray:
    """A table as the bytes of an Arrow stream."""
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return np.frombuffer(sink.getvalue(), np.uint8)


def _table(values: np.ndarray) -> Any:
    import pyarrow as pa

    with pa.ipc.open_stream(pa.py_buffer(np.ascontiguousarray(values, np.uint8).tobytes())) as reader:
        return reader.read_all()


def _encoded(value: Any) -> Any:
    """JSON that keeps tuples apart from lists, and mappings whole."""
    if isinstance(value, tuple):
        return {"tuple": [_encoded(v) for v in value]}
    if isinstance(value, list):
        return [_encoded(v) for v in value]
    if isinstance(value, Mapping):
        return {"mapping": [[_encoded(k), _encoded(v)] for k, v in value.items()]}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} cannot be saved")


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        if "tuple" in value:
            return tuple(_decoded(v) for v in value["tuple"])
        return {_decoded(k): _decoded(v) for k, v in value["mapping"]}
    return [_decoded(v) for v in value] if isinstance(value, list) else value
