"""Hypothesis measures no time: a busy machine is no failure. Shapes of arrays are checked (`array_shapes`)."""

from hypothesis import settings

import array_shapes

array_shapes.install()

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
