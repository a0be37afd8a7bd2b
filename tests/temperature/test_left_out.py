"""A component of an adaptive mixture at a draw that it was made without."""

from __future__ import annotations

import numpy as np
import pytest

from hotmess.temperature.particles import Component, left_out


def test_a_component_at_a_draw_that_it_was_made_without_is_that_made_of_the_others():
    rng = np.random.default_rng(4)
    theta, weights = rng.normal(size=(30, 3)) @ np.diag([1.0, 0.3, 2.0]), rng.dirichlet(np.full(30, 2.0))
    mean = weights @ theta
    low = np.linalg.cholesky((weights[:, None] * (theta - mean)).T @ (theta - mean))
    own = np.array([3, 7, 7, 12, 29, 0])
    around = {None: left_out(theta, weights, low, None, 1.0), 1.4: left_out(theta, weights, low, own, 1.4)}
    for i in range(len(theta)):
        w, x = np.delete(weights, i), np.delete(theta, i, axis=0)
        w /= w.sum()
        scale = np.linalg.cholesky((w[:, None] * (x - w @ x)).T @ (x - w @ x))
        for wide, density in around.items():
            center = (w @ x)[None] if wide is None else theta[own[own != i]]
            made = Component(center[:, None], (wide or 1.0) * scale[None])
            assert density[i] == pytest.approx(made.log_density(theta[i][None, None])[0, 0])
