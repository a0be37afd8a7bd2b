"""Embeddings of the answers in the column `text`, by an embedder on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import BadInput, need

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

Embedder = Callable[[list[str]], np.ndarray]


def embed(responses: Responses, embedder: str | Embedder = "wordllama") -> Responses:
    """The same responses with the outcome `embedding`: the embedded text, of length 1; empty texts are left out.

    Parameters
    ----------
    embedder
        `wordllama` (the extra `embed`; its weights lie in the package, nothing is downloaded), `sentence-transformers:`
        with the folder of a model on this machine (the extra `sentence-transformers`), or a function from a list of
        texts to an array (texts, D). A conclusion should survive another embedder: run two.

    Raises
    ------
    BadInput
        If there is no column `text`, or the embedder returns something else than finite vectors.

    Examples
    --------
    >>> import pandas as pd
    >>> from hotmess.responses.validate import validate
    >>> table = pd.DataFrame({"model": "m", "question": "q", "text": ["no", "no, never"], "target": "no"})
    >>> out = embed(validate(table), lambda texts: np.array([[len(t), 1.0] for t in texts]))
    >>> out.outcome, out.table["embedding"][0].round(2).tolist()
    ('embedding', [0.89, 0.45])
    """
    if "text" not in responses.table:
        raise BadInput("There is no column text to embed.")
    table = responses.table[responses.table["text"].notna()].reset_index(drop=True)
    if not len(table):
        raise BadInput("Column text is empty.")
    texts = table["text"].astype(str)
    unique = list(dict.fromkeys(texts))
    vectors = np.asarray(find(embedder)(unique) if isinstance(embedder, str) else embedder(unique), float)
    if vectors.ndim != 2 or len(vectors) != len(unique) or not np.isfinite(vectors).all():
        raise BadInput(f"The embedder returned {vectors.shape} for {len(unique)} texts, not a finite vector for each.")
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    place = {text: at for at, text in enumerate(unique)}
    column = np.empty(len(table), object)
    for at, text in enumerate(texts):
        column[at] = vectors[place[text]]
    lost = len(responses) - len(table)
    notes = [f"{lost:,} responses without text are left out."] if lost else []
    return replace(responses, table=table.assign(embedding=column), outcome="embedding").note(*notes)


def find(name: str) -> Embedder:
    """An embedder by name."""
    kind, _, folder = name.partition(":")
    if name == "wordllama":
        module = need("wordllama", "embed")
        model = module.WordLlama.load(cache_dir=Path(str(module.__file__)).parent, disable_download=True)
        return lambda texts: np.asarray(model.embed(texts))
    if kind == "sentence-transformers" and folder:
        if not Path(folder).is_dir():
            raise BadInput(f"There is no folder {folder!r} with a model; nothing is downloaded here.")
        model = need("sentence_transformers", "sentence-transformers").SentenceTransformer(
            folder, local_files_only=True
        )
        return lambda texts: np.asarray(model.encode(texts))
    raise BadInput(f"There is no embedder {name!r}; there are wordllama and sentence-transformers:FOLDER.")
