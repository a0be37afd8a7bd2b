"""Set means whose terms have no closed expectations (KL, 0/1 loss, distances
between positions), under weights (methods, section 3).

The expected terms of cell i move with the parameters of its group. Draws of both from the posterior say how, by least
squares in the bounded parameters x = (a, 1/(1 + kappa), 1/(1 + phi), u, 1/(1 + psi)), in which terms are nearly linear:

    E[t_i | n_i, eta] = t_i + B_i (x(eta) - x),        t_i and x posterior means, B_i least squares over the draws

so that the same draws serve all weights, and a set's mean under w is a matrix product,

    sum_i w_i [t_i + B_i (x(eta_w) - x)] / sum_i w_i.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from hotmess.statements.expected import set_means
from hotmess.statements.letters import with_unbiased
from hotmess.statements.means import SetMeans
from hotmess.statements.questions import Blocks, Questions


def bounded(parameters: dict[str, np.ndarray]) -> np.ndarray:
    """(draws, groups, features) a, 1/(1 + kappa), 1/(1 + phi), and where there are any u and 1/(1 + psi).

    >>> bounded({"logit_a": np.zeros((1, 1)), "log_kappa": np.zeros((1, 1)), "log_phi": np.zeros((1, 1))}).tolist()
    [[[0.5, 0.5, 0.5]]]
    """
    signs = {"logit_a": 1, "log_kappa": -1, "log_phi": -1, "logit_u": 1, "log_psi": -1}
    return np.stack([special.expit(s * parameters[k]) for k, s in signs.items() if k in parameters], axis=-1)


@dataclass(frozen=True)
class Response:
    """How the expected terms of cells move with their groups' parameters.

    Attributes
    ----------
    expected
        (cells, terms) posterior means.
    slope
        (cells, features, terms).
    middle
        (groups, features) posterior means of the bounded parameters.
    """

    expected: np.ndarray
    slope: np.ndarray
    middle: np.ndarray


def response(terms: list[np.ndarray], group: np.ndarray, parameters: dict[str, np.ndarray]) -> Response:
    """From posterior draws of every cell's terms (draws, cells), and of the groups' parameters, draw by draw.

    Directions in which a group's parameters hardly vary have slope 0.

    >>> rng = np.random.default_rng(0)
    >>> eta = {k: rng.normal(size=(500, 1)) for k in ("logit_a", "log_kappa", "log_phi")}
    >>> x = bounded(eta)[:, 0]
    >>> found = response([(x @ [2.0, 0.0, -1.0])[:, None]], np.zeros(1, int), eta)
    >>> found.slope.ravel().round(6).tolist()
    [2.0, 0.0, -1.0]
    """
    x = bounded(parameters)
    middle = x.mean(axis=0)
    cells, width = len(group), x.shape[-1]
    expected, slope = np.empty((cells, len(terms))), np.zeros((cells, width, len(terms)))
    for g in np.unique(group):
        rows = np.flatnonzero(group == g)
        away = x[:, g] - middle[g]
        solve = np.linalg.pinv(away, rcond=1e-6)
        for t, values in enumerate(terms):
            own = values[:, rows].astype(float)
            expected[rows, t] = own.mean(axis=0)
            slope[rows, :, t] = (solve @ (own - expected[rows, t])).T
    return Response(expected, slope, middle)


@dataclass(frozen=True)
class SampledBootstrap:
    """Set means of terms that are drawn, with the weighted parameters of a closed bootstrap.

    Attributes
    ----------
    parameters, centre
        (draws, groups) weighted maxima, and (1, groups) at even weights (`hotmess.statements.newton`).
    unbiased
        (cells, 3) unbiased terms, nan where a cell has none; None where the metric has none.
    scatter
        (cells,) unbiased variances to which the variances of each group were scaled (`hotmess.answers.positions`), nan
        in groups that were not: the scale moves with the weights, else draws would not know it uncertain.
        None: nowhere.
    pairs
        Questions' worth of weight that there was on no scale.
    """

    response: Response
    group: np.ndarray
    questions: Questions
    parameters: dict[str, np.ndarray]
    centre: dict[str, np.ndarray]
    unbiased: np.ndarray | None
    seed: int
    scatter: np.ndarray | None = None
    pairs: float = 0.0

    def means(self, sets: np.ndarray, known: np.ndarray | None = None) -> SetMeans:
        """As of `hotmess.statements.letters.LetterBootstrap.means`."""
        count = int(sets.max()) + 1
        latent, centre = self._both(sets, count)
        if self.unbiased is None:
            sums, cells = (
                self.questions.by_unit(x) for x in self.questions.by_set(self.response.expected, sets, count)
            )
            per = self.questions.size / self.questions.units
            return SetMeans(latent, centre, None, None, sums, cells, None, per)
        unbiased = self.unbiased if known is None else np.where(known[:, None], self.unbiased, np.nan)
        return with_unbiased(latent, centre, self.questions, sets, unbiased, lambda: self.response.expected, self.seed)

    def _both(self, sets: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.flatnonzero(sets >= 0)
        pairs, piece = np.unique(self.group[rows] * count + sets[rows], return_inverse=True)
        piece, question = np.ravel(piece), self.questions.question[rows]
        r = self.response
        cells, terms = r.expected.shape
        columns = np.concatenate([r.expected, r.slope.reshape(cells, -1), np.ones((cells, 1))], axis=1)[rows]
        place = question * len(pairs) + piece
        size = self.questions.size * len(pairs)
        sums = np.stack([np.bincount(place, c, size) for c in columns.T], axis=-1)
        flat = sums.reshape(self.questions.size, -1)
        group, of = pairs // count, pairs % count
        draws = len(self.parameters["logit_a"])
        even = iter([(slice(0, 1), self.questions.even())])
        out, scaling = [], self._scaling()
        for blocks, parameters in ((self.questions.blocks(draws, self.seed), self.parameters), (even, self.centre)):
            moved = bounded(parameters) - r.middle
            weighted = _weighted(blocks, flat, moved[:, group], of, count, terms, scaling, self.pairs, group)
            out.append(weighted)
        return out[0], out[1][0]

    def _scaling(self) -> np.ndarray | None:
        """(questions, groups, 2) sums over cells of unbiased and of expected variances, where groups are scaled."""
        if self.scatter is None:
            return None
        known = np.isfinite(self.scatter)
        groups = self.response.middle.shape[0]
        place = (self.questions.question * groups + self.group)[known]
        both = (self.scatter[known], self.response.expected[known, 2])
        size = self.questions.size * groups
        return np.stack([np.bincount(place, x, size).reshape(-1, groups) for x in both], axis=-1)


def _weighted(
    blocks: Blocks,
    flat: np.ndarray,
    moved: np.ndarray,
    of: np.ndarray,
    count: int,
    terms: int,
    scaling: np.ndarray | None = None,
    pairs: float = 0.0,
    group: np.ndarray | None = None,
) -> np.ndarray:
    draws, pieces, width = moved.shape
    out = np.empty((draws, count, terms))
    for block, w in blocks:
        whole = (w @ flat).reshape(len(w), pieces, -1)
        level, slope = whole[..., :terms], whole[..., terms:-1].reshape(len(w), pieces, width, terms)
        value = level + np.einsum("dpf,dpft->dpt", moved[block], slope)
        if scaling is not None and group is not None:
            value[..., 2] = np.minimum(value[..., 2] * scales(w, scaling, pairs)[:, group], value[..., 0])
            value[..., 1] = value[..., 0] - value[..., 2]
        out[block] = set_means(value, whole[..., -1], of, count)
    return out


def scales(w: np.ndarray, scaling: np.ndarray, pairs: float) -> np.ndarray:
    """(draws, groups) what variances are multiplied by under weights (draws, questions): how much more the unbiased
    ones moved than the expected ones; 1 at even weights.

    scaling: (questions, groups, 2) sums of unbiased and of expected variances; pairs: questions' worth of weight on no
    change.

    >>> two = np.array([[[0.2, 0.1]], [[0.0, 0.1]]] * 500)
    >>> more = np.array([[2.0, 0.0] * 500, [1.0, 1.0] * 500])
    >>> scales(more, two, 10).round(2).ravel().tolist()
    [1.99, 1.0]
    """
    even = scaling.sum(axis=0)
    cells = pairs / len(scaling) * even[..., 1]
    weighted = np.einsum("dq,qgk->dgk", w, scaling) + cells[:, None]
    whole = even + cells[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = weighted[..., 0] / weighted[..., 1] * (whole[..., 1] / whole[..., 0])
    return np.where(np.isfinite(factor), factor, 1.0)
