"""A sweep over sizes for one problem and one seed of training: train, roll out, write one summary per size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from hotmess.errors import BadInput
from hotmess.optimizer import checkpoint
from hotmess.optimizer.end_points import add_points, end_points
from hotmess.optimizer.experiment import Experiment
from hotmess.optimizer.quadratic import Quadratic, descend, random_quadratic, random_starts
from hotmess.optimizer.rollout import decompose, roll, true_distance
from hotmess.optimizer.train import Trained, train
from hotmess.optimizer.transformer import Shape

if TYPE_CHECKING:
    import pandas as pd

STARTS_KEY = 77_003  # apart from the keys of the training data, the same for all sizes, seeds and problems
SHOWN = 4  # paths kept for the figure

Progress = Callable[[str, float], None]


def problem_of(experiment: Experiment, number: int) -> Quadratic:
    """The problem with this number: its own rotation and optimum."""
    return random_quadratic(number, dimension=experiment.dimension, condition=experiment.condition)


def name_of(experiment: Experiment, shape: Shape, *, problem: int, seed: int) -> str:
    """Stem of the files of one model."""
    return f"{experiment.name}-p{problem}-s{seed}-n{experiment.parameters(shape):07d}"


def train_one(
    experiment: Experiment,
    shape: Shape,
    *,
    problem: int,
    seed: int,
    checkpoints: Path,
    progress: Progress = lambda *_: None,
) -> Trained:
    """Train one model, or go on from its checkpoint; a finished one is only read."""
    name = name_of(experiment, shape, problem=problem, seed=seed)
    return train(
        problem_of(experiment, problem),
        experiment,
        shape,
        seed=seed,
        data_seed=problem,
        folder=checkpoints / name,
        progress=lambda step, loss: progress(f"{name} loss {loss:.3f}", step / experiment.batches),
    )


def summarise(
    experiment: Experiment, shape: Shape, trained: Trained, *, problem: int, seed: int
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Roll out and decompose: everything that later analysis needs, as plain JSON values; and the ends as responses."""
    quadratic = problem_of(experiment, problem)
    starts = random_starts(
        jax.random.PRNGKey(STARTS_KEY), experiment.starts, dimension=experiment.dimension, spread=experiment.spread
    )
    path = roll(trained.model, experiment.encoding, starts, experiment.rollout)
    truth = descend(quadratic, starts, steps=experiment.rollout, norm=experiment.norm)
    model_terms, true_terms = decompose(quadratic, path), decompose(quadratic, truth)
    every = max(experiment.rollout // 50, 1)
    size = experiment.parameters(shape)
    ends = end_points(
        quadratic,
        np.asarray(path[-1]),
        number=problem,
        seed=seed,
        size=size,
        step=experiment.rollout,
        loss=round(trained.held_out, 6),
    )
    record = {
        "experiment": experiment.name,
        "settings": experiment.record(),
        "problem": problem,
        "seed": seed,
        "size": size,
        "depth": shape.depth,
        "width": shape.width,
        "losses": _short(trained.losses),
        "held_out": round(trained.held_out, 6),
        "bias2": _short(model_terms.bias2),
        "bias2_sd": _short(model_terms.bias2_sd),
        "variance": _short(model_terms.variance),
        "variance_sd": _short(model_terms.variance_sd),
        "true_bias2": _short(true_terms.bias2),
        "true_variance": _short(true_terms.variance),
        "distance": _short(true_distance(path, truth)),
        "shown_every": every,
        "shown": _short(np.asarray(path)[::every, :SHOWN]),
        "shown_true": _short(np.asarray(truth)[::every, :SHOWN]),
    }
    return record, ends


def sweep(
    experiment: Experiment,
    *,
    problem: int,
    seed: int,
    checkpoints: str | Path,
    out: str | Path,
    progress: Progress = lambda *_: None,
    stages: tuple[str, ...] = ("train", "roll"),
) -> list[Path]:
    """All sizes, smallest first. A size whose summary is in `out` already is left alone, so a sweep can be resumed.

    Returns the summaries' paths. Raises `BadInput` where only rolling is asked for and a model is not trained.
    """
    checkpoints, out = Path(checkpoints), Path(out)
    written = []
    for shape in experiment.sizes:
        name = name_of(experiment, shape, problem=problem, seed=seed)
        target = out / f"{name}.json"
        if not target.is_file():
            if "train" not in stages and not finished(checkpoints / name, experiment):
                raise BadInput(f"{name} is not trained: run `hotmess optimizer train` with the same options first.")
            trained = train_one(
                experiment, shape, problem=problem, seed=seed, checkpoints=checkpoints, progress=progress
            )
            if "roll" not in stages:
                continue
            progress(f"{name} rolling out", 0.0)
            record, ends = summarise(experiment, shape, trained, problem=problem, seed=seed)
            checkpoint.make_folder(out)
            add_points(ends, out / f"{experiment.name}-points.parquet")  # first, as a summary says that all is there
            checkpoint.write_json(target, record)
            progress(f"{name} done", 1.0)
        written.append(target)
    return written


def finished(path: Path, experiment: Experiment) -> bool:
    """Whether a checkpoint's training has reached its last step."""
    return checkpoint.step(path) == experiment.batches


def _short(values: Any) -> Any:
    """Nested lists with five significant digits, which keeps the files small."""
    array = np.asarray(values, float)
    return np.vectorize(lambda v: float(f"{v:.5g}"), otypes=[float])(array).tolist()
