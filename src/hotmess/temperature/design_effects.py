"""Few-shot contexts in the temperature model: how much wider its effects are
where responses share a context (methods, section 5).

Responses of one question in one context lean to the same answer and are of like length, so the likelihood, which takes
responses as independent given the question, counts them as more than they are. The cure is the sandwich: with u_s a
response's score of an effect, freed of what its question's own scores explain, the posterior sd of the effect is
multiplied by the root of the design effect

    Σ_q C_q/(C_q − 1) Σ_{c in q} (Σ_{s in c} u_s)² / Σ_s u_s²,      c a question's responses in one context, all
                                                                 budgets together, and C_q how many contexts it has,

where that is above 1 (Liang & Zeger 1986; the factor for few clusters, as scores freed of their question's own nearly
add to 0 over its contexts). Contexts that move all questions alike are crossed with questions, not
nested; with few contexts nothing can be said of contexts like these, and the widening does not say it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Bools, Floats

if TYPE_CHECKING:
    from jaxtyping import Float

    from hotmess.temperature.contexts import ContextRows
    from hotmess.temperature.data import LengthData

RIDGE = 0.5  # prior precision of a question's scores, about


def design_effects(
    data: LengthData, theta: Float[np.ndarray, "G T"], scores: Float[np.ndarray, "K n"]
) -> Float[np.ndarray, "G E"]:
    """(G, 2F) design effects, at least 1, of each unit's effects, at parameters (G, T) and scores (K, n)."""
    rows = data.contexts
    assert rows is not None
    unit = np.asarray(data.dense.unit)
    count = len(data.features)
    u, v = _scores(rows, np.asarray(data.dense.real), theta[unit[rows.cell], 3:], scores, count)
    n, k = scores.shape[1], len(v)
    inner = np.empty((n, k, k))
    cross = np.empty((n, k, 2 * count))
    for i in range(k):
        for j in range(i + 1):
            inner[:, i, j] = inner[:, j, i] = np.bincount(rows.cell, weights=v[i] * v[j], minlength=n)
        for e in range(2 * count):
            cross[:, i, e] = np.bincount(rows.cell, weights=v[i] * u[e], minlength=n)
    slope = np.linalg.solve(inner + RIDGE * np.eye(k), cross)  # (n, K, 2F)
    u = u - np.einsum("kr,rke->er", v, slope[rows.cell])
    clusters = int(rows.cluster.max()) + 1
    question = np.zeros(clusters, np.int64)
    question[rows.cluster] = rows.cell
    owner, each = unit[question], np.bincount(question, minlength=n)
    few = np.where(each > 1, each / np.maximum(each - 1, 1), 1.0)[question]
    out = np.ones((len(theta), 2 * count))
    for e in range(2 * count):
        sums = np.bincount(rows.cluster, weights=u[e], minlength=clusters)
        top = np.bincount(owner, weights=few * sums**2, minlength=len(theta))
        bottom = np.bincount(unit[rows.cell], weights=u[e] ** 2, minlength=len(theta))
        out[:, e] = np.maximum(1.0, top / np.where(bottom > 0, bottom, np.inf))
    return out


def _scores(rows: ContextRows, real: Bools, effects: Floats, scores: Floats, count: int) -> tuple[Floats, Floats]:
    """Slopes of each response's log likelihood: (2F, R) by the effects, (K, R) by its question's scores."""
    heat = (effects[:, :count] * rows.features.T).sum(1)
    lift = (effects[:, count:] * rows.features.T).sum(1)
    cold = np.exp(-heat)
    a = np.vstack([lift, scores[:, rows.cell]]) * cold
    here = np.vstack([np.ones(len(heat), bool), real[:, rows.cell]])
    a = np.where(here, a, -np.inf)
    p = np.exp(a - a.max(0))
    p = p / p.sum(0)
    residual = (np.arange(len(a))[:, None] == rows.answer) - p
    by_heat = -np.where(here, residual * np.where(here, a, 0.0), 0.0).sum(0)
    by_lift = residual[0] * cold
    u = np.vstack([by_heat * rows.features, by_lift * rows.features])
    return u, residual[1:] * cold


def widened(
    theta: Float[np.ndarray, "chain draw G T"], effects: Float[np.ndarray, "G E"]
) -> Float[np.ndarray, "chain draw G T"]:
    """Draws (chain, draw, G, T), the effects stretched away from their means by the root of design effects (G, 2F)."""
    out = theta.copy()
    middle = theta[..., 3:].mean((0, 1))
    out[..., 3:] = middle + np.sqrt(effects) * (theta[..., 3:] - middle)
    return out


def narrowed(theta: Float[np.ndarray, "samples G T"], effects: list[float] | None) -> Float[np.ndarray, "samples G T"]:
    """What `widened` has widened as it was before, from flat draws and the design effects in a row (None: nothing)."""
    if effects is None:
        return theta
    out = theta.copy()
    middle = theta[..., 3:].mean(axis=0)
    out[..., 3:] = middle + (theta[..., 3:] - middle) / np.sqrt(np.reshape(effects, middle.shape))
    return out


def said(effects: Floats, features: tuple[str, ...]) -> str:
    """The sentence for the notes of a fit."""
    f = len(features)
    each = [f"{name} {np.sqrt(effects[:, [i, f + i]].max()):.2f}" for i, name in enumerate(features)]
    return (
        "Responses that share a few-shot context are not independent: posterior standard deviations of the effects of "
        f"length are widened by the cluster-robust factor, at most ({', '.join(each)}). What a context does to all "
        "questions alike is not in it."
    )
