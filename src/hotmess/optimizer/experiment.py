"""What one experiment consists of: the problem, its encoding, the sizes, training and rollouts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hotmess.errors import BadInput
from hotmess.optimizer.encoding import Encoding
from hotmess.optimizer.transformer import Shape

PAPER_SIZES = (Shape(2, 42, 2), Shape(3, 56, 2), Shape(4, 80, 4), Shape(5, 112, 4), Shape(6, 160, 4), Shape(7, 248, 8))
REDUCED_SIZES = (Shape(1, 8), Shape(1, 12), Shape(2, 16), Shape(2, 24, 2), Shape(2, 32, 2), Shape(3, 40, 2))


@dataclass(frozen=True)
class Experiment:
    """Everything that determines a sweep over sizes, but for the seed of training and the problem's number.

    Lengths and distances are in the quadratic's own units. `batches` is the number of training steps; one pass over the
    training trajectories has (1 − held_out) · trajectories / batch · path steps, each pair once.
    """

    name: str
    sizes: tuple[Shape, ...]
    dimension: int = 4
    condition: float = 50.0
    spread: float = 5.0  # starts are uniform in a cube of this half-width
    norm: float = 0.005  # length of a step
    path: int = 4096  # steps of a training trajectory
    trajectories: int = 20_000
    held_out: float = 0.1
    digits: int = 4
    batch: int = 1024
    batches: int = 69_632  # 17 blocks of 1,024 trajectories: one pass
    chunk: int = 512  # training steps between two checkpoints; divides `path`
    rate: float = 2e-3  # AdamW's highest learning rate at width 64; others in proportion to 1 / √width
    decay: float = 0.01
    starts: int = 4096
    rollout: int = 2048

    def __post_init__(self) -> None:
        if self.path % self.chunk:
            raise BadInput(
                f"chunk = {self.chunk} must divide path = {self.path}: a chunk is a part of one block's pairs."
            )
        if self.batches % self.chunk:
            raise BadInput(f"batches = {self.batches} must be a multiple of chunk = {self.chunk}.")
        if not 0 < self.held_out < 1 or self.training_trajectories < self.batch:
            raise BadInput(
                f"{self.trajectories} trajectories with {self.held_out:.0%} held out do not fill a batch of "
                f"{self.batch}: a batch takes one pair from each of as many trajectories."
            )

    @property
    def encoding(self) -> Encoding:
        return Encoding(self.dimension, self.digits)

    @property
    def length(self) -> int:
        """Tokens of a pair (point, update), less the last, which is only predicted."""
        return 2 * self.encoding.length - 1

    @property
    def training_trajectories(self) -> int:
        return self.trajectories - round(self.held_out * self.trajectories)

    @property
    def blocks(self) -> int:
        """How many blocks of `batch` trajectories the training set has; a remainder is not used."""
        return self.training_trajectories // self.batch

    def parameters(self, shape: Shape) -> int:
        return shape.parameters(vocabulary=self.encoding.vocabulary, length=self.length)

    def record(self) -> dict[str, Any]:
        """As plain JSON values."""
        return dataclasses.asdict(self)

    @staticmethod
    def read(record: Mapping[str, Any]) -> Experiment:
        """From `record()`."""
        values = dict(record)
        values["sizes"] = tuple(Shape(**s) for s in values["sizes"])
        return Experiment(**values)


PAPER = Experiment("paper", PAPER_SIZES)
# Steps ten times longer, paths and rollouts ten times shorter, one digit less (so that a step is written as finely as
# in the paper's), a sixteenth of the batch and of the starts, 320 trajectories seen once, smaller models.
REDUCED = Experiment(
    "reduced",
    REDUCED_SIZES,
    norm=0.05,
    path=410,
    trajectories=1_000,
    digits=3,
    batch=64,
    batches=2_050,
    chunk=410,
    rate=1e-2,
    starts=256,
    rollout=205,
)
TINY = Experiment(
    "tiny",
    (Shape(1, 8), Shape(1, 16), Shape(2, 16, 2)),
    dimension=2,
    norm=0.25,
    path=32,
    trajectories=80,
    digits=1,
    batch=16,
    batches=64,
    chunk=16,
    rate=1e-2,
    starts=32,
    rollout=16,
)
EXPERIMENTS = {e.name: e for e in (PAPER, REDUCED, TINY)}
