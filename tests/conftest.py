"""Hypothesis measures no time: a busy machine is no failure. Shapes of arrays are checked (`array_shapes`).

What JAX compiles is kept for the other test processes, from its first program on. Fits are not: a test that replaces a
part of the program must not find what the whole has made.
"""

import os

import pytest
from hypothesis import settings

import array_shapes
from hotmess.home import cache_folder

array_shapes.install()
if (compiled := cache_folder()) is not None:
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(compiled / "jax"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

os.environ["HOTMESS_FITS"] = "0"
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=1")  # most of what tests compile runs once

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(autouse=True)
def shipped_outcomes():
    """An outcome that a test or a page of the documentation adds is gone after it."""
    from hotmess.responses.outcomes import OUTCOMES

    before = dict(OUTCOMES)
    array_shapes.CALLS.clear()
    yield
    OUTCOMES.clear()
    OUTCOMES.update(before)
