"""Log likelihoods of many scores of every cell at the same parameters, in NumPy and single precision.

Cells lie along the last axis, and are taken in blocks that a processor keeps at hand. Of a response with coldness c,
target's logit a and wrong options' scores d_k, the greatest d_1,

    log sum exp = c d_1 + log(exp(a - c d_1) + 1 + sum_(k > 1) exp(c (d_k - d_1))):

an exponential for each wrong option, and one logarithm. That is summed over few lengths in the place of a cell's own
(`hotmess.temperature.quadrature`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hotmess.temperature.likelihood import ABSENT, Dense
from hotmess.temperature.quadrature import condensed

if TYPE_CHECKING:
    from jaxtyping import Float

    from hotmess.arrays import Floats

CELLS, NUMBERS = 512, 65_536
"""Cells of a block at most; numbers of an array that is made for a block at once."""
Singles = NDArray[np.float32]
FAR = 80.0
"""A logit above the others by more is the logarithm of the sum; its exponential might be too large."""


class Block(NamedTuple):
    """Some cells c of `Dense`, and those S of their responses that are none of them padding, cells last.

    cells: which they are; features (F, S, c); weight (S, c); given (K + 1, S, c) weights of the responses that gave
    each option, the target first; absent (K, 1, c) what takes an option that a cell does not have out of reach; nodes
    (F, M, c) and share (M, c): features and weights of what stands for the responses in sums of what is not linear in
    the answers.
    """

    cells: slice
    features: Singles
    weight: Singles
    given: Singles
    absent: Singles
    nodes: Singles
    share: Singles


def blocks(dense: Dense) -> list[Block]:
    """In single precision: errors of 1e-5 in a cell's log likelihood do not show in weights."""
    weight, answer, real = np.asarray(dense.weight, np.float32).T, np.asarray(dense.answer).T, np.asarray(dense.real)
    features = np.asarray(dense.features, np.float32).transpose(0, 2, 1)
    at, share = condensed(np.asarray(dense.features, float), np.asarray(dense.weight, float))
    at, share, fewer = at.transpose(0, 2, 1), share.T, share.shape != dense.weight.shape
    size, n = weight.shape
    width, out = min(n, CELLS, max(1, NUMBERS // size)), []
    for start in range(0, n, width):
        cells = slice(start, start + width)
        kept = (weight[:, cells] > 0).any(axis=1)
        w, a = np.ascontiguousarray(weight[kept, cells]), answer[kept, cells]
        given = np.stack([np.where(a == k, w, np.float32(0)) for k in range(len(real) + 1)])
        absent = np.where(real[:, None, cells], np.float32(0), np.float32(ABSENT))
        own = np.ascontiguousarray(features[:, kept, cells])
        nodes, of_nodes = own, w
        if fewer:
            nodes, of_nodes = (np.ascontiguousarray(z[..., cells], np.float32) for z in (at, share))
        out.append(Block(cells, own, w, given, absent, nodes, of_nodes))
    return out


def log_likelihoods(
    d: Float[np.ndarray, "K P n"], cell_theta: Float[np.ndarray, "T n"], seen: Sequence[Block]
) -> Float[np.ndarray, "P n"]:
    """(P, n) log likelihoods of each cell's responses at P scores (K, P, n) of it.

    >>> dense = Dense(np.zeros((1, 2, 2)), np.ones((2, 2)), np.array([[0, 1]] * 2), np.ones((1, 2), bool), np.zeros(2))
    >>> found = log_likelihoods(np.array([[[-1.0, 0.0]]]), np.zeros((5, 2)), blocks(dense))
    >>> found.round(3).tolist()  # log p + log(1 - p) with p = 1/(1 + exp(d))
    [[-1.627, -1.386]]
    """
    theta, out = cell_theta.astype(np.float32), np.empty(d.shape[1:])
    for block in seen:
        out[:, block.cells] = _of_block(d[:, :, block.cells], theta[:, block.cells], block)
    return out


def _of_block(d: Floats, theta: Singles, block: Block) -> Floats:
    cold, lifted = _temperatures(theta, block.features)
    right = (block.given[0] * lifted).sum(axis=0)
    chosen = (block.given[1:] * cold).sum(axis=1)  # log likelihoods are linear in what was answered
    out: Floats = right + (d * chosen[:, None]).sum(axis=0)
    single = (d + block.absent).astype(np.float32)
    for k in range(1, len(d)):  # the greatest first
        low = np.minimum(single[0], single[k])
        np.maximum(single[0], single[k], out=single[0])
        single[k] = low
    out -= single[0] * (block.weight * cold).sum(axis=0)
    if block.nodes is not block.features:
        cold, lifted = _temperatures(theta, block.nodes)
    depth = max(1, NUMBERS // max(1, cold.size))
    for start in range(0, d.shape[1], depth):
        part = slice(start, start + depth)
        out[part] -= np.einsum("psn,sn->pn", _log_sums(single[:, part], cold, lifted), block.share)
    return out


def _temperatures(theta: Singles, features: Singles) -> tuple[Singles, Singles]:
    """Coldness and the target's logit (S, c) at features (F, S, c)."""
    count = len(features)
    heat, lift = (np.einsum("fn,fsn->sn", theta[a : a + count], features) for a in (3, 3 + count))
    cold = np.exp(-heat)
    return cold, lift * cold


def _log_sums(d: Singles, cold: Singles, lifted: Singles) -> Singles:
    """(P, S, c) logarithms of the sum of the exponentials of the logits, less the logit of the first wrong option,
    which has the greatest score."""
    above = d[0][:, None] * cold
    np.subtract(lifted, above, out=above)
    over = above.max(initial=0) > FAR
    total = np.exp(np.minimum(above, FAR) if over else above)
    total += 1
    for rest in d[1:] - d[0]:
        x = rest[:, None] * cold
        total += np.exp(x, out=x)
    np.log(total, out=total)
    if over:
        total += np.maximum(above - FAR, 0)
    return np.asarray(total)
