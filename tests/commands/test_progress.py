"""What a bar of progress says of the time that is left: an estimate, or nothing; never dashes."""

from __future__ import annotations

import io

import pytest

from hotmess.terminal import time_left

rich = pytest.importorskip("rich")


@pytest.mark.parametrize(
    ("done", "seconds", "said"),
    [(0, 500.0, ""), (4, 0.0, ""), (1, 60.0, "left, about 0:03:00"), (2, 600.0, "left, about 0:10:00"), (4, 8.0, "")],
)
def test_the_time_left_is_told_where_it_is_known(done: int, seconds: float, said: str) -> None:
    """By what was done so far, however long ago the last stage ended."""
    from rich.console import Console
    from rich.progress import Progress

    clock = iter([0.0] + [seconds] * 99)
    progress = Progress(time_left(), console=Console(file=io.StringIO()), get_time=lambda: next(clock))
    task = progress.add_task("a stage", total=4)
    progress.update(task, completed=done)
    (one,) = progress.tasks
    assert str(time_left().render(one)) == said
