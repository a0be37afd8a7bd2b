"""Simulated surveys: known correlation, raters of known discrimination, and shared misjudgement."""

from __future__ import annotations

import numpy as np

from hotmess.rankings.table import Rankings


def simulate_rankings(
    rho: float,
    *,
    entities: int = 60,
    raters: tuple[int, int] = (5, 6),
    beta: float = 2.0,
    spread: float = 0.3,
    shared: float = 0.0,
    seed: int,
) -> Rankings:
    """Rankings at the design of a survey: every rater ranks every entity by one attribute.

    Parameters
    ----------
    rho
        Correlation of the two attributes.
    beta, spread
        Median discrimination of raters, and the standard deviation of its logarithm.
    shared
        Standard deviation of a misjudgement of each entity that all raters of both attributes share with the same sign
        (a halo): it moves the correlation of what they agree on from ρ to (ρ + s²)/(1 + s²).

    >>> made = simulate_rankings(0.65, seed=0)
    >>> made.order.shape, made.attributes
    ((11, 60), ('intelligence', 'incoherence'))
    """
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, entities))
    theta = np.stack([first, rho * first + np.sqrt(1 - rho**2) * second]) + shared * rng.normal(size=entities)
    attribute = np.repeat([0, 1], raters)
    strength = beta * np.exp(spread * rng.normal(size=len(attribute)))
    noisy = strength[:, None] * theta[attribute] + rng.gumbel(size=(len(attribute), entities))
    names = tuple(f"entity {i:02d}" for i in range(entities))
    people = tuple(f"rater {r}" for r in range(len(attribute)))
    return Rankings(("intelligence", "incoherence"), names, people, attribute, np.argsort(-noisy, axis=1))
