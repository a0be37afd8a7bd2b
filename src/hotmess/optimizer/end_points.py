"""Where rollouts end, as responses: one row per start, which every command that reads a table takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import BadInput
from hotmess.files import whole_file

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.optimizer.quadratic import Quadratic

BENCHMARK = "steepest descent"


def in_a_norm(problem: Quadratic, x: np.ndarray) -> np.ndarray:
    """Points (n, d) about the optimum, in coordinates z = Lᵀ(x − b), A = L Lᵀ, whose Euclidean norm is the A-norm.

    >>> from hotmess.optimizer.quadratic import Quadratic
    >>> q = Quadratic(np.diag([1.0, 4.0]), np.array([1.0, 0.0]))
    >>> in_a_norm(q, np.array([[4.0, 2.0]])).tolist()
    [[3.0, 4.0]]
    """
    lower = np.linalg.cholesky(np.asarray(problem.matrix, float))
    out: np.ndarray = (np.asarray(x, float) - np.asarray(problem.optimum, float)) @ lower
    return out


def end_points(
    problem: Quadratic, ends: np.ndarray, *, number: int, seed: int, size: int, step: int, loss: float
) -> pd.DataFrame:
    """The ends (n, d) of one model's rollouts as responses.

    `question` is the problem, `point` the end in the coordinates of `in_a_norm` (single precision), `target_point` 0
    there, `sample` the start, `seed` the seed of training, `loss` the held-out loss in nats per token.
    """
    import pandas as pd

    z = in_a_norm(problem, ends).astype(np.float32)
    return pd.DataFrame(
        {
            "benchmark": BENCHMARK,
            "model": f"imitator-{size / 1000:.1f}k-s{seed}",
            "family": "imitator",
            "model_size_b": size / 1e9,
            "question": f"problem {number}",
            "sample": np.arange(len(z), dtype=np.int16),
            "point": list(z),
            "target_point": [np.zeros(z.shape[1], np.float32)] * len(z),
            "seed": np.int16(seed),
            "step": np.int16(step),
            "loss": loss,
        }
    )


def add_points(new: pd.DataFrame, path: Path) -> None:
    """Add the points of one model on one problem to a Parquet file, in place of earlier ones; whole or not at all."""
    import pandas as pd

    name = ["model", "question"]
    if path.is_file():
        try:
            old = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise BadInput(f"The file {str(path)!r} is not sound Parquet; delete it to start afresh.") from error
        same = (old[name] == new[name].iloc[0]).all(axis=1)
        new = pd.concat([old[~same], new], ignore_index=True)
    new = new.sort_values(["question", "seed", "model_size_b", "sample"], ignore_index=True)
    with whole_file(path) as file:
        new.to_parquet(file, compression="zstd", index=False)
