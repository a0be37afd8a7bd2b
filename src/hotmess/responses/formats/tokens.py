"""Token counts of texts, by a tokenizer that lies on this machine. Nothing is ever downloaded."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from hotmess.errors import BadInput, need

_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


def tokenizer_file(name: str) -> Path:
    """The `tokenizer.json` meant by a path (of the file or its folder), or by a name in the local Hugging Face cache.

    Raises `BadInput` where there is none.
    """
    path = Path(name)
    if path.is_dir():
        path = path / "tokenizer.json"
    if path.is_file():
        return path
    if _NAME.fullmatch(name) and ".." not in name:
        for snapshot in sorted((_hub() / f"models--{name.replace('/', '--')}" / "snapshots").glob("*/tokenizer.json")):
            return snapshot
    raise BadInput(
        f"There is no tokenizer {name!r}: give the path of a tokenizer.json, or a name that is in the local Hugging "
        "Face cache; nothing is downloaded."
    )


def count_tokens(texts: Sequence[str], name: str) -> list[int]:
    """How many tokens each text has, without special tokens.

    Raises `BadInput` where the tokenizer cannot be found or read, or the package `tokenizers` is missing.
    """
    file = tokenizer_file(name)
    tokenizers = need("tokenizers", "tokens")
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # the package raises nothing more special
        raise BadInput(f"{file} is no tokenizer: {str(error)[:200]}.") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    counts: list[int] = []
    for at in range(0, len(texts), 1_000):
        encoded = tokenizer.encode_batch_fast(list(texts[at : at + 1_000]), add_special_tokens=False)
        counts += [len(one) for one in encoded]
    return counts


def _hub() -> Path:
    """The folder of Hugging Face's cache."""
    if "HF_HUB_CACHE" in os.environ:
        return Path(os.environ["HF_HUB_CACHE"])
    home = os.environ.get("HF_HOME")
    return Path(home) / "hub" if home else Path.home() / ".cache" / "huggingface" / "hub"
