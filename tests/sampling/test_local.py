"""A GGUF file's metadata, from bytes written by hand."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from hotmess.errors import BadInput
from hotmess.sampling.local import gguf_metadata


def text(words: str) -> bytes:
    return struct.pack("<Q", len(words.encode())) + words.encode()


def test_scalars_and_texts_are_read_and_lists_skipped(tmp_path: Path) -> None:
    entries = [
        text("general.name") + struct.pack("<I", 8) + text("Smoll é"),
        text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b"),
        text("nested") + struct.pack("<IIQ", 9, 9, 1) + struct.pack("<IQ", 4, 2) + struct.pack("<2I", 1, 2),
        text("layers") + struct.pack("<II", 4, 30),
        text("epsilon") + struct.pack("<If", 6, 0.5),
        text("flag") + struct.pack("<I?", 7, True),
    ]
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries) + b"tensors")
    assert gguf_metadata(path) == {"general.name": "Smoll é", "layers": 30, "epsilon": 0.5, "flag": True}


@pytest.mark.parametrize(
    "content", [b"", b"GGML", b"GGUF" + bytes(3), b"GGUF" + struct.pack("<IQQ", 3, 0, 5) + bytes(9)]
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="GGUF"):
        gguf_metadata(path)
